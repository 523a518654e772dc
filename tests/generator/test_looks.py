"""What is told apart in a chart is told apart by everyone, and means the same in the next chart."""

import itertools
from typing import Any

import numpy as np
import pytest
from colorspacious import cspace_convert

from measured import charts
from measured.charts import Look, Looks, Series
from measured.charts.style import DARK, INK, MUTED, PAPER, WIDE
from measured.looks import DASHES, MARKERS, PALETTE, told_apart

WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
DEFICIENCIES = ("deuteranomaly", "protanomaly")
DECLARED = Looks.parse({"north": "olive star", "south": "rose wedge dashed", "south, by night": "slate circle"})


def relative_luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    share = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(relative_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def seen(colour: str, deficiency: str | None) -> Any:
    """Place in CAM02-UCS, where equal distances look equally far, for one who lacks a kind of cone or none."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    if deficiency:
        lacking = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
        rgb = np.clip(cspace_convert(rgb, lacking, "sRGB1"), 0, 1)
    return cspace_convert(rgb, "sRGB1", "CAM02-UCS")


@pytest.mark.parametrize("paper", ["light", "dark"])
@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_no_two_colours_look_alike(paper, deficiency):
    """On either paper and for those who do not tell red from green; red and green of traffic lights are ten apart for them."""
    colours = {name: seen(getattr(shades, paper), deficiency) for name, shades in PALETTE.items()}
    apart = {pair: np.linalg.norm(colours[pair[0]] - colours[pair[1]]) for pair in itertools.combinations(colours, 2)}
    assert min(apart.values()) > 10, min(apart, key=lambda pair: apart[pair])


def test_colours_stand_out_from_their_paper():
    """Three to one for lines, four and a half to one for words, as WCAG asks."""
    for shades in PALETTE.values():
        assert contrast(shades.light, PAPER) >= 3 and contrast(shades.dark, DARK[PAPER]) >= 4.5
        assert contrast(shades.text, PAPER) >= 4.5 and DARK[shades.text] == shades.dark
    for words in (INK, MUTED):
        assert contrast(words, PAPER) >= 4.5 and contrast(DARK[words], DARK[PAPER]) >= 4.5


def curves(*names: str, reference: str = "") -> charts.Figure:
    lines = {name: Series([1, 2, 3], [[1 + at, 2 + at, 3 + at]]) for at, name in enumerate(names)}
    return charts.curves({"p": lines}, x="x", y="y", reference=reference, **WORDS)


def scatter(*names: str) -> charts.Figure:
    return charts.scatter({"p": {name: [(at, at)] for at, name in enumerate(names)}}, x="x", y="y", **WORDS)


def test_a_name_looks_the_same_in_all_charts():
    """Whatever the shape, and whatever stands beside it in which order; a longer name has the look of its beginning."""
    one, other = DECLARED.on(curves("east", "south", "north")).looks(), DECLARED.on(scatter("north, by day", "south")).looks()
    assert one["north"] == other["north, by day"] == Look("olive", "star")
    assert one["south"] == other["south"] == Look("rose", "wedge", "dashed")
    assert DECLARED.of("south, by night") == Look("slate", "circle") and DECLARED.of("northern") is None


def test_the_look_is_what_is_drawn():
    """Colour, marker and dash of the line."""
    (ax,) = DECLARED.on(curves("east", "south")).draw(WIDE).axes
    line = next(line for line in ax.lines if line.get_color() == PALETTE["rose"].light)
    assert line.get_marker() == MARKERS["wedge"] and line.is_dashed()


def test_no_two_names_of_a_chart_look_alike():
    """However many there are, and where two of them have one declared look."""
    many = [f"line {number}" for number in range(80)]
    looks = DECLARED.on(curves("north", "north by west", *many)).looks()
    assert len(set(looks.values())) == len(looks) == 82 and looks["north"] == Look("olive", "star")
    assert DECLARED.on(curves("north by west", "north")).looks()["north"] == Look("olive", "star")


def test_undeclared_names_get_colours_that_nothing_has():
    """While there are such."""
    looks = told_apart(["a", "b", "c", "north", "d", "e", "f"], {"north": Look("blue", "circle")})
    assert len({look.colour for look in looks.values()}) == len(PALETTE)


def test_an_undeclared_name_does_not_look_like_something_else():
    """As long as there is a colour and a marker that the report gives to nothing."""
    looks = Looks.parse({"seen": "blue circle", "unseen": "orange square"}).on(scatter("this", "that", "unseen")).looks()
    assert ("blue", "circle") not in {(look.colour, look.marker) for look in looks.values()}
    assert looks["unseen"] == Look("orange", "square") and len(set(looks.values())) == 3


def test_a_reference_needs_no_look():
    """It is drawn in ink."""
    assert list(curves("a", "truth", reference="truth").looks()) == ["a"]


def test_looks_are_drawn_from_the_figure_alone():
    """One that was read back from plain data, with the looks that it was given, is drawn byte by byte the same."""
    figure = DECLARED.on(curves("east", "south", "north"))
    back = charts.from_plain(charts.to_plain(figure))
    assert back == figure and charts.draw("line", back) == charts.draw("line", figure)
    assert charts.draw("line", figure) != charts.draw("line", curves("east", "south", "north"))


@pytest.mark.parametrize("words", ["blue", "pink circle", "blue heart", "blue circle wavy", "blue circle dashed twice"])
def test_a_look_that_there_is_not_is_refused(words):
    """With what could be meant."""
    with pytest.raises(ValueError, match="expected"):
        Look.parse(words)


def test_every_marker_and_dash_can_be_named():
    """And gives what matplotlib draws."""
    for marker, dash in itertools.product(MARKERS, DASHES):
        look = Look.parse(f"green {marker} {dash}")
        assert look.symbol == MARKERS[marker] and (look.dashes[1] is None) == (dash == "solid")
