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
    explorer: ClassVar[str] = "charts"
    layouts: ClassVar[Mapping[str, float]] = {"wide": WIDE}

    @property
    def explored_by(self) -> str:
        """Its table is explored where it has rows, and a number to draw against another in each."""
        return self.explorer if self._columns(int | float)[1:] else ""

    def explorer_options(self) -> dict[str, Any]:
        """Each column of numbers against the first of them, kinds told apart by the first column of text."""
        x, *ys = self._columns(int | float)
        columns, texts = self.table.columns, self._columns(str)

        def axis(column: int) -> dict[str, Any]:
            return {"title": columns[column], "log": False}

        panels = [{"name": columns[y], "x": axis(x), "y": axis(y), "levels": []} for y in ys]
        return {"panels": panels, "marks": [], "x": x, "ys": ys, "kind": texts[0] if texts else None}

    def _columns(self, kind: Any) -> list[int]:
        """Places of the columns that hold nothing else."""
        rows, columns = self.table.rows, range(len(self.table.columns))
        return [column for column in columns if rows and all(isinstance(row[column], kind) for row in rows)]

    def draw(self, width: float) -> "Drawing":
        """The author's drawing, as wide as the author made it."""
        return self.drawing

    def settled(self, name: str) -> "Own":
        return self if self.svg else replace(self, svg=svg(name, lambda: self.drawing), drawing=None)


def own(figure: Any, *, alt: str, caption: str = "", table: Table | None = None) -> Own:
    """A ``matplotlib.figure.Figure`` of the author's own, with the numbers that it shows where there are any."""
    return Own(table or Table((), ()), caption, alt, drawing=figure)
