"""What of a chapter's prose follows its claims, marked with them, so that it can be hidden from readers who bet first."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from measured.errors import BuildError
from measured.evidence import Names, Verdict
from measured.pages import names, pieces
from measured.pages.environment import Frame
from measured.pages.outline import Chapter
from measured.pages.record import Record

ATTRIBUTE = "data-follows"
"""Of a paragraph or an item of a list: the cards of the claims that it follows."""

_NEUTRAL = ("id", "source", "kind", "headline", "quote", "published")
"""What of a claim is known before it is tested."""
_OPEN, _CLOSE, _END = "\ue000", "\ue001", "\ue002"  # Unicode keeps these for private use: no text has them
_PIECE = re.compile(f"{_OPEN}([^{_OPEN}]*){_CLOSE}([^{_END}]*){_END}")
_BLOCK = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|$))+")
_ITEM = re.compile(r"^[ ]*(?:[-*+]|\d+\.)[ ]", re.MULTILINE)
_INLINE = "a|abbr|b|code|em|i|small|span|strong|sub|sup"
_NO_PARAGRAPH = re.compile(rf"[ ]*(?:#|\||<(?!/?(?:{_INLINE})\b))")
_HTML_BLOCK = re.compile(rf"^[ ]*<(?!/?(?:{_INLINE}|math)\b)", re.MULTILINE)


def fill(frame: Frame, chapter: Chapter, record: Record, figures: Mapping[str, Any], card: Callable[[Verdict], Any]) -> str:
    """The chapter's prose with its numbers, figures and claims, as Markdown in which the paragraphs and items of lists that
    follow claims have an attribute. Raises BuildError where it does not fit."""
    from jinja2 import TemplateError

    asked = dict[str, None]()
    addresses = {item.id: f"{chapter.name}.html#claim-{item.id}" for item in record.verdicts if not item.not_measured}

    def ask(claim: str, part: str) -> None:
        if part not in _NEUTRAL and claim in addresses:
            asked[claim] = None

    def opening() -> str:
        asked.clear()
        return _OPEN

    def closing() -> str:
        return f"{_CLOSE}{' '.join(addresses[name] for name in asked)}{_END}"

    claims = {verdict.id: names.ClaimView(verdict, card, ask) for verdict in record.verdicts}
    try:
        source, _, _ = frame.jinja.loader.get_source(frame.jinja, chapter.template)
        render = pieces.between(frame, frame.jinja.parse(source, chapter.template), opening, closing)
        return with_attributes(render(names.values(record, figures) | {"claim": Names("claim", claims)}))
    except (TemplateError, BuildError) as error:
        raise BuildError(f"templates/{chapter.template}: {error}") from error


def with_attributes(text: str) -> str:
    """Markdown in which the marks have become attributes of the paragraphs and items that they touch."""
    plain: list[str] = []
    touched: list[tuple[int, int, str]] = []
    length = end = 0
    for found in _PIECE.finditer(text):
        plain += text[end : found.start()], found[1]
        start = length + found.start() - end
        length = start + len(found[1])
        end = found.end()
        if found[2] and found[1].strip():
            before = len(found[1]) - len(found[1].lstrip())
            touched.append((start + before, start + len(found[1].rstrip()), found[2]))
    whole = "".join([*plain, text[end:]])
    return _BLOCK.sub(lambda block: _marked(block[0], block.start(), touched), whole) if touched else whole


def _marked(block: str, offset: int, touched: Collection[tuple[int, int, str]]) -> str:
    # Cards and figures end a paragraph, also without an empty line between; inside them nothing is marked.
    html = _HTML_BLOCK.search(block)
    rest = html.start() if html else len(block)
    edges = [0, *(item.start() for item in _ITEM.finditer(block, 0, rest) if item.start()), rest]
    marked = (
        _with_attribute(block[start:end], [what for a, b, what in touched if a < offset + end and b > offset + start])
        for start, end in zip(edges, edges[1:], strict=False)
    )
    paragraphs = "".join(marked)
    return paragraphs + ("\n" if html and paragraphs != block[:rest] else "") + block[rest:]


def _with_attribute(text: str, followed: list[str]) -> str:
    if not followed or _NO_PARAGRAPH.match(text):
        return text
    claims = " ".join(dict.fromkeys(" ".join(followed).split()))
    return f'{text.rstrip(chr(10))}\n{{: {ATTRIBUTE}="{claims}" }}\n'
