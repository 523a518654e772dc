"""Small projects, built or to be built."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.generator.browser_check import chromium
from tests.generator.cases import ToyProject


@pytest.fixture
def bare(tmp_path: Path) -> ToyProject:
    """A small project with one chapter, in which nothing was ever built."""
    (tmp_path / "toy").mkdir()
    return ToyProject(tmp_path / "toy")


@pytest.fixture
def toy(bare: ToyProject, built_once: ToyProject) -> ToyProject:
    """A small project with one chapter, not built yet."""
    bare.learn_from(built_once)
    return bare


@pytest.fixture
def built(built_once: ToyProject, tmp_path: Path) -> ToyProject:
    """A built project of the test's own."""
    return ToyProject(tmp_path / "built", copied_from=built_once)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, driven by Playwright."""
    with chromium() as found:
        yield found
