"""A drawing of the author's own, where no shape fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from measured.charts.figure import Figure, Table
from measured.charts.style import WIDE, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Own(Figure):
    """A matplotlib figure that a chapter made itself.

    Nothing but the drawing tells what it looks like, so that it is kept with the numbers.
    """

    svg: str = ""
    """The drawing, once it was settled."""
    drawing: Any = field(default=None, compare=False, repr=False)

    shape: ClassVar[str] = "own"
    layouts: ClassVar[Mapping[str, float]] = {"wide": WIDE}

    def draw(self, width: float) -> "Drawing":
        """The author's drawing, as wide as the author made it."""
        return self.drawing

    def settled(self, name: str) -> "Own":
        return self if self.svg else replace(self, svg=svg(name, lambda: self.drawing), drawing=None)


def own(figure: Any, *, alt: str, caption: str = "", table: Table | None = None) -> Own:
    """A ``matplotlib.figure.Figure`` of the author's own, with the numbers that it shows where there are any."""
    return Own(table or Table((), ()), caption, alt, drawing=figure)
