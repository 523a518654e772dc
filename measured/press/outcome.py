"""What becomes of a chapter: measured, or failed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measured.errors import BuildError
from measured.evidence.number import duration
from measured.jobs.pool import JobError
from measured.pages.outline import Chapter
from measured.press.places import is_ours, place_of

if TYPE_CHECKING:
    from measured.evidence import Result
    from measured.press.rehearse import Script


@dataclass(frozen=True)
class Measured:
    """A chapter's ``run()``, and what it took."""

    script: "Script"
    result: "Result"
    parts: Mapping[str, Any]
    """Everything that determines the result, as read before it was imported."""
    jobs: Mapping[str, float]
    """Seconds of one worker by key, now or when it was cached."""
    cached: frozenset[str]
    """Keys of the jobs that came from the cache."""
    seconds: float

    @property
    def chapter(self) -> Chapter:
        return self.script.chapter


@dataclass(frozen=True)
class NotComputed:
    """A chapter that needs results which are not there, in a build that computes nothing."""

    chapter: Chapter
    num_jobs: int
    seconds: float
    """Of one worker, about."""
    lacking: str = ""
    """What the bundle does not hold of it, in words, where its numbers come from one."""

    @property
    def message(self) -> str:
        if self.lacking:
            return f"{self.lacking}; without --from it is computed: python build.py --only {self.chapter.name}"
        jobs = f"{self.num_jobs} job{'s' if self.num_jobs != 1 else ''}"
        return f"{jobs} to compute, about {duration(self.seconds)} of one worker: python build.py --only {self.chapter.name}"


@dataclass(frozen=True)
class Failed:
    """A chapter that came to nothing, and why."""

    chapter: Chapter
    error: BaseException
    place: str = ""
    """Where in the author's files it went wrong, where the error does not say so itself."""

    @classmethod
    def at(cls, chapter: Chapter, error: BaseException, root: Path) -> "Failed":
        """With its place in the project below ``root``; told at once, as others may raise the same error again."""
        return cls(chapter, error, place_of(error, chapter, root))

    @property
    def message(self) -> str:
        return f"{self.place}: {one_line(self.error)}" if self.place else one_line(self.error)


ADVICE = {
    r"missing 1 required keyword-only argument: 'alt'": 'add alt="...": what the figure shows, to one who cannot see it',
    r"^\w+\(\) takes no arguments": "write @dataclass(frozen=True) above its class",
    r"^'int' object is not iterable": "where these are the seeds of settings, write Seeds(10) in place of 10",
    r"^'(quick|standard|full)'$": "PRESETS has settings for each of quick, standard and full",
}
"""What to write instead, by what Python says."""


def one_line(error: BaseException) -> str:
    """An error as a person reads it in a log: its kind goes before what we did not write ourselves."""
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    advice = "".join(f"; {what}" for pattern, what in ADVICE.items() if re.search(pattern, text))
    kind = "" if isinstance(error, BuildError | JobError) or is_ours(error) else f"{type(error).__name__}: "
    return f"{kind}{text}{advice}"
