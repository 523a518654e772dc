"""Fits of functions: the runs of trained stacks one by one, with what they predict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lab.trained import Training
from lab.training import Outputs


@dataclass(frozen=True)
class Fit:
    """One run of a network on a function of one variable, judged on a dense grid."""

    steps: Int[np.ndarray, " records"]
    train_loss: Float[np.ndarray, " records"]
    test_loss: float
    x: Float[np.ndarray, " test"]
    truth: Float[np.ndarray, " test"]
    prediction: Float[np.ndarray, " test"]

    @property
    def relative_error(self) -> float:
        """Mean squared error over the variance of the truth: 1 for the best constant."""
        return float(self.test_loss / self.truth.var())

    @property
    def gain_of_last_tenth(self) -> float:
        """Training loss with nine tenths of the updates made, over that at the end: 1 where the last tenth gained nothing."""
        before = int(np.argmin(np.abs(self.steps - 0.9 * self.steps[-1])))
        return float(self.train_loss[before] / self.train_loss[-1])

    def is_constant(self, below: float) -> bool:
        """Whether the standard deviation of the prediction is below that share of the truth's."""
        return bool(self.prediction.std() < below * self.truth.std())


def fits(trainings: Sequence[Training], outputs: Sequence[Outputs]) -> list[Fit]:
    """The runs of all stacks, one after another."""
    return [
        Fit(
            training.steps,
            training.train_loss[number],
            float(training.final_test_loss[number]),
            answers.inputs[:, 0],
            answers.targets[:, 0],
            prediction,
        )
        for training, answers in zip(trainings, outputs, strict=True)
        for number, prediction in enumerate(answers.outputs[..., 0].astype(np.float64))
    ]
