"""Can a network fit labels that mean nothing?

A convolutional network with two convolutions learns images of MNIST whose labels were replaced by random ones. We ask whether it fits
them, what it then makes of new images with their true labels, how long it takes beside true labels, and what happens between the two,
when only a part of the labels is replaced. A network that is too small stands beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments import original
from experiments.margins import FITTED, TREND
from experiments.quantities import TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_LOSS, times, where_reached
from lab.data import MNIST, CorrectLabels, CorrectShare
from lab.models import CNN
from lab.statistics import updates_to_accuracy
from lab.training import Recipe, Train, Training
from measured import charts
from measured.evidence import Claim, Comments, Estimate, Margin, Metric, Quantity, Result, Seeds, Sweep, factor
from measured.evidence.tests import at_least, at_most, equal
from measured.jobs import gather

TITLE = "Random labels"

# Seconds of one worker, measured; images a second trained and judged: 16/36 4,000 and 6,000, 8/16 10,000 and 25,000, the small one
# 30,000 and 60,000. A run judges all it trained on, 10,000 test images and 15 times 1,000 images on the way.
#   16/36, random labels   6 runs of 1,200 updates x 64      6 x (18.6 + 4.4) s = 138 s
#   16/36, true labels     6 runs of   288 updates x 64      6 x (4.5 + 4.4) s  =  53 s
#   8/16, five shares      25 runs of 1,250 updates x 32     25 x (4.2 + 1.1) s = 133 s
#   small, two shares      10 runs of 1,250 updates x 32     10 x 2.2 s         =  22 s
# 1,500 labels and six seeds: single runs scatter around their share of right labels by somewhat less than a point (a pilot on other
# seeds), so that six of them tell two points. 2,000 labels would take another 45 s, and all shares with the 16/36 network 400 s.

CHANCE, CHANCE_LOSS = 1 / MNIST.num_classes, math.log(MNIST.num_classes)
"""Accuracy, and cross-entropy, of a network that finds all classes equally likely."""


@dataclass(frozen=True)
class Study:
    """Runs of one network that differ in their seed and in their labels."""

    network: CNN
    """The network."""
    num_labels: int
    """Training images of one run."""
    epochs: int
    """Passes over them."""
    batch_size: int
    """Images in a mini-batch."""
    seeds: Seeds
    """Runs at each share of random labels: each has images, labels, initial weights and an order of its own."""

    @property
    def updates_per_epoch(self) -> int:
        """Mini-batches of one pass."""
        return math.ceil(self.num_labels / self.batch_size)

    @property
    def num_updates(self) -> int:
        """Mini-batches of one run."""
        return self.epochs * self.updates_per_epoch


@dataclass(frozen=True)
class Settings:
    large: Study = Study(original.CNN_16_36, 1500, 50, 64, Seeds(6))
    """The original's network on random labels."""
    true: Study = replace(large, epochs=12)
    """The same on true labels, which are fitted sooner."""
    curve: Study = Study(CNN(original.IMAGE, (8, 16), (64,), 10), 800, 50, 32, Seeds(5))
    """The network of the curve between true and random labels."""
    small: Study = replace(curve, network=original.TEN[2][1])
    """A network that is too small, the smallest of the original's section 3.2, on the same labels, true and random."""
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    """Shares of the labels that are replaced along the curve, from none to all."""
    learning_rate: float = 0.001
    """Learning rate of Adam, constant, as in the original."""
    timed_at: float = 0.95
    """Training accuracy to which the updates of a run are counted: most of the way, as not every run fits the last labels."""
    num_records: int = 15
    """Measurements on the way, closer together at the beginning; at the end come the final ones on everything."""
    history_examples: tuple[int, int] = (500, 500)
    """Training and test images behind each of these measurements."""
    num_held_out: int | None = None
    """Test images; not set (None) for all 10,000."""

    @property
    def middle(self) -> float:
        """The share of replaced labels that is nearest to a half."""
        return min(self.shares, key=lambda share: abs(share - 0.5))


