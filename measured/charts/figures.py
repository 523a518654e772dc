"""Chart shapes: made from numbers by a chapter, drawn as SVG later, in one style, on one thread.

Making a figure imports nothing heavy; drawing uses matplotlib's object interface, never pyplot. Each figure is drawn wide for a desk and narrow
for a phone. Colours are literal for light paper; a style sheet inside the SVG swaps them where the reader prefers dark.
"""

import io
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measured.charts.figure import Cell, Figure, Table
from measured.evidence import PERCENT, Metric, number, power_of_ten

INK, MUTED, GRID, PAPER = "#22252b", "#6a7079", "#e3e5e9", "#ffffff"
COLOURS = ("#2a6fbb", "#d1602b", "#2f8f5b", "#8a56ac", "#a8851a", "#b23a5e")
DARK = {
    INK: "#e4e6ea", MUTED: "#9aa1ab", GRID: "#383d46", PAPER: "#16181d",
    "#2a6fbb": "#6aa7e8", "#d1602b": "#f0905f", "#2f8f5b": "#5fc48d",
    "#8a56ac": "#bf90dd", "#a8851a": "#d9b54a", "#b23a5e": "#e57a99",
}  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDE, NARROW = 7.6, 3.9  # inches; 1 inch is 96 CSS pixels before the browser scales


@dataclass(frozen=True)
class Series:
    """One line of a chart: several seeds over the same x, shown as their median and the range of the middle 80 %."""

    x: Iterable[float]
    values: Iterable[Any]
    """One row of numbers a seed."""


