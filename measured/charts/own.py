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
    is_bare: bool = field(default=False, kw_only=True)
    """Whether the chapter gave the drawing alone, without words and numbers."""

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


def bare(name: str, figure: Any, made_in: str) -> Own:
    """A drawing that came without a word, made by ``run()`` of a module: what it says itself has to do."""
    panels = [axes for axes in figure.axes if axes.get_title() or axes.get_xlabel() or axes.get_ylabel()]
    told = [_told(axes) for axes in panels]
    title = figure.get_suptitle() or next((axes.get_title() for axes in panels if axes.get_title()), "")
    title = " ".join((title or name.replace("_", " ").capitalize()).split())
    alt = f"A drawing that nobody described. {'. '.join(filter(None, told)) or title}."
    caption, alt = (words.replace("{", "{{").replace("}", "}}") for words in (title.rstrip(".") + ".", alt))
    return replace(own(figure, alt=alt, caption=caption), is_bare=True, made_by="run", made_in=made_in)


def _told(axes: Any) -> str:
    """What a panel says of itself: title, what its axes are, and what is in its legend."""
    x, y = axes.get_xlabel(), axes.get_ylabel()
    lines = axes.get_legend_handles_labels()[1]
    said = [axes.get_title(), f"{y or 'no name'} against {x or 'no name'}" if x or y else "", ", ".join(lines)]
    return " ".join(": ".join(filter(None, said)).split())
