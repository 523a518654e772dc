"""What it would take to decide a test that is open."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from measured.evidence import intervals
from measured.evidence.effects import Effect
from measured.evidence.metric import Metric, Share
from measured.evidence.number import number, with_unit
from measured.evidence.region import Region
from measured.evidence.tests import Odds, Part


@dataclass(frozen=True)
class Forecast:
    """What would decide an open test."""

    text: str = ""
    """The half-width that was reached, and about how many runs would decide it."""
    more_helps: bool = False
    """Whether more of the same can decide it at all."""


def forecast(
    part: Part, effect: Effect, region: Region, low: float, high: float, confidence: float, metrics: Mapping[str, Metric]
) -> Forecast:
    """What would decide a test whose interval reaches over the edge of its region."""
    if isinstance(part, Odds):
        left, right = metrics[part.left], metrics[part.right]
        assert isinstance(left, Share) and isinstance(right, Share)
        return _by_trying(region, (left.successes, left.trials), (right.successes, right.trials), confidence)
    return _by_width(effect, region, low, high)


def _by_trying(region: Region, left: tuple[int, int], right: tuple[int, int], confidence: float) -> Forecast:
    """How many trials of each a decision would take if the shares stayed as they are."""
    for times in (2, 3, 5, 10, 20, 50):
        more_left, more_right = ((count * times, trials * times) for count, trials in (left, right))
        if region.outcome(*intervals.of_odds_ratio(more_left, more_right, confidence)) != "inconclusive":
            needed = number(float(times * max(left[1], right[1])))
            return Forecast(f"about {needed} of each would decide it if the shares stay as they are", True)
    return Forecast("the shares are too much alike for more seeds to decide it")


def _by_width(effect: Effect, region: Region, low: float, high: float) -> Forecast:
    """An interval narrows with the square root of n. So n must grow by the square of what the interval reaches towards a margin
    over the distance to that margin, and for the worst of the margins inside the interval."""
    on_logarithms = effect.on_logarithms
    if math.isinf(low) and math.isinf(high):
        return Forecast(f"too few {effect.of} for an interval", True)
    if math.isinf(low) or math.isinf(high) or math.isinf(effect.value) or (on_logarithms and min(effect.value, low) <= 0):
        return Forecast(f"these {effect.of} bound the effect on one side at most", True)
    scale = math.log if on_logarithms else float
    at, below, above = scale(effect.value), scale(low), scale(high)
    half_width = (above - below) / 2
    reached = (
        f"within a factor of {number(math.exp(half_width))}"
        if on_logarithms
        else f"half-width {with_unit(half_width, effect.unit)}"
    )
    growth = 1.0
    for bound in (region.low, region.high):
        if not math.isfinite(bound) or (on_logarithms and bound <= 0) or not below <= scale(bound) <= above:
            continue
        distance, reach = abs(at - scale(bound)), (above - at if scale(bound) > at else at - below)
        if distance <= 0.1 * reach:
            return Forecast(f"{reached}; it would take more than a hundred times as many {effect.of} to decide it")
        growth = max(growth, (reach / distance) ** 2)
    n = effect.n
    needed = number(float(f"{max(math.ceil(growth * min(n)), *n, min(n) + 1):.2g}"))
    each = " of each" if len(n) > 1 else ""
    return Forecast(f"{reached}; about {needed} {effect.of}{each} would decide it if the effect stays where it is", True)
