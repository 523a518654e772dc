"""Numbers print as a reader would write them, and judgement follows one rule."""

import math
import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

from measured.errors import BuildError
from measured.evidence import (
    Claim,
    Comments,
    Estimate,
    Margin,
    Metric,
    Missing,
    Names,
    Quantity,
    Region,
    Seeds,
    Share,
    Single,
    Sweep,
    Test,
    as_given,
    at_least,
    at_look,
    at_most,
    away_from,
    different,
    equal,
    every,
    factor,
    flat,
    intervals,
    judge,
    larger,
    no_exception,
    no_more_often,
    number,
    rank_correlation,
    rank_correlations,
    shifted,
    smaller,
    some,
    with_seeds,
)
from measured.evidence.forecast import Forecast
from measured.evidence.labels import labels, words_of


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (571, "", "571"), (242062, "", "242,062"), (0.98765, "%", "98.77"), (0.5, "", "0.500"), (3.14159, "", "3.14"),
        (-2.5, "", "−2.50"),
        (3.5e-4, "", "3.50 × 10⁻⁴"), (math.inf, "", "∞"), (0, "", "0"), (1.0, "%", "100"), (123456.7, "", "1.23 × 10⁵"),
        (0.00099996, "", "0.00100"), (9.996e-7, "", "1.00 × 10⁻⁶"), (99.96, "", "100"), (99999.6, "", "1.00 × 10⁵"),
        (-9.999, "", "−10.0"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_readers(value, unit, text):
    """Thousands separated, powers of ten with superscripts, shares times 100."""
    assert number(value, unit) == text


@pytest.mark.parametrize(
    "value, low, high, text",
    [
        (6.9e-4, 4.91e-4, 8.8e-4, "6.90 [4.91 to 8.80; n = 3] × 10⁻⁴"),
        (0.00125, 8.9e-4, 0.0016, "0.00125 [0.00089 to 0.00160; n = 3]"),
        (0.0, -0.5, 0.5, "0.00 [−0.50 to 0.50; n = 3]"), (1.0, -math.inf, math.inf, "1.00 [−∞ to ∞; n = 3]"),
        (1.4e-17, -0.0043, 0.0043, "0.00000 [−0.00430 to 0.00430; n = 3]"),
    ],
)  # fmt: skip
def test_interval_is_written_like_its_value(value, low, high, text):
    """The same decimals and the same power of ten, once."""
    assert str(Estimate(value=value, values=(1.0, 2.0, 3.0), low=low, high=high)) == text


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0.5, "", "0.5"), (-0.0022, "points", "−0.22"), (0.07, "%", "7"), (0.29, "%", "29"), (0.995, "%", "99.5"), (0, "", "0"),
        (242062, "", "242,062"), (1e-12, "", "1 × 10⁻¹²"), (math.log(10) / 10, "", "0.230"),
    ],
)  # fmt: skip
def test_what_somebody_wrote_down_keeps_its_digits(value, unit, text):
    """Neither more of them, also where a share times 100 is not exact, nor fewer; a number without end gets three."""
    assert as_given(value, unit) == text


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_metric_is_a_number(bad):
    """NaN and infinities are refused with what to do."""
    with pytest.raises(ValueError, match=f"a metric cannot be {bad}; make it by over_seeds or once"):
        Single(value=bad)


@pytest.mark.parametrize(
    "values, average, why",
    [
        ([1.0, math.nan, 2.0], "mean", "no mean: NaN in 1 of 3 seeds, the second"),
        ([math.nan, 1.0, math.inf, -math.inf], "median",
         "no median: NaN, infinity and minus infinity in 3 of 4 seeds, the first, third and fourth"),
        ([math.nan, math.nan], "mean", "no mean: NaN in all 2 seeds"),
        ([math.nan], "mean", "no mean: NaN"),
        ([*[1.0] * 10, math.nan, *[1.0] * 10, math.nan, math.nan, math.nan], "mean",
         "no mean: NaN in 4 of 24 seeds, among them the 11th, 22nd and 23rd"),
        ([1.0, 0.0, 4.0], "geometric mean", "no geometric mean: 0 in 1 of 3 seeds, the second, not positive"),
        ([-1.5, 0.0, 4.0], "geometric mean",
         "no geometric mean: −1.50 and 0 in 2 of 3 seeds, the first and second, not positive"),
    ],
)  # fmt: skip
def test_seed_without_a_number_leaves_no_average(values, average, why):
    """After half an hour of training, one run that went wrong must not fail a chapter: it is not measured, and says why and
    which. A claim on it has that as its method."""
    found = Estimate.over_seeds(values, "nats", average)
    assert isinstance(found, Missing) and found.why == why and found.unit == "nats"
    verdict = verdict_of(larger("a", than="b"), a=found, b=LOW)
    assert verdict.not_measured and verdict.findings[0].method == why


def test_what_was_measured_once_may_have_failed():
    """Then it is not measured, and says what came out instead of a number."""
    found = Single.once(math.nan, "nats")
    assert isinstance(found, Missing) and found.why == "no number: the measurement gave NaN"


def test_mean_has_a_t_interval():
    """Against the textbook: mean 2, deviation 1, n = 3, t = 4.303."""
    metric = Estimate.over_seeds([1.0, 2.0, 3.0])
    assert metric.low == pytest.approx(2 - 4.30265 / 3**0.5, abs=1e-4) and metric.value == 2
    assert str(metric) == "2.00 [−0.48 to 4.48; n = 3]"


def test_median_has_an_exact_interval():
    """Of 20 values the 6th and the 15th bound the median at 95 % (binomial tables)."""
    metric = Estimate.over_seeds([float(k) for k in range(1, 21)], average="median")
    assert (metric.value, metric.low, metric.high) == (10.5, 6, 15)


def test_share_has_an_exact_interval():
    """None of 10: between 0 and 30.8 % (Clopper and Pearson)."""
    metric = Share.over_seeds([False] * 10)
    assert metric.value == 0 and metric.low == 0 and metric.high == pytest.approx(0.3085, abs=1e-4)
    assert Share.of_count(0, 10, of="images").high == metric.high


def test_share_of_nothing_decides_nothing():
    """None of none is compatible with every share."""
    nothing = Share.of_count(0, 0, of="points")
    assert (nothing.low, nothing.high) == (0, 1)
    assert verdict_of(at_least("a", Margin(0.95, "x")), a=nothing).outcome == "inconclusive"


