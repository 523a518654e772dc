"""In a notebook: the cache of the builds, how far it is, and HTML of what comes out."""

import base64
import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from measured import charts, interactive, notebook
from measured.errors import BuildError
from measured.evidence import Estimate, Result, Share, Single
from measured.jobs import gather
from measured.jobs.pool import JobError
from measured.jobs.source import Sources
from measured.new import report
from measured.notebook import formatters
from measured.notebook.progress import Cell, Line
from measured.options import Options
from measured.press.measure import measure
from measured.press.outcome import Measured
from measured.press.stores import Stores
from measured.press.terminal import Display
from measured.project import Project
from tests.generator.cases import ROOT, Numbers, ToyProject
from tests.generator.test_docs import blocks


@contextmanager
def imported(folder: Path, chapter: str = "dice") -> Iterator[ModuleType]:
    """A chapter of the report in ``folder``, as whoever sits there imports it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.split(".")[0] == "experiments"]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(folder)
        try:
            yield importlib.import_module(f"experiments.{chapter}")
        finally:
            for name in [name for name in sys.modules if name.split(".")[0] == "experiments"]:
                del sys.modules[name]


@pytest.fixture
def dice(toy: ToyProject) -> Iterator[ModuleType]:
    """The chapter of a small project that was never built."""
    with imported(toy.folder) as module:
        yield module


def compute_by(patch: pytest.MonkeyPatch, dice: ModuleType, compute: Callable[[Any], Any]) -> None:
    """Let the jobs of a chapter be computed by something else, which no key can know."""
    compute.__annotations__ = dice.Dice.compute.__annotations__
    patch.setattr(dice.Dice, "compute", compute)


def fails(job: Any) -> Any:
    """Computes nothing."""
    raise ArithmeticError(f"no {job}")


def pictures(html: str) -> list[str]:
    """The drawings in a cell."""
    return [base64.b64decode(code).decode() for code in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)]


def body(thing: Any) -> str:
    """What is shown, without its style."""
    return re.sub(r"<style>.*?</style>", "", thing if isinstance(thing, str) else thing._repr_html_(), flags=re.S)


def test_a_build_finds_what_was_run(dice, toy, capsys):
    """Every job, so that it computes nothing."""
    result = dice.run()
    assert "10 jobs computed" in capsys.readouterr().err
    project, folder = Project(toy.folder), toy.folder / "cache"
    options, stores = Options(toy.folder / "site", folder, workers=0), Stores.at(folder, toy.folder)
    (outcome,) = measure(project, options, stores, project.outline.chapters, Display(["dice"]))
    assert isinstance(outcome, Measured)
    assert len(outcome.cached) == 10 and outcome.cached == outcome.jobs.keys()
    assert outcome.result.metrics == result.metrics


def test_a_run_finds_what_was_built(built, monkeypatch, capsys):
    """Numbers, verdict and drawing are those of the pages, and nothing is said of computing."""
    with imported(built.folder) as dice:
        compute_by(monkeypatch, dice, fails)
        result = dice.run()
        (verdict,) = notebook.verdicts(result)
        (drawing,) = pictures(result._repr_html_())
    record = json.loads(built.read("site/data/dice.json"))
    assert result.metrics["loaded"].value == record["metrics"]["loaded"]["value"]
    assert (verdict.id, verdict.outcome) == (record["verdicts"][0]["id"], record["verdicts"][0]["outcome"])
    assert drawing == built.read("site/figures/dice/throws.svg")
    assert capsys.readouterr().err == ""


def test_a_result_shows_what_its_page_does(dice):
    """Question, preset, verdict with its drawing and sentence, figure with caption and alt text, metrics with intervals."""
    html = body(dice.run())
    assert "Do two dice differ?" in html and "standard preset" in html and "stamp" not in html
    assert "✓ supported" in html and '<svg class="picture"' in html and "The loaded dice gives" in html
    assert "<b>All throws.</b>" in html and 'alt="Two noisy lines."' in html
    assert re.search(r"<code>loaded</code></th><td><span class=\"metric\"[^>]*>[\d.]+ <small", html)
    assert "@@" not in html and 'href="data/' not in html  # what only a page has


def test_the_quick_preset_is_no_evidence_here_either(dice):
    """And settings of one's own are of no preset."""
    assert "not evidence" in body(dice.run(dice.PRESETS["quick"]))
    own = body(dice.run(dice.Settings(dice.Seeds(3))))
    assert "preset" not in own and "settings of your own" in own and "n = 3" in own


