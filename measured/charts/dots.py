"""Dots: one metric for each named thing, every seed a dot."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts import notes
from measured.charts.axis import Title, bounds_on_axis, heading, on_axis
from measured.charts.figure import Figure, Table
from measured.charts.panels import Panels, grouped
from measured.charts.style import WIDE, looks
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
    def bars(self) -> list[list[float]] | None:
        """Lengths of the bars below and above; None where an end is open."""
        if self.low is None or self.high is None or not (math.isfinite(self.low) and math.isfinite(self.high)):
            return None
        return [[self.value - self.low], [self.high - self.value]]


@dataclass(frozen=True)
class Dots(Figure):
    """Seeds faint, summaries strong."""

    panels: Panels

    shape: ClassVar[str] = "dots"
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def explorer_options(self) -> dict[str, Any]:
        return self.panels.explorer_options()

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        things, styles = grouped(rows, "name"), looks(row.name for row in rows)
        drawing, axes = self.panels.place(width, 2.8 if width == WIDE else 2.6)
        handles = {}
        for panel, ax in axes.items():
            for name, (colour, marker) in styles.items():
                if name not in things.get(panel, {}):
                    continue
                *seeds, summary = things[panel][name]
                xs, values = [seed.x for seed in seeds], [seed.value for seed in seeds]
                ax.plot(xs, values, ".", color=colour, alpha=0.45, markersize=5, zorder=2)
                handles[name] = ax.errorbar(
                    [summary.x],
                    [summary.value],
                    yerr=summary.bars,
                    fmt=marker,
                    color=colour,
                    markersize=6,
                    capsize=3,
                    linewidth=1.4,
                    zorder=3,
                )
        self.panels.finish(drawing, axes, handles)
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
    note = notes.of_metrics(metric for points in panels.values() for _, metric in points.values())
    return Dots(Table(columns, tuple(rows)), caption, alt, sides, note=f"Faint dots: single seeds. {note}" if note else "")
