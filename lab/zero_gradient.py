"""Searches for points where the gradient of a stack's losses vanishes, and what tells such points from others.

All in the precision of the weights that they are given, which should be float64: the cut-offs are made for it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lab.critical_points import KERNEL, LAST_PART, LEAST_FALL, PATIENCE, Candidates, Method, classify, recorded_steps
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
    steepness: Float[Tensor, " networks"]
    step: Float[Tensor, "networks parameters"]
    hessian: Float[Tensor, "networks parameters parameters"]
    eigenvalues: Float[Tensor, "networks parameters"]


def certify(loss: StackedLoss, weights: Float[Tensor, "networks parameters"]) -> Certificate:
    """Squared gradient norm, Newton step with its residuals, steepness, and eigenvalues at each point.

    With p the minimum-norm solution of min |Hp + g|, the relative residual is r = |Hp + g| / (|H|_F |p| + |g|), near 1
    where the gradient lies in the kernel of H, and r_H = |H(Hp + g)| / (|H|_F |Hp + g|) is small if what is left does (Frye
    et al. 2021). Eigenvalues below ``KERNEL`` of the largest magnitude count as zero. The steepness |Hg| / (|H| |g|), with
    the largest magnitude as the norm of H, is that of half the squared gradient norm over what it could be: 1 along the
    largest eigenvalue, near 0 in flat directions. All are 0 where the denominator is.
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
        share((eigenvalues * slope).norm(dim=1), eigenvalues.abs().amax(1) * gradient.norm(dim=1)),
        (vectors @ step[:, :, None])[:, :, 0],
        hessian,
        eigenvalues,
    )


def eigenvalue_error(
    loss: StackedLoss, weights: Float[Tensor, "networks parameters"], at: Certificate
) -> Float[Tensor, " networks"]:
    """By how much the eigenvalues may differ from those of the critical point nearby: a bound where Newton steps converge.

    That point is one Newton step away up to an error of second order, and no eigenvalue changes by more than the norm of the
    change of the Hessian (Weyl 1912). Rounding adds the number of parameters times the precision times the largest magnitude.
    """
    rounding = weights.shape[1] * torch.finfo(weights.dtype).eps * at.eigenvalues.abs().amax(1)
    change = loss.gradient_and_hessian(weights + at.step)[1] - at.hessian
    return (rounding + change.flatten(1).norm(dim=1)).nan_to_num(nan=torch.finfo(weights.dtype).max)


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
    """Points reached from ``start`` in at most ``num_steps`` steps; a network that gets no nearer to zero gradient stays where
    it was, and one that stands still (see ``LEAST_FALL``) rests."""
    first = torch.from_numpy(start.astype(np.float64)).to(torch.get_default_device())
    weights, path = first.clone(), Path(loss, first, num_steps)
    rows = torch.arange(len(first) if method != "none" else 0, device=first.device)
    search = SEARCHES[method](loss, first) if len(rows) else None
    for step in range(1, num_steps + 1):
        if search is None or not len(rows):
            break
        goes_on = search.step()
        weights[rows] = search.weights
        goes_on &= path.visit(step, rows, search)
        rows = rows[goes_on]
        search.keep(goes_on)
    certificate = certify(loss, weights)
    rested = torch.from_numpy(path.steps).to(first.device) >= path.num_steps[:, None]
    history = torch.where(rested, certificate.grad_norm_squared[:, None], path.history)
    moving = torch.zeros(len(first), dtype=torch.bool, device=first.device)
    moving[rows] = True
    tensors = {
        "weights": weights,
        "start_loss": loss.value(first),
        "loss": loss.value(weights),
        "data_loss": loss.mean(weights),
        "start_grad_norm_squared": history[:, 0],
        "grad_norm_squared": certificate.grad_norm_squared,
        "residual": certificate.residual,
        "residual_hessian": certificate.residual_hessian,
        "largest_residual": torch.maximum(path.largest_residual, certificate.residual),
        "steepness": certificate.steepness,
        "eigenvalues": certificate.eigenvalues,
        "eigenvalue_error": eigenvalue_error(loss, weights, certificate),
        "num_steps": path.num_steps,
        "moving": moving,
        "history": history,
    }
    arrays = {name: value.cpu().numpy() for name, value in tensors.items()}
    kinds = classify(arrays["grad_norm_squared"], arrays["residual"], arrays["residual_hessian"])
    return Candidates(**arrays, kinds=kinds, steps=path.steps)


