"""Zero-gradient points are where they are known to be, and each says truly what it is."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from lab import critical_points, zero_gradient
from lab.activations import Identity, Softplus, Tanh
from lab.checkpoints import Checkpoint
from lab.critical_points import KINDS, CriticalPoints, NeighbourRatio, classify, count_signs
from lab.curvature import Hessian
from lab.functions import FunctionSamples, Sinc5
from lab.losses import MeanLoss, StackedLoss
from lab.models import MLP
from lab.reached import Reached
from lab.split import Examples
from lab.training import Recipe, Train, TrainStack
from lab.zero_gradient import Levenberg, Path, certify, eigenvalue_error, find, share_of_higher
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

WAVE = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=16, num_test=5)
NETWORK = MLP(1, (3,), 1, Tanh())
STACK = TrainStack(
    NETWORK,
    WAVE,
    Recipe(0.02, 60, None, weight_decay=1e-3, dtype="float64"),
    tuple(range(6)),
    checkpoint_at=(0, 60),
)
ALONE = Train(NETWORK, WAVE, STACK.recipe, 0)
METHODS = {"grad_norm": 150, "levenberg": 40}


def random_tensor(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


class Given(StackedLoss):
    """The quadratic loss g . x + x . H x / 2 at x = weights - ones, in place of a network's."""

    def __init__(self, slope: torch.Tensor, matrix: torch.Tensor):
        self.slope, self.matrix = slope, matrix

    def value(self, weights):
        moved = weights - 1
        return moved @ self.slope + ((moved @ self.matrix) * moved).sum(1) / 2

    def gradient_and_hessian(self, weights):
        return (weights - 1) @ self.matrix + self.slope, self.matrix.expand(len(weights), -1, -1)


# ---------------------------------------------------------------------------------------------------------------------
# Reaching them

EIGENVALUES = np.array([4.0, 2.5, 1.5, 0.7])


def autoencoder(num_hidden: int = 2) -> StackedLoss:
    """A linear autoencoder of centred inputs whose covariance has ``EIGENVALUES``."""
    samples = random_tensor(20, len(EIGENVALUES))
    white = torch.linalg.qr(samples - samples.mean(0))[0] * 20**0.5
    rotation = torch.linalg.qr(random_tensor(4, 4, seed=1))[0]
    inputs = white * torch.from_numpy(EIGENVALUES).sqrt() @ rotation
    assert float(inputs.mean(0).abs().max()) < 1e-12
    return StackedLoss(MLP(4, (num_hidden,), 4, Identity()), Examples(inputs, inputs))


def known_points(num_hidden: int) -> list[tuple[float, int]]:
    """Loss and number of negative eigenvalues of every kind of critical point (Baldi and Hornik 1989; Frye et al. 2019).

    The network projects on a subset of at most ``num_hidden`` principal directions. The loss is the mean over outputs of the
    variances left out. It falls if a kept direction turns to a left-out one of larger variance, or if an idle unit takes up a
    left-out one.
    """
    points, all_directions = [], range(len(EIGENVALUES))
    for size in range(num_hidden + 1):
        for kept in combinations(all_directions, size):
            left_out = [number for number in all_directions if number not in kept]
            turns = sum(EIGENVALUES[out] > EIGENVALUES[inside] for out in left_out for inside in kept)
            points.append((EIGENVALUES[left_out].sum() / len(EIGENVALUES), turns + (num_hidden - size) * len(left_out)))
    return points


def test_points_of_a_linear_autoencoder_are_the_known_ones():
    """At least 95 % of the accepted points have loss and index of an analytic one, several saddles and losses among them."""
    loss = autoencoder()
    sizes = torch.logspace(-1.5, 0.2, 60, dtype=torch.float64)[:, None]
    start = random_tensor(60, loss.network.num_parameters, seed=3) * sizes
    points = find(loss, start.numpy(), "levenberg", 60)
    accepted = points.grad_norm_squared < critical_points.CRITICAL
    assert accepted.mean() > 0.7
    known, index = known_points(2), count_signs(points.eigenvalues, critical_points.SIGN_TOLERANCE)[2]
    found = [(loss, number) for loss, number in zip(points.loss[accepted], index[accepted], strict=True)]
    matched = [any(abs(loss - other) < 1e-6 and number == turns for other, turns in known) for loss, number in found]
    assert np.mean(matched) >= 0.95, [pair for pair, is_known in zip(found, matched, strict=True) if not is_known]
    assert len({(round(loss, 4), number) for loss, number in found}) >= 4


