"""Does the more sensitive network generalise worse?

A network is called sensitive if its answer changes much when the image changes a little. One network is trained with many batch
sizes, once with equal updates and once with equal epochs, and with many learning rates; then its performance and its
sensitivity are measured on training and on test images.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from experiments import original, quantities
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
ALL, ALL_TEST = MNIST().sizes

# Seconds of one worker, measured alone: an update of 64 images takes 0.5 ms, one of 1,024 takes 3.3 ms.
#   trainings        8 seeds x (7 batch sizes at equal updates 12 s, at equal epochs 10 s, 4 more learning rates 3.2 s)  = 202 s
#   sensitivity      8 seeds x 18 networks x 3,000 images                                                144 x 0.25 s    =  36 s
#   original's five  2 x 32,000 images of the CNN at 3,400/s, 3 x 500 updates, 5 sensitivities                           =  35 s


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
    mix: original.FiveModels = original.FiveModels()
    """The original's models, one run each."""

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
        mix=original.FiveModels(MNIST(64, num_held_out=40), num_updates=3, num_examples=20),
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
        mix=original.FiveModels(MNIST(ALL), num_updates=9380, num_examples=10_000),
    ),
}

SWEEPS = {"updates": "batch size, equal updates", "epochs": "batch size, equal epochs", "rates": "learning rate"}
SPLITS = {"train": "training images", "test": "test images"}
Run = dict[str, Any]
"""A training and its sensitivity, by these names."""
LOSS = {"train": of_training(TRAIN_LOSS), "test": of_training(TEST_LOSS)}
ACCURACY = {"train": of_training(TRAIN_ACCURACY), "test": of_training(TEST_ACCURACY)}
OUTCOMES = {"test_loss": LOSS["test"], "gap_loss": of_training(GAP_LOSS), "gap_accuracy": of_training(GAP_ACCURACY)}
DEAD = Missing(why="no ratio: a network died", remedy="a lower learning rate, at which it stays alive")
MEASURES = ("probabilities", "logits", "loss")
SENSITIVITY = {of: {split: quantities.sensitivity(of, split) for split in SPLITS} for of in MEASURES}


def sweeps(settings: Settings) -> dict[str, Sweep[Run]]:
    """The runs of each sweep, which differ in one thing from the recipe."""
    sizes, rates, seeds = settings.batch_sizes, settings.learning_rates, settings.seeds
    updates = dict(zip(sizes, settings.updates_of_epochs, strict=True))

    def run(seed: int, **changes: Any) -> Run:
        training = Train(settings.network, settings.data, replace(settings.recipe, **changes), seed)
        return {"training": training, "sensitivity": Sensitivity(training, settings.num_train, settings.num_test)}

    return {
        "updates": Sweep.over("batch size", sizes, seeds, lambda size, seed: run(seed, batch_size=size)),
        "epochs": Sweep.over(
            "batch size", sizes, seeds, lambda size, seed: run(seed, batch_size=size, num_updates=updates[size])
        ),
        "rates": Sweep.over("learning rate", rates, seeds, lambda rate, seed: run(seed, learning_rate=rate)),
    }


def run(settings: Settings = PRESETS["standard"]) -> Result:
    swept, number = sweeps(settings), settings.mix.num_examples
    models = settings.mix.trainings(settings.recipe, settings.batch_sizes[-1], settings.learning_rates[-1])
    jobs = {name: {"training": model, "sensitivity": Sensitivity(model, number, number)} for name, model in models.items()}
    found, of_models = gather(({name: sweep.runs for name, sweep in swept.items()}, jobs))
    measured = {name: Sweep(swept[name].knob, runs) for name, runs in found.items()}
    metrics = {name: measured_over(runs) for name, runs in measured.items()}
    first, fourth = (SENSITIVITY["loss"]["test"].of(of_models[name]) for name in ("1: CNN", "4: DNN"))
    metrics["mix"] = {"ratio": Single.once(fourth / first) if first else DEAD}
    figures = charts.drawn(correlations, metrics) | charts.drawn(mix, models, of_models)
    for name, runs in measured.items():
        figures |= charts.drawn(sweep, runs, SWEEPS[name], variant=name)
    return Result(metrics, figures)


