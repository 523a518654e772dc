"""A finished site as one page for the printer: its pages without those of sources, and without what only a screen needs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from measured.pages.environment import Frame
from measured.pages.outline import Outline

LAST = ("claims", "glossary", "references", "made")
"""Pages about the report that come at the end, in this order; others come before them."""


@dataclass(frozen=True)
class Entry:
    """A line of the contents."""

    level: int
    """1 for a page, 2 for a section of it."""
    text: str
    anchor: str
    part: str = ""
    """Of the report, where it is a chapter."""
    begins_part: bool = False


@dataclass(frozen=True)
class Sheet:
    """A page of the site as a part of the printed one."""

    name: str
    head: str
    """What stands at the top of its pages."""
    html: str
    entries: tuple[Entry, ...]


def sheets(site: Path, outline: Outline) -> list[Sheet]:
    """The pages of a site but those of sources: the front page, the chapters in reading order, and what is about the report."""
    chapters = {item.name: item for item in outline.chapters}
    names = {path.stem for path in site.glob("*.html")}
    others = sorted(names - chapters.keys() - {"index"}, key=lambda name: (LAST.index(name) if name in LAST else -1, name))
    found, part = [], ""
    for name in [*(["index"] if "index" in names else []), *(item for item in chapters if item in names), *others]:
        main = _Main(name, names, site)
        main.feed((site / f"{name}.html").read_text(encoding="utf-8"))
        chapter = chapters.get(name)
        title = f"{chapter.number} {chapter.title}" if chapter else "In brief" if name == "index" else main.title or name
        before, part = part, chapter.part if chapter else ""
        sections = [Entry(2, text, anchor) for text, anchor in main.sections] if name != "index" else []
        found.append(
            Sheet(name, title, "".join(main.out), (Entry(1, title, f"{name}--", part, part not in ("", before)), *sections))
        )
    return found


def page(frame: Frame, outline: Outline, site: Path, parts: Sequence[Sheet], numbers: Mapping[str, int]) -> bytes:
    """The printed report as one page; ``numbers`` are those of the printed pages on which its places are, where known."""
    entries = [entry for part in parts for entry in part.entries]
    style = (site / "style.css").absolute().as_uri()
    return frame.page("paper.html.jinja2", outline=outline, sheets=parts, entries=entries, numbers=numbers, style=style)


_IDS = ("id", "for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-details", "headers", "list")
_LEFT_OUT = ("script", "noscript", "template", "dialog", "button", "form", "nav")
_LEFT_OUT_ATTRIBUTES = ("loading", "tabindex")


class _Main(HTMLParser):
    """Copies the main part of a page: places get names of their own in the whole, and what is loaded is found from anywhere."""

    def __init__(self, name: str, pages: set[str], site: Path):
        super().__init__(convert_charrefs=False)
        self._name, self._pages, self._site = name, pages, site
        self._is_main, self._left_out, self._heading = False, "", ""
        self._depth = 0
        self.out: list[str] = []
        self.title = ""
        self.sections: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self._is_main = True
            return
        if not self._is_main:
            return
        if self._left_out:
            self._depth += tag == self._left_out
            return
        if tag in _LEFT_OUT:
            self._left_out, self._depth = tag, 1
            return
        values = {name: value for name, value in attrs if name not in _LEFT_OUT_ATTRIBUTES}
        if tag == "details":
            values["open"] = None
        if tag == "h1" and not self.title:
            self._heading = "h1"
        if tag == "h2" and values.get("id"):
            self._heading = "h2"
            self.sections.append(("", f"{self._name}--{values['id']}"))
        written = [self._attribute(tag, name, value) for name, value in values.items()]
        self.out.append(f"<{tag}{''.join(written)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._is_main and not self._left_out and self.out[-1].startswith(f"<{tag}"):
            self.out[-1] = self.out[-1][:-1] + "/>"

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._is_main = False
        if not self._is_main:
            return
        if self._left_out:
            self._depth -= tag == self._left_out
            self._left_out = self._left_out if self._depth else ""
            return
        if tag == self._heading:
            self._heading = ""
        self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._write(data, data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};", f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};", f"&#{name};")

    def _write(self, html: str, text: str) -> None:
        if not self._is_main or self._left_out:
            return
        self.out.append(html)
        if self._heading == "h1":
            self.title += text
        if self._heading == "h2":
            before, anchor = self.sections[-1]
            self.sections[-1] = (before + text, anchor)

    def _attribute(self, tag: str, name: str, value: str | None) -> str:
        if value is None:
            return f" {name}"
        if name in _IDS:
            value = " ".join(f"{self._name}--{item}" for item in value.split())
        elif name in ("href", "xlink:href"):
            address = self._link(value)
            if address is None:
                return ""
            value = address
        elif name in ("src", "srcset"):
            value = value if urlsplit(value).scheme else (self._site / value).absolute().as_uri()
        elif "url(#" in value:
            value = re.sub(r"url\(#", f"url(#{self._name}--", value)
        return f' {name}="{escape(value)}"'

    def _link(self, address: str) -> str | None:
        """Where a link leads on paper; None where that is no part of it."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return address
        page = parts.path.removesuffix(".html") if parts.path else self._name
        return f"#{page}--{parts.fragment}" if page in self._pages else None
