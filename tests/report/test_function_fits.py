"""Runs of stacks one by one, with known answers."""

from dataclasses import replace

import numpy as np
import pytest

from lab.function_fits import Fit, fits
from lab.functions import FunctionSamples, SincPlusSine
from lab.models import MLP
from lab.training import Predict, Recipe, TrainStack

X = np.linspace(0, 1, 5)
LINE = Fit(np.array([0, 9, 10]), np.array([8.0, 3.0, 2.0]), test_loss=0.25, x=X, truth=4 * X, prediction=X)


def test_error_is_relative_to_the_variance_of_the_truth():
    """The line 4x at 0, 1/4, ..., 1 has a variance of 2."""
    assert LINE.relative_error == pytest.approx(0.125)


def test_gain_compares_nine_tenths_with_the_end():
    """After 9 of 10 updates the loss is 3, at the end 2."""
    assert LINE.gain_of_last_tenth == pytest.approx(1.5)


def test_constant_is_what_hardly_varies():
    """A prediction that varies a quarter as much as the truth is constant by thresholds above that alone, a flat one by any."""
    assert LINE.is_constant(0.26) and not LINE.is_constant(0.24)
    assert replace(LINE, prediction=np.ones(5)).is_constant(1e-9)


def test_runs_of_stacks_come_one_after_another():
    """Each with its own losses and answers, in the order of the seeds; what it predicts has the error that it reports."""
    data = FunctionSamples(SincPlusSine(), 0.0, 1.0, num_train=5, num_test=7)
    stacks = [
        TrainStack(MLP(1, (3,), 1), data, Recipe(0.01, 3, batch_size=None), seeds, record_at=(0, 3)) for seeds in ((0, 1), (2,))
    ]
    trainings = [stack.compute() for stack in stacks]
    found = fits(trainings, [Predict(of=stack).compute(training) for stack, training in zip(stacks, trainings, strict=True)])
    assert [fit.train_loss.tolist() for fit in found] == [row.tolist() for item in trainings for row in item.train_loss]
    for fit in found:
        assert ((fit.prediction - fit.truth) ** 2).mean() == pytest.approx(fit.test_loss, rel=1e-5)
