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
from scipy.optimize import _lbfgsb  # pyright: ignore[reportAttributeAccessIssue]

from lab.losses import MeanLoss
from lab.sharpness import Sharpness, Worst

Objective = Callable[[Float[np.ndarray, " coordinates"]], tuple[float, Float[np.ndarray, " coordinates"]]]
"""A value and its gradient."""
CORRECTIONS, LINE_SEARCH_STEPS = 10, 20  # of L-BFGS-B, SciPy's defaults
EVALUATE, ITERATED = 3, 1  # what SciPy's core asks for, and what it has done
START = 0.01  # of the box: how far from its middle the search begins at most


def maximize_in_box(
    objective: Objective, half_widths: Float[np.ndarray, " coordinates"], num_iterations: int, seed: int
) -> tuple[float, float]:
    """The value in the middle of the box |z_i| <= half_widths_i, and the largest value found in it.

    By SciPy's L-BFGS-B in the units that the head of this module argues for; a coordinate without width stays where it is.
    """
    start = np.random.default_rng([seed, 0]).uniform(-START, START, len(half_widths))
    in_the_middle, (at_start, gradient) = objective(np.zeros_like(half_widths))[0], objective(start * half_widths)
    slope = float(np.abs(half_widths * gradient).mean())
    if slope == 0:
        return in_the_middle, max(in_the_middle, at_start)
    found, scale = [in_the_middle, at_start], 2 / slope

    def turned(value: float, gradient: np.ndarray) -> tuple[float, np.ndarray]:
        return -scale * value, -scale * half_widths * gradient

    def descend(units: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(units * half_widths)
        found.append(value)
        return turned(value, gradient)

    minimize_in_unit_box(descend, start, turned(at_start, gradient), num_iterations)
    return in_the_middle, max(found)


def minimize_in_unit_box(
    objective: Objective,
    start: Float[np.ndarray, " coordinates"],
    at_start: tuple[float, Float[np.ndarray, " coordinates"]],
    num_iterations: int,
) -> None:
    """SciPy's L-BFGS-B with all coordinates between -1 and 1 and without an early stop; ``at_start`` is known already.

    Calls the core of ``fmin_l_bfgs_b``, which takes the same steps: its front unpacks the bounds one by one, which for 1.5
    million of them takes twice as long as the search.
    """
    size = len(start)
    place, (value, gradient) = start.copy(), at_start
    lower, upper, has_both = np.full(size, -1.0), np.ones(size), np.full(size, 2, np.int32)
    reals = np.zeros(2 * CORRECTIONS * size + 5 * size + 11 * CORRECTIONS**2 + 8 * CORRECTIONS)
    integers, task, line_task = (np.zeros(number, np.int32) for number in (3 * size, 2, 2))
    saved = np.zeros(4, np.int32), np.zeros(44, np.int32), np.zeros(29)
    num_evaluations, iteration, tolerances = 0, 0, (0.0, 0.0)  # of the value and of the slope
    while True:
        _lbfgsb.setulb(
            CORRECTIONS, place, lower, upper, has_both, value, gradient, *tolerances, reals, integers, task, *saved,
            LINE_SEARCH_STEPS, line_task,
        )  # fmt: skip
        if task[0] == EVALUATE:
            if num_evaluations:
                value, gradient = objective(place)
            num_evaluations += 1
        elif task[0] == ITERATED and iteration + 1 < num_iterations and num_evaluations <= 2 * num_iterations:
            iteration += 1
        else:
            return


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
        here, largest = maximize_in_box(on_weights, half_widths(weights, box), box.num_iterations, box.seed)
    else:
        space = Subspace(len(weights), box.subspace, box.seed)

        def on_subspace(z: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = on_weights(space.embed(z))
            return value, space.project(gradient)

        widths = half_widths(space.coordinates(weights), box)
        here, largest = maximize_in_box(on_subspace, widths, box.num_iterations, box.seed)
    return Worst(100 * (largest - here) / (1 + here))


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
