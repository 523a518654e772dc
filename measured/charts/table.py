"""Tables: on the page as they are, never drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from measured.charts import notes
from measured.charts.figure import Cell, Figure, Table
from measured.evidence import Metric


@dataclass(frozen=True)
class Listing(Figure):
    """A table for the page."""

    shape: ClassVar[str] = "table"
    layouts: ClassVar[Mapping[str, float]] = {}


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "", alt: str = "") -> Listing:
    """A table for the page. Cells are text, numbers, or metrics, which print their interval."""
    cells = tuple(tuple(row) for row in rows)
    note = notes.of_metrics(cell for row in cells for cell in row if isinstance(cell, Metric))
    return Listing(Table(tuple(columns), cells), caption, alt, note=note)
