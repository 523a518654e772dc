"""What a shape knows of its numbers, in a sentence for below the caption."""

import math
from collections.abc import Iterable

from measured.evidence import Estimate, Metric, Share

AVERAGES = {"mean": "means", "geometric mean": "geometric means", "median": "medians"}


def of_metrics(metrics: Iterable[Metric], drawn: str = "") -> str:
    """How the metrics were averaged, over how many seeds or trials, and where their 95 % intervals are: in what is ``drawn``,
    such as bars, or beside the numbers. Empty where none has any."""
    known = [metric for metric in metrics if isinstance(metric, Estimate | Share)]
    kinds = dict.fromkeys(AVERAGES[item.average] if isinstance(item, Estimate) else "shares" for item in known)
    if not kinds:
        return ""
    over = count(sorted({metric.n for metric in known}), _of(known))
    has_intervals = any(metric.low is not None for metric in known)
    intervals = "" if not has_intervals else f"; {drawn}: 95 % intervals" if drawn else " with 95 % intervals"
    if drawn and any(bound is not None and math.isinf(bound) for metric in known for bound in (metric.low, metric.high)):
        intervals += ", an arrow where one has no end"
    *others, last = kinds
    what = f"{', '.join(others)} and {last}" if others else last
    return f"{what.capitalize()} over {over}{intervals}."


def count(numbers: list[int], of: str) -> str:
    """So many of them: "8 seeds", "8 to 20 seeds"."""
    low, high = numbers[0], numbers[-1]
    if low == high == 1 and of.endswith("s"):
        return f"1 {of[:-1]}"
    return f"{low:,} {of}" if low == high else f"{low:,} to {high:,} {of}"


def _of(metrics: list[Estimate | Share]) -> str:
    counted = list(dict.fromkeys(metric.of for metric in metrics))
    return counted[0] if len(counted) == 1 else "seeds or trials"
