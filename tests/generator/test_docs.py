"""What the how-to pages show runs as it stands, one block after the other."""

import importlib
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from measured.jobs.cache import Cache
from measured.jobs.pool import InProcess, using
from tests.generator.cases import ROOT, ToyProject


def blocks(page: str, language: str = "python") -> list[str]:
    """The fenced code of a page in docs/."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.S | re.M)


def run_page(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The blocks as one module, which is imported; its asserts are the page's own."""
    name = f"{page}_page"
    (folder / f"{name}.py").write_text("\n\n".join(blocks(page)), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with using(InProcess(Cache(folder / "cache"))):
        return importlib.import_module(name)


@pytest.mark.parametrize("page", ["own_instrument", "own_claim", "own_figure"])
def test_page_runs(page, tmp_path, monkeypatch):
    """Every block, in order, with what it asserts."""
    assert len(blocks(page)) > 1
    run_page(page, tmp_path, monkeypatch)


def test_page_without_lab_is_a_chapter(toy: ToyProject):
    """Its two files are built, and the page lists what the how-to says is missing."""
    (module,), (prose,) = blocks("without_lab"), blocks("without_lab", "jinja")
    toy.write("experiments/dice.py", module)
    toy.write("templates/chapters/dice.md.jinja2", prose)
    outcome = toy.build()
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    page = toy.read("site/dice.html")
    for what in re.findall(r"\*\*(No .*?)\*\*", (ROOT / "docs" / "without_lab.md").read_text(encoding="utf-8")):
        assert f"<b>{what}.</b>" in page, what


def test_the_cluster_on_one_machine_works_as_written(toy):
    """Scheduler, workers and build as scaling.md types them, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    scheduler, workers, build = (line.replace("8786", port) for line in blocks("scaling", "sh")[0].splitlines())
    started = []
    try:
        for command in (f"{scheduler} --dashboard-address :0", workers):
            program, *arguments = shlex.split(command)
            assert program == "dask"
            command = [sys.executable, "-m", "dask", *arguments]
            started.append(subprocess.Popen(command, env=toy.environment, stderr=subprocess.DEVNULL))
        python, script, *options = shlex.split(build)
        assert (python, script) == ("python", "build.py")
        outcome = toy.build(*options)
        assert outcome.returncode == 0, outcome.stderr
        assert "10 jobs, 0 from the cache" in outcome.stdout
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def test_the_workflow_of_github_pages_is_one():
    """Its steps are there in their order, with what each needs; the artifact is the site that the build writes."""
    (text,) = blocks("publish", "yaml")
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["build"]["steps"]
    uses = [step["uses"].split("@") for step in steps if "uses" in step]
    assert [name for name, _ in uses] == [
        f"actions/{name}"
        for name in ("checkout", "setup-python", "cache/restore", "cache/save", "upload-pages-artifact", "deploy-pages")
    ]
    assert all(re.fullmatch(r"v\d+", version) for _, version in uses)
    assert workflow["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    restored, saved = (step["with"] for step in steps if "cache/" in step.get("uses", ""))
    assert restored["path"] == saved["path"] == "cache" and restored["key"] == saved["key"]
    assert [step["with"]["path"] for step in steps if "pages-artifact" in step.get("uses", "")] == ["site"]
    assert [step["run"] for step in steps if "run" in step][-1] == "python build.py"
