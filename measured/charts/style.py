"""How every chart looks: colours on light and on dark paper, markers, and a matplotlib figure as SVG.

Colours are literal for light paper; a style sheet inside the SVG swaps them where the reader prefers dark.
"""

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

INK, MUTED, GRID, PAPER = "#22252b", "#6a7079", "#e3e5e9", "#ffffff"
COLOURS = ("#2a6fbb", "#d1602b", "#2f8f5b", "#8a56ac", "#a8851a", "#b23a5e")
DARK = {
    INK: "#e4e6ea", MUTED: "#9aa1ab", GRID: "#383d46", PAPER: "#16181d",
    "#2a6fbb": "#6aa7e8", "#d1602b": "#f0905f", "#2f8f5b": "#5fc48d",
    "#8a56ac": "#bf90dd", "#a8851a": "#d9b54a", "#b23a5e": "#e57a99",
}  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDE, NARROW = 7.6, 3.9  # inches; 1 inch is 96 CSS pixels before the browser scales
LAYOUTS = {"wide": WIDE, "narrow": NARROW}
"""Each figure is drawn wide for a desk and narrow for a phone."""
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titley": 1.0,
    "axes.titlelocation": "left", "axes.edgecolor": MUTED, "axes.labelcolor": INK, "text.color": INK, "xtick.color": MUTED,
    "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "xtick.labelsize": 8, "ytick.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.6, "svg.fonttype": "path", "figure.dpi": 96,
}  # fmt: skip


class Look(NamedTuple):
    """How one of several things is told from the others."""

    colour: str
    marker: str


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A colour and a marker for each name, in the order in which the names first come."""
    return {
        name: Look(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)])
        for place, name in enumerate(dict.fromkeys(names))
    }


def on_both_papers(colour: str) -> dict[str, str]:
    """A colour of this module on light and on dark paper."""
    return {"light": colour, "dark": DARK.get(colour, colour)}


GRADIENT = (COLOURS[0], "#9a94a8", COLOURS[1])
"""Blue over grey to orange: readable on light and on dark paper."""


def gradient() -> Any:
    """The colours from low to high."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gradient", list(GRADIENT))


def svg(name: str, draw: "Callable[[], Drawing]") -> str:
    """What ``draw`` draws, as SVG for light and dark paper; equal numbers give equal bytes under one name."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    # Whatever a user's own matplotlibrc says, except for the backend: setting that imports pyplot, which keeps state between
    # threads.
    style: dict[Any, Any] = {
        setting: value for setting, value in matplotlib.rcParamsDefault.items() if setting != "backend"
    } | STYLE
    style["svg.hashsalt"] = name  # so that the ids inside an SVG depend on its name alone
    with matplotlib.rc_context(style):
        file = io.StringIO()
        # Not savefig, which would lay the figure out twice.
        FigureCanvasSVG(draw()).print_svg(file, metadata={"Date": None, "Creator": None})
    return _adapt_to_dark(file.getvalue())


def _adapt_to_dark(drawn: str) -> str:
    swaps = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark} !important}}' for light, dark in DARK.items() for what in ("fill", "stroke")
    )
    # Glyphs carry no fill of their own where the text is black, so ink is also the default.
    style = f"<style>@media (prefers-color-scheme: dark){{svg{{fill:{DARK[INK]}}}{swaps}}}</style>"
    start = drawn.index("<svg")
    head_end = drawn.index(">", start) + 1
    return drawn[start:head_end] + style + drawn[head_end:]


def warm_up() -> None:
    """Load what drawing takes, before there is something to draw."""
    from matplotlib.figure import Figure

    def small() -> Figure:
        figure = Figure(figsize=(1, 1), layout="constrained")
        figure.add_subplot().set_title("A")
        return figure

    svg("warm", small)
