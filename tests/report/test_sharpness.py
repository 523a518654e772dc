"""Sharpness agrees with corners that can be counted, ignores or sees a rescaling by definition, and changes nothing."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import fmin_l_bfgs_b, rosen, rosen_der

from lab.box_search import Subspace, maximize_in_box, minimize_in_unit_box
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.losses import MeanLoss, stratified_training_loss, training_loss
from lab.models import CNN, MLP
from lab.sharpness import Curvature, Rescaling, Sharpness, rescale
from lab.split import Examples
from lab.training import Recipe, Train
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

SAMPLES = FunctionSamples(Sinc5(), -1.0, 1.0, 40, 60)
DIGITS = Digits(80, num_held_out=50)
EXACT = Recipe(0.05, 9, 16, dtype="float64")
LINE_FIT = Train(MLP(1, (), 1), SAMPLES, EXACT, 0)
RELU = Train(MLP(64, (7, 6), 10), DIGITS, replace(EXACT, learning_rate=0.01, num_updates=60), 1)
NORMALISED = Train(MLP(64, (6, 5), 10, batch_norm=True), DIGITS, replace(EXACT, dtype="float32"), 2)
IMAGES = Train(CNN((1, 8, 8), (3,), (6,), 10), DIGITS, replace(EXACT, dtype="float32"), 2)


def quadratic(matrix: np.ndarray, slope: np.ndarray):
    """Value and gradient of z . matrix z / 2 + slope . z."""
    return lambda z: (float(z @ matrix @ z / 2 + slope @ z), matrix @ z + slope)


def corners(half_widths: np.ndarray) -> np.ndarray:
    """All corners of a box, one a row."""
    return np.array(list(product((-1.0, 1.0), repeat=len(half_widths)))) * half_widths


# ---------------------------------------------------------------------------------------------------------------------
# The search


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6], ids=["tiny", "one", "huge"])
def test_maximum_of_a_bowl_is_its_best_corner(size):
    """Of a tilted one, the corner that the tilt points to, whatever the unit; a side without width does not move."""
    curvatures, slope, widths = np.array([2.0, 0.5, 3.0, 1.0]), np.array([1.0, -2.0, 0.3, 9.0]), np.array([0.1, 0.3, 0.2, 0.0])
    here, found = maximize_in_box(quadratic(size * np.diag(curvatures), size * slope), widths, 10, seed=0)
    assert here == 0 and found == pytest.approx(size * (curvatures @ widths**2 / 2 + np.abs(slope) @ widths), rel=1e-12)


def test_maximum_inside_the_box_is_found():
    """A hill whose top is inside, at -A^-1 b with value b . A^-1 b / 2."""
    matrix = -np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    slope = np.array([0.2, -0.1, 0.3])
    _, found = maximize_in_box(quadratic(matrix, slope), np.ones(3), 10, seed=1)
    assert found == pytest.approx(-slope @ np.linalg.solve(matrix, slope) / 2, rel=1e-6)


def test_critical_point_is_left():
    """At the bottom of a bowl the gradient is zero; the search starts beside it and still ends in a corner."""
    widths = np.array([0.1, 0.2, 0.3])
    _, found = maximize_in_box(quadratic(np.eye(3), np.zeros(3)), widths, 10, seed=0)
    assert found == pytest.approx(widths @ widths / 2)


@pytest.mark.parametrize("num_iterations", [1, 3, 10])
def test_core_of_scipy_takes_the_steps_of_its_front(num_iterations):
    """The same points, bit for bit, on a valley that bends (Rosenbrock's), which takes corrections and line searches."""

    def valley(z: np.ndarray) -> tuple[float, np.ndarray]:
        visited.append(z.copy())
        return float(rosen(z)), rosen_der(z)

    paths, start = [], np.random.default_rng(0).uniform(-0.5, 0.5, 6)
    for search in ("core", "front"):
        visited: list[np.ndarray] = []
        at_start = valley(start)
        if search == "core":
            minimize_in_unit_box(valley, start, at_start, num_iterations)
        else:
            bounds, limit = [(-1.0, 1.0)] * 6, 2 * num_iterations
            fmin_l_bfgs_b(valley, start, bounds=bounds, factr=0.0, pgtol=0.0, maxiter=num_iterations, maxfun=limit)
        paths.append(np.unique(visited, axis=0))
    np.testing.assert_array_equal(*paths)


def test_nothing_to_climb_is_no_sharpness():
    """A constant has its value as its maximum; a hilltop, on which we stand, is not lost though the search starts beside it."""
    assert maximize_in_box(lambda z: (3.0, 0 * z), np.ones(2), 10, seed=0) == (3.0, 3.0)
    assert maximize_in_box(quadratic(-np.eye(2), np.zeros(2)), np.ones(2), 10, seed=0)[1] == 0.0


# ---------------------------------------------------------------------------------------------------------------------
# Of a network


def line_loss(weights: np.ndarray, num_examples: int) -> float:
    """The mean squared error of a line, by its formula."""
    split = SAMPLES.load()
    x, t = (item[:num_examples, 0].double().numpy() for item in (split.train_inputs, split.train_targets))
    return float(np.mean((weights[0] * x + weights[1] - t) ** 2))


@pytest.mark.parametrize("kind, num_examples", [("keskar", 40), ("keskar", 25), ("adaptive", None)])
def test_line_fit_is_sharpest_in_a_corner(kind, num_examples):
    """The loss of a linear fit is a bowl, so that the worst of the four corners is the maximum; on the first examples only."""
    training = LINE_FIT.compute()
    weights = training.weights
    widths = 0.05 * (np.abs(weights) + (kind == "keskar"))
    found = Sharpness(LINE_FIT, 0.05, num_examples, kind).compute(training)
    here = line_loss(weights, num_examples or 40)
    largest = max(line_loss(weights + corner, num_examples or 40) for corner in corners(widths))
    assert found.phi == pytest.approx(100 * (largest - here) / (1 + here), rel=1e-9)


def test_subspace_has_its_own_box():
    """z lives in the subspace, with the box epsilon (|A^+ x| + 1); in a large one, A^+ x is x in other coordinates."""
    training = LINE_FIT.compute()
    weights, space = training.weights, Subspace(2, 2, seed=5)
    matrix = np.stack([space.embed(unit) for unit in np.eye(2)], axis=1)
    np.testing.assert_allclose(matrix @ space.coordinates(weights), weights, rtol=1e-6)
    np.testing.assert_allclose(space.project(weights), matrix.T @ weights, rtol=1e-6)
    widths = 0.01 * (np.abs(np.linalg.solve(matrix, weights)) + 1)
    largest = max(line_loss(weights + matrix @ corner, 40) for corner in corners(widths))
    here = line_loss(weights, 40)
    found = Sharpness(LINE_FIT, 0.01, 40, subspace=2, seed=5).compute(training)
    assert found.phi == pytest.approx(100 * (largest - here) / (1 + here), rel=1e-5)


def test_subspace_is_one_matrix():
    """Products and least-squares coordinates agree with NumPy's pseudo-inverse to float32; entries look standard normal."""
    space, vector = Subspace(50, 4, seed=0), np.random.default_rng(1).normal(size=50)
    matrix = np.stack([space.embed(unit) for unit in np.eye(4)], axis=1)
    np.testing.assert_allclose(space.project(vector), matrix.T @ vector, atol=1e-5)
    np.testing.assert_allclose(space.coordinates(vector), np.linalg.pinv(matrix) @ vector, atol=1e-5)
    assert matrix.std() == pytest.approx(1.0, abs=0.1) and abs(matrix.mean()) < 0.2


@pytest.mark.parametrize("epsilon, least", [(1e-3, 0.97), (1e-2, 0.9)])
def test_ten_iterations_find_nearly_what_a_long_search_does(epsilon, least):
    """Against one hundred steps from corner to corner by the signs of the gradient, on a trained network."""
    training = RELU.compute()
    loss = training_loss(RELU, training, 80)
    weights = loss.weights.numpy()
    widths = epsilon * (np.abs(weights) + 1)
    units, found = np.random.default_rng(3).uniform(-0.01, 0.01, len(widths)), []
    for _ in range(100):
        value, gradient = loss.value_and_gradient(torch.from_numpy(weights + widths * units))
        found.append(float(value))
        units = np.sign(gradient.numpy())
    here = float(loss.value(loss.weights))
    assert Sharpness(RELU, epsilon, 80).compute(training).phi > least * 100 * (max(found) - here) / (1 + here)


def test_curvature_is_that_of_the_dense_hessian():
    """Top eigenvalue, to the accuracy asked for, and trace are those of the matrix on the first examples, without decay."""
    of = replace(RELU, recipe=replace(RELU.recipe, weight_decay=0.1))
    training = of.compute()
    found = Curvature(of, 25, 40, seed=3).compute(training)
    model = of.rebuilt(training)
    split, parameters = DIGITS.load(), dict(model.named_parameters())

    def loss(vector: torch.Tensor) -> torch.Tensor:
        pieces = vector.split([value.numel() for value in parameters.values()])
        weights = {name: piece.view(parameters[name].shape) for name, piece in zip(parameters, pieces, strict=True)}
        outputs = torch.func.functional_call(model, weights, (split.train_inputs[:25].double(),))
        return torch.nn.functional.cross_entropy(outputs, split.train_targets[:25])

    dense = torch.autograd.functional.hessian(loss, torch.from_numpy(training.weights))
    eigenvalues = np.linalg.eigvalsh(np.asarray(dense))
    assert found.top_eigenvalue == pytest.approx(eigenvalues[-1], rel=1e-2)
    precise = Curvature(of, 25, 2, seed=3, tolerance=1e-4).compute(training)
    assert precise.top_eigenvalue == pytest.approx(eigenvalues[-1], rel=1e-6)
    assert 0 < abs(found.trace - eigenvalues.sum()) < 4 * found.trace_standard_error


def test_strata_stand_for_all_examples():
    """The hardest count once each, the others for the rest: together the mean loss of all, on average over draws, with its
    gradient; where everything is looked at, exactly, Hessian products included."""
    training = RELU.compute()
    whole = training_loss(RELU, training, None)
    weights, vector = whole.weights, torch.linspace(-1, 1, len(whole.weights), dtype=torch.float64)
    everything = stratified_training_loss(RELU, training, 30, 50, seed=0)
    torch.testing.assert_close(everything.value(weights), whole.value(weights))
    torch.testing.assert_close(everything.gradient(weights), whole.gradient(weights))
    torch.testing.assert_close(everything.product(weights, vector), whole.product(weights, vector))
    draws = [float(stratified_training_loss(RELU, training, 30, 10, seed=1, draw=draw).value(weights)) for draw in range(5)]
    assert np.mean(draws) == pytest.approx(float(whole.value(weights)))  # five draws of ten are the fifty others
    assert len(set(draws)) == 5


def test_hardest_examples_are_those_with_the_largest_losses():
    """No example that is left out of them has a larger loss, and no two draws share one."""
    training = RELU.compute()
    parts = [stratified_training_loss(RELU, training, 30, 10, seed=1, draw=draw)._strata for draw in range(2)]
    (_, hardest), (_, others) = parts[0]
    weights = hardest.weights
    least = min(float(alone(hardest, i).value(weights)) for i in range(30))
    assert all(float(alone(others, i).value(weights)) <= least for i in range(10))
    first, second = ({row.numpy().tobytes() for row in strata[1][1].examples.inputs} for strata in parts)
    assert not first & second


def alone(loss: MeanLoss, place: int) -> MeanLoss:
    """The loss of one of its examples."""
    examples = loss.examples
    return MeanLoss(loss.model, Examples(examples.inputs[place : place + 1], examples.targets[place : place + 1]))


# ---------------------------------------------------------------------------------------------------------------------
# Rescaling


def test_rescaling_changes_sharpness_but_not_the_adaptive_kind(cache):
    """The same function to 1e-12; Keskar's phi and the top eigenvalue move by large factors, the adaptive kind by rounding."""
    factors = (0.1, 1.0, 7.0)
    with using(InProcess(cache)):
        found, training = gather((Rescaling(RELU, factors, 1e-3, 1e-2, 80), RELU))
    assert found.output_difference.max() < 1e-12
    np.testing.assert_allclose(found.adaptive, found.adaptive[1], rtol=1e-8)
    assert found.keskar[0] > 3 * found.keskar[1] and found.top_eigenvalue[0] > 10 * found.top_eigenvalue[1]
    # At factor 1 it is the network itself.
    assert found.keskar[1] == Sharpness(RELU, 1e-3, 80).compute(training).phi
    assert found.adaptive[1] == Sharpness(RELU, 1e-2, 80, "adaptive").compute(training).phi
    assert found.weight_norm[1] == pytest.approx(np.linalg.norm(training.weights))


def test_rescaled_layers_are_the_first_two():
    """Weights and biases of layer 1 times the factor, the weights of layer 2 over it, the rest as it was."""
    training = RELU.compute()
    before, after = (RELU.network.named_weights(item).values() for item in (training.weights, rescale(RELU, training, 4.0)))
    for old, new, factor in zip(before, after, (4, 4, 0.25, 1, 1, 1), strict=True):
        np.testing.assert_array_equal(new, old * factor)


# ---------------------------------------------------------------------------------------------------------------------

JOBS = [
    Sharpness(RELU, 1e-3, 60),
    Sharpness(NORMALISED, 1e-3, None, subspace=5),
    Sharpness(IMAGES, 1e-2, 60, "adaptive", num_iterations=3),
    Curvature(NORMALISED, 60, 2, 0),
    Curvature(NORMALISED, 40, 2, 0, num_hardest=20, draw=1),
    Rescaling(RELU, (0.5, 1.0), 1e-3, 1e-2, 60),
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{type(job).__name__}-{job.of.network}")
def test_measuring_changes_nothing(job):
    """The weights that came in are bit-identical afterwards, and measuring twice gives the same bytes."""
    training = job.of.compute()
    before = training.weights.tobytes(), training.statistics.tobytes()
    first, second = job.compute(training), job.compute(training)
    for name in type(first).__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert before == (training.weights.tobytes(), training.statistics.tobytes())


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{type(job).__name__}-{job.of.network}")
def test_placeholder_has_the_shapes_of_the_result(cache, job):
    """A rehearsal sees what the real result has, finite, positive, and another for another seed."""
    with using(InProcess(cache)):
        real = gather(job)
    made_up, other = job.placeholder(), replace(job, of=replace(job.of, seed=5)).placeholder()
    for name in type(real).__dataclass_fields__:
        values, expected = getattr(made_up, name), getattr(real, name)
        assert np.shape(values) == np.shape(expected) and np.isfinite(values).all() and np.min(values) > 0, name
    assert str(made_up) != str(other) and job.seconds > 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Sharpness(RELU, 0.0, 60), "epsilon 0.0.*expected a positive number"),
        (lambda: Sharpness(RELU, 1e-3, 0), "num_examples 0; expected"),
        (lambda: Sharpness(RELU, 1e-3, 60, num_iterations=0), "num_iterations 0 and"),
        (lambda: Sharpness(RELU, 1e-3, 60, subspace=0), "subspace is 0; expected 1 to"),
        (lambda: Sharpness(LINE_FIT, 1e-3, 60, subspace=3), "expected 1 to 2 dimensions, or None"),
        (lambda: Sharpness(RELU, 1e-3, 60, "adaptive", subspace=3), "use subspace=None"),
        (lambda: Curvature(RELU, 60, 1, 0), "expected at least 2 probes"),
        (lambda: Curvature(RELU, 60, 2, 0, num_hardest=60), "num_hardest is 60, num_examples 60; expected some of them"),
        (
            lambda: Curvature(RELU, 60, 2, 0, num_hardest=20, draw=1).compute(RELU.compute()),
            "in draw 1 of 80 training",
        ),
        (lambda: Rescaling(RELU, (1.0, -2.0), 1e-3, 1e-2, 60), "ReLU keeps no negative ones"),
        (lambda: Rescaling(NORMALISED, (1.0,), 1e-3, 1e-2, 60), "batch norm cannot be rescaled; expected"),
        (lambda: Rescaling(LINE_FIT, (1.0,), 1e-3, 1e-2, 60), "1-1 cannot be rescaled"),
        (lambda: Rescaling(RELU, (1.0,), 1e-3, 0.0, 60), "epsilon 0.0"),
    ],
)
def test_what_cannot_be_measured_is_refused(make, message):
    """The message says what was expected."""
    with pytest.raises(ValueError, match=message):
        make()


def test_diverged_training_is_refused():
    """Weights that are not finite have no sharpness; the message names the seed and the remedy."""
    training = replace(RELU.compute(), weights=np.full(RELU.network.num_parameters, np.nan))
    with pytest.raises(ValueError, match="training of seeds .1. diverged.*lower its learning rate"):
        Sharpness(RELU, 1e-3, 60).compute(training)
