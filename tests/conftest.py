"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest

from measured.jobs.cache import Cache
from tests.generator.browser_check import IN_A_BROWSER
from tests.generator.cases import ToyProject
from tests.generator.once import made_once


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as tests wait for processes of their own."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser runs in CI, and where that is asked for: it takes as long as a quarter of all."""
    if os.environ.get(IN_A_BROWSER):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"runs in CI, and with {IN_A_BROWSER}=1, which needs Chromium and Java"))


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> ToyProject:
    """The small project with two chapters, built; to be looked at and copied, not changed."""

    def build(folder: Path) -> None:
        outcome = ToyProject(folder, ("dice", "coins")).build()
        assert outcome.returncode == 0, outcome.stderr

    return ToyProject.at(made_once(tmp_path_factory, "built", build))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")
