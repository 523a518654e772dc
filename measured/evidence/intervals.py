"""Summaries over seeds and their intervals, by SciPy. Every function takes one number per seed.

What nearly every chapter needs comes from the quantiles in ``scipy.special``: importing ``scipy.stats`` takes longer than all
else that an edited caption costs. The tests hold each of these intervals against ``scipy.stats``.
"""

import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

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


def of_summary(
    values: Sequence[float], summary: str, confidence: float = 0.95, bounds: tuple[float, float] | None = None
) -> Interval:
    """Interval of the summary, within ``bounds`` where the values have some; (None, None) for a single seed."""
    if len(values) < 2:
        return None, None
    if summary == "median":
        low, high = of_median(values, confidence)
    elif summary == "geometric mean":
        low, high = map(from_logarithm, of_mean(logarithms(values), confidence))
    elif bounds:
        low, high = of_mean_between(values, *bounds, confidence)
    else:
        low, high = of_mean(values, confidence)
    return (max(low, bounds[0]), min(high, bounds[1])) if bounds else (low, high)


def of_mean(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student's t interval (as ``scipy.stats.ttest_1samp``).

    Values that are all alike have no spread to go by: theirs is the interval of the median, unbounded where they are few.
    """
    if are_alike(values):
        return of_median(values, confidence)
    return _around(statistics.fmean(values), _standard_error(values), len(values) - 1, confidence)


def of_mean_between(values: Sequence[float], least: float, most: float, confidence: float) -> tuple[float, float]:
    """Interval of the mean of values that cannot leave ``least`` to ``most``, such as shares and correlations.

    Student's t about the logit of the mean, with the standard error carried over by the slope of the logit (delta method); of
    correlations that is Fisher's z, which is half the logit of (1 + r) / 2. A mean that is rounded to a bound has no logit; the
    interval is then that of the median.
    """
    if are_alike(values) or not has_logit(values, least, most):
        return of_median(values, confidence)
    width = most - least
    share = (statistics.fmean(values) - least) / width
    error = _standard_error(values) / width / (share * (1 - share))
    bounds = _around(math.log(share / (1 - share)), error, len(values) - 1, confidence)
    low, high = (least + width / (1 + from_logarithm(-bound)) for bound in bounds)
    return low, high


def has_logit(values: Sequence[float], least: float, most: float) -> bool:
    """Whether the mean lies between the bounds, also as it is rounded."""
    return 0 < (statistics.fmean(values) - least) / (most - least) < 1


def are_alike(values: Sequence[float]) -> bool:
    """Whether all values are one and the same number."""
    return min(values) == max(values)


def _standard_error(values: Sequence[float]) -> float:
    return math.sqrt(_variance(tuple(values)) / len(values))


@lru_cache(1024)
def _variance(values: tuple[float, ...]) -> float:
    """Exact before it is rounded, which takes long; a verdict asks for that of the same seeds again and again."""
    return statistics.variance(values)


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
    """Welch's t interval of the difference of two means (as ``scipy.stats.ttest_ind``); where neither side varies, that of
    ``of_shift``."""
    if are_alike(left) and are_alike(right):
        return of_shift(left, right, confidence)
    parts = [_variance(tuple(side)) / len(side) for side in (left, right)]
    error = math.sqrt(sum(parts))
    weights = sum(part**2 / (len(side) - 1) for part, side in zip(parts, (left, right), strict=True))
    degrees = sum(parts) ** 2 / weights
    return _around(statistics.fmean(left) - statistics.fmean(right), error, degrees, confidence)


def shift(left: Sequence[float], right: Sequence[float]) -> float:
    """Hodges-Lehmann estimate of how far ``left`` lies above ``right``: the median of all pairwise differences."""
    return statistics.median(a - b for a in left for b in right)


def of_shift(left: Sequence[float], right: Sequence[float], confidence: float) -> tuple[float, float]:
    """Interval of ``shift``: the shifts that the exact Mann-Whitney test does not reject.

    Exact where the two distributions differ by a shift alone; holds a little more than it says where values are tied (Lehmann
    1975, section 2.7), and is unbounded where there are too few.
    """
    differences, tail = sorted(a - b for a in left for b in right), (1 - confidence) / 2
    # The chance that few differences lie below the shift grows with their number: the first that is kept is found by halving.
    place = bisect_left(
        range(len(differences) // 2), True, key=lambda count: _tail_of_mann_whitney(count, len(left), len(right)) > tail
    )
    return (differences[place - 1], differences[-place]) if place else (-math.inf, math.inf)


@cache
def _tail_of_mann_whitney(count: int, num_left: int, num_right: int) -> float:
    """Chance that at most ``count`` of all pairs have the larger number on the left, where nothing tells the sides apart."""
    from scipy.stats import mannwhitneyu

    # Numbers of which just so many pairs are like that, since the test knows its distribution and offers only the test.
    share, rest = divmod(count, num_left)
    left = [share + (place < rest) - 0.5 for place in range(num_left)]
    return float(mannwhitneyu(left, range(num_right), alternative="less", method="exact").pvalue)


Count = tuple[int, int]
"""Successes and trials."""


def odds_ratio_of(left: Count, right: Count) -> float:
    """Conditional estimate of the odds ratio; 1 where nothing varies."""
    return float(_odds_ratio(left, right).statistic) if _varies(left, right) else 1.0


def of_odds_ratio(left: Count, right: Count, confidence: float) -> tuple[float, float]:
    """Exact interval of the odds ratio; unbounded where nothing varies."""
    if not _varies(left, right):
        return 0.0, math.inf
    interval = _odds_ratio(left, right).confidence_interval(confidence)
    return float(interval.low), float(interval.high)


def _varies(left: Count, right: Count) -> bool:
    return left[0] + right[0] not in (0, left[1] + right[1])


def _odds_ratio(left: Count, right: Count) -> Any:
    from scipy.stats.contingency import odds_ratio

    return odds_ratio([[count, total - count] for count, total in (left, right)])


def logarithms(values: Sequence[float]) -> list[float]:
    """Natural logarithms. Raises ValueError where a value is not positive."""
    if min(values) <= 0:
        raise ValueError(f"a ratio or a geometric mean needs positive values, got {min(values)}")
    return [math.log(value) for value in values]