def test_geometric_mean_is_judged_on_logarithms():
    """Its interval is positive, and symmetric as a ratio."""
    metric = Estimate.over_seeds([1.0, 10.0, 100.0], average="geometric mean")
    assert metric.value == pytest.approx(10) and metric.low and metric.high and metric.low * metric.high == pytest.approx(100)


@pytest.mark.parametrize(
    "region, low, high, outcome",
    [
        (Region(low=0), 1, 2, "supported"), (Region(low=0), -2, -1, "refuted"), (Region(low=0), -1, 1, "inconclusive"),
        (Region(-1, 1), -0.5, 0.5, "supported"), (Region(-1, 1), 2, 3, "refuted"), (Region(-1, 1), 0, 3, "inconclusive"),
        (Region(-1, 1, outside=True), 2, 3, "supported"), (Region(-1, 1, outside=True), -0.5, 0.5, "refuted"),
        (Region(-1, 1, outside=True), -5, 5, "inconclusive"), (Region(low=0), -math.inf, math.inf, "inconclusive"),
    ],
)  # fmt: skip
def test_one_rule(region, low, high, outcome):
    """Interval inside the region, supported; inside its complement, refuted; else inconclusive."""
    assert region.outcome(low, high) == outcome


def verdict_of(test, **metrics):
    claim = Claim("c", source="ours", says="x", holds=test)
    return judge.judge([claim], metrics)[0]


LOW, HIGH = Estimate.over_seeds([1.0, 1.1, 0.9, 1.05]), Estimate.over_seeds([2.0, 2.1, 1.9, 2.05])
NOISY = Estimate.over_seeds([0.0, 4.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "test, outcome",
    [
        (larger("high", than="low"), "supported"), (larger("low", than="high"), "refuted"),
        (larger("noisy", than="low"), "inconclusive"),
        (larger("high", than="low", by=Margin(3, "x")), "refuted"), (smaller("low", than="high"), "supported"),
        (larger("high", than="low", paired=True), "supported"),
        (equal("low", to="high", within=Margin(0.5, "x")), "refuted"),
        (equal("low", to="high", within=Margin(2, "x")), "supported"),
        (different("low", to="high", by=Margin(0.5, "x")), "supported"),
        (different("low", to="high", by=Margin(2, "x")), "refuted"),
        (smaller("low", than="high", by=factor(1.5, "x")), "supported"),
        (smaller("low", than="high", by=factor(3, "x")), "refuted"),
        (equal("low", to="high", within=factor(3, "x")), "supported"),
        (equal("low", to="high", within=factor(1.2, "x")), "refuted"),
        (at_least("low", Margin(0.5, "x")), "supported"), (at_least("low", Margin(5, "x")), "refuted"),
        (at_most("low", Margin(5, "x")), "supported"),
        (every(larger("high", than="low"), larger("noisy", than="low")), "inconclusive"),
        (every(larger("low", than="high"), larger("noisy", than="low")), "refuted"),
        (some(larger("low", than="high"), larger("high", than="low")), "supported"),
        (some(larger("low", than="high"), smaller("high", than="low")), "refuted"),
    ],
)  # fmt: skip
def test_claims_are_judged(test, outcome):
    """Each kind of test, each way it can fall."""
    assert verdict_of(test, low=LOW, high=HIGH, noisy=NOISY).outcome == outcome


def test_one_stuck_run_of_ten_says_nothing():
    """1 of 10 against 0 of 10 is inconclusive, 10 of 10 against 0 of 10 is not; where nothing varies nothing is known."""
    one, none, all_of = (Share.over_seeds([True] * k + [False] * (10 - k)) for k in (1, 0, 10))
    rarer = no_more_often("a", than="b", why="")
    assert verdict_of(rarer, a=one, b=none).outcome == "inconclusive"
    assert verdict_of(rarer, a=all_of, b=none).outcome == "refuted"
    assert verdict_of(rarer, a=none, b=all_of).outcome == "supported"
    assert verdict_of(rarer, a=none, b=none).outcome == "inconclusive"


def test_single_seed_decides_nothing():
    """However large the difference."""
    assert (
        verdict_of(larger("a", than="b"), a=Estimate.over_seeds([9.0]), b=Estimate.over_seeds([0.0])).outcome == "inconclusive"
    )


def test_other_claims_change_no_verdict():
    """However a report is cut into chapters, and whatever else is asked in one."""
    claims = [Claim(f"c{k}", source="ours", says="x", holds=larger("high", than="low")) for k in range(10)]
    alone, together = (judge.judge(some, {"high": HIGH, "low": LOW})[0] for some in (claims[:1], claims))
    assert alone == together and alone.findings[0].confidence == pytest.approx(0.99)


@pytest.mark.parametrize("look, confidence", [(1, 0.99), (2, 0.994), (3, 0.996)])
def test_each_look_spends_its_share(look, confidence):
    """One hundredth in all: half of it at the first look, 0.3 at the second, 0.2 at the third; a bound errs on one side."""
    claim = Claim("c", source="ours", says="x", holds=larger("high", than="low"))
    (finding,) = judge.judge([claim], {"high": HIGH, "low": LOW}, look=look)[0].findings
    assert finding.confidence == pytest.approx(confidence)


def test_parts_share_the_level_where_any_of_them_can_err():
    """Two parts that must all hold are each supported at the whole level and refuted at half of it; a part that was not
    measured has no share."""
    high, missing = larger("high", than="low"), at_least("missing", Margin(1, "x"))
    metrics = {"high": HIGH, "low": LOW, "missing": Missing()}

    def confidences(test: Test) -> list[float]:
        return [round(item.confidence, 6) for item in verdict_of(test, **metrics).findings]

    wrong = larger("low", than="high")
    assert confidences(every(high, high)) == [0.99] * 2 and confidences(every(wrong, wrong)) == [0.995] * 2
    assert confidences(some(high, high)) == [0.995] * 2 and confidences(some(wrong, wrong)) == [0.99] * 2
    assert confidences(every(wrong, missing))[0] == 0.99


@pytest.mark.parametrize(
    "test, outcome",
    [
        (every(larger("high", than="low"), at_least("missing", Margin(1, "x"))), "not measured"),
        (every(larger("low", than="high"), at_least("missing", Margin(1, "x"))), "refuted"),
        (some(larger("high", than="low"), at_least("missing", Margin(1, "x"))), "supported"),
        (some(larger("low", than="high"), at_least("missing", Margin(1, "x"))), "not measured"),
        (every(larger("noisy", than="low"), at_least("missing", Margin(1, "x"))), "not measured"),
    ],
)
def test_what_is_not_measured_is_not_open(test, outcome):
    """A part without a number leaves a claim without a verdict, unless the others decide it alone."""
    assert verdict_of(test, high=HIGH, low=LOW, noisy=NOISY, missing=Missing()).outcome == outcome


def test_equivalence_is_two_tests_of_one_side():
    """It is supported by the interval of 99 %, and refuted by that of 99.5 %, which can err on either side."""
    near = equal("low", to="high", within=Margin(2, "x"))
    far = equal("low", to="high", within=Margin(0.5, "x"))
    assert [verdict_of(test, low=LOW, high=HIGH).findings[0].confidence for test in (near, far)] == pytest.approx([0.99, 0.995])


def test_interval_that_is_shown_is_the_one_that_decides():
    """For every test that can come out either way, the outcome follows from the printed interval and region."""
    random = np.random.default_rng(5)
    for _ in range(200):
        a, b = (Estimate.over_seeds(random.normal(random.choice([0, 1, 3]), 1.0, 8).tolist()) for _ in range(2))
        within = Margin(float(random.choice([0.5, 1.0, 2.0])), "x")
        for test in (larger("a", than="b"), equal("a", to="b", within=within), different("a", to="b", by=within)):
            (finding,) = verdict_of(test, a=a, b=b).findings
            assert test.region.outcome(finding.low, finding.high) == finding.outcome  # pyright: ignore[reportAttributeAccessIssue]


def test_plain_outcome_is_that_of_95_percent():
    """Shown beside the verdict, which needs more."""
    close = Estimate.over_seeds([0.1, 1.0, 2.0, 0.5, 1.2])
    verdict = verdict_of(at_least("a", Margin(0.0, "x")), a=close)
    assert (verdict.outcome, verdict.plain) == ("inconclusive", "supported") and verdict.findings[0].plain == "supported"
    assert verdict_of(at_least("a", Margin(0.0, "x")), a=Missing()).plain is None


def test_one_exception_refutes_a_rule_without_exceptions():
    """None of few is open, none of many supports it, and one of however many refutes it."""
    rule = no_exception("a", unless=Margin(0.05, "x"))
    few, many, one = (Share.of_count(seen, of, of="points") for seen, of in ((0, 20), (0, 1000), (1, 1000)))
    assert [verdict_of(rule, a=metric).outcome for metric in (few, many, one)] == ["inconclusive", "supported", "refuted"]
    for metric in (few, many, one):
        (finding,) = verdict_of(rule, a=metric).findings
        assert finding.region == "none; at most 5 % where none was seen" and finding.low >= 0
    with pytest.raises(BuildError, match="claim 'c': a must be a share of exceptions"):
        verdict_of(rule, a=LOW)


def test_misspelt_metric_in_a_claim_is_reported():
    """With the names there are."""
    with pytest.raises(BuildError, match="claim 'c': no metric 'hihg'; there are low"):
        verdict_of(larger("hihg", than="low"), low=LOW)


SWAPPED = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.1, 10), min_size=3, max_size=12), st.lists(st.floats(0.1, 10), min_size=3, max_size=12), st.randoms()
)
def test_order_of_seeds_and_sides(left, right, shuffler: random.Random):
    """Unpaired verdicts do not depend on the order of seeds; swapping the sides swaps supported and refuted."""
    left, right = [x + 1e-6 * k for k, x in enumerate(left)], [x + 1e-6 * k for k, x in enumerate(right)]
    a, b = Estimate.over_seeds(left), Estimate.over_seeds(right)
    outcome = verdict_of(larger("a", than="b"), a=a, b=b).outcome
    shuffled = Estimate.over_seeds(shuffler.sample(left, len(left)))
    assert verdict_of(larger("a", than="b"), a=shuffled, b=b).outcome == outcome
    assert verdict_of(larger("a", than="b"), a=b, b=a).outcome == SWAPPED[outcome]


