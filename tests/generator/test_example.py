"""The example: a second report, from outside deep learning, which the generator builds without knowing it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generator.cases import ROOT, ToyProject
from tests.generator.once import made_once
from tests.generator.site_check import problems_of

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module", params=sorted(path.name for path in EXAMPLES.iterdir() if (path / "build.py").is_file()))
def example(request, tmp_path_factory, built_once: ToyProject) -> ToyProject:
    """A copy of it, built at the quick preset."""

    def make(folder: Path) -> None:
        made = shutil.ignore_patterns("site", "cache", "__pycache__")
        shutil.copytree(EXAMPLES / request.param, folder, ignore=made, dirs_exist_ok=True)
        project = ToyProject.at(folder)
        project.learn_from(built_once)
        outcome = project.build("--preset", "quick")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert "warning" not in outcome.stdout, outcome.stdout

    return ToyProject.at(made_once(tmp_path_factory, request.param, make))


def test_example_is_a_whole_site(example: ToyProject):
    """With its own title, and nothing of this repository's report."""
    assert problems_of(example.folder / "site") == []
    assert "MNIST" not in example.read("site/index.html") and "Where to begin" in example.read("site/index.html")


def test_tests_of_the_example_pass(example: ToyProject):
    """What it measures with is held against what is known."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    outcome = subprocess.run(command, cwd=example.folder, capture_output=True, text=True, env=example.environment, timeout=300)
    assert outcome.returncode == 0, outcome.stdout
