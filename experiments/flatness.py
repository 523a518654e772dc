"""What lies between two solutions, and does the more sensitive one generalise worse?

One network is trained with a small and a large batch, and with a low and a high learning rate. In the first part, weights on the straight line through two solutions are
evaluated, never trained: between solutions with a common start, between solutions with starts of their own, and between two runs of one recipe, without which a barrier says
nothing about the recipes. In the second part, networks trained with many batch sizes and learning rates are asked how much their answers change with the image.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments import original
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import Line, LineLoss
from lab.models import MLP
from lab.network import Network
from lab.sensitivity import MeanSensitivity, Sensitivity
from lab.statistics import barrier_height, choose_between, rank_correlation
from lab.trained import Classification
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, at_most, away_from, different, every, larger, smaller
from measured.jobs import gather

NETWORK = MLP(28 * 28, (32, 32), 10)
"""26,506 parameters: the course asks for 20,000 to 30,000."""
SECOND_DNN = MLP(28 * 28, (128,), 10)

# Seconds of one worker, measured alone; the network makes an update of 64 in 0.5 ms and of 1,024 in 3.3 ms, and judges 700,000 images a second.
#   equal updates     8 seeds x 1,500 updates x 7 batch sizes        8 x 12 s         =  96 s
#   equal epochs      8 seeds x 150,000 images x 7 batch sizes       8 x 10 s         =  80 s
#   learning rates    8 seeds x 4 more rates                         8 x 4 x 0.8 s    =  26 s
#   second ends       8 seeds x (1,024, and 64 at two rates)         8 x 6.6 s        =  53 s
#   lines             8 seeds x 11 x 31 points x 15,000 images       88 x 0.65 s      =  57 s
#   sensitivity       8 seeds x 18 networks x 3,000 images           144 x 0.25 s     =  36 s
#   the seed's CNN    4 x 32,000 images at 3,400/s, 2 x 31 x 2,000 at 6,000/s, 2 x 2,000 sensitivities = 38 + 21 + 8 s
#   the other models  3 x 500 updates                                                 =   8 s
# 423 s; beside another worker a fifth more. The seed's CNN with seeds and controls would cost 100 times as much: full has that.


@dataclass(frozen=True)
class Settings:
    network: Network = NETWORK
    """Network of the interpolations over seeds; the sweeps always use the small one."""
    num_train: int | None = 10_000
    """Training images, the same for all runs; not set (None) for all 60,000."""
    batch_size: int = 64
    """Small mini-batch of the interpolations, and the one at which learning rates are varied."""
    large_batch: int = 1024
    """Large mini-batch of the interpolations."""
    learning_rate: float = 0.001
    """Of Adam, constant, wherever it is not what is varied."""
    high_rate: float = 0.01
    """The other learning rate of the interpolations."""
    num_updates: int = 1500
    """Updates of each run, but in the sweep with equal epochs."""
    num_epochs: int = 15
    """Passes over the training images in the sweep with equal epochs."""
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)
    """The two sweeps over the batch size."""
    learning_rates: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003, 0.01)
    """The sweep over the learning rate."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs of each kind."""
    num_alphas: int = 31
    """Points on a line, evenly spaced from alpha -1 to 2; both solutions are among them."""
    line_train: int = 5000
    """Training images on which lines are evaluated."""
    line_test: int = 10_000
    """Test images on which lines are evaluated; half of them choose a best point, the other half judges it."""
    sensitive_train: int | None = 1000
    """Training images whose sensitivity is measured; not set (None) for all."""
    sensitive_test: int | None = 2000
    """Test images whose sensitivity is measured; not set (None) for all."""
    cnn_train: int | None = 4096
    """Training images of the seed report's network and of its five models; not set (None) for all 60,000."""
    cnn_updates: int = 500
    """Their updates."""
    cnn_examples: int = 1000
    """Images of each kind on which their lines and sensitivities are measured."""


PRESETS = {
    "quick": Settings(
        num_train=200,
        batch_size=16,
        large_batch=64,
        num_updates=5,
        num_epochs=1,
        batch_sizes=(16, 64),
        learning_rates=(0.001, 0.01),
        seeds=(0, 1),
        num_alphas=7,
        line_train=50,
        line_test=100,
        sensitive_train=50,
        sensitive_test=50,
        cnn_train=64,
        cnn_updates=3,
        cnn_examples=20,
    ),
    "standard": Settings(),
    "full": Settings(
        network=original.CNN_16_36,
        num_train=None,
        num_updates=9380,
        num_epochs=20,
        batch_sizes=(16, 32, 64, 128, 256, 512, 1024, 4096),
        seeds=tuple(range(10)),
        num_alphas=61,
        line_train=10_000,
        sensitive_train=None,
        sensitive_test=None,
        cnn_train=None,
        cnn_updates=9380,
        cnn_examples=10_000,
    ),
}

