"""The axis of an effect in the drawing of a verdict: what it shows, and which round numbers stand below it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from measured.evidence import PERCENT, Finding, Region, as_given
from measured.evidence.standing import scaled

WIDTH = 280.0
"""Pixels that an axis has at least; numbers below it are as many as fit."""
_CHARACTER = 6.6
"""Pixels of a character there, at most."""
_AROUND = 0.14
"""Share of the axis that is kept free on both sides of what it shows, so that a region can be seen to go on."""
_FURTHEST = 1000
"""Times the length of what the claim names beyond which an effect is out of view."""


@dataclass(frozen=True)
class Scale:
    """A part of the axis of effects, or of their logarithms."""

    low: float
    high: float
    on_logarithms: bool

    def place(self, effect: float) -> float:
        """Where an effect stands, in per cent of the width; what is out of view stands at the end."""
        at = scaled(effect, self.on_logarithms)
        if math.isinf(at):
            return 0.0 if at < 0 else 100.0
        return min(max(100 * (at - self.low) / (self.high - self.low), 0.0), 100.0)

    def shows(self, effect: float) -> bool:
        return self.low <= scaled(effect, self.on_logarithms) <= self.high

    def ticks(self, unit: str, origin: float | None) -> list[tuple[float, str]]:
        """Two or three round effects with their numbers, ``origin`` among them where it is in view."""
        times = 100.0 if unit in PERCENT else 1.0
        found = [effect / times for effect in self._round(times)]
        kept: list[tuple[float, str]] = []
        first = [origin] if origin is not None and self.shows(origin) else []
        for effect in (*first, *_from_both_ends(found)):
            number = as_given(effect, unit)
            text = f"{number} %" if unit == "%" else number
            if all(self._far_enough(effect, text, *other) for other in kept):
                kept.append((effect, text))
        return sorted(kept)

    def _far_enough(self, effect: float, text: str, other: float, other_text: str) -> bool:
        apart = abs(self.place(effect) - self.place(other)) / 100 * WIDTH
        return apart > (len(text) + len(other_text)) / 2 * _CHARACTER + 10

    def _round(self, times: float) -> Sequence[float]:
        if not self.on_logarithms:
            return _round_between(self.low * times, self.high * times)
        low, high = math.exp(self.low) * times, math.exp(self.high) * times
        if high / low < 6:
            return _round_between(low, high)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = math.ceil(len(powers) / 4)
        series = (1, 2, 5) if len(powers) <= 3 else (1,)
        return [
            digit * 10.0**power
            for power in powers
            if power % every == 0
            for digit in series
            if low <= digit * 10.0**power <= high
        ]


def scale_of(findings: Sequence[Finding]) -> Scale:
    """The axis for tests of one region: its edges, half and double the margin, no difference, and what was measured."""
    first = findings[0]
    logs = first.on_logarithms
    named = [scaled(effect, logs) for region in (first.true_in, first.half, first.double) for effect in edges(region)]
    named += [scaled(first.origin, logs)] if first.origin is not None else []
    core = [at for at in named if math.isfinite(at)]
    measured = [
        at
        for finding in findings
        for effect in (finding.low, finding.high, finding.value, finding.published)
        if effect is not None and math.isfinite(at := scaled(effect, logs))
    ]
    core = core or measured or [0.0]
    length = max(core) - min(core) or max((abs(at - core[0]) for at in measured), default=0.0) or abs(core[0]) or 1.0
    seen = [at for at in measured if min(core) - _FURTHEST * length <= at <= max(core) + _FURTHEST * length]
    low, high = min(*core, *seen, math.inf), max(*core, *seen, -math.inf)
    around = _AROUND * ((high - low) or length)
    return Scale(*_within_reach(first, low, high, around), logs)


def _within_reach(finding: Finding, low: float, high: float, around: float) -> tuple[float, float]:
    """An axis with some room on both sides, but not beyond what the effect can be, such as 100 %."""
    region, logs = finding.true_in, finding.on_logarithms
    least, most = -region.furthest, region.furthest
    if finding.unit == "%" and not logs:
        least, most = 0.0, 1.0
    if logs:
        return low - around, high + around
    # A region that is a single point at the end, such as "none", has to be seen all the same.
    lowest = low - around if low - around >= least or low in edges(region) else min(low, least)
    highest = high + around if high + around <= most or high in edges(region) else max(high, most)
    return lowest, highest


def edges(region: Region | None) -> list[float]:
    """The ends that a region has."""
    return [bound for bound in (region.low, region.high) if math.isfinite(bound)] if region else []


def _round_between(low: float, high: float) -> list[float]:
    """Up to five numbers with few digits at equal distances."""
    size = 10.0 ** math.floor(math.log10((high - low) / 2))
    step = next(step for times in (0.5, 1, 2, 2.5, 5, 10) if (high - low) / (step := times * size) <= 4)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def _from_both_ends(items: Sequence[float]) -> Iterable[float]:
    """First, last, and what lies between, the middle first."""
    if len(items) < 3:
        return items
    middle = len(items) // 2
    return [items[0], items[-1], items[middle], *items[1:middle], *items[middle + 1 : -1]]
