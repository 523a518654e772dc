"""Figures carry their numbers, draw the same bytes each time, and read in the dark."""

import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import matplotlib.figure
import numpy as np
import pytest

from measured import charts
from measured.charts import Axis, Figure, Series, from_plain, to_plain
from measured.charts.spectrum import Signs
from measured.charts.style import DARK, NARROW, WIDE
from measured.evidence import Estimate, Metric, Missing, Quantity, Share, Sweep
from measured.looks import PALETTE
from tests.generator.cases import ROOT

WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
MISSING = Missing(unit="%")
BOWL = charts.Grid(range(5), range(4), [[1.0 + i * i + j * j for i in range(5)] for j in range(4)], [(0, 0, 1.0), (2, 2, 9.0)])
FIGURES: dict[str, Figure] = {
    "curves": charts.curves(
        {"left": {"a": Series([1, 2, 3], [[1, 2, 3], [3, 4, 5], [2, 3, 10]]), "truth": Series([1, 2, 3], [[5, 5, 5]])}},
        x="x",
        y=Axis("y", log=True),
        reference="truth",
        limits={"left": (1, 8)},
        **WORDS,
    ),
    "trend": charts.trend(
        {
            "a": {"s": {10.0: MISSING, 100.0: Estimate.over_seeds([4.0]), 1.0: Estimate.over_seeds([1, 2, 3])}},
            "b": {"s": {1.0: Estimate.over_seeds([0.5, 0.6], "%")}},
        },
        x=Axis("n", log=True),
        y={"a": Axis("loss", log=True), "b": "accuracy (%)"},
        levels={"b": {"chance": 10.0}},
        marks={"threshold": 50.0},
        **WORDS,
    ),
    "dots": charts.dots(
        {
            "p": {
                "a": (1.0, Estimate.over_seeds([0.5, 0.6], "%")),
                "b": (10.0, MISSING),
                "c": (100.0, Estimate.over_seeds([0.02], "points")),
                **{f"more {number}": (1.0, Estimate.over_seeds([0.1, 0.3])) for number in range(5)},
            }
        },
        x={"p": Axis("n", log=True)},
        y="%",
        **WORDS,
    ),
    "images": charts.images({"before": np.eye(5)[None].repeat(9, 0).tolist(), "after": [np.eye(5).tolist()]}, **WORDS),
    "paths": charts.paths(
        {
            plane: {
                f"run {run}": charts.Path([(k, run * k) for k in range(4)], [0.1 * k for k in range(4)]) for run in range(3)
            }
            for plane in ("first", "second")
        },
        x={"first": "one", "second": "another"},
        y="height",
        label="accuracy",
        **WORDS,
    ),
    "scatter": charts.scatter(
        {"p": {"a": [(1, 2), (3, 4)], "b": [(0.5, 3)]}, "q": {"b": [(9, 7)]}},
        x="x",
        y=Axis("y", log=True),
        alike=True,
        **WORDS,
    ),
    "slides": charts.slides(
        {
            panel: charts.Slide(
                {"loss": {"a": [0.1, 1.0, 10.0], "b": [1.0, 2.0, 3.0]}, "accuracy": {"a": [90.0, 50.0, 10.0]}},
                {"one": charts.Example([[0.0, 1.0, 0.5]], "y", [[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])},
            )
            for panel in ("left", "right")
        },
        knob="knob",
        at=[0, 0.5, 1],
        y={"loss": Axis("loss", log=True), "accuracy": "%"},
        names=["x", "y"],
        marks={"first": 0.0},
        stops=[0, 1],
        **WORDS,
    ),
    "spectrum": charts.spectrum(
        {"many": {"p": [-1e-9, 1e-13, 2.0], "q": [0.5, 3.0]}, "few": {"r": [-1.0, -2.0], "s": [0.0, 1.0]}},
        tolerance=1e-7,
        **WORDS,
    ),
    "contours": charts.surface({"bowl": BOWL}, x="x", y="y", value="loss", **WORDS),
    "relief": charts.surface({"bowl": BOWL}, x="x", y="y", value="loss", relief=True, **WORDS),
    "table": charts.table(
        ("what", "value"),
        [("unbounded", -math.inf), ("inf", Estimate.over_seeds([1, 2], "%")), ("none", None)],
        caption="Caption.",
    ),
}
SHAPES = [name for name, figure in FIGURES.items() if figure.layouts]


@cache
def drawn(name: str) -> dict[str, str]:
    """The drawings of one of the figures, made once for all tests."""
    return charts.draw(name, FIGURES[name])


def axes_of(figure: Figure) -> list[Any]:
    return figure.draw(WIDE).axes


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def test_curves_hold_median_and_band():
    """Of 3, 5 and 10 the median is 5, and the 10th and 90th percentile lie a fifth of the way from the outer ones."""
    rows = {(row[1], row[2]): row[3:] for row in FIGURES["curves"].table.rows}
    assert rows["a", 3.0] == pytest.approx((5, 3.4, 9.0))
    assert rows["truth", 1.0] == (5, 5, 5)


def test_trend_holds_summaries_and_leaves_out_what_was_not_measured():
    """In the order of x, shares in per cent, with n; an interval only where there is one."""
    rows = FIGURES["trend"].table.rows
    assert [row[:4] for row in rows] == [("a", "s", 1.0, 2.0), ("a", "s", 100.0, 4.0), ("b", "s", 1.0, pytest.approx(55.0))]
    assert rows[0][4:] == (pytest.approx(-0.4841, abs=1e-4), pytest.approx(4.4841, abs=1e-4), 3)
    assert rows[1][4:] == (None, None, 1)


def test_dots_hold_each_seed_and_leave_out_what_was_not_measured():
    """Seeds first, their summary last; shares and differences of shares are both in per cent."""
    rows = [row[1:] for row in FIGURES["dots"].table.rows if not row[1].startswith("more")]
    low, high = rows[2][3:]
    assert rows == [
        ("a", 1.0, pytest.approx(50), None, None),
        ("a", 1.0, pytest.approx(60), None, None),
        ("a", 1.0, pytest.approx(55), low, high),
        ("c", 100.0, 2.0, None, None),
        ("c", 100.0, 2.0, None, None),
    ]
    assert (low, high) == (pytest.approx(55 - 63.53, abs=0.01), pytest.approx(55 + 63.53, abs=0.01))


def test_metric_scales_alike_in_every_shape():
    """Two hundredths are 2 per cent or 2 points, and 0.02 of anything else."""
    for unit, shown in (("%", 2.0), ("points", 2.0), ("nats", 0.02)):
        metric = Estimate.over_seeds([0.02], unit)
        assert charts.dots({"p": {"a": (1, metric)}}, x="x", y="y", **WORDS).table.rows[-1][3] == shown
        assert charts.trend({"p": {"a": {1.0: metric}}}, x="x", y="y", **WORDS).table.rows[-1][3] == shown


def test_surface_keeps_every_cell_where_it_was():
    """The value at column i and row j stands beside the x of i and the y of j."""
    cells = {row[2:4]: row[4] for row in FIGURES["contours"].table.rows if row[1] == "grid"}
    assert cells[3.0, 2.0] == 1 + 9 + 4 and len(cells) == 20


def test_images_paths_and_scatter_hold_every_number():
    """One row a pixel, a point of a run, a dot."""
    assert FIGURES["images"].table.rows[5 * 5 + 6] == ("before", 1, 1, 1, 1.0) and len(FIGURES["images"].table.rows) == 250
    assert FIGURES["paths"].table.rows[7] == ("first", "run 1", 3, 3.0, 3.0, pytest.approx(0.3))
    assert ("left", "share", "one", "y", 0.5, 0.5) in FIGURES["slides"].table.rows
    assert ("right", "curve", "loss", "b", 1.0, 3.0) in FIGURES["slides"].table.rows
    assert FIGURES["spectrum"].table.rows[3] == ("many", "q", 0, 0.5)
    assert FIGURES["scatter"].table.rows == (("p", "a", 1, 2), ("p", "a", 3, 4), ("p", "b", 0.5, 3), ("q", "b", 9, 7))


# ---------------------------------------------------------------------------------------------------------------------
# Drawings


def test_axes_and_reference_lines_differ_by_panel():
    """Each panel has its own scale and name; a level is drawn in its panel, a mark in all."""
    drawing = FIGURES["trend"].draw(WIDE)
    left, right = drawing.axes
    assert (left.get_yscale(), right.get_yscale()) == ("log", "linear")
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", "accuracy (%)")
    words = [[item.get_text() for item in ax.texts] for ax in (left, right)]
    assert words == [["threshold"], ["chance", "threshold"]] and not drawing.legends
    assert all(any(list(np.asarray(line.get_xdata())) == [50.0, 50.0] for line in ax.lines) for ax in (left, right))


def test_x_is_titled_at_the_outer_side_and_y_in_each_panel():
    """One title of x for a column, where the panels share it."""
    panels = {name: {"a": {1.0: Estimate.over_seeds([1, 2])}} for name in "abc"}
    found = axes_of(charts.trend(panels, x={"a": "x", "b": "other", "c": "x"}, y="y", **WORDS))
    assert [ax.get_ylabel() for ax in found] == ["y", "y", "y"]
    assert [ax.get_xlabel() for ax in found] == ["", "other", "x"]


def test_reference_and_limits():
    """The truth is drawn in ink above the others, and a fixed axis ends where it was told to."""
    (ax,) = axes_of(FIGURES["curves"])
    truth = max(ax.lines, key=lambda line: line.get_zorder())
    assert list(np.asarray(truth.get_ydata())) == [5, 5, 5] and ax.get_ylim() == (1, 8)


@pytest.mark.parametrize("shape", ["trend", "dots"])
def test_panel_without_a_measurement_says_so(shape):
    """Nothing is drawn at zero, and the panel stays where it was."""
    points = {"trend": {"a": {1: MISSING}}, "dots": {"a": (1, MISSING)}}
    figure = getattr(charts, shape)({"p": points[shape]}, x=Axis("x", log=True), y=Axis("y", log=True), **WORDS)
    (ax,) = axes_of(figure)
    assert not figure.table.rows and not ax.has_data() and [text.get_text() for text in ax.texts] == ["not measured"]


def test_scatter_panels_reach_alike():
    """With ``alike`` one panel's axes hold the other's dots."""
    left, right = axes_of(FIGURES["scatter"])
    assert left.get_xlim() == right.get_xlim() and right.get_xlim()[0] < 0.5


def test_trend_panels_span_one_factor():
    """With ``equal_factors`` a measure that doubles is drawn as steep as another that doubles, and both are seen whole."""
    ends = {"a": {1: 1.0, 2: 2.0}, "b": {1: 10.0, 2: 90.0}}
    panels = {name: {"s": {float(at): Estimate.over_seeds([end]) for at, end in both.items()}} for name, both in ends.items()}
    figure = charts.trend(panels, x="x", y=Axis("y", log=True), alt="Two panels.", equal_factors=True)
    (low, high), (other_low, other_high) = (ax.get_ylim() for ax in axes_of(figure))
    assert high / low == pytest.approx(other_high / other_low) and high / low > 9
    assert low < 1 and high > 2 and other_low < 10 and other_high > 90


@pytest.mark.parametrize("name", SHAPES)
def test_drawings_are_well_formed_and_load_nothing(name):
    """Valid XML without a script, an image or an address to load from."""
    assert set(drawn(name)) == {"wide", "narrow"}
    for svg in drawn(name).values():
        root = ElementTree.fromstring(svg)
        references = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
        assert all(value.startswith(("#", "data:image/png")) for value in references)
        assert "prefers-color-scheme: dark" in svg and "<script" not in svg


def test_every_colour_has_a_drawing_that_turns_dark():
    """The style sheet finds colours as matplotlib writes them today; another spacing would end the dark without a word."""
    own = matplotlib.figure.Figure()
    everything = [svg for name in SHAPES for svg in drawn(name).values()] + [
        charts.draw("own", charts.own(own, **WORDS))["wide"]
    ]
    bodies = "".join(svg.split("</style>", 1)[1] for svg in everything)
    words = {shades.text for shades in PALETTE.values()}
    unmet = [light for light in DARK.keys() - words if f"fill: {light}" not in bodies and f"stroke: {light}" not in bodies]
    assert not unmet


def test_narrow_is_narrow():
    """The phone's drawing is half as wide, so that its text stays readable."""
    widths = {
        layout: float(ElementTree.fromstring(svg).attrib["viewBox"].split()[2]) for layout, svg in drawn("curves").items()
    }
    assert widths["narrow"] < 0.6 * widths["wide"]


def test_reader_of_matplotlibrc_gets_the_same_bytes():
    """What a user has set for figures of their own changes none of ours."""
    with matplotlib.rc_context({"axes.titlesize": 30, "xtick.direction": "in"}):
        assert charts.draw("scatter", FIGURES["scatter"]) == drawn("scatter")


@pytest.mark.parametrize(
    ("values", "tolerance", "signs", "name"),
    [
        ([1.0, 2.0], 0.0, (0, 0, 2), "minimum"),
        ([-1.0, -2.0], 0.1, (2, 0, 0), "maximum"),
        ([-1.0, 2.0, 0.0], 0.1, (1, 1, 1), "saddle"),
        ([-1.0, 2.0, 0.0], 0.5, (0, 2, 1), "undecided"),
        ([0.0, 0.0], 0.1, (0, 2, 0), "undecided"),
    ],
)
def test_signs_of_a_spectrum_name_the_point(values, tolerance, signs, name):
    """What is at most the tolerance times the largest magnitude is zero, and where nothing decides nothing is claimed."""
    found = Signs.of(values, tolerance)
    assert found == signs and found.name == name


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_spectrum_says_what_each_point_is(width):
    """Numbers of negative, zero and positive eigenvalues, and the name, stand beside each point."""
    few = FIGURES["spectrum"].draw(width).axes[1]
    texts = [text.get_text() for text in few.texts]
    assert texts == ["2", "0", "0", "maximum", "0", "1", "1", "undecided", "−", "0", "+"]
    assert [label.get_text() for label in few.get_yticklabels()] == ["r", "s"]


def test_slides_show_examples_at_the_stops():
    """At each stop the name with the largest share stands over its bar; curves of one chart have one scale in all panels."""
    axes = axes_of(FIGURES["slides"])
    assert [text.get_text() for text in axes[2].texts] == ["y", "x"]
    assert [label.get_text() for label in axes[2].get_xticklabels()] == ["knob = 0", "1"]
    assert axes[0].get_ylim() == axes[3].get_ylim() and axes[0].get_yscale() == "log"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": [0, 1]}, "expected one for each of 2 values of the knob"),
        ({"names": ["x", "y", "z"]}, "expected one for each of 3 names"),
        ({"stops": [0.3]}, "0.3 is no value of the knob"),
        ({"y": {"loss": "loss"}}, "'accuracy' has no axis"),
    ],
)
def test_slides_that_do_not_fit_together_are_refused(change, message):
    """A number too few, a stop that is none and a chart without an axis are errors with a place."""
    slide = charts.Slide(
        {"loss": {"a": [1, 2, 3]}, "accuracy": {"a": [1, 2, 3]}}, {"one": charts.Example([[0]], "x", [[0, 1]] * 3)}
    )
    given: dict[str, Any] = {"knob": "k", "at": [0, 0.5, 1], "y": "value", "names": ["x", "y"], **WORDS} | change
    with pytest.raises(ValueError, match=message):
        charts.slides({"p": slide}, **given)