@pytest.fixture
def no_forecasts(monkeypatch):
    """Forecasts of what would decide a claim take most of the time of an exact test, and decide nothing."""
    monkeypatch.setattr(judge, "forecast", lambda *_: Forecast(""))


RARE = 0.01 + 2 * (0.01 * 0.99 / 2000) ** 0.5
"""One in a hundred, as far as 2,000 simulations tell."""


@pytest.mark.usefixtures("no_forecasts")
@pytest.mark.parametrize("average", ["mean", "geometric mean", "median"])
def test_false_support_is_rare(average):
    """With no true difference, "smaller" is supported in at most 1 % of 2,000 simulations (with their sampling error)."""
    draw = np.random.default_rng(0)
    supported = 0
    for _ in range(2000):
        a, b = (Estimate.over_seeds(draw.lognormal(size=8).tolist(), average=average) for _ in range(2))
        supported += verdict_of(smaller("a", than="b", by=factor(1.0, "x")), a=a, b=b).supported
    assert supported / 2000 <= RARE


def _draws(random: np.random.Generator, mean: float) -> Metric:
    return Estimate.over_seeds(random.normal(mean, 1.0, 8).tolist())


def _tied(random: np.random.Generator, median: float) -> Metric:
    """Of few different values, so that many seeds agree."""
    return Estimate.over_seeds((median + random.integers(-2, 3, 12) / 10).tolist(), average="median")


def _bounded(random: np.random.Generator, shape: float) -> Metric:
    """Skewed towards a bound that it cannot pass; with a mean of 0.8 where the shape is 4."""
    return Estimate.over_seeds(random.beta(shape, 1.0, 12).tolist(), bounds=(0.0, 1.0))


def _shares(random: np.random.Generator, rate: float) -> Metric:
    return Share.of_count(int(random.binomial(20, rate)), 20, of="runs")


