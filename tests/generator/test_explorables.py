"""What one plays with in a real browser: a knob, a player, a surface that turns, a tolerance; all show what the CSV says."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from tests.generator.cases import ToyProject
from tests.generator.once import made_once
from tests.generator.test_explore import HOSTILE, Reader, build

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

CHAPTER = f'''"""Do explorables show what was measured?"""

from dataclasses import dataclass

from measured import charts
from measured.charts import Axis, Example, Slide
from measured.evidence import Estimate, Result, Seeds

HOSTILE = {HOSTILE!r}


@dataclass(frozen=True)
class Settings:
    seeds: Seeds = Seeds(5)
    """Runs."""


PRESETS = {{"quick": Settings(Seeds(2)), "standard": Settings(), "full": Settings(Seeds(9))}}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    figures = {{name: figure for make in (knob, walk, hill, signs) for name, figure in charts.drawn(make).items()}}
    return Result({{"low": Estimate.over_seeds([0.1, 0.2, 0.3])}}, figures)


def knob() -> charts.Figure:
    """A knob."""
    picture = [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]
    shares = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.1, 0.2, 0.7], [0.0, 0.0, 1.0]]
    curves = {{
        "loss": {{HOSTILE: [0.01, 0.1, 1.0, 10.0], "test": [0.02, 0.2, 2.0, 5.0]}},
        "accuracy": {{HOSTILE: [90.0, 80.0, 40.0, 10.0], "test": [85.0, 70.5, 30.0, 20.0]}},
    }}
    examples = {{"one": Example(picture, "a", shares), HOSTILE: Example(picture, HOSTILE, shares[::-1])}}
    panels = {{"left": Slide(curves, examples), HOSTILE: Slide(curves, {{"one": Example(picture, "c", shares[::-1])}})}}
    y = {{"loss": Axis("loss", log=True), "accuracy": HOSTILE}}
    return charts.slides(panels, knob=HOSTILE, at=[-0.5, 0.0, 0.5, 1.0], y=y, names=["a", HOSTILE, "c"], alt="A knob.",
                         marks={{HOSTILE: 0.0, "end": 1.0}}, stops=[0.0, 0.5])


def walk() -> charts.Figure:
    """A walk."""
    one, other = [(0, 0), (1, 2), (3, 1), (4, 4)], [(0, 0), (-1, -2), (-2, 1), (-3, -5)]
    panels = {{"left": {{HOSTILE: charts.Path(one, [10, 20, 30, 40]), "b": charts.Path(other, [10, 50, 60.5, 90])}},
              HOSTILE: {{"c": charts.Path(other, [5, 6, 7, 8])}}}}
    return charts.paths(panels, x=HOSTILE, y="up", label=HOSTILE, step="epoch", alt="A walk.")


def hill() -> charts.Figure:
    """A hill."""
    xs, ys = [-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0]
    values = [[0.1 + x * x + 0.3 * y * y + 0.01 * x for x in xs] for y in ys]
    panels = {{"left": charts.Grid(xs, ys, values, [(-1.3, 0.4, 3.0), (0.4, 1.6, 1.0), (0.6, 0.7, 0.3)]),
              HOSTILE: charts.Grid(xs, ys, values)}}
    return charts.surface(panels, x=HOSTILE, y="up", value=HOSTILE, alt="A hill.", relief=True)


def signs() -> charts.Figure:
    """Signs."""
    groups = {{
        "first": {{"p": [-1e-9, 1e-13, 3e-5, 0.5, 2.0], HOSTILE: [1e-4, 1.0, 2e-15]}},
        HOSTILE: {{"q": [-3.0, -1e-3, -1e-8], "r": [0.0, 1e-6, 4.0, -2e-6]}},
    }}
    return charts.spectrum(groups, tolerance=1e-7, alt="Signs.")


CLAIMS = ()
'''
FIGURES = ("knob", "walk", "hill", "signs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, built_once: ToyProject) -> Path:
    """A site with one figure of each shape."""
    return made_once(tmp_path_factory, "explorables", lambda folder: build(folder, CHAPTER, FIGURES, built_once)) / "site"


@pytest.fixture
def reader(browser, site: Path):
    """A reader who asked for less motion, at the end of whose visit nothing was wrong."""
    reader = Reader(browser, site, reduced_motion="reduce")
    yield reader
    assert reader.complaints == []
    assert all(url.startswith(("file://", "data:", "blob:")) for url in reader.requests)
    reader.context.close()


def table(site: Path, name: str) -> list[list[str]]:
    """The rows of a figure's CSV."""
    with (site / "data" / "shown" / f"{name}.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def shown(value: float) -> str:
    """A number in four digits, as scripts write it."""
    return f"{value:.4g}".replace("-", "−")


def read_back(part: Any, axes: Any, log: bool = False) -> tuple[float, float]:
    """Where a circle stands, in the numbers of the axes: by two ticks of each side."""
    found = axes.evaluate(
        """axes => [...axes.querySelectorAll("text:not(.title)")].map(text => ({
            text: text.textContent, x: Number(text.getAttribute("x")), y: Number(text.getAttribute("y")),
            side: text.getAttribute("text-anchor") === "end" ? "y" : "x"}))"""
    )

    def back(side: str, pixel: float, log: bool) -> float:
        ticks = [(tick[side], float(tick["text"].replace("−", "-"))) for tick in found if tick["side"] == side]
        (low, first), *_, (high, last) = ticks
        if log:
            first, last = math.log10(first), math.log10(last)
        value = first + (pixel - low) / (high - low) * (last - first)
        return 10**value if log else value

    x, y = (float(part.get_attribute(name)) for name in ("cx", "cy"))
    return back("x", x, False), back("y", y, log)


def test_slider_shows_curves_and_shares_of_the_table(reader: Reader, site: Path):
    """By keyboard, at each value of the knob: readings, dots on the curves, bars and what the mixture says are the table's."""
    figure, rows = reader.explore("knob"), table(site, "knob")
    slider = figure.get_by_role("slider")
    slider.focus()
    reader.tab.keyboard.press("Home")
    for at in ("-0.5", "0.0", "0.5", "1.0"):
        assert f"= {shown(float(at))}" in figure.locator("output").inner_text()
        assert f"= {shown(float(at))}" in slider.get_attribute("aria-valuetext")
        for section in figure.locator("section").all():
            panel = section.get_attribute("data-panel")
            for chart in ("loss", "accuracy"):
                drawn = section.locator(f"div[data-chart={chart}]")
                lines = [row for row in rows if row[:3] == [panel, "curve", chart] and row[4] == at]
                assert len(lines) == 2
                for place, (_, _, _, name, _, value) in enumerate(lines):
                    assert drawn.locator(".reading").nth(place).text_content() == f"{name} {shown(float(value))}"
                    found = read_back(drawn.locator("circle").nth(place), drawn.locator(".axes"), log=chart == "loss")
                    assert found == (pytest.approx(float(at), abs=1e-6), pytest.approx(float(value), rel=1e-3))
            for example in section.locator("li").all():
                title = example.get_attribute("data-example")
                shares = {row[3]: float(row[5]) for row in rows if row[:3] == [panel, "share", title] and row[4] == at}
                heights = {bar.get_attribute("data-name"): height_of(bar) for bar in example.locator(".share").all()}
                assert len(shares) == 3
                assert heights == {
                    name: pytest.approx(share * height_of_all(example), abs=0.6) for name, share in shares.items()
                }
                best = max(shares, key=shares.__getitem__)
                assert f"{best}: {100 * shares[best]:.0f} %" in example.locator("p").inner_text()
        reader.tab.keyboard.press("ArrowRight")
    figure.get_by_role("button", name="end").click()
    assert "= 1" in figure.locator("output").inner_text()
    grey = figure.locator("canvas").first.evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 3, 2).data]")
    assert grey[::4] == [255, 127, 0, 0, 127, 255]


