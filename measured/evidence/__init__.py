"""What is known and what follows from it: quantities over seeds, claims, and verdicts by one rule."""

from measured.evidence.claim import Claim, Comments, Finding, Kind, Runs, Structure, Verdict
from measured.evidence.correlation import rank_correlation, rank_correlations
from measured.evidence.labels import Words
from measured.evidence.levels import ERROR_RATE, LOOKS, seeds_of_look
from measured.evidence.margin import ANY, Margin, factor
from measured.evidence.metric import NOT_MEASURED, Average, Estimate, Metric, Missing, Plain, Result, Share, Single
from measured.evidence.names import Names, flat
from measured.evidence.number import PERCENT, as_given, duration, measurement, number, power_of_ten, with_unit
from measured.evidence.quantity import Quantity
from measured.evidence.region import OUTCOMES, Outcome, Region
from measured.evidence.seeds import Seeds, at_look, shifted, with_seeds
from measured.evidence.sweep import Sweep
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
    no_exception,
    no_more_often,
    smaller,
    some,
)

__all__ = [
    "ANY", "ERROR_RATE", "LOOKS", "NOT_MEASURED", "OUTCOMES", "PERCENT", "Average", "Bound", "Claim", "Comments",
    "Comparison", "Estimate", "Every", "Finding", "Kind", "Margin", "Metric", "Missing", "Names", "Odds", "Outcome", "Plain",
    "Quantity", "Region", "Result", "Runs", "Seeds", "Share", "Single", "Some", "Structure", "Sweep", "Test", "Verdict",
    "Words", "as_given", "at_least", "at_look", "at_most", "away_from", "different", "duration", "equal", "every", "factor",
    "flat", "larger", "measurement", "no_exception", "no_more_often", "number", "power_of_ten", "rank_correlation",
    "rank_correlations", "seeds_of_look", "shifted", "smaller", "some", "with_seeds", "with_unit",
]  # fmt: skip
