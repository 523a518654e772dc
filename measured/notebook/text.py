"""What is printed where there is no HTML: how the claims came out, and the first metrics."""

from dataclasses import fields
from typing import Any

from measured.evidence import Metric, Result, flat, number
from measured.notebook.found import Found
from measured.pages.wording import SIGNS

LINES = 12
"""Metrics that are printed; all of them are in ``result.metrics``."""


def text(result: Result) -> str:
    """A result in some lines."""
    lines, found = [], Found.of(result)
    if found:
        record, trouble = found.judged()
        lines.append(" · ".join(filter(None, (found.chapter.title, found.measured_at))))
        lines += [f"{SIGNS[item.outcome]} {item.outcome}: {item.id}, {item.headline}" for item in record.verdicts]
        lines += [f"no verdicts: {trouble}"] if trouble else []
    metrics = flat(result.metrics)
    lines += [f"{name} = {_told(metric)}" for name, metric in list(metrics.items())[:LINES]]
    lines += [f"and {len(metrics) - LINES} metrics more, in .metrics"] if len(metrics) > LINES else []
    lines += [f"figures: {', '.join(result.figures)}"] if result.figures else []
    return "\n".join(lines)


def _told(metric: Any) -> str:
    return str(metric) if isinstance(metric, Metric) else repr(metric)


def of_result(result: Any) -> str:
    """What a job returned, in a line: its arrays by type and shape alone."""
    told = ", ".join(f"{field.name}={in_short(getattr(result, field.name))}" for field in fields(result))
    return f"{type(result).__name__}({told})"


def in_short(value: Any) -> str:
    """An array by its type, shape and range; a number or a text as it is."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        what = f"{value.dtype}, {' × '.join(map(str, value.shape)) or 'a number'}"
        if value.dtype.kind not in "biuf" or not value.size:
            return what
        if value.size <= 4:
            return f"{what}: {', '.join(number(float(item)) for item in value.ravel())}"
        return f"{what}: {number(float(value.min()))} to {number(float(value.max()))}"
    if isinstance(value, float):
        return number(value)
    words = str(value)
    return words if len(words) <= 60 else f"{words[:57]}..."
