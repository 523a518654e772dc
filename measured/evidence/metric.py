"""Metrics: measured numbers with the values behind them, their summary and their interval. Frozen and plain."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, SupportsFloat

from measured.evidence import intervals
from measured.evidence.number import measurement, with_unit

Summary = Literal["value", "single", "mean", "geometric mean", "median", "share", "not measured"]
NOT_MEASURED = "not measured at this preset"


@dataclass(frozen=True)
class Metric:
    """A number with where it comes from: one value per seed, their summary and its 95 % interval.

    NaN and infinities are refused: a measurement that failed is not a number to print.
    """

    value: float
    unit: str = ""
    """Printed after the number; "%" prints a share between 0 and 1 times 100, and so do "points", the difference of two such shares."""
    values: tuple[float, ...] = ()
    """One value per seed, in the order of the seeds."""
    summary: Summary = "value"
    low: float | None = None
    high: float | None = None
    digits: int = 3
    """Significant digits."""
    counts: tuple[int, int] | None = None
    """Successes and trials behind a share."""
    of: str = "seeds"
    """What was counted for n."""
    why: str = ""
    """Why there is no number, where there is none."""
    remedy: str = ""
    """What would give one."""

    def __post_init__(self):
        for number in (self.value, *self.values):
            if not math.isfinite(number):
                raise ValueError(f"a metric cannot be {number}; check the measurement, or count the failed seeds apart")

    @classmethod
    def over_seeds(
        cls,
        values: Iterable[SupportsFloat],
        unit: str = "",
        summary: Literal["mean", "geometric mean", "median"] = "mean",
        digits: int = 3,
    ) -> "Metric":
        """Summary of one value per seed, with its 95 % interval: t for a mean, on logarithms for a geometric mean,
        exact order statistics for a median.

        A geometric mean of values that are not all positive does not exist: it is not measured, and says so.
        """
        numbers = tuple(float(value) for value in values)
        if summary == "geometric mean" and (others := sum(value <= 0 for value in numbers)):
            return cls.not_measured(
                unit,
                why=f"no geometric mean: {others} of {len(numbers)} values not positive",
                remedy="a summary that allows values of zero and below",
            )
        value = intervals.summarise(numbers, summary)
        low, high = intervals.of_summary(numbers, summary)
        return cls(value, unit, numbers, summary, low, high, digits)

    @classmethod
    def once(cls, value: SupportsFloat, unit: str = "", digits: int = 3) -> "Metric":
        """What was measured a single time, of all seeds together or of one alone, so that nothing is known of its spread."""
        return cls(float(value), unit, summary="single", digits=digits)

    @classmethod
    def share(cls, successes: Iterable[object], digits: int = 3) -> "Metric":
        """Share of seeds of which something is true, with its exact binomial 95 % interval."""
        flags = tuple(float(bool(success)) for success in successes)
        return replace(cls.of_count(int(sum(flags)), len(flags), of="seeds", digits=digits), values=flags)

    @classmethod
    def of_count(cls, count: int, total: int, of: str, digits: int = 3) -> "Metric":
        """``count`` in ``total`` independent trials as a share with its exact binomial 95 % interval; ``of`` says of what.

        Of no trials the share is written as 0 and its interval is everything, so that no claim on it is decided.
        """
        low, high = intervals.of_share(count, total)
        return cls(count / total if total else 0.0, "%", (), "share", low, high, digits, (count, total), of)

    @classmethod
    def not_measured(cls, unit: str = "", why: str = NOT_MEASURED, remedy: str = "the full preset measures it") -> "Metric":
        """What there is no number of: prints ``why``, and a claim on it is inconclusive and says the ``remedy``."""
        return cls(0.0, unit, summary="not measured", why=why, remedy=remedy)

    @property
    def is_measured(self) -> bool:
        """Whether there is a number at all."""
        return self.summary != "not measured"

    @property
    def n(self) -> int:
        """Seeds or trials behind the number; 0 where it is no such measurement."""
        return self.counts[1] if self.counts else len(self.values)

    def __str__(self) -> str:
        if not self.is_measured:
            return self.why
        value, interval, unit = measurement(self.value, self.low, self.high, self.unit, self.digits)
        return f"{value} [{interval}; n = {self.n:,}]{unit}" if interval else f"{value}{unit}"

    @property
    def short(self) -> str:
        """The number with its unit."""
        if not self.is_measured:
            return self.why
        return with_unit(self.value, self.unit, self.digits)

    @property
    def interval(self) -> str:
        """The 95 % interval with its unit, or nothing where there is none."""
        _, interval, unit = measurement(self.value, self.low, self.high, self.unit, self.digits)
        return f"{interval}{unit}" if interval else ""

    @property
    def explanation(self) -> str:
        """What the number is, in words."""
        if not self.is_measured:
            return f"no number: {self.remedy}"
        if self.summary == "value":
            return "a count or a setting"
        if self.summary == "single":
            return "measured once: there is no spread over seeds to show"
        what = f"{self.summary} of {self.n:,} {self.of}"
        return f"{what}; 95 % interval {self.interval}" if self.low is not None else what


class Result(NamedTuple):
    """What ``run()`` returns; unpacks as ``metrics, figures = run()``."""

    metrics: dict[str, Metric]
    figures: dict[str, Any]
    """Figures by name, as ``measured.charts`` makes them."""
