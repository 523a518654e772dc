"""What a chapter's ``run()`` may return: metrics and figures, or plain numbers and matplotlib's figures for less."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from measured.charts import Figure
from measured.charts.own import bare
from measured.errors import BuildError
from measured.evidence import Metric, Plain, Result, flat


@dataclass(frozen=True)
class NoSettings:
    """Of a chapter that has none."""


def accepted(returned: Any, chapter: str = "") -> Result:
    """What ``run()`` of the chapter returned, or a result that none made, with plain numbers as ``Plain`` metrics and drawings
    as ``charts.own``. Raises BuildError for anything else."""
    where = f"experiments/{chapter}.py" if chapter else "this result"
    pair = returned if isinstance(returned, tuple) and len(returned) == 2 else ()
    if not pair or not all(isinstance(things, Mapping) for things in pair):
        kind = type(returned).__name__
        raise BuildError(f"{where}: run() returned {kind}; expected Result(metrics, figures), two dicts of things by name")
    metrics, figures = pair
    numbers = {name: _metric(name, thing, where) for name, thing in flat(metrics).items()}
    return Result(numbers, {name: _figure(name, thing, chapter, where) for name, thing in figures.items()})


def _metric(name: str, thing: Any, where: str) -> Metric:
    if isinstance(thing, Metric):
        return thing
    item = getattr(thing, "item", None)  # a NumPy number or an array of one
    if item and getattr(thing, "size", 1) == 1:
        thing = item()
    if not isinstance(thing, Real) or isinstance(thing, bool):
        raise BuildError(f"{where}: {name!r} has the type {type(thing).__name__}; expected a Metric, or a number")
    try:
        return Plain.once(thing)
    except ValueError as error:
        raise BuildError(f"{where}: {name!r}: {error}") from error


def _figure(name: str, thing: Any, chapter: str, where: str) -> Figure:
    if isinstance(thing, Figure):
        if not thing.caption:
            raise BuildError(
                f"{where}: figure {name!r} has no caption; make it by charts.drawn(function, ...), whose docstring it is"
            )
        return thing
    matplotlib = sys.modules.get("matplotlib.figure")
    if not matplotlib or not isinstance(thing, matplotlib.Figure):
        raise BuildError(f"{where}: {name!r} has the type {type(thing).__name__}; expected a Figure, or one of matplotlib's")
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(thing)  # or it would keep the figure for ever
    return bare(name, thing, made_in=f"experiments.{chapter}" if chapter else "")


def without_settings(run: Callable[..., Any]) -> Callable[[Any], Any]:
    """A ``run()`` that takes nothing, as one that takes settings. Raises BuildError where it wants some."""
    needed = [item.name for item in inspect.signature(run).parameters.values() if item.default is item.empty]
    if needed:
        raise BuildError(
            f"{inspect.getsourcefile(run)}: run({', '.join(needed)}) takes settings and the module has none; add a frozen "
            "dataclass Settings and PRESETS, or write run()"
        )
    return lambda _: run()
