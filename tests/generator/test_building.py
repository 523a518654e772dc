"""Pages while the site is being built: they say what is done, about when the rest comes, and offer to reload."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from measured.pages import building
from measured.pages.building import Coming, News
from tests.generator.cases import ToyProject

CHECKSUMS = {"index.html": "a" * 64, "made.html": "b" * 64, "source/build.html": "c" * 64, "style.css": "d" * 64}


def told(text: str | bytes) -> dict[str, Any]:
    """What ``building.js`` hands to the page."""
    text = text.decode() if isinstance(text, bytes) else text
    return json.loads(text.strip().removeprefix("measured.building(").removesuffix(");"))


def test_after_the_end_the_file_is_the_same_for_the_same_pages():
    """A page that may differ between equal builds changes with the others, not by itself; sources are left out."""
    now = building.script(CHECKSUMS, frozenset(["made.html"]), None)
    assert now == building.script({**CHECKSUMS, "made.html": "e" * 64}, frozenset(["made.html"]), None)
    changed = building.script({**CHECKSUMS, "index.html": "e" * 64}, frozenset(["made.html"]), None)
    before, after = (told(text)["pages"] for text in (now, changed))
    assert before.keys() == {"index.html", "made.html"} and all(before[page] != after[page] for page in before)
    assert "running" not in told(now)


def test_while_it_runs_the_file_says_how_it_stands():
    """Chapters by place and title with their state; where no time is known, none is said."""
    news = News(
        1_764_000_000, [Coming("dice.html", "1.1", "Dice", "done"), Coming("coins.html", "1.2", "Coins", "waiting", 90.0)]
    )
    running = told(building.script(CHECKSUMS, frozenset(), news))["running"]
    assert running["at"] == 1_764_000_000
    assert [(item["title"], item["state"], item["seconds"]) for item in running["chapters"]] == [
        ("Dice", "done", None),
        ("Coins", "waiting", 90.0),
    ]


@pytest.fixture
def held(toy: ToyProject) -> ToyProject:
    """Two chapters of jobs that are thought to take long; the first of each ends when the file ``<chapter>.go`` is there."""
    toy.edit("experiments/__init__.py", "('dice',)", "('dice', 'coins')")
    text, prose = toy.read("experiments/dice.py"), toy.read("templates/chapters/dice.md.jinja2")
    for name, claim in (("dice", "loaded-is-larger"), ("coins", "heads-are-larger")):
        go = toy.folder / f"{name}.go"
        is_held = f"not (self.bias or self.seed or pathlib.Path({str(go)!r}).exists())"
        wait = f"import pathlib, time\n        while {is_held}:\n            time.sleep(0.05)\n"
        changed = text.replace("        return Throws(np.random", f"        {wait}        return Throws(np.random")
        changed = changed.replace("    bias: float\n", "    bias: float\n    flops = 1e13\n").replace("loaded-is-larger", claim)
        changed = changed.replace("Seeds = Seeds(5)", "Seeds = Seeds(2)")
        toy.write(f"experiments/{name}.py", changed.replace("normal(self.bias", f"normal({len(name)} + self.bias"))
        toy.write(f"templates/chapters/{name}.md.jinja2", prose.replace("loaded-is-larger", claim))
    return toy


@pytest.fixture
def running(held: ToyProject) -> Iterator[subprocess.Popen]:
    """A build of it, with a worker more than one chapter can occupy, so that neither has to wait for the other."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(held.command(workers="2"), cwd=held.folder, env=held.environment, stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def wait_for(is_there: Callable[[], bool]) -> None:
    """Until it is so."""
    deadline = time.monotonic() + 120
    while not is_there():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def news(project: ToyProject) -> dict[str, Any] | None:
    """What the pages of the project are told of a build that is running."""
    path = project.folder / "site" / building.PATH
    return told(path.read_text()).get("running") if path.is_file() else None


def states(project: ToyProject) -> list[str]:
    """Of the two chapters."""
    return [chapter["state"] for chapter in (news(project) or {"chapters": ()})["chapters"]]


