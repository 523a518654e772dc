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
    return _changed(settings, lambda name, value: _of_seeds(value, lambda seeds: max(num, seeds.num)))


def at_look(settings: S, look: int) -> S:
    """The settings with as many seeds as a planned look has: those that there are, and the next numbers."""
    return _changed(settings, lambda name, value: _of_seeds(value, lambda seeds: seeds.num * seeds_of_look(look)))


def shifted(settings: S, by: int) -> S:
    """The settings with ``by`` added to every seed, however deep: all ``Seeds``, and whole numbers in fields that are named
    after what they are, ``seed`` or ``search_seeds``. The same report on other random numbers."""

    def moved(name: str, value: Any) -> Any:
        if isinstance(value, Seeds):
            return replace(value, first=value.first + by)
        return value + by if type(value) is int and SEED.fullmatch(name) else value  # an int, and no bool

    return _changed(settings, moved)


def _of_seeds(value: Any, num: Callable[[Seeds], int]) -> Any:
    return replace(value, num=num(value)) if isinstance(value, Seeds) else value


def _changed(value: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    """The same with what ``change`` makes of each thing in it, given the name of its field: in dataclasses and tuples, however
    deep."""
    if is_dataclass(value) and not isinstance(value, type | Seeds):
        names = [item.name for item in fields(value) if item.init]
        return replace(value, **{item: _changed(getattr(value, item), change, item) for item in names})
    if isinstance(value, tuple):
        items = [_changed(item, change, name) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return change(name, value)
