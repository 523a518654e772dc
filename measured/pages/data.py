"""Numbers as files beside the pages."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from measured.evidence import Metric
from measured.pages.record import Record, to_json


def of_chapter(record: Record, text: str = "") -> dict[str, bytes]:
    """The record as JSON, which may be given as ``text``, its metrics and the table of each figure as CSV."""
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
        },
    }


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A table as CSV; a metric is its value."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell.value if isinstance(cell, Metric) else cell for cell in row])
    return file.getvalue().encode()
