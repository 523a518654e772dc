"""Can a network fit labels that mean nothing?

A convolutional network with two convolutions learns images of MNIST whose labels were replaced by random ones. We ask whether it fits them, what it then makes of new
images with their true labels, how long it takes beside true labels, and what happens between the two, when only a part of the labels is replaced. A network that
is too small stands beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments import original
from lab.data import MNIST, CorrectLabels, CorrectShare
from lab.models import CNN
from lab.statistics import first_reached, rank_correlation
from lab.trained import Classification
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, at_most, equal
from measured.jobs import gather

# Seconds of one worker, measured; images a second trained and judged: 16/36 4,000 and 6,000, 8/16 10,000 and 25,000, the small one
# 30,000 and 60,000. A run judges all it trained on, 10,000 test images and 15 times 1,000 images on the way.
#   16/36, random labels   6 runs of 1,200 updates x 64      6 x (18.6 + 4.4) s = 138 s
#   16/36, true labels     6 runs of   288 updates x 64      6 x (4.5 + 4.4) s  =  53 s
#   8/16, five shares      25 runs of 1,250 updates x 32     25 x (4.2 + 1.1) s = 133 s
#   small, two shares      10 runs of 1,250 updates x 32     10 x 2.2 s         =  22 s
# 1,500 labels and six seeds: single runs scatter around their share of right labels by somewhat less than a point (a pilot on other seeds), so
# that six of them tell two points. 2,000 labels would take another 45 s, and all shares with the 16/36 network 400 s.


SMALL_NETWORK = CNN(original.IMAGE, (1,), (10,), 10, pool=9)
"""Too small: as many parameters as the smallest model of the seed's section 3.2."""


@dataclass(frozen=True)
class Settings:
    labels: tuple[int, ...] = (1500,)
    """Training images of the large network, each number a setting of its own; the claims are about the last."""
    epochs: int = 50
    """Passes over them with random labels."""
    true_epochs: int = 12
    """Passes over them with true labels, which are fitted sooner."""
    batch_size: int = 64
    """Images in a mini-batch of these runs."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    """Runs of these: each has images, labels, initial weights and an order of its own."""
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    """Shares of the labels that are replaced, from none to all, for the curve between true and random labels."""
    curve_network: CNN = CNN(original.IMAGE, (8, 16), (64,), 10)
    """The network of the curve."""
    curve_labels: int = 800
    """Training images of a run of the curve and of the small network."""
    curve_epochs: int = 50
    """Passes over them, whatever the share."""
    curve_batch_size: int = 32
    """Images in a mini-batch of these runs."""
    curve_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Runs at each share, and of the small network."""
    learning_rate: float = 0.001
    """Of Adam, constant, as in the seed report."""
    num_records: int = 15
    """Measurements on the way, closer together at the beginning; at the end come the final ones on everything."""
    history_examples: tuple[int, int] = (500, 500)
    """Training and test images behind each of these measurements."""
    num_held_out: int | None = None
    """Test images; not set (None) for all 10,000."""


PRESETS = {
    "quick": Settings(
        labels=(48,),
        epochs=2,
        true_epochs=2,
        batch_size=16,
        seeds=(0, 1),
        shares=(0.0, 0.5, 1.0),
        curve_labels=48,
        curve_epochs=2,
        curve_batch_size=16,
        curve_seeds=(0, 1),
        num_records=3,
        history_examples=(40, 40),
        num_held_out=200,
    ),
    "standard": Settings(),
    "full": Settings(
        labels=(10_000, 60_000),
        epochs=200,
        true_epochs=50,
        batch_size=128,
        seeds=tuple(range(12)),
        shares=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        curve_network=original.CNN_16_36,
        curve_labels=10_000,
        curve_epochs=100,
        curve_batch_size=128,
        curve_seeds=tuple(range(10)),
        num_records=60,
        history_examples=(5000, 2000),
    ),
}

CHANCE = 0.1
CHANCE_LOSS = math.log(10)
"""Cross-entropy of a network that finds all ten classes equally likely."""
FITTED = 0.95
"""Training accuracy at which the time is taken."""

