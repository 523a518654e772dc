"""A chapter's module, its settings, and its run on made-up results: what is wrong with it shows before anything is computed."""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measured.errors import BuildError
from measured.evidence import Claim, Result, Runs, Words, at_look, shifted, with_seeds
from measured.jobs.cache import Cache
from measured.jobs.job import Job
from measured.jobs.pool import Rehearsal, using
from measured.pages.outline import Chapter
from measured.press.accepted import NoSettings, accepted, without_settings

CONTRACT = {
    "Settings": "a frozen dataclass",
    "PRESETS": "Settings by preset: quick, standard, full",
    "run": "run(settings) -> Result(metrics, figures)",
    "CLAIMS": "a tuple of Claims",
}
"""What a chapter's module must have; one that has nothing of it but ``run()`` is built as well, with less on its page."""


@dataclass(frozen=True)
class Script:
    """A chapter that is loaded: what to run, on which settings, and what is claimed of the result."""

    chapter: Chapter
    settings: Any
    run: Callable[[Any], Any]
    claims: tuple[Claim, ...]
    runs: Runs | None = None
    """What varies from run to run, and what does not."""
    look: int = 1
    is_planned: bool = True
    """Whether its seeds are those of a planned look."""
    words: Words = field(default_factory=dict)
    """What a reader calls the parts of names of metrics."""

    def perform(self) -> Result:
        """Run it. Raises BuildError where it returns something else than metrics and figures."""
        return accepted(self.run(self.settings), self.chapter.name)


@dataclass(frozen=True)
class Rehearsed:
    """A chapter that ran on placeholders without a fault, and the jobs that it asked for, by key."""

    script: Script
    result: Result
    """Made up."""
    asked: Mapping[str, Job]
    missing: Mapping[str, Job]
    """Those that the cache does not hold and that a build would compute."""
    seconds: Mapping[str, float]
    """About how long each job that was asked for takes on one worker."""

    def to_compute(self, force: bool) -> Mapping[str, Job]:
        """The jobs that a build would compute: those that are missing, or by force all."""
        return self.asked if force else self.missing


def load(root: Path, chapter: Chapter, preset: str, num_seeds: int | None, look: int = 1, shift: int = 0) -> Script:
    """The chapter's module at a preset, with at least ``num_seeds`` seeds where that is asked for, or those of a planned look;
    all seeds ``shift`` numbers further.

    Raises BuildError where the module lacks something.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    module = importlib.import_module(f"experiments.{chapter.name}")
    if [name for name in CONTRACT if hasattr(module, name)] == ["run"]:
        return Script(chapter, NoSettings(), without_settings(module.run), (), getattr(module, "RUNS", None), look)
    for name, meaning in CONTRACT.items():
        if not hasattr(module, name):
            raise BuildError(f"experiments/{chapter.name}.py has no {name}; expected {meaning}")
    claims = module.CLAIMS
    if not isinstance(claims, tuple | list) or not all(isinstance(claim, Claim) for claim in claims):
        raise BuildError(
            f"{chapter.place_of('CLAIMS')}: CLAIMS is no tuple of Claims; write CLAIMS = (Claim(...),), with a comma after each"
        )
    if preset not in module.PRESETS:
        raise BuildError(f"experiments/{chapter.name}.py has no preset {preset!r}; expected quick, standard and full")
    planned = at_look(shifted(module.PRESETS[preset], shift), look)
    settings = with_seeds(planned, num_seeds) if num_seeds else planned
    runs, words = getattr(module, "RUNS", None), declared_words(module, chapter)
    return Script(chapter, settings, module.run, tuple(claims), runs, look, settings == planned, words)


def declared_words(module: Any, chapter: Chapter) -> Words:
    """What the chapter's readers call the parts of names of metrics. Raises BuildError where that is no dict of texts."""
    words = getattr(module, "WORDS", {})
    if not isinstance(words, Mapping) or not all(isinstance(text, str) and text for text in (*words, *words.values())):
        raise BuildError(
            f"{chapter.place_of('WORDS')}: WORDS is no dict of texts; write what a reader calls a part of a metric's name, "
            'as in WORDS = {"wide": "the wide network"}'
        )
    return words


def rehearse(script: Script, cache: Cache, device: str) -> Rehearsed:
    """Run the chapter on placeholders. Nothing is computed or stored; whatever its code raises comes through."""
    rehearsal = Rehearsal(cache, device)
    with using(rehearsal):
        result = script.perform()
    seconds = {key: rehearsal.expected_seconds(job) for key, job in rehearsal.asked.items()}
    return Rehearsed(script, result, rehearsal.asked, rehearsal.missing(), seconds)
