"""Runs on labels of which a share was replaced at random: what is said of them, and how they are drawn."""

import math
from collections.abc import Sequence
from typing import Any

from experiments.panels import SCORE_AXES
from experiments.quantities import TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_LOSS, measured
from experiments.thresholds import times, where_reached
from lab.data import MNIST
from lab.memorization import Memorized
from measured import charts
from measured.evidence import Metric, Quantity, Sweep

CHANCE, CHANCE_LOSS = 1 / MNIST.num_classes, math.log(MNIST.num_classes)
"""Accuracy, and cross-entropy, of a network that finds all classes equally likely."""
RIGHT = Quantity("right", "that are right", "%")
SCORES = (TRAIN_ACCURACY, TEST_ACCURACY, TRAIN_LOSS, TEST_LOSS)
PEAK = Quantity("peak_test_accuracy", "highest test accuracy on the way", "%")
OVER_CHANCE = Quantity("", "", average="geometric mean", read=lambda run: run.final_test_loss / CHANCE_LOSS)
EXCESS = Quantity("", "", "points", read=lambda run: run.final_test_accuracy - run.right)
GIVEN, TRUE = "training images, labels as given", "test images, true labels"
GUESSED = {"loss": {"chance: ln 10": CHANCE_LOSS}, "accuracy": {f"chance: {100 * CHANCE:g} %": 100 * CHANCE}}
MORE_UPDATES = "more updates would give every run its time"


def reached(runs: Sequence[Memorized], level: float) -> dict[str, Any]:
    """What runs with the same share of replaced labels reached, and when."""
    return measured((*SCORES, RIGHT), runs) | {"timed": timed(runs, level)}


def timed(runs: Sequence[Memorized], level: float) -> dict[str, Metric]:
    """Updates to a training accuracy, of the runs that reach it, and the share of these."""
    return where_reached([run.updates_to(level) for run in runs], "updates", remedy=MORE_UPDATES)


def slower(random: Sequence[Memorized], true: Sequence[Memorized], level: float) -> Metric:
    """By what factor random labels take longer to a training accuracy than true ones, seed by seed."""
    return times(*([run.updates_to(level) for run in runs] for runs in (random, true)), remedy=MORE_UPDATES)


def right(runs: Sequence[Memorized]) -> Metric | str:
    """The share of right labels, or that all of them are."""
    share = RIGHT.over(runs)
    return "all" if share.value == 1 else share


def over_training(runs: Sweep[Memorized], score: str) -> charts.Figure:
    """A score over epochs, a panel for random and one for true labels."""
    panels = {
        title: {GIVEN: history(found, f"train_{score}"), TRUE: history(found, f"test_{score}")}
        for title, found in (("random labels", runs[100]), ("true labels", runs[0]))
    }
    alt = (
        f"Two panels, random labels left, true labels right: {score} against epochs, a line with a band for training images "
        "and one for test images, and a dashed level for guessing."
    )
    return charts.curves(panels, x="epochs", y=SCORE_AXES[score], levels=dict.fromkeys(panels, GUESSED[score]), alt=alt)


def history(runs: Sequence[Memorized], score: str) -> charts.Series:
    """A score over epochs, an accuracy in per cent."""
    scale = 100 if score.endswith("accuracy") else 1
    return charts.Series(runs[0].epochs, [scale * getattr(run, score) for run in runs])


def by_share(runs: Sweep[Memorized]) -> charts.Figure:
    """Accuracy over epochs, a line per share of replaced labels."""
    panels = {
        title: {f"{percent} % replaced": history(found, score) for percent, found in runs.runs.items()}
        for title, score in ((GIVEN, "train_accuracy"), (TRUE, "test_accuracy"))
    }
    alt = (
        "Two panels, training images left, test images right: accuracy against epochs, a line with a band for each share of "
        "replaced labels, from none to all."
    )
    return charts.curves(panels, x="epochs", y=SCORE_AXES["accuracy"], levels={TRUE: GUESSED["accuracy"]}, alt=alt)
