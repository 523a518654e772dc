"""What all processes of a test run share: made by the first that needs it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(folders: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is filled once for all processes of a test run, by the first that asks; others wait."""
    base = folders.getbasetemp()
    folder, finished = (
        (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name for name in (name, f"{name}.finished")
    )
    with FileLock(f"{folder}.lock"):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            finished.touch()
    return folder
