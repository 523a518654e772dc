"""What a number is: said once, and true wherever it is averaged, printed and drawn."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, SupportsFloat

from measured.evidence.metric import Average, Estimate, Missing
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

    def of(self, run: Any) -> float:
        """The number of one run."""
        return float((self.read or attrgetter(self.name))(run))

    def over(self, runs: Iterable[Any]) -> Estimate | Missing:
        """The average over runs, one per seed, with its interval."""
        return self.estimate(map(self.of, runs))

    def estimate(self, values: Iterable[SupportsFloat]) -> Estimate | Missing:
        """The average of one value per seed, where they are known already."""
        return Estimate.over_seeds(values, self.unit, self.average, self.digits)

    @property
    def axis_title(self) -> str:
        """The title with the unit in which an axis shows it."""
        unit = "%" if self.unit in PERCENT else self.unit
        return f"{self.title} ({unit})" if unit else self.title
