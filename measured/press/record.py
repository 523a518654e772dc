"""A chapter's finished result as files: what a build with nothing to do reads instead of computing.

A record holds metrics, claims with verdicts, and drawn figures, and it is the same for the same inputs. Beside it stands
a status: the key and its parts, the jobs it rests on, and how long they took. A record that does not match
the checksum in its status, or has other fields than these, counts as missing.
"""

import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from measured.charts import Figure, from_plain, to_plain
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
            return to_plain(value)
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

    def finding(values: dict) -> Finding:
        return Finding(**{**values, **{name: float(values[name]) for name in ("value", "low", "high")}})

    return Record(
        chapter=raw["chapter"],
        preset=raw["preset"],
        device=raw["device"],
        metrics={name: metric(values["metric"]) for name, values in raw["metrics"].items()},
        figures={name: from_plain(values) for name, values in raw["figures"].items()},
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


class Records:
    """The finished chapters kept below ``folder``, one a chapter and preset."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def status(self, chapter: str, preset: str) -> Status | None:
        """The status of the kept record; None where there is none."""
        try:
            raw = json.loads(self._path(chapter, preset, "status").read_text(encoding="utf-8"))
            return Status(**{**raw, "jobs": tuple(raw["jobs"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def load(self, chapter: str, preset: str) -> Record | None:
        """The kept record; None where it is missing, damaged, or of another version of the project."""
        text = self.text(chapter, preset)
        return read(text) if text is not None else None

    def text(self, chapter: str, preset: str) -> str | None:
        """The kept record as JSON; None where it is missing or damaged."""
        status = self.status(chapter, preset)
        try:
            text = self._path(chapter, preset, "record").read_text(encoding="utf-8")
        except OSError:
            return None
        return text if status and sha256(text.encode()).hexdigest() == status.sha256 else None

    def store(self, record: Record, status: Status) -> Status:
        """Keep a record; the status is written last, with the record's checksum."""
        text = to_json(record)
        status = Status(**{**asdict(status), "sha256": sha256(text.encode()).hexdigest()})
        self._write(self._path(record.chapter, record.preset, "record"), text)
        self._write(self._path(record.chapter, record.preset, "status"), json.dumps(asdict(status), indent=1, sort_keys=True))
        return status

    def statuses(self) -> list[tuple[str, str, Status]]:
        """Chapter, preset and status of everything kept."""
        found = []
        for path in sorted(self.folder.glob("chapters/*/*.status.json")):
            chapter, preset = path.name.split(".")[0], path.parent.name
            if status := self.status(chapter, preset):
                found.append((chapter, preset, status))
        return found

    def remove(self, chapter: str, preset: str) -> None:
        """Forget a record."""
        for kind in ("status", "record"):
            self._path(chapter, preset, kind).unlink(missing_ok=True)

    def _path(self, chapter: str, preset: str, kind: str) -> Path:
        return self.folder / "chapters" / preset / f"{chapter}.{kind}.json"

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
