"""What a page is made from: a chapter's finished result, and what it was measured with.

A record holds metrics, figures, and claims with verdicts, and it is the same for the same inputs. Beside it stands
a status: the key and its parts, the jobs it rests on, and how long they took.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from measured.charts import Figure, converter
from measured.evidence import Metric, Verdict

FORMAT = 1
"""To be raised when the fields below, those of a metric, a verdict or a figure, or what they mean, change: older records are measured again."""


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
    format: int = FORMAT


def to_json(record: Record) -> str:
    """The record as JSON; a number that is not finite, such as the end of an unbounded interval, is the string "inf" or "-inf"."""
    plain = {"format": FORMAT, **converter().unstructure(record)}
    return json.dumps(plain, ensure_ascii=False, indent=1)


def read(text: str) -> Record | None:
    """The record that ``to_json`` wrote; None where ``text`` is something else, or a record of another format."""
    try:
        raw = json.loads(text)
        if raw.pop("format") != FORMAT:
            return None
        return converter().structure(raw, Record)
    except Exception:  # whatever a class makes of fields that are not its own
        return None
