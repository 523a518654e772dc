"""Trends: a metric against x, with its interval as a bar."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts import notes
from measured.charts.axis import Axis, Title, bounds_on_axis, heading, on_axis
from measured.charts.figure import Figure, Table
from measured.charts.panels import Panels, grouped
from measured.charts.style import WIDE, looks
from measured.evidence import Metric, Quantity, Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Row(NamedTuple):
    """One metric, as the axis shows it."""

    panel: str
    series: str
    x: float
    value: float
    low: float | None
    high: float | None
    n: int

    def bar(self, bound: float | None) -> float:
        """Length of the bar towards ``bound``; none towards an end that is open."""
        return abs(self.value - bound) if bound is not None and math.isfinite(bound) else 0.0


@dataclass(frozen=True)
class Trend(Figure):
    """Summaries over x, joined by lines."""

    panels: Panels

    shape: ClassVar[str] = "trend"
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def explorer_options(self) -> dict[str, Any]:
        return self.panels.explorer_options()

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        lines, styles = grouped(rows, "series"), looks(row.series for row in rows)
        drawing, axes = self.panels.place(width, 2.9 if width == WIDE else 2.7)
        handles = {}
        for panel, ax in axes.items():
            for name, (colour, marker) in styles.items():
                points = lines.get(panel, {}).get(name)
                if not points:
                    continue
                handles[name] = ax.errorbar(
                    [point.x for point in points],
                    [point.value for point in points],
                    yerr=[[point.bar(point.low) for point in points], [point.bar(point.high) for point in points]],
                    fmt=f"{marker}-",
                    color=colour,
                    markersize=4.5,
                    capsize=2,
                    linewidth=1.4,
                    elinewidth=1,
                    zorder=3,
                )
        self.panels.finish(drawing, axes, handles)
        return drawing


def trend(
    panels: Mapping[str, Mapping[str, Mapping[float, Metric]]],
    *,
    x: Title | Mapping[str, Title],
    y: Title | Mapping[str, Title],
    alt: str,
    caption: str = "",
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Trend:
    """A metric against x, a line per series, one panel per key: its average over seeds with the 95 % interval as a bar.

    ``x``, ``y``, ``levels`` and ``marks`` are those of ``curves``. What was not measured is left out.
    """
    sides = Panels.of(panels, x, y, levels, marks)
    rows = [
        Row(
            panel,
            name,
            float(at),
            on_axis(metric.value, metric.unit),
            *bounds_on_axis(metric.low, metric.high, metric.unit),
            metric.n,
        )
        for panel, lines in panels.items()
        for name, points in lines.items()
        for at, metric in sorted(points.items())
        if metric.is_measured
    ]
    columns = ("panel", "series", heading(sides.x, "x"), "value", "low", "high", "n")
    metrics = [metric for lines in panels.values() for points in lines.values() for metric in points.values()]
    return Trend(Table(columns, tuple(rows)), caption, alt, sides, note=notes.of_metrics(metrics))


def sweeps(
    lines: Mapping[str, Sweep[Any]],
    quantities: Sequence[Quantity],
    *,
    x: Title = "",
    alt: str,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Trend:
    """One panel per quantity, in which each named sweep is a line; x is the knob of the first where no other title is given."""
    panels = {item.title: {name: sweep.points(item) for name, sweep in lines.items()} for item in quantities}
    knob = Axis(next(iter(lines.values())).knob, log=True)
    return trend(panels, x=x or knob, y={item.title: item for item in quantities}, alt=alt, levels=levels, marks=marks)
