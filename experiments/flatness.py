"""What lies between two solutions?

One network is trained with a small and a large batch, each at a learning rate of its own, and with a high rate. Weights on the
straight line through two solutions are evaluated, never trained. The two solutions have the same initial weights (a common
start) or not (starts of their own). Pairs of runs of one recipe are the control: does the loss rise between them just as much?
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments import original
from experiments.margins import TENTH_OF_A_POINT
from experiments.mixtures import mixtures
from experiments.own_rates import OwnRates
from experiments.panels import SCORE_AXES, SPLITS
from lab.data import MNIST
from lab.landscape import Line
from lab.lines import LineAnswers, Lines, barrier_height, choose, choose_between, error_barrier, from_start
from lab.network import Network
from lab.training import HISTORY_EXAMPLES, Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Margin, Quantity, Result, Runs, Seeds, Test, at_most, every, larger, smaller
from measured.jobs import gather

TITLE = "Between two solutions"
RUNS = Runs(
    varies="initial weights, the orders of images, and which {setting.own.data.num_train} training images are drawn for a pair",
    shared="the network, and the test images",
)
ALL = MNIST().sizes[0]  # training images

# Seconds of one worker with another beside it: an update of 64 images takes 0.22 ms, one of 1,024 1.8 ms, a million images
# of a line one second. The rate of batch 1,024 is chosen by the trials of the chapter on sensitivity.
#   trials           4 rates x 2 seeds x (2,355 updates of 64, 22 records of 20,000 images)                8 x 1.0 s =   8 s
#   trainings        12 seeds x (6 x 2,355 updates of 64, 3 x 300 of 1,024)                              12 x 5.0 s =  60 s
#   lines            12 seeds x (4 x 41 points x 12,500 images, 6 x 31 x 3,500, 31 x 3,500)              12 x 2.8 s =  34 s
#   original's CNN   3 x 19,200 images at 3,400/s, 2 lines x 31 points x 1,000 images at 6,000/s                     =  27 s


@dataclass(frozen=True)
class OneLine:
    """The original's network, too costly for more than one pair of each kind."""

    network: Network = original.CNN_16_36
    """What is trained."""
    data: MNIST = MNIST(4096, num_held_out=2000)
    """Images that it is trained on and tested on."""
    lines: Lines = Lines(num_alphas=31, num_train=500, num_test=500)
    """Points of its lines, and the images on which they are evaluated."""
    rates: tuple[float, float] = (0.001, 0.01)
    """Adam's constant learning rates at the two ends."""
    num_updates: int = 300
    """Updates of each training, on mini-batches of the size that a recipe has by default."""


@dataclass(frozen=True)
class Settings:
    own: OwnRates = OwnRates()
    """The network, its training images, and how the rate of a batch size is chosen."""
    batch_sizes: tuple[int, int] = (64, 1024)
    """Images in a mini-batch of the two solutions that differ in it."""
    high_rate: float = 0.01
    """Learning rate, in place of its own, of the second of two solutions that differ in the rate, both with the small batch."""
    lines: Lines = Lines(num_alphas=31, num_train=2500, num_test=10_000, fine=(0.01, 0.02, 0.03, 0.04, 0.05))
    """How many evenly spaced points a line has, from as far before the first solution as the two are apart to as far beyond the
    second; at what distances from either solution there are more; and the images on which they are evaluated. One half of the
    test images chooses the best point, the other half judges it."""
    num_control_test: int = 1000
    """Test images on which lines between two seeds of one recipe are evaluated."""
    seeds: Seeds = Seeds(12)
    """Pairs of solutions of each kind, one per seed."""
    num_shown: int = 8
    """Test images whose probabilities are kept along the first seed's lines: half of them the first ones, half the next ones on
    which the two solutions disagree, as far as there are such."""
    cnn: OneLine = OneLine()
    """The same for the original's network: one pair of two learning rates with a common start, and one without."""


