"""What lies between two solutions?

One network is trained with a small and a large batch, and with a low and a high learning rate. Weights on the straight line
through two solutions are evaluated, never trained. The two solutions have the same initial weights (a common start) or not
(starts of their own). Pairs of runs of one recipe are the control: does the loss rise between them just as much?
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
ALL = MNIST().sizes[0]  # training images

# What the standard preset costs, in seconds of one worker alone. All pairs of the original's CNN would cost 100 times as much.
#   trainings       8 seeds x 1,500 updates x (2 x 3.3 ms, batch 1,024, + 4 x 0.5 ms, 64)  8 x 13 s  = 104 s
#   lines           8 seeds x 11 lines x 31 points x 15,000 images                         88 x 0.65 s =  57 s
#   original's CNN  4 runs x 32,000 images at 3,400/s, 2 lines x 31 points x 2,000 images at 6,000/s =  59 s


@dataclass(frozen=True)
class Settings:
    lines: Lines = Lines(original.DNN, MNIST(10_000), num_alphas=31, num_train=5000, num_test=10_000)
    """The network, the images it is trained on, how many points a line has from α = −1 to 2, and the images on which these
    are evaluated. One half of the test images chooses the best point, the other half judges it."""
    recipe: Recipe = Recipe(learning_rate=0.001, num_updates=1500, batch_size=64)
    """The recipe with small batch and low learning rate: Adam at a constant rate. Each other recipe changes one thing."""
    large_batch: int = 1024
    """Images in a mini-batch of the recipe with the large batch."""
    high_rate: float = 0.01
    """Learning rate of the recipe with the high rate."""
    seeds: Seeds = Seeds(8)
    """Pairs of solutions of each kind, one per seed."""
    cnn: Lines = Lines(original.CNN_16_36, MNIST(4096, num_held_out=2000), num_alphas=31, num_train=1000, num_test=1000)
    """The same for the original's network: one pair of two learning rates with a common start, and one without."""
    cnn_updates: int = 500
    """Updates for which the original's network is trained."""


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
"""Pairs of runs of one recipe. They differ in the order of the examples and, with own starts, in the initial weights."""
PAIRS = COMPARED | CONTROLS
STARTS = {"one_start": "common start", "two_starts": "own starts"}
SPLITS = {"train": "training images", "test": "test images"}

BARRIER = Quantity("barrier", "barrier, training loss", read=lambda line: barrier_height(line.alphas, line.train_loss))
TEST_BARRIER = Quantity("test_barrier", "barrier, test loss", read=lambda line: barrier_height(line.alphas, line.test_loss))
ALPHA = Quantity("alpha", "α of the best point", average="median", digits=2)
CHOSEN = (ALPHA, Quantity("score", "accuracy there", "%", digits=4), Quantity("end_score", "accuracy of end", "%", digits=4))
ACCURACY_GAIN = Quantity("gain", "gain in accuracy", "images")
LOSS_CHANGE = Quantity("gain", "change in loss")
LOSS_AXIS = charts.Axis("cross-entropy (nats)", log=True)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    small = settings.recipe
    large, high = replace(small, batch_size=settings.large_batch), replace(small, learning_rate=settings.high_rate)
    single = {"small": small, "large": large, "high": high}
    recipes = {"batch": (small, large), "rate": (small, high)} | {name: (recipe, recipe) for name, recipe in single.items()}
    jobs = {pair: settings.lines.by_start(*ends, settings.seeds) for pair, ends in recipes.items()}
    start_jobs = [from_start(job) for job in jobs["small"]["one_start"]]
    short = [replace(recipe, num_updates=settings.cnn_updates) for recipe in recipes["rate"]]
    found, from_starts, of_cnn = gather((jobs, start_jobs, settings.cnn.by_start(*short, seeds=[0])))
    metrics = {
        pair: {start: summary(lines, settings.lines.num_judging) for start, lines in by_start.items()}
        for pair, by_start in found.items()
    }
    for pair, other in (("batch", "large"), ("rate", "high")):  # control: between two seeds of one recipe, mean over the two
        for start in STARTS:
            heights = zip(*(metrics[control][start]["barrier"].values for control in ("small", other)), strict=True)
            metrics[pair][start]["control"] = BARRIER.estimate(sum(of_seed) / 2 for of_seed in heights)
    batches = f"batch {small.batch_size:,}", f"batch {large.batch_size:,}"
    rates = f"rate {small.learning_rate:g}", f"rate {high.learning_rate:g}"
    names = {name: f"batch {recipe.batch_size:,}, rate {recipe.learning_rate:g}" for name, recipe in single.items()}
    return Result(
        metrics | {"from_start": {"barrier": BARRIER.over(from_starts)}},
        charts.drawn(line, found["batch"], *batches, of="lines", variant="batch")
        | charts.drawn(line, found["rate"], *rates, of="lines", variant="rate")
        | charts.drawn(line, of_cnn, *rates, of="cnn", variant="cnn")
        | charts.drawn(controls, found, from_starts, names)
        | charts.drawn(barriers, metrics)
        | charts.drawn(best, metrics),
    )


