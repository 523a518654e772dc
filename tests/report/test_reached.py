"""What searches reached: blocks joined, and minima told from saddles by the signs of eigenvalues."""

from dataclasses import replace

import numpy as np
import pytest

from lab.critical_points import KINDS, Candidates, Shares
from lab.reached import Reached, joined


def points(eigenvalues, norms, kinds):
    """Points with these eigenvalues, squared gradient norms and kinds, whose search began where the norm was 1."""
    num, rest = len(norms), np.arange(float(len(norms)))
    return Candidates(
        weights=np.zeros((num, 4)), start_loss=rest, loss=rest, data_loss=rest, start_grad_norm_squared=np.ones(num),
        grad_norm_squared=np.array(norms), residual=rest, residual_hessian=rest, largest_residual=rest, steepness=rest,
        eigenvalues=np.array(eigenvalues), eigenvalue_error=np.full(num, 1e-8),
        kinds=np.array([KINDS.index(kind) for kind in kinds]), num_steps=np.full(num, 5), moving=np.zeros(num, bool),
        steps=np.array([0, 5]), history=np.stack([np.ones(num), norms], axis=1),
    )  # fmt: skip


BLOCKS = (
    points([[-2.0, 1e-9, 1.0, 2.0], [1e-9, 1.0, 2.0, 4.0]], [1e-12, 1e-22], ["critical", "critical"]),
    points([[-4.0, -2.0, -1.0, 1e-9]], [1e-4], ["gradient-flat"]),
)


@pytest.fixture
def reached():
    """A saddle, a minimum and a maximum, each with a flat direction, in two blocks."""
    return Reached.of(BLOCKS, 1e-7, 1.5, [Shares(np.array([0.5, 1.0])), Shares(np.array([0.0]))])


def test_blocks_are_joined_in_their_order(reached):
    """One row per network; the recorded steps are those of all."""
    np.testing.assert_array_equal(reached.grad_norm_squared, [1e-12, 1e-22, 1e-4])
    np.testing.assert_array_equal(reached.steps, [0, 5])
    np.testing.assert_array_equal(reached.history, [[1, 1e-12], [1, 1e-22], [1, 1e-4]])
    np.testing.assert_array_equal(reached.fall, [1e-12, 1e-22, 1e-4])


def test_certificates_are_told_apart(reached):
    """Critical, certainly so, or flat."""
    np.testing.assert_array_equal(reached.critical, [True, True, False])
    np.testing.assert_array_equal(reached.certain, [False, True, False])
    np.testing.assert_array_equal(reached.flat, [False, False, True])


def test_signs_are_counted(reached):
    """A flat direction counts as neither sign, unless the tolerance is zero."""
    np.testing.assert_array_equal(reached.minimal_ratio, [0.5, 0.75, 0.0])
    np.testing.assert_array_equal(reached.minimal_ratio_at(0.0), [0.75, 1.0, 0.25])
    np.testing.assert_array_equal(reached.index, [0.25, 0.0, 0.75])
    assert reached.rounding == pytest.approx(4 * 2.2e-16, rel=0.01)


@pytest.mark.parametrize("error, expected", [(1e-8, True), (1e-10, True), (1.5, True), (2.0, False), (3.0, False)])
def test_a_saddle_has_signs_beyond_doubt(error, expected):
    """Each of both signs by more than the error; the flat direction of 1e-9 is none, whatever its sign."""
    found = Reached.of([replace(BLOCKS[0], eigenvalue_error=np.full(2, error))], 1e-7, 1.5)
    np.testing.assert_array_equal(found.saddle, [expected, False])


def test_networks_that_learned_nothing_are_told_apart(reached):
    """The losses are 0, 1 and, of the second block, 0; a constant answer has 1.5, or 1.04 of which 1 is nearly all."""
    np.testing.assert_array_equal(reached.collapsed, [False, False, False])
    learned = replace(reached, loss_of_constant=1.04)
    np.testing.assert_array_equal(learned.collapsed, [False, True, False])
    np.testing.assert_array_equal(learned.only_learned.index, [0.25, 0.75])


@pytest.mark.parametrize("losses, number", [([], 0), ([0.2], 1), ([0.5, 0.2, 0.5 + 1e-8], 2), ([0.2, 0.2001, 0.3], 3)])
def test_equal_losses_are_counted_once(losses, number, reached):
    """Up to the error that is left, in any order."""
    rows = reached.where(np.arange(len(losses)))
    assert replace(rows, loss=np.array(losses)).num_losses == number


def test_magnitudes_are_shares_of_the_largest(reached):
    """Whatever their signs, the largest first."""
    np.testing.assert_allclose(reached.magnitudes[0], [1, 1, 0.5, 5e-10])
    np.testing.assert_allclose(reached.magnitudes[2], [1, 0.5, 0.25, 2.5e-10])


def test_groups_are_neighbours(reached):
    """All networks once, in their order; a few networks still make two groups."""
    first, second = reached.in_groups(10)
    np.testing.assert_array_equal(first.grad_norm_squared, [1e-12, 1e-22])
    np.testing.assert_array_equal(second.index, [0.75])
    assert len(reached.in_groups(1)) == 3


def test_some_of_the_networks(reached):
    """By truth values, with all that belongs to them."""
    critical = reached.only_critical
    assert critical.num_parameters == 4 and critical.size == "4 parameters"
    np.testing.assert_array_equal(critical.saddle, [True, False])
    np.testing.assert_array_equal(critical.history, [[1, 1e-12], [1, 1e-22]])


def test_pairs_by_kind(reached):
    """Two numbers of each network, for the kinds that there are."""
    assert reached.by_kind("index", "higher") == {"critical": [(0.25, 0.5), (0.0, 1.0)], "gradient-flat": [(0.75, 0.0)]}


def test_searches_are_joined(reached):
    """Groups of several searches as one."""
    twice = joined([reached.where(reached.flat), reached])
    np.testing.assert_array_equal(twice.index, [0.75, 0.25, 0.0, 0.75])
    np.testing.assert_array_equal(twice.higher, [0.0, 0.5, 1.0, 0.0])


def test_without_neighbours_nothing_is_known_of_them():
    """Not a number, which no metric takes."""
    assert np.isnan(Reached.of(BLOCKS, 1e-7, 1.5).higher).all()
