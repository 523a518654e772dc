"""Lines through two solutions: which trainings they join, what rises between the ends, which point is best, what is kept."""

from dataclasses import replace

import numpy as np
import pytest

from lab.data import Digits
from lab.lines import Chosen, LineAnswers, Lines, barrier_height, choose, choose_between, error_barrier, from_start
from lab.models import MLP
from lab.training import Predict, Recipe, Train, tuned
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

LINES = Lines(num_alphas=7, num_train=50, num_test=20)
LOW, HIGH = (
    Train(MLP(64, (4,), 10), Digits(50, num_held_out=40), Recipe(rate, num_updates=5, batch_size=10), seed=0)
    for rate in (0.001, 0.01)
)


def starts(line):
    """Seeds of the initial weights of the two solutions."""
    return tuple(end.of.seed if end.of.initial_seed is None else end.of.initial_seed for end in (line.start, line.end))


def test_solutions_of_one_start_begin_alike_and_go_their_own_ways():
    """Equal initial weights, one recipe each, and another order of examples."""
    for seed, line in enumerate(LINES.of_one_start(LOW, HIGH, range(4))):
        assert starts(line) == (seed, seed)
        assert isinstance(line.start.of, Train) and isinstance(line.end.of, Train)
        assert line.start.of.seed != line.end.of.seed
        assert (line.start.of.recipe, line.end.of.recipe) == (LOW.recipe, HIGH.recipe)


def test_solutions_of_two_starts_differ_from_those_of_one_in_the_start_alone():
    """The first solution is the same one, and the second sees the same examples in the same order from other weights."""
    for apart, together in zip(*LINES.by_start(LOW, HIGH, range(4)).values(), strict=True):
        assert len({*starts(apart), *starts(together)}) == 2
        assert apart.start == together.start
        assert replace(apart.end.of, initial_seed=None) == replace(together.end.of, initial_seed=None)


def test_no_two_seeds_share_anything():
    """Neither weights, nor an order, nor the draw of training images, which both solutions of a line have in common."""
    lines = LINES.of_two_starts(LOW, HIGH, range(40))
    assert len({seed for line in lines for seed in starts(line)}) == 80
    assert [line.start.of.data for line in lines] == [line.end.of.data for line in lines]
    assert [line.start.of.data for line in lines] == [Digits(50, seed, num_held_out=40) for seed in range(40)]


def test_a_rate_that_is_searched_for_is_searched_for_once():
    """The trials are on images and seeds of their own, the same for all lines."""
    searched = tuned(LOW, (0.001, 0.01), seeds=(100,), data=Digits(50, seed=100))
    found = {end.of.tuned_by for line in LINES.of_one_start(searched, searched, range(3)) for end in (line.start, line.end)}
    assert found == {searched.tuned_by}


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


def test_further_points_lie_near_both_solutions():
    """As far from the one as from the other, in their place among the others; one that is no mixture is refused."""
    fine = replace(LINES, num_alphas=4, fine=(0.02, 0.1))
    assert fine.alphas == (-1.0, 0.0, 0.02, 0.1, 0.9, 0.98, 1.0, 2.0)
    with pytest.raises(ValueError, match="above 0 and below 0.5"):
        replace(LINES, fine=(0.0,))


def test_barrier_is_what_rises_above_the_line_between_the_ends():
    """A parabola above a slope has its height at the middle; a valley has none; what is beyond the ends does not count."""
    alphas = np.linspace(-1, 2, 31).round(6)
    slope = 0.5 + 0.2 * alphas
    assert barrier_height(alphas, slope + 4 * alphas * (1 - alphas)) == pytest.approx(1.0)
    assert barrier_height(alphas, slope - 4 * alphas * (1 - alphas)) == 0.0


def test_error_barrier_is_measured_from_the_mean_of_the_ends():
    """An error of 0.3 between ends of 0.1 and 0.2; the worse end itself where nothing between is worse."""
    alphas = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert error_barrier(alphas, np.array([0.0, 0.9, 0.7, 0.8, 0.0])) == pytest.approx(0.15)
    assert error_barrier(alphas, np.array([0.0, 0.9, 0.95, 0.8, 0.0])) == pytest.approx(0.05)


def test_the_half_that_chooses_does_not_judge():
    """Point and end are the best of the first half; their scores are those of the second, where others are better."""
    alphas = np.array([-1.0, 0.0, 0.25, 0.75, 1.0, 2.0])
    halves = np.array([[0.9, 0.3, 0.5, 0.2, 0.4, 0.8], [0.9, 0.6, 0.8, 0.1, 0.7, 0.9]])
    assert choose_between(alphas, halves, np.argmax) == Chosen(0.25, 0.8, 0.7)
    assert choose_between(alphas, halves, np.argmin) == Chosen(0.75, 0.1, 0.6)
    assert choose(alphas, halves, np.argmax) == Chosen(-1.0, 0.9, 0.7)


def test_a_gain_is_positive_where_the_point_scores_higher():
    """Of a loss, that is worse."""
    assert Chosen(0.25, score=0.8, end_score=0.7).gain == pytest.approx(0.1)


def test_answers_along_a_line_end_in_those_of_the_solutions(cache):
    """Probabilities of the first held-out examples and of the first ones on which the solutions disagree."""
    (line,) = LINES.of_one_start(LOW, HIGH, (0,))
    job = LineAnswers.on(line, 6)
    with using(InProcess(cache)):
        found, *ends = gather((job, *(Predict(end.of) for end in (line.start, line.end))))
    assert found.alphas.tolist() == list(line.alphas)
    disputed = np.flatnonzero(np.not_equal(*(end.outputs.argmax(-1) for end in ends)))
    chosen = [0, 1, 2, *[place for place in disputed if place > 2][:3]]
    assert len(chosen) == 6, "the two should disagree on three examples or more"
    np.testing.assert_array_equal(found.inputs, ends[0].inputs[chosen])
    np.testing.assert_array_equal(found.targets, ends[0].targets[chosen])
    for alpha, end in zip((0, 1), ends, strict=True):
        odds = np.exp(end.outputs[chosen].astype(float))
        there = found.probabilities[found.alphas == alpha][0]
        np.testing.assert_allclose(there, odds / odds.sum(-1, keepdims=True), rtol=1e-5)
    made_up = job.placeholder()
    for name in ("alphas", "inputs", "targets", "probabilities"):
        assert getattr(made_up, name).shape == getattr(found, name).shape and job.seconds > 0
