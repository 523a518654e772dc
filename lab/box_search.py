"""The largest value in a box around a point, found inexactly, in the whole space or in a random subspace.

Keskar et al. 2017 maximise with 10 iterations of L-BFGS-B and leave open where these start and in which units they run, which
decides what they find:

* Start: a random point at 1 % of the box. At the weights themselves the gradient is nearly zero, and L-BFGS-B would stop
  before it began.
* Units: each coordinate in half-widths of its box, the objective scaled so that the mean absolute slope at the start is 2,
  the width of the box. The loss bends upwards, so that L-BFGS-B, which must skip steps along which a maximised function is
  convex, has nothing to learn a step length from: a first step that is as short as the slope is small stays short. Measured
  (benchmarks/sharpness.py) after small and large batches: on networks of 26,506 parameters ten iterations come within 5 %
  of one hundred steps from corner to corner by the signs of the gradient, mostly within 0.5 %. So does phi as it is written
  in the weights' own units; without its factor of 100 it falls up to a fifth short, and in half-widths without our scale it
  stops at as little as a sixtieth. F1 is too large for the benchmark; tried once, ten iterations came within 1 % of ten to
  forty such steps.
* The best of all evaluated points counts, not the last.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import fmin_l_bfgs_b

from lab.losses import MeanLoss
from lab.sharpness import Sharpness, Worst

Objective = Callable[[Float[np.ndarray, " coordinates"]], tuple[float, Float[np.ndarray, " coordinates"]]]
"""A value and its gradient."""
START = 0.01  # of the box: how far from its middle the search begins at most


def maximize_in_box(
    objective: Objective, half_widths: Float[np.ndarray, " coordinates"], num_iterations: int, seed: int
) -> tuple[float, int]:
    """The largest value found in the box |z_i| <= half_widths_i, and the number of evaluations that it took.

    By SciPy's L-BFGS-B in the units that the head of this module argues for; a coordinate without width stays where it is.
    """
    values: list[float] = []

    def descend(units: Float[np.ndarray, " coordinates"], scale: float) -> tuple[float, np.ndarray]:
        value, gradient = objective(units * half_widths)
        values.append(value)
        return -scale * value, -scale * half_widths * gradient

    objective_at_rest = objective(np.zeros_like(half_widths))[0]
    start = np.random.default_rng([seed, 0]).uniform(-START, START, len(half_widths))
    slope = float(np.abs(descend(start, 1.0)[1]).mean())
    if slope > 0:
        # Not scipy.optimize.minimize, which turns 1.5 million bounds into lists and back.
        fmin_l_bfgs_b(
            descend,
            start,
            args=(2 / slope,),
            bounds=np.broadcast_to((-1.0, 1.0), (len(start), 2)),
            factr=0.0,  # with pgtol: no early stop
            pgtol=0.0,
            maxiter=num_iterations,
            maxfun=2 * num_iterations,
        )
    return max(objective_at_rest, *values), len(values) + 1


class Subspace:
    """A random matrix A with independent standard normal entries, kept and multiplied in float32: in float64 it would not fit
    beside another.

    The scale of its entries is ours: Keskar et al. say "random". It decides how far the box reaches.
    """

    def __init__(self, num_parameters: int, dimension: int, seed: int):
        entries = np.random.default_rng([seed, 1]).standard_normal((num_parameters, dimension), dtype=np.float32)
        self._matrix = torch.from_numpy(entries)

    def embed(self, coordinates: Float[np.ndarray, " dimension"]) -> Float[np.ndarray, " parameters"]:
        """A z."""
        return (self._matrix @ torch.from_numpy(coordinates).float()).double().numpy()

    def project(self, vector: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " dimension"]:
        """The transpose of A times a vector."""
        return (self._matrix.T @ torch.from_numpy(vector).float()).double().numpy()

    def coordinates(self, vector: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, " dimension"]:
        """A^+ x, the least-squares coordinates, by the normal equations: random columns are far from dependent."""
        gram = (self._matrix.T @ self._matrix).double().numpy()
        return np.linalg.solve(gram, self.project(vector))


def worst_in_box(loss: MeanLoss, box: Sharpness) -> Worst:
    """The largest loss that ``box`` finds around the weights that the model of ``loss`` came with."""
    on_weights, weights = around(loss), loss.weights.cpu().numpy()
    if box.subspace is None:
        widths = half_widths(weights, box)
        largest, evaluations = maximize_in_box(on_weights, widths, box.num_iterations, box.seed)
    else:
        space = Subspace(len(weights), box.subspace, box.seed)

        def on_subspace(z: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = on_weights(space.embed(z))
            return value, space.project(gradient)

        widths = half_widths(space.coordinates(weights), box)
        largest, evaluations = maximize_in_box(on_subspace, widths, box.num_iterations, box.seed)
    here = on_weights(np.zeros_like(weights))[0]
    return Worst(100 * (largest - here) / (1 + here), here, largest, evaluations + 1)


def around(loss: MeanLoss) -> Objective:
    """The loss at an offset from the weights that its model came with."""
    weights = loss.weights

    def at_offset(offset: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss.value_and_gradient(weights + torch.from_numpy(offset).to(weights.device))
        return float(value), gradient.cpu().numpy()

    return at_offset


def half_widths(coordinates: Float[np.ndarray, " coordinates"], box: Sharpness) -> Float[np.ndarray, " coordinates"]:
    """How far the box reaches to either side along each coordinate."""
    return box.epsilon * (np.abs(coordinates) + (box.kind == "keskar"))
