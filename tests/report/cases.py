"""Losses with known second derivatives."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lab.losses import MeanLoss
from lab.split import Examples

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class TinyProblem:
    """A model in float64 with examples, small enough for a dense Hessian."""

    name: str
    model: nn.Module
    examples: Examples
    weight_decay: float = 0.0

    def loss(self, slice_size: int | None = None) -> MeanLoss:
        return MeanLoss(self.model, self.examples, self.weight_decay, slice_size)

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def _seeded(*modules: nn.Module) -> nn.Module:
    model = nn.Sequential(*modules).double()
    for parameter in model.parameters():
        parameter.data = _random(*parameter.shape) / 2
    return model


TINY_PROBLEMS = (
    TinyProblem(
        "values", _seeded(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2)), Examples(_random(7, 2), _random(7, 2) ** 2), 0.05
    ),
    TinyProblem("classes", _seeded(nn.Linear(3, 4), nn.SiLU(), nn.Linear(4, 3)), Examples(_random(8, 3), torch.arange(8) % 3)),
    TinyProblem(
        "convolution",
        _seeded(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)),
        Examples(_random(5, 1, 4, 4), torch.arange(5) % 3),
    ),
)


def dense_hessian(problem: TinyProblem) -> np.ndarray:
    """Second derivatives by torch.autograd.functional, of a loss written out here."""
    named = dict(problem.model.named_parameters())
    inputs, targets = problem.examples.inputs, problem.examples.targets

    def loss(vector: Tensor) -> Tensor:
        pieces = vector.split([value.numel() for value in named.values()])
        weights = {name: piece.reshape(value.shape) for (name, value), piece in zip(named.items(), pieces, strict=True)}
        outputs = torch.func.functional_call(problem.model, weights, (inputs,))
        criterion = nn.functional.mse_loss if targets.is_floating_point() else nn.functional.cross_entropy
        return criterion(outputs, targets) + problem.weight_decay / 2 * vector @ vector

    vector = torch.cat([value.detach().flatten() for value in named.values()])
    return np.asarray(torch.autograd.functional.hessian(loss, vector))


class Quadratic(nn.Module):
    """Answers the root of 100 + theta A theta / 2 to anything, so that the mean square against 0 is that quadratic form."""

    def __init__(self, matrix: Tensor):
        super().__init__()
        self.matrix, self.theta = matrix, nn.Parameter(torch.zeros(len(matrix), dtype=torch.float64))

    def forward(self, inputs: Tensor) -> Tensor:
        return (100 + self.theta @ self.matrix @ self.theta / 2).sqrt().expand(len(inputs), 1)


def quadratic(eigenvalues: tuple[float, ...], rotated: bool = True) -> MeanLoss:
    """A loss whose Hessian has these eigenvalues, in a random basis or along the axes."""
    basis = torch.linalg.qr(_random(len(eigenvalues), len(eigenvalues)))[0] if rotated else torch.eye(len(eigenvalues)).double()
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ basis.T
    zeros = torch.zeros(2, 1, dtype=torch.float64)
    return MeanLoss(Quadratic(matrix), Examples(zeros, zeros))


def any_examples() -> Examples:
    """Two inputs and two classes, where the numbers do not matter."""
    return Examples(torch.ones(4, 2), torch.arange(4) % 2)
