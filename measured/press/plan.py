"""Which chapters a command is about, and which of them have no current result, told from text without importing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measured.errors import BuildError, did_you_mean
from measured.evidence.levels import seeds_of_look
from measured.jobs.definitions import WHOLE
from measured.jobs.source import changes
from measured.options import Options
from measured.pages.outline import Chapter
from measured.press.stores import Stores

# What turns a chapter's result into a record: its metrics, its verdicts, its settings in words.
KEEPING = ("measured.press.keep", "record_of")


@dataclass(frozen=True)
class Planned:
    """A chapter, and why its kept result is not current; no reason where it is."""

    chapter: Chapter
    reasons: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        return bool(self.reasons)


def choose(outline: Sequence[Chapter], names: Sequence[str]) -> list[Chapter]:
    """The chapters that ``--only`` names: by module, by number, or by part. Raises BuildError for an unknown one."""
    if not names:
        return list(outline)
    chosen: set[str] = set()
    for name in names:
        found = {
            item.name for item in outline if name.lower() in (item.name, item.number, item.part.lower(), item.number_of_part)
        }
        if not found:
            known = [*(item.name for item in outline), *dict.fromkeys(item.part.lower() for item in outline)]
            raise BuildError(f"--only {name!r} is not a chapter or part; {did_you_mean(name, known)}")
        chosen |= found
    return [item for item in outline if item.name in chosen]


def plan(chapters: Sequence[Chapter], options: Options, stores: Stores) -> list[Planned]:
    """Each chapter with the reasons for which it is to be measured."""
    return [
        Planned(chapter, ("--force",) if options.force else tuple(why_stale(chapter, options, stores))) for chapter in chapters
    ]


def parts_of(chapter: Chapter, options: Options, stores: Stores, device: str) -> dict[str, Any]:
    """Everything that determines a chapter's finished result. Raises SyntaxError where a source does not parse."""
    found = stores.sources.reached([(f"experiments.{chapter.name}", WHOLE), KEEPING])
    return {
        "chapter": chapter.name,
        "preset": options.preset,
        "device": device,
        "code": found.definitions,
        "captions": stores.sources.docstrings(found.definitions, "experiments"),
        "versions": stores.sources.versions(found.libraries),
        "seeds": options.seeds,
        "look": options.look,
        "shift": options.shift,
    }


def why_stale(chapter: Chapter, options: Options, stores: Stores) -> list[str]:
    """Why the kept result is not current, a line per reason; nothing where it is."""
    status = stores.records.status(chapter.name, options.preset)
    if status is None:
        return ["never measured at this preset"]
    before = status.parts
    device = before["device"] if options.device == "auto" else options.device
    try:
        parts = parts_of(chapter, options, stores, device)
    except SyntaxError as error:
        return [f"{error.filename or 'its source'} does not parse: {error.msg}, line {error.lineno}"]
    except ValueError as error:
        return [str(error)]
    reasons = changes(before["code"], parts["code"]) + [
        f"docstring of {name}" for name in changes(before["captions"], parts["captions"])
    ]
    reasons += [
        f"{name} {before['versions'].get(name, 'not used')} -> {now}"
        for name, now in parts["versions"].items()
        if before["versions"].get(name) != now
    ]
    if before["seeds"] != options.seeds:
        had, asked = (f"{number} seeds" if number else "the preset's seeds" for number in (before["seeds"], options.seeds))
        reasons.append(f"measured with {had}, asked for {asked}")
    if before["shift"] != options.shift:
        reasons.append("measured with other seeds")
    if before["look"] != options.look:
        had, asked = (
            f"{seeds_of_look(look)} times the preset's seeds" if look > 1 else "the preset's seeds"
            for look in (before["look"], options.look)
        )
        reasons.append(f"measured with {had}, asked for {asked}")
    if before["device"] != device:
        reasons.append(f"measured on {before['device']}, asked for {device}")
    if not reasons and stores.records.text(chapter.name, options.preset) is None:
        reasons.append("its kept result is damaged")
    return reasons


def few(reasons: Sequence[str], most: int = 3) -> str:
    """The first reasons as one line."""
    more = f"; and {len(reasons) - most} more" if len(reasons) > most else ""
    return "; ".join(reasons[:most]) + more
