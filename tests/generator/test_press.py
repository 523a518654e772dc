"""Each step of a build by itself: values in, values out."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from measured import charts
from measured.charts.drawings import what_draws
from measured.errors import BuildError
from measured.evidence import Claim, Estimate, Result, Seeds, larger
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.pool import InProcess, using
from measured.jobs.remote import source_digest
from measured.options import Options
from measured.pages.outline import Chapter, Outline, read_outline
from measured.press import maintain, plan, terminal
from measured.press import measure as measuring
from measured.press.folder import Site
from measured.press.keep import Kept, keep
from measured.press.outcome import Failed, Measured, NotComputed
from measured.press.publish import publish
from measured.press.rehearse import Script, rehearse
from measured.press.stores import Stores
from measured.project import Project
from tests.generator.cases import PROSE, Failing, Powers, ToyProject

CHAPTER = Chapter("dice", "Toys", "1.1", "dice", "Do two dice differ?", "", "")
CLAIMS = (Claim("loaded-is-larger", source="ours", says="{loaded} > {fair}", holds=larger("loaded", than="fair")),)


@dataclass(frozen=True)
class Settings:
    seeds: Seeds = Seeds(3)
    search_seeds: tuple[int, ...] = (100,)


def powers(settings: Settings) -> Result:
    """The first powers of numbers, some per seed."""
    found = gather({base: [Powers(base + 0.01 * seed) for seed in settings.seeds] for base in (1.0, 2.0)})
    metrics = {
        name: Estimate.over_seeds([item.values[1] for item in found[base]]) for name, base in (("fair", 1.0), ("loaded", 2.0))
    }
    lines = {"p": {"powers": charts.Series(range(3), [item.values for item in found[2.0]])}}
    return Result(metrics, {"throws": charts.curves(lines, x="x", y="y", caption="Powers.", alt="A line.")})


def script(run: Callable[[Any], Any] = powers, name: str = "dice") -> Script:
    return Script(replace(CHAPTER, name=name), Settings(), run, CLAIMS)


# ---------------------------------------------------------------------------------------------------------------------
# Plan


def test_plan_gives_reasons_and_measures_nothing(bare: ToyProject):
    """Never measured; by force; and nothing is written."""
    stores = Stores.at(bare.folder / "cache", bare.folder)
    chapters = read_outline(bare.folder).chapters
    options = Options(out=bare.folder / "site", cache=bare.folder / "cache")
    assert [item.reasons for item in plan.plan(chapters, options, stores)] == [("never measured at this preset",)]
    assert plan.plan(chapters, replace(options, force=True), stores)[0].reasons == ("--force",)
    assert not (bare.folder / "cache").exists()


@pytest.mark.parametrize(
    "names, chosen",
    [((), "abc"), (("a",), "a"), (("C", "a"), "ac"), (("2",), "c"), (("1.2",), "b"), (("depth",), "ab")],
)
def test_chapters_are_chosen_by_name_number_or_part(names, chosen):
    """In reading order, whatever the order of the names."""
    outline = [
        Chapter("a", "Depth", "1.1", "a", "?", "", ""),
        Chapter("b", "Depth", "1.2", "b", "?", "", ""),
        Chapter("c", "Breadth", "2.1", "c", "?", "", ""),
    ]
    assert "".join(item.name for item in plan.choose(outline, names)) == chosen


# ---------------------------------------------------------------------------------------------------------------------
# Rehearse


def test_rehearsal_knows_all_jobs_and_stores_nothing(cache: Cache):
    """What a chapter asks for, what the cache lacks of it, and about how long each takes."""
    rehearsed = rehearse(script(), cache, "cpu")
    assert len(rehearsed.asked) == len(rehearsed.missing) == 6 and set(rehearsed.seconds.values()) == {1.0}
    assert rehearsed.result.metrics.keys() == {"fair", "loaded"} and not cache.folder.exists()
    with using(InProcess(cache)):
        gather([Powers(1.0), Powers(2.0)])
    assert len(rehearse(script(), cache, "cpu").missing) == 4


@pytest.mark.parametrize(
    "result, message",
    [
        ({"a": 1}, r"experiments/dice.py: run\(\) returned dict; expected Result\(metrics, figures\)"),
        (Result({}, {"f": "x"}), "'f' has the type str; expected a Figure"),
    ],
)
def test_what_a_chapter_returns_is_checked(cache: Cache, result, message):
    """With the file and what was expected."""
    with pytest.raises(BuildError, match=message):
        rehearse(script(lambda settings: result), cache, "cpu")


# ---------------------------------------------------------------------------------------------------------------------
# Measure


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A report whose chapters are given to the steps as values."""
    (tmp_path / "templates" / "chapters").mkdir(parents=True)
    project = Project(tmp_path)
    chapters = tuple(replace(CHAPTER, name=name) for name in ("dice", "coins"))
    for chapter in chapters:
        (tmp_path / "templates" / chapter.template).write_text(PROSE)
    project.__dict__["outline"] = Outline("Toys", chapters)  # as if it had been read
    return project