def summary(lines: Sequence[Line], num_judging: int) -> dict[str, Any]:
    """Numbers of the lines of one kind of pair, one line per seed."""
    best, worst = ([choose_between(line.alphas, line.half_accuracy, by) for line in lines] for by in (np.argmax, np.argmin))
    lowest = [choose_between(line.alphas, line.half_loss, np.argmin) for line in lines]
    return {
        "barrier": BARRIER.over(lines),
        "test_barrier": TEST_BARRIER.over(lines),
        # Counted in whole images, so that gains that cancel have a mean of exactly zero, not one of rounding errors.
        "best": {quantity.name: quantity.over(best) for quantity in CHOSEN}
        | {"gain": ACCURACY_GAIN.estimate(round(point.gain * num_judging) for point in best)},
        "worst": {quantity.name: quantity.over(worst) for quantity in CHOSEN},
        "lowest": {"alpha": ALPHA.over(lowest), "gain": LOSS_CHANGE.over(lowest)},
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def line(found: Mapping[str, Sequence[Line]], first: str, second: str, of: str) -> charts.Figure:
    """From {first} (α = 0) to {second} (α = 1): weights (1 − α) θ₁ + α θ₂ of the network {setting.{of}.network}, evaluated on
    {setting.{of}.num_train} training and {setting.{of}.num_test} test images in float32 and evaluation mode, never trained."""
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
        alt=f"Loss and accuracy against α, from {first} at 0 to {second} at 1: left a common start, right starts of their own.",
    )


def controls(found: Mapping[str, Any], from_starts: Sequence[Line], names: Mapping[str, str]) -> charts.Figure:
    """Controls: training loss, on {setting.lines.num_train} images, between two seeds of one recipe, with a common start and
    with starts of their own; and from the initial weights (α = 0) to a solution (α = 1)."""

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
        alt="Loss against α between two runs of one recipe, for three recipes, and from initial weights to a solution.",
    )


def barriers(metrics: Mapping[str, Any]) -> charts.Figure:
    """Height of the barrier in nats: the most by which the loss rises above the straight line between the losses of the two
    ends. It is never negative, so compare it with the barrier between two seeds of one recipe."""
    columns = ("between", "starts", BARRIER.title, TEST_BARRIER.title)
    return charts.table(columns, rows(metrics, lambda found: (found["barrier"], found["test_barrier"])))


def best(metrics: Mapping[str, Any]) -> charts.Figure:
    """The best point strictly between two solutions compared with the better of the two. Both are chosen on one half of the
    test images. Gain and change are measured on the other half; the gain is in correctly classified images, of
    {setting.lines.num_judging}. A positive gain, or a negative change, favours the point in between. Best α are medians."""
    columns = ("between", "starts", "best α by accuracy", ACCURACY_GAIN.title, "best α by loss", LOSS_CHANGE.title)

    def cells(found: Mapping[str, Any]) -> tuple[charts.Cell, ...]:
        by_accuracy, by_loss = found["best"], found["lowest"]
        return by_accuracy["alpha"].value, by_accuracy["gain"], by_loss["alpha"].value, by_loss["gain"]

    return charts.table(columns, rows(metrics, cells))


def rows(metrics: Mapping[str, Any], cells: Callable[[Any], tuple[charts.Cell, ...]]) -> list[tuple[charts.Cell, ...]]:
    """A row of a table for each kind of pair and each start."""
    return [(title, STARTS[start], *cells(metrics[pair][start])) for pair, title in PAIRS.items() for start in STARTS]


# ---------------------------------------------------------------------------------------------------------------------
# Claims

ANY_GAIN = Margin(0.0, "any gain counts, however small: one half of the test images chooses, the other judges")
TENTH_OF_GUESSING = Margin(math.log(10) / 10, "a tenth of ln 10, the loss of guessing among ten classes")
HUNDREDTH_OF_GUESSING = Margin(math.log(10) / 100, "a hundredth of ln 10, the loss of guessing among ten classes")


def both(test: Callable[..., Test], left: str, than: str, by: Margin) -> Test:
    """One test for two batch sizes and for two learning rates: both have to hold. The two sides are paired by seed."""
    return every(*(test(f"{pair}.{left}", than=f"{pair}.{than}", by=by, paired=True) for pair in COMPARED))


