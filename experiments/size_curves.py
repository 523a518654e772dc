"""Accuracy, loss and gap of networks against their number of parameters, as the chapter on the gap draws them."""

from typing import Any

from experiments.margins import FITTED
from experiments.panels import score_trend
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS
from lab.data import MNIST
from lab.trained import Classification
from measured import charts
from measured.evidence import Sweep

LABELS = {
    "clean": "Accuracy and loss against size, all labels true.",
    "noisy": "Accuracy and loss against size, some labels wrong. {setting.noisy.images.label_noise.percent} of the training "
    "labels are replaced at random, to be fitted too.",
}
"""How the caption of each sweep over the width of one hidden layer begins."""
ONE_LAYER = {"clean": "one layer, true labels", "noisy": "one layer, some labels wrong"}


def sweep(runs: Sweep[Classification], metrics: dict[str, Any], rule: int, labels: str) -> charts.Figure:
    """{labels} One hidden layer; {setting.clean.images.num_train} training images of each run's own. Scored on all of these and
    on test images with their true labels."""
    marks = {f"{MNIST.num_classes} classes × {rule // MNIST.num_classes:,} images": float(rule)}
    if (fitted := metrics["fitted"]["at"]).is_measured:
        marks[f"{100 * FITTED.value:g} % of labels fitted"] = fitted.value
    return score_trend(runs, marks, charts.Axis("cross-entropy (nats)"))


def fitted_marks(metrics: dict[str, Any]) -> dict[str, float]:
    """Where networks with one layer begin to fit their labels, as a median over the runs."""
    found = {f"{title}: fitted": metrics[name]["fitted"]["at"] for name, title in ONE_LAYER.items()}
    return {title: at.value for title, at in found.items() if at.is_measured}


def gap(sweeps: dict[str, Sweep[Classification]], metrics: dict[str, Any]) -> charts.Figure:
    """The gap between training and test, against size. Left: training minus test accuracy; right: test minus training loss.
    Vertical lines mark the size from which networks with one hidden layer fit their labels."""
    alt = "Gap of accuracy, left, and of loss, right, against parameters, for each set of networks and labels."
    lines = {title: sweeps[name] for name, title in (ONE_LAYER | {"ten": "the original's ten"}).items()}
    return charts.sweeps(lines, (GAP_ACCURACY, GAP_LOSS), marks=fitted_marks(metrics), alt=alt)


def unseen(sweeps: dict[str, Sweep[Classification]], metrics: dict[str, Any]) -> charts.Figure:
    """Loss and accuracy on unseen images alone, against size. One hidden layer; test images keep their true labels. Vertical
    lines as in the figure of the gap."""
    alt = "Test loss, left, and test accuracy, right, against parameters: a line for true labels, one for some wrong labels."
    lines = {title: sweeps[name] for name, title in ONE_LAYER.items()}
    return charts.sweeps(lines, (TEST_LOSS, TEST_ACCURACY), marks=fitted_marks(metrics), alt=alt)


def ten(runs: Sweep[Classification]) -> charts.Figure:
    """The original's ten networks: accuracy and loss against size. {setting.ten.images.num_train} training images per run,
    {setting.ten.recipe.num_updates} updates; scored like the sweeps. The points differ in more than their size."""
    return score_trend(runs)