# ---------------------------------------------------------------------------------------------------------------------
# Plain data


@pytest.mark.parametrize("name", FIGURES)
def test_round_trip_draws_the_same(name):
    """A figure that was read back from standard JSON equals the first and is drawn byte by byte the same."""
    text = json.dumps(to_plain(FIGURES[name]), allow_nan=False)
    back = from_plain(json.loads(text))
    assert back == FIGURES[name] and type(back) is type(FIGURES[name])
    assert json.dumps(to_plain(back)) == text
    if name in SHAPES:
        assert charts.draw(name, back) == drawn(name)


def test_cells_read_back_as_what_they_were():
    """A text that is spelt like a number that is not finite stays a text; a metric is a metric."""
    figure = from_plain(json.loads(json.dumps(to_plain(FIGURES["table"]))))
    assert figure.table.rows == (("unbounded", -math.inf), ("inf", Estimate.over_seeds([1, 2], "%")), ("none", None))
    assert isinstance(figure.table.rows[1][1], Metric) and to_plain(FIGURES["table"])["table"]["rows"][0][1] == "-inf"


def test_new_shape_is_a_new_class():
    """Its fields are kept and read back without a word anywhere else."""

    @dataclass(frozen=True)
    class Bars(Figure):
        x: Axis
        gap: float = 0.5

        shape: ClassVar[str] = "bars"

    try:
        figure = Bars(charts.Table(("a",), ((1.5,),)), "Caption.", "Alt.", Axis("x", log=True), gap=2.0)
        plain = to_plain(figure)
        assert plain["shape"] == "bars" and from_plain(json.loads(json.dumps(plain))) == figure
    finally:
        del Figure.shapes["bars"]


