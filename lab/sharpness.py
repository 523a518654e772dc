"""How sharp a trained network's loss is: the worst nearby weights, the size of the Hessian, and what a rescaling does to both.

The loss is the mean training loss without weight decay, in float64, in evaluation mode: where batch normalisation is used, with the running
statistics that the training left behind, so that it is a function of the weights alone.

``phi`` of Keskar et al. 2017 (metric 2.1) is 100 (max f(x + A z) - f(x)) / (1 + f(x)) over the box |z_i| <= epsilon (|(A^+ x)_i| + 1). They maximise
with 10 iterations of L-BFGS-B and leave open where these start and in which units they run, which decides what they find:

* Start: a random point at 1 % of the box. At the weights themselves the gradient is nearly zero, and L-BFGS-B would stop before it began.
* Units: each coordinate in half-widths of its box, the objective scaled so that the mean absolute slope at the start is 2, the width of
  the box. The loss bends upwards, so that L-BFGS-B, which must skip steps along which a maximised function is convex, has nothing to learn a step length
  from: a first step that is as short as the slope is small stays short. Measured (benchmarks/sharpness.py) after small and large batches: on networks of 26,506
  parameters ten iterations come within 5 % of one hundred steps from corner to corner by the signs of the gradient, mostly within 0.5 %. So does phi
  as it is written in the weights' own units; without its factor of 100 it falls up to a fifth short, and in half-widths without our scale it stops at as little as a sixtieth. F1 is
  too large for the benchmark; tried once, ten iterations came within 1 % of ten to forty such steps.
* The best of all evaluated points counts, not the last.

The adaptive kind has the box |z_i| <= epsilon |x_i| (Kwon et al. 2021, with the maximum norm, as in Andriushchenko et al. 2023): in units of that box a rescaled ReLU
network (Dinh et al. 2017) is the same problem, iterate by iterate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import fmin_l_bfgs_b
from torch import Tensor, nn

from lab.activations import ReLU
from lab.curvature import Hessian, largest_eigenvalue, trace
from lab.models import MLP, flat_weights
from lab.network import set_weights
from lab.training import EVALUATION_SLICE, WORKER_FLOPS, Train, Training, forward_in_slices, mean_loss
from measured.jobs import Job

Objective = Callable[[Float[np.ndarray, " coordinates"]], tuple[float, Float[np.ndarray, " coordinates"]]]
"""A value and its gradient."""
Kind = Literal["keskar", "adaptive"]
START = 0.01  # of the box: how far from its middle the search begins at most
EIGENVECTOR_TOLERANCE = 0.01  # of ARPACK; the eigenvalue is off by about its square
LANCZOS_VECTORS = 12  # of which one eigenvalue needs few
USUAL_EVALUATIONS = 14  # for ten iterations


class _Loss:
    """Value and gradient of the mean loss at any weights, on a model of its own."""

    def __init__(self, model: nn.Module, inputs: Tensor, targets: Tensor):
        self._model, self._parameters = model, list(model.parameters())
        self.weights = flat_weights(model).copy()
        self._inputs, self._targets = inputs.to(self._parameters[0].dtype), targets

    def __call__(self, weights: Float[np.ndarray, " parameters"]) -> tuple[float, Float[np.ndarray, " parameters"]]:
        set_weights(self._model, torch.from_numpy(weights).to(self._parameters[0].device))
        self._model.zero_grad()
        total = 0.0
        for inputs, targets in zip(self._inputs.split(EVALUATION_SLICE), self._targets.split(EVALUATION_SLICE), strict=True):
            loss = mean_loss(self._model(inputs), targets) * (len(inputs) / len(self._inputs))
            loss.backward()
            total += loss.item()
        gradients = [item.grad.flatten() for item in self._parameters if item.grad is not None]
        return total, torch.cat(gradients).cpu().numpy()


def _loss_of(of: Train, training: Training, num_examples: int | None) -> _Loss:
    if not np.isfinite(training.weights).all():
        raise ValueError(f"the training of seed {of.seed} diverged: weights are not finite; lower its learning rate")
    split = of.data.load()
    targets = split.train_targets[:num_examples]
    return _Loss(
        of.rebuilt(training, "float64"),
        split.train_inputs[:num_examples],
        targets.double() if targets.is_floating_point() else targets,
    )


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
        # Not scipy.optimize.minimize, which turns 1.5 million bounds into lists and back. factr and pgtol of zero: no early stop.
        fmin_l_bfgs_b(
            descend, start, args=(2 / slope,), bounds=np.broadcast_to((-1.0, 1.0), (len(start), 2)),
            factr=0.0, pgtol=0.0, maxiter=num_iterations, maxfun=2 * num_iterations,
        )  # fmt: skip
    return max(objective_at_rest, *values), len(values) + 1


class Subspace:
    """A random matrix A with independent standard normal entries, kept and multiplied in float32: in float64 it would not fit beside another.

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


