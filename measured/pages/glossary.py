"""What a report's words mean: ``templates/glossary.md``, a heading for each term and a sentence or two below it.

A line that begins with "Also:" lists other words for the term, plurals among them, with commas between.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from measured.errors import BuildError

FILE = "glossary.md"
_ALSO = "also:"


@dataclass(frozen=True)
class Term:
    """A word of the field, explained."""

    name: str
    meaning: str
    """As Markdown."""
    others: tuple[str, ...] = ()
    """Other words for it, plurals among them."""

    @property
    def anchor(self) -> str:
        """Its place on the page of the glossary."""
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Glossary:
    """The terms of a report, by the alphabet; none where it has no glossary."""

    terms: tuple[Term, ...] = ()

    @cached_property
    def by_word(self) -> dict[str, Term]:
        """Each term by all words for it, in small letters."""
        return {word.lower(): term for term in self.terms for word in (term.name, *term.others)}

    def __bool__(self) -> bool:
        return bool(self.terms)


def read(text: str) -> Glossary:
    """The glossary that is written in ``text``. Raises BuildError, with the line, where it is not in order."""
    terms: list[Term] = []
    taken: dict[str, str] = {}
    pieces = re.split(r"^## +(.+?) *$", text, flags=re.MULTILINE)
    line = 1 + pieces[0].count("\n")
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        where = f"templates/{FILE}, line {line}"
        line += body.count("\n")
        others, meaning = _cut(body)
        if not meaning:
            raise BuildError(f"{where}: the term {name!r} has no text; expected a sentence or two below its heading")
        for word in (name, *others):
            if word.lower() in taken:
                raise BuildError(f"{where}: {word!r} is a word for {taken[word.lower()]!r} and for {name!r}; keep one of them")
            taken[word.lower()] = name
        terms.append(Term(name, meaning, others))
    return Glossary(tuple(sorted(terms, key=lambda term: term.name.lower())))


def _cut(body: str) -> tuple[tuple[str, ...], str]:
    """Other words for a term, and its meaning."""
    lines = [line.strip() for line in body.strip().splitlines()]
    if not lines or not lines[0].lower().startswith(_ALSO):
        return (), "\n".join(lines).strip()
    words = [word.strip() for word in lines[0][len(_ALSO) :].split(",")]
    return tuple(word for word in words if word), "\n".join(lines[1:]).strip()
