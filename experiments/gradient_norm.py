"""How does the gradient norm change while the loss falls?

A convolutional network learns MNIST and a fully connected one learns a function, both with mini-batches. At several moments of
the training we measure the norm of the gradient over all parameters, for all training examples and for single mini-batches. We
also measure what the original's code very probably did: the gradient of the last layer alone, for one mini-batch.
"""

from dataclasses import dataclass

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
    Seeds,
    at_most,
    every,
    factor,
    rank_correlations,
    smaller,
)
from measured.jobs import gather

TITLE = "The gradient norm during training"

# What the standard preset costs, in seconds of one worker while another works too. The CNN trains on 7,000 images per second.
#   MNIST     8 runs of 320 updates x 64 images                       8 x 3.1 s = 25 s
#             8 x 13 moments: all 2,000 images and 10 mini-batches    8 x 4.0 s = 32 s
#   function  8 runs of 1,000 updates, 13 moments x 11 gradients      8 x 2.6 s = 21 s


@dataclass(frozen=True)
class Task:
    """A network and its training, during which gradients are measured."""

    network: Network
    """The network that is trained."""
    data: Data
    """What it is trained on. The full gradient is that of all these training examples."""
    recipe: Recipe
    """How it is trained. The mini-batches whose gradients are measured have the same size as those of the training."""


def mnist(num_train: int, num_updates: int, batch_size: int) -> Task:
    """A small convolutional network (8 and 16 filters, 64 hidden units) on MNIST."""
    network = CNN(original.IMAGE, (8, 16), (64,), 10)
    return Task(network, MNIST(num_train, num_held_out=500), Recipe(0.003, num_updates, batch_size))


def function(num_updates: int, batch_size: int) -> Task:
    """A narrow tanh network on a function of one variable, of the kind that the assignment asks for."""
    data = FunctionSamples(SincPlusSine(), 0.01, 10.0, num_train=200)
    return Task(MLP(1, (10, 18, 15, 4), 1, Tanh()), data, Recipe(0.003, num_updates, batch_size))


@dataclass(frozen=True)
class Settings:
    mnist: Task = mnist(num_train=2000, num_updates=320, batch_size=64)
    """The task with images."""
    function: Task = function(num_updates=1000, batch_size=16)
    """The task with a function of one variable."""
    num_moments: int = 13
    """Moments at which gradients are measured, evenly spaced from the start of the training to its end."""
    num_batches: int = 10
    """Random mini-batches whose gradients are measured, the same ones at every moment of a run."""
    seeds: Seeds = Seeds(8)
    """Training runs of each task, one per seed."""


PRESETS = {
    "quick": Settings(mnist(60, 6, 20), function(8, 5), num_moments=4, num_batches=3, seeds=Seeds(2)),
    "standard": Settings(),
    "full": Settings(mnist(60_000, 9380, 64), function(40_000, 16), num_moments=60, num_batches=200, seeds=Seeds(20)),
}
TASKS = {"mnist": "MNIST", "function": "sinc(x) + sin(x/2)"}

START = Quantity("start", "all examples: start", average="geometric mean", read=lambda run: run.full_norm[0])
END = Quantity("end", "all examples: end", average="geometric mean", read=lambda run: run.full_norm[-last_tenth(run) :].mean())
SMALLEST = Quantity("smallest", "all examples: smallest", average="geometric mean", read=lambda run: run.full_norm.min())
SMALLEST_BATCH = Quantity(
    "smallest_batch", "one mini-batch: smallest", average="geometric mean", read=lambda run: run.batch_norm.min()
)
SMALLEST_LAST_LAYER = Quantity(
    "smallest_last_layer",
    "last layer, one mini-batch: smallest",
    average="geometric mean",
    read=lambda run: run.batch_last_layer.min(),
)
BATCH_OVER_FULL = Quantity(
    "batch_over_full",
    "median mini-batch over all examples, at the end",
    average="geometric mean",
    read=lambda run: np.median(run.batch_norm[-1]) / run.full_norm[-1],
)
NORMS = (START, END, SMALLEST, SMALLEST_BATCH, SMALLEST_LAST_LAYER)