def test_long_build_says_so_before_its_first_chapter_and_ctrl_c_takes_it_back(held: ToyProject, running: subprocess.Popen):
    """The site is there at once, with times; a build that was stopped leaves no page that says that it runs."""
    wait_for(lambda: states(held) == ["waiting", "waiting"])
    now = news(held)
    assert now and all(chapter["seconds"] > 0 for chapter in now["chapters"]) and abs(now["at"] - time.time()) < 60
    assert "was being measured when this page was written" in held.read("site/dice.html")
    assert "being measured" in held.read("site/index.html")
    (held.folder / "dice.go").touch()
    wait_for(lambda: states(held) == ["done", "waiting"])
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=120) == 130
    assert news(held) is None and told(held.read("site/building.js"))["pages"]["dice.html"]


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_open_page_follows_the_build_and_offers_to_reload(held: ToyProject, running: subprocess.Popen, browser):
    """It never reloads by itself, stops looking when the build has ended, and keeps its place; others say what is done."""
    wait_for(lambda: states(held) == ["waiting", "waiting"])
    coins = browser.new_page(viewport={"width": 360, "height": 300}, bypass_csp=True)
    dice = browser.new_page(bypass_csp=True)
    asked: list[str] = []
    coins.on("request", lambda request: asked.append(request.url))
    coins.goto((held.folder / "site" / "coins.html").as_uri())
    coins.wait_for_selector(".building summary")
    assert "0 of 2 chapters are done; this one comes in" in coins.inner_text(".building summary")
    (held.folder / "dice.go").touch()
    wait_for(lambda: states(held) == ["done", "waiting"])
    dice.goto((held.folder / "site" / "dice.html").as_uri())
    assert "1 of 2 chapters are done; the next, Coins" in dice.inner_text(".building summary")
    coins.wait_for_function("document.querySelector('.building summary').textContent.includes('1 of 2')")
    (held.folder / "coins.go").touch()
    assert running.wait(timeout=120) == 0
    coins.wait_for_selector(".building .changed button")
    assert "This chapter is there." in coins.inner_text(".building") and not coins.is_visible("h2:text('Findings')")
    num_asked = len(asked)
    coins.wait_for_timeout(4500)
    assert len(asked) == num_asked
    coins.click(".building .changed button")
    coins.wait_for_selector("h2:text('Findings')")
    assert not coins.is_visible(".building")
    coins.evaluate("scrollTo(0, 250)")
    held.edit("templates/chapters/coins.md.jinja2", "They differ.", "They do differ.")
    assert held.build().returncode == 0
    coins.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    coins.wait_for_selector(".building .changed button")
    assert "This page has changed." in coins.inner_text(".building")
    coins.click(".building .changed button")
    coins.wait_for_selector("text=They do differ.")
    coins.wait_for_function("scrollY === 250")


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_build_that_was_killed_is_not_believed_for_long(built: ToyProject, browser):
    """A file that has said "running" for long is what a killed build leaves; the page says that, and looks no more."""
    path = built.folder / "site" / building.PATH
    pages = told(path.read_text())["pages"]
    for age, expected in ((5, "A build is running: 0 of 1 chapters are done."), (1000, "it was probably stopped")):
        running = {
            "at": time.time() - age,
            "chapters": [{"page": "dice.html", "number": "1", "title": "Dice", "state": "waiting"}],
        }
        path.write_text(f"measured.building({json.dumps({'pages': pages, 'running': running})});")
        tab = browser.new_page()
        tab.goto((built.folder / "site" / "index.html").as_uri())
        assert expected in tab.inner_text(".building summary")
        tab.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_no_bar_where_nothing_is_built(built_once: ToyProject, browser):
    """A finished site says nothing of builds."""
    tab = browser.new_page()
    tab.goto((built_once.folder / "site" / "dice.html").as_uri())
    assert tab.evaluate("typeof measured.building") == "function"
    assert tab.locator(".building").count() == 0