STANDARD = Settings()
TOY = [
    replace(study, num_labels=48, epochs=2, batch_size=16, seeds=Seeds(2))
    for study in (STANDARD.large, STANDARD.true, STANDARD.curve, STANDARD.small)
]
PRESETS = {
    "quick": Settings(*TOY, shares=(0.0, 0.5, 1.0), num_records=3, history_examples=(40, 40), num_held_out=200),
    "standard": STANDARD,
    "full": Settings(
        large=Study(original.CNN_16_36, MNIST().sizes[0], 200, 128, Seeds(12)),
        true=Study(original.CNN_16_36, MNIST().sizes[0], 50, 128, Seeds(12)),
        curve=Study(original.CNN_16_36, 10_000, 100, 128, Seeds(10)),
        small=Study(STANDARD.small.network, 10_000, 100, 128, Seeds(10)),
        shares=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        num_records=60,
        history_examples=(5000, 2000),
    ),
}

SCORES = (TRAIN_ACCURACY, TEST_ACCURACY, TRAIN_LOSS, TEST_LOSS)
RIGHT = Quantity("share", "labels that are right", "%")
PEAK = Quantity("peak", "highest test accuracy on the way", "%", read=lambda run: run.test_accuracy.max())
OVER_CHANCE = Quantity(
    "over_chance", "test loss over chance", average="geometric mean", read=lambda run: run.final_test_loss / CHANCE_LOSS
)


@dataclass(frozen=True)
class Runs:
    """What was found at one share of replaced labels."""

    study: Study
    trained: Sequence[Training]
    right: Sequence[CorrectShare]
    metrics: dict[str, Metric]


def jobs(study: Study, share: float, settings: Settings) -> tuple[list[Train], list[CorrectLabels]]:
    """Runs with that share of their labels replaced: what is replaced at a small share is replaced at every larger one."""
    places = np.linspace(0, 1, settings.num_records, endpoint=False) ** 2
    steps, sample = tuple(sorted({round(study.num_updates * place) for place in places})), settings.history_examples
    recipe = Recipe(settings.learning_rate, study.num_updates, study.batch_size)
    data = [MNIST(study.num_labels, seed, label_noise=share, num_held_out=settings.num_held_out) for seed in study.seeds]
    runs = [Train(study.network, item, recipe, item.seed, record_at=steps, history_examples=sample) for item in data]
    return runs, [CorrectLabels(item) for item in data]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    studies = {
        "large": {0.0: settings.true, 1.0: settings.large},
        "curve": dict.fromkeys(settings.shares, settings.curve),
        "small": dict.fromkeys((0.0, 1.0), settings.small),
    }
    done = gather({name: {share: jobs(of, share, settings) for share, of in at.items()} for name, at in studies.items()})
    found = {
        name: {share: measured(of, *done[name][share], settings.timed_at) for share, of in at.items()}
        for name, at in studies.items()
    }
    metrics: dict[str, dict] = {name: {"true": at[0.0].metrics, "random": at[1.0].metrics} for name, at in found.items()}
    for name in ("large", "curve"):
        metrics[name]["slower"] = times(metrics[name]["random"]["timed"]["at"], metrics[name]["true"]["timed"]["at"])
    random, middle = found["large"][1.0], found["curve"][settings.middle]
    pairs = zip(random.trained, random.right, strict=True)
    metrics["large"] |= {
        "excess": Estimate.over_seeds([TEST_ACCURACY.of(run) - RIGHT.of(share) for run, share in pairs], "points"),
        "loss_over_chance": OVER_CHANCE.over(random.trained),
    }
    metrics["curve"] |= {
        "middle": middle.metrics | {"peak": PEAK.over(middle.trained)},
        "trend": Sweep("share", {share: runs.trained for share, runs in found["curve"].items()}).correlation(TEST_ACCURACY),
    }
    figures = charts.drawn(networks, found) | charts.drawn(loss, found["large"]) | charts.drawn(accuracy, found["large"])
    figures |= charts.drawn(scores, found) | charts.drawn(zhang) | charts.drawn(curve, found["curve"])
    figures |= charts.drawn(time, found, settings) | charts.drawn(over_epochs, found["curve"])
    return Result(metrics, figures | charts.drawn(corruption, found["curve"], settings))


def measured(study: Study, trained: Sequence[Training], right: Sequence[CorrectShare], level: float) -> Runs:
    """Runs at one share, with what they reached, and when."""
    metrics = {item.name: item.over(trained) for item in SCORES}
    timed = where_reached(
        [updates_to_accuracy(level, run, study.num_updates) for run in trained],
        "updates",
        remedy="more updates would give every run its time",
    )
    return Runs(study, trained, right, metrics | {"right": RIGHT.over(right), "timed": timed})


