"""Norms of the loss gradient at the checkpoints of a training, of all examples and of mini-batches, and a descent of that norm.

A mini-batch's gradient can be small because its few examples are fitted, and the last layer's because of what is beneath
it; neither makes a critical point.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from lab import costs
from lab.trained import Training
from lab.training import EVALUATION_SLICE, Train
from measured.jobs import Job


@dataclass(frozen=True)
class Norms:
    """Losses and Euclidean norms of their gradients at each checkpoint: over all examples, and one column per mini-batch."""

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
class GradientNorms(Job[Norms]):
    """Gradient norms of the loss without weight decay, at the checkpoints of a training, in the training's precision.

    Mini-batches are drawn from the examples of the full gradient, the same ones at each checkpoint. Where they are all the
    mini-batches of one pass, the full gradient is their mean, which saves half of the work.
    """

    of: Train
    num_batches: int | None
    """None for one pass: as many as there are, without replacement."""
    batch_size: int
    num_examples: int | None
    """Of the full gradient, the first ones of the training set; None for all."""
    seed: int
    """Of the mini-batches."""

    def __post_init__(self):
        if not self.of.checkpoint_at:
            raise ValueError("the training keeps no checkpoints; give it checkpoint_at")
        if (self.num_batches is not None and self.num_batches < 1) or self.batch_size < 1:
            raise ValueError(f"num_batches {self.num_batches} and batch_size {self.batch_size} must be at least 1")
        if self.batch_size > self._num_examples:
            raise ValueError(
                f"cannot draw mini-batches of {self.batch_size} from {self._num_examples} examples; take a smaller batch_size"
            )

        if self.num_batches is None and self._num_examples % self.batch_size:
            raise ValueError(
                f"{self._num_examples} examples are no whole number of mini-batches of {self.batch_size}; "
                "take a batch_size that divides them, or a num_batches"
            )

    @property
    def _num_examples(self) -> int:
        size = self.of.data.sizes[0]
        return min(self.num_examples or size, size)

    @property
    def _num_batches(self) -> int:
        return self.num_batches or self._num_examples // self.batch_size

    def compute(self, training: Training) -> Norms:
        from lab.gradient_norms import gradient_norms, partition_norms, parts

        examples = self.of.data.load().train(self.num_examples, self.of.recipe.dtype)
        batches = parts(examples, self.batch_size, self._num_batches, self.seed)
        network, checkpoints = self.of.network, training.checkpoints
        if self.num_batches is None:
            full, of_batches = partition_norms(network, checkpoints, batches)
        else:
            found = gradient_norms(network, checkpoints, (examples, *batches))
            full, of_batches = found[0], found[1:]
        return Norms(training.checkpoint_steps, *full, *np.moveaxis(of_batches, 0, -1))

    @property
    def axes(self) -> dict[str, int]:
        return {"checkpoints": len(set(self.of.checkpoint_at)), "batches": self._num_batches}

    def placeholder(self) -> Norms:
        return replace(super().placeholder(), steps=np.unique(self.of.checkpoint_at))

    @property
    def flops(self) -> float:
        separately = 0 if self.num_batches is None else self._num_examples
        examples = separately + self._num_batches * self.batch_size
        passes = separately / EVALUATION_SLICE + self._num_batches
        return len(self.of.checkpoint_at) * (3 * examples * self.of.network.num_flops + passes * costs.UPDATE)


# ---------------------------------------------------------------------------------------------------------------------
# The gradient norm as the objective, for a network whose Hessian is out of reach


@dataclass(frozen=True)
class Descent:
    """A descent of the gradient norm: before each update and after the last, and the weights where it was smallest."""

    grad_norm: Float[np.ndarray, " records"]
    loss: Float[np.ndarray, " records"]
    weights: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class GradientNormDescent(Job[Descent]):
    """Adam on half the squared gradient norm of the loss over a fixed set of examples, from the end of a training.

    This is the original's method. The gradient of the objective is the Hessian times the gradient, so one update costs about
    four of a training.
    """

    of: Train
    num_updates: int
    num_examples: int
    """The first ones of the training set."""
    learning_rate: float = 1e-4

    def compute(self, training: Training) -> Descent:
        from lab.gradient_norms import descend
        from lab.losses import training_loss

        loss = training_loss(self.of, training, self.num_examples, self.of.recipe.dtype)
        return Descent(*descend(loss, self.num_updates, self.learning_rate))

    @property
    def axes(self) -> dict[str, int]:
        return {"records": self.num_updates + 1, "parameters": self.of.network.num_parameters}

    @property
    def flops(self) -> float:
        return 12.0 * (self.num_updates + 1) * self.num_examples * self.of.network.num_flops
