"""Summaries over seeds and their intervals, by SciPy. Every function takes one number a seed."""

import math
from collections.abc import Sequence

Interval = tuple[float | None, float | None]


def summarise(values: Sequence[float], summary: str) -> float:
    """Mean, geometric mean or median of ``values``."""
    if not values:
        raise ValueError("no values to summarise; a metric over seeds needs at least one seed")
    if summary == "median":
        ordered = sorted(values)
        middle = len(ordered) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    if summary == "geometric mean":
        return math.exp(math.fsum(logarithms(values)) / len(values))
    return math.fsum(values) / len(values)


def of_summary(values: Sequence[float], summary: str, confidence: float = 0.95) -> Interval:
    """Interval of the summary; (None, None) for a single seed."""
    if len(values) < 2:
        return None, None
    if summary == "median":
        return of_median(values, confidence)
    if summary == "geometric mean":
        low, high = of_mean(logarithms(values), confidence)
        return math.exp(low), math.exp(high)
    return of_mean(values, confidence)


def of_mean(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student's t interval."""
    from scipy.stats import t

    n, mean = len(values), math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half_width = float(t.ppf((1 + confidence) / 2, n - 1)) * deviation / math.sqrt(n)
    return mean - half_width, mean + half_width


def of_median(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Exact, distribution-free interval from order statistics (``scipy.stats.quantile_test``), unbounded where n is too small."""
    from scipy.stats import quantile_test

    median = summarise(values, "median")
    # SciPy annotates q as an integer and documents a float.
    interval = quantile_test(values, q=median, p=0.5).confidence_interval(confidence_level=confidence)  # pyright: ignore[reportArgumentType]
    low, high = float(interval.low), float(interval.high)
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def of_share(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval (Clopper and Pearson)."""
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def of_difference(left: Sequence[float], right: Sequence[float], confidence: float) -> tuple[float, float]:
    """Welch's t interval of the difference of two means."""
    from scipy.stats import ttest_ind

    interval = ttest_ind(left, right, equal_var=False).confidence_interval(confidence)
    return float(interval.low), float(interval.high)


def of_odds_ratio(left: tuple[int, int], right: tuple[int, int], confidence: float) -> tuple[float, float, float]:
    """Conditional odds ratio with its exact interval; each side is (successes, trials). 1 and unbounded where nothing varies."""
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
