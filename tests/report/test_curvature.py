"""Curvature without the matrix agrees with the matrix, and a stack with its networks."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from lab import curvature
from lab.activations import GELU, Identity, ReLU, SiLU, Softplus, Tanh
from lab.curvature import Curvature, Hessian, Spectra
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.models import CNN, MLP, flat_weights
from lab.training import Recipe, Train, TrainStack
from measured.jobs import gather
from measured.jobs.pool import InProcess, using
from tests.report.cases import TINY_PROBLEMS, any_batch, dense_hessian, quadratic

WAVE = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=20, num_test=5)
DIGITS = Digits(60, num_held_out=20)
EXACT = Recipe(0.01, 20, None, weight_decay=0.03, dtype="float64")
BOWL_AND_RIDGE = (2.0, 1.0, -5.0)


def random_vector(size: int, *columns: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(size, *columns))


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_product_matches_dense_hessian(problem):
    """H @ v and H @ V equal an independently built dense Hessian times them, in float64; so do the dense matrix and SciPy's operator."""
    hessian, expected = Hessian(problem.model, problem.batch, problem.weight_decay), dense_hessian(problem)
    vectors = random_vector(problem.num_parameters, 3)
    np.testing.assert_allclose(hessian @ vectors, expected @ vectors, atol=1e-11)
    np.testing.assert_allclose(hessian @ vectors[:, 0], expected @ vectors[:, 0], atol=1e-11)
    np.testing.assert_allclose(hessian.dense(chunk=5), expected, atol=1e-11)
    np.testing.assert_allclose(hessian.to_scipy().matmat(vectors), expected @ vectors, atol=1e-11)
    assert hessian.shape == expected.shape and np.array_equal(hessian.dense(), hessian.dense().T)


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_slices_do_not_change_the_hessian(problem, monkeypatch):
    """Sums over slices of unequal size are weighted by their share of the examples."""
    hessian, vector = Hessian(problem.model, problem.batch, problem.weight_decay), random_vector(problem.num_parameters)
    expected = hessian @ vector, hessian.gradient(), hessian.loss()
    monkeypatch.setattr(curvature, "EVALUATION_SLICE", 3)
    for found, whole in zip((hessian @ vector, hessian.gradient(), hessian.loss()), expected, strict=True):
        np.testing.assert_allclose(found, whole, atol=1e-12)


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_gradient_and_product_match_finite_differences(problem):
    """Central differences of the loss give the gradient along a direction, and those of the gradient the product."""
    hessian = Hessian(problem.model, problem.batch, problem.weight_decay)
    vector, step = random_vector(problem.num_parameters), 1e-5
    start = torch.nn.utils.parameters_to_vector(problem.model.parameters()).detach()
    sides = []
    for sign in (1, -1):
        torch.nn.utils.vector_to_parameters(start + sign * step * torch.from_numpy(vector), problem.model.parameters())
        sides.append(Hessian(problem.model, problem.batch, problem.weight_decay))
    torch.nn.utils.vector_to_parameters(start, problem.model.parameters())
    assert (sides[0].loss() - sides[1].loss()) / (2 * step) == pytest.approx(hessian.gradient() @ vector, rel=1e-6, abs=1e-8)
    differences = (sides[0].gradient() - sides[1].gradient()) / (2 * step)
    np.testing.assert_allclose(hessian @ vector, differences, atol=2e-6)


def test_product_matches_curvlinops():
    """Against another library's Hessian operator, classes and a convolution included."""
    with warnings.catch_warnings():
        # linear_operator, which curvlinops imports, decorates with torch.jit.script.
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script.*` is deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script.*` is deprecated", category=DeprecationWarning)
        from curvlinops import HessianLinearOperator

        problem = next(problem for problem in TINY_PROBLEMS if problem.name == "convolution")
        parameters = list(problem.model.parameters())
        other = HessianLinearOperator(problem.model, torch.nn.CrossEntropyLoss(), parameters, [problem.batch])
        vector = random_vector(problem.num_parameters)
        expected = torch.as_tensor(other @ torch.from_numpy(vector)).detach().numpy()
    np.testing.assert_allclose(Hessian(problem.model, problem.batch) @ vector, expected, atol=1e-11)


