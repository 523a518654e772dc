"""The effect that a test is about: its estimate, and its interval at any confidence."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from measured.errors import BuildError
from measured.evidence import intervals
from measured.evidence.metric import Estimate, Metric, Missing, Share, told
from measured.evidence.number import unit_of_difference
from measured.evidence.tests import Bound, Comparison, Odds, Part

Interval = Callable[[float], tuple[float, float]]
"""Both ends at a confidence; of a larger confidence it holds that of a smaller."""


@dataclass(frozen=True)
class Effect:
    """What was measured of what a test is about."""

    name: str
    value: float
    unit: str
    n: tuple[int, ...]
    """Seeds or trials behind it: one number, or one for each side where they differ."""
    of: str
    """What n counts."""
    method: str
    interval: Interval
    on_logarithms: bool = False
    """It is a ratio, or held against one."""


@dataclass(frozen=True)
class Nothing:
    """No effect: a metric is missing, or has no ratio."""

    name: str
    why: str
    remedy: str


def names_of(part: Part) -> tuple[str, ...]:
    """The metrics that a test is about."""
    return (part.metric,) if isinstance(part, Bound) else (part.left, part.right)


def effect_of(part: Part, metrics: Mapping[str, Metric]) -> Effect | Nothing:
    """The effect of one test. Raises BuildError where metrics do not go together."""
    left_out = {name: metric for name in sorted(set(names_of(part))) if isinstance(metric := metrics[name], Missing)}
    if left_out:
        first = next(iter(left_out.values()))
        return Nothing(" and ".join(left_out), first.why, first.remedy)
    if isinstance(part, Bound):
        if part.universal and not isinstance(metrics[part.metric], Share):
            raise BuildError(f"{part.metric} must be a share of exceptions; make it with Share.over_seeds or Share.of_count")
        return replace(_of_metric(part.metric, metrics[part.metric]), on_logarithms=part.ratio)
    left, right = metrics[part.left], metrics[part.right]
    return _odds(part, left, right) if isinstance(part, Odds) else _comparison(part, left, right)


def _open(confidence: float) -> tuple[float, float]:
    return -math.inf, math.inf


_ONE_SEED = "none: a single seed has no interval"
_MEAN = "t interval of the mean (scipy.stats.t)"
_GEOMETRIC = "t interval of the mean logarithm (scipy.stats.t)"
_MEDIAN = "exact order-statistic interval of the median (scipy.stats.quantile_test)"
_BETWEEN = {
    (-1.0, 1.0): "t interval of the mean by Fisher's z, which stays in range (scipy.stats.t)",
    None: "t interval of the logit of the mean, which stays in range (scipy.stats.t)",
}


def _of_metric(name: str, metric: Metric) -> Effect:
    if isinstance(metric, Share):
        method = "exact binomial interval (scipy.stats.binomtest)"
        return Effect(
            name, metric.value, metric.unit, (metric.n,), metric.of, method,
            lambda confidence: intervals.of_share(metric.successes, metric.trials, confidence),
        )  # fmt: skip
    if metric.n < 2 or not isinstance(metric, Estimate):
        return Effect(name, metric.value, metric.unit, (metric.n,), metric.of, _ONE_SEED, _open)
    if metric.average != "median" and intervals.are_alike(metric.values):
        method = f"{_MEDIAN}; all {metric.of} alike"
    elif metric.average == "mean" and metric.bounds and not intervals.has_logit(metric.values, *metric.bounds):
        method = f"{_MEDIAN}; the mean is rounded to a bound"
    elif metric.average == "mean":
        method = _BETWEEN.get(metric.bounds, _BETWEEN[None]) if metric.bounds else _MEAN
    else:
        method = _GEOMETRIC if metric.average == "geometric mean" else _MEDIAN
    return Effect(name, metric.value, metric.unit, (metric.n,), metric.of, method, metric.interval_at)


def _comparison(test: Comparison, left: Metric, right: Metric) -> Effect | Nothing:
    sign = "/" if test.ratio else "−"
    name, unit = f"{test.left} {sign} {test.right}", "" if test.ratio else unit_of_difference(left.unit)
    a, b = list(left.values), list(right.values)
    if test.ratio:
        for side, metric in ((test.left, left), (test.right, right)):
            values = metric.values or (metric.value,)
            if others := [place for place, value in enumerate(values) if value <= 0] or ([0] if metric.value <= 0 else []):
                why = f"no ratio: {side} has {told(values, others, metric.of)}, not positive"
                return Nothing(name, why, "a difference instead of a ratio")
    n = _sides(left, right)
    if min(left.n, right.n) < 2:
        value = left.value / right.value if test.ratio else left.value - right.value
        return Effect(name, value, unit, n, left.of, _ONE_SEED, _open, test.ratio)
    if counted := [name for name, values in ((test.left, a), (test.right, b)) if not values]:
        raise BuildError(f"{counted[0]} has no value per seed to compare; compare counts of trials by no_more_often")
    if test.paired and len(a) != len(b):
        raise BuildError(f"{name}: paired by seed, but there are {len(a)} and {len(b)} seeds; use the same seeds for both")
    if test.ratio:
        a, b = intervals.logarithms(a), intervals.logarithms(b)
    value, interval, method = _paired(a, b, left, right) if test.paired else _unpaired(a, b, left, right)
    if "median" in (left.summary, right.summary):
        name = f"median over {'seeds' if test.paired else 'all pairs of runs'} of {name}"
    if test.ratio:
        value, interval, method = intervals.from_logarithm(value), _exponential(interval), f"{method}, on logarithms"
    return Effect(name, value, unit, n, left.of, method, interval, test.ratio)


def _exponential(interval: Interval) -> Interval:
    """The interval of what these are the logarithms of."""

    def of_ratio(confidence: float) -> tuple[float, float]:
        low, high = interval(confidence)
        return intervals.from_logarithm(low), intervals.from_logarithm(high)

    return of_ratio


def _paired(a: list[float], b: list[float], left: Metric, right: Metric) -> tuple[float, Interval, str]:
    differences = [x - y for x, y in zip(a, b, strict=True)]
    by_median = "median" in (left.summary, right.summary)
    value = intervals.summarise(differences, "median" if by_median else "mean")
    if by_median or intervals.are_alike(differences):
        method = "exact interval of the median over pairs of seeds (scipy.stats.quantile_test)"
        return value, lambda confidence: intervals.of_median(differences, confidence), method
    method = "t interval over pairs of seeds (scipy.stats.t)"
    return value, lambda confidence: intervals.of_mean(differences, confidence), method


def _unpaired(a: list[float], b: list[float], left: Metric, right: Metric) -> tuple[float, Interval, str]:
    by_shift = "exact Mann-Whitney interval of the Hodges-Lehmann shift (scipy.stats.mannwhitneyu)"
    if "median" in (left.summary, right.summary) or (intervals.are_alike(a) and intervals.are_alike(b)):
        return intervals.shift(a, b), lambda confidence: intervals.of_shift(a, b, confidence), by_shift
    value = intervals.summarise(a, "mean") - intervals.summarise(b, "mean")
    return value, lambda confidence: intervals.of_difference(a, b, confidence), "Welch's t interval (scipy.stats.ttest_ind)"


def _odds(test: Odds, left: Metric, right: Metric) -> Effect:
    if not (isinstance(left, Share) and isinstance(right, Share)):
        raise BuildError(f"{test.left} and {test.right} must be shares to compare their odds; make them with Share.over_seeds")
    counts = (left.successes, left.trials), (right.successes, right.trials)
    return Effect(
        f"odds of {test.left} / odds of {test.right}", intervals.odds_ratio_of(*counts), "", _sides(left, right), left.of,
        "exact interval of the conditional odds ratio (scipy.stats.contingency.odds_ratio)",
        lambda confidence: intervals.of_odds_ratio(*counts, confidence), on_logarithms=True,
    )  # fmt: skip


def _sides(left: Metric, right: Metric) -> tuple[int, ...]:
    return (left.n,) if left.n == right.n else (left.n, right.n)