# ---------------------------------------------------------------------------------------------------------------------
# Figures

GIVEN, TEST = "training images, labels as given", "test images, true labels"
ACCURACY, LOSS = "accuracy (%)", charts.Axis("cross-entropy (nats)", log=True)
CHANCE_LEVEL = {f"chance: {100 * CHANCE:g} %": 100 * CHANCE}


def history(runs: Runs, score: str, scale: float = 1) -> charts.Series:
    """A score over epochs on the fixed sample, ended by the final one on everything."""
    updates = np.append(runs.trained[0].steps, runs.study.num_updates)
    values = [np.append(getattr(run, score), getattr(run, f"final_{score}")) for run in runs.trained]
    return charts.Series(updates / runs.study.updates_per_epoch, [scale * row for row in values])


def histories(at: dict[float, Runs], score: str, scale: float = 1) -> dict[str, dict[str, charts.Series]]:
    """A panel for random and one for true labels."""
    panels = {"random labels": at[1.0], "true labels": at[0.0]}
    return {
        panel: {GIVEN: history(runs, f"train_{score}", scale), TEST: history(runs, f"test_{score}", scale)}
        for panel, runs in panels.items()
    }


def loss(at: dict[float, Runs]) -> charts.Figure:
    """Training and test loss of {setting.large.network} with {setting.large.num_labels} images, in evaluation mode: the last point on
    everything trained on and on all test images, the ones before on at most {setting.history_examples.first} training and
    {setting.history_examples.last} test images."""
    panels = histories(at, "loss")
    alt = "Cross-entropy against epochs on a logarithmic axis, random labels left, true labels right; the loss of guessing is drawn."
    levels = {panel: {"chance: ln 10": CHANCE_LOSS} for panel in panels}
    return charts.curves(panels, x="epochs", y=LOSS, levels=levels, alt=alt)


def accuracy(at: dict[float, Runs]) -> charts.Figure:
    """Training and test accuracy of the same runs, measured in the same way."""
    panels = histories(at, "accuracy", 100)
    alt = "Accuracy against epochs, random labels left, true labels right, with the accuracy of guessing drawn across."
    return charts.curves(panels, x="epochs", y=ACCURACY, levels=dict.fromkeys(panels, CHANCE_LEVEL), alt=alt)


def over_epochs(at: dict[float, Runs]) -> charts.Figure:
    """The runs between true and random labels on the way, measured as in the first figures."""
    panels = {
        title: {f"{percent(share)} replaced": history(runs, f"{split}_accuracy", 100) for share, runs in at.items()}
        for title, split in ((GIVEN, "train"), (TEST, "test"))
    }
    alt = "Accuracy against epochs, a line per share of replaced labels, training images left, test images right."
    return charts.curves(panels, x="epochs", y=ACCURACY, levels={TEST: CHANCE_LEVEL}, alt=alt)


def curve(at: dict[float, Runs]) -> charts.Figure:
    """From true to random labels at the end of training: {setting.curve.network}, {setting.curve.num_labels} images,
    {setting.curve.epochs} epochs."""

    def points(name: str) -> dict[float, Metric]:
        return {100 * share: runs.metrics[name] for share, runs in at.items()}

    return charts.trend(
        {
            "accuracy": {
                GIVEN: points("final_train_accuracy"),
                TEST: points("final_test_accuracy"),
                "training labels that are right": points("right"),
            },
            "loss": {GIVEN: points("final_train_loss"), TEST: points("final_test_loss")},
        },
        x="labels replaced (%)",
        y={"accuracy": "accuracy or share (%)", "loss": LOSS},
        levels={"accuracy": CHANCE_LEVEL, "loss": {"chance: ln 10": CHANCE_LOSS}},
        alt="Left, accuracy on training and on test images and the share of right labels, right, both losses, against the share of "
        "labels replaced.",
    )