@pytest.mark.usefixtures("no_forecasts")
@pytest.mark.parametrize(
    "test, make",
    [
        (at_least("a", Margin(0.5, "x")), lambda random: {"a": _draws(random, 0.5)}),
        (at_most("a", Margin(0.3, "x")), lambda random: {"a": _shares(random, 0.3)}),
        (larger("a", than="b", by=Margin(1.0, "x")), lambda random: {"a": _draws(random, 1.0), "b": _draws(random, 0.0)}),
        (larger("a", than="b", paired=True), lambda random: {"a": _draws(random, 0.0), "b": _draws(random, 0.0)}),
        (equal("a", to="b", within=Margin(2.0, "x")), lambda random: {"a": _draws(random, 2.0), "b": _draws(random, 0.0)}),
        (different("a", to="b", by=Margin(1.0, "x")), lambda random: {"a": _draws(random, 1.0), "b": _draws(random, 0.0)}),
        (no_more_often("a", than="b", why=""), lambda random: {"a": _shares(random, 0.5), "b": _shares(random, 0.5)}),
        (at_least("a", Margin(0.5, "x")), lambda random: {"a": _tied(random, 0.4999)}),
        (larger("a", than="b"), lambda random: {"a": _tied(random, 0.5), "b": _tied(random, 0.5)}),
        (at_least("a", Margin(0.8, "x")), lambda random: {"a": _bounded(random, 4.0)}),
        (at_most("a", Margin(0.8, "x")), lambda random: {"a": _bounded(random, 4.0)}),
        (no_exception("a", unless=Margin(0.3, "x")), lambda random: {"a": _shares(random, 0.3)}),
        (
            every(at_least("a", Margin(0.0, "x")), at_most("b", Margin(0.0, "x"))),
            lambda random: {"a": _draws(random, 0.0), "b": _draws(random, 0.0)},
        ),
        (
            some(at_least("a", Margin(0.0, "x")), at_most("b", Margin(0.0, "x"))),
            lambda random: {"a": _draws(random, 0.0), "b": _draws(random, 0.0)},
        ),
    ],
    ids=[
        "bound",
        "share",
        "margin",
        "pairs",
        "equivalence",
        "difference",
        "odds",
        "ties",
        "ties of two",
        "bounded below",
        "bounded above",
        "exceptions",
        "every",
        "some",
    ],
)
def test_wrong_support_is_rare_at_the_edge(test, make):
    """With the truth on the very edge of the region, where errors are most frequent, at most 1 % of 2,000 say "supported"."""
    random, supported = np.random.default_rng(7), 0
    judged = cache(lambda *metrics: verdict_of(test, **dict(metrics)).supported)  # shares come up again and again
    for _ in range(2000):
        supported += judged(*make(random).items())
    assert supported / 2000 <= RARE


@pytest.mark.usefixtures("no_forecasts")
@pytest.mark.parametrize(
    "test, make",
    [
        (larger("a", than="b"), lambda random: {"a": _draws(random, 1e-9), "b": _draws(random, 0.0)}),
        (equal("a", to="b", within=Margin(0.1, "x")), lambda random: {"a": _draws(random, 0.1), "b": _draws(random, 0.0)}),
        (different("a", to="b", by=Margin(2.0, "x")), lambda random: {"a": _draws(random, 2.01), "b": _draws(random, 0.0)}),
        (at_most("a", Margin(0.8, "x")), lambda random: {"a": _bounded(random, 4.0)}),
        (
            every(*(at_least(name, Margin(0.0, "x")) for name in "abc")),
            lambda random: {name: _draws(random, 0.0) for name in "abc"},
        ),
        (
            some(*(at_least(name, Margin(0.0, "x")) for name in "abc")),
            lambda random: {name: _draws(random, 0.0) for name in "abc"},
        ),
    ],
    ids=["comparison", "narrow equivalence", "difference", "bounded", "every", "some"],
)
def test_wrong_refutation_is_rare_at_the_edge(test, make):
    """The other error: with the truth just inside the region, at most 1 % of 2,000 say "refuted"."""
    random = np.random.default_rng(11)
    refuted = sum(verdict_of(test, **make(random)).refuted for _ in range(2000))
    assert refuted / 2000 <= RARE


@pytest.mark.usefixtures("no_forecasts")
@pytest.mark.parametrize("outcome, mean", [("supported", 0.0), ("refuted", 1e-9)])
def test_wrong_verdicts_are_rare_over_all_looks(outcome, mean):
    """Who goes on with twice and four times the seeds while a claim is open errs no more often than who looks once."""
    random, wrong = np.random.default_rng(13), 0
    claim = Claim("c", source="ours", says="x", holds=larger("a", than="b"))
    for _ in range(2000):
        values = {"a": random.normal(mean, 1.0, 32).tolist(), "b": random.normal(0.0, 1.0, 32).tolist()}
        for look in (1, 2, 3):
            metrics = {name: Estimate.over_seeds(found[: 8 * 2 ** (look - 1)]) for name, found in values.items()}
            (verdict,) = judge.judge([claim], metrics, look=look)
            if not verdict.inconclusive:
                wrong += verdict.outcome == outcome
                break
    assert wrong / 2000 <= RARE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=12), st.randoms())
def test_order_of_pairs_does_not_matter(pairs, shuffler: random.Random):
    """Paired verdicts stay when seeds are permuted together; swapping the sides swaps supported and refuted, ties apart."""
    pairs = [(a + 1e-4 * k, b) for k, (a, b) in enumerate(pairs)]

    def outcome(rows, left: int) -> str:
        metrics = {name: Estimate.over_seeds([row[side] for row in rows]) for name, side in (("a", left), ("b", 1 - left))}
        return verdict_of(larger("a", than="b", paired=True), **metrics).outcome

    first = outcome(pairs, 0)
    assert outcome(shuffler.sample(pairs, len(pairs)), 0) == first
    assert outcome(pairs, 1) == SWAPPED[first]


@pytest.mark.parametrize(
    "test, half, double",
    [
        (larger("high", than="low", by=Margin(0.7, "x")), "supported", "refuted"),  # 1.0 lies above 0.35 and below 1.4
        (equal("high", to="low", within=Margin(0.7, "x")), "refuted", "supported"),
        (larger("high", than="low"), None, None),
        (
            smaller("low", than="high", by=factor(1.6, "x")),
            "supported",
            "refuted",
        ),  # a ratio of two; factors 1.26 and 2.56
        (at_least("high", Margin(0.5, "a majority", origin=None)), None, None),
        (at_least("high", Margin(1.6, "x", origin=3.2)), "refuted", "supported"),  # bounds 2.4, 1.6 and 0 on a mean of 2.01
        (at_least("high", factor(1.8, "x")), "supported", "refuted"),  # of a ratio of 2.01: bounds 1.34 and 3.24
        (at_least("high", Margin(1.5, "x", furthest=3.0)), "supported", None),  # the double is out of reach
        (away_from("high", 0.0, Margin(1.5, "x", furthest=3.0)), "supported", None),  # so it is on either side
        (every(larger("high", than="low", by=Margin(0.7, "x")), larger("high", than="low")), "supported", "refuted"),
    ],
)
def test_margins_are_halved_and_doubled(test, half, double):
    """A ratio on its logarithm, a bound from its origin; where nothing is a margin nothing is varied."""
    verdict = verdict_of(test, high=HIGH, low=LOW)
    assert (verdict.under_half, verdict.under_double) == (half, double)


