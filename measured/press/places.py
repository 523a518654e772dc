"""Where in an author's files something went wrong: "experiments/dice.py, line 40"."""

import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from measured.errors import ClaimError
from measured.jobs.pool import JobError
from measured.jobs.remote import FOLDER_PREFIX, GENERATOR
from measured.pages.outline import Chapter

CHAPTERS = "experiments"
_NAMES_ITS_FILE = re.compile(r"[\w./-]+\.\w+(?=[,: ])")

Place = tuple[str, int]
"""A path below the project, and a line."""


def place_of(error: BaseException, chapter: Chapter, root: Path) -> str:
    """The innermost place in the project's own files from which ``error`` came, in words; empty where its message begins with
    one, or where there is none.

    Where a module beside the chapters raised it, the place in a chapter that led there comes first.
    """
    named = _NAMES_ITS_FILE.match(str(error))
    if named and (root / named[0]).exists():
        return ""
    if isinstance(error, ClaimError):
        path, line = f"{CHAPTERS}/{chapter.name}.py", chapter.line_of_claim(error.claim)
        return _told((path, line)) if line > 1 else path
    places = list(_places(error, root.resolve()))
    if not places:
        return ""
    in_chapters = [place for place in places if place[0].startswith(f"{CHAPTERS}/")]
    if not in_chapters or in_chapters[-1] == places[-1]:
        return _told(places[-1])
    return f"{_told(in_chapters[-1])} ({_told(places[-1])})"


def _told(place: Place) -> str:
    return f"{place[0]}, line {place[1]}"


def _places(error: BaseException, root: Path) -> Iterator[Place]:
    """From the outermost to the innermost; of a job that failed, those in the job after those that asked for it."""
    for frame in traceback.extract_tb(error.__traceback__):
        if (path := _below(root, frame.filename)) and frame.lineno:
            yield path, frame.lineno
    if isinstance(error, JobError) and error.__cause__:
        yield from _places(error.__cause__, root)
    if isinstance(error, SyntaxError) and error.filename and error.lineno and (path := _below(root, error.filename)):
        yield path, error.lineno


def _below(root: Path, filename: str) -> str:
    """The path below the project of a file of one of its packages, here or as a worker unpacked it; empty for any other."""
    path = Path(filename)
    unpacked = next((parent for parent in path.parents if parent.name.startswith(FOLDER_PREFIX)), None)
    base = unpacked or root
    path = path if unpacked else path.resolve()
    if not path.is_relative_to(base):
        return ""
    package, *inside = path.relative_to(base).parts
    is_own = inside and package != GENERATOR.name and (root / package / "__init__.py").is_file()
    return path.relative_to(base).as_posix() if is_own else ""


def is_by_generator(error: BaseException) -> bool:
    """Whether the generator raised it on purpose, so that its message says all."""
    frames = traceback.extract_tb(error.__traceback__)
    return type(error) is ValueError and bool(frames) and Path(frames[-1].filename).is_relative_to(GENERATOR)
