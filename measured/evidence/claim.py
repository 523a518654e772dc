"""Claims, and claims that were judged."""

from dataclasses import dataclass

from measured.evidence.region import Outcome
from measured.evidence.tests import Test


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
    """Who says so: ``ours``, a paper, or another word of the contents' ``SOURCES`` and a place there. The ledger groups by the
    first word."""
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
    """What the ledger says to the verdict."""


@dataclass(frozen=True)
class Finding:
    """One test with its effect and interval."""

    effect: str
    value: float
    low: float
    high: float
    unit: str
    confidence: float
    n: tuple[int, ...]
    """Seeds or trials behind the effect: one number, or one for each side where they differ."""
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

    @property
    def sample(self) -> str:
        """n in words: "20", or "20 and 10"."""
        return " and ".join(map(str, self.n))


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
