"""Sources as pages, with an anchor for each line and for each function of a module."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from measured.files import digest, write_atomically
from measured.pages.environment import Frame
from measured.pages.outline import Outline


def address(path: str) -> str:
    """Where the source at ``path`` is shown: ``source/experiments.dice.html`` for ``experiments/dice.py``."""
    return f"source/{path.removesuffix('.py').replace('/', '.')}.html"


def files(frame: Frame, outline: Outline, sources: Mapping[str, str]) -> dict[str, bytes]:
    """One page of highlighted source per file, given by path."""
    from markupsafe import Markup

    return {
        address(path): frame.page(
            "source.html.jinja2",
            outline=outline,
            current="",
            path=path,
            code=Markup(_kept(text, frame.workshop)),
            root="../",
        )
        for path, text in sources.items()
    }


def _kept(text: str, workshop: Path | None) -> str:
    """Highlighted source, which is made where the workshop does not have it."""
    if workshop is None:
        return _highlighted(text)
    path = workshop / f"{digest(text)}.html"
    with suppress(OSError):
        return path.read_text(encoding="utf-8")
    html = _highlighted(text)
    with suppress(OSError):
        write_atomically(path, html.encode())
    return html


def _highlighted(text: str) -> str:
    from pygments import highlight
    from pygments.filter import Filter
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer
    from pygments.token import Token

    class Plain(Filter):
        """No element for each word that looks like any other: they would be half of all."""

        def filter(self, lexer: Any, stream: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
            return (
                (Token.Text if kind in (Token.Name, Token.Punctuation, Token.Text.Whitespace) else kind, text)
                for kind, text in stream
            )

    lexer = PythonLexer()
    lexer.add_filter(Plain())
    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="source")
    return _with_functions(highlight(text, lexer, formatter), text)


def _with_functions(html: str, text: str) -> str:
    """Highlighted source in which the line that defines a function has its name for an anchor: ``def-throws``."""
    html = re.sub(r'<a id="(L-\d+)" name="\1"></a><a href="#\1">', r'<a id="\1" href="#\1">', html)
    try:
        names = {node.name: node.lineno for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    except SyntaxError:
        return html
    anchors = {line: f'<span id="def-{name}"></span>' for name, line in names.items()}
    return re.sub(r'<a id="L-(\d+)"', lambda match: anchors.get(int(match[1]), "") + match[0], html)


def highlighting() -> str:
    """The style of highlighted source, in the light and in the dark."""
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        return HtmlFormatter(style=style, cssclass="source").get_style_defs(".source")

    # Either alone, as a style does not colour all that the other does; both keep to the contrast of AA.
    light = f"@media not all and (prefers-color-scheme: dark) {{\n{rules('default')}\n}}"
    dark = f"@media (prefers-color-scheme: dark) {{\n{rules('github-dark')}\n}}"
    return f"\n{light}\n{dark}\n.source {{ background: none; }} .source .w {{ color: inherit; }}\n"
