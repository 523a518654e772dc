"""Points where the gradient of the loss vanishes, or nearly: how to reach them, and how to tell what they are.

Driving the gradient of a network to zero mostly ends where it is flat, not where it vanishes (Frye et al. 2021, "Critical
point-finding methods reveal gradient-flat regions of deep network losses"), so each point comes with a certificate:
the squared gradient norm, the relative residual of its Newton step, and all eigenvalues. All in float64, on the whole training
set, with the weight decay of the training in the loss.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lab.curvature import (
    check_step,
    float64_problem,
    hessian_seconds,
    mlp_of,
    stacked_gradient,
    stacked_gradient_and_hessian,
    stacked_loss,
)
from lab.models import MLP
from lab.training import Training, TrainStack
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
"""Share of the largest eigenvalue below which a sign is not counted. Frye et al. (2021) cut at -1e-5 absolute, by inspection."""
MEMORY = 10
"""Pairs of steps that L-BFGS remembers."""
SUFFICIENT = 1e-4
"""Of the decrease that the slope promises, what a step must achieve (Armijo's condition, Nocedal and Wright 2006, 3.1)."""
NUM_RECORDS = 25
"""Steps at which histories are kept and residuals checked, spaced evenly in the logarithm."""

CLASSES = ("critical", "gradient-flat", "not converged")

Method = Literal["none", "grad_norm", "levenberg"]


@dataclass(frozen=True)
class Problem:
    """The loss of a stack: network ``i`` is evaluated at row ``i`` of the weights."""

    network: MLP
    inputs: Float[Tensor, "examples ..."]
    targets: Tensor
    weight_decay: float = 0.0

    def loss(self, weights: Float[Tensor, "networks parameters"]) -> Float[Tensor, " networks"]:
        """Mean loss and weight decay."""
        return stacked_loss(self.network, weights, self.inputs, self.targets, self.weight_decay)

    def data_loss(self, weights: Float[Tensor, "networks parameters"]) -> Float[Tensor, " networks"]:
        """Mean loss alone."""
        return stacked_loss(self.network, weights, self.inputs, self.targets)

    def gradient(self, weights: Float[Tensor, "networks parameters"]) -> Float[Tensor, "networks parameters"]:
        """Of ``loss``."""
        return stacked_gradient(self.network, weights, self.inputs, self.targets, self.weight_decay)

    def gradient_and_hessian(
        self, weights: Float[Tensor, "networks parameters"]
    ) -> tuple[Float[Tensor, "networks parameters"], Float[Tensor, "networks parameters parameters"]]:
        """Of ``loss``."""
        return stacked_gradient_and_hessian(self.network, weights, self.inputs, self.targets, self.weight_decay)

    def grad_norm_objective(self, weights: Float[Tensor, "networks parameters"]) -> tuple[Tensor, Tensor]:
        """Half the squared gradient norm of each network, and its gradient: the Hessian times the gradient."""
        with torch.enable_grad():
            weights = weights.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.loss(weights).sum(), weights, create_graph=True)
            objective = 0.5 * gradient.square().sum(1)
            (slope,) = torch.autograd.grad(objective.sum(), weights)
        return objective.detach(), slope


# ---------------------------------------------------------------------------------------------------------------------
# What a point is


@dataclass(frozen=True)
class Certificate:
    """What tells a critical point from a flat one; see ``certify``."""

    grad_norm_squared: Float[Tensor, " networks"]
    residual: Float[Tensor, " networks"]
    residual_hessian: Float[Tensor, " networks"]
    eigenvalues: Float[Tensor, "networks parameters"]


