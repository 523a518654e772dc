"""Can a flat picture show the path of the weights?

The original's first convolutional network is trained several times, and its weights are kept after every epoch. All of them
together are projected on two principal components, for runs with a common start and for runs with starts of their own. Random
walks with the same steps stand beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments import networks as shown
from experiments import original
from experiments.batches import updates_of_epochs
from experiments.margins import FLATTER, MOSTLY
from experiments.quantities import LEFT_OUT, LEFT_OUT_WALK, TEST_ACCURACY, measured
from lab.data import MNIST
from lab.models import CNN
from lab.trained import Classification
from lab.training import Recipe, Train
from lab.trajectories import JointPCA, Paths, principal_components
from measured import charts
from measured.evidence import Claim, Comments, Estimate, Metric, Quantity, Result, Runs, Seeds, Share, at_least, smaller
from measured.jobs import gather

TITLE = "The path of the weights, flattened"
RUNS = Runs(
    varies="a whole group of {setting.runs} runs: training images, initial weights and orders of the images",
    shared="the number of images and of epochs",
)

# Seconds of one worker with another beside it, as measured in a build.
#   3 groups of 8 + 8 runs, one of them in both, of 12 epochs x 256 images; 13 measurements of 200
#   held-out images on the way, of the group that is drawn                             45 x 1.1 s = 49 s
#   PCA and random walks of 104 checkpoints x 242,062 weights, and of one layer        12 x 0.8 s =  9 s
# All images of MNIST would cost 240 times as much: full has a tenth of them.


@dataclass(frozen=True)
class Settings:
    network: CNN = original.CNN_16_36
    """The network of all runs, the original's first."""
    data: MNIST = MNIST(256, num_held_out=500)
    """What the runs of a group train on, images drawn by its seed, and images that all are judged on."""
    num_epochs: int = 12
    """Passes of one training over its images; the weights are kept after each."""
    batch_size: int = 32
    """Images in a mini-batch."""
    learning_rate: float = 0.003
    """The constant learning rate of Adam."""
    runs: int = 8
    """Runs of a group, whose joint components are taken; the original has as many."""
    groups: Seeds = Seeds(3)
    """Groups of runs with the same start, and as many of runs with starts of their own; the first is drawn."""
    num_simulations: int = 50
    """Sets of random walks behind the null model of a group."""

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """Epochs after which the weights are kept."""
        return tuple(range(self.num_epochs + 1))


PRESETS = {
    "quick": Settings(data=MNIST(40, num_held_out=50), num_epochs=3, batch_size=20, runs=2, groups=Seeds(2), num_simulations=3),
    "standard": Settings(),
    "full": Settings(data=MNIST(6000), num_epochs=24, groups=Seeds(10), num_simulations=1000),
}
STARTS = {"shared": "same start", "own": "starts of their own"}
PARTS = {"whole": "all weights", "layer": "second convolution"}
STUCK = 0.2
"""A run has learned nothing where it reads fewer test images than this: chance is a tenth."""

SHARES = (
    Quantity("explained", "two joint components", "%", read=lambda path: path.explained[:2].sum()),
    Quantity("null", "random walks", "%", read=lambda path: path.null_explained[:, :2].sum(1).mean()),
    Quantity("kept", "of a run's own path", "%", read=lambda path: path.kept.mean()),
    Quantity("alone", "a run alone", "%", read=lambda path: path.alone_explained.mean()),
    Quantity("alone_null", "its random walk", "%", read=lambda path: path.null_alone_explained.mean()),
)
"""Shares of variance in two components, of the runs of a group together or on the average over its runs."""
STRAIGHTNESS = Quantity(
    "straightness",
    "distance over that of a walk",
    average="geometric mean",
    read=lambda path: (path.distance_from_start[:, -1] / np.sqrt((path.step_lengths**2).sum(1))).mean(),
)
DISTANCE = Quantity("distance", "distance from the start", read=lambda path: path.distance_from_start[:, -1].mean())
OUTSIDE = Quantity("outside", "distance from the plane at the end", "%", read=lambda path: path.outside[:, -1].mean())


