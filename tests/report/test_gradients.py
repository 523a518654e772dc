"""Gradient norms are those that torch computes in one piece, and add up over mini-batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lab.activations import Tanh
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.gradient_norms import draw_batches, gradient_norms, last_layer, parts
from lab.gradients import GradientNormDescent, GradientNorms, Norms
from lab.losses import MeanLoss
from lab.models import CNN, MLP
from lab.split import Examples
from lab.training import Recipe, Train
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

EXACT = Recipe(0.05, 8, 16, weight_decay=0.1, dtype="float64")
WAVE = Train(MLP(1, (5, 4), 1, Tanh()), FunctionSamples(Sinc5(), -1.0, 1.0, 40, 10), EXACT, 0, checkpoint_at=(8, 0, 3))
DIGITS = Train(CNN((1, 8, 8), (3,), (6,), 10), Digits(700, num_held_out=20), EXACT, 1, checkpoint_at=(0, 8))


@pytest.mark.parametrize("of, num_examples", [(WAVE, None), (WAVE, 30), (DIGITS, 600)], ids=["all", "first", "classes"])
def test_norms_are_those_of_autograd(cache, of, num_examples):
    """In one piece, without weight decay: the loss by torch's own function, its gradient by ``backward``, the norm over all."""
    job = GradientNorms(of, 4, 10, num_examples, seed=2)
    with using(InProcess(cache)):
        found, trained = gather((job, of))
    split = of.data.load()
    inputs, targets = split.train_inputs[:num_examples].double(), split.train_targets[:num_examples]
    loss_of = torch.nn.functional.cross_entropy if split.is_classification else torch.nn.functional.mse_loss
    assert list(found.steps) == sorted(of.checkpoint_at)
    for row, weights in enumerate(trained.checkpoints):
        for column, batch in enumerate([torch.arange(len(inputs)), *draw_batches(len(inputs), 10, 4, 2)]):
            model = of.network.with_weights(weights)
            loss = loss_of(model(inputs[batch]), targets[batch])
            loss.backward()
            grads = [parameter.grad for parameter in model.parameters()]
            flat = torch.cat([grad.flatten() for grad in grads if grad is not None])
            values = (found.full_loss, found.full_norm, found.full_last_layer)
            if column:
                values = tuple(item[:, column - 1] for item in (found.batch_loss, found.batch_norm, found.batch_last_layer))
            expected = (loss.detach(), flat.norm(), grads[-2].norm())  # pyright: ignore[reportOptionalMemberAccess]
            np.testing.assert_allclose([value[row] for value in values], [float(item) for item in expected], rtol=1e-10)


def test_gradient_of_a_line_is_known():
    """For y = w x + b and squared error, 2 mean((y - t) x) and 2 mean(y - t)."""
    inputs, targets = torch.tensor([[1.0], [3.0]]).double(), torch.tensor([[0.0], [1.0]]).double()
    (found,) = gradient_norms(
        MLP(1, (), 1), np.array([[2.0, -1.0]]), [Examples(inputs, targets)]
    )  # answers 1 and 5, errors 1 and 4
    assert found[:, 0].tolist() == pytest.approx([17 / 2, (13.0**2 + 5.0**2) ** 0.5, 13.0])


def test_last_layer_is_the_matrix_next_to_the_outputs():
    """Six times ten weights before the ten biases."""
    network = DIGITS.network
    assert last_layer(network) == slice(network.num_parameters - 70, network.num_parameters - 10)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-5)])
def test_batches_that_partition_the_data_average_to_the_full_gradient(dtype, tolerance):
    """The mean of their gradients is the gradient of the whole, whatever the slices; so is the mean of their losses."""
    examples = DIGITS.data.load().train(600, dtype)
    model = DIGITS.network.build(3).to(examples.inputs.dtype)
    whole = MeanLoss(model, examples)
    weights = whole.weights
    batches = draw_batches(600, 50, 12, seed=0)
    assert sorted(batches.flatten().tolist()) == list(range(600))
    parts = [MeanLoss(model, Examples(examples.inputs[batch], examples.targets[batch]), slice_size=7) for batch in batches]
    values, gradients = zip(*(part.value_and_gradient(weights) for part in parts), strict=True)
    assert np.mean(values) == pytest.approx(float(whole.value(weights)), rel=tolerance)
    torch.testing.assert_close(torch.stack(gradients).mean(0), whole.gradient(weights), rtol=tolerance, atol=tolerance)
    assert whole.gradient(weights).norm() < np.mean([gradient.norm() for gradient in gradients])


