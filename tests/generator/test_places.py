"""Links to code lead to the line that makes a claim."""

import pytest

from measured.pages.outline import Chapter

SOURCE = '''"""Do digits differ?"""
from measured import charts

DATA = Dataset("digits", held_out="S1")

def run():
    return Result({"one": 1}, charts.drawn(digits, 1) | charts.drawn(pair, 2, variant="far"))

def digits(number):
    """Digits."""

def pair(number):
    """Pairs."""

def sharper(network, by):
    return Claim(network, holds=by)

CLAIMS = (Claim("S1", source="digits"), evidence.Claim(
    says="y", id="again"),
    sharper("F1", 2),
    *(claim for (first, second), how in ((("a", "b"), "x"), (("c", "d"), "y")) for claim in (
        Claim(first),
        Claim(second))),
    *(Claim(f"S{number}{part}") for number in (3, 4) for part in letters),
)
'''


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    return Chapter("digits", "Toys", "1.1", "digits", "", "", SOURCE)


def line_of(text: str) -> int:
    """The only line that holds a text, counted from one."""
    (line,) = (number for number, line in enumerate(SOURCE.splitlines(), start=1) if text in line)
    return line


@pytest.mark.parametrize(
    "name, text",
    [
        ("S1", 'Claim("S1", source'),
        ("again", 'id="again"'),
        ("F1", 'sharper("F1", 2)'),  # the call that names it, not the function that makes claims of any name
        ("a", "Claim(first)"),
        ("c", "Claim(first)"),
        ("d", "Claim(second)"),
        ("S4b", "S{number}{part}"),
    ],
)
def test_claim_is_where_it_is_made(chapter, name, text):
    """Also where its id comes from a loop or through a function."""
    assert chapter.line_of_claim(name) == line_of(text)