def test_no_difference_is_not_larger():
    """A tie supports neither side, and is evidence against both."""
    same = Estimate.over_seeds([1.0] * 10)
    for test in (larger("a", than="b", paired=True), smaller("a", than="b", paired=True)):
        assert verdict_of(test, a=same, b=same).outcome == "refuted"


def test_shift_is_what_the_test_does_not_reject():
    """Just inside the interval the Mann-Whitney test keeps the shift, just outside it rejects.

    For 5 and 5 runs, tables give the 3rd difference.
    """
    draw = np.random.default_rng(1)
    left, right = draw.normal(3, 1, 7).tolist(), draw.normal(0, 1, 9).tolist()
    low, high = intervals.of_shift(left, right, 0.95)
    assert low < intervals.shift(left, right) < high

    def p_value(shift: float) -> float:
        return float(scipy.stats.mannwhitneyu([x - shift for x in left], right, method="exact").pvalue)

    assert p_value(low - 1e-9) <= 0.05 < p_value(low + 1e-9) and p_value(high + 1e-9) <= 0.05 < p_value(high - 1e-9)
    few, more = [10.0, 20.0, 30.0, 40.0, 50.0], [0.0, 1.0, 2.0, 3.0, 4.0]
    differences = sorted(a - b for a in few for b in more)
    assert intervals.of_shift(few, more, 0.95) == (differences[2], differences[-3])
    assert intervals.of_shift([1.0, 2.0], [3.0, 4.0], 0.95) == (-math.inf, math.inf)


def test_inconclusive_says_what_it_would_take():
    """Twice the distance to the margin needs a quarter of the runs; a decision needs no such text."""
    near, far = (Estimate.over_seeds([at + x for x in (-1.0, 0.0, 1.0, 0.5, -0.5)]) for at in (0.2, 0.4))
    texts = [verdict_of(at_least("a", Margin(0.0, "x")), a=metric).findings[0].to_decide for metric in (near, far)]
    runs = [int(text.split("about ")[1].split(" seeds")[0].replace(",", "")) for text in texts]
    assert runs[0] == pytest.approx(4 * runs[1], rel=0.1) and "half-width" in texts[0] and runs[1] > 5
    images = verdict_of(at_least("a", Margin(0.5, "x")), a=Share.of_count(52, 100, of="test images")).findings[0].to_decide
    assert "test images would decide it" in images
    assert verdict_of(at_least("a", Margin(-9.0, "x")), a=near).findings[0].to_decide == ""


@pytest.mark.parametrize(
    "metric",
    [
        Estimate.over_seeds([0.4, 0.7, 0.3, 0.9, 0.5]),
        Share.of_count(52, 100, of="critical points"),
        replace(Estimate.over_seeds([0.4, 0.7, 0.3, 0.9, 0.5]), of="groups of 10 networks"),
    ],
    ids=["seeds", "points", "groups"],
)
def test_more_seeds_help_whatever_is_counted(metric):
    """There are more points, and more groups, of more seeds."""
    (finding,) = verdict_of(at_least("a", Margin(0.45, "x")), a=metric).findings
    assert finding.outcome == "inconclusive" and finding.to_decide and finding.more_helps


def test_difference_of_shares_is_in_points():
    """2 % against 1 % differ by one point, not by one per cent."""
    a, b = (Estimate.over_seeds([x, x + 0.001, x - 0.001], "%") for x in (0.02, 0.01))
    finding = verdict_of(larger("a", than="b", by=Margin(0.002, "x")), a=a, b=b).findings[0]
    assert finding.unit == "points" and finding.region == "more than 0.2 points"


def test_ratio_of_zero_is_refused():
    """A logarithm needs positive values, and the message says so."""
    with pytest.raises(ValueError, match="needs positive values, got 0"):
        intervals.logarithms([1.0, 0.0])


def test_what_is_not_measured_is_said_to_be():
    """It prints no number, and so is a claim on it, whatever else is measured."""
    missing = Missing(unit="%")
    assert str(missing) == missing.short == "not measured at this preset"
    claims = (
        Claim("bound", source="ours", says="It is {a}.", holds=at_least("a", Margin(0.5, "x"))),
        Claim("pair", source="ours", says="It is {a} against {b}.", holds=larger("a", than="b")),
    )
    verdicts = judge.judge(claims, {"a": missing, "b": Estimate.over_seeds([0.1, 0.2, 0.3], "%")})
    for verdict in verdicts:
        (finding,) = verdict.findings
        assert verdict.not_measured and math.isnan(finding.value) and finding.to_decide == "the full preset measures it"
    unreached = Missing(why="never reached", remedy="train longer")
    (finding,) = judge.judge(claims[:1], {"a": unreached})[0].findings
    assert (str(unreached), finding.method, finding.to_decide) == ("never reached", "never reached", "train longer")


def test_geometric_mean_of_values_that_are_not_positive_is_not_measured():
    """After half an hour of training, one dead network must not fail a chapter: there is no number, and it says why."""
    found = Estimate.over_seeds([1.0, 0.0, 4.0], average="geometric mean")
    assert isinstance(found, Missing)
    claim = Claim("ratio", source="ours", says="{a}", holds=smaller("a", than="b", by=factor(2, "x")))
    (verdict,) = judge.judge((claim,), {"a": found, "b": Estimate.over_seeds([8.0, 9.0, 10.0], average="geometric mean")})
    assert verdict.not_measured and verdict.findings[0].method == found.why


def test_single_seed_of_zero_has_no_ratio():
    """Not an error after hours of training: no number, as with several seeds."""
    verdict = verdict_of(larger("a", than="b", by=factor(2, "x")), a=Estimate.over_seeds([1.0]), b=Estimate.over_seeds([0.0]))
    assert verdict.not_measured and verdict.findings[0].method == "no ratio: b has 0, not positive"


def test_counts_are_not_compared_like_values_of_seeds():
    """A share of trials that no seed made alone is compared by odds, and the message says so."""
    counted = {name: Share.of_count(successes, 10, of="images") for name, successes in (("a", 5), ("b", 7))}
    with pytest.raises(BuildError, match="b has no value per seed to compare.*no_more_often"):
        verdict_of(larger("b", than="a"), **counted)
    assert verdict_of(no_more_often("a", than="b", why="x"), **counted).inconclusive


