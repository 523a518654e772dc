"""A verdict in words, as its drawing has them: short names of its tests, their numbers, and how they make the verdict."""

import math
from collections.abc import Iterator
from itertools import count

from measured.evidence import Finding, Structure, Verdict, as_given, measurement, number
from measured.evidence.standing import deciding, span

SIGNS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not measured": "–"}


def value_of(finding: Finding) -> str:
    """What was measured, with the sign of how it came out: "1.74 times ✓"."""
    return "not measured" if finding.outcome == "not measured" else f"{measured_value(finding)} {SIGNS[finding.outcome]}"


def measured_value(finding: Finding) -> str:
    """The estimate with its unit."""
    value, _, suffix = measurement(finding.value, finding.low, finding.high, finding.unit)
    return f"{value}{suffix}{_times(finding)}"


def _times(finding: Finding) -> str:
    return " times" if finding.on_logarithms and not finding.unit else ""


def region_of(finding: Finding) -> str:
    """The effects for which the claim is true, after "true if"."""
    region = finding.true_in
    if not (math.isfinite(region.low) and math.isfinite(region.high)):
        before, _, after = finding.region.partition("; ")  # of a rule without exceptions: none, and what if none was seen
        told = after if after and region.high else before
        if told.endswith(" 1 points"):
            return told.removesuffix("s")
        return told if told.endswith(" 1") else f"{told}{_times(finding)}"
    low, high = (as_given(bound, finding.unit) for bound in (region.low, region.high))
    told = f"below {low} or above {high}" if region.outside else f"between {low} and {high}"
    return f"{told} {finding.unit}".strip() + _times(finding)


def in_words(verdict: Verdict) -> str:
    """The drawing for those who cannot see it."""
    if not verdict.findings:
        return verdict.outcome.capitalize() + "."
    names = labels(verdict)
    told = [
        f"{name}: {sentence(finding)}" if len(names) > 1 else sentence(finding)
        for name, finding in zip(names, verdict.findings, strict=True)
    ]
    whole = f" {combination(verdict)} The claim is {verdict.outcome}." if len(told) > 1 else ""
    return f"{' '.join(told)}{whole}"


def mark_in_words(verdict: Verdict) -> str:
    """The same of the compact drawing, which shows the test that decides."""
    finding = deciding(verdict)
    if not finding:
        return verdict.outcome.capitalize() + "."
    if len(verdict.findings) == 1:
        return sentence(finding)
    num = number(len(verdict.findings))
    return f"{finding.label}: {sentence(finding)} The claim, of {num} tests, is {verdict.outcome}."


def sentence(finding: Finding) -> str:
    """One test with its interval, its region and its outcome."""
    if finding.outcome == "not measured":
        return f"Not measured; true if {region_of(finding)}."
    value, interval, suffix = measurement(finding.value, finding.low, finding.high, finding.unit)
    times = _times(finding)
    found = f"Measured {value}{suffix}{times}, interval {interval}{suffix}{times}"
    return f"{found}; true if {region_of(finding)}: {finding.outcome}."


def in_short(finding: Finding) -> str:
    """A test in numbers, for the line below a compact drawing."""
    true = f"true if {region_of(finding)}"
    return f"not measured; {true}" if finding.outcome == "not measured" else f"{measured_value(finding)}; {true}"


def distance(verdict: Verdict) -> str:
    """How far the estimate that decides is from the edge, in margins, as a number to sort by; empty where there is none."""
    finding = deciding(verdict)
    if not finding or finding.outcome == "not measured":
        return ""
    margins = span(finding).value
    return f"{min(max(margins, -1e9), 1e9):.4g}"


def named(verdict: Verdict) -> list[tuple[str, Finding]]:
    """The tests of a verdict with their short names."""
    return list(zip(labels(verdict), verdict.findings, strict=True))


def combination(verdict: Verdict) -> str:
    """How several tests make the verdict, in a sentence; empty where there is one."""
    structure, num = verdict.structure, len(verdict.findings)
    if num < 2 or not structure.parts:
        return ""
    if _is_nested(structure):
        return f"True if {_formula(structure, count(1))} hold."
    how_many = {name: sum(item.outcome == name for item in verdict.findings) for name in SIGNS}
    if structure.of == "every":
        both = "Both" if num == 2 else f"All {number(num)}"
        if verdict.outcome == "refuted":
            return f"{both} must hold; one that does not is enough to refute the claim."
        if verdict.outcome == "supported":
            return f"{both} must hold, and {'do' if num == 2 else 'all do'}."
        return f"{both} must hold; {_open(how_many)}."
    either = "Either" if num == 2 else f"One of {number(num)}"
    if verdict.outcome == "supported":
        return f"{either} is enough, and {number(how_many['supported'])} hold{'s' if how_many['supported'] == 1 else ''}."
    if verdict.outcome == "refuted":
        return f"{either} would be enough; none holds."
    return f"{either} would be enough; {_open(how_many)}."


def _open(how_many: dict[str, int]) -> str:
    told = [f"{number(how_many[name])} {words}" for name, words in (
        ("inconclusive", "open"), ("not measured", "not measured")) if how_many[name]]  # fmt: skip
    return f"{' and '.join(told)}"


def _is_nested(structure: Structure) -> bool:
    return any(part.parts for part in structure.parts)


def _formula(structure: Structure, numbers: Iterator[int], around: str = "{}") -> str:
    """Which tests must hold, by their numbers: "(1 and 2) or (3 and 4)"."""
    if not structure.parts:
        return str(next(numbers))
    joined = " and " if structure.of == "every" else " or "
    return around.format(joined.join(_formula(part, numbers, "({})") for part in structure.parts))


ALONE = "measured"
"""What a claim's only test is called."""


def labels(verdict: Verdict) -> list[str]:
    """What to call each test of a claim."""
    return [finding.label or ("" if finding.outcome == "not measured" else ALONE) for finding in verdict.findings]
