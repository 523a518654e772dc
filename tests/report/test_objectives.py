"""Any loss on any module is trained by one loop; a loss whose derivatives are wrong is refused before it costs anything."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lab.curvature import Hessian
from lab.data import Data, Digits
from lab.minimization import FunctionLoss, check, loss_at
from lab.models import CNN, MLP
from lab.objectives import CrossEntropy, LossFunction, LossShape, Minimize, SquaredError
from lab.split import Examples, Split
from lab.torch_network import TorchNetwork
from lab.training import Recipe, Train
from measured.jobs import gather
from measured.jobs.keys import key, parts_of
from measured.jobs.pool import InProcess, using

FEW = Digits(60)
SMALL = CNN((1, 8, 8), (2,), (), 10)
DESCENT = Recipe(0.5, 4, None, optimizer="sgd", dtype="float64")
KEPT: dict[str, Any] = {"record_at": (0, 4), "checkpoint_at": (0, 2, 4)}


@dataclass(frozen=True)
class Focal(LossFunction):
    """Cross-entropy that looks away from what is known."""

    gamma: float = 2.0

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        loss = CrossEntropy()(outputs, targets)
        return (1 - torch.exp(-loss)) ** self.gamma * loss


@dataclass(frozen=True)
class Recurrent(TorchNetwork):
    """A GRU over the rows of a digit, top to bottom, and one layer on where it ends."""

    hidden: int = 5
    outputs: int = 10

    def module(self) -> nn.Module:
        return _Rows(self.hidden, self.outputs)


class _Rows(nn.Module):
    def __init__(self, hidden: int, outputs: int):
        super().__init__()
        self.memory, self.answer = nn.GRU(8, hidden, batch_first=True), nn.Linear(hidden, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.answer(self.memory(inputs.flatten(0, 1))[0][:, -1])


@pytest.mark.parametrize("recipe", [Recipe(0.003, 6, 16), Recipe(0.1, 4, None, optimizer="sgd", dtype="float64")], ids=repr)
@pytest.mark.parametrize("network", [SMALL, Recurrent()], ids=repr)
def test_usual_loss_gives_the_bytes_of_a_training(network, recipe):
    """Every number of the result, so that what is compared differs in its loss alone."""
    expected = Train(network, FEW, recipe, 1, initial_seed=3, **KEPT).compute()
    found = Minimize(network, CrossEntropy(), FEW, recipe, 1, initial_seed=3, **KEPT).compute()
    assert type(found) is type(expected)
    for name in (field.name for field in fields(expected)):
        left, right = np.asarray(getattr(found, name)), np.asarray(getattr(expected, name))
        assert left.dtype == right.dtype and np.array_equal(left, right), name


def test_usual_loss_of_a_fully_connected_network_differs_by_rounding():
    """``Train`` differentiates it by formulas."""
    network = MLP(64, (8,), 10)
    expected = Train(network, FEW, DESCENT, 1, **KEPT).compute()
    found = Minimize(network, CrossEntropy(), FEW, DESCENT, 1, **KEPT).compute()
    np.testing.assert_allclose(found.checkpoints, expected.checkpoints, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=1e-13)


@pytest.mark.parametrize("loss", [SquaredError(), Focal()], ids=repr)
def test_descent_of_any_loss_is_plain(loss):
    """Full-batch gradient descent moves the weights by the rate times the gradient of the loss, at each kept moment."""
    of = Minimize(Recurrent(), loss, FEW, DESCENT, 0, checkpoint_at=(0, 1, 2, 3, 4))
    found = of.compute()
    for step in range(4):
        at = loss_at(of, found, step)
        moved = found.checkpoints[step + 1] - found.checkpoints[step]
        np.testing.assert_allclose(moved, -0.5 * at.gradient(at.weights).numpy(), atol=1e-12)
    assert loss_at(of, found).value(loss_at(of, found).weights) == pytest.approx(float(found.final_train_loss), abs=1e-12)


@pytest.mark.parametrize("network", [SMALL, Recurrent(2)], ids=repr)
@pytest.mark.parametrize("loss", [SquaredError(), Focal()], ids=repr)
def test_hessian_at_a_kept_moment_is_that_of_torch(network, loss):
    """In float64, against second derivatives of a loss written out here."""
    of = Minimize(network, loss, FEW, Recipe(0.01, 4, 16), 0, **KEPT)
    training = of.compute()
    examples, model = FEW.load().train(12, "float64"), of.built(training, 2, "float64")
    named = {name: value.detach() for name, value in model.named_parameters()}

    def mean(vector: Tensor) -> Tensor:
        pieces = vector.split([value.numel() for value in named.values()])
        placed = {name: piece.view(value.shape) for piece, (name, value) in zip(pieces, named.items(), strict=True)}
        return loss(torch.func.functional_call(model, placed, (examples.inputs,)), examples.targets).mean()

    found = loss_at(of, training, 2, 12)
    expected = torch.autograd.functional.hessian(mean, found.weights)
    assert isinstance(expected, Tensor)
    np.testing.assert_allclose(Hessian(found).dense(), expected.numpy(), atol=1e-10)
    shape = LossShape(of, 2, 12, num_probes=200).compute(training)
    assert shape.top_eigenvalue == pytest.approx(float(torch.linalg.eigvalsh(expected)[-1]), rel=1e-3)
    assert abs(shape.trace - float(expected.trace())) < 4 * shape.trace_standard_error


def test_shape_of_a_usual_training_is_measured_too():
    """The same instrument at a moment of a ``Train``."""
    of = Train(MLP(64, (3,), 10), FEW, Recipe(0.01, 4, 16), 0, **KEPT)
    usual, own = of.compute(), Minimize(of.network, CrossEntropy(), FEW, of.recipe, 0, **KEPT)
    found, expected = (list(vars(LossShape(job, 2, 20).compute(usual)).values()) for job in (of, own))
    assert found == pytest.approx(expected, rel=1e-9)


def test_any_loss_goes_through_the_cache(cache):
    """Trained and measured as jobs, in the shapes of their rehearsal; the author's code and fields are in the key."""
    of = Minimize(SMALL, Focal(), FEW, Recipe(0.01, 4, 16), 0, **KEPT)
    with using(InProcess(cache)):
        training, shape = gather(of), gather(LossShape(of, 4, 20, num_probes=2))
    assert np.isfinite(shape.top_eigenvalue) and training.final_train_accuracy <= 1
    for field in fields(training):
        assert np.shape(getattr(training, field.name)) == np.shape(getattr(of.placeholder(), field.name)), field.name
    assert f"{__name__}.Focal" in parts_of(of, "cpu")["code"]
    assert key(of, "cpu") != key(Minimize(SMALL, Focal(1.0), FEW, Recipe(0.01, 4, 16), 0, **KEPT), "cpu")


