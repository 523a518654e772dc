"""Measured chapters to records on disk: judged, drawn, and kept with what they were made from."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from measured.charts import Figure
from measured.charts.draughtsman import Draughtsman
from measured.charts.drawings import draw_all
from measured.errors import BuildError, did_you_mean
from measured.evidence import Metric, Names, Result, Verdict, Words, flat, judge
from measured.evidence.labels import words_of
from measured.jobs.cache import CacheError
from measured.jobs.keys import key_of
from measured.looks import NONE_DECLARED, Looks
from measured.pages import material
from measured.pages import settings as described
from measured.pages.outline import Chapter
from measured.pages.record import Record
from measured.pages.status import Status
from measured.press.outcome import Failed, Measured
from measured.press.rehearse import Script
from measured.press.stores import Stores


@dataclass(frozen=True)
class Kept:
    """A chapter whose record is on disk."""

    chapter: Chapter
    record: Record
    status: Status


def record_of(
    script: Script, result: Result, preset: str = "", device: str = "", seeds: int | None = None, before: Sequence[Verdict] = ()
) -> Record:
    """A chapter's result with its claims judged, its captions filled in and its settings as plain data.

    Of the verdicts at the look ``before``, those that decided stand. What this function reaches decides when a record is stale.
    """
    told, metrics = described.told(script.settings), flat(result.metrics)
    named = described.names(told)
    figures = {name: captioned(name, figure, metrics, named) for name, figure in result.figures.items()}
    decided = {verdict.id: verdict for verdict in before if verdict.supported or verdict.refuted}
    judged = judge.judge(script.claims, metrics, named, script.runs, script.look, worded(script, named))
    verdicts = tuple(decided.get(verdict.id, verdict) for verdict in judged)
    return Record(
        script.chapter.name,
        preset,
        device,
        metrics,
        figures,
        verdicts,
        told,
        seeds=seeds,
        look=script.look,
        is_planned=script.is_planned,
    )


def worded(script: Script, settings: Names) -> Words:
    """The chapter's words with what they have in braces. Raises BuildError where one is for nothing, or names nothing."""
    place, known = script.chapter.place_of("WORDS"), words_of([claim.holds for claim in script.claims])
    if unused := sorted(script.words.keys() - known):
        near = did_you_mean(unused[0], known, otherwise="there are")
        raise BuildError(f"{place}: WORDS has {unused[0]!r}, which is in the name of no metric of a claim; {near}")
    try:
        return {name: filled(text, {"setting": settings}) for name, text in script.words.items()}
    except BuildError as error:
        raise BuildError(f"{place}: WORDS: {error}; they can name {{setting...}}") from None


def captioned(name: str, figure: Figure, metrics: Mapping[str, Metric], settings: Names) -> Figure:
    """The figure with what its caption has in braces. Raises BuildError where one names nothing."""
    things = {"metric": Names("metric", metrics), "setting": settings}
    try:
        return replace(figure, caption=filled(figure.caption, things), alt=filled(figure.alt, things))
    except BuildError as error:
        raise BuildError(f"caption of figure {name!r}: {error}; it can name {{metric...}} and {{setting...}}") from None


def filled(text: str, things: Mapping[str, Names]) -> str:
    """The text with what it has in braces. Raises BuildError for whatever is wrong with one."""
    try:
        return text.format_map(things)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise BuildError(str(error)) from None


def keep(
    measured: Measured,
    preset: str,
    seeds: int | None,
    stores: Stores,
    draughtsman: Draughtsman | None = None,
    before: Sequence[Verdict] = (),
    looks: Looks = NONE_DECLARED,
) -> Kept | Failed:
    """Judge, draw and keep a chapter; on the main thread, as matplotlib wants it, with the help of a ``draughtsman``.

    The drawings have the ``looks`` of the report, which are no part of the record: other colours are no other result.

    Raises BuildError where the disk is full.
    """
    script, parts = measured.script, dict(measured.parts)
    try:
        figures = {name: figure.settled(name) for name, figure in measured.result.figures.items()}
        result = Result(measured.result.metrics, figures)
        record = record_of(script, result, preset, parts["device"], seeds, before)
        drawn = {name: looks.on(figure) for name, figure in record.figures.items()}
        stores.drawings.of_all(drawn, draughtsman.draw_all if draughtsman else draw_all)
        status = Status(
            key=key_of(parts),
            parts=parts,
            sha256="",
            jobs=tuple(sorted(measured.jobs)),
            num_cached=len(measured.cached),
            worker_seconds=sum(measured.jobs.values()),
            wall_seconds=measured.seconds,
            versions=_versions(parts["versions"]),
            host=host(),
        )
        return Kept(script.chapter, record, stores.records.store(record, status))
    except OSError as error:
        raise BuildError(str(CacheError(stores.folder, error))) from error
    except Exception as error:
        return Failed.at(script.chapter, error, stores.sources.root)


def _versions(computing: Mapping[str, str]) -> dict[str, str]:
    """What the page on the making lists: all that computed, and all that makes pages."""
    return {**computing, **material.versions(), "Python": platform.python_version()}


def host() -> str:
    """What computes here: system, processor, cores."""
    return f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores"


def processor() -> str:
    """The type of processor, on which alone bytes are promised to be equal."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return name or platform.processor() or "unknown processor"