def test_linear_regression_has_its_textbook_hessian():
    """2/n X^T X plus the weight decay, where the constant column is the bias; bottom, top and trace are those of this matrix."""
    inputs = torch.from_numpy(random_vector(30, 4))
    design = np.concatenate([inputs.numpy(), np.ones((30, 1))], axis=1)
    expected = 2 / 30 * design.T @ design + 0.1 * np.eye(5)
    model = torch.nn.Linear(4, 1).double()
    hessian = Hessian(model, (inputs, inputs.sum(1, keepdim=True)), weight_decay=0.1)
    np.testing.assert_allclose(hessian.dense(), expected, atol=1e-12)
    eigenvalues = np.linalg.eigvalsh(expected)
    np.testing.assert_allclose(curvature.extreme_eigenvalues(hessian, seed=3), (eigenvalues[0], eigenvalues[-1]), rtol=1e-8)


def test_saddle_reports_the_signed_dominant_curvature():
    """A saddle dominated by negative curvature has a negative top eigenvalue; the extremes keep their signs and order."""
    bowl_and_ridge = Hessian(*quadratic(eigenvalues=BOWL_AND_RIDGE))
    assert curvature.top_eigenvalue(bowl_and_ridge, seed=0) == pytest.approx(-5.0)
    assert curvature.extreme_eigenvalues(bowl_and_ridge, seed=0) == pytest.approx((-5.0, 2.0))
    np.testing.assert_allclose(np.linalg.eigvalsh(bowl_and_ridge.dense()), sorted(BOWL_AND_RIDGE), atol=1e-12)


def test_one_parameter_has_one_eigenvalue():
    """ARPACK refuses a 1 x 1 matrix; we do not."""
    assert curvature.top_eigenvalue(Hessian(*quadratic(eigenvalues=(3.0,))), seed=0) == pytest.approx(3.0)


def test_trace_is_within_its_standard_error():
    """The estimate is the sum of the eigenvalues up to a few standard errors, which shrink as probes are added; a diagonal has no error."""
    eigenvalues = (3.0, -1.0, 2.0, 0.5, 0.1, 4.0)
    hessian = Hessian(*quadratic(eigenvalues))
    few, many = (curvature.trace(hessian, num_probes, seed=0) for num_probes in (20, 320))
    for estimate, error in (few, many):
        assert 0 < abs(estimate - sum(eigenvalues)) < 4 * error
    assert few[1] / many[1] == pytest.approx(4.0, rel=0.4)
    diagonal = Hessian(*quadratic(eigenvalues, rotated=False))
    assert curvature.trace(diagonal, 5, seed=0) == pytest.approx((sum(eigenvalues), 0.0), abs=1e-12)
    with pytest.raises(ValueError, match="num_probes is 1; a standard error needs 2"):
        curvature.trace(hessian, 1, seed=0)


def test_dropout_is_refused():
    """A loss that changes between calls has no Hessian; the message says what to do."""
    with pytest.raises(ValueError, match=r"not deterministic.*model\.eval\(\)"):
        Hessian(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout()), any_batch())


def test_divergence_and_wrong_shapes_are_refused():
    """The messages give the loss and the shapes."""
    model = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(model.weight, float("nan"))
    with pytest.raises(ValueError, match="the loss is nan"):
        Hessian(model, any_batch())
    with pytest.raises(ValueError, match=r"cannot multiply a \(6, 6\) Hessian by an array of shape \(5,\)"):
        _ = Hessian(torch.nn.Linear(2, 2), any_batch()) @ np.ones(5)


def test_measuring_leaves_the_model_as_it_was():
    """Weights, mode and gradients are untouched."""
    problem = next(problem for problem in TINY_PROBLEMS if problem.name == "convolution")
    before = torch.nn.utils.parameters_to_vector(problem.model.parameters()).clone()
    curvature.trace(Hessian(problem.model, problem.batch), 2, seed=0)
    assert torch.equal(before, torch.nn.utils.parameters_to_vector(problem.model.parameters()))
    assert all(parameter.grad is None for parameter in problem.model.parameters())


# ---------------------------------------------------------------------------------------------------------------------
# A stack


@pytest.mark.parametrize("activation", [Tanh(), ReLU(), SiLU(), Softplus(), GELU(), Identity()], ids=repr)
@pytest.mark.parametrize("hidden, classes", [((4, 2, 5), True), ((4,), False), ((), True)])
def test_stack_matches_each_network_alone(activation, hidden, classes, monkeypatch):
    """Loss, gradient and Hessian of each network equal those of torch's own layers, differentiated by torch; chunks do not matter."""
    network = MLP(3, hidden, 3, activation)
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(11, 3, dtype=torch.float64, generator=generator)
    targets = torch.randint(3, (11,), generator=generator) if classes else inputs.roll(1, 0)
    weights = torch.randn(4, network.num_parameters, dtype=torch.float64, generator=generator)
    monkeypatch.setattr(curvature, "CHUNK_ELEMENTS", 1000)  # two or three networks at a time
    problem = (network, weights, inputs, targets, 0.02)
    losses, gradients, hessians = (
        curvature.stacked_loss(*problem),
        curvature.stacked_gradient(*problem),
        curvature.stacked_hessian(*problem),
    )
    for number, row in enumerate(weights):
        alone = Hessian(network.with_weights(row.numpy()), (inputs, targets), weight_decay=0.02)
        assert float(losses[number]) == pytest.approx(alone.loss(), rel=1e-12)
        np.testing.assert_allclose(gradients[number], alone.gradient(), atol=1e-12)
        np.testing.assert_allclose(hessians[number], alone.dense(), atol=1e-11)
    assert torch.equal(hessians, hessians.mT)


