"""Points where the gradient of the loss vanishes, or nearly: how to reach them, and how to tell what they are.

Driving the gradient of a network to zero mostly ends where it is flat, not where it vanishes (Frye et al. 2021, "Critical
point-finding methods reveal gradient-flat regions of deep network losses"), so each point comes with a certificate:
the squared gradient norm, the relative residual of its Newton step, and all eigenvalues. All in float64, on the whole training
set, with the weight decay of the training in the loss.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from lab import costs
from lab.checkpoints import Checkpoint, check_finite
from lab.trained import Training
from lab.training import TrainStack
from measured.jobs import Job

CRITICAL = 1e-10
"""Squared gradient norm below which index and loss of a deep linear autoencoder's points were right; with 1e-8 they
were not (Frye et al. 2021). Pennington and Bahri (2017) used 1e-6."""
STRICTLY_CRITICAL = 1e-20
"""The stricter cut-off, as Newton's method reaches it in float64."""
FLAT_RESIDUAL = 0.9
"""A relative residual above this says that nearly all of the gradient is in the Hessian's kernel (Frye et al. 2021)."""
FLAT_HESSIAN_RESIDUAL = 5e-4
"""What the Hessian may leave of that part of the gradient (the same)."""
KERNEL = 1e-7
"""Eigenvalues below this share of the largest one count as zero in the pseudo-inverse: the bound on the condition number
(1e7) of the solver in Frye's published code (charlesfrye/autocrit, MINRES-QLP)."""
SIGN_TOLERANCE = 1e-5
"""Share of the largest eigenvalue below which a sign is not counted. Frye et al. (2021) cut at -1e-5 itself, by inspection."""
NUM_RECORDS = 25
"""Steps at which histories are kept and residuals checked, spaced evenly in the logarithm."""
PATIENCE = 0.3
"""Share of the steps that a search may make before which it does not count as standing still: second-order searches rest on
plateaus of a few hundred steps, and leave them."""
LAST_PART = 0.2
"""A search stands still where the squared norm fell by less than ``LEAST_FALL`` of itself in this part of its steps."""
LEAST_FALL = 0.1

KINDS = ("critical", "gradient-flat", "not converged")
"""What a point where a search ends can be."""

Method = Literal["none", "grad_norm", "levenberg"]


# ---------------------------------------------------------------------------------------------------------------------
# What a point is


def classify(
    grad_norm_squared: Float[np.ndarray, " networks"],
    residual: Float[np.ndarray, " networks"],
    residual_hessian: Float[np.ndarray, " networks"],
) -> Int[np.ndarray, " networks"]:
    """Numbers into ``KINDS``.

    Gradient-flat goes before critical, as a small gradient in the kernel may decay for ever, except below
    ``STRICTLY_CRITICAL``, where rounding decides what direction the gradient has.
    """
    flat = (residual > FLAT_RESIDUAL) & (residual_hessian < FLAT_HESSIAN_RESIDUAL) & (grad_norm_squared >= STRICTLY_CRITICAL)
    return np.where(flat, 1, np.where(grad_norm_squared < CRITICAL, 0, 2)).astype(np.int64)


def count_signs(
    eigenvalues: Float[np.ndarray, "*networks parameters"], relative_tolerance: float
) -> tuple[Int[np.ndarray, "*networks"], Int[np.ndarray, "*networks"], Int[np.ndarray, "*networks"]]:
    """Numbers of positive, zero and negative eigenvalues; zero is within ``relative_tolerance`` of the largest magnitude."""
    tolerance = relative_tolerance * np.abs(eigenvalues).max(-1, keepdims=True)
    positive, negative = np.asarray((eigenvalues > tolerance).sum(-1)), np.asarray((eigenvalues < -tolerance).sum(-1))
    return positive, np.asarray(eigenvalues.shape[-1] - positive - negative), negative


def recorded_steps(num_steps: int) -> Int[np.ndarray, " records"]:
    """The start, the end and some steps between."""
    spaced = np.geomspace(1, max(num_steps, 1), NUM_RECORDS).round().astype(np.int64)
    return np.unique(np.append(spaced[spaced <= num_steps], 0))


# ---------------------------------------------------------------------------------------------------------------------
# Jobs


