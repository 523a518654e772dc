"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from measured.jobs.cache import Cache
from tests.generator.cases import ToyProject


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> ToyProject:
    """The small project with two chapters, built; to be looked at and copied, not changed."""
    project = ToyProject(tmp_path_factory.mktemp("built"), ("dice", "coins"))
    outcome = project.build()
    assert outcome.returncode == 0, outcome.stderr
    return project


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")