def height_of(part: Any) -> float:
    return part.evaluate("part => part.getBoundingClientRect().height")


def height_of_all(example: Any) -> float:
    """Of a bar for the whole: what is above the names."""
    return example.locator(".bars b").first.evaluate(
        "name => name.getBoundingClientRect().top - name.closest('.bars').getBoundingClientRect().top"
    )


def test_slider_follows_a_pointer_on_a_curve(reader: Reader):
    """Pressing at a value of the knob goes there, and dragging goes on."""
    figure = reader.explore("knob")
    chart = figure.locator("div[data-chart=loss] svg").first
    chart.hover(position={"x": chart.bounding_box()["width"] - 14, "y": 40})
    box = chart.bounding_box()
    reader.tab.mouse.down()
    assert "= 1" in figure.locator("output").inner_text()
    reader.tab.mouse.move(box["x"] + 46, box["y"] + 40, steps=4)
    reader.tab.mouse.up()
    assert "= −0.5" in figure.locator("output").inner_text()


def test_player_draws_each_step_where_the_table_has_it(reader: Reader, site: Path):
    """By keyboard: at each epoch every run is at that row of the table, with its number, and has passed all rows before."""
    figure, rows = reader.explore("walk"), table(site, "walk")
    slider = figure.get_by_role("slider")
    slider.focus()
    for step in range(4):
        assert figure.locator("output").inner_text() == f"epoch {step} of 3" == slider.get_attribute("aria-valuetext")
        for section in figure.locator("section").all():
            panel = section.get_attribute("data-panel")
            heads = section.locator("circle.head").all()
            assert len(heads) == len({row[1] for row in rows if row[0] == panel})
            for head in heads:
                run = head.get_attribute("data-run")
                (row,) = [row for row in rows if row[:3] == [panel, run, str(step)]]
                expected = tuple(pytest.approx(float(value), abs=0.02) for value in row[3:5])
                assert read_back(head, section.locator(".axes")) == expected
                chips = [chip for chip in section.locator("button.chip").all() if chip.get_attribute("data-run") == run]
                assert [chip.inner_text().split()[-1] for chip in chips] == [shown(float(row[5]))]
            assert section.locator("circle.passed:not([hidden])").count() == len(heads) * (step + 1)
        reader.tab.keyboard.press("ArrowRight")
    figure.get_by_role("button", name="one epoch back").press("Enter")
    assert figure.locator("output").inner_text() == "epoch 2 of 3"
    chip = figure.locator("button.chip").first
    chip.press("Space")
    assert chip.get_attribute("aria-pressed") == "true"
    assert figure.locator("text.label").first.text_content() == f"{HOSTILE}: 30"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_player_plays_to_the_end_and_pauses(browser, site: Path, motion):
    """With motion runs glide between epochs; without, they are never anywhere but at an epoch."""
    reader = Reader(browser, site, reduced_motion=motion)
    figure = reader.explore("walk")
    figure.get_by_role("button", name="Play", exact=True).click()
    # Paused by the script that looks on, as on a busy machine it plays to the end before a test says so.
    seen, place = reader.tab.evaluate(
        """async () => { const seen = new Set(), figure = document.querySelector("#figure-walk");
            const place = () => figure.querySelector("circle.head").getAttribute("cx");
            const button = figure.querySelector("button.play"), output = figure.querySelector("output");
            while (button.textContent === "Pause" && !output.textContent.startsWith("epoch 2")) {
                seen.add(place()); await new Promise(requestAnimationFrame); }
            if (button.textContent === "Pause") button.click();
            return [seen.size, place()]; }"""
    )
    assert seen <= 3 if motion == "reduce" else seen > 4
    assert figure.get_by_role("button", name="Play", exact=True).is_visible()
    reader.tab.wait_for_timeout(300)
    assert figure.locator("circle.head").first.get_attribute("cx") == place
    figure.get_by_role("button", name="Play", exact=True).click()
    figure.get_by_role("button", name="Play again").wait_for()
    assert figure.locator("output").inner_text() == "epoch 3 of 3" and reader.complaints == []
    reader.context.close()


