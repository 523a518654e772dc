"""Names that nest: ``epochs.loss.last`` names a metric in a dict in a dict, in a claim, in a caption and in prose
alike."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from measured.errors import BuildError, did_you_mean

TAKEN = ("get", "items", "keys", "values")
"""What asks a group for something else than a thing of that name."""


def flat(nested: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """What nested dicts hold, by the names on the way there joined by dots."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        if name in TAKEN:
            raise BuildError(f"a name cannot be {name!r}, which is a word of Python's dicts; take another")
        found |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return found


class Names(Mapping[str, Any]):
    """Things by names with dots, which are reached step by step, as attributes or in brackets; a name that is not there says
    what is near."""

    def __init__(self, kind: str, things: Mapping[str, Any], before: str = ""):
        self._kind, self._things, self._before = kind, things, before

    def __getitem__(self, name: Any) -> Any:
        whole = f"{self._before}{name}"
        if whole in self._things:
            return self._things[whole]
        if any(other.startswith(f"{whole}.") for other in self._things):
            return Names(self._kind, self._things, f"{whole}.")
        raise BuildError(unknown(self._kind, whole, self._things))

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "jinja_")):  # what Python and the template language ask of any object
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.removeprefix(self._before).split(".")[0] for name in self._inside()))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __str__(self) -> str:
        raise BuildError(f"{self._kind} {self._before.rstrip('.')!r} is a group; there are {', '.join(self._inside())}")

    def _inside(self) -> list[str]:
        return [name for name in self._things if name.startswith(self._before)]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line on a name that does not exist, with the nearest that does."""
    return f"no {kind} {name!r}; {did_you_mean(name, known, otherwise='there are')}"


def resolve(name: str, known: Mapping[str, Any]) -> str | None:
    """The longest beginning of a name with dots that is known; None where none is: what comes after it is a part of the
    thing."""
    steps = name.split(".")
    return next((whole for end in range(len(steps), 0, -1) if (whole := ".".join(steps[:end])) in known), None)
