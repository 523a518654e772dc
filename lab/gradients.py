"""Norms of the loss gradient at the checkpoints of a training: of all examples, and of mini-batches.

A mini-batch's gradient can be small because its few examples are fitted, and the last layer's because of what is beneath it; neither makes a critical point.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.models import flat_weights
from lab.training import EVALUATION_SLICE, WORKER_FLOPS, Train, Training, mean_loss
from measured.jobs import Job


@dataclass(frozen=True)
class LossGradient:
    """The mean loss over some examples and its gradient, by the name of the parameter."""

    loss: float
    by_parameter: dict[str, Tensor]

    @property
    def norm(self) -> float:
        """Euclidean norm over all parameters, squares summed in float64."""
        return float(torch.stack([part.double().square().sum() for part in self.by_parameter.values()]).sum().sqrt())

    @property
    def last_layer_norm(self) -> float:
        """Euclidean norm over the weight matrix next to the outputs, without its bias."""
        name = [name for name in self.by_parameter if name.endswith("weight")][-1]
        return float(self.by_parameter[name].double().square().sum().sqrt())


def loss_gradient(model: nn.Module, inputs: Float[Tensor, "examples ..."], targets: Tensor) -> LossGradient:
    """Gradient of the mean loss over all the examples, in evaluation mode, added up over slices that fit the processor's cache.

    Weight decay is no part of the loss. The model's mode is restored and its ``.grad`` left alone.
    """
    names, parameters = zip(*model.named_parameters(), strict=True)
    was_training, total = model.training, 0.0
    sums = [torch.zeros_like(parameter) for parameter in parameters]
    model.eval()
    try:
        for part, part_targets in zip(inputs.split(EVALUATION_SLICE), targets.split(EVALUATION_SLICE), strict=True):
            loss = mean_loss(model(part), part_targets) * (len(part) / len(inputs))
            for kept, new in zip(sums, torch.autograd.grad(loss, parameters), strict=True):
                kept += new
            total += float(loss.detach())
    finally:
        model.train(was_training)
    return LossGradient(total, dict(zip(names, sums, strict=True)))


def draw_batches(num_examples: int, batch_size: int, num_batches: int, seed: int) -> Int[Tensor, "batches batch"]:
    """Indices of mini-batches of one size: a random order cut up, and another one when what is left is too short."""
    if batch_size > num_examples:
        raise ValueError(_too_few(num_examples, batch_size))
    # Another stream than the initial weights (seed) and the order of training (2^32 + seed).
    generator = torch.Generator("cpu").manual_seed(2**33 + seed)
    batches: list[Tensor] = []
    while len(batches) < num_batches:
        order = torch.randperm(num_examples, generator=generator, device="cpu")
        batches += [part for part in order.split(batch_size) if len(part) == batch_size]
    return torch.stack(batches[:num_batches])


def _too_few(num_examples: int, batch_size: int) -> str:
    return f"cannot draw mini-batches of {batch_size} from {num_examples} examples; take a smaller batch_size"


@dataclass(frozen=True)
class Norms:
    """Losses and Euclidean norms of their gradients at each checkpoint: over all examples, and one column a mini-batch."""

    steps: Int[np.ndarray, " checkpoints"]
    """Updates made."""
    full_loss: Float[np.ndarray, " checkpoints"]
    full_norm: Float[np.ndarray, " checkpoints"]
    full_last_layer: Float[np.ndarray, " checkpoints"]
    """Over the weight matrix next to the outputs only."""
    batch_loss: Float[np.ndarray, "checkpoints batches"]
    batch_norm: Float[np.ndarray, "checkpoints batches"]
    batch_last_layer: Float[np.ndarray, "checkpoints batches"]


@dataclass(frozen=True)
class GradientNorms(Job):
    """Gradient norms of the loss without weight decay, at the checkpoints of a training, in the training's precision.

    Mini-batches are drawn from the examples of the full gradient, the same ones at each checkpoint.
    """

    of: Train
    num_batches: int
    batch_size: int
    num_examples: int | None
    """Of the full gradient, the first ones of the training set; None for all."""
    seed: int
    """Of the mini-batches."""

    def __post_init__(self):
        if not self.of.checkpoint_at:
            raise ValueError("the training keeps no checkpoints; give it checkpoint_at")
        if self.num_batches < 1 or self.batch_size < 1:
            raise ValueError(f"num_batches {self.num_batches} and batch_size {self.batch_size} must be at least 1")
        if self.num_examples is not None and self.batch_size > self.num_examples:
            raise ValueError(_too_few(self.num_examples, self.batch_size))

    def compute(self, training: Training) -> Norms:
        split, number = self.of.data.load(), slice(self.num_examples)
        dtype = getattr(torch, self.of.recipe.dtype)
        inputs, targets = split.train_inputs[number].to(dtype), split.train_targets[number]
        targets = targets.to(dtype) if targets.is_floating_point() else targets
        batches = draw_batches(len(inputs), self.batch_size, self.num_batches, self.seed).to(inputs.device)
        found: list[list[tuple[float, float, float]]] = []
        for weights in training.checkpoints:
            model = self.of.network.with_weights(weights)
            found.append([_summary(loss_gradient(model, inputs, targets))])
            found[-1] += [_summary(loss_gradient(model, inputs[batch], targets[batch])) for batch in batches]
        values = np.array(found)
        return Norms(
            np.unique(self.of.checkpoint_at),
            *(values[:, 0, column] for column in range(3)),
            *(values[:, 1:, column] for column in range(3)),
        )

    def placeholder(self) -> Norms:
        steps = np.unique(self.of.checkpoint_at)
        moments = np.linspace(0, 1, len(steps))
        losses = (1 + 0.01 * (self.of.seed % 7)) * np.exp(-2 * moments)
        spread = np.linspace(0.8, 1.3, self.num_batches)
        batch_losses = losses[:, None] * spread
        return Norms(steps, losses, 2 * losses, losses / 2, batch_losses, 3 * batch_losses, batch_losses / 1.5)

    @property
    def seconds(self) -> float:
        examples = (self.num_examples or self.of.data.sizes[0]) + self.num_batches * self.batch_size
        network, checkpoints = self.of.network, len(self.of.checkpoint_at)
        passes = (examples / EVALUATION_SLICE + self.num_batches) * 1e-3
        return checkpoints * (3 * examples * network.num_flops / WORKER_FLOPS + passes)


def _summary(gradient: LossGradient) -> tuple[float, float, float]:
    return gradient.loss, gradient.norm, gradient.last_layer_norm


# ---------------------------------------------------------------------------------------------------------------------
# The gradient norm as the objective, for a network whose Hessian is out of reach


@dataclass(frozen=True)
class Descent:
    """A descent of the gradient norm: what it was before each update and after the last, and the weights where it was smallest."""

    grad_norm: Float[np.ndarray, " records"]
    loss: Float[np.ndarray, " records"]
    weights: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class DescendGradientNorm(Job):
    """Adam on half the squared gradient norm of the loss over a fixed set of examples, from the end of a training.

    This is the seed report's method. The gradient of the objective is the Hessian times the gradient, so one update costs about four of a training.
    """

    of: Train
    num_updates: int
    num_examples: int
    """The first ones of the training set."""
    learning_rate: float = 1e-4

    def compute(self, training: Training) -> Descent:
        split = self.of.data.load()
        model = self.of.rebuilt(training)
        parameters = list(model.parameters())
        inputs, targets = (
            split.train_inputs[: self.num_examples].to(parameters[0].dtype),
            split.train_targets[: self.num_examples],
        )
        optimizer = torch.optim.Adam(parameters, self.learning_rate, fused=True)
        norms, losses, best = [], [], training.weights
        for update in range(self.num_updates + 1):
            loss = mean_loss(model(inputs), targets)
            grads = torch.autograd.grad(loss, parameters, create_graph=True)
            objective = torch.stack([grad.square().sum() for grad in grads]).sum() / 2
            norms.append(float(2 * objective.detach()) ** 0.5)
            losses.append(float(loss.detach()))
            if norms[-1] == min(norms):
                best = flat_weights(model)
            if update < self.num_updates:
                optimizer.zero_grad()
                objective.backward()
                optimizer.step()
        return Descent(np.array(norms), np.array(losses), best)

    def placeholder(self) -> Descent:
        moments = np.linspace(0, 1, self.num_updates + 1)
        weights = np.random.default_rng(1).normal(size=self.of.network.num_parameters).astype(np.float32)
        return Descent(np.exp(-4 * moments), 0.1 + 0.1 * moments, weights)

    @property
    def seconds(self) -> float:
        return 12 * (self.num_updates + 1) * self.num_examples * self.of.network.num_flops / WORKER_FLOPS
