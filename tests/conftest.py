"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from measured.jobs.cache import Cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")
