"""Adam and stochastic gradient descent: torch's own kernels, without what its classes spend around them, which takes as long
as the update of a small network."""

import contextlib
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lab.training import Recipe

# What torch.optim calls for fused=True.
_add, _adam, _sgd = torch._foreach_add_, torch._fused_adam_, torch._fused_sgd_  # pyright: ignore[reportPrivateImportUsage]


@contextlib.contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Numbers below 1e-38 in float32 are zero in this thread.

    Adam's means of gradients that are zero, of idle units and of pixels that are always black, come there after some 900
    updates. Processors compute with such numbers so slowly that an update of a small network takes three times as long.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def learning_rate(recipe: Recipe, step: int) -> float:
    """By the recipe's schedule, after ``step`` updates."""
    rate, end = recipe.learning_rate, recipe.num_updates
    if recipe.schedule == "cosine":
        return _along_cosine(rate, 0.0, step / end)
    if recipe.schedule == "one_cycle":  # as torch.optim.lr_scheduler.OneCycleLR goes by default, in end + 1 steps
        start, peak = rate / 25, 0.3 * (end + 1) - 1
        if step <= peak:
            return _along_cosine(start, rate, step / peak)
        return _along_cosine(rate, start / 1e4, (step - peak) / (end - peak))
    return rate


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)


class Optimizer:
    """Updates parameters along their ``grad``, elementwise, so that one optimizer over a stack is one per network."""

    def __init__(self, recipe: Recipe, parameters: Sequence[Tensor]):
        self._recipe = recipe
        # The parameter, running means of its gradient and of the squared gradient (Adam) or its momentum (SGD), and updates.
        self._rows = [
            (item, torch.zeros_like(item), torch.zeros_like(item), torch.zeros((), dtype=torch.float32, device=item.device))
            for item in parameters
        ]

    @torch.no_grad()
    def update(self, rate: float) -> None:
        """One step with this learning rate; a parameter without a gradient stays as it is."""
        rows = [row for row in self._rows if row[0].grad is not None]
        parameters, means, squares, counts = (list(column) for column in zip(*rows, strict=True))
        gradients = [parameter.grad for parameter in parameters]
        shared = {"lr": rate, "weight_decay": self._recipe.weight_decay, "maximize": False}
        if self._recipe.optimizer == "adam":
            shared |= {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "amsgrad": False}
            _add(counts, 1)
            _adam(parameters, gradients, means, squares, [], counts, **shared)
        else:
            shared |= {"momentum": self._recipe.momentum, "dampening": 0.0, "nesterov": False, "is_first_step": False}
            _sgd(parameters, gradients, means if self._recipe.momentum else [], **shared)