@pytest.fixture
def stores(project: Project) -> Stores:
    return Stores.at(project.root / "cache", project.root)


def measured(
    project: Project, stores: Stores, monkeypatch: pytest.MonkeyPatch, scripts: list[Script], failed: tuple[Failed, ...] = ()
) -> list[Measured | Failed | NotComputed]:
    """What comes of measuring these scripts in this process."""
    parts = {"code": {}, "versions": {}, "seeds": None, "device": "cpu"}
    monkeypatch.setattr(measuring, "load_all", lambda *_: (scripts, list(failed)))
    monkeypatch.setattr(measuring.plan, "parts_of", lambda *_: parts)
    options = Options(out=project.root / "site", cache=stores.folder, workers=0)
    chapters = [item.chapter for item in (*scripts, *failed)]
    with terminal.Lines([item.name for item in chapters]) as display:
        with closing(measuring.measure(project, options, stores, chapters, display)) as found:
            return list(found)


def test_measuring_computes_then_recalls(project, stores, monkeypatch):
    """The second time, every job comes from the cache, and not even a rehearsal is needed."""
    (first,) = measured(project, stores, monkeypatch, [script()])
    assert isinstance(first, Measured) and len(first.jobs) == 6 and not first.cached
    monkeypatch.setattr(measuring, "rehearse", lambda *_: pytest.fail("rehearsed"))
    (second,) = measured(project, stores, monkeypatch, [script()])
    assert isinstance(second, Measured) and second.cached == second.jobs.keys() == first.jobs.keys()
    assert second.result == first.result


def test_source_is_read_before_chapters_are_imported(project, stores, monkeypatch):
    """What is edited between an import and the first use of a text would otherwise pass for what was imported."""
    for remembered in (source_digest, what_draws):
        remembered.cache_clear()

    def load_all(*_: Any) -> tuple[list[Script], list[Failed]]:
        assert "source_files" in project.__dict__
        assert source_digest.cache_info().currsize == what_draws.cache_info().currsize == 1
        return [script()], []

    monkeypatch.setattr(measuring, "load_all", load_all)
    monkeypatch.setattr(measuring.plan, "parts_of", lambda *_: {"code": {}, "versions": {}, "seeds": None, "device": "cpu"})
    options = Options(out=project.root / "site", cache=stores.folder, workers=0)
    with terminal.Lines(["dice"]) as display, closing(measuring.measure(project, options, stores, [CHAPTER], display)) as found:
        assert [type(item) for item in found] == [Measured]


@pytest.mark.parametrize("missing, is_of_the_project", [("nowhere", False), ("experiments.lost", True)])
def test_library_that_is_missing_is_nobodys_fault(project, monkeypatch, missing, is_of_the_project):
    """Where all chapters lack one, that is said once; a module of the project that is missing is the chapter's own mistake."""
    (project.root / "experiments").mkdir()
    (project.root / "experiments" / "__init__.py").touch()

    def load(*_: Any) -> Script:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(measuring, "load", load)
    options = Options(out=project.root / "site", cache=project.root / "cache")
    if is_of_the_project:
        assert len(measuring.load_all(project, options, project.outline.chapters)[1]) == 2
    else:
        with pytest.raises(ModuleNotFoundError):
            measuring.load_all(project, options, project.outline.chapters)


