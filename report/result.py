"""What a chapter hands over: metrics, figures and claims. Frozen and plain; nothing here draws or computes verdicts."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, SupportsFloat

from report import intervals

Summary = Literal["value", "mean", "geometric mean", "median", "share", "not measured"]
Outcome = Literal["supported", "refuted", "inconclusive"]
NOT_MEASURED = "not measured at this preset"


@dataclass(frozen=True)
class Metric:
    """A number with where it comes from: one value a seed, their summary and its 95 % interval.

    NaN and infinities are refused: a measurement that failed is not a number to print.
    """

    value: float
    unit: str = ""
    """Printed after the number; "%" prints a share between 0 and 1 times 100, and so do "points", the difference of two such shares."""
    values: tuple[float, ...] = ()
    """One value a seed, in the order of the seeds."""
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
        """Summary of one value a seed, with its 95 % interval: t for a mean, on logarithms for a geometric mean,
        exact order statistics for a median."""
        numbers = tuple(float(value) for value in values)
        value = intervals.summarise(numbers, summary)
        low, high = intervals.of_summary(numbers, summary)
        return cls(value, unit, numbers, summary, low, high, digits)

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
        what = f"{self.summary} of {self.n:,} {self.of}"
        return f"{what}; 95 % interval {self.interval}" if self.low is not None else what


PERCENT = ("%", "points")
"""Units in which a share is printed times 100."""

Cell = str | int | float | Metric
"""What a table on the page can hold."""


def number(value: float, unit: str = "", digits: int = 3) -> str:
    """A number as a reader would write it: 12,500; 0.031; 4.2 x 10^-5 with real superscripts."""
    value = value * 100 if unit in PERCENT else value
    return _fixed(value, *_scale(value, unit, digits)) + _power(_scale(value, unit, digits)[0])


def with_unit(value: float, unit: str, digits: int = 3) -> str:
    """``number`` followed by its unit."""
    return f"{number(value, unit, digits)} {unit}".strip()


def measurement(value: float, low: float | None, high: float | None, unit: str = "", digits: int = 3) -> tuple[str, str, str]:
    """A value, its interval, and what both are multiplied by: ``("6.90", "4.91 to 8.80", " × 10⁻⁴")``.

    All three numbers get the decimals and the power of ten of the value, or of the interval where the value is nothing beside it. The interval is empty where there is none.
    """
    factor = 100 if unit in PERCENT else 1
    reach = max((abs(bound) for bound in (low, high) if bound is not None and math.isfinite(bound)), default=0.0)
    scale = _scale((reach if 0 < abs(value) < 1e-3 * reach else value) * factor, unit, digits, exact=False)
    suffix = _power(scale[0]) + (f" {unit}" if unit else "")
    if low is None or high is None:
        return number(value, unit, digits), "", f" {unit}" if unit else ""
    return _fixed(value * factor, *scale), f"{_fixed(low * factor, *scale)} to {_fixed(high * factor, *scale)}", suffix


def _scale(value: float, unit: str, digits: int, exact: bool = True) -> tuple[int, int]:
    """Power of ten and decimals with which a value is written; whole numbers get no decimals where ``exact``."""
    if not math.isfinite(value) or (exact and value == int(value) and abs(value) < 1e7):
        return 0, 0 if exact else digits - 1
    if value == 0:
        return 0, 2
    size = math.floor(math.log10(abs(value)))
    if not -3 <= size < 5:
        return size, digits - 1
    # Close to 100 % the digits that matter come after the nines.
    return 0, max(digits - 1 - size, 2 if unit == "%" and value > 98 else 0)


def _fixed(value: float, power: int, decimals: int) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "?"
    return f"{value / 10.0**power:,.{decimals}f}".replace("-", "−")


def power_of_ten(power: int) -> str:
    """10 with an exponent, as plain text."""
    return f"10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _power(power: int) -> str:
    return f" × {power_of_ten(power)}" if power else ""


# ---------------------------------------------------------------------------------------------------------------------
# Figures


@dataclass(frozen=True)
class Table:
    """Tidy numbers: one observation a row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A chart shape, the numbers it shows and the words around it. ``report.figures`` makes and draws them."""

    shape: str
    table: Table
    caption: str
    alt: str
    options: dict[str, Any] = field(default_factory=dict)
    """Axis labels and scales, as the shape takes them."""
    drawing: Any = None
    """A matplotlib figure of the author's own, for the shape "own"."""

    def __post_init__(self):
        for name in ("caption", "alt"):
            if not getattr(self, name).strip():
                raise ValueError(f"a figure needs a {name}: say what it shows to one who cannot see it")


