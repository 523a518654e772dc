"""Trends: a metric against x, with its interval as a bar."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts import notes
from measured.charts.axis import Axis, Title, bounds_on_axis, heading, on_axis
from measured.charts.figure import Figure, Table
from measured.charts.labels import Trace
from measured.charts.panels import Panels, bars_to_draw, grouped
from measured.charts.style import HEIGHTS
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

    @property
    def ends(self) -> tuple[float, float]:
        """Where the bar ends; at the value itself where there is no interval."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


@dataclass(frozen=True)
class Trend(Figure):
    """Summaries over x, joined by lines."""

    panels: Panels
    equal_factors: bool = False
    """Whether all logarithmic panels span the same factor, so that lines of one slope mean one thing."""

    shape: ClassVar[str] = "trend"
    told_by: ClassVar[int | None] = 1
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def explorer_options(self) -> dict[str, Any]:
        return self.panels.explorer_options(self.limits())

    def limits(self) -> dict[str, tuple[float, float]]:
        """From where to where the panels go that span one factor: each about the middle of what it shows."""
        if not self.equal_factors:
            return {}
        reach = {}
        for panel, axis in self.panels.y.items():
            rows = [row for row in map(Row._make, self.table.rows) if row.panel == panel]
            shown = [end for row in rows for end in (row.value, *row.ends) if end > 0 and math.isfinite(end)]
            if axis.log and shown:
                reach[panel] = (min(shown), max(shown))
        factor = 1.1 * max((high / low for low, high in reach.values()), default=1.0)
        return {panel: (math.sqrt(low * high / factor), math.sqrt(low * high * factor)) for panel, (low, high) in reach.items()}

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        lines, looks = grouped(rows, "series"), self.looks()
        drawing, axes = self.panels.place(width, HEIGHTS[width])
        handles: dict[str, Any] = {}
        traces: dict[str, dict[str, Trace]] = {panel: {} for panel in axes}
        for panel, ax in axes.items():
            for name, look in looks.items():
                points = lines.get(panel, {}).get(name)
                if not points:
                    continue
                xs, values = [point.x for point in points], [point.value for point in points]
                traces[panel][name] = trace = Trace(xs, values, bars=[(point.x, *point.ends) for point in points])
                handles[name] = ax.errorbar(
                    xs,
                    values,
                    yerr=bars_to_draw(trace, self.panels.y[panel].log),
                    fmt=look.symbol,
                    linestyle=look.dashes,
                    color=look.light,
                    markersize=5.5,
                    markeredgewidth=0,
                    elinewidth=1.2,
                    zorder=3,
                )
        self.panels.finish(drawing, axes, handles, traces, looks, limits=self.limits())
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
    equal_factors: bool = False,
) -> Trend:
    """A metric against x, a line per series, one panel per key: its average over seeds with the 95 % interval as a bar.

    ``x``, ``y``, ``levels`` and ``marks`` are those of ``curves``. What was not measured is left out. With ``equal_factors``
    all logarithmic panels span the same factor, so that a line as steep as another grows as fast.
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
    return Trend(Table(columns, tuple(rows)), caption, alt, sides, equal_factors, note=notes.of_metrics(metrics, "bars"))


def sweeps(
    lines: Mapping[str, Sweep[Any]],
    quantities: Sequence[Quantity],
    *,
    x: Title = "",
    alt: str,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
    equal_factors: bool = False,
) -> Trend:
    """One panel per quantity, in which each named sweep is a line; x is the knob of the first where no other title is given."""
    panels = {item.title: {name: sweep.points(item) for name, sweep in lines.items()} for item in quantities}
    knob = Axis(next(iter(lines.values())).knob, log=True)
    y = {item.title: item for item in quantities}
    return trend(panels, x=x or knob, y=y, alt=alt, levels=levels, marks=marks, equal_factors=equal_factors)