def certify(problem: Problem, weights: Float[Tensor, "networks parameters"]) -> Certificate:
    """Squared gradient norm, residuals of the Newton step and eigenvalues at each point.

    With p the minimum-norm solution of min |Hp + g|, the relative residual is r = |Hp + g| / (|H|_F |p| + |g|), near 1 where
    the gradient lies in the kernel of H, and r_H = |H(Hp + g)| / (|H|_F |Hp + g|) is small if what is left does (Frye et al. 2021).
    Eigenvalues below ``KERNEL`` of the largest magnitude count as zero. Both are 0 where the denominator is.
    """
    gradient, hessian = problem.gradient_and_hessian(weights)
    eigenvalues, vectors = torch.linalg.eigh(hessian)
    along = (vectors.mT @ gradient[:, :, None])[:, :, 0]
    in_kernel = eigenvalues.abs() <= KERNEL * eigenvalues.abs().amax(1, keepdim=True)
    step = torch.where(in_kernel, 0.0, -along / torch.where(in_kernel, 1.0, eigenvalues))
    left = torch.where(in_kernel, along, 0.0)
    frobenius = eigenvalues.norm(dim=1)

    def share(part: Tensor, whole: Tensor) -> Tensor:
        return torch.where(whole > 0, part / torch.where(whole > 0, whole, 1.0), 0.0)

    return Certificate(
        gradient.square().sum(1),
        share(left.norm(dim=1), frobenius * step.norm(dim=1) + gradient.norm(dim=1)),
        share((eigenvalues * left).norm(dim=1), frobenius * left.norm(dim=1)),
        eigenvalues,
    )


def classify(
    grad_norm_squared: Float[np.ndarray, " networks"],
    residual: Float[np.ndarray, " networks"],
    residual_hessian: Float[np.ndarray, " networks"],
) -> Int[np.ndarray, " networks"]:
    """Numbers into ``CLASSES``.

    Gradient-flat goes before critical, as a small gradient in the kernel may decay for ever, except below
    ``STRICTLY_CRITICAL``, where rounding decides what direction the gradient has.
    """
    flat = (residual > FLAT_RESIDUAL) & (residual_hessian < FLAT_HESSIAN_RESIDUAL) & (grad_norm_squared >= STRICTLY_CRITICAL)
    return np.where(flat, 1, np.where(grad_norm_squared < CRITICAL, 0, 2)).astype(np.int64)


def count_signs(
    eigenvalues: Float[np.ndarray, "*networks parameters"], relative_tolerance: float
) -> tuple[Int[np.ndarray, "*networks"], Int[np.ndarray, "*networks"], Int[np.ndarray, "*networks"]]:
    """Numbers of positive, zero and negative eigenvalues; zero is at most ``relative_tolerance`` times the largest magnitude."""
    tolerance = relative_tolerance * np.abs(eigenvalues).max(-1, keepdims=True)
    positive, negative = np.asarray((eigenvalues > tolerance).sum(-1)), np.asarray((eigenvalues < -tolerance).sum(-1))
    return positive, np.asarray(eigenvalues.shape[-1] - positive - negative), negative


def minimal_ratio(
    eigenvalues: Float[np.ndarray, "*networks parameters"], relative_tolerance: float = 0.0
) -> Float[np.ndarray, "*networks"]:
    """Share of positive eigenvalues among all, those within the tolerance of zero included (NTU, MLDS 2018, homework 1-2)."""
    return np.asarray(count_signs(eigenvalues, relative_tolerance)[0] / eigenvalues.shape[-1])


def floor(eigenvalues: Float[np.ndarray, "*networks parameters"]) -> Float[np.ndarray, "*networks"]:
    """Magnitude below which an eigenvalue is rounding: parameters x machine epsilon x the largest magnitude."""
    return np.asarray(eigenvalues.shape[-1] * np.finfo(eigenvalues.dtype).eps * np.abs(eigenvalues).max(-1))


# ---------------------------------------------------------------------------------------------------------------------
# How to reach one


def recorded_steps(num_steps: int) -> Int[np.ndarray, " records"]:
    """The start, the end and some steps between."""
    spaced = np.geomspace(1, max(num_steps, 1), NUM_RECORDS).round().astype(np.int64)
    return np.unique(np.append(spaced[spaced <= num_steps], 0))


class Path:
    """Squared gradient norms and residuals on the way, at the recorded steps."""

    def __init__(self, problem: Problem, num_steps: int):
        self.problem = problem
        self.steps = recorded_steps(num_steps)
        self._norms: list[Tensor] = []
        self.largest_residual = torch.zeros(())

    def visit(self, step: int, weights: Float[Tensor, "networks parameters"]) -> None:
        """Record where the networks are after ``step`` steps, if that is to be recorded."""
        if step in self.steps:
            certificate = certify(self.problem, weights)
            self._norms.append(certificate.grad_norm_squared)
            self.largest_residual = torch.maximum(self.largest_residual.to(weights), certificate.residual)

    @property
    def history(self) -> Float[Tensor, "networks records"]:
        return torch.stack(self._norms, dim=1)


