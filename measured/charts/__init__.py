"""Chart shapes: each makes a figure from numbers, and draws it."""

from measured.charts.figure import Cell, Figure, Table
from measured.charts.figures import Grid, Path, Series, curves, dots, draw, images, own, paths, scatter, surface, table, trend

__all__ = [
    "Cell", "Figure", "Grid", "Path", "Series", "Table", "curves", "dots", "draw", "images", "own", "paths", "scatter", "surface", "table", "trend",
]  # fmt: skip