@pytest.mark.parametrize("text", ["{a:.2f}", "{margins[first]}", "{}", "{a.worth}"])
def test_sentence_that_cannot_be_filled_names_its_claim(text):
    """Whatever Python thinks of its braces."""
    claim = Claim("wrong", source="ours", says=text, holds=at_least("a", Margin(1, "x")))
    with pytest.raises(BuildError, match="claim 'wrong'"):
        judge.judge([claim], {"a": LOW})


def test_ratio_of_values_that_are_not_positive_is_not_measured():
    """Also where the metrics are means, which exist."""
    claim = Claim("ratio", source="ours", says="{a}", holds=smaller("a", than="b", by=factor(2, "x")))
    metrics = {"a": Estimate.over_seeds([1.0, -1.0, 4.0]), "b": Estimate.over_seeds([8.0, 9.0, 10.0])}
    (finding,) = judge.judge((claim,), metrics)[0].findings
    assert (
        finding.outcome == "not measured" and finding.method == "no ratio: a has −1 in 1 of 3 seeds, the second, not positive"
    )


def test_what_was_measured_once_says_so():
    """It is neither a count nor a setting, and a claim on it is not decided."""
    once = Single.once(np.float32(0.25), "%")
    assert once.explanation.startswith("measured once") and str(once) == "25 %"
    claim = Claim("c", source="ours", says="{a}", holds=at_least("a", Margin(0.1, "x")))
    assert judge.judge((claim,), {"a": once})[0].inconclusive


def test_sample_is_a_number_for_each_side():
    """As numbers for whoever reckons with them, as words for a page."""
    few, many = Estimate.over_seeds([1.0, 2.0]), Estimate.over_seeds([1.0, 2.0, 3.0])
    claim = Claim("c", source="ours", says="{a}", holds=larger("a", than="b"))
    (finding,) = judge.judge((claim,), {"a": few, "b": many})[0].findings
    assert finding.n == (2, 3) and finding.sample == "2 and 3"
    (finding,) = judge.judge((claim,), {"a": few, "b": few})[0].findings
    assert finding.n == (2,) and finding.sample == "2"


# ---------------------------------------------------------------------------------------------------------------------
# Intervals agree with scipy.stats

CONFIDENCES = (0.5, 0.95, 0.98, 0.9999)
SAMPLES = [np.random.default_rng(n).normal(size=n).round(1).tolist() for n in (2, 3, 5, 8, 20, 41)]


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("values", SAMPLES, ids=len)
def test_intervals_of_one_sample_are_those_of_scipy(values, confidence):
    """Of a mean, and of a median with ties; where SciPy has no bound there is none."""
    mean = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    assert intervals.of_mean(values, confidence) == pytest.approx((mean.low, mean.high), rel=1e-10)
    median = scipy.stats.quantile_test(values, q=0.0, p=0.5).confidence_interval(confidence)  # pyright: ignore[reportArgumentType]
    expected = tuple(
        default if math.isnan(bound) else bound for bound, default in zip(median, (-math.inf, math.inf), strict=True)
    )
    assert intervals.of_median(values, confidence) == expected


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_interval_of_a_difference_is_that_of_scipy(confidence):
    """Welch's, for samples of different size and spread."""
    for left, right in zip(SAMPLES[2:], SAMPLES[1:], strict=False):
        wide = [3 * value + 1 for value in right]
        expected = scipy.stats.ttest_ind(left, wide, equal_var=False).confidence_interval(confidence)
        assert intervals.of_difference(left, wide, confidence) == pytest.approx((expected.low, expected.high), rel=1e-10)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("successes, n", [(0, 1), (1, 1), (0, 8), (3, 8), (8, 8), (17, 500)])
def test_interval_of_a_share_is_that_of_scipy(successes, n, confidence):
    """Clopper and Pearson's, none and all included."""
    expected = scipy.stats.binomtest(successes, n).proportion_ci(confidence, method="exact")
    assert intervals.of_share(successes, n, confidence) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


def test_what_does_not_vary_has_the_interval_of_its_median():
    """Six that agree are enough for 95 %, by the binomial; two that do say nothing of the next."""
    assert intervals.of_mean([2.0] * 6, 0.95) == (2.0, 2.0) and intervals.of_mean([2.0] * 5, 0.95) == (-math.inf, math.inf)
    assert intervals.of_difference([2.0] * 4, [1.5] * 4, 0.95) == (0.5, 0.5)
    assert intervals.of_difference([2.0] * 2, [1.5] * 3, 0.95) == (-math.inf, math.inf)
    assert intervals.of_summary([1.0, 1.0], "mean", bounds=(-1.0, 1.0)) == (-1.0, 1.0)


def test_interval_of_correlations_is_that_of_fisher():
    """To first order it is that of the mean of artanh, mapped back; and it never passes one."""
    close = [0.5, 0.52, 0.48, 0.51, 0.49]
    low, high = intervals.of_mean([math.atanh(value) for value in close], 0.95)
    assert intervals.of_mean_between(close, -1.0, 1.0, 0.95) == pytest.approx((math.tanh(low), math.tanh(high)), abs=2e-4)
    near = [0.999, 0.9999, 0.8, 1.0]
    low, high = intervals.of_mean_between(near, -1.0, 1.0, 0.99)
    assert -1 < low < sum(near) / 4 < high < 1 < intervals.of_mean(near, 0.99)[1]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=12), st.sampled_from([0.5, 0.95, 0.99, 0.996]))
@example([0.0, 5e-324], 0.5)  # the mean is rounded to zero
def test_interval_stays_in_range(values, confidence):
    """Whatever the shares, and it holds their mean."""
    low, high = intervals.of_summary(values, "mean", confidence, (0.0, 1.0))
    assert low is not None and high is not None and 0.0 <= low <= sum(values) / len(values) + 1e-9 and high <= 1.0


def test_value_out_of_its_bounds_is_an_error():
    """A correlation of two is no correlation."""
    with pytest.raises(ValueError, match="2.0 is out of bounds; expected -1.0 to 1.0"):
        Estimate.over_seeds([0.5, 2.0], bounds=(-1.0, 1.0))


# ---------------------------------------------------------------------------------------------------------------------
# Quantities, sweeps, margins, seeds


@dataclass(frozen=True)
class Run:
    """Something with numbers that grow with a knob and differ by seed."""

    size: float
    seed: int

    @property
    def loss(self) -> float:
        return 10.0**self.seed / self.size


LOSS = Quantity("loss", "test loss", average="geometric mean", log=True)
SIZE = Quantity("size", "size", "nats", read=lambda run: run.size + 0.1 * run.seed)
RUNS = Sweep.over("size", (1, 2, 4), Seeds(3), Run)