def curves(
    panels: Mapping[str, Mapping[str, Series]],
    *,
    x: str,
    y: str | Mapping[str, str],
    caption: str,
    alt: str,
    log_x: bool = False,
    log_y: bool | Collection[str] = False,
    reference: str = "",
    limits: Mapping[str, tuple[float, float]] | None = None,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Lines over x, one panel a key: the median over seeds with the band from the 10th to the 90th percentile.

    The series named ``reference`` is the truth the others are held against: drawn in ink, on top. ``limits`` fixes the
    y axis of a panel; what a band has beyond it is cut off. ``y`` and ``log_y`` may differ by panel. ``levels`` names heights that are drawn
    across a panel, such as chance, and ``marks`` up to three values of x that are drawn through all of them.
    """
    rows = []
    for panel, lines in panels.items():
        for name, series in lines.items():
            for position, at in enumerate(series.x):
                column = sorted(float(row[position]) for row in series.values)
                rows.append((panel, name, float(at), _quantile(column, 0.5), _quantile(column, 0.1), _quantile(column, 0.9)))
    options = _axes(panels, x, y, log_x, log_y, levels, marks) | {"reference": reference, "limits": dict(limits or {})}
    return Figure("curves", Table(("panel", "series", x, "median", "10 %", "90 %"), tuple(rows)), caption, alt, options)


def trend(
    panels: Mapping[str, Mapping[str, Mapping[float, Metric]]],
    *,
    x: str,
    y: str | Mapping[str, str],
    caption: str,
    alt: str,
    log_x: bool = False,
    log_y: bool | Collection[str] = False,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """A metric against x, a line a series, one panel a key: its summary over seeds with the 95 % interval as a bar.

    ``y``, ``log_y``, ``levels`` and ``marks`` are those of ``curves``. What was not measured is left out.
    """
    rows = []
    for panel, lines in panels.items():
        for name, points in lines.items():
            for at, metric in sorted(points.items()):
                scale = 100 if metric.unit in PERCENT else 1
                low, high = (None if bound is None else bound * scale for bound in (metric.low, metric.high))
                if metric.is_measured:
                    rows.append((panel, name, float(at), metric.value * scale, low, high, metric.n))
    table = Table(("panel", "series", x, "value", "low", "high", "n"), tuple(rows))
    return Figure("trend", table, caption, alt, _axes(panels, x, y, log_x, log_y, levels, marks))


def _axes(panels: Collection[str], x: str, y: Any, log_x: bool, log_y: Any, levels: Any, marks: Any) -> dict[str, Any]:
    """What is written on the axes and drawn across them, by panel where panels may differ."""
    return {
        "x": x,
        "y": {panel: y if isinstance(y, str) else y[panel] for panel in panels},
        "log_x": log_x,
        "log_y": {panel: log_y if isinstance(log_y, bool) else panel in log_y for panel in panels},
        "levels": {panel: dict(heights) for panel, heights in (levels or {}).items()},
        "marks": dict(marks or {}),
    }


def dots(
    panels: Mapping[str, Mapping[str, tuple[float, Metric]]],
    *,
    x: Mapping[str, str],
    y: str,
    caption: str,
    alt: str,
    log_x: bool = False,
) -> Figure:
    """One value of x and a metric for each named thing: every seed a faint dot, the summary and its 95 % interval strong."""
    rows = []
    for panel, points in panels.items():
        for name, (at, metric) in points.items():
            scale = 100 if metric.unit == "%" else 1
            for value in metric.values:
                rows.append((panel, name, float(at), value * scale, None, None))
            low, high = (None if bound is None else bound * scale for bound in (metric.low, metric.high))
            rows.append((panel, name, float(at), metric.value * scale, low, high))
    options = {"x": dict(x), "y": y, "log_x": log_x}
    return Figure("dots", Table(("panel", "name", "x", y, "low", "high"), tuple(rows)), caption, alt, options)


def images(panels: Mapping[str, Sequence[Sequence[Sequence[float]]]], *, caption: str, alt: str, columns: int = 8) -> Figure:
    """Small grey pictures, such as the filters of a layer, one grid a panel; all panels share one symmetric scale."""
    rows = []
    for panel, pictures in panels.items():
        for index, picture in enumerate(pictures):
            for row, line in enumerate(picture):
                for column, value in enumerate(line):
                    rows.append((panel, index, row, column, float(value)))
    return Figure(
        "images", Table(("panel", "image", "row", "column", "value"), tuple(rows)), caption, alt, {"columns": columns}
    )


@dataclass(frozen=True)
class Path:
    """One run's way through a plane, with a number at each point, such as the accuracy reached there."""

    points: Iterable[Sequence[float]]
    labels: Iterable[float]


def paths(
    panels: Mapping[str, Mapping[str, Path]],
    *,
    x: Mapping[str, str],
    y: Mapping[str, str],
    label: str,
    caption: str,
    alt: str,
) -> Figure:
    """Runs as lines through a plane with equal scales, one panel a key: dots coloured by ``label``, the ends labelled with it."""
    rows = [
        (panel, name, number, float(point[0]), float(point[1]), float(value))
        for panel, runs in panels.items()
        for name, run in runs.items()
        for number, (point, value) in enumerate(zip(run.points, run.labels, strict=True))
    ]
    options = {"x": dict(x), "y": dict(y), "label": label}
    return Figure("paths", Table(("panel", "run", "point", "x", "y", label), tuple(rows)), caption, alt, options)


def scatter(
    panels: Mapping[str, Mapping[str, Iterable[Sequence[float]]]],
    *,
    x: str,
    y: str,
    caption: str,
    alt: str,
    log_x: bool = False,
    log_y: bool = False,
    alike: bool = False,
) -> Figure:
    """One dot for each (x, y), a colour and a marker for each named kind, one panel a key; ``alike`` gives all panels the same axes."""
    rows = [
        (panel, name, float(point[0]), float(point[1]))
        for panel, kinds in panels.items()
        for name, points in kinds.items()
        for point in points
    ]
    options = {"x": x, "y": y, "log_x": log_x, "log_y": log_y, "alike": alike}
    return Figure("scatter", Table(("panel", "kind", x, y), tuple(rows)), caption, alt, options)


@dataclass(frozen=True)
class Grid:
    """A positive quantity on a plane: ``values[row][column]`` at (xs[column], ys[row]), and points marked on it."""

    xs: Sequence[float]
    ys: Sequence[float]
    values: Sequence[Sequence[float]]
    path: Sequence[tuple[float, float, float]] = ()
    """x, y and the number written beside the point; joined by a line in their order."""


def surface(panels: Mapping[str, Grid], *, x: str, y: str, value: str, caption: str, alt: str, relief: bool = False) -> Figure:
    """Contours of a positive quantity on a logarithmic scale, all panels alike; with ``relief`` the same in three dimensions."""
    rows = []
    for panel, grid in panels.items():
        for at_y, line in zip(grid.ys, grid.values, strict=True):
            rows += [(panel, "grid", float(at_x), float(at_y), float(item)) for at_x, item in zip(grid.xs, line, strict=True)]
        rows += [(panel, "path", float(a), float(b), float(item)) for a, b, item in grid.path]
    options = {"x": x, "y": y, "value": value, "relief": relief}
    return Figure("surface", Table(("panel", "kind", "x", "y", value), tuple(rows)), caption, alt, options)


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str, alt: str = "") -> Figure:
    """A table for the page. Cells are text, numbers, or metrics, which print their interval; alt defaults to the caption."""
    return Figure("table", Table(tuple(columns), tuple(tuple(row) for row in rows)), caption, alt or caption)


