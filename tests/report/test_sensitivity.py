"""Sensitivity without a loop agrees with Jacobians built one by one, a closed form, and the definition of the loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lab.activations import Tanh
from lab.building import flat_weights
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.input_jacobian import InputNorms, input_norms
from lab.models import CNN, MLP
from lab.sensitivity import Sensitivity
from lab.training import EVALUATION_SLICE, Recipe, Train
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

DIGITS = Digits(80, num_held_out=50)
IMAGES = Train(CNN((1, 8, 8), (3,), (6,), 10), DIGITS, Recipe(0.01, 5, 16), 2)


def any_images(number: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and classes where the numbers do not matter."""
    generator = torch.Generator().manual_seed(number)
    images = torch.randn(number, 1, 8, 8, dtype=torch.float64, generator=generator)
    return images, torch.randint(10, (number,), generator=generator)


def by_jacrev(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> InputNorms:
    """The three norms by ``torch.func``: one example at a time, each function differentiated by itself."""

    def logits(image):
        return model(image[None])[0]

    def loss(image, target):
        return nn.functional.cross_entropy(logits(image), target)

    def of(jacobian):
        return jacobian.flatten(1).square().sum(1).sqrt()

    return InputNorms(
        of(torch.func.vmap(torch.func.jacrev(lambda image: logits(image).softmax(-1)))(inputs)),
        of(torch.func.vmap(torch.func.jacrev(logits))(inputs)),
        of(torch.func.vmap(torch.func.jacrev(loss))(inputs, targets)),
    )


def normalised() -> nn.Module:
    """A network whose running statistics are those of some data rather than the initial ones."""
    model = MLP(64, (12, 9), 10, Tanh(), batch_norm=True).build(0).double()
    model.train()
    model(any_images(40)[0] * 2 + 1)
    return model


@pytest.mark.parametrize(
    "model",
    [
        MLP(64, (12, 9), 10, Tanh()).build(0).double(),
        CNN((1, 8, 8), (3, 4), (6,), 10).build(1).double(),
        normalised().eval(),
    ],
    ids=["mlp", "cnn", "batch norm"],
)
def test_norms_match_jacrev(model):
    """All three norms of each example, over more examples than a slice holds, in float64."""
    inputs, targets = any_images(EVALUATION_SLICE + 7)
    found, expected = input_norms(model, inputs, targets), by_jacrev(model, inputs, targets)
    for name in InputNorms.__dataclass_fields__:
        torch.testing.assert_close(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-12)


def test_linear_softmax_has_a_closed_form():
    """The logits' Jacobian is the weight matrix, whatever the image; the others are its products with the softmax."""
    model, (inputs, targets) = MLP(64, (), 10).build(3).double(), any_images(20)
    (weight, _) = (parameter.detach() for parameter in model.parameters())
    p = torch.softmax(model(inputs).detach(), -1)
    found = input_norms(model, inputs, targets)
    torch.testing.assert_close(found.logits, weight.norm().expand(20))
    for i in range(20):
        torch.testing.assert_close(found.probabilities[i], ((torch.diag(p[i]) - torch.outer(p[i], p[i])) @ weight).norm())
        torch.testing.assert_close(found.loss[i], ((p[i] - nn.functional.one_hot(targets[i], 10)) @ weight).norm())


def test_sure_networks_keep_their_digits():
    """Where a class is certain to one part in 10^12, float32 has the tiny norms to four digits, and a wrong class's too."""
    model, (inputs, _) = MLP(64, (), 10).build(0).double(), any_images(30)
    with torch.no_grad():
        next(model.parameters()).mul_(30)
    sure = model(inputs).detach().argmax(-1)
    for targets in (sure, (sure + 1) % 10):
        exact, single = (
            input_norms(model, inputs, targets),
            input_norms(MLP(64, (), 10).with_weights(flat_weights(model).astype(np.float32)), inputs.float(), targets),
        )
        for name in InputNorms.__dataclass_fields__:
            torch.testing.assert_close(getattr(single, name).double(), getattr(exact, name), rtol=2e-4, atol=0)
    assert exact.probabilities.min() < 1e-10


def test_examples_do_not_see_each_other_and_no_batch_size_enters():
    """An example has the norm that it has alone: no factor of one over the number of examples."""
    model, (inputs, targets) = CNN((1, 8, 8), (3,), (6,), 10).build(0).double(), any_images(6)
    together, alone = input_norms(model, inputs, targets), input_norms(model, inputs[4:5], targets[4:5])
    for name in InputNorms.__dataclass_fields__:
        torch.testing.assert_close(getattr(together, name)[4:5], getattr(alone, name))


def test_measuring_changes_nothing():
    """Weights, running statistics, gradients, mode and inputs are as they were."""
    model, (inputs, targets) = normalised(), any_images(9)
    before, images = {name: value.clone() for name, value in model.state_dict().items()}, inputs.clone()
    input_norms(model, inputs, targets)
    assert model.training and not inputs.requires_grad and torch.equal(inputs, images)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_job_averages_the_first_examples(cache):
    """Means over the first examples of either set, in the training's precision; None takes all of them."""
    with using(InProcess(cache)):
        found, everything, trained = gather((Sensitivity(IMAGES, 30, 20), Sensitivity(IMAGES, None, None), IMAGES))
    split, model = DIGITS.load(), IMAGES.rebuilt(trained)
    for result, num_train, num_test in ((found, 30, 20), (everything, 80, 50)):
        for kind, inputs, targets in (
            ("train", split.train_inputs[:num_train], split.train_targets[:num_train]),
            ("test", split.test_inputs[:num_test], split.test_targets[:num_test]),
        ):
            expected = by_jacrev(model, inputs, targets)
            for name in InputNorms.__dataclass_fields__:
                assert getattr(result, f"{kind}_{name}") == pytest.approx(getattr(expected, name).mean().item(), rel=1e-5)


def test_nonsense_is_refused():
    """No examples, and targets that are no classes."""
    with pytest.raises(ValueError, match="num_test is 0; expected at least one"):
        Sensitivity(IMAGES, 5, 0)
    values = Train(MLP(1, (3,), 1), FunctionSamples(Sinc5(), -1.0, 1.0, 10, 10), Recipe(0.01, 1, 5), 0)
    with pytest.raises(ValueError, match="expected classes"):
        Sensitivity(values, 5, 5).compute(values.compute())


def test_placeholder_has_the_shape_of_the_result_and_varies():
    """Distinct finite numbers a seed."""
    first, second = (Sensitivity(replace(IMAGES, seed=seed), 5, 5).placeholder() for seed in (0, 1))
    assert all(np.isfinite(value) for value in vars(first).values()) and first != second
    assert Sensitivity(IMAGES, None, None).seconds > Sensitivity(IMAGES, 5, 5).seconds > 0