@pytest.mark.parametrize(
    "change", [{"shape": "pie"}, {"colour": "red"}, {"table": {"columns": []}}, {"panels": None}, {"marks": {}}]
)
def test_figure_of_another_version_is_no_figure(change):
    """An unknown shape, another field, a damaged table."""
    with pytest.raises(ValueError, match="no figure that this version knows"):
        from_plain(to_plain(FIGURES["curves"]) | change)


# ---------------------------------------------------------------------------------------------------------------------
# Mistakes of an author


def test_figure_needs_an_alt_text():
    """One who cannot see it is not left out."""
    with pytest.raises(ValueError, match="a figure needs an alt"):
        charts.scatter({"p": {"a": [(1, 2)]}}, x="x", y="y", alt=" ")


def gap(points: Any, title: str = "size") -> Figure:
    """The gap by {title},
    at {setting.sizes}."""
    return charts.trend({"p": {"a": points}}, x=title, y="y", alt="Gap.")


def test_figure_is_a_function():
    """Its name is the figure's, with the variant's after it, its docstring the caption; settings are filled in when they are
    known."""
    points = {1.0: Estimate.over_seeds([1, 2, 4], average="geometric mean"), 2.0: Estimate.over_seeds([1, 2], "%")}
    found = charts.drawn(gap, points, variant="wide", title="width") | charts.drawn(gap, points)
    assert {name: (figure.caption, figure.made_by, figure.made_in) for name, figure in found.items()} == {
        "gap_wide": ("The gap by width, at {setting.sizes}.", "gap", __name__),
        "gap": ("The gap by size, at {setting.sizes}.", "gap", __name__),
    }
    with pytest.raises(ValueError, match="figure bare has no caption: say in the docstring of bare"):
        charts.drawn(bare)


