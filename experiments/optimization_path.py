"""What path do the weights take?

One convolutional network is trained several times on MNIST and its weights are kept every few epochs. All checkpoints of all
runs together are projected on their first two principal components: once for runs that start at the same weights and see the
data in different orders, once for runs that start at weights of their own. Beside each share of explained variance stands what
random walks give that start at the same points and take steps of the same lengths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments import networks as shown
from experiments import original
from experiments.margins import MOSTLY
from experiments.quantities import TEST_ACCURACY
from lab.data import MNIST
from lab.models import CNN
from lab.trained import Classification
from lab.training import Recipe, Train
from lab.trajectories import JointPCA, Paths, principal_components
from measured import charts
from measured.evidence import Claim, Comments, Estimate, Margin, Metric, Result, Seeds, Share, Single, at_least, larger
from measured.jobs import gather

TITLE = "The path of the weights"

# Seconds of one worker: two convolutions train on 2,300 and judge 6,000 images a second.
#   16 runs of 24 epochs x 640 images               16 x 6.7 s  = 107 s
#   8 runs at the original's learning rate           8 x 7.0 s  =  56 s
#   9 measurements of 640 + 500 images per run      16 x 1.7 s  =  27 s
#   final numbers, PCA and 100 random walks         16 x 0.2 s + 4 x 3 s = 15 s
# All images of MNIST would cost 100 times as much: full has them.


@dataclass(frozen=True)
class Settings:
    network: CNN = original.CNN_16_36
    """The network of all runs, the original's first."""
    data: MNIST = MNIST(640, num_held_out=500)
    """What all runs train on and are judged on."""
    num_epochs: int = 24
    """Passes of one training over its images."""
    epochs_between: int = 3
    """Epochs from one checkpoint to the next; the original has three."""
    batch_size: int = 64
    """Images in a mini-batch."""
    learning_rate: float = 0.003
    """The constant learning rate of Adam in the runs whose paths are drawn."""
    original_learning_rate: float = 0.01
    """The original's learning rate; how many runs learn with it is counted, and no path is drawn."""
    seeds: Seeds = Seeds(8)
    """Runs with the same start, and as many with starts of their own."""
    num_simulations: int = 100
    """Sets of random walks behind the null model."""

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """Epochs after which the weights are kept."""
        return tuple(range(0, self.num_epochs + 1, self.epochs_between))


PRESETS = {
    "quick": Settings(
        data=MNIST(40, num_held_out=50), num_epochs=4, epochs_between=2, batch_size=20, seeds=Seeds(2), num_simulations=3
    ),
    "standard": Settings(),
    "full": Settings(data=MNIST(), num_simulations=1000),
}
STARTS = {"shared": "same start", "own": "starts of their own"}
PARTS = {"whole": "all weights", "layer": "second convolution"}
STUCK = 0.2
"""A run has learned nothing where it reads fewer test images than this: chance is a tenth."""
SHARES = {
    "explained": "two joint components",
    "null": "random walks",
    "kept": "of a run's own path",
    "alone": "a run alone",
    "alone_null": "its random walk",
}
"""Shares of variance in two components, by the heading of their columns."""