class _Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values**2

    @staticmethod
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        return gradient * 2 * values.detach()


WRONG = {
    "is not that of its values: differences in float64": lambda loss: loss.detach() * loss,
    r"the Hessian of Wrong is not that of its values": lambda loss: _Squared.apply(loss),
    "has no gradient: element 0 of tensors does not require grad": lambda loss: loss.detach(),
    "returned shape () for 16 examples; expected one number per example": lambda loss: loss.mean(),
    "of an example depends on the others, or draws numbers": lambda loss: loss - loss.mean(),
    "returned torch.float32 for outputs in torch.float64; expected the same precision": lambda loss: loss.float(),
    "expected finite numbers": lambda loss: loss / 0,
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_loss_is_refused(message):
    """Before anything is trained, with what is wrong and what to write instead."""

    class Wrong(LossFunction):
        def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return WRONG[message](CrossEntropy()(outputs, targets))

    with pytest.raises(ValueError, match="(?s)Wrong") as found:
        Minimize(SMALL, Wrong(), FEW, Recipe(0.01, 4, 16), 0).compute()
    assert message in str(found.value) and "expected" in str(found.value)


def test_loss_with_kinks_is_none_that_is_wrong():
    """Absolute errors on ReLU layers: differences that straddle a kink accuse nobody."""

    class Absolute(LossFunction):
        def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return (outputs - targets).abs().mean(-1)

    for seed in range(20):
        random = torch.Generator().manual_seed(seed)
        examples = Examples(*(torch.randn(16, size, generator=random, dtype=torch.float64) for size in (6, 3)))
        check(FunctionLoss(Absolute(), MLP(6, (40, 40), 3).build(seed).double(), examples))


def test_instrument_of_the_usual_loss_is_refused():
    """All of them read the data of a ``Train``; of this one they would measure cross-entropy in silence."""
    with pytest.raises(TypeError, match="knows the usual losses of a Train alone; measure a Minimize with LossShape"):
        _ = Minimize(SMALL, Focal(), FEW, Recipe(0.01, 4, 16), 0).data


def test_values_that_are_said_to_be_classes_are_refused():
    """Before they are trained on, as the result would be another than was rehearsed."""

    class Slopes(Data):
        sizes, input_shape = (4, 2), (1,)

        def load(self) -> Split:
            return Split(torch.ones(4, 1), torch.ones(4, 1), torch.ones(2, 1), torch.ones(2, 1))

    with pytest.raises(ValueError, match="Slopes.is_classification is True; its targets say otherwise"):
        Minimize(MLP(1, (), 1), SquaredError(), Slopes(), Recipe(0.01, 4), 0).compute()


def test_moment_that_is_not_kept_is_refused():
    """With those that are."""
    of = Minimize(SMALL, Focal(), FEW, Recipe(0.01, 4, 16), 0, **KEPT)
    with pytest.raises(ValueError, match=r"no weights are kept after 3 updates; expected one of \[0, 2, 4\], or add 3"):
        LossShape(of, 3)
    normalised = Train(MLP(64, (3,), 10, batch_norm=True), FEW, Recipe(0.01, 4, 16), 0, **KEPT)
    with pytest.raises(ValueError, match="keeps running statistics, which are those of the end; expected at_step=None, got 2"):
        LossShape(normalised, 2).compute(normalised.compute())


def test_torch_starts_its_own_layers():
    """A GRU, uniform within one over the root of its width; the same from one seed, whatever torch drew before."""
    torch.rand(3)
    weights, same, different = (
        torch.cat([item.detach().flatten() for name, item in Recurrent(16).build(seed).named_parameters() if "memory" in name])
        for seed in (1, 1, 2)
    )
    assert torch.equal(weights, same) and not torch.equal(weights, different)
    assert 0.24 < float(weights.abs().max()) <= 0.25


def test_parameter_in_no_layer_is_asked_for():
    """Torch does not start it either."""

    class Shifted(nn.Linear):
        def __init__(self):
            super().__init__(64, 10)
            self.shift = nn.Parameter(torch.zeros(10))

    class Unset(TorchNetwork):
        outputs = 10

        def module(self) -> nn.Module:
            return Shifted()

    with pytest.raises(ValueError, match=r"'shift' of Unset is not initialised; define Unset.initialize"):
        Unset().build(0)