TOY = OwnRates(
    data=MNIST(200, num_held_out=300), num_epochs=1, least_updates=5, multiples=(1, 2), trial_seeds=(100_000,), num_records=3
)
PRESETS = {
    "quick": Settings(
        TOY,
        batch_sizes=(16, 64),
        lines=Lines(num_alphas=7, num_train=50, num_test=100, fine=(0.05,)),
        num_control_test=50,
        seeds=Seeds(2),
        cnn=OneLine(data=MNIST(64, num_held_out=40), lines=Lines(num_alphas=4, num_train=20, num_test=20), num_updates=3),
    ),
    "standard": Settings(),
    "full": Settings(
        OwnRates(original.CNN_16_36, MNIST(ALL), trial_seeds=(100_000,)),
        lines=Lines(num_alphas=61, num_train=10_000, num_test=10_000, fine=(0.01, 0.02, 0.03, 0.04)),
        num_control_test=10_000,
        seeds=Seeds(24),
        cnn=OneLine(data=MNIST(ALL), lines=Lines(num_alphas=61, num_train=10_000, num_test=10_000), num_updates=9380),
    ),
}

COMPARED = {"batch": "two batch sizes", "rate": "two learning rates"}
CONTROLS = {
    "small": "two seeds, small batch",
    "large": "two seeds, large batch",
    "high": "two seeds, high rate",
}
"""Pairs of runs of one recipe. They differ in the order of the examples and, with own starts, in the initial weights."""
PAIRS = COMPARED | CONTROLS
ENDS = {"batch": ("small", "large"), "rate": ("small", "high")}
"""The recipes that a line compares."""
STARTS = {"one_start": "common start", "two_starts": "own starts"}

BARRIER = Quantity("barrier", "barrier, training loss", read=lambda line: barrier_height(line.alphas, line.train_loss))
TEST_BARRIER = Quantity("test_barrier", "barrier, test loss", read=lambda line: barrier_height(line.alphas, line.test_loss))
ERROR_BARRIER = Quantity(
    "error_barrier", "barrier, training error", "points", read=lambda line: error_barrier(line.alphas, line.train_accuracy)
)
ALPHA = Quantity("alpha", "α of the best point", average="median", digits=2)
RISES = (BARRIER, ERROR_BARRIER, TEST_BARRIER)
CHOSEN = (ALPHA, Quantity("score", "accuracy there", "%", digits=4), Quantity("end_score", "accuracy of end", "%", digits=4))
ACCURACY_GAIN = Quantity("gain", "gain in accuracy", "images")
LOSS_CHANGE = Quantity("gain", "change in loss")


def recipes(settings: Settings) -> dict[str, Train]:
    """How each kind of solution is found, by its name in ``CONTROLS``; seeds come with the lines."""
    runs = (settings.own.train(size, seed=0) for size in settings.batch_sizes)
    small, large = (replace(run, record_at=(), history_examples=HISTORY_EXAMPLES) for run in runs)
    high = replace(small, recipe=replace(small.recipe, learning_rate=settings.high_rate), tuned_by=None)
    return {"small": small, "large": large, "high": high}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    how, cnn = recipes(settings), settings.cnn
    by_control = replace(settings.lines, fine=(), num_test=settings.num_control_test)
    jobs = {pair: settings.lines.by_start(how[first], how[second], settings.seeds) for pair, (first, second) in ENDS.items()}
    jobs |= {name: by_control.by_start(how[name], how[name], settings.seeds) for name in CONTROLS}
    start_jobs = [from_start(job) for job in jobs["small"]["one_start"]]
    answers = {pair: {start: LineAnswers.on(jobs[pair][start][0], settings.num_shown) for start in STARTS} for pair in COMPARED}
    short = [Train(cnn.network, cnn.data, Recipe(rate, cnn.num_updates), seed=0) for rate in cnn.rates]
    found, from_starts, of_cnn, says = gather((jobs, start_jobs, cnn.lines.by_start(*short, seeds=[0]), answers))
    metrics = {pair: {start: between(lines) for start, lines in by_start.items()} for pair, by_start in found.items()}
    for pair, ends in ENDS.items():
        for start in STARTS:
            metrics[pair][start] |= summary(found[pair][start], settings.lines.num_judging)
            # Control: between two seeds of one recipe, mean over the two recipes.
            heights = zip(*(metrics[end][start]["barrier"].values for end in ends), strict=True)
            metrics[pair][start]["control"] = BARRIER.estimate(sum(of_seed) / 2 for of_seed in heights)
    batches = [f"batch {size:,}" for size in settings.batch_sizes]
    rates = "own rate", f"rate {settings.high_rate:g}"
    names = dict(zip(CONTROLS, (*batches, rates[1]), strict=True))
    return Result(
        metrics | {"from_start": {"barrier": BARRIER.over(from_starts)}},
        charts.drawn(line, found["batch"], *batches, variant="batch")
        | charts.drawn(line, found["rate"], *rates, variant="rate")
        | charts.drawn(
            mixtures, {STARTS[start]: (found["batch"][start][0], says["batch"][start]) for start in STARTS}, *batches
        )
        | charts.drawn(line_of_the_originals, of_cnn, *(f"rate {rate:g}" for rate in cnn.rates))
        | charts.drawn(controls, found, from_starts, names)
        | charts.drawn(barriers, metrics)
        | charts.drawn(best, metrics),
    )