def measured_over(sweep: Sweep[Run]) -> dict[str, Any]:
    """What is said of one sweep: of its ends, of the whole of it, and of what goes with what."""
    on_test = {of: by_split["test"] for of, by_split in SENSITIVITY.items()}
    return {
        "accuracy": sweep.ends(ACCURACY["test"]),
        "gap": sweep.ends(OUTCOMES["gap_accuracy"]),
        "change": sweep.change(on_test["loss"]),
        "trend": {of: sweep.correlation(item) for of, item in on_test.items()},
        "rank": {of: {key: sweep.correlation(item, other) for key, other in OUTCOMES.items()} for of, item in on_test.items()},
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Run], title: str) -> charts.Figure:
    """Loss, accuracy and sensitivity against the {title}. Network {setting.network}; sensitivity is the mean over
    {setting.num_train} training and {setting.num_test} test images, in float32 and evaluation mode. A point where a network
    died is left out."""

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
    """Spearman's rank correlation, per seed, of the sensitivity on test images with the test loss and the gaps, over
    {setting.batch_sizes.num} batch sizes or {setting.learning_rates.num} learning rates. A gap above zero: test images fare
    worse."""
    columns = ("with the test loss", "with the gap of the loss", "with the gap of the accuracy")
    ranks = {name: metrics[name]["rank"] for name in SWEEPS}
    rows = [(SWEEPS[name], of, *found.values()) for name, measures in ranks.items() for of, found in measures.items()]
    return charts.table(("what varies", "sensitivity of the", *columns), rows)


def mix(models: Mapping[str, Train], runs: Mapping[str, Run]) -> charts.Figure:
    """Five models as the original mixes them, one run each: {setting.mix.num_updates} updates on the same
    {setting.mix.data.num_train} images; sensitivity on {setting.mix.num_examples} training and as many test images."""
    rows = []
    for name, model in models.items():
        network, recipe = model.network, model.recipe
        described = (f"{name}, {network}", network.num_parameters, recipe.batch_size or 0, f"{recipe.learning_rate:g}")
        for split, title in SPLITS.items():
            numbers = (by_split[split] for by_split in (ACCURACY, LOSS, *SENSITIVITY.values()))
            rows.append((*described, title, *(Single.once(item.of(runs[name]), item.unit) for item in numbers)))
    columns = ("model", "parameters", "batch", "rate", "images", "accuracy", "loss")
    return charts.table((*columns, *(f"sensitivity, {of}" for of in SENSITIVITY)), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TENTH_MORE = factor(1.1, "a change by less than a tenth is hard to see on a logarithmic axis")


def in_all(number: str) -> str:
    """What is said of each sweep, in words; a star stands for its name."""
    return ", ".join(f"{number.replace('*', name)} ({title})" for name, title in SWEEPS.items())


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
    Claim(
        "S15a",
        source="original 3.3, part 2",
        headline="Batch size and learning rate change performance",
        quote=original.QUOTES["S15a"],
        says="From the smallest to the largest value the test accuracy changes by {margin}: "
        f"{in_all('from {*.accuracy.first} to {*.accuracy.last}')}.",
        comments=Comments(
            supported="Performance changes in all three sweeps; in which direction, the numbers say.",
            refuted="In at least one of the three sweeps the two ends perform alike; what happens in between, the figures "
            "show.",
            inconclusive="For at least one of the three sweeps the two ends are too close, or too few runs were made, to tell.",
        ),
        holds=every(
            *(different(f"{at}.accuracy.last", to=f"{at}.accuracy.first", by=TENTH_OF_A_POINT, paired=True) for at in SWEEPS)
        ),
    ),
    Claim(
        "S15b",
        source="original 3.3, part 2",
        headline="Batch size and learning rate change sensitivity",
        quote=original.QUOTES["S15b"],
        says="From the smallest to the largest value the sensitivity of the loss on test images changes by {margin}; it "
        f"is multiplied by {in_all('{*.change}')}.",
        comments=Comments(
            supported="Sensitivity changes in all three sweeps; a factor below one is a fall.",
            refuted="In at least one of the three sweeps sensitivity is about the same at both ends.",
            inconclusive="For at least one of the three sweeps it is not decided whether sensitivity differs between the ends.",
        ),
        holds=every(*(away_from(f"{name}.change", none=1, by=TENTH_MORE) for name in SWEEPS)),
    ),
    large_batches("S15c", "updates", "widen the gap of the accuracy", "gap", larger),
    large_batches("S15d", "updates", "lower the accuracy on unseen images", "accuracy", smaller),
    large_batches("S15e", "epochs", "widen the gap of the accuracy", "gap", larger),
    large_batches("S15f", "epochs", "lower the accuracy on unseen images", "accuracy", smaller),
    Claim(
        "updates-not-batch",
        source="ours",
        headline="With the batch size the sensitivity of the logits rises at equal updates and falls at equal epochs",
        says="With the batch size, the sensitivity of the logits rises at equal updates and falls at equal epochs: rank "
        "correlations {updates.trend.logits} and {epochs.trend.logits}, where {margins[0]} is a rise and {margins[1]} a fall.",
        comments=Comments(
            supported="So whether sensitivity rises or falls with the batch size depends on what is held equal beside it.",
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
        published='the Jacobian norm "correlates well with generalization" over thousands of networks (abstract; the paper '
        "shows scatter plots, no table).",
    ),
    goes_with("sensitivity-and-test-loss", "ours", "test loss", "test_loss"),
)
