"""Second derivatives of a loss of many weights without the matrix: the Hessian as an operator, top eigenvalue, trace."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, eigsh

from lab.losses import MeanLoss

EIGENVALUE_TOLERANCE = 1e-6  # of ARPACK, for the eigenvector; an eigenvalue of a symmetric matrix is off by about its square


class Hessian:
    """Second derivatives of ``loss`` at the weights that its model came with, as a matrix that is never built: ``H @ v``."""

    def __init__(self, loss: MeanLoss):
        self._loss, self._weights = loss, loss.weights
        self.shape = (len(self._weights), len(self._weights))
        first, second = float(loss.value(self._weights)), float(loss.value(self._weights))
        if not np.isfinite(first):
            raise ValueError(f"the loss is {first} at these weights; curvature needs a finite one (lower the learning rate?)")
        if first != second:
            raise ValueError(
                f"the loss is not deterministic: two calls gave {first} and {second}, so it has no Hessian; "
                "use layers that draw nothing in evaluation mode"
            )

    def __matmul__(self, vectors: Float[np.ndarray, "parameters ..."]) -> Float[np.ndarray, "parameters ..."]:
        """Products with one vector, or with each column of a matrix."""
        if np.ndim(vectors) not in (1, 2) or len(vectors) != self.shape[0]:
            raise ValueError(f"cannot multiply a {self.shape} Hessian by an array of shape {np.shape(vectors)}")
        columns = torch.as_tensor(np.ascontiguousarray(vectors)).to(self._weights).reshape(self.shape[0], -1).T
        # One column after the other: together they would need the memory of as many networks.
        products = torch.stack([self._loss.product(self._weights, column) for column in columns], dim=1)
        return products.cpu().numpy().reshape(vectors.shape)

    def dense(self) -> Float[np.ndarray, "parameters parameters"]:
        """The matrix itself; the mean of what was computed and its transpose."""
        columns = self @ np.eye(self.shape[0])
        return (columns + columns.T) / 2

    def to_scipy(self) -> LinearOperator:
        """For the solvers of ``scipy.sparse.linalg``."""
        dtype = self._weights.cpu().numpy().dtype
        return LinearOperator(self.shape, matvec=lambda v: self @ v.ravel(), matmat=lambda v: self @ v, dtype=dtype)  # pyright: ignore[reportCallIssue]


def largest_eigenvalue(
    hessian: Hessian, seed: int, tolerance: float = EIGENVALUE_TOLERANCE, num_vectors: int | None = None
) -> float:
    """The largest eigenvalue, its sign kept, by the Lanczos iteration of SciPy's ``eigsh``.

    ``seed`` draws its start, ``tolerance`` is that of the eigenvector, ``num_vectors`` the size of the basis.
    """
    if hessian.shape[0] == 1:  # ARPACK wants fewer eigenvalues than there are
        return hessian.dense().item()
    values = eigsh(
        hessian.to_scipy(),
        1,
        which="LA",
        ncv=num_vectors and min(num_vectors, hessian.shape[0]),
        v0=np.random.default_rng(seed).normal(size=hessian.shape[0]),
        tol=tolerance,  # pyright: ignore[reportArgumentType]
        return_eigenvectors=False,
    )
    return float(values[0])


def trace(hessian: Hessian, num_probes: int, seed: int) -> tuple[float, float]:
    """Sum of all eigenvalues, estimated, and the standard error of the estimate.

    The mean of v . H v over vectors v of random signs (Hutchinson 1989), whose variance comes from the off-diagonal
    entries alone.
    """
    if num_probes < 2:
        raise ValueError(f"num_probes is {num_probes}; a standard error needs 2 at least")
    random = np.random.default_rng(seed)
    probes = (random.choice((-1.0, 1.0), hessian.shape[0]) for _ in range(num_probes))
    values = np.array([float(probe @ (hessian @ probe)) for probe in probes])
    return float(values.mean()), float(values.std(ddof=1) / num_probes**0.5)
