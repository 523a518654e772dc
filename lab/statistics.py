"""Statistics of one measurement that a chapter summarises over seeds."""

from collections.abc import Sequence

import numpy as np


def rank_correlation(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation (``scipy.stats.spearmanr``); 0 where either side does not vary, so that nothing goes with it."""
    from scipy.stats import spearmanr

    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(spearmanr(x, y)[0])  # pyright: ignore[reportArgumentType]  # SciPy annotates a bare tuple
