"""A new report: ``measured new my-report``."""

from pathlib import Path

from measured.errors import BuildError
from measured.new import files


def create(folder: Path, title: str = "") -> list[str]:
    """Write a report with one chapter into a folder that is new or empty; the paths of its files. Raises BuildError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        beside = files.unused(folder, "-")
        raise BuildError(f"{folder} is there already, and not empty; expected a new folder, like {beside}")
    return files.write(folder, files.of_report(title or files.title_of(folder.resolve().name)))
