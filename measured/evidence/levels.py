"""How often a verdict may be wrong, and how that is divided among looks at more seeds and among the parts of a claim."""

from collections.abc import Callable
from dataclasses import dataclass

from measured.evidence.tests import Every, Part, Some, Test

ERROR_RATE = 0.01
"""Of a decided verdict, all planned looks together, however the report is cut into chapters."""
LOOKS = (0.5, 0.3, 0.2)
"""What each planned look may spend of it: the preset's seeds, twice and four times as many. The first is that of every build,
whether or not others follow."""
PLAIN = 0.95
"""Confidence of the intervals that are shown with metrics, and of the plain verdict beside each."""


def seeds_of_look(look: int) -> int:
    """How many times the preset's seeds a planned look has."""
    return 2 ** (look - 1)


@dataclass(frozen=True)
class Level:
    """The chance that a test may have of each wrong outcome."""

    supported: float
    refuted: float

    @classmethod
    def of_look(cls, look: int) -> "Level":
        """That of a claim at a planned look; by Bonferroni over the looks."""
        error = ERROR_RATE * LOOKS[look - 1]
        return cls(error, error)


def of_parts(test: Test, level: Level, is_measured: Callable[[Part], bool]) -> list[tuple[Part, Level]]:
    """The tests that measure something, in their order, each with its level.

    All of several must be supported for ``every``, so that each may be at the level of the whole (intersection-union test,
    Berger 1982); one that is refuted refutes it, so that they share this level (Bonferroni). ``some`` is its mirror image. A
    part of which nothing was measured cannot err, and has no share: ``is_measured`` tells.
    """
    if not isinstance(test, Every | Some):
        return [(test, level)]
    num = max(sum(any(is_measured(part) for part in parts_of(item)) for item in test.parts), 1)
    divided = (
        Level(level.supported, level.refuted / num) if isinstance(test, Every) else Level(level.supported / num, level.refuted)
    )
    return [found for item in test.parts for found in of_parts(item, divided, is_measured)]


def parts_of(test: Test) -> list[Part]:
    """The tests that measure something, in their order."""
    return [part for item in test.parts for part in parts_of(item)] if isinstance(test, Every | Some) else [test]
