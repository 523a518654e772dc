"""How far inside of its region an effect lies, in margins: one scale for all tests, on which 0 is the edge."""

import math
from dataclasses import dataclass

from measured.evidence.claim import Finding, Structure, Verdict
from measured.evidence.region import Outcome


@dataclass(frozen=True)
class Span:
    """The effect and its interval in margins from the edge: positive inside of the region, negative outside."""

    value: float
    low: float
    high: float
    has_margin: bool
    """False where the claim declares none, so that the unit is half the width of the interval instead."""

    @property
    def clearance(self) -> float:
        """How far the interval is from the edge; 0 where it reaches over."""
        return max(self.low, -self.high, 0.0)


def scaled(effect: float, on_logarithms: bool) -> float:
    """An effect on the scale on which its margin is measured: the logarithm of a ratio."""
    if not on_logarithms:
        return effect
    return math.log(effect) if effect > 0 and math.isfinite(effect) else math.inf if effect > 0 else -math.inf


def unit_of(finding: Finding) -> tuple[float, bool]:
    """The length of one margin on that scale, and whether the claim declares it.

    Without a margin, a bound that is not zero is its own measure, as one half is of a majority; for any other it is half the
    width of the interval.
    """
    region, logs = finding.true_in, finding.on_logarithms
    low, high = scaled(region.low, logs), scaled(region.high, logs)
    if math.isfinite(low) and math.isfinite(high):
        return (high - low) / 2 or 1.0, True
    edge = low if math.isfinite(low) else high
    if not math.isfinite(edge):
        return 1.0, False
    origin = scaled(finding.origin, logs) if finding.origin is not None else 0.0
    if edge != origin:
        return abs(edge - origin), finding.origin is not None
    ends = [abs(end - edge) for end in (scaled(finding.low, logs), scaled(finding.high, logs)) if math.isfinite(end)]
    width = abs(scaled(finding.high, logs) - scaled(finding.low, logs)) / 2
    if math.isfinite(width) and width:
        return width, False
    value = scaled(finding.value, logs)
    return next((size for size in (*ends, abs(value - edge)) if math.isfinite(size) and size), 1.0), False


def inside(finding: Finding, effect: float) -> float:
    """How far inside of the region an effect lies, in margins; negative outside."""
    region, logs = finding.true_in, finding.on_logarithms
    at = scaled(effect, logs)
    distance = min(
        (math.inf if math.isinf(region.low) else at - scaled(region.low, logs)),
        (math.inf if math.isinf(region.high) else scaled(region.high, logs) - at),
    )
    return (-distance if region.outside else distance) / unit_of(finding)[0]


def span(finding: Finding) -> Span:
    """Where a test that was measured stands."""
    region, logs = finding.true_in, finding.on_logarithms
    ends = [inside(finding, finding.low), inside(finding, finding.high)]
    low, high = scaled(region.low, logs), scaled(region.high, logs)
    if math.isfinite(low) and math.isfinite(high):  # furthest from both edges in the middle between them
        middle = min(max((low + high) / 2, scaled(finding.low, logs)), scaled(finding.high, logs))
        deepest = min(middle - low, high - middle) / unit_of(finding)[0]
        ends.append(-deepest if region.outside else deepest)
    return Span(inside(finding, finding.value), min(ends), max(ends), unit_of(finding)[1])


def carriers(verdict: Verdict) -> frozenset[int]:
    """The places of the tests without which the verdict would not be what it is: of several of which one is enough, each that
    is."""
    return frozenset(_carriers(verdict.structure, [item.outcome for item in verdict.findings], 0)[1])


def _carriers(structure: Structure, outcomes: list[Outcome], first: int) -> tuple[Outcome, list[int]]:
    if not structure.parts:
        return outcomes[first], [first]
    found = []
    for part in structure.parts:
        found.append(_carriers(part, outcomes, first))
        first += part.num_tests
    outcome = combined(structure.of, [outcome for outcome, _ in found])
    open_ones = ("inconclusive", "not measured")
    same = open_ones if outcome in open_ones else (outcome,)
    return outcome, [place for part, places in found if part in same for place in places]


def combined(of: str, outcomes: list[Outcome]) -> Outcome:
    """The outcome of ``every`` or ``some`` of these."""
    decisive, other = ("refuted", "supported") if of == "every" else ("supported", "refuted")
    if decisive in outcomes:
        return decisive
    if set(outcomes) == {other}:
        return other
    return "not measured" if "not measured" in outcomes else "inconclusive"


def deciding(verdict: Verdict) -> Finding | None:
    """The one test to look at: the clearest where one is enough, the weakest where all are needed; None without any."""
    if not verdict.findings:
        return None
    return verdict.findings[_deciding(verdict.structure, verdict.findings, 0)[1]]


def _deciding(structure: Structure, findings: tuple[Finding, ...], first: int) -> tuple[Outcome, int]:
    if not structure.parts:
        return findings[first].outcome, first
    found = []
    for part in structure.parts:
        found.append(_deciding(part, findings, first))
        first += part.num_tests
    outcome = combined(structure.of, [outcome for outcome, _ in found])
    same = [place for part, place in found if part == outcome] or [place for _, place in found]
    one_is_enough = outcome == ("refuted" if structure.of == "every" else "supported")
    if outcome == "not measured":
        return outcome, same[0]
    if outcome == "inconclusive":
        furthest_back = min if structure.of == "every" else max
        return outcome, furthest_back(same, key=lambda place: inside(findings[place], findings[place].value))
    return outcome, (max if one_is_enough else min)(same, key=lambda place: span(findings[place]).clearance)
