"""Fits of functions: the runs of trained stacks one by one, with what they predict, in the function's own units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lab import costs
from lab.functions import StandardizedSamples
from lab.trained import Training
from lab.training import Outputs
from measured.jobs import Job


@dataclass(frozen=True)
class Truth:
    """A function on a dense grid, and the scale on which it is fitted."""

    x: Float[np.ndarray, " test"]
    values: Float[np.ndarray, " test"]
    mean: float
    deviation: float
    """Standard deviation of the values at the training points."""


@dataclass(frozen=True)
class TrueValues(Job[Truth]):
    """What is fitted, at the points on which fits are judged."""

    data: StandardizedSamples

    def compute(self) -> Truth:
        split = self.data.unscaled()
        return Truth(split.test_inputs[:, 0].cpu().numpy(), split.test_targets[:, 0].cpu().numpy(), *self.data.scale())

    @property
    def axes(self) -> dict[str, int]:
        return {"test": self.data.num_test}

    @property
    def flops(self) -> float:
        return costs.JOB


@dataclass(frozen=True)
class Fit:
    """One run of a network on a function of one variable, judged on a dense grid."""

    steps: Int[np.ndarray, " records"]
    train_loss: Float[np.ndarray, " records"]
    """In units of the variance of the training points."""
    relative_error: float
    """Mean squared error on the grid over the variance of the truth there: 1 for the best constant."""
    x: Float[np.ndarray, " test"]
    truth: Float[np.ndarray, " test"]
    prediction: Float[np.ndarray, " test"]

    def is_constant(self, below: float) -> bool:
        """Whether the standard deviation of the prediction is below that share of the truth's."""
        return bool(self.prediction.std() < below * self.truth.std())


def fits(truth: Truth, trainings: Sequence[Training], outputs: Sequence[Outputs]) -> list[Fit]:
    """The runs of all stacks, one after another."""
    found = []
    for training, answers in zip(trainings, outputs, strict=True):
        variance = answers.targets.var()
        for number, prediction in enumerate(answers.outputs[..., 0].astype(np.float64)):
            error = float(training.final_test_loss[number] / variance)
            own = truth.mean + truth.deviation * prediction
            found.append(Fit(training.steps, training.train_loss[number], error, truth.x, truth.values, own))
    return found