class Path:
    """Squared gradient norms and residuals on the way, of each network until it rests."""

    def __init__(self, loss: StackedLoss, start: Float[Tensor, "networks parameters"], num_steps: int):
        self._loss, self._patience = loss, PATIENCE * num_steps
        self.steps = recorded_steps(num_steps)
        certificate = certify(loss, start)
        self._norms = [certificate.grad_norm_squared]
        self.history = certificate.grad_norm_squared[:, None].repeat(1, len(self.steps))
        self.largest_residual = certificate.residual
        self.num_steps = torch.zeros(len(start), dtype=torch.int64, device=start.device)

    def visit(self, step: int, rows: Tensor, search: "Search") -> Bool[Tensor, " rows"]:
        """Record where the networks ``rows`` are after ``step`` steps; whether each of them still moves."""
        norms = self._norms[-1].clone()
        norms[rows] = search.grad_norm_squared
        self._norms.append(norms)
        self.num_steps[rows] = step
        if step in self.steps:
            certificate = certify(self._loss, search.weights)
            self.history[rows, int(np.searchsorted(self.steps, step)) :] = certificate.grad_norm_squared[:, None]
            self.largest_residual[rows] = torch.maximum(self.largest_residual[rows], certificate.residual)
        before = self._norms[step - max(1, round(LAST_PART * step))][rows]
        return (norms[rows] <= (1 - LEAST_FALL) * before) | (step < self._patience)


class Search(ABC):
    """Networks on their way to zero gradient, one row of each tensor per network; none knows of the others."""

    weights: Float[Tensor, "networks parameters"]
    grad_norm_squared: Float[Tensor, " networks"]

    @abstractmethod
    def step(self) -> Bool[Tensor, " networks"]:
        """Try one step; take it where the gradient norm falls. Returns whether each network could go on."""

    def keep(self, rows: Bool[Tensor, " networks"]) -> None:
        """Leave the other networks behind."""
        if not rows.all():
            for name, value in vars(self).items():
                if isinstance(value, Tensor):
                    setattr(self, name, value[rows])


class NormDescent(Search):
    """Half the squared gradient norm as the objective of L-BFGS, one memory and one step length per network.

    Backtracking from step 1 by Armijo's condition (Nocedal and Wright 2006, algorithms 3.1 and 7.5); one step here is one
    trial, so each costs one gradient and one Hessian-vector product. Never accepts a point where the norm is larger.
    """

    def __init__(self, loss: StackedLoss, weights: Float[Tensor, "networks parameters"]):
        self._loss, self.weights = loss, weights
        objective, self._slope = loss.half_squared_grad_norm(weights)
        self.grad_norm_squared = 2 * objective
        self._moves = weights.new_zeros(len(weights), MEMORY, weights.shape[1])
        self._changes, self._curvatures = torch.zeros_like(self._moves), weights.new_zeros(len(weights), MEMORY)
        self._direction = -self._slope / self._slope.norm(dim=1, keepdim=True).clamp_min(1e-300) * 0.1
        self._length = weights.new_ones(len(weights))

    def step(self) -> Bool[Tensor, " networks"]:
        trial = self.weights + self._length[:, None] * self._direction
        found, found_slope = self._loss.half_squared_grad_norm(trial)
        objective, promised = 0.5 * self.grad_norm_squared, (self._slope * self._direction).sum(1)
        accepted = found.isfinite() & (found < objective) & (found <= objective + SUFFICIENT * self._length * promised)

        move, change = trial - self.weights, found_slope - self._slope
        curvature = (move * change).sum(1)
        # Pairs without positive curvature would make the direction one of ascent.
        kept = accepted & (curvature > 1e-10 * move.norm(dim=1) * change.norm(dim=1))
        for memory, value in ((self._moves, move), (self._changes, change), (self._curvatures, curvature)):
            newest_first = torch.cat([value[:, None], memory[:, :-1]], dim=1)
            memory.copy_(torch.where(kept.reshape(-1, *[1] * (memory.ndim - 1)), newest_first, memory))

        self.weights = torch.where(accepted[:, None], trial, self.weights)
        self.grad_norm_squared = torch.where(accepted, 2 * found, self.grad_norm_squared)
        self._slope = torch.where(accepted[:, None], found_slope, self._slope)
        # A network whose line search has come to nothing starts again along the slope, without memory.
        stuck = ~accepted & (self._length < 1e-8)
        self._curvatures = torch.where(stuck[:, None], 0.0, self._curvatures)
        renewed = accepted | stuck
        self._direction = torch.where(renewed[:, None], self._two_loops(), self._direction)
        self._length = torch.where(renewed, 1.0, 0.5 * self._length)
        return torch.ones_like(accepted)

    def _two_loops(self) -> Float[Tensor, "networks parameters"]:
        """Nocedal and Wright (2006), algorithm 7.4; pairs of curvature 0 are empty."""
        curvatures, direction, weights = self._curvatures, self._slope, []
        inverse = torch.where(curvatures > 0, 1 / torch.where(curvatures > 0, curvatures, 1.0), 0.0)
        for number in range(MEMORY):
            weights.append(inverse[:, number] * (self._moves[:, number] * direction).sum(1))
            direction = direction - weights[-1][:, None] * self._changes[:, number]
        squared, empty = self._changes[:, 0].square().sum(1), curvatures[:, 0] <= 0
        least = 0.1 / self._slope.norm(dim=1).clamp_min(0.1)
        direction = torch.where(empty, least, curvatures[:, 0] / torch.where(empty, 1.0, squared))[:, None] * direction
        for number in reversed(range(MEMORY)):
            weight = inverse[:, number] * (self._changes[:, number] * direction).sum(1)
            direction = direction + (weights[number] - weight)[:, None] * self._moves[:, number]
        return -direction


