"""Jobs: frozen dataclasses that say everything that determines a result, and compute it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


class Job:
    """Base of all jobs; subclasses are frozen dataclasses.

    Fields are numbers, strings, None, tuples, other frozen dataclasses and jobs: ``Spectrum(of=Train(...))`` computes from the
    result of the training in its field. The return annotation of ``compute`` names the type of the result: a frozen dataclass
    of NumPy arrays and scalars. A dataclass in a field may have ``checksums()``, a dict that pins what no code and no version
    of a library does, such as a file of data.
    """

    def compute(self, *inputs: Any) -> Any:
        """The result, from the results of the jobs in the fields, in the order of the fields."""
        raise NotImplementedError

    def placeholder(self) -> Any:
        """A made-up result with the right shapes, with which a chapter is rehearsed before anything is computed."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """Roughly how long it takes on one worker: decides what is submitted first and feeds the forecast."""
        return 1.0


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


def result_type(job: Job) -> type:
    """The type that ``job.compute`` is annotated to return. Raises ValueError where that is no dataclass."""
    kind = get_type_hints(type(job).compute).get("return")
    if not is_dataclass(kind):
        raise ValueError(f"{type(job).__name__}.compute must be annotated with the frozen dataclass that it returns")
    return kind  # pyright: ignore[reportReturnType]


def name_of(job: Job) -> str:
    """A job as one short line for messages."""
    text = repr(job)
    return text if len(text) <= 160 else text[:157] + "..."
