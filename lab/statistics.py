"""Statistics of one measurement that a chapter summarises over seeds."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def first_reached(level: float, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float | None:
    """The first ``x`` at which ``y`` is ``level`` or more, on straight lines between the records; None where no record is."""
    y = np.asarray(y)
    if not (y >= level).any():
        return None
    place = int(np.argmax(y >= level))
    return float(np.interp(level, y[place - 1 : place + 1], x[place - 1 : place + 1])) if place else float(x[0])


def interpolated(level: float, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """``y`` where ``x``, positive, is ``level``: on straight lines in the logarithm of ``x`` between neighbouring points; NaN
    beyond them."""
    order = np.argsort(x)
    places, values = np.log(np.asarray(x)[order]), np.asarray(y)[order]
    return float(np.interp(np.log(level), places, values, left=np.nan, right=np.nan))


def smoothed(
    levels: Sequence[float], x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray
) -> Float[np.ndarray, " levels"]:
    """``y`` where ``x``, positive, is each of ``levels``: on the parabola in the logarithm of ``x`` that fits the points best.

    The points are those from half the lowest level to twice the highest. All are NaN where these do not reach over all levels,
    or are fewer than four.
    """
    places, values = np.log(np.asarray(x)), np.asarray(y)
    low, high = np.log(min(levels)), np.log(max(levels))
    near = (places >= low - np.log(2)) & (places <= high + np.log(2))
    if near.sum() < 4 or places[near].min() > low or places[near].max() < high:
        return np.full(len(levels), np.nan)
    # Centred, so that the three coefficients do not cancel.
    middle = (low + high) / 2
    return np.polyval(np.polyfit(places[near] - middle, values[near], 2), np.log(levels) - middle)
