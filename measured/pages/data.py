"""Numbers as files beside the pages."""

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from measured.charts import Figure
from measured.evidence import Metric
from measured.pages.record import Record, to_json


def of_chapter(record: Record, text: str = "") -> dict[str, bytes]:
    """The record as JSON, which may be given as ``text``, its metrics and the table of each figure as CSV, and as a script
    where it can be explored."""
    columns = ("metric", "value", "low", "high", "n", "summary", "unit", "values")
    rows = [
        (name, item.value, item.low, item.high, item.n, item.summary, item.unit, " ".join(map(repr, item.values)))
        for name, item in record.metrics.items()
    ]
    return {
        f"data/{record.chapter}.json": (text or to_json(record)).encode(),
        f"data/{record.chapter}/metrics.csv": as_csv(columns, rows),
        **{
            f"data/{record.chapter}/{name}.csv": as_csv(figure.table.columns, figure.table.rows)
            for name, figure in record.figures.items()
            if figure.table.columns
        },
        **{
            f"data/{record.chapter}/{name}.js": as_script("table", f"{record.chapter}/{name}", for_scripts(figure))
            for name, figure in record.figures.items()
            if figure.explored_by
        },
    }


def for_scripts(figure: Figure) -> dict[str, Any]:
    """A figure as its explorer gets it: the words around it, the rows of its CSV, how each series looks, and its options."""
    return {
        "shape": figure.shape,
        "title": figure.title,
        "caption": figure.caption,
        "alt": figure.alt,
        "note": figure.note,
        "fields": figure.fields,
        "columns": figure.table.columns,
        "rows": [[_plain(cell) for cell in row] for row in figure.table.rows],
        "looks": [
            (name, {"colour": {"light": look.light, "dark": look.dark}, "marker": look.symbol, "dash": look.dash})
            for name, look in figure.looks().items()
        ],
        "options": figure.explorer_options(),
    }


def as_script(function: str, key: str, value: Any) -> bytes:
    """A file that hands a value to the scripts of a page, which may load scripts but not read files where the page is one.

    It is ASCII, so that no letter ends a line or a text before its time; and no key in it is a name from an experiment.
    """
    content = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return f"measured.{function}({json.dumps(key)}, {content});\n".encode("ascii")


def _plain(cell: Any) -> Any:
    """A cell as JSON has it; a number that is not finite as text."""
    if isinstance(cell, Metric):
        cell = cell.value
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A table as CSV; a metric is its value."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell.value if isinstance(cell, Metric) else cell for cell in row])
    return file.getvalue().encode()
