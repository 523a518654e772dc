"""Small projects, built or to be built."""

import os
import shutil
from pathlib import Path

import pytest

from tests.generator.cases import ToyProject


@pytest.fixture
def toy(tmp_path: Path) -> ToyProject:
    """A small project with one chapter, not built yet."""
    (tmp_path / "toy").mkdir()
    return ToyProject(tmp_path / "toy")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> ToyProject:
    """The small project with two chapters, built; to be looked at and copied, not changed."""
    project = ToyProject(tmp_path_factory.mktemp("built"), ("dice", "coins"))
    outcome = project.build()
    assert outcome.returncode == 0, outcome.stderr
    return project


@pytest.fixture
def built(built_once: ToyProject, tmp_path: Path) -> ToyProject:
    """A built project of the test's own."""
    return ToyProject(tmp_path / "built", copied_from=built_once)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, driven by Playwright."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        if os.environ.get("MEASURED_NEEDS_CHROMIUM"):
            pytest.fail("Chromium must be there in CI; .ci/run installs it")
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