def bare() -> Figure:
    return charts.scatter({"p": {"a": [(1, 2)]}}, x="x", y="y", alt="Dots.")


KINDS = [Share.over_seeds([1, 0]), *(Estimate.over_seeds([1, 2], "", average) for average in ("median", "mean"))]


@pytest.mark.parametrize(
    "figure, note",
    [
        (gap({1.0: Estimate.over_seeds([1, 2, 4], average="geometric mean")}), "Geometric means over 3 seeds; bars: "
        "95 % intervals."),
        (gap({1.0: Estimate.over_seeds([1, 2]), 2.0: Share.of_count(1, 9, "images")}),
         "Means and shares over 2 to 9 seeds or trials; bars: 95 % intervals."),
        (gap({1.0: Estimate.over_seeds([1.0])}), "Means over 1 seed."),
        (gap({1.0: MISSING}), ""),
        (charts.table(("a", "b", "c"), [KINDS]), "Shares, medians and means over 2 seeds with 95 % intervals."),
        (FIGURES["curves"], "Lines: medians over 3 seeds; bands: the middle 80 %."),
        (FIGURES["dots"], "Faint dots: single seeds. Means over 1 to 2 seeds; bars: 95 % intervals."),
        (FIGURES["table"], "Means over 2 seeds with 95 % intervals."),
        (FIGURES["scatter"], ""),
    ],
)  # fmt: skip
def test_shape_says_what_it_knows(figure, note):
    """Averages, n and intervals, which no author has to type."""
    assert figure.note == note


