"""Does the ground get flatter as the loss falls?

A convolutional network learns MNIST until it has fitted its images; a fully connected one learns a function. All along we
measure the norm of the gradient: on all examples, on each mini-batch, and of the last layer alone, as the original's code very
probably did.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments import original
from experiments.margins import TREND
from experiments.quantities import measured
from lab.activations import Tanh
from lab.data import MNIST, Data
from lab.functions import FunctionSamples, SincPlusSine
from lab.gradients import GradientNorms, Norms
from lab.models import CNN, MLP
from lab.network import Network
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import (
    Claim,
    Comments,
    Margin,
    Metric,
    Quantity,
    Result,
    Runs,
    Seeds,
    at_least,
    at_most,
    factor,
    rank_correlations,
    smaller,
)
from measured.jobs import gather

TITLE = "How steep the way down is"
RUNS = Runs(
    varies="initial weights, order of the examples and, on MNIST, the training images",
    shared="the {setting.function.data.num_train} points of the function",
)

# Seconds of one worker with another beside it, as measured in a build: the CNN trains on 9,000 images per second, and its
# gradients go as fast.
#   MNIST     10 runs of 480 updates x 64 images                          10 x 3.4 s = 34 s
#             10 x 25 moments x 1,024 images, one pass in mini-batches    10 x 2.9 s = 29 s
#   function  10 runs of 1,000 updates, 25 moments x 12 gradients         10 x 0.7 s =  7 s


@dataclass(frozen=True)
class Task:
    """A network and its training, during which gradients are measured."""

    network: Network
    """The network that is trained."""
    data: Data
    """What it is trained on, images drawn by the run's seed. The full gradient is that of all these training examples."""
    recipe: Recipe
    """How it is trained. The mini-batches whose gradients are measured are as large as those of the training."""


def mnist(num_train: int, num_updates: int, batch_size: int) -> Task:
    """A small convolutional network (8 and 16 filters, 64 hidden units) on MNIST."""
    network = CNN(original.IMAGE, (8, 16), (64,), 10)
    return Task(network, MNIST(num_train, num_held_out=500), Recipe(0.003, num_updates, batch_size))


def function(num_updates: int, batch_size: int) -> Task:
    """A narrow tanh network on a function of one variable, of the kind that the assignment asks for."""
    data = FunctionSamples(SincPlusSine(), 0.01, 10.0, num_train=192)
    return Task(MLP(1, (10, 18, 15, 4), 1, Tanh()), data, Recipe(0.003, num_updates, batch_size))


@dataclass(frozen=True)
class Settings:
    mnist: Task = mnist(num_train=1024, num_updates=480, batch_size=64)
    """The task with images."""
    function: Task = function(num_updates=1000, batch_size=16)
    """The task with a function of one variable."""
    num_moments: int = 25
    """Moments at which gradients are measured, evenly spaced from the start of the training to its end. At each of them every
    example is in one mini-batch, the same one throughout a run."""
    fitted_loss: float = 0.01
    """A network has fitted its images when their mean loss first is below this."""
    seeds: Seeds = Seeds(10)
    """Training runs of each task, one per seed."""

    @property
    def first_updates(self) -> int:
        """Updates on images before the second moment."""
        return round(self.mnist.recipe.num_updates / (self.num_moments - 1))


PRESETS = {
    "quick": Settings(mnist(60, 6, 20), function(8, 4), num_moments=4, seeds=Seeds(2)),
    "standard": Settings(),
    "full": Settings(mnist(60_000, 12_000, 100), function(40_000, 16), num_moments=61, seeds=Seeds(20)),
}
TASKS = {"mnist": "MNIST", "function": "sinc(x) + sin(x/2)"}

