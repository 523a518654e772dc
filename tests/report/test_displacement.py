"""The distance of a training from its start is the length of what its updates add up to."""

from dataclasses import replace

import numpy as np
import pytest

from lab.data import Digits
from lab.displacement import Displaced, Displacement
from lab.models import MLP
from lab.training import Recipe, Train

TRAIN = Train(MLP(64, (5,), 10, batch_norm=True), Digits(80, num_held_out=50), Recipe(0.01, 6, 16), 3, checkpoint_at=(0,))


def measured(train: Train) -> tuple[Displaced, np.ndarray, np.ndarray]:
    """What the job says, with the weights at the end and those that the training kept of its start."""
    training = train.compute()
    return Displacement(train).compute(training), training.weights, training.checkpoints[0]


@pytest.mark.parametrize("initial_seed", [None, 8])
def test_distance_is_from_the_weights_before_the_first_update(initial_seed):
    """Also where the initial weights have a seed of their own, so that runs can start at the same point."""
    found, end, start = measured(replace(TRAIN, initial_seed=initial_seed))
    assert found.distance == pytest.approx(np.sqrt(((end - start) ** 2).sum()), rel=1e-6)
    assert found.weight_norm == pytest.approx(np.sqrt((end**2).sum()), rel=1e-6)
    assert not np.isclose(found.distance, found.weight_norm)


def test_one_step_of_gradient_descent_is_as_long_as_its_gradient_says():
    """Learning rate times the norm of the gradient over all examples."""
    train = replace(TRAIN, recipe=Recipe(0.5, 1, None, optimizer="sgd"), record_at=(0,))
    assert measured(train)[0].distance == pytest.approx(0.5 * train.compute().grad_norm[0], rel=1e-5)
