"""The templates that pages are made with: the report's own first, then the generator's frame.

A report overrides a file of the frame with one of the same name in its ``templates``, and keeps what it does not change:
``{% extends "frame/claims.html.jinja2" %}``.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measured.evidence import Metric, Verdict, duration, levels, measurement, number, with_unit
from measured.pages import picture, prose
from measured.pages.material import FRAME
from measured.pages.settings import shown


@dataclass(frozen=True)
class Frame:
    """The templates of a report, ready to be filled in."""

    templates: Path
    jinja: Any

    def page(self, template: str, **values: Any) -> bytes:
        """A finished page."""
        return self.jinja.get_template(template).render(**values).encode()

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


def make(templates: Path) -> Frame:
    """The templates below ``templates``, and the frame's where the report has none of that name."""
    import jinja2

    frame = jinja2.FileSystemLoader(FRAME)
    jinja = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(templates), frame, jinja2.PrefixLoader({"frame": frame})]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters |= {"inline": inline_html, "plain": lambda text: text.replace("`", "")}
    jinja.filters |= {"in_css": lambda text: text.replace("\\", r"\5c ").replace('"', r"\22 ")}
    jinja.filters |= {"percent": lambda share: f"{share * 100:.4g} %"}
    jinja.filters |= {"number": number, "duration": duration, "shown": shown, "markdown": prose_html}
    jinja.globals |= {"with_unit": with_unit, "math": _math, "reasons": _reasons, "measurement": measurement_html}
    jinja.globals |= {"drawing_of": picture.picture, "mark_of": picture.mark, "combination": picture.combination}
    jinja.globals |= {"sign_of": picture.SIGNS.__getitem__}
    jinja.globals |= {"error_rate": levels.ERROR_RATE, "plain_confidence": levels.PLAIN}
    jinja.globals |= dict.fromkeys(prose.MARKS, str)
    return Frame(templates, jinja)


def prose_html(text: str) -> Any:
    """Prose as HTML; a formula that is a paragraph of its own is set as a block, any other within its sentence."""
    from markdown import Markdown
    from markupsafe import Markup

    markdown = Markdown(extensions=["tables", "attr_list", "sane_lists", "smarty", "toc"])
    markdown.block_level_elements.remove("math")  # as one, a formula at the start of a line would end its paragraph
    return Markup(_FORMULA_ALONE.sub(r'\1"block"\2', markdown.convert(text)))


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
