"""Can a network learn labels that mean nothing?

A network with two convolutions learns images of MNIST whose labels were drawn at random. Does it fit them, what does it make of
new images, how long does it take, and what happens when only a part of the labels is replaced?
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments import original, published, relabelled
from experiments.margins import FITTED, TREND
from experiments.networks import metric_table, titled
from experiments.panels import SCORE_AXES, score_panels
from experiments.quantities import TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, measured
from lab.data import MNIST, CorrectLabels
from lab.memorization import Memorization, Memorized
from lab.models import CNN
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Margin, Result, Runs, Seeds, Single, Sweep, factor, with_unit
from measured.evidence.tests import at_least, at_most, equal
from measured.jobs import gather

TITLE = "Labels learned by heart"
RUNS = Runs(
    varies="the training images, the labels drawn for them, the initial weights and the order of batches",
    shared="the test images",
)

# Seconds of one worker, with all that a run judges, as measured in a build: 8 x 15 (large) + 8 x 3.9 (true) + 40 x 1.8 (curve)
# + 16 x 1.2 (small) = 242 s. Of 1,000 labels the share that is right and the test accuracy differ by about a point, run by run,
# so that eight tell two; and eight runs that all end alike decide something, fewer might by chance.


@dataclass(frozen=True)
class Study:
    """Runs of one network that differ in their seed and in their labels."""

    network: CNN
    """The network."""
    num_labels: int
    """Training images of one run."""
    recipe: Recipe
    """Adam with a constant learning rate, as in the original."""
    seeds: Seeds
    """Runs at each share of random labels: each has images, labels, initial weights and an order of its own."""


SMALL, MIDDLING = original.TEN[2][1], original.TEN[5][1]
"""Of the original's ten networks of section 3.2, the smallest and one with a single wide convolution."""


@dataclass(frozen=True)
class Settings:
    large: Study = Study(original.CNN_16_36, 1000, Recipe(0.001, 650, 64), Seeds(8))
    """The original's network on random labels."""
    true: Study = Study(original.CNN_16_36, 1000, Recipe(0.001, 150, 64), Seeds(8))
    """The same on true labels, which are fitted sooner."""
    curve: Study = Study(MIDDLING, 300, Recipe(0.001, 550, 32), Seeds(8))
    """The network of the curve between true and random labels."""
    small: Study = Study(SMALL, 300, Recipe(0.001, 550, 32), Seeds(8))
    """A network that is too small, the smallest of the original's, on the same labels."""
    replaced: tuple[int, ...] = (0, 25, 50, 75, 100)
    """Per cent of the labels that are replaced along the curve, from none to all."""
    nearly_fitted: float = 0.95
    """Training accuracy to which updates are counted; not every run gets to what counts as fitted."""
    num_records: int = 12
    """Measurements on the way, closer together at the beginning; at the end come the final ones on everything."""
    history_examples: tuple[int, int] = (400, 300)
    """Training and test images behind each of these measurements."""
    num_held_out: int | None = None
    """Test images; not set (None) for all of them."""

    @property
    def middle(self) -> int:
        """Per cent of the labels replaced that come nearest to a half."""
        return min(self.replaced, key=lambda percent: abs(percent - 50))


PRESETS = {
    "quick": Settings(
        *(Study(of, 48, Recipe(0.001, 6, 16), Seeds(2)) for of in (*[original.CNN_16_36] * 2, MIDDLING, SMALL)),
        replaced=(0, 50, 100),
        num_records=3,
        history_examples=(40, 40),
        num_held_out=200,
    ),
    "standard": Settings(),
    "full": Settings(
        large=Study(original.CNN_16_36, MNIST().sizes[0], Recipe(0.001, 93_800, 128), Seeds(12)),
        true=Study(original.CNN_16_36, MNIST().sizes[0], Recipe(0.001, 23_450, 128), Seeds(12)),
        curve=Study(original.CNN_16_36, 10_000, Recipe(0.001, 7900, 128), Seeds(10)),
        small=Study(SMALL, 10_000, Recipe(0.001, 7900, 128), Seeds(10)),
        replaced=tuple(range(0, 101, 10)),
        num_records=60,
        history_examples=(5000, 2000),
    ),
}


