"""Statistics of one measurement that a chapter summarises over seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


def rank_correlation(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation; 0 where either side does not vary, so that nothing goes with it.

    As ``scipy.stats.spearmanr``, whose module takes longer to import than a chapter to run from its cache; a test compares the two.
    """
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: Sequence[float] | np.ndarray) -> Float[np.ndarray, " values"]:
    """Places in ascending order from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def first_reached(level: float, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float | None:
    """The first ``x`` at which ``y`` is ``level`` or more, on straight lines between the records; None where no record is."""
    y = np.asarray(y)
    if not (y >= level).any():
        return None
    place = int(np.argmax(y >= level))
    return float(np.interp(level, y[place - 1 : place + 1], x[place - 1 : place + 1])) if place else float(x[0])


def barrier_height(alphas: Float[np.ndarray, " points"], losses: Float[np.ndarray, " points"]) -> float:
    """How far the loss rises above the straight line between the losses at alpha 0 and 1, at its highest between them; never negative."""
    inside = (alphas >= 0) & (alphas <= 1)
    straight = np.interp(alphas[inside], (0, 1), (losses[alphas == 0].item(), losses[alphas == 1].item()))
    return float(np.max(losses[inside] - straight))


@dataclass(frozen=True)
class Chosen:
    """A point strictly between alpha 0 and 1 and one of these two ends, with scores on examples that did not choose them."""

    alpha: float
    score: float
    end_score: float


def choose_between(
    alphas: Float[np.ndarray, " points"], halves: Float[np.ndarray, "2 points"], best: Callable[[np.ndarray], np.intp]
) -> Chosen:
    """The ``best`` point strictly between the ends and the ``best`` end by the first row of ``halves``, scored by the second.

    ``best`` is ``np.argmin`` or ``np.argmax``. Scored by what chose it, the best of many points would look better than it is.
    """
    between, ends = np.flatnonzero((alphas > 0) & (alphas < 1)), np.flatnonzero((alphas == 0) | (alphas == 1))
    point, end = (places[best(halves[0, places])] for places in (between, ends))
    return Chosen(float(alphas[point]), float(halves[1, point]), float(halves[1, end]))
