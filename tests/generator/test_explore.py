"""Figures explored in a real browser, from a file: what is shown is what the CSV says, and JavaScript only adds."""

import csv
import io
import math
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.generator.cases import ToyProject
from tests.generator.once import made_once

HOSTILE = "<b>bold</b><img src=x onerror=alert(1)> <a href='javascript:alert(1)'>%{x}</a> &lt;i&gt; __proto__"
CHAPTER = f'''"""Do figures show what was measured?"""

from dataclasses import dataclass

from measured import charts
from measured.charts import Axis
from measured.evidence import Estimate, Result, Seeds

HOSTILE = {HOSTILE!r}


@dataclass(frozen=True)
class Settings:
    seeds: Seeds = Seeds(5)
    """Runs."""


PRESETS = {{"quick": Settings(Seeds(2)), "standard": Settings(), "full": Settings(Seeds(9))}}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    low = Estimate.over_seeds([0.1, 0.2, 0.3, 0.15, 0.25])
    high = Estimate.over_seeds([1.0, 2.0, 3.0, 1.5, 2.5])
    return Result({{"low": low, "high": high}}, {{
        name: figure
        for make in (lines, steps, things, clouds, mine)
        for name, figure in charts.drawn(make, *((low, high) if make in (steps, things) else ())).items()
    }})


def lines() -> charts.Figure:
    """Lines of <i>two</i> kinds."""
    two = [[1.0, 10.0, 100.0], [2.0, 20.0, 200.0], [3.0, 30.0, 300.0]]
    panels = {{
        "left": {{HOSTILE: charts.Series([1, 2, 4], two), "__proto__": charts.Series([1, 2, 4], two[:1])}},
        "right <u>": {{"truth": charts.Series([1, 2, 4], [[0.0, -1.0, 2.0]])}},
    }}
    y = {{"left": Axis("loss <b>", log=True), "right <u>": "value"}}
    return charts.curves(panels, x=HOSTILE, y=y, alt="Lines.", reference="truth", limits={{"right <u>": (-2, 3)}},
                         levels={{"left": {{HOSTILE: 50.0}}}}, marks={{HOSTILE: 2.0}})


def steps(low, high) -> charts.Figure:
    """Steps."""
    return charts.trend({{"all": {{"a": {{1: low, 10: high}}, "b": {{1: high, 10: low}}}}}}, x=Axis("size", log=True),
                        y=Axis("sharpness", log=True), alt="Two trends.")


def things(low, high) -> charts.Figure:
    """Things."""
    return charts.dots({{"all": {{"a": (1.0, low), HOSTILE: (2.0, high)}}}}, x="size", y="loss", alt="Dots.")


def clouds() -> charts.Figure:
    """Clouds."""
    points = [(0.1 * number, (number * 7919 % 101) / 7) for number in range(60)]
    return charts.scatter({{"all": {{"a": points[:30], "b": points[30:]}}}}, x="x", y="y", alt="Clouds.", alike=True)


def mine() -> charts.Figure:
    """My own."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(4, 2))
    drawing.add_subplot().plot([1, 2], [3, 4])
    table = charts.Table(("which", "width", "height"), (("a", 1.0, 3.0), ("b", 2.0, 4.0)))
    return charts.own(drawing, alt="A line.", table=table)


CLAIMS = ()
'''
FIGURES = ("lines", "steps", "things", "clouds", "mine")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, built_once: ToyProject) -> Path:
    """A site with a figure of each shape that charts explore, whose names are as bad as they can be."""
    return made_once(tmp_path_factory, "explored", lambda folder: build(folder, CHAPTER, FIGURES, built_once)) / "site"


def build(folder: Path, chapter: str, figures: Sequence[str], before: ToyProject) -> None:
    """The site of a report whose one chapter shows these figures, under the policy of all pages."""
    project = ToyProject(folder, ("shown",))
    project.learn_from(before)
    project.write("experiments/shown.py", chapter)
    project.write("templates/chapters/shown.md.jinja2", "".join(f"{{{{ figure.{name} }}}}\n\n" for name in figures))
    outcome = project.build()
    assert outcome.returncode == 0, outcome.stderr
    assert "Content-Security-Policy" in project.read("site/shown.html")


