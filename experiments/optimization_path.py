"""What path do the weights take?

One convolutional network is trained eight times on MNIST and its weights are kept every three epochs. All checkpoints of the eight runs together
are projected on their first two principal components: once for runs that start at the same weights and see the data in different orders, once
for runs that start at weights of their own. Beside each share of explained variance stands what random walks give that start at the same points
and take steps of the same lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments import original
from lab.data import MNIST
from lab.trained import Classification
from lab.training import Recipe, Train
from lab.trajectories import JointPCA, Paths, principal_components
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, larger
from measured.jobs import gather

# Seconds of one worker: two convolutions train on 2,300 and judge 6,000 images a second.
#   16 runs of 24 epochs x 640 images             16 x 6.7 s  = 107 s
#   8 runs at the seed's learning rate             8 x 7.0 s  =  56 s
#   9 measurements of 640 + 500 images a run      16 x 1.7 s  =  27 s
#   final numbers, PCA and 100 random walks       16 x 0.2 s + 4 x 3 s = 15 s
# All 60,000 images would cost 100 times as much: full has them.


@dataclass(frozen=True)
class Settings:
    num_train: int | None = 640
    """Training images, the same for all runs; not set (None) for all 60,000."""
    num_held_out: int | None = 500
    """Test images; not set (None) for all 10,000."""
    num_epochs: int = 24
    """Passes over the training images."""
    epochs_between: int = 3
    """Epochs from one checkpoint to the next, as in the seed report."""
    batch_size: int = 64
    """Images in a mini-batch."""
    learning_rate: float = 0.003
    """Of Adam, constant."""
    seed_learning_rate: float = 0.01
    """The seed report's; how many runs learn with it is counted, and no path drawn."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs with the same start, and as many with starts of their own."""
    num_simulations: int = 100
    """Sets of random walks behind the null model."""


PRESETS = {
    "quick": Settings(
        num_train=40, num_held_out=50, num_epochs=4, epochs_between=2, batch_size=20, seeds=(0, 1), num_simulations=3
    ),
    "standard": Settings(),
    "full": Settings(num_train=None, num_held_out=None, num_simulations=1000),
}

LAYERS = {"whole": None, "layer": "3.weight"}
"""The whole model, and its second convolution."""
STUCK = 0.2
"""A run has learned nothing where it reads fewer test images than this: chance is a tenth."""
STARTS = {"shared": "same start", "own": "starts of their own"}


