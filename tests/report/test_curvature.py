"""Curvature without the matrix agrees with the matrix."""

import warnings

import numpy as np
import pytest
import torch

from lab import curvature
from lab.curvature import Hessian
from lab.losses import MeanLoss
from lab.split import Examples
from tests.report.cases import TINY_PROBLEMS, any_examples, dense_hessian, quadratic

BOWL_AND_RIDGE = (2.0, 1.0, -5.0)


def random_vector(size: int, *columns: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(size, *columns))


@pytest.mark.parametrize("problem", TINY_PROBLEMS, ids=lambda problem: problem.name)
def test_product_matches_dense_hessian(problem):
    """H @ v and H @ V equal an independently built dense Hessian times them; so do the dense matrix and SciPy's operator."""
    hessian, expected = Hessian(problem.loss()), dense_hessian(problem)
    vectors = random_vector(problem.num_parameters, 3)
    np.testing.assert_allclose(hessian @ vectors, expected @ vectors, atol=1e-11)
    np.testing.assert_allclose(hessian @ vectors[:, 0], expected @ vectors[:, 0], atol=1e-11)
    np.testing.assert_allclose(hessian.dense(), expected, atol=1e-11)
    np.testing.assert_allclose(hessian.to_scipy().matmat(vectors), expected @ vectors, atol=1e-11)
    assert hessian.shape == expected.shape and np.array_equal(hessian.dense(), hessian.dense().T)


def test_product_matches_curvlinops():
    """Against another library's Hessian operator, classes and a convolution included."""
    with warnings.catch_warnings():
        # linear_operator, which curvlinops imports, decorates with torch.jit.script.
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script.*` is deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script.*` is deprecated", category=DeprecationWarning)
        from curvlinops import HessianLinearOperator

        problem = next(problem for problem in TINY_PROBLEMS if problem.name == "convolution")
        parameters = list(problem.model.parameters())
        other = HessianLinearOperator(
            problem.model, torch.nn.CrossEntropyLoss(), parameters, [(problem.examples.inputs, problem.examples.targets)]
        )
        vector = random_vector(problem.num_parameters)
        expected = torch.as_tensor(other @ torch.from_numpy(vector)).detach().numpy()
    np.testing.assert_allclose(Hessian(problem.loss()) @ vector, expected, atol=1e-11)


def test_linear_regression_has_its_textbook_hessian():
    """2/n X^T X plus the weight decay, where the constant column is the bias; the top is that of this matrix."""
    inputs = torch.from_numpy(random_vector(30, 4))
    design = np.concatenate([inputs.numpy(), np.ones((30, 1))], axis=1)
    expected = 2 / 30 * design.T @ design + 0.1 * np.eye(5)
    model = torch.nn.Linear(4, 1).double()
    hessian = Hessian(MeanLoss(model, Examples(inputs, inputs.sum(1, keepdim=True)), 0.1))
    np.testing.assert_allclose(hessian.dense(), expected, atol=1e-12)
    assert curvature.largest_eigenvalue(hessian, seed=3) == pytest.approx(np.linalg.eigvalsh(expected)[-1], rel=1e-8)


def test_largest_eigenvalue_is_signed():
    """At a saddle it is the largest upward curvature, though a ridge is steeper; on a hill it is negative."""
    saddle = Hessian(quadratic(eigenvalues=BOWL_AND_RIDGE))
    assert curvature.largest_eigenvalue(saddle, seed=0) == pytest.approx(2.0)
    assert curvature.largest_eigenvalue(Hessian(quadratic((-1.0, -2.0, -5.0))), seed=0) == pytest.approx(-1.0)
    np.testing.assert_allclose(np.linalg.eigvalsh(saddle.dense()), sorted(BOWL_AND_RIDGE), atol=1e-12)


def test_one_parameter_has_one_eigenvalue():
    """ARPACK refuses a 1 x 1 matrix; we do not."""
    assert curvature.largest_eigenvalue(Hessian(quadratic(eigenvalues=(3.0,))), seed=0) == pytest.approx(3.0)


def test_trace_is_within_its_standard_error():
    """It is the sum of the eigenvalues up to a few standard errors, which shrink with more probes; a diagonal has no error."""
    eigenvalues = (3.0, -1.0, 2.0, 0.5, 0.1, 4.0)
    hessian = Hessian(quadratic(eigenvalues))
    few, many = (curvature.trace(hessian, num_probes, seed=0) for num_probes in (20, 320))
    for estimate, error in (few, many):
        assert 0 < abs(estimate - sum(eigenvalues)) < 4 * error
    assert few[1] / many[1] == pytest.approx(4.0, rel=0.4)
    diagonal = Hessian(quadratic(eigenvalues, rotated=False))
    assert curvature.trace(diagonal, 5, seed=0) == pytest.approx((sum(eigenvalues), 0.0), abs=1e-12)
    with pytest.raises(ValueError, match="num_probes is 1; a standard error needs 2"):
        curvature.trace(hessian, 1, seed=0)


class Noisy(torch.nn.Linear):
    """Drops inputs in evaluation mode as well."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.nn.functional.dropout(inputs))


def test_noise_is_refused():
    """A loss that changes between calls has no Hessian; the message says what to do. Dropout is off in evaluation mode."""
    with pytest.raises(ValueError, match=r"not deterministic.*draw nothing in evaluation mode"):
        Hessian(MeanLoss(Noisy(2, 2), any_examples()))
    Hessian(MeanLoss(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout()), any_examples()))


def test_divergence_and_wrong_shapes_are_refused():
    """The messages give the loss and the shapes."""
    model = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(model.weight, float("nan"))
    with pytest.raises(ValueError, match="the loss is nan"):
        Hessian(MeanLoss(model, any_examples()))
    with pytest.raises(ValueError, match=r"cannot multiply a \(6, 6\) Hessian by an array of shape \(5,\)"):
        _ = Hessian(MeanLoss(torch.nn.Linear(2, 2), any_examples())) @ np.ones(5)
