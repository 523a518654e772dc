"""HTML of what a notebook shows, made of the pieces that pages are made of, on paper of its own."""

import base64
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from measured.charts import Drawings, Figure, draw, table
from measured.charts.drawings import draw_all
from measured.errors import BuildError
from measured.evidence import Metric, Result, Verdict, flat
from measured.notebook.found import Found, root_of
from measured.notebook.text import in_short
from measured.pages import environment
from measured.pages.chapter import cells_of, size, stamps_of
from measured.pages.environment import Frame
from measured.pages.material import FRAME
from measured.press.accepted import accepted
from measured.project import Project

ROWS = 100
"""Results that a table of what jobs returned lists; there may be thousands."""


def html(thing: Any) -> str:
    """A ``Result``, a metric, a figure, a verdict, what a job returned, or a dict, list or tuple of such, as HTML that brings
    its style along. Text from an experiment arrives as text."""
    if isinstance(thing, Result):
        return _output(*_result(thing))
    if isinstance(thing, Metric):
        return _output(_macro("metric")(thing))
    return _output(*_pieces(_leaves(thing)))


def _result(result: Result) -> list[Any]:
    """Heading, verdicts, figures and metrics; without a chapter, figures and metrics."""
    found = Found.of(result)
    if found is None:
        metrics, figures = accepted(result)
        alone = {name: _alone(figure) for name, figure in figures.items()}
        return [*(_figure(name, item, draw(name, item)) for name, item in alone.items()), _macro("metrics")(flat(metrics))]
    (record, trouble), root = found.judged(), found.project.root
    figures = {name: _with_looks(root, figure) for name, figure in record.figures.items()}
    drawings = Drawings(root / "cache" / "drawings").of_all(figures, draw_all)  # where a build looks for them too
    return [
        _macro("heading")(found.chapter, found.measured_at, stamps_of(record), trouble),
        *map(_macro("card"), record.verdicts),
        *(_figure(name, figure, drawings[name]) for name, figure in figures.items()),
        _macro("metrics")(record.metrics),
    ]


def _pieces(named: list[tuple[str, Any]]) -> Iterator[Any]:
    """Each thing as a block, metrics in one table, results of one type in one."""
    metrics = {name: thing for name, thing in named if isinstance(thing, Metric)}
    results: dict[type, list[tuple[str, Any]]] = {}
    for name, thing in named:
        if isinstance(thing, Verdict):
            yield _macro("card")(thing)
        elif isinstance(thing, Figure):
            figure = _alone(thing)
            drawn = name.rpartition(".")[2] or figure.made_by or "figure"
            yield _figure(name, figure, draw(drawn, figure))
        elif is_dataclass(thing) and not isinstance(thing, Metric):
            results.setdefault(type(thing), []).append((name, thing))
    if metrics:
        yield _macro("metrics")(metrics, open=True)
    for kind, found in results.items():
        yield _results(kind, found)


def _leaves(tree: Any, before: str = "") -> list[tuple[str, Any]]:
    """What a tree holds, by the way there."""
    if not isinstance(tree, Mapping | list | tuple):
        return [(before, tree)]
    items = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
    return [leaf for name, item in items for leaf in _leaves(item, f"{before}.{name}" if before else str(name))]


def _results(kind: type, found: Sequence[tuple[str, Any]]) -> Any:
    """What jobs returned, as a table: of one result a row for each field, of several a row for each of them."""
    names = [field.name for field in fields(kind)]
    if len(found) == 1:
        title, listing = (
            kind.__name__,
            table(("field", "value"), [(name, in_short(getattr(found[0][1], name))) for name in names]),
        )
    else:
        shown = found[:ROWS]
        title = f"{len(found):,} × {kind.__name__}" + (f", the first {ROWS} of them" if len(found) > ROWS else "")
        columns = [_column(name, [getattr(thing, name) for _, thing in shown]) for name in names]
        rows = zip((name for name, _ in shown), *(cells for _, cells in columns), strict=True)
        listing = table(("result", *(heading for heading, _ in columns)), list(rows))
    return _macro("values")(title, replace(listing, alt=title))


def _column(name: str, values: Sequence[Any]) -> tuple[str, list[str]]:
    """A heading, with what all arrays have in common, and what is left to say of each."""
    told = [in_short(value) for value in values]
    types, rest = zip(*(item.rpartition(": ")[::2] for item in told), strict=True)
    if types[0] and all(hasattr(value, "dtype") for value in values) and len(set(types)) == 1:
        return f"{name}: {types[0]}", list(rest)
    return name, told


def _figure(name: str, figure: Figure, drawn: Mapping[str, str]) -> Any:
    svg = drawn.get("wide", "")
    # As an image, as its style is then its own: inside of the page it would be that of every drawing there.
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else ""
    return _macro("figure")(name, figure, cells_of(figure), source, size(svg))


def _alone(figure: Figure) -> Figure:
    """A figure without its chapter, in the looks of its report; without the sentences that name settings or metrics, which
    only the chapter's result knows."""
    if sys.modules.get(figure.made_in):
        figure = _with_looks(root_of(figure.made_in), figure)
    return replace(figure, caption=_plain(figure.caption), alt=_plain(figure.alt))


def _with_looks(root: Path, figure: Figure) -> Figure:
    try:
        return Project(root).outline.looks.on(figure)
    except BuildError:  # a build will say what is wrong with the contents
        return figure


def _plain(text: str) -> str:
    sentences = []
    for sentence in re.split(r"(?<=[.?!]) +", text):
        try:
            sentences.append(sentence.format())
        except (IndexError, KeyError, ValueError, AttributeError):
            continue
    return " ".join(sentences)


@cache
def _frame() -> Frame:
    """The pieces of pages as the generator makes them."""
    frame = environment.make(FRAME)
    frame.jinja.globals["metric_html"] = environment.metric_html
    return frame


def _macro(name: str) -> Any:
    return _frame().macro("notebook", name)


def _output(*pieces: Any) -> str:
    """Pieces of a page in a box with the style sheet of the pages, which holds for nothing around it."""
    return str(_macro("output")(_style(), pieces))


@cache
def _style() -> str:
    sheets = "".join(_frame().text(f"styles/{name}.css") for name in ("base", "verdict", "figure", "notebook"))
    # Three times, as rules of a notebook's own name up to two classes.
    return f".measured.measured.measured {{\n{sheets.replace(':root', '&')}}}"
