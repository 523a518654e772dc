"""The preview: it follows edits, shows errors over the last good page, computes nothing, and leaves the site as it is."""

import asyncio
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from measured.options import Options
from measured.project import GENERATOR, Project
from measured.serve import server
from measured.serve.builder import Builder, Built, is_trouble
from measured.serve.server import ADDED, in_transit
from tests.generator.cases import ToyProject


@dataclass
class Served:
    """A preview in a process of its own."""

    project: ToyProject
    process: subprocess.Popen[str]
    address: str
    said: list[str] = field(default_factory=list)

    def page(self, path: str = "") -> str:
        """What a browser gets."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return answer.read().decode()

    def wait_for(self, happened: Callable[[], bool], seconds: float = 60) -> None:
        """Until something is so."""
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.05)


@pytest.fixture
def served(built: ToyProject) -> Iterator[Served]:
    """A built project with a document that is being served."""
    (built.folder / "docs").mkdir()
    built.write("docs/README.md", "# For authors\n\nNothing yet.\n")
    command = built.command("--serve")
    process = subprocess.Popen(
        command, cwd=built.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=built.environment
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), line
    preview = Served(built, process, line.split()[0])
    preview.wait_for(lambda: _answers(preview))
    yield preview
    process.terminate()
    process.communicate(timeout=30)


def _answers(preview: Served, path: str = "dice.html") -> bool:
    try:
        return "<main" in preview.page(path)
    except urllib.error.URLError:
        return False


def test_prose_shows_and_the_site_has_nothing_added(served: Served):
    """What reloads the page is in what the browser gets, and not in the file."""
    served.project.edit("templates/chapters/dice.md.jinja2", "## Findings", "## Findings, once more")
    served.wait_for(lambda: "Findings, once more" in served.page("dice.html"))
    assert ADDED in served.page("dice.html") and ADDED not in served.project.read("site/dice.html")


def test_document_shows(served: Served):
    """It is a page as well."""
    served.wait_for(lambda: _answers(served, "docs/index.html"))
    served.project.edit("docs/README.md", "Nothing yet.", "Something now.")
    served.wait_for(lambda: "Something now." in served.page("docs/index.html"))


@pytest.mark.parametrize(("edited", "expected"), [(GENERATOR / "project.py", True), (Path("dice.py"), False)])
def test_edit_of_the_generator_is_built_by_what_it_says_now(tmp_path, monkeypatch, edited, expected):
    """The process that waits for an edit has the generator as it was, and would write old pages under new keys."""
    preview, done = recorded(tmp_path, monkeypatch)
    with start_blocking_portal() as other_thread:  # as a browser of other tests keeps a loop running in this one
        other_thread.call(preview._build_anew, [("modified", str(edited))])
    assert done == ["stop"] * expected + ["build", "get ready"]


def test_preview_that_cannot_follow_says_so(tmp_path, monkeypatch, capsys):
    """And ends what it started all the same."""
    preview, done = recorded(tmp_path, monkeypatch, OSError("too many files are watched"))

    async def serve() -> None:
        async with preview._following(None):
            while not done:
                await asyncio.sleep(0.01)

    with start_blocking_portal() as other_thread:
        other_thread.call(serve)
    assert "edits are not followed any more (too many files are watched)" in capsys.readouterr().out
    assert done == ["build", "stop"]


def recorded(folder: Path, patch: pytest.MonkeyPatch, error: Exception | None = None) -> tuple[server.Preview, list[str]]:
    """A preview of nothing, and what its builder is asked to do."""
    done: list[str] = []

    class Recorded(Builder):
        def get_ready(self) -> None:
            done.append("get ready")

        def build(self) -> Built:
            done.append("build")
            if error:
                raise error
            return Built(changed=False, trouble=())

        def stop(self) -> None:
            done.append("stop")

    patch.setattr(server, "Builder", Recorded)
    return server.Preview(Project(folder), Options(folder / "site", folder / "cache")), done


def test_error_is_told_with_its_line_and_the_last_page_stays(served: Served):
    """The numbers are still there."""
    served.project.edit("templates/chapters/dice.md.jinja2", "metric.fair", "metric.fare")
    served.wait_for(lambda: "fare" in served.page("dice.html"))
    page = served.page("dice.html")
    assert (
        "templates/chapters/dice.md.jinja2, line 3" in page
        and "did you mean" in page
        and "What you read is its last good" in page
    )
    assert "Two noisy lines." in page


def test_nothing_is_computed(served: Served):
    """A change that needs new results leaves the page, and the edit that comes after it shows all the same."""
    before = served.page("dice.html")
    results = sorted(path.name for path in (served.project.folder / "cache" / "jobs").rglob("*") if path.is_file())
    served.project.edit("experiments/dice.py", "self.bias, 1.0, 50)", "self.bias, 2.0, 50)")
    served.project.edit("templates/chapters/coins.md.jinja2", "## Findings", "## Coins")
    served.wait_for(lambda: ">Coins<" in served.page("coins.html"))
    assert served.page("dice.html") == before
    assert sorted(path.name for path in (served.project.folder / "cache" / "jobs").rglob("*") if path.is_file()) == results


def test_only_the_site_is_served(served: Served):
    """Nothing beside it, and no folder."""
    for path in ("../experiments/dice.py", "%2e%2e/experiments/dice.py", "no.html", "data/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            served.page(path)


def test_port_that_is_taken_is_named(served: Served):
    """Before anything is built."""
    port = served.address.rstrip("/").rpartition(":")[2]
    outcome = served.project.build("--serve", "--port", port)
    assert outcome.returncode == 2 and outcome.stderr.startswith(f"build.py: --port {port} cannot be used")


def test_page_may_listen_to_the_server_alone():
    """Its policy, which allows nothing of the kind, is widened in transit."""
    page = """<meta content="default-src 'none'; script-src 'self'; img-src 'self'"><body>text</body>"""
    assert "script-src 'self'; connect-src 'self'; img-src" in in_transit(page)
    assert in_transit(page).endswith(f"text{ADDED}</body>")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dice: failed: templates/chapters/dice.md.jinja2, line 3: no", True),
        ("warning: templates/chapters/dice.md.jinja2, line 3: 'best' draws a conclusion", True),
        ("dice: not computed: 10 jobs to compute", True),
        ("dice: done in 0.3 s: 1 supported", False),
        ("site/index.html: nothing to do, 0.2 s", False),
    ],
)
def test_lines_that_an_author_must_see(line, expected):
    """And those that would only be in the way."""
    assert is_trouble(line) is expected
