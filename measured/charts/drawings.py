"""Figures drawn as SVG, and drawings kept under the digest of what they are drawn from."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from measured.charts.figure import Figure
from measured.charts.own import Own
from measured.charts.plain import what_is_drawn
from measured.charts.style import svg
from measured.files import canonical, digest, write_atomically
from measured.installed import version_of

FORMAT = 1  # of a kept file; one of another format counts as missing
LIBRARIES = ("contourpy", "kiwisolver", "matplotlib", "numpy", "pillow")
"""What decides about contours, places, glyphs and pixels."""


def draw(name: str, figure: Figure) -> dict[str, str]:
    """SVG by layout: ``wide`` and ``narrow``, or ``wide`` alone for an author's own. Empty for a table."""
    return {layout: draw_layout(name, figure, layout) for layout in figure.layouts}


def draw_all(figures: Mapping[str, Figure]) -> dict[str, dict[str, str]]:
    """The drawings of several figures by name, one after the other."""
    return {name: draw(name, figure) for name, figure in figures.items()}


def draw_layout(name: str, figure: Figure, layout: str) -> str:
    """The figure in one layout, as SVG."""
    if isinstance(figure, Own):
        return figure.settled(name).svg
    return svg(f"{name}-{layout}", partial(figure.draw, figure.layouts[layout]))


@dataclass(frozen=True)
class Drawings:
    """Drawings in files below ``folder``, each written once and drawn again only where something that shows has changed."""

    folder: Path

    def key(self, name: str, figure: Figure) -> str:
        """The digest of numbers, options and name, and of the code and libraries that draw; captions are no part of it."""
        return digest(canonical([FORMAT, name, what_is_drawn(figure.settled(name)), what_draws()]))

    def of(self, name: str, figure: Figure) -> dict[str, str]:
        """SVG by layout: the kept drawing, or a new one, which is kept."""
        return self.of_all({name: figure}, draw_all)[name]

    def of_all(
        self, figures: Mapping[str, Figure], draw_all: Callable[[Mapping[str, Figure]], dict[str, dict[str, str]]]
    ) -> dict[str, dict[str, str]]:
        """The drawings of several figures by name, of which those that are not kept are drawn together, and kept."""
        keys = {name: self.key(name, figure) for name, figure in figures.items() if figure.layouts}
        found = {name: self.load(key) for name, key in keys.items()}
        if missing := {name: figures[name] for name, drawing in found.items() if drawing is None}:
            for name, drawing in draw_all(missing).items():
                found[name] = drawing
                content = {"format": FORMAT, "sha256": _checksum(drawing), "drawing": drawing}
                write_atomically(self._path(keys[name]), json.dumps(content).encode())
        return {name: found.get(name) or {} for name in figures}

    def load(self, key: str) -> dict[str, str] | None:
        """The drawing kept under ``key``; None where it is missing or damaged."""
        try:
            content = json.loads(self._path(key).read_bytes())
            is_whole = content["format"] == FORMAT and content["sha256"] == _checksum(content["drawing"])
            return content["drawing"] if is_whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keys(self) -> set[str]:
        """The keys of everything that is kept."""
        return {path.stem for path in self.folder.glob("*.json")}

    def remove(self, keys: Iterable[str]) -> int:
        """Forget the drawings of those keys and return the bytes that this freed."""
        paths = [path for key in keys if (path := self._path(key)).is_file()]
        size = sum(path.stat().st_size for path in paths)
        for path in paths:
            path.unlink()
        return size

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _checksum(drawing: dict[str, str]) -> str:
    return digest(canonical(drawing))


@cache
def what_draws() -> dict[str, str]:
    """Digests of the code that draws, read once in a process, and the versions of the libraries that it draws with."""
    here = Path(__file__).parent
    sources = [*sorted(here.glob("*.py")), here.parent / "evidence" / "number.py", here.parent / "looks.py"]
    return {path.name: digest(path.read_text(encoding="utf-8")) for path in sources} | {
        library: version_of(library) for library in LIBRARIES
    }
