"""What a page is made from: a chapter's finished result, the same for the same inputs."""

import json
from dataclasses import dataclass
from typing import Any

from measured.charts import Figure, converter
from measured.evidence import Metric, Verdict
from measured.pages.status import FORMAT


@dataclass(frozen=True)
class Setting:
    """One number or word of a chapter's settings. What it means is read from the source, where it may be reworded."""

    name: str
    """With dots where settings nest."""
    value: Any
    """A text, a number, a list of them, or nothing."""
    is_derived: bool = False
    """It follows from others, by a property: prose can name it, and the table of settings leaves it out."""


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
    look: int = 1
    """The planned look at the data: the preset's seeds, twice, or four times as many."""
    is_planned: bool = True
    """False with more seeds than the preset has, asked for by --seeds: no look that was planned."""


def to_json(record: Record) -> str:
    """The record as JSON; a number that is not finite, such as the end of an unbounded interval, is the string "inf" or
    "-inf"."""
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
