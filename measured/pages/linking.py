"""Links that are put into a finished text: from words to the glossary, from citations to the references."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape, unescape
from typing import Any

from measured.pages.glossary import Glossary
from measured.pages.references import References

_TAG = re.compile(r"(<!--.*?-->|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)", re.DOTALL)
_NAME_OF_TAG = re.compile(r"</?([a-zA-Z][\w-]*)")
_CLASSES = re.compile(r"\sclass=[\"']([^\"']*)")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# Where no link is put: text that is a link or a control already, that is no running text, or that no reader sees.
_CLOSED = frozenset(
    "a button code h1 h2 h3 h4 h5 h6 label math option pre script select style summary svg textarea title".split()
)
_CLOSED_CLASSES = frozenset("badge metric interval links kicker stamp id bears".split())
# Where no word is explained, though a work may be cited: there the reader looks something up.
_UNEXPLAINED = frozenset("figure table dl blockquote details aside nav footer".split())
_UNEXPLAINED_CLASSES = frozenset("verdict note banner".split())
_RUNNING = frozenset(("p", "li"))


@dataclass
class Linked:
    """A text with its links, and where they lead."""

    html: Any
    terms: list[str] = field(default_factory=list)
    """Anchors of terms, each once."""
    works: list[str] = field(default_factory=list)
    """Keys of works, each once."""


@dataclass(frozen=True)
class Linker:
    """Finds terms and citations in HTML."""

    glossary: Glossary = Glossary()
    references: References = References()

    def section(self, html: str, root: str = "") -> Linked:
        """A section of running text: each citation is a link, and each term where it comes first."""
        return self._link(html, root, explain=True)

    def citations(self, html: str, root: str = "") -> Linked:
        """Any piece of a page: each citation is a link."""
        return self._link(html, root, explain=False)

    @cached_property
    def _terms(self) -> re.Pattern[str] | None:
        # A word in capitals is another one in small letters.
        words = sorted((word for term in self.glossary.terms for word in (term.name, *term.others)), key=len, reverse=True)
        ways = [re.escape(escape(word)).replace(r"\ ", r"\s+") for word in words]
        ways = [way if word.isupper() else f"(?i:{way})" for word, way in zip(words, ways, strict=True)]
        return re.compile(rf"(?<![\w-])(?:{'|'.join(ways)})(?![\w-])") if ways else None

    @cached_property
    def _works(self) -> re.Pattern[str] | None:
        ways = [f"(?P<w{place}>{work.pattern})" for place, work in enumerate(self.references.works)]
        return re.compile(rf"(?<![\w-])(?:{'|'.join(ways)})") if ways else None

    def _link(self, html: str, root: str, explain: bool) -> Linked:
        from markupsafe import Markup

        linked, out = Linked(""), list[str]()
        for piece, may_cite, may_explain in _pieces(html):
            if may_cite and (self._works or self._terms):
                piece = "".join(self._in_text(piece, root, explain and may_explain, linked))
            out.append(piece)
        linked.html = Markup("".join(out))
        return linked

    def _in_text(self, text: str, root: str, explain: bool, linked: Linked) -> Iterator[str]:
        end = 0
        for found in self._works.finditer(text) if self._works else ():
            work = self.references.works[int((found.lastgroup or "w0")[1:])]
            _once(linked.works, work.key)
            yield self._explained(text[end : found.start()], root, linked) if explain else text[end : found.start()]
            tip = f"{work.names} ({work.year}). {work.title}{f'. {work.venue}' if work.venue else ''}."
            yield f'<a class="cite" href="{root}references.html#{escape(work.key)}" data-tip="{escape(tip)}">{found[0]}</a>'
            end = found.end()
        yield self._explained(text[end:], root, linked) if explain else text[end:]

    def _explained(self, text: str, root: str, linked: Linked) -> str:
        def link(found: re.Match[str]) -> str:
            term = self.glossary.by_word[" ".join(unescape(found[0]).split()).lower()]
            if term.anchor in linked.terms:
                return found[0]
            linked.terms.append(term.anchor)
            tip = escape(plain(term.meaning))
            return f'<a class="term" href="{root}glossary.html#{term.anchor}" data-tip="{tip}">{found[0]}</a>'

        return self._terms.sub(link, text) if self._terms else text


def plain(markdown: str) -> str:
    """A sentence without its marks."""
    return re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda found: found[1] or "", " ".join(markdown.split()))


def _once(found: list[str], item: str) -> None:
    if item not in found:
        found.append(item)


def _pieces(html: str) -> Iterator[tuple[str, bool, bool]]:
    """Tags and texts in order; whether a link may be put into it, and whether it is running text."""
    opened: list[tuple[str, bool, bool]] = []
    for place, piece in enumerate(_TAG.split(html)):
        if place % 2 == 0:
            closed = any(is_closed for _, is_closed, _ in opened)
            running = any(tag in _RUNNING for tag, _, _ in opened) and not any(quiet for _, _, quiet in opened)
            yield piece, not closed, running
            continue
        yield piece, False, False
        found = _NAME_OF_TAG.match(piece)
        if not found or piece.endswith("/>") or (tag := found[1].lower()) in _VOID:
            continue
        if piece.startswith("</"):
            while opened and opened.pop()[0] != tag:
                pass
            continue
        classes = set(given[1].split()) if (given := _CLASSES.search(piece)) else set()
        closed = tag in _CLOSED or not _CLOSED_CLASSES.isdisjoint(classes)
        opened.append((tag, closed, tag in _UNEXPLAINED or not _UNEXPLAINED_CLASSES.isdisjoint(classes)))
