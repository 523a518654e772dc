"""Panels in a grid, each with the room that its labels need.

Matplotlib's constrained layout places panels alike, but measures all ticks of all panels many times for it, which takes more
than half of the time of a drawing. Here the labels are measured as text; no tick is made before the panels stand where they are
drawn.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from measured.charts.text import extent, in_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.font_manager import FontProperties
    from matplotlib.layout_engine import LayoutEngine

PAD = 3.0
"""Points between what belongs to a panel and what does not."""
ROW_GAP = 6.0
"""Points more between rows, so that a title belongs to the panel below it."""
TITLE_GAP = 4.0
"""Points between a panel's title and what its y axis shows, which is written below it."""


class Room(NamedTuple):
    """Points that a panel needs on each side of its frame, and how far from the frame its titles stand."""

    left: float
    right: float
    bottom: float
    top: float
    x_title: float
    y_title: float
    """How far above the frame."""
    panel: float
    """How far above the frame the panel's own title stands."""


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
    titles = [max(rooms[ax].panel for ax, cell in cells.items() if cell[1] == row) for row in range(rows)]
    for ax, (column, row) in cells.items():
        left = column * wide + sum(lefts[: column + 1]) + sum(rights[:column])
        bottom = height - (row + 1) * high - sum(tops[: row + 1]) - sum(bottoms[:row])
        ax.set_position((left / width, bottom / height, wide / width, high / height))
        ax.xaxis.set_label_coords(0.5, -rooms[ax].x_title / high)
        # Titles begin where the numbers of the axis do: above all that belongs to the panel.
        outer = (PAD - lefts[column]) / wide
        ax.yaxis.set_label_coords(outer, 1 + rooms[ax].y_title / high)
        ax.set_title(ax.get_title(loc="left"), loc="left", x=outer, y=1 + titles[row] / high, pad=0)


def _room(ax: "Axes", width: float, height: float) -> Room:
    """What a panel needs around its frame, where that stands now."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    frame = ax.get_position()
    wide, high = frame.width * width, frame.height * height
    font = FontProperties(size=rcParams["xtick.labelsize"])  # of the numbers on both axes
    away = rcParams["xtick.major.size"] + rcParams["xtick.major.pad"]
    xs = [(share * wide, *extent(text, font)) for share, text in _labels(ax.xaxis)]
    ys = [(share * high, *extent(text, font)) for share, text in _labels(ax.yaxis)]
    x_numbers = away + max(tall for _, _, tall, _ in xs) if xs else 0.0
    y_numbers = away + max(long for _, long, _, _ in ys) if ys else 0.0
    x_title = x_numbers + ax.xaxis.labelpad
    bottom = x_numbers + _multiplier(ax.xaxis, font)
    if text := ax.get_xlabel():
        text = in_lines(_unbroken(text), ax.xaxis.label.get_fontproperties(), wide)
        ax.xaxis.label.set_text(text)
        bottom = max(bottom, x_title + extent(text, ax.xaxis.label.get_fontproperties())[1])
    room = wide + y_numbers
    above = rcParams["axes.titlepad"] + _multiplier(ax.yaxis, font)
    y_title = panel = above
    if text := ax.get_ylabel():
        text = in_lines(_unbroken(text), ax.yaxis.label.get_fontproperties(), room)
        ax.yaxis.label.set_text(text)
        panel = above = y_title + extent(text, ax.yaxis.label.get_fontproperties())[1] + TITLE_GAP
    if text := ax.get_title(loc="left"):
        text = in_lines(_unbroken(text), ax.title.get_fontproperties(), room)
        ax.set_title(text, loc="left")
        above = panel + extent(text, ax.title.get_fontproperties())[1]
    return Room(
        left=max([y_numbers, *(long / 2 - at for at, long, _, _ in xs)]),
        right=max([0.0, *(at + long / 2 - wide for at, long, _, _ in xs)]),
        bottom=max([bottom, *(tall / 2 - at for at, _, tall, _ in ys)]),
        top=above,
        x_title=x_title,
        y_title=y_title,
        panel=panel,
    )


def _unbroken(text: str) -> str:
    return text.replace("\n", " ")


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
    return PAD + extent(text, font)[1] if text else 0.0