def between(lines: Sequence[Line]) -> dict[str, Any]:
    """What rises on the lines of one kind of pair, one line per seed."""
    return {quantity.name: quantity.over(lines) for quantity in RISES}


def summary(lines: Sequence[Line], num_judging: int) -> dict[str, Any]:
    """Which points of the lines are best and worst, and how they compare with the solutions."""
    best, worst = ([choose_between(line.alphas, line.half_accuracy, by) for line in lines] for by in (np.argmax, np.argmin))
    anywhere = [choose(line.alphas, line.half_accuracy, np.argmax) for line in lines]
    lowest = [choose_between(line.alphas, line.half_loss, np.argmin) for line in lines]

    def gain(points: Sequence[Any]) -> Any:
        # Counted in whole images, so that gains that cancel have a mean of exactly zero, not one of rounding errors.
        return ACCURACY_GAIN.estimate(round(point.gain * num_judging) for point in points)

    return {
        "best": {quantity.name: quantity.over(best) for quantity in CHOSEN} | {"gain": gain(best)},
        "worst": {quantity.name: quantity.over(worst) for quantity in CHOSEN},
        "anywhere": {"alpha": ALPHA.over(anywhere), "gain": gain(anywhere)},
        "lowest": {"alpha": ALPHA.over(lowest), "gain": LOSS_CHANGE.over(lowest)},
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def line(found: Mapping[str, Sequence[Line]], first: str, second: str) -> charts.Figure:
    """Loss and accuracy on the line from {first} to {second}. At α = 0 is {first}, at α = 1 {second}; left with a common start,
    right with starts of their own. Network {setting.own.network}, tried on {setting.lines.num_train} of its training images and
    {setting.lines.num_test} test images."""
    return along(found, first, second)


def line_of_the_originals(found: Mapping[str, Sequence[Line]], first: str, second: str) -> charts.Figure:
    """The same walk in the original's own network, one line of each kind. From {first} (α = 0) to {second} (α = 1);
    {setting.cnn.network}, {setting.cnn.lines.num_train} training and {setting.cnn.lines.num_test} test images."""
    return along(found, first, second)


def along(found: Mapping[str, Sequence[Line]], first: str, second: str) -> charts.Figure:
    """Loss and accuracy against α; the caption is that of the figure."""
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
        y={panel: SCORE_AXES[panel.partition(",")[0]] for panel in panels},
        marks={first: 0, second: 1},
        alt=f"Loss and accuracy against α, from {first} to {second}: left a common start, right starts of their own.",
    )


def controls(found: Mapping[str, Any], from_starts: Sequence[Line], names: Mapping[str, str]) -> charts.Figure:
    """The control: training loss between two runs of one recipe. With a common start and with starts of their own; and from the
    initial weights (α = 0) to a solution (α = 1). On {setting.lines.num_train} training images."""

    def losses(lines: Sequence[Line]) -> charts.Series:
        return charts.Series.of(lines, "train_loss", x="alphas")

    panels = {
        f"loss, {title}": {name: losses(found[pair][start]) for pair, name in names.items()} for start, title in STARTS.items()
    }
    return charts.curves(
        panels | {"loss, start to solution": {names["small"]: losses(from_starts)}},
        x="α",
        y=SCORE_AXES["loss"],
        marks={"θ₁": 0, "θ₂": 1},
        alt="Loss against α between two runs of one recipe, for each recipe, and from initial weights to a solution.",
    )


