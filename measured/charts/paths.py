"""Paths: runs as lines through a plane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.axis import Axis, Title, linear, of_panels
from measured.charts.figure import Figure, Table
from measured.charts.labels import Trace
from measured.charts.labels import place as spots_for
from measured.charts.panels import grouped, place
from measured.charts.style import GRADIENT, INK, MUTED, SMALL, WIDE, gradient, halo, on_both_papers
from measured.evidence import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class Path:
    """One run's way through a plane, with a number at each point, such as the accuracy reached there."""

    points: Iterable[Sequence[float]]
    labels: Iterable[float]


class Row(NamedTuple):
    """One point of a run."""

    panel: str
    run: str
    point: int
    x: float
    y: float
    label: float


@dataclass(frozen=True)
class Paths(Figure):
    """Lines through a plane, coloured by a number on the way."""

    x: dict[str, Axis]
    y: dict[str, Axis]
    label: str
    step: str = "point"
    """What lies between two points of a run, such as an epoch; the first is number 0."""

    shape: ClassVar[str] = "paths"
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "paths"

    def explorer_options(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "label": self.label,
            "sides": [(panel, {"x": self.x[panel].title, "y": self.y[panel].title}) for panel in self.x],
            "colours": [on_both_papers(colour) for colour in GRADIENT],
        }

    def draw(self, width: float) -> "Drawing":
        import numpy as np
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize
        from matplotlib.font_manager import FontProperties

        rows = [Row(*row) for row in self.table.rows]
        runs = grouped(rows, "run")
        drawing, axes = place(list(runs), width, 3.6 if width == WIDE else 3.4)
        labels = [row.label for row in rows]
        colours = ScalarMappable(Normalize(min(labels), max(labels)), cmap=gradient())
        font = FontProperties(size=SMALL)
        for panel, ax in axes.items():
            for points in runs[panel].values():
                xs, ys = [point.x for point in points], [point.y for point in points]
                ax.plot(xs, ys, color=MUTED, linewidth=0.8, zorder=2)
                ax.scatter(xs, ys, c=colours.to_rgba(np.array([point.label for point in points])), s=16, zorder=3, linewidths=0)
            ax.set_aspect("equal", adjustable="datalim")
            ax.set_xlabel(self.x[panel].title, color=MUTED)
            ax.set_ylabel(self.y[panel].title, color=MUTED)
            ax.grid(True, axis="both")
        bar = {"location": "right", "shrink": 0.75} if width == WIDE else {"location": "bottom", "shrink": 0.9}
        shown = drawing.colorbar(colours, ax=list(axes.values()), aspect=30, pad=0.02, **bar)
        shown.set_label(self.label, color=MUTED)
        drawing.get_layout_engine().execute(drawing)  # pyright: ignore[reportOptionalMemberAccess]
        for panel, ax in axes.items():
            ways = list(runs[panel].values())
            drawn = Trace([point.x for way in ways for point in way], [point.y for way in ways for point in way], joined=False)
            ends = {f"{number(way[-1].label)}{' ' * at}": Trace([way[-1].x], [way[-1].y]) for at, way in enumerate(ways)}
            for text, at in spots_for(ax, ends, {"": drawn}, font).items():
                ax.annotate(
                    text.strip(),
                    (0, 0),
                    xycoords="axes fraction",
                    xytext=at,
                    textcoords="offset points",
                    va="bottom",
                    fontsize=SMALL,
                    color=INK,
                    path_effects=halo(),
                    zorder=4,
                )
        return drawing


def paths(
    panels: Mapping[str, Mapping[str, Path]],
    *,
    x: Title | Mapping[str, Title],
    y: Title | Mapping[str, Title],
    label: str,
    alt: str,
    caption: str = "",
    step: str = "point",
) -> Paths:
    """Runs as lines through a plane with equal, linear scales, one panel per key: dots coloured by ``label``, the ends labelled
    with it. ``step`` is what lies between two points, such as an epoch."""
    rows = [
        Row(panel, name, number, float(point[0]), float(point[1]), float(value))
        for panel, runs in panels.items()
        for name, run in runs.items()
        for number, (point, value) in enumerate(zip(run.points, run.labels, strict=True))
    ]
    if not rows:
        raise ValueError("paths need at least one point")
    xs, ys = ({panel: linear(axis) for panel, axis in of_panels(given, panels).items()} for given in (x, y))
    return Paths(Table(("panel", "run", step, "x", "y", label), tuple(rows)), caption, alt, xs, ys, label, step)