def wait_until(holds: Callable[[], bool], tab: Any) -> None:
    """Let the browser go on until it is so."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        tab.wait_for_timeout(50)


class Reader:
    """A tab that shows the chapter, and what it asked for and complained of."""

    def __init__(self, browser: Any, site: Path, **options: Any):
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **options})
        self.context.set_default_timeout(60_000)
        self.tab = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.tab.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.tab.goto((site / "shown.html").as_uri())

    def figure(self, name: str) -> Any:
        return self.tab.locator(f"#figure-{name}")

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it, as long as a busy machine may take."""
        wait_until(holds, self.tab)

    def explore(self, name: str) -> Any:
        figure = self.figure(name)
        figure.get_by_role("button", name="Explore").click()
        figure.get_by_role("button", name="Back to the drawing", disabled=False).wait_for()
        return figure

    def traces(self, name: str) -> list[list[dict[str, Any]]]:
        """What plotly was given, by panel."""
        return self.tab.evaluate(
            """name => [...document.querySelectorAll(`#figure-${name} .plot`)].map(plot => plot.data.map(trace => ({
                x: [...trace.x], y: [...trace.y], visible: trace.visible, skipped: trace.hoverinfo === "skip",
                above: trace.error_y?.array ? [...trace.error_y.array] : null,
                below: trace.error_y?.arrayminus ? [...trace.error_y.arrayminus] : null})))""",
            name,
        )

    def types(self, name: str, side: str) -> list[str]:
        """Scales of one axis, by panel."""
        return self.tab.evaluate(
            """([name, side]) => [...document.querySelectorAll(`#figure-${name} .plot`)].map(
                plot => plot._fullLayout[side].type)""",
            [name, f"{side}axis"],
        )


@pytest.fixture
def reader(browser, site: Path):
    """Someone who looks at the chapter on a desk."""
    reader = Reader(browser, site)
    yield reader
    reader.context.close()


def _rows(site: Path, name: str) -> list[list[Any]]:
    text = (site / "data" / "shown" / f"{name}.csv").read_text(encoding="utf-8")
    _, *rows = csv.reader(io.StringIO(text))

    def read(cell: str) -> Any:
        try:
            return float(cell)
        except ValueError:
            return cell or None

    return [[*map(read, row)] for row in rows]