def last_tenth(run: Norms) -> int:
    """Number of moments in the last tenth of a run, at least one."""
    return max(1, len(run.steps) // 10)


def jobs(task: Task, settings: Settings) -> list[GradientNorms]:
    """Jobs that measure gradient norms during the runs of one task, one job per seed."""
    # Evenly spaced: were most moments near the start, a rank correlation over them would tell of the start only.
    recipe, shares = task.recipe, np.linspace(0, 1, settings.num_moments)
    steps = tuple(sorted({round(share * recipe.num_updates) for share in shares}))
    trainings = [Train(task.network, task.data, recipe, seed, checkpoint_at=steps) for seed in settings.seeds]
    assert recipe.batch_size is not None, "a recipe without mini-batches has none to measure"
    # The mini-batches that are measured are drawn by a seed that draws none of those trained on.
    return [
        GradientNorms(run, settings.num_batches, recipe.batch_size, num_examples=None, seed=1000 + run.seed)
        for run in trainings
    ]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    runs = gather({name: jobs(getattr(settings, name), settings) for name in TASKS})
    metrics = {name: summary(found) for name, found in runs.items()}
    figures = charts.drawn(norms, runs) | charts.drawn(last_layer_alone, runs) | charts.drawn(norm_by_loss, runs)
    return Result(metrics, figures | charts.drawn(table, metrics))


def summary(runs: list[Norms]) -> dict[str, Metric]:
    """Numbers of the runs of one task. A trend is a rank correlation with the number of updates."""
    steps = [run.steps for run in runs]
    return {
        **measured((*NORMS, BATCH_OVER_FULL), runs),
        "trend": rank_correlations(steps, [run.full_norm for run in runs]),
        "loss_trend": rank_correlations(steps, [run.full_loss for run in runs]),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def norms(runs: dict[str, list[Norms]]) -> charts.Figure:
    """Loss and the Euclidean norm of its gradient over all parameters. The curve of mini-batches takes together
    {setting.num_batches} of them per run and moment. Gradients in float32, their squares summed in float64."""
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
        alt="Loss, norm of the full gradient and norms of mini-batch gradients against updates, one panel per task.",
    )


def last_layer_alone(runs: dict[str, list[Norms]]) -> charts.Figure:
    """The norm that the assignment asks for, over all parameters, and the norm of the gradient of the last layer's weights
    alone: on all training examples, and on the one of {setting.num_batches} mini-batches where it is smallest."""
    return charts.curves(
        {
            TASKS[task]: {
                "all parameters, all examples": charts.Series.of(found, "full_norm"),
                "last layer, all examples": charts.Series.of(found, "full_last_layer"),
                "last layer, one mini-batch: smallest": charts.Series(
                    found[0].steps, [run.batch_last_layer.min(1) for run in found]
                ),
            }
            for task, found in runs.items()
        },
        x="updates",
        y=charts.Axis("gradient norm", log=True),
        alt="Norm of the full gradient, of its part in the last layer, and of that part on the mini-batch where it is "
        "smallest, against updates.",
    )


def norm_by_loss(runs: dict[str, list[Norms]]) -> charts.Figure:
    """Gradient norm against the loss on the same examples, in the second half of the training. A dot is one mini-batch, or all
    training examples, at one moment of one run."""

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
        alt="Gradient norm against loss, both axes logarithmic: of the last layer on single mini-batches, and of all "
        "parameters on all examples.",
    )


def table(metrics: dict[str, dict[str, Metric]]) -> charts.Figure:
    """Gradient norms. End: mean over the last tenth of the moments. Smallest: of all moments and, for mini-batches, of all
    mini-batches. Gradients in float32, their squares summed in float64."""
    rows = [(TASKS[task], *(found[quantity.name] for quantity in NORMS)) for task, found in metrics.items()]
    return charts.table(("task", *(quantity.title for quantity in NORMS)), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

ZERO = Margin(
    1e-5,
    "a squared norm of 1e-10 is the cut-off at which Frye et al. (2021) recover known critical points; at 1e-8 they do not",
)
TENFOLD = factor(10, "on the linear axis of the original's figure a tenth is hard to tell from zero")

CLAIMS = (
    Claim(
        "S6",
        source="original 2",
        headline="The gradient norm falls over the whole training",
        quote=original.QUOTES["S6"],
        says="Over the whole training the gradient norm falls on both tasks: its rank correlation with the number of updates "
        "is {mnist.trend} on MNIST and {function.trend} on the function, where {margin} counts as a fall.",
        holds=every(*(at_most(f"{task}.trend", -TREND) for task in TASKS)),
        comments=Comments(
            supported="The original is right about the training as a whole, on both tasks, even though what it drew was very "
            "probably one layer's gradient on one mini-batch.",
            refuted="On at least one task the gradient norm shows no clear fall. The rank correlations of the loss are "
            "{mnist.loss_trend.short} and {function.loss_trend.short}; a gradient norm need not follow the loss.",
            inconclusive="On at least one task it is open whether the gradient norm falls. The rank correlations of the loss "
            "are {mnist.loss_trend.short} and {function.loss_trend.short}.",
        ),
    ),
    Claim(
        "S7",
        source="original 2",
        headline="The gradient norm sometimes reaches zero",
        quote=original.QUOTES["S7"],
        says="At some moment of the training the gradient over all examples and all parameters is zero: the smallest norms are "
        "{mnist.smallest} on MNIST and {function.smallest} on the function, where {margin} counts as zero.",
        holds=every(*(at_most(f"{task}.smallest", ZERO) for task in TASKS)),
        comments=Comments(
            supported="So training does pass points where the gradient is zero, as precisely as critical points can be "
            "recognised.",
            refuted="On at least one task the full gradient typically stays above that at all measured moments. To find a "
            "point where it vanishes, another method is needed; the next chapter tries two.",
            inconclusive="On at least one task it is open whether the full gradient reaches zero. A zero gradient on one "
            "mini-batch would not answer that.",
        ),
    ),
    Claim(
        "seed-zero-is-a-batch",
        source="ours",
        headline="What looked like zero is one layer's gradient on one mini-batch that is already fitted",
        says="On MNIST the norm of the last layer's gradient on one mini-batch gets {margin} smaller than the norm of the full "
        "gradient ever is: {mnist.smallest_last_layer} against {mnist.smallest}.",
        holds=smaller("mnist.smallest_last_layer", than="mnist.smallest", by=TENFOLD, paired=True),
        comments=Comments(
            supported="A mini-batch whose images are all classified with confidence has almost no loss, and so almost no "
            "gradient. That says nothing about the gradient on the other images.",
            refuted="With this network and this many updates the last layer's gradient on one mini-batch does not fall that "
            "far below the full gradient; the table shows how far it falls.",
            inconclusive="With these seeds it is open whether the last layer's gradient on one mini-batch falls that far below "
            "the full gradient.",
        ),
    ),
)
