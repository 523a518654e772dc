"""The templates that pages are made with: the report's own first, then the generator's frame.

A report overrides a file of the frame with one of the same name in its ``templates``, and keeps what it does not change:
``{% extends "frame/claims.html.jinja2" %}``.
"""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

from measured.evidence import Metric, Verdict, duration, levels, measurement, number, standing, with_unit
from measured.evidence.names import Names
from measured.pages import citing, glossary, picture, prose, references, wording
from measured.pages.documents import NONE, Documents
from measured.pages.linking import Linker
from measured.pages.material import FRAME
from measured.pages.outline import Chapter, Outline
from measured.pages.settings import shown


@dataclass(frozen=True)
class Frame:
    """The templates of a report, ready to be filled in."""

    templates: Path
    jinja: Any
    workshop: Path | None = None
    """The folder that keeps what takes a while to make."""
    linker: Linker = field(default_factory=Linker)
    """Leads from words to the report's glossary, and from citations to its references."""

    def page(self, template: str, **values: Any) -> bytes:
        """A finished page."""
        return self.jinja.get_template(template).render(**values).encode()

    def linked_page(self, template: str, **values: Any) -> bytes:
        """A finished page whose citations lead to the references."""
        html = self.jinja.get_template(template).render(**values)
        return str(self.linker.citations(html, values["root"]).html).encode()

    def macro(self, file: str, name: str) -> Any:
        """A piece of a page that is made from values: a macro of ``<file>.html.jinja2``."""
        return getattr(self.jinja.get_template(f"{file}.html.jinja2").module, name)

    def text(self, name: str) -> str:
        """A file that is no template, such as a style sheet: the report's own, or the frame's."""
        return self.own(name) or (FRAME / name).read_text(encoding="utf-8")

    def own(self, name: str) -> str:
        """A file that is the report's alone; empty where it has none."""
        path = self.templates / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def make(
    templates: Path,
    outline: Outline | None = None,
    citation: str = "",
    workshop: Path | None = None,
    documents: Documents = NONE,
) -> Frame:
    """The templates below ``templates``, and the frame's where the report has none of that name.

    Prose can name the chapters of the ``outline``; the header leads to the ``documents``; ``citation`` is the text of the
    report's ``CITATION.cff``; ``workshop`` is a folder that keeps what takes a while to make. Raises BuildError where citation,
    glossary or references are not in order.
    """
    import jinja2

    frame = jinja2.FileSystemLoader(FRAME)
    jinja = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(templates), frame, jinja2.PrefixLoader({"frame": frame})]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled_in(workshop) if workshop else None,
    )
    jinja.filters |= {"inline": inline_html, "plain": lambda text: text.replace("`", "")}
    jinja.filters |= {"in_css": lambda text: text.replace("\\", r"\5c ").replace('"', r"\22 ")}
    jinja.filters |= {"percent": lambda share: f"{share * 100:.4g} %"}
    jinja.filters |= {"number": number, "duration": duration, "shown": shown, "markdown": plain_html}
    jinja.globals |= {"with_unit": with_unit, "math": _math, "reasons": _reasons, "measurement": measurement_html}
    jinja.globals |= {"drawing_of": picture.picture, "mark_of": picture.mark, "combination": wording.combination}
    jinja.globals |= {"sign_of": wording.SIGNS.__getitem__, "in_short": wording.in_short}
    jinja.globals |= {"deciding": standing.deciding, "distance_of": wording.distance, "named_tests": wording.named}
    jinja.globals |= {"error_rate": levels.ERROR_RATE, "plain_confidence": levels.PLAIN}
    jinja.globals |= dict.fromkeys(prose.MARKS, str)
    frame = Frame(templates, jinja, workshop)
    words, works = glossary.read(frame.own(glossary.FILE)), references.read(frame.own(references.FILE))
    jinja.globals |= {
        "documents": documents,
        "glossary": words,
        "references": works,
        "citation": citing.read(citation, outline.title if outline else ""),
    }
    jinja.globals[CHAPTER] = Names(CHAPTER, {item.name: ChapterView(item) for item in outline.chapters} if outline else {})
    return replace(frame, linker=Linker(words, works))


