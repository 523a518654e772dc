"""Is a large-batch minimum sharper, and does it matter?

Keskar and others (2017) trained one network on MNIST with a small and a large batch and found the large-batch minimum two orders of magnitude sharper, closer to the start, and a little worse. We
measure their sharpness on their network with their two fractions of the data, beside the largest Hessian eigenvalue, the trace, an adaptive sharpness and distances; change the sharpness of
a network at will without changing its function; and ask, over ten batch sizes of a smaller network, whether any of it goes with the generalisation gap. Equal epochs and equal updates are different
experiments, so the smaller network goes through both.
"""

import math
from dataclasses import dataclass

import numpy as np

from experiments import original
from experiments.flatness import NETWORK, sweep_training
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import Line, LineLoss
from lab.models import MLP
from lab.sharpness import Curvature, HessianSize, Rescaled, Rescaling, Sharpness, Worst
from lab.statistics import rank_correlation
from lab.trained import Classification
from lab.training import Recipe, Train, Weights
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, at_most, every, larger, times_equal, times_smaller
from measured.jobs import gather

# Seconds of one worker (processor time). F1 has 1.46 million weights and takes 2.9 MFLOP an image forward: an update of 43 images takes 8 ms, one of 1,000 95 ms, and it judges 22,000 images a
# second; loss and gradient of 500 images in float64 take 0.12 s, SciPy's own work on 1.46 million bounds 5 s a search, a Hessian product on 250 images 0.18 s.
#   F1 trainings        5 seeds x (2,330 updates of 43, 100 of 1,000, 40,000 images judged)      5 x (21 + 10.5) s = 158 s
#   F1 full space       (5 + 3) seeds x 2 batches x (14 evaluations and the search)              16 x 7.6 s        = 122 s
#   F1 subspaces        3 seeds x 2 batches x 2 boxes x (a matrix of 584 MB, 12 to 22 evaluations) 12 x 7.4 s      =  89 s
#   F1 adaptive         3 seeds x 2 batches                                                      6 x 7.5 s         =  45 s
#   F1 Hessians         5 seeds x 2 batches x 19 products                                        10 x 3.7 s        =  37 s
#   F1 line             31 points x 5,000 images, statistics included                                              =   6 s
#   small trainings     8 seeds x (24, 48, 96) x 2 sweeps; the other sizes are those of flatness 8 x 10.4 s        =  83 s
#   small measures      8 seeds x 10 sizes x 2 sweeps x (2 searches and 19 products, 500 images) 160 x 0.45 s      =  72 s
#   rescaling           8 seeds x 5 factors                                                      8 x 2.5 s         =  20 s


