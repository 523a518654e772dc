"""Curves: lines over x with the spread over seeds as a band."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts import notes
from measured.charts.axis import Title, heading, scales
from measured.charts.figure import Figure, Table
from measured.charts.labels import Trace
from measured.charts.panels import Panels, check_panels, grouped
from measured.charts.style import HEIGHTS, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Series:
    """One line of a chart: several seeds over the same x, shown as their median and the range of the middle 80 %."""

    x: Iterable[float]
    values: Iterable[Any]
    """One row of numbers per seed."""
    rows_are: str = "seeds"
    """What the rows are, where they are not one per seed."""

    @classmethod
    def of(cls, runs: Sequence[Any], values: str, x: str = "steps") -> "Series":
        """What the runs recorded under the name ``values``, over what they all recorded under ``x``."""
        return cls(getattr(runs[0], x), [getattr(run, values) for run in runs])


class Row(NamedTuple):
    """One point of one line."""

    panel: str
    series: str
    x: float
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Curves(Figure):
    """Medians over x, each with its band."""

    panels: Panels
    reference: str = ""
    """The series that the others are held against."""
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Ends of the y axis by panel, where they are not left to the data."""

    shape: ClassVar[str] = "curves"
    told_by: ClassVar[int | None] = 1
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "charts"

    def names(self) -> list[str]:
        return [name for name in super().names() if name != self.reference]

    def explorer_options(self) -> dict[str, Any]:
        return {**self.panels.explorer_options(self.limits), "reference": self.reference}

    def draw(self, width: float) -> "Drawing":
        rows = [Row(*row) for row in self.table.rows]
        lines = grouped(rows, "series")
        names = list(dict.fromkeys(row.series for row in rows))
        looks = self.looks()
        drawing, axes = self.panels.place(width, HEIGHTS[width])
        handles: dict[str, Any] = {}
        traces: dict[str, dict[str, Trace]] = {panel: {} for panel in axes}
        for panel, ax in axes.items():
            for name in names:
                points = lines.get(panel, {}).get(name)
                if not points:
                    continue
                xs, medians = [point.x for point in points], [point.median for point in points]
                traces[panel][name] = Trace(xs, medians)
                if name == self.reference:
                    (handles[name],) = ax.plot(xs, medians, color=INK, linewidth=2.6, dashes=(1.2, 1.2), zorder=5)
                    continue
                look = looks[name]
                apart = len(points) // 6  # on a long line, as many markers as tell it apart; not at the same places on all
                every = None if len(points) <= 20 else (apart * (1 + list(looks).index(name)) // (1 + len(looks)), apart)
                style = {"color": look.light, "marker": look.symbol, "linestyle": look.dashes}
                (handles[name],) = ax.plot(xs, medians, **style, markersize=5, markeredgewidth=0, markevery=every, zorder=3)
                if any(point.low != point.high for point in points):
                    low, high = [point.low for point in points], [point.high for point in points]
                    ax.fill_between(xs, low, high, color=look.light, alpha=0.16, linewidth=0, zorder=2)
        self.panels.finish(drawing, axes, handles, traces, looks, limits=self.limits)
        return drawing


def curves(
    panels: Mapping[str, Mapping[str, Series]],
    *,
    x: Title | Mapping[str, Title],
    y: Title | Mapping[str, Title],
    alt: str,
    caption: str = "",
    reference: str = "",
    limits: Mapping[str, tuple[float, float]] | None = None,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Curves:
    """Lines over x, one panel per key: the median over seeds with the band from the 10th to the 90th percentile.

    The series named ``reference`` is the truth the others are held against: drawn in ink, on top. ``limits`` fixes the y axis
    of a panel; what a band has beyond it is cut off. An axis is a title, an ``Axis``, a ``Quantity``, or one of them by panel;
    numbers of a quantity that is a share are shares, and shown in per cent. ``levels`` names heights that are drawn across a
    panel, such as chance, and ``marks`` up to three values of x that are drawn through all of them, as the axis shows them.
    """
    ends = {panel: (float(low), float(high)) for panel, (low, high) in (limits or {}).items()}
    check_panels("limits", ends, panels)
    sides = Panels.of(panels, x, y, levels, marks)
    rows: list[Row] = []
    numbers: dict[str, set[int]] = {}
    across, upwards = scales(x, panels), scales(y, panels)
    for panel, lines in panels.items():
        for name, series in lines.items():
            num_seeds, points = _summary(series, across[panel], upwards[panel], f"series {name!r} of panel {panel!r}")
            rows += [Row(panel, name, *point) for point in points]
            if name != reference:
                numbers.setdefault(series.rows_are, set()).add(num_seeds)
    columns = ("panel", "series", heading(sides.x, "x"), "median", "10 %", "90 %")
    over = " or ".join(notes.count(sorted(found), of) for of, found in numbers.items() if max(found) > 1)
    note = f"Lines: medians over {over}; bands: the middle 80 %." if over else ""
    return Curves(Table(columns, tuple(rows)), caption, alt, sides, reference, ends, note=note)


def _summary(series: Series, across: float, upwards: float, name: str) -> tuple[int, list[tuple[float, float, float, float]]]:
    """How many seeds there are; x, median, 10th and 90th percentile over them at each point, times what the axes want."""
    import numpy as np

    xs = [across * float(at) for at in series.x]
    values = np.array([[upwards * float(value) for value in row] for row in series.values])
    if values.ndim != 2 or values.shape[1] != len(xs):
        raise ValueError(
            f"{name} has {len(xs)} values of x and numbers of the shape {values.shape}; expected {len(xs)} per seed"
        )
    medians, low, high = np.quantile(values, (0.5, 0.1, 0.9), axis=0).tolist()
    return len(values), list(zip(xs, medians, low, high, strict=True))