@pytest.mark.parametrize("method", METHODS)
def test_linear_regression_has_one_critical_point(method):
    """Both methods reach the ridge solution from anywhere; its eigenvalues are those of 2/n X^T X plus the decay."""
    inputs, targets = random_tensor(30, 3), random_tensor(30, 1, seed=1)
    loss = StackedLoss(MLP(3, (), 1), Examples(inputs, targets), weight_decay=0.2)
    points = find(loss, (random_tensor(5, 4, seed=2) * 10).numpy(), method, METHODS[method])
    design = torch.cat([inputs, torch.ones(30, 1, dtype=torch.float64)], dim=1).numpy()
    matrix = 2 / 30 * design.T @ design + 0.2 * np.eye(4)
    solution = np.linalg.solve(matrix, 2 / 30 * design.T @ targets.numpy())[:, 0]
    np.testing.assert_allclose(points.weights, np.broadcast_to(solution, (5, 4)), atol=1e-8)
    np.testing.assert_allclose(points.eigenvalues, np.broadcast_to(np.linalg.eigvalsh(matrix), (5, 4)), atol=1e-12)
    np.testing.assert_allclose(points.data_loss, np.mean((design @ solution - targets.numpy()[:, 0]) ** 2))
    np.testing.assert_allclose(points.loss - points.data_loss, 0.1 * solution @ solution)
    assert (points.kinds == 0).all() and (points.eigenvalues > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_gradient_norm_never_rises(method, cache):
    """Along every network's path, from the start as measured to the point that is reported; the search gets somewhere."""
    job = CriticalPoints(Checkpoint(STACK, 0), method, METHODS[method])
    with using(InProcess(cache)):
        points = gather(job)
    assert (np.diff(points.history, axis=1) <= 0).all()
    np.testing.assert_array_equal(points.history[:, 0], points.start_grad_norm_squared)
    np.testing.assert_array_equal(points.history[:, -1], points.grad_norm_squared)
    assert points.steps[0] == 0 and points.steps[-1] == METHODS[method]
    assert np.median(points.grad_norm_squared / points.start_grad_norm_squared) < 1e-4
    assert (points.largest_residual >= points.residual).all()


@pytest.mark.parametrize("method", METHODS)
def test_networks_do_not_know_each_other(method):
    """A network goes the same way alone as in a stack: step lengths, damping and memory are its own."""
    loss = StackedLoss(NETWORK, WAVE.load().train(), 1e-3)
    start = random_tensor(3, 10).numpy()
    together, alone = find(loss, start, method, 15), find(loss, start[1:2], method, 15)
    np.testing.assert_allclose(together.history[1], alone.history[0], rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_that_is_not_a_number_comes_out(method):
    """Starts so far out that trial points overflow keep their best point."""
    loss = StackedLoss(MLP(1, (2,), 1, Softplus()), Examples(random_tensor(5, 1), random_tensor(5, 1, seed=1)))
    start = torch.cat([random_tensor(2, 7), random_tensor(2, 7, seed=1) * 1e30])
    points = find(loss, start.numpy(), method, 20)
    for name, values in vars(points).items():
        assert np.isfinite(values).all(), name
    assert (points.grad_norm_squared <= points.start_grad_norm_squared).all()


@pytest.mark.parametrize("damping", [1e-8, 1e-3, 10.0])
def test_damped_step_is_levenbergs(damping):
    """The real part of one complex solution is -(H^2 + mu)^-1 H g, by the eigenvectors of H."""
    loss, start = StackedLoss(NETWORK, WAVE.load().train(), 1e-3), random_tensor(4, 10)
    search = Levenberg(loss, start)
    search._damping = torch.full((4,), damping, dtype=torch.float64)
    gradient, hessian = loss.gradient_and_hessian(start)
    values, vectors = torch.linalg.eigh(hessian)
    slope = (vectors.mT @ gradient[:, :, None])[:, :, 0]
    move = (vectors @ (-values * slope / (values.square() + damping))[:, :, None])[:, :, 0]
    shorter = loss.gradient(start + move).square().sum(1) < gradient.square().sum(1)
    search.step()
    expected = torch.where(shorter[:, None], start + move, start)
    torch.testing.assert_close(search.weights, expected, rtol=1e-9, atol=1e-9)
    assert shorter.any()


@pytest.mark.parametrize(
    "norm, moves",
    [
        (lambda step: 0.9**step, True),
        (lambda step: 1 / step, True),
        (lambda step: step**-0.4, False),
        (lambda step: 1.0, False),
    ],
    ids=["geometrically", "by its inverse", "by less than a tenth", "not at all"],
)
def test_standing_still_is_a_fall_by_less_than_a_tenth(norm, moves):
    """In the last fifth of all steps, from when patience is at its end."""
    given = Given(torch.ones(2).double(), torch.eye(2).double())
    path, rows = Path(given, torch.ones(1, 2).double(), 1000), torch.zeros(1, dtype=torch.int64)
    search = Levenberg(given, torch.ones(1, 2).double())
    for step in range(1, 1001):
        search.grad_norm_squared = torch.tensor([norm(step)]).double()
        assert path.visit(step, rows, search).item() == (moves or step < critical_points.PATIENCE * 1000)


@pytest.mark.parametrize("method", METHODS)
def test_a_network_rests_where_it_stands_still(method, monkeypatch):
    """It stays where the search that goes on has it at that step, and one that has never stood still uses up its steps."""
    loss, start = StackedLoss(NETWORK, WAVE.load().train(), 1e-3), random_tensor(8, 10).numpy()
    monkeypatch.setattr(zero_gradient, "PATIENCE", 0.4)
    points = find(loss, start, method, 30)
    assert points.moving.any() and (points.num_steps[points.moving] == 30).all()
    assert (points.num_steps[~points.moving] >= (12 if method == "grad_norm" else 1)).all()
    (row, *_) = np.flatnonzero(~points.moving & (points.num_steps < 30))
    monkeypatch.setattr(zero_gradient, "PATIENCE", 1.0)
    going_on = find(loss, start, method, int(points.num_steps[row]))
    np.testing.assert_allclose(points.weights[row], going_on.weights[row], rtol=1e-6)
    assert (np.diff(points.history[row][points.steps >= points.num_steps[row]]) == 0).all()


# ---------------------------------------------------------------------------------------------------------------------
# What they are


def test_saddles_are_saddles_by_another_instrument():
    """Where the signs say a saddle, automatic differentiation of one network alone finds no gradient and the same curvatures,
    and the loss itself falls both ways along one eigenvector and rises both ways along another."""
    loss = StackedLoss(NETWORK, WAVE.load().train(), 1e-3)
    points = find(loss, random_tensor(20, 10).numpy(), "levenberg", 200)
    reached = Reached.of([points], 1e-7, 1.0)
    rows = np.flatnonzero(reached.certain & reached.saddle)
    assert len(rows) >= 3
    for row in rows:
        alone = MeanLoss(NETWORK.with_weights(points.weights[row]), WAVE.load().train(None, "float64"), 1e-3)
        assert float(alone.gradient(alone.weights).norm()) < 1e-10
        values, vectors = np.linalg.eigh(Hessian(alone).dense())
        assert np.abs(values - points.eigenvalues[row]).max() < points.eigenvalue_error[row] + 1e-12
        here = float(alone.value(alone.weights))
        for number, sign in ((0, -1), (-1, 1)):
            # So far that the change is above rounding, and so near that the quadratic part of the loss is most of it.
            moved = 1e-2 * torch.from_numpy(vectors[:, number])
            changes = [sign * (float(alone.value(alone.weights + way * moved)) - here) for way in (-1, 1)]
            assert min(changes) > 1e-12, (row, number, changes)


@pytest.mark.parametrize("away", [1e-3, 1e-5, 1e-8])
def test_error_of_eigenvalues_covers_the_way_to_the_critical_point(away):
    """From a little beside a critical point, its eigenvalues are within the error of those that are measured."""
    loss = StackedLoss(NETWORK, WAVE.load().train(), 1e-3)
    points = find(loss, random_tensor(20, 10).numpy(), "levenberg", 200)
    rows = (points.grad_norm_squared < 1e-26) & (np.abs(points.eigenvalues).min(axis=1) > 1e-4)
    assert rows.sum() >= 3
    beside = torch.from_numpy(points.weights[rows]) + away * random_tensor(int(rows.sum()), 10, seed=4) / 10
    at = certify(loss, beside)
    error = eigenvalue_error(loss, beside, at).numpy()
    difference = np.abs(at.eigenvalues.numpy() - points.eigenvalues[rows]).max(axis=1)
    assert (difference < 1.1 * error).all() and (error < 1e3 * away).all()


def test_residuals_are_those_of_the_least_squares_step():
    """Against NumPy's least squares with the same cut-off, on a Hessian of deficient rank."""
    root = random_tensor(6, 4)
    matrix = root @ torch.diag(torch.tensor([3.0, 1.0, -2.0, 0.5]).double()) @ root.T
    given = Given(random_tensor(6, seed=5), matrix)
    found = certify(given, torch.ones(1, 6, dtype=torch.float64))
    slope, hessian = given.slope.numpy(), matrix.numpy()
    step = np.linalg.lstsq(hessian, -slope, rcond=critical_points.KERNEL)[0]
    left = hessian @ step + slope
    expected = np.linalg.norm(left) / (np.linalg.norm(hessian) * np.linalg.norm(step) + np.linalg.norm(slope))
    assert float(found.residual) == pytest.approx(expected, rel=1e-8) and 0.01 < expected < 0.99
    assert float(found.residual_hessian) < 1e-12


@pytest.mark.parametrize(
    "slope, residual, steepness, name",
    [
        ((0.0, 1.0), 1.0, 0.0, "gradient-flat"),
        ((1.0, 0.0), 0.0, 1.0, "not converged"),
        ((0.0, 0.0), 0.0, 0.0, "critical"),
    ],
)
def test_gradient_in_the_kernel_is_flat(slope, residual, steepness, name):
    """With H = diag(2, 0), a gradient along the second axis cannot be reduced by a Newton step, one along the first can."""
    matrix = torch.diag(torch.tensor([2.0, 0.0]).double())
    found = certify(Given(torch.tensor(slope).double(), matrix), torch.ones(1, 2, dtype=torch.float64))
    assert float(found.residual) == pytest.approx(residual) and float(found.steepness) == pytest.approx(steepness)
    numbers = classify(found.grad_norm_squared.numpy(), found.residual.numpy(), found.residual_hessian.numpy())
    assert KINDS[int(numbers[0])] == name


def test_kinds_follow_the_thresholds():
    """Flat goes before critical, but not where the gradient is rounding."""
    norms = np.array([1e-11, 1e-9, 1e-3, 1e-11, 1e-21, 1e-3, 1e-3])
    residual = np.array([0.1, 0.1, 0.95, 0.95, 0.95, 0.85, 0.95])
    residual_hessian = np.array([0.0, 0.0, 1e-4, 1e-4, 1e-4, 1e-4, 1e-3])
    assert classify(norms, residual, residual_hessian).tolist() == [0, 2, 1, 1, 0, 2, 2]


def test_signs_are_counted_with_a_tolerance():
    """Relative to each network's own largest magnitude; the three counts add up."""
    eigenvalues = np.array([[-2.0, -1e-6, 1e-6, 1.0], [-2e3, -1e-6, 1.0, 1e3]])
    assert [counts.tolist() for counts in count_signs(eigenvalues, 1e-5)] == [[1, 2], [2, 1], [1, 1]]
    assert [counts.tolist() for counts in count_signs(eigenvalues, 0.0)] == [[2, 2], [0, 0], [2, 2]]
    assert [counts.tolist() for counts in count_signs(np.zeros((1, 3)), 0.1)] == [[0], [3], [0]]


@pytest.mark.parametrize(
    "eigenvalues, share", [((1.0, 2.0), 1.0), ((-1.0, -2.0), 0.0), ((1.0, -1.0), 1 / 2), ((1.0, -3.0), 1 / 3)]
)
def test_share_of_higher_neighbours_is_an_angle(eigenvalues, share):
    """On a circle around a critical point in the plane; for (1, -3) it is higher within 30 degrees of the first axis."""
    given = Given(torch.zeros(2).double(), torch.diag(torch.tensor(eigenvalues).double()))
    found = share_of_higher(given, np.ones((3, 2)), 2000, 1e-3, seed=0)
    np.testing.assert_allclose(found, share, atol=0.04)


# ---------------------------------------------------------------------------------------------------------------------
# Jobs


@pytest.mark.parametrize("at_step", [None, 0])
def test_measuring_alone_agrees_with_each_network(at_step, cache):
    """Without a search the point is where the training was; loss, gradient and eigenvalues are those of each network alone."""
    with using(InProcess(cache)):
        points, training = gather((CriticalPoints(Checkpoint(STACK, at_step), "none", 0), STACK))
    np.testing.assert_array_equal(points.weights, training.weights if at_step is None else training.checkpoints[:, 0])
    np.testing.assert_array_equal(points.start_loss, points.loss)
    for row, seed in enumerate(STACK.seeds):
        model = NETWORK.build(seed).double()
        if at_step is None:
            model = NETWORK.with_weights(Train(NETWORK, WAVE, STACK.recipe, seed).compute().weights)
        alone = MeanLoss(model, WAVE.load().train(), STACK.recipe.weight_decay)
        # Alone it was trained by other products, so the weights agree to rounding.
        assert points.loss[row] == pytest.approx(float(alone.value(alone.weights)), rel=1e-6)
        squared = float(alone.gradient(alone.weights).square().sum())
        assert points.grad_norm_squared[row] == pytest.approx(squared, rel=1e-5)
        np.testing.assert_allclose(points.eigenvalues[row], np.linalg.eigvalsh(Hessian(alone).dense()), atol=1e-6)


def test_diverged_networks_are_named():
    """The message names the seeds."""
    training = STACK.compute()
    training.weights[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"seeds \[1\] diverged"):
        CriticalPoints(Checkpoint(STACK), "none", 0).compute(training)


def test_neighbours_of_minima_are_higher(cache):
    """At networks that reached a minimum, found by its eigenvalues, all neighbours at a small radius lie higher."""
    trained = replace(STACK, recipe=replace(STACK.recipe, num_updates=1500), checkpoint_at=())
    search = CriticalPoints(Checkpoint(trained), "levenberg", 60)
    with using(InProcess(cache)):
        points, ratios = gather((search, NeighbourRatio(search, 50, 1e-3, seed=0)))
    minima = (points.grad_norm_squared < critical_points.STRICTLY_CRITICAL) & (points.eigenvalues > 1e-6).all(1)
    assert minima.any() and (ratios.shares[minima] == 1).all()
    assert ((ratios.shares >= 0) & (ratios.shares <= 1)).all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Checkpoint(STACK, 7), r"no checkpoint is kept after 7 updates; expected one of \[0, 60\]"),
        (lambda: CriticalPoints(Checkpoint(ALONE), "none", 0), "only stacks have exact Hessians; .* expected a TrainStack"),
        (lambda: CriticalPoints(Checkpoint(STACK, 0), "none", 5), "num_steps is 5 with method 'none'; 'none' takes 0"),
        (lambda: CriticalPoints(Checkpoint(STACK, 0), "levenberg", 0), "num_steps is 0 with method 'levenberg'"),
    ],
)
def test_what_cannot_be_searched_is_refused(make, message):
    """Before anything is trained; the message says what to give instead."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "job", [CriticalPoints(Checkpoint(STACK, 60), "levenberg", 40), CriticalPoints(Checkpoint(STACK), "none", 0)]
)
def test_placeholder_has_the_shapes_of_the_result(job, cache):
    """A rehearsal sees arrays as large as the real ones, finite, positive where they are drawn on log scales."""
    neighbours = NeighbourRatio(job, 3, 0.01, 0)
    with using(InProcess(cache)):
        results = gather((job, neighbours))
    for real, made_up in zip(results, (job.placeholder(), neighbours.placeholder()), strict=True):
        for name in vars(real):
            assert np.shape(getattr(real, name)) == np.shape(getattr(made_up, name)), name
            assert np.isfinite(getattr(made_up, name)).all()
            assert getattr(real, name).dtype == getattr(made_up, name).dtype, name
    made_up = job.placeholder()
    assert (made_up.history > 0).all() and (made_up.grad_norm_squared > 0).all() and job.seconds > 0
