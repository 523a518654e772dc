"""How large the weights of a training have become, and how far they are from where they started."""

from dataclasses import dataclass

import numpy as np

from lab.models import flat_weights
from lab.training import Train, Training
from measured.jobs import Job


@dataclass(frozen=True)
class Displaced:
    """Euclidean lengths over all parameters at the end of a training, biases and normalisation parameters included."""

    weight_norm: float
    distance: float
    """From the initial weights."""


@dataclass(frozen=True)
class Displacement(Job):
    """Norm of the trained weights, and their distance from the weights at which the training started."""

    of: Train

    def compute(self, training: Training) -> Displaced:
        seed = self.of.seed if self.of.initial_seed is None else self.of.initial_seed
        start = flat_weights(self.of.network.build(seed))
        return Displaced(float(np.linalg.norm(training.weights)), float(np.linalg.norm(training.weights - start)))

    def placeholder(self) -> Displaced:
        return Displaced(10.0 + 0.05 * (self.of.seed % 7), 5.0 + 0.1 * (self.of.seed % 7))

    @property
    def seconds(self) -> float:
        return 0.02 + 2e-8 * self.of.network.num_parameters