def _compiled_in(folder: Path) -> Any:
    """Compiled templates in a folder; where it cannot be written, or another build removes it, nothing is kept and nothing
    fails."""
    from jinja2 import FileSystemBytecodeCache

    class Compiled(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Any) -> None:
            with suppress(OSError):
                super().dump_bytecode(bucket)

    return Compiled(str(folder))


CHAPTER = "chapter"
"""What prose calls the chapters by."""


@dataclass(frozen=True)
class ChapterView:
    """A chapter in prose: prints as a link such as "chapter 3.3, Between two solutions"; gives its parts by name."""

    _chapter: Chapter

    def __html__(self) -> Any:
        from markupsafe import Markup

        item = self._chapter
        return Markup('<a class="ref" href="{0}.html">chapter {1}, {2}</a>').format(item.name, item.number, item.title)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chapter, name)


def prose_html(text: str) -> Any:
    """Prose as HTML; a formula that is a paragraph of its own is set as a block, any other within its sentence."""
    return _html(text)


def document_html(text: str) -> Any:
    """A document as HTML: prose with blocks of code, which are highlighted."""
    from markdown.extensions.codehilite import CodeHiliteExtension

    return _html(text, more=("fenced_code", CodeHiliteExtension(css_class="source", guess_lang=False)))


def plain_html(text: str) -> Any:
    """Prose of a module as HTML: what looks like a tag is text."""
    return _html(text, without=("html_block", "html", "entity"))


def _html(text: str, without: Collection[str] = (), more: Sequence[Any] = ()) -> Any:
    from markdown import Markdown
    from markupsafe import Markup

    markdown = Markdown(extensions=["tables", "attr_list", "sane_lists", "smarty", "toc", *more])
    markdown.block_level_elements.remove("math")  # as one, a formula at the start of a line would end its paragraph
    for name in without:
        for registry in (markdown.preprocessors, markdown.inlinePatterns):
            if name in registry:
                registry.deregister(name)
    return Markup(_ADDRESS.sub(_harmless, _FORMULA_ALONE.sub(r'\1"block"\2', markdown.convert(text))))


_ADDRESS = re.compile(r"""(<[a-zA-Z][^<>]*?\s(?:href|src|action|formaction|xlink:href)\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)""")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto")


def _harmless(found: re.Match[str]) -> str:
    """An address that leads to a page; one that would do something else, such as run a script, leads nowhere."""
    # Browsers leave out spaces and control characters before they read the scheme.
    address = re.sub(r"[\x00-\x20]", "", unescape(found[2].strip("\"'")))
    scheme = _SCHEME.match(address)
    is_picture = address.lower().startswith("data:image/")
    return found[0] if not scheme or is_picture or scheme[1].lower() in _SCHEMES else f'{found[1]}"#"'


_FORMULA_ALONE = re.compile(r'<p>(<math [^>]*display=)"inline"(>(?:(?!</math>).)*</math>)</p>', re.DOTALL)


def metric_html(metric: Metric) -> Any:
    """A metric with its interval; what it is shows where a reader points at it."""
    from markupsafe import Markup

    text = str(metric)
    if metric.is_measured:
        text = measurement_html(metric.value, metric.low, metric.high, metric.unit, metric.digits)
    return Markup('<span class="metric" title="{}">{}</span>').format(metric.explanation, text)


def measurement_html(value: float, low: float | None, high: float | None, unit: str, digits: int = 3) -> Any:
    """A number with its interval in small print."""
    from markupsafe import Markup

    number_text, interval, suffix = measurement(value, low, high, unit, digits)
    bounds = Markup(' <small class="interval">[{}]</small>').format(interval) if interval else ""
    return Markup("{}{}{}").format(number_text, bounds, suffix)


def inline_html(text: str) -> Any:
    """A sentence as HTML, with what stands in backticks as code."""
    from markupsafe import Markup, escape

    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its other half is just one
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def _math(latex: str) -> Any:
    """A formula as MathML, which browsers show without scripts or fonts from elsewhere."""
    from latex2mathml.converter import convert
    from markupsafe import Markup

    return Markup(convert(latex))


def _reasons(verdict: Verdict) -> list[tuple[str, str]]:
    """Margins and methods behind a verdict, each pair once."""
    return list(dict.fromkeys((finding.why, finding.method) for finding in verdict.findings))
