"""What a network makes of training labels of which some were replaced at random."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from lab import costs
from lab.data import CorrectLabels, CorrectShare
from lab.statistics import first_reached
from lab.trained import Classification
from lab.training import Train
from measured.jobs import Job

SCORES = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True)
class Memorized:
    """A training on such labels: its scores on the way, the last of them at the end and on all examples.

    Training images are scored with the labels as they were given, held-out images with their true ones.
    """

    steps: Int[np.ndarray, " records"]
    """Updates made."""
    epochs: Float[np.ndarray, " records"]
    """Passes over the training images."""
    train_loss: Float[np.ndarray, " records"]
    test_loss: Float[np.ndarray, " records"]
    train_accuracy: Float[np.ndarray, " records"]
    test_accuracy: Float[np.ndarray, " records"]
    right: float
    """Share of the training labels that are the true ones: a class drawn at random may be."""

    @property
    def final_train_loss(self) -> float:
        return float(self.train_loss[-1])

    @property
    def final_test_loss(self) -> float:
        return float(self.test_loss[-1])

    @property
    def final_train_accuracy(self) -> float:
        return float(self.train_accuracy[-1])

    @property
    def final_test_accuracy(self) -> float:
        return float(self.test_accuracy[-1])

    @property
    def peak_test_accuracy(self) -> float:
        """The highest held-out accuracy on the way, before the end."""
        return float(self.test_accuracy[:-1].max())

    def updates_to(self, accuracy: float) -> float | None:
        """Updates to that training accuracy, on straight lines between records; None where it is never reached."""
        return first_reached(accuracy, self.steps, self.train_accuracy)


@dataclass(frozen=True)
class Memorization(Job[Memorized]):
    """How well a training took in its labels, right and wrong, in epochs and updates."""

    of: Train[Classification]
    labels: CorrectLabels
    """Those that the training was given."""

    def compute(self, run: Classification, correct: CorrectShare) -> Memorized:
        num_train, batch_size = self.of.data.sizes[0], self.of.recipe.batch_size
        steps = np.append(run.steps, self.of.recipe.num_updates)
        updates_per_epoch = math.ceil(num_train / (batch_size or num_train))
        scores = [np.append(getattr(run, name), getattr(run, f"final_{name}")) for name in SCORES]
        return Memorized(steps, steps / updates_per_epoch, *scores, right=correct.share)

    @property
    def axes(self) -> dict[str, int]:
        return {"records": len(self._steps)}

    @property
    def _steps(self) -> list[int]:
        return [*sorted(set(self.of.record_at)), self.of.recipe.num_updates]

    def placeholder(self) -> Memorized:
        """Its records are those of the training."""
        steps = np.array(self._steps)
        return replace(super().placeholder(), steps=steps, epochs=steps.astype(float))

    @property
    def flops(self) -> float:
        return costs.JOB
