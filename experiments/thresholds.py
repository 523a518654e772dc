"""When, or where, a run got somewhere: what can be said of it where not every run did."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from measured.evidence import Estimate, Metric, Missing, Quantity, Share, Sweep
from measured.evidence.number import unit_of_difference

R = TypeVar("R")


def runs_of_seeds(sweep: Sweep[R]) -> list[dict[float, R]]:
    """The runs of each seed, by the value of what is varied."""
    return [dict(zip(sweep.values, runs, strict=True)) for runs in zip(*sweep.runs.values(), strict=True)]


def first_values(sweep: Sweep[Any], quantity: Quantity, level: float) -> list[float | None]:
    """The smallest value of the knob at which the quantity is ``level`` or more, one per seed; None where it is at none."""
    return [
        min((value for value, run in runs.items() if quantity.of(run) >= level), default=None) for runs in runs_of_seeds(sweep)
    ]


def nowhere(quantity: Quantity) -> Missing:
    """What is known of a quantity at the places of all seeds where one has none."""
    return Missing(unit=quantity.unit, why="not reached in every run", remedy="more updates, or a wider range")


def runs_near(sweep: Sweep[R], places: Sequence[float], factor: float) -> list[R]:
    """Each seed's run at the value nearest to ``factor`` times its place, by their ratio."""
    return [
        runs[min(runs, key=lambda value: max(value / (place * factor), place * factor / value))]
        for place, runs in zip(places, runs_of_seeds(sweep), strict=True)
    ]


def around(sweep: Sweep[Any], places: Sequence[float | None], quantities: Iterable[Quantity]) -> dict[str, dict[str, Metric]]:
    """Quantities at each seed's place, its ``threshold``, and at ``half`` and ``double`` of it."""
    known = [place for place in places if place is not None]
    found: dict[str, list[Any] | None] = {
        role: runs_near(sweep, known, factor) if len(known) == len(places) else None
        for role, factor in (("half", 0.5), ("threshold", 1.0), ("double", 2.0))
    }
    return {
        role: {item.name: item.over(runs) if runs else nowhere(item) for item in quantities} for role, runs in found.items()
    }


def lowest_before(sweep: Sweep[Any], places: Sequence[float | None], quantity: Quantity) -> Metric:
    """The lowest of a quantity below each seed's place, over the seeds."""
    below = [
        [quantity.of(run) for value, run in runs.items() if place is not None and value < place]
        for place, runs in zip(places, runs_of_seeds(sweep), strict=True)
    ]
    return quantity.estimate(map(min, below)) if all(below) else nowhere(quantity)


def gain_per_doubling(sweep: Sweep[Any], quantity: Quantity, first: float, last: float) -> Metric:
    """By how much a quantity rises with each doubling of the knob from one value to another, on average, seed by seed."""
    pairs = zip(sweep[first], sweep[last], strict=True)
    gains = [(quantity.of(after) - quantity.of(before)) / math.log2(last / first) for before, after in pairs]
    return Estimate.over_seeds(gains, unit_of_difference(quantity.unit))


def where_reached(values: Sequence[float | None], unit: str, remedy: str) -> dict[str, Metric]:
    """The ``share`` of runs that got somewhere, and the median ``at`` of the places at which those did."""
    place = Quantity("at", "", unit, "median", read=float, stuck=lambda value: value is None)
    found = place.over(values)
    return {
        "share": Share.over_seeds(value is not None for value in values),
        "at": found if found.is_measured else Missing(unit=unit, why="reached in no run", remedy=remedy),
    }


def times(left: Sequence[float | None], right: Sequence[float | None], remedy: str) -> Metric:
    """How many times as large as ``right`` ``left`` is, seed by seed: the median over those that have both."""
    ratio = Quantity("times", "", "", "median", read=lambda pair: pair[0] / pair[1], stuck=lambda pair: None in pair)
    found = ratio.over(zip(left, right, strict=True))
    return found if found.is_measured else Missing(why="reached in no run", remedy=remedy)