def trainings(settings: Settings, group: int, start: str) -> tuple[Train, ...]:
    """Runs of a group, which differ in the order of the images and, with starts of their own, in the initial weights."""
    data = settings.data.drawn(group)
    steps = tuple(updates_of_epochs(data, epochs, settings.batch_size) for epochs in settings.checkpoint_epochs)
    recipe = Recipe(settings.learning_rate, steps[-1], settings.batch_size)
    recorded = steps if group == settings.groups.first else ()
    first, *_ = seeds = range(group * settings.runs, (group + 1) * settings.runs)
    return tuple(
        Train(
            settings.network,
            data,
            recipe,
            seed,
            initial_seed=first if start == "shared" else seed,
            record_at=recorded,
            checkpoint_at=steps,
            history_examples=(1, 200),
        )
        for seed in seeds
    )


def run(settings: Settings = PRESETS["standard"]) -> Result:
    runs = {start: [trainings(settings, group, start) for group in settings.groups] for start in STARTS}

    def components(group: tuple[Train, ...]) -> dict[str, JointPCA]:
        whole = JointPCA(group, num_simulations=settings.num_simulations, seed=group[0].seed)
        return {"whole": whole, "layer": replace(whole, layer="3.weight")}

    paths, trained = gather(({start: [components(group) for group in groups] for start, groups in runs.items()}, runs))

    metrics: dict[str, Any] = {}
    for start, groups in trained.items():
        parts = {part: [path[part] for path in paths[start]] for part in PARTS}
        metrics[start] = {part: numbers(found) for part, found in parts.items()}
        metrics[start]["accuracy"] = GROUP_ACCURACY.over(groups)
    metrics["apart"] = Estimate.over_seeds(apart(group) for group in trained["own"])
    metrics["stuck"] = Share.over_seeds(TEST_ACCURACY.of(item) < STUCK for group in trained["own"] for item in group)

    drawn = {start: found[0] for start, found in paths.items()}
    accuracies = {start: found[0] for start, found in trained.items()}
    one = trained["own"][0][0]
    moments, seed = {"start": one.checkpoints[0], "end": one.weights}, runs["own"][0][0].seed
    return Result(
        metrics,
        charts.drawn(whole, drawn, accuracies)
        | charts.drawn(layer, drawn, accuracies)
        | charts.drawn(explained, metrics)
        | charts.drawn(alone, metrics)
        | charts.drawn(outside, paths, settings)
        | charts.drawn(filters, settings.network, moments, seed)
        | charts.drawn(second_filters, settings.network, moments, seed)
        | charts.drawn(two_matrices, settings.network, moments["end"], seed),
    )


GROUP_ACCURACY = Quantity(
    "accuracy", "test accuracy", "%", read=lambda group: np.mean([TEST_ACCURACY.of(item) for item in group])
)


def apart(group: Sequence[Classification]) -> float:
    """Mean distance between the ends of two runs."""
    ends = [item.weights.astype(np.float64) for item in group]
    return float(np.mean([np.linalg.norm(a - b) for number, a in enumerate(ends) for b in ends[number + 1 :]]))


def numbers(paths: Sequence[Paths]) -> dict[str, Metric]:
    """Shares of variance in two components and lengths, a value per group; a walk's share, a value per simulation."""
    walk = np.concatenate([path.null_alone_explained.mean(1) for path in paths])
    of_groups = measured((*SHARES, LEFT_OUT, LEFT_OUT_WALK, STRAIGHTNESS, DISTANCE, OUTSIDE), paths)
    return of_groups | {"walk": replace(Estimate.over_seeds(walk, "%"), of="simulations")}


# ---------------------------------------------------------------------------------------------------------------------
# Figures

ByStart = Mapping[str, Mapping[str, Paths]]
Trained = Mapping[str, Sequence[Classification]]


