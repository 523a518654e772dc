"""What lies between two solutions?

One network is trained with a small and a large batch, and with a low and a high learning rate. Weights on the straight line
through two solutions are evaluated, never trained: between solutions with a common start, between solutions with starts of
their own, and between two runs of one recipe, without which a barrier says nothing about the recipes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments import original
from experiments.margins import TENTH_OF_A_POINT
from lab.data import MNIST
from lab.landscape import Line
from lab.lines import Lines, barrier_height, choose_between, from_start
from lab.training import Recipe
from measured import charts
from measured.evidence import Claim, Comments, Margin, Quantity, Result, Seeds, Test, at_most, every, larger, smaller
from measured.jobs import gather

TITLE = "Between two solutions"
ALL = MNIST().sizes[0]

# Seconds of one worker, measured alone: an update of 64 images takes 0.5 ms, one of 1,024 takes 3.3 ms.
#   trainings       8 seeds x (2 of batch 1,024, and 4 of batch 64), 1,500 updates each  8 x 13 s   = 104 s
#   lines           8 seeds x 11 x 31 points x 15,000 images                             88 x 0.65 s =  57 s
#   original's CNN  4 x 32,000 images at 3,400/s, 2 x 31 x 2,000 at 6,000/s; with seeds it would cost 100 times as much = 59 s


@dataclass(frozen=True)
class Settings:
    lines: Lines = Lines(original.DNN, MNIST(10_000), num_alphas=31, num_train=5000, num_test=10_000)
    """The network, the images it is trained on, how many points a line has from α = −1 to 2, and the images they are evaluated
    on: half of the test images choose a best point, the other half judges it."""
    recipe: Recipe = Recipe(learning_rate=0.001, num_updates=1500, batch_size=64)
    """How the first solution of a pair is trained, by Adam at a constant rate; the second differs in one thing or in none."""
    large_batch: int = 1024
    """Mini-batch of the second solution where two batch sizes are compared."""
    high_rate: float = 0.01
    """Learning rate of the second solution where two learning rates are compared."""
    seeds: Seeds = Seeds(8)
    """Pairs of solutions of each kind."""
    cnn: Lines = Lines(original.CNN_16_36, MNIST(4096, num_held_out=2000), num_alphas=31, num_train=1000, num_test=1000)
    """The same of the original's network, whose lines are drawn for a single pair."""
    cnn_updates: int = 500
    """Updates of the original's network."""


PRESETS = {
    "quick": Settings(
        Lines(original.DNN, MNIST(200), num_alphas=7, num_train=50, num_test=100),
        Recipe(0.001, num_updates=5, batch_size=16),
        large_batch=64,
        seeds=Seeds(2),
        cnn=Lines(original.CNN_16_36, MNIST(64, num_held_out=40), num_alphas=7, num_train=20, num_test=20),
        cnn_updates=3,
    ),
    "standard": Settings(),
    "full": Settings(
        Lines(original.CNN_16_36, MNIST(ALL), num_alphas=61, num_train=10_000, num_test=10_000),
        Recipe(0.001, num_updates=9380, batch_size=64),
        seeds=Seeds(10),
        cnn=Lines(original.CNN_16_36, MNIST(ALL), num_alphas=61, num_train=10_000, num_test=10_000),
        cnn_updates=9380,
    ),
}

COMPARED = {"batch": "two batch sizes", "rate": "two learning rates"}
CONTROLS = {"small": "two seeds, small batch", "large": "two seeds, large batch", "high": "two seeds, high rate"}
"""Pairs of one recipe, which differ in what any two runs differ in."""
PAIRS = COMPARED | CONTROLS
STARTS = {"one_start": "one start", "two_starts": "two starts"}
SPLITS = {"train": "training images", "test": "test images"}

