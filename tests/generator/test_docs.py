"""What the how-to pages show runs as it stands, one block after the other."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

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


def test_page_without_lab_is_a_chapter(tmp_path):
    """Its two files are built, and the page lists what the how-to says is missing."""
    toy = ToyProject(tmp_path / "toy")
    (module,), (prose,) = blocks("without_lab"), blocks("without_lab", "jinja")
    toy.write("experiments/dice.py", module)
    toy.write("templates/chapters/dice.md.jinja2", prose)
    outcome = toy.build()
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    page = toy.read("site/dice.html")
    for what in re.findall(r"\*\*(No .*?)\*\*", (ROOT / "docs" / "without_lab.md").read_text(encoding="utf-8")):
        assert f"<b>{what}.</b>" in page, what