@pytest.mark.parametrize("of, batch_size", [(WAVE, 8), (DIGITS, 100)], ids=["values", "classes"])
def test_one_pass_gives_the_full_gradient_as_well(cache, of, batch_size):
    """All mini-batches of a pass give what the full gradient and each of them give when they are computed by themselves."""
    job = GradientNorms(of, None, batch_size, None, seed=3)
    with using(InProcess(cache)):
        found, trained = gather((job, of))
    examples = of.data.load().train(dtype="float64")
    batches = parts(examples, batch_size, len(examples.inputs) // batch_size, 3)
    whole, *each = gradient_norms(of.network, trained.checkpoints, [examples, *batches])
    np.testing.assert_allclose([found.full_loss, found.full_norm, found.full_last_layer], whole, rtol=1e-10)
    for number, expected in enumerate(each):
        of_batch = [item[:, number] for item in (found.batch_loss, found.batch_norm, found.batch_last_layer)]
        np.testing.assert_allclose(of_batch, expected, rtol=1e-10)
    assert found.batch_norm.shape[1] == job.axes["batches"] == len(each)


def test_batches_are_of_a_stream_of_their_own():
    """Not that of the initial weights, whatever torch's generator keeps of a seed."""
    for seed in range(3):
        order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
        assert not torch.equal(draw_batches(12, 12, 1, seed)[0], order)


def test_batches_have_one_size():
    """Disjoint until too few are left, then in a new order; another seed draws others."""
    batches = draw_batches(10, 4, 5, seed=0)
    assert batches.shape == (5, 4)
    for pair in (batches[:2], batches[2:4]):
        assert len(set(pair.flatten().tolist())) == 8
    assert not torch.equal(batches[:2], batches[2:4])
    assert not torch.equal(batches, draw_batches(10, 4, 5, seed=1))


@pytest.mark.parametrize("of", [WAVE, DIGITS], ids=["values", "classes"])
def test_placeholder_has_the_shapes_of_the_result(cache, of):
    """A rehearsal sees arrays as large as the real ones, positive and not all alike."""
    job = GradientNorms(of, 3, 5, 20, 0)
    with using(InProcess(cache)):
        real = gather(job)
    made_up = job.placeholder()
    for name in Norms.__dataclass_fields__:
        values = np.asarray(getattr(made_up, name))
        assert values.shape == np.shape(getattr(real, name)), name
        assert np.isfinite(values).all() and np.ptp(values) > 0 and (name == "steps" or values.min() > 0), name


@pytest.mark.parametrize(
    "change, message",
    [
        ({"of": replace(WAVE, checkpoint_at=())}, "give it checkpoint_at"),
        ({"num_batches": 0}, "must be at least 1"),
        (
            {"num_batches": None, "batch_size": 7},
            "30 examples are no whole number of mini-batches of 7; take a batch_size that",
        ),
        ({"batch_size": 31}, "mini-batches of 31 from 30 examples; take a smaller batch_size"),
        ({"batch_size": 41, "num_examples": None}, "mini-batches of 41 from 40 examples"),
        ({"batch_size": 41, "num_examples": 50}, "mini-batches of 41 from 40 examples"),
    ],
)
def test_bad_fields_are_refused(change, message):
    """The message says what to change."""
    with pytest.raises(ValueError, match=message):
        replace(GradientNorms(WAVE, 3, 5, 30, 0), **change)


def test_descent_makes_the_norm_small_and_keeps_the_smallest(cache):
    """The first norm is the training's, the kept weights have the smallest, and it is smaller than at the start."""
    of = replace(DIGITS, data=Digits(60, num_held_out=20))
    job = GradientNormDescent(of, 40, 60, 0.003)
    with using(InProcess(cache)):
        found, trained = gather((job, of))
    examples = of.data.load().train(dtype="float64")

    def norm(weights: np.ndarray) -> float:
        return float(gradient_norms(of.network, weights[None], [examples])[0, 1, 0])

    assert found.grad_norm[0] == pytest.approx(norm(trained.weights), rel=1e-9)
    assert (
        found.grad_norm.min() == pytest.approx(norm(found.weights), rel=1e-9)
        and found.grad_norm.min() < 0.5 * found.grad_norm[0]
    )


def test_descent_follows_the_hessian_times_the_gradient():
    """For y = w x and squared error the objective is 2 (mean x^2)^2 (w - w*)^2 in closed form: Adam goes down it."""
    of = Train(MLP(1, (), 1), FunctionSamples(Sinc5(), -1.0, 1.0, 40, 10), Recipe(0.1, 1, None, dtype="float64"), 0)
    found = GradientNormDescent(of, 200, 40, 0.05).compute(of.compute())
    assert found.grad_norm[-1] < 1e-3 * found.grad_norm[0]
    inputs, targets = of.data.load().train_inputs[:, 0].numpy(), of.data.load().train_targets[:, 0].numpy()
    slope, intercept = np.polyfit(inputs, targets, 1)  # the one critical point is the least-squares line
    np.testing.assert_allclose(found.weights, [slope, intercept], atol=1e-2)