ZHANG = (
    ("Inception", 1_649_402, "100.0 / 85.75", "100.0 / 9.78"),
    ("Inception without batch normalisation", 1_649_402, "100.0 / 82.00", "100.0 / 10.12"),
    ("small AlexNet", 1_387_786, "100.0 / 76.07", "99.82 / 9.86"),
    ("MLP, 3 × 512", 1_735_178, "100.0 / 52.39", "100.0 / 10.48"),
    ("MLP, 1 × 512", 1_209_866, "100.0 / 50.51", "99.34 / 10.61"),
)
"""Zhang et al. 2017, Table 1: CIFAR-10, training / test accuracy in per cent with true and with random labels, neither crops nor weight decay."""


def labelled(num_labels: int, share: float, seed: int, settings: Settings) -> MNIST:
    """Images of a run of which ``share`` got another label: what is replaced at a small share is replaced at every larger one."""
    return MNIST(num_labels, seed, label_noise=share, num_held_out=settings.num_held_out)


def training(network: CNN, data: MNIST, epochs: int, batch_size: int, settings: Settings) -> Train:
    """One run, whose seed is that of its images."""
    num_updates = epochs * math.ceil(data.sizes[0] / batch_size)
    steps = tuple(sorted({round(num_updates * place**2) for place in np.linspace(0, 1, settings.num_records, endpoint=False)}))
    recipe = Recipe(settings.learning_rate, num_updates, batch_size)
    return Train(network, data, recipe, data.seed, record_at=steps, history_examples=settings.history_examples)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    sets = {
        **{("large", number, share): settings.seeds for number in settings.labels for share in (0.0, 1.0)},
        **{("curve", settings.curve_labels, share): settings.curve_seeds for share in settings.shares},
        **{("small", settings.curve_labels, share): settings.curve_seeds for share in (0.0, 1.0)},
    }
    networks = {"large": original.CNN_16_36, "curve": settings.curve_network, "small": SMALL_NETWORK}
    data = {key: [labelled(*key[1:], seed, settings) for seed in seeds] for key, seeds in sets.items()}

    def trainings(key: tuple[str, int, float]) -> list[Train]:
        kind, _, share = key
        epochs, batch_size = settings.curve_epochs, settings.curve_batch_size
        if kind == "large":
            epochs, batch_size = settings.epochs if share else settings.true_epochs, settings.batch_size
        return [training(networks[kind], item, epochs, batch_size, settings) for item in data[key]]

    jobs = {key: trainings(key) for key in sets}
    right_jobs = {key: [CorrectLabels(item) for item in items] for key, items in data.items()}
    trained, right = gather((jobs, right_jobs))
    scores = {key: _scores(trained[key], right[key], [item.recipe.num_updates for item in jobs[key]]) for key in jobs}

    main, whole = settings.labels[-1], ("large", settings.labels[-1], 1.0)
    curve = {share: scores["curve", settings.curve_labels, share] for share in settings.shares}
    middle = min(settings.shares, key=lambda share: abs(share - 0.5))
    metrics = {
        **{f"{name}_random": metric for name, metric in scores[whole].items()},
        **{f"{name}_true": metric for name, metric in scores["large", main, 0.0].items()},
        **{f"{name}_small": metric for name, metric in scores["small", settings.curve_labels, 1.0].items()},
        **{f"{name}_small_true": metric for name, metric in scores["small", settings.curve_labels, 0.0].items()},
        **{f"{name}_middle": metric for name, metric in curve[middle].items()},
        **{f"{name}_curve": metric for name, metric in curve[1.0].items()},
        "time_curve_true": curve[0.0]["time"],
        "middle": Metric(middle, "%"),
        "slower": _slower(scores["large", main, 1.0]["time"], scores["large", main, 0.0]["time"]),
        "slower_curve": _slower(curve[1.0]["time"], curve[0.0]["time"]),
        "excess": Metric.over_seeds(
            [a - b for a, b in zip(scores[whole]["test"].values, scores[whole]["right"].values, strict=True)], "points"
        ),
        "loss_over_chance": Metric.over_seeds([value / CHANCE_LOSS for value in scores[whole]["loss"].values], summary="geometric mean"),
        "trend": Metric.over_seeds(
            [rank_correlation(settings.shares, row) for row in zip(*(item["test"].values for item in curve.values()), strict=True)]
        ),
        "num_labels": Metric(main),
        "epochs": Metric(settings.epochs),
        "true_epochs": Metric(settings.true_epochs),
        "curve_labels": Metric(settings.curve_labels),
        "curve_epochs": Metric(settings.curve_epochs),
        "learning_rate": Metric(settings.learning_rate),
        "batch_size": Metric(settings.batch_size),
        "curve_batch_size": Metric(settings.curve_batch_size),
        "num_parameters": Metric(original.CNN_16_36.num_parameters),
        "curve_parameters": Metric(settings.curve_network.num_parameters),
        "small_parameters": Metric(SMALL_NETWORK.num_parameters),
        "chance": Metric(CHANCE, "%"),
        "chance_loss": Metric(CHANCE_LOSS),
        "fitted": Metric(FITTED, "%"),
        "test_noise": Metric(math.sqrt(CHANCE * (1 - CHANCE) / MNIST(num_held_out=settings.num_held_out).sizes[1]), "points"),
        "num_test": Metric(MNIST(num_held_out=settings.num_held_out).sizes[1]),
        "num_runs": Metric(len(settings.seeds)),
        "num_reached": Metric(sum(scores[whole]["reached"].values)),
        "curve_runs": Metric(len(settings.curve_seeds)),
        "curve_reached": Metric(sum(curve[1.0]["reached"].values)),
        "peak_middle": Metric.over_seeds([item.test_accuracy.max() for item in trained["curve", settings.curve_labels, middle]], "%"),
        "history_train": Metric(settings.history_examples[0]),
        "history_test": Metric(settings.history_examples[1]),
        "num_looks": Metric(len(trained["curve", settings.curve_labels, middle][0].steps)),
        "luck": Metric(math.sqrt(CHANCE * (1 - CHANCE) / main), "points"),
    }  # fmt: skip
    return Result(metrics, _figures(networks, jobs, trained, scores, settings))


