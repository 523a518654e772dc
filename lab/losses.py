"""The mean loss over examples: what a model scores, and a function of weights with its derivatives, of a network or a stack.

Weights are flat vectors in the order of ``lab.building.flat_weights``, in any precision; of a stack, one row per network. The
loss is the mean loss of the trainings plus ``weight_decay`` / 2 times the squared norm of all parameters, biases included:
the gradient of that term is what torch's optimizers add for their ``weight_decay``. Networks are in evaluation mode.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab import backpropagation
from lab.checkpoints import check_finite
from lab.data import Dtype
from lab.models import MLP
from lab.split import Examples
from lab.trained import Training
from lab.training import EVALUATION_SLICE, Train, TrainStack

# ---------------------------------------------------------------------------------------------------------------------
# Of a model as it is


def mean_loss(outputs: Float[Tensor, "*networks batch outputs"], targets: Tensor) -> Float[Tensor, "*networks"]:
    """Mean over the batch: cross-entropy in nats for classes, squared error for values. One number per network."""
    if targets.is_floating_point():
        return (outputs - targets).square().mean((-2, -1))
    losses = nn.functional.cross_entropy(outputs.flatten(0, -2), targets.expand(outputs.shape[:-1]).flatten(), reduction="none")
    return losses.reshape(outputs.shape[:-1]).mean(-1)


@dataclass(frozen=True)
class Scores:
    """Mean loss and accuracy over a set of examples, in float64; accuracy is NaN where the targets are values."""

    loss: Float[np.ndarray, "*networks"]
    accuracy: Float[np.ndarray, "*networks"]


def evaluate(model: nn.Module, inputs: Tensor, targets: Tensor) -> Scores:
    """Mean loss and accuracy in evaluation mode, without gradients; the model's mode is restored."""
    outputs = forward_in_slices(model, inputs).double()
    loss = mean_loss(outputs, targets.double() if targets.is_floating_point() else targets)
    correct = torch.full_like(loss, torch.nan)
    if not targets.is_floating_point():
        correct = (outputs.argmax(-1) == targets).double().mean(-1)
    return Scores(loss.cpu().numpy(), correct.cpu().numpy())


