"""Sources as pages, with an anchor for each line."""

from collections.abc import Mapping

from measured.pages.environment import Frame
from measured.pages.outline import Outline


def address(path: str) -> str:
    """Where the source at ``path`` is shown: ``source/experiments.dice.html`` for ``experiments/dice.py``."""
    return f"source/{path.removesuffix('.py').replace('/', '.')}.html"


def files(frame: Frame, outline: Outline, sources: Mapping[str, str]) -> dict[str, bytes]:
    """One page of highlighted source per file, given by path."""
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="source")
    return {
        address(path): frame.page(
            "source.html.jinja2",
            outline=outline,
            current="",
            path=path,
            code=Markup(highlight(text, PythonLexer(), formatter)),
            root="../",
        )
        for path, text in sources.items()
    }


def highlighting() -> str:
    """The style of highlighted source, in the light and in the dark."""
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        return HtmlFormatter(style=style, cssclass="source").get_style_defs(".source")

    dark = f"@media (prefers-color-scheme: dark) {{\n{rules('monokai')}\n}}"
    return f"\n{rules('friendly')}\n{dark}\n.source {{ background: none; }}\n"