def _scores(runs: Sequence[Classification], right: Sequence[CorrectShare], num_updates: Sequence[int]) -> dict[str, Metric]:
    """What a set of runs reached, and when; of the time only where every run got there, since those that did not have none."""

    def final(what: str) -> list[float]:
        return [float(getattr(item, f"final_{what}")) for item in runs]

    times = [_updates_to_fit(item, last) for item, last in zip(runs, num_updates, strict=True)]
    reached = [item for item in times if item is not None]
    return {
        "fit": Metric.over_seeds(final("train_accuracy"), "%", digits=4),
        "test": Metric.over_seeds(final("test_accuracy"), "%"),
        "train_loss": Metric.over_seeds(final("train_loss"), summary="geometric mean"),
        "loss": Metric.over_seeds(final("test_loss"), summary="geometric mean"),
        "right": Metric.over_seeds([item.share for item in right], "%"),
        "time": Metric.over_seeds(reached, "updates", summary="geometric mean") if len(reached) == len(times) else NOT_BY_ALL,
        "reached": Metric.share(item is not None for item in times),
    }  # fmt: skip


NOT_BY_ALL = Metric.not_measured(
    "updates", why="some runs did not get there", remedy="more updates would give every run its time"
)


def _updates_to_fit(trained: Classification, num_updates: int) -> float | None:
    """Updates to a training accuracy of 95 %, between records on a straight line; None where it is never reached."""
    accuracies = np.append(trained.train_accuracy, trained.final_train_accuracy)
    return first_reached(FITTED, np.append(trained.steps, num_updates), accuracies)


def _slower(random: Metric, true: Metric) -> Metric:
    """How many times the updates random labels take, seed by seed; no number where a run did not get there."""
    if not (random.is_measured and true.is_measured):
        return replace(NOT_BY_ALL, unit="")
    return Metric.over_seeds([a / b for a, b in zip(random.values, true.values, strict=True)], summary="geometric mean")


