"""How far a training went is told without its weights."""

import math

import pytest

from lab.data import MNIST
from lab.models import MLP
from lab.training import Recipe, Train
from lab.travel import Travelled


def test_lengths_are_euclidean():
    """Over all parameters: from the origin, and from where the training started."""
    run = Train(MLP(784, (2,), 10), MNIST(8), Recipe(0.001, num_updates=1), seed=0)
    training, start = run.placeholder(), run.start.placeholder()
    found = Travelled(run, run.start).compute(training, start)
    assert found.norm == pytest.approx(math.hypot(*training.weights))
    assert found.distance == pytest.approx(math.dist(training.weights, start.weights)) and found.distance != found.norm
