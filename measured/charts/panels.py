"""Panels of a chart: placed beside or below one another, with axes, lines drawn across them, and one legend."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from measured.charts.axis import Axis, Title, of_panels
from measured.charts.labels import MOST, Trace
from measured.charts.labels import place as spots_for
from measured.charts.layout import grid
from measured.charts.style import INK, MUTED, NARROW, SMALL
from measured.looks import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DASHES = ((1, 2), (5, 2), (5, 1.5, 1, 1.5))  # of the lines that mark a value of x

Row = TypeVar("Row", bound=tuple)


@dataclass(frozen=True)
class Panels:
    """The axes of each panel, and what is drawn across it."""

    x: dict[str, Axis]
    y: dict[str, Axis]
    levels: dict[str, dict[str, float]] = field(default_factory=dict)
    """Named heights by panel, such as chance, drawn across it."""
    marks: dict[str, float] = field(default_factory=dict)
    """Named values of x, drawn through every panel and explained in the legend."""

    def __post_init__(self):
        if not self.y:
            raise ValueError("a chart needs at least one panel")
        if len(self.marks) > len(DASHES):
            raise ValueError(f"a chart can tell {len(DASHES)} marks apart, got {len(self.marks)}: {', '.join(self.marks)}")
        check_panels("levels", self.levels, self.y)

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        x: Title | Mapping[str, Title],
        y: Title | Mapping[str, Title],
        levels: Mapping[str, Mapping[str, float]] | None = None,
        marks: Mapping[str, float] | None = None,
    ) -> "Panels":
        """Panels of those names, from what a chapter writes."""
        names = list(names)
        heights = {panel: {name: float(at) for name, at in named.items()} for panel, named in (levels or {}).items()}
        return cls(of_panels(x, names), of_panels(y, names), heights, {name: float(at) for name, at in (marks or {}).items()})

    def explorer_options(self, limits: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "panels": [
                {
                    "name": name,
                    "x": {"title": self.x[name].title, "log": self.x[name].log},
                    "y": {"title": self.y[name].title, "log": self.y[name].log, "limits": (limits or {}).get(name)},
                    "levels": list(self.levels.get(name, {}).items()),
                }
                for name in self.y
            ],
            "marks": list(self.marks.items()),
        }

    def place(self, width: float, height: float) -> "tuple[Drawing, dict[str, Any]]":
        """An empty drawing and its axes by panel."""
        return place(list(self.y), width, height, layout=grid())

    def finish(
        self,
        drawing: "Drawing",
        axes: Mapping[str, Any],
        handles: Mapping[str, Any],
        traces: Mapping[str, Mapping[str, Trace]],
        looks: Mapping[str, Look],
        *,
        limits: Mapping[str, tuple[float, float]] | None = None,
        alike: bool = False,
        nothing: str = "not measured",
    ) -> None:
        """Scale and label what was drawn, draw the lines across, and name it all: beside the lines, or in a legend where there
        is no room; ``nothing`` is said in an empty panel."""
        full = {panel: ax for panel, ax in axes.items() if ax.has_data()}
        for panel, ax in axes.items():
            if panel not in full:
                ax.text(0.5, 0.5, nothing, transform=ax.transAxes, ha="center", va="center", color=MUTED)
                ax.set(xticks=[], yticks=[])
        self._scale(drawing, full, limits or {}, alike)
        across: dict[str, Any] = {}
        crossing = {panel: self._draw_across(ax, panel, across) for panel, ax in full.items()}
        for panel, ax in full.items():
            for name, trace in traces.get(panel, {}).items():
                draw_open_ends(ax, trace, looks[name].light if name in looks else INK)
        self._label(axes)
        _name(drawing, full, handles, across, traces, crossing, looks)

    def _scale(
        self, drawing: "Drawing", axes: Mapping[str, Any], limits: Mapping[str, tuple[float, float]], alike: bool
    ) -> None:
        """Scales, ends and ticks of the axes."""
        for panel, ax in axes.items():  # the scales first, as they decide where an axis ends
            for side, axis in (("x", self.x[panel]), ("y", self.y[panel])):
                if axis.log:
                    getattr(ax, f"set_{side}scale")("log")
            if panel in limits:
                ax.set_ylim(*limits[panel])
        if alike and axes:
            for ends in ("xlim", "ylim"):
                reach = [getattr(ax, f"get_{ends}")() for ax in axes.values()]
                for ax in axes.values():
                    getattr(ax, f"set_{ends}")(min(low for low, _ in reach), max(high for _, high in reach))
        for panel, ax in axes.items():
            spec = ax.get_gridspec()
            width, height = (72 * inches for inches in drawing.get_size_inches())
            self.x[panel].scale_x(ax, width / spec.ncols - 50)
            self.y[panel].scale_y(ax, height / spec.nrows - 66)

    def _draw_across(self, ax: Any, panel: str, handles: dict[str, Any]) -> dict[str, Trace]:
        """The lines across a panel, and where they are."""
        left, right = ax.get_xlim()
        bottom, top = ax.get_ylim()
        found = {}
        for name, level in self.levels.get(panel, {}).items():
            handles[name] = ax.axhline(level, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            found[name] = Trace((left, right), (level, level))
        for (name, at), dashes in zip(self.marks.items(), DASHES, strict=False):
            handles[name] = ax.axvline(at, color=MUTED, linewidth=1.2, linestyle=(0, dashes), zorder=1)
            found[name] = Trace((at, at), (bottom, top))
        return found

    def _label(self, axes: Mapping[str, Any]) -> None:
        """What y shows above every panel whose title does not say it; what x shows at the lower side, and wherever the
        neighbour below has another."""
        names = list(axes)
        for place, (panel, ax) in enumerate(axes.items()):
            across = ax.get_gridspec().ncols
            below = names[place + across] if place + across < len(names) else None
            if said := _beyond(panel, self.y[panel].title):
                ax.set_ylabel(said, rotation=0, ha="left", va="bottom", color=MUTED)
            if below is None or self.x[panel].title != self.x[below].title:
                ax.set_xlabel(self.x[panel].title, color=MUTED)


def _beyond(panel: str, title: str) -> str:
    """What an axis shows, as far as the panel's title does not say it already."""
    if panel and title.startswith(panel):
        rest = title.removeprefix(panel).strip(" ()")
        return "in %" if rest == "%" else rest
    return title