def minimise_grad_norm(problem: Problem, weights: Float[Tensor, "networks parameters"], num_steps: int, path: Path) -> Tensor:
    """Half the squared gradient norm as the objective of L-BFGS, one memory and one step length a network.

    Backtracking from step 1 by Armijo's condition (Nocedal and Wright 2006, algorithms 3.1 and 7.5); one step here is one
    trial, so each costs one gradient and one Hessian-vector product. Never accepts a point where the norm is larger.
    """
    num_networks, num_parameters = weights.shape
    objective, slope = problem.grad_norm_objective(weights)
    moves = weights.new_zeros(MEMORY, num_networks, num_parameters)
    changes, curvatures = torch.zeros_like(moves), weights.new_zeros(MEMORY, num_networks)
    direction = -slope / slope.norm(dim=1, keepdim=True).clamp_min(1e-300) * weights.new_tensor(0.1)
    length = weights.new_ones(num_networks)
    path.visit(0, weights)
    for step in range(1, num_steps + 1):
        trial = weights + length[:, None] * direction
        found, found_slope = problem.grad_norm_objective(trial)
        promised = (slope * direction).sum(1)
        accepted = found.isfinite() & (found < objective) & (found <= objective + SUFFICIENT * length * promised)

        move, change = trial - weights, found_slope - slope
        curvature = (move * change).sum(1)
        # Pairs without positive curvature would make the direction one of ascent.
        kept = accepted & (curvature > 1e-10 * move.norm(dim=1) * change.norm(dim=1))
        for memory, value in ((moves, move), (changes, change)):
            memory.copy_(torch.where(kept[:, None], torch.cat([value[None], memory[:-1]]), memory))
        curvatures = torch.where(kept, torch.cat([curvature[None], curvatures[:-1]]), curvatures)

        weights = torch.where(accepted[:, None], trial, weights)
        objective = torch.where(accepted, found, objective)
        slope = torch.where(accepted[:, None], found_slope, slope)
        # A network whose line search has come to nothing starts again along the slope, without memory.
        stuck = ~accepted & (length < 1e-8)
        curvatures = torch.where(stuck, 0.0, curvatures)
        fresh = _lbfgs_direction(slope, moves, changes, curvatures)
        renewed = accepted | stuck
        direction = torch.where(renewed[:, None], fresh, direction)
        length = torch.where(renewed, 1.0, 0.5 * length)
        path.visit(step, weights)
    return weights


def _lbfgs_direction(slope: Tensor, moves: Tensor, changes: Tensor, curvatures: Tensor) -> Tensor:
    """The two loops of Nocedal and Wright (2006), algorithm 7.4; pairs of curvature 0 are empty."""
    inverse = torch.where(curvatures > 0, 1 / torch.where(curvatures > 0, curvatures, 1.0), 0.0)
    direction, weights_of = slope, []
    for move, change, scale in zip(moves, changes, inverse, strict=True):
        weight = scale * (move * direction).sum(1)
        direction = direction - weight[:, None] * change
        weights_of.append(weight)
    squared = changes[0].square().sum(1)
    empty = curvatures[0] <= 0
    initial = torch.where(empty, 0.1 / slope.norm(dim=1).clamp_min(0.1), curvatures[0] / torch.where(empty, 1.0, squared))
    direction = initial[:, None] * direction
    for number in range(len(moves) - 1, -1, -1):
        weight = inverse[number] * (changes[number] * direction).sum(1)
        direction = direction + (weights_of[number] - weight)[:, None] * moves[number]
    return -direction


