"""``--until-decided``: planned looks at more seeds, for chapters of which a finding is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measured.evidence import LOOKS, Verdict, seeds_of_look
from measured.pages.outline import Chapter
from measured.pages.record import Record


@dataclass(frozen=True)
class Open:
    """A finding that the preset's seeds did not decide."""

    chapter: Chapter
    verdict: Verdict

    @property
    def can_be_decided(self) -> bool:
        """Whether more seeds can help: some of what is open is not hopeless."""
        return any(finding.outcome == "inconclusive" and finding.more_helps for finding in self.verdict.findings)

    def __str__(self) -> str:
        why = "; ".join(dict.fromkeys(f"{item.effect}: {item.to_decide}" for item in self.verdict.findings if item.to_decide))
        return f"{self.chapter.name} {self.verdict.id}: {why}"


def open_findings(chapter: Chapter, record: Record) -> list[Open]:
    """The findings of a chapter that are inconclusive."""
    return [Open(chapter, item) for item in record.verdicts if item.kind == "finding" and item.inconclusive]


def to_go_on(records: Mapping[Chapter, Record], look: int) -> list[Chapter]:
    """The chapters of which an open finding may be decided at this look, after the one before."""
    return [
        chapter
        for chapter, record in records.items()
        if record.look == look - 1 and any(item.can_be_decided for item in open_findings(chapter, record))
    ]


def announcement(chapters: Sequence[Chapter], look: int) -> str:
    """What is about to be measured."""
    names = ", ".join(chapter.name for chapter in chapters)
    return f"look {look} of {len(LOOKS)}, {seeds_of_look(look)} times the preset's seeds, where findings are open: {names}"


def report(records: Mapping[Chapter, Record], stopped: bool) -> list[str]:
    """What is still open and why, a line per finding."""
    found = [item for chapter, record in records.items() for item in open_findings(chapter, record)]
    if not found:
        return ["no finding is open"]

    def why(item: Open) -> str:
        if not item.can_be_decided:
            return "more seeds would not help"
        return "the time is up" if stopped and records[item.chapter].look < len(LOOKS) else "all planned looks are spent"

    return [f"open, and {why(item)}: {item}" for item in found]
