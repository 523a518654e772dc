"""The ledger: every claim of the report with its verdict, as a page and as data."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measured.evidence import OUTCOMES, Finding, Outcome, Verdict
from measured.pages.chapter import Page, stamps_of
from measured.pages.data import as_csv
from measured.pages.environment import Frame
from measured.pages.outline import Chapter, Outline, Source
from measured.pages.record import Record

Claimed = tuple[Chapter, Verdict]


@dataclass(frozen=True)
class Group:
    """The claims of one source."""

    source: Source
    claims: tuple[Claimed, ...]
    conclusions: tuple[tuple[str, str, tuple[Claimed, ...]], ...] = ()
    """Id, words and judged parts of each conclusion that the source draws; those that are not measured yet have no parts."""

    @property
    def findings(self) -> list[Claimed]:
        """What could have come out either way: these alone are counted."""
        return [claimed for claimed in self.claims if claimed[1].kind == "finding"]

    @property
    def checks(self) -> list[Claimed]:
        """Theorems, and tests of instruments."""
        return [claimed for claimed in self.claims if claimed[1].kind == "check"]

    @property
    def tally(self) -> list[tuple[Outcome, int]]:
        """How many findings came out how."""
        return [(outcome, sum(verdict.outcome == outcome for _, verdict in self.findings)) for outcome in OUTCOMES]


def groups(outline: Outline, pages: Sequence[Page]) -> list[Group]:
    """The claims by their sources. Raises BuildError where one belongs to none of its source's conclusions."""
    claims: dict[Source, list[Claimed]] = {source: [] for source in outline.sources}
    for page in pages:
        for verdict in page.record.verdicts if page.record else ():
            claims.setdefault(outline.source_of(verdict.source), []).append((page.chapter, verdict))
    return [Group(source, tuple(found), _conclusions(source, found)) for source, found in claims.items() if found]


def _conclusions(source: Source, claims: Sequence[Claimed]) -> tuple[tuple[str, str, tuple[Claimed, ...]], ...]:
    parts: dict[str, list[Claimed]] = {name: [] for name, _ in source.conclusions}
    for claim in claims if parts else ():
        parts[source.conclusion_of(claim[1].id)].append(claim)
    return tuple((name, words, tuple(parts[name])) for name, words in source.conclusions)


def stamps(pages: Sequence[Page]) -> list[str]:
    """What must be said of how these pages were measured."""
    return list(dict.fromkeys(stamp for page in pages if page.record for stamp in stamps_of(page.record)))


def files(frame: Frame, outline: Outline, pages: Sequence[Page]) -> dict[str, bytes]:
    """The page of claims, and the claims as JSON and CSV."""
    entries = [_entry(page.record, verdict) for page in pages if page.record for verdict in page.record.verdicts]
    columns = (*RUN_COLUMNS, *CLAIM_COLUMNS)
    rows = [
        (*(entry[name] for name in columns), *(test[name] for name in FINDING_COLUMNS))
        for entry in entries
        for test in entry["tests"]
    ]
    return {
        "claims.html": frame.linked_page(
            "claims.html.jinja2",
            outline=outline,
            current="claims",
            groups=groups(outline, pages),
            stamps=stamps(pages),
            root="",
        ),
        "data/claims.json": json.dumps(entries, ensure_ascii=False, indent=1).encode(),
        "data/claims.csv": as_csv((*columns, *(f"test_{name}" for name in FINDING_COLUMNS)), rows),
    }


RUN_COLUMNS = ("chapter", "preset", "seeds", "is_planned")
CLAIM_COLUMNS = (
    "id", "source", "kind", "verdict", "plain", "under_half", "under_double", "look", "headline", "says", "quote", "published",
    "comment", "varies", "shared", "structure",
)  # fmt: skip
FINDING_COLUMNS = (
    "label", "effect", "value", "low", "high", "unit", "confidence", "n", "of", "region", "true_low", "true_high",
    "true_outside", "true_strict", "half_low", "half_high", "double_low", "double_high", "on_logarithms", "origin",
    "published", "outcome", "plain", "under_half", "under_double", "why", "method", "to_decide",
)  # fmt: skip
_REGIONS = {"true": "true_in", "half": "half", "double": "double"}
"""Where a finding has what columns such as ``half_low`` hold."""


def _entry(record: Record, verdict: Verdict) -> dict[str, Any]:
    """A claim as the ledger's data has it; an unbounded interval ends at null, and so does a region without an end."""
    tests = [{name: _cell(finding, name) for name in FINDING_COLUMNS} for finding in verdict.findings]
    told = {name: getattr(verdict, "outcome" if name == "verdict" else name) for name in CLAIM_COLUMNS}
    told["structure"] = str(verdict.structure)
    run = {name: getattr(record, name) for name in RUN_COLUMNS}
    return {**run, **told, "tests": tests}


def _cell(finding: Finding, name: str) -> Any:
    """A number or a word of a test; None where there is none, or no end."""
    if name == "n":
        return finding.sample
    of, _, part = name.partition("_")
    if of in _REGIONS and part:
        region = getattr(finding, _REGIONS[of])
        value = getattr(region, part) if region else None
    else:
        value = getattr(finding, name)
    return None if isinstance(value, float) and not math.isfinite(value) else value
