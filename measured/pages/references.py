"""The works that a report cites: ``templates/references.bib``, as BibTeX.

A work is cited in prose by its authors and its year, "Li and others (2018)" or "Vlaar and Frankle 2022", and found by that.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape

from measured.errors import BuildError

FILE = "references.bib"
_VENUES = ("journal", "booktitle", "publisher", "institution", "school", "howpublished")
_NAME = r"[A-Z][\w’'-]+"
_SEVERAL = rf"{_NAME}(?:(?:,? and|,? &) others|,? et al\.?|(?:,? and|,? &) {_NAME})"
# A name alone before a year may be that of a month, so that it needs the brackets.
_CITED = re.compile(rf"(?:{_SEVERAL},? \(?|{_NAME} \()(?:19|20)\d\d\b(?!-\d)".replace(" ", r"\s+"))


@dataclass(frozen=True)
class Work:
    """A paper or a book."""

    key: str
    authors: tuple[tuple[str, str], ...]
    """Family name and given names of each."""
    year: str
    title: str
    venue: str = ""
    doi: str = ""
    arxiv: str = ""

    @property
    def short(self) -> str:
        """As it is cited: "Li et al. 2018"."""
        first = self.authors[0][0]
        others = {1: "", 2: f" and {self.authors[-1][0]}"}.get(len(self.authors), " et al.")
        return f"{first}{others} {self.year}"

    @property
    def names(self) -> str:
        """All authors, in full."""
        told = [f"{given} {family}".strip() for family, given in self.authors]
        return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """What leads to the work, with the address."""
        found = [(f"doi:{self.doi}", f"https://doi.org/{self.doi}")] if self.doi else []
        return (*found, *([(f"arXiv:{self.arxiv}", f"https://arxiv.org/abs/{self.arxiv}")] if self.arxiv else []))

    @property
    def pattern(self) -> str:
        """What cites it in HTML, as a regular expression."""
        first, *rest = (re.escape(escape(family)) for family, _ in self.authors)
        ways = [r"\s+et\s+al\.?", r"\s+and\s+others"] if rest else []
        if len(rest) == 1:
            ways.append(rf"\s+(?:and|&amp;)\s+{rest[0]}")
        names = f"{first}(?:{'|'.join(ways)})" if rest else first
        # Of "(2018, abstract)" the brackets stay outside.
        return rf"{names}(?:,?\s+{self.year}\b|\s+\({self.year}\)|(?=\s+\({self.year}\b))"


@dataclass(frozen=True)
class References:
    """The works of a report, by authors and year; none where it has no such file."""

    works: tuple[Work, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[str, Work]:
        """Each work by its key in the file."""
        return {work.key: work for work in self.works}

    def cited_in(self, text: str) -> list[Work]:
        """The works that a text cites."""
        return [work for work in self.works if re.search(rf"\b{work.pattern}", escape(text, quote=False))]

    def unknown_in(self, text: str) -> Iterator[tuple[int, str]]:
        """Place and words of each citation that is of no work here, with the nearest that is."""
        from difflib import get_close_matches

        known = [work.short for work in self.works]
        for found in _CITED.finditer(text):
            words = " ".join(found[0].split()).replace("(", "")
            # Other words may stand before a name, "As Li 2018", or belong to a list.
            if not self.cited_in(f"{words} ") and not self.cited_in(text[found.start() : found.end() + 1]):
                near = get_close_matches(words, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else "add it there"
                yield found.start(), f"{words!r} is no work of templates/{FILE}; {hint}"

    def __bool__(self) -> bool:
        return bool(self.works)


def read(text: str) -> References:
    """The works in a text of BibTeX. Raises BuildError, with the line, where one cannot be read or has no author, year or
    title."""
    if not text.strip():
        return References()
    import bibtexparser

    library = bibtexparser.parse_string(text)  # pyright: ignore (it is the documented way in)
    for block in library.failed_blocks:
        raise BuildError(f"templates/{FILE}, line {1 + (block.start_line or 0)}: {_first_line(block.error)}")
    works = []
    for entry in library.entries:
        fields = {field.key.lower(): " ".join(str(field.value).split()) for field in entry.fields}
        if missing := [name for name in ("author", "year", "title") if not fields.get(name)]:
            where = f"templates/{FILE}, line {1 + (entry.start_line or 0)}"
            raise BuildError(f"{where}: {entry.key!r} has no {missing[0]}; expected author, year and title of each work")
        told = {name: re.sub(r"[{}]", "", value) for name, value in fields.items()}
        venue = next((told[name] for name in _VENUES if told.get(name)), "")
        authors = tuple(map(_name, told["author"].split(" and ")))
        works.append(Work(entry.key, authors, told["year"], told["title"], venue, told.get("doi", ""), told.get("eprint", "")))
    return References(tuple(sorted(works, key=lambda work: (work.authors[0][0].lower(), work.year, work.title))))


def _name(text: str) -> tuple[str, str]:
    family, comma, given = text.partition(",")
    if comma:
        return family.strip(), given.strip()
    given, _, family = text.strip().rpartition(" ")
    return family, given


def _first_line(error: Exception) -> str:
    return f"{error}".strip().split("\n")[0]
