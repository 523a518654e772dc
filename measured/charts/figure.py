"""What a chart is before it is drawn: a tidy table, the words around it, and options of its shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from measured import interactive
from measured.charts.style import LAYOUTS
from measured.evidence import Metric
from measured.looks import Look, told_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Cell = str | int | float | Metric | None
"""What a table can hold; None where there is no number, such as an interval of a single seed."""


_SENTENCE = re.compile(r"(?<=[.?!])(?<!\b[a-z]\.[a-z]\.) +(?=[^a-z])")
"""Between two sentences; not after "e.g."."""


@dataclass(frozen=True)
class Table:
    """Tidy numbers: one observation per row."""

    columns: tuple[str, ...]
    """Headings, for readers; a shape knows its columns by the names in its own ``Row``."""
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Figure:
    """Numbers with the words around them. Each shape is a subclass in a module of its own, with typed options.

    A figure is drawn from its table and its options alone, so that one that was read back from a file looks the same.
    """

    table: Table
    caption: str
    """What the chapter says that it shows; the function's docstring, where ``drawn`` made the figure."""
    alt: str
    note: str = field(default="", kw_only=True)
    """What the shape knows of its numbers, such as averages, n and intervals; printed after the caption."""
    made_by: str = field(default="", kw_only=True)
    """The function that made it, to which "code" leads."""
    made_in: str = field(default="", kw_only=True)
    """The module of that function: the chapter's, or one that it imports."""
    declared_looks: dict[str, Look] = field(default_factory=dict, kw_only=True)
    """Looks that the report gives to things by name, in all its charts; set when the figure is drawn or shown."""

    shape: ClassVar[str]
    """The name by which files and style sheets know the class."""
    layouts: ClassVar[Mapping[str, float]] = LAYOUTS
    """Width in inches by layout."""
    told_by: ClassVar[int | None] = None
    """The column of the table by which things are told apart: each of its names has a colour and a marker."""
    fields: ClassVar[tuple[str, ...]] = ()
    """What scripts call the columns of the table, whose own headings are for readers."""
    explorer: ClassVar[str] = ""
    """The script below ``explore/`` that makes figures of the shape interactive; empty where none does."""
    shapes: ClassVar[dict[str, type["Figure"]]] = {}
    """The classes that there are, by their shape."""

    def __init_subclass__(cls):
        Figure.shapes[cls.shape] = cls

    def __post_init__(self):
        if not self.alt.strip() and self.layouts:
            raise ValueError('a figure needs an alt text; write alt="...": what it shows, to one who cannot see it')

    @property
    def title(self) -> str:
        """What the figure shows, in a few words: the first sentence of its caption."""
        return _SENTENCE.split(self.caption, maxsplit=1)[0]

    @property
    def description(self) -> str:
        """The caption after its first sentence."""
        return self.caption[len(self.title) :].lstrip()

    def names(self) -> list[str]:
        """What is told apart in the chart, in the order in which it comes."""
        return [] if self.told_by is None else list(dict.fromkeys(row[self.told_by] for row in self.table.rows))

    def looks(self) -> dict[str, Look]:
        """Colour, marker and dash of everything that is told apart, by its name: those of the drawing, for whoever draws the
        figure in another way."""
        return told_apart(self.names(), self.declared_looks)

    def draw(self, width: float) -> "Drawing":
        """A matplotlib figure, that many inches wide."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is drawn")

    @property
    def explored_by(self) -> str:
        """The script that makes this figure interactive."""
        return self.explorer

    def explorer_options(self) -> dict[str, Any]:
        """What its explorer must know besides the table, as plain JSON data. What goes by a name that an experiment chose is
        a list of pairs, as a script cannot have just any name as a key."""
        return {}

    def settled(self, name: str) -> "Figure":
        """The figure as it can be kept: with all that it is drawn from in plain data. On the main thread, as matplotlib wants
        it."""
        return self

    def _repr_html_(self) -> str:
        return interactive.html(self)
