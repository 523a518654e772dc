"""Metrics: what was measured, as one of four kinds, each with what is known of it. Frozen and plain.

An ``Estimate`` has one value per seed, a ``Share`` counts successes, a ``Single`` was measured once, and a ``Missing`` says why
there is no number. A setting is no metric: prose takes it from the settings.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, SupportsFloat

from measured import interactive
from measured.evidence import intervals
from measured.evidence.number import measurement, number, with_unit

Average = Literal["mean", "geometric mean", "median"]
NOT_MEASURED = "not measured at this preset"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number with where it comes from. What failed is no number to print: NaN and infinities are refused."""

    value: float
    unit: str = ""
    """Printed after the number; "%" prints a share between 0 and 1 times 100, and so do "points", the difference of two
    shares."""
    digits: int = 3
    """Significant digits."""
    values: tuple[float, ...] = ()
    """One value per seed, in the order of the seeds, where there is one."""
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval; None where there is none."""

    of: str = "seeds"
    """What n counts."""

    kind: ClassVar[str]
    """The name by which files know the class."""
    kinds: ClassVar[dict[str, type["Metric"]]] = {}
    """The classes that there are, by their kind."""
    is_measured: ClassVar[bool] = True

    def __init_subclass__(cls):
        Metric.kinds[cls.kind] = cls

    def __post_init__(self):
        for value in (self.value, *self.values):
            if not math.isfinite(value):
                raise ValueError(f"a metric cannot be {value}; make it by over_seeds or once, which say so instead")

    @property
    def n(self) -> int:
        """Seeds or trials behind the number."""
        return len(self.values)

    @property
    def summary(self) -> str:
        """What the number is of its values, in a word or two."""
        return self.kind

    def __str__(self) -> str:
        value, interval, unit = measurement(self.value, self.low, self.high, self.unit, self.digits)
        return f"{value} [{interval}; n = {self.n:,}]{unit}" if interval else f"{value}{unit}"

    @property
    def short(self) -> str:
        """The number with its unit."""
        return with_unit(self.value, self.unit, self.digits)

    @property
    def interval(self) -> str:
        """The 95 % interval with its unit, or nothing where there is none."""
        _, interval, unit = measurement(self.value, self.low, self.high, self.unit, self.digits)
        return f"{interval}{unit}" if interval else ""

    @property
    def explanation(self) -> str:
        """What the number is, in words."""
        what = f"{self.summary} of {self.n:,} {self.of}"
        return f"{what}; 95 % interval {self.interval}" if self.low is not None else what

    def _repr_html_(self) -> str:
        return interactive.html(self)


@dataclass(frozen=True, kw_only=True)
class Estimate(Metric):
    """The average of one value per seed, with its 95 % interval where there are two seeds or more."""

    average: Average = "mean"
    bounds: tuple[float, float] | None = None
    """What the values cannot leave, such as -1 and 1 for a correlation: nor can their interval."""

    kind: ClassVar[str] = "estimate"

    @classmethod
    def over_seeds(
        cls,
        values: Iterable[SupportsFloat],
        unit: str = "",
        average: Average = "mean",
        digits: int = 3,
        bounds: tuple[float, float] | None = None,
        of: str = "seeds",
    ) -> "Estimate | Missing":
        """The average of one value per seed, with its 95 % interval: t for a mean, on logarithms for a geometric mean, on
        logits between ``bounds``, exact order statistics for a median.

        NaN or infinity in a seed leaves no average, and a value that is not positive no geometric mean: it is not measured,
        and says why and in which. Raises ValueError where a value is out of ``bounds``.
        """
        numbers = tuple(float(value) for value in values)
        if failed := [place for place, value in enumerate(numbers) if not math.isfinite(value)]:
            return Missing(
                unit=unit,
                why=f"no {average}: {told(numbers, failed, of)}",
                remedy="runs that end with a number, or a share that counts those that do not",
            )
        if bounds and (beyond := [value for value in numbers if not bounds[0] <= value <= bounds[1]]):
            raise ValueError(f"{beyond[0]} is out of bounds; expected {bounds[0]} to {bounds[1]}")
        if average == "geometric mean" and (others := [place for place, value in enumerate(numbers) if value <= 0]):
            return Missing(
                unit=unit,
                why=f"no geometric mean: {told(numbers, others, of)}, not positive",
                remedy="an average that allows values of zero and below",
            )
        low, high = intervals.of_summary(numbers, average, bounds=bounds)
        value = intervals.summarise(numbers, average)
        return cls(
            value=value, unit=unit, digits=digits, values=numbers, low=low, high=high, average=average, bounds=bounds, of=of
        )

    def interval_at(self, confidence: float) -> tuple[float, float]:
        """The interval at another confidence; of one seed, unbounded."""
        low, high = intervals.of_summary(self.values, self.average, confidence, self.bounds)
        return (-math.inf if low is None else low), (math.inf if high is None else high)

    @property
    def summary(self) -> str:
        return self.average


@dataclass(frozen=True, kw_only=True)
class Share(Metric):
    """Successes in so many independent trials, as a share with its exact binomial 95 % interval."""

    successes: int = 0
    trials: int = 0

    kind: ClassVar[str] = "share"

    @classmethod
    def over_seeds(cls, successes: Iterable[object], digits: int = 3) -> "Share":
        """Share of the seeds of which something is true."""
        flags = tuple(float(bool(success)) for success in successes)
        return cls._of(int(sum(flags)), len(flags), values=flags, digits=digits)

    @classmethod
    def of_count(cls, successes: int, trials: int, of: str, digits: int = 3) -> "Share":
        """Share of ``trials``; ``of`` says of what. Of no trials it is 0 and its interval everything, so that it decides
        nothing."""
        return cls._of(successes, trials, of=of, digits=digits)

    @classmethod
    def _of(cls, successes: int, trials: int, **rest: Any) -> "Share":
        low, high = intervals.of_share(successes, trials)
        value = successes / trials if trials else 0.0
        return cls(value=value, unit="%", low=low, high=high, successes=successes, trials=trials, **rest)

    @property
    def n(self) -> int:
        return self.trials


@dataclass(frozen=True, kw_only=True)
class Single(Metric):
    """What was measured a single time, of all seeds together or of one alone, so that nothing is known of its spread."""

    kind: ClassVar[str] = "measured once"

    @classmethod
    def once(cls, value: SupportsFloat, unit: str = "", digits: int = 3) -> "Single | Missing":
        """The number that came out; not measured where that is NaN or infinite."""
        if not math.isfinite(value):
            return Missing(
                unit=unit, why=f"no number: the measurement gave {_spoken(float(value))}", remedy="a run that ends with one"
            )
        return cls(value=float(value), unit=unit, digits=digits)

    @property
    def explanation(self) -> str:
        return "measured once: there is no spread over seeds to show"


@dataclass(frozen=True, kw_only=True)
class Plain(Single):
    """A number that a chapter returned as it was, of which nothing more is known."""

    kind: ClassVar[str] = "plain number"

    @property
    def explanation(self) -> str:
        return "a plain number: neither unit nor spread over seeds is known"


@dataclass(frozen=True, kw_only=True)
class Missing(Metric):
    """No number: it prints why, and a claim on it is not measured and says the remedy."""

    value: float = math.nan
    why: str = NOT_MEASURED
    remedy: str = "the full preset measures it"
    """What would give a number."""

    kind: ClassVar[str] = "not measured"
    is_measured: ClassVar[bool] = False

    def __post_init__(self):
        pass  # what it has instead of a number is checked nowhere

    def __str__(self) -> str:
        return self.why

    @property
    def short(self) -> str:
        return self.why

    @property
    def interval(self) -> str:
        return ""

    @property
    def explanation(self) -> str:
        return f"no number: {self.remedy}"


def told(values: Sequence[float], places: Sequence[int], of: str = "seeds") -> str:
    """Which ``values`` stand in the way, in words: "NaN in 1 of 5 seeds, the second"."""
    if len(values) == 1:
        return _spoken(values[0])
    kinds = list(dict.fromkeys(_spoken(values[place]) for place in places))
    which = _listed(kinds) if len(kinds) <= 3 else "such values"
    if len(places) == len(values):
        return f"{which} in all {len(values)} {of}"
    ordinals = [_ordinal(place + 1) for place in places[:3]]
    more = f"{'the' if len(places) <= 3 else 'among them the'} {_listed(ordinals)}"
    return f"{which} in {len(places)} of {len(values)} {of}, {more}"


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _spoken(value: float) -> str:
    return (
        number(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "infinity" if value > 0 else "minus infinity"
    )


def _ordinal(place: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    if place <= len(words):
        return words[place - 1]
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


class _Pair(NamedTuple):
    metrics: dict[str, Any]
    """Metrics by name; dicts of them nest, and a claim or a page says ``epochs.loss.last``."""
    figures: dict[str, Any]
    """Figures by name, as ``measured.charts`` makes them."""


class Result(_Pair):
    """What ``run()`` returns; unpacks as ``metrics, figures = run()``."""

    made_in: str = ""
    """The module of the chapter that made it, whose claims a notebook judges."""
    settings: Any = None
    """What its ``run()`` was given."""

    def __new__(cls, metrics: dict[str, Any], figures: dict[str, Any]):
        result = super().__new__(cls, metrics, figures)
        result.made_in, result.settings = interactive.running()
        return result

    def _repr_html_(self) -> str:
        return interactive.html(self)

    def __repr__(self) -> str:
        return f"Result({len(self.metrics)} metrics, {len(self.figures)} figures)"  # not hundreds of kilobytes at a prompt

    def __str__(self) -> str:
        return interactive.text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(interactive.text(self))
