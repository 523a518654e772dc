"""Made-up results, read off the annotations of a dataclass: what a rehearsal sees before anything is computed.

An array's annotation is one of jaxtyping's, which names its axes and types (``Float[np.ndarray, "*networks records"]``); it is
read without importing jaxtyping. Numbers lie between 0 and 1 and ascend through an array, so that logarithms, ratios and the
spread over seeds exist; each job and field has others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from measured.files import digest

Axes = Mapping[str, int | tuple[int, ...]]

TYPES = ("float64", "int64", "bool", "uint8")
"""Types of the elements, the first that the annotation allows."""


def made_up(kind: Any, axes: Axes, text: str) -> Any:
    """An instance of the dataclass ``kind`` with plausible numbers, which ``text`` and the names of the fields determine.

    Raises ValueError for an axis whose size ``axes`` does not say, and for an annotation of which nothing can be made.
    """
    hints = _hints(kind)
    return kind(
        **{field.name: _value(hints[field.name], axes, text, f"{kind.__name__}.{field.name}") for field in fields(kind)}
    )


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(annotation: Any, axes: Axes, text: str, name: str) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        (annotation, *_) = (item for item in get_args(annotation) if item is not NoneType)
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    if is_dataclass(annotation):
        return made_up(annotation, axes, text + name)
    number = int(digest(name + text)[:8], 16) / 2**32
    if hasattr(annotation, "dim_str"):
        return _array(annotation, axes, number, name)
    made = {float: 0.5 + 0.1 * number, int: 1 + int(9 * number), bool: True, str: "text", NoneType: None}
    if annotation not in made:
        raise ValueError(
            f"nothing can be made up for {name}, which is annotated with {annotation}; name the axes of an array as "
            "jaxtyping does, "
            'Float[np.ndarray, "records"], or define placeholder in the job'
        )
    return made[annotation]


def _array(annotation: Any, axes: Axes, number: float, name: str) -> Any:
    import numpy as np

    shape = tuple(_sizes(annotation.dim_str, axes, name))
    kind = (
        next((item for item in TYPES if item in annotation.dtypes), None) if isinstance(annotation.dtypes, tuple) else TYPES[0]
    )
    if kind is None:
        raise ValueError(f"nothing can be made up for {name} of type {annotation.dtypes}; define placeholder in the job")
    size = int(np.prod(shape))
    values = np.arange(size) if kind != "float64" else np.linspace(0.3 + 0.05 * number, 0.8 + 0.05 * number, size)
    return values.astype(kind).reshape(shape)


def _sizes(dimensions: str, axes: Axes, name: str) -> Iterator[int]:
    for axis in dimensions.split():
        axis = axis.removeprefix("*")
        if axis.isdecimal():
            yield int(axis)
        elif axis in axes:
            size = axes[axis]
            yield from size if isinstance(size, tuple) else (size,)
        else:
            raise ValueError(
                f"the axis {axis!r} of {name} has no size; expected one of {sorted(axes)}, or add it to axes in the job"
            )