@dataclass(frozen=True)
class Candidates:
    """Where networks end up, and what is there. Losses include the weight decay, except ``data_loss``.

    ``residual``, ``residual_hessian``, ``steepness``: see ``zero_gradient.certify``; ``largest_residual`` is that of the
    recorded ``steps``, as the last one may hide a flat region on the way. ``eigenvalues`` of the Hessian ascend;
    ``eigenvalue_error``: see ``zero_gradient.eigenvalue_error``. ``kinds`` are numbers into ``KINDS``. A search made
    ``num_steps`` steps and then stood still, or was ``moving`` when they ran out. ``history`` holds the squared gradient norm
    after ``steps`` steps.
    """

    weights: Float[np.ndarray, "networks parameters"]
    start_loss: Float[np.ndarray, " networks"]
    loss: Float[np.ndarray, " networks"]
    data_loss: Float[np.ndarray, " networks"]
    start_grad_norm_squared: Float[np.ndarray, " networks"]
    grad_norm_squared: Float[np.ndarray, " networks"]
    residual: Float[np.ndarray, " networks"]
    residual_hessian: Float[np.ndarray, " networks"]
    largest_residual: Float[np.ndarray, " networks"]
    steepness: Float[np.ndarray, " networks"]
    eigenvalues: Float[np.ndarray, "networks parameters"]
    eigenvalue_error: Float[np.ndarray, " networks"]
    kinds: Int[np.ndarray, " networks"]
    num_steps: Int[np.ndarray, " networks"]
    moving: Bool[np.ndarray, " networks"]
    steps: Int[np.ndarray, " records"]
    history: Float[np.ndarray, "networks records"]


@dataclass(frozen=True)
class CriticalPoints(Job[Candidates]):
    """Zero-gradient points searched from the weights of a trained stack."""

    start: Checkpoint
    """Of a stack: where each network begins."""
    method: Method
    """Measure the weights as they are, minimise half the squared gradient norm (L-BFGS), or Levenberg's damped Newton steps."""
    num_steps: int
    """At most; a network that stands still rests earlier."""

    def __post_init__(self):
        if not isinstance(self.start.of, TrainStack):
            raise ValueError(f"only stacks have exact Hessians; got {self.start.of}, expected a TrainStack")
        if self.num_steps < 0 or (self.method == "none") != (self.num_steps == 0):
            raise ValueError(f"num_steps is {self.num_steps} with method {self.method!r}; 'none' takes 0, the others more")

    @property
    def of(self) -> TrainStack:
        """The training."""
        assert isinstance(self.start.of, TrainStack)
        return self.start.of

    def compute(self, training: Training) -> Candidates:
        from lab.losses import stacked_training_loss
        from lab.zero_gradient import find

        weights = self.start.weights(training)
        check_finite(weights, self.of.seeds)
        return find(stacked_training_loss(self.of), weights, self.method, self.num_steps)

    @property
    def axes(self) -> dict[str, int]:
        records = len(recorded_steps(self.num_steps))
        return {"networks": len(self.of.seeds), "parameters": self.of.network.num_parameters, "records": records}

    def placeholder(self) -> Candidates:
        """With eigenvalues of both signs, and points of every kind."""
        made = super().placeholder()
        return replace(
            made,
            eigenvalues=made.eigenvalues - made.eigenvalues.mean(axis=1, keepdims=True),
            kinds=made.kinds % len(KINDS),
            steps=recorded_steps(self.num_steps),
        )

    @property
    def flops(self) -> float:
        hessians = hessian_flops(self.of)
        step = 4 * costs.UPDATE + hessians * {"none": 0.0, "grad_norm": 0.1, "levenberg": 0.15}[self.method]
        return costs.JOB + len(recorded_steps(self.num_steps)) * hessians + self.num_steps * step


@dataclass(frozen=True)
class Shares:
    """Share of the neighbours of each point that have a higher loss."""

    shares: Float[np.ndarray, " networks"]


@dataclass(frozen=True)
class NeighbourRatio(Job[Shares]):
    """How many random neighbours of a point lie higher: the estimate of the minimal ratio by sampling.

    Neighbours are uniform on the sphere of radius ``radius`` times the norm of the point's weights; the loss includes the
    weight decay.
    """

    of: CriticalPoints
    num_samples: int
    radius: float
    seed: int

    def compute(self, points: Candidates) -> Shares:
        from lab.losses import stacked_training_loss
        from lab.zero_gradient import share_of_higher

        loss = stacked_training_loss(self.of.of)
        return Shares(share_of_higher(loss, points.weights, self.num_samples, self.radius, self.seed))

    @property
    def axes(self) -> dict[str, int]:
        return {"networks": len(self.of.of.seeds)}

    @property
    def flops(self) -> float:
        return costs.JOB + 0.1 * self.num_samples * hessian_flops(self.of.of)


def hessian_flops(of: TrainStack) -> float:
    """Of the exact Hessians of all networks of a stack, and their eigenvalues."""
    parameters, examples = of.network.num_parameters, of.data.sizes[0]
    units = sum(int(np.prod(layer.output_shape)) for layer in of.network.layers)
    moves = 10 * costs.MOVE * examples * (units**2 + parameters)
    return len(of.seeds) * (moves + parameters**2 * examples + 30 * parameters**3)