def _points(traces: list[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(x, y) for trace in traces for x, y in zip(trace["x"], trace["y"], strict=True)]


pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


def test_curves_show_what_the_csv_says(reader: Reader, site: Path):
    """Medians and the ends of the bands, every row."""
    reader.explore("lines")
    rows = _rows(site, "lines")
    for panel, traces in zip(("left", "right <u>"), reader.traces("lines"), strict=True):
        expected = [row for row in rows if row[0] == panel]
        medians = _points([trace for trace in traces if not trace["skipped"]])
        assert sorted(medians) == sorted((row[2], row[3]) for row in expected)
        banded = [row for row in expected if row[1] == HOSTILE]
        edges = [trace for trace in traces if trace["skipped"]]
        assert [trace["y"] for trace in edges] == ([[row[4] for row in banded], [row[5] for row in banded]] if banded else [])
    assert len(rows) == 9


def test_trends_show_what_the_csv_says(reader: Reader, site: Path):
    """Values and the ends of their intervals, every row."""
    reader.explore("steps")
    (traces,) = reader.traces("steps")
    found = [
        (x, y, y - below, y + above)
        for trace in traces
        for x, y, below, above in zip(trace["x"], trace["y"], trace["below"], trace["above"], strict=True)
    ]
    expected = [tuple(row[2:6]) for row in _rows(site, "steps")]
    assert len(expected) == 4
    for shown, told in zip(sorted(found), sorted(expected), strict=True):
        assert shown == pytest.approx(told)


def test_dots_show_what_the_csv_says(reader: Reader, site: Path):
    """Each seed and the summary, every row; without the seeds on request."""
    figure, rows = reader.explore("things"), _rows(site, "things")
    (traces,) = reader.traces("things")
    assert sorted(_points(traces)) == sorted((row[2], row[3]) for row in rows) and len(rows) == 12
    (summary,) = [trace for trace in traces if trace["above"] and trace["x"] == [1.0]]
    assert summary["y"][0] - summary["below"][0] == pytest.approx(rows[5][4])
    figure.get_by_label("single seeds").uncheck()
    (traces,) = reader.traces("things")
    assert len(_points(traces)) == 2


@pytest.mark.parametrize("name, column", [("clouds", 2), ("mine", 1)])
def test_clouds_show_what_the_csv_says(reader: Reader, site: Path, name, column):
    """Every row; of an author's own drawing, what its table has."""
    reader.explore(name)
    (traces,) = reader.traces(name)
    expected = [(row[column], row[column + 1]) for row in _rows(site, name)]
    assert sorted(_points(traces)) == sorted(expected) and expected


def test_scales_follow_the_drawing_and_then_the_reader(reader: Reader):
    """A logarithmic axis is one until its button is pressed; what is not positive is offered none."""
    figure = reader.explore("steps")
    assert reader.types("steps", "x") == reader.types("steps", "y") == ["log"]
    figure.get_by_role("button", name="Log y").press("Enter")
    assert (reader.types("steps", "x"), reader.types("steps", "y")) == (["log"], ["linear"])
    assert figure.get_by_role("button", name="Log y").get_attribute("aria-pressed") == "false"
    figure = reader.explore("lines")
    assert reader.types("lines", "y") == ["log", "linear"]
    assert figure.get_by_role("button", name="Log x").count() == 1
    figure = reader.explore("clouds")
    assert figure.get_by_role("button", name="Log").count() == 0  # one of its points is the origin


def test_series_go_and_come_back_by_keyboard(reader: Reader):
    """Each has a box, in whose place the space bar will do."""
    figure = reader.explore("steps")
    box = figure.get_by_role("checkbox", name="a", exact=True)
    box.focus()
    box.press("Space")
    assert [trace["visible"] for trace in reader.traces("steps")[0]] == [False, True]
    box.press("Space")
    assert [trace["visible"] for trace in reader.traces("steps")[0]] == [True, True]


def test_points_can_be_read_by_keyboard(reader: Reader):
    """The arrow keys go from point to point, and a screen reader hears what stands beside each."""
    figure = reader.explore("steps")
    plot = figure.locator(".plot")
    plot.focus()
    plot.press("ArrowRight")
    said = figure.get_by_role("status").text_content()
    assert said.startswith("a; size: 1; sharpness: 0.2; 95 % interval: ") and said.endswith("n = 5")
    assert figure.locator(".hoverlayer").text_content()
    ranges = "name => document.querySelector(`#figure-${name} .plot`)._fullLayout.xaxis.range"
    before = reader.tab.evaluate(ranges, "steps")
    plot.press("+")
    reader.until(lambda: reader.tab.evaluate(ranges, "steps") != before)
    closer = reader.tab.evaluate(ranges, "steps")
    assert closer[1] - closer[0] == pytest.approx((before[1] - before[0]) / 2)
    figure.get_by_role("button", name="Reset").press("Enter")
    reader.until(lambda: reader.tab.evaluate(ranges, "steps") == pytest.approx(before))


def test_text_from_an_experiment_arrives_as_text(reader: Reader):
    """Names that are HTML, a link that is a script, a template of plotly's: none becomes anything else."""
    figure = reader.explore("lines")
    plot = figure.locator(".plot").first
    plot.focus()
    plot.press("ArrowRight")
    figure.locator(".hoverlayer .hovertext").first.wait_for()
    assert reader.tab.locator("#figure-lines :is(img:not(picture img), a[href^='javascript'], u, i)").count() == 0
    assert reader.tab.locator("#figure-lines svg a").count() == 0
    assert HOSTILE in figure.locator(".explorer").inner_text()  # its box
    assert HOSTILE in figure.get_by_role("status").text_content()
    hovered = figure.locator(".hoverlayer").first.text_content()
    assert hovered.startswith(HOSTILE + HOSTILE + ": 1"), hovered  # the name, then the title of the axis
    assert HOSTILE in figure.locator(".infolayer").first.text_content()  # the level and the mark
    assert "Lines of <i>two</i> kinds." in figure.locator("figcaption").inner_text()
    assert reader.complaints == []


def test_first_view_loads_no_explorer_and_exploring_loads_it_once_from_the_site(reader: Reader, site: Path):
    """Nothing heavy before it is asked for, and never anything from elsewhere."""
    loaded = [url.rsplit("/site/")[-1] for url in reader.requests]
    assert "site.js" in loaded and not [url for url in loaded if "plotly" in url or url.startswith(("explore", "data"))]
    reader.explore("lines")
    reader.explore("steps")
    loaded = [url.rsplit("/site/")[-1] for url in reader.requests]
    assert loaded.count("plotly.min.js") == loaded.count("explore/explore.js") == loaded.count("explore/charts.js") == 1
    assert "data/shown/lines.js" in loaded and "data/shown/clouds.js" not in loaded
    assert all(url.startswith((site.as_uri(), "blob:", "data:")) for url in reader.requests)
    assert reader.complaints == []  # of the policy, above all
    assert (site / "plotly.min.js").read_bytes()[:100].count(b"Plotly, Inc.") == 1  # its licence stays


def test_there_is_a_way_back(reader: Reader):
    """The drawing returns, and what was chosen is there when the reader explores again."""
    figure = reader.explore("steps")
    assert not figure.locator("picture").is_visible() and figure.locator(".explorer").is_visible()
    figure.get_by_role("checkbox", name="b", exact=True).uncheck()
    button = figure.get_by_role("button", name="Back to the drawing")
    assert button.get_attribute("aria-expanded") == "true"
    button.press("Enter")
    assert figure.locator("picture").is_visible() and not figure.locator(".explorer").is_visible()
    reader.explore("steps")
    assert not figure.get_by_role("checkbox", name="b", exact=True).is_checked() and figure.locator(".explorer").count() == 1


def test_nothing_above_a_figure_moves(reader: Reader):
    """What replaces the drawing is as high at least, so that only what is below makes room."""
    figure = reader.figure("things")
    before, height = figure.bounding_box(), figure.locator("picture").bounding_box()["height"]
    reader.explore("things")
    after = figure.bounding_box()
    scrolled = reader.tab.evaluate("scrollY")
    assert after["y"] + scrolled == pytest.approx(before["y"], abs=1)
    assert height - 1 <= figure.locator(".explorer").bounding_box()["height"] < height + 150


def test_colours_follow_the_reader(reader: Reader):
    """From light to dark and back, while a figure is explored."""

    def drawn() -> list[str]:
        return reader.tab.evaluate(
            "[...document.querySelectorAll('#figure-steps .plot')].flatMap(plot => [plot._fullLayout.font.color,"
            " ...plot.data.map(trace => trace.marker.color)])"
        )

    reader.explore("steps")
    light = drawn()
    reader.tab.emulate_media(color_scheme="dark")
    reader.until(lambda: all(one != other for one, other in zip(light, drawn(), strict=True)))
    reader.tab.emulate_media(color_scheme="light")
    reader.until(lambda: drawn() == light)


@pytest.mark.parametrize("missing", ["plotly.min.js", "data/shown/steps.js", "explore/charts.js"])
def test_a_missing_file_is_named_and_the_drawing_stays(browser, site: Path, tmp_path: Path, missing):
    """In a sentence; and it can be tried again."""
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    (copy / missing).unlink()
    reader = Reader(browser, copy)
    figure = reader.figure("steps")
    figure.get_by_role("button", name="Explore").click()
    reader.tab.get_by_text(f"the file {missing} is missing").wait_for()
    assert figure.locator("picture").is_visible() and figure.locator(".explorer").count() == 0
    shutil.copy(site / missing, copy / missing)
    reader.explore("steps")
    assert figure.get_by_role("status").text_content() == ""
    reader.context.close()


@pytest.mark.parametrize("scheme, paper", [("light", (255, 255, 255)), ("dark", (22, 24, 29))])
def test_png_is_the_drawing_on_the_readers_paper(browser, site: Path, tmp_path: Path, scheme, paper):
    """Two pixels for each of the drawing's, and something on it."""
    reader = Reader(browser, site, color_scheme=scheme, accept_downloads=True)
    with reader.tab.expect_download() as download:
        reader.figure("steps").get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "shown-steps.png"
    download.value.save_as(tmp_path / "steps.png")
    width, height, pixels = _png(tmp_path / "steps.png")
    natural = reader.tab.evaluate(
        "() => { const image = new Image(); image.src = 'figures/shown/steps.svg';"
        " return image.decode().then(() => [image.naturalWidth, image.naturalHeight]); }"
    )
    assert [width, height] == [2 * side for side in natural]
    assert tuple(pixels[:3]) == paper
    colours = {tuple(pixels[place : place + 3]) for place in range(0, len(pixels), 4)}
    assert len(colours) > 50
    bright = max(sum(colour) for colour in colours), min(sum(colour) for colour in colours)
    assert (bright[1] < 200) if scheme == "light" else (bright[0] > 600)  # ink that can be read
    assert reader.complaints == []
    reader.context.close()


def _png(path: Path) -> tuple[int, int, bytes]:
    """Width, height and RGBA pixels."""
    data, place, packed, width, height = path.read_bytes(), 8, b"", 0, 0
    while place < len(data):
        (size,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", content[:10])
            assert (depth, colour) == (8, 6)
        packed += content if kind == b"IDAT" else b""
        place += 12 + size
    raw, stride, above = zlib.decompress(packed), 4 * width, bytes(4 * width)
    lines = []
    for number in range(height):
        kind, *line = raw[number * (stride + 1) : (number + 1) * (stride + 1)]
        for at in range(stride):
            left, corner = (line[at - 4], above[at - 4]) if at >= 4 else (0, 0)
            if kind == 4:
                guess = left + above[at] - corner
                steps = [abs(guess - value) for value in (left, above[at], corner)]
                more = (left, above[at], corner)[steps.index(min(steps))]
            else:
                more = (0, left, above[at], (left + above[at]) // 2)[kind]
            line[at] = (line[at] + more) & 255
        lines.append(bytes(line))
        above = lines[-1]
    return width, height, b"".join(lines)


def test_command_is_copied_or_shown(browser, site: Path):
    """Where the clipboard is refused the command is there to be marked by hand."""
    reader = Reader(browser, site, permissions=["clipboard-read", "clipboard-write"])
    figure = reader.figure("steps")
    button = figure.get_by_role("button", name="Command")
    button.click()
    figure.get_by_role("status").get_by_text("copied").wait_for()
    assert reader.tab.evaluate("navigator.clipboard.readText()") == "python build.py --only shown"
    assert not figure.get_by_text("python build.py").is_visible()
    reader.tab.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('no')); 0")
    button.click()
    figure.get_by_text("python build.py --only shown").wait_for(state="visible")
    reader.context.close()


def test_without_scripts_all_is_readable_and_no_control_is_dead(browser, site: Path):
    """Links and the command are there; what only scripts can do is not."""
    reader = Reader(browser, site, java_script_enabled=False)
    for name in FIGURES:
        figure = reader.figure(name)
        assert figure.get_by_role("button").count() == 0
        assert [link.inner_text() for link in figure.locator(".bar a").all()] == ["Numbers", "SVG", "Code"]
        figure.locator("summary", has_text="Command").click()
        assert figure.get_by_text("python build.py --only shown").is_visible()
        assert figure.locator("picture").is_visible()
    reader.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_explorers_fit_a_phone(browser, site: Path, scheme):
    """No page is wider than the screen, panels stand below one another, and a finger that moves over a chart scrolls."""
    options = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "color_scheme": scheme}
    reader = Reader(browser, site, **options)
    for name in FIGURES:
        figure = reader.explore(name)
        assert reader.tab.evaluate("document.documentElement.scrollWidth") <= 360, name
        for control in figure.locator(":is(.bar, .controls) :is(a, button, label)").all():
            assert control.bounding_box()["height"] >= 24
        assert not figure.get_by_label("drag to zoom").is_checked()
    lefts = {plot.bounding_box()["x"] for plot in reader.figure("lines").locator(".plot").all()}
    assert len(lefts) == 1
    plot = reader.figure("clouds").locator(".plot")
    plot.scroll_into_view_if_needed()
    plot.tap(position={"x": 150, "y": 100})
    plot.locator(".hoverlayer .hovertext").wait_for()
    assert reader.complaints == []
    reader.context.close()


def test_numbers_that_are_not_finite_are_told(tmp_path: Path):
    """An open end of an interval is text in the file, which is JSON and ASCII for all that it holds."""
    from measured import charts
    from measured.pages import data

    figure = charts.scatter({"ä": {"\u2028</script>": [(math.inf, 1.0)]}}, x="x", y="y", alt="One.", caption="One.")
    text = data.as_script("table", "a/b", data.for_scripts(figure)).decode("ascii")
    assert '"inf"' in text and "\\u2028" in text and text.startswith('measured.table("a/b", {')