def time(found: dict[str, dict[float, Runs]], settings: Settings) -> charts.Figure:
    """How long it takes to fit the labels, in updates, between measurements on a straight line. The accuracy is read on the first
    {setting.history_examples.first} training images of a run at most, at the last point on all of them. A share at which not every
    run gets there is left out. Mini-batches have {setting.curve.batch_size} images along the curve and {setting.large.batch_size}
    for the larger network."""
    panel = f"updates to {percent(settings.timed_at)} training accuracy"
    lines = {
        f"{study.network}, {study.num_labels:,} images": {
            100 * share: runs.metrics["timed"]["at"] for share, runs in found[name].items()
        }
        for name, study in (("curve", settings.curve), ("large", settings.large))
    }
    return charts.trend(
        {panel: lines},
        x="labels replaced (%)",
        y=charts.Axis("updates", log=True),
        levels={panel: {f"where the runs of {settings.curve.network} end": settings.curve.num_updates}},
        alt="Updates to a training accuracy against the share of labels replaced, for two networks, on a logarithmic axis.",
    )


def networks(found: dict[str, dict[float, Runs]]) -> charts.Figure:
    """What is trained: Adam, learning rate {setting.learning_rate}, no weight decay, no augmentation. The small network pools 9 × 9
    pixels, the others 2 × 2 twice."""
    rows = []
    for at in found.values():
        for study in dict.fromkeys(runs.study for runs in at.values()):
            shares = ", ".join(f"{100 * share:g}" for share, runs in at.items() if runs.study == study)
            network, size = study.network, f"{study.network.num_parameters:,}"
            rows.append(
                (
                    str(network),
                    size,
                    network.depth,
                    study.num_labels,
                    f"{shares} %",
                    study.batch_size,
                    study.num_updates,
                    len(study.seeds),
                )
            )
    columns = ("network", "parameters", "convolutions", "images", "labels replaced", "mini-batch", "updates", "runs each")
    return charts.table(columns, rows)


def scores(found: dict[str, dict[float, Runs]]) -> charts.Figure:
    """At the end of training, on all training images with the labels as given and on all test images with their true ones. The
    intervals know of no bound at 100 %."""
    rows = []
    for at in found.values():
        for labels, runs in (("true", at[0.0]), ("random", at[1.0])):
            network, measured = runs.study.network, (runs.metrics[item.name] for item in SCORES)
            name = f"{network} ({network.num_parameters:,})"
            rows.append((name, runs.study.num_labels, labels, that_are_right(runs), *measured))
    columns = ("network", "training images", "labels", "that are right", *(item.title for item in SCORES))
    return charts.table(columns, rows)


def zhang() -> charts.Figure:
    """Not ours: Zhang et al. (2017), Table 1, for CIFAR-10 with 50,000 training images: training / test accuracy in per cent, without
    crops and without weight decay."""
    return charts.table(("network", "parameters", "true labels", "random labels"), ZHANG)


def corruption(at: dict[float, Runs], settings: Settings) -> charts.Figure:
    """The numbers behind both figures of the curve."""
    rows = [
        (
            percent(share),
            that_are_right(runs),
            *(runs.metrics[f"final_{name}"] for name in ("train_accuracy", "test_accuracy", "test_loss")),
            runs.metrics["timed"]["at"],
            f"{runs.metrics['timed']['share'].successes} of {runs.metrics['timed']['share'].n}",
        )
        for share, runs in at.items()
    ]
    scored = ("training accuracy", "test accuracy", "test loss", f"updates to {percent(settings.timed_at)}")
    return charts.table(("replaced", "labels that are right", *scored, "runs that got there"), rows)


def percent(share: float) -> str:
    """A share as figures write it."""
    return f"{100 * share:g} %"


def that_are_right(runs: Runs) -> Metric | str:
    """The share of right labels, or that all of them are."""
    return "all" if runs.metrics["right"].value == 1 else runs.metrics["right"]


ZHANG = (
    ("Inception", "1,649,402", "100.0 / 85.75", "100.0 / 9.78"),
    ("Inception without batch normalisation", "1,649,402", "100.0 / 82.00", "100.0 / 10.12"),
    ("small AlexNet", "1,387,786", "100.0 / 76.07", "99.82 / 9.86"),
    ("MLP, 3 × 512", "1,735,178", "100.0 / 52.39", "100.0 / 10.48"),
    ("MLP, 1 × 512", "1,209,866", "100.0 / 50.51", "99.34 / 10.61"),
)

# ---------------------------------------------------------------------------------------------------------------------
# Claims

TWO_POINTS = Margin(0.02, "two points are less than a fortieth of the way from guessing to all correct")
TWICE_CHANCE = factor(
    2, "twice the loss of finding all classes equally likely cannot come from doubt, only from confident errors"
)
TENFOLD = factor(
    10, "a small constant is less than an order of magnitude; to store labels one by one might take any number of times"
)
HALF = Margin(0.5, "a network that gets every second label wrong has not fitted them", origin=None)

