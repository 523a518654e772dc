"""Dots: one metric for each named thing, every seed a dot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts import notes
from measured.charts.axis import Title, bounds_on_axis, heading, on_axis
from measured.charts.figure import Figure, Table
from measured.charts.labels import Trace
from measured.charts.panels import Panels, bars_to_draw, grouped
from measured.charts.style import HEIGHTS
from measured.evidence import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Row(NamedTuple):
    """One seed, or the summary of all: the last row of a name."""

    panel: str
    name: str
    x: float
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Where the bar ends; at the value itself where there is no interval."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


@dataclass(frozen=True)
class Dots(Figure):
    """Seeds faint, summaries strong."""

    panels: Panels

    shape: ClassVar[str] = "dots"
    told_by: ClassVar[int | None] = 1
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def explorer_options(self) -> dict[str, Any]:
        return self.panels.explorer_options()

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        things, looks = grouped(rows, "name"), self.looks()
        drawing, axes = self.panels.place(width, HEIGHTS[width])
        handles: dict[str, Any] = {}
        traces: dict[str, dict[str, Trace]] = {panel: {} for panel in axes}
        for panel, ax in axes.items():
            for name, look in looks.items():
                if name not in things.get(panel, {}):
                    continue
                *seeds, summary = things[panel][name]
                ax.plot(
                    [seed.x for seed in seeds],
                    [seed.value for seed in seeds],
                    "o",
                    color=look.light,
                    alpha=0.35,
                    markersize=3.5,
                    markeredgewidth=0,
                    zorder=2,
                )
                traces[panel][name] = trace = Trace([summary.x], [summary.value], False, [(summary.x, *summary.ends)])
                handles[name] = ax.errorbar(
                    [summary.x],
                    [summary.value],
                    yerr=bars_to_draw(trace, self.panels.y[panel].log),
                    fmt=look.symbol,
                    color=look.light,
                    markersize=7,
                    markeredgewidth=0,
                    elinewidth=1.6,
                    zorder=3,
                )
        self.panels.finish(drawing, axes, handles, traces, looks)
        return drawing


def dots(
    panels: Mapping[str, Mapping[str, tuple[float, Metric]]],
    *,
    x: Title | Mapping[str, Title],
    y: Title | Mapping[str, Title],
    alt: str,
    caption: str = "",
) -> Dots:
    """One value of x and a metric for each named thing: every seed a faint dot, the summary and its 95 % interval strong.

    ``x`` and ``y`` are those of ``curves``. What was not measured is left out.
    """
    sides = Panels.of(panels, x, y)
    rows = []
    for panel, points in panels.items():
        for name, (at, metric) in points.items():
            if metric.is_measured:
                rows += [Row(panel, name, float(at), on_axis(value, metric.unit)) for value in metric.values]
                bounds = bounds_on_axis(metric.low, metric.high, metric.unit)
                rows.append(Row(panel, name, float(at), on_axis(metric.value, metric.unit), *bounds))
    columns = ("panel", "name", heading(sides.x, "x"), heading(sides.y, "value"), "low", "high")
    note = notes.of_metrics((metric for points in panels.values() for _, metric in points.values()), "bars")
    return Dots(Table(columns, tuple(rows)), caption, alt, sides, note=f"Faint dots: single seeds. {note}" if note else "")
