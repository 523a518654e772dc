"""Figures carry their numbers, draw the same bytes each time, and read in the dark."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib.figure
import numpy as np
import pytest

from measured import charts
from measured.charts import Series, draw, figures
from measured.evidence import Metric
from tests.cases import ROOT

LINES = {"left": {"a": Series([1, 2, 3], [[1, 2, 3], [3, 4, 5], [2, 3, 10]]), "b": Series([1, 2, 3], [[5, 5, 5]])}}
WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
CURVES = charts.curves(LINES, x="x", y="y", log_y=True, **WORDS)
DOTS = charts.dots(
    {"p": {"a": (1.0, Metric.over_seeds([0.5, 0.6], "%")), "b": (100.0, Metric.over_seeds([0.7]))}},
    x={"p": "n"},
    y="%",
    log_x=True,
    **WORDS,
)
IMAGES = charts.images({"before": np.eye(5)[None].repeat(9, 0).tolist(), "after": [np.eye(5).tolist()]}, **WORDS)
PATHS = charts.paths(
    {"plane": {f"run {run}": charts.Path([(k, run * k) for k in range(4)], [0.1 * k for k in range(4)]) for run in range(3)}},
    x={"plane": "first"},
    y={"plane": "second"},
    label="accuracy",
    **WORDS,
)
SCATTER = charts.scatter({"p": {"a": [(1, 2), (3, 4)], "b": [(0.5, 3)]}}, x="x", y="y", log_y=True, **WORDS)
BOWL = charts.Grid(range(5), range(4), [[1.0 + i * i + j * j for i in range(5)] for j in range(4)], [(0, 0, 1.0), (2, 2, 9.0)])
CONTOURS = charts.surface({"bowl": BOWL}, x="x", y="y", value="loss", **WORDS)
RELIEF = charts.surface({"bowl": BOWL}, x="x", y="y", value="loss", relief=True, **WORDS)
MEASURED = {1.0: Metric.over_seeds([1, 2, 3]), 100.0: Metric.over_seeds([4.0]), 10.0: Metric.not_measured()}
TREND = charts.trend(
    {"a": {"s": MEASURED}, "b": {"s": {1.0: Metric.over_seeds([0.5, 0.6], "%")}}},
    x="n",
    y={"a": "loss", "b": "accuracy (%)"},
    log_x=True,
    log_y={"a"},
    levels={"b": {"chance": 10.0}},
    marks={"threshold": 50.0},
    **WORDS,
)
ALL = {
    "curves": CURVES,
    "trend": TREND,
    "dots": DOTS,
    "images": IMAGES,
    "paths": PATHS,
    "scatter": SCATTER,
    "contours": CONTOURS,
    "relief": RELIEF,
}


def test_curves_store_median_and_band():
    """The table holds what is drawn: NumPy's quantiles over seeds, one row a point."""
    rows = {(row[1], row[2]): row[3:] for row in CURVES.table.rows}
    column = [3, 5, 10]
    np.testing.assert_allclose(rows["a", 3.0], [np.quantile(column, q) for q in (0.5, 0.1, 0.9)])
    assert rows["b", 1.0] == (5, 5, 5)


def test_trend_holds_summaries_and_leaves_out_what_was_not_measured():
    """In the order of x, shares in per cent, with n; an interval only where there is one."""
    rows = TREND.table.rows
    assert [row[:4] for row in rows] == [("a", "s", 1.0, 2.0), ("a", "s", 100.0, 4.0), ("b", "s", 1.0, pytest.approx(55.0))]
    assert rows[1][4:] == (None, None, 1) and rows[0][4] < 2.0 < rows[0][5]


def test_axes_and_reference_lines_differ_by_panel():
    """Each panel has its own scale and name; a level is drawn in its panel, a mark in all."""
    drawing = figures._draw_trend(TREND, figures.WIDE)
    left, right = drawing.axes
    assert (left.get_yscale(), right.get_yscale()) == ("log", "linear")
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", "accuracy (%)")
    words = [[item.get_text() for item in ax.texts] for ax in (left, right)]
    assert words == [[], ["chance"]]
    assert [item.get_text() for item in drawing.legends[0].get_texts()] == ["s", "threshold"]
    assert all(any(list(np.asarray(line.get_xdata())) == [50.0, 50.0] for line in ax.lines) for ax in (left, right))


@pytest.mark.parametrize("name", ALL)
def test_drawings_are_well_formed_and_load_nothing(name):
    """Valid XML without a script, an image or an address to load from."""
    for svg in draw(name, ALL[name]).values():
        root = ElementTree.fromstring(svg)
        references = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
        assert all(value.startswith(("#", "data:image/png")) for value in references)
        assert "prefers-color-scheme: dark" in svg and "<script" not in svg


def test_surface_keeps_every_cell_where_it_was():
    """The value at column i and row j stands beside the x of i and the y of j."""
    cells = {row[2:4]: row[4] for row in CONTOURS.table.rows if row[1] == "grid"}
    assert cells[3.0, 2.0] == 1 + 9 + 4 and len(cells) == 20


def test_narrow_is_narrow():
    """The phone's drawing is half as wide, so that its text stays readable."""
    widths = {
        layout: float(ElementTree.fromstring(svg).attrib["viewBox"].split()[2]) for layout, svg in draw("c", CURVES).items()
    }
    assert widths["narrow"] < 0.6 * widths["wide"]


def test_own_figure_is_accepted():
    """With its caption and alt text; drawn once, without pyplot."""
    drawing = matplotlib.figure.Figure()
    drawing.add_subplot().plot([1, 2], [3, 4])
    assert set(draw("own", charts.own(drawing, **WORDS))) == {"wide"}


def test_drawing_never_imports_pyplot():
    """Pyplot keeps state between threads; the reports's drawings do without."""
    code = "import sys; from measured.charts import *; w = {'caption': 'c', 'alt': 'a'}; draw('c', curves({'p': {'a': Series([1, 2], [[1, 2]])}}, x='x', y='y', **w)); draw('s', surface({'p': Grid([0, 1], [0, 1], [[1, 2], [3, 4]])}, x='x', y='y', value='v', relief=True, **w)); assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