def test_a_chapter_need_not_be_listed(toy):
    """While it is being written it shows its question all the same."""
    toy.write("experiments/__init__.py", "")
    with imported(toy.folder) as dice:
        assert "<h2>Do two dice differ?</h2>" in body(dice.run(dice.PRESETS["quick"]))


def test_claims_that_do_not_fit_hide_no_numbers(toy):
    """The output says what is wrong."""
    toy.edit("experiments/dice.py", 'larger("loaded"', 'larger("laoded"')
    with imported(toy.folder) as dice:
        result = dice.run()
        html = body(result)
    assert "cannot be judged" in html and "laoded" in html and "<code>loaded</code>" in html


def test_without_a_chapter_there_are_no_verdicts():
    """A result made by hand shows what it holds; asked for verdicts, it says why there are none."""
    result = Result({"a": Single.once(3.0, "cm")}, {})
    assert "3 cm" in body(result) and "verdict" not in body(result)
    with pytest.raises(BuildError, match="no run"):
        notebook.verdicts(result)


HOSTILE = "<script>alert('\"&')</script>"


def test_text_of_an_experiment_arrives_as_text():
    """Names, units, captions, alt texts, columns, results."""
    figure = charts.table((HOSTILE,), [(HOSTILE,)], caption=f"{HOSTILE} It is. So.", alt=HOSTILE)
    metrics = {HOSTILE: Estimate.over_seeds([1, 2], unit=HOSTILE)}
    shown = [Result(metrics, {HOSTILE: figure})._repr_html_(), notebook.html({HOSTILE: figure, "b": metrics})]
    assert all("&lt;script&gt;" in html and "<script" not in html for html in shown)
    assert "<script" not in notebook.html({HOSTILE: [Numbers(np.ones(2))] * 2})


def test_many_metrics_are_folded():
    """Few are not."""
    many = {f"m{place}": Single.once(place) for place in range(20)}
    assert "All 20 metrics" in notebook.html({"of": many})
    assert "<details" not in body(notebook.html(dict(list(many.items())[:5])))
    assert "of.m3" in notebook.html({"of": many}) and "Single" not in notebook.html({"of": many})
    assert '<details class="rows">' in body(Result(many, {}))


def test_a_figure_alone_leaves_out_what_it_does_not_know(dice):
    """Sentences that name settings or metrics, which a result fills in."""
    figure = charts.table(("a",), [(1,)], caption="Two are shown. Of {setting.num} images. {{Braces}} stay.", alt="x")
    assert "Two are shown.</b> {Braces} stay." in body(figure)
    assert len(pictures(dice.run().figures["throws"]._repr_html_())) == 1


def test_what_jobs_return_is_told_by_shape_and_range(dice):
    """A row for each result, a column for each field."""
    found = gather({bias: [dice.Dice(bias, seed) for seed in range(2)] for bias in (0.0, 3.0)})
    html = body(notebook.html(found))
    assert "4 × Throws" in html and '<th scope="col">values: float64, 50</th>' in html
    assert re.search(r'<th scope="row">3\.0\.1</th><td>\S+ to \S+</td>', html)
    assert '<th scope="col">values</th>' in notebook.html([Numbers(np.ones(2)), Numbers(np.ones(3))])
    assert '<th scope="row">values</th><td>float64, 50: ' in body(notebook.html(found[0.0][0]))
    assert "the first 100" in notebook.html([Numbers(np.ones(2))] * 101)


def test_metrics_and_shares_show_what_they_are():
    """The number with its interval, and what it is of."""
    assert "mean of 3 seeds" in body(Estimate.over_seeds([1, 2, 3]))
    assert "share of 3 dice; 95 % interval 0.8 to 90.6 %" in body(Share.of_count(1, 3, "dice"))


def test_a_prompt_gets_some_lines(dice):
    """Without HTML: verdicts and first metrics, no arrays."""
    result = dice.run()
    lines = str(result).splitlines()
    assert len(repr(result)) < 80
    assert lines[1].startswith("✓ supported: loaded-is-larger") and lines[2].startswith("fair = ") and len(lines) == 5


def test_an_interrupt_keeps_what_was_finished(dice, monkeypatch, capsys):
    """It ends everything at once; the next run computes only what is left."""
    compute, computed = dice.Dice.compute, []

    def interrupted(job: Any) -> Any:
        if len(computed) == 4:
            raise KeyboardInterrupt
        computed.append(job)
        return compute(job)

    compute_by(monkeypatch, dice, interrupted)
    with pytest.raises(KeyboardInterrupt):
        dice.run()
    assert "Interrupted with 6 jobs left; 4 jobs computed" in capsys.readouterr().err
    monkeypatch.setattr(dice.Dice, "compute", compute)
    dice.run()
    assert "6 jobs computed" in capsys.readouterr().err