def own(figure: Any, *, caption: str, alt: str, table: Table | None = None) -> Figure:
    """A ``matplotlib.figure.Figure`` of the author's own, with the numbers that it shows where there are any."""
    return Figure("own", table or Table((), ()), caption, alt, drawing=figure)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics, as NumPy's default."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


# ---------------------------------------------------------------------------------------------------------------------
# Drawing

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "text.color": INK, "xtick.color": MUTED, "ytick.color": MUTED,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "xtick.labelsize": 8, "ytick.labelsize": 8, "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.6, "svg.fonttype": "path", "figure.dpi": 96,
}  # fmt: skip


def draw(name: str, figure: Figure) -> dict[str, str]:
    """SVG by layout: ``wide`` and ``narrow``, or ``wide`` alone for an author's own. Empty for a table."""
    if figure.shape == "table":
        return {}
    if figure.shape == "own":
        return {"wide": _svg(name, figure.drawing)}
    shapes = {
        "curves": _draw_curves,
        "trend": _draw_trend,
        "dots": _draw_dots,
        "images": _draw_images,
        "paths": _draw_paths,
        "scatter": _draw_scatter,
        "surface": _draw_surface,
    }
    return {
        layout: _svg(f"{name}-{layout}", shapes[figure.shape], figure, width)
        for layout, width in (("wide", WIDE), ("narrow", NARROW))
    }


def _svg(name: str, drawing: Any, *arguments: Any) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    # The salt makes the ids inside an SVG depend on its name alone, so that equal numbers give equal bytes.
    style: dict[Any, Any] = {**STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(style):
        figure = drawing(*arguments) if arguments else drawing
        file = io.StringIO()
        # Not savefig, which would lay the figure out twice.
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})
    return _adapt_to_dark(file.getvalue())


def _adapt_to_dark(svg: str) -> str:
    swaps = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark} !important}}' for light, dark in DARK.items() for what in ("fill", "stroke")
    )
    # Glyphs carry no fill of their own where the text is black, so ink is also the default.
    style = f"<style>@media (prefers-color-scheme: dark){{svg{{fill:{DARK[INK]}}}{swaps}}}</style>"
    start = svg.index("<svg")
    head_end = svg.index(">", start) + 1
    return svg[start:head_end] + style + svg[head_end:]


def _grid(figure: Figure, width: float, height: float, panels: Sequence[str]):
    """A matplotlib figure with one axes a panel: side by side when wide, below one another when narrow."""
    from matplotlib.figure import Figure as Drawing

    narrow = width == NARROW
    across = 1 if narrow else min(len(panels), 2)
    down = math.ceil(len(panels) / across)
    drawing = Drawing(figsize=(width, height * down), layout="constrained")
    axes = [drawing.add_subplot(down, across, number + 1) for number in range(len(panels))]
    for ax, panel in zip(axes, panels, strict=True):
        ax.set_title(panel)
    return drawing, axes, across


def _names(figure: Figure, column: str) -> list[Any]:
    position = figure.table.columns.index(column)
    return list(dict.fromkeys(row[position] for row in figure.table.rows))


def _draw_curves(figure: Figure, width: float):
    options = figure.options
    panels, names = _names(figure, "panel"), _names(figure, "series")
    drawing, axes, across = _grid(figure, width, 2.9 if width == WIDE else 2.7, panels)
    coloured = [name for name in names if name != options["reference"]]
    handles = {}
    for number_of_panel, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        for name in names:
            rows = [row for row in figure.table.rows if row[0] == panel and row[1] == name]
            if not rows:
                continue
            xs, middle, low, high = ([row[k] for row in rows] for k in (2, 3, 4, 5))
            if name == options["reference"]:
                (handles[name],) = ax.plot(xs, middle, color=INK, linewidth=2.6, dashes=(1.2, 1.2), zorder=5)
                continue
            colour = COLOURS[coloured.index(name) % len(COLOURS)]
            few = len(xs) <= 20
            marker = MARKERS[coloured.index(name) % len(MARKERS)] if few else None
            (handles[name],) = ax.plot(xs, middle, color=colour, marker=marker, markersize=4, zorder=3)
            if any(a != b for a, b in zip(low, high, strict=True)):
                ax.fill_between(xs, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2)
        _label(ax, figure, panel, number_of_panel, across, handles)
        if panel in options["limits"]:
            ax.set_ylim(*options["limits"][panel])
    _legend(drawing, handles, width)
    return drawing