STARTS = {"shared": "one start", "independent": "two starts"}
PAIRS = ("batch", "rate", "same_small", "same_large", "same_high")
TITLES = {
    "batch": "two batch sizes",
    "rate": "two learning rates",
    "same_small": "two seeds, small batch",
    "same_large": "two seeds, large batch",
    "same_high": "two seeds, high rate",
}
COMPARISONS = ("batch", "rate")
"""Pairs whose two recipes differ; the others are two seeds of one recipe."""
SWEEPS = {"updates": "batch size, equal updates", "epochs": "batch size, equal epochs", "rates": "learning rate"}
MEASURES = {"probabilities": "probabilities", "logits": "logits", "loss": "loss"}
OUTCOMES = {"test_loss": "test loss", "gap_loss": "gap of the loss", "gap_accuracy": "gap of the accuracy"}
SECOND_ORDER = 1000
"""Added to the seed of the initial weights, it is the seed of the order of examples of a second solution, which no first one has."""


# ---------------------------------------------------------------------------------------------------------------------
# Trainings


def sweep_training(
    batch_size: int,
    seed: int,
    *,
    num_train: int | None,
    learning_rate: float,
    num_updates: int | None = None,
    num_epochs: int | None = None,
) -> Train:
    """One run of the sweep, with equal updates or equal epochs (exactly one of the two is given)."""
    if (num_updates is None) == (num_epochs is None):
        raise ValueError(
            f"num_updates is {num_updates} and num_epochs {num_epochs}; expected a number for one and None for the other"
        )
    data = MNIST(num_train)
    if num_updates is None:
        assert num_epochs is not None
        num_updates = num_epochs * math.ceil(data.sizes[0] / batch_size)
    return Train(NETWORK, data, Recipe(learning_rate, num_updates, batch_size), seed)


def sweeps(settings: Settings) -> dict[str, dict[float, list[Train]]]:
    """The runs of each sweep by what is varied, one a seed."""
    common = {"num_train": settings.num_train, "learning_rate": settings.learning_rate}
    updates, epochs = {"num_updates": settings.num_updates}, {"num_epochs": settings.num_epochs}
    return {
        "updates": {
            size: [sweep_training(size, seed, **common, **updates) for seed in settings.seeds] for size in settings.batch_sizes
        },
        "epochs": {
            size: [sweep_training(size, seed, **common, **epochs) for seed in settings.seeds] for size in settings.batch_sizes
        },
        "rates": {
            rate: [
                sweep_training(settings.batch_size, seed, **common | {"learning_rate": rate}, **updates)
                for seed in settings.seeds
            ]
            for rate in settings.learning_rates
        },
    }


def recipes(settings: Settings) -> dict[str, tuple[Recipe, Recipe]]:
    """The recipes of the two solutions of each pair."""
    small, large, high = (
        Recipe(rate, settings.num_updates, size)
        for size, rate in (
            (settings.batch_size, settings.learning_rate),
            (settings.large_batch, settings.learning_rate),
            (settings.batch_size, settings.high_rate),
        )
    )
    return dict(zip(PAIRS, ((small, large), (small, high), (small, small), (large, large), (high, high)), strict=True))


def ends(network: Network, data: MNIST, pair: tuple[Recipe, Recipe], seed: int, initial_seed: int) -> tuple[Train, Train]:
    """Two solutions, the second with the initial weights of ``initial_seed``; their orders of examples always differ."""
    second = Train(network, data, pair[1], SECOND_ORDER + initial_seed, initial_seed=initial_seed, checkpoint_at=(0,))
    return Train(network, data, pair[0], seed), second


def lines(settings: Settings) -> dict[str, dict[str, list[LineLoss]]]:
    """The lines of each pair by start, one a seed."""
    data, seeds = MNIST(settings.num_train), settings.seeds
    # The second solution of a pair of two starts is the one that shares its start with the neighbour, 0 with 1 and 2 with 3: each training serves in both, and more seeds change no pair.
    initial_seeds = {"shared": seeds, "independent": tuple(seed ^ 1 for seed in seeds)}
    return {
        name: {
            start: [
                _line(*ends(settings.network, data, pair, seed, initial_seed), settings)
                for seed, initial_seed in zip(seeds, initial_seeds[start], strict=True)
            ]
            for start in STARTS
        }
        for name, pair in recipes(settings).items()
    }


def _alphas(settings: Settings) -> tuple[float, ...]:
    return tuple(np.linspace(-1, 2, settings.num_alphas).round(6).tolist())


def _line(first: Train, second: Train, settings: Settings) -> LineLoss:
    return LineLoss(Checkpoint(first), Checkpoint(second), _alphas(settings), settings.line_train, settings.line_test)


def cnn_lines(settings: Settings) -> dict[str, LineLoss]:
    """One pair of learning rates of the seed report's network, by start."""
    data, number = _cnn_data(settings), settings.cnn_examples
    low, high = (replace(recipe, num_updates=settings.cnn_updates) for recipe in recipes(settings)["rate"])
    pairs = {
        start: ends(original.CNN_16_36, data, (low, high), 0, initial_seed)
        for start, initial_seed in zip(STARTS, (0, 1), strict=True)
    }
    return {
        start: LineLoss(Checkpoint(first), Checkpoint(second), _alphas(settings), number, number)
        for start, (first, second) in pairs.items()
    }


def _cnn_data(settings: Settings) -> MNIST:
    return MNIST(settings.cnn_train, num_held_out=2 * settings.cnn_examples)


