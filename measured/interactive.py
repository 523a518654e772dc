"""Where somebody types instead of building: what everything may ask, and ``measured.notebook`` answers.

The one place from which an import points up. No number depends on it, so no key follows it.
"""

import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from measured.jobs.pool import Pool

CHAPTERS = "experiments."


def html(thing: Any) -> str:
    """A result, metric, figure, verdict or a tree of them as a notebook shows it."""
    from measured.notebook import show

    return show.html(thing)


def text(result: Any) -> str:
    """A result in some lines, where there is no HTML."""
    from measured.notebook import text

    return text.text(result)


def pool(root: Path) -> "Pool":
    """Whoever computes for ``gather`` outside of a build of the project in ``root``."""
    from measured.notebook import session

    return session.pool(root)


def running() -> tuple[str, Any]:
    """The module of the chapter whose ``run`` calls this, and its settings; nothing where none does."""
    frame = sys._getframe(1)
    while frame:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code
        if module.startswith(CHAPTERS) and getattr(frame.f_globals.get("run"), "__code__", None) is code:
            return module, frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        frame = frame.f_back
    return "", None


class Imports(MetaPathFinder):
    """Notes when each module is imported or reloaded from now on, and finds none."""

    def __init__(self):
        self._began, self._at = time.time_ns(), dict[str, int]()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> None:
        self._at[fullname] = time.time_ns()

    def is_outdated(self, module: str) -> bool:
        """Whether the file of a module was written after the module was imported."""
        file = getattr(sys.modules.get(module), "__file__", None)
        return bool(file) and Path(file).is_file() and Path(file).stat().st_mtime_ns > self._at.get(module, self._began)


def watch() -> Imports:
    """Begin to note imports."""
    sys.meta_path.insert(0, found := Imports())
    return found


imports = watch() if hasattr(sys, "ps1") else None
"""Of a session in which somebody types, which lives long enough for a file to be edited after it was imported."""
