"""Does the more sensitive network generalise worse?

A network is called sensitive if its answer changes much when the image changes a little. One network is trained with many batch
sizes, once with equal updates and once with equal epochs, and with many learning rates; then its performance and its
sensitivity are measured on training and on test images.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from experiments import original
from experiments.margins import TENTH_OF_A_POINT, TREND
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_LOSS, of_training
from lab.data import MNIST
from lab.network import Network
from lab.sensitivity import Sensitivity
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Metric, Missing, Quantity, Result, Seeds, Single, Sweep, Test, factor
from measured.evidence.tests import at_least, at_most, away_from, different, every, larger, smaller
from measured.jobs import gather

TITLE = "Sensitivity to the image"

# Seconds of one worker, measured alone: an update of 64 images takes 0.5 ms, one of 1,024 takes 3.3 ms.
#   trainings        8 seeds x (7 batch sizes at equal updates 12 s, at equal epochs 10 s, 4 more learning rates 3.2 s)  = 202 s
#   sensitivity      8 seeds x 18 networks x 3,000 images                                                144 x 0.25 s    =  36 s
#   original's five  2 x 32,000 images of the CNN at 3,400/s, 3 x 500 updates, 5 sensitivities                           =  35 s


ALL, ALL_TEST = MNIST().sizes


@dataclass(frozen=True)
class Mix:
    """The original's five models, which differ in more than one thing at a time."""

    data: MNIST = MNIST(4096, num_held_out=2000)
    """Images that they are trained on."""
    num_updates: int = 500
    """Updates of each model."""
    num_examples: int = 1000
    """Training and test images, each, on which their sensitivity is measured."""


@dataclass(frozen=True)
class Settings:
    network: Network = original.DNN
    """What all sweeps train."""
    data: MNIST = MNIST(10_000)
    """Images that it is trained on, the same for all runs."""
    recipe: Recipe = Recipe(learning_rate=0.001, num_updates=1500, batch_size=64)
    """How it is trained, by Adam at a constant rate; each sweep varies one thing."""
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)
    """Mini-batches of two sweeps, with equal updates and with equal epochs."""
    num_epochs: int = 15
    """Passes over the training images where these are equal."""
    learning_rates: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003, 0.01)
    """Learning rates of the third sweep, with equal updates."""
    seeds: Seeds = Seeds(8)
    """Runs of each kind."""
    num_train: int = 1000
    """Training images on which sensitivity is measured."""
    num_test: int = 2000
    """Test images on which sensitivity is measured."""
    mix: Mix = Mix()
    """The original's models."""

    @property
    def updates_of_epochs(self) -> tuple[int, ...]:
        """Updates at each batch size where epochs are equal; the last of an epoch may have a smaller mini-batch."""
        return tuple(self.num_epochs * math.ceil(self.data.sizes[0] / size) for size in self.batch_sizes)


PRESETS = {
    "quick": Settings(
        data=MNIST(200),
        recipe=Recipe(0.001, num_updates=5, batch_size=16),
        batch_sizes=(16, 64),
        num_epochs=1,
        learning_rates=(0.001, 0.01),
        seeds=Seeds(2),
        num_train=50,
        num_test=50,
        mix=Mix(MNIST(64, num_held_out=40), num_updates=3, num_examples=20),
    ),
    "standard": Settings(),
    "full": Settings(
        data=MNIST(ALL),
        recipe=Recipe(0.001, num_updates=9380, batch_size=64),
        batch_sizes=(16, 32, 64, 128, 256, 512, 1024, 4096),
        num_epochs=20,
        seeds=Seeds(10),
        num_train=ALL,
        num_test=ALL_TEST,
        mix=Mix(MNIST(ALL), num_updates=9380, num_examples=10_000),
    ),
}

SWEEPS = {"updates": "batch size, equal updates", "epochs": "batch size, equal epochs", "rates": "learning rate"}
SPLITS = {"train": "training images", "test": "test images"}
Run = dict[str, Any]
"""A training and its sensitivity, by these names."""


