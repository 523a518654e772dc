"""Surfaces: a positive quantity on a plane, as contours or in relief."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.axis import Axis, Title, linear
from measured.charts.figure import Figure, Table
from measured.charts.panels import grouped, place
from measured.charts.style import GRADIENT, INK, MUTED, SMALL, gradient, halo, on_both_papers
from measured.evidence import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Grid:
    """A positive quantity on a plane: ``values[row][column]`` at (xs[column], ys[row]), and points marked on it."""

    xs: Sequence[float]
    ys: Sequence[float]
    values: Sequence[Sequence[float]]
    path: Sequence[tuple[float, float, float]] = ()
    """x, y and the number written beside the point; joined by a line in their order."""


class Row(NamedTuple):
    """One cell of the grid, or one point of the path."""

    panel: str
    kind: str
    x: float
    y: float
    value: float


@dataclass(frozen=True)
class Surface(Figure):
    """Contours on a logarithmic scale, all panels alike, or the same in three dimensions."""

    x: Axis
    y: Axis
    value: str
    relief: bool = False

    shape: ClassVar[str] = "surface"
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "surface"

    def explorer_options(self) -> dict[str, Any]:
        colours = [on_both_papers(colour) for colour in GRADIENT]
        return {"x": self.x.title, "y": self.y.title, "value": self.value, "colours": colours}

    def draw(self, width: float) -> "Drawing":
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        rows = grouped((Row(*row) for row in self.table.rows), "kind")
        heights = {panel: _logarithms(kinds["grid"]) for panel, kinds in rows.items()}
        low, high = min(logs.min() for *_, logs in heights.values()), max(logs.max() for *_, logs in heights.values())
        levels = MaxNLocator(14).tick_values(low, high)
        written = FuncFormatter(lambda exponent, _: number(10**exponent, digits=2))
        drawing, axes = place(list(rows), width, 3.2, "3d" if self.relief else None)
        for panel, ax in axes.items():
            xs, ys, logs = heights[panel]
            ax.set_xlabel(self.x.title, color=MUTED)
            ax.set_ylabel(self.y.title, color=MUTED)
            if self.relief:
                _draw_relief(ax, xs, ys, logs, low, high, written)
                continue
            filled = ax.contourf(xs, ys, logs, levels=levels, cmap=gradient())
            _draw_path(ax, rows[panel].get("path", []), max(xs) - min(xs), max(ys) - min(ys))
            ax.grid(False)
            drawing.colorbar(filled, ax=ax, format=written, aspect=25).set_label(self.value, color=MUTED)
        return drawing


def _logarithms(cells: Sequence[Row]) -> tuple[Any, Any, Any]:
    """The xs, the ys, and the decimal logarithm of the value by row of y and column of x."""
    import numpy as np

    xs, ys = sorted({cell.x for cell in cells}), sorted({cell.y for cell in cells})
    found = {(cell.x, cell.y): math.log10(max(cell.value, 1e-300)) for cell in cells}
    return np.array(xs), np.array(ys), np.array([[found[x, y] for x in xs] for y in ys])


def _draw_relief(ax: Any, xs: Any, ys: Any, logs: Any, low: float, high: float, written: Any) -> None:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    ax.plot_surface(*np.meshgrid(xs, ys), logs, cmap=gradient(), vmin=low, vmax=high, linewidth=0, rstride=1, cstride=1)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_pane_color((0.5, 0.5, 0.5, 0.06))
    ax.zaxis.set_major_formatter(written)
    ax.set_box_aspect(None, zoom=0.85)


def _draw_path(ax: Any, points: Sequence[Row], reach_x: float, reach_y: float) -> None:
    """The path, with the numbers beside its points where they do not cover one another; the end's goes first."""
    ax.plot([point.x for point in points], [point.y for point in points], "o-", color=INK, markersize=3, linewidth=1)
    written: list[Row] = []
    for point in (*points[-1:], *points[:-1]):
        if all(abs(point.x - other.x) > 0.12 * reach_x or abs(point.y - other.y) > 0.1 * reach_y for other in written):
            where = {"xytext": (4, 3), "textcoords": "offset points"}
            ax.annotate(
                number(point.value, digits=2), (point.x, point.y), **where, fontsize=SMALL, color=INK, path_effects=halo()
            )
            written.append(point)


def surface(
    panels: Mapping[str, Grid], *, x: Title, y: Title, value: str, alt: str, caption: str = "", relief: bool = False
) -> Surface:
    """Contours of a positive quantity on a logarithmic scale, all panels alike; with ``relief`` the same in three dimensions.

    ``x`` and ``y`` are linear.
    """
    rows = []
    for panel, grid in panels.items():
        for at_y, line in zip(grid.ys, grid.values, strict=True):
            rows += [
                Row(panel, "grid", float(at_x), float(at_y), float(item)) for at_x, item in zip(grid.xs, line, strict=True)
            ]
        rows += [Row(panel, "path", float(at_x), float(at_y), float(item)) for at_x, at_y, item in grid.path]
    if not rows:
        raise ValueError("a surface needs at least one panel")
    table = Table(("panel", "kind", "x", "y", value), tuple(rows))
    return Surface(table, caption, alt, linear(x), linear(y), value, relief)
