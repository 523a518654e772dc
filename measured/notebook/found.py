"""The chapter that made a result, and what a build would make of it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measured.errors import BuildError
from measured.evidence import Claim, Result, Verdict
from measured.pages.outline import Chapter
from measured.pages.record import Record
from measured.press.accepted import NoSettings, accepted
from measured.press.keep import record_of
from measured.press.rehearse import Script, declared_words
from measured.project import Project


def verdicts(result: Result) -> tuple[Verdict, ...]:
    """The claims of the chapter whose ``run()`` returned ``result``, judged on its metrics as a build judges them.

    Raises BuildError where no chapter did, or where a claim does not fit.
    """
    found = Found.of(result)
    if found is None:
        raise BuildError("no run() of a chapter made this result, so that no claims belong to it; give what it returned")
    return found.record(found.claims).verdicts


@dataclass(frozen=True)
class Found:
    """The chapter that made a result."""

    project: Project
    chapter: Chapter
    module: Any
    result: Result

    @classmethod
    def of(cls, result: Result) -> "Found | None":
        module = sys.modules.get(result.made_in)
        if module is None or module.__file__ is None:
            return None
        project, name = Project(root_of(result.made_in)), result.made_in.rpartition(".")[2]
        try:
            chapters = {item.name: item for item in project.outline.chapters}
        except BuildError:  # a build will say what is wrong with the contents
            chapters = {}
        chapter = chapters.get(name) or Chapter(name, "", "", name, (module.__doc__ or name).partition("\n")[0], "", "")
        return cls(project, chapter, module, result)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(getattr(self.module, "CLAIMS", ()))

    def judged(self) -> tuple[Record, str]:
        """What a build would keep of it, and why no claim could be judged where that is so."""
        try:
            return self.record(self.claims), ""
        except BuildError as error:
            return self.record(()), str(error)

    @property
    def preset(self) -> str:
        """The preset whose settings it was given; empty where there is none of these."""
        presets = getattr(self.module, "PRESETS", {})
        return next((name for name, settings in presets.items() if settings == self.result.settings), "")

    @property
    def measured_at(self) -> str:
        """What it was given, in words."""
        if self.result.settings is None:
            return ""
        return f"{self.preset} preset" if self.preset else "settings of your own, at which no build judges"

    def record(self, claims: tuple[Claim, ...]) -> Record:
        """What a build would keep of it."""
        settings = NoSettings() if self.result.settings is None else self.result.settings
        words = declared_words(self.module, self.chapter) if claims else {}
        script = Script(self.chapter, settings, self.module.run, claims, getattr(self.module, "RUNS", None), words=words)
        return record_of(script, accepted(self.result, self.chapter.name), self.preset)


def root_of(module: str) -> Path:
    """The folder of the project that an imported module belongs to."""
    file = sys.modules[module].__file__ or ""
    return Path(file).resolve().parents[module.count(".")]