class Result(NamedTuple):
    """What ``run()`` returns; unpacks as ``metrics, figures = run()``."""

    metrics: dict[str, Metric]
    figures: dict[str, Figure]


# ---------------------------------------------------------------------------------------------------------------------
# Claims


@dataclass(frozen=True)
class Region:
    """Effects in which a claim is true: between ``low`` and ``high``, or outside of them."""

    low: float = -math.inf
    high: float = math.inf
    outside: bool = False
    strict: bool = False
    """The bounds do not belong to the region: no difference is not "larger"."""
    origin: float | None = 0.0
    """Where the margin is measured from, so that it can be halved and doubled; None where the bound is no margin, like "more than half"."""
    furthest: float = math.inf
    """The largest magnitude that the effect can have, such as 1 for a correlation: a margin is not doubled to there or beyond."""

    def scaled(self, factor: float, on_logarithms: bool = False) -> "Region | None":
        """The region with its margin times ``factor``, of the logarithm for a ratio; None where there is no margin to scale."""
        if self.origin is None:
            return None
        origin = self.origin

        def scale(bound: float) -> float:
            if math.isinf(bound) or (on_logarithms and bound <= 0):
                return bound
            return bound**factor if on_logarithms else origin + factor * (bound - origin)

        region = replace(self, low=scale(self.low), high=scale(self.high))
        impossible = any(math.isfinite(bound) and abs(bound) >= region.furthest for bound in (region.low, region.high))
        return None if region == self or impossible else region

    def outcome(self, low: float, high: float) -> Outcome:
        """The one rule: interval inside the region, supported; inside its complement, refuted; else inconclusive."""
        if self.strict:
            within = self.low < low and high < self.high
            beyond = high <= self.low or low >= self.high
        else:
            within = self.low <= low and high <= self.high
            beyond = high < self.low or low > self.high
        if self.outside:
            within, beyond = beyond, within
        return "supported" if within else "refuted" if beyond else "inconclusive"


@dataclass(frozen=True)
class Comparison:
    """Two metrics over seeds: the effect is left - right, or left / right."""

    left: str
    right: str
    region: Region
    why: str
    ratio: bool = False
    paired: bool = False


@dataclass(frozen=True)
class Bound:
    """One metric over seeds: the effect is the metric itself."""

    metric: str
    region: Region
    why: str
    ratio: bool = False
    """The metric is a ratio: its margin is that of its logarithm."""


@dataclass(frozen=True)
class Odds:
    """Two shares: the effect is the odds ratio of left against right."""

    left: str
    right: str
    region: Region
    why: str


@dataclass(frozen=True)
class Every:
    """Supported where all parts are, refuted where one is."""

    parts: "tuple[Test, ...]"


@dataclass(frozen=True)
class Some:
    """Supported where one part is, refuted where all are."""

    parts: "tuple[Test, ...]"


Test = Comparison | Bound | Odds | Every | Some


def larger(left: str, *, than: str, by: float = 0.0, why: str = "any difference counts", paired: bool = False) -> Test:
    """``left`` exceeds ``than`` by more than ``by``; ``why`` argues for that margin."""
    return Comparison(left, than, Region(low=by, strict=True), why, paired=paired)


def smaller(left: str, *, than: str, by: float = 0.0, why: str = "any difference counts", paired: bool = False) -> Test:
    """``left`` falls short of ``than`` by more than ``by``."""
    return Comparison(left, than, Region(high=0.0 - by, strict=True), why, paired=paired)


def times_smaller(left: str, *, than: str, factor: float, why: str, paired: bool = False) -> Test:
    """``left`` is below ``than`` / ``factor``, both positive: judged on the ratio."""
    return Comparison(left, than, Region(0.0, 1 / factor), why, ratio=True, paired=paired)


def times_equal(left: str, *, to: str, factor: float, why: str, paired: bool = False) -> Test:
    """``left`` and ``to``, both positive, are within ``factor`` of each other."""
    return Comparison(left, to, Region(1 / factor, factor), why, ratio=True, paired=paired)