CLAIMS = (
    Claim(
        "S11a",
        source="original 3.1",
        headline="A network fits random labels on its training set",
        quote=original.QUOTES["S11a"],
        says="After {setting.large.epochs} epochs the network gives {margin} of its {setting.large.num_labels} training images the label "
        "that was drawn for them: {large.random.final_train_accuracy}.",
        holds=at_least("large.random.final_train_accuracy", FITTED),
        comments=Comments(
            supported="What it has learned is a list: this image, that label. Nothing in an image says which label was drawn for it.",
            refuted="The network has not stored its labels in the time that it was given: labels that mean nothing take longer.",
            inconclusive="It comes close, but these runs do not settle whether it gets that far on average.",
        ),
    ),
    Claim(
        "S11b",
        source="original 3.1",
        headline="After random labels the test set is at chance",
        quote=original.QUOTES["S11b"],
        says="On test images with their true labels the network gets {large.random.final_test_accuracy} right, and by luck "
        "{large.random.right} of its labels were: the two differ by {margin}.",
        holds=equal("large.random.final_test_accuracy", to="large.random.right", within=TWO_POINTS, paired=True),
        comments=Comments(
            supported="It could not be otherwise: labels drawn without regard to the image say nothing about new ones.",
            refuted="That cannot be on average: such labels say nothing about new images. Suspect a mistake before believing it.",
            inconclusive="On average it must be at chance; these runs scatter too much to show it within the margin.",
        ),
    ),
    Claim(
        "S11c",
        source="original 3.1",
        headline="The more labels are wrong, the lower the test accuracy",
        quote=original.QUOTES["S11c"],
        says="The larger the share of labels replaced, the lower the test accuracy: rank correlation {curve.trend}, where {margin} counts "
        "as going down.",
        holds=at_most("curve.trend", -TREND),
        comments=Comments(
            supported="Wrong labels do harm by degrees: the same network on the same images reads fewer new digits, the more of them "
            "there are.",
            refuted="The explanation fails in this simple form: more wrong labels do not go with a lower accuracy, step by step.",
            inconclusive="How closely the two go together, these runs do not settle.",
        ),
    ),
    Claim(
        "confident-errors",
        source="ours",
        headline="After random labels the test loss is far above chance",
        says="The test loss is not at the ln 10 nats of guessing but {margin} as large: {large.random.final_test_loss} nats, "
        "{large.loss_over_chance} times as much.",
        holds=at_least("large.loss_over_chance", TWICE_CHANCE),
        comments=Comments(
            supported="The loss shows what the accuracy cannot: a network that knew that it was guessing would pay the price of a guess, "
            "and this one is sure of answers that are wrong.",
            refuted="The network pays little more than a guess would: it has not become sure of its wrong answers.",
            inconclusive="How far above the loss of guessing it ends, these runs leave open.",
        ),
    ),
    Claim(
        "small-constant-factor",
        source="Zhang et al. 2017",
        headline="Random labels take only a small constant factor longer",
        says="To a training accuracy of {setting.timed_at.percent}, random labels take {large.slower} times the updates of true labels: "
        "{margin}.",
        published="training time grows only by a small constant factor (as others report it); Table 1, CIFAR-10: 100.0 % of random "
        "training labels fitted, 9.78 % on the test set (Inception).",
        holds=at_most("large.slower", TENFOLD),
        comments=Comments(
            supported="The price of learning a list in place of a rule is a factor, and not a large one.",
            refuted="On this task the factor is larger than what we would call small.",
            inconclusive="On which side of the bound the factor lies, these runs do not decide.",
        ),
    ),
    Claim(
        "small-cannot-fit",
        source="ours",
        headline="A network can be too small to fit random labels",
        says="A network with {setting.small.network.num_parameters} parameters gets {margin} of {setting.small.num_labels} random labels "
        "right, after as many updates on the same images: {small.random.final_train_accuracy}.",
        holds=at_most("small.random.final_train_accuracy", HALF),
        comments=Comments(
            supported="The list of labels does not go into so few parameters, not by this training. A rule can be shorter than the list.",
            refuted="Even this network holds more than half of them.",
            inconclusive="Whether it stays below half, these runs do not decide.",
        ),
    ),
)
