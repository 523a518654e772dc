"""Formulas and automatic differentiation train the same network, and updates are those of torch's own optimizers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lab import fit
from lab.activations import GELU, Activation, Identity, ReLU, Tanh
from lab.closed_form import is_covered
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.models import CNN, MLP
from lab.optimizers import Optimizer, learning_rate, tiny_is_zero
from lab.stack import StackedMLP
from lab.training import Recipe, Train, TrainStack

WAVE = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=40, num_test=60)
DIGITS = Digits(120, num_held_out=50)
EXACT = Recipe(0.01, 20, 16, dtype="float64")
OPTIMIZERS = ({}, {"weight_decay": 0.02}, {"optimizer": "sgd"}, {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01})
SCHEDULES = ("constant", "cosine", "one_cycle")


def both(job: Train | TrainStack, monkeypatch: pytest.MonkeyPatch):
    """The result by formulas, and by automatic differentiation."""
    with monkeypatch.context() as patch:
        patch.setattr(fit.Automatic, "__call__", lambda *_: pytest.fail("formulas should do"))
        by_formulas = job.compute()
    with monkeypatch.context() as patch:
        patch.setattr(fit, "is_covered", lambda *_: False)
        return by_formulas, job.compute()


def assert_same(found, expected, tolerance: float = 1e-10) -> None:
    """In all that a training says."""
    for name in found.__dataclass_fields__:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("options", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "network, data",
    [(MLP(64, (9, 7), 10), DIGITS), (MLP(1, (6, 5), 1, Tanh()), WAVE)],
    ids=["cross-entropy", "squared error"],
)
def test_formulas_train_as_automatic_differentiation_does(network, data, schedule, options, monkeypatch):
    """In float64, with an uneven last batch: histories, final numbers, gradient norms and weights, alone and in a stack."""
    recipe = replace(EXACT, schedule=schedule, **options)
    steps = (0, 9, 20)
    for job in (
        Train(network, data, recipe, 3, record_at=steps, checkpoint_at=steps),
        TrainStack(network, data, recipe, (3, 4, 5), record_at=steps, checkpoint_at=steps),
    ):
        assert_same(*both(job, monkeypatch))


@pytest.mark.parametrize(
    "network, data, recipe",
    [
        (MLP(64, (), 10), DIGITS, EXACT),
        (MLP(64, (5, 5, 5), 10, Identity()), DIGITS, replace(EXACT, batch_size=None)),
        (MLP(1, (6, 5), 1, ReLU()), WAVE, replace(EXACT, batch_size=None)),
        (MLP(64, (6,), 10), DIGITS, replace(EXACT, batch_size=200)),
        (MLP(64, (6,), 10), DIGITS, replace(EXACT, batch_size=1)),
    ],
    ids=["no hidden layer", "linear", "all points", "more than there are", "one at a time"],
)
def test_formulas_hold_for_any_depth_and_batch(network, data, recipe, monkeypatch):
    """Also where all examples are one batch, asked for or because there are no more."""
    assert_same(*both(Train(network, data, recipe, 3, record_at=(0, 20)), monkeypatch))


@pytest.mark.parametrize("activation", [ReLU(), Tanh()])
def test_batch_normalisation_is_differentiated_by_formulas(activation, monkeypatch):
    """Adam makes steps of a billionth of its rate out of rounding errors where the gradient is zero: that of a bias in front of
    a normalisation."""
    network = MLP(64, (9, 7), 10, activation, batch_norm=True)
    for recipe, tolerance in ((replace(EXACT, optimizer="sgd", momentum=0.9), 1e-10), (EXACT, 1e-7)):
        assert_same(*both(Train(network, DIGITS, recipe, 3, record_at=(0, 9, 20)), monkeypatch), tolerance)


@pytest.mark.parametrize("limit", [0, 1 << 18])
def test_stack_is_trained_the_same_in_one_program_or_one_by_one(limit, monkeypatch):
    """However many networks fit the cache at once."""
    job = TrainStack(MLP(64, (9, 7), 10), DIGITS, EXACT, (3, 4), record_at=(0, 20))
    expected = job.compute()
    monkeypatch.setattr(StackedMLP, "LARGEST_BATCHED_LAYER", limit)
    assert_same(job.compute(), expected)


def test_other_modules_are_differentiated_automatically():
    """Convolutions, activations without a formula, what is frozen, shared or more than a chain; a batch of one, which torch
    refuses to normalise."""
    network = MLP(64, (9, 7), 10)
    assert is_covered(network.build(0), 120, 16) and is_covered(network.build_stack((0, 1)), 120, 16)
    assert not is_covered(CNN((1, 8, 8), (2,), (3,), 10).build(0), 120, 16)
    assert not is_covered(MLP(64, (9,), 10, GELU()).build(0), 120, 16)
    assert not is_covered(MLP(64, (9,), 10, GELU()).build_stack((0, 1)), 120, 16)
    normalised = MLP(64, (9,), 10, batch_norm=True).build(0)
    assert is_covered(normalised, 120, 16) and not is_covered(normalised, 113, 16) and not is_covered(normalised, 120, 1)
    frozen = network.build(0)
    next(frozen.parameters()).requires_grad_(False)
    square = nn.Linear(64, 64)
    for module in (
        frozen,
        nn.Sequential(nn.Flatten(), square, nn.ReLU(), square),
        nn.Sequential(nn.Flatten(), nn.Linear(64, 9, bias=False), nn.ReLU(), nn.Linear(9, 10)),
        nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Dropout(), nn.Linear(9, 10)),
        nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.BatchNorm1d(9, momentum=None), nn.ReLU(), nn.Linear(9, 10)),
        nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.BatchNorm1d(9, affine=False), nn.ReLU(), nn.Linear(9, 10)),
    ):
        assert not is_covered(module, 120, 16)


class Scaled(Activation):
    """A subclass's module is what counts, not its name."""

    def module(self) -> nn.Module:
        return type("ReLU", (nn.ReLU,), {"forward": lambda self, values: 2 * values.relu()})()