def job(study: Study, percent: int, seed: int, settings: Settings) -> Memorization:
    """A run with that much of its labels replaced: what is replaced at a small share is replaced at every larger one."""
    data = MNIST(study.num_labels, seed, label_noise=percent / 100, num_held_out=settings.num_held_out)
    places = np.linspace(0, 1, settings.num_records, endpoint=False) ** 2
    steps, sample = {round(study.recipe.num_updates * place) for place in places}, settings.history_examples
    run = Train(study.network, data, study.recipe, seed, record_at=tuple(sorted(steps)), history_examples=sample)
    return Memorization(run, CorrectLabels(data))


def run(settings: Settings = PRESETS["standard"]) -> Result:
    studies = {
        "large": {0: settings.true, 100: settings.large},
        "curve": dict.fromkeys(settings.replaced, settings.curve),
        "small": dict.fromkeys((0, 100), settings.small),
    }
    jobs = {
        name: {percent: [job(study, percent, seed, settings) for seed in study.seeds] for percent, study in at.items()}
        for name, at in studies.items()
    }
    found = {name: Sweep("labels replaced (%)", runs) for name, runs in gather(jobs).items()}
    level, kinds = settings.nearly_fitted, {"true": 0, "random": 100}
    metrics: dict[str, dict[str, Any]] = {
        name: {kind: relabelled.reached(at[percent], level) for kind, percent in kinds.items()} for name, at in found.items()
    }
    for name in ("large", "curve"):
        metrics[name]["slower"] = relabelled.slower(found[name][100], found[name][0], level)
    random, middle = found["large"][100], found["curve"][settings.middle]
    metrics["large"] |= {"excess": relabelled.EXCESS.over(random), "loss_over_chance": relabelled.OVER_CHANCE.over(random)}
    metrics["curve"]["middle"] = relabelled.reached(middle, level) | {"peak": relabelled.PEAK.over(middle)}
    metrics["curve"]["trend"] = found["curve"].correlation(TEST_ACCURACY)
    figures = charts.drawn(networks, studies) | charts.drawn(loss, found["large"])
    figures |= charts.drawn(accuracy, found["large"]) | charts.drawn(scores, studies, found) | charts.drawn(zhang)
    figures |= (
        charts.drawn(curve, found["curve"]) | charts.drawn(time, found, settings) | charts.drawn(over_epochs, found["curve"])
    )
    return Result(metrics, figures | charts.drawn(corruption, found["curve"], settings))


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def loss(runs: Sweep[Memorized]) -> charts.Figure:
    """The loss with random labels, and with true ones. The dashed line is the price of a guess. {setting.large.network},
    {setting.large.num_labels} images, evaluation mode; the last point on everything, those before on at most
    {setting.history_examples.first} training and {setting.history_examples.last} test images."""
    return relabelled.over_training(runs, "loss")


def accuracy(runs: Sweep[Memorized]) -> charts.Figure:
    """How a network learns random labels, and true ones. Accuracy on training images, with the labels as given, and on test
    images, with their true labels; the dashed line is guessing. {setting.large.network}, {setting.large.num_labels} images; the
    last point on everything, those before on at most {setting.history_examples.first} training and
    {setting.history_examples.last} test images."""
    return relabelled.over_training(runs, "accuracy")


def over_epochs(runs: Sweep[Memorized]) -> charts.Figure:
    """Between true and random labels: accuracy on the way. A line per share of labels replaced; on training images with the
    labels as given, and on test images with their true labels, on as many as in the first figures."""
    return relabelled.by_share(runs)


def curve(runs: Sweep[Memorized]) -> charts.Figure:
    """From true labels to random ones, at the end of training. Accuracies, with the share of training labels that are
    right, and losses. {setting.curve.network}, {setting.curve.num_labels} images."""
    panels = score_panels(runs, relabelled.GIVEN, relabelled.TRUE)
    panels["accuracy"]["training labels that are right"] = runs.points(relabelled.RIGHT)
    alt = (
        "Two panels against the share of labels replaced, from none to all. Left three lines: training accuracy, test accuracy "
        "and the share of training labels that are right, with a level for guessing. Right training and test loss, on a "
        "logarithmic axis."
    )
    return charts.trend(panels, x=runs.knob, y=SCORE_AXES, levels=relabelled.GUESSED, alt=alt)


