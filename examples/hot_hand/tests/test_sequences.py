"""What follows a streak, against what can be counted by hand."""

from itertools import product

import numpy as np
import pytest
from experiments.sequences import Shooter, after_streaks


def test_flips_after_streaks_are_counted():
    """By hand: heads after two heads at the fourth and fifth flip, one of them a head."""
    shots, made = after_streaks(np.array([[0, 1, 1, 1, 0, 1], [1, 0, 0, 1, 1, 0]], dtype=np.int8), streak=2)
    assert shots.tolist() == [2, 1] and made.tolist() == [1, 0]


def test_average_over_all_sequences_of_three_flips():
    """5/12 after one head in three flips (Miller and Sanjurjo 2018, table 1)."""
    shots, made = after_streaks(np.array(list(product((0, 1), repeat=3)), dtype=np.int8), streak=1)
    shares = made[shots > 0] / shots[shots > 0]
    assert shares.mean() == pytest.approx(5 / 12)


def test_hot_hand_adds_what_it_says():
    """Pooled over many shots after a streak, where no average leans."""
    shots, made = after_streaks(Shooter(hot_by=0.2).shoot(2000, 500, seed=3), streak=3)
    assert made.sum() / shots.sum() == pytest.approx(0.7, abs=0.01)
