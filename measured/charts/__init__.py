"""Chart shapes, a module each: what a chapter makes from numbers, and how it is drawn. Making one imports no matplotlib."""

from measured.charts.axis import Axis
from measured.charts.curves import Series, curves
from measured.charts.dots import dots
from measured.charts.drawings import Drawings, draw
from measured.charts.drawn import drawn
from measured.charts.figure import Cell, Figure, Table
from measured.charts.images import images
from measured.charts.own import own
from measured.charts.paths import Path, paths
from measured.charts.plain import converter, from_plain, to_plain
from measured.charts.scatter import scatter
from measured.charts.slides import Example, Slide, slides
from measured.charts.spectrum import spectrum
from measured.charts.surface import Grid, surface
from measured.charts.table import table
from measured.charts.trend import sweeps, trend
from measured.looks import Look, Looks

__all__ = [
    "Axis", "Cell", "Drawings", "Example", "Figure", "Grid", "Look", "Looks", "Path", "Series", "Slide", "Table", "converter",
    "curves", "dots", "draw", "drawn", "from_plain", "images", "own", "paths", "scatter", "slides", "spectrum", "surface",
    "sweeps", "table", "to_plain", "trend",
]  # fmt: skip