def _draw_trend(figure: Figure, width: float):
    panels, names = _names(figure, "panel"), _names(figure, "series")
    drawing, axes, across = _grid(figure, width, 2.9 if width == WIDE else 2.7, panels)
    handles = {}
    for number_of_panel, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        for place, name in enumerate(names):
            rows = [row for row in figure.table.rows if row[0] == panel and row[1] == name]
            if not rows:
                continue
            xs, middle, low, high = ([row[k] for row in rows] for k in (2, 3, 4, 5))
            bars = [
                [
                    abs(at - bound) if bound is not None and math.isfinite(bound) else 0.0
                    for at, bound in zip(middle, side, strict=True)
                ]
                for side in (low, high)
            ]
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            handles[name] = ax.errorbar(
                xs,
                middle,
                yerr=bars,
                fmt=f"{marker}-",
                color=colour,
                markersize=4.5,
                capsize=2,
                linewidth=1.4,
                elinewidth=1,
                zorder=3,
            )
        _label(ax, figure, panel, number_of_panel, across, handles)
    _legend(drawing, handles, width)
    return drawing


def _label(ax: Any, figure: Figure, panel: str, place: int, across: int, handles: dict[str, Any]) -> None:
    """Scales, names of the axes, and the lines across a panel: levels with their names on them, marks in the legend."""
    options, panels = figure.options, _names(figure, "panel")
    _scale(ax, options | {"log_y": options["log_y"][panel]})
    for name, height in options["levels"].get(panel, {}).items():
        ax.axhline(height, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        # At the right, where curves have parted.
        ax.annotate(
            name, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points", fontsize=7.5, color=MUTED,
            ha="right",
        )  # fmt: skip
    for (name, at), dashes in zip(options["marks"].items(), ((1, 2), (5, 2), (5, 1.5, 1, 1.5)), strict=False):
        handles[name] = ax.axvline(at, color=MUTED, linewidth=1.2, linestyle=(0, dashes), zorder=1)
    if place % across == 0 or options["y"][panel] != options["y"][panels[place - 1]]:
        ax.set_ylabel(options["y"][panel])
    if place >= len(panels) - across:
        ax.set_xlabel(options["x"])


def _draw_dots(figure: Figure, width: float):
    options = figure.options
    panels, names = _names(figure, "panel"), _names(figure, "name")
    drawing, axes, across = _grid(figure, width, 2.8 if width == WIDE else 2.6, panels)
    handles = {}
    for number_of_panel, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        for name in names:
            rows = [row for row in figure.table.rows if row[0] == panel and row[1] == name]
            if not rows:
                continue
            *seeds, summary = rows
            colour = COLOURS[names.index(name) % len(COLOURS)]
            marker = MARKERS[names.index(name) % len(MARKERS)]
            ax.plot([row[2] for row in seeds], [row[3] for row in seeds], ".", color=colour, alpha=0.45, markersize=5, zorder=2)
            bounds = None
            if summary[4] is not None and math.isfinite(summary[4]) and math.isfinite(summary[5]):
                bounds = [[summary[3] - summary[4]], [summary[5] - summary[3]]]
            handles[name] = ax.errorbar(
                [summary[2]],
                [summary[3]],
                yerr=bounds,
                fmt=marker,
                color=colour,
                markersize=6,
                capsize=3,
                linewidth=1.4,
                zorder=3,
            )
        _scale(ax, options)
        ax.set_xlabel(options["x"][panel])
        if number_of_panel % across == 0:
            ax.set_ylabel(options["y"])
    _legend(drawing, handles, width)
    return drawing


def _draw_images(figure: Figure, width: float):
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure as Drawing

    panels = _names(figure, "panel")
    columns = figure.options["columns"]
    largest = max(abs(row[4]) for row in figure.table.rows) or 1.0
    side = max(row[3] for row in figure.table.rows) + 1
    down = {panel: math.ceil((max(row[1] for row in figure.table.rows if row[0] == panel) + 1) / columns) for panel in panels}
    across = 1 if width == NARROW else 2 if len(panels) > 1 else 1
    lines = [panels[start : start + across] for start in range(0, len(panels), across)]
    tile = (side + 1) * columns  # width of a panel in pixels of the pictures, gaps included
    inches = (width - 0.2 * (across - 1)) / across / tile
    heights = [max(down[panel] for panel in line) * (side + 1) * inches + 0.32 for line in lines]
    drawing = Drawing(figsize=(width, sum(heights)))
    colours = LinearSegmentedColormap.from_list("signed", [COLOURS[0], "#f4f5f7", COLOURS[1]])
    top = sum(heights)
    for line, height in zip(lines, heights, strict=True):
        for place, panel in enumerate(line):
            rows = down[panel] * (side + 1)
            left = place * (width / across + 0.1) / width
            ax = drawing.add_axes(
                (left, (top - 0.3 - rows * inches) / sum(heights), tile * inches / width, rows * inches / sum(heights))
            )
            ax.set_title(panel)
            ax.axis("off")
            ax.set(xlim=(0, tile), ylim=(rows, 0))
            mosaic = np.full((rows, tile), np.nan)
            for _, index, row, column, value in (item for item in figure.table.rows if item[0] == panel):
                mosaic[index // columns * (side + 1) + row, index % columns * (side + 1) + column] = value
            # "none" keeps the pixels as they are, and asks the browser not to smooth them.
            extent = (0, tile, rows, 0)
            ax.imshow(mosaic, cmap=colours, vmin=-largest, vmax=largest, interpolation="none", extent=extent, aspect="auto")
        top -= height
    return drawing


def _draw_paths(figure: Figure, width: float):
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    options = figure.options
    panels, runs = _names(figure, "panel"), _names(figure, "run")
    drawing, axes, _ = _grid(figure, width, 3.4 if width == WIDE else 3.3, panels)
    values = [row[5] for row in figure.table.rows]
    colours = ScalarMappable(Normalize(min(values), max(values)), cmap=_gradient())
    for ax, panel in zip(axes, panels, strict=True):
        for name in runs:
            rows = [row for row in figure.table.rows if row[0] == panel and row[1] == name]
            if not rows:
                continue
            xs, ys, labels = ([row[k] for row in rows] for k in (3, 4, 5))
            ax.plot(xs, ys, color=MUTED, linewidth=0.8, zorder=2)
            ax.scatter(xs, ys, c=[colours.to_rgba(value) for value in labels], s=16, zorder=3, linewidths=0)
            ax.annotate(
                number(labels[-1]), (xs[-1], ys[-1]), xytext=(3, 3), textcoords="offset points", fontsize=7, color=INK, zorder=4
            )
        ax.set_aspect("equal", adjustable="datalim")
        ax.set(xlabel=options["x"][panel], ylabel=options["y"][panel])
    drawing.colorbar(colours, ax=axes, label=options["label"], shrink=0.75, aspect=30, pad=0.02)
    return drawing


def _gradient() -> Any:
    """Blue over grey to orange: readable on light and on dark paper."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gradient", [COLOURS[0], "#9a94a8", COLOURS[1]])


def _draw_scatter(figure: Figure, width: float):
    options = figure.options
    panels, names = _names(figure, "panel"), _names(figure, "kind")
    drawing, axes, across = _grid(figure, width, 2.9 if width == WIDE else 2.7, panels)
    handles = {}
    for number_of_panel, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        for place, name in enumerate(names):
            rows = [row for row in figure.table.rows if row[0] == panel and row[1] == name]
            if rows:
                (handles[name],) = ax.plot(
                    [row[2] for row in rows],
                    [row[3] for row in rows],
                    MARKERS[place % len(MARKERS)],
                    color=COLOURS[place % len(COLOURS)],
                    alpha=0.6,
                    markersize=4.5 if len(rows) < 400 else 2.5,
                    markeredgewidth=0,
                    zorder=3,
                )
        _scale(ax, options)
        if number_of_panel % across == 0:
            ax.set_ylabel(options["y"])
        if number_of_panel >= len(panels) - across:
            ax.set_xlabel(options["x"])
    if options["alike"]:
        for limits in ("xlim", "ylim"):
            reach = [getattr(ax, f"get_{limits}")() for ax in axes]
            for ax in axes:
                getattr(ax, f"set_{limits}")(min(low for low, _ in reach), max(high for _, high in reach))
    _legend(drawing, handles, width)
    return drawing


def _draw_surface(figure: Figure, width: float):
    import numpy as np
    from matplotlib.figure import Figure as Drawing
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    options, panels = figure.options, _names(figure, "panel")
    across = 1 if width == NARROW else min(len(panels), 2)
    down = math.ceil(len(panels) / across)
    drawing = Drawing(figsize=(width, 3.2 * down), layout="constrained")
    logs = {}
    for panel in panels:
        rows = [row for row in figure.table.rows if row[0] == panel and row[1] == "grid"]
        xs, ys = sorted({row[2] for row in rows}), sorted({row[3] for row in rows})
        cells = {(row[2], row[3]): math.log10(max(row[4], 1e-300)) for row in rows}
        logs[panel] = (np.array(xs), np.array(ys), np.array([[cells[at_x, at_y] for at_x in xs] for at_y in ys]))
    low, high = (pick(values[2].min() if pick is min else values[2].max() for values in logs.values()) for pick in (min, max))
    levels = MaxNLocator(14).tick_values(low, high)
    written = FuncFormatter(lambda exponent, _: number(10**exponent, digits=2))
    for place, panel in enumerate(panels):
        xs, ys, heights = logs[panel]
        ax: Any = drawing.add_subplot(down, across, place + 1, projection="3d" if options["relief"] else None)
        ax.set_title(panel)
        ax.set(xlabel=options["x"], ylabel=options["y"])
        if options["relief"]:
            ax.plot_surface(
                *np.meshgrid(xs, ys), heights, cmap=_gradient(), vmin=low, vmax=high, linewidth=0, rstride=1, cstride=1
            )
            ax.zaxis.set_major_locator(MaxNLocator(4))
            ax.zaxis.set_major_formatter(written)
            ax.xaxis.set_major_locator(MaxNLocator(4))
            ax.yaxis.set_major_locator(MaxNLocator(4))
            for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
                axis.set_pane_color((0.5, 0.5, 0.5, 0.06))
            ax.set_box_aspect(None, zoom=0.85)
            continue
        filled = ax.contourf(xs, ys, heights, levels=levels, cmap=_gradient())
        path = [row[2:] for row in figure.table.rows if row[0] == panel and row[1] == "path"]
        ax.plot([row[0] for row in path], [row[1] for row in path], "o-", color=INK, markersize=3, linewidth=1)
        width_x, width_y = float(np.ptp(xs)), float(np.ptp(ys))
        written_at: list[tuple[float, float]] = []
        for at_x, at_y, item in (*path[-1:], *path[:-1]):  # the end first; the others where they do not cover one another
            if all(abs(at_x - x) > 0.09 * width_x or abs(at_y - y) > 0.07 * width_y for x, y in written_at):
                ax.annotate(
                    number(item, digits=2), (at_x, at_y), xytext=(4, 3), textcoords="offset points", fontsize=7, color=INK
                )
                written_at.append((at_x, at_y))
        ax.grid(False)
        drawing.colorbar(filled, ax=ax, format=written, label=options["value"], aspect=25)
    return drawing


def _scale(ax: Any, options: Mapping[str, Any]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    if options.get("log_x"):
        ax.set_xscale("log")
        low, high = ax.get_xlim()
        decades = math.log10(high / low)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.2 else (1,), numticks=8))
        if decades < 5:
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits=1)))
        else:
            ax.xaxis.set_major_formatter(FuncFormatter(_power_label))
        ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    if options.get("log_y"):
        ax.set_yscale("log")
        # Powers as plain text: matplotlib's own labels are set by its formula engine, which takes most of the drawing time.
        low, high = ax.get_ylim()
        if math.log10(high / low) < 1.2:  # no power of ten, or one, would be all there is to read
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits=1)))
        else:
            ax.yaxis.set_major_formatter(FuncFormatter(_power_label))
        ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _power_label(value: float, _: int) -> str:
    return power_of_ten(round(math.log10(value))) if value > 0 else ""


def _legend(drawing: Any, handles: Mapping[str, Any], width: float) -> None:
    if len(handles) > 1:
        longest = max(map(len, handles))
        columns = max(1, min(len(handles), int(width * 12 / (longest + 6))))
        drawing.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=columns)
