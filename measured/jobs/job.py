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

    def compute(self, *inputs: Any) -> R:
        """The result, from the results of the jobs in the fields, in the order of the fields."""
        raise NotImplementedError

    @property
    def result_type(self) -> type[R]:
        """The type of the result, as ``compute`` is annotated. Raises ValueError where that is no dataclass."""
        kind = get_type_hints(type(self).compute).get("return")
        if not is_dataclass(kind):
            raise ValueError(f"{type(self).__name__}.compute must be annotated with the frozen dataclass that it returns")
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


def specification(value: Any) -> Any:
    """What ``value`` says, as JSON-ready data that differs wherever two jobs could differ. Raises ValueError for what has no
    key."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [specification(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"": name} | {field.name: specification(getattr(value, field.name)) for field in fields(value)}
    raise ValueError(
        f"a job cannot hold a {type(value).__name__} ({value!r:.60}); use numbers, strings, tuples and frozen dataclasses"
    )


def name_of(job: Job) -> str:
    """A job as one short line for messages."""
    text = repr(job)
    return text if len(text) <= 160 else text[:157] + "..."
