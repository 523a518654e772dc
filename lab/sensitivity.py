"""How much the answer of a trained network changes with its input: norms of derivatives with respect to the image.

Three measures of one example: the Frobenius norm of the Jacobian of the class probabilities (Novak et al. 2018), of the Jacobian of the logits, and the Euclidean norm of
the gradient of the loss of that example alone. The gradient of the mean loss of a mini-batch would be smaller by one over its size: a measure that shrinks as batches grow.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.training import EVALUATION_SLICE, WORKER_FLOPS, Train, Training
from measured.jobs import Job


@dataclass(frozen=True)
class InputNorms:
    """One norm an example."""

    probabilities: Float[Tensor, " examples"]
    """Frobenius norm of the Jacobian of the softmax probabilities."""
    logits: Float[Tensor, " examples"]
    """Frobenius norm of the Jacobian of the logits."""
    loss: Float[Tensor, " examples"]
    """Euclidean norm of the gradient of the example's own cross-entropy."""


def input_norms(model: nn.Module, inputs: Float[Tensor, "examples ..."], targets: Int[Tensor, " examples"]) -> InputNorms:
    """Norms of the derivatives with respect to each input, in evaluation mode; the model's mode is restored.

    One vector-Jacobian product a class over a whole slice of examples gives the Jacobian J of the logits of each, since in evaluation mode no example sees another. The rest
    follows without differentiating again: diag(p) - p p^T times J for the probabilities, p - y times J for the loss.
    """
    was_training = model.training
    model.eval()
    try:
        parts = [
            _norms(*_logit_jacobian(model, part), part_targets)
            for part, part_targets in zip(inputs.split(EVALUATION_SLICE), targets.split(EVALUATION_SLICE), strict=True)
        ]
    finally:
        model.train(was_training)
    return InputNorms(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _logit_jacobian(
    model: nn.Module, inputs: Float[Tensor, "examples ..."]
) -> tuple[Float[Tensor, "examples classes"], Float[Tensor, "examples classes pixels"]]:
    inputs = inputs.detach().requires_grad_()
    logits = model(inputs)
    rows = [torch.autograd.grad(logits[:, i].sum(), inputs, retain_graph=True)[0] for i in range(logits.shape[1])]
    return logits.detach(), torch.stack([row.flatten(1) for row in rows], dim=1)


def _norms(
    logits: Float[Tensor, "examples classes"],
    jacobian: Float[Tensor, "examples classes pixels"],
    targets: Int[Tensor, " examples"],
) -> tuple[Tensor, Tensor, Tensor]:
    examples, p = torch.arange(len(logits), device=logits.device), logits.softmax(-1)
    # A vector added to all rows of J changes neither product, as the probabilities sum to one. Counted from the likeliest class, nothing cancels where the network is sure
    # of itself and the derivatives are tiny.
    rows = jacobian - jacobian[examples, logits.argmax(-1), None]
    mean = p[:, None] @ rows
    of_probabilities = p[..., None] * (rows - mean)
    return (
        torch.linalg.matrix_norm(of_probabilities),
        torch.linalg.matrix_norm(jacobian),
        torch.linalg.vector_norm(mean[:, 0] - rows[examples, targets], dim=-1),
    )


@dataclass(frozen=True)
class MeanSensitivity:
    """Means over examples of the norms of ``InputNorms``, on training and on held-out examples."""

    train_probabilities: float
    train_logits: float
    train_loss: float
    test_probabilities: float
    test_logits: float
    test_loss: float


@dataclass(frozen=True)
class Sensitivity(Job):
    """Sensitivity of a trained classifier to its input, in the precision of its training.

    Inputs are the normalised pixels: a unit is one standard deviation of all training pixels.
    """

    of: Train
    num_train: int | None
    """Training examples, the first ones; None for all."""
    num_test: int | None
    """Held-out examples, the first ones; None for all."""

    def __post_init__(self):
        for name in ("num_train", "num_test"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} is {number}; expected at least one example, or None for all of them")

    def compute(self, training: Training) -> MeanSensitivity:
        split, model = self.of.data.load(), self.of.rebuilt(training)
        if not split.is_classification:
            raise ValueError(
                f"{self.of.data} has values for targets; expected classes: sensitivity is defined by the softmax of logits"
            )
        sets = (
            (split.train_inputs[: self.num_train], split.train_targets[: self.num_train]),
            (split.test_inputs[: self.num_test], split.test_targets[: self.num_test]),
        )
        found = [input_norms(model, inputs.to(getattr(torch, self.of.recipe.dtype)), targets) for inputs, targets in sets]
        return MeanSensitivity(
            *(float(norms.double().mean()) for item in found for norms in (item.probabilities, item.logits, item.loss))
        )

    def placeholder(self) -> MeanSensitivity:
        values = np.array([0.02, 4.0, 0.1, 0.03, 4.0, 0.2]) * (1 + 0.01 * (self.of.seed % 7) + 0.001 * np.arange(6))
        return MeanSensitivity(*values.tolist())

    @property
    def seconds(self) -> float:
        sizes = self.of.data.sizes
        num_examples = sum(
            min(number or size, size) for number, size in zip((self.num_train, self.num_test), sizes, strict=True)
        )
        # Forward, and once backward for each class; beside it the Jacobian passes through memory several times, at about 1 ns a number each.
        arithmetic = self.of.network.num_flops * (1 + self.of.network.outputs) / WORKER_FLOPS
        return num_examples * (arithmetic + self.of.network.outputs * int(np.prod(self.of.data.input_shape)) * 6e-9)
