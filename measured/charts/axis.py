"""An axis as a value: what it is called, whether it is logarithmic, and how its ticks are then written."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measured.charts.text import extent
from measured.evidence import PERCENT, Quantity, as_given, power_of_ten

GAP = 11.0
"""Points between the numbers at an axis."""


@dataclass(frozen=True)
class Axis:
    """One side of a panel."""

    title: str
    """Without one, the places along the axis mean nothing, and have no numbers."""
    log: bool = False

    def scale_x(self, ax: Any, room: float = 240.0) -> None:
        """Set the scale and the ticks of x on ``room`` points; what is drawn must be there already."""
        if not self.title:
            left, right = ax.get_xlim()
            ax.set_xlim(left - 0.1 * (right - left), right + 0.1 * (right - left))
            ax.set_xticks([])
            return
        if self.log:
            ax.set_xscale("log")
        _mark(
            ax.xaxis,
            ax.get_xlim(),
            self.log,
            lambda texts: _fit_in_a_line(texts, room),
            max(3, min(6, int(room / 28)), int(room / 45)),
        )

    def scale_y(self, ax: Any, room: float = 140.0) -> None:
        """Set the scale and the ticks of y on ``room`` points; what is drawn must be there already."""
        if self.log:
            ax.set_yscale("log")
        most = max(3, int(room / 22))
        _mark(ax.yaxis, ax.get_ylim(), self.log, lambda texts: len(texts) <= most, min(most, 6))


Title = str | Axis | Quantity
"""An axis as a chapter writes it; text alone is the title of a linear one, and a quantity knows its own."""


def of_panels(given: Title | Mapping[str, Title], panels: Iterable[str]) -> dict[str, Axis]:
    """An axis for each panel, from one for all of them or one by panel. Raises ValueError where a panel has none."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(panels, _axis(given))
    for panel in panels:
        if panel not in given:
            raise ValueError(f"panel {panel!r} has no axis; there are axes for {', '.join(map(repr, given)) or 'none'}")
    return {panel: _axis(given[panel]) for panel in panels}


def scales(given: Title | Mapping[str, Title], panels: Iterable[str]) -> dict[str, float]:
    """By what the numbers of each panel are multiplied: 100 where a quantity is a share, which its axis shows in per cent."""
    titles = given if isinstance(given, Mapping) else dict.fromkeys(panels, given)
    return {name: on_axis(1.0, title.unit if isinstance(title, Quantity) else "") for name, title in titles.items()}


def linear(given: Title) -> Axis:
    """A linear axis, for a shape whose scales are fixed. Raises ValueError for a logarithmic one."""
    axis = _axis(given)
    if axis.log:
        raise ValueError(f"axis {axis.title!r} is logarithmic; this shape has linear axes alone")
    return axis


def _axis(given: Title) -> Axis:
    if isinstance(given, Quantity):
        return Axis(given.axis_title, given.log)
    return Axis(given) if isinstance(given, str) else given


def heading(axes: Mapping[str, Axis], otherwise: str) -> str:
    """What a table calls the column of an axis: its title, or ``otherwise`` where the panels differ."""
    titles = {axis.title for axis in axes.values()}
    return titles.pop() if len(titles) == 1 else otherwise


def on_axis(value: float, unit: str) -> float:
    """A value of that unit as an axis shows it: shares and their differences in per cent."""
    return value * 100 if unit in PERCENT else value


def bounds_on_axis(low: float | None, high: float | None, unit: str) -> tuple[float | None, float | None]:
    """The ends of an interval as an axis shows them; None where there is no interval."""
    return None if low is None else on_axis(low, unit), None if high is None else on_axis(high, unit)


def _mark(axis: Any, limits: tuple[float, float], log: bool, fits: Callable[[list[str]], bool], most: int) -> None:
    """Ticks at round numbers, few enough to read; none of the small ones, which are most of the drawing time."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = sorted(limits)
    candidates = list(_logarithmic(low, high) if log else _linear(low, high, most))
    written = [(ticks, texts) for ticks in candidates if (texts := _texts(ticks)) and len(set(texts)) == len(ticks) > 1]
    ticks, texts = next((item for item in written if fits(item[1])), written[-1] if written else ([], []))
    if not ticks:  # numbers too far from zero to be told apart are for matplotlib, which takes out what they have in common
        return
    by_tick = dict(zip(ticks, texts, strict=True))
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: by_tick.get(value, "")))
    axis.set_minor_locator(NullLocator())


def _linear(low: float, high: float, most: int) -> Iterable[list[float]]:
    """Ticks at equal distances, from many to few."""
    from matplotlib.ticker import MaxNLocator

    for number in range(most, 1, -1):
        locator = MaxNLocator(number, steps=[1, 2, 2.5, 5, 10])
        yield [at for at in map(float, locator.tick_values(low, high)) if low - 1e-9 <= at <= high + 1e-9]


def _logarithmic(low: float, high: float) -> Iterable[list[float]]:
    """Ticks at powers of ten and, where those are few, at round numbers between them; from many to few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    within = [power for power in range(first, last + 1) if low <= 10.0**power <= high]

    def at(multiples: Sequence[float]) -> list[float]:
        found = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in multiples]
        return [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]

    if len(within) < 2 or math.log10(high / low) < 2.6:
        yield from (found for factors in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)) if 2 < len(found := at(factors)) <= 7)
    if len(within) > 2:
        for step in range(1, len(within)):
            yield [float(f"1e{power}") for power in within if power % step == 0]
    else:  # little more than a decade, or a part of one
        yield from _linear(low, high, 5)
        yield from (at(factors) for factors in ((1, 3), (1, 2, 5)))


def _fit_in_a_line(texts: Sequence[str], room: float) -> bool:
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=rcParams["xtick.labelsize"])
    return sum(extent(text, font)[0] for text in texts) + GAP * len(texts) <= room


# Powers as plain text: matplotlib's own labels are set by its formula engine, which takes most of the drawing time.
def _texts(ticks: Sequence[float]) -> list[str]:
    """The numbers at ticks, all with the same decimals, or all as powers of ten; empty where neither says them shortly."""
    if len(ticks) < 2:
        return []
    largest = max(map(abs, ticks))
    powers = [math.log10(tick) if tick > 0 else 0.5 for tick in ticks]
    are_powers = all(math.isclose(power, round(power), abs_tol=1e-9) for power in powers)
    if are_powers and (len(ticks) > 4 or max(powers) > 6 or min(powers) < -4):
        return [power_of_ten(round(power)) for power in powers]
    if all(tick > 0 for tick in ticks) and max(ticks) / min(ticks) >= 10:
        return [as_given(tick) if tick < 1e-4 or tick >= 1e7 else f"{tick:,.{_decimals([tick])}f}" for tick in ticks]
    decimals = _decimals(ticks)
    return [f"{tick:,.{decimals}f}".replace("-", "−") for tick in ticks] if decimals <= 5 and largest < 1e7 else []


def _decimals(numbers: Iterable[float]) -> int:
    """How many decimals it takes to write all of them as they are."""
    numbers = list(numbers)
    scale = max(map(abs, numbers), default=1.0) or 1.0
    return next((many for many in range(9) if all(abs(round(item, many) - item) < 1e-6 * scale for item in numbers)), 9)