@dataclass(frozen=True)
class Worst:
    """The largest loss found in the box around the weights, against the loss at the weights."""

    phi: float
    """100 (largest - loss) / (1 + loss), of Keskar et al. 2017."""
    loss: float
    largest_loss: float
    num_evaluations: int
    """Of loss and gradient together."""


@dataclass(frozen=True)
class Sharpness(Job):
    """How much the training loss can rise within a small box around the weights, found inexactly: a lower bound."""

    of: Train
    epsilon: float
    """Size of the box: absolute plus relative for "keskar", relative for "adaptive"."""
    num_examples: int | None
    """Training examples, the first ones; None for all."""
    kind: Kind = "keskar"
    subspace: int | None = None
    """Dimension of the random subspace that z lives in; None for all weights."""
    num_iterations: int = 10
    """Of L-BFGS-B."""
    seed: int = 0
    """Draws where the search starts, and the subspace."""

    def __post_init__(self):
        if self.kind not in ("keskar", "adaptive"):
            raise ValueError(f"kind is {self.kind!r}; expected 'keskar' or 'adaptive'")
        if not self.epsilon > 0 or self.num_iterations < 1 or (self.num_examples is not None and self.num_examples < 1):
            raise ValueError(
                f"epsilon {self.epsilon}, num_iterations {self.num_iterations} and num_examples {self.num_examples}; "
                "expected a positive number and at least 1 of each"
            )
        if self.subspace is None:
            return
        if self.kind == "adaptive":
            raise ValueError("an adaptive box has a side for each weight, a subspace has none; use subspace=None")
        if not 1 <= self.subspace <= self.of.network.num_parameters:
            raise ValueError(f"subspace is {self.subspace}; expected 1 to {self.of.network.num_parameters} dimensions, or None")

    def compute(self, training: Training) -> Worst:
        return self.measure(_loss_of(self.of, training, self.num_examples))

    def measure(self, loss: "_Loss") -> Worst:
        """The same of any loss that has its weights, such as that of a rescaled network."""
        weights = loss.weights
        if self.subspace is None:
            widths = _half_widths(weights, self.epsilon, self.kind)
            largest, evaluations = maximize_in_box(lambda z: loss(weights + z), widths, self.num_iterations, self.seed)
        else:
            space = Subspace(len(weights), self.subspace, self.seed)

            def on_subspace(z: np.ndarray) -> tuple[float, np.ndarray]:
                value, gradient = loss(weights + space.embed(z))
                return value, space.project(gradient)

            widths = _half_widths(space.coordinates(weights), self.epsilon, self.kind)
            largest, evaluations = maximize_in_box(on_subspace, widths, self.num_iterations, self.seed)
        here = loss(weights)[0]
        return Worst(100 * (largest - here) / (1 + here), here, largest, evaluations + 1)

    def placeholder(self) -> Worst:
        distinct = 1 + 0.05 * (self.of.seed % 7) + 0.1 * np.log1p(self.of.recipe.batch_size or 60_000)
        phi = 1e3 * self.epsilon * distinct
        return Worst(phi, 0.01, 0.01 + 0.0101 * phi, USUAL_EVALUATIONS)

    @property
    def seconds(self) -> float:
        evaluations = USUAL_EVALUATIONS * self.num_iterations / 10
        examples = self.num_examples or self.of.data.sizes[0]
        # Forward and twice that backward, in float64 at half the speed; the search itself and a subspace move all weights.
        arithmetic = examples * self.of.network.num_flops * 6 / WORKER_FLOPS
        return 0.1 + evaluations * (arithmetic + self.of.network.num_parameters * (2e-7 + 2e-9 * (self.subspace or 0)))


def _half_widths(
    coordinates: Float[np.ndarray, " coordinates"], epsilon: float, kind: Kind
) -> Float[np.ndarray, " coordinates"]:
    return epsilon * (np.abs(coordinates) + (kind == "keskar"))


@dataclass(frozen=True)
class HessianSize:
    """The largest Hessian eigenvalue, and the sum of all with its standard error."""

    top_eigenvalue: float
    trace: float
    trace_standard_error: float