BARRIER = Quantity("barrier", "barrier, training loss", read=lambda line: barrier_height(line.alphas, line.train_loss))
TEST_BARRIER = Quantity("test_barrier", "barrier, test loss", read=lambda line: barrier_height(line.alphas, line.test_loss))
ALPHA = Quantity("alpha", "α of the best point", average="median", digits=2)
CHOSEN = (ALPHA, Quantity("score", "its accuracy", "%", digits=4), Quantity("end_score", "accuracy of the end", "%", digits=4))
GAIN_IMAGES = Quantity("gain", "gain in accuracy", "images")
GAIN_LOSS = Quantity("gain", "change of the loss")
LOSS_AXIS = charts.Axis("cross-entropy (nats)", log=True)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    small = settings.recipe
    large, high = replace(small, batch_size=settings.large_batch), replace(small, learning_rate=settings.high_rate)
    controlled = {"small": small, "large": large, "high": high}
    recipes = {"batch": (small, large), "rate": (small, high)} | {name: (one, one) for name, one in controlled.items()}
    jobs = {pair: settings.lines.by_start(*ends, settings.seeds) for pair, ends in recipes.items()}
    briefly = [replace(recipe, num_updates=settings.cnn_updates) for recipe in recipes["rate"]]
    of_original = settings.cnn.by_start(*briefly, seeds=[0])
    found, from_starts, of_original = gather((jobs, [from_start(job) for job in jobs["small"]["one_start"]], of_original))
    metrics = {
        pair: {start: measured_on(lines, settings.lines.num_judging) for start, lines in by_start.items()}
        for pair, by_start in found.items()
    }
    for pair, other in (("batch", "large"), ("rate", "high")):
        for start in STARTS:
            both = zip(*(metrics[control][start]["barrier"].values for control in ("small", other)), strict=True)
            metrics[pair][start]["control"] = BARRIER.estimate(sum(heights) / 2 for heights in both)
    batches = f"batch {small.batch_size:,}", f"batch {large.batch_size:,}"
    rates = f"rate {small.learning_rate:g}", f"rate {high.learning_rate:g}"
    names = {name: f"batch {one.batch_size:,}, rate {one.learning_rate:g}" for name, one in controlled.items()}
    return Result(
        metrics | {"from_start": {"barrier": BARRIER.over(from_starts)}},
        charts.drawn(line, found["batch"], *batches, of="lines", variant="batch")
        | charts.drawn(line, found["rate"], *rates, of="lines", variant="rate")
        | charts.drawn(line, of_original, *rates, of="cnn", variant="cnn")
        | charts.drawn(controls, found, from_starts, names)
        | charts.drawn(barriers, metrics)
        | charts.drawn(best, metrics),
    )


