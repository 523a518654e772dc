"""Margins: how much counts, with the reason. A report names its own, in the words of its field."""

import math
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Margin:
    """The least that counts as a difference, or a bound, and why. It is argued before anything is measured."""

    value: float
    why: str
    scale: Literal["difference", "ratio"] = "difference"
    """Whether it is subtracted and added, or a factor, whose logarithm is halved and doubled."""
    origin: float | None = 0.0
    """Where a bound is measured from, so that it can be halved and doubled: 1.0 for an accuracy near perfection; None for a
    bound that is no margin, such as a majority."""
    furthest: float = math.inf
    """The largest magnitude that the effect can have, such as 1 for a correlation: a margin is not doubled to there or
    beyond."""

    def __post_init__(self):
        if not self.why.strip():
            raise ValueError(f"the margin {self.value} has no reason; say why this much counts")
        if self.scale == "ratio" and self.value <= 0:
            raise ValueError(f"a factor of {self.value} is none; expected a positive number")

    def __neg__(self) -> "Margin":
        return replace(self, value=-self.value)


def factor(value: float, why: str) -> Margin:
    """So many times as much."""
    return Margin(value, why, "ratio")


ANY = Margin(0.0, "any difference counts")
