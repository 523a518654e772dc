"""Versions of installed distributions, read fast: a build with nothing to do asks for dozens."""

from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

ABSENT = "not installed"


@cache
def version_of(name: str) -> str:
    """The version of an installed distribution, or that it is not installed."""
    try:
        described = distribution(name).read_text("METADATA") or ""
    except PackageNotFoundError:
        return ABSENT
    # importlib.metadata.version parses all of it as a letter, a long description included.
    found = (line.partition(":")[2].strip() for line in described.splitlines() if line.startswith("Version:"))
    return next(found, None) or version(name)


def file_of(name: str, path: str) -> Path:
    """A file of an installed distribution, by its path below the folder of packages; nothing is imported for it."""
    return Path(str(distribution(name).locate_file(path)))