def test_shared_job_is_left_once():
    """Two chapters that wait for the same job wait for its seconds once."""
    with terminal.Lines(["dice", "coins"]) as display:
        for chapter in ("dice", "coins"):
            display.asked(chapter, "shared", 60.0)
        display.asked("coins", "own", 30.0)
        assert display.time_left() == 90
        display.finished("dice", "shared", True, 60.0)
        assert display.time_left() == 30


def test_next_page_is_forecast_by_turns(capsys):
    """What has its turn before the page's last job is waited for, of whichever chapter; jobs that are slower than was thought
    make all the rest later. A page that can be read is said with its address."""
    with terminal.Lines(["dice", "coins"]) as display:
        assert display.next_page() is None
        display.num_workers, display.turns = 2, {"coins 1": 0, "dice 1": 1, "dice 2": 2, "coins 2": 3}
        for key, seconds in {"dice 1": 20.0, "dice 2": 40.0, "coins 1": 30.0, "coins 2": 100.0, "cached": 5.0}.items():
            display.asked("dice" if "dice" in key else "coins", key, seconds)
        display.finished("coins", "cached", True, 5.0)
        assert display.next_page() == ("dice", 45.0)
        display.finished("coins", "coins 1", False, 60.0)
        assert display.next_page() == ("dice", 60.0)
        display.finished("dice", "dice 1", False, 40.0)
        display.finished("dice", "dice 2", False, 80.0)
        display.settle("dice", "done")
        assert display.next_page() == ("coins", 100.0) and display.time_left() == 100.0
        display.readable("dice", Path("site/dice.html"))
    assert capsys.readouterr().out.splitlines()[-1] == "dice: can be read at site/dice.html"


def test_what_fails_is_a_value_and_others_go_on(project, stores, monkeypatch):
    """Before it is loaded, in its rehearsal, in its prose, or in a job."""

    def fails(settings: Settings) -> Result:
        gather(Failing("no"))
        return powers(settings)

    lost = Failed(replace(CHAPTER, name="lost"), ImportError("nowhere"))
    found = measured(project, stores, monkeypatch, [script(fails, "coins"), script()], (lost,))
    by_name = {item.chapter.name: item for item in found}
    assert by_name["lost"] is lost and isinstance(by_name["dice"], Measured)
    assert isinstance(by_name["coins"], Failed) and "Failing(reason='no') failed: ArithmeticError" in by_name["coins"].message
    (project.templates / CHAPTER.template).write_text("{{ metric.fare }}")
    (wrong,) = measured(project, stores, monkeypatch, [script()])
    assert isinstance(wrong, Failed) and "no metric 'fare'; did you mean 'fair'?" in wrong.message


def test_chapter_of_which_it_cannot_be_told_what_it_rests_on_fails_alone(project, stores, monkeypatch):
    """A library without a version, used by one chapter beside its jobs: that one fails with the reason, and others go on."""

    def parts_of(chapter: Chapter, *_: Any) -> dict[str, Any]:
        if chapter.name == "coins":
            raise ValueError("the module 'homemade' belongs to no installed distribution")
        return {"code": {}, "versions": {}, "seeds": None, "device": "cpu"}

    monkeypatch.setattr(measuring, "load_all", lambda *_: ([script(name="coins"), script()], []))
    monkeypatch.setattr(measuring.plan, "parts_of", parts_of)
    options = Options(out=project.root / "site", cache=stores.folder, workers=0)
    with terminal.Lines(["coins", "dice"]) as display:
        with closing(measuring.measure(project, options, stores, project.outline.chapters, display)) as found:
            by_name = {item.chapter.name: item for item in found}
    assert isinstance(by_name["dice"], Measured)
    assert (
        isinstance(by_name["coins"], Failed) and "'homemade' belongs to no installed distribution" in by_name["coins"].message
    )


def test_force_computes_on_the_workers_what_the_cache_holds(cache: Cache):
    """A rehearsal by force asks for every job, missing or not."""
    with using(InProcess(cache)):
        gather([Powers(1.0), Powers(2.0)])
    rehearsed = rehearse(script(), cache, "cpu")
    assert len(rehearsed.to_compute(force=True)) == 6 and len(rehearsed.to_compute(force=False)) == 4


# ---------------------------------------------------------------------------------------------------------------------
# Keep


