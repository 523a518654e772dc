"""Lines through two solutions: which trainings they join, what rises between the ends, and which point is best."""

from dataclasses import replace

import numpy as np
import pytest

from lab.data import Digits
from lab.lines import Chosen, Lines, barrier_height, choose_between, from_start
from lab.models import MLP
from lab.training import Recipe, Train

LINES = Lines(MLP(64, (4,), 10), Digits(50), num_alphas=7, num_train=50, num_test=20)
LOW, HIGH = Recipe(0.001, num_updates=5, batch_size=10), Recipe(0.01, num_updates=5, batch_size=10)


def starts(line):
    """Seeds of the initial weights of the two solutions."""
    return tuple(end.of.seed if end.of.initial_seed is None else end.of.initial_seed for end in (line.start, line.end))


def test_solutions_of_one_start_begin_alike_and_go_their_own_ways():
    """Equal initial weights, one recipe each, and another order of examples."""
    for seed, line in enumerate(LINES.of_one_start(LOW, HIGH, range(4))):
        assert starts(line) == (seed, seed)
        assert isinstance(line.start.of, Train) and isinstance(line.end.of, Train)
        assert line.start.of.seed != line.end.of.seed
        assert (line.start.of.recipe, line.end.of.recipe) == (LOW, HIGH)


def test_solutions_of_two_starts_are_those_of_one_start_joined_otherwise():
    """No pair begins alike, and no training is added."""
    apart, together = LINES.of_two_starts(LOW, HIGH, range(4)), LINES.of_one_start(LOW, HIGH, range(4))
    assert all(first != second for first, second in map(starts, apart))
    assert {line.start for line in apart} == {line.start for line in together}
    assert {line.end for line in apart} == {line.end for line in together}


def test_more_seeds_change_no_pair():
    """What was measured before is asked for again."""
    assert LINES.of_two_starts(LOW, HIGH, range(8))[:4] == LINES.of_two_starts(LOW, HIGH, range(4))


def test_a_line_from_the_start_ends_at_the_second_solution():
    """Which keeps its initial weights; all else is that of the line."""
    (line,) = LINES.of_one_start(LOW, HIGH, (3,))
    assert from_start(line) == replace(line, start=replace(line.end, at_step=0))
    assert 0 in from_start(line).start.of.checkpoint_at


def test_both_solutions_are_points_of_the_line():
    """Exactly, as barriers are measured from them; a number of points that would miss one is refused."""
    (line,) = LINES.of_one_start(LOW, HIGH, (0,))
    assert line.alphas == (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
    with pytest.raises(ValueError, match="num_alphas is 30; expected 4, 7, 10"):
        replace(LINES, num_alphas=30)


def test_barrier_is_what_rises_above_the_line_between_the_ends():
    """A parabola above a slope has its height at the middle; a valley has none; what is beyond the ends does not count."""
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


def test_a_gain_is_positive_where_the_point_scores_higher():
    """Of a loss, that is worse."""
    assert Chosen(0.25, score=0.8, end_score=0.7).gain == pytest.approx(0.1)
