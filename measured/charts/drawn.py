"""Figures as functions: the function's name is the figure's, its docstring the caption, and "code" leads to it."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from measured.charts.figure import Figure

_NAME = re.compile(r"\{(\w+)\}")


def drawn(make: Callable[..., Figure], *arguments: Any, variant: str = "", **named: Any) -> dict[str, Figure]:
    """The figure that ``make`` makes of the arguments, by its name.

    The name is the function's; of figures that are variations, made by one function, the ``variant`` is added:
    ``sweep_updates``. The caption is the docstring, in which braces may name an argument that is text or a number
    (``{title}``), a setting (``{setting.num_images}``) or a metric (``{metric.gap.first}``); the page adds what the shape
    knows. Raises ValueError where there is no docstring.
    """
    figure = make(*arguments, **named)
    given = inspect.signature(make).bind(*arguments, **named)
    given.apply_defaults()
    words = {name: str(value) for name, value in given.arguments.items() if isinstance(value, str | int | float)}
    caption = figure.caption or inspect.getdoc(make)
    if not caption:
        raise ValueError(f"figure {make.__name__} has no caption: say in the docstring of {make.__name__}() what it shows")
    caption = _NAME.sub(lambda match: words.get(match[1], match[0]), " ".join(caption.split()))
    name = f"{make.__name__}_{variant}" if variant else make.__name__
    made = {"made_by": make.__name__, "made_in": make.__module__}
    return {name: replace(figure, caption=caption, alt=figure.alt or caption, **made)}