def test_quantity_is_averaged_alike_wherever_it_is_asked():
    """By its own average, from the attribute of its name or by a function."""
    assert LOSS.over(RUNS[2]).value == pytest.approx(5.0) and LOSS.estimate([1, 100]).value == pytest.approx(10)
    assert SIZE.over(RUNS[1]).value == pytest.approx(1.1) and SIZE.over(RUNS[1]).unit == "nats"
    assert (LOSS.axis_title, SIZE.axis_title) == ("test loss", "size (nats)")
    assert Quantity("a", "accuracy", "points").axis_title == "accuracy (%)"


def test_stuck_runs_are_counted_apart():
    """The median is that of the others, says of how many, and a mean over both kinds is refused."""
    error = Quantity("error", "error", average="median", read=lambda run: run, stuck=lambda run: run > 50)
    found = error.over([1.0, 2.0, 3.0, 100.0])
    assert found.value == 2.0 and found.explanation.startswith("median of 3 seeds that did not get stuck, of 4")
    assert error.stuck_share([1.0, 2.0, 3.0, 100.0]).value == 0.25
    stuck = error.over([100.0, 99.0])
    assert isinstance(stuck, Missing) and stuck.why == "all 2 runs got stuck"
    with pytest.raises(ValueError, match="the mean of 'error' says nothing of any; use average='median'"):
        Quantity("error", "error", stuck=lambda run: run > 50)
    with pytest.raises(ValueError, match="'loss' does not say which runs get stuck"):
        LOSS.stuck_share([])


def test_shares_stay_between_none_and_all():
    """A quantity in per cent has a range without saying so, unless it is more than a share."""
    grown = Quantity("growth", "growth", "%", read=lambda run: run).over([1.4, 0.9])
    assert isinstance(grown, Estimate) and grown.bounds is None
    found = Quantity("accuracy", "accuracy", "%", read=lambda run: run).over([1.0, 0.99, 1.0])
    assert found.high is not None and found.high <= 1.0


def test_sweep_is_asked_for_any_quantity():
    """At each value, at the ends, by how much it changes, and whether it goes with another: all with known answers."""
    assert RUNS.values == [1, 2, 4] and [run.seed for run in RUNS[4]] == [0, 1, 2]
    assert {at: metric.value for at, metric in RUNS.points(LOSS).items()} == pytest.approx({1: 10, 2: 5, 4: 2.5})
    assert [RUNS.ends(LOSS)[end].value for end in ("first", "last")] == pytest.approx([10, 2.5])
    assert RUNS.change(LOSS).value == pytest.approx(0.25) and RUNS.change(SIZE).value == pytest.approx(3.0)
    assert RUNS.correlation(LOSS).values == pytest.approx((-1.0,) * 3)
    assert RUNS.correlation(LOSS, SIZE).values == pytest.approx((-1.0,) * 3)
    assert RUNS.map(lambda run: run.size)[4] == [4, 4, 4]


def test_sweep_needs_as_many_runs_everywhere():
    """Or the first seed of one value would be paired with another's."""
    with pytest.raises(ValueError, match="as many runs at each value; got 1 at 1, 2 at 2"):
        Sweep("size", {1: ["a"], 2: ["b", "c"]})


def test_change_by_a_factor_needs_positive_values():
    """There is no ratio to zero, and nothing is made up."""
    none = Sweep("size", {1: [0.0, 1.0], 2: [1.0, 1.0]})
    found = none.change(Quantity("", "loss", average="geometric mean", read=lambda value: value))
    assert isinstance(found, Missing) and found.why == "no ratio: 0 in 1 of 2 seeds, the first, not positive"


@pytest.mark.parametrize(
    "y, expected", [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], -1.0), ([1, 10, 100, 50], 0.8), ([7, 7, 7, 7], math.nan)]
)
def test_rank_correlation_sees_order_alone(y, expected):
    """Known by hand; where a side does not vary there is none, and the seeds that have none are counted."""
    assert rank_correlation([1.0, 2.0, 3.0, 4.0], y) == pytest.approx(expected, nan_ok=True)
    found = rank_correlations([[1, 2], [1, 2]], [[1, 2], [3, 3]])
    assert isinstance(found, Missing) and found.why == "no rank correlation: in 1 of 2 a side does not vary"
    lost = rank_correlations([[1, 2], [1, 2]], [[1, 2], [3, math.nan]])
    assert isinstance(lost, Missing) and lost.why == "no rank correlation: NaN in 1 of 2 seeds, the second"


