"""What a page is made from: a chapter's finished result, and what it was measured with.

A record holds metrics, claims with verdicts, and drawn figures, and it is the same for the same inputs. Beside it stands
a status: the key and its parts, the jobs it rests on, and how long they took.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from measured.charts import Figure, Table
from measured.evidence import Finding, Metric, Verdict


@dataclass(frozen=True)
class Setting:
    """One field of a chapter's settings. What it means is read from the source, where it may be reworded."""

    name: str
    value: str


@dataclass(frozen=True)
class Record:
    """A finished chapter."""

    chapter: str
    preset: str
    device: str
    metrics: dict[str, Metric]
    figures: dict[str, Figure]
    drawings: dict[str, dict[str, str]]
    """SVG by figure and layout."""
    verdicts: tuple[Verdict, ...]
    settings: tuple[Setting, ...]
    seeds: int | None = None
    """What --seeds asked for."""


@dataclass(frozen=True)
class Status:
    """What a record was made from, and what that took."""

    key: str
    parts: dict[str, Any]
    sha256: str
    jobs: tuple[str, ...] = ()
    """Keys of the cache entries that the record rests on."""
    num_cached: int = 0
    worker_seconds: float = 0.0
    """Seconds of one worker that all its jobs took, now or when they were cached."""
    wall_seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    host: str = ""


def to_json(record: Record) -> str:
    """The record as JSON; an unbounded interval ends at the string "inf" or "-inf"."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, Metric):
            return {"metric": plain(asdict(value))}
        if isinstance(value, Figure):
            return {name: plain(getattr(value, name)) for name in ("shape", "caption", "alt", "options")} | {
                "columns": plain(value.table.columns), "rows": plain(value.table.rows),
            }  # fmt: skip
        if isinstance(value, Finding | Verdict | Setting):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        return value

    return json.dumps({item.name: plain(getattr(record, item.name)) for item in fields(record)}, ensure_ascii=False, indent=1)


def from_json(text: str) -> Record:
    """The record that ``to_json`` wrote. Raises ValueError, KeyError or TypeError where ``text`` is something else."""
    raw = json.loads(text)

    def metric(values: dict) -> Metric:
        bounds = {name: None if values[name] is None else float(values[name]) for name in ("low", "high")}
        counts = tuple(values["counts"]) if values["counts"] else None
        return Metric(**{**values, **bounds, "values": tuple(values["values"]), "counts": counts})

    def cell(value: Any) -> Any:
        return metric(value["metric"]) if isinstance(value, dict) else value

    def figure(values: dict) -> Figure:
        table = Table(tuple(values["columns"]), tuple(tuple(map(cell, row)) for row in values["rows"]))
        return Figure(values["shape"], table, values["caption"], values["alt"], values["options"])

    def finding(values: dict) -> Finding:
        return Finding(**{**values, **{name: float(values[name]) for name in ("value", "low", "high")}})

    return Record(
        chapter=raw["chapter"],
        preset=raw["preset"],
        device=raw["device"],
        metrics={name: metric(values["metric"]) for name, values in raw["metrics"].items()},
        figures={name: figure(values) for name, values in raw["figures"].items()},
        drawings=raw["drawings"],
        verdicts=tuple(
            Verdict(**{**values, "findings": tuple(map(finding, values["findings"]))}) for values in raw["verdicts"]
        ),
        settings=tuple(Setting(**values) for values in raw["settings"]),
        seeds=raw.get("seeds"),
    )


def read(text: str) -> Record | None:
    """The record in ``text``; None where it is none of this version of the project."""
    try:
        return from_json(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
