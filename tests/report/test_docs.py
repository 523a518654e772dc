"""What the documentation shows works, and costs what it says."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from measured.pages import documents
from measured.pages.outline import read_outline
from measured.press import plan, reference
from measured.project import Project
from tests.generator.cases import ROOT, ToyProject
from tests.generator.test_docs import blocks

MOST_LINES = 15
"""Of a chapter, for one new quantity in one new figure with one new claim."""


def test_one_more_quantity_figure_and_claim(built_once: ToyProject, tmp_path):
    """The change that docs/new_quantity.md shows applies, is short, and puts number, figure and verdict on the page."""
    (shown,) = re.findall(r"```diff\n(.*?)```", (ROOT / "docs" / "new_quantity.md").read_text(), flags=re.S)
    added = [line for line in shown.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert len([line for line in added if line.strip("+ ")]) <= MOST_LINES
    for part in ("experiments", "lab", "templates"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "build.py", tmp_path)
    ToyProject.at(tmp_path).learn_from(built_once)
    applied = subprocess.run(["git", "apply"], cwd=tmp_path, input=shown, text=True, capture_output=True)
    assert applied.returncode == 0, applied.stderr
    command = [sys.executable, "build.py", "--only", "gradient_norm", "--preset", "quick", "--workers", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    built = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, env=environment)
    assert built.returncode == 0, built.stdout + built.stderr
    page = (tmp_path / "site" / "gradient_norm.html").read_text()
    source = (tmp_path / "site" / "source" / "experiments.gradient_norm.html").read_text()
    assert 'experiments.gradient_norm.html#def-last_layer">Code' in page and 'id="def-last_layer"' in source
    assert "means over 2 seeds" in page.lower()
    assert "Mostly (at least 0.500 %" not in page and 'id="claim-mostly-the-last-layer"' in page and "at least 50 %" in page


def test_pages_run(tmp_path):
    """Every block, in order, with what it asserts, in a project that has ``lab``; in one process, as torch takes a while."""
    pages = ("own_network", "own_loss", "own_data")
    shutil.copytree(ROOT / "lab", tmp_path / "lab", ignore=shutil.ignore_patterns("__pycache__", "mnist"))
    for page in pages:
        (tmp_path / f"{page}.py").write_text("\n\n".join(blocks(page)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", f"import {', '.join(pages)}"]
    outcome = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, env=environment, timeout=300)
    assert outcome.returncode == 0, outcome.stderr


def test_chapter_with_data_networks_and_loss_of_its_own(built_once: ToyProject, tmp_path):
    """The worked example of the how-to pages builds and is as short as they say; it is no part of this report."""
    toy = ToyProject(tmp_path / "toy", ("row_by_row",))
    toy.learn_from(built_once)
    shutil.copytree(ROOT / "lab", toy.folder / "lab", ignore=shutil.ignore_patterns("__pycache__", "mnist"))
    module, prose = ((ROOT / "docs" / "examples" / f"row_by_row.{kind}").read_text() for kind in ("py", "md.jinja2"))
    assert len(module.splitlines()) < 120
    toy.write("experiments/row_by_row.py", module)
    toy.write("templates/chapters/row_by_row.md.jinja2", prose)
    outcome = toy.build("--preset", "quick")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    page = toy.read("site/row_by_row.html")
    assert 'id="claim-both-read"' in page and 'id="figure-accuracy"' in page and "What is missing here" not in page


def test_overview_lists_every_document():
    """No page of docs/ is left out of the site, and no link of any leads nowhere."""
    found = documents.read(ROOT)
    assert {item.path for item in found.for_authors} >= {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert found.faults == ()


def test_chapters_that_documents_name_are_there():
    """With ``--only``, in those about this report."""
    outline = read_outline(ROOT)
    for name in ("README.md", "CONTRIBUTING.md", "docs/new_quantity.md"):  # others speak of other reports
        chosen = re.findall(r"build\.py[^\n`]* --only ([a-z_]+)", (ROOT / name).read_text(encoding="utf-8"))
        assert chosen and plan.choose(outline.chapters, chosen)


def test_reference_holds_what_authors_import():
    """Modules with docstrings, signatures and links to one another and to the sources; the same bytes each time."""
    pytest.importorskip("pdoc")
    project = Project(ROOT)
    found = reference.modules(project.documents, project.source_files)
    assert {"measured/jobs/__init__.py", "lab/trained.py"} <= found.keys()
    chosen = {path: found[path] for path in ("measured/jobs/__init__.py", "lab/trained.py")}
    pages = reference.files(project, chosen)
    assert pages == reference.files(project, chosen)
    jobs, trained = (pages[address].decode() for address in chosen.values())
    assert 'id="gather"' in jobs and "../source/measured.jobs.pool.html#L-" in jobs
    assert 'id="Classification"' in trained and "<script>" not in jobs + trained
