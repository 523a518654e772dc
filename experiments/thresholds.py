"""When, or where, a run got somewhere: what can be said of it where not every run did."""

from collections.abc import Sequence
from typing import Any

from measured.evidence import Estimate, Metric, Missing, Quantity, Share, Sweep


def first_values(sweep: Sweep[Any], quantity: Quantity, level: float) -> list[float | None]:
    """The smallest value of the knob at which the quantity is ``level`` or more, one per seed; None where it is at none."""
    of_seeds = [dict(zip(sweep.values, runs, strict=True)) for runs in zip(*sweep.runs.values(), strict=True)]
    return [min((value for value, run in runs.items() if quantity.of(run) >= level), default=None) for runs in of_seeds]


def where_reached(values: Sequence[float | None], unit: str, remedy: str) -> dict[str, Metric]:
    """The ``share`` of runs that got somewhere, and the geometric mean of the places ``at`` which they did.

    It is averaged only where all runs got there: those that did not would have had the largest values, which nobody knows.
    """
    found = [value for value in values if value is not None]
    return {
        "share": Share.over_seeds(value is not None for value in values),
        "at": Estimate.over_seeds(found, unit, "geometric mean")
        if len(found) == len(values)
        else Missing(unit=unit, why="not reached in every run", remedy=remedy),
    }


def times(left: Metric, right: Metric) -> Metric:
    """How many times as large as ``right`` ``left`` is, seed by seed; no number where either has none."""
    missing = next((side for side in (left, right) if isinstance(side, Missing)), None)
    if missing:
        return Missing(why=missing.why, remedy=missing.remedy)
    return Estimate.over_seeds([a / b for a, b in zip(left.values, right.values, strict=True)], average="geometric mean")