class Levenberg(Search):
    """Damped Newton steps on the equation gradient = 0, p = -(H^2 + mu)^-1 H g, which may land on saddles and maxima.

    Levenberg (1944) on half the squared gradient norm, of which H^2 is the Gauss-Newton matrix; mu by gain ratios for each
    network (Nielsen 1999, "Damping parameter in Marquardt's method", from 1e-3 of the largest eigenvalue of H^2). H is never
    squared, which would lose half of the digits: p is the real part of -(H + i sqrt(mu))^-1 g. A step is taken only if the
    norm falls. A network that could only make steps below the rounding of its weights rests.
    """

    def __init__(self, loss: StackedLoss, weights: Float[Tensor, "networks parameters"]):
        self._loss, self.weights = loss, weights.clone()
        self._gradient, self._hessian = loss.gradient_and_hessian(weights)
        self.grad_norm_squared = self._gradient.square().sum(1)
        self._damping = 1e-3 * torch.linalg.eigvalsh(self._hessian).square().amax(1).clamp_min(1e-300)
        self._least = torch.finfo(weights.dtype).eps ** 2 * self._damping
        self._growth = torch.full_like(self._damping, 2.0)

    def step(self) -> Bool[Tensor, " networks"]:
        mu, identity = self._damping, torch.eye(self.weights.shape[1]).to(self.weights)
        shifted = torch.complex(self._hessian, mu.sqrt()[:, None, None] * identity)
        move = -torch.linalg.solve_ex(shifted, self._gradient.to(shifted.dtype))[0].real
        trial = self.weights + move
        found = self._loss.gradient(trial).square().sum(1)
        downhill = (self._hessian @ self._gradient[:, :, None])[:, :, 0]
        promised = (move * (mu[:, None] * move - downhill)).sum(1)
        gain = (self.grad_norm_squared - found) / promised.clamp_min(1e-300)
        better = found.isfinite() & (found < self.grad_norm_squared)

        eased = torch.maximum(mu * torch.clamp(1 - (2 * gain - 1) ** 3, 1 / 3, 2.0), self._least)
        self._damping = torch.where(better, eased, mu * self._growth)
        self._growth = torch.where(better, 2.0, 2 * self._growth)
        if better.any():
            self.weights[better] = trial[better]
            self._gradient[better], self._hessian[better] = self._loss.gradient_and_hessian(trial[better])
            self.grad_norm_squared = torch.where(better, self._gradient.square().sum(1), self.grad_norm_squared)
        return better | (move.norm(dim=1) > 1e-16 * trial.norm(dim=1))


SEARCHES: dict[Method, type[NormDescent] | type[Levenberg]] = {"grad_norm": NormDescent, "levenberg": Levenberg}
