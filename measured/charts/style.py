"""How every chart looks: colours on light and on dark paper, markers, and a matplotlib figure as SVG.

Colours are literal for light paper; a style sheet inside the SVG swaps them where the reader prefers dark.
"""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from measured.looks import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

INK, MUTED, GRID, PAPER = "#22252b", "#5c626c", "#e3e5e9", "#ffffff"
DARK = {INK: "#e4e6ea", MUTED: "#a2a9b4", GRID: "#31353d", PAPER: "#16181d"} | {
    on_light: shades.dark for shades in PALETTE.values() for on_light in (shades.light, shades.text)
}
"""Each colour of a drawing on dark paper, by what it is on light paper."""
COLD, WARM = "#2a6fbb", "#d1602b"
"""Ends of the scale of numbers that are drawn as an area."""
WIDE, NARROW = 7.6, 3.4  # inches; 1 inch is 96 CSS pixels before the browser scales
LAYOUTS = {"wide": WIDE, "narrow": NARROW}
"""Each figure is drawn wide for a desk and narrow for a phone."""
HEIGHTS = {WIDE: 3.0, NARROW: 2.7}
"""Inches of a row of panels, by width of the drawing."""
SHOWN = {"wide": 677, "narrow": 326}
"""CSS pixels that each takes where it is smallest: on a screen 737 pixels wide, and on a phone of 360."""
LEGIBLE = 11.0
"""CSS pixels that no letter is smaller than."""
SMALL = 9.0
"""Points of the smallest letters: 12 CSS pixels before the browser scales."""
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9.5, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titley": 1.0,
    "axes.titlelocation": "left", "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.labelsize": SMALL, "text.color": INK,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "xtick.major.size": 3, "ytick.major.size": 0, "ytick.major.pad": 5,
    "axes.linewidth": 0.7, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": GRID, "grid.linewidth": 0.8,
    "axes.axisbelow": True, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False, "legend.fontsize": SMALL, "lines.linewidth": 1.7, "svg.fonttype": "path", "figure.dpi": 96,
}  # fmt: skip


def on_both_papers(colour: str) -> dict[str, str]:
    """A colour of a drawing on light and on dark paper."""
    return {"light": colour, "dark": DARK.get(colour, colour)}


GRADIENT = (COLD, "#9a94a8", WARM)
"""Blue over grey to orange: readable on light and on dark paper."""


def gradient() -> Any:
    """The colours from low to high."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gradient", list(GRADIENT))


def halo() -> list[Any]:
    """A rim of paper around words that stand on something drawn."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.2, foreground=PAPER)]


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
    return _adapt_to_dark(_compact(file.getvalue()))


def _compact(drawn: str) -> str:
    """Without what no eye sees and each reader would load: blanks, and digits beyond a hundredth of a point."""
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r">\s+<", "><", drawn)
    drawn = re.sub(r'(?<=\sd=")[^"]*', lambda path: _rounded(re.sub(r"\s*([A-Za-z])\s*", r"\1", path[0])), drawn)
    # Not scale(), which multiplies glyphs that are thousands of units high.
    return re.sub(r'(?<=\s[xy]=")[^"]*|(?<=translate\()[^)]*', lambda place: _rounded(place[0]), drawn)


def _rounded(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), 2) + 0:.10g}", numbers)


def _adapt_to_dark(drawn: str) -> str:
    swaps = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark} !important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
        if f"{what}: {light}" in drawn
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
