"""Norms of the derivatives of a network's answer with respect to its input, example by example."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.training import EVALUATION_SLICE


@dataclass(frozen=True)
class InputNorms:
    """One norm per example."""

    probabilities: Float[Tensor, " examples"]
    """Frobenius norm of the Jacobian of the softmax probabilities."""
    logits: Float[Tensor, " examples"]
    """Frobenius norm of the Jacobian of the logits."""
    loss: Float[Tensor, " examples"]
    """Euclidean norm of the gradient of the example's own cross-entropy."""


def input_norms(model: nn.Module, inputs: Float[Tensor, "examples ..."], targets: Int[Tensor, " examples"]) -> InputNorms:
    """Norms of the derivatives with respect to each input, in evaluation mode; the model's mode is restored.

    One vector-Jacobian product per class over a whole slice of examples gives the Jacobian J of the logits of each, since in
    evaluation mode no example sees another. The rest follows without differentiating again: diag(p) - p p^T times J for the
    probabilities, p - y times J for the loss.
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
    # A vector added to all rows of J changes neither product, as the probabilities sum to one. Counted from the likeliest
    # class, nothing cancels where the network is sure of itself and the derivatives are tiny.
    rows = jacobian - jacobian[examples, logits.argmax(-1), None]
    mean = p[:, None] @ rows
    of_probabilities = p[..., None] * (rows - mean)
    return (
        torch.linalg.matrix_norm(of_probabilities),
        torch.linalg.matrix_norm(jacobian),
        torch.linalg.vector_norm(mean[:, 0] - rows[examples, targets], dim=-1),
    )
