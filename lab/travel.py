"""How far a training went: two lengths, so that whoever asks for them need not hold all weights."""

from dataclasses import dataclass

import numpy as np

from lab import costs
from lab.trained import Training
from lab.training import Start, Train, Weights
from measured.jobs import Job


@dataclass(frozen=True)
class Travel:
    """Euclidean lengths, over all parameters."""

    norm: float
    """Of the weights at the end."""
    distance: float
    """From the weights at the start to those at the end."""


@dataclass(frozen=True)
class Travelled(Job[Travel]):
    """The lengths of one run."""

    of: Train
    start: Start

    def compute(self, training: Training, start: Weights) -> Travel:
        return Travel(float(np.linalg.norm(training.weights)), float(np.linalg.norm(training.weights - start.weights)))

    @property
    def flops(self) -> float:
        return costs.MOVE * 4 * self.of.network.num_parameters
