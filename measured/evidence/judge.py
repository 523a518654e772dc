"""Claims to verdicts, by one rule: where the interval of the effect lies against the region in which the claim is true.

Intervals within a chapter are adjusted after Bonferroni: with m tests, each has confidence 1 - 0.05 / m, so that all of a
chapter's verdicts are right together 95 times in 100.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from measured.errors import BuildError
from measured.evidence import intervals
from measured.evidence.claim import Claim, Finding, Verdict
from measured.evidence.metric import Metric, Missing, Share
from measured.evidence.names import Names, unknown
from measured.evidence.number import as_given, number, unit_of_difference, with_unit
from measured.evidence.region import OUTCOMES, Outcome, Region
from measured.evidence.tests import Bound, Comparison, Every, Odds, Part, Some, Test

ERROR_RATE = 0.05  # of all verdicts of a chapter together


def judge(claims: Sequence[Claim], metrics: Mapping[str, Metric], settings: Names | None = None) -> tuple[Verdict, ...]:
    """The verdict of every claim of a chapter; names of metrics and settings have dots where they nest.

    Raises BuildError where a claim names what is not there.
    """
    # A test of what was not measured cannot err, and widens no other's interval.
    num_tests = sum(
        all(metrics[name].is_measured for name in _names(part) if name in metrics)
        for claim in claims
        for part in _parts(claim.holds)
    )
    confidence = 1 - ERROR_RATE / max(num_tests, 1)
    return tuple(_verdict(claim, metrics, settings or Names("setting", {}), confidence) for claim in claims)


def _names(test: Test) -> set[str]:
    return {name for part in _parts(test) for name in ((part.metric,) if isinstance(part, Bound) else (part.left, part.right))}


def _verdict(claim: Claim, metrics: Mapping[str, Metric], settings: Names, confidence: float) -> Verdict:
    if missing := sorted(_names(claim.holds) - metrics.keys()):
        raise BuildError(f"claim {claim.id!r}: {unknown('metric', missing[0], metrics)}")
    findings = tuple(_measure(part, metrics, confidence) for part in _parts(claim.holds))
    named = _Spoken(Names("metric", metrics), settings, _margins(claim.holds, metrics))

    def filled(text: str) -> str:
        try:
            return text.format_map(named)
        except (BuildError, AttributeError, IndexError, TypeError, ValueError) as error:
            raise BuildError(f"claim {claim.id!r}: {error}") from None

    says = filled(claim.says)

    def under(margin: str) -> Outcome | None:
        """The verdict with another margin, where any of the tests has one."""
        varied: list[Outcome | None] = [getattr(item, margin) for item in findings]
        if not any(varied):
            return None
        outcomes: list[Outcome] = [new or item.outcome for new, item in zip(varied, findings, strict=True)]
        return _decide(claim.holds, iter(outcomes))

    comments = {item: filled(getattr(claim.comments, item)) if claim.comments else "" for item in OUTCOMES}
    measured: list[Outcome] = [item.outcome for item in findings]
    outcome = _decide(claim.holds, iter(measured))
    return Verdict(
        claim.id,
        claim.source,
        says,
        claim.quote,
        claim.headline or claim.quote or says,
        outcome,
        findings,
        under("under_half"),
        under("under_double"),
        comments[outcome],
        claim.published,
    )


class _Spoken:
    """What a claim's texts have in braces: metrics by their names, ``setting``, and the margins of its test."""

    def __init__(self, metrics: Names, settings: Names, margins: list[str]):
        self._metrics, self._settings, self._margins = metrics, settings, margins

    def __getitem__(self, name: str) -> Any:
        if name == "setting":
            return self._settings
        if name == "margins":
            return self._margins
        if name != "margin":
            return self._metrics[name]
        if len(self._margins) != 1:
            told = ", ".join(self._margins) or "none"
            raise BuildError(f"{{margin}} stands for one margin, but the test has {told}; write {{margins[0]}} and so on")
        return self._margins[0]


def _margins(test: Test, metrics: Mapping[str, Metric]) -> list[str]:
    """The margins of a test as a sentence has them, each once, in the order of its parts."""
    found = {}
    for part in _parts(test):
        unit = ""
        if not isinstance(part, Odds) and not part.ratio:
            unit = metrics[part.metric].unit if isinstance(part, Bound) else unit_of_difference(metrics[part.left].unit)
        amount = as_given(part.margin, unit)
        # One point, and 0.1 points.
        found[part.says.format(f"{amount} {unit.removesuffix('s') if amount == '1' else unit}".strip())] = None
    return [margin for margin in found if margin]


def _parts(test: Test) -> list[Part]:
    """The tests that measure something, in their order."""
    return [part for item in test.parts for part in _parts(item)] if isinstance(test, Every | Some) else [test]


