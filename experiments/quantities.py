"""What the numbers of a trained classifier, and of the path of its training, are: said once for all chapters.

Losses are averaged by their logarithm, as they differ by factors from run to run; accuracies and gaps as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from measured.evidence import Metric, Quantity

TRAIN_LOSS = Quantity("final_train_loss", "training loss", average="geometric mean", log=True)
TEST_LOSS = Quantity("final_test_loss", "test loss", average="geometric mean", log=True)
TRAIN_ACCURACY = Quantity("final_train_accuracy", "training accuracy", "%")
TEST_ACCURACY = Quantity("final_test_accuracy", "test accuracy", "%")
GAP_LOSS = Quantity("gap_loss", "gap of the loss (test − training)")
GAP_ACCURACY = Quantity("gap_accuracy", "gap of the accuracy (training − test)", "points")
LEFT_OUT = Quantity(
    "left_out", "left out of a run alone", "%", average="geometric mean", read=lambda path: (1 - path.alone_explained).mean()
)
LEFT_OUT_WALK = Quantity(
    "left_out_walk",
    "of its random walk",
    "%",
    average="geometric mean",
    read=lambda path: (1 - path.null_alone_explained).mean(),
)


def measured(quantities: Iterable[Quantity], runs: Sequence[Any]) -> dict[str, Metric]:
    """Each of the quantities over the same runs, by its name."""
    return {quantity.name: quantity.over(runs) for quantity in quantities}


def of_training(quantity: Quantity, **changes: Any) -> Quantity:
    """The same number where a run is several results by name, of which its ``training`` is one."""
    return replace(quantity, read=lambda run: quantity.of(run["training"]), **changes)


def sensitivity(of: str, split: str) -> Quantity:
    """How much probabilities, logits or loss change with the image, where a run is results by name, one its ``sensitivity``."""
    title, name = f"sensitivity of the {of}", f"{split}_{of}"
    return Quantity(name, title, average="geometric mean", log=True, read=lambda run: getattr(run["sensitivity"], name))
