"""Settings as plain data, as a reader wants to see them, and as prose names them."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from measured.evidence import Names, Seeds, as_given
from measured.pages.record import Setting

PLAIN = (bool, int, float, str, type(None))


def told(settings: Any) -> tuple[Setting, ...]:
    """All that a chapter's settings say, those of sub-studies by names with dots, and what follows from them by properties."""
    return tuple(_told(settings, "", False, type(settings).__module__))


def _told(value: Any, name: str, is_derived: bool, chapter: str) -> Iterator[Setting]:
    if isinstance(value, Seeds):
        yield Setting(name, list(value), is_derived)
    elif isinstance(value, PLAIN):
        yield Setting(name, value, is_derived)
    elif _is_row(value):
        yield Setting(name, list(value), is_derived)
    elif is_dataclass(value) and not isinstance(value, type):
        # A sub-study of the chapter nests; what comes from elsewhere, such as a network, is one setting, of which prose can
        # name the fields.
        is_part = type(value).__module__ == chapter
        if not is_part:
            yield Setting(name, _in_short(value), is_derived)
        before = f"{name}." if name else ""
        for field in fields(value):
            yield from _told(getattr(value, field.name), f"{before}{field.name}", is_derived or not is_part, chapter)
        for derived in _properties(type(value)):
            found = getattr(value, derived)
            if is_part or isinstance(found, PLAIN) or _is_row(found):
                yield from _told(found, f"{before}{derived}", True, chapter)
    elif isinstance(value, tuple | list):
        yield Setting(name, [_in_short(item) if is_dataclass(item) else str(item) for item in value], is_derived)


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(item, PLAIN) for item in value)


def _in_short(value: Any) -> str:
    """What the value calls itself, or its class with the fields that differ from their defaults."""
    if "__str__" in vars(type(value)):
        return str(value)
    given = [(field.name, getattr(value, field.name)) for field in fields(value) if getattr(value, field.name) != field.default]
    told = ((name, _in_short(item) if is_dataclass(item) else item) for name, item in given)
    return f"{type(value).__name__}({', '.join(f'{name}={item}' for name, item in told)})"


def _properties(kind: type) -> list[str]:
    return [name for base in kind.__mro__ for name, item in vars(base).items() if isinstance(item, property) and name[0] != "_"]


def shown(value: Any) -> str:
    """A setting as a reader wants it: item by item, what is not set in words, many whole numbers in a row by their ends."""
    if value is None:
        return "not set"
    if isinstance(value, list):
        in_a_row = len(value) > 6 and all(isinstance(item, int) for item in value) and _in_a_row(value)
        return f"{value[0]} to {value[-1]}" if in_a_row else ", ".join(map(shown, value))
    return str(value)


def _in_a_row(values: Sequence[int]) -> bool:
    return list(values) == list(range(values[0], values[-1] + 1))


def names(settings: Sequence[Setting]) -> Names:
    """What prose, claims and captions name as ``setting``."""
    views: dict[str, Any] = {}
    found = Names("setting", views)
    views |= {item.name: _View(item.value, Names("setting", views, f"{item.name}.")) for item in settings}
    return found


class _View:
    """A setting in prose: prints itself as a number or words, gives the ``first``, ``last`` and ``num`` of several, a share in
    ``percent``, and what is known of it by name, such as a network's ``num_parameters``."""

    def __init__(self, value: Any, inside: Names | None = None):
        self._value, self._inside = value, inside

    def __getattr__(self, name: str) -> Any:
        if self._inside is None or name.startswith("_"):
            raise AttributeError(name)
        return self._inside[name]

    def __str__(self) -> str:
        if isinstance(self._value, int | float) and not isinstance(self._value, bool):
            return as_given(self._value)
        if isinstance(self._value, list) and all(isinstance(item, int | float) for item in self._value):
            return ", ".join(map(as_given, self._value)) if len(self._value) < 7 else shown(self._value)
        return shown(self._value)

    def __html__(self) -> Any:
        from markupsafe import escape

        return escape(str(self))

    @property
    def value(self) -> Any:
        """As plain data, to compute or to compare with."""
        return self._value

    @property
    def percent(self) -> str:
        """A share as a reader wants it."""
        return f"{as_given(self._value, '%')} %"

    @property
    def num(self) -> "_View":
        """How many there are."""
        return _View(len(self._value))

    @property
    def first(self) -> "_View":
        return _View(self._value[0])

    @property
    def last(self) -> "_View":
        return _View(self._value[-1])