def time(found: dict[str, Sweep[Memorized]], settings: Settings) -> charts.Figure:
    """How long it takes to learn the labels. Updates to {setting.nearly_fitted.percent} training accuracy, read off between
    measurements on a straight line; medians of the runs that get there. Mini-batches have {setting.curve.recipe.batch_size}
    images for the smaller network, {setting.large.recipe.batch_size} for the larger."""
    panel = f"updates to {with_unit(settings.nearly_fitted, '%')} training accuracy"
    lines = {
        f"{study.network}, {study.num_labels:,} images": {
            at: relabelled.timed(runs, settings.nearly_fitted)["at"] for at, runs in found[name].runs.items()
        }
        for name, study in (("curve", settings.curve), ("large", settings.large))
    }
    end = Single.once(settings.curve.recipe.num_updates, "updates")
    lines[f"where the runs of {settings.curve.network} end"] = dict.fromkeys(settings.replaced, end)
    alt = (
        "Updates until the training labels are nearly fitted, on a logarithmic axis, against the share of labels replaced: a "
        "line for each of two networks, and a level where the runs end."
    )
    return charts.trend({panel: lines}, x=found["curve"].knob, y=charts.Axis("updates", log=True), alt=alt)


def networks(studies: dict[str, dict[int, Study]]) -> charts.Figure:
    """What is trained, on what, and how long. Adam at a learning rate of {setting.large.recipe.learning_rate}, no weight decay,
    no augmentation; pooling follows each convolution."""
    rows = []
    for at in studies.values():
        for study in dict.fromkeys(at.values()):
            network, size = study.network, f"{study.network.num_parameters:,}"
            replaced = f"{', '.join(str(percent) for percent in at if at[percent] == study)} %"
            how = study.recipe.batch_size, study.recipe.num_updates, len(study.seeds)
            pooling = f"{network.pool} × {network.pool}"
            rows.append((str(network), size, network.depth, pooling, study.num_labels, replaced, *how))
    columns = (
        "network",
        "parameters",
        "convolutions",
        "pooling",
        "images",
        "labels replaced",
        "mini-batch",
        "updates",
        "runs each",
    )
    return charts.table(columns, rows)


def scores(studies: dict[str, dict[int, Study]], found: dict[str, Sweep[Memorized]]) -> charts.Figure:
    """Where each network ends. Scores on all training images, with labels as given, and on the test images, with their true
    labels."""
    groups = []
    for name, at in studies.items():
        for percent, labels in ((0, "true"), (100, "random")):
            study, runs = at[percent], found[name][percent]
            words = titled(study.network), study.num_labels, labels, relabelled.right(runs)
            groups.append((*words, measured(relabelled.SCORES, runs)))
    return metric_table(("network", "training images", "labels", relabelled.RIGHT.title), groups, relabelled.SCORES)


def zhang() -> charts.Figure:
    """Not ours: what Zhang and others found with photographs. Their first table, `CIFAR-10`: training / test accuracy in per
    cent, without crops and weight decay."""
    return charts.table(("network", "parameters", "true labels", "random labels"), published.ZHANG)


