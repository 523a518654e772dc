"""Fits of functions: the runs of trained stacks one by one, with what they predict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lab.functions import StandardizedSamples
from lab.trained import Training
from lab.training import Outputs


@dataclass(frozen=True)
class Fit:
    """One run of a network on a function of one variable, judged on a dense grid in the function's own units."""

    steps: Int[np.ndarray, " records"]
    train_loss: Float[np.ndarray, " records"]
    """In units of the variance of the training points."""
    x: Float[np.ndarray, " test"]
    truth: Float[np.ndarray, " test"]
    prediction: Float[np.ndarray, " test"]

    @property
    def relative_error(self) -> float:
        """Mean squared error over the variance of the truth: 1 for the best constant."""
        return float(np.square(self.prediction - self.truth).mean() / self.truth.var())

    def is_constant(self, below: float) -> bool:
        """Whether the standard deviation of the prediction is below that share of the truth's."""
        return bool(self.prediction.std() < below * self.truth.std())


def fits(data: StandardizedSamples, trainings: Sequence[Training], outputs: Sequence[Outputs]) -> list[Fit]:
    """The runs of all stacks, one after another."""
    found = []
    for training, answers in zip(trainings, outputs, strict=True):
        x, truth = data.unscaled(answers.inputs[:, 0], answers.targets[:, 0])
        for losses, prediction in zip(training.train_loss, answers.outputs[..., 0].astype(np.float64), strict=True):
            found.append(Fit(training.steps, losses, x, truth, data.unscaled(answers.inputs[:, 0], prediction)[1]))
    return found
