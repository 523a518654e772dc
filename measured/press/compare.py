"""What differs between two published reports: verdicts that flipped, metrics that moved beyond their interval, figures that changed."""

from collections.abc import Iterator
from pathlib import Path

from measured.errors import BuildError
from measured.evidence import Metric
from measured.pages.record import Record, read


def differences(old: Path, new: Path) -> list[str]:
    """One line a difference from the site at ``old`` to that at ``new``, chapter by chapter. Raises BuildError where one is no site."""
    before, after = records_of(old), records_of(new)
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            lines.append(f"{name}: only in {new if name in after else old}")
        else:
            lines += [f"{name}: {line}" for line in _between(before[name], after[name])]
    return lines


def records_of(site: Path) -> dict[str, Record]:
    """The chapters of a published report by name."""
    found = [read(path.read_text(encoding="utf-8")) for path in sorted(site.glob("data/*.json"))]
    records = {record.chapter: record for record in found if record}
    if not records:
        raise BuildError(f"{site} holds no report with measured chapters; expected a folder that build.py wrote, such as site")
    return records


def _between(old: Record, new: Record) -> Iterator[str]:
    for name in ("preset", "seeds", "device"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {before or 'of the preset'} -> {after or 'of the preset'}"
    outcomes, others = ({item.id: item.outcome for item in record.verdicts} for record in (old, new))
    for claim in sorted(outcomes.keys() | others.keys()):
        if outcomes.get(claim) != others.get(claim):
            yield f"verdict {claim}: {outcomes.get(claim, 'no such claim')} -> {others.get(claim, 'no such claim')}"
    for name in sorted(old.metrics.keys() | new.metrics.keys()):
        if name not in old.metrics or name not in new.metrics:
            yield f"metric {name}: {'new' if name in new.metrics else 'gone'}"
        elif _moved(old.metrics[name], new.metrics[name]):
            yield f"metric {name}: {old.metrics[name]} -> {new.metrics[name]}"
    for name in sorted(old.figures.keys() | new.figures.keys()):
        if name not in old.figures or name not in new.figures:
            yield f"figure {name}: {'new' if name in new.figures else 'gone'}"
        elif old.figures[name] != new.figures[name]:
            what = "numbers" if old.figures[name].table != new.figures[name].table else "words"
            yield f"figure {name}: other {what}"


def _moved(old: Metric, new: Metric) -> bool:
    """Whether either value lies outside of the other's interval; without an interval, whether they differ."""
    return old.is_measured != new.is_measured or not (_covers(old, new.value) and _covers(new, old.value))


def _covers(metric: Metric, value: float) -> bool:
    low, high = (metric.value if bound is None else bound for bound in (metric.low, metric.high))
    return low <= value <= high