def levenberg(problem: Problem, weights: Float[Tensor, "networks parameters"], num_steps: int, path: Path) -> Tensor:
    """Damped Newton steps on the equation gradient = 0, p = -(H^2 + mu)^-1 H g, which may land on saddles and maxima.

    Levenberg (1944) on half the squared gradient norm, of which H^2 is the Gauss-Newton matrix; mu by gain ratios for each network
    (Nielsen 1999, "Damping parameter in Marquardt's method", from 1e-3 of the largest eigenvalue of H^2). A step is taken only if the norm
    falls. A network whose norm falls no further within rounding rests.
    """
    weights = weights.clone()
    gradient, hessian = problem.gradient_and_hessian(weights)
    eigenvalues, vectors = torch.linalg.eigh(hessian)
    norm = gradient.square().sum(1)
    damping = 1e-3 * eigenvalues.square().amax(1)
    least, growth = torch.finfo(weights.dtype).eps ** 2 * damping, torch.full_like(damping, 2.0)
    active = torch.arange(len(weights), device=weights.device)
    path.visit(0, weights)
    for step in range(1, num_steps + 1):
        if not len(active):
            path.visit(step, weights)
            continue
        along = (vectors[active].mT @ gradient[active, :, None])[:, :, 0]
        values, mu = eigenvalues[active], damping[active, None]
        moved = -values * along / (values.square() + mu).clamp_min(1e-300)
        trial = weights[active] + (vectors[active] @ moved[:, :, None])[:, :, 0]
        found = problem.gradient(trial).square().sum(1)
        promised = (moved * (mu * moved - values * along)).sum(1)
        gain = (norm[active] - found) / promised.clamp_min(1e-300)
        better = found.isfinite() & (found < norm[active])

        accepted, rejected = active[better], active[~better]
        damping[accepted] *= torch.clamp(1 - (2 * gain[better] - 1) ** 3, 1 / 3, 2.0)
        damping[accepted] = torch.maximum(damping[accepted], least[accepted])
        growth[accepted] = 2.0
        damping[rejected] *= growth[rejected]
        growth[rejected] *= 2
        if len(accepted):
            weights[accepted] = trial[better]
            gradient[accepted], hessian = problem.gradient_and_hessian(trial[better])
            eigenvalues[accepted], vectors[accepted] = torch.linalg.eigh(hessian)
            norm[accepted] = gradient[accepted].square().sum(1)
        # Steps shorter than rounding of the weights change nothing any more.
        rests = ~better & (moved.norm(dim=1) <= 1e-16 * trial.norm(dim=1))
        active = active[~rests]
        path.visit(step, weights)
    return weights


# ---------------------------------------------------------------------------------------------------------------------
# Jobs


@dataclass(frozen=True)
class Points:
    """Where networks end up, and what is there. Losses include the weight decay, except ``data_loss``.

    ``residual``, ``residual_hessian``: see ``certify``; ``largest_residual`` is that of the recorded ``steps``, as the last one may hide
    a flat region on the way. ``eigenvalues`` of the Hessian ascend. ``classes`` are numbers into ``CLASSES``. ``history`` holds
    the squared gradient norm after ``steps`` steps.
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
    eigenvalues: Float[np.ndarray, "networks parameters"]
    classes: Int[np.ndarray, " networks"]
    steps: Int[np.ndarray, " records"]
    history: Float[np.ndarray, "networks records"]


def find(problem: Problem, start: Float[Tensor, "networks parameters"], method: Method, num_steps: int) -> Points:
    """Points reached from ``start``; a network that gets no nearer to zero gradient stays where it was."""
    path = Path(problem, num_steps)
    with torch.no_grad():
        if method == "grad_norm":
            weights = minimise_grad_norm(problem, start, num_steps, path)
        elif method == "levenberg":
            weights = levenberg(problem, start, num_steps, path)
        else:
            weights = start
            path.visit(0, start)
        certificate = certify(problem, weights)
        tensors = {
            "weights": weights,
            "start_loss": problem.loss(start),
            "loss": problem.loss(weights),
            "data_loss": problem.data_loss(weights),
            "start_grad_norm_squared": path.history[:, 0],
            "grad_norm_squared": certificate.grad_norm_squared,
            "residual": certificate.residual,
            "residual_hessian": certificate.residual_hessian,
            "largest_residual": torch.maximum(path.largest_residual, certificate.residual),
            "eigenvalues": certificate.eigenvalues,
            "history": path.history,
        }
    arrays = {name: value.cpu().numpy() for name, value in tensors.items()}
    classes = classify(arrays["grad_norm_squared"], arrays["residual"], arrays["residual_hessian"])
    return Points(**arrays, classes=classes, steps=path.steps)


@dataclass(frozen=True)
class CriticalPoints(Job):
    """Zero-gradient points searched from the weights of a trained stack."""

    of: TrainStack
    at_step: int | None
    """Number of updates after which the weights were kept; None for the final weights."""
    method: Method
    """Measure the weights as they are, minimise half the squared gradient norm (L-BFGS), or Levenberg's damped Newton steps."""
    num_steps: int

    def __post_init__(self):
        check_step(self.of, self.at_step)
        if self.num_steps < 0 or (self.method == "none") != (self.num_steps == 0):
            raise ValueError(f"num_steps is {self.num_steps} with method {self.method!r}; 'none' takes 0, the others more")

    def problem(self, training: Training) -> tuple[Problem, Float[Tensor, "networks parameters"]]:
        """The loss and where the search starts."""
        start, inputs, targets = float64_problem(self.of, self.at_step, training)
        return Problem(mlp_of(self.of), inputs, targets, self.of.recipe.weight_decay), start

    def compute(self, training: Training) -> Points:
        return find(*self.problem(training), self.method, self.num_steps)

    def placeholder(self) -> Points:
        networks, parameters = len(self.of.seeds), self.of.network.num_parameters
        random = np.random.default_rng(0)
        steps = recorded_steps(self.num_steps)
        classes = np.arange(networks) % len(CLASSES)
        norms = np.geomspace(1e-4, 1e-2, networks)
        history = norms[:, None] * np.geomspace(1, 1e-9, len(steps))
        return Points(
            weights=random.normal(size=(networks, parameters)),
            start_loss=np.linspace(0.10, 0.14, networks),
            loss=np.linspace(0.05, 0.09, networks),
            data_loss=np.linspace(0.04, 0.08, networks),
            start_grad_norm_squared=norms,
            grad_norm_squared=history[:, -1],
            residual=np.linspace(0.1, 0.95, networks),
            residual_hessian=np.geomspace(1e-9, 1e-5, networks),
            largest_residual=np.linspace(0.3, 0.99, networks),
            eigenvalues=np.sort(random.normal(0.3, 1.0, (networks, parameters)), axis=1),
            classes=classes.astype(np.int64),
            steps=steps,
            history=history,
        )

    @property
    def seconds(self) -> float:
        one = hessian_seconds(self.of) * len(self.of.seeds)
        records = len(recorded_steps(self.num_steps))
        each = 0.004 + one * {"none": 0.0, "grad_norm": 0.2, "levenberg": 1.0}[self.method]
        return 0.1 + records * one + self.num_steps * each


