"""Names written beside what they name, where there is room: nearer than a legend, and read without looking up.

A panel is divided into small cells. A name may stand where its box covers nothing that is drawn, near to its own line or dots,
and farther from all others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from measured.charts.text import extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

CELL = 2.0
"""Points."""
CLEAR = 4.0
"""Points that a name keeps free around it."""
DISTANCES = ((6.0, 18.0), (8.0, 18.0), (6.0, 10.0), (6.0, 6.0))
"""How near its own line is at most, and another's at least, in points: what is tried, in turn."""
MOST = 6
"""More names than that are for a legend."""


@dataclass(frozen=True)
class Trace:
    """What a name stands for in a panel, in the numbers of its axes."""

    xs: Sequence[float]
    ys: Sequence[float]
    joined: bool = True
    """Whether there is a line from point to point."""
    bars: Sequence[tuple[float, float, float]] = ()
    """x, low and high of what stands upright through points."""


def place(ax: "Axes", traces: Mapping[str, Trace], obstacles: Mapping[str, Trace], font: "FontProperties") -> dict[str, Any]:
    """Where in the panel each name can stand: left and bottom in points from the frame's own. Names without a place are left
    out, and are not written over ``obstacles`` either."""
    import numpy as np

    box = ax.get_window_extent()
    scale = 72 / ax.figure.dpi  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    wide, high = box.width * scale, box.height * scale
    shape = (math.ceil(high / CELL), math.ceil(wide / CELL))

    def cells(trace: Trace) -> Any:
        found = np.zeros(shape, dtype=bool)
        points = [np.column_stack([trace.xs, trace.ys])]
        points += [np.array([(x, low), (x, high)]) for x, low, high in trace.bars]
        for number, ends in enumerate(points):
            with np.errstate(all="ignore"):
                at = (ax.transData.transform(ends) - (box.x0, box.y0)) * scale / CELL
            at = np.clip(at[np.isfinite(at).all(axis=1)], -1e4, 1e4)
            if len(at) > 1 and (number or trace.joined):
                steps = np.maximum(1, np.ceil(np.abs(np.diff(at, axis=0)).max(axis=1))).astype(int)
                steps = np.minimum(steps, 2 * max(shape))
                parts = [np.linspace(a, b, many, endpoint=False) for a, b, many in zip(at[:-1], at[1:], steps, strict=True)]
                at = np.concatenate([*parts, at[-1:]])
            columns, rows = np.floor(at).astype(int).T
            inside = (0 <= columns) & (columns < shape[1]) & (0 <= rows) & (rows < shape[0])
            found[rows[inside], columns[inside]] = True
        return found

    drawn = {name: cells(trace) for name, trace in traces.items()}
    blocked = np.zeros(shape, dtype=bool)
    for found in (*drawn.values(), *(cells(trace) for name, trace in obstacles.items() if name not in traces)):
        blocked |= found
    written = np.zeros(shape, dtype=bool)
    places: dict[str, tuple[float, float]] = {}
    # The widest first, as they find a place in the fewest spots; what is left is easier to place around them.
    for name in sorted(traces, key=lambda name: (-extent(name, font)[0], name)):
        others = written.copy()
        for other, found in drawn.items():
            if other != name:
                others |= found
        spot = _spot(drawn[name], others, blocked | written, *extent(name, font)[:2])
        if spot:
            row, column, tall, long = spot
            written[row : row + tall, column : column + long] = True
            places[name] = (column * CELL, row * CELL)
    return {name: places[name] for name in traces if name in places}


def _spot(own: Any, others: Any, blocked: Any, long: float, tall: float) -> tuple[int, int, int, int] | None:
    """The lowest row and the first column of the best box of that size, and its size in cells; None where there is none."""
    import numpy as np

    columns, rows = math.ceil(long / CELL), math.ceil(tall / CELL)
    if rows > own.shape[0] or columns > own.shape[1] or not own.any():
        return None

    def count(cells: Any, around: float) -> Any:
        """How many of the cells are within ``around`` points of each box."""
        more = round(around / CELL)
        padded = np.pad(cells, more)
        sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        down, across = rows + 2 * more, columns + 2 * more
        return sums[down:, across:] - sums[:-down, across:] - sums[down:, :-across] + sums[:-down, :-across]

    free = count(blocked, CLEAR) == 0
    for near, apart in DISTANCES:
        good = free & (count(own, near) > 0) & (count(others, apart) == 0)
        if good.any():
            spots, along = np.argwhere(good), np.minimum(count(own, near)[good], columns)
            # To the right, where lines end and have parted, and along the own line.
            row, column = spots[(spots[:, 1] + along).argmax()].tolist()
            return row, column, rows, columns
    return None
