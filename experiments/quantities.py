"""What the numbers of a trained classifier are: said once for all chapters.

Losses are averaged by their logarithm, as they differ by factors from run to run; accuracies and gaps as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from measured.evidence import Estimate, Metric, Missing, Quantity, Share

TRAIN_LOSS = Quantity("final_train_loss", "training loss", average="geometric mean", log=True)
TEST_LOSS = Quantity("final_test_loss", "test loss", average="geometric mean", log=True)
TRAIN_ACCURACY = Quantity("final_train_accuracy", "training accuracy", "%")
TEST_ACCURACY = Quantity("final_test_accuracy", "test accuracy", "%")
GAP_LOSS = Quantity("gap_loss", "gap of the loss (test − training)")
GAP_ACCURACY = Quantity("gap_accuracy", "gap of the accuracy (training − test)", "points")


def measured(quantities: Iterable[Quantity], runs: Sequence[Any]) -> dict[str, Metric]:
    """Each of the quantities over the same runs, by its name."""
    return {quantity.name: quantity.over(runs) for quantity in quantities}


def where_reached(values: Sequence[float | None], unit: str, remedy: str) -> dict[str, Metric]:
    """The ``share`` of runs that got somewhere, and the geometric mean of the places ``at`` which they did.

    It is averaged only where all runs got there: those that did not would have had the largest values, which nobody knows.
    """
    found = [value for value in values if value is not None]
    return {
        "share": Share.over_seeds(value is not None for value in values),
        "at": Estimate.over_seeds(found, unit, "geometric mean")
        if len(found) == len(values)
        else Missing(unit=unit, why="not reached in every run", remedy=remedy),
    }


def times(left: Metric, right: Metric) -> Metric:
    """How many times as large as ``right`` ``left`` is, seed by seed; no number where either has none."""
    missing = next((side for side in (left, right) if isinstance(side, Missing)), None)
    if missing:
        return Missing(why=missing.why, remedy=missing.remedy)
    return Estimate.over_seeds([a / b for a, b in zip(left.values, right.values, strict=True)], average="geometric mean")


def of_training(quantity: Quantity) -> Quantity:
    """The same number where a run is several results by name, of which its ``training`` is one."""
    return replace(quantity, read=lambda run: quantity.of(run["training"]))


def sensitivity(of: str, split: str) -> Quantity:
    """How much probabilities, logits or loss change with the image, where a run is results by name, one its ``sensitivity``."""
    title, name = f"sensitivity of the {of}", f"{split}_{of}"
    return Quantity(name, title, average="geometric mean", log=True, read=lambda run: getattr(run["sensitivity"], name))
