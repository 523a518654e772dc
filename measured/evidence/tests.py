"""Tests that a claim can be put to: which effect, and where it must lie."""

import math
from dataclasses import dataclass

from measured.evidence.region import Region


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