def test_surface_reads_the_table(reader: Reader, site: Path):
    """From above, each point of the grid reads its own row; a point of the path the true value; so does the keyboard."""
    figure, rows = reader.explore("hill"), table(site, "hill")
    section = figure.locator("section").first
    canvas, reading = section.locator("canvas"), section.locator(".reading")
    canvas.focus()
    for _ in range(30):
        reader.tab.keyboard.press("ArrowUp")
    assert float(canvas.get_attribute("data-elevation")) == 90
    reader.tab.evaluate("() => new Promise(requestAnimationFrame)")
    for _, kind, x, y, value in (row for row in rows if row[0] == "left"):
        across, down = canvas.evaluate("(canvas, at) => canvas.placeOf(...at)", [float(x), float(y), float(value)])
        canvas.hover(position={"x": across, "y": down})
        said = reading.inner_text()
        assert f": {shown(float(x))} · up: {shown(float(y))} · {HOSTILE}: {shown(float(value))}" in said
        assert said.startswith("path, point") == (kind == "path")
    values = {(float(x), float(y)): float(value) for panel, kind, x, y, value in rows if (panel, kind) == ("left", "grid")}
    reader.tab.mouse.move(5, 5)
    reader.tab.keyboard.press("Shift+ArrowRight")
    for key, (x, y) in {"Shift+ArrowLeft": (0.0, 2.0), "Shift+ArrowUp": (0.0, 3.0), "Shift+ArrowRight": (1.0, 3.0)}.items():
        if key == "Shift+ArrowLeft":  # from wherever the pointer was: to a corner, and back to the middle
            for press in ["Shift+ArrowLeft"] * 5 + ["Shift+ArrowDown"] * 5 + ["Shift+ArrowRight"] * 2 + ["Shift+ArrowUp"] * 2:
                reader.tab.keyboard.press(press)
        else:
            reader.tab.keyboard.press(key)
        assert reading.inner_text().endswith(f": {shown(x)} · up: {shown(y)} · {HOSTILE}: {shown(values[x, y])}")