def trainings(settings: Settings, rate: float, keep: bool, initial_seed: int | None = None) -> tuple[Train, ...]:
    """Runs that differ in the order of the images and, where no initial seed is given, in the initial weights."""
    updates_per_epoch = -(-settings.data.sizes[0] // settings.batch_size)
    recipe = Recipe(rate, settings.num_epochs * updates_per_epoch, settings.batch_size)
    steps = tuple(epoch * updates_per_epoch for epoch in settings.checkpoint_epochs) if keep else ()
    one = Train(settings.network, settings.data, recipe, 0, initial_seed=initial_seed, record_at=steps, checkpoint_at=steps)
    return tuple(replace(one, seed=seed) for seed in settings.seeds)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    first, *_ = settings.seeds
    runs = {
        "shared": trainings(settings, settings.learning_rate, keep=True, initial_seed=first),
        "own": trainings(settings, settings.learning_rate, keep=True),
    }
    whole_model = {start: JointPCA(runs[start], num_simulations=settings.num_simulations) for start in STARTS}
    components = {start: {"whole": pca, "layer": replace(pca, layer="3.weight")} for start, pca in whole_model.items()}
    paths, trained, compared = gather((components, runs, trainings(settings, settings.original_learning_rate, keep=False)))

    ends = np.stack([item.weights for item in trained["own"]]).astype(np.float64)
    apart = [np.linalg.norm(a - b) for number, a in enumerate(ends) for b in ends[number + 1 :]]
    metrics: dict[str, Any] = {
        start: {part: shares_of(path) for part, path in paths[start].items()}
        | {
            "accuracy": TEST_ACCURACY.over(trained[start]),
            "distance": Estimate.over_seeds(paths[start]["whole"].distance_from_start[:, -1]),
        }
        for start in STARTS
    }
    metrics["apart"] = Single.once(np.mean(apart))
    at_rates = {"ours": [*trained["shared"], *trained["own"]], "original": compared}
    metrics["stuck"] = {
        rate: Share.over_seeds(TEST_ACCURACY.of(item) < STUCK for item in found) for rate, found in at_rates.items()
    }
    moments = {"start": trained["own"][0].checkpoints[0], "end": trained["own"][0].weights}
    return Result(
        metrics,
        charts.drawn(whole, paths, trained)
        | charts.drawn(layer, paths, trained)
        | charts.drawn(explained, metrics)
        | charts.drawn(outside, paths, settings)
        | charts.drawn(filters, settings.network, moments, first)
        | charts.drawn(second_filters, settings.network, moments, first)
        | charts.drawn(two_matrices, settings.network, moments["end"], first),
    )


def shares_of(path: Paths) -> dict[str, Metric]:
    """Shares of variance in two components: of all runs together, of one run by itself, and of random walks in their place."""
    return {
        "explained": Single.once(path.explained[:2].sum(), "%"),
        "null": replace(Estimate.over_seeds(path.null_explained[:, :2].sum(1), "%"), of="simulations"),
        "kept": Estimate.over_seeds(path.kept, "%"),
        "alone": Estimate.over_seeds(path.alone_explained, "%"),
        "alone_null": Estimate.over_seeds(path.null_alone_explained.mean(0), "%"),
        "walk": replace(Estimate.over_seeds(path.null_alone_explained.mean(1), "%"), of="simulations"),
        "outside": Estimate.over_seeds(path.outside[:, -1], "%"),
    }


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
    alt = "Paths on two principal components, a line per run with a dot per checkpoint, a panel per kind of start."
    return charts.paths(panels, x=x, y=y, label="test accuracy (%)", alt=alt)


def whole(paths: ByStart, trained: Trained) -> charts.Figure:
    """All weights on their first two joint principal components: {setting.seeds.num} runs of {setting.network} with Adam at a
    learning rate of {setting.learning_rate}, a dot every {setting.epochs_between} epochs; PCA in float64 of float32 weights,
    centred, nothing rescaled. The number is the test accuracy at the end."""
    return plane("whole", paths, trained)


def layer(paths: ByStart, trained: Trained) -> charts.Figure:
    """The weights of the second convolution alone, on components of their own; runs, dots and numbers as before."""
    return plane("layer", paths, trained)


def explained(metrics: Mapping[str, Any]) -> charts.Figure:
    """Variance that two components explain. Third column: of all checkpoints of all runs together; fourth: the same for
    {setting.num_simulations} sets of random walks with the same starts, numbers of checkpoints and step lengths; fifth: what
    the joint plane keeps of one run's movement; then the PCA of each run by itself, and of its random walk. PCA in float64 of
    float32 weights."""
    rows = [
        (title, weights, *(metrics[start][part][share] for share in SHARES))
        for start, title in STARTS.items()
        for part, weights in PARTS.items()
    ]
    return charts.table(("runs", "weights", *SHARES.values()), rows)


def outside(paths: ByStart, settings: Settings) -> charts.Figure:
    """What the picture hides: distance of a checkpoint from the plane over its distance from the mean of all checkpoints."""
    return charts.curves(
        {
            panel: {
                title: charts.Series(settings.checkpoint_epochs, 100 * paths[start][part].outside)
                for start, title in STARTS.items()
            }
            for part, panel in PARTS.items()
        },
        x="epochs",
        y="distance from the plane (%)",
        alt="Share of the distance outside of the plane against epochs, a line per kind of start, a panel per set of weights.",
    )


def filters(network: CNN, moments: Mapping[str, Any], seed: int) -> charts.Figure:
    """The original's picture: the filters of the first layer at the start and at the end of one run, seed {seed}, float32. Blue
    is negative, orange positive, one scale for all."""
    return shown.first_filters(network, moments)


def second_filters(network: CNN, moments: Mapping[str, Any], seed: int) -> charts.Figure:
    """The filters of the second layer for its first two input channels, seed {seed}, float32, one scale for all."""
    return shown.second_filters(network, moments)


def two_matrices(network: CNN, weights: np.ndarray, seed: int) -> charts.Figure:
    """The original's PCA figure, made again: a dot is one row of a weight matrix of one trained network, one row per input of
    the layer. Seed {seed}, float64."""
    named = network.named_weights(weights)
    layers = {"fully connected, 1764 to 128": named["7.weight"], "output, 128 to 10": named["9.weight"]}
    dots = {name: principal_components(matrix.T, 2).coordinates for name, matrix in layers.items()}
    return charts.scatter(
        {"each matrix on components of its own": dots},
        x="component 1",
        y="component 2",
        alt="Dots of two weight matrices in one pair of axes, one dot per row of a matrix.",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Claims

VISIBLE = Margin(0.05, "five points of explained variance are what a reader would see in a bar chart")


def shows_path(id: str, start: str, runs: str, comments: Comments) -> Claim:
    """Two components keep most of the movement, for one kind of start."""
    return Claim(
        id,
        source="original 2",
        headline=f"Two principal components show the path of the weights: runs with {runs}",
        quote=original.QUOTES["S5a"],
        says=f"Of runs with {runs}, two joint components keep {{margin}} of what the weights do on their way: "
        f"{{{start}.whole.kept}}.",
        holds=at_least(f"{start}.whole.kept", MOSTLY),
        comments=comments,
    )


CLAIMS = (
    shows_path(
        "S5a",
        "own",
        "starts of their own",
        Comments(
            supported="The joint plane keeps most of the movement here. The original's own figure holds no path at all.",
            refuted="PCA always reaches two dimensions. Here they hide most of how runs with starts of their own move.",
            inconclusive="PCA always reaches two dimensions; whether they keep most of the movement is not decided.",
        ),
    ),
    shows_path(
        "S5b",
        "shared",
        "the same start",
        Comments(
            supported="With a shared start the joint plane keeps most of a run's movement; random walks tell what that means.",
            refuted="Even with a shared start, which lets runs be compared, two components hide most of how the weights move.",
            inconclusive="Whether two components keep most of the movement of runs with a shared start is not decided.",
        ),
    ),
    Claim(
        "walk-fills-plane",
        source="Antognini and Sohl-Dickstein 2018",
        headline="A random walk puts most of its variance into two components",
        says="A random walk with the steps of one of our runs, which goes nowhere, has {margin} of its variance in two "
        "components: {own.whole.walk} (for one long walk the limit is 76 %).",
        published='of a long walk, "most of the variance is in the first few PCA components" (abstract).',
        holds=at_least("own.whole.walk", MOSTLY),
    ),
    Claim(
        "path-beats-walk",
        source="ours",
        headline="A run's path is flatter than a random walk",
        says="Two components explain more of one run's path than of a random walk with the same steps, by {margin}: "
        "{own.whole.alone} against {own.whole.alone_null}.",
        holds=larger("own.whole.alone", than="own.whole.alone_null", by=VISIBLE, paired=True),
        comments=Comments(
            supported="Training is more than a random walk: it has a drift. But only what exceeds the walk is a finding; the "
            "rest is what PCA does to any path.",
            refuted="By this measure the path of a single run is not {margin} flatter than a walk without direction.",
            inconclusive="Whether the path of a single run is flatter than a walk without direction, these runs do not decide.",
        ),
    ),
)