def test_quantity_is_an_axis():
    """With its title, unit and scale; a sweep makes a panel per quantity."""
    runs = Sweep("batch size", {16: [1.0, 2.0], 64: [2.0, 4.0]})
    loss = Quantity("loss", "loss", average="geometric mean", log=True, read=lambda run: run)
    share = Quantity("share", "share", "%", read=lambda run: run / 10)
    figure = charts.sweeps({"a": runs}, [loss, share], alt="Two panels.")
    assert figure.panels.y == {"loss": Axis("loss", log=True), "share": Axis("share (%)")}
    assert figure.panels.x["loss"].title == "batch size" and len(figure.table.rows) == 4


def test_places_without_a_title_have_no_numbers():
    """They only put things beside one another."""
    beside = {name: (place, Estimate.over_seeds([1.0, 2.0])) for place, name in enumerate("abc")}
    for title, expected in (("", False), ("size", True)):
        drawing = charts.dots({"": beside}, x=title, y="loss", alt="Three dots.").draw(WIDE)
        assert (len(drawing.axes[0].get_xticks()) > 0) == expected


@pytest.mark.parametrize("log_of", ["x", "y"])
@pytest.mark.parametrize("low, high", [(2.05, 2.32), (0.91, 0.97), (130, 170), (0.02, 0.9), (1, 80)])
def test_ticks_of_a_logarithmic_axis_differ(log_of, low, high):
    """Where less than a decade is shown as well: no two ticks have one label."""
    from matplotlib.figure import Figure as Canvas

    ax = Canvas().subplots()
    ax.plot([low, high], [low, high])
    getattr(Axis("loss", log=True), f"scale_{log_of}")(ax)
    side = getattr(ax, f"{log_of}axis")
    shown = [side.get_major_formatter()(at, None) for at in side.get_majorticklocs() if low <= at <= high]
    assert len(shown) == len(set(shown)) >= 2


