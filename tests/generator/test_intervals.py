"""Intervals of ratios that two seeds leave wide open."""

import math

from measured.evidence import Claim, Estimate, Margin, intervals, judge, larger


def test_interval_beyond_all_numbers_is_open():
    """Two seeds that disagree by many orders of magnitude bound a ratio by nothing: it is undecided, and no error."""
    low, high = intervals.of_summary([1e-30, 1e30], "geometric mean", confidence=0.999)
    assert low == 0 and high == math.inf
    metrics = {
        "a": Estimate.over_seeds([1e-30, 1e30], average="geometric mean"),
        "b": Estimate.over_seeds([1.0, 1.0], average="geometric mean"),
    }
    twice = Margin(2, "a test", scale="ratio")
    claim = Claim("a-is-larger", "ours", "{a} is {margin} as large as {b}.", larger("a", than="b", by=twice, paired=True))
    (verdict,) = judge.judge((claim,), metrics)
    assert verdict.inconclusive and verdict.findings[0].high == math.inf
