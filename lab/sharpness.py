"""How sharp a trained network's loss is: the worst nearby weights, the size of the Hessian, and what a rescaling does to both.

The loss is the mean training loss without weight decay, in float64, in evaluation mode: where batch normalisation is used,
with the running statistics that the training left behind, so that it is a function of the weights alone.

``phi`` of Keskar et al. 2017 (metric 2.1) is 100 (max f(x + A z) - f(x)) / (1 + f(x)) over the box
|z_i| <= epsilon (|(A^+ x)_i| + 1); ``lab.box_search`` says how the maximum is searched.

The adaptive kind has the box |z_i| <= epsilon |x_i| (Kwon et al. 2021, maximum norm as in Andriushchenko et al. 2023):
in units of that box a rescaled ReLU network (Dinh et al. 2017) is the same problem, iterate by iterate.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from lab import costs
from lab.activations import ReLU
from lab.models import MLP
from lab.trained import Training
from lab.training import Train
from measured.jobs import Job

Kind = Literal["keskar", "adaptive"]
EIGENVECTOR_TOLERANCE = 0.1  # of ARPACK; the eigenvalue is off by about its square
LANCZOS_VECTORS = 8  # of which one eigenvalue needs few
USUAL_EVALUATIONS = 12  # of loss and gradient, for ten iterations
USUAL_PRODUCTS = 9  # of the Hessian and a vector, for one eigenvalue


@dataclass(frozen=True)
class Worst:
    """The largest loss found in the box around the weights, against the loss at the weights."""

    phi: float
    """100 (largest - loss) / (1 + loss), of Keskar et al. 2017."""


@dataclass(frozen=True)
class Sharpness(Job[Worst]):
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
        from lab.box_search import worst_in_box
        from lab.losses import training_loss

        return worst_in_box(training_loss(self.of, training, self.num_examples), self)

    @property
    def flops(self) -> float:
        evaluations = USUAL_EVALUATIONS * self.num_iterations / 10
        examples = self.num_examples or self.of.data.sizes[0]
        # Forward and back, with large products; the search itself and a subspace move all weights.
        arithmetic = 2 * costs.FLOAT64 * examples * self.of.network.num_flops
        moves = self.of.network.num_parameters * (100 + 2 * (self.subspace or 0)) * costs.MOVE
        return costs.JOB + evaluations * (arithmetic + moves)


@dataclass(frozen=True)
class HessianSize:
    """The largest Hessian eigenvalue, and the sum of all with its standard error."""

    top_eigenvalue: float
    trace: float
    trace_standard_error: float


@dataclass(frozen=True)
class Curvature(Job[HessianSize]):
    """Largest eigenvalue and trace of the Hessian at a trained network, in float64.

    The eigenvalue is iterated until its eigenvector is good to a tenth, which leaves the eigenvalue off by about a hundredth.
    """

    of: Train
    num_examples: int | None
    """Training examples that are looked at: the first ones, where none count as the hardest; None for all."""
    num_probes: int
    """Random sign vectors of the estimate of the trace."""
    seed: int
    """Draws the probes, where the Lanczos iteration starts, and examples that stand for others."""
    tolerance: float = EIGENVECTOR_TOLERANCE
    """Of ARPACK, for the eigenvector."""
    num_hardest: int = 0
    """How many of them are those with the largest losses of all; the others are then drawn, and stand for all the rest."""
    draw: int = 0
    """Which of the draws, of which no two have a common example."""

    def __post_init__(self):
        if self.num_probes < 2 or (self.num_examples is not None and self.num_examples < 1) or not 0 < self.tolerance < 1:
            raise ValueError(
                f"num_probes {self.num_probes}, num_examples {self.num_examples} and tolerance {self.tolerance}; "
                "expected at least 2 probes, 1 example and a tolerance between 0 and 1"
            )
        if self.num_hardest and (self.num_examples is None or not 0 < self.num_hardest < self.num_examples):
            raise ValueError(
                f"num_hardest is {self.num_hardest}, num_examples {self.num_examples}; expected some of them and not all, or 0"
            )

    def compute(self, training: Training) -> HessianSize:
        from lab.curvature import Hessian, largest_eigenvalue, trace
        from lab.losses import stratified_training_loss, training_loss

        if self.num_hardest and self.num_examples:
            others = self.num_examples - self.num_hardest
            loss = stratified_training_loss(self.of, training, self.num_hardest, others, self.seed, self.draw)
        else:
            loss = training_loss(self.of, training, self.num_examples)
        hessian = Hessian(loss)
        top = largest_eigenvalue(hessian, self.seed, self.tolerance, LANCZOS_VECTORS)
        return HessianSize(top, *trace(hessian, self.num_probes, self.seed))

    @property
    def flops(self) -> float:
        examples = self.num_examples or self.of.data.sizes[0]
        return 2 * costs.JOB + _product_flops(self.of, examples) * (USUAL_PRODUCTS + self.num_probes)


def _product_flops(of: Train, num_examples: int) -> float:
    """Of the Hessian times a vector, worth some twelve forward passes."""
    return 12 * costs.FLOAT64 * num_examples * of.network.num_flops


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
class Rescaling(Job[Rescaled]):
    """Dinh et al. 2017: layer 1 times a factor and layer 2 over it is the same ReLU network, as sharp as one likes."""

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
        from lab.box_search import worst_in_box
        from lab.curvature import Hessian, largest_eigenvalue
        from lab.losses import forward_in_slices, training_loss

        original = training_loss(self.of, training, self.num_examples)
        outputs = forward_in_slices(original.model, original.examples.inputs)
        rows = []
        for factor in self.factors:
            weights = rescale(self.of, training, factor)
            loss = training_loss(self.of, replace(training, weights=weights), self.num_examples)
            difference = (forward_in_slices(loss.model, loss.examples.inputs) - outputs).abs().max() / outputs.abs().max()
            top = largest_eigenvalue(Hessian(loss), self.seed, EIGENVECTOR_TOLERANCE, LANCZOS_VECTORS)
            worst = [worst_in_box(loss, box).phi for box in self._boxes]
            rows.append((float(difference), *worst, top, np.linalg.norm(weights)))
        return Rescaled(np.array(self.factors), *np.array(rows, dtype=np.float64).T)

    @property
    def axes(self) -> dict[str, int]:
        return {"factors": len(self.factors)}

    def placeholder(self) -> Rescaled:
        return replace(super().placeholder(), factors=np.array(self.factors))

    @property
    def flops(self) -> float:
        products = USUAL_PRODUCTS * _product_flops(self.of, self.num_examples)
        return len(self.factors) * (2 * self._boxes[0].flops + 5 * costs.JOB + products)


def rescale(of: Train, training: Training, factor: float) -> Float[np.ndarray, " parameters"]:
    """Weights in float64 with layer 1 times ``factor`` and what layer 2 makes of it divided by it."""
    pieces = of.network.named_weights(training.weights.astype(np.float64))
    weight, bias, following, *rest = pieces.values()
    return np.concatenate([piece.ravel() for piece in (weight * factor, bias * factor, following / factor, *rest)])
