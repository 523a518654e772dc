"""Which weights of a training are meant, whether they are of use, and whether those of several trainings compare."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lab.trained import Training
from lab.training import Train, TrainStack


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a training after ``at_step`` updates, after which it keeps them; None for those at the end."""

    of: Train | TrainStack
    at_step: int | None = None

    def __post_init__(self):
        if self.at_step is not None and self.at_step not in self.of.checkpoint_at:
            raise ValueError(
                f"no checkpoint is kept after {self.at_step} updates; expected one of {sorted(set(self.of.checkpoint_at))}, "
                f"or add {self.at_step} to checkpoint_at"
            )

    def weights(self, training: Training) -> Float[np.ndarray, "*networks parameters"]:
        """The weights, from the result of ``of``."""
        return training.weights_at(self.at_step)


def check_finite(weights: Float[np.ndarray, "*networks parameters"], seeds: tuple[int, ...]) -> None:
    """ValueError where weights are not finite; ``seeds`` are those of the networks."""
    rows = weights.reshape(len(seeds), -1)
    lost = [seed for seed, row in zip(seeds, rows, strict=True) if not np.isfinite(row).all()]
    if lost:
        raise ValueError(f"the training of seeds {lost} diverged: weights are not finite; lower its learning rate")


def check_comparable(runs: tuple[Train, ...]) -> None:
    """ValueError unless ``runs`` are of one network and keep two or more checkpoints after the same updates."""
    if not runs:
        raise ValueError("no runs were given; expected a tuple of one Train or more")
    first = runs[0]
    if len(set(first.checkpoint_at)) < 2:
        raise ValueError(
            f"checkpoint_at is {first.checkpoint_at}; a path needs checkpoints after two numbers of updates or more"
        )
    for run in runs[1:]:
        if (run.network, set(run.checkpoint_at)) != (first.network, set(first.checkpoint_at)):
            raise ValueError(
                f"runs of {first.network} and {run.network} with checkpoints after {first.checkpoint_at} and "
                f"{run.checkpoint_at} updates have no common plane; use one network and the same checkpoint_at"
            )