@pytest.mark.parametrize("decimals", [1, 6])
def test_rank_correlation_is_that_of_scipy(decimals):
    """With ties and without."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(2, 30)).round(decimals)
    expected = scipy.stats.spearmanr(x, y)[0]
    assert rank_correlation(x, y) == pytest.approx(expected, rel=1e-12)  # pyright: ignore[reportArgumentType]
    assert rank_correlations([x, y], [y, y]).values == pytest.approx((expected, 1.0))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "test, unit, margin",
    [
        (larger("a", than="b", by=Margin(0.001, "x")), "%", "more than 0.1 points"),
        (smaller("a", than="b", by=factor(10, "x")), "nats", "at least 10 times"),
        (equal("a", to="b", within=factor(1.5, "x")), "nats", "a factor of 1.5"),
        (equal("a", to="b", within=Margin(2, "x")), "nats", "at most 2 nats"),
        (at_least("a", Margin(0.99, "x")), "%", "at least 99 %"),
        (at_most("a", -Margin(0.5, "x")), "", "at most −0.5"),
        (away_from("a", 1.0, factor(1.1, "x")), "", "more than a factor of 1.1"),
    ],
)
def test_margin_of_the_sentence_is_that_of_the_test(test: Test, unit, margin):
    """In the unit of what is compared."""
    claim = Claim("c", source="ours", says="It is {margin}.", holds=test)
    metrics = {name: Estimate.over_seeds([0.5, 0.6], unit) for name in "ab"}
    assert judge.judge([claim], metrics)[0].says == f"It is {margin}."


def test_away_from_is_either_way():
    """Of a difference around zero, and of a ratio around one."""
    half, one, three = (Estimate.over_seeds([at, 1.01 * at, 0.99 * at]) for at in (0.3, 1.0, 3.0))
    apart = away_from("a", 1.0, factor(2, "x"))
    assert [verdict_of(apart, a=metric).outcome for metric in (half, one, three)] == ["supported", "refuted", "supported"]
    assert verdict_of(away_from("a", 0.0, Margin(2, "x")), a=one).outcome == "refuted"


def test_several_margins_are_told_by_their_place():
    """One word cannot stand for two, and says what to write."""
    both = every(at_least("a", Margin(1, "x")), at_most("a", Margin(9, "x")))
    claim = Claim("c", source="ours", says="From {margins[0]} to {margins[1]}.", holds=both)
    assert judge.judge([claim], {"a": LOW})[0].says == "From at least 1 to at most 9."
    with pytest.raises(BuildError, match=r"claim 'c': {margin} stands for one margin, but the test has at least 1, at most 9"):
        judge.judge([Claim("c", source="ours", says="{margin}", holds=both)], {"a": LOW})


def test_sentences_name_nested_metrics_and_settings():
    """Step by step; each comment too, whatever the verdict, and a slip says what is near."""
    metrics = flat({"gap": {"first": LOW, "last": HIGH}})
    seen = Names("setting", {"batch.sizes": "16 to 64"})
    comments = Comments(supported="{gap.last.short}", refuted="{setting.batch.sizes}", inconclusive="?")
    wider = larger("gap.last", than="gap.first")
    claim = Claim("c", source="ours", says="{setting.batch.sizes}: {gap.first.short}", holds=wider, comments=comments)
    verdict = judge.judge([claim], metrics, seen)[0]
    assert (verdict.says, verdict.comment, verdict.outcome) == ("16 to 64: 1.01", "2.01", "supported")
    slip = Claim("c", source="ours", says="x", holds=wider, comments=Comments("x", "{gap.frist}", "x"))
    with pytest.raises(BuildError, match=r"claim 'c': no metric 'gap.frist'; did you mean 'gap.first'\?"):
        judge.judge([slip], metrics, seen)
    with pytest.raises(BuildError, match="metric 'gap' is a group; there are gap.first, gap.last"):
        judge.judge([Claim("c", source="ours", says="{gap}", holds=wider)], metrics)


def test_margin_needs_its_reason():
    """A bound without an argument is not written down."""
    with pytest.raises(ValueError, match="has no reason"):
        Margin(0.5, " ")


@dataclass(frozen=True)
class Part:
    seeds: Seeds = Seeds(2, first=10)
    search_seeds: tuple[int, ...] = (100, 101)


@dataclass(frozen=True)
class Whole:
    part: Part = Part()
    seeds: Seeds = Seeds(8)
    num_seeds: int = 3


@dataclass(frozen=True)
class All:
    whole: Whole = Whole()
    parts: tuple[Part, ...] = (Part(), Part(Seeds(1)))
    seed: int = 7
    initial_seed: int | None = None
    num_seeds: int = 3
    seedlings: int = 4
    is_seed: bool = True


def test_more_seeds_keep_those_that_there_are():
    """Those that choose, and what has more already, stay as they are; however deep they nest."""
    more = with_seeds(Whole(), 5)
    assert more == Whole(Part(Seeds(5, first=10)), Seeds(8)) and with_seeds(more, 2) == more
    assert list(more.part.seeds) == [10, 11, 12, 13, 14] and str(Seeds(5, 10)) == "10 to 14" and len(Seeds(3)) == 3
    assert with_seeds(All(), 5) == All(more, (more.part, Part(Seeds(5))))
    with pytest.raises(ValueError, match="expected one or more"):
        Seeds(0)


def test_shifted_seeds_are_all_seeds_and_nothing_else():
    """Reported ones and those that choose, in tuples and whatever holds them; numbers of seeds stay."""
    part = Part(Seeds(2, first=15), (105, 106))
    assert shifted(All(), 5) == All(Whole(part, Seeds(8, first=5)), (part, Part(Seeds(1, 5), (105, 106))), 12)
    assert shifted(All(), 0) == All()


def test_looks_at_more_seeds_go_on_from_those_that_there_are():
    """Twice, and four times as many, everywhere alike; the choices stay."""
    assert at_look(Whole(), 1) == Whole()
    assert at_look(Whole(), 3) == Whole(Part(Seeds(8, first=10)), Seeds(32))


def test_names_that_would_not_be_reached_are_refused():
    """A group asked for its values answers with a function of Python's."""
    with pytest.raises(BuildError, match="a name cannot be 'values'"):
        flat({"gap": {"values": LOW}})


ANY_AMOUNT = Margin(0, "x")


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        (at_least("wide.error", ANY_AMOUNT), [""]),
        (larger("wide.error", than="narrow.error"), ["the wide one − narrow"]),
        (larger("a.wide.error", than="a.narrow.error", by=factor(2, "x")), ["the wide one ÷ narrow"]),
        (no_more_often("stuck.wide", than="stuck.narrow", why="x"), ["odds, the wide one ÷ narrow"]),
        (larger("wide.error", than="wide.error.before"), ["the other − before"]),
        (every(at_least("a.wide", ANY_AMOUNT), at_least("b.wide", ANY_AMOUNT)), ["a", "b"]),
        (every(at_least("a.wide", ANY_AMOUNT), at_least("b.rest_loss", ANY_AMOUNT)), ["a, the wide one", "b, loss at rest"]),
        (
            every(*(larger(f"{name}.wide.error", than=f"{name}.narrow.error") for name in "ab")),
            ["a: the wide one − narrow", "b: the wide one − narrow"],
        ),
        (
            every(*(at_least("wide.error", Margin(bound, "x")) for bound in (1, 2))),
            ["1. the wide one, error", "2. the wide one, error"],
        ),
        (
            some(every(at_least("a", ANY_AMOUNT), at_least("b", ANY_AMOUNT)), at_least("c", ANY_AMOUNT)),
            ["1. a", "2. b", "3. c"],
        ),
    ],
)  # fmt: skip
def test_tests_of_a_claim_are_called_what_tells_them_apart(holds, expected):
    """In a reader's words, and without what all of them have in common."""
    assert labels(holds, {"wide": "the wide one", "rest_loss": "loss at rest"}) == expected


def test_words_for_a_longer_part_of_a_name_go_first():
    """ "final.change" is not "final" and "change"."""
    words = {"final": "x", "final.change": "how it changed"}
    assert labels(every(at_least("a.final.change", ANY_AMOUNT), at_least("b", ANY_AMOUNT)), words) == [
        "a, how it changed",
        "b",
    ]
    assert {"a", "final", "final.change", "a.final.change"} <= words_of([at_least("a.final.change", ANY_AMOUNT)])
