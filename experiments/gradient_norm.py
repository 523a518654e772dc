"""How does the gradient norm move while the loss falls?

A convolutional network on MNIST and a fully connected one on a function are trained with mini-batches. At moments along the way we measure the gradient
over all parameters and all training examples, the same for single mini-batches, and what the seed report's code measured: the gradient of the last layer
alone, on one mini-batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments import original
from lab.activations import Tanh
from lab.data import MNIST
from lab.functions import FunctionSamples, SincPlusSine
from lab.gradients import GradientNorms, Norms
from lab.models import CNN, MLP
from lab.statistics import rank_correlation
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_most, every, times_smaller
from measured.jobs import gather

# Seconds of one worker with another beside it, measured: the small CNN trains on 7,000 images a second.
#   MNIST     8 runs of 320 updates x 64 images                       8 x 3.1 s = 25 s
#             13 gradients of 2,000 images and of 10 mini-batches     8 x 4.0 s = 32 s
#   function  8 runs of 1,000 updates, 13 x 11 gradients              8 x 2.6 s = 21 s


@dataclass(frozen=True)
class Settings:
    num_train: int = 2000
    """MNIST images trained on; the full gradient is over all of them."""
    num_updates: int = 320
    """Mini-batches of the MNIST training."""
    function_updates: int = 1000
    """Mini-batches of the function fit."""
    num_moments: int = 13
    """Moments at which gradients are measured, evenly spaced from the start to the end."""
    num_batches: int = 10
    """Random mini-batches measured at each moment, the same ones each time."""
    batch_size: int = 64
    """Images in a mini-batch; a quarter of it in the function fit."""
    seeds: tuple[int, ...] = field(default=tuple(range(8)))
    """Runs of each task."""


PRESETS = {
    "quick": Settings(
        num_train=60, num_updates=6, function_updates=8, num_moments=4, num_batches=3, batch_size=20, seeds=(0, 1)
    ),
    "standard": Settings(),
    "full": Settings(
        num_train=60_000, num_updates=9380, function_updates=40_000, num_moments=60, num_batches=200, seeds=tuple(range(20))
    ),
}

TASKS = {"mnist": "MNIST", "function": "sinc(x) + sin(x/2)"}
CNN_NETWORK = CNN(original.IMAGE, (8, 16), (64,), 10)
MLP_NETWORK = MLP(1, (10, 18, 15, 4), 1, Tanh())
ZERO = 1e-5
"""A gradient norm counts as zero below this: 1e-10 squared, the cut-off of Frye et al. (2021) for a critical point."""


def jobs(task: str, settings: Settings) -> list[GradientNorms]:
    """Gradient norms along the runs of one task."""
    if task == "mnist":
        network, data = CNN_NETWORK, MNIST(settings.num_train, num_held_out=500)
        recipe = Recipe(0.003, settings.num_updates, settings.batch_size)
    else:
        network, data = MLP_NETWORK, FunctionSamples(SincPlusSine(), 0.01, 10.0, num_train=200)
        recipe = Recipe(0.003, settings.function_updates, settings.batch_size // 4)
    # Evenly spaced: a rank correlation over moments crowded at the start would be one of the start.
    steps = tuple(sorted({round(share * recipe.num_updates) for share in np.linspace(0, 1, settings.num_moments)}))
    assert recipe.batch_size is not None
    return [
        GradientNorms(
            Train(network, data, recipe, seed, checkpoint_at=steps),
            settings.num_batches,
            recipe.batch_size,
            None,
            seed=1000 + seed,
        )
        for seed in settings.seeds
    ]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    norms = gather({task: jobs(task, settings) for task in TASKS})

    metrics = {
        "num_parameters_mnist": Metric(CNN_NETWORK.num_parameters),
        "num_parameters_function": Metric(MLP_NETWORK.num_parameters),
        "num_train": Metric(settings.num_train),
        "batch_size": Metric(settings.batch_size),
        "num_batches": Metric(settings.num_batches),
    }
    for task, runs in norms.items():
        last = max(1, len(runs[0].steps) // 10)
        metrics |= {
            f"trend_{task}": Metric.over_seeds([rank_correlation(item.steps, item.full_norm) for item in runs]),
            f"loss_trend_{task}": Metric.over_seeds([rank_correlation(item.steps, item.full_loss) for item in runs]),
            f"start_{task}": Metric.over_seeds([item.full_norm[0] for item in runs], summary="geometric mean"),
            f"end_{task}": Metric.over_seeds([item.full_norm[-last:].mean() for item in runs], summary="geometric mean"),
            f"smallest_{task}": Metric.over_seeds([item.full_norm.min() for item in runs], summary="geometric mean"),
            f"smallest_batch_{task}": Metric.over_seeds([item.batch_norm.min() for item in runs], summary="geometric mean"),
            f"smallest_seed_{task}": Metric.over_seeds(
                [item.batch_last_layer.min() for item in runs], summary="geometric mean"
            ),
            f"batch_over_full_{task}": Metric.over_seeds(
                [np.median(item.batch_norm[-1]) / item.full_norm[-1] for item in runs], summary="geometric mean"
            ),
        }
    return Result(metrics, _figures(norms, metrics, settings))


def _figures(norms: Mapping[str, Sequence[Norms]], metrics: dict[str, Metric], settings: Settings) -> dict:
    seeds = f"{len(settings.seeds)} seeds; gradients in float32, their squares summed in float64"
    return {
        "norms": charts.curves(
            {
                TASKS[task]: {
                    "loss, all examples": charts.Series(runs[0].steps, [item.full_loss for item in runs]),
                    "gradient norm, all examples": charts.Series(runs[0].steps, [item.full_norm for item in runs]),
                    "gradient norm, one mini-batch": charts.Series(runs[0].steps, [row for item in runs for row in item.batch_norm.T]),
                }
                for task, runs in norms.items()
            },
            x="updates", y=charts.Axis("loss, gradient norm", log=True),
            caption="Loss and Euclidean norm of its gradient over all parameters: median and the middle 80 % over "
                    f"{seeds}, for mini-batches over {settings.num_batches} of them at each moment as well.",
            alt="The loss falls steadily; the gradient norms rise and fall by an order of magnitude; mini-batches spread far around the full gradient.",
        ),
        "seed_view": charts.curves(
            {
                TASKS[task]: {
                    "all parameters, all examples": charts.Series(runs[0].steps, [item.full_norm for item in runs]),
                    "last layer, all examples": charts.Series(runs[0].steps, [item.full_last_layer for item in runs]),
                    "last layer, one mini-batch: smallest": charts.Series(runs[0].steps, [item.batch_last_layer.min(1) for item in runs]),
                }
                for task, runs in norms.items()
            },
            x="updates", y=charts.Axis("gradient norm", log=True),
            caption="What the seed's code measured beside what was asked: gradient of the last layer's weights alone; the lowest line is the "
                    f"smallest of {settings.num_batches} mini-batches. Median and the middle 80 % over {seeds}.",
            alt="The smallest last-layer gradient of a mini-batch lies orders of magnitude below the gradient over all parameters.",
        ),
        "fitted": charts.scatter(
            {
                TASKS[task]: {
                    "last layer, one mini-batch": [
                        point for item in runs
                        for point in zip(item.batch_loss[len(item.steps) // 2 :].ravel(), item.batch_last_layer[len(item.steps) // 2 :].ravel(), strict=True)
                    ],
                    "all parameters, all examples": [
                        point for item in runs for point in zip(item.full_loss[len(item.steps) // 2 :], item.full_norm[len(item.steps) // 2 :], strict=True)
                    ],
                }
                for task, runs in norms.items()
            },
            x=charts.Axis("loss of what the gradient is taken of", log=True), y=charts.Axis("gradient norm", log=True),
            caption=f"Second half of the training: a dot is one mini-batch, or all examples, at one moment of one run; {seeds}.",
            alt="Gradient norm against loss on logarithmic scales: small gradients belong to mini-batches of small loss.",
        ),
        "table": charts.table(
            ("task", "norm at the start", "at the end", "smallest, all examples", "smallest, one mini-batch", "smallest, last layer of one mini-batch"),
            [
                (TASKS[task], *(metrics[f"{kind}_{task}"] for kind in ("start", "end", "smallest", "smallest_batch", "smallest_seed")))
                for task in norms
            ],
            caption=f"Gradient norms: geometric means with 95 % t intervals on logarithms; {seeds}.",
        ),
    }  # fmt: skip


TREND = -0.5
TREND_WHY = "a rank correlation weaker than one half is no trend that an eye sees in a whole picture"
ZERO_WHY = (
    "a squared norm of 1e-10 is the cut-off at which Frye et al. (2021) recover known critical points; at 1e-8 they do not"
)

CLAIMS = (
    Claim(
        "S6",
        source="seed 2",
        headline="The gradient norm falls over training as a whole",
        quote=original.QUOTES["S6"],
        says="Over a whole training the gradient norm falls on both tasks: rank correlation with the number of updates {trend_mnist} on MNIST and "
        "{trend_function} on the function.",
        holds=every(*(at_most(f"trend_{task}", TREND, why=TREND_WHY, furthest=1.0) for task in TASKS)),
        comments=Comments(
            supported="Right on both tasks for the full gradient; what the seed drew was very probably one layer's gradient on one mini-batch.",
            refuted="A gradient norm need not follow the loss: on at least one task it shows no clear fall; the loss's rank correlations with the updates are {loss_trend_mnist.short} and {loss_trend_function.short}.",
            inconclusive="Whether the full gradient clearly falls is open on at least one task; the seed's curve, very probably of one layer on one mini-batch, cannot tell.",
        ),
    ),
    Claim(
        "S7",
        source="seed 2",
        headline="The gradient norm gets to zero at times",
        quote=original.QUOTES["S7"],
        says="At some moment of a training the gradient over all examples and parameters is zero: the smallest norms met are {smallest_mnist} on "
        "MNIST and {smallest_function} on the function, and zero means below 0.00001.",
        holds=every(*(at_most(f"smallest_{task}", ZERO, why=ZERO_WHY) for task in TASKS)),
        comments=Comments(
            supported="Right on both tasks, and of the full gradient; what the seed saw was very probably zero on one mini-batch alone.",
            refuted="On at least one task the full gradient typically stays clear of zero whenever it is measured; a fitted mini-batch's zero is no critical point.",
            inconclusive="Whether the full gradient gets to zero is open on at least one task; a zero on one mini-batch would not answer it.",
        ),
    ),
    Claim(
        "seed-zero-is-a-batch",
        source="ours",
        headline="What looked like zero is one layer's gradient on one mini-batch that is already fitted",
        says="On MNIST the last layer's gradient on single mini-batches gets more than ten times smaller than the gradient of the training ever is: "
        "{smallest_seed_mnist} against {smallest_mnist}.",
        holds=times_smaller(
            "smallest_seed_mnist", than="smallest_mnist", factor=10, why="on the linear axis of the seed's figure a tenth is hard to tell from zero",
            paired=True,
        ),
    ),
)  # fmt: skip