def barriers(metrics: Mapping[str, Any]) -> charts.Figure:
    """How high the hill between two solutions is. Loss, in nats: the most by which it exceeds the straight line between those
    of the ends. Error: the largest on the line minus the mean of the ends', after Frankle and others. Neither can be
    negative; how high it is by mere chance, the rows with two seeds of one recipe tell, whose test loss is on
    {setting.num_control_test} images."""
    columns = ("between", "starts", *(quantity.title for quantity in RISES))
    return charts.table(columns, rows(PAIRS, metrics, lambda found: [found[quantity.name] for quantity in RISES]))


def best(metrics: Mapping[str, Any]) -> charts.Figure:
    """The best point of a line against the more accurate of its two ends. Both are chosen on one half of the test images, and
    compared on the other. The gain is in images read correctly, of {setting.lines.num_judging}. A positive gain, or a
    negative change of the loss, favours the point. Best α are medians."""
    columns = (
        "between",
        "starts",
        "best α by accuracy, between the ends",
        ACCURACY_GAIN.title,
        "on the whole line",
        ACCURACY_GAIN.title + " ",
        "best α by loss, between the ends",
        LOSS_CHANGE.title,
    )

    def cells(found: Mapping[str, Any]) -> list[charts.Cell]:
        return [cell for name in ("best", "anywhere", "lowest") for cell in (found[name]["alpha"].value, found[name]["gain"])]

    return charts.table(columns, rows(COMPARED, metrics, cells))


def rows(
    pairs: Mapping[str, str], metrics: Mapping[str, Any], cells: Callable[[Any], Sequence[charts.Cell]]
) -> list[tuple[charts.Cell, ...]]:
    """A row of a table for each kind of pair and each start."""
    return [(title, STARTS[start], *cells(metrics[pair][start])) for pair, title in pairs.items() for start in STARTS]


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TENTH_OF_GUESSING = Margin(math.log(10) / 10, "a tenth of ln 10, the loss of guessing among ten classes")
STABLE = Margin(0.02, "two per cent, below which Frankle et al. (2020) call the two ends linearly connected, noise allowed for")


def both(test: Callable[..., Test], left: str, than: str, by: Margin) -> Test:
    """One test for two batch sizes and for two learning rates: both have to hold. The two sides are paired by seed."""
    return every(*(test(f"{pair}.{left}", than=f"{pair}.{than}", by=by, paired=True) for pair in COMPARED))


def better_between(id: str, start: str, started: str) -> Claim:
    """The claim that the best mixture of two solutions, started in one of the two ways, beats the better of the two."""
    gains = (
        "Over the better solution, of {setting.lines.num_judging} digits, the best mixture gains "
        f"{{batch.{start}.best.gain}} with two batch sizes and {{rate.{start}.best.gain}} with two learning rates."
    )
    return Claim(
        id,
        source="original 3.3, part 1",
        headline=f"Between two solutions {started} lies a better one",
        quote=original.QUOTES["S14a"],
        says=f"Between two solutions {started} there is a mixture better than both by {{margin}}. With two batch sizes the "
        f"best has an accuracy of {{batch.{start}.best.score}} and the better solution {{batch.{start}.best.end_score}}; with "
        f"two learning rates they have {{rate.{start}.best.score}} and {{rate.{start}.best.end_score}}.",
        comments=Comments(
            supported=f"In both comparisons there is one. {gains}",
            refuted=f"In at least one comparison there is none. {gains}",
            inconclusive=f"Too close to call in one comparison at least. {gains}",
        ),
        holds=both(larger, f"{start}.best.score", than=f"{start}.best.end_score", by=TENTH_OF_A_POINT),
    )


