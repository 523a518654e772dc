"""Samples as networks like them, and runs of stacks one by one, with known answers."""

from dataclasses import replace

import numpy as np
import pytest

from lab.function_fits import Fit, TrueValues, fits
from lab.functions import SincPlusSine, SincPlusSquare, StandardizedSamples
from lab.models import MLP
from lab.training import Predict, Recipe, TrainStack

X = np.linspace(0, 1, 5)
LINE = Fit(np.array([0, 10]), np.array([8.0, 2.0]), 0.125, x=X, truth=4 * X, prediction=4 * X + 0.5)


def test_constant_is_what_hardly_varies():
    """A prediction that varies a quarter as much as the truth is constant by thresholds above that alone, a flat one by any."""
    quarter = replace(LINE, prediction=X)
    assert quarter.is_constant(0.26) and not quarter.is_constant(0.24)
    assert replace(LINE, prediction=np.ones(5)).is_constant(1e-9)


def test_standardized_samples_have_the_scale_that_they_say():
    """Inputs from -1 to 1, values of mean 0 and variance 1, on the training points; the denser grid has the same scale."""
    split = StandardizedSamples(SincPlusSquare(), 0.01, 10.0, 100, 1000).load()
    for inputs in (split.train_inputs, split.test_inputs):
        assert inputs.min() == pytest.approx(-1) and inputs.max() == pytest.approx(1)
    assert split.train_targets.mean() == pytest.approx(0, abs=1e-12)
    assert split.train_targets.var(correction=0) == pytest.approx(1)
    assert split.test_targets[-1] == pytest.approx(float(split.train_targets[-1]))


def test_true_values_are_those_of_the_function():
    """And standardized values are these, less their mean, over their deviation."""
    data = StandardizedSamples(SincPlusSine(), -5.0, 5.0, 20, 30)
    truth = TrueValues(data).compute()
    np.testing.assert_allclose(truth.x, np.linspace(-5, 5, 30), atol=1e-12)
    np.testing.assert_allclose(truth.values, np.sinc(truth.x) + np.sin(truth.x / 2), atol=1e-12)
    standardized = data.load().test_targets[:, 0].numpy()
    np.testing.assert_allclose(truth.mean + truth.deviation * standardized, truth.values, atol=1e-12)


def test_runs_of_stacks_come_one_after_another():
    """Each with its own losses and answers, in the order of the seeds; what it predicts has the error that it reports."""
    data = StandardizedSamples(SincPlusSine(), 0.0, 1.0, num_train=5, num_test=7)
    stacks = [
        TrainStack(MLP(1, (3,), 1), data, Recipe(0.01, 3, batch_size=None), seeds, record_at=(0, 3)) for seeds in ((0, 1), (2,))
    ]
    trainings = [stack.compute() for stack in stacks]
    answers = [Predict(of=stack).compute(training) for stack, training in zip(stacks, trainings, strict=True)]
    found = fits(TrueValues(data).compute(), trainings, answers)
    assert [fit.train_loss.tolist() for fit in found] == [row.tolist() for item in trainings for row in item.train_loss]
    for fit in found:
        error = ((fit.prediction - fit.truth) ** 2).mean() / fit.truth.var()
        assert fit.relative_error == pytest.approx(error, rel=1e-5)