LINE = {"p": {"a": Series([1, 2], [[1, 2]])}}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: charts.curves(LINE, x="x", y={"q": "y"}, **WORDS), "panel 'p' has no axis; there are axes for 'q'"),
        (lambda: charts.curves(LINE, x="x", y="y", levels={"q": {"chance": 1}}, **WORDS), "levels: there is no panel 'q'"),
        (lambda: charts.curves(LINE, x="x", y="y", limits={"q": (0, 1)}, **WORDS), "limits: there is no panel 'q'"),
        (lambda: charts.curves(LINE, x="x", y="y", marks=dict.fromkeys("abcd", 1.0), **WORDS), "3 marks apart, got 4"),
        (lambda: charts.curves({"p": {"a": Series([1, 2, 3], [[1, 2]])}}, x="x", y="y", **WORDS), "expected 3 per seed"),
        (lambda: charts.trend({}, x="x", y="y", **WORDS), "at least one panel"),
        (lambda: charts.surface({"p": BOWL}, x=Axis("x", log=True), y="y", value="v", **WORDS), "linear axes alone"),
    ],
)
def test_option_without_an_effect_is_refused(make, says):
    """When the figure is made, that is before anything is measured, in a sentence that names what was expected."""
    with pytest.raises(ValueError, match=says):
        make()


# ---------------------------------------------------------------------------------------------------------------------
# Figures of one's own, and imports


def test_own_figure_is_accepted():
    """With its caption and alt text; once it is settled, what is read back has its numbers and looks the same."""
    drawing = matplotlib.figure.Figure()
    drawing.add_subplot().plot([1, 2], [3, 4])
    figure = charts.own(drawing, table=charts.Table(("x",), ((1.0,),)), **WORDS)
    drawn = charts.draw("own", figure)
    assert set(drawn) == {"wide"} and drawn["wide"].count("<path") > 2
    back = from_plain(json.loads(json.dumps(to_plain(figure.settled("own")))))
    assert back == figure.settled("own") and charts.draw("own", back) == drawn


def run(code: str) -> None:
    """Run Python code in a fresh process."""
    words = "import pathlib, sys; from measured.charts import *; words = {'caption': 'c', 'alt': 'a'}\n"
    line = "line = curves({'p': {'a': Series([1, 2], [[1, 2]])}}, x='x', y='y', **words)\n"
    subprocess.run([sys.executable, "-c", words + line + code], check=True, cwd=ROOT)


def test_drawing_never_imports_pyplot():
    """Pyplot keeps state between threads; the report's drawings do without."""
    relief = "surface({'p': Grid([0, 1], [0, 1], [[1, 2], [3, 4]])}, x='x', y='y', value='v', relief=True, **words)"
    run(f"draw('c', line); draw('s', {relief}); assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules")


def test_making_and_naming_a_figure_imports_no_matplotlib(tmp_path):
    """Nor does finding out that its drawing is kept."""
    run(f"Drawings(pathlib.Path({str(tmp_path)!r})).key('c', line); assert not {{'matplotlib', 'torch'}} & sys.modules.keys()")


def test_shares_are_drawn_as_their_axis_says():
    """A quantity that is a share has an axis in per cent, on which its numbers are per cent in every shape."""
    share, loss = Quantity("share", "share", "%"), Quantity("loss", "loss")
    lines = {"panel": {"runs": charts.Series((1, 2), [[0.1, 0.2]])}, "other": {"runs": charts.Series((1, 2), [[0.1, 0.2]])}}
    figure = charts.curves(lines, x="steps", y={"panel": share, "other": loss}, alt="Lines.")
    assert [row[2:4] for row in figure.table.rows] == [(1, 10), (2, 20), (1, 0.1), (2, 0.2)]
    figure = charts.scatter({"panel": {"runs": [(0.5, 3.0)]}}, x=share, y=loss, alt="Dots.")
    assert figure.table.rows[0][2:] == (50, 3) and figure.table.columns[2] == "share (%)"