def forward_in_slices(model: nn.Module, inputs: Float[Tensor, "examples ..."]) -> Float[Tensor, "*networks examples outputs"]:
    """Outputs in evaluation mode without gradients, computed in slices that fit the processor's cache."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            return torch.cat([model(part) for part in inputs.split(EVALUATION_SLICE)], dim=-2)
    finally:
        model.train(was_training)


# ---------------------------------------------------------------------------------------------------------------------
# At any weights, with derivatives


class Loss(ABC):
    """What the loss of one network and that of a stack have in common. Nothing that they are given is changed."""

    def __init__(self, examples: Examples, weight_decay: float, slice_size: int | None):
        self.examples, self.weight_decay = examples, weight_decay
        self._slice_size = slice_size or len(examples.inputs)

    @abstractmethod
    def outputs(
        self, weights: Float[Tensor, "*networks parameters"], inputs: Float[Tensor, "examples ..."]
    ) -> Float[Tensor, "*networks examples outputs"]:
        """What the network answers with these weights; differentiable."""

    def mean(self, weights: Float[Tensor, "*networks parameters"]) -> Float[Tensor, "*networks"]:
        """The mean loss without the weight decay, added up in float64."""
        total = torch.zeros(weights.shape[:-1], dtype=torch.float64, device=weights.device)
        with torch.no_grad():
            for share, examples in self._slices():
                total += share * self._mean(weights, examples)
        return total

    def value(self, weights: Float[Tensor, "*networks parameters"]) -> Float[Tensor, "*networks"]:
        """The loss, added up in float64."""
        return self.mean(weights) + self._decay(weights.detach())

    def value_and_gradient(
        self, weights: Float[Tensor, "*networks parameters"]
    ) -> tuple[Float[Tensor, "*networks"], Float[Tensor, "*networks parameters"]]:
        """The loss and its first derivatives, by automatic differentiation."""
        weights = weights.detach()
        value, gradient = self._decay(weights).double(), self.weight_decay * weights
        for share, examples in self._slices():
            with torch.enable_grad():
                leaf = weights.detach().requires_grad_()
                part = share * self._mean(leaf, examples)
                gradient = gradient + torch.autograd.grad(part.sum(), leaf)[0]
            value = value + part.detach()
        return value, gradient

    def gradient(self, weights: Float[Tensor, "*networks parameters"]) -> Float[Tensor, "*networks parameters"]:
        """First derivatives of the loss."""
        return self.value_and_gradient(weights)[1]

    def product(
        self, weights: Float[Tensor, "*networks parameters"], vector: Float[Tensor, "*networks parameters"]
    ) -> Float[Tensor, "*networks parameters"]:
        """The Hessian of the loss times ``vector``: the gradient differentiated along it (Pearlmutter 1994)."""
        product = self.weight_decay * vector
        for share, examples in self._slices():
            # Backward twice: forward mode is no faster here, and loads rules of torch.jit, which warns that it is deprecated.
            with torch.enable_grad():
                leaf = weights.detach().requires_grad_()
                (gradient,) = torch.autograd.grad(self._mean(leaf, examples).sum(), leaf, create_graph=True)
                product = product + share * torch.autograd.grad((gradient * vector).sum(), leaf)[0]
        return product

    def half_squared_grad_norm(
        self, weights: Float[Tensor, "*networks parameters"]
    ) -> tuple[Float[Tensor, "*networks"], Float[Tensor, "*networks parameters"]]:
        """Half the squared norm of the gradient, and its own gradient: the Hessian times the gradient. All examples at once."""
        with torch.enable_grad():
            leaf = weights.detach().requires_grad_()
            loss = self._mean(leaf, self.examples) + self._decay(leaf)
            (gradient,) = torch.autograd.grad(loss.sum(), leaf, create_graph=True)
            half = 0.5 * gradient.square().sum(-1)
            (slope,) = torch.autograd.grad(half.sum(), leaf)
        return half.detach(), slope

    def _mean(self, weights: Tensor, examples: Examples) -> Tensor:
        return mean_loss(self.outputs(weights, examples.inputs), examples.targets)

    def _decay(self, weights: Tensor) -> Tensor:
        return 0.5 * self.weight_decay * weights.square().sum(-1)

    def _slices(self) -> Iterator[tuple[float, Examples]]:
        """Shares of the examples, and the examples."""
        inputs, targets = (item.split(self._slice_size) for item in (self.examples.inputs, self.examples.targets))
        for part in map(Examples, inputs, targets):
            yield len(part.inputs) / len(self.examples.inputs), part


class MeanLoss(Loss):
    """The loss of one network of any kind, at any weights; other state, such as running statistics, is that of ``model``."""

    def __init__(
        self, model: nn.Module, examples: Examples, weight_decay: float = 0.0, slice_size: int | None = EVALUATION_SLICE
    ):
        """``slice_size`` examples at a time fit the processor's cache; None takes all at once."""
        super().__init__(examples, weight_decay, slice_size)
        self.model = copy.deepcopy(model).eval()

    @property
    def weights(self) -> Float[Tensor, " parameters"]:
        """The weights that ``model`` came with."""
        return torch.cat([parameter.detach().flatten() for parameter in self.model.parameters()])

    def outputs(self, weights: Float[Tensor, " parameters"], inputs: Float[Tensor, "examples ..."]) -> Tensor:
        named = dict(self.model.named_parameters())
        pieces = weights.split([value.numel() for value in named.values()])
        placed = {name: _as_built(piece.view(named[name].shape)) for name, piece in zip(named, pieces, strict=True)}
        return torch.func.functional_call(self.model, placed, (inputs,))


def _as_built(parameter: Tensor) -> Tensor:
    """In the memory format of ``Network.build``, so that torch adds in the same order."""
    return parameter.to(memory_format=torch.channels_last) if parameter.ndim == 4 else parameter


