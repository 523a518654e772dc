"""The folder that is built: where its chapters, templates and accepted verdicts are, and what code its results rest on."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from measured.files import canonical, digest
from measured.pages import citing, documents, material
from measured.pages.documents import Documents
from measured.pages.outline import Outline, read_outline

if TYPE_CHECKING:
    from measured.pages.environment import Frame

GENERATOR = Path(__file__).parent


@dataclass(frozen=True)
class Project:
    """A report's folder. What stands in it is read once, when it is first asked for."""

    root: Path
    cache: Path | None = None
    """The folder that keeps what need not be made again."""

    @property
    def templates(self) -> Path:
        """The report's prose, and what overrides the generator's frame."""
        return self.root / "templates"

    @property
    def docs(self) -> Path:
        """What the report has for authors, where it has any."""
        return self.root / documents.FOLDER

    @property
    def accepted(self) -> Path:
        """The verdicts that ``--accept`` wrote."""
        return self.root / "verdicts.json"

    @cached_property
    def outline(self) -> Outline:
        """Title, chapters in reading order, sources of claims. Raises BuildError where they do not fit together."""
        return read_outline(self.root)

    @cached_property
    def frame(self) -> "Frame":
        """The templates, ready to be filled in."""
        from measured.pages import environment

        return environment.make(self.templates, self.outline, self.citation, self.workshop, self.documents)

    @cached_property
    def workshop(self) -> Path | None:
        """Where pieces of pages are kept that take a while to make: compiled templates, highlighted sources. Another folder for
        each state of the generator, as they hold what its functions returned; None without a cache."""
        if self.cache is None:
            return None
        generator = {path: text for path, text in self.source_files.items() if path.startswith(f"{GENERATOR.name}/")}
        folder = self.cache / "pages" / digest(canonical([generator, material.versions()]))
        if not folder.is_dir():
            shutil.rmtree(folder.parent, ignore_errors=True)
            with suppress(OSError):
                folder.mkdir(parents=True)
        return folder

    @cached_property
    def documents(self) -> Documents:
        """How to read the report, and what it has for authors."""
        return documents.read(self.root)

    @property
    def citation(self) -> str:
        """The text of ``CITATION.cff``, which says how the report is cited; empty where there is none."""
        path = self.root / citing.FILE
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """The project's own packages, which jobs may be made of: ``experiments``, and every folder with modules beside it."""
        own = [path.parent.name for path in sorted(self.root.glob("*/__init__.py"))]
        return tuple(name for name in own if name not in (GENERATOR.name, "tests"))

    def has_module(self, name: str) -> bool:
        """Whether a dotted name is that of a module which should be in the project or the generator, not in a library."""
        return name.split(".")[0] in (*self.packages, GENERATOR.name)

    @cached_property
    def source_files(self) -> dict[str, str]:
        """Text of what the report is made with, by path: ``build.py``, the project's packages, the generator."""
        files = {"build.py": self.root / "build.py"}
        for folder in (*(self.root / name for name in self.packages), GENERATOR):
            files |= {path.relative_to(folder.parent).as_posix(): path for path in sorted(folder.rglob("*.py"))}
        return {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.is_file()}