def plane(part: str, paths: ByStart, trained: Trained) -> charts.Figure:
    """The runs on the plane of their first two joint components, a panel per kind of start."""
    panels, x, y = {}, {}, {}
    for start, title in STARTS.items():
        path = paths[start][part]
        runs = zip(path.coordinates, trained[start], strict=True)
        panels[title] = {
            f"run {number}": charts.Path(run, 100 * np.asarray(training.test_accuracy))
            for number, (run, training) in enumerate(runs)
        }
        x[title] = f"component 1 ({100 * path.explained[0]:.0f} % of variance)"
        y[title] = f"component 2 ({100 * path.explained[1]:.0f} %)"
    alt = (
        "Two maps on two principal components: runs from the same start, and from starts of their own. Each run is a line with "
        "a dot per epoch, coloured by test accuracy."
    )
    return charts.paths(panels, x=x, y=y, label="test accuracy (%)", step="epoch", alt=alt)


def whole(paths: ByStart, trained: Trained) -> charts.Figure:
    """The paths of all runs, cast on one plane. A line is a run, a dot its weights after an epoch, the number its test accuracy
    at the end (%), where there is room; from one start, and from starts of their own. {setting.runs} runs of {setting.network},
    Adam at {setting.learning_rate}; first two joint principal components, PCA in float64 of float32 weights, centred, nothing
    rescaled."""
    return plane("whole", paths, trained)


def layer(paths: ByStart, trained: Trained) -> charts.Figure:
    """One layer alone: the second convolution, on a plane of its own. The same runs; lines, dots and numbers as in the picture
    of all weights."""
    return plane("layer", paths, trained)


def explained(metrics: Mapping[str, Any]) -> charts.Figure:
    """How much two components hold, and what random walks give. Third column: share of the variance of all runs of a group
    together, on their joint plane; fourth: the same for {setting.num_simulations} sets of random walks with these starts and
    step lengths; fifth: what the joint plane keeps of one run's own way; then a run on a plane of its own, and its random walk.
    Groups of {setting.runs} runs; PCA in float64 of float32 weights."""
    rows = [
        (title, weights, *(metrics[start][part][share.name] for share in SHARES))
        for start, title in STARTS.items()
        for part, weights in PARTS.items()
    ]
    return charts.table(("runs", "weights", *(share.title for share in SHARES)), rows)


def alone(metrics: Mapping[str, Any]) -> charts.Figure:
    """One run against a random walk with the same steps. The variance that two components leave out of a run, and of the walk;
    then how far the run gets, as a multiple of the walk's distance. Runs with starts of their own, means over a group."""
    rows = [
        (weights, *(metrics["own"][part][quantity.name] for quantity in (LEFT_OUT, LEFT_OUT_WALK, STRAIGHTNESS)))
        for part, weights in PARTS.items()
    ]
    return charts.table(("weights", LEFT_OUT.title, LEFT_OUT_WALK.title, STRAIGHTNESS.title), rows)


def outside(paths: Mapping[str, Sequence[Mapping[str, Paths]]], settings: Settings) -> charts.Figure:
    """What the picture hides: how far off the plane each dot lies. Distance from the plane as a share of the distance from the
    middle of the group, epoch by epoch; at `100 %` a dot is off the plane altogether."""
    return charts.curves(
        {
            panel: {
                title: charts.Series(
                    settings.checkpoint_epochs,
                    [100 * row for group in paths[start] for row in group[part].outside],
                    rows_are="runs",
                )
                for start, title in STARTS.items()
            }
            for part, panel in PARTS.items()
        },
        x="epochs",
        y="distance from the plane (%)",
        alt="Two panels, all weights and the second convolution. Distance from the plane as a share of the distance from the "
        "middle of the group, in per cent, against epochs: a line with a band for runs with the same start, one for runs with "
        "starts of their own.",
    )


def filters(network: CNN, moments: Mapping[str, Any], seed: int) -> charts.Figure:
    """The original's picture again: first-layer filters, start and end. One run, seed {seed}, float32; blue is negative, orange
    positive, one scale for all."""
    return shown.first_filters(network, moments)


def second_filters(network: CNN, moments: Mapping[str, Any], seed: int) -> charts.Figure:
    """Second-layer filters, start and end. For the layer's first two input channels; seed {seed}, float32, one scale for
    all."""
    return shown.second_filters(network, moments)