def check_panels(what: str, given: Mapping[str, Any], panels: Iterable[str]) -> None:
    """Raises ValueError where ``given`` speaks of a panel that there is not."""
    for panel in given:
        if panel not in (names := list(panels)):
            raise ValueError(f"{what}: there is no panel {panel!r}; expected one of {', '.join(map(repr, names))}")


def place(
    panels: Sequence[str], width: float, height: float, projection: str | None = None, layout: Any = "constrained"
) -> "tuple[Drawing, dict[str, Any]]":
    """An empty drawing with titled axes by panel: side by side when wide, below one another when narrow."""
    from matplotlib.figure import Figure as Drawing

    across = 1 if width <= NARROW else min(len(panels), 2)
    down = math.ceil(len(panels) / across)
    drawing = Drawing(figsize=(width, height * down), layout=layout)
    axes = {
        panel: drawing.add_subplot(down, across, number, projection=projection, title=panel)
        for number, panel in enumerate(panels, start=1)
    }
    return drawing, axes


def grouped(rows: Iterable[Row], name: str) -> dict[str, dict[str, list[Row]]]:
    """Rows by their panel and by what the column ``name`` says, each in the order in which they come."""
    found: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.panel][getattr(row, name)].append(row)  # pyright: ignore[reportAttributeAccessIssue]
    return {panel: dict(named) for panel, named in found.items()}


