"""A loss and its derivatives agree with torch in one piece, with differences, and a stack with its networks."""

import numpy as np
import pytest
import torch

from lab import backpropagation
from lab.activations import GELU, Identity, ReLU, SiLU, Softplus, Tanh
from lab.building import flat_weights
from lab.curvature import Hessian
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.losses import MeanLoss, StackedLoss, evaluate, training_loss
from lab.models import CNN, MLP
from lab.split import Examples
from lab.training import Recipe, Train
from tests.report.cases import TINY_PROBLEMS, dense_hessian

DIGITS = Digits(80, num_held_out=20)


def random_vector(size: int) -> torch.Tensor:
    return torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_slices_change_nothing(problem):
    """Sums over slices of unequal size are weighted by their share of the examples."""
    whole, sliced = problem.loss(), problem.loss(slice_size=3)
    weights, vector = whole.weights, random_vector(problem.num_parameters)
    torch.testing.assert_close(sliced.value(weights), whole.value(weights))
    torch.testing.assert_close(sliced.gradient(weights), whole.gradient(weights))
    torch.testing.assert_close(sliced.product(weights, vector), whole.product(weights, vector))


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_derivatives_match_finite_differences(problem):
    """Central differences of the loss give the gradient along a direction, and those of the gradient the product."""
    loss, vector, step = problem.loss(), random_vector(problem.num_parameters), 1e-5
    ahead, behind = loss.weights + step * vector, loss.weights - step * vector
    slope = (loss.value(ahead) - loss.value(behind)) / (2 * step)
    assert float(slope) == pytest.approx(float(loss.gradient(loss.weights) @ vector), rel=1e-6, abs=1e-8)
    differences = (loss.gradient(ahead) - loss.gradient(behind)) / (2 * step)
    torch.testing.assert_close(loss.product(loss.weights, vector), differences, atol=2e-6, rtol=0)


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_value_comes_with_its_gradient(problem):
    """The value is the same alone and with the gradient; the weight decay is what the mean lacks."""
    loss = problem.loss()
    value, gradient = loss.value_and_gradient(loss.weights)
    assert float(value) == float(loss.value(loss.weights)) and torch.equal(gradient, loss.gradient(loss.weights))
    decay = problem.weight_decay / 2 * loss.weights.square().sum()
    torch.testing.assert_close(loss.value(loss.weights) - loss.mean(loss.weights), decay)


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_slope_of_the_gradient_norm_is_hessian_times_gradient(problem):
    """Against a dense Hessian built elsewhere."""
    loss = problem.loss()
    gradient = loss.gradient(loss.weights)
    half, slope = loss.half_squared_grad_norm(loss.weights)
    torch.testing.assert_close(half, gradient.square().sum() / 2)
    torch.testing.assert_close(slope, torch.from_numpy(dense_hessian(problem)) @ gradient)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_is_that_of_the_evaluation(dtype):
    """The loss of a trained network is what the training loop reports."""
    job = Train(CNN((1, 8, 8), (3,), (6,), 10), DIGITS, Recipe(0.01, 5, 32, weight_decay=0.1, dtype=dtype), 0)
    training = job.compute()
    loss = training_loss(job, training, None, dtype)
    assert float(loss.value(loss.weights)) == pytest.approx(float(training.final_train_loss), rel=1e-6)
    few, split = training_loss(job, training, 30, dtype), DIGITS.load()
    expected = evaluate(few.model, split.train_inputs[:30].to(getattr(torch, dtype)), split.train_targets[:30])
    assert float(few.value(few.weights)) == pytest.approx(float(expected.loss), rel=1e-6)


def test_gradient_of_a_batch_normalised_network():
    """Loss and gradient with fixed statistics, in slices, against torch in one piece."""
    job = Train(MLP(64, (6, 5), 10, batch_norm=True), DIGITS, Recipe(0.05, 9, 16), 2)
    training = job.compute()
    model, examples = job.rebuilt(training, "float64"), DIGITS.load().train(70, "float64")
    loss = MeanLoss(model, examples, slice_size=33)
    value, gradient = loss.value_and_gradient(loss.weights)
    expected = torch.nn.functional.cross_entropy(model(examples.inputs), examples.targets)
    expected.backward()
    flat = torch.cat([item.grad.flatten() for item in model.parameters() if item.grad is not None])
    assert float(value) == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, flat, atol=1e-14, rtol=1e-10)


