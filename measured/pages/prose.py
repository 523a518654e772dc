"""What a chapter's prose says by itself: digits that nothing wrote that was set or measured, and words of conclusion that no
claim carries.

Text in a template is taken as the template language reads it, so that what ``{{ ... }}`` writes is no typed text. Code spans,
tags and addresses of links do not count.
"""

import re
from collections.abc import Iterator
from typing import Any

MARKS = ("definition", "given", "cite")
"""Functions of a template that print their text as it is: a number that defines something, one that is given by the task, and
somebody else's."""
HOW_TO_MARK = " or ".join(f'{{{{ {mark}("...") }}}}' for mark in MARKS)

_NO_PROSE = re.compile(r"`[^`\n]*`|</?[A-Za-z!][^>]*>|&#?\w+;|\]\([^)]*\)")
_DIGITS = re.compile(r"(?<!\w)\d[\w.,/]*\b")  # F1 and float64 are names, 1e-3 and 16/36 are not
_YEARS = re.compile(r"(?:[A-Z]\w+|al\.),? (?:19|20)\d\d\b")
_CONCLUSIONS = re.compile(
    r"\b(better|best|worse|worst|superior|inferior|outperforms?|proves?|proved|proof|demonstrates?|confirms?|"
    r"shows? that|showed that|clearly|obviously)\b",
    re.IGNORECASE,
)


def typed_digits(tree: Any) -> Iterator[tuple[int, str]]:
    """Line and text of each number typed into the prose of a parsed template, wherever it stands."""
    from jinja2 import nodes

    for node in tree.find_all(nodes.TemplateData):
        yield from _found(_DIGITS, node)
    # A number written as ``{{ 0.95 }}`` or ``{{ "0.95" }}`` is as typed as one without the braces.
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if isinstance(node, nodes.Const) and (found := _DIGITS.search(str(node.value))):
                yield node.lineno, found[0]


def conclusions(tree: Any) -> Iterator[tuple[int, str]]:
    """Line and word of each word of conclusion outside of a text that follows a claim's verdict."""
    from jinja2 import nodes

    def follows_a_claim(node: Any) -> bool:
        return isinstance(node, nodes.If) and any(name.name == "claim" for name in node.test.find_all(nodes.Name))

    def visit(node: Any) -> Iterator[tuple[int, str]]:
        if follows_a_claim(node):
            return
        if isinstance(node, nodes.TemplateData):
            yield from _found(_CONCLUSIONS, node)
        for child in node.iter_child_nodes():
            yield from visit(child)

    return visit(tree)


def digits_in(text: str) -> list[str]:
    """Numbers that are typed in a sentence outside of a template; zero, one and the year of a paper are not measured."""
    found = [match[0] for match in _DIGITS.finditer(_YEARS.sub(" ", _NO_PROSE.sub(" ", text)))]
    return [digits for digits in found if digits not in ("0", "1")]


def conclusions_in(text: str) -> list[str]:
    """Words of conclusion in a sentence outside of a template, where "best" and "worst" may name what is shown."""
    found = (match[0] for match in _CONCLUSIONS.finditer(_NO_PROSE.sub(" ", text)))
    return [word for word in found if word.lower() not in ("best", "worst")]


def _found(pattern: re.Pattern[str], node: Any) -> Iterator[tuple[int, str]]:
    text = _NO_PROSE.sub(lambda match: " " * len(match[0]), node.data)
    for match in pattern.finditer(text):
        yield node.lineno + text.count("\n", 0, match.start()), match[0]