def equal(left: str, *, to: str, within: float, why: str, paired: bool = False) -> Test:
    """``left`` and ``to`` differ by no more than ``within``."""
    return Comparison(left, to, Region(-within, within), why, paired=paired)


def different(left: str, *, to: str, by: float, why: str, paired: bool = False) -> Test:
    """``left`` and ``to`` differ by more than ``by``, either way."""
    return Comparison(left, to, Region(-by, by, outside=True), why, paired=paired)


def at_least(
    metric: str, bound: float, why: str, *, origin: float | None = 0.0, furthest: float = math.inf, ratio: bool = False
) -> Test:
    """``metric`` is ``bound`` or more. ``origin`` is where that margin is measured from: 1.0 for an accuracy near perfection, None for a majority.

    ``furthest`` is the largest magnitude there can be, 1 for a correlation; a ``ratio`` has its margin on logarithms.
    """
    return Bound(metric, Region(low=bound, origin=origin, furthest=furthest), why, ratio)


def at_most(
    metric: str, bound: float, why: str, *, origin: float | None = 0.0, furthest: float = math.inf, ratio: bool = False
) -> Test:
    """``metric`` is ``bound`` or less; the rest as in ``at_least``."""
    return Bound(metric, Region(high=bound, origin=origin, furthest=furthest), why, ratio)


def away_from(metric: str, low: float, high: float, why: str, *, ratio: bool = False) -> Test:
    """``metric`` is outside of ``low`` to ``high``, either way; the margin is measured from the middle, or is that of a ``ratio``."""
    return Bound(metric, Region(low, high, outside=True, origin=(low + high) / 2), why, ratio)


def no_more_often(left: str, *, than: str, why: str) -> Test:
    """The share ``left`` is not above the share ``than``: odds ratio of at most 1."""
    return Odds(left, than, Region(0.0, 1.0), why)


def every(*parts: Test) -> Test:
    """All of ``parts`` hold."""
    return Every(parts)


def some(*parts: Test) -> Test:
    """At least one of ``parts`` holds."""
    return Some(parts)


@dataclass(frozen=True)
class Comments:
    """What follows from the numbers, a sentence for each way a claim may come out; metrics in braces."""

    supported: str
    refuted: str
    inconclusive: str


@dataclass(frozen=True)
class Claim:
    """A sentence that draws a conclusion, and the test that decides on it."""

    id: str
    source: str
    """``seed 1.1``, ``Keskar et al. 2017`` or ``ours``."""
    says: str
    """The claim with metrics in braces: ``"... falls to {loss_deep}."``"""
    holds: Test
    quote: str = ""
    """The author's own words, where the claim is somebody else's."""
    headline: str = ""
    """The claim in a few words without numbers, for lists; defaults to the quote or the sentence."""
    published: str = ""
    """What a paper's authors found, in numbers where we have read them, with the table or figure; shown beside ours."""
    comments: Comments | None = None
    """What the ledger says to the verdict; a claim of the seed's has them."""


@dataclass(frozen=True)
class Finding:
    """One test with its effect and interval."""

    effect: str
    value: float
    low: float
    high: float
    unit: str
    confidence: float
    n: str
    method: str
    region: str
    why: str
    outcome: Outcome
    to_decide: str = ""
    """Where it is inconclusive: the half-width that was reached, and about how many runs would decide it."""
    under_half: Outcome | None = None
    """What it would be with half the margin; None where there is no margin to vary."""
    under_double: Outcome | None = None
    """The same with twice the margin."""


@dataclass(frozen=True)
class Verdict:
    """A claim, judged."""

    id: str
    source: str
    says: str
    quote: str
    headline: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    under_half: Outcome | None = None
    """The verdict with half of every margin; None where no test has a margin to vary."""
    under_double: Outcome | None = None
    """The same with twice every margin."""
    comment: str = ""
    """What follows from the numbers, in a sentence."""
    published: str = ""

    @property
    def supported(self) -> bool:
        return self.outcome == "supported"

    @property
    def refuted(self) -> bool:
        return self.outcome == "refuted"

    @property
    def inconclusive(self) -> bool:
        return self.outcome == "inconclusive"