def better_between(id: str, start: str, started: str) -> Claim:
    """The claim that the best mixture of two solutions, started in one of the two ways, beats the better of the two."""
    return Claim(
        id,
        source="original 3.3, part 1",
        headline=f"Between two solutions {started} there is a better one",
        quote=original.QUOTES["S14a"],
        says=f"Between two solutions {started} there is a mixture better than both. With two batch sizes the best mixture has "
        f"an accuracy of {{batch.{start}.best.score}} and the better solution {{batch.{start}.best.end_score}}; with two "
        f"learning rates they have {{rate.{start}.best.score}} and {{rate.{start}.best.end_score}}.",
        comments=Comments(
            supported=f"So a mixture of two solutions {started} can be better than both, in both comparisons.",
            refuted=f"In at least one comparison of solutions {started} the best mixture is no better than the better "
            "solution. The original trained its mixtures again, which measures something else.",
            inconclusive=f"Whether a mixture of solutions {started} is better than both is open in at least one comparison. Of "
            f"{{setting.lines.num_judging}} test images it gains {{batch.{start}.best.gain}} with two batch sizes and "
            f"{{rate.{start}.best.gain}} with two learning rates; a negative gain is a loss.",
        ),
        holds=both(larger, f"{start}.best.score", than=f"{start}.best.end_score", by=ANY_GAIN),
    )


CLAIMS = (
    better_between("S14a", "two_starts", "with starts of their own"),
    better_between("S14b", "one_start", "with a common start"),
    Claim(
        "S14c",
        source="original 3.3, part 1",
        headline="Some mixtures of two solutions are worse than both",
        quote=original.QUOTES["S14c"],
        says="Between two solutions with starts of their own there is a mixture worse than both by {margin}. Accuracies of the "
        "worst mixture and of the worse solution: {batch.two_starts.worst.score} and {batch.two_starts.worst.end_score} with "
        "two batch sizes, {rate.two_starts.worst.score} and {rate.two_starts.worst.end_score} with two learning rates.",
        comments=Comments(
            supported="This half of the original's sentence holds; the table of barriers shows how much the loss rises.",
            refuted="In at least one comparison no mixture is worse than both solutions by that much.",
            inconclusive="Whether some mixture is worse than both solutions by that much is open in at least one comparison.",
        ),
        holds=both(smaller, "two_starts.worst.score", than="two_starts.worst.end_score", by=TENTH_OF_A_POINT),
    ),
    Claim(
        "start-decides",
        source="ours",
        headline="Whether there is a barrier depends on the start",
        says="The barrier between solutions with starts of their own is higher than between those with a common start, by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.one_start.barrier} with two batch sizes, "
        "{rate.two_starts.barrier} against {rate.one_start.barrier} with two learning rates.",
        comments=Comments(
            supported="What the line shows depends on something that the original does not mention: whether the two networks "
            "had a common start. A likely reason: hidden units have no order, and two networks with starts of their own may do "
            "similar things with different units.",
            refuted="In at least one comparison a common start does not make that much of a difference.",
            inconclusive="Whether a common start makes that much of a difference is open in at least one comparison.",
        ),
        holds=both(larger, "two_starts.barrier", than="one_start.barrier", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "recipe-adds-barrier",
        source="ours",
        headline="Two recipes make a higher barrier than two seeds of one recipe",
        says="With starts of their own, the barrier between two recipes is higher than between two seeds of one recipe, by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.two_starts.control} for two batch sizes, "
        "{rate.two_starts.barrier} against {rate.two_starts.control} for two learning rates.",
        comments=Comments(
            supported="So a difference in recipe adds to the barrier that two seeds of one recipe already have.",
            refuted="In at least one comparison the recipe does not add that much to the barrier between two seeds.",
            inconclusive="Whether the recipe adds that much to the barrier is open in at least one comparison.",
        ),
        holds=both(larger, "two_starts.barrier", than="two_starts.control", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "same-basin",
        source="Sagun et al. 2017",
        headline="Solutions of small and large batches with a common start lie in one basin",
        says="With a common start, the barrier between batch {setting.recipe.batch_size} and batch {setting.large_batch} is "
        "{margin} nats, a hundredth of the loss of guessing: {batch.one_start.barrier}.",
        published='small- and large-batch solutions "are in fact connected through their flat region and so belong to the '
        'same basin" (one version of the abstract).',
        comments=Comments(
            supported="With a common start, in this network, even the straight line connects them; no curved one is needed.",
            refuted="Here the straight line crosses a hill, even with a common start; a curved way around it may exist.",
            inconclusive="Whether the hill on the straight line is that low is open; a curved way around it may exist.",
        ),
        holds=at_most("batch.one_start.barrier", HUNDREDTH_OF_GUESSING),
    ),
)