def measured_on(lines: Sequence[Line], num_judging: int) -> dict[str, Any]:
    """What is said of the lines of one kind of pair, one line per seed."""
    best, worst = ([choose_between(line.alphas, line.half_accuracy, by) for line in lines] for by in (np.argmax, np.argmin))
    lowest = [choose_between(line.alphas, line.half_loss, np.argmin) for line in lines]
    return {
        "barrier": BARRIER.over(lines),
        "test_barrier": TEST_BARRIER.over(lines),
        # Whole images: differences of shares that cancel would leave a mean of rounding errors.
        "best": {item.name: item.over(best) for item in CHOSEN}
        | {"gain": GAIN_IMAGES.estimate(round(item.gain * num_judging) for item in best)},
        "worst": {item.name: item.over(worst) for item in CHOSEN},
        "lowest": {"alpha": ALPHA.over(lowest), "gain": GAIN_LOSS.over(lowest)},
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def line(found: Mapping[str, Sequence[Line]], first: str, second: str, of: str) -> charts.Figure:
    """From {first} (α = 0) to {second} (α = 1): weights (1 − α) θ₁ + α θ₂ of the network {setting.{of}.network}, evaluated in
    float32 and evaluation mode on {setting.{of}.num_train} training and {setting.{of}.num_test} test images, never trained."""
    panels = {
        f"{what}, {STARTS[start]}": {
            title: charts.Series(lines[0].alphas, [scale * getattr(line, f"{split}_{what}") for line in lines])
            for split, title in SPLITS.items()
        }
        for what, scale in (("loss", 1), ("accuracy", 100))
        for start, lines in found.items()
    }
    return charts.curves(
        panels,
        x="α",
        y={panel: LOSS_AXIS if panel.startswith("loss") else "accuracy (%)" for panel in panels},
        marks={first: 0, second: 1},
        alt=f"Loss and accuracy against alpha, from {first} at zero to {second} at one: with one start left, with two right.",
    )


def controls(found: Mapping[str, Any], from_starts: Sequence[Line], names: Mapping[str, str]) -> charts.Figure:
    """Controls on {setting.lines.num_train} of the images trained on: two seeds of one recipe, with a common start and with
    two, and from the initial weights (α = 0) to a solution (α = 1)."""

    def losses(lines: Sequence[Line]) -> charts.Series:
        return charts.Series.of(lines, "train_loss", x="alphas")

    panels = {
        f"loss, {title}": {name: losses(found[pair][start]) for pair, name in names.items()} for start, title in STARTS.items()
    }
    return charts.curves(
        panels | {"loss, start to solution": {names["small"]: losses(from_starts)}},
        x="α",
        y=LOSS_AXIS,
        marks={"θ₁": 0, "θ₂": 1},
        alt="Loss against alpha between two runs of one recipe, for three recipes, and from initial weights to a solution.",
    )


def barriers(metrics: Mapping[str, Any]) -> charts.Figure:
    """Height of the barrier in nats: the most by which the loss rises above the straight line between the losses of the two
    ends. It is never negative, so it is held against that of two seeds of one recipe."""
    columns = ("between", "starts", BARRIER.title, TEST_BARRIER.title)
    return charts.table(columns, rows(metrics, lambda found: (found["barrier"], found["test_barrier"])))


def best(metrics: Mapping[str, Any]) -> charts.Figure:
    """The best point strictly between two solutions against the better of the two. Point and solution are chosen on one half of
    the test images; gain and change are measured on the other, the gain in images read correctly of
    {setting.lines.num_judging}. A positive gain and a negative change speak for the point between. Best α are medians."""
    columns = ("between", "starts", "best α by accuracy", GAIN_IMAGES.title, "best α by loss", GAIN_LOSS.title)

    def cells(found: Mapping[str, Any]) -> tuple[charts.Cell, ...]:
        by_accuracy, by_loss = found["best"], found["lowest"]
        return by_accuracy["alpha"].value, by_accuracy["gain"], by_loss["alpha"].value, by_loss["gain"]

    return charts.table(columns, rows(metrics, cells))


def rows(metrics: Mapping[str, Any], cells: Callable[[Any], tuple[charts.Cell, ...]]) -> list[tuple[charts.Cell, ...]]:
    """A row of a table for each kind of pair and each start."""
    return [(title, STARTS[start], *cells(metrics[pair][start])) for pair, title in PAIRS.items() for start in STARTS]


# ---------------------------------------------------------------------------------------------------------------------
# Claims

BY_LITTLE = Margin(0.0, "the best is the best, by however little; one half of the test images chooses, the other judges")
TENTH_OF_GUESSING = Margin(math.log(10) / 10, "a tenth of the loss of guessing among ten classes, which is ln 10")
HUNDREDTH_OF_GUESSING = Margin(math.log(10) / 100, "a hundredth of the loss of guessing among ten classes, which is ln 10")


def both(test: Callable[..., Test], left: str, than: str, by: Margin) -> Test:
    """The test of two batch sizes and the same of two learning rates; the two sides have seeds in common."""
    return every(*(test(f"{pair}.{left}", than=f"{pair}.{than}", by=by, paired=True) for pair in COMPARED))


def better_between(id: str, start: str, which: str) -> Claim:
    """The best mixture of two solutions against the better of the two."""
    return Claim(
        id,
        source="original 3.3, part 1",
        headline=f"Between two solutions {which} there is a better one",
        quote=original.QUOTES["S14a"],
        says=f"Between two solutions {which} there is a mixture better than both: with two batch sizes the best one reads "
        f"{{batch.{start}.best.score}} of unseen digits and the better solution {{batch.{start}.best.end_score}}, with two "
        f"learning rates {{rate.{start}.best.score}} and {{rate.{start}.best.end_score}}.",
        comments=Comments(
            supported=f"So a mixture of two solutions {which} can beat both, in the two comparisons alike.",
            refuted=f"In at least one comparison of solutions {which} the best mixture is no better than the better end. The "
            "original trained its mixtures again, which measures something else.",
            inconclusive=f"Whether a mixture of solutions {which} beats both is not decided in both comparisons: of "
            f"{{setting.lines.num_judging}} images that judge, it gains {{batch.{start}.best.gain}} with two batch sizes and "
            f"{{rate.{start}.best.gain}} with two learning rates, where less than none is a loss.",
        ),
        holds=both(larger, f"{start}.best.score", than=f"{start}.best.end_score", by=BY_LITTLE),
    )


CLAIMS = (
    better_between("S14a", "two_starts", "with starts of their own"),
    better_between("S14b", "one_start", "with a common start"),
    Claim(
        "S14c",
        source="original 3.3, part 1",
        headline="At some mixtures of two solutions performance is worse",
        quote=original.QUOTES["S14c"],
        says="Between two solutions with starts of their own there is a mixture worse than both by {margin}: the worst one "
        "reads {batch.two_starts.worst.score} of unseen digits and the worse solution {batch.two_starts.worst.end_score} with "
        "two batch sizes, {rate.two_starts.worst.score} and {rate.two_starts.worst.end_score} with two learning rates.",
        comments=Comments(
            supported="This half of the original's sentence holds; the table of barriers says how much the loss rises.",
            refuted="In at least one comparison no mixture is worse than both ends by that much.",
            inconclusive="Whether some mixture is worse than both ends is not decided in both comparisons.",
        ),
        holds=both(smaller, "two_starts.worst.score", than="two_starts.worst.end_score", by=TENTH_OF_A_POINT),
    ),
    Claim(
        "start-decides",
        source="ours",
        headline="Whether there is a barrier depends on the start",
        says="The barrier between solutions with starts of their own is higher than between those with a common start by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.one_start.barrier} with two batch sizes, "
        "{rate.two_starts.barrier} against {rate.one_start.barrier} with two learning rates.",
        comments=Comments(
            supported="What the picture shows depends first of all on something that the original does not mention: whether "
            "the two networks had a common start. Hidden units have no order. Two networks with starts of their own do "
            "similar things with different units, and the mean of two such networks does neither.",
            refuted="For at least one of the two comparisons a common start makes no such difference.",
            inconclusive="Whether a common start makes that much of a difference is not decided in both comparisons.",
        ),
        holds=both(larger, "two_starts.barrier", than="one_start.barrier", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "recipe-adds-barrier",
        source="ours",
        headline="Two recipes make a higher barrier than two seeds of one recipe",
        says="With starts of their own, the barrier between two recipes is higher than between two seeds of one recipe by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.two_starts.control} for two batch sizes, "
        "{rate.two_starts.barrier} against {rate.two_starts.control} for two learning rates.",
        comments=Comments(
            supported="So the recipe adds to the barrier, beyond what two seeds of one recipe show.",
            refuted="In at least one comparison the recipe does not add that much to what two seeds of one recipe show.",
            inconclusive="Whether the recipe adds that much to what two seeds show is not decided in both comparisons.",
        ),
        holds=both(larger, "two_starts.barrier", than="two_starts.control", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "same-basin",
        source="Sagun et al. 2017",
        headline="Small and large batch with one start lie in one basin",
        says="From a common start, the barrier between batch {setting.recipe.batch_size} and {setting.large_batch} is "
        "{margin} nats, a hundredth of the loss of guessing: {batch.one_start.barrier}.",
        published='small- and large-batch solutions "are in fact connected through their flat region and so belong to the '
        'same basin" (one version of the abstract).',
        comments=Comments(
            supported="With a common start, on this network, a straight line already shows as much.",
            refuted="Here a straight line finds a hill between them, even with a common start; a curved way around may exist.",
            inconclusive="Whether the hill on the straight line is that low is not decided; a curved way around may exist.",
        ),
        holds=at_most("batch.one_start.barrier", HUNDREDTH_OF_GUESSING),
    ),
)
