"""Correlations of one measurement."""

import numpy as np
import pytest

from lab.statistics import rank_correlation


@pytest.mark.parametrize(
    "y, expected", [([1.0, 8.0, 27.0, 64.0], 1.0), ([4.0, 3.0, 2.0, 1.0], -1.0), ([5.0, 5.0, 5.0, 5.0], 0.0)]
)
def test_rank_correlation_sees_order_alone(y, expected):
    """One for any rising function, minus one for a falling one, zero for a constant."""
    assert rank_correlation([1.0, 2.0, 3.0, 4.0], y) == pytest.approx(expected)


def test_rank_correlation_is_pearsons_on_ranks():
    """Against NumPy's correlation of the ranks, where no two values are equal."""
    x, y = np.random.default_rng(0).normal(size=(2, 40))
    ranks = [values.argsort().argsort() for values in (x, y)]
    assert rank_correlation(x, y) == pytest.approx(np.corrcoef(ranks)[0, 1])
