"""Panels of a chart: placed beside or below one another, with axes, lines drawn across them, and one legend."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from measured.charts.axis import Axis, Title, of_panels
from measured.charts.layout import grid
from measured.charts.style import MUTED, NARROW

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
        self, drawing: "Drawing", axes: Mapping[str, Any], handles: dict[str, Any], nothing: str = "not measured"
    ) -> None:
        """Scale and label what was drawn, draw the lines across, and explain it all; ``nothing`` is said in an empty panel."""
        for panel, ax in axes.items():
            if not ax.has_data():
                ax.text(0.5, 0.5, nothing, transform=ax.transAxes, ha="center", va="center", color=MUTED)
                ax.set(xticks=[], yticks=[])
                continue
            self.x[panel].scale_x(ax)
            self.y[panel].scale_y(ax)
            for name, level in self.levels.get(panel, {}).items():
                ax.axhline(level, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
                # At the right, where curves have parted.
                ax.annotate(
                    name,
                    (1, level),
                    xycoords=("axes fraction", "data"),
                    xytext=(-2, 2),
                    textcoords="offset points",
                    fontsize=7.5,
                    color=MUTED,
                    ha="right",
                )
            for (name, at), dashes in zip(self.marks.items(), DASHES, strict=False):
                handles[name] = ax.axvline(at, color=MUTED, linewidth=1.2, linestyle=(0, dashes), zorder=1)
        self._label(axes)
        _legend(drawing, handles)

    def _label(self, axes: Mapping[str, Any]) -> None:
        """Titles at the outer sides, and wherever the neighbour on that side has another."""
        names = list(axes)
        for place, (panel, ax) in enumerate(axes.items()):
            across = ax.get_gridspec().ncols
            below = names[place + across] if place + across < len(names) else None
            if place % across == 0 or self.y[panel].title != self.y[names[place - 1]].title:
                ax.set_ylabel(self.y[panel].title)
            if below is None or self.x[panel].title != self.x[below].title:
                ax.set_xlabel(self.x[panel].title)


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


def _legend(drawing: "Drawing", handles: Mapping[str, Any]) -> None:
    if len(handles) > 1:
        longest = max(map(len, handles))
        columns = max(1, min(len(handles), int(drawing.get_figwidth() * 12 / (longest + 6))))
        drawing.legend(list(handles.values()), list(handles), loc="lower center", ncols=columns)
