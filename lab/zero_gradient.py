"""Searches for points where the gradient of a stack's losses vanishes, and what tells such points from others.

All in the precision of the weights that they are given, which should be float64: the cut-offs are made for it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lab.critical_points import KERNEL, Candidates, Method, classify, recorded_steps
from lab.losses import StackedLoss

MEMORY = 10
"""Pairs of steps that L-BFGS remembers."""
SUFFICIENT = 1e-4
"""Of the decrease that the slope promises, what a step must achieve (Armijo's condition, Nocedal and Wright 2006, 3.1)."""


# ---------------------------------------------------------------------------------------------------------------------
# What a point is


@dataclass(frozen=True)
class Certificate:
    """What tells a critical point from a flat one; see ``certify``."""

    grad_norm_squared: Float[Tensor, " networks"]
    residual: Float[Tensor, " networks"]
    residual_hessian: Float[Tensor, " networks"]
    eigenvalues: Float[Tensor, "networks parameters"]


def certify(loss: StackedLoss, weights: Float[Tensor, "networks parameters"]) -> Certificate:
    """Squared gradient norm, residuals of the Newton step and eigenvalues at each point.

    With p the minimum-norm solution of min |Hp + g|, the relative residual is r = |Hp + g| / (|H|_F |p| + |g|), near 1
    where the gradient lies in the kernel of H, and r_H = |H(Hp + g)| / (|H|_F |Hp + g|) is small if what is left does (Frye
    et al. 2021). Eigenvalues below ``KERNEL`` of the largest magnitude count as zero. Both are 0 where the denominator is.
    """
    gradient, hessian = loss.gradient_and_hessian(weights)
    eigenvalues, vectors = torch.linalg.eigh(hessian)
    slope = (vectors.mT @ gradient[:, :, None])[:, :, 0]
    in_kernel = eigenvalues.abs() <= KERNEL * eigenvalues.abs().amax(1, keepdim=True)
    step = torch.where(in_kernel, 0.0, -slope / torch.where(in_kernel, 1.0, eigenvalues))
    left = torch.where(in_kernel, slope, 0.0)
    frobenius = eigenvalues.norm(dim=1)

    def share(part: Tensor, whole: Tensor) -> Tensor:
        return torch.where(whole > 0, part / torch.where(whole > 0, whole, 1.0), 0.0)

    return Certificate(
        gradient.square().sum(1),
        share(left.norm(dim=1), frobenius * step.norm(dim=1) + gradient.norm(dim=1)),
        share((eigenvalues * left).norm(dim=1), frobenius * left.norm(dim=1)),
        eigenvalues,
    )


def share_of_higher(
    loss: StackedLoss, points: Float[np.ndarray, "networks parameters"], num_samples: int, radius: float, seed: int
) -> Float[np.ndarray, " networks"]:
    """Share of ``num_samples`` weights on a sphere around each network's point where its loss is higher.

    The radius is ``radius`` times the norm of the point.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    weights = torch.from_numpy(points).to(torch.get_default_device())
    here, scale = loss.value(weights), radius * weights.norm(dim=1, keepdim=True)
    higher = torch.zeros_like(here)
    for _ in range(num_samples):
        normal = torch.randn(weights.shape, dtype=weights.dtype, generator=generator, device="cpu").to(weights.device)
        higher += loss.value(weights + scale * normal / normal.norm(dim=1, keepdim=True)) > here
    return (higher / num_samples).cpu().numpy()


# ---------------------------------------------------------------------------------------------------------------------
# How to reach one


def find(loss: StackedLoss, start: Float[np.ndarray, "networks parameters"], method: Method, num_steps: int) -> Candidates:
    """Points reached from ``start``; a network that gets no nearer to zero gradient stays where it was."""
    first = torch.from_numpy(start.astype(np.float64)).to(torch.get_default_device())
    history = SearchHistory(loss, num_steps)
    if method == "grad_norm":
        weights = minimise_grad_norm(loss, first, num_steps, history)
    elif method == "levenberg":
        weights = levenberg(loss, first, num_steps, history)
    else:
        weights = first
        history.visit(0, first)
    certificate = certify(loss, weights)
    tensors = {
        "weights": weights,
        "start_loss": loss.value(first),
        "loss": loss.value(weights),
        "data_loss": loss.mean(weights),
        "start_grad_norm_squared": history.grad_norms_squared[:, 0],
        "grad_norm_squared": certificate.grad_norm_squared,
        "residual": certificate.residual,
        "residual_hessian": certificate.residual_hessian,
        "largest_residual": torch.maximum(history.largest_residual, certificate.residual),
        "eigenvalues": certificate.eigenvalues,
        "history": history.grad_norms_squared,
    }
    arrays = {name: value.cpu().numpy() for name, value in tensors.items()}
    kinds = classify(arrays["grad_norm_squared"], arrays["residual"], arrays["residual_hessian"])
    return Candidates(**arrays, kinds=kinds, steps=history.steps)


class SearchHistory:
    """Squared gradient norms and residuals on the way, at the recorded steps."""

    def __init__(self, loss: StackedLoss, num_steps: int):
        self._loss = loss
        self.steps = recorded_steps(num_steps)
        self._norms: list[Tensor] = []
        self.largest_residual = torch.zeros(())

    def visit(self, step: int, weights: Float[Tensor, "networks parameters"]) -> None:
        """Record where the networks are after ``step`` steps, if that is to be recorded."""
        if step in self.steps:
            certificate = certify(self._loss, weights)
            self._norms.append(certificate.grad_norm_squared)
            self.largest_residual = torch.maximum(self.largest_residual.to(weights), certificate.residual)

    @property
    def grad_norms_squared(self) -> Float[Tensor, "networks records"]:
        return torch.stack(self._norms, dim=1)


def minimise_grad_norm(
    loss: StackedLoss, weights: Float[Tensor, "networks parameters"], num_steps: int, history: SearchHistory
) -> Tensor:
    """Half the squared gradient norm as the objective of L-BFGS, one memory and one step length per network.

    Backtracking from step 1 by Armijo's condition (Nocedal and Wright 2006, algorithms 3.1 and 7.5); one step here is one
    trial, so each costs one gradient and one Hessian-vector product. Never accepts a point where the norm is larger.
    """
    num_networks, num_parameters = weights.shape
    objective, slope = loss.half_squared_grad_norm(weights)
    moves = weights.new_zeros(MEMORY, num_networks, num_parameters)
    changes, curvatures = torch.zeros_like(moves), weights.new_zeros(MEMORY, num_networks)
    direction = -slope / slope.norm(dim=1, keepdim=True).clamp_min(1e-300) * weights.new_tensor(0.1)
    length = weights.new_ones(num_networks)
    history.visit(0, weights)
    for step in range(1, num_steps + 1):
        trial = weights + length[:, None] * direction
        found, found_slope = loss.half_squared_grad_norm(trial)
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
        history.visit(step, weights)
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


def levenberg(
    loss: StackedLoss, weights: Float[Tensor, "networks parameters"], num_steps: int, history: SearchHistory
) -> Tensor:
    """Damped Newton steps on the equation gradient = 0, p = -(H^2 + mu)^-1 H g, which may land on saddles and maxima.

    Levenberg (1944) on half the squared gradient norm, of which H^2 is the Gauss-Newton matrix; mu by gain ratios for each
    network (Nielsen 1999, "Damping parameter in Marquardt's method", from 1e-3 of the largest eigenvalue of H^2). A step is
    taken only if the norm falls. A network whose norm falls no further within rounding rests.
    """
    weights = weights.clone()
    gradient, hessian = loss.gradient_and_hessian(weights)
    eigenvalues, vectors = torch.linalg.eigh(hessian)
    norm = gradient.square().sum(1)
    damping = 1e-3 * eigenvalues.square().amax(1)
    least, growth = torch.finfo(weights.dtype).eps ** 2 * damping, torch.full_like(damping, 2.0)
    active = torch.arange(len(weights), device=weights.device)
    history.visit(0, weights)
    for step in range(1, num_steps + 1):
        if not len(active):
            history.visit(step, weights)
            continue
        slope = (vectors[active].mT @ gradient[active, :, None])[:, :, 0]
        values, mu = eigenvalues[active], damping[active, None]
        move = -values * slope / (values.square() + mu).clamp_min(1e-300)
        trial = weights[active] + (vectors[active] @ move[:, :, None])[:, :, 0]
        found = loss.gradient(trial).square().sum(1)
        promised = (move * (mu * move - values * slope)).sum(1)
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
            gradient[accepted], hessian = loss.gradient_and_hessian(trial[better])
            eigenvalues[accepted], vectors[accepted] = torch.linalg.eigh(hessian)
            norm[accepted] = gradient[accepted].square().sum(1)
        # Steps shorter than rounding of the weights change nothing any more.
        rests = ~better & (move.norm(dim=1) <= 1e-16 * trial.norm(dim=1))
        active = active[~rests]
        history.visit(step, weights)
    return weights