def test_model_is_as_before():
    """Weights, ``.grad`` and mode are left alone, dropout is off, and what happens to the model later does not matter."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 50), torch.nn.Dropout(0.5), torch.nn.Linear(50, 3)).train()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    loss = MeanLoss(model, Examples(torch.ones(9, 2), torch.zeros(9, dtype=torch.int64)))
    weights = loss.weights
    first = loss.gradient(weights)
    assert model.training
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old) and parameter.grad is None
    torch.nn.init.zeros_(model[0].weight)  # pyright: ignore[reportArgumentType]
    assert torch.equal(loss.gradient(weights), first) and torch.equal(loss.weights, weights)


# ---------------------------------------------------------------------------------------------------------------------
# A stack


@pytest.mark.parametrize("activation", [Tanh(), ReLU(), SiLU(), Softplus(), GELU(), Identity()], ids=repr)
@pytest.mark.parametrize("hidden, classes", [((4, 2, 5), True), ((4,), False), ((), True)])
def test_stack_matches_each_network_alone(activation, hidden, classes, monkeypatch):
    """Loss, gradient and Hessian equal those of torch's own layers, differentiated by torch; chunks do not matter."""
    network = MLP(3, hidden, 3, activation)
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(11, 3, dtype=torch.float64, generator=generator)
    targets = torch.randint(3, (11,), generator=generator) if classes else inputs.roll(1, 0)
    weights = torch.randn(4, network.num_parameters, dtype=torch.float64, generator=generator)
    monkeypatch.setattr(backpropagation, "CHUNK_ELEMENTS", 1000)  # two or three networks at a time
    stack = StackedLoss(network, Examples(inputs, targets), 0.02)
    losses, (gradients, hessians) = stack.value(weights), stack.gradient_and_hessian(weights)
    assert torch.equal(stack.gradient(weights), gradients) and torch.equal(hessians, hessians.mT)
    for number, row in enumerate(weights):
        alone = MeanLoss(network.with_weights(row.numpy()), stack.examples, 0.02)
        assert float(losses[number]) == pytest.approx(float(alone.value(row)), rel=1e-12)
        torch.testing.assert_close(gradients[number], alone.gradient(row), atol=1e-12, rtol=1e-10)
        np.testing.assert_allclose(hessians[number], Hessian(alone).dense(), atol=1e-11)


def test_formulas_match_automatic_differentiation():
    """What one network and a stack have in common gives the same as the stack's formulas, in one call for all networks."""
    network = MLP(1, (3,), 1, Tanh())
    split = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=16, num_test=5).load()
    stack, weights = StackedLoss(network, split.train(), 0.01), random_vector(40).reshape(4, 10)
    gradient, hessian = stack.gradient_and_hessian(weights)
    value, by_torch = stack.value_and_gradient(weights)
    torch.testing.assert_close((value, by_torch), (stack.value(weights), gradient))
    product = (hessian @ gradient[:, :, None])[:, :, 0]
    torch.testing.assert_close(stack.product(weights, gradient), product)
    half, slope = stack.half_squared_grad_norm(weights)
    torch.testing.assert_close((half, slope), (gradient.square().sum(1) / 2, product))


def test_stack_takes_images():
    """Images are flattened as the network flattens them."""
    network, examples = MLP(64, (3,), 10, Tanh()), DIGITS.load().train(dtype="float64")
    weights = torch.from_numpy(np.stack([flat_weights(network.build(seed).double()) for seed in (0, 1)]))
    expected = MeanLoss(network.build(1).double(), examples).gradient(weights[1])
    torch.testing.assert_close(StackedLoss(network, examples).gradient(weights)[1], expected, atol=1e-12, rtol=1e-10)