def _decide(test: Test, outcomes: Iterator[Outcome]) -> Outcome:
    """The outcome of a test from those of its parts, which come in their order."""
    if not isinstance(test, Every | Some):
        return next(outcomes)
    found = {_decide(part, outcomes) for part in test.parts}
    decisive, other = ("refuted", "supported") if isinstance(test, Every) else ("supported", "refuted")
    return decisive if decisive in found else other if found == {other} else "inconclusive"


def _measure(test: Part, metrics: Mapping[str, Metric], confidence: float) -> Finding:
    left_out = {name: metric for name in sorted(_names(test)) if isinstance(metric := metrics[name], Missing)}
    if left_out:
        first = next(iter(left_out.values()))
        return _not_measured(test, " and ".join(left_out), first.why, first.remedy, confidence)
    if isinstance(test, Bound):
        return _bound(test, metrics[test.metric], confidence)
    left, right = metrics[test.left], metrics[test.right]
    if isinstance(test, Odds):
        return _odds(test, left, right, confidence)
    return _compare(test, left, right, confidence)


def _not_measured(test: Part, effect: str, why: str, remedy: str, confidence: float) -> Finding:
    """A test that nothing is known of."""
    nothing = _finding(effect, math.nan, -math.inf, math.inf, "", confidence, (0,), why, test)
    return replace(nothing, to_decide=remedy, under_half=None, under_double=None)


def _bound(test: Bound, metric: Metric, confidence: float) -> Finding:
    if isinstance(metric, Share):
        low, high = intervals.of_share(metric.successes, metric.trials, confidence)
        method = "exact binomial interval (scipy.stats.binomtest)"
    elif metric.n < 2:
        low, high, method = -math.inf, math.inf, "none: a single seed has no interval"
    else:
        bounds = intervals.of_summary(metric.values, metric.summary, confidence)
        low, high = (bound if bound is not None else math.nan for bound in bounds)
        method = _SUMMARY_METHODS[metric.summary]
    return _finding(test.metric, metric.value, low, high, metric.unit, confidence, (metric.n,), method, test, metric.of)


_SUMMARY_METHODS = {
    "mean": "t interval of the mean (scipy.stats.t)",
    "geometric mean": "t interval of the mean logarithm (scipy.stats.t)",
    "median": "exact order-statistic interval of the median (scipy.stats.quantile_test)",
}


def _compare(test: Comparison, left: Metric, right: Metric, confidence: float) -> Finding:
    sign = "/" if test.ratio else "−"
    effect, unit = f"{test.left} {sign} {test.right}", "" if test.ratio else unit_of_difference(left.unit)
    n = _sides(left, right)
    a, b = list(left.values), list(right.values)
    if test.ratio and min(left.value, right.value, *a, *b) <= 0:
        return _not_measured(test, effect, "no ratio: a value is not positive", "a difference instead of a ratio", confidence)
    if min(left.n, right.n) < 2:
        value = left.value / right.value if test.ratio else left.value - right.value
        return _finding(effect, value, -math.inf, math.inf, unit, confidence, n, "none: a single seed has no interval", test)
    if counted := [name for name, values in ((test.left, a), (test.right, b)) if not values]:
        raise BuildError(f"{counted[0]} has no value per seed to compare; compare counts of trials by no_more_often")
    if test.ratio:
        a, b = intervals.logarithms(a), intervals.logarithms(b)
    by_median = "median" in (left.summary, right.summary)
    if test.paired and len(a) != len(b):
        raise BuildError(f"{effect}: paired by seed, but there are {len(a)} and {len(b)} seeds; use the same seeds for both")
    if by_median and test.paired:
        differences = [x - y for x, y in zip(a, b, strict=True)]
        value = intervals.summarise(differences, "median")
        low, high = intervals.of_median(differences, confidence)
        effect = f"median over seeds of {effect}"
        method = "exact interval of the median over pairs of seeds (scipy.stats.quantile_test)"
    elif by_median:
        value, low, high = intervals.of_shift(a, b, confidence)
        effect = f"median over all pairs of runs of {effect}"
        method = "exact Mann-Whitney interval of the Hodges-Lehmann shift (scipy.stats.mannwhitneyu)"
    elif test.paired:
        differences = [x - y for x, y in zip(a, b, strict=True)]
        value = intervals.summarise(differences, "mean")
        low, high = intervals.of_mean(differences, confidence)
        method = "t interval over pairs of seeds (scipy.stats.t)"
    else:
        value = intervals.summarise(a, "mean") - intervals.summarise(b, "mean")
        low, high = intervals.of_difference(a, b, confidence)
        method = "Welch's t interval (scipy.stats.ttest_ind)"
    if test.ratio:
        value, low, high = (intervals.from_logarithm(item) for item in (value, low, high))
        method = f"{method}, on logarithms"
    return _finding(effect, value, low, high, unit, confidence, n, method, test)


