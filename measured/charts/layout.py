"""Panels in a grid, each with the room that its labels need.

Matplotlib's constrained layout places panels alike, but measures all ticks of all panels many times for it, which takes more
than half of the time of a drawing. Here the labels are measured as text; no tick is made before the panels stand where they are
drawn.
"""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.font_manager import FontProperties
    from matplotlib.layout_engine import LayoutEngine

PAD = 3.0
"""Points between what belongs to a panel and what does not."""
ROW_GAP = 6.0
"""Points more between rows, so that a title belongs to the panel below it."""
LINE_SPACING, DESCENT = 1.2, 0.24
"""Of DejaVu Sans, in font sizes: from line to line, and what of a line is below the line of writing."""


class Room(NamedTuple):
    """Points that a panel needs on each side of its frame, and how far from the frame the titles of its axes stand."""

    left: float
    right: float
    bottom: float
    top: float
    x_title: float
    y_title: float


def grid() -> "LayoutEngine":
    """Frames of one size, in columns and rows as far apart as what stands between them needs; the legend below."""
    from matplotlib.layout_engine import LayoutEngine

    class Grid(LayoutEngine):
        _adjust_compatible = _colorbar_gridspec = False  # nobody may adjust what is placed here, and there are no colour bars

        def execute(self, fig: "Drawing") -> None:
            width, height = (72 * inches for inches in fig.get_size_inches())
            legends = sum(legend.get_window_extent().height / fig.dpi * 72 + 2 * PAD for legend in fig.legends)
            for _ in range(2):  # how many ticks there are depends on the room that there is for them
                _place({ax: _room(ax, width, height) for ax in fig.axes}, width, height, legends)

    return Grid()


def _place(rooms: "dict[Axes, Room]", width: float, height: float, below: float) -> None:
    """Give the frames their places on a drawing of ``width`` and ``height``, above what stands ``below`` all of them."""
    cells = {ax: (spec.colspan.start, spec.rowspan.start) for ax in rooms if (spec := ax.get_subplotspec())}
    columns, rows = (1 + max(cell[side] for cell in cells.values()) for side in (0, 1))

    def most(side: str, direction: int, number: int) -> float:
        return PAD + max(getattr(rooms[ax], side) for ax, cell in cells.items() if cell[direction] == number)

    lefts, rights = ([most(side, 0, column) for column in range(columns)] for side in ("left", "right"))
    tops, bottoms = ([most(side, 1, row) for row in range(rows)] for side in ("top", "bottom"))
    tops = [top + (ROW_GAP if row else 0.0) for row, top in enumerate(tops)]
    wide = max((width - sum(lefts) - sum(rights)) / columns, 1.0)
    high = max((height - below - sum(tops) - sum(bottoms)) / rows, 1.0)
    for ax, (column, row) in cells.items():
        left = column * wide + sum(lefts[: column + 1]) + sum(rights[:column])
        bottom = height - (row + 1) * high - sum(tops[: row + 1]) - sum(bottoms[:row])
        ax.set_position((left / width, bottom / height, wide / width, high / height))
        ax.xaxis.set_label_coords(0.5, -rooms[ax].x_title / high)
        ax.yaxis.set_label_coords(-rooms[ax].y_title / wide, 0.5)


def _room(ax: "Axes", width: float, height: float) -> Room:
    """What a panel needs around its frame, where that stands now."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    frame = ax.get_position()
    wide, high = frame.width * width, frame.height * height
    font = FontProperties(size=rcParams["xtick.labelsize"])  # of the numbers on both axes
    away = rcParams["xtick.major.size"] + rcParams["xtick.major.pad"]
    xs = [(share * wide, *_extent(text, font)) for share, text in _labels(ax.xaxis)]
    ys = [(share * high, *_extent(text, font)) for share, text in _labels(ax.yaxis)]
    x_numbers = away + max(tall for _, _, tall, _ in xs) if xs else 0.0
    y_numbers = away + max(long for _, long, _, _ in ys) if ys else 0.0
    x_title, y_title = x_numbers + ax.xaxis.labelpad, y_numbers + ax.yaxis.labelpad
    left, bottom = y_numbers, x_numbers + _multiplier(ax.xaxis, font)
    if text := ax.get_ylabel():
        left = y_title + _extent(text, ax.yaxis.label.get_fontproperties())[1]
    if text := ax.get_xlabel():
        bottom = max(bottom, x_title + _extent(text, ax.xaxis.label.get_fontproperties())[1])
    panel = ax.get_title(loc="left")
    raised = _multiplier(ax.yaxis, font)
    if raised:
        ax.set_title(panel, y=1 + raised / high)
    _, tall, below = _extent(panel, ax.title.get_fontproperties())
    return Room(
        left=max([left, *(long / 2 - at for at, long, _, _ in xs)]),
        right=max([0.0, *(at + long / 2 - wide for at, long, _, _ in xs)]),
        bottom=max([bottom, *(tall / 2 - at for at, _, tall, _ in ys)]),
        top=raised + rcParams["axes.titlepad"] + tall - below,
        x_title=x_title,
        y_title=y_title,
    )


def _labels(axis: Any) -> Iterable[tuple[float, str]]:
    """What stands at the ticks in view, with their place as a share of the axis."""
    at = axis.get_majorticklocs()
    texts = axis.get_major_formatter().format_ticks(at)
    low, high = axis.get_transform().transform(axis.get_view_interval())
    shares = (axis.get_transform().transform(at) - low) / (high - low)
    return [(share, text) for share, text in zip(shares, texts, strict=True) if text and -1e-6 <= share <= 1 + 1e-6]


def _multiplier(axis: Any, font: "FontProperties") -> float:
    """Height of the power of ten at the end of an axis by which all its numbers are to be multiplied, where there is one."""
    text = axis.get_major_formatter().get_offset()
    return PAD + _extent(text, font)[1] if text else 0.0


@cache
def _extent(text: str, font: "FontProperties") -> tuple[float, float, float]:
    """Points of width, of height, and of that below the line of writing; as matplotlib sets lines of text in an SVG."""
    from matplotlib.cbook import is_math_text
    from matplotlib.textpath import TextToPath

    measure, size, lines = TextToPath().get_text_width_height_descent, font.get_size_in_points(), text.split("\n")
    widths, heights, depths = zip(*(measure(line, font, is_math_text(line)) for line in lines), strict=True)
    spacing = LINE_SPACING if len(lines) > 1 else 1.0
    height = sum(max(size * spacing, tall) for tall in heights)
    return max(widths), height, max(DESCENT * size, depths[-1])
