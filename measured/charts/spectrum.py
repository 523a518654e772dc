"""Spectra: the eigenvalues of several matrices, and their signs under a tolerance."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from measured.charts.figure import Figure, Table
from measured.charts.panels import grouped
from measured.charts.style import INK, MUTED, NARROW, SMALL, on_both_papers
from measured.evidence import power_of_ten
from measured.looks import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DIGITS = 6
"""Of an eigenvalue in the table."""
DECADES = 17
"""Powers of ten that are shown below the largest magnitude; what is smaller than the last stands at zero."""
WORDS = {name: name for name in ("minimum", "maximum", "saddle", "undecided")}
"""What a point without slope can be by the signs of its second derivatives."""
COLOUR_OF = {"negative": PALETTE["rose"].light, "zero": MUTED, "positive": PALETTE["green"].light}


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
            return WORDS["saddle"]
        if self.zero:
            return WORDS["undecided"]
        return WORDS["minimum" if self.positive else "maximum"]


@dataclass(frozen=True)
class Spectrum(Figure):
    """A line of ticks for each matrix, over its largest magnitude, on an axis that is logarithmic on both sides of zero."""

    tolerance: float
    """Share of the largest magnitude within which an eigenvalue counts as zero."""

    shape: ClassVar[str] = "spectrum"
    fields: ClassVar[tuple[str, ...]] = Row._fields
    explorer: ClassVar[str] = "spectrum"

    def explorer_options(self) -> dict[str, Any]:
        return {
            "tolerance": self.tolerance,
            "decades": DECADES,
            "words": WORDS,
            "colours": [(sign, on_both_papers(colour)) for sign, colour in COLOUR_OF.items()],
        }

    def draw(self, width: float) -> "Drawing":
        from matplotlib.figure import Figure as Drawing

        groups = grouped((Row(*row) for row in self.table.rows), "point")
        narrow = width <= NARROW
        per_point, across = (0.36, 24) if narrow else (0.25, 80)
        titles = {group: textwrap.fill(group, across) for group in groups}
        heights = [0.55 + 0.17 * titles[group].count("\n") + per_point * len(points) for group, points in groups.items()]
        drawing = Drawing(figsize=(width, sum(heights) + 0.6), layout="constrained")
        axes = drawing.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for ax, (group, points) in zip(axes, groups.items(), strict=True):
            self._draw_group(ax, points, narrow)
            ax.set_title(titles[group], pad=18)
        powers = range(0, 2 - DECADES, -16 if narrow else -4)
        ticks = {sign * _place(10.0**power): ("−" if sign < 0 else "") + _power(power) for power in powers for sign in (1, -1)}
        axes[-1].set_xticks([*ticks, 0.0], [*ticks.values(), "0"])
        axes[-1].set_xlabel("eigenvalue over the largest magnitude")
        return drawing

    def _draw_group(self, ax: Any, points: Mapping[str, Sequence[Row]], narrow: bool) -> None:
        edge = _place(self.tolerance)
        ax.axvspan(-edge, edge, color=MUTED, alpha=0.16, linewidth=0, zorder=1)
        ticks: dict[str, list[tuple[float, float]]] = {sign: [] for sign in COLOUR_OF}
        for line, found in enumerate(points.values()):
            values = [row.eigenvalue for row in found]
            largest, signs = max(map(abs, values)) or 1.0, Signs.of(values, self.tolerance)
            for value in values:
                at = _place(value / largest)
                ticks[_sign(value, self.tolerance * largest)] += [(at, line - 0.3), (at, line + 0.3), (at, math.nan)]
            counts = dict(zip(COLOUR_OF, signs, strict=True))
            for place, (sign, count) in enumerate(counts.items(), start=1):
                self._write(ax, str(count), line, 21 * place, COLOUR_OF[sign] if count else MUTED, "right", 5 if narrow else 0)
            at, below = (0, -5) if narrow else (70, 0)
            self._write(ax, signs.name, line, at + 7 * narrow, INK, "left", below)
        for sign, segments in ticks.items():
            if segments:  # as one line: as many markers take ten times the space
                ax.plot(*zip(*segments, strict=True), color=COLOUR_OF[sign], linewidth=1.2, zorder=3)
        for place, (sign, text) in enumerate(zip(COLOUR_OF, "−0+", strict=True), start=1):
            where = {"xycoords": "axes fraction", "xytext": (21 * place, 4), "textcoords": "offset points"}
            ax.annotate(text, (1, 1), **where, ha="right", color=COLOUR_OF[sign], weight="bold", fontsize=SMALL)
        ax.set(xlim=(-DECADES - 0.5, DECADES + 0.5), ylim=(len(points) - 0.4, -0.6))
        ax.set_yticks(range(len(points)), list(points))
        ax.tick_params(axis="y", length=0)
        ax.grid(False)

    def _write(self, ax: Any, text: str, line: int, right: float, colour: str, align: str, up: float) -> None:
        where = {"xycoords": ("axes fraction", "data"), "xytext": (right, up), "textcoords": "offset points"}
        ax.annotate(text, (1, line), **where, ha=align, va="center", color=colour, fontsize=SMALL)


def _power(power: int) -> str:
    return "1" if power == 0 else power_of_ten(power)


def _place(share: float) -> float:
    """Where a share of the largest magnitude stands: decades above the smallest that is shown, with its sign."""
    if abs(share) <= 10.0**-DECADES:
        return 0.0
    return math.copysign(DECADES + math.log10(abs(share)), share)


def _sign(value: float, bound: float) -> str:
    return "positive" if value > bound else "negative" if value < -bound else "zero"


def spectrum(groups: Mapping[str, Mapping[str, Sequence[float]]], *, tolerance: float, alt: str, caption: str = "") -> Spectrum:
    """The eigenvalues of named matrices in groups, and their signs where zero is what is within ``tolerance`` times the largest
    magnitude of a matrix. Eigenvalues are rounded to six digits.

    A reader with scripts drags the tolerance; the drawing has the one that is given.
    """
    rows = [
        Row(group, point, number, float(f"{value:.{DIGITS}g}"))
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
