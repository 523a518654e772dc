"""Spectra: the eigenvalues of several matrices, and their signs under a tolerance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.figure import Figure, Table
from measured.charts.panels import grouped
from measured.charts.style import COLOURS, INK, MUTED, NARROW, WIDE
from measured.evidence import power_of_ten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DECADES = 17
"""Powers of ten that are shown below the largest magnitude; what is smaller than the last stands at zero."""
COLOUR_OF = {"negative": COLOURS[1], "zero": MUTED, "positive": COLOURS[0]}


class Row(NamedTuple):
    """One eigenvalue, in the panel of its group."""

    panel: str
    point: str
    number: int
    eigenvalue: float


class Signs(NamedTuple):
    """How many eigenvalues are below, within and above a tolerance."""

    negative: int
    zero: int
    positive: int

    @classmethod
    def of(cls, eigenvalues: Sequence[float], tolerance: float) -> "Signs":
        """Zero is what is within ``tolerance`` times the largest magnitude."""
        bound = tolerance * max(map(abs, eigenvalues))
        positive, negative = (sum(sign * value > bound for value in eigenvalues) for sign in (1, -1))
        return cls(negative, len(eigenvalues) - positive - negative, positive)

    @property
    def name(self) -> str:
        """What second derivatives of these signs make of a point without slope."""
        if self.negative and self.positive:
            return "saddle"
        if self.zero:
            return "undecided"
        return "minimum" if self.positive else "maximum"


@dataclass(frozen=True)
class Spectrum(Figure):
    """A line of ticks for each matrix, over its largest magnitude, on an axis that is logarithmic on both sides of zero."""

    tolerance: float
    """Share of the largest magnitude within which an eigenvalue counts as zero."""

    shape: ClassVar[str] = "spectrum"

    def draw(self, width: float) -> "Drawing":
        from matplotlib.figure import Figure as Drawing

        groups = grouped((Row(*row) for row in self.table.rows), "point")
        heights = [0.62 + 0.24 * len(points) for points in groups.values()]
        drawing = Drawing(figsize=(width, sum(heights) + 0.75), layout="constrained")
        axes = drawing.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        every = 4 if width >= WIDE else 8
        powers = range(-(DECADES // every) * every, 1, every)
        for ax, (group, points) in zip(axes, groups.items(), strict=True):
            self._draw_group(ax, points, "narrow" if width <= NARROW else "wide")
            ax.set_title(group)
        axes[-1].set_xticks(
            [*(-_place(10.0**power) for power in powers[::-1]), 0, *(_place(10.0**power) for power in powers)],
            [*(f"−{power_of_ten(power)}" for power in powers[::-1]), "0", *map(power_of_ten, powers)],
        )
        axes[-1].set_xlabel("eigenvalue over the largest magnitude")
        return drawing

    def _draw_group(self, ax: Any, points: Mapping[str, Sequence[Row]], layout: str) -> None:
        edge = _place(self.tolerance)
        ax.axvspan(-edge, edge, color=MUTED, alpha=0.16, linewidth=0, zorder=1)
        for line, found in enumerate(points.values()):
            values = [row.eigenvalue for row in found]
            largest, signs = max(map(abs, values)) or 1.0, Signs.of(values, self.tolerance)
            for sign, colour in COLOUR_OF.items():
                at = [_place(value / largest) for value in values if _sign(value, self.tolerance * largest) == sign]
                ax.plot(at, [line] * len(at), "|", color=colour, markersize=9, markeredgewidth=1.2, zorder=3)
            text = f"−{signs.negative}  0:{signs.zero}  +{signs.positive}"
            text = f"{text}\n{signs.name}" if layout == "narrow" else f"{text}  {signs.name}"
            ax.text(1.01, line, text, transform=ax.get_yaxis_transform(), fontsize=8, va="center", color=INK)
        ax.set(xlim=(-DECADES - 0.5, DECADES + 0.5), ylim=(len(points) - 0.4, -0.6))
        ax.set_yticks(range(len(points)), list(points))
        ax.tick_params(axis="y", length=0)
        ax.grid(False)


def _place(share: float) -> float:
    """Where a share of the largest magnitude stands: decades above the smallest that is shown, with its sign."""
    if abs(share) <= 10.0**-DECADES:
        return 0.0
    return math.copysign(DECADES + math.log10(abs(share)), share)


def _sign(value: float, bound: float) -> str:
    return "positive" if value > bound else "negative" if value < -bound else "zero"


def spectrum(groups: Mapping[str, Mapping[str, Sequence[float]]], *, tolerance: float, alt: str, caption: str = "") -> Spectrum:
    """The eigenvalues of named matrices in groups, and their signs where zero is what is within ``tolerance`` times the largest
    magnitude of a matrix.

    A reader with scripts drags the tolerance; the drawing has the one that is given.
    """
    rows = [
        Row(group, point, number, float(value))
        for group, points in groups.items()
        for point, values in points.items()
        for number, value in enumerate(values)
    ]
    if not rows:
        raise ValueError("a spectrum needs at least one eigenvalue")
    if not 0 <= tolerance < 1:
        raise ValueError(f"the tolerance is {tolerance}; expected a share of the largest magnitude, from 0 to below 1")
    table = Table(("group", "point", "number", "eigenvalue"), tuple(rows))
    return Spectrum(table, caption, alt, float(tolerance))
