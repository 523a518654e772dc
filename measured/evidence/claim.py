"""Claims, and claims that were judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

from measured import interactive
from measured.evidence.region import Outcome, Region
from measured.evidence.tests import Test


@dataclass(frozen=True)
class Comments:
    """What follows from the numbers, a sentence for each way a claim may come out; metrics in braces."""

    supported: str
    refuted: str
    inconclusive: str


Kind = Literal["finding", "check"]
"""Only a finding could have come out either way. A theorem, a test of an instrument, or what follows from how it was measured
is a check, and no news."""


@dataclass(frozen=True)
class Runs:
    """What differs from run to run, and what does not, so that a verdict is about that alone; settings in braces."""

    varies: str
    """What the seed draws: "initial weights and the order of images"."""
    shared: str
    """What all runs have in common: "the {setting.num_images} training images"."""


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
    published_effect: float | None = None
    """The effect that they found, in the unit of the first test's effect; marked in the drawing of the verdict."""
    comments: Comments | None = None
    """What follows, as the card and the ledger say it: a sentence or two, with two numbers at most."""
    kind: Kind = "finding"
    runs: Runs | None = None
    """What its runs share, where that is not what the chapter's do."""


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
    of: str = "seeds"
    """What n counts."""
    to_decide: str = ""
    """Where it is inconclusive: the half-width that was reached, and about how many runs would decide it."""
    more_helps: bool = False
    """Whether it is open and more seeds can decide it."""
    plain: Outcome | None = None
    """What the 95 % interval alone would say; None where nothing was measured."""
    under_half: Outcome | None = None
    """What it would be with half the margin; None where there is no margin to vary."""
    under_double: Outcome | None = None
    """The same with twice the margin."""
    true_in: Region = Region()
    """Effects for which the claim is true."""
    on_logarithms: bool = False
    """Whether the effect is a ratio, or held against one, so that half of a margin is that of its logarithm."""
    published: float | None = None
    """The effect that others found, in the same unit."""
    label: str = ""
    """What a reader calls the test; empty where it stands alone and is about one metric."""

    @property
    def origin(self) -> float | None:
        """The effect from which the margin is measured, which mostly says that there is no difference; None where the bound is
        no margin."""
        return 1.0 if self.on_logarithms and self.true_in.origin is not None else self.true_in.origin

    @property
    def half(self) -> Region | None:
        """Where the claim would be true with half the margin; None where no margin scales."""
        return self.true_in.scaled(0.5, self.on_logarithms)

    @property
    def double(self) -> Region | None:
        """The same with twice the margin."""
        return self.true_in.scaled(2.0, self.on_logarithms)

    @property
    def sample(self) -> str:
        """n in words: "20", or "20 and 10"."""
        return " and ".join(map(str, self.n))


@dataclass(frozen=True)
class Structure:
    """How the tests of a claim combine: one test, or ``every`` or ``some`` of what is below."""

    of: Literal["test", "every", "some"] = "test"
    parts: "tuple[Structure, ...]" = ()
    """None of a test. Tests come in the order of the verdict's findings."""

    @property
    def num_tests(self) -> int:
        return sum(part.num_tests for part in self.parts) if self.parts else 1

    def __str__(self) -> str:
        """With tests by their numbers: ``every(1, some(2, 3))``."""
        return self.told(count(1))

    def told(self, numbers: Iterator[int]) -> str:
        """The same with the numbers that come next."""
        if not self.parts:
            return str(next(numbers))
        return f"{self.of}({', '.join(part.told(numbers) for part in self.parts)})"


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
    kind: Kind = "finding"
    plain: Outcome | None = None
    """The verdict by 95 % intervals, as one that stands alone is often judged; None where nothing was measured."""
    under_half: Outcome | None = None
    """The verdict with half of every margin; None where no test has a margin to vary."""
    under_double: Outcome | None = None
    """The same with twice every margin."""
    comment: str = ""
    """What follows from the numbers, in a sentence."""
    published: str = ""
    varies: str = ""
    """What differs from run to run."""
    shared: str = ""
    """What all runs have in common."""
    look: int = 1
    """The planned look at which it was judged."""
    structure: Structure = Structure()
    """How its findings make the verdict."""

    @property
    def supported(self) -> bool:
        return self.outcome == "supported"

    @property
    def refuted(self) -> bool:
        return self.outcome == "refuted"

    @property
    def inconclusive(self) -> bool:
        return self.outcome == "inconclusive"

    @property
    def not_measured(self) -> bool:
        return self.outcome == "not measured"

    def _repr_html_(self) -> str:
        return interactive.html(self)
