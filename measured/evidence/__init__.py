"""What is known and what follows from it: metrics over seeds, claims, and verdicts by one rule."""

from measured.evidence.claim import Claim, Comments, Finding, Verdict
from measured.evidence.metric import NOT_MEASURED, Metric, Result
from measured.evidence.number import PERCENT, duration, measurement, number, power_of_ten, with_unit
from measured.evidence.region import OUTCOMES, Outcome, Region
from measured.evidence.tests import (
    Bound,
    Comparison,
    Every,
    Odds,
    Some,
    Test,
    at_least,
    at_most,
    away_from,
    different,
    equal,
    every,
    larger,
    no_more_often,
    smaller,
    some,
    times_equal,
    times_smaller,
)

__all__ = [
    "NOT_MEASURED", "OUTCOMES", "PERCENT", "Bound", "Claim", "Comments", "Comparison", "Every", "Finding", "Metric", "Odds", "Outcome",
    "Region", "Result", "Some", "Test", "Verdict", "at_least", "at_most", "away_from", "different", "duration", "equal", "every", "larger", "measurement",
    "no_more_often", "number", "power_of_ten", "smaller", "some", "times_equal", "times_smaller", "with_unit",
]  # fmt: skip