def sensitivity(of: str, split: str) -> Quantity:
    """How much the probabilities, the logits or the loss change with the image."""
    title, name = f"sensitivity of the {of}", f"{split}_{of}"
    return Quantity(name, title, average="geometric mean", log=True, read=lambda run: getattr(run["sensitivity"], name))


LOSS = {"train": of_training(TRAIN_LOSS), "test": of_training(TEST_LOSS)}
ACCURACY = {"train": of_training(TRAIN_ACCURACY), "test": of_training(TEST_ACCURACY)}
OUTCOMES = {"test_loss": LOSS["test"], "gap_loss": of_training(GAP_LOSS), "gap_accuracy": of_training(GAP_ACCURACY)}
DEAD = Missing(why="no ratio: a network died", remedy="a lower learning rate, at which it stays alive")
SENSITIVITY = {of: {split: sensitivity(of, split) for split in SPLITS} for of in ("probabilities", "logits", "loss")}


def sweeps(settings: Settings) -> dict[str, Sweep[Train]]:
    """The trainings of each sweep."""
    sizes, rates, seeds = settings.batch_sizes, settings.learning_rates, settings.seeds
    updates = dict(zip(sizes, settings.updates_of_epochs, strict=True))

    def train(seed: int, **changes: Any) -> Train:
        return Train(settings.network, settings.data, replace(settings.recipe, **changes), seed)

    return {
        "updates": Sweep.over("batch size", sizes, seeds, lambda size, seed: train(seed, batch_size=size)),
        "epochs": Sweep.over(
            "batch size", sizes, seeds, lambda size, seed: train(seed, batch_size=size, num_updates=updates[size])
        ),
        "rates": Sweep.over("learning rate", rates, seeds, lambda rate, seed: train(seed, learning_rate=rate)),
    }


def measured_at(run: Train, num_train: int, num_test: int) -> Run:
    """The jobs of one run: its training, and its sensitivity on so many images."""
    return {"training": run, "sensitivity": Sensitivity(run, num_train, num_test)}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    mixed, largest, highest = settings.mix, settings.batch_sizes[-1], settings.learning_rates[-1]
    recipe = replace(settings.recipe, num_updates=mixed.num_updates)
    models = original.five_models(mixed.data, recipe, largest, highest)
    trainings = sweeps(settings)
    swept = {
        name: sweep.map(lambda run: measured_at(run, settings.num_train, settings.num_test)).runs
        for name, sweep in trainings.items()
    }
    of_models = {name: measured_at(model, mixed.num_examples, mixed.num_examples) for name, model in models.items()}
    found, runs = gather((swept, of_models))
    measured = {name: Sweep(sweep.knob, found[name]) for name, sweep in trainings.items()}
    metrics = {name: measured_over(sweep) for name, sweep in measured.items()}
    first, fourth = (SENSITIVITY["loss"]["test"].of(runs[name]) for name in ("1: CNN", "4: DNN"))
    metrics["mix"] = {"ratio": Single.once(fourth / first) if first else DEAD}
    figures = charts.drawn(correlations, metrics) | charts.drawn(mix, models, runs)
    for name, sweep_runs in measured.items():
        figures |= charts.drawn(sweep, sweep_runs, SWEEPS[name], variant=name)
    return Result(metrics, figures)