def test_an_activation_like_a_known_one_is_another():
    """A subclass of a layer that has a formula may compute anything."""
    assert not is_covered(MLP(64, (9,), 10, Scaled()).build(0), 120, 16)


def torch_scheduler(name: str, optimizer: torch.optim.Optimizer, rate: float, num_updates: int):
    """Torch's own, set to the rate before the first update."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    schedulers = torch.optim.lr_scheduler
    if name == "one_cycle":
        return schedulers.OneCycleLR(optimizer, rate, num_updates + 1, cycle_momentum=False)
    return (
        schedulers.CosineAnnealingLR(optimizer, num_updates) if name == "cosine" else schedulers.ConstantLR(optimizer, 1.0, 0)
    )


@pytest.mark.parametrize("options", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_updates_are_those_of_torch(schedule, options):
    """Of its optimizers and schedulers, for several parameters, one of which has no gradient at first."""
    recipe = Recipe(0.1, 30, 8, schedule=schedule, dtype="float64", **options)
    draw = torch.Generator().manual_seed(0)
    ours = [torch.randn(shape, dtype=torch.float64, generator=draw) for shape in ((3, 2), (4,))]
    theirs = [nn.Parameter(item.clone()) for item in ours]
    if recipe.optimizer == "adam":
        expected = torch.optim.Adam(theirs, weight_decay=recipe.weight_decay)
    else:
        expected = torch.optim.SGD(theirs, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    scheduler = torch_scheduler(schedule, expected, 0.1, 30)
    found = Optimizer(recipe, ours)
    for step in range(30):
        for number, (own, other) in enumerate(zip(ours, theirs, strict=True)):
            own.grad = other.grad = (
                None if number == 1 and step < 3 else torch.randn(own.shape, dtype=own.dtype, generator=draw)
            )
        assert learning_rate(recipe, step) == pytest.approx(expected.param_groups[0]["lr"], rel=1e-12, abs=1e-18)
        found.update(learning_rate(recipe, step))
        expected.step()
        scheduler.step()
        for own, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(own, other.detach(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("num_updates", [1, 2, 3, 7])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_of_short_trainings_are_torchs(schedule, num_updates):
    """Where there is hardly an update before the peak."""
    recipe = Recipe(0.1, num_updates, 8, schedule=schedule)
    rates = [learning_rate(recipe, step) for step in range(num_updates + 1)]
    expected = torch.optim.SGD([nn.Parameter(torch.zeros(1))])
    scheduler = torch_scheduler(schedule, expected, 0.1, num_updates)
    for rate in rates:
        assert rate == pytest.approx(expected.param_groups[0]["lr"], rel=1e-12, abs=1e-17)
        expected.step()
        if rate is not rates[-1]:
            scheduler.step()


def test_last_rate_of_a_schedule():
    """Cosine comes to zero after the last update, one cycle to a tiny rate; constant stays."""
    ends = {name: learning_rate(Recipe(0.1, 20, 8, schedule=name), 20) for name in SCHEDULES}
    assert ends == pytest.approx({"constant": 0.1, "cosine": 0.0, "one_cycle": 4e-7}, abs=1e-15)


def test_means_of_zero_gradients_become_zero():
    """Or processors take many times as long for each of them; afterwards this thread computes as before."""
    job = Train(MLP(64, (9, 7), 10), DIGITS, Recipe(0.01, 1, 16), 0)
    tiny = torch.tensor(1e-39)
    with tiny_is_zero():
        assert float(tiny * 0.5) == 0
    job.compute()
    assert float(tiny * 0.5) > 0
    weights = [torch.ones(3)]
    weights[0].grad = torch.ones(3)
    optimizer = Optimizer(job.recipe, weights)
    optimizer.update(0.0)
    weights[0].grad.zero_()
    with tiny_is_zero():
        for _ in range(1000):
            optimizer.update(0.0)
    assert float(optimizer._rows[0][1].abs().max()) == 0
