"""The key of a result: a digest of everything that determines it."""

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from measured.files import canonical, digest
from measured.jobs.job import Job, nested, parts_inside, specification
from measured.jobs.source import Reached, Sources, changes

Parts = dict[str, Any]
"""What determines a result: ``format``, ``job`` (specified), ``code``, ``data``, ``versions``, ``device``, ``needs``."""

FORMAT = 1
"""To be raised when the generator computes, encodes or keeps results in another way: all is then computed again."""

_sources: dict[Path, Sources] = {}


def use_sources(sources: Sources) -> None:
    """Make keys from what ``sources`` has read, so that they say what was there before it was imported."""
    _sources[sources.root] = sources
    for remembered in (_reached, libraries_of, parts_of, key):
        remembered.cache_clear()


def root_of(kind: type) -> Path:
    """The folder of the project that defines ``kind``. Raises ValueError where it was not imported from a file."""
    file = getattr(sys.modules[kind.__module__], "__file__", None)
    if file is None or kind.__module__ == "__main__":
        raise ValueError(
            f"{kind.__qualname__} is defined in no module of a project; put it into a file below experiments and import it "
            "from there"
        )
    path = Path(file).resolve()
    return path.parents[kind.__module__.count(".") + (path.name == "__init__.py")]


def _sources_of(kind: type) -> Sources:
    root = root_of(kind)
    return _sources.setdefault(root, Sources(root))


@cache
def _reached(types: tuple[type, ...]) -> Reached:
    """What instances of these types compute with."""
    return _sources_of(types[0]).reached((kind.__module__, kind.__qualname__) for kind in types)


def _types(inside: Iterable[Any]) -> tuple[type, ...]:
    return tuple(sorted({type(value) for value in inside}, key=lambda kind: (kind.__module__, kind.__qualname__)))


@cache
def libraries_of(job: Job) -> tuple[str, ...]:
    """Top-level modules from outside of the project that ``job`` computes with, and the jobs that it builds on."""
    own = _reached(_types(parts_inside(job))).libraries
    return tuple(sorted({*own, *(name for inner in nested(job) for name in libraries_of(inner))}))


@cache
def parts_of(job: Job, device: str) -> Parts:
    """Everything that determines the result of ``job`` on ``device``; its digest is the key."""
    inside = list(parts_inside(job))
    types = _types(inside)
    reached = _reached(types)
    return {
        "format": FORMAT,
        "job": specification(job),
        "code": reached.definitions,
        "data": {k: v for value in inside if hasattr(value, "checksums") for k, v in value.checksums().items()},
        "versions": _sources_of(types[0]).versions(reached.libraries),
        "device": device,
        "needs": [key(inner, device) for inner in nested(job)],
    }


@cache
def key(job: Job, device: str) -> str:
    """The address of the result of ``job`` on ``device``."""
    return key_of(parts_of(job, device))


def key_of(parts: Parts) -> str:
    """The address of the result that ``parts`` determine."""
    return digest(canonical(parts))


def explain(before: Parts | None, after: Parts) -> list[str]:
    """Why the result of ``after`` is not the kept result of ``before``, one line per reason."""
    if before is None:
        return ["never computed"]
    lines = changes(before["code"], after["code"])
    for kind in ("versions", "data"):
        old, new = before[kind], after[kind]
        lines += [
            f"{name}: {old.get(name, 'nothing')} -> {new.get(name, 'nothing')}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    if before["needs"] != after["needs"]:
        lines.append("a result that it builds on changed")
    return lines or ["its kept result is gone or damaged"]