def corruption(runs: Sweep[Memorized], settings: Settings) -> charts.Figure:
    """From true labels to random ones, in numbers. The same runs as in the two figures before."""
    rows = []
    for percent, found in runs.runs.items():
        timed = relabelled.timed(found, settings.nearly_fitted)
        scored = (item.over(found) for item in (TRAIN_ACCURACY, TEST_ACCURACY, TEST_LOSS))
        rows.append((f"{percent} %", relabelled.right(found), *scored, timed["at"], timed["share"]))
    scored = ("training accuracy", "test accuracy", "test loss", f"updates to {with_unit(settings.nearly_fitted, '%')}")
    return charts.table(("replaced", "labels that are right", *scored, "runs that got there"), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TWO_POINTS = Margin(0.02, "two points are less than a fortieth of the way from guessing to all correct")
TWICE_CHANCE = factor(2, "twice the loss of guessing cannot come from doubt, only from confident errors")
TENFOLD = factor(10, "a small constant is less than an order of magnitude; a list might take any number of times")
HALF = Margin(0.5, "a network that gets every second label wrong has not fitted them", origin=None)

WORDS = {
    "random": "random labels",
    "true": "true labels",
    "final_test_accuracy": "images read",
    "right": "labels right by chance",
}

CLAIMS = (
    Claim(
        "S11a",
        source="original 3.1",
        headline="A network can learn random labels by heart",
        quote=original.QUOTES["S11a"],
        says="After {setting.large.recipe.num_updates} updates the network gives {margin} of its {setting.large.num_labels} "
        "training images the label that was drawn for them: {large.random.final_train_accuracy}.",
        holds=at_least("large.random.final_train_accuracy", FITTED),
        comments=Comments(
            supported="It gets {large.random.final_train_accuracy} of its training labels right. What it has learned is a "
            "list: nothing in an image says which label was drawn for it.",
            refuted="It gets {large.random.final_train_accuracy} of its training labels right in that time, which is not all "
            "of the list.",
            inconclusive="It gets {large.random.final_train_accuracy} of its training labels right, too near the bar for "
            "these runs to tell.",
        ),
    ),
    Claim(
        "S11b",
        source="original 3.1",
        headline="After random labels, new images are read no better than by chance",
        quote=original.QUOTES["S11b"],
        says="On test images with their true labels the network gets {large.random.final_test_accuracy} right, and by luck "
        "{large.random.right} of its labels were: the two differ by {margin}.",
        holds=equal("large.random.final_test_accuracy", to="large.random.right", within=TWO_POINTS, paired=True),
        comments=Comments(
            supported="It reads {large.random.final_test_accuracy} of the test images. Its score in training says nothing "
            "about new images here.",
            refuted="It reads {large.random.final_test_accuracy} of the test images, off chance. Such labels say nothing about "
            "new images, so suspect a mistake.",
            inconclusive="It reads {large.random.final_test_accuracy} of the test images. That looks like chance, with too "
            "much scatter to be sure within two points.",
        ),
    ),
    Claim(
        "S11c",
        source="original 3.1",
        headline="The more labels are wrong, the fewer new images are read",
        quote=original.QUOTES["S11c"],
        says="The larger the share of labels replaced, the lower the test accuracy: rank correlation {curve.trend}, where "
        "{margin} counts as going down.",
        holds=at_most("curve.trend", -TREND),
        comments=Comments(
            supported="Wrong labels do harm by degrees: the more there are, the fewer new digits the network reads.",
            refuted="Not step by step: with more wrong labels the test accuracy does not always go down.",
            inconclusive="Test accuracy tends to fall with wrong labels, in a rank correlation of {curve.trend}: too loose an "
            "order for so few runs.",
        ),
    ),
    Claim(
        "confident-errors",
        source="ours",
        headline="After random labels the network is wrong with confidence",
        says="The test loss is not that of guessing but {margin} times as large: {large.random.final_test_loss} nats, "
        "{large.loss_over_chance} times that of guessing.",
        holds=at_least("large.loss_over_chance", TWICE_CHANCE),
        comments=Comments(
            supported="Its test loss is {large.loss_over_chance} times that of an honest guess. Doubt cannot cost so much; "
            "only being sure of wrong answers can.",
            refuted="Its test loss is {large.loss_over_chance} times that of an honest guess: not enough to call it confident.",
            inconclusive="Its test loss is {large.loss_over_chance} times that of an honest guess, near the mark for confident "
            "errors.",
        ),
    ),
    Claim(
        "small-constant-factor",
        source="Zhang et al. 2017",
        headline="Random labels take only a small factor longer to learn",
        says="To a training accuracy of {setting.nearly_fitted.percent}, random labels take {large.random.timed.at} and true "
        "labels {large.true.timed.at}: the two differ by at most {margin}. Whether the factor is the same for more images is "
        "not asked.",
        published="training time grows only by a small constant factor (as others report it); Table 1, CIFAR-10: 100.0 % of "
        "random training labels fitted, 9.78 % on the test set (Inception).",
        holds=equal("large.random.timed.at", to="large.true.timed.at", within=TENFOLD),
        comments=Comments(
            supported="The list takes {large.random.timed.at}, the rule {large.true.timed.at}: slower, and far from hopeless.",
            refuted="The list takes {large.random.timed.at}, the rule {large.true.timed.at}: no small factor.",
            inconclusive="The list takes {large.random.timed.at}, the rule {large.true.timed.at}, near what we would still "
            "call a small factor.",
        ),
    ),
    Claim(
        "small-cannot-fit",
        source="ours",
        kind="check",
        headline="A network that is too small does not learn random labels in that time",
        says="A network with {setting.small.network.num_parameters} parameters gets {margin} of {setting.small.num_labels} "
        "random labels right, after as many updates on the same images: {small.random.final_train_accuracy}.",
        holds=at_most("small.random.final_train_accuracy", HALF),
        comments=Comments(
            supported="Of {setting.small.num_labels} labels it gets {small.random.final_train_accuracy} right. A list needs "
            "room, or more time.",
            refuted="Small as it is, it gets {small.random.final_train_accuracy} of the labels right.",
            inconclusive="It gets {small.random.final_train_accuracy} of the labels right, about every second one.",
        ),
    ),
)