def _figures(networks: dict, jobs: dict, trained: dict, scores: dict, settings: Settings) -> dict:
    main, curve = settings.labels[-1], settings.curve_labels
    kinds = {"random labels": ("large", main, 1.0), "true labels": ("large", main, 0.0)}

    def over_epochs(key: tuple, split: str, kind: str, scale: float = 1) -> charts.Series:
        """The history on the fixed sample, ended by the final number on everything."""
        recipe = jobs[key][0].recipe
        steps = [*trained[key][0].steps, recipe.num_updates]
        values = [[*getattr(item, f"{split}_{kind}"), float(getattr(item, f"final_{split}_{kind}"))] for item in trained[key]]
        return charts.Series(
            [step / math.ceil(key[1] / recipe.batch_size) for step in steps],
            [[scale * value for value in row] for row in values],
        )

    def both(kind: str, scale: float = 1) -> dict:
        return {
            panel: {
                "training images, labels as given": over_epochs(key, "train", kind, scale),
                "test images, true labels": over_epochs(key, "test", kind, scale),
            }
            for panel, key in kinds.items()
        }

    def at_shares(what: str) -> dict[float, Metric]:
        return {100 * share: scores["curve", curve, share][what] for share in settings.shares}

    measured = (
        f"float32, evaluation mode; the last point on everything trained on and on all {MNIST(num_held_out=settings.num_held_out).sizes[1]:,} test images, "
        f"the ones before on {settings.history_examples[0]:,} training and {settings.history_examples[1]:,} test images at most."
    )
    words = f"{original.CNN_16_36}, {main:,} images: median and the middle 80 % over {len(settings.seeds)} seeds; {measured}"
    of_curve = f"{settings.curve_network}, {curve:,} images, {settings.curve_epochs} epochs, {len(settings.curve_seeds)} seeds"
    recipes: dict[tuple, list[float]] = {}
    for (kind, number, share), items in jobs.items():
        recipes.setdefault((kind, number, items[0].recipe.batch_size, items[0].recipe.num_updates, len(items)), []).append(
            share
        )
    network_rows = [
        (
            str(networks[kind]), f"{networks[kind].num_parameters:,}", networks[kind].depth, number,
            f"{', '.join(f'{100 * share:g}' for share in shares)} %", batch_size, num_updates, num_runs,
        )
        for (kind, number, batch_size, num_updates, num_runs), shares in recipes.items()
    ]  # fmt: skip
    return {
        "networks": charts.table(
            ("network", "parameters", "convolutions", "images", "labels replaced", "mini-batch", "updates", "runs each"),
            network_rows,
            caption=f"What is trained: Adam, learning rate {settings.learning_rate:g}, no weight decay, no augmentation. The small network pools 9 × 9 pixels, the others 2 × 2 twice.",
        ),
        "loss": charts.curves(
            both("loss"), x="epochs", y=charts.Axis("cross-entropy (nats)", log=True),
            levels={panel: {"chance: ln 10": CHANCE_LOSS} for panel in kinds},
            caption=f"Training and test loss. {words}",
            alt="Cross-entropy against epochs on a logarithmic scale, random labels left, true labels right, with the loss of guessing drawn across.",
        ),
        "accuracy": charts.curves(
            both("accuracy", 100), x="epochs", y="accuracy (%)",
            levels={panel: {"chance: 10 %": 100 * CHANCE} for panel in kinds},
            caption=f"Training and test accuracy of the same runs. {words}",
            alt="Accuracy against epochs, random labels left, true labels right, with the accuracy of guessing drawn across.",
        ),
        "scores": charts.table(
            ("network", "training images", "labels", "that are right", "training accuracy", "test accuracy", "training loss", "test loss"),
            [
                (
                    f"{networks[kind]} ({networks[kind].num_parameters:,})", number, "random" if share else "true",
                    _right(item), *(item[what] for what in ("fit", "test", "train_loss", "loss")),
                )
                for (kind, number, share), item in scores.items() if share in (0.0, 1.0)
            ],
            caption="At the end of training, on all training images with the labels as given and on all test images with their true ones: means over seeds with 95 % t intervals, of "
                    "the losses geometric means. These intervals know of no bound at 100 %.",
        ),
        "zhang": charts.table(
            ("network", "parameters", "true labels", "random labels"), [(name, f"{count:,}", true, random) for name, count, true, random in ZHANG],
            caption="Not ours: Zhang et al. (2017), Table 1, for CIFAR-10 with 50,000 training images: training / test accuracy in per cent, without crops and without weight decay.",
        ),
        "curve": charts.trend(
            {
                "accuracy": {
                    "training images, labels as given": at_shares("fit"), "test images, true labels": at_shares("test"),
                    "training labels that are right": at_shares("right"),
                },
                "loss": {"training images, labels as given": at_shares("train_loss"), "test images, true labels": at_shares("loss")},
            },
            x="labels replaced (%)", y={"accuracy": "accuracy or share (%)", "loss": charts.Axis("cross-entropy (nats)", log=True)},
            levels={"accuracy": {"chance: 10 %": 100 * CHANCE}, "loss": {"chance: ln 10": CHANCE_LOSS}},
            caption=f"From true to random labels at the end of training: {of_curve}; means (of losses, geometric means) with 95 % t intervals.",
            alt="Left, accuracy on training and on test images and the share of right labels, right, both losses, against the share of labels replaced.",
        ),
        "time": charts.trend(
            {
                f"updates to {_percent(FITTED)} training accuracy": {
                    f"{settings.curve_network}, {curve:,} images": at_shares("time"),
                    f"{original.CNN_16_36}, {main:,} images": {100 * share: scores["large", main, share]["time"] for share in (0.0, 1.0)},
                    f"where the runs of {settings.curve_network} end": {
                        100 * share: Metric(jobs["curve", curve, share][0].recipe.num_updates) for share in settings.shares
                    },
                }
            },
            x="labels replaced (%)", y=charts.Axis("updates", log=True),
            caption="How long it takes to fit the labels, in updates, between measurements on a straight line: geometric means with 95 % t intervals. The accuracy is read on the "
                    f"first {settings.history_examples[0]:,} training images of a run at most, at the last point on all of them. The two networks have "
                    f"mini-batches of {settings.curve_batch_size} and {settings.batch_size}. A share at which not every run got there is left out.",
            alt="Updates to a training accuracy of 95 % against the share of labels replaced, for two networks, on a logarithmic scale.",
        ),
        "over_epochs": charts.curves(
            {
                panel: {f"{_percent(share)} replaced": over_epochs(("curve", curve, share), split, "accuracy", 100) for share in settings.shares}
                for panel, split in (("training images, labels as given", "train"), ("test images, true labels", "test"))
            },
            x="epochs", y="accuracy (%)", levels={"test images, true labels": {"chance: 10 %": 100 * CHANCE}},
            caption=f"The same runs on the way, median and the middle 80 %: {of_curve}; {measured}",
            alt="Accuracy against epochs for several shares of replaced labels, training images left, test images right.",
        ),
        "corruption": charts.table(
            ("replaced", "labels that are right", "training accuracy", "test accuracy", "test loss", "updates to 95 %", "runs that got there"),
            [
                (_percent(share), _right(item), item["fit"], item["test"], item["loss"], item["time"], f"{item['reached'].counts[0]} of {item['reached'].n}")
                for share, item in ((share, scores["curve", curve, share]) for share in settings.shares)
            ],
            caption=f"The numbers behind both figures: {of_curve}; 95 % intervals.",
        ),
    }  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _right(item: dict[str, Metric]) -> Metric | str:
    """The share of right labels, or that all of them are."""
    return "all" if item["right"].value == 1 else item["right"]