def test_surface_projects_as_it_should(reader: Reader):
    """Known points: from the front x is to the right and height upwards, a quarter turn brings y there, from above y is up."""
    reader.explore("hill")

    def project(azimuth: float, elevation: float, point: tuple[float, float, float]) -> tuple[float, float, float]:
        found = reader.tab.evaluate(
            "([azimuth, elevation, point]) => measured.projection({azimuth, elevation})(...point)", [azimuth, elevation, point]
        )
        return found["u"], found["v"], found["depth"]

    def near(depth: float) -> float:
        return 7 / (7 + depth)

    for view, point, (u, v, depth) in (
        ((0, 0), (0.5, 0, 0.25), (0.5, 0.25, 0)),
        ((0, 0), (0.5, 1, 0.25), (0.5, 0.25, 1)),
        ((90, 0), (1, 0.5, 0.25), (-0.5, 0.25, 1)),
        ((0, 90), (0.5, 0.75, 0), (0.5, 0.75, 0)),
        ((0, 90), (0.5, 0.75, 0.4), (0.5, 0.75, -0.4)),
        ((45, 0), (1, 1, 0), (0, 0, math.sqrt(2))),
    ):
        expected = (u * near(depth), v * near(depth), depth)
        assert project(*view, point) == tuple(pytest.approx(value, abs=1e-9) for value in expected)


def test_surface_turns_by_keys_buttons_and_pointer(reader: Reader):
    """All panels turn together; Home brings the first view back; a mouse that is drawn along turns."""
    figure = reader.explore("hill")
    canvases = figure.locator("canvas").all()

    def view() -> tuple[float, ...]:
        views = {
            tuple(float(canvas.get_attribute(f"data-{name}")) for name in ("azimuth", "elevation", "zoom"))
            for canvas in canvases
        }
        (only,) = views
        return only

    first = view()
    canvases[0].focus()
    reader.tab.keyboard.press("ArrowLeft")
    assert view()[0] > first[0] and view()[1:] == first[1:]
    reader.tab.keyboard.press("+")
    figure.get_by_role("button", name="look from higher up").click()
    assert view()[1] > first[1] and view()[2] > first[2]
    canvases[1].focus()
    reader.tab.keyboard.press("Home")
    assert view() == tuple(map(pytest.approx, first))
    canvases[0].scroll_into_view_if_needed()
    box = canvases[0].bounding_box()
    reader.tab.mouse.move(box["x"] + 100, box["y"] + 40)
    reader.tab.mouse.down()
    reader.tab.mouse.move(box["x"] + 60, box["y"] + 40, steps=3)
    reader.tab.mouse.up()
    assert view()[0] == pytest.approx(first[0] + 20)


