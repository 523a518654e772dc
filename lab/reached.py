"""What searches for points of zero gradient reached: what the points are, and the signs of their eigenvalues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float

from lab.critical_points import KINDS, STRICTLY_CRITICAL, Candidates, Shares, count_signs

ROWS = [field.name for field in fields(Candidates) if field.name != "steps"]
"""What holds one row per network."""
LEARNED = 0.05
"""Share of the variance of its targets below which a network explains so little that it counts as collapsed."""
SAME_LOSS = 1e-6
"""Losses nearer to each other than this share are those of one kind of point: units and signs swapped, and the error left."""


@dataclass(frozen=True)
class Reached(Candidates):
    """The points that one kind of search reached, one row per network; see ``Candidates``."""

    tolerance: float
    """Share of a network's largest magnitude up to which an eigenvalue counts as zero."""
    loss_of_constant: float
    """The least loss, without weight decay, of a network that answers the same to everything."""
    higher: Float[np.ndarray, " networks"]
    """Share of sampled neighbours that have a higher loss; NaN where none were sampled."""

    @classmethod
    def of(
        cls, blocks: Sequence[Candidates], tolerance: float, loss_of_constant: float, neighbours: Sequence[Shares] = ()
    ) -> "Reached":
        """Networks that were searched in several blocks, in their order, with their neighbours where some were sampled."""
        rows = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in ROWS}
        unknown = np.full(len(rows["loss"]), np.nan)
        higher = np.concatenate([block.shares for block in neighbours]) if neighbours else unknown
        return cls(**rows, steps=blocks[0].steps, tolerance=tolerance, loss_of_constant=loss_of_constant, higher=higher)

    def where(self, rows: np.ndarray) -> "Reached":
        """Some of the networks, by their numbers or by a truth value for each."""
        return replace(self, **{name: getattr(self, name)[rows] for name in (*ROWS, "higher")})

    @property
    def only_critical(self) -> "Reached":
        """The networks whose points are critical."""
        return self.where(self.critical)

    @property
    def only_learned(self) -> "Reached":
        """The networks that did not collapse."""
        return self.where(~self.collapsed)

    def in_groups(self, size: int) -> "list[Reached]":
        """Neighbouring networks in groups of about so many, two at least."""
        num = len(self.loss)
        return [self.where(rows) for rows in np.array_split(np.arange(num), max(2, num // size))]

    def by_kind(self, x: str, y: str) -> dict[str, list[tuple[float, float]]]:
        """Two numbers of each network, such as ``index`` and ``loss``, by what its point is."""
        kinds = {name: self.where(self.kinds == number) for number, name in enumerate(KINDS)}
        pairs = {
            name: zip(getattr(found, x).tolist(), getattr(found, y).tolist(), strict=True) for name, found in kinds.items()
        }
        return {name: list(found) for name, found in pairs.items() if len(kinds[name].loss)}

    @property
    def num_parameters(self) -> int:
        """Of each network."""
        return self.eigenvalues.shape[1]

    @property
    def size(self) -> str:
        """What tells two kinds of network apart."""
        return f"{self.num_parameters} parameters"

    @property
    def critical(self) -> Bool[np.ndarray, " networks"]:
        """Whether the certificate says so; see ``critical_points.classify``."""
        return self.kinds == KINDS.index("critical")

    @property
    def certain(self) -> Bool[np.ndarray, " networks"]:
        """Whether the squared gradient norm leaves no doubt in float64."""
        return self.grad_norm_squared < STRICTLY_CRITICAL

    @property
    def flat(self) -> Bool[np.ndarray, " networks"]:
        """Whether the gradient lies almost in the kernel of the Hessian, and is not zero."""
        return self.kinds == KINDS.index("gradient-flat")

    @property
    def collapsed(self) -> Bool[np.ndarray, " networks"]:
        """Whether the network answers nearly the same to everything, of which there are many critical points."""
        return np.asarray(self.data_loss > (1 - LEARNED) * self.loss_of_constant)

    @property
    def saddle(self) -> Bool[np.ndarray, " networks"]:
        """Whether there are eigenvalues of both signs, each further from zero than all that may be wrong with it."""
        eigenvalues, error = self.eigenvalues, self.eigenvalue_error[:, None]
        return np.asarray((eigenvalues < -error).any(axis=1) & (eigenvalues > error).any(axis=1))

    @property
    def num_losses(self) -> int:
        """How many different losses the points have."""
        losses = np.sort(self.loss)
        return len(losses) and 1 + int((np.diff(losses) > SAME_LOSS * losses[:-1]).sum())

    @property
    def minimal_ratio(self) -> Float[np.ndarray, " networks"]:
        """Share of positive eigenvalues among all, those that count as zero included (NTU, MLDS 2018, homework 1-2)."""
        return self.minimal_ratio_at(self.tolerance)

    @property
    def rounding(self) -> float:
        """Share of the largest magnitude below which an eigenvalue is rounding: number of parameters times the precision."""
        return self.num_parameters * float(np.finfo(self.eigenvalues.dtype).eps)

    def minimal_ratio_at(self, tolerance: float) -> Float[np.ndarray, " networks"]:
        """The same with another tolerance."""
        return self._share(0, tolerance)

    @property
    def index(self) -> Float[np.ndarray, " networks"]:
        """Share of negative eigenvalues."""
        return self._share(2, self.tolerance)

    @property
    def fall(self) -> Float[np.ndarray, " networks"]:
        """Squared gradient norm at the end over that at the start of the search."""
        return self.grad_norm_squared / self.start_grad_norm_squared

    @property
    def magnitudes(self) -> Float[np.ndarray, "networks parameters"]:
        """Magnitudes of the eigenvalues over the largest, in descending order."""
        magnitudes = np.sort(np.abs(self.eigenvalues), axis=1)[:, ::-1]
        return magnitudes / magnitudes[:, :1]

    def _share(self, sign: int, tolerance: float) -> Float[np.ndarray, " networks"]:
        return count_signs(self.eigenvalues, tolerance)[sign] / self.num_parameters


def joined(parts: Iterable[Reached]) -> Reached:
    """The points of several searches of one kind as those of one."""
    parts = list(parts)
    rows = {name: np.concatenate([getattr(part, name) for part in parts]) for name in (*ROWS, "higher")}
    return replace(parts[0], **rows)
