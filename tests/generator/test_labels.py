"""Words in charts: beside what they name, over nothing else, and large enough to be read where they are shown."""

import math
from dataclasses import replace
from typing import Any, cast

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from measured import charts
from measured.charts import Axis, Figure, Series
from measured.charts.style import LAYOUTS, LEGIBLE, SHOWN, STYLE
from measured.evidence import Estimate
from measured.looks import PALETTE
from tests.generator.test_charts import FIGURES, SHAPES

WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
X = np.linspace(0, 10, 60)
APART = charts.curves(
    {"p": {"rises": Series(X, [X]), "falls": Series(X, [10 - X])}}, x="x", y="y", levels={"p": {"half": 5.0}}, **WORDS
)
TOGETHER = charts.curves({"p": {name: Series(X, [X]) for name in ("one", "other", "third")}}, x="x", y="y", **WORDS)


def drawn(figure: Figure, layout: str = "wide") -> Any:
    """As it stands when it is written to a file."""
    with matplotlib.rc_context(cast(Any, STYLE)):
        drawing = figure.draw(LAYOUTS[layout])
        FigureCanvasAgg(drawing).draw()
    return drawing


def words_of(drawing: Any) -> dict[str, Text]:
    return {text.get_text(): text for text in drawing.findobj(Text) if text.get_visible() and text.get_text().strip()}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", [*SHAPES, "apart", "together"])
def test_letters_are_large_enough_where_they_are_shown(name, layout):
    """At least 11 CSS pixels on a phone of 360 pixels, and where the wide drawing is smallest."""
    figure = {"apart": APART, "together": TOGETHER}.get(name) or FIGURES[name]
    shown = SHOWN[layout] / (LAYOUTS[layout] * 96)
    drawing = drawn(figure, layout)
    sizes = {text: float(item.get_fontsize()) / 72 * 96 * shown for text, item in words_of(drawing).items()}
    assert sizes and min(sizes.values()) >= LEGIBLE, min(sizes, key=lambda text: sizes[text])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_names_stand_at_their_lines(layout):
    """In the colour of the line, nearer to it than to the other, over neither; there is no legend."""
    drawing = drawn(APART, layout)
    (ax,) = drawing.axes
    looks, found = APART.looks(), words_of(drawing)
    assert not drawing.legends and {"rises", "falls", "half"} <= found.keys()
    far = {}
    for name in ("rises", "falls"):
        assert found[name].get_color() == PALETTE[looks[name].colour].text
        box = found[name].get_window_extent()
        for other, ys in (("rises", X), ("falls", 10 - X)):
            at = ax.transData.transform(np.column_stack([np.linspace(0, 10, 2000), np.interp(np.linspace(0, 10, 2000), X, ys)]))
            beyond = np.maximum(0, np.maximum([box.x0, box.y0] - at, at - [box.x1, box.y1]))
            far[name, other] = np.hypot(*beyond.T).min()
    assert far["rises", "rises"] < far["rises", "falls"] and far["falls", "falls"] < far["falls", "rises"]
    assert min(far.values()) > 0


def test_names_do_not_cover_one_another():
    """Six lines side by side, with long names."""
    lines = {f"the line of number {at}": Series(X, [X + 12 * at]) for at in range(6)}
    drawing = drawn(charts.curves({"p": lines}, x="x", y="y", **WORDS))
    boxes = [text.get_window_extent() for name, text in words_of(drawing).items() if name in lines]
    assert len(boxes) == 6 and not any(box.overlaps(other) for at, box in enumerate(boxes) for other in boxes[:at])


def test_a_legend_says_what_finds_no_room():
    """Lines that lie over one another cannot be named where they are; the legend has all, and none is named twice."""
    drawing = drawn(TOGETHER)
    assert [text.get_text() for text in drawing.legends[0].get_texts()] == ["one", "other", "third"]
    assert not drawing.axes[0].texts


def test_one_line_needs_no_name():
    """The title says what it is."""
    drawing = drawn(charts.curves({"p": {"alone": Series(X, [X])}}, x="x", y="y", **WORDS))
    assert not drawing.legends and not drawing.axes[0].texts


OPEN = Estimate.over_seeds([4.0, 5.0, 6.0])


@pytest.mark.parametrize("shape", ["trend", "dots"])
@pytest.mark.parametrize(("low", "high", "arrows"), [(-math.inf, 6.0, "v"), (4.0, math.inf, "^"), (-math.inf, math.inf, "v^")])
def test_an_interval_without_an_end_is_an_arrow(shape, low, high, arrows):
    """To the end of the axis, which stays where it was; the note says what it means."""
    metric, closed = replace(OPEN, low=low, high=high), replace(OPEN, low=2.0, high=8.0)
    points: Any = {1.0: metric, 2.0: closed} if shape == "trend" else None
    panel: Any = {"a": points} if shape == "trend" else {"a": (1.0, metric), "b": (2.0, closed)}
    figure = getattr(charts, shape)({"p": panel}, x="x", y="y", **WORDS)
    (ax,) = drawn(figure).axes
    ends = {"v": ax.get_ylim()[0], "^": ax.get_ylim()[1]}
    found = {str(line.get_marker()): line.get_ydata()[0] for line in ax.lines if line.get_marker() in ("v", "^")}
    assert {marker: found[marker] for marker in arrows} == {marker: ends[marker] for marker in arrows}
    assert "bars: 95 % intervals, an arrow where one has no end" in figure.note


def test_a_bar_to_zero_on_a_logarithmic_axis_is_an_arrow():
    """Which has no zero."""
    metric = Estimate.over_seeds([0.1, 0.5])
    assert metric.low is not None and metric.low < 0
    figure = charts.trend({"p": {"a": {1.0: metric, 2.0: metric}}}, x="x", y=Axis("y", log=True), **WORDS)
    (ax,) = drawn(figure).axes
    assert [line.get_marker() for line in ax.lines].count("v") == 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_long_titles_break(layout):
    """Between words, so that none reaches into the next panel or over the edge."""
    long = "what is measured in this panel with very many words, of which none can be left out (per unit of what is meant)"
    points = {1.0: OPEN, 2.0: OPEN}
    drawing = drawn(charts.trend({f"{long} {at}": {"a": points} for at in "12"}, x=long, y=long + " again", **WORDS), layout)
    boxes = [ax.get_tightbbox() for ax in drawing.axes]
    assert all(box.x0 >= -1 and box.x1 <= drawing.bbox.x1 + 1 and box.y1 <= drawing.bbox.y1 + 1 for box in boxes)
    assert not boxes[0].padded(-1).overlaps(boxes[1])


@pytest.mark.parametrize(
    ("caption", "title", "description"),
    [
        ("Loss by size.", "Loss by size.", ""),
        ("Loss by size. Bars are intervals. More.", "Loss by size.", "Bars are intervals. More."),
        ("Loss, e.g. of tests, at 0.5 nats. `x` is the size.", "Loss, e.g. of tests, at 0.5 nats.", "`x` is the size."),
        ("Who wins? The larger.", "Who wins?", "The larger."),
    ],
)
def test_first_sentence_is_the_title(caption, title, description):
    """And the rest the description."""
    figure = charts.table(("a",), [("b",)], caption=caption)
    assert (figure.title, figure.description) == (title, description)