def mix(settings: Settings) -> dict[str, Train]:
    """Five models as the seed report mixes them: one CNN and two DNNs for the batch size, a DNN and a CNN for the learning rate."""
    middle = math.isqrt(settings.batch_size * settings.large_batch)
    models = {
        "1: CNN": (original.CNN_16_36, settings.batch_size, settings.learning_rate),
        "2: DNN": (NETWORK, middle, settings.learning_rate),
        "3: another DNN": (SECOND_DNN, settings.large_batch, settings.learning_rate),
        "4: DNN": (NETWORK, settings.batch_size, settings.learning_rate),
        "5: CNN": (original.CNN_16_36, settings.batch_size, settings.high_rate),
    }
    return {
        name: Train(network, _cnn_data(settings), Recipe(rate, settings.cnn_updates, size), 0)
        for name, (network, size, rate) in models.items()
    }


# ---------------------------------------------------------------------------------------------------------------------
# Measurement


def run(settings: Settings = PRESETS["standard"]) -> Result:
    line_jobs, sweep_jobs, mix_jobs = lines(settings), sweeps(settings), mix(settings)
    jobs = {
        "lines": line_jobs,
        "start": [LineLoss(Checkpoint(job.end.of, 0), job.end, job.alphas, job.num_train, job.num_test) for job in line_jobs["same_small"]["shared"]],
        "cnn": cnn_lines(settings),
        "sweeps": sweep_jobs,
        "sensitivities": {
            sweep: {
                at: [Sensitivity(run, settings.sensitive_train, settings.sensitive_test) for run in runs]
                for at, runs in by_value.items()
            }
            for sweep, by_value in sweep_jobs.items()
        },
        "mix": mix_jobs,
        "mix_sensitivities": {name: Sensitivity(job, settings.cnn_examples, settings.cnn_examples) for name, job in mix_jobs.items()},
    }  # fmt: skip
    found = gather(jobs)
    measured = {
        sweep: {at: [_scores(*pair) for pair in zip(runs, found["sensitivities"][sweep][at], strict=True)] for at, runs in by_value.items()}
        for sweep, by_value in found["sweeps"].items()
    }  # fmt: skip
    mixed = {name: _scores(found["mix"][name], found["mix_sensitivities"][name]) for name in mix_jobs}
    metrics = {
        "num_parameters": Metric(settings.network.num_parameters),
        "num_parameters_sweep": Metric(NETWORK.num_parameters),
        "num_parameters_cnn": Metric(original.CNN_16_36.num_parameters),
        "num_updates": Metric(settings.num_updates),
        "num_train": Metric(MNIST(settings.num_train).sizes[0]),
        "batch_size": Metric(settings.batch_size),
        "large_batch": Metric(settings.large_batch),
        "smallest_batch": Metric(min(settings.batch_sizes)),
        "largest_batch": Metric(max(settings.batch_sizes)),
        "fewest_updates": Metric(
            settings.num_epochs * math.ceil(MNIST(settings.num_train).sizes[0] / max(settings.batch_sizes))
        ),
        "most_updates": Metric(settings.num_epochs * math.ceil(MNIST(settings.num_train).sizes[0] / min(settings.batch_sizes))),
        "learning_rate": Metric(settings.learning_rate, digits=1),
        "high_rate": Metric(settings.high_rate, digits=1),
        "cnn_updates": Metric(settings.cnn_updates),
        "judging_images": Metric(settings.line_test // 2),
        **_line_metrics(found["lines"], found["start"], settings.line_test // 2),
        **_sweep_metrics(measured),
        "mix_ratio": _ratio(mixed["4: DNN"]["test_loss_norm"], mixed["1: CNN"]["test_loss_norm"]),
    }
    shown = {
        **_line_figures(found["lines"], found["start"], found["cnn"], metrics, settings),
        **_sweep_figures(measured, metrics, settings),
        **_mix_figure(mix_jobs, mixed, settings),
    }
    return Result(metrics, shown)


def _line_metrics(
    found: Mapping[str, Mapping[str, Sequence[Line]]], start: Sequence[Line], judging_images: int
) -> dict[str, Metric]:
    metrics = {"barrier_start": Metric.over_seeds([barrier_height(line.alphas, line.train_loss) for line in start])}
    heights = {}
    for pair, start_kind in ((pair, kind) for pair in PAIRS for kind in STARTS):
        kind, runs = f"{pair}_{start_kind}", found[pair][start_kind]
        heights[kind] = [barrier_height(line.alphas, line.train_loss) for line in runs]
        accuracy = [choose_between(line.alphas, _accuracies(line), np.argmax) for line in runs]
        loss = [choose_between(line.alphas, line.half_loss, np.argmin) for line in runs]
        metrics |= {
            f"barrier_{kind}": Metric.over_seeds(heights[kind]),
            f"test_barrier_{kind}": Metric.over_seeds([barrier_height(line.alphas, line.test_loss) for line in runs]),
            f"best_alpha_{kind}": Metric.over_seeds([item.alpha for item in accuracy], summary="median", digits=2),
            # Whole images: differences of shares that cancel would leave a mean of rounding errors.
            f"gain_{kind}": Metric.over_seeds(
                [round((item.score - item.end_score) * judging_images) for item in accuracy], "images"
            ),
            f"gain_loss_{kind}": Metric.over_seeds([item.score - item.end_score for item in loss]),
            f"best_alpha_loss_{kind}": Metric.over_seeds([item.alpha for item in loss], summary="median", digits=2),
        }
        if pair in COMPARISONS:
            metrics |= {
                f"best_{kind}": Metric.over_seeds([item.score for item in accuracy], "%", digits=4),
                f"end_{kind}": Metric.over_seeds([item.end_score for item in accuracy], "%", digits=4),
            }
        if pair in COMPARISONS and start_kind == "independent":
            worst = [choose_between(line.alphas, _accuracies(line), np.argmin) for line in runs]
            metrics |= {
                f"worst_{kind}": Metric.over_seeds([item.score for item in worst], "%"),
                f"worse_end_{kind}": Metric.over_seeds([item.end_score for item in worst], "%", digits=4),
            }
    for pair, other in (("batch", "same_large"), ("rate", "same_high")):
        for kind in STARTS:
            controls = zip(heights[f"same_small_{kind}"], heights[f"{other}_{kind}"], strict=True)
            metrics[f"control_{pair}_{kind}"] = Metric.over_seeds([sum(both) / 2 for both in controls])
    return metrics


def _accuracies(line: Line) -> np.ndarray:
    assert line.half_accuracy is not None
    return line.half_accuracy


Scores = dict[str, float]


def _scores(run: Classification, sensitivity: MeanSensitivity) -> Scores:
    return {
        "train_loss": float(run.final_train_loss),
        "test_loss": float(run.final_test_loss),
        "gap_loss": float(run.gap_loss),
        "train_accuracy": float(run.final_train_accuracy),
        "test_accuracy": float(run.final_test_accuracy),
        "gap_accuracy": float(run.gap_accuracy),
        **{f"{split}_{name}_norm": getattr(sensitivity, f"{split}_{name}") for split in ("train", "test") for name in MEASURES},
    }


Sweep = Mapping[float, Sequence[Scores]]
# Its sensitivity is exactly 0: a ratio with it is 0 or infinite, and so is a geometric mean that counts it in.
DEAD = Metric.not_measured(
    why="no number (a network died)",
    remedy="a network that answers the same to every image has a sensitivity of zero; a lower learning rate would keep it alive",
)


def _geometric(values: Sequence[float]) -> Metric:
    """Geometric mean over seeds; no number where one of the values is 0, as the sensitivity of a dead network is."""
    return Metric.over_seeds(values, summary="geometric mean") if min(values) > 0 else DEAD


def _ratio(above: float, below: float) -> Metric:
    """One number over another; none where the other is 0."""
    return Metric.once(above / below) if below > 0 else DEAD


def _correlations(sweep: Sweep, of: str, outcome: str | None = None) -> Metric:
    """Rank correlation over the values of the sweep, one a seed: of a score with another, or with what is varied."""
    runs = [[sweep[at][seed] for at in sorted(sweep)] for seed in range(len(next(iter(sweep.values()))))]
    others = [[float(at) for at in sorted(sweep)] if outcome is None else [scores[outcome] for scores in run] for run in runs]
    return Metric.over_seeds(
        [rank_correlation([scores[of] for scores in run], other) for run, other in zip(runs, others, strict=True)]
    )


def _sweep_metrics(measured: Mapping[str, Sweep]) -> dict[str, Metric]:
    metrics = {}
    for name, sweep in measured.items():
        for which, at in (("small", min(sweep)), ("large", max(sweep))):
            metrics[f"accuracy_{name}_{which}"] = Metric.over_seeds([run["test_accuracy"] for run in sweep[at]], "%", digits=4)
            if name != "rates":
                metrics[f"gap_{name}_{which}"] = Metric.over_seeds([run["gap_accuracy"] for run in sweep[at]], "points")
        pairs = [
            (large["test_loss_norm"], small["test_loss_norm"])
            for large, small in zip(sweep[max(sweep)], sweep[min(sweep)], strict=True)
        ]
        alive = min(map(min, pairs)) > 0
        metrics[f"ratio_loss_{name}"] = _geometric([large / small for large, small in pairs]) if alive else DEAD
        if name != "rates":
            metrics |= {
                f"trend_{measure}_{name}": _correlations(sweep, f"test_{measure}_norm") for measure in ("logits", "loss")
            }
        for measure in MEASURES:
            for outcome in OUTCOMES:
                metrics[f"rank_{measure}_{outcome}_{name}"] = _correlations(sweep, f"test_{measure}_norm", outcome)
    return metrics


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def _panels(by_start: Mapping[str, Sequence[Line]]) -> dict[str, dict[str, charts.Series]]:
    """Loss and accuracy by start, on training and test images."""
    panels = {}
    for what, scale in (("loss", 1), ("accuracy", 100)):
        for start, runs in by_start.items():
            panels[f"{what}, {STARTS[start]}"] = {
                f"{split} images": charts.Series(
                    runs[0].alphas,
                    [scale * getattr(run, f"{'train' if split == 'training' else split}_{what}") for run in runs],
                )
                for split in ("training", "test")
            }
    return panels


def _axes(panels: Iterable[str]) -> dict[str, charts.Axis]:
    loss, accuracy = charts.Axis("cross-entropy (nats)", log=True), charts.Axis("accuracy (%)")
    return {panel: loss if panel.startswith("loss") else accuracy for panel in panels}


def _line_figures(
    found: Mapping[str, Mapping[str, Sequence[Line]]],
    start: Sequence[Line],
    cnn: Mapping[str, Line],
    metrics: Mapping[str, Metric],
    settings: Settings,
) -> dict:
    names = {
        "batch": (f"batch {settings.batch_size}", f"batch {settings.large_batch:,}"),
        "rate": (f"rate {settings.learning_rate:g}", f"rate {settings.high_rate:g}"),
        "same_small": (f"two seeds, batch {settings.batch_size}, rate {settings.learning_rate:g}",),
        "same_large": (f"two seeds, batch {settings.large_batch:,}, rate {settings.learning_rate:g}",),
        "same_high": (f"two seeds, batch {settings.batch_size}, rate {settings.high_rate:g}",),
    }
    words = (
        f"Weights (1 − α) θ₁ + α θ₂ of the network {settings.network}, evaluated only, in evaluation mode and float32, on {settings.line_train:,} of the images trained on "
        f"and {settings.line_test:,} test images: median and the middle 80 % over {len(settings.seeds)} pairs. Both runs of a pair make {settings.num_updates:,} updates."
    )
    shown = {}
    for pair in COMPARISONS:
        panels, (first, second) = _panels(found[pair]), names[pair]
        shown[f"line_{pair}"] = charts.curves(
            panels, x="α", marks={first: 0, second: 1}, y=_axes(panels),
            caption=f"From {first} (α = 0) to {second} (α = 1). {words}",
            alt=f"Loss and accuracy against alpha from minus one to two, for {first} and {second}, with a common start left and with two starts right.",
        )  # fmt: skip
    controls = {
        f"loss, {title}": {
            names[pair][0].removeprefix("two seeds, "): charts.Series(found[pair][kind][0].alphas, [run.train_loss for run in found[pair][kind]])
            for pair in PAIRS if pair not in COMPARISONS
        }
        for kind, title in STARTS.items()
    }  # fmt: skip
    controls["loss, start to solution"] = {
        f"batch {settings.batch_size}, rate {settings.learning_rate:g}": charts.Series(
            start[0].alphas, [line.train_loss for line in start]
        )
    }
    cnn_panels = _panels({kind: [line] for kind, line in cnn.items()})
    return {
        **shown,
        "controls": charts.curves(
            controls, x="α", marks={"θ₁": 0, "θ₂": 1}, y=_axes(controls),
            caption=f"Controls on the images trained on: two seeds of one recipe, with a common start and with two, and from the initial weights (α = 0) to a solution (α = 1). {words}",
            alt="Loss against alpha between two runs of one recipe, for three recipes, and from the start of a training to its end.",
        ),
        "barriers": charts.table(
            ("between", "starts", "barrier, training loss", "barrier, test loss"),
            [
                (TITLES[pair], STARTS[kind], metrics[f"barrier_{pair}_{kind}"], metrics[f"test_barrier_{pair}_{kind}"])
                for pair in PAIRS for kind in STARTS
            ],
            caption="Height of the barrier in nats: the most by which the loss rises above the straight line between the losses of the two ends. It is never negative, so it is held "
                    "against that of two seeds of one recipe. Means over pairs with 95 % t intervals.",
        ),
        "best": charts.table(
            ("between", "starts", "best α by accuracy", "gain in accuracy", "best α by loss", "change of the loss"),
            [
                (
                    TITLES[pair], STARTS[kind],
                    metrics[f"best_alpha_{pair}_{kind}"].value, metrics[f"gain_{pair}_{kind}"],
                    metrics[f"best_alpha_loss_{pair}_{kind}"].value, metrics[f"gain_loss_{pair}_{kind}"],
                )
                for pair in PAIRS for kind in STARTS
            ],
            caption="The best point strictly between two solutions against the better of the two. Point and solution are chosen on one half of the test images; gain and change are "
                    f"measured on the other, the gain in images read correctly of {settings.line_test // 2:,}. A positive gain and a negative change speak for the point between. Median α; means over "
                    "pairs with 95 % t intervals.",
        ),
        "line_cnn": charts.curves(
            cnn_panels, x="α", marks=dict(zip(names["rate"], (0, 1), strict=True)), y=_axes(cnn_panels),
            caption=f"The seed report's network, {original.CNN_16_36}, at two learning rates: one pair of each kind, no seeds and no verdict. {settings.cnn_updates:,} updates with batch "
                    f"{settings.batch_size}; {settings.cnn_examples:,} images of each kind; float32, evaluation mode.",
            alt="Loss and accuracy of a convolutional network against alpha, with a common start left and with two starts right.",
        ),
    }  # fmt: skip


def _sweep_figures(measured: Mapping[str, Sweep], metrics: Mapping[str, Metric], settings: Settings) -> dict:
    held = {
        "updates": f"every run makes {settings.num_updates:,} updates",
        "epochs": f"every run makes {settings.num_epochs} passes over its images, so that a larger batch makes fewer updates",
        "rates": f"every run makes {settings.num_updates:,} updates with batch {settings.batch_size}",
    }
    shown = {
        f"sweep_{name}": charts.trend(
            {
                "loss": {title: _trend(sweep, f"{split}_loss") for split, title in SPLITS.items()},
                "accuracy": {title: _trend(sweep, f"{split}_accuracy") for split, title in SPLITS.items()},
                "sensitivity of probabilities and loss": {
                    f"{MEASURES[of]}, {title}": _trend(sweep, f"{split}_{of}_norm")
                    for of in ("probabilities", "loss") for split, title in SPLITS.items()
                },
                "sensitivity of the logits": {title: _trend(sweep, f"{split}_logits_norm") for split, title in SPLITS.items()},
            },
            x=charts.Axis("learning rate, in thousandths" if name == "rates" else "batch size", log=True),
            y={
                "loss": charts.Axis("cross-entropy (nats)", log=True), "accuracy": "accuracy (%)",
                **dict.fromkeys(("sensitivity of probabilities and loss", "sensitivity of the logits"), charts.Axis("norm, per unit of a pixel", log=True)),
            },
            caption=f"{SWEEPS[name].capitalize()}: {held[name]}. Network {NETWORK}, {len(settings.seeds)} seeds, means with 95 % t "
                    f"intervals, of losses and sensitivities geometric means with intervals of the logarithms. Left out is a point where a network "
                    f"died and has a sensitivity of zero. Sensitivity is the mean over {_count(settings.sensitive_train)} training and {_count(settings.sensitive_test)} test images; float32, evaluation mode.",
            alt=f"Loss, accuracy and sensitivity on training and test images against the {SWEEPS[name]}.",
        )
        for name, sweep in measured.items()
    }  # fmt: skip
    return {
        **shown,
        "correlations": charts.table(
            ("what varies", "sensitivity of the", *(f"with the {outcome}" for outcome in OUTCOMES.values())),
            [
                (title, MEASURES[measure], *(metrics[f"rank_{measure}_{outcome}_{name}"] for outcome in OUTCOMES))
                for name, title in SWEEPS.items() for measure in MEASURES
            ],
            caption=f"Spearman's rank correlation of the sensitivity on test images with the test loss and with the gaps: one correlation a seed over the {len(settings.batch_sizes)} batch sizes or "
                    f"{len(settings.learning_rates)} learning rates, then the mean over seeds with its 95 % t interval. Gaps are positive where test images fare worse.",
        ),
    }  # fmt: skip


def _count(number: int | None) -> str:
    return "all" if number is None else f"{number:,}"


SPLITS = {"train": "training images", "test": "test images"}


def _trend(sweep: Sweep, score: str) -> dict[float, Metric]:
    # Learning rates in thousandths, which an axis can write.
    values = {(1000 * at if at < 1 else at): [run[score] for run in runs] for at, runs in sweep.items()}
    if score.endswith("accuracy"):
        return {at: Metric.over_seeds(column, "%") for at, column in values.items()}
    return {at: _geometric(column) for at, column in values.items()}


def _mix_figure(jobs: Mapping[str, Train], mixed: Mapping[str, Scores], settings: Settings) -> dict:
    rows = [
        (
            f"{name}, {job.network}", job.network.num_parameters, job.recipe.batch_size or 0, f"{job.recipe.learning_rate:g}", title,
            Metric(mixed[name][f"{split}_accuracy"], "%"), mixed[name][f"{split}_loss"], *(mixed[name][f"{split}_{measure}_norm"] for measure in MEASURES),
        )
        for name, job in jobs.items() for split, title in (("train", "training"), ("test", "test"))
    ]  # fmt: skip
    columns = (
        "model", "parameters", "batch", "rate", "images", "accuracy", "loss", *(f"sensitivity, {name}" for name in MEASURES.values())
    )  # fmt: skip
    return {
        "mix": charts.table(
            columns, rows,
            caption=f"Five models as the seed report mixes them, one run each: {settings.cnn_updates:,} updates on the same {_cnn_data(settings).sizes[0]:,} images; "
                    f"sensitivity on {min(settings.cnn_examples, _cnn_data(settings).sizes[0]):,} training and {settings.cnn_examples:,} test images.",
        )
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Claims

BEST_WHY = "the best is the best, by however little; one half of the test images chooses, the other judges"
TEN_IMAGES = 0.001
TEN_IMAGES_WHY = "a tenth of a point is ten of the 10,000 test images"
TENTH_OF_GUESSING = math.log(10) / 10
TENTH_WHY = "a tenth of the loss of guessing among ten classes, which is ln 10"
HUNDREDTH_WHY = "a hundredth of the loss of guessing among ten classes, which is ln 10"
TENTH_MORE = 1.1
RATIO_WHY = "a change by less than a tenth is hard to see on a logarithmic axis"
CLEAR = 0.5
CLEAR_WHY = "half-way from no order to perfect order; nearer to none we would not speak of a trend"


def _best(start: str):
    return every(
        *(larger(f"best_{pair}_{start}", than=f"end_{pair}_{start}", why=BEST_WHY, paired=True) for pair in COMPARISONS)
    )


CLAIMS = (
    Claim(
        "S14a",
        source="seed 3.3, part 1",
        headline="Between two solutions with starts of their own there is a better one",
        quote=original.QUOTES["S14a"],
        says="Between two solutions that started apart there is a mixture better than both: with two batch sizes the best one reads {best_batch_independent} of unseen digits and the better solution "
        "{end_batch_independent}, with two learning rates {best_rate_independent} and {end_rate_independent}.",
        comments=Comments(
            supported="So a mixture can beat both, even between solutions that started apart.",
            refuted="No: at least one of the two comparisons has no better mixture; the best point lies at an end. The seed trained its mixtures again, which measures something else.",
            inconclusive="The best mixture and the better end cannot be told apart by these seeds.",
        ),
        holds=_best("independent"),
    ),
    Claim(
        "S14b",
        source="seed 3.3, part 1",
        headline="Between two solutions with one start there is a better one",
        quote=original.QUOTES["S14a"],
        says="Between two solutions with a common start there is a mixture better than both: with two batch sizes the best one reads {best_batch_shared} of unseen digits and the better solution "
        "{end_batch_shared}, with two learning rates {best_rate_shared} and {end_rate_shared}.",
        comments=Comments(
            supported="Between two solutions with one start a mixture can beat both.",
            refuted="Even with one start, at least one of the two comparisons has no mixture that beats the better end.",
            inconclusive="With one start it is not decided which is ahead, the best mixture or the better end.",
        ),
        holds=_best("shared"),
    ),
    Claim(
        "S14c",
        source="seed 3.3, part 1",
        headline="At some mixtures of two solutions performance is worse",
        quote=original.QUOTES["S14c"],
        says="Between two solutions that started apart there is a mixture worse than both by more than a tenth of a point: the worst one reads {worst_batch_independent} of unseen digits and the worse "
        "solution {worse_end_batch_independent} with two batch sizes, {worst_rate_independent} and {worse_end_rate_independent} with two learning rates.",
        comments=Comments(
            supported="This half of the sentence holds: on the way between the two there is a mixture that reads fewer digits than either.",
            refuted="In at least one of the two comparisons no mixture is worse than both ends by more than a tenth of a point.",
            inconclusive="Whether some mixture is worse than both ends is not decided in both comparisons.",
        ),
        holds=every(
            *(
                smaller(
                    f"worst_{pair}_independent",
                    than=f"worse_end_{pair}_independent",
                    by=TEN_IMAGES,
                    why=TEN_IMAGES_WHY,
                    paired=True,
                )
                for pair in COMPARISONS
            )
        ),
    ),
    Claim(
        "start-decides",
        source="ours",
        headline="Whether there is a barrier depends on the start",
        says="The barrier between solutions that started apart is higher than between those with a common start by more than a tenth of the loss of guessing: {barrier_batch_independent} against "
        "{barrier_batch_shared} with two batch sizes, {barrier_rate_independent} against {barrier_rate_shared} with two learning rates.",
        holds=every(
            *(
                larger(
                    f"barrier_{pair}_independent",
                    than=f"barrier_{pair}_shared",
                    by=TENTH_OF_GUESSING,
                    why=TENTH_WHY,
                    paired=True,
                )
                for pair in COMPARISONS
            )
        ),
    ),
    Claim(
        "recipe-adds-barrier",
        source="ours",
        headline="Two recipes make a higher barrier than two seeds of one recipe",
        says="With starts of their own, the barrier between two recipes is higher than between two seeds of one recipe by more than a tenth of the loss of guessing: {barrier_batch_independent} against {control_batch_independent} for two batch "
        "sizes, {barrier_rate_independent} against {control_rate_independent} for two learning rates.",
        holds=every(
            *(
                larger(
                    f"barrier_{pair}_independent",
                    than=f"control_{pair}_independent",
                    by=TENTH_OF_GUESSING,
                    why=TENTH_WHY,
                    paired=True,
                )
                for pair in COMPARISONS
            )
        ),
    ),
    Claim(
        "same-basin",
        source="Sagun et al. 2017",
        headline="Small and large batch with one start lie in one basin",
        says="From a common start, the barrier between batch {batch_size} and {large_batch} is at most a hundredth of the loss of guessing: {barrier_batch_shared}.",
        published='small- and large-batch solutions "are in fact connected through their flat region and so belong to the same basin" (one version of the abstract).',
        holds=at_most("barrier_batch_shared", math.log(10) / 100, why=HUNDREDTH_WHY),
    ),
    Claim(
        "S15a",
        source="seed 3.3, part 2",
        headline="Batch size and learning rate change performance",
        quote=original.QUOTES["S15a"],
        says="From the smallest to the largest value the test accuracy changes by more than a tenth of a point: from {accuracy_updates_small} to {accuracy_updates_large} with the batch size at equal "
        "updates, from {accuracy_epochs_small} to {accuracy_epochs_large} at equal epochs, from {accuracy_rates_small} to {accuracy_rates_large} with the learning rate.",
        comments=Comments(
            supported="Yes, in all three sweeps; in which direction, the numbers say.",
            refuted="In at least one of the three sweeps the test accuracy stays within a tenth of a point.",
            inconclusive="Not all three sweeps show a change for certain.",
        ),
        holds=every(
            *(
                different(
                    f"accuracy_{sweep}_large", to=f"accuracy_{sweep}_small", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True
                )
                for sweep in SWEEPS
            )
        ),
    ),
    Claim(
        "S15b",
        source="seed 3.3, part 2",
        headline="Batch size and learning rate change sensitivity",
        quote=original.QUOTES["S15b"],
        says="From the smallest to the largest value the sensitivity of the loss on test images, the course's definition, changes by more than a tenth; the factors: {ratio_loss_updates} with the "
        "batch size at equal updates, {ratio_loss_epochs} at equal epochs, {ratio_loss_rates} with the learning rate.",
        comments=Comments(
            supported="Yes, in all three sweeps; in which direction, the factors say.",
            refuted="In at least one of the three sweeps the sensitivity stays within a tenth.",
            inconclusive="Not all three sweeps show a change for certain.",
        ),
        holds=every(
            *(away_from(f"ratio_loss_{sweep}", 1 / TENTH_MORE, TENTH_MORE, why=RATIO_WHY, ratio=True) for sweep in SWEEPS)
        ),
    ),
    *(
        claim
        for (gap_name, accuracy_name), sweep in ((("S15c", "S15d"), "updates"), (("S15e", "S15f"), "epochs"))
        for claim in (
            Claim(
                gap_name,
                source="seed 3.3, part 2",
                headline=f"At equal {sweep}, large batches have the wider gap",
                quote=original.QUOTES["S15c"],
                says=f"At equal {sweep}, going from batch {{smallest_batch}} to {{largest_batch}} widens the gap of the accuracy by more than a tenth of a point: from {{gap_{sweep}_small}} to "
                f"{{gap_{sweep}_large}}.",
                comments=Comments(
                    supported=f"At equal {sweep} the gap widens, as the course's slide says, whose words the seed took over.",
                    refuted=f"At equal {sweep} the gap does not widen by that much; the sentence is the course's slide, and rests on none of the seed's figures.",
                    inconclusive=f"At equal {sweep} these seeds leave the gap open.",
                ),
                holds=larger(f"gap_{sweep}_large", than=f"gap_{sweep}_small", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True),
            ),
            Claim(
                accuracy_name,
                source="seed 3.3, part 2",
                headline=f"At equal {sweep}, large batches read fewer unseen images",
                quote=original.QUOTES["S15c"],
                says=f"At equal {sweep}, going from batch {{smallest_batch}} to {{largest_batch}} lowers the test accuracy by more than a tenth of a point: from {{accuracy_{sweep}_small}} to "
                f"{{accuracy_{sweep}_large}}.",
                comments=Comments(
                    supported=f"At equal {sweep} the large batch does read fewer unseen images.",
                    refuted=f"At equal {sweep} the large batch does not read fewer unseen images by that much.",
                    inconclusive=f"At equal {sweep} these seeds leave the accuracy on unseen images open.",
                ),
                holds=smaller(
                    f"accuracy_{sweep}_large", than=f"accuracy_{sweep}_small", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True
                ),
            ),
        )
    ),
    Claim(
        "updates-not-batch",
        source="ours",
        headline="With the batch size the sensitivity of the logits rises at equal updates and falls at equal epochs",
        says="The sensitivity of the logits rises with the batch size where all make as many updates and falls where all make as many passes: rank correlation {trend_logits_updates} and "
        "{trend_logits_epochs}.",
        holds=every(
            at_least("trend_logits_updates", CLEAR, why=CLEAR_WHY, furthest=1.0),
            at_most("trend_logits_epochs", -CLEAR, why=CLEAR_WHY, furthest=1.0),
        ),
    ),
    Claim(
        "sensitivity-and-gap",
        source="Novak et al. 2018",
        headline="The more sensitive network has the wider gap",
        says="The sensitivity of the probabilities on test images and the gap of the accuracy rise together, with a rank correlation of at least one half: {rank_probabilities_gap_accuracy_updates} over "
        "the batch sizes at equal updates, {rank_probabilities_gap_accuracy_epochs} at equal epochs, {rank_probabilities_gap_accuracy_rates} over the learning rates.",
        published='the Jacobian norm "correlates well with generalization" over thousands of networks (abstract; the paper shows scatter plots, no table).',
        holds=every(
            *(at_least(f"rank_probabilities_gap_accuracy_{sweep}", CLEAR, why=CLEAR_WHY, furthest=1.0) for sweep in SWEEPS)
        ),
    ),
    Claim(
        "sensitivity-and-test-loss",
        source="ours",
        headline="The more sensitive network is worse on unseen images",
        says="The sensitivity of the probabilities on test images and the test loss rise together, with a rank correlation of at least one half: {rank_probabilities_test_loss_updates} over "
        "the batch sizes at equal updates, {rank_probabilities_test_loss_epochs} at equal epochs, {rank_probabilities_test_loss_rates} over the learning rates.",
        holds=every(
            *(at_least(f"rank_probabilities_test_loss_{sweep}", CLEAR, why=CLEAR_WHY, furthest=1.0) for sweep in SWEEPS)
        ),
    ),
)
