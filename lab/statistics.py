"""Statistics of one measurement that a chapter summarises over seeds."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def rank_correlation(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation; 0 where either side does not vary, so that nothing goes with it.

    As ``scipy.stats.spearmanr``, whose module takes longer to import than a chapter to run from its cache; a test compares the
    two.
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