@dataclass(frozen=True)
class Settings:
    network: MLP = MLP(28 * 28, (512,) * 5, 10, batch_norm=True)
    """The paper's F1; its layout is from memory of the paper's appendix."""
    num_train: int | None = 10_000
    """Training images, the same for all runs; not set (None) for all 60,000."""
    small_batch: int = 43
    """The paper's 256 of 60,000 images, as a share of the training images."""
    large_batch: int = 1000
    """The paper's tenth of the training images."""
    learning_rate: float = 0.001
    """Of Adam, constant."""
    epochs: int = 10
    """Passes of F1 over the training images with either batch."""
    f1_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Runs of F1 with either batch, which start at the same weights."""
    few_seeds: tuple[int, ...] = (0, 1, 2)
    """Runs of F1 for which the other boxes are measured: half the size, the subspaces, the adaptive one. Claims rest on none of these."""
    f1_examples: int | None = 500
    """Training images behind the sharpness of F1, the first ones; not set (None) for all."""
    f1_hessian_examples: int | None = 250
    """Training images behind the Hessian of F1; not set (None) for all."""
    num_alphas: int = 31
    """Points on the line between two solutions of F1, from -1 to 2."""
    line_examples: int = 1000
    """Training and test images on that line, each."""
    epsilon: float = 1e-3
    """Size of the paper's box; half of it is measured on F1 as well."""
    subspace: int = 100
    """Dimension of the paper's random subspace."""
    adaptive_epsilon: float = 1e-2
    """Size of the adaptive box: the share of its own size by which each weight may move."""
    num_probes: int = 6
    """Random sign vectors of each trace."""
    batch_sizes: tuple[int, ...] = (16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
    """Mini-batches of the smaller network."""
    num_updates: int = 1500
    """Updates of the smaller network, where they are equal."""
    num_epochs: int = 15
    """Passes of the smaller network over the training images, where these are equal."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs of the smaller network at each batch size."""
    num_examples: int | None = 500
    """Training images behind sharpness and Hessian of the smaller network, the first ones; not set (None) for all."""
    factors: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    """What the first layer of the smaller network is multiplied by, and the second divided by; 1 must be among them."""
    rescaled_seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs of the smaller network that are rescaled."""

    @property
    def is_the_papers(self) -> bool:
        """Whether F1 is trained as in the paper, so that its table can be judged."""
        return self.num_train is None and (self.small_batch, self.large_batch) == (256, 6000)


PRESETS = {
    "quick": Settings(
        network=MLP(28 * 28, (6, 6), 10, batch_norm=True),
        num_train=200,
        small_batch=10,
        large_batch=20,
        epochs=1,
        f1_seeds=(0, 1),
        few_seeds=(0, 1),
        f1_examples=30,
        f1_hessian_examples=30,
        num_alphas=4,
        line_examples=30,
        subspace=4,
        num_probes=2,
        batch_sizes=(16, 64),
        num_updates=5,
        num_epochs=1,
        seeds=(0, 1),
        num_examples=30,
        factors=(0.1, 1.0),
        rescaled_seeds=(0, 1),
    ),
    "standard": Settings(),
    "full": Settings(
        num_train=None,
        small_batch=256,
        large_batch=6000,
        epochs=100,
        few_seeds=(0, 1, 2, 3, 4),
        f1_examples=None,
        f1_hessian_examples=None,
        num_alphas=61,
        line_examples=10_000,
        num_probes=30,
        batch_sizes=(16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 4096),
        num_updates=9380,
        num_epochs=20,
        seeds=tuple(range(20)),
        num_examples=None,
        rescaled_seeds=tuple(range(20)),
    ),
}

SIDES = ("small", "large")
EQUAL = {"epochs": "equal epochs", "updates": "equal updates"}
MEASURES = {
    "keskar": "sharpness (Keskar)",
    "top": "largest Hessian eigenvalue",
    "trace": "trace of the Hessian",
    "adaptive": "adaptive sharpness",
    "norm": "norm of the weights",
    "distance": "distance from the start",
}
ENDS = {"epochs": ("keskar", "distance"), "updates": ("keskar", "top", "distance")}
"""Measures that claims compare between the smallest and the largest batch, by what is equal."""
GAPS = {"loss": "gap of the loss", "accuracy": "gap of the accuracy"}
BOXES = {"full": None, "half_full": None, "sub": "subspace", "half_sub": "subspace"}
PUBLISHED = {
    "train": ("training accuracy", "Table 2", "99.66 ± 0.05 %", "99.92 ± 0.01 %"),
    "test": ("test accuracy", "Table 2", "98.03 ± 0.07 %", "97.81 ± 0.07 %"),
    "full": ("sharpness, full space, ε = {whole:g}", "Table 3", "1.23 ± 0.83", "205.14 ± 69.52"),
    "half_full": ("sharpness, full space, ε = {half:g}", "Table 3", "0.61 ± 0.27", "42.90 ± 17.14"),
    "sub": ("sharpness, subspace, ε = {whole:g}", "Table 4, suspect", "0.11 ± 0.00", "9.22 ± 0.56"),
    "half_sub": ("sharpness, subspace, ε = {half:g}", "Table 4, suspect", "0.05 ± 0.00", "9.17 ± 0.14"),
}
"""Keskar et al. 2017, F1: where it stands, mean and standard deviation of 5 runs with the small and with the large batch."""
PUBLISHED_RATIOS = {"full": "167", "half_full": "70", "sub": "84", "half_sub": "183"}
"""Quotients of the means above."""


def f1_training(batch_size: int, seed: int, settings: Settings) -> Train:
    """One run of F1; runs with equal seeds start at the same weights."""
    data = MNIST(settings.num_train)
    updates = settings.epochs * math.ceil(data.sizes[0] / batch_size)
    return Train(settings.network, data, Recipe(settings.learning_rate, updates, batch_size), seed)


def sweeps(settings: Settings) -> dict[str, dict[int, list[Train]]]:
    """The runs of the smaller network by what is equal and by batch size, one a seed."""
    equal = {"epochs": {"num_epochs": settings.num_epochs}, "updates": {"num_updates": settings.num_updates}}
    return {
        name: {
            size: [
                sweep_training(size, seed, num_train=settings.num_train, learning_rate=settings.learning_rate, **length)
                for seed in settings.seeds
            ]
            for size in settings.batch_sizes
        }
        for name, length in equal.items()
    }


def run(settings: Settings = PRESETS["standard"]) -> Result:
    f1 = {
        side: [f1_training(size, seed, settings) for seed in settings.f1_seeds]
        for side, size in zip(SIDES, (settings.small_batch, settings.large_batch), strict=True)
    }
    swept = sweeps(settings)
    middle = settings.batch_sizes[len(settings.batch_sizes) // 2 - 1]
    jobs = {
        "f1": f1,
        "f1_starts": {side: [run.start for run in runs] for side, runs in f1.items()},
        "f1_sharpness": {
            name: {
                side: [_f1_sharpness(run, name, settings) for run in runs if name == "full" or run.seed in settings.few_seeds]
                for side, runs in f1.items()
            }
            for name in BOXES
        },
        "f1_adaptive": {
            side: [
                Sharpness(run, settings.adaptive_epsilon, settings.f1_examples, "adaptive", seed=run.seed)
                for run in runs
                if run.seed in settings.few_seeds
            ]
            for side, runs in f1.items()
        },
        "f1_hessian": {
            side: [Curvature(run, settings.f1_hessian_examples, settings.num_probes, run.seed) for run in runs]
            for side, runs in f1.items()
        },
        "line": LineLoss(
            Checkpoint(f1["small"][0]), Checkpoint(f1["large"][0]), tuple(np.linspace(-1, 2, settings.num_alphas).round(6).tolist()),
            settings.line_examples, settings.line_examples,
        ),
        "sweeps": {
            name: {size: [_measurements(run, settings) for run in runs] for size, runs in by_size.items()}
            for name, by_size in swept.items()
        },
        "rescaled": [
            Rescaling(run, settings.factors, settings.epsilon, settings.adaptive_epsilon, MNIST(settings.num_examples).sizes[0], run.seed)
            for run in swept["updates"][middle]
            if run.seed in settings.rescaled_seeds
        ],
    }  # fmt: skip
    found = gather(jobs)
    measured = {
        name: {size: [_numbers(*parts) for parts in by_seed] for size, by_seed in by_size.items()}
        for name, by_size in found["sweeps"].items()
    }
    metrics = {
        "num_train": Metric(MNIST(settings.num_train).sizes[0]),
        "small_batch": Metric(settings.small_batch),
        "large_batch": Metric(settings.large_batch),
        "epochs": Metric(settings.epochs),
        "updates_small": Metric(f1["small"][0].recipe.num_updates),
        "updates_large": Metric(f1["large"][0].recipe.num_updates),
        "f1_parameters": Metric(settings.network.num_parameters),
        "f1_examples": Metric(MNIST(settings.f1_examples).sizes[0]),
        "f1_hessian_examples": Metric(MNIST(settings.f1_hessian_examples).sizes[0]),
        "num_f1_seeds": Metric(len(settings.f1_seeds)),
        "num_few_seeds": Metric(len(settings.few_seeds)),
        "num_seeds": Metric(len(settings.seeds)),
        "num_examples": Metric(MNIST(settings.num_examples).sizes[0]),
        "small_parameters": Metric(NETWORK.num_parameters),
        "first_batch": Metric(min(settings.batch_sizes)),
        "last_batch": Metric(max(settings.batch_sizes)),
        "images_ratio": Metric(max(settings.batch_sizes) / min(settings.batch_sizes)),
        "num_sizes": Metric(len(settings.batch_sizes)),
        "num_epochs": Metric(settings.num_epochs),
        "num_updates": Metric(settings.num_updates),
        "rescaled_batch": Metric(middle),
    }
    metrics |= _f1_metrics(found, f1, settings)
    metrics |= _sweep_metrics(measured, settings)
    metrics |= _rescaled_metrics(found["rescaled"], settings)
    return Result(metrics, _figures(metrics, found["line"], found["rescaled"], measured, settings))


# ---------------------------------------------------------------------------------------------------------------------
# Measurement


def _f1_sharpness(run: Train, name: str, settings: Settings) -> Sharpness:
    epsilon = settings.epsilon / 2 if name.startswith("half") else settings.epsilon
    dimension = settings.subspace if BOXES[name] else None
    return Sharpness(run, epsilon, settings.f1_examples, subspace=dimension, seed=run.seed)


def _measurements(run: Train, settings: Settings) -> tuple:
    return (
        run,
        run.start,
        Sharpness(run, settings.epsilon, settings.num_examples, seed=run.seed),
        Curvature(run, settings.num_examples, settings.num_probes, run.seed),
        Sharpness(run, settings.adaptive_epsilon, settings.num_examples, "adaptive", seed=run.seed),
    )


def _distance(training: Classification, start: Weights) -> float:
    """From the weights at which the run started, over all parameters."""
    return float(np.linalg.norm(training.weights - start.weights))


def _numbers(
    training: Classification, start: Weights, keskar: Worst, hessian: HessianSize, adaptive: Worst
) -> dict[str, float]:
    """What is known of one run of the smaller network."""
    return {
        "keskar": keskar.phi,
        "top": hessian.top_eigenvalue,
        "trace": hessian.trace,
        "adaptive": adaptive.phi,
        "norm": float(np.linalg.norm(training.weights)),
        "distance": _distance(training, start),
        "loss": float(training.gap_loss),
        "accuracy": float(training.gap_accuracy),
        "test_accuracy": float(training.final_test_accuracy),
        "train_loss": float(training.final_train_loss),
    }


def _f1_metrics(found: dict, f1: dict[str, list[Train]], settings: Settings) -> dict[str, Metric]:
    trained: dict[str, list[Classification]] = found["f1"]
    metrics, columns = {}, {}
    for side, trainings in trained.items():
        columns[side] = {
            "train": [float(item.final_train_accuracy) for item in trainings],
            "test": [float(item.final_test_accuracy) for item in trainings],
            "train_loss": [float(item.final_train_loss) for item in trainings],
            "test_loss": [float(item.final_test_loss) for item in trainings],
            "gap_loss": [float(item.gap_loss) for item in trainings],
            **{name: [item.phi for item in found["f1_sharpness"][name][side]] for name in BOXES},
            "adaptive": [item.phi for item in found["f1_adaptive"][side]],
            "top": [item.top_eigenvalue for item in found["f1_hessian"][side]],
            "trace": [item.trace for item in found["f1_hessian"][side]],
            "trace_standard_error": [item.trace_standard_error for item in found["f1_hessian"][side]],
            "norm": [float(np.linalg.norm(item.weights)) for item in trainings],
            "distance": [_distance(*pair) for pair in zip(trainings, found["f1_starts"][side], strict=True)],
        }
        for name, values in columns[side].items():
            unit = "%" if name in ("train", "test") else ""
            # Claims compare these on logarithms, and so does the table of ratios.
            summary = "mean" if name in ("train", "test", "gap_loss") else "geometric mean"
            metrics[f"{name}_{side}"] = Metric.over_seeds(values, unit, summary, digits=4 if unit else 3)

    def ratio(name: str, over: str = "large", under: str = "small") -> Metric:
        quotients = [a / b for a, b in zip(columns[over][name], columns[under][name], strict=True)]
        return Metric.over_seeds(quotients, summary="geometric mean")

    metrics |= {f"ratio_{name}": ratio(name) for name in (*BOXES, "adaptive", "top", "trace", "norm")}
    metrics["ratio_distance"] = ratio("distance", "small", "large")
    differences = np.subtract(columns["large"]["test"], columns["small"]["test"])
    metrics["accuracy_difference"] = Metric.over_seeds(differences, "points")
    paper = {"ratio": "ratio_full", "distance": "ratio_distance", "test_small": "test_small", "test_large": "test_large"}
    for name, source in paper.items():
        metrics[f"paper_{name}"] = metrics[source] if settings.is_the_papers else Metric.not_measured(metrics[source].unit)
    return metrics


def _sweep_metrics(measured: dict[str, dict[int, list[dict[str, float]]]], settings: Settings) -> dict[str, Metric]:
    metrics, sizes = {}, np.array(settings.batch_sizes)
    for name, by_size in measured.items():
        # One list over the batch sizes for each seed.
        by_seed = list(zip(*by_size.values(), strict=True))
        for measure in MEASURES:
            values = [[run[measure] for run in runs] for runs in by_seed]
            metrics[f"trend_{measure}_{name}"] = Metric.over_seeds([rank_correlation(sizes, row) for row in values])
            for gap in GAPS:
                gaps = [[run[gap] for run in runs] for runs in by_seed]
                metrics[f"rho_{measure}_{gap}_{name}"] = Metric.over_seeds(
                    [rank_correlation(row, other) for row, other in zip(values, gaps, strict=True)]
                )
        for end, size in (("first", min(by_size)), ("last", max(by_size))):
            for measure in ENDS[name]:
                values = [run[measure] for run in by_size[size]]
                metrics[f"{measure}_{end}_{name}"] = Metric.over_seeds(values, summary="geometric mean")
        for gap in GAPS:
            metrics[f"trend_{gap}_{name}"] = Metric.over_seeds(
                [rank_correlation(sizes, [run[gap] for run in runs]) for runs in by_seed]
            )
    return metrics


def _rescaled_metrics(rescaled: list[Rescaled], settings: Settings) -> dict[str, Metric]:
    one, least = settings.factors.index(1.0), settings.factors.index(min(settings.factors))
    return {
        "factor": Metric(min(settings.factors)),
        "rescaled_difference": Metric.over_seeds([item.output_difference.max() for item in rescaled]),
        **{
            f"rescaled_{measure}_{where}": Metric.over_seeds(
                [getattr(item, name)[place] for item in rescaled],
                summary="geometric mean",
                digits=6 if measure == "adaptive" else 3,
            )
            for measure, name in (("keskar", "keskar"), ("top", "top_eigenvalue"), ("adaptive", "adaptive"))
            for where, place in (("one", one), ("least", least))
        },
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def _figures(
    metrics: dict[str, Metric],
    line: Line,
    rescaled: list[Rescaled],
    measured: dict[str, dict[int, list[dict]]],
    settings: Settings,
) -> dict:
    network = settings.network
    setup = (
        f"{network}, {metrics['num_train']} images, {settings.epochs} epochs with batches of {settings.small_batch} and {settings.large_batch:,}, "
        f"Adam at {settings.learning_rate:g}; sharpness on {metrics['f1_examples']} training images, Hessian on {metrics['f1_hessian_examples']}, float64"
    )
    titles = {name: title.format(whole=settings.epsilon, half=settings.epsilon / 2) for name, (title, *_) in PUBLISHED.items()}
    rows = [
        (titles[name], where, small, large, metrics[f"{name}_small"], metrics[f"{name}_large"])
        for name, (_, where, small, large) in PUBLISHED.items()
    ]
    extra = {
        "train_loss": "training loss",
        "test_loss": "test loss",
        "gap_loss": GAPS["loss"],
        "top": MEASURES["top"],
        "trace": MEASURES["trace"],
        "trace_standard_error": "standard error of that estimate, one run",
        "adaptive": f"adaptive sharpness, {settings.adaptive_epsilon:g}",
        "norm": MEASURES["norm"],
        "distance": MEASURES["distance"],
    }
    rows += [(title, "–", "–", "–", metrics[f"{name}_small"], metrics[f"{name}_large"]) for name, title in extra.items()]

    def over_sizes(measure: str, unit: str = "", summary: str = "mean") -> dict[str, dict[float, Metric]]:
        return {
            EQUAL[name]: {
                size: Metric.over_seeds([run[measure] for run in runs], unit, summary)  # pyright: ignore[reportArgumentType]
                for size, runs in by_size.items()
            }
            for name, by_size in measured.items()
        }

    shown = ("keskar", "top", "adaptive", "distance")
    performance = {
        "test_accuracy": "test accuracy",
        "train_loss": "training loss",
        "loss": GAPS["loss"],
        "accuracy": GAPS["accuracy"],
    }
    small = (
        f"{NETWORK}, {metrics['num_train']} images, Adam at {settings.learning_rate:g}, {settings.num_epochs} epochs or {settings.num_updates:,} updates, "
        f"{len(settings.seeds)} seeds"
    )
    relative = {
        "sharpness (Keskar)": [item.keskar for item in rescaled],
        "largest Hessian eigenvalue": [item.top_eigenvalue for item in rescaled],
        "adaptive sharpness": [item.adaptive for item in rescaled],
        "norm of the weights": [item.weight_norm for item in rescaled],
    }
    one = settings.factors.index(1.0)

    def percent(shares: np.ndarray | None) -> np.ndarray:
        assert shares is not None  # MNIST has classes
        return 100 * shares

    return {
        "paper": charts.table(
            ("quantity", "paper", "paper, batch 256", "paper, batch 6,000", f"here, batch {settings.small_batch}", f"here, batch {settings.large_batch:,}"),
            rows,
            caption=f"Keskar et al. 2017, network F1, beside ours. The paper's numbers are means ± standard deviations of 5 runs on all of MNIST; ours have 95 % t intervals over {len(settings.f1_seeds)} "
                    f"seeds, the smaller box, the subspaces and the adaptive sharpness over {len(settings.few_seeds)}: means of accuracies and of the gap, geometric means of "
                    f"the rest. A trace is estimated from {settings.num_probes} random sign vectors. Ours: {setup}.",
        ),
        "ratios": charts.table(
            ("quantity", "paper", "here"),
            [
                *((titles[name], PUBLISHED_RATIOS[name], metrics[f"ratio_{name}"]) for name in BOXES),
                *((extra[name], "–", metrics[f"ratio_{name}"]) for name in ("top", "trace", "adaptive", "norm")),
                ("distance from the start, small over large", "3 to 10 (all networks)", metrics["ratio_distance"]),
            ],
            caption="Large batch over small batch: the paper's means divided, ours the geometric mean over pairs of runs with the same start. The last row is the small batch over the large one.",
        ),
        "line": charts.curves(
            {
                "loss": {
                    "training images": charts.Series(line.alphas, [line.train_loss]),
                    "test images": charts.Series(line.alphas, [line.test_loss]),
                },
                "accuracy": {
                    "training images": charts.Series(line.alphas, [percent(line.train_accuracy)]),
                    "test images": charts.Series(line.alphas, [percent(line.test_accuracy)]),
                },
            },
            x="α", y={"loss": charts.Axis("cross-entropy (nats)", log=True), "accuracy": "accuracy (%)"},
            marks={f"batch {settings.small_batch}": 0.0, f"batch {settings.large_batch:,}": 1.0},
            caption=f"The line from the small-batch to the large-batch solution of F1, seed {settings.f1_seeds[0]}, which started at the same weights; {settings.line_examples:,} images each, float32, "
                    "the statistics of batch normalisation estimated anew at each point on these training images.",
            alt="Loss and accuracy along a line through two solutions, which are marked.",
        ),
        "rescaling": charts.trend(
            {
                "relative to factor 1": {
                    name: {
                        factor: Metric.over_seeds([row[place] / row[one] for row in values], summary="geometric mean")
                        for place, factor in enumerate(settings.factors)
                    }
                    for name, values in relative.items()
                }
            },
            x=charts.Axis("factor of layer 1", log=True), y=charts.Axis("measure, relative", log=True),
            caption=f"One function, {len(rescaled)} seeds: layer 1 of {NETWORK} times the factor, layer 2 divided by it; batch {metrics['rescaled_batch']}, {settings.num_updates:,} updates, "
                    f"{metrics['num_examples']} training images, float64. Geometric means with 95 % t intervals.",
            alt="Keskar's sharpness, the largest Hessian eigenvalue, the adaptive sharpness and the norm of the weights, each relative to factor 1, against the factor of layer 1; both axes logarithmic.",
        ),
        "sweep": charts.trend(
            {MEASURES[name]: over_sizes(name, summary="geometric mean") for name in shown},
            x=charts.Axis("batch size", log=True), y={MEASURES[name]: charts.Axis(MEASURES[name], log=True) for name in shown},
            caption=f"{small}; sharpness and Hessian on {metrics['num_examples']} training images in float64. Geometric means with 95 % t intervals.",
            alt="Four measures against batch size, each with a line for equal epochs and one for equal updates.",
        ),
        "performance": charts.trend(
            {title: over_sizes(name, "%" if "accuracy" in name else "") for name, title in performance.items()},
            x=charts.Axis("batch size", log=True),
            y={
                title: charts.Axis(f"{title} ({'points' if name == 'accuracy' else '%' if 'accuracy' in name else 'nats'})", log=title == "training loss")
                for name, title in performance.items()
            },
            caption=f"{small}; all training images and all test images. The gaps: test minus training loss, training minus test accuracy; positive is worse. Means with 95 % t intervals.",
            alt="Test accuracy, training loss and the two gaps against batch size, with a line for equal epochs and one for equal updates.",
        ),
        **{
            f"correlations_{name}": charts.table(
                ("measure", "with batch size", "with the gap of the loss", "with the gap of the accuracy"),
                [
                    (title, metrics[f"trend_{measure}_{name}"], *(metrics[f"rho_{measure}_{gap}_{name}"] for gap in GAPS))
                    for measure, title in MEASURES.items()
                ]
                + [("generalisation gap", "–", metrics[f"trend_loss_{name}"], metrics[f"trend_accuracy_{name}"])],
                caption=f"{words.capitalize()}: rank correlations over {len(settings.batch_sizes)} batch sizes, one a seed; means with 95 % t intervals over {len(settings.seeds)} seeds. "
                        "The last row holds the correlations of the two gaps with the batch size.",
            )
            for name, words in EQUAL.items()
        },
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TWICE = 2.0
TWICE_WHY = "in the paper's own table runs of one kind differ by a third to two thirds of their mean, so that less than a factor of two is no qualitative difference"
NEAR = 1.5
NEAR_WHY = "near the start should mean that the other went half as far again at least"
ORDER = 10.0
ORDER_WHY = "one to two orders of magnitude is the paper's own phrase; its table says 167"
NO_WORSE = -0.0022
NO_WORSE_WHY = "0.22 points is what the large batch loses in the paper's Table 2; to lose less is to be no worse"
HALF = 0.5
HALF_WHY = "below one half the order of the batch sizes by the one says little about their order by the other"
ROUNDING = 1.01


def _sharper(small: str, large: str, paired: bool = True):
    return times_smaller(small, than=large, factor=TWICE, why=TWICE_WHY, paired=paired)


CLAIMS = (
    Claim(
        "S16a",
        source="seed 3.3, part 2",
        headline="Equal epochs: large batches end sharper, by Keskar's measure",
        quote=original.QUOTES["S16a"],
        says="On F1 with equal epochs, the sharpness of Keskar et al. at batch {large_batch} is at least 2 times that at batch {small_batch}: {full_large} against {full_small}.",
        comments=Comments(
            supported="By Keskar's measure the sentence holds at equal epochs, where the large batch also makes far fewer updates.",
            refuted="By Keskar's measure the large batch does not end twice as sharp at equal epochs.",
            inconclusive="By Keskar's measure not decided at equal epochs.",
        ),
        holds=_sharper("full_small", "full_large"),
    ),
    Claim(
        "S16b",
        source="seed 3.3, part 2",
        headline="Equal epochs: large batches end sharper, by the Hessian",
        quote=original.QUOTES["S16a"],
        says="On F1 with equal epochs, the largest Hessian eigenvalue at batch {large_batch} is at least 2 times that at batch {small_batch}: {top_large} against {top_small}.",
        comments=Comments(
            supported="By the curvature at the minimum the sentence holds at equal epochs.",
            refuted="By the curvature at the minimum the large batch does not end twice as sharp at equal epochs.",
            inconclusive="By the curvature at the minimum not decided at equal epochs.",
        ),
        holds=_sharper("top_small", "top_large"),
    ),
    Claim(
        "S16c",
        source="seed 3.3, part 2",
        headline="Equal updates: large batches end sharper, by Keskar's measure",
        quote=original.QUOTES["S16a"],
        says="On the smaller network with equal updates, the sharpness of Keskar et al. at batch {last_batch} is at least 2 times that at batch {first_batch}: {keskar_last_updates} against "
        "{keskar_first_updates}.",
        comments=Comments(
            supported="With as many updates, on a smaller network, the large batch ends at least twice as sharp.",
            refuted="With as many updates, on a smaller network, the large batch does not end twice as sharp.",
            inconclusive="With as many updates not decided by Keskar's measure.",
        ),
        holds=_sharper("keskar_first_updates", "keskar_last_updates"),
    ),
    Claim(
        "S16d",
        source="seed 3.3, part 2",
        headline="Equal updates: large batches end sharper, by the Hessian",
        quote=original.QUOTES["S16a"],
        says="On the smaller network with equal updates, the largest Hessian eigenvalue at batch {last_batch} is at least 2 times that at batch {first_batch}: {top_last_updates} against "
        "{top_first_updates}.",
        comments=Comments(
            supported="By the curvature at the minimum it ends at least twice as sharp with as many updates.",
            refuted="By the curvature at the minimum it does not end twice as sharp with as many updates.",
            inconclusive="By the curvature at the minimum not decided with as many updates.",
        ),
        holds=_sharper("top_first_updates", "top_last_updates"),
    ),
    Claim(
        "S16e",
        source="seed 3.3, part 2",
        headline="Equal epochs: large batches stay near the start",
        quote=original.QUOTES["S16e"],
        says="On F1 with equal epochs, the run with batch {small_batch} ends at least 1.5 times as far from the start as the one with batch {large_batch}: {distance_small} against {distance_large}.",
        comments=Comments(
            supported="It does stay nearer at equal epochs; but it makes far fewer updates, which alone could be the reason.",
            refuted="The small batch does not end half as far again from the start, though it makes far more updates.",
            inconclusive="How near it stays at equal epochs is not decided.",
        ),
        holds=times_smaller("distance_large", than="distance_small", factor=NEAR, why=NEAR_WHY, paired=True),
    ),
    Claim(
        "S16f",
        source="seed 3.3, part 2",
        headline="Equal updates: large batches stay near the start",
        quote=original.QUOTES["S16e"],
        says="On the smaller network with equal updates, the run with batch {first_batch} ends at least 1.5 times as far from the start as the one with batch {last_batch}: {distance_first_updates} "
        "against {distance_last_updates}.",
        comments=Comments(
            supported="With as many updates, on a smaller network, it stays nearer, and few updates cannot be the reason.",
            refuted="With as many updates, on a smaller network, the small batch does not end half as far again from the start.",
            inconclusive="With as many updates not decided.",
        ),
        holds=times_smaller("distance_last_updates", than="distance_first_updates", factor=NEAR, why=NEAR_WHY, paired=True),
    ),
    Claim(
        "S16g",
        source="seed 3.3, part 2",
        headline="Equal epochs, smaller network: large batches end sharper, by Keskar's measure",
        quote=original.QUOTES["S16a"],
        says="On the smaller network with equal epochs, the sharpness of Keskar et al. at batch {last_batch} is at least 2 times that at batch {first_batch}: {keskar_last_epochs} against "
        "{keskar_first_epochs}.",
        comments=Comments(
            supported="On the smaller network the large batch ends at least twice as sharp at equal epochs; S16c has the same network with equal updates.",
            refuted="On the smaller network the large batch does not end twice as sharp at equal epochs; S16c has it with equal updates.",
            inconclusive="On the smaller network not decided at equal epochs.",
        ),
        holds=_sharper("keskar_first_epochs", "keskar_last_epochs"),
    ),
    Claim(
        "S16h",
        source="seed 3.3, part 2",
        headline="Equal epochs, smaller network: large batches stay near the start",
        quote=original.QUOTES["S16e"],
        says="On the smaller network with equal epochs, the run with batch {first_batch} ends at least 1.5 times as far from the start as the one with batch {last_batch}: {distance_first_epochs} "
        "against {distance_last_epochs}.",
        comments=Comments(
            supported="On the smaller network the large batch stays nearer at equal epochs; S16f has the same network with equal updates.",
            refuted="On the smaller network the small batch does not end half as far again at equal epochs; S16f has it with equal updates.",
            inconclusive="On the smaller network not decided at equal epochs.",
        ),
        holds=times_smaller("distance_last_epochs", than="distance_first_epochs", factor=NEAR, why=NEAR_WHY, paired=True),
    ),
    Claim(
        "paper-sharpness",
        source="Keskar et al. 2017",
        headline="The paper's setting: the large batch ends at least ten times as sharp",
        says="In the paper's setting (60,000 images, batches of 256 and 6,000) the large-batch minimum is at least 10 times as sharp in full space: the ratio is {paper_ratio}.",
        published="Table 3, F1 at 0.001: 205.14 ± 69.52 for the large batch against 1.23 ± 0.83 for the small one, a ratio of 167.",
        holds=at_least("paper_ratio", ORDER, why=ORDER_WHY, ratio=True),
    ),
    Claim(
        "paper-gap",
        source="Keskar et al. 2017",
        headline="The paper's setting: the large batch generalises worse",
        says="In the paper's setting (60,000 images, batches of 256 and 6,000) the large batch has the lower test accuracy: {paper_test_large} (large), {paper_test_small} (small).",
        published="Table 2, F1: 98.03 ± 0.07 % with the small batch, 97.81 ± 0.07 % with the large one.",
        holds=larger("paper_test_small", than="paper_test_large", paired=True),
    ),
    Claim(
        "paper-distance",
        source="Keskar et al. 2017",
        headline="The paper's setting: the small batch goes three to ten times as far",
        says="In the paper's setting (60,000 images, batches of 256 and 6,000) the small batch ends 3 to 10 times as far from the start: the ratio is {paper_distance}.",
        published='a ratio "in the range of 3-10" over its networks.',
        holds=every(
            at_least("paper_distance", 3.0, why="the paper's range is 3 to 10"),
            at_most("paper_distance", 10.0, why="the paper's range is 3 to 10"),
        ),
    ),
    Claim(
        "sharper-no-worse",
        source="ours",
        headline="Equal epochs: sharper, and no worse",
        says="On F1 with equal epochs, the large batch ends at least 2 times as sharp by Keskar's measure, and its test accuracy is no worse by more than the paper's 0.22 points: it differs by "
        "{accuracy_difference}.",
        holds=every(_sharper("full_small", "full_large"), at_least("accuracy_difference", NO_WORSE, why=NO_WORSE_WHY)),
    ),
    Claim(
        "rescaling-changes-sharpness",
        source="Dinh et al. 2017",
        headline="The same function can be made as sharp as one likes",
        says="Multiplying layer 1 by {factor} and dividing layer 2 by it changes the outputs by no more than 1e-12 of their size ({rescaled_difference}), and makes the network at least 2 times as sharp: "
        "by Keskar's measure from {rescaled_keskar_one} to {rescaled_keskar_least}, by the largest eigenvalue from {rescaled_top_one} to {rescaled_top_least}.",
        published="rescaling a ReLU network makes equivalent minima arbitrarily sharp (as others report it).",
        holds=every(
            at_most("rescaled_difference", 1e-12, why="float64 rounds at 1e-16, and three layers add up some of it"),
            _sharper("rescaled_keskar_one", "rescaled_keskar_least"),
            _sharper("rescaled_top_one", "rescaled_top_least"),
        ),
    ),
    Claim(
        "adaptive-is-invariant",
        source="ours",
        headline="The adaptive sharpness ignores the rescaling",
        says="The adaptive sharpness of the rescaled network is the same within 1 %: {rescaled_adaptive_least} at factor {factor}, {rescaled_adaptive_one} at 1.",
        holds=times_equal(
            "rescaled_adaptive_least",
            to="rescaled_adaptive_one",
            factor=ROUNDING,
            paired=True,
            why="the search runs through the same points up to rounding; a per cent is far above that and far below what the rescaling does to the others",
        ),
    ),
    Claim(
        "sharpness-and-gap-epochs",
        source="ours",
        headline="Equal epochs: sharper batch sizes have larger gaps",
        says="With equal epochs, the rank correlation of Keskar's sharpness with the generalisation gap over batch sizes is at least 0.5: {rho_keskar_loss_epochs} for the loss, "
        "{rho_keskar_accuracy_epochs} for the accuracy.",
        holds=every(
            at_least("rho_keskar_loss_epochs", HALF, why=HALF_WHY, furthest=1.0),
            at_least("rho_keskar_accuracy_epochs", HALF, why=HALF_WHY, furthest=1.0),
        ),
    ),
    Claim(
        "sharpness-and-gap-updates",
        source="ours",
        headline="Equal updates: sharper batch sizes have larger gaps",
        says="With equal updates, the rank correlation of Keskar's sharpness with the generalisation gap over batch sizes is at least 0.5: {rho_keskar_loss_updates} for the loss, "
        "{rho_keskar_accuracy_updates} for the accuracy.",
        holds=every(
            at_least("rho_keskar_loss_updates", HALF, why=HALF_WHY, furthest=1.0),
            at_least("rho_keskar_accuracy_updates", HALF, why=HALF_WHY, furthest=1.0),
        ),
    ),
)
