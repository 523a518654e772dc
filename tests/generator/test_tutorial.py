"""The tutorial, typed as it stands: every command runs, every file is what it says, and the claim has a verdict."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generator.cases import ROOT, ToyProject

TUTORIAL = ROOT / "docs" / "tutorial.md"
STEP = re.compile(r"^(?:`([\w/.]+)`:\n\n)?```(sh|python|jinja)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, built_once: ToyProject) -> Path:
    """The report after the last step."""
    folder = tmp_path_factory.mktemp("tutorial")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    measured = [sys.executable, "-c", "import sys; from measured.command import main; sys.exit(main(sys.argv[1:]))"]
    for path, kind, text in STEP.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind != "sh":
            assert path, f"the tutorial does not say which file this is: {text[:60]!r}"
            (folder / path).write_text(text, encoding="utf-8")
            continue
        for command in text.strip().splitlines():
            program, *arguments = shlex.split(command)
            if program == "cd":
                folder = folder / arguments[0]
                ToyProject.at(folder).learn_from(built_once)
                continue
            programs = {"measured": measured, "python": [sys.executable]}
            extra = ["--workers", "0"] if arguments[:1] == ["build.py"] and "--new" not in arguments else []
            done = subprocess.run(
                [*programs[program], *arguments, *extra],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            assert "warning" not in done.stdout, done.stdout
    return folder


def test_tutorial_ends_with_a_verdict(followed: Path):
    """On the page and in the ledger."""
    page = (followed / "site" / "exams.html").read_text(encoding="utf-8")
    assert 'id="claim-the-best-fall"' in page and "✓ supported" in page
    assert "Those who did best do worse the next time" in (followed / "site" / "claims.html").read_text(encoding="utf-8")
