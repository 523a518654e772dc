"""How much the answer of a trained network changes with its input: mean norms of derivatives with respect to the image.

Three measures of one example: the Frobenius norm of the Jacobian of the class probabilities (Novak et al. 2018), of the
Jacobian of the logits, and the Euclidean norm of the gradient of the loss of that example alone. The gradient of the mean
loss of a mini-batch would be smaller by one over its size: a measure that shrinks as batches grow.
"""

from dataclasses import dataclass

import numpy as np

from lab import costs
from lab.trained import Training
from lab.training import Train
from measured.jobs import Job


@dataclass(frozen=True)
class MeanSensitivity:
    """Means over examples, on training and on held-out examples."""

    train_probabilities: float
    train_logits: float
    train_loss: float
    test_probabilities: float
    test_logits: float
    test_loss: float


@dataclass(frozen=True)
class Sensitivity(Job[MeanSensitivity]):
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
        from lab.input_jacobian import input_norms

        split, model, dtype = self.of.data.load(), self.of.rebuilt(training), self.of.recipe.dtype
        if not split.is_classification:
            raise ValueError(
                f"{self.of.data} has values for targets; expected classes: sensitivity is defined by the softmax of logits"
            )
        sets = (split.train(self.num_train, dtype), split.held_out(self.num_test, dtype))
        found = [input_norms(model, examples.inputs, examples.targets) for examples in sets]
        return MeanSensitivity(
            *(float(norms.double().mean()) for item in found for norms in (item.probabilities, item.logits, item.loss))
        )

    @property
    def flops(self) -> float:
        asked = (self.num_train, self.num_test)
        num_examples = sum(min(number or size, size) for number, size in zip(asked, self.of.data.sizes, strict=True))
        # Forward, and once backward for each class; beside it the Jacobian passes through memory several times.
        classes, pixels = self.of.network.outputs, int(np.prod(self.of.data.input_shape))
        return num_examples * (self.of.network.num_flops * (1 + classes) + 6 * classes * pixels * costs.MOVE)