def measured_over(sweep: Sweep[Run]) -> dict[str, Any]:
    """What is said of one sweep: of its ends, of the whole of it, and of what goes with what."""
    of_test = {of: by_split["test"] for of, by_split in SENSITIVITY.items()}
    return {
        "accuracy": sweep.ends(ACCURACY["test"]),
        "gap": sweep.ends(OUTCOMES["gap_accuracy"]),
        "change": sweep.change(of_test["loss"]),
        "trend": {of: sweep.correlation(item) for of, item in of_test.items()},
        "rank": {
            of: {name: sweep.correlation(item, outcome) for name, outcome in OUTCOMES.items()} for of, item in of_test.items()
        },
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Run], title: str) -> charts.Figure:
    """Against the {title}. Network {setting.network}; sensitivity is the mean over {setting.num_train} training and
    {setting.num_test} test images, in float32 and evaluation mode. Left out is a point where a network died and has a
    sensitivity of zero."""

    def lines(by_split: Mapping[str, Quantity], of: str = "") -> dict[str, dict[float, Metric]]:
        return {f"{of}{SPLITS[split]}": runs.points(quantity) for split, quantity in by_split.items()}

    norm, of_loss = charts.Axis("norm, per unit of a pixel", log=True), lines(SENSITIVITY["loss"], "loss, ")
    panels = {
        "loss": (lines(LOSS), charts.Axis("cross-entropy (nats)", log=True)),
        "accuracy": (lines(ACCURACY), "accuracy (%)"),
        "sensitivity of probabilities and loss": (lines(SENSITIVITY["probabilities"], "probabilities, ") | of_loss, norm),
        "sensitivity of the logits": (lines(SENSITIVITY["logits"]), norm),
    }
    shown, axes = ({panel: parts[i] for panel, parts in panels.items()} for i in range(2))
    alt = f"Loss, accuracy and sensitivity on training and test images against the {title}, a panel for each."
    return charts.trend(shown, x=charts.Axis(runs.knob, log=True), y=axes, alt=alt)


def correlations(metrics: Mapping[str, Any]) -> charts.Figure:
    """Spearman's rank correlation of the sensitivity on test images with the test loss and with the gaps: one correlation per
    seed over the {setting.batch_sizes.num} batch sizes or {setting.learning_rates.num} learning rates. Gaps are positive where
    test images fare worse."""
    columns = ("with the test loss", "with the gap of the loss", "with the gap of the accuracy")
    ranks = {name: metrics[name]["rank"] for name in SWEEPS}
    rows = [(SWEEPS[name], of, *found.values()) for name, measures in ranks.items() for of, found in measures.items()]
    return charts.table(("what varies", "sensitivity of the", *columns), rows)