def _odds(test: Odds, left: Metric, right: Metric, confidence: float) -> Finding:
    if not (isinstance(left, Share) and isinstance(right, Share)):
        raise BuildError(f"{test.left} and {test.right} must be shares to compare their odds; make them with Share.over_seeds")
    counts = (left.successes, left.trials), (right.successes, right.trials)
    value, low, high = intervals.of_odds_ratio(*counts, confidence)
    method = "exact interval of the conditional odds ratio (scipy.stats.contingency.odds_ratio)"
    effect = f"odds of {test.left} / odds of {test.right}"
    n = _sides(left, right)
    finding = _finding(effect, value, low, high, "", confidence, n, method, test)
    if finding.outcome != "inconclusive":
        return finding
    return replace(finding, to_decide=_odds_to_decide(test, *counts, confidence))


def _sides(left: Metric, right: Metric) -> tuple[int, ...]:
    return (left.n,) if left.n == right.n else (left.n, right.n)


def _odds_to_decide(test: Odds, left: tuple[int, int], right: tuple[int, int], confidence: float) -> str:
    """How many trials of each a decision would take if the shares stayed as they are, by trying."""
    for times in (2, 3, 5, 10, 20, 50):
        _, low, high = intervals.of_odds_ratio(
            (left[0] * times, left[1] * times), (right[0] * times, right[1] * times), confidence
        )
        if test.region.outcome(low, high) != "inconclusive":
            return (
                f"about {number(float(times * max(left[1], right[1])))} of each would decide it if the shares stay as they are"
            )
    return "the shares are too much alike for more seeds to decide it"


def _finding(
    effect: str, value: float, low: float, high: float, unit: str, confidence: float, n: tuple[int, ...], method: str,
    test: Part, of: str = "seeds",
) -> Finding:  # fmt: skip
    outcome = test.region.outcome(low, high)
    region = _describe(test.region, unit)
    if low == high:
        method = f"{method}; all {of} alike, so that it has no width"
    on_logarithms = isinstance(test, Odds) or test.ratio
    to_decide = _to_decide(value, low, high, unit, n, of, test.region, on_logarithms) if outcome == "inconclusive" else ""

    def under(factor: float) -> Outcome | None:
        scaled = test.region.scaled(factor, on_logarithms)
        return scaled.outcome(low, high) if scaled else None

    return Finding(
        effect, value, low, high, unit, confidence, n, method, region, test.why, outcome, to_decide, under(0.5), under(2.0)
    )  # fmt: skip


def _to_decide(
    value: float, low: float, high: float, unit: str, n: tuple[int, ...], of: str, region: Region, on_logarithms: bool
) -> str:
    """The half-width that was reached, and how many seeds a decision would take if the effect stayed where it is.

    An interval narrows with the square root of n. So n must grow by the square of what the interval reaches towards a margin
    over the distance to that margin, and for the worst of the margins inside the interval.
    """
    if math.isinf(low) and math.isinf(high):
        return f"too few {of} for an interval"
    if math.isinf(low) or math.isinf(high) or math.isinf(value) or (on_logarithms and min(value, low) <= 0):
        return f"these {of} bound the effect on one side at most"
    scale = math.log if on_logarithms else float
    at, below, above = scale(value), scale(low), scale(high)
    half_width = (above - below) / 2
    reached = (
        f"within a factor of {number(math.exp(half_width))}" if on_logarithms else f"half-width {with_unit(half_width, unit)}"
    )
    growth = 1.0
    for bound in (region.low, region.high):
        if not math.isfinite(bound) or (on_logarithms and bound <= 0) or not below <= scale(bound) <= above:
            continue
        distance, reach = abs(at - scale(bound)), (above - at if scale(bound) > at else at - below)
        if distance <= 0.1 * reach:
            return f"{reached}; it would take more than a hundred times as many {of} to decide it"
        growth = max(growth, (reach / distance) ** 2)
    needed = max(math.ceil(growth * min(n)), *n, min(n) + 1)
    each = " of each" if len(n) > 1 else ""
    return f"{reached}; about {number(float(f'{needed:.2g}'))} {of}{each} would decide it if the effect stays where it is"


def _describe(region: Region, unit: str) -> str:
    most, least = ("less than", "more than") if region.strict else ("at most", "at least")
    low, high = (as_given(bound, unit) for bound in (region.low, region.high))
    if math.isinf(region.low):
        text = f"{most} {high}"
    elif math.isinf(region.high):
        text = f"{least} {low}"
    elif region.low == 0:
        text = f"at most {high}"
    else:
        text = f"from {low} to {high}"
    return f"{'not ' if region.outside else ''}{text} {unit}".strip()
