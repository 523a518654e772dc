"""Slides: what changes as one knob is turned, as curves over the knob and as examples with shares of named answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.axis import Axis, Title, linear, of_panels
from measured.charts.figure import Figure, Table
from measured.charts.panels import grouped
from measured.charts.style import INK, MUTED, NARROW, SMALL
from measured.evidence import as_given
from measured.looks import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

CURVE, SHARE = "curve", "share"
DIGITS = 3
"""Decimals of a share in the table."""
DIGITS_OF_CURVES = 6
LEAST = 0.005
"""A share below this has no bar in the drawing."""
PER_CURVE, PER_EXAMPLE = 1.25, 0.55  # inches of height
RIGHT = PALETTE["blue"].light
"""The colour of the right answer."""


@dataclass(frozen=True)
class Example:
    """A picture, and how the answer to it is shared out among names at each value of the knob."""

    picture: Sequence[Sequence[float]]
    """Rows of grey levels, from 0, which is paper, to 1, which is ink."""
    truth: str
    """The name that is right."""
    shares: Sequence[Sequence[float]]
    """For each value of the knob a share for each name."""


@dataclass(frozen=True)
class Slide:
    """One panel: curves by their chart and their name, a number for each value of the knob; and examples by their name."""

    curves: Mapping[str, Mapping[str, Sequence[float]]]
    examples: Mapping[str, Example]


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept."""

    grey: str
    """Grey levels from 00 to ff, two digits for each, row by row."""
    columns: int
    truth: str

    @classmethod
    def of(cls, example: Example) -> "Picture":
        """An example's, with 256 levels of grey."""
        levels = [round(255 * min(1.0, max(0.0, float(level)))) for row in example.picture for level in row]
        return cls(bytes(levels).hex(), len(example.picture[0]), example.truth)

    @property
    def levels(self) -> list[list[int]]:
        """Rows of numbers up to 255."""
        flat = list(bytes.fromhex(self.grey))
        return [flat[start : start + self.columns] for start in range(0, len(flat), self.columns)]


class Row(NamedTuple):
    """One number at one value of the knob: a point of a curve, or the share of a name in the answer to an example."""

    panel: str
    kind: str
    of: str
    """The chart of the curve, or the example."""
    name: str
    at: float
    value: float


