"""What a notebook is told of types that cannot say themselves how they look: what jobs return, and trees of it."""

import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from measured.charts import Figure
from measured.evidence import Metric, Verdict
from measured.notebook.text import of_result

OURS = (Metric, Figure, Verdict)
FIRST = 20
"""Items of a list by which it is told what it holds: it may be a long one of something else."""
_results: set[type] = set()


def shell() -> Any:
    """The notebook in which this runs; None elsewhere, an IPython on a terminal included."""
    found = _ipython()
    return found if getattr(found, "kernel", None) is not None else None


def _ipython() -> Any:
    module = sys.modules.get("IPython")
    return module.get_ipython() if module else None


def display() -> Callable[[str], Callable[[str], None]] | None:
    """What shows HTML below the running cell, and returns what replaces it; None outside of a notebook."""
    if shell() is None:
        return None
    from IPython.display import HTML  # pyright: ignore[reportMissingImports]
    from IPython.display import display as show  # pyright: ignore[reportMissingImports]

    def first(html: str) -> Callable[[str], None]:
        handle = show(HTML(html), display_id=True)
        return lambda other: handle.update(HTML(other))  # pyright: ignore[reportOptionalMemberAccess]

    return first


def register(kinds: Iterable[type]) -> None:
    """Let the notebook show results of these types, and dicts, lists and tuples that hold them."""
    new = set(kinds) - _results
    _results.update(new)
    if not new or (formatter := getattr(_ipython(), "display_formatter", None)) is None:
        return
    for kind in new:
        formatter.formatters["text/plain"].for_type(kind, lambda thing, printer, _: printer.text(of_result(thing)))
    for kind in (*new, dict, list, tuple):
        formatter.formatters["text/html"].for_type(kind, _html)


def is_ours(thing: Any) -> bool:
    """Whether it is something that a notebook shows richly, or holds such."""
    if isinstance(thing, Mapping | list | tuple):
        items = thing.values() if isinstance(thing, Mapping) else thing
        return any(map(is_ours, islice(items, FIRST)))
    return isinstance(thing, OURS) or type(thing) in _results


def _html(thing: Any) -> str | None:
    own = getattr(thing, "_repr_html_", None)  # of a class of tuples, say, which knows better
    if own is not None:
        return own()
    from measured.notebook import show

    return show.html(thing) if is_ours(thing) else None
