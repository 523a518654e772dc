"""What a chart is before it is drawn: a shape, a tidy table, and the words around it."""

from dataclasses import dataclass, field
from typing import Any

from measured.evidence import Metric

Cell = str | int | float | Metric
"""What a table on the page can hold."""


@dataclass(frozen=True)
class Table:
    """Tidy numbers: one observation a row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A chart shape, the numbers it shows and the words around it. ``report.figures`` makes and draws them."""

    shape: str
    table: Table
    caption: str
    alt: str
    options: dict[str, Any] = field(default_factory=dict)
    """Axis labels and scales, as the shape takes them."""
    drawing: Any = None
    """A matplotlib figure of the author's own, for the shape "own"."""

    def __post_init__(self):
        for name in ("caption", "alt"):
            if not getattr(self, name).strip():
                raise ValueError(f"a figure needs a {name}: say what it shows to one who cannot see it")
