"""A new report: ``measured new my-report``."""

import re
from pathlib import Path

from measured.errors import BuildError
from measured.new import files


def create(folder: Path, title: str = "") -> list[str]:
    """Write a report with one chapter into a folder that is new or empty; the paths of its files. Raises BuildError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        beside = next(name for number in range(2, 1000) if not (name := folder.with_name(f"{folder.name}-{number}")).exists())
        raise BuildError(f"{folder} is there already, and not empty; expected a new folder, like {beside}")
    words = re.sub(r"[-_]+", " ", folder.resolve().name)
    written = files.of_report(title or words[:1].upper() + words[1:])
    try:
        for name, text in written.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{folder} cannot be written ({error}); expected a folder that you may write to") from error
    return list(written)