@dataclass(frozen=True)
class MeasureHessian(Job):
    """Largest eigenvalue and trace of the Hessian at a trained network, in float64; ``Curvature`` without the other end of the spectrum.

    The eigenvalue is iterated until its eigenvector is good to a hundredth, which leaves the eigenvalue off by about a ten-thousandth.
    """

    of: Train
    num_examples: int | None
    """Training examples, the first ones; None for all."""
    num_probes: int
    """Random sign vectors of the estimate of the trace."""
    seed: int
    """Draws the probes, and where the Lanczos iteration starts."""
    tolerance: float = EIGENVECTOR_TOLERANCE
    """Of ARPACK, for the eigenvector."""

    def __post_init__(self):
        if self.num_probes < 2 or (self.num_examples is not None and self.num_examples < 1) or not 0 < self.tolerance < 1:
            raise ValueError(
                f"num_probes {self.num_probes}, num_examples {self.num_examples} and tolerance {self.tolerance}; "
                "expected at least 2 probes, 1 example and a tolerance between 0 and 1"
            )

    def compute(self, training: Training) -> HessianSize:
        split = self.of.data.load()
        batch = split.train_inputs[: self.num_examples], split.train_targets[: self.num_examples]
        hessian = Hessian(self.of.rebuilt(training, "float64"), batch)
        return HessianSize(
            largest_eigenvalue(hessian, self.seed, self.tolerance, LANCZOS_VECTORS), *trace(hessian, self.num_probes, self.seed)
        )

    def placeholder(self) -> HessianSize:
        distinct = 1 + 0.05 * (self.of.seed % 7) + 0.1 * np.log1p(self.of.recipe.batch_size or 60_000)
        return HessianSize(12.0 * distinct, 90.0 * distinct, 2.0 * distinct)

    @property
    def seconds(self) -> float:
        examples = self.num_examples or self.of.data.sizes[0]
        return 0.2 + (13 + self.num_probes) * examples * self.of.network.num_flops * 24 / WORKER_FLOPS


@dataclass(frozen=True)
class Rescaled:
    """One function at several scales of its first layer, by factor."""

    factors: Float[np.ndarray, " factors"]
    output_difference: Float[np.ndarray, " factors"]
    """Largest difference from the outputs at factor 1, as a share of the largest output."""
    keskar: Float[np.ndarray, " factors"]
    """phi in full space."""
    adaptive: Float[np.ndarray, " factors"]
    top_eigenvalue: Float[np.ndarray, " factors"]
    weight_norm: Float[np.ndarray, " factors"]


@dataclass(frozen=True)
class Rescaling(Job):
    """Dinh et al. 2017: layer 1 times a factor and layer 2 over it is the same ReLU network, as sharp as one likes; all in float64."""

    of: Train
    factors: tuple[float, ...]
    """What the weights and biases of layer 1 are multiplied by, and the weights of layer 2 divided by."""
    epsilon: float
    """Of Keskar's box."""
    adaptive_epsilon: float
    """Of the adaptive box."""
    num_examples: int
    """Training examples, the first ones."""
    seed: int = 0
    """Draws where the searches start."""

    def __post_init__(self):
        network = self.of.network
        if not isinstance(network, MLP) or not isinstance(network.activation, ReLU) or network.batch_norm or network.depth < 1:
            raise ValueError(
                f"{network} cannot be rescaled; expected an MLP with hidden ReLU layers and no batch normalisation"
            )
        if not self.factors or min(self.factors) <= 0:
            raise ValueError(f"factors are {self.factors}; expected positive numbers, as ReLU keeps no negative ones")
        _ = self._boxes  # what a box refuses is refused here as well

    @property
    def _boxes(self) -> tuple[Sharpness, Sharpness]:
        return (
            Sharpness(self.of, self.epsilon, self.num_examples, seed=self.seed),
            Sharpness(self.of, self.adaptive_epsilon, self.num_examples, "adaptive", seed=self.seed),
        )

    def compute(self, training: Training) -> Rescaled:
        split = self.of.data.load()
        inputs, targets = split.train_inputs[: self.num_examples].double(), split.train_targets[: self.num_examples]
        plain = forward_in_slices(self.of.rebuilt(training, "float64"), inputs)
        rows = []
        for factor in self.factors:
            model = self.of.network.with_weights(rescale(self.of, training, factor))
            difference = (forward_in_slices(model, inputs) - plain).abs().max() / plain.abs().max()
            norm = np.linalg.norm(flat_weights(model))
            top = largest_eigenvalue(Hessian(model, (inputs, targets)), self.seed, EIGENVECTOR_TOLERANCE, LANCZOS_VECTORS)
            loss = _Loss(model, inputs, targets)
            worst = [box.measure(loss).phi for box in self._boxes]
            rows.append((float(difference), *worst, top, norm))
        return Rescaled(np.array(self.factors), *np.array(rows, dtype=np.float64).T)

    def placeholder(self) -> Rescaled:
        factors = np.array(self.factors)
        distinct = 1 + 0.05 * (self.of.seed % 7)
        return Rescaled(
            factors, 1e-16 * (1 + factors), distinct * (1 + 1 / factors), distinct * (2 + 1e-13 * factors),
            9 * distinct / factors, 10 * distinct * factors,
        )  # fmt: skip

    @property
    def seconds(self) -> float:
        one = self._boxes[0].seconds
        products = 13 * self.num_examples * self.of.network.num_flops * 24 / WORKER_FLOPS
        return len(self.factors) * (2 * one + 0.5 + products)


def rescale(of: Train, training: Training, factor: float) -> Float[np.ndarray, " parameters"]:
    """Weights in float64 with layer 1 times ``factor`` and what layer 2 makes of it divided by it."""
    pieces = of.network.named_weights(training.weights.astype(np.float64))
    weight, bias, following, *rest = pieces.values()
    return np.concatenate([piece.ravel() for piece in (weight * factor, bias * factor, following / factor, *rest)])