START = Quantity("start", "all examples: start", average="geometric mean", read=lambda run: run.full_norm[0])
END = Quantity("end", "all examples: end", average="geometric mean", read=lambda run: run.full_norm[-1])
LARGEST = Quantity("largest", "all examples: largest", average="geometric mean", read=lambda run: run.full_norm.max())
SMALLEST = Quantity("smallest", "all examples: smallest", average="geometric mean", read=lambda run: run.full_norm.min())
RISE = Quantity(
    "rise", "second moment over the start", average="geometric mean", read=lambda run: run.full_norm[1] / run.full_norm[0]
)
LOW = Quantity(
    "low",
    "one mini-batch: lowest tenth over the largest",
    "%",
    average="geometric mean",
    read=lambda run: np.quantile(run.batch_norm, 0.1) / run.batch_norm.max(),
)
BATCH_OVER_FULL = Quantity(
    "batch_over_full",
    "median mini-batch over all examples, in the second half",
    average="geometric mean",
    read=lambda run: np.exp(np.mean(np.log(np.median(run.batch_norm, axis=1) / run.full_norm)[len(run.steps) // 2 :])),
)
FINAL_LOSS = Quantity("final_loss", "loss at the end", average="geometric mean", read=lambda run: run.full_loss[-1])
NORMS = (START, LARGEST, END, SMALLEST, LOW)


def jobs(task: Task, settings: Settings) -> list[GradientNorms]:
    """Jobs that measure gradient norms during the runs of one task, one job per seed."""
    # Evenly spaced: were most moments near the start, a rank correlation over them would tell of the start only.
    recipe, shares = task.recipe, np.linspace(0, 1, settings.num_moments)
    steps = tuple(sorted({round(share * recipe.num_updates) for share in shares}))
    assert recipe.batch_size is not None, "a recipe without mini-batches has none to measure"

    def drawn(seed: int) -> Data:
        return task.data.drawn(seed) if isinstance(task.data, MNIST) else task.data

    runs = [Train(task.network, drawn(seed), recipe, seed, checkpoint_at=steps) for seed in settings.seeds]
    return [GradientNorms(run, None, recipe.batch_size, num_examples=None, seed=run.seed) for run in runs]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    runs = gather({name: jobs(getattr(settings, name), settings) for name in TASKS})
    metrics = {name: summary(found, settings) for name, found in runs.items()}
    figures = charts.drawn(norms, runs) | charts.drawn(on_linear_axis, runs) | charts.drawn(last_layer_alone, runs)
    figures |= charts.drawn(norm_by_loss, runs)
    return Result(metrics, figures | charts.drawn(table, metrics))


def summary(runs: list[Norms], settings: Settings) -> dict[str, Any]:
    """Numbers of the runs of one task. A trend is a rank correlation with the number of updates."""
    steps = [run.steps for run in runs]
    return {
        **measured((*NORMS, RISE, FINAL_LOSS, BATCH_OVER_FULL), runs),
        "fitted": measured(FITTED, [Fitted.of(run, settings.fitted_loss) for run in runs]),
        "trend": rank_correlations(steps, [run.full_norm for run in runs]),
        "loss_trend": rank_correlations(steps, [run.full_loss for run in runs]),
    }


@dataclass(frozen=True)
class Fitted:
    """A run when its network has fitted its examples, or at its smallest loss where it has not."""

    loss: float
    full: float
    """Norm over all parameters and all examples."""
    last_layer: float
    """Of the last layer's gradient on one mini-batch, the norm that a tenth of the mini-batches do not exceed."""
    low: float
    """The same over all parameters, as a share of the largest of the run."""

    @classmethod
    def of(cls, run: Norms, fitted_loss: float) -> "Fitted":
        low = run.full_loss < fitted_loss
        at = int(low.argmax() if low.any() else run.full_loss.argmin())
        last_layer, low = (float(np.quantile(rows[at], 0.1)) for rows in (run.batch_last_layer, run.batch_norm))
        return cls(run.full_loss[at], run.full_norm[at], last_layer, low / run.batch_norm.max())


FITTED = (
    Quantity("loss", "loss", average="geometric mean"),
    Quantity("full", "all parameters, all examples", average="geometric mean"),
    Quantity("last_layer", "last layer, one mini-batch: lowest tenth", average="geometric mean"),
    Quantity("low", "one mini-batch: lowest tenth over the largest", "%", average="geometric mean"),
)


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def norms(runs: dict[str, list[Norms]]) -> charts.Figure:
    """The loss and the norm of its gradient, from start to end. Logarithmic axis; the norm is Euclidean, over all parameters,
    at {setting.num_moments} moments. The line of mini-batches takes together all those of one pass. Gradients in float32, their
    squares summed in float64."""
    return charts.curves(
        {
            TASKS[task]: {
                "loss, all examples": charts.Series.of(found, "full_loss"),
                "gradient norm, all examples": charts.Series.of(found, "full_norm"),
                "gradient norm, one mini-batch": charts.Series(
                    found[0].steps, [row for run in found for row in run.batch_norm.T], rows_are="mini-batches"
                ),
            }
            for task, found in runs.items()
        },
        x="updates",
        y=charts.Axis("loss, gradient norm", log=True),
        alt="Two panels, MNIST and the function. Each has three lines with bands against the number of updates, on a "
        "logarithmic axis: the loss on all examples, the norm of its gradient, and the norm of a mini-batch's gradient.",
    )


def on_linear_axis(runs: dict[str, list[Norms]]) -> charts.Figure:
    """What a plain axis shows of the gradient's norm. The norm of mini-batches' gradients over all parameters, as a share of
    the largest of the run, on a linear axis as in the original's figure."""
    return charts.curves(
        {
            TASKS[task]: {
                "one mini-batch": charts.Series(
                    found[0].steps,
                    [row for run in found for row in 100 * run.batch_norm.T / run.batch_norm.max()],
                    rows_are="mini-batches",
                )
            }
            for task, found in runs.items()
        },
        x="updates",
        y="gradient norm (% of the largest)",
        alt="Two panels, MNIST and the function: a line with a band for the norm of a mini-batch's gradient, in per cent of "
        "the largest of its run, against the number of updates, on a linear axis.",
    )


def last_layer_alone(runs: dict[str, list[Norms]]) -> charts.Figure:
    """The whole gradient beside the part that the original saw. The norm over all parameters and all training examples, for
    which the assignment asks; and that of the last layer's weights alone, on all examples and on single mini-batches."""
    return charts.curves(
        {
            TASKS[task]: {
                "all parameters, all examples": charts.Series.of(found, "full_norm"),
                "last layer, all examples": charts.Series.of(found, "full_last_layer"),
                "last layer, one mini-batch": charts.Series(
                    found[0].steps, [row for run in found for row in run.batch_last_layer.T], rows_are="mini-batches"
                ),
            }
            for task, found in runs.items()
        },
        x="updates",
        y=charts.Axis("gradient norm", log=True),
        alt="Two panels, MNIST and the function, with three lines and bands against the number of updates, on a logarithmic "
        "axis: the norm of the full gradient, of its part in the last layer, and of that part on single mini-batches.",
    )


def norm_by_loss(runs: dict[str, list[Norms]]) -> charts.Figure:
    """Does a low loss mean a small gradient? A dot is one mini-batch, or all training examples, at one moment of one run in the
    second half of the training: norm of the gradient against the loss on the same examples."""

    def dots(run: Norms, loss: str, norm: str) -> list[tuple[float, float]]:
        half = len(run.steps) // 2
        return list(zip(getattr(run, loss)[half:].ravel(), getattr(run, norm)[half:].ravel(), strict=True))

    return charts.scatter(
        {
            TASKS[task]: {
                "last layer, one mini-batch": [dot for run in found for dot in dots(run, "batch_loss", "batch_last_layer")],
                "all parameters, all examples": [dot for run in found for dot in dots(run, "full_loss", "full_norm")],
            }
            for task, found in runs.items()
        },
        x=charts.Axis("loss on the same examples", log=True),
        y=charts.Axis("gradient norm", log=True),
        alt="Two panels, MNIST and the function: clouds of dots, gradient norm against loss, both axes logarithmic. One cloud "
        "is the last layer on single mini-batches, the other all parameters on all examples.",
    )


def table(metrics: dict[str, dict[str, Metric]]) -> charts.Figure:
    """Gradient norms in numbers. Largest and smallest: of all moments. Last column: of a run's mini-batches at all moments
    together, the norm that a tenth do not exceed, as a share of the largest. Gradients in float32, their squares summed in
    float64."""
    rows = [(TASKS[task], *(found[quantity.name] for quantity in NORMS)) for task, found in metrics.items()]
    return charts.table(("task", *(quantity.title for quantity in NORMS)), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

SEEN_AS_ZERO = Margin(
    0.01, "a hundredth of its axis is the thickness of the line in a figure: what is below cannot be told from zero"
)
TENFOLD = factor(10, "on the linear axis of the original's figure a tenth is hard to tell from zero")
PLAIN = factor(2, "on an axis that spans the whole training, a reader sees a doubling")
MOSTLY_NOISE = factor(
    2**0.5, "noise and slope add in squares: here half of a mini-batch's squared norm is noise, and beyond it most"
)

WORDS = {"last_layer": "one layer, one batch", "full": "whole gradient"}

CLAIMS = (
    Claim(
        "S6",
        source="original 2",
        headline="On the whole, the gradient norm falls while a network learns digits",
        quote=original.QUOTES["S6"],
        says="On MNIST the norm of the full gradient has a rank correlation with the number of updates of {mnist.trend}, where "
        "{margin} counts as a fall.",
        holds=at_most("mnist.trend", -TREND),
        comments=Comments(
            supported="The original is right: later moments have smaller gradients, with a rank correlation of {mnist.trend}. "
            "That is the full gradient, of which the original very probably drew a part.",
            refuted="No: the loss falls, and the gradient norm keeps no such order; its rank correlation with time is "
            "{mnist.trend}.",
            inconclusive="The rank correlation of norm and time is {mnist.trend}, too near what counts as a fall for so few "
            "runs.",
        ),
    ),
    Claim(
        "norm-rises-first",
        source="ours",
        headline="At the very start, the gradient norm rises",
        says="In the first {setting.first_updates} updates on MNIST, the norm of the full gradient grows to {margin} times "
        "what it was: to {mnist.rise} times.",
        holds=at_least("mnist.rise", PLAIN),
        comments=Comments(
            supported="In the first {setting.first_updates} updates the norm grows to {mnist.rise} times what it was. Training "
            "starts on a plateau, and a plot that begins a little later misses it.",
            refuted="There is no such rise: after {setting.first_updates} updates the norm is {mnist.rise} times what it was.",
            inconclusive="After {setting.first_updates} updates the norm is {mnist.rise} times what it was, with too much "
            "scatter to call it a doubling.",
        ),
    ),
    Claim(
        "function-norm-falls",
        source="ours",
        headline="On the whole, the gradient norm falls while a network learns a function",
        says="On the function the norm of the full gradient has a rank correlation with the number of updates of "
        "{function.trend}, where {margin} counts as a fall; that of the loss is {function.loss_trend}.",
        holds=at_most("function.trend", -TREND),
        comments=Comments(
            supported="The fall is not peculiar to images: here, too, later moments have smaller gradients, with a rank "
            "correlation of {function.trend}.",
            refuted="The loss falls, and the steepness keeps no such order: its rank correlation with time is "
            "{function.trend}. Lower down need not be flatter.",
            inconclusive="The rank correlation of norm and time is {function.trend}, too near what counts as a fall for so few "
            "runs.",
        ),
    ),
    Claim(
        "S7",
        source="original 2",
        headline="In a plot of a long training, the gradient norm is sometimes zero",
        quote=original.QUOTES["S7"],
        says="While the network fits its images, down to a loss of {mnist.final_loss}, some mini-batches' gradients look like "
        "zero in a figure: a tenth of their norms do not exceed {mnist.low} of the largest, where {margin} is not seen.",
        holds=at_most("mnist.low", SEEN_AS_ZERO),
        comments=Comments(
            supported="In a plot, yes: one mini-batch in ten has at most {mnist.low} of the largest norm, thinner than the "
            "line. In truth, no: over all examples the norm gets down to {mnist.smallest}, no further.",
            refuted="Even in a plot it is not: of ten mini-batches, at least nine have a norm that one can see.",
            inconclusive="One mini-batch in ten has at most {mnist.low} of the largest norm, about what is thin enough to pass "
            "for zero in a plot.",
        ),
    ),
    Claim(
        "seed-zero-is-a-batch",
        source="ours",
        headline="The zero is one layer's gradient on one mini-batch, not the whole gradient",
        says="When the network has fitted its images, at a loss of {mnist.fitted.loss}, the last layer's gradient on a "
        "mini-batch of the lowest tenth is {margin} smaller than the full gradient at the same weights: "
        "{mnist.fitted.last_layer} against {mnist.fitted.full}.",
        holds=smaller("mnist.fitted.last_layer", than="mnist.fitted.full", by=TENFOLD, paired=True),
        comments=Comments(
            supported="We suspected a shortcut, and it is one: {mnist.fitted.last_layer} for one layer and one mini-batch, "
            "{mnist.fitted.full} for the whole gradient at the same weights.",
            refuted="We suspected a shortcut, and were wrong: {mnist.fitted.last_layer} for one layer and one mini-batch is "
            "not far below the whole gradient's {mnist.fitted.full}.",
            inconclusive="One layer on one mini-batch has {mnist.fitted.last_layer}, the whole gradient {mnist.fitted.full}: "
            "about the factor that we asked for, and more runs would tell.",
        ),
    ),
    Claim(
        "mostly-noise",
        source="ours",
        headline="Late in training, a mini-batch's gradient is mostly noise",
        says="In the second half of the training on MNIST, the median norm of a mini-batch's gradient is {margin} times that "
        "of the full gradient: {mnist.batch_over_full} times.",
        holds=at_least("mnist.batch_over_full", MOSTLY_NOISE),
        comments=Comments(
            supported="A mini-batch's gradient is {mnist.batch_over_full} times as long as the slope that all images share. "
            "Most of what the optimiser sees in a step is the mini-batch's own.",
            refuted="A mini-batch's gradient is {mnist.batch_over_full} times as long as the slope that all images share, "
            "which is still most of what the optimiser sees.",
            inconclusive="A mini-batch's gradient is {mnist.batch_over_full} times as long as the slope that all images share: "
            "either of noise and slope may be the larger part.",
        ),
    ),
)
