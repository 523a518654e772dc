"""Short names of a claim's tests, for a drawing that has room for a few words: "7 layers ÷ 1 layer"."""

from collections import Counter
from collections.abc import Mapping, Sequence

from measured.evidence.effects import names_of
from measured.evidence.levels import parts_of
from measured.evidence.tests import Bound, Every, Odds, Part, Some, Test

Words = Mapping[str, str]
"""What a reader calls the words that names of metrics are made of, or some of these joined by dots, of those that are left when
what all tests of a claim have in common is taken away."""


def labels(holds: Test, words: Words) -> list[str]:
    """A name for each test of a claim: what tells it from the others, and its sides from each other, in a reader's words. Empty
    for a test that stands alone and is about one metric."""
    parts = parts_of(holds)
    sides = [name.split(".") for part in parts for name in names_of(part)]
    if len(sides) == 1:
        return [""]
    everywhere = set.intersection(*map(set, sides))
    found = [_label(part, everywhere, words) for part in parts]
    if _is_nested(holds) or max(Counter(found).values()) > 1:
        return [f"{place}. {name}" for place, name in enumerate(found, 1)]
    return found


def words_of(tests: Sequence[Test]) -> set[str]:
    """All that a reader may have another word for."""
    found = set()
    for name in (name for test in tests for part in parts_of(test) for name in names_of(part)):
        steps = name.split(".")
        found |= {".".join(steps[start:end]) for start in range(len(steps)) for end in range(start + 1, len(steps) + 1)}
    return found


def _label(part: Part, everywhere: set[str], words: Words) -> str:
    """What all tests have in common is left out, and what both sides have comes before them, once."""
    sides = [name.split(".") for name in names_of(part)]
    kept = [[word for word in side if word not in everywhere] for side in sides]
    if isinstance(part, Bound):
        return _told(kept[0] or sides[0], words)
    common = [word for word in kept[0] if word in kept[1]]
    differing = [_told([word for word in side if word not in common], words) or "the other" for side in kept]
    sign = " ÷ " if isinstance(part, Odds) or part.ratio else " − "
    told = f"{'odds, ' * isinstance(part, Odds)}{sign.join(differing)}"
    return f"{_told(common, words)}: {told}" if common else told


def _told(name: Sequence[str], words: Words) -> str:
    """A part of a metric's name, the longest pieces first for which there are words."""
    found, start = [], 0
    while start < len(name):
        ends = range(len(name), start, -1)
        end = next((end for end in ends if ".".join(name[start:end]) in words), start + 1)
        piece = ".".join(name[start:end])
        found.append(words.get(piece, piece.replace("_", " ")))
        start = end
    return ", ".join(word for word in found if word)


def _is_nested(test: Test) -> bool:
    return isinstance(test, Every | Some) and any(isinstance(part, Every | Some) for part in test.parts)