FITS = 0.99
FITS_WHY = "a network that gets at most one random label in a hundred wrong has stored them; guessing gets one in ten right"
NO_SKILL = 0.02
NO_SKILL_WHY = (
    "two points are less than a fortieth of the way from guessing to all correct; a random label is right one time in ten, give or take, so that a run's own share of right "
    "labels, and not exactly ten per cent, is what guessing by its labels gives"
)
FACTOR = 10.0
FACTOR_WHY = "a small constant is less than an order of magnitude; to store labels one by one without help from the images might take any number of times as long"
FALLS = -0.8
FALLS_WHY = "far nearer to perfect order than to none; it leaves room for neighbouring shares in the wrong order here and there"
TOO_SMALL = 0.5
TOO_SMALL_WHY = "a network that gets every second label wrong has not fitted them"
WORSE = 2.0
WORSE_WHY = (
    "twice the loss of a network that finds all classes equally likely cannot be had by uncertainty, only by confident errors"
)

CLAIMS = (
    Claim(
        "S11a",
        source="seed 3.1",
        headline="A network fits random labels on its training set",
        quote=original.QUOTES["S11a"],
        says="After {epochs} epochs the network gives at least 99 % of its {num_labels} training images the label that was drawn for them: {fit_random}.",
        comments=Comments(
            supported="The half of the sentence about the training set holds: a network of this size can store labels that mean nothing.",
            refuted="Not in the time that it was given: labels that mean nothing take longer to store.",
            inconclusive="It comes close, but these runs do not settle it.",
        ),
        holds=at_least("fit_random", FITS, why=FITS_WHY, origin=1.0),
    ),
    Claim(
        "S11b",
        source="seed 3.1",
        headline="After random labels the test set is at chance",
        quote=original.QUOTES["S11b"],
        says="On test images with their true labels the same network is within two points of the share of its labels that were right by luck: it gets {test_random} right, and "
        "{right_random} of its labels were.",
        comments=Comments(
            supported="The other half holds as well, and must: labels drawn without regard to the image say nothing about new ones.",
            refuted="That cannot be on average: labels drawn without regard to the image say nothing about new ones. Suspect a mistake.",
            inconclusive="On average it must be at chance; these runs scatter too much to show it within the margin.",
        ),
        holds=equal("test_random", to="right_random", within=NO_SKILL, why=NO_SKILL_WHY, paired=True),
    ),
    Claim(
        "S11c",
        source="seed 3.1",
        headline="The more labels are wrong, the lower the test accuracy",
        quote=original.QUOTES["S11c"],
        says="Within a seed, the larger the share of labels replaced, the lower the test accuracy: rank correlation {trend}.",
        comments=Comments(
            supported="The explanation holds, and by degrees: the same network on the same images reads fewer new digits, the more of its labels are replaced.",
            refuted="Not in this simple form: more replaced labels do not go with fewer new digits read, step by step.",
            inconclusive="How closely the two go together, these runs do not settle.",
        ),
        holds=at_most("trend", FALLS, why=FALLS_WHY, furthest=1.0),
    ),
    Claim(
        "confident-errors",
        source="ours",
        headline="After random labels the test loss is far above chance",
        says="The test loss is not at the {chance_loss} nats of guessing but at more than twice that: {loss_random} nats, {loss_over_chance} times as much.",
        holds=at_least("loss_over_chance", WORSE, why=WORSE_WHY, ratio=True),
    ),
    Claim(
        "small-constant-factor",
        source="Zhang et al. 2017",
        headline="Random labels take only a small constant factor longer",
        says="Random labels take at most 10 times the updates of true labels to a training accuracy of {fitted} (the factor: {slower}).",
        published="training time grows only by a small constant factor (as others report it); Table 1, CIFAR-10: 100.0 % of random training labels fitted, 9.78 % on the test set (Inception).",
        holds=at_most("slower", FACTOR, why=FACTOR_WHY, ratio=True),
    ),
    Claim(
        "small-cannot-fit",
        source="ours",
        headline="A network can be too small to fit random labels",
        says="A network with {small_parameters} parameters gets less than half of {curve_labels} random labels right, after as many updates on the same images: {fit_small}.",
        holds=at_most("fit_small", TOO_SMALL, why=TOO_SMALL_WHY, origin=None),
    ),
)
