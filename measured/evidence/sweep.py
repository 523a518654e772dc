"""Runs over one knob and several seeds, and what is asked of them for any quantity."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from measured.evidence.correlation import rank_correlations
from measured.evidence.metric import Estimate, Metric, Missing, told
from measured.evidence.number import unit_of_difference
from measured.evidence.quantity import Quantity

R = TypeVar("R")
S = TypeVar("S")
V = TypeVar("V", int, float)


@dataclass(frozen=True)
class Sweep(Generic[R]):
    """Runs by the value of what is varied, one per seed, in the same order of seeds at each value."""

    knob: str
    """What is varied, as axes and tables call it."""
    runs: Mapping[float, Sequence[R]]

    def __post_init__(self):
        if len({len(runs) for runs in self.runs.values()}) != 1:
            numbers = ", ".join(f"{len(runs)} at {value}" for value, runs in self.runs.items())
            raise ValueError(f"a sweep over the {self.knob} needs as many runs at each value; got {numbers or 'no value'}")

    @classmethod
    def over(cls, knob: str, values: Iterable[V], seeds: Iterable[int], make: Callable[[V, int], R]) -> "Sweep[R]":
        """``make(value, seed)`` for every value and every seed."""
        return cls(knob, {value: [make(value, seed) for seed in seeds] for value in values})

    def map(self, change: Callable[[R], S]) -> "Sweep[S]":
        """The same sweep of what ``change`` makes of each run, such as a job on a training."""
        return Sweep(self.knob, {value: [change(run) for run in runs] for value, runs in self.runs.items()})

    @property
    def values(self) -> list[float]:
        """The values of the knob, as they were given."""
        return list(self.runs)

    def __getitem__(self, value: float) -> Sequence[R]:
        return self.runs[value]

    def points(self, quantity: Quantity) -> dict[float, Metric]:
        """The quantity at each value, for a chart or a table."""
        return {value: quantity.over(runs) for value, runs in self.runs.items()}

    def ends(self, quantity: Quantity) -> dict[str, Metric]:
        """The quantity at the ``first`` and at the ``last`` value."""
        return {end: quantity.over(self.runs[value]) for end, value in (("first", self.values[0]), ("last", self.values[-1]))}

    def change(self, quantity: Quantity) -> Estimate | Missing:
        """By what factor a quantity with a geometric mean changes from the first value to the last, or by how much any other
        does."""
        first, last = ([quantity.of(run) for run in self.runs[value]] for value in (self.values[0], self.values[-1]))
        pairs = zip(first, last, strict=True)
        if quantity.average != "geometric mean":
            unit = unit_of_difference(quantity.unit)
            return Estimate.over_seeds([after - before for before, after in pairs], unit, quantity.average, quantity.digits)
        if others := [place for place, pair in enumerate(zip(first, last, strict=True)) if min(pair) <= 0]:
            lowest = [min(pair) for pair in zip(first, last, strict=True)]
            return Missing(why=f"no ratio: {told(lowest, others)}, not positive", remedy="a difference instead of a ratio")
        return Estimate.over_seeds([after / before for before, after in pairs], "", quantity.average, quantity.digits)

    def correlation(self, quantity: Quantity, other: Quantity | None = None) -> Estimate | Missing:
        """Spearman's rank correlation of two quantities over the values, or of one with the knob: one per seed, then their
        mean."""
        per_seed = list(zip(*self.runs.values(), strict=True))
        return rank_correlations(
            [[other.of(run) for run in runs] if other else self.values for runs in per_seed],
            [[quantity.of(run) for run in runs] for runs in per_seed],
        )
