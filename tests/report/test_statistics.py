"""Correlations of one measurement, and when it reaches a level."""

import numpy as np
import pytest

from lab.statistics import first_reached, rank_correlation


@pytest.mark.parametrize(
    "y, expected", [([1.0, 8.0, 27.0, 64.0], 1.0), ([4.0, 3.0, 2.0, 1.0], -1.0), ([5.0, 5.0, 5.0, 5.0], 0.0)]
)
def test_rank_correlation_sees_order_alone(y, expected):
    """One for any rising function, minus one for a falling one, zero for a constant."""
    assert rank_correlation([1.0, 2.0, 3.0, 4.0], y) == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_rank_correlation_is_that_of_scipy(decimals):
    """Also where values are equal."""
    from scipy.stats import spearmanr

    x, y = np.random.default_rng(0).normal(size=(2, 40)).round(decimals)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y)[0], rel=1e-12)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "level, expected",
    [(0.05, 0.0), (0.1, 0.0), (0.3, 10.0), (0.5, 20.0), (0.85, 39.0), (0.95, None)],
    ids=["below the start", "the start", "between records", "a record", "after a fall", "never"],
)
def test_first_reached_lies_on_the_line_between_records(level, expected):
    """A later fall below the level changes nothing, and a level that is not reached has no time."""
    found = first_reached(level, [0.0, 20.0, 30.0, 40.0], [0.1, 0.5, 0.4, 0.9])
    assert found == (None if expected is None else pytest.approx(expected))
