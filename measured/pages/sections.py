"""The sections of a chapter's prose: one for each heading of the second level, as readers, contents and search know them."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

IN_ONE_MINUTE = "in-one-minute"
"""The anchor of the section with which a chapter begins: question, answer, and the figure that shows it."""

_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)
_SUBHEADING = re.compile(r"<h3\b")
_TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading."""

    anchor: str
    heading: str
    """As plain text."""
    html: Any
    """The whole of it, with its heading; without any where it comes before the first."""

    @property
    def figures(self) -> list[str]:
        """Names of the figures and tables that it shows, or of those that it refers to where it shows none."""
        return _names(_FIGURE, self.html) or _names(_TO_FIGURE, self.html)

    @property
    def claims(self) -> list[str]:
        """Ids of the claims whose cards it shows, or of those that it refers to where it shows none."""
        return _names(_CARD, self.html) or _names(_TO_CARD, self.html)

    @property
    def cards(self) -> list[str]:
        """Ids of the claims whose cards it shows."""
        return _names(_CARD, self.html)

    @property
    def shown(self) -> list[str]:
        """Names of the figures and tables that it shows."""
        return _names(_FIGURE, self.html)

    @property
    def passages(self) -> "list[Section]":
        """Its parts, each from one heading of the second or third level to the next: what stands in one of them belongs
        together."""
        return [Section("", "", piece) for piece in _cut(self.html, _SUBHEADING)]


_FIGURE = re.compile(r'<figure\b[^>]*?\sid="figure-([^"]+)"')
_TO_FIGURE = re.compile(r'<a\b[^>]*?\shref="#figure-([^"]+)"')
_CARD = re.compile(r'<section\b[^>]*?\sid="claim-([^"]+)"')
_TO_CARD = re.compile(r'<a\b[^>]*?\shref="#claim-([^"]+)"')


def _names(pattern: re.Pattern[str], html: str) -> list[str]:
    return list(dict.fromkeys(unescape(name) for name in pattern.findall(html)))


def of(html: Any) -> list[Section]:
    """The sections of a page's prose, in order; what comes before the first heading has no anchor."""
    from markupsafe import Markup

    return [Section(*_heading_of(piece), Markup(piece)) for piece in _cut(html, _HEADING)]


def _cut(html: str, before: re.Pattern[str]) -> list[str]:
    """The pieces of a text that begin where it matches, and what comes before the first of them."""
    edges = [0, *(match.start() for match in before.finditer(html)), len(html)]
    return [html[start:end] for start, end in zip(edges, edges[1:], strict=False) if html[start:end].strip()]


def _heading_of(html: str) -> tuple[str, str]:
    found = _HEADING.match(html)
    return (found[1], unescape(_TAGS.sub("", found[2])).strip()) if found else ("", "")
