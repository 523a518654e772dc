"""A drawing is kept as long as what it shows stays the same, and never shown for something else."""

import json
import re
from dataclasses import replace
from typing import Any

import matplotlib.figure
import pytest

import measured.charts.drawings as module
from measured import charts
from measured.charts import Axis, Drawings
from measured.charts.draughtsman import Draughtsman

WORDS: dict[str, Any] = {"caption": "Caption.", "alt": "Alt."}
SCATTER = charts.scatter({"p": {"a": [(1, 2), (3, 4)]}}, x="x", y="y", **WORDS)


@pytest.fixture
def drawings(tmp_path) -> Drawings:
    """An empty folder of drawings."""
    return Drawings(tmp_path / "drawings")


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """Names of the figures that are drawn; each new drawing is another one."""
    names: list[str] = []

    def draw(name: str, figure: charts.Figure) -> dict[str, str]:
        names.append(name)
        return {"wide": f"<svg>{len(names)}</svg>"}

    monkeypatch.setattr(module, "draw", draw)
    return names


def test_kept_drawing_is_the_drawing(drawings):
    """What is loaded is what was drawn, by a later process too."""
    first = drawings.of("s", SCATTER)
    assert first == charts.draw("s", SCATTER) == Drawings(drawings.folder).of("s", SCATTER)
    assert drawings.load(drawings.key("s", SCATTER)) == first


def test_words_around_a_figure_are_in_no_drawing(drawings, drawn):
    """Another caption or alt text draws nothing again."""
    first = drawings.of("s", SCATTER)
    assert drawings.of("s", replace(SCATTER, caption="Other words.", alt="Others.")) == first
    assert drawn == ["s"]


@pytest.mark.parametrize(
    "other",
    [
        charts.scatter({"p": {"a": [(1, 2), (3, 5)]}}, x="x", y="y", **WORDS),
        charts.scatter({"p": {"b": [(1, 2), (3, 4)]}}, x="x", y="y", **WORDS),
        charts.scatter({"p": {"a": [(1, 2), (3, 4)]}}, x="x", y="height", **WORDS),
        charts.scatter({"p": {"a": [(1, 2), (3, 4)]}}, x=Axis("x", log=True), y="y", **WORDS),
        charts.scatter({"p": {"a": [(1, 2), (3, 4)]}}, x="x", y="y", alike=True, **WORDS),
    ],
    ids=["number", "name", "title", "scale", "option"],
)
def test_what_shows_is_drawn_again(drawings, drawn, other):
    """A number, a name, a title, a scale, an option."""
    assert drawings.of("s", SCATTER) != drawings.of("s", other)
    assert drawn == ["s", "s"]


def test_name_code_and_libraries_are_part_of_a_key(drawings, drawn, monkeypatch):
    """Ids in an SVG hang on the name; another way to draw draws everything again."""
    for name in ("s", "t"):
        drawings.of(name, SCATTER)
    code = module.what_draws()
    assert {"style.py", "scatter.py", "number.py", "matplotlib", "numpy"} <= code.keys()
    monkeypatch.setattr(module, "what_draws", lambda: code | {"style.py": "another text"})
    drawings.of("s", SCATTER)
    assert drawn == ["s", "t", "s"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-9],
        lambda text: text.replace("<svg>1", "<svg>7"),
        lambda text: json.dumps(json.loads(text) | {"format": 0}),
        lambda text: "[]",
        lambda text: "",
    ],
    ids=["cut off", "changed", "another format", "something else", "empty"],
)
def test_damaged_drawing_is_drawn_again(drawings, drawn, damage):
    """A file that is not whole, or of another format, counts as missing and is replaced."""
    drawings.of("s", SCATTER)
    (path,) = drawings.folder.iterdir()
    path.write_text(damage(path.read_text()))
    assert drawings.load(path.stem) is None
    again = drawings.of("s", SCATTER)
    assert drawn == ["s", "s"] and drawings.load(path.stem) == again
    assert [item.name for item in drawings.folder.iterdir()] == [path.name]


def test_changed_own_figure_is_never_shown_as_it_was(drawings):
    """A matplotlib figure says by its drawing alone what it shows, with the same table or another."""

    def own(height: float) -> charts.Figure:
        drawing = matplotlib.figure.Figure(figsize=(1, 1))
        drawing.add_subplot().plot([1, 2], [0, height])
        return charts.own(drawing, **WORDS)

    assert drawings.of("o", own(1)) != drawings.of("o", own(2))
    assert drawings.key("o", own(1)) == drawings.key("o", own(1)) and len(drawings.keys()) == 2


def test_table_has_no_drawing(drawings):
    """Nothing is drawn and nothing kept."""
    assert drawings.of("t", charts.table(("a",), [(1,)], caption="Caption.")) == {} and not drawings.keys()


def test_what_is_not_wanted_any_more_is_removed(drawings, drawn):
    """By key; what was never there is no error."""
    for name in ("s", "t"):
        drawings.of(name, SCATTER)
    key = drawings.key("s", SCATTER)
    assert drawings.keys() == {key, drawings.key("t", SCATTER)}
    drawings.remove([key, "0" * 64])
    assert drawings.keys() == {drawings.key("t", SCATTER)}


def line(end: int) -> charts.Figure:
    return charts.curves({"p": {"a": charts.Series((1, 2), [(1.0, float(end))])}}, x="x", y="y", **WORDS)


def test_draughtsman_draws_the_same_bytes(tmp_path):
    """Figures of two layouts, of one, and of none, however the work is shared; what is kept is not drawn again."""
    own = matplotlib.figure.Figure()
    own.add_subplot().plot([1, 2], [3, 1])
    figures = {f"line {k}": line(k) for k in range(3)} | {
        "own": charts.own(own, **WORDS).settled("own"),
        "table": charts.table(("a",), [("b",)], caption="c"),
    }
    with Draughtsman(is_needed=True) as draughtsman:
        drawn = charts.Drawings(tmp_path).of_all(figures, draughtsman.draw_all)
    assert drawn == {name: charts.draw(name, figure) for name, figure in figures.items()}
    assert charts.Drawings(tmp_path).of_all(figures, lambda _: pytest.fail("drawn again")) == drawn


def test_what_cannot_be_drawn_says_so_here(monkeypatch):
    """What goes wrong in the other process goes wrong in this one, with its message; so does one that has ended."""
    broken = replace(line(1), table=charts.Table(("x",), ((1.0,),)))
    with Draughtsman(is_needed=True) as draughtsman:
        with pytest.raises(Exception) as caught:
            draughtsman.draw_all({"broken": broken})
        with pytest.raises(type(caught.value), match=re.escape(str(caught.value))):
            charts.draw("broken", broken)
        assert draughtsman._process
        draughtsman._process.kill()
        draughtsman._process.wait()
        assert draughtsman.draw_all({"line": line(1)}) == {"line": charts.draw("line", line(1))}