def test_the_first_failure_ends_it(dice, monkeypatch):
    """Nobody waits for the other jobs to hear of it."""
    asked = []
    compute_by(monkeypatch, dice, lambda job: asked.append(job) or fails(job))
    with pytest.raises(JobError, match="ArithmeticError"):
        dice.run()
    assert len(asked) == 1


def test_code_that_was_edited_after_its_import_computes_nothing(dice, toy, monkeypatch):
    """Its result would be kept as that of the new code; what is there can be had, and so can all after a reload."""
    monkeypatch.setattr(interactive, "imports", watch := interactive.watch())
    monkeypatch.setattr(sys, "meta_path", [item for item in sys.meta_path if item is not watch])
    dice.run(dice.PRESETS["quick"])
    toy.edit("experiments/dice.py", '"""All throws."""', '"""All of the throws."""')
    later = time.time_ns() + 10**9
    os.utime(toy.folder / "experiments" / "dice.py", ns=(later, later))
    dice.run(dice.PRESETS["quick"])
    with pytest.raises(BuildError, match="experiments/dice.py changed after .* restart the kernel"):
        dice.run()
    watch._at["experiments.dice"] = later + 1  # as a reload notes
    dice.run()


def test_imports_and_reloads_are_noted(toy, monkeypatch):
    """A module is outdated once its file was written after the last of them."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    toy.write("experiments/late.py", "X = 1\n")
    watch = interactive.watch()
    path = toy.folder / "experiments" / "late.py"
    with imported(toy.folder, "late") as late:
        os.utime(path, ns=(1, 1))
        assert not watch.is_outdated("experiments.late") and not watch.is_outdated("no.such.module")
        now = time.time_ns() + 1
        os.utime(path, ns=(now, now))
        assert watch.is_outdated("experiments.late")
        importlib.reload(late)
        assert not watch.is_outdated("experiments.late")


def test_one_bar_is_updated_in_place():
    """However many jobs there are, a cell shows one line, which at the end says what was done."""
    shown: list[str] = []

    def display(html: str):
        shown.append(html)

        def update(html: str) -> None:
            shown[-1] = html

        return update

    with Cell(2, {f"{place}": 1.0 for place in range(50)}, display) as bar:
        for place in range(50):
            bar.starts(SimpleNamespace(name="<b>"))  # pyright: ignore[reportArgumentType]
            assert f"{place} of 50 jobs" in shown[0] and "<progress" in shown[0] and "<b>" not in shown[0]
            bar.finished(str(place))
    assert len(shown) == 1 and "50 jobs computed" in shown[0] and "2 jobs from the cache" in shown[0]


def test_a_log_gets_one_line_where_something_was_computed(capsys):
    """And none where all was there."""
    with Line(3, {}):
        pass
    assert capsys.readouterr().err == ""


def test_a_notebook_shows_trees_of_results(dice, monkeypatch):
    """Dicts and lists that hold what jobs returned; it shows any other as it did before."""
    html, plain = {}, {}
    known = {"text/html": SimpleNamespace(for_type=html.__setitem__), "text/plain": SimpleNamespace(for_type=plain.__setitem__)}
    shell = SimpleNamespace(kernel=None, display_formatter=SimpleNamespace(formatters=known))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    found = gather([dice.Dice(0.0, 1)])
    assert "Throws" in html[list](found) and "Throws" in html[dice.Throws](found[0])
    assert html[dict]({"a": [1, 2]}) is None and html[tuple](("x",)) is None
    assert "All throws" in html[tuple](dice.run())
    assert formatters.shell() is None


def test_no_key_follows_what_only_shows():
    """Nor whoever computes in a notebook: an edit there makes no chapter stale."""
    reached = Sources(ROOT).reached([("measured.evidence.metric", "Result"), ("measured.charts.figure", "Figure")])
    assert "measured.evidence.metric.Result" in reached.definitions
    assert not [name for name in reached.definitions if name.startswith(("measured.interactive", "measured.notebook"))]


def test_page_on_notebooks_runs(tmp_path):
    """Every block, in the report that it names."""
    report.create(tmp_path / "mine")
    assert len(blocks("notebook")) > 5
    with imported(tmp_path / "mine", "estimates"):
        names: dict[str, Any] = {}
        for block in blocks("notebook"):
            exec(block, names)
    assert (tmp_path / "mine" / "cache" / "jobs").is_dir()
