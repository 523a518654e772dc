"""A drawing of the author's own, where no shape fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from measured.charts.figure import Figure, Table
from measured.charts.style import WIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Own(Figure):
    """A matplotlib figure that a chapter made itself; one that was read back from a file has its numbers alone."""

    drawing: Any = field(default=None, compare=False, repr=False)

    shape: ClassVar[str] = "own"
    layouts: ClassVar[Mapping[str, float]] = {"wide": WIDE}

    def draw(self, width: float) -> "Drawing":
        """The author's drawing, as wide as the author made it. Raises ValueError where it is not there any more."""
        if self.drawing is None:
            raise ValueError("an author's own figure is drawn by the build that made it; its drawing is in no file of numbers")
        return self.drawing


def own(figure: Any, *, caption: str, alt: str, table: Table | None = None) -> Own:
    """A ``matplotlib.figure.Figure`` of the author's own, with the numbers that it shows where there are any."""
    return Own(table or Table((), ()), caption, alt, figure)