WORDS = {
    "batch": "batch sizes",
    "rate": "learning rates",
    "one_start": "common start",
    "two_starts": "own starts",
    "barrier": "two recipes",
    "control": "two seeds",
    "score": "mixture",
    "end_score": "end",
}

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
            supported="This half of the original's sentence holds. The worst mixture reads only {batch.two_starts.worst.score} "
            "of unseen digits with two batch sizes, and {rate.two_starts.worst.score} with two learning rates.",
            refuted="Not in both comparisons: the worst mixture reads {batch.two_starts.worst.score} of unseen digits with two "
            "batch sizes, and {rate.two_starts.worst.score} with two learning rates.",
            inconclusive="The worst mixture reads {batch.two_starts.worst.score} of unseen digits with two batch sizes, and "
            "{rate.two_starts.worst.score} with two learning rates: too close to the ends to call.",
        ),
        holds=both(smaller, "two_starts.worst.score", than="two_starts.worst.end_score", by=TENTH_OF_A_POINT),
    ),
    Claim(
        "start-decides",
        source="ours",
        headline="The hill between two networks depends on whether they started alike",
        says="The barrier between solutions with starts of their own is higher than between those with a common start, by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.one_start.barrier} with two batch sizes, "
        "{rate.two_starts.barrier} against {rate.one_start.barrier} with two learning rates.",
        comments=Comments(
            supported="Between two batch sizes the hill is {batch.two_starts.barrier} nats high with starts of their own, and "
            "{batch.one_start.barrier} with a common one. The original does not say which it had.",
            refuted="In at least one comparison it hardly does. Between two batch sizes the hill is "
            "{batch.two_starts.barrier} nats high with starts of their own, and {batch.one_start.barrier} with a common one.",
            inconclusive="Between two batch sizes the hill is {batch.two_starts.barrier} nats high with starts of their own, "
            "and {batch.one_start.barrier} with a common one. One comparison at least is too close to call.",
        ),
        holds=both(larger, "two_starts.barrier", than="one_start.barrier", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "recipe-adds-barrier",
        source="ours",
        headline="Two recipes make a higher hill than two seeds of one recipe",
        says="With starts of their own, the barrier between two recipes is higher than between two seeds of one recipe, by "
        "{margin} nats: {batch.two_starts.barrier} against {batch.two_starts.control} for two batch sizes, "
        "{rate.two_starts.barrier} against {rate.two_starts.control} for two learning rates.",
        comments=Comments(
            supported="Two batch sizes make a hill of {batch.two_starts.barrier} nats, two seeds of one batch size one of "
            "{batch.two_starts.control}: the recipe adds to what two seeds have already.",
            refuted="Not in both comparisons. Two batch sizes make a hill of {batch.two_starts.barrier} nats, two seeds of one "
            "batch size one of {batch.two_starts.control}.",
            inconclusive="Two batch sizes make a hill of {batch.two_starts.barrier} nats, two seeds of one batch size one of "
            "{batch.two_starts.control}. The recipe may add nothing, or a hill of its own; many more pairs would tell.",
        ),
        holds=both(larger, "two_starts.barrier", than="two_starts.control", by=TENTH_OF_GUESSING),
    ),
    Claim(
        "same-basin",
        source="Sagun et al. 2017",
        headline="From a common start, small and large batches end in one basin",
        says="With a common start, the training error on the line between batch {setting.batch_sizes.first} and batch "
        "{setting.batch_sizes.last} rises by {margin} above the mean of its ends: by {batch.one_start.error_barrier}.",
        published='small- and large-batch solutions "are in fact connected through their flat region and so belong to the '
        'same basin" (one version of the abstract).',
        comments=Comments(
            supported="On the straight line between them the training error rises by {batch.one_start.error_barrier}: no hill "
            "to speak of.",
            refuted="On the straight line between them the training error rises by {batch.one_start.error_barrier}: a hill, by "
            "the usual bound. A curved way around it may exist.",
            inconclusive="On the straight line between them the training error rises by {batch.one_start.error_barrier}: too "
            "near the usual bound to call it a hill or none.",
        ),
        holds=at_most("batch.one_start.error_barrier", STABLE),
    ),
)
