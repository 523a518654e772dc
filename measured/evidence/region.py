"""Effects for which a claim is true, and the one rule that an interval is held against."""

import math
from dataclasses import dataclass, replace
from typing import Literal

Outcome = Literal["supported", "refuted", "inconclusive", "not measured"]
OUTCOMES: tuple[Outcome, ...] = ("supported", "refuted", "inconclusive", "not measured")


@dataclass(frozen=True)
class Region:
    """Effects in which a claim is true: between ``low`` and ``high``, or outside of them."""

    low: float = -math.inf
    high: float = math.inf
    outside: bool = False
    strict: bool = False
    """The bounds do not belong to the region: no difference is not "larger"."""
    origin: float | None = 0.0
    """Where the margin is measured from, so that it can be halved and doubled; None where the bound is no margin, like "more
    than half"."""
    furthest: float = math.inf
    """The largest magnitude that the effect can have, such as 1 for a correlation: a margin is not doubled to there or
    beyond."""

    def scaled(self, factor: float, on_logarithms: bool = False) -> "Region | None":
        """The region with its margin times ``factor``, of the logarithm for a ratio; None where there is no margin to scale."""
        if self.origin is None:
            return None
        origin = self.origin

        def scale(bound: float) -> float:
            if math.isinf(bound) or (on_logarithms and bound <= 0):
                return bound
            return bound**factor if on_logarithms else origin + factor * (bound - origin)

        region = replace(self, low=scale(self.low), high=scale(self.high))
        impossible = any(math.isfinite(bound) and abs(bound) >= region.furthest for bound in (region.low, region.high))
        return None if region == self or impossible else region

    def confidence(self, outcome: Outcome, error: float) -> float:
        """Of the interval by which a wrong ``outcome`` has a chance of at most ``error``.

        An interval errs on two sides. Where only one can lead astray, as towards a set that is open on one side, or that the
        interval must lie between the ends of (two one-sided tests, Schuirmann 1987), each side may err that often.
        """
        is_bounded = math.isfinite(self.low) and math.isfinite(self.high)
        return 1 - error if is_bounded and outcome == ("supported" if self.outside else "refuted") else 1 - 2 * error

    def outcome(self, low: float, high: float) -> Outcome:
        """The one rule: interval inside the region, supported; inside its complement, refuted; else inconclusive."""
        if self.strict:
            within = self.low < low and high < self.high
            beyond = high <= self.low or low >= self.high
        else:
            within = self.low <= low and high <= self.high
            beyond = high < self.low or low > self.high
        if self.outside:
            within, beyond = beyond, within
        return "supported" if within else "refuted" if beyond else "inconclusive"
