"""Small projects, built or to be built."""

import os
import shutil
from pathlib import Path

import pytest

from tests.generator.browser_check import chromium
from tests.generator.cases import ToyProject


@pytest.fixture
def toy(tmp_path: Path, built_once: ToyProject) -> ToyProject:
    """A small project with one chapter, not built yet; what is known of the generator's sources need not be found again."""
    (tmp_path / "toy").mkdir()
    project = ToyProject(tmp_path / "toy")
    shutil.copytree(built_once.folder / "cache" / "pages", project.folder / "cache" / "pages")
    shutil.copy(built_once.folder / "cache" / "source.json", project.folder / "cache")
    return project


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


def needed_browser():
    """Headless Chromium, driven by Playwright; where there is none, tests are skipped on a reader's machine and fail in CI."""
    try:
        with chromium() as found:
            yield found
    except FileNotFoundError as error:
        if os.environ.get("MEASURED_NEEDS_CHROMIUM"):
            pytest.fail(str(error))
        pytest.skip(str(error))


browser = pytest.fixture(needed_browser, scope="session", name="browser")