def two_matrices(network: CNN, weights: np.ndarray, seed: int) -> charts.Figure:
    """The original's PCA figure, made again. A dot is one row of a weight matrix of one trained network, a row per input of the
    layer; each matrix is on components of its own. Seed {seed}, float64."""
    named = network.named_weights(weights)
    layers = {"fully connected, 1764 to 128": named["7.weight"], "output, 128 to 10": named["9.weight"]}
    dots = {name: principal_components(matrix.T, 2).coordinates for name, matrix in layers.items()}
    return charts.scatter(
        {"each matrix on components of its own": dots},
        x="component 1",
        y="component 2",
        alt="Two overlapping clouds of dots in one pair of axes, one cloud per weight matrix, one dot per row of it.",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Claims


def shows_path(id: str, start: str, runs: str, comments: Comments) -> Claim:
    """Two components keep most of the movement, for one kind of start."""
    return Claim(
        id,
        source="original 2",
        headline=f"Two principal components show the path of the weights, of runs with {runs}",
        quote=original.QUOTES["S5a"],
        says=f"Of {{setting.runs}} runs with {runs}, two joint components keep {{margin}} of what the weights do on their way: "
        f"{{{start}.whole.kept}}, on the average over the runs of a group.",
        holds=at_least(f"{start}.whole.kept", MOSTLY),
        comments=comments,
    )


WORDS = {"left_out": "left out, training", "left_out_walk": "random walk"}

CLAIMS = (
    shows_path(
        "S5a",
        "own",
        "starts of their own",
        Comments(
            supported="The joint plane keeps {own.whole.kept} of each run's way, most of it. The original's own figure holds "
            "no path at all.",
            refuted="PCA always gives a plane. This one keeps {own.whole.kept} of each run's way: its axes tell which run it "
            "is, and not how it moves.",
            inconclusive="The joint plane keeps {own.whole.kept} of each run's way, so near a half that more groups of runs "
            "would have to decide.",
        ),
    ),
    shows_path(
        "S5b",
        "shared",
        "the same start",
        Comments(
            supported="From a common start the joint plane keeps {shared.whole.kept} of each run's way. Random walks tell what "
            "that is worth.",
            refuted="Even from a common start the plane keeps {shared.whole.kept} of each run's way. On a plane of its own, "
            "the second convolution alone keeps {shared.layer.kept}.",
            inconclusive="From a common start the plane keeps {shared.whole.kept} of each run's way, so near a half that more "
            "groups of runs would have to decide.",
        ),
    ),
    Claim(
        "walk-fills-plane",
        source="Antognini and Sohl-Dickstein 2018",
        headline="A random walk, which goes nowhere, lies mostly in a plane",
        says="A random walk with the steps of one of our runs, which goes nowhere, has {margin} of its variance in two "
        "components: {own.whole.walk}.",
        kind="check",
        runs=Runs(varies="the directions of a walk's steps", shared="the lengths of the steps, which are our runs'"),
        published='of a long walk, "most of the variance is in the first few PCA components" (abstract).',
        holds=at_least("own.whole.walk", MOSTLY),
        comments=Comments(
            supported="Two components hold {own.whole.walk.short} of a walk without any aim. A large share alone is no sign of "
            "a direction.",
            refuted="This would contradict a theorem; our simulation of the walk must be at fault.",
            inconclusive="The walk was simulated too seldom to check the theorem.",
        ),
    ),
    Claim(
        "path-beats-walk",
        source="ours",
        headline="Training goes somewhere: a run's path is flatter than a random walk",
        says="What two components leave out of one run's path is {margin} smaller than for a random walk with the same steps: "
        "{own.whole.left_out} against {own.whole.left_out_walk}.",
        holds=smaller("own.whole.left_out", than="own.whole.left_out_walk", by=FLATTER, paired=True),
        comments=Comments(
            supported="A plane leaves out {own.whole.left_out} of a run's path and {own.whole.left_out_walk} of a walk's. "
            "Training has a drift; the rest of the flatness a walk has, too.",
            refuted="A plane leaves out {own.whole.left_out} of a run's path and {own.whole.left_out_walk} of a walk's: by "
            "this sign alone, training might as well be aimless.",
            inconclusive="A plane leaves out {own.whole.left_out} of a run's path and {own.whole.left_out_walk} of a walk's; "
            "more groups of runs would tell whether that is a third less.",
        ),
    ),
)