@dataclass(frozen=True)
class Shares:
    """Share of the neighbours of each point that have a higher loss."""

    shares: Float[np.ndarray, " networks"]


@dataclass(frozen=True)
class NeighbourRatio(Job):
    """How many random neighbours of a point lie higher: the estimate of the minimal ratio by sampling.

    Neighbours are uniform on the sphere of radius ``radius`` times the norm of the point's weights; the loss includes the weight decay.
    """

    of: CriticalPoints
    num_samples: int
    radius: float
    seed: int

    def compute(self, points: Points) -> Shares:
        split = self.of.of.data.load()
        targets = split.train_targets.double() if split.train_targets.is_floating_point() else split.train_targets
        problem = Problem(mlp_of(self.of.of), split.train_inputs.double(), targets, self.of.of.recipe.weight_decay)
        weights = torch.from_numpy(points.weights).to(torch.get_default_device())
        return Shares(share_of_higher(problem, weights, self.num_samples, self.radius, self.seed).cpu().numpy())

    def placeholder(self) -> Shares:
        return Shares(np.linspace(0.5, 0.95, len(self.of.of.seeds)))

    @property
    def seconds(self) -> float:
        return 0.1 + 0.1 * self.num_samples * len(self.of.of.seeds) * hessian_seconds(self.of.of)


def share_of_higher(
    problem: Problem, weights: Float[Tensor, "networks parameters"], num_samples: int, radius: float, seed: int
) -> Float[Tensor, " networks"]:
    """Share of ``num_samples`` points on a sphere around each network's weights where its loss is higher."""
    generator = torch.Generator("cpu").manual_seed(seed)
    loss, scale = problem.loss(weights), radius * weights.norm(dim=1, keepdim=True)
    higher = torch.zeros_like(loss)
    for _ in range(num_samples):
        normal = torch.randn(weights.shape, dtype=weights.dtype, generator=generator, device="cpu").to(weights.device)
        higher += problem.loss(weights + scale * normal / normal.norm(dim=1, keepdim=True)) > loss
    return higher / num_samples
