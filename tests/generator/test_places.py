"""Links to code lead to the line that makes a figure or a claim."""

import pytest

from measured.pages.outline import Chapter

SOURCE = '''"""Do digits differ?"""
from measured import charts
from measured.charts import table as table_of, Series

DATA = Dataset("digits", held_out="S1")
PAIRS = {"near": 1, "far": 2}
colours = labels["digits"]

def run():
    def plane(what):
        return charts.paths(what) if what else charts.table(())
    jobs = {"digits": Train("digits"), "line": Line()}
    axes = {"y": {"loss": "nats"}}
    figures = {"digits": charts.curves({"loss": charts.Series([1], [2]), "line": charts.Series([3], [4])}),
        "line": plane("line"),
        "either": charts.curves({}) if jobs else charts.table(()),
        **{f"pair_{name}": charts.trend({}) for name, number in PAIRS.items()},
        **{f"{kind}_{name}": charts.trend({}) for kind, name in jobs},
        **{name: charts.Grid(1) for name in jobs},
    }
    for name in ("one", "two"):
        figures[name] = table_of(())
    figures["loss"] = charts.dots([])
    return Result({"one": 1}, figures)

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
    return Chapter("digits", "Toys", "1.1", "", "", SOURCE)


def line_of(text: str) -> int:
    """The only line that holds a text, counted from one."""
    (line,) = (number for number, line in enumerate(SOURCE.splitlines(), start=1) if text in line)
    return line


@pytest.mark.parametrize(
    "name, text",
    [
        ("digits", '"digits": charts.curves'),  # not the data set, the colour or the job of that name
        ("line", '"line": plane'),  # by a function that returns a figure; not the job or the series of that name
        ("either", '"either"'),
        ("pair_far", 'f"pair_{name}"'),
        ("one", "figures[name] = table_of"),  # a function by the name under which it is imported; not the metric
        ("loss", 'figures["loss"]'),  # not the title of an axis
        ("cost_rate", 'f"{kind}_{name}"'),
        ("pair_wide", 'f"{kind}_{name}"'),  # the names of pairs are known, and this is none of them
    ],
)
def test_figure_is_where_it_is_drawn(chapter, name, text):
    """A value that is a call of a chart shape, not the same word in another place."""
    assert chapter.line_of_figure(name) == line_of(text)


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


def test_unknown_name_leads_to_the_beginning(chapter):
    """As does a claim's name asked of the figures."""
    assert [chapter.line_of_figure(name) for name in ("nowhere", "S1", "pair")] == [1, 1, 1]
