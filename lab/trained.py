"""What a finished training is: its losses on the way and at the end, and its weights."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Training:
    """A finished training; for a stack every array has a leading axis of networks.

    ``steps`` counts updates made before the measurement. ``grad_norm`` is the Euclidean norm over all parameters of the
    gradient of the next mini-batch's loss.
    """

    steps: Int[np.ndarray, " records"]
    train_loss: Float[np.ndarray, "*networks records"]
    test_loss: Float[np.ndarray, "*networks records"]
    grad_norm: Float[np.ndarray, "*networks records"]
    final_train_loss: Float[np.ndarray, "*networks"]
    final_test_loss: Float[np.ndarray, "*networks"]
    weights: Float[np.ndarray, "*networks parameters"]
    checkpoint_steps: Int[np.ndarray, " checkpoints"]
    """Numbers of updates after which ``checkpoints`` were kept, ascending."""
    checkpoints: Float[np.ndarray, "*networks checkpoints parameters"]
    statistics: Float[np.ndarray, "*networks statistics"]
    """Running means and variances of batch normalisation after the last update; empty where there is none."""

    @property
    def gap_loss(self) -> Float[np.ndarray, "*networks"]:
        """Generalisation gap: held-out minus training loss at the end; positive is worse."""
        return np.asarray(self.final_test_loss - self.final_train_loss)

    def weights_at(self, step: int | None) -> Float[np.ndarray, "*networks parameters"]:
        """The weights after ``step`` updates, of which a checkpoint was kept; None for those at the end."""
        if step is None:
            return self.weights
        if step not in self.checkpoint_steps:
            raise ValueError(
                f"no weights are kept after {step} updates; expected None or one of {self.checkpoint_steps.tolist()}"
            )
        return self.checkpoints[..., int(np.searchsorted(self.checkpoint_steps, step)), :]


@dataclass(frozen=True)
class Classification(Training):
    """A finished training on classes, which has accuracies as well: shares of examples."""

    train_accuracy: Float[np.ndarray, "*networks records"]
    test_accuracy: Float[np.ndarray, "*networks records"]
    final_train_accuracy: Float[np.ndarray, "*networks"]
    final_test_accuracy: Float[np.ndarray, "*networks"]

    @property
    def gap_accuracy(self) -> Float[np.ndarray, "*networks"]:
        """Generalisation gap: training minus held-out accuracy at the end, as a share; positive is worse."""
        return np.asarray(self.final_train_accuracy - self.final_test_accuracy)
