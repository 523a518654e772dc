"""Tests that a claim can be put to: which effect, and where it must lie."""

from dataclasses import dataclass

from measured.evidence.margin import ANY, Margin
from measured.evidence.region import Region


@dataclass(frozen=True)
class Comparison:
    """Two metrics over seeds: the effect is left - right, or left / right."""

    left: str
    right: str
    region: Region
    why: str
    says: str
    """The margin as a sentence has it, with the number in braces: ``at least {} times``."""
    margin: float
    ratio: bool = False
    paired: bool = False


@dataclass(frozen=True)
class Bound:
    """One metric: the effect is the metric itself."""

    metric: str
    region: Region
    why: str
    says: str
    margin: float
    ratio: bool = False
    """The metric is a ratio: its margin is that of its logarithm."""
    universal: bool = False
    """The metric is the share of exceptions from a rule that allows none: a single one refutes it."""


@dataclass(frozen=True)
class Odds:
    """Two shares: the effect is the odds ratio of left against right."""

    left: str
    right: str
    region: Region
    why: str
    says: str = ""
    margin: float = 1.0


@dataclass(frozen=True)
class Every:
    """Supported where all parts are, refuted where one is."""

    parts: "tuple[Test, ...]"


@dataclass(frozen=True)
class Some:
    """Supported where one part is, refuted where all are."""

    parts: "tuple[Test, ...]"


Part = Comparison | Bound | Odds
Test = Part | Every | Some


def larger(left: str, *, than: str, by: Margin = ANY, paired: bool = False) -> Test:
    """``left`` exceeds ``than`` by more than a difference, or is at least so many times as large."""
    if by.scale == "ratio":
        return Comparison(left, than, Region(low=by.value), by.why, "at least {} times", by.value, ratio=True, paired=paired)
    return Comparison(left, than, Region(low=by.value, strict=True), by.why, "more than {}", by.value, paired=paired)


def smaller(left: str, *, than: str, by: Margin = ANY, paired: bool = False) -> Test:
    """``left`` falls short of ``than`` by more than a difference, or is at least so many times as small."""
    if by.scale == "ratio":
        region = Region(high=1 / by.value)
        return Comparison(left, than, region, by.why, "at least {} times", by.value, ratio=True, paired=paired)
    region = Region(high=0.0 - by.value, strict=True)
    return Comparison(left, than, region, by.why, "more than {}", by.value, paired=paired)


def equal(left: str, *, to: str, within: Margin, paired: bool = False) -> Test:
    """``left`` and ``to`` differ by no more than ``within``, or by no more than that factor."""
    if within.scale == "ratio":
        region = Region(1 / within.value, within.value)
        return Comparison(left, to, region, within.why, "a factor of {}", within.value, ratio=True, paired=paired)
    region = Region(-within.value, within.value)
    return Comparison(left, to, region, within.why, "at most {}", within.value, paired=paired)


def different(left: str, *, to: str, by: Margin, paired: bool = False) -> Test:
    """``left`` and ``to`` differ by more than ``by``, either way."""
    region = Region(-by.value, by.value, outside=True)
    return Comparison(left, to, region, by.why, "more than {}", by.value, paired=paired)


def at_least(metric: str, bound: Margin) -> Test:
    """``metric`` is ``bound`` or more."""
    region = Region(low=bound.value, origin=bound.origin, furthest=bound.furthest)
    return Bound(metric, region, bound.why, "at least {}", bound.value, bound.scale == "ratio")


def at_most(metric: str, bound: Margin) -> Test:
    """``metric`` is ``bound`` or less."""
    region = Region(high=bound.value, origin=bound.origin, furthest=bound.furthest)
    return Bound(metric, region, bound.why, "at most {}", bound.value, bound.scale == "ratio")


def no_exception(share: str, unless: Margin) -> Test:
    """A rule without exceptions: one of them refutes it, so each must be certain; where none was seen, it is supported if their
    ``share`` is below a margin all the same."""
    return Bound(share, Region(high=unless.value), unless.why, "at most {}", unless.value, universal=True)


def away_from(metric: str, none: float, by: Margin) -> Test:
    """``metric`` is further than ``by`` from ``none``, the value that says that there is nothing: 0 of a difference, 1 of a
    ratio."""
    if by.scale == "ratio":
        low, high, says = none / by.value, none * by.value, "more than a factor of {}"
    else:
        low, high, says = none - by.value, none + by.value, "more than {}"
    region = Region(low, high, outside=True, origin=(low + high) / 2, furthest=by.furthest)
    return Bound(metric, region, by.why, says, by.value, by.scale == "ratio")


def no_more_often(left: str, *, than: str, why: str) -> Test:
    """The share ``left`` is not above the share ``than``: odds ratio of at most 1."""
    return Odds(left, than, Region(high=1.0), why)


def every(*parts: Test) -> Test:
    """All of ``parts`` hold."""
    return Every(parts)


def some(*parts: Test) -> Test:
    """At least one of ``parts`` holds."""
    return Some(parts)