def counted(rows: list[list[str]], tolerance: float) -> dict[tuple[str, str], tuple[int, int, int, str]]:
    """Negative, zero and positive eigenvalues of each point, and what it is called."""
    found = {}
    for key in {(row[0], row[1]) for row in rows}:
        values = [float(row[3]) for row in rows if (row[0], row[1]) == key]
        bound = tolerance * max(map(abs, values))
        negative, positive = sum(value < -bound for value in values), sum(value > bound for value in values)
        zero = len(values) - negative - positive
        name = "saddle" if negative and positive else "undecided" if zero else "minimum" if positive else "maximum"
        found[key] = (negative, zero, positive, name)
    return found


def counts_shown(figure: Any) -> dict[tuple[str, str], tuple[int, int, int, str]]:
    """The same, as the figure has it."""
    found = {}
    for section in figure.locator("section").all():
        for line in section.locator("text.counts").all():
            *numbers, name = [part.text_content() for part in line.locator("tspan").all()]
            negative, zero, positive = map(int, numbers)
            key = section.get_attribute("data-group"), line.get_attribute("data-point")
            found[key] = (negative, zero, positive, name)
    return found


def test_spectrum_counts_under_the_tolerance(reader: Reader, site: Path):
    """The given tolerance, others by keyboard, and one by dragging: counts and names are those of the CSV."""
    figure, rows = reader.explore("signs"), table(site, "signs")
    assert counts_shown(figure) == counted(rows, 1e-7) and figure.locator("output").inner_text() == "10⁻⁷"
    slider = figure.get_by_role("slider")
    slider.focus()
    for presses, key, said, tolerance in ((20, "ArrowLeft", "10⁻¹²", 1e-12), (36, "ArrowRight", "10⁻³", 1e-3)):
        for _ in range(presses):
            reader.tab.keyboard.press(key)
        assert figure.locator("output").inner_text() == said and said in slider.get_attribute("aria-valuetext")
        assert counts_shown(figure) == counted(rows, tolerance)
    reader.tab.keyboard.press("Home")
    assert counts_shown(figure) == counted(rows, 1e-17)
    assert len({str(counted(rows, tolerance)) for tolerance in (1e-17, 1e-12, 1e-7, 1e-3)}) == 4
    figure.get_by_role("button", name="as in the text").click()
    assert counts_shown(figure) == counted(rows, 1e-7)
    names = [name for *_, name in counted(rows, 1e-7).values()]
    for name in set(names):
        assert f"{name}: {names.count(name)}" in figure.locator(".summary").inner_text()
    # The axis is alike on both sides: to the tick of minus 10⁻⁴.
    strip = figure.locator("svg.strip").first
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    tick = float(strip.locator("text.number", has_text="−10⁻⁴").get_attribute("x"))
    edge = strip.locator("path.edge").get_attribute("d").split()[0].removeprefix("M")
    reader.tab.mouse.move(box["x"] + float(edge), box["y"] + 40)
    reader.tab.mouse.down()
    reader.tab.mouse.move(box["x"] + tick, box["y"] + 40, steps=5)
    reader.tab.mouse.up()
    assert figure.locator("output").inner_text() == "10⁻⁴" and counts_shown(figure) == counted(rows, 1e-4)


def test_names_from_an_experiment_are_text(reader: Reader):
    """Whatever looks like HTML in a name is read as it was written."""
    for name in FIGURES:
        figure = reader.explore(name)
        assert HOSTILE in figure.locator(".explorer").evaluate("part => part.textContent")
        assert figure.locator(".explorer").locator("img, a, b:text-is('bold'), u").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_explorers_fit_and_come_back_to_the_drawing(browser, site: Path, width, scheme):
    """No page is wider than the screen; the drawing is there again when asked for; touching works as pressing does."""
    reader = Reader(browser, site, viewport={"width": width, "height": 800}, color_scheme=scheme, has_touch=True)
    for name in FIGURES:
        figure = reader.explore(name)
        assert reader.tab.evaluate("document.documentElement.scrollWidth") <= width, name
        if name == "knob":
            figure.get_by_role("button", name="end").tap()
            assert "= 1" in figure.locator("output").inner_text()
        figure.get_by_role("button", name="Back to the drawing").tap()
        assert figure.locator("picture").is_visible() and not figure.locator(".explorer").is_visible()
    assert reader.complaints == []
    reader.context.close()
