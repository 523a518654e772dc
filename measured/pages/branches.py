"""The ways in which prose follows its claims, each tried before anything is measured.

A template is cut into pieces: each an expression or a condition, with all that hangs on it. A piece is rendered for every
combination of the outcomes that it asks for, and only of those, so that conditions which have nothing to do with one another
are not multiplied.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product, repeat
from typing import Any

from measured.errors import BuildError
from measured.evidence import OUTCOMES, Names, Outcome, Verdict
from measured.pages import names, pieces
from measured.pages.environment import Frame
from measured.pages.outline import Chapter
from measured.pages.record import Record

MOST_JOINED = 6
"""Claims that one piece may follow; with seven there are 16,384 ways, more than an author has in mind."""

_ASKING = (*(outcome.replace(" ", "_") for outcome in OUTCOMES), "outcome")
"""What of a claim tells how it came out."""

Outcomes = Mapping[str, str]


@dataclass(frozen=True)
class Followed:
    """A piece of a template that follows claims."""

    line: int
    texts: tuple[tuple[Outcomes, list[str]], ...]
    """Its words for each combination of the outcomes that it asked for."""

    @property
    def claims(self) -> set[str]:
        """The claims that it asked for, in one of its ways at least."""
        return {name for outcomes, _ in self.texts for name in outcomes}

    def words(self, outcomes: Outcomes) -> list[str]:
        """What it says where the claims came out like this."""
        return next(words for asked, words in self.texts if asked.items() <= outcomes.items())


def check(frame: Frame, chapter: Chapter, record: Record, tree: Any) -> None:
    """Render the parsed prose for every way in which its claims may come out. Raises BuildError where one fails or has no text.

    A claim that the prose follows needs a text of its own where it is supported, refuted and inconclusive: one that neither
    another outcome gives, nor is what is left over without theirs. Where it is not measured, it may share the last. Where
    conditions nest, it is enough that they differ for one combination of the others' outcomes.
    """
    found = [piece for piece in followed(frame, chapter, record, tree) if piece.claims]
    for name in dict.fromkeys(name for piece in found for name in sorted(piece.claims)):
        about = [piece for piece in found if name in piece.claims]
        if fault := _fault_of(name, about):
            raise BuildError(
                f"templates/{chapter.template}, line {_line(tree, name, about)}: claim {name!r} {fault}; "
                "give each of supported, refuted and inconclusive a text"
            )


def followed(frame: Frame, chapter: Chapter, record: Record, tree: Any) -> Iterator[Followed]:
    """Each piece of the parsed prose that may follow a claim, in all of its ways. Raises BuildError where one fails."""
    from jinja2 import TemplateError

    # A figure is the same in all ways, and a claim's card shows its verdict; left out, only the prose can differ.
    values = names.values(record, dict.fromkeys(record.figures, names.NOT_SHOWN))
    for line, render in pieces.of(frame, tree):
        texts: list[tuple[Outcomes, list[str]]] = []
        for asked, claims in _ways(record.verdicts):
            try:
                text = render({**values, "claim": Names("claim", claims)})
            except TooManyClaims as error:
                raise BuildError(f"templates/{chapter.template}, line {line}: {error}") from None
            except (TemplateError, BuildError) as error:
                way = ", ".join(f"{name!r} {outcome}" for name, outcome in asked.items())
                where = f"with {way}" if way else f"line {line}"
                raise BuildError(f"templates/{chapter.template}, {where}: {error}") from error
            texts.append((asked, text.split()))
        yield Followed(line, tuple(texts))


class TooManyClaims(Exception):
    """A piece follows more claims than can be tried in all combinations."""


def _ways(verdicts: Sequence[Verdict]) -> Iterator[tuple[Outcomes, dict[str, Any]]]:
    """Combinations of outcomes, each with the claims that come out so; those asked for meanwhile decide which combinations are
    to come."""
    pending: list[dict[str, Outcome]] = [{}]
    for asked in pending:

        def came_out(name: str, asked: dict[str, Outcome] = asked) -> Outcome:
            if name not in asked:
                if len(asked) == MOST_JOINED:
                    told = ", ".join(map(repr, (*asked, name)))
                    raise TooManyClaims(
                        f"one text follows more than {MOST_JOINED} claims, {told}, which come out in too many ways to try; "
                        "write conditions with fewer of them in each"
                    )
                pending.extend({**asked, name: other} for other in OUTCOMES[1:])
                asked[name] = OUTCOMES[0]
            return asked[name]

        yield asked, {verdict.id: _Asked(verdict, came_out) for verdict in verdicts}


class _Asked:
    """A claim in prose whose outcome is given when it is asked for; prints nothing."""

    def __init__(self, verdict: Verdict, came_out: Callable[[str], Outcome]):
        self._verdict, self._came_out = verdict, came_out

    def __html__(self) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:
        if name in _ASKING:
            return getattr(replace(self._verdict, outcome=self._came_out(self._verdict.id)), name)
        return getattr(self._verdict, name)


def _fault_of(name: str, about: Sequence[Followed]) -> str:
    """Which outcome of a claim has no text of its own in the pieces about it, whatever the others are; empty where each has
    one."""
    others = sorted({other for piece in about for other in piece.claims} - {name})
    # All combinations, where pieces that share a claim do not add up to too many; then the others all come out alike.
    ways: Iterable[Iterable[str]] = product(OUTCOMES, repeat=len(others))
    if len(others) >= MOST_JOINED:
        ways = (repeat(item, len(others)) for item in OUTCOMES)
    faults: dict[str, int] = {}
    for way in ways:
        around = dict(zip(others, way, strict=True))
        texts: dict[Outcome, list[str]] = {
            item: [word for piece in about for word in piece.words(around | {name: item})] for item in OUTCOMES
        }
        fault = _fault(texts)
        if not fault:
            return ""
        faults[fault] = max(faults.get(fault, 0), len({tuple(words) for words in texts.values()}))
    return max(faults, key=lambda fault: faults[fault])


def _fault(texts: Mapping[Outcome, list[str]]) -> str:
    """Which outcome has no text of its own; empty where each has one."""
    for first, second in combinations(texts, 2):
        if texts[first] == texts[second] and (first, second) != ("inconclusive", "not measured"):
            return f"has the same text where it is {first} and where it is {second}"
    for outcome, text in texts.items():
        if outcome != "not measured" and all(_is_part(text, other) for other in texts.values()):
            return f"has no text where it is {outcome}"
    return ""


def _is_part(words: Sequence[str], text: Sequence[str]) -> bool:
    """Whether striking words from ``text`` leaves ``words``."""
    rest = iter(text)
    return all(word in rest for word in words)


def _line(tree: Any, name: str, about: Sequence[Followed]) -> int:
    """Where the template first names a claim for its outcome; the first piece about it where it comes by that name at run time
    only."""
    from jinja2 import nodes

    lines = [
        node.lineno
        for node in tree.find_all(nodes.Getattr)
        if names.named(node.node) == ("claim", name) and node.attr in _ASKING
    ]
    return min(lines, default=about[0].line)
