"""Jobs: frozen dataclasses that say everything that determines a result, and compute it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar, get_type_hints

from measured.files import canonical
from measured.jobs.placeholder import made_up

R = TypeVar("R", covariant=True)

OPERATIONS_PER_SECOND = 5e10
"""Floating-point operations of one worker, float32, in practice: the one calibration that turns ``Job.flops`` into seconds."""


class Job(Generic[R]):
    """Base of all jobs; subclasses are frozen dataclasses, ``class Spectra(Job[Spectrum])`` one whose result is a ``Spectrum``.

    Fields are numbers, strings, None, tuples, other frozen dataclasses and jobs: ``Spectra(of=Train(...))`` computes from the
    result of the training in its field. The return annotation of ``compute`` names the type of the result: a frozen dataclass
    of NumPy arrays and scalars. A dataclass in a field may have ``checksums()``, a dict that pins what no code and no version
    of a library does, such as a file of data.
    """

    def __init__(self, *_: Any, **__: Any):
        # A dataclass brings an __init__ of its own.
        raise ValueError(f"{type(self).__name__} is a job but no dataclass; write @dataclass(frozen=True) above its class")

    def compute(self, *inputs: Any) -> R:
        """The result, from the results of the jobs in the fields, in the order of the fields."""
        raise NotImplementedError

    @property
    def result_type(self) -> type[R]:
        """The type of the result, as ``compute`` is annotated. Raises ValueError where that is no dataclass."""
        name = type(self).__name__
        kind = get_type_hints(type(self).compute).get("return")
        if not is_dataclass(kind):
            raise ValueError(
                f"{name}.compute does not say what it returns; annotate it with a frozen dataclass of arrays and numbers, "
                f"def compute(self) -> {name}Result"
            )
        return kind  # pyright: ignore[reportReturnType]

    @property
    def axes(self) -> Mapping[str, int | tuple[int, ...]]:
        """Sizes of the axes that the annotations of the result name; a tuple for one that stands for several, like
        ``*networks``."""
        return {}

    def placeholder(self) -> R:
        """A made-up result with the right shapes, with which a chapter is rehearsed before anything is computed.

        It is read off the annotations of the result and off ``axes``. A job whose result needs more than shapes (steps that
        agree with a setting) replaces these fields.
        """
        return made_up(self.result_type, self.axes, canonical(specification(self)))

    def check(self) -> None:
        """Raises ValueError where it can be told before it is computed that it would fail. A rehearsal asks."""

    @property
    def flops(self) -> float:
        """Roughly how many floating-point operations it takes, overheads counted as what could be computed meanwhile."""
        return OPERATIONS_PER_SECOND

    @property
    def seconds(self) -> float:
        """Roughly how long it takes on one worker: decides what is submitted first and feeds the forecast."""
        return self.flops / OPERATIONS_PER_SECOND


def nested(value: Any) -> tuple[Job, ...]:
    """The jobs in the fields of ``value``, outermost only, in the order of the fields."""
    if isinstance(value, tuple):
        return tuple(job for item in value for job in ([item] if isinstance(item, Job) else nested(item)))
    if is_dataclass(value):
        return nested(tuple(getattr(value, field.name) for field in fields(value)))
    return ()


def parts_inside(job: Job) -> Iterator[Any]:
    """``job`` and the dataclasses in its fields, short of the jobs that it builds on."""
    todo: list[Any] = [job]
    while todo:
        value = todo.pop()
        if isinstance(value, tuple):
            todo += [item for item in value if not isinstance(item, Job)]
        elif is_dataclass(value):
            yield value
            todo += [item for field in fields(value) if not isinstance(item := getattr(value, field.name), Job)]


def specification(value: Any, of: str = "") -> Any:
    """What ``value`` says, as JSON-ready data that differs wherever two jobs could differ. Raises ValueError for what has no
    key, which the field ``of`` holds."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [specification(item, of) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        name = f"{kind.__module__}.{kind.__qualname__}"
        return {"": name} | {field: specification(item, f"{kind.__name__}.{field}") for field, item in named.items()}
    raise ValueError(f"{of or 'a job'} cannot hold {_what(value)}")


def _what(value: Any) -> str:
    """What has no key, and what to write instead; without addresses in memory, which are others each time."""
    if isinstance(value, type):
        return f"the class {value.__name__}; give an instance of a frozen dataclass instead"
    if callable(value):
        name = getattr(value, "__qualname__", type(value).__name__).rpartition("<locals>.")[2]
        what = "a lambda" if name == "<lambda>" else f"the function {name}"
        return f"{what}; give a frozen dataclass with a method instead, whose fields and code the key of a result can digest"
    if isinstance(value, list | set | frozenset):
        return f"a {type(value).__name__} ({value!r:.60}); write a tuple instead"
    return (
        f"a {type(value).__name__}{'' if ' at 0x' in repr(value) else f' ({value!r:.60})'}; "
        "use numbers, strings, None, tuples and frozen dataclasses"
    )


def name_of(job: Job) -> str:
    """A job as one short line for messages."""
    text = repr(job)
    return text if len(text) <= 160 else text[:157] + "..."
