"""Spearman's rank correlation: of one seed's numbers, and one per seed with their mean."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from measured.evidence.metric import Estimate, Missing, told


def rank_correlation(x: Sequence[float] | Any, y: Sequence[float] | Any) -> float:
    """Spearman's rank correlation; NaN where either side does not vary or holds one, so that there is none.

    As ``scipy.stats.spearmanr``, whose module takes longer to import than a chapter to run from its cache; a test compares the
    two.
    """
    import numpy as np

    if not (np.ptp(x) > 0 and np.ptp(y) > 0):
        return math.nan
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def rank_correlations(xs: Iterable[Any], ys: Iterable[Any]) -> Estimate | Missing:
    """The mean over seeds of one rank correlation per seed, between its row of ``xs`` and its row of ``ys``; not measured where
    one does not vary."""
    pairs = [tuple(map(list, pair)) for pair in zip(xs, ys, strict=True)]
    if lost := [place for place, pair in enumerate(pairs) if any(map(math.isnan, chain(*pair)))]:
        why = f"no rank correlation: {told([math.nan if place in lost else 0.0 for place in range(len(pairs))], lost)}"
        return Missing(why=why, remedy="runs that end with a number")
    found = [rank_correlation(x, y) for x, y in pairs]
    if constant := sum(map(math.isnan, found)):
        return Missing(
            why=f"no rank correlation: in {constant} of {len(found)} a side does not vary",
            remedy="a range over which both sides vary",
        )
    return Estimate.over_seeds(found, bounds=(-1.0, 1.0))


def _ranks(values: Sequence[float] | Any) -> Any:
    """Places in ascending order from 1; equal values share the mean of theirs."""
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
