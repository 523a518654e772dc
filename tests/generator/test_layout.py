"""Panels stand where matplotlib's own, slower layout would put them, and nothing lies over anything else."""

from typing import Any, Literal

import matplotlib.figure
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from measured import charts
from measured.charts import Axis
from measured.charts.layout import ROW_GAP
from measured.charts.style import LAYOUTS, svg

WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
LINE = [(0.001, 1.0), (0.5, 3.0), (20.0, 700.0)]
FAR = [(1_234_567.0, 5e7), (1_234_568.0, 6e7)]
FIGURES = {
    "one": charts.scatter({"alone": {"dots": LINE}}, x="x", y="y", **WORDS),
    "logarithmic": charts.scatter(
        {"a": {"dots": LINE, "more": LINE}, "b": {"dots": LINE}}, x=Axis("x", log=True), y=Axis("y", log=True), **WORDS
    ),
    "three": charts.scatter(
        {"a": {"dots": LINE}, "b": {"dots": LINE}, "c": {}}, x={"a": "x", "b": "other", "c": "x"}, y="y", **WORDS
    ),
    "multiplied": charts.scatter({"a": {"dots": LINE}, "b": {"dots": FAR}}, x="x", y="y", **WORDS),
    "two lines": charts.scatter({"a": {"dots": LINE}, "b": {"dots": LINE}}, x="x", y="what is\nmeasured", **WORDS),
}
CASES = [(name, layout) for name in FIGURES for layout in LAYOUTS]


def drawn(name: str, layout: str, engine: Literal["constrained"] | None = None) -> matplotlib.figure.Figure:
    """A figure as it was drawn; with another layout ``engine`` than ours, without the legend that it makes no room for."""
    found: list[matplotlib.figure.Figure] = []

    def draw() -> matplotlib.figure.Figure:
        drawing = FIGURES[name].draw(LAYOUTS[layout])
        if engine:
            drawing.set_layout_engine(engine)
            for legend in drawing.legends:
                legend.remove()
        found.append(drawing)
        return drawing

    svg(name, draw)
    return found[0]


def boxes_of(drawing: matplotlib.figure.Figure) -> list[Bbox]:
    """What each panel and the legend cover, labels included, as another renderer measures it."""
    renderer = FigureCanvasAgg(drawing).get_renderer()
    return [box for item in (*drawing.axes, *drawing.legends) if (box := item.get_tightbbox(renderer))]


@pytest.mark.parametrize(("name", "layout"), CASES)
def test_panels_stand_apart_and_inside(name, layout):
    """No label of a panel reaches into another panel, into the legend, or over the edge."""
    drawing = drawn(name, layout)
    boxes = boxes_of(drawing)
    for place, box in enumerate(boxes):
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= drawing.bbox.x1 + 1 and box.y1 <= drawing.bbox.y1 + 1
        assert not any(box.padded(-1).overlaps(other) for other in boxes[:place])


@pytest.mark.parametrize(("name", "layout"), [case for case in CASES if case[0] not in ("logarithmic", "multiplied")])
def test_frames_stand_where_constrained_layout_puts_them(name, layout):
    """Each side of each frame is within three points, and the gap between rows, of where a layout that measures has it."""
    ours, theirs = drawn(name, layout), drawn(name, layout, "constrained")
    size = [72 * inches for inches in ours.get_size_inches()]
    spec = ours.axes[0].get_gridspec()
    allowed = 3 + ROW_GAP * ((spec.nrows if spec else 1) - 1)
    for mine, other in zip(ours.axes, theirs.axes, strict=True):
        for side in range(2):
            apart = (mine.get_position().get_points() - other.get_position().get_points())[:, side] * size[side]
            assert abs(apart).max() < allowed
