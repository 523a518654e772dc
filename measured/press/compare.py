"""What differs between two published reports: verdicts that flipped, metrics that moved, figures that changed.

Sites of any version of the generator are read, as far as they say the same things.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from measured.charts.plain import NOT_FINITE
from measured.errors import BuildError
from measured.evidence import measurement


@dataclass(frozen=True)
class Told:
    """What one site says of a chapter, in plain data."""

    chapter: str
    preset: str
    seeds: int | None
    device: str
    outcomes: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, tuple[Any, Any]]
    """Rows of the table, and all else, by name."""


def differences(old: Path, new: Path, within: float | None = None) -> list[str]:
    """One line per difference from the site at ``old`` to that at ``new``, chapter by chapter.

    A metric moved where either value lies outside of the other's interval; with ``within``, where any of its numbers, those of
    single seeds included, differs by more than that share of the larger one. The same goes for the numbers of a figure.

    Raises BuildError where a folder holds no site.
    """
    before, after = _read(old), _read(new)
    added = [after[name] for name in after if name not in before]
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            lines.append(f"{name}: only in {new if name in after else old}")
        else:
            lines += [
                f"{name}: {line}" for line in _between(before[name], _with_moved(before[name], after[name], added), within)
            ]
    return lines


def _with_moved(old: Told, new: Told, added: Sequence[Told]) -> Told:
    """A chapter with what it had and a new chapter has, so that one that was divided is compared as a whole."""
    for other in added:
        claims = {name: outcome for name, outcome in other.outcomes.items() if name in old.outcomes}
        if claims:
            metrics = {f"{other.chapter}: {name}": metric for name, metric in other.metrics.items()}
            figures = {name: figure for name, figure in other.figures.items() if name in old.figures}
            new = replace(
                new, outcomes={**claims, **new.outcomes}, metrics={**metrics, **new.metrics}, figures={**figures, **new.figures}
            )
    return new


def _read(site: Path) -> dict[str, Told]:
    """The chapters of a published report by name."""
    found = {}
    for path in sorted(site.glob("data/*.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            found[raw["chapter"]] = Told(
                raw["chapter"],
                raw["preset"],
                raw["seeds"],
                raw["device"],
                {verdict["id"]: verdict["outcome"] for verdict in raw["verdicts"]},
                {name: _metric(value) for name, value in raw["metrics"].items()},
                {name: _figure(value) for name, value in raw["figures"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # data of something else than a chapter
    if not found:
        raise BuildError(f"{site} holds no report with measured chapters; expected a folder that build.py wrote, such as site")
    return found


def _metric(raw: dict[str, Any]) -> dict[str, Any]:
    """What a metric says, with its numbers as numbers; earlier formats wrapped it once more, and had a summary instead of a
    kind."""
    raw = raw.get("metric", raw)
    bounds = {name: None if raw[name] is None else float(raw[name]) for name in ("low", "high")}
    trials = raw.get("trials") or (raw.get("counts") or (0, 0))[1]
    is_measured = "not measured" not in (raw.get("kind"), raw.get("summary"))
    return {
        "value": float(raw["value"]) if is_measured else 0.0,
        "unit": raw["unit"],
        "digits": raw["digits"],
        **bounds,
        "values": tuple(map(float, raw["values"])),
        "n": trials or len(raw["values"]),
        "is_measured": is_measured,
        "why": raw.get("why", ""),
    }


def _figure(raw: dict[str, Any]) -> tuple[Any, Any]:
    table = raw.get("table", raw)  # the first format had the columns and rows of the table among the words
    return table["rows"], [raw["shape"], raw["caption"], raw["alt"], table["columns"]]


def _between(old: Told, new: Told, within: float | None) -> Iterator[str]:
    for name in ("preset", "seeds", "device"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {before or 'of the preset'} -> {after or 'of the preset'}"
    for claim in sorted(old.outcomes.keys() | new.outcomes.keys()):
        before, after = (side.outcomes.get(claim, "no such claim") for side in (old, new))
        if before != after:
            yield f"verdict {claim}: {before} -> {after}"
    renamed = _renamed(old.metrics, new.metrics, within or 0.0)
    for name in sorted(old.metrics.keys() | new.metrics.keys() - set(renamed.values())):
        before, after = old.metrics.get(name), new.metrics.get(renamed.get(name, name))
        if before is None or after is None:
            yield f"metric {name}: {'gone' if after is None else 'new'}"
        elif _moved(before, after, within):
            called = f"{name} (now {renamed[name]})" if name in renamed else name
            yield f"metric {called}: {_shown(before)} -> {_shown(after)}{_by(before, after, within)}"
    for name in sorted(old.figures.keys() | new.figures.keys()):
        if name not in old.figures or name not in new.figures:
            yield f"figure {name}: {'new' if name in new.figures else 'gone'}"
            continue
        (rows, words), (other_rows, other_words) = old.figures[name], new.figures[name]
        if not _alike(_without_words(rows), _without_words(other_rows), within or 0.0):
            yield f"figure {name}: other numbers"
        elif (rows, words) != (other_rows, other_words) and within is None:
            yield f"figure {name}: other words"


def _renamed(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], within: float) -> dict[str, str]:
    """New names of metrics that are gone under the old one and stand there under another with all the same numbers."""
    numbers = ("value", "unit", "low", "high", "values", "n")
    added = [name for name in new if name not in old]
    names: dict[str, str] = {}
    for name, metric in old.items():
        if name in new or metric["low"] is None:  # a single number may equal another by chance
            continue
        alike = (other for other in added if all(_alike(metric[key], new[other][key], within) for key in numbers))
        if found := next(alike, None):  # of several with the same numbers, any will do
            names[name] = found
            added.remove(found)
    return names


def _moved(old: Mapping[str, Any], new: Mapping[str, Any], within: float | None) -> bool:
    if old["is_measured"] != new["is_measured"]:
        return True
    if within is not None:
        return not all(_alike(old[name], new[name], within) for name in ("value", "low", "high", "values"))
    return not (_covers(old, new["value"]) and _covers(new, old["value"]))


def _by(old: Mapping[str, Any], new: Mapping[str, Any], within: float | None) -> str:
    """How far the numbers are apart, where that was asked for."""
    if within is None or len(old["values"]) != len(new["values"]):
        return ""
    pairs = [(old["value"], new["value"]), *zip(old["values"], new["values"], strict=True)]
    largest = max((abs(a - b) / max(abs(a), abs(b)) for a, b in pairs if a != b), default=0.0)
    return f" (up to {largest:.1e} of a number)"


def _alike(old: Any, new: Any, within: float) -> bool:
    """Whether two trees of plain data agree, numbers up to that share of the larger."""
    if isinstance(old, dict) and isinstance(new, dict):
        old, new = (_metric(side) if "metric" in side or "values" in side else side for side in (old, new))
        return all(_alike(old[key], new.get(key), within) for key in old if key != "why")
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(_alike(a, b, within) for a, b in zip(old, new, strict=True))
    if isinstance(old, int | float) and isinstance(new, int | float):
        return old == new or math.isclose(old, new, rel_tol=within, abs_tol=0.0)
    return old == new


def _without_words(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The cells of a table with an empty text for what is none of its numbers."""

    def is_text(cell: Any) -> bool:
        return (isinstance(cell, str) and cell not in NOT_FINITE) or (isinstance(cell, dict) and "text" in cell)

    return [["" if is_text(cell) else cell for cell in row] for row in rows]


def _covers(metric: Mapping[str, Any], value: float) -> bool:
    low, high = (metric["value"] if metric[name] is None else metric[name] for name in ("low", "high"))
    return low <= value <= high


def _shown(metric: Mapping[str, Any]) -> str:
    if not metric["is_measured"]:
        return metric["why"]
    value, interval, unit = measurement(metric["value"], metric["low"], metric["high"], metric["unit"], metric["digits"])
    return f"{value} [{interval}; n = {metric['n']:,}]{unit}" if interval else f"{value}{unit}"
