"""Summaries over seeds and their intervals, by SciPy. Every function takes one number per seed.

What nearly every chapter needs comes from the quantiles in ``scipy.special``: importing ``scipy.stats`` takes longer than all
else that an edited caption costs. The tests hold each of these intervals against ``scipy.stats``.
"""

import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence

Interval = tuple[float | None, float | None]


def summarise(values: Sequence[float], summary: str) -> float:
    """Mean, geometric mean or median of ``values``."""
    if not values:
        raise ValueError("no values to summarise; a metric over seeds needs at least one seed")
    if summary == "median":
        return statistics.median(values)
    if summary == "geometric mean":
        return math.exp(statistics.fmean(logarithms(values)))
    return statistics.fmean(values)


def from_logarithm(bound: float) -> float:
    """The bound of which this is the natural logarithm; infinite beyond the largest number that there is."""
    try:
        return math.exp(bound)
    except OverflowError:
        return math.inf


def of_summary(values: Sequence[float], summary: str, confidence: float = 0.95) -> Interval:
    """Interval of the summary; (None, None) for a single seed."""
    if len(values) < 2:
        return None, None
    if summary == "median":
        return of_median(values, confidence)
    if summary == "geometric mean":
        low, high = of_mean(logarithms(values), confidence)
        return from_logarithm(low), from_logarithm(high)
    return of_mean(values, confidence)


def of_mean(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student's t interval (as ``scipy.stats.ttest_1samp``, which warns where all values are alike)."""
    n, mean = len(values), statistics.fmean(values)
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
    return _around(mean, error, n - 1, confidence)


def _around(middle: float, error: float, degrees: float, confidence: float) -> tuple[float, float]:
    """The interval of an estimate with this standard error, by the quantile of Student's t."""
    from scipy.special import stdtrit

    reach = float(stdtrit(degrees, (1 + confidence) / 2)) * error if error else 0.0
    return middle - reach, middle + reach


def of_median(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Exact, distribution-free interval from order statistics (as ``scipy.stats.quantile_test``), unbounded where n is too
    small."""
    from scipy.special import bdtr

    ordered, n = sorted(values), len(values)
    # Of n values each is below the median with probability one half: how many are is binomial.
    at_most = [float(bdtr(count, n, 0.5)) for count in range(n + 1)]
    tail = (1 - confidence) / 2
    below = bisect_left(at_most, tail) - 1
    above = next(count for count, share in enumerate(at_most) if 1 - share <= tail)
    return (ordered[below] if below >= 0 else -math.inf), (ordered[above] if above < n else math.inf)


def of_share(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval (Clopper and Pearson, as ``scipy.stats.binomtest``); everything where nothing was tried."""
    from scipy.special import betaincinv

    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def of_difference(left: Sequence[float], right: Sequence[float], confidence: float) -> tuple[float, float]:
    """Welch's t interval of the difference of two means (as ``scipy.stats.ttest_ind``)."""
    parts = [statistics.variance(side) / len(side) for side in (left, right)]
    error = math.sqrt(sum(parts))
    weights = sum(part**2 / (len(side) - 1) for part, side in zip(parts, (left, right), strict=True))
    degrees = sum(parts) ** 2 / weights if weights else math.inf
    return _around(statistics.fmean(left) - statistics.fmean(right), error, degrees, confidence)


def of_shift(left: Sequence[float], right: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Hodges-Lehmann estimate of how far ``left`` lies above ``right``, the median of all pairwise differences, with its
    interval.

    The interval holds the shifts that the exact Mann-Whitney test (``scipy.stats.mannwhitneyu``) does not reject; it is exact
    where the two distributions differ by a shift alone, and unbounded where there are too few values.
    """
    from scipy.stats import mannwhitneyu

    differences = sorted(a - b for a in left for b in right)

    def is_rejected(place: int) -> bool:
        """Whether the test rejects the shifts between the difference at ``place`` and the one before it."""
        above = differences[place]
        shift = (differences[place - 1] + above) / 2 if place else above - 1.0
        return bool(mannwhitneyu([a - shift for a in left], right, method="exact").pvalue <= 1 - confidence)

    # The p-value rises up to the middle, so that the first shift that is kept is found by halving.
    place = bisect_left(range(len(differences) // 2), True, key=lambda at: not is_rejected(at))
    low, high = (differences[place - 1], differences[-place]) if place else (-math.inf, math.inf)
    return statistics.median(differences), low, high


def of_odds_ratio(left: tuple[int, int], right: tuple[int, int], confidence: float) -> tuple[float, float, float]:
    """Conditional odds ratio with its exact interval; each side is (successes, trials). 1 and unbounded where nothing
    varies."""
    from scipy.stats.contingency import odds_ratio

    if left[0] + right[0] in (0, left[1] + right[1]):
        return 1.0, 0.0, math.inf
    result = odds_ratio([[count, total - count] for count, total in (left, right)])
    interval = result.confidence_interval(confidence)
    return float(result.statistic), float(interval.low), float(interval.high)


def logarithms(values: Sequence[float]) -> list[float]:
    """Natural logarithms. Raises ValueError where a value is not positive."""
    if min(values) <= 0:
        raise ValueError(f"a ratio or a geometric mean needs positive values, got {min(values)}")
    return [math.log(value) for value in values]
