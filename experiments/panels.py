"""What several chapters draw in the same way."""

from typing import Any

from experiments.quantities import TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_LOSS
from measured import charts
from measured.evidence import Sweep

SPLITS = {"train": "training images", "test": "test images"}
"""What scores are measured on, as figures name it."""
SCORE_AXES: dict[str, charts.Axis] = {
    "accuracy": charts.Axis("accuracy (%)"),
    "loss": charts.Axis("cross-entropy (nats)", log=True),
}
"""Axes of scores, wherever they are drawn."""


def score_panels(sweep: Sweep[Any], train: str = SPLITS["train"], test: str = SPLITS["test"]) -> dict[str, dict[str, Any]]:
    """Panels of a trend: accuracy and loss of ``train`` and of ``test`` images at each value of a sweep."""
    return {
        "accuracy": {train: sweep.points(TRAIN_ACCURACY), test: sweep.points(TEST_ACCURACY)},
        "loss": {train: sweep.points(TRAIN_LOSS), test: sweep.points(TEST_LOSS)},
    }


def score_trend(
    sweep: Sweep[Any], marks: dict[str, float] | None = None, loss: charts.Axis = SCORE_AXES["loss"]
) -> charts.Figure:
    """Accuracy and loss, of training and of test images, against the knob on a logarithmic axis.

    A logarithmic axis of the ``loss`` would flatten the curve of test images where training images are fitted to the last.
    """
    alt = f"Accuracy, left, and loss, right, of training and of test images, against {sweep.knob}."
    return charts.trend(
        score_panels(sweep), x=charts.Axis(sweep.knob, log=True), y=SCORE_AXES | {"loss": loss}, marks=marks, alt=alt
    )
