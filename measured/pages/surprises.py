"""The findings that may surprise, chosen by rule: what others claimed and the data refute by far."""

from collections.abc import Sequence

from measured.evidence import Verdict, standing
from measured.pages.chapter import Page
from measured.pages.ledger import Claimed
from measured.pages.outline import OUR_OWN, Chapter, Outline

MOST = 3


def of(outline: Outline, pages: Sequence[Page]) -> list[Claimed]:
    """At most three findings of others that are refuted and clear their margin by the most; one from each part of the report
    before a second from any, and none from a chapter that has one already."""
    refuted = [
        (page.chapter, verdict)
        for page in pages
        for verdict in (page.record.verdicts if page.record else ())
        if verdict.refuted and verdict.kind == "finding" and outline.source_of(verdict.source).name != OUR_OWN.name
    ]
    ranked = sorted(refuted, key=lambda claimed: -clearance(claimed[1]))
    return sorted(_spread(ranked), key=lambda claimed: outline.chapters.index(claimed[0]))


def _spread(ranked: Sequence[Claimed]) -> list[Claimed]:
    chosen: list[Claimed] = []

    def is_new(chapter: Chapter, of_part: bool) -> bool:
        seen = [other.part if of_part else other.name for other, _ in chosen]
        return (chapter.part if of_part else chapter.name) not in seen

    for of_part in (True, False):
        for claimed in ranked:
            if len(chosen) < MOST and clearance(claimed[1]) > 0 and is_new(claimed[0], of_part):
                chosen.append(claimed)
    return chosen


def clearance(verdict: Verdict) -> float:
    """How far the interval of the test that decided lies beyond the edge of what would support the claim: in margins or, where
    it declares none, in half widths of the interval."""
    decided = standing.deciding(verdict)
    return standing.span(decided).clearance if decided else 0.0
