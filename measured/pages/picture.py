"""A verdict as a picture: the interval of each effect against the region in which the claim is true.

Drawn as SVG in which only what stands across is in per cent, so that it is as wide as its place and its text as large as the
page says. Colours are classes of the style sheet. What is drawn are the numbers by which was judged, and nothing else.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from measured.evidence import Finding, Region, Verdict
from measured.evidence.standing import carriers, deciding, inside, span
from measured.pages.scale import WIDTH, Scale, edges, scale_of
from measured.pages.wording import ALONE, in_words, labels, mark_in_words, region_of, sentence, value_of

_HEADER, _NAME, _WORDS, _LANE, _BETWEEN, _AXIS, _APART = 24, 18, 14, 20, 7, 22, 14
"""Heights in pixels: the line that says where it is true, that of a test's name and number, that of the words above the first
band, a band, what is between two rows, the numbers below, and what is between two axes."""
_BOLD = 6.6
"""Pixels of a bold character, on average."""
_MARK = (20, 10)
"""Height of a compact drawing, and where its bar is."""


@dataclass(frozen=True)
class _Row:
    place: int
    finding: Finding
    label: str
    carries: bool


def picture(verdict: Verdict) -> Any:
    """The whole drawing: a row for each test, those of one region on one axis."""
    from markupsafe import Markup

    if not verdict.findings:
        return Markup("")
    carrying, names = carriers(verdict), labels(verdict)
    panels: dict[Any, list[_Row]] = {}
    for place, finding in enumerate(verdict.findings):
        scale = (finding.true_in, finding.unit, finding.on_logarithms)
        panels.setdefault(scale, []).append(_Row(place, finding, names[place], place in carrying))
    drawn, top = [], 0
    for rows in panels.values():
        inner, height = _panel(rows)
        drawn.append(f'<g class="panel" transform="translate(0 {top})">{inner}</g>')
        top += height + _APART
    return Markup(
        f'<svg class="picture" role="img" width="100%" height="{top - _APART}"{_attribute("aria-label", in_words(verdict))}>'
        f"{''.join(drawn)}</svg>"
    )


def mark(verdict: Verdict, title: bool = True) -> Any:
    """The test that decides as a strip without numbers, on the axis that all verdicts share: the edge of the region in the
    middle, true to the right, one margin away half-way to the side, and the rim infinitely far."""
    from markupsafe import Markup

    finding = deciding(verdict)
    height, middle = _MARK
    told = _attribute("aria-label", mark_in_words(verdict)) if title else ""
    role = f' role="img"{told}' if title else ' aria-hidden="true"'
    parts = [_rect("band", 50, 100, 0, height), _line("axis", 0, 100, middle, middle)]
    if finding:
        parts += [_line(name, at, at, 0, 5) for name, at in _common_ticks(finding)]
        if finding.origin is not None:
            at = rim(inside(finding, finding.origin))
            parts.append(_line("null", at, at, 0, height))
    parts.append(_line("edge", 50, 50, 0, height))
    if finding and finding.outcome != "not measured":
        at = span(finding)
        low, high, value = rim(at.low), rim(at.high), rim(at.value)
        ends = f"{_end(low, middle, -1, math.isinf(at.low), 3)}{_end(high, middle, 1, math.isinf(at.high), 3)}"
        bar = _line("bar", low, high, middle, middle)
        parts.append(f'<g class="{_class(finding.outcome)}">{bar}{ends}{_dot(value, middle, 4)}</g>')
    return Markup(f'<svg class="mark" width="100%" height="{height}"{role}>{"".join(parts)}</svg>')


def rim(margins: float) -> float:
    """Where so many margins from the edge stand on the axis that all verdicts share, in per cent of its width."""
    if math.isinf(margins):
        return 0.0 if margins < 0 else 100.0
    return 50 + 50 * margins / (1 + abs(margins))


def _common_ticks(finding: Finding) -> Iterable[tuple[str, float]]:
    for name, region in (("half", finding.half), ("double", finding.double)):
        for effect in edges(region):
            yield name, rim(inside(finding, effect))


def _panel(rows: Sequence[_Row]) -> tuple[str, int]:
    """The rows of one region with their axis, and their height."""
    first = rows[0].finding
    scale = scale_of([row.finding for row in rows])
    words = _words(rows, scale)
    parts = [
        f'<rect class="swatch" x="0" y="3" width="10" height="10" rx="2"/>'
        f'<text class="region" x="0" dx="15" y="12">true if {_escape(region_of(first))}</text>'
    ]
    top = 0 if _is_alone(rows) else _HEADER
    for place, row in enumerate(rows):
        lane = top + _NAME * (1 if _fits(row) else 2) + (_WORDS if words and not place else 0)
        parts.append(_row(row, scale, top, lane, named=top > 0))
        if not place:
            parts += [_text(name, at, lane - 4, text) for name, at, text in words]
        top = lane + _LANE + _BETWEEN
    bottom = top - _BETWEEN + 2
    parts.append(_line("axis", 0, 100, bottom, bottom))
    for effect, text in scale.ticks(first.unit, first.origin):
        at = scale.place(effect)
        parts.append(_line("axis", at, at, bottom, bottom + 4))
        parts.append(_text("tick", at, bottom + 16, text))
    return "".join(parts), bottom + _AXIS


def _ground(finding: Finding, scale: Scale, top: int) -> str:
    """What an interval is held against: where the claim is true, the ends of that, and half and double the margin."""
    parts = [_rect("band", *ends, top, _LANE) for ends in bands(finding.true_in, scale)]
    if finding.origin is not None and scale.shows(finding.origin):
        at = scale.place(finding.origin)
        parts.append(_line("null", at, at, top, top + _LANE))
    for name, region, height in (("half", finding.half, 6), ("double", finding.double, 6), ("edge", finding.true_in, _LANE)):
        for at in (scale.place(edge) for edge in edges(region) if scale.shows(edge)):
            parts.append(_line(name, at, at, top, top + height))
    return "".join(parts)


def bands(region: Region, scale: Scale) -> list[tuple[float, float]]:
    """From where to where the region goes, in per cent of the width."""
    low, high = scale.place(region.low), scale.place(region.high)
    if not region.outside:
        return [(low, high)]
    return [(0.0, low), (high, 100.0)]


def _words(rows: Sequence[_Row], scale: Scale) -> list[tuple[str, float, str]]:
    """What stands above the first band: the published effect, and half and double the margin, as far as they do not meet."""
    found, taken = [], []
    first = rows[0].finding
    wanted = [("published", row.finding.published, "published") for row in rows if row.finding.published is not None]
    wanted += [("word", edge, text) for text, region in (("×2", first.double), ("½", first.half)) for edge in edges(region)]
    for name, effect, text in wanted:
        if name == "word" and not scale.shows(effect):
            continue
        at, half = scale.place(effect), 100 * (len(text) * 6.4 + 6) / 2 / WIDTH
        middle = min(max(at, half), 100 - half)  # a word at the side ends there
        if all(abs(middle - other) >= half + width for other, width in taken):
            taken.append((middle, half))
            found.append((name, at, text))
    return found


def _row(row: _Row, scale: Scale, top: int, lane: int, named: bool) -> str:
    """One test: its name, its number and sign, and below its interval."""
    finding, y = row.finding, lane + _LANE // 2
    below = 0 if _fits(row) else _NAME
    name = f'<text class="name" x="0" y="{top + 12}">{_escape(_short(row.label))}</text>' if named else ""
    parts = [
        f'{name}<text class="value" x="100%" y="{top + 12 + below}">{_escape(value_of(finding))}</text>',
        _ground(finding, scale, lane),
    ]
    if finding.outcome != "not measured":
        low, high = scale.place(finding.low), scale.place(finding.high)
        parts.append(_line("bar", low, high, y, y))
        parts.append(_end(low, y, -1, not scale.shows(finding.low), 5))
        parts.append(_end(high, y, 1, not scale.shows(finding.high), 5))
        if scale.shows(finding.value):  # of an odds ratio, the estimate may be infinite
            parts.append(_dot(scale.place(finding.value), y, 5))
    if finding.published is not None:
        at = scale.place(finding.published)
        parts.append(f'<svg class="at" x="{_share(at)}" y="{y}"><path class="diamond" d="M0-6 6 0 0 6-6 0Z"/></svg>')
    looks = f"row {_class(finding.outcome)}{'' if row.carries else ' aside'}"
    return f'<g class="{looks}" data-test="{row.place + 1}"><title>{_escape(sentence(finding))}</title>{"".join(parts)}</g>'


def _is_alone(rows: Sequence[_Row]) -> bool:
    """Whether there is but one test, which needs no name, and whose number has a place in the line that says where it is
    true."""
    first = rows[0]
    words = f"true if {region_of(first.finding)} {value_of(first.finding)}"
    return len(rows) == 1 and first.label in ("", ALONE) and len(words) + 4 <= WIDTH / _BOLD


def _fits(row: _Row) -> bool:
    """Whether a test's name and its number stand in one line."""
    return len(row.label) + len(value_of(row.finding)) + 2 <= WIDTH / _BOLD


