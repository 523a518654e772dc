"""Paragraphs that follow claims say which, and read as they did."""

import re

import pytest

from measured.evidence import Outcome, Single, Verdict
from measured.pages import chapter, environment
from measured.pages.outline import Chapter
from measured.pages.record import Record

TOY = Chapter("toy", "Toys", "1.1", "toy", "Why?", "", "")
OUTCOMES: dict[str, Outcome] = {"a": "supported", "b": "refuted", "c": "not measured"}
RECORD = Record(
    "toy", "quick", "cpu", {"mean": Single.once(3.0)}, {},
    tuple(Verdict(name, "ours", "", "", "", outcome, ()) for name, outcome in OUTCOMES.items()), ()
)  # fmt: skip
A, B = "{% if claim.a.supported %}*so*{% else %}not so{% endif %}", "{{ 'x' if claim.b.supported else 'y' }}"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain {{ metric.mean }}\n\n" + A, [("", "plain"), ("a", "so")]),
        (f"{A}\n{B}", [("a b", "so")]),
        (f"as asked, {B}.\n\nnext", [("b", "as asked, y."), ("", "next")]),
        (f"- one\n- {B}\n- three", [("", "one"), ("b", "y"), ("", "three")]),
        ("{% if claim.a.supported %}\none\n\ntwo\n\n- three\n{% endif %}\n\nfour",
         [("a", "one"), ("a", "two"), ("a", "three"), ("", "four")]),
        ("{% if preset == 'quick' %}" + A + "{% endif %}\n\n\nlast", [("a", "so"), ("", "last")]),
        ("{% set sure = claim.a.supported %}first\n\n{{ 'yes' if sure else 'no' }}", [("", "first"), ("", "yes")]),
        ("see {{ claim.a.ref }}: {{ claim.a.headline }}", [("", "see")]),  # known before
        ("{{ 'x' if claim.c.supported else 'y' }}", [("", "y")]),  # nobody can bet on what was not measured
        ("## So {{ claim.a.outcome }}\n\nnext", [("", "next")]),  # a heading keeps its form
    ],
)  # fmt: skip
def test_paragraphs_and_items_name_what_they_follow(tmp_path, text, expected):
    """Those that ask how a claim came out, and no others."""
    html = rendered(tmp_path, text)
    found = re.findall(r'<(?:p|li)(?: data-follows="([^"]*)")?>\s*(?:<p>)?(.*?)</', html, re.DOTALL)
    plain = [(re.sub(r"toy\.html#claim-", "", which), re.sub("<[^>]+>", "", words).strip()) for which, words in found]
    assert [which for which, _ in plain] == [which for which, _ in expected]
    assert all(words.startswith(start) for (_, words), (_, start) in zip(plain, expected, strict=True)), plain
    assert "{:" not in html and not re.search("[\ue000-\ue0ff]", html)


def test_blocks_of_html_stay_as_they_are(tmp_path):
    """Such as a table, a card or a figure in a text that follows a claim."""
    html = rendered(tmp_path, '{% if claim.a.supported %}\n<div class="x">\n<p>in</p>\n</div>\n{% endif %}\n\nout')
    assert '<div class="x">\n<p>in</p>\n</div>' in html and "{:" not in html


def test_card_right_below_a_paragraph_ends_it(tmp_path):
    """Without an empty line between: what follows the claim is the paragraph, and nothing is added inside the card."""
    html = rendered(tmp_path, A + "\n\n<section>\n<p>one</p>\n\n<p>two</p>\n</section>\n")
    assert '<p data-follows="toy.html#claim-a"><em>so</em></p>' in html
    assert "<section>\n<p>one</p>\n\n<p>two</p>\n</section>" in html and "{:" not in html


def rendered(folder, text: str) -> str:
    """The prose of the toy chapter as HTML."""
    (folder / "chapters").mkdir()
    (folder / "chapters" / "toy.md.jinja2").write_text(text)
    return str(chapter.prose(environment.make(folder), TOY, RECORD))
