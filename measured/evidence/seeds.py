"""The seeds that are reported, which ``--seeds`` makes more of."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from measured.evidence.levels import seeds_of_look

S = TypeVar("S")

SEED = re.compile("((?!num_).*_)?seeds?")
"""Names of fields that hold seeds, and no number of them."""


@dataclass(frozen=True)
class Seeds:
    """So many consecutive random seeds. Seeds on which something is chosen before are plain numbers instead: more of them would
    choose anew."""

    num: int
    first: int = 0

    def __post_init__(self):
        if self.num < 1 or self.first < 0:
            raise ValueError(f"Seeds({self.num}, first={self.first}) are none; expected one or more, from 0 upwards")

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.first + self.num))

    def __len__(self) -> int:
        return self.num

    def __str__(self) -> str:
        return str(self.first) if self.num == 1 else f"{self.first} to {self.first + self.num - 1}"


def with_seeds(settings: S, num: int) -> S:
    """The settings with at least ``num`` in all ``Seeds`` that they hold, however deep: those that there are, and the next
    numbers."""
    return _changed(settings, lambda seeds: replace(seeds, num=max(num, seeds.num)))


def at_look(settings: S, look: int) -> S:
    """The settings with as many seeds as a planned look has: those that there are, and the next numbers."""
    return _changed(settings, lambda seeds: replace(seeds, num=seeds.num * seeds_of_look(look)))


def shifted(settings: S, by: int) -> S:
    """The settings with ``by`` added to every seed, however deep: all ``Seeds``, and whole numbers in fields that are named
    after what they are, ``seed`` or ``search_seeds``. The same report on other random numbers."""
    return _shifted(settings, "", by) if by else settings


def _shifted(value: Any, name: str, by: int) -> Any:
    if isinstance(value, Seeds):
        return replace(value, first=value.first + by)
    if is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in fields(value) if item.init]
        return replace(value, **{item: _shifted(getattr(value, item), item, by) for item in names})
    if isinstance(value, tuple):
        items = [_shifted(item, name, by) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if type(value) is int and SEED.fullmatch(name):
        return value + by  # pyright: ignore[reportOperatorIssue]  # an int, and no bool
    return value


def _changed(settings: S, change: Callable[[Seeds], Seeds]) -> S:
    changed = {}
    for field in fields(settings):  # pyright: ignore[reportArgumentType] (settings are a dataclass)
        value = getattr(settings, field.name)
        if isinstance(value, Seeds):
            changed[field.name] = change(value)
        elif is_dataclass(value) and not isinstance(value, type):
            changed[field.name] = _changed(value, change)
    return replace(settings, **changed) if changed else settings  # pyright: ignore[reportArgumentType]
