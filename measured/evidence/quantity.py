"""What a number is: said once, and true wherever it is averaged, printed and drawn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, SupportsFloat

from measured.evidence.metric import Average, Estimate, Missing, Share
from measured.evidence.number import PERCENT


@dataclass(frozen=True)
class Quantity:
    """One number of a run, and how runs that differ in their seed alone are averaged."""

    name: str
    """The attribute of a run that holds it, where ``read`` says nothing else."""
    title: str
    """What readers call it, in tables and beside axes."""
    unit: str = ""
    average: Average = "mean"
    log: bool = False
    """Whether its axis is logarithmic."""
    digits: int = 3
    read: Callable[[Any], SupportsFloat] | None = None
    bounds: tuple[float, float] | None = None
    """What it cannot leave, so that neither can the interval of its mean; shares in "%" lie between 0 and 1."""
    stuck: Callable[[Any], bool] | None = None
    """Whether a run got stuck: then it is left out and counted apart, since an average over both kinds is that of neither."""

    def __post_init__(self):
        if self.stuck and self.average != "median":
            raise ValueError(
                f"runs can get stuck, so that the {self.average} of {self.name!r} says nothing of any; use average='median', "
                "which is that of the others, and stuck_share"
            )

    def of(self, run: Any) -> float:
        """The number of one run."""
        return float((self.read or attrgetter(self.name))(run))

    def over(self, runs: Iterable[Any]) -> Estimate | Missing:
        """The average over runs, one per seed, with its interval; over those that did not get stuck."""
        if not self.stuck:
            return self.estimate(map(self.of, runs))
        runs = list(runs)
        going = [self.of(run) for run in runs if not self.stuck(run)]
        if not going:
            return Missing(unit=self.unit, why=f"all {len(runs)} runs got stuck", remedy="runs that do not get stuck")
        of = "seeds" if len(going) == len(runs) else f"seeds that did not get stuck, of {len(runs)}"
        return Estimate.over_seeds(going, self.unit, self.average, self.digits, self._range(going), of)

    def stuck_share(self, runs: Iterable[Any]) -> Share:
        """The share of runs that got stuck. Raises ValueError where the quantity does not say which do."""
        if not self.stuck:
            raise ValueError(f"{self.name!r} does not say which runs get stuck; give it stuck=")
        return Share.over_seeds(map(self.stuck, runs))

    def estimate(self, values: Iterable[SupportsFloat]) -> Estimate | Missing:
        """The average of one value per seed, where they are known already."""
        numbers = [float(value) for value in values]
        return Estimate.over_seeds(numbers, self.unit, self.average, self.digits, self._range(numbers))

    def _range(self, values: Sequence[float]) -> tuple[float, float] | None:
        """What the values cannot leave: a share, none and all; more than 100 % is no share."""
        is_share = self.unit == "%" and self.bounds is None and all(0.0 <= value <= 1.0 for value in values)
        return (0.0, 1.0) if is_share else self.bounds

    @property
    def axis_title(self) -> str:
        """The title with the unit in which an axis shows it."""
        unit = "%" if self.unit in PERCENT else self.unit
        return f"{self.title} ({unit})" if unit else self.title
