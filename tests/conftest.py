"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from lab.cache import Cache
from tests.cases import ToyProject


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def toy(tmp_path: Path) -> ToyProject:
    """A small project with one chapter, not built yet."""
    return ToyProject(tmp_path / "toy" if (tmp_path / "toy").mkdir() is None else tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ToyProject:
    """The small project, built once; tests of a module that change it say how it was before."""
    project = ToyProject(tmp_path_factory.mktemp("built"), ("dice", "coins"))
    outcome = project.build()
    assert outcome.returncode == 0, outcome.stderr
    return project
