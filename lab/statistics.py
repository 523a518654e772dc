"""Statistics of one measurement that a chapter summarises over seeds."""

from collections.abc import Sequence

import numpy as np


def first_reached(level: float, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float | None:
    """The first ``x`` at which ``y`` is ``level`` or more, on straight lines between the records; None where no record is."""
    y = np.asarray(y)
    if not (y >= level).any():
        return None
    place = int(np.argmax(y >= level))
    return float(np.interp(level, y[place - 1 : place + 1], x[place - 1 : place + 1])) if place else float(x[0])
