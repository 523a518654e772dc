"""Correlations of one measurement, when it reaches a level, and what lies between two ends."""

import numpy as np
import pytest

from lab.statistics import Chosen, barrier_height, choose_between, first_reached, rank_correlation


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


def test_barrier_is_what_rises_above_the_line_between_the_ends():
    """A parabola above a slope has its height at the middle; a valley between the ends has none; what is beyond the ends does not count."""
    alphas = np.linspace(-1, 2, 31).round(6)
    slope = 0.5 + 0.2 * alphas
    assert barrier_height(alphas, slope + 4 * alphas * (1 - alphas)) == pytest.approx(1.0)
    assert barrier_height(alphas, slope - 4 * alphas * (1 - alphas)) == 0.0


def test_the_half_that_chooses_does_not_judge():
    """Point and end are the best of the first half; their scores are those of the second, where others are better."""
    alphas = np.array([-1.0, 0.0, 0.25, 0.75, 1.0, 2.0])
    halves = np.array([[0.9, 0.3, 0.5, 0.2, 0.4, 0.9], [0.9, 0.6, 0.8, 0.1, 0.7, 0.9]])
    assert choose_between(alphas, halves, np.argmax) == Chosen(0.25, 0.8, 0.7)
    assert choose_between(alphas, halves, np.argmin) == Chosen(0.75, 0.1, 0.6)