def result_of(run: Callable[[Any], Any] = powers, **given: Any) -> Measured:
    parts = {"code": {}, "versions": {"numpy": "2"}, "seeds": None, "device": "cpu"}
    with using(InProcess(Cache(given.pop("cache")))):
        return Measured(script(run), script(run).perform(), parts, {"a": 1.5, "b": 0.5}, frozenset("a"), 2.0)


def test_keeping_judges_draws_and_stores(stores):
    """The record on disk is the one that was judged; its drawings are there; the status says what it took."""
    kept = keep(result_of(cache=stores.folder), "standard", None, stores)
    assert isinstance(kept, Kept) and [item.outcome for item in kept.record.verdicts] == ["supported"]
    assert stores.records.load("dice", "standard") == kept.record and stores.records.status("dice", "standard") == kept.status
    assert (kept.status.jobs, kept.status.num_cached, kept.status.worker_seconds) == (("a", "b"), 1, 2.0)
    assert stores.drawings.keys() == {stores.drawings.key("throws", kept.record.figures["throws"])}


def test_claim_that_cannot_be_judged_fails_its_chapter(stores):
    """And nothing is kept."""
    wrong = replace(result_of(cache=stores.folder), script=replace(script(), claims=(replace(CLAIMS[0], says="{laoded}"),)))
    failed = keep(wrong, "standard", None, stores)
    assert isinstance(failed, Failed) and "no metric 'laoded'" in failed.message
    assert stores.records.status("dice", "standard") is None


# ---------------------------------------------------------------------------------------------------------------------
# Publish


def test_publishing_makes_pages_of_what_is_kept_failed_and_waiting(project, stores):
    """One chapter with its numbers, one with its error; then one that is being measured. Nothing but the site is written."""
    kept = keep(result_of(cache=stores.folder), "standard", None, stores)
    coins = Failed(replace(CHAPTER, name="coins"), LookupError("lost"))
    folder, names = project.root / "site", {"dice", "coins"}
    before = sorted(stores.folder.rglob("*"))
    found = publish(project, stores, Site(folder), "standard", names, {"dice": kept, "coins": coins})
    assert found.changed and found.trouble == {"coins": "LookupError: lost"} and found.warnings == ()
    assert "They differ." in (folder / "dice.html").read_text() and "LookupError: lost" in (folder / "coins.html").read_text()
    assert not publish(project, stores, Site(folder), "standard", names, {"dice": kept, "coins": coins}).changed
    early = publish(project, stores, Site(folder), "standard", names, {"dice": kept}, {"coins"})
    assert early.changed and early.trouble == {} and sorted(stores.folder.rglob("*")) == before


def test_prose_that_does_not_fit_is_trouble_and_the_last_page_stays(project, stores):
    """A template that changed alone is checked before it is rendered."""
    kept, folder = keep(result_of(cache=stores.folder), "standard", None, stores), project.root / "site"
    publish(project, stores, Site(folder), "standard", {"dice"}, {"dice": kept})
    (project.templates / CHAPTER.template).write_text(PROSE.replace("metric.fair", "metric.fare"))
    fresh = Project(project.root)
    fresh.__dict__["outline"] = project.outline
    found = publish(fresh, stores, Site(folder), "standard", {"dice"}, {})
    assert "did you mean 'fair'?" in found.trouble["dice"]
    page = (folder / "dice.html").read_text()
    assert "This chapter failed in the last build" in page and "They differ." in page


# ---------------------------------------------------------------------------------------------------------------------
# Maintain


def test_accepting_keeps_the_verdicts_of_other_chapters_that_there_are(project, stores, monkeypatch):
    """Those of a chapter that left the outline go, at every preset; those of one that was not built stay."""
    (item,) = measured(project, stores, monkeypatch, [script()])
    assert isinstance(item, Measured)
    kept = keep(item, "standard", None, stores)
    assert isinstance(kept, Kept)
    before = {preset: {name: {"c": "refuted"} for name in ("dice", "coins", "gone")} for preset in ("standard", "full")}
    maintain.accept(project.accepted, before, "standard", {"dice": kept.record}, ["dice", "coins"])
    assert maintain.read_accepted(project.accepted) == {
        "full": {"coins": {"c": "refuted"}, "dice": {"c": "refuted"}},
        "standard": {"coins": {"c": "refuted"}, "dice": {"loaded-is-larger": "supported"}},
    }