def draw_open_ends(ax: Any, trace: Trace, colour: str) -> None:
    """An arrow to the end of the axis where a bar has no end, or none that a logarithmic axis can show."""
    bottom, top = ax.get_ylim()
    still = {"scalex": False, "scaley": False}
    for (x, low, high), y in zip(trace.bars, trace.ys, strict=False):
        for bound, end, marker in ((low, bottom, "v"), (high, top, "^")):
            if math.isinf(bound) or (bound <= 0 and ax.get_yscale() == "log"):
                ax.plot([x, x], [y, end], color=colour, linewidth=1.2, zorder=2, **still)
                ax.plot(x, end, marker, color=colour, markersize=5, markeredgewidth=0, clip_on=False, zorder=4, **still)


def bars_to_draw(trace: Trace, log: bool) -> list[list[float]]:
    """Lengths below and above each point, of bars that have an end; nothing towards one that is open."""

    def length(y: float, bound: float) -> float:
        return 0.0 if math.isinf(bound) or (log and bound <= 0) else abs(y - bound)

    return [[length(y, bar[side]) for bar, y in zip(trace.bars, trace.ys, strict=True)] for side in (1, 2)]


def _name(
    drawing: "Drawing",
    axes: Mapping[str, Any],
    handles: Mapping[str, Any],
    crossing_handles: Mapping[str, Any],
    traces: Mapping[str, Mapping[str, Trace]],
    crossing: Mapping[str, Mapping[str, Trace]],
    looks: Mapping[str, Look],
) -> None:
    """Say what is what: beside the lines where all of them find a place in some panel, else in a legend."""
    from matplotlib.font_manager import FontProperties

    engine, font = drawing.get_layout_engine(), FontProperties(size=SMALL)
    assert engine is not None
    told_apart = set(handles) if len(handles) > 1 else set()

    def spots(beside: set[str]) -> dict[str, dict[str, tuple[float, float]]]:
        engine.execute(drawing)
        found = {}
        for panel, ax in axes.items():
            lines, across = traces.get(panel, {}), crossing.get(panel, {})
            wanted = {name: trace for name, trace in lines.items() if name in beside} | dict(across)
            found[panel] = spots_for(ax, wanted, lines, font)
        return found

    def missing(names: Iterable[str], found: Mapping[str, Mapping[str, Any]]) -> list[str]:
        return [name for name in names if not any(name in panel for panel in found.values())]

    beside = told_apart if len(told_apart) <= MOST else set()
    found = spots(beside)
    lines_left = told_apart & set(missing(handles, found))
    left = [*(handles if lines_left else ()), *missing(crossing_handles, found)]
    if left:
        every = {**handles, **crossing_handles}
        _legend(drawing, {name: every[name] for name in left})
        found = spots(set() if lines_left else beside)
    for panel, ax in axes.items():
        for name, at in found[panel].items():
            if name in left:
                continue
            colour = looks[name].text if name in looks else INK if name in handles else MUTED
            where: dict[str, Any] = {"xycoords": "axes fraction", "xytext": at, "textcoords": "offset points", "va": "bottom"}
            ax.annotate(name, (0, 0), **where, color=colour, fontsize=SMALL, zorder=6)
    drawing.set_layout_engine("none")


def _legend(drawing: "Drawing", handles: Mapping[str, Any]) -> None:
    """Below the panels, which keep their height."""
    from matplotlib.lines import Line2D

    longest = max(map(len, handles))
    columns = max(1, min(len(handles), int(drawing.get_figwidth() * 11.5 / (longest + 7))))
    legend = drawing.legend(list(handles.values()), list(handles), loc="lower center", ncols=columns)
    for handle in legend.legend_handles:  # dots that are small and faint among many are neither here
        if isinstance(handle, Line2D) and handle.get_linestyle() == "None":
            handle.set(alpha=1.0, markersize=6)
    lines = math.ceil(len(handles) / columns)
    drawing.set_figheight(drawing.get_figheight() + lines * 1.5 * SMALL / 72)
    legend.set_in_layout(True)