class StratifiedLoss(MeanLoss):
    """The mean loss over examples in strata: each counts by its share of all of them, however many of it are here."""

    def __init__(self, model: nn.Module, strata: Sequence[tuple[float, Examples]], slice_size: int = EVALUATION_SLICE):
        super().__init__(model, strata[0][1], slice_size=slice_size)
        self._strata = [(share, MeanLoss(model, examples, slice_size=slice_size)) for share, examples in strata]

    def _slices(self) -> Iterator[tuple[float, Examples]]:
        for share, loss in self._strata:
            yield from ((share * part, examples) for part, examples in loss._slices())


class StackedLoss(Loss):
    """The losses of networks of one shape, each at its own row of the weights; gradients and Hessians by formulas."""

    def __init__(self, network: MLP, examples: Examples, weight_decay: float = 0.0):
        super().__init__(examples, weight_decay, None)
        self.network = network

    def outputs(self, weights: Float[Tensor, "networks parameters"], inputs: Float[Tensor, "examples ..."]) -> Tensor:
        return backpropagation.outputs(self.network, weights, inputs)

    def gradient(self, weights: Float[Tensor, "networks parameters"]) -> Float[Tensor, "networks parameters"]:
        """First derivatives of the losses."""
        gradient = backpropagation.gradient(self.network, weights, self.examples.inputs, self.examples.targets)
        return gradient + self.weight_decay * weights

    def gradient_and_hessian(
        self, weights: Float[Tensor, "networks parameters"]
    ) -> tuple[Float[Tensor, "networks parameters"], Float[Tensor, "networks parameters parameters"]]:
        """First and second derivatives of the losses, each network's with respect to its own weights."""
        examples = self.examples
        gradient, hessian = backpropagation.gradient_and_hessian(self.network, weights, examples.inputs, examples.targets)
        hessian.diagonal(dim1=1, dim2=2).add_(self.weight_decay)
        return gradient + self.weight_decay * weights, hessian


# ---------------------------------------------------------------------------------------------------------------------
# Of trainings


def training_loss(of: Train, training: Training, num_examples: int | None, dtype: Dtype = "float64") -> MeanLoss:
    """The mean loss, without weight decay, of a trained network on its first training examples; None for all of them.

    Raises ValueError where the training diverged.
    """
    check_finite(training.weights, (of.seed,))
    return MeanLoss(of.rebuilt(training, dtype), of.data.load().train(num_examples, dtype))


def stratified_training_loss(
    of: Train, training: Training, num_hardest: int, num_others: int, seed: int, draw: int = 0, dtype: Dtype = "float64"
) -> StratifiedLoss:
    """An estimate of the mean loss over *all* training examples at and around the weights of a trained network.

    The ``num_hardest`` with the largest losses count for themselves, as few of them can carry most of the curvature where
    nearly all are fitted, and a plain draw has them or not. ``num_others`` stand for all the rest, from which ``seed`` draws
    them; another ``draw`` has none of them. Raises ValueError where the training diverged or there are too few examples.
    """
    check_finite(training.weights, (of.seed,))
    model, examples = of.rebuilt(training, dtype), of.data.load().train(None, dtype)
    outputs, number = forward_in_slices(model, examples.inputs), len(examples.inputs)
    if num_hardest < 1 or num_others < 1 or num_hardest + (draw + 1) * num_others > number:
        raise ValueError(
            f"num_hardest {num_hardest} and num_others {num_others} in draw {draw} of {number} training examples; expected at "
            "least 1 of each, and no more than there are"
        )
    order = mean_loss(outputs.unsqueeze(1), examples.targets.unsqueeze(1)).argsort(descending=True, stable=True)
    shuffled = np.random.default_rng([seed, 2]).permutation(number - num_hardest)[draw * num_others :][:num_others]
    others = order[num_hardest:][torch.from_numpy(shuffled).to(order.device)]
    share = num_hardest / number
    strata = ((share, order[:num_hardest]), (1 - share, others))
    return StratifiedLoss(
        model, [(share, Examples(examples.inputs[places], examples.targets[places])) for share, places in strata]
    )


def stacked_training_loss(of: TrainStack) -> StackedLoss:
    """The losses that a stack is trained on, weight decay included, in float64."""
    assert isinstance(of.network, MLP)  # nothing else stacks
    return StackedLoss(of.network, of.data.load().train(None, "float64"), of.recipe.weight_decay)
