"""Scatter: one dot for each pair of numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.axis import Title, heading, scales
from measured.charts.figure import Figure, Table
from measured.charts.labels import Trace
from measured.charts.panels import Panels, grouped
from measured.charts.style import HEIGHTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Row(NamedTuple):
    """One dot."""

    panel: str
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Scatter(Figure):
    """Dots, a colour and a marker for each kind."""

    panels: Panels
    alike: bool = False
    """Whether all panels have the same reach."""

    shape: ClassVar[str] = "scatter"
    told_by: ClassVar[int | None] = 1
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def explorer_options(self) -> dict[str, Any]:
        return {**self.panels.explorer_options(), "alike": self.alike}

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        kinds, looks = grouped(rows, "kind"), self.looks()
        drawing, axes = self.panels.place(width, HEIGHTS[width])
        handles: dict[str, Any] = {}
        traces: dict[str, dict[str, Trace]] = {panel: {} for panel in axes}
        for panel, ax in axes.items():
            for name, look in looks.items():
                if points := kinds.get(panel, {}).get(name):
                    xs, ys = [point.x for point in points], [point.y for point in points]
                    traces[panel][name] = Trace(xs, ys, joined=False)
                    (handles[name],) = ax.plot(
                        xs,
                        ys,
                        look.symbol,
                        color=look.light,
                        alpha=0.6,
                        markersize=4.5 if len(points) < 400 else 2.5,
                        markeredgewidth=0,
                        zorder=3,
                    )
        self.panels.finish(drawing, axes, handles, traces, looks, alike=self.alike, nothing="none")
        return drawing


def scatter(
    panels: Mapping[str, Mapping[str, Iterable[Sequence[float]]]],
    *,
    x: Title | Mapping[str, Title],
    y: Title | Mapping[str, Title],
    alt: str,
    caption: str = "",
    alike: bool = False,
) -> Scatter:
    """One dot for each (x, y), a colour and a marker for each named kind, one panel per key; ``alike`` gives all panels the
    same axes.

    ``x`` and ``y`` are those of ``curves``.
    """
    sides = Panels.of(panels, x, y)
    across, upwards = scales(x, panels), scales(y, panels)
    rows = [
        Row(panel, name, across[panel] * float(point[0]), upwards[panel] * float(point[1]))
        for panel, kinds in panels.items()
        for name, points in kinds.items()
        for point in points
    ]
    columns = ("panel", "kind", heading(sides.x, "x"), heading(sides.y, "y"))
    return Scatter(Table(columns, tuple(rows)), caption, alt, sides, alike)
