"""What the documentation shows works, and costs what it says."""

import os
import re
import shutil
import subprocess
import sys

from tests.generator.cases import ROOT

MOST_LINES = 15
"""Of a chapter, for one new quantity in one new figure with one new claim."""


def test_one_more_quantity_figure_and_claim(tmp_path):
    """The change that docs/new_quantity.md shows applies, is short, and puts number, figure and verdict on the page."""
    (shown,) = re.findall(r"```diff\n(.*?)```", (ROOT / "docs" / "new_quantity.md").read_text(), flags=re.S)
    added = [line for line in shown.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert len([line for line in added if line.strip("+ ")]) <= MOST_LINES
    for part in ("experiments", "lab", "templates"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "build.py", tmp_path)
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