def test_stack_takes_images():
    """Images are flattened as the network flattens them."""
    network, split = MLP(64, (3,), 10, Tanh()), DIGITS.load()
    weights = torch.from_numpy(np.stack([flat_weights(network.build(seed).double()) for seed in (0, 1)]))
    expected = Hessian(network.with_weights(weights[1].numpy()), (split.train_inputs, split.train_targets)).gradient()
    found = curvature.stacked_gradient(network, weights, split.train_inputs, split.train_targets)[1]
    np.testing.assert_allclose(found, expected, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Jobs

STACK = TrainStack(MLP(1, (3, 2), 1, Tanh()), WAVE, EXACT, (4, 7), checkpoint_at=(10, 0))
CONVOLUTIONAL = Train(CNN((1, 8, 8), (2,), (), 10), DIGITS, Recipe(0.01, 5, 32, weight_decay=0.01), 0)


@pytest.mark.parametrize("at_step", [None, 0, 10])
def test_spectra_are_those_of_the_weights_at_that_step(cache, at_step):
    """Loss, gradient and eigenvalues agree with each network trained up to that step, weight decay included."""
    with using(InProcess(cache)):
        found = gather(Spectra(STACK, at_step))
    split = WAVE.load()
    for row, seed in enumerate(STACK.seeds):
        model = STACK.network.build(seed).double()
        if at_step != 0:
            model = STACK.network.with_weights(
                Train(STACK.network, WAVE, replace(EXACT, num_updates=at_step or 20), seed).compute().weights
            )
        alone = Hessian(model, (split.train_inputs, split.train_targets), weight_decay=0.03)
        # Alone it was trained by other products, so the weights agree to rounding.
        assert found.loss[row] == pytest.approx(alone.loss(), rel=1e-6)
        assert found.grad_norm_squared[row] == pytest.approx(np.sum(alone.gradient() ** 2), rel=1e-5)
        np.testing.assert_allclose(found.eigenvalues[row], np.linalg.eigvalsh(alone.dense()), atol=1e-6)


def test_a_step_without_weights_is_refused():
    """The message lists the steps that were kept."""
    with pytest.raises(ValueError, match=r"at_step is 5; expected one of .*\(10, 0\), or None"):
        Spectra(STACK, 5)


def test_diverged_networks_are_named():
    """The message names the seeds."""
    training = STACK.compute()
    training.weights[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"seeds \[7\] diverged"):
        Spectra(STACK).compute(training)


def test_curvature_of_a_trained_network(cache):
    """Extremes and trace are those of the dense Hessian on the first examples, weight decay included."""
    with using(InProcess(cache)):
        found, training = gather((Curvature(CONVOLUTIONAL, num_examples=25, num_probes=40, seed=1), CONVOLUTIONAL))
    split = DIGITS.load()
    model = CONVOLUTIONAL.network.with_weights(training.weights.astype(np.float64))
    dense = Hessian(model, (split.train_inputs[:25], split.train_targets[:25]), weight_decay=0.01).dense()
    eigenvalues = np.linalg.eigvalsh(dense)
    assert (found.bottom_eigenvalue, found.top_eigenvalue) == pytest.approx((eigenvalues[0], eigenvalues[-1]), abs=1e-6)
    assert abs(found.trace - eigenvalues.sum()) < 4 * found.trace_standard_error


@pytest.mark.parametrize("job", [Spectra(STACK, 10), Curvature(CONVOLUTIONAL, 10, 2, 0)], ids=["spectra", "curvature"])
def test_placeholder_has_the_shapes_of_the_result(job, cache):
    """A rehearsal sees arrays as large as the real ones, finite, ascending where they ascend."""
    with using(InProcess(cache)):
        real = gather(job)
    made_up = job.placeholder()
    for name in vars(real):
        assert np.shape(getattr(real, name)) == np.shape(getattr(made_up, name)), name
        assert np.isfinite(getattr(made_up, name)).all()
    assert job.seconds > 0