def trainings(start: str, settings: Settings) -> tuple[Train, ...]:
    """The runs, which differ in the order of the images and, unless the start is shared, in the initial weights."""
    data = MNIST(settings.num_train, num_held_out=settings.num_held_out)
    updates_an_epoch = -(-MNIST(settings.num_train).sizes[0] // settings.batch_size)
    rate = settings.seed_learning_rate if start == "seed_rate" else settings.learning_rate
    recipe = Recipe(rate, settings.num_epochs * updates_an_epoch, settings.batch_size)
    steps = tuple(range(0, recipe.num_updates + 1, settings.epochs_between * updates_an_epoch))
    return tuple(
        Train(
            original.CNN_16_36, data, recipe, seed,
            initial_seed=settings.seeds[0] if start == "shared" else None,
            record_at=() if start == "seed_rate" else steps, checkpoint_at=() if start == "seed_rate" else steps,
        )
        for seed in settings.seeds
    )  # fmt: skip


def run(settings: Settings = PRESETS["standard"]) -> Result:
    runs = {start: trainings(start, settings) for start in STARTS}
    jobs = {
        (start, what): JointPCA(runs[start], layer=layer, num_simulations=settings.num_simulations)
        for start in STARTS
        for what, layer in LAYERS.items()
    }
    paths, trained, at_seed_rate = gather((jobs, runs, trainings("seed_rate", settings)))

    metrics = {
        "num_parameters": Metric(original.CNN_16_36.num_parameters),
        "num_runs": Metric(len(settings.seeds)),
        "num_checkpoints": Metric(settings.num_epochs // settings.epochs_between + 1),
        "num_train": Metric(MNIST(settings.num_train).sizes[0]),
        "num_epochs": Metric(settings.num_epochs),
    }
    metrics["seed_rate"] = Metric(settings.seed_learning_rate, digits=1)
    metrics["rate"] = Metric(settings.learning_rate, digits=1)
    metrics["stuck_seed_rate"] = Metric.share(item.final_test_accuracy < STUCK for item in at_seed_rate)
    metrics["stuck"] = Metric.share(item.final_test_accuracy < STUCK for runs_of in trained.values() for item in runs_of)
    for (start, what), path in paths.items():
        name = f"{start}_{what}"
        metrics[f"explained_{name}"] = Metric.once(path.explained[:2].sum(), "%")
        metrics[f"null_{name}"] = replace(Metric.over_seeds(path.null_explained[:, :2].sum(1), "%"), of="simulations")
        metrics[f"kept_{name}"] = Metric.over_seeds(path.kept, "%")
        metrics[f"alone_{name}"] = Metric.over_seeds(path.alone_explained, "%")
        metrics[f"alone_null_{name}"] = Metric.over_seeds(path.null_alone_explained.mean(0), "%")
        metrics[f"walk_{name}"] = replace(Metric.over_seeds(path.null_alone_explained.mean(1), "%"), of="simulations")
        metrics[f"outside_{name}"] = Metric.over_seeds(path.outside[:, -1], "%")
    for start in STARTS:
        accuracies = [float(item.final_test_accuracy) for item in trained[start]]
        metrics[f"accuracy_{start}"] = Metric.over_seeds(accuracies, "%")
        metrics[f"distance_{start}"] = Metric.over_seeds(paths[start, "whole"].distance_from_start[:, -1])
    ends = np.stack([item.weights for item in trained["own"]]).astype(np.float64)
    apart = [np.linalg.norm(a - b) for number, a in enumerate(ends) for b in ends[number + 1 :]]
    metrics["apart_own"] = Metric.once(np.mean(apart))
    return Result(metrics, _figures(paths, trained, metrics, settings))


def _figures(
    paths: dict[tuple[str, str], Paths],
    trained: dict[str, Sequence[Classification]],
    metrics: dict[str, Metric],
    settings: Settings,
) -> dict:
    def plane(what: str, alt: str, subject: str) -> charts.Figure:
        panels = {
            STARTS[start]: {
                f"run {seed}": charts.Path(run, 100 * np.asarray(training.test_accuracy))
                for seed, run, training in zip(settings.seeds, paths[start, what].coordinates, trained[start], strict=True)
            }
            for start in STARTS
        }
        shares = {start: paths[start, what].explained for start in STARTS}
        return charts.paths(
            panels,
            x={STARTS[start]: f"component 1 ({100 * share[0]:.0f} % of variance)" for start, share in shares.items()},
            y={STARTS[start]: f"component 2 ({100 * share[1]:.0f} %)" for start, share in shares.items()},
            label="test accuracy (%)",
            caption=f"{subject} on their first two joint principal components: {len(settings.seeds)} runs of {original.CNN_16_36}, Adam at "
            f"{settings.learning_rate}, a dot every {settings.epochs_between} epochs; PCA in float64 of float32 weights, centred, nothing "
            "rescaled. The number is the test accuracy at the end.",
            alt=alt,
        )

    first, last = trained["own"][0].checkpoints[0], trained["own"][0].weights
    snapshots = {"start": first, "end": last}
    named = {when: original.CNN_16_36.named_weights(weights) for when, weights in snapshots.items()}
    matrices = {
        name: named["end"][key].T
        for name, key in (("fully connected, 1764 to 128", "7.weight"), ("output, 128 to 10", "9.weight"))
    }
    return {
        "whole": plane("whole", "Eight paths that leave one point, and eight paths that start apart and stay apart.", "All weights"),
        "layer": plane("layer", "The same for the weights of one layer.", "The weights of the second convolution"),
        "explained": charts.table(
            ("runs", "weights", "two joint components", "random walks", "of a run's own path", "a run alone", "its random walk"),
            [
                (STARTS[start], {"whole": "all", "layer": "second convolution"}[what], *(metrics[f"{kind}_{start}_{what}"] for kind in ("explained", "null", "kept", "alone", "alone_null")))
                for start in STARTS for what in LAYERS
            ],
            caption="Variance that two components explain. Third column: of all checkpoints of all runs together; fourth: the same for "
                    f"{settings.num_simulations} sets of random walks with the same starts, numbers of checkpoints and step lengths; "
                    "fifth: what the joint plane keeps of one run's movement; then the PCA of each run by itself, and of its random walk. "
                    f"Means over {len(settings.seeds)} seeds with 95 % t intervals; PCA in float64 of float32 weights.",
        ),
        "outside": charts.curves(
            {
                {"whole": "all weights", "layer": "second convolution"}[what]: {
                    STARTS[start]: charts.Series(
                        range(0, settings.num_epochs + 1, settings.epochs_between), 100 * paths[start, what].outside
                    )
                    for start in STARTS
                }
                for what in LAYERS
            },
            x="epochs", y="distance from the plane (%)",
            caption="What the picture hides: distance of a checkpoint from the plane over its distance from the mean of all checkpoints; "
                    f"median and the middle 80 % over {len(settings.seeds)} seeds, PCA in float64 of float32 weights.",
            alt="Share of the distance that lies outside of the plane, against epochs.",
        ),
        "filters": charts.images(
            {when: [picture[0] for picture in named[when]["0.weight"]] for when in named}, columns=8,
            caption=f"The seed's picture: the 16 filters of the first layer, seed {settings.seeds[0]}, float32, at the start and at the end of one run. "
                    "Blue is negative, orange positive, one scale for all.",
            alt="Sixteen pictures of 5 by 5 weights at the start of training and at its end.",
        ),
        "second_filters": charts.images(
            {
                f"input channel {channel}, {when}": [picture[channel] for picture in named[when]["3.weight"]]
                for channel in (0, 1) for when in named
            },
            columns=9,
            caption=f"The 36 filters of the second layer for input channels 0 and 1, seed {settings.seeds[0]}, float32, one scale for all.",
            alt="Thirty-six 5 by 5 filters for each of two input channels, at the start of training and at its end.",
        ),
        "two_matrices": charts.scatter(
            {"each matrix on components of its own": {name: principal_components(matrix, 2).coordinates for name, matrix in matrices.items()}},
            x="component 1", y="component 2",
            caption="The seed's PCA figure, made again: a dot is one row of a weight matrix of one trained network, one row for each input of the "
                    f"layer. Seed {settings.seeds[0]}, float64.",
            alt="A cloud of 1,764 dots around zero and 128 dots of another layer in the same axes.",
        ),
    }  # fmt: skip


HALF = 0.5
HALF_WHY = "a picture that hides more than half of what moved does not show the path"
VISIBLE = 0.05
VISIBLE_WHY = "five points of explained variance are what a reader would see in a bar chart"

CLAIMS = (
    Claim(
        "S5a",
        source="seed 2",
        headline="Two principal components show the path of the weights: runs with starts of their own",
        quote=original.QUOTES["S5a"],
        says="Where every run has a start of its own, two joint components keep more than half of what a run's weights do on their way: "
        "{kept_own_whole}.",
        holds=at_least("kept_own_whole", HALF, why=HALF_WHY, origin=None),
        comments=Comments(
            supported="The joint plane keeps most of the movement here. The seed's own figure holds none: it is a PCA over rows of weight matrices.",
            refuted="PCA always reaches two dimensions, and that is no finding: here they hide most of how runs with starts of their own move.",
            inconclusive="PCA always reaches two dimensions; whether they keep most of how runs with starts of their own move is not decided.",
        ),
    ),
    Claim(
        "S5b",
        source="seed 2",
        headline="Two principal components show the path of the weights: runs with the same start",
        quote=original.QUOTES["S5a"],
        says="Where all runs start at the same weights, two joint components keep more than half of what a run's weights do on their way: "
        "{kept_shared_whole}.",
        holds=at_least("kept_shared_whole", HALF, why=HALF_WHY, origin=None),
        comments=Comments(
            supported="With a shared start the joint plane keeps most of a run's movement; compare what random walks give before reading a drift into it.",
            refuted="Even with a shared start, which lets runs be compared, two components hide most of how the weights move.",
            inconclusive="With a shared start, which lets runs be compared, it is not decided whether two components keep most of the movement.",
        ),
    ),
    Claim(
        "walk-fills-plane",
        source="Antognini and Sohl-Dickstein 2018",
        headline="A random walk puts most of its variance into two components",
        says="A random walk with the steps of one of our runs, which goes nowhere, has most of its variance in two components: "
        "{walk_own_whole} (for one long walk the limit is 76 %).",
        published='of a long walk, "most of the variance is in the first few PCA components" (abstract).',
        holds=at_least("walk_own_whole", HALF, why="most of the variance means more than half", origin=None),
    ),
    Claim(
        "path-beats-walk",
        source="ours",
        headline="A run's path is flatter than a random walk",
        says="Two components explain more of one run's path than of a random walk with the same steps, by more than five points: {alone_own_whole} against "
        "{alone_null_own_whole}.",
        holds=larger("alone_own_whole", than="alone_null_own_whole", by=VISIBLE, why=VISIBLE_WHY, paired=True),
    ),
)