def _short(text: str) -> str:
    most = int(WIDTH / _BOLD)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _class(outcome: str) -> str:
    return outcome.replace(" ", "-")


def _share(at: float) -> str:
    return f"{at:.4f}".rstrip("0").rstrip(".") + "%"


def _rect(name: str, start: float, end: float, y: float, height: float) -> str:
    return f'<rect class="{name}" x="{_share(start)}" y="{y}" width="{_share(end - start)}" height="{height}"/>'


def _line(name: str, x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{name}" x1="{_share(x1)}" x2="{_share(x2)}" y1="{y1}" y2="{y2}"/>'


def _dot(at: float, y: float, radius: float) -> str:
    return f'<circle class="dot" cx="{_share(at)}" cy="{y}" r="{radius:g}"/>'


def _end(at: float, y: float, side: int, goes_on: bool, size: int) -> str:
    """The end of an interval: a cap, or an arrow where it leaves the view."""
    if not goes_on:
        return _line("cap", at, at, y - size, y + size)
    tip = f"M{-side * (size + 2)}-{size}L0 0 {-side * (size + 2)} {size}"
    return f'<svg class="at" x="{_share(at)}" y="{y}"><path class="arrow" d="{tip}"/></svg>'


def _text(name: str, at: float, y: float, text: str) -> str:
    """Words about a place, which stay within the drawing."""
    anchor = " start" if at < 6 else " end" if at > 94 else ""
    return f'<text class="{name}{anchor}" x="{_share(at)}" y="{y}">{_escape(text)}</text>'


def _attribute(name: str, value: str) -> str:
    return f' {name}="{_escape(value)}"'


def _escape(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