@dataclass(frozen=True)
class Slides(Figure):
    """Curves over the knob, and the examples at some of its values."""

    knob: Axis
    y: dict[str, Axis]
    """By chart."""
    answers: tuple[str, ...]
    """What answers are shared out among."""
    pictures: dict[str, dict[str, Picture]]
    """By panel and example."""
    marks: dict[str, float] = field(default_factory=dict)
    stops: tuple[float, ...] = ()
    """Values of the knob at which the drawing shows the examples."""

    shape: ClassVar[str] = "slides"
    told_by: ClassVar[int | None] = Row._fields.index("name")
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "slides"

    def names(self) -> list[str]:
        return list(dict.fromkeys(row.name for row in map(Row._make, self.table.rows) if row.kind == CURVE))

    def explorer_options(self) -> dict[str, Any]:
        return {
            "knob": self.knob.title,
            "y": [(chart, {"title": axis.title, "log": axis.log}) for chart, axis in self.y.items()],
            "names": self.answers,
            "pictures": [
                (panel, [(title, vars(picture)) for title, picture in pictures.items()])
                for panel, pictures in self.pictures.items()
            ],
            "marks": list(self.marks.items()),
            "stops": self.stops,
        }

    def draw(self, width: float) -> "Drawing":
        from matplotlib.figure import Figure as Drawing

        rows = [Row(*row) for row in self.table.rows]
        curves = grouped((row for row in rows if row.kind == CURVE), "of")
        shares = grouped((row for row in rows if row.kind == SHARE), "of")
        looks = self.looks()
        panels = list(dict.fromkeys(row.panel for row in rows))
        across = 1 if width <= NARROW else min(len(panels), 2)
        heights: list[list[float]] = [
            [PER_CURVE + 0.25] * len(curves.get(panel, {})) + [0.5 + PER_EXAMPLE * len(shares.get(panel, {}))]
            for panel in panels
        ]
        lines = [range(start, min(start + across, len(panels))) for start in range(0, len(panels), across)]
        tall = sum(max(sum(heights[place]) for place in line) for line in lines) + 0.4
        drawing = Drawing(figsize=(width, tall), layout="constrained")
        outer = drawing.add_gridspec(len(lines), across)
        handles: dict[str, Any] = {}
        charts: dict[str, list[Any]] = {}
        for place, panel in enumerate(panels):
            inner = outer[place // across, place % across].subgridspec(len(heights[place]), 1, height_ratios=heights[place])
            axes = [drawing.add_subplot(inner[line, 0]) for line in range(len(heights[place]))]
            for ax, (title, lines_of) in zip(axes, curves.get(panel, {}).items(), strict=False):
                for name, points in lines_of_names(lines_of).items():
                    at, values = [point.at for point in points], [point.value for point in points]
                    (handles[name],) = ax.plot(at, values, color=looks[name].light, linestyle=looks[name].dashes, zorder=3)
                charts.setdefault(title, []).append(ax)
                ax.set(ylabel=self.y[title].title, xlabel=self.knob.title if ax is axes[-2] else "")
                ax.tick_params(labelbottom=ax is axes[-2])
                self._draw_marks(ax, named=ax is axes[0])
                self.y[title].scale_y(ax)
            axes[0].set_title(panel, pad=16 if self.marks else None)
            self._draw_examples(axes[-1], shares.get(panel, {}), self.pictures.get(panel, {}))
        for alike in charts.values():  # one scale for what is compared
            reach = [ax.get_ylim() for ax in alike]
            for ax in alike:
                ax.set_ylim(min(low for low, _ in reach), max(high for _, high in reach))
        if len(handles) > 1:
            drawing.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles))
        return drawing

    def _draw_marks(self, ax: Any, named: bool) -> None:
        for name, at in self.marks.items():
            ax.axvline(at, color=MUTED, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
            if named:
                where = {"xycoords": ("data", "axes fraction"), "xytext": (0, 3), "textcoords": "offset points"}
                ax.annotate(name, (at, 1), **where, ha="center", fontsize=SMALL, color=MUTED)

    def _draw_examples(self, ax: Any, shares: Mapping[str, Sequence[Row]], pictures: Mapping[str, Picture]) -> None:
        """A line for each example: its picture, and for each stop a bar for each name, the right one in colour."""
        import numpy as np
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        wide = 0.84 / len(self.answers)
        bars: dict[str, list[Any]] = {MUTED: [], RIGHT: []}
        base: list[tuple[float, float]] = []
        for line, (title, picture) in enumerate(pictures.items()):
            levels = np.array(picture.levels, dtype=np.uint8)
            ax.imshow(levels, cmap="Greys", vmin=0, vmax=255, extent=(0.15, 0.85, line + 0.92, line + 0.08), aspect="auto")
            found = {(row.at, row.name): row.value for row in shares.get(title, [])}
            for stop, at in enumerate(self.stops, start=1):
                heights = [found.get((at, name), 0.0) for name in self.answers]
                for place, (name, height) in enumerate(zip(self.answers, heights, strict=True)):
                    if height < LEAST:
                        continue
                    left, low, high = stop + 0.08 + place * wide, line + 0.94, line + 0.94 - 0.66 * height
                    box = [(left, low), (left, high), (left + 0.8 * wide, high), (left + 0.8 * wide, low), (left, low)]
                    bars[RIGHT if name == picture.truth else MUTED].append(Path(box, closed=True))
                best = max(range(len(heights)), key=heights.__getitem__)
                where = (stop + 0.08 + (best + 0.4) * wide, line + 0.93 - 0.66 * heights[best])
                ax.text(*where, self.answers[best], ha="center", va="bottom", fontsize=SMALL, color=INK)
                base += [(stop + 0.06, line + 0.94), (stop + 0.94, line + 0.94), (math.nan, math.nan)]
        for colour, boxes in bars.items():
            if boxes:  # as one shape, which takes a tenth of the space of as many
                ax.add_patch(PathPatch(Path.make_compound_path(*boxes), facecolor=colour, linewidth=0, zorder=2))
        ax.plot(*zip(*base, strict=True), color=MUTED, linewidth=0.6)
        ax.set(xlim=(0, len(self.stops) + 1), ylim=(len(pictures), 0), yticks=[])
        ax.xaxis.tick_top()
        ax.set_xticks([stop + 0.5 for stop in range(1, len(self.stops) + 1)])
        ax.set_xticklabels(
            [f"{self.knob.title} = {as_given(at)}" if at == self.stops[0] else as_given(at) for at in self.stops]
        )
        ax.tick_params(length=0)
        ax.grid(False)
        ax.spines[:].set_visible(False)


def lines_of_names(points: Sequence[Row]) -> dict[str, list[Row]]:
    """Points of a chart by the name of their curve."""
    found: dict[str, list[Row]] = {}
    for point in points:
        found.setdefault(point.name, []).append(point)
    return found


def slides(
    panels: Mapping[str, Slide],
    *,
    knob: Title,
    at: Sequence[float],
    y: Title | Mapping[str, Title],
    names: Sequence[str],
    alt: str,
    caption: str = "",
    marks: Mapping[str, float] | None = None,
    stops: Sequence[float] = (),
) -> Slides:
    """What changes as a knob is turned through the values ``at``: curves, and examples whose answers are shared out among
    ``names``.

    A reader with scripts turns the knob; the drawing shows the examples at the values ``stops``, which are some of ``at``.
    ``y`` gives the axes by chart, and ``marks`` names values of the knob. Shares are rounded to three decimals, curves to
    six digits. Raises
    ValueError where numbers are missing.
    """
    values, marked = [float(value) for value in at], {name: float(place) for name, place in (marks or {}).items()}
    for stop in stops:
        if float(stop) not in values:
            raise ValueError(f"stops: {stop} is no value of the knob; expected some of {', '.join(map(str, values))}")
    rows: list[Row] = []
    for panel, slide in panels.items():
        for title, lines in slide.curves.items():
            for name, line in lines.items():
                _check(f"curve {name!r} of panel {panel!r}", len(line), len(values), "values of the knob")
                rows += [
                    Row(panel, CURVE, title, name, place, float(f"{value:.{DIGITS_OF_CURVES}g}"))
                    for place, value in zip(values, line, strict=True)
                ]
        for title, example in slide.examples.items():
            where = f"example {title!r} of panel {panel!r}"
            _check(where, len(example.shares), len(values), "values of the knob")
            for place, shares in zip(values, example.shares, strict=True):
                _check(where, len(shares), len(names), "names")
                rows += [
                    Row(panel, SHARE, title, name, place, round(float(share), DIGITS))
                    for name, share in zip(names, shares, strict=True)
                ]
    if not rows:
        raise ValueError("slides need at least one curve")
    pictures = {
        panel: {title: Picture.of(example) for title, example in slide.examples.items()} for panel, slide in panels.items()
    }
    axis, sides = linear(knob), of_panels(y, dict.fromkeys(chart for slide in panels.values() for chart in slide.curves))
    table = Table(("panel", "kind", "of", "name", axis.title, "value"), tuple(rows))
    return Slides(table, caption, alt, axis, sides, tuple(names), pictures, marked, tuple(float(stop) for stop in stops))


def _check(what: str, found: int, expected: int, of: str) -> None:
    if found != expected:
        raise ValueError(f"{what} has {found} numbers; expected one for each of {expected} {of}")