def mix(models: Mapping[str, Train], runs: Mapping[str, Run]) -> charts.Figure:
    """Five models as the original mixes them, one run each: {setting.mix.num_updates} updates on the same
    {setting.mix.data.num_train} images; sensitivity on {setting.mix.num_examples} training and as many test images."""
    numbers = {split: [by_split[split] for by_split in (ACCURACY, LOSS, *SENSITIVITY.values())] for split in SPLITS}

    def described(name: str, model: Train) -> tuple[charts.Cell, ...]:
        network, recipe = model.network, model.recipe
        return f"{name}, {network}", network.num_parameters, recipe.batch_size or 0, f"{recipe.learning_rate:g}"

    rows = [
        (*described(name, model), title, *(Single.once(item.of(runs[name]), item.unit) for item in numbers[split]))
        for name, model in models.items()
        for split, title in SPLITS.items()
    ]
    columns = ("model", "parameters", "batch", "rate", "images", "accuracy", "loss")
    return charts.table((*columns, *(f"sensitivity, {of}" for of in SENSITIVITY)), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TENTH_MORE = factor(1.1, "a change by less than a tenth is hard to see on a logarithmic axis")


def in_all(number: str) -> str:
    """What is said of each sweep, in words; a star stands for its name."""
    return ", ".join(f"{number.replace('*', name)} ({title})" for name, title in SWEEPS.items())


def changes(id: str, what: str, title: str, number: str, test: Callable[[str], Test]) -> Claim:
    """What a number is at both ends of each sweep."""
    return Claim(
        id,
        source="original 3.3, part 2",
        headline=f"Batch size and learning rate change {what}",
        quote=original.QUOTES[id],
        says=f"From the smallest to the largest value the {title} changes by {{margin}}: {in_all(number)}.",
        comments=Comments(
            supported=f"The {title} changes in all three sweeps; in which direction, the numbers say.",
            refuted=f"In at least one sweep the {title} is about the same at both ends; what is in between, the figures show.",
            inconclusive=f"For at least one of the three sweeps it is open whether the {title} differs between the ends.",
        ),
        holds=every(*map(test, SWEEPS)),
    )


def large_batches(id: str, equal: str, do: str, what: str, test: Callable[..., Test]) -> Claim:
    """What the largest batch does to a number, against the smallest."""
    return Claim(
        id,
        source="original 3.3, part 2",
        headline=f"At equal {equal}, large batches {do}",
        quote=original.QUOTES["S15c"],
        says=f"At equal {equal}, batches of {{setting.batch_sizes.last}} instead of {{setting.batch_sizes.first}} {do} by "
        f"{{margin}}: from {{{equal}.{what}.first}} to {{{equal}.{what}.last}}.",
        comments=Comments(
            supported=f"At equal {equal} large batches {do}.",
            refuted=f"At equal {equal} large batches do not {do} by that much.",
            inconclusive=f"These seeds leave open whether large batches {do} at equal {equal}.",
        ),
        holds=test(f"{equal}.{what}.last", than=f"{equal}.{what}.first", by=TENTH_OF_A_POINT, paired=True),
    )


def goes_with(id: str, source: str, title: str, outcome: str, published: str = "") -> Claim:
    """The sensitivity of the probabilities beside what comes of a training, over each sweep."""
    rank = f"rank.probabilities.{outcome}"
    return Claim(
        id,
        source,
        headline=f"The more sensitive network has the larger {title}",
        says=f"The sensitivity of the probabilities on test images and the {title} rise together, with a rank correlation of "
        f"{{margin}}: {in_all(f'{{*.{rank}}}')}.",
        published=published,
        comments=Comments(
            supported=f"On this network sensitivity goes with the {title} in all three sweeps.",
            refuted=f"In at least one of the three sweeps sensitivity does not go with the {title}.",
            inconclusive=f"Whether sensitivity goes with the {title} to that degree is open in at least one of the sweeps.",
        ),
        holds=every(*(at_least(f"{sweep}.{rank}", TREND) for sweep in SWEEPS)),
    )


CLAIMS = (
    changes(
        "S15a",
        "performance",
        "test accuracy",
        "from {*.accuracy.first} to {*.accuracy.last}",
        lambda name: different(f"{name}.accuracy.last", to=f"{name}.accuracy.first", by=TENTH_OF_A_POINT, paired=True),
    ),
    changes(
        "S15b",
        "sensitivity",
        "sensitivity of the loss on test images",
        "by a factor of {*.change}",
        lambda name: away_from(f"{name}.change", none=1, by=TENTH_MORE),
    ),
    large_batches("S15c", "updates", "widen the gap of the accuracy", "gap", larger),
    large_batches("S15d", "updates", "lower the accuracy on unseen images", "accuracy", smaller),
    large_batches("S15e", "epochs", "widen the gap of the accuracy", "gap", larger),
    large_batches("S15f", "epochs", "lower the accuracy on unseen images", "accuracy", smaller),
    Claim(
        "updates-not-batch",
        source="ours",
        headline="With the batch size the sensitivity of the logits rises at equal updates and falls at equal epochs",
        says="The sensitivity of the logits rises with the batch size where all make as many updates, and falls where all "
        "make as many passes: rank correlation {updates.trend.logits} and {epochs.trend.logits}, where {margins[0]} counts as "
        "a rise and {margins[1]} as a fall.",
        comments=Comments(
            supported="So what falls where epochs are equal tells how few updates a large batch was given, and not what it "
            "does.",
            refuted="The two ways to compare do not disagree in that manner here, as far as the logits go.",
            inconclusive="Whether the two ways to compare disagree in that manner about the logits is not decided.",
        ),
        holds=every(at_least("updates.trend.logits", TREND), at_most("epochs.trend.logits", -TREND)),
    ),
    goes_with(
        "sensitivity-and-gap",
        "Novak et al. 2018",
        "gap of the accuracy",
        "gap_accuracy",
        published='the Jacobian norm "correlates well with generalization" over thousands of networks (abstract; no table).',
    ),
    goes_with("sensitivity-and-test-loss", "ours", "test loss", "test_loss"),
)
