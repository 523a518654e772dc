"""An axis as a value: what it is called, whether it is logarithmic, and how its ticks are then written."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from measured.evidence import PERCENT, Quantity, as_given, power_of_ten


@dataclass(frozen=True)
class Axis:
    """One side of a panel."""

    title: str
    log: bool = False

    def scale_x(self, ax: Any) -> None:
        """Set the scale and the ticks of x; what is drawn must be there already."""
        if not self.log:
            return
        from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

        ax.set_xscale("log")
        low, high = ax.get_xlim()
        decades = math.log10(high / low)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.2 else (1,), numticks=8))
        ax.xaxis.set_major_formatter(FuncFormatter(_as_number if decades < 5 else _as_power))
        ax.xaxis.set_minor_locator(NullLocator())  # minor ticks are most of the drawing time, and little of what is read

    def scale_y(self, ax: Any) -> None:
        """Set the scale and the ticks of y; what is drawn must be there already."""
        if not self.log:
            return
        from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

        ax.set_yscale("log")
        low, high = ax.get_ylim()
        decades = math.log10(high / low)
        if decades < 2.6:  # powers of ten alone would be two or three numbers to read, or none
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7) if decades < 1.2 else (1, 2, 5)))
            ax.yaxis.set_major_formatter(FuncFormatter(_as_number))
        else:
            ax.yaxis.set_major_formatter(FuncFormatter(_as_power))
        ax.yaxis.set_minor_locator(NullLocator())


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


# Powers as plain text: matplotlib's own labels are set by its formula engine, which takes most of the drawing time.
def _as_power(value: float, _: int) -> str:
    return power_of_ten(round(math.log10(value))) if value > 0 else ""


def _as_number(value: float, _: int) -> str:
    return as_given(value)  # between 2 and 2.3, ticks of one digit would all say 2
