"""What is there where the gradient is almost zero?

A hundred small networks are driven to points of zero gradient, from random weights and from trained ones, by two methods: the gradient norm as the
objective, as in the seed report, and a damped second-order step that can land on saddles. Every point carries a certificate: how small its gradient is,
whether it is a critical point or merely a flat stretch of gradient, and the signs of all eigenvalues of its Hessian against a stated tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from experiments import original
from lab.activations import Tanh
from lab.checkpoints import Checkpoint
from lab.critical_points import CRITICAL, KINDS, Candidates, CriticalPoints, Method, NeighbourRatio, count_signs
from lab.data import MNIST
from lab.functions import FunctionSamples, Sinc5
from lab.gradients import GradientNormDescent
from lab.models import MLP
from lab.statistics import rank_correlation
from lab.training import Recipe, Train, TrainStack
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, at_most, away_from, larger
from measured.jobs import gather

# Seconds of one worker with another beside it, measured, for two blocks of 50 networks:
#   trainings        2 x 5,000 updates of 33 parameters and of 97             2 x (10 + 13) s          =  46 s
#   second order     200 steps from 4 starts, and from 2 for 97 parameters    4 x 2 x 3 + 2 x 2 x 10 s =  64 s
#   gradient norm    1,000 steps from 2 starts each                           2 x 2 x 7 + 2 x 2 x 11 s =  72 s
#   the CNN          200 images x 60 steps of the gradient norm, neighbours                            =  22 s


@dataclass(frozen=True)
class Settings:
    seeds: tuple[int, ...] = tuple(range(100))
    """Networks of each kind, one a seed."""
    block: int = 50
    """Networks in one batched program."""
    num_updates: int = 5000
    """Updates of Adam on all points before a method takes over."""
    starts: tuple[int, ...] = (0, 100, 1000, 5000)
    """Numbers of updates after which the second-order method starts, the other one from the first and the last; 0 is random weights."""
    learning_rate: float = 0.01
    """Of Adam in these updates, constant."""
    weight_decay: float = 2e-3
    """Of the smaller network: half of it times the squared norm of the weights is part of the loss. The larger one has none."""
    num_points: int = 64
    """Equally spaced points of the function on [-1, 1]."""
    second_order_steps: int = 200
    """Damped second-order steps."""
    grad_norm_steps: int = 1000
    """Steps on the gradient norm as the objective."""
    tolerance: float = 1e-7
    """An eigenvalue counts as zero below this share of the largest magnitude."""
    num_neighbours: int = 500
    """Sampled neighbours of a point, for the second definition of the minimal ratio."""
    radius: float = 1e-3
    """Distance of the neighbours, as a share of the norm of the weights."""
    num_images: int = 200
    """MNIST images on which the convolutional network is trained and its gradient norm made small."""
    cnn_updates: int = 200
    """Updates of that network on the loss."""
    cnn_steps: int = 60
    """Updates of that network on the gradient norm."""

    @property
    def num_networks(self) -> int:
        """Networks of each kind."""
        return len(self.seeds)


PRESETS = {
    "quick": Settings(
        seeds=tuple(range(20)), block=10, num_updates=20, starts=(0, 20), num_points=12, second_order_steps=6, grad_norm_steps=6,
        num_neighbours=10, num_images=20, cnn_updates=2, cnn_steps=2,
    ),
    "standard": Settings(),
    "full": Settings(seeds=tuple(range(500)), num_updates=50_000, starts=(0, 100, 1000, 10_000, 50_000), second_order_steps=2000, grad_norm_steps=50_000,
                     num_neighbours=5000, num_images=2000, cnn_updates=3000, cnn_steps=1000),
}  # fmt: skip

NETWORKS = {"small": MLP(1, (4, 4), 1, Tanh()), "large": MLP(1, (8, 8), 1, Tanh())}
METHODS: dict[Method, str] = {
    "none": "ordinary training",
    "grad_norm": "gradient norm as objective",
    "levenberg": "second order",
}
STRICT = 1e-20
"""A squared gradient norm below this leaves no doubt in float64."""
GROUP_SIZE = 10
"""A correlation over networks is measured in groups of so many of them, so that it has an interval, and more networks make more groups."""


def blocks(which: str, settings: Settings) -> list[TrainStack]:
    """The trainings of one kind of network, in blocks of seeds."""
    decay = settings.weight_decay if which == "small" else 0.0
    recipe = Recipe(settings.learning_rate, settings.num_updates, batch_size=None, weight_decay=decay, dtype="float64")
    data = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=settings.num_points, num_test=200)
    return [
        TrainStack(NETWORKS[which], data, recipe, settings.seeds[first : first + settings.block], checkpoint_at=settings.starts)
        for first in range(0, settings.num_networks, settings.block)
    ]


@dataclass(frozen=True)
class Searched:
    """All points that one method reached from one start, one row a network."""

    loss: np.ndarray
    data_loss: np.ndarray
    grad_norm_squared: np.ndarray
    start_grad_norm_squared: np.ndarray
    eigenvalues: np.ndarray
    kinds: np.ndarray
    history: np.ndarray
    residual: np.ndarray
    steps: np.ndarray
    neighbours: np.ndarray | None = field(default=None)

    @classmethod
    def joined(cls, points: Sequence[Candidates]) -> "Searched":
        def rows(name: str) -> np.ndarray:
            return np.concatenate([getattr(item, name) for item in points])

        names = (
            "loss",
            "data_loss",
            "grad_norm_squared",
            "start_grad_norm_squared",
            "eigenvalues",
            "kinds",
            "history",
            "residual",
        )
        return cls(**{name: rows(name) for name in names}, steps=points[0].steps)

    @property
    def is_critical(self) -> np.ndarray:
        return self.kinds == KINDS.index("critical")

    @property
    def is_flat(self) -> np.ndarray:
        return self.kinds == KINDS.index("gradient-flat")

    def signs(self, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Shares of positive, zero and negative eigenvalues."""
        counts = count_signs(self.eigenvalues, tolerance)
        positive, zero, negative = (item / self.eigenvalues.shape[1] for item in counts)
        return positive, zero, negative

    def is_extremum(self, tolerance: float) -> np.ndarray:
        """No eigenvalue with the other sign: a minimum or a maximum, flat directions allowed."""
        positive, _, negative = self.signs(tolerance)
        return (positive == 0) | (negative == 0)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    ends = (settings.starts[0], settings.starts[-1])
    points = {}
    for which in NETWORKS:
        stacks = blocks(which, settings)
        for start in settings.starts if which == "small" else ends:
            for method in METHODS if start in ends else ("levenberg",):
                steps = {"none": 0, "grad_norm": settings.grad_norm_steps, "levenberg": settings.second_order_steps}[method]
                points[which, start, method] = [CriticalPoints(Checkpoint(stack, start), method, steps) for stack in stacks]
    neighbours = {
        (start, method): [
            NeighbourRatio(item, settings.num_neighbours, settings.radius, seed=7) for item in points["small", start, method]
        ]
        for start, method in ((ends[0], "levenberg"), (ends[1], "none"), (ends[1], "levenberg"))
    }
    images = Train(
        original.CNN_16_36, MNIST(settings.num_images, num_held_out=100), Recipe(0.001, settings.cnn_updates, 64), seed=0,
        checkpoint_at=(0, settings.cnn_updates),
    )  # fmt: skip
    descent = GradientNormDescent(images, settings.cnn_steps, settings.num_images)
    reached, sampled, trained, descended = gather((points, neighbours, images, descent))
    searched = {key: Searched.joined(items) for key, items in reached.items()}
    shares = {key: np.concatenate([item.shares for item in items]) for key, items in sampled.items()}

    metrics = {
        "params_small": Metric(NETWORKS["small"].num_parameters),
        "params_large": Metric(NETWORKS["large"].num_parameters),
        "num_networks": Metric(settings.num_networks),
        "num_updates": Metric(settings.num_updates),
        "critical": Metric(CRITICAL, digits=1),
        "tolerance": Metric(settings.tolerance, digits=1),
        "constant_loss": Metric(float(np.var(np.sinc(5 * np.linspace(-1, 1, settings.num_points))))),
        "image_norm_start": Metric.once(descended.grad_norm[0]),
        "image_norm_end": Metric.once(descended.grad_norm[-1]),
        "image_loss_start": Metric.once(descended.loss[0]),
        "image_loss_end": Metric.once(descended.loss[-1]),
    }
    for which in NETWORKS:
        for label, start in (("random", ends[0]), ("trained", ends[1])):
            for method in METHODS:
                item, name = searched[which, start, method], f"{which}_{label}_{method}"
                positive, _, negative = item.signs(settings.tolerance)
                strict = (item.eigenvalues > 0).mean(1)
                metrics |= {
                    f"critical_{name}": Metric.share(item.is_critical),
                    f"certain_{name}": Metric.share(item.grad_norm_squared < STRICT),
                    f"flat_{name}": Metric.share(item.is_flat),
                    f"loss_{name}": Metric.over_seeds(item.loss, summary="median"),
                    f"ratio_{name}": Metric.over_seeds(positive, summary="median"),
                    f"strict_{name}": Metric.over_seeds(strict, summary="median"),
                    f"norm_{name}": Metric.over_seeds(np.maximum(item.grad_norm_squared, 1e-40), summary="median"),
                }
                metrics[f"fall_{name}"] = Metric.over_seeds(
                    np.maximum(item.grad_norm_squared / item.start_grad_norm_squared, 1e-40), summary="median"
                )
                metrics[f"residual_{name}"] = Metric.over_seeds(item.residual, summary="median")
                kinds = item.is_extremum(settings.tolerance)[item.is_critical]
                metrics[f"extrema_{name}"] = Metric.of_count(int(kinds.sum()), len(kinds), of="critical points")
    for method in ("none", "grad_norm"):
        item = searched["small", ends[1], method]
        metrics[f"ratio_with_loss_{method}"] = _over_groups(item.signs(settings.tolerance)[0], item.loss)
    saddles = ends[0], "levenberg"
    metrics["definitions_agree"] = _over_groups(searched["small", *saddles].signs(settings.tolerance)[0], shares[saddles])
    metrics["index_with_loss"] = _index_with_loss(
        [searched["small", start, "levenberg"] for start in settings.starts], settings
    )
    return Result(metrics, _figures(searched, shares, metrics, trained, descended, settings))


def _over_groups(x: np.ndarray, y: np.ndarray) -> Metric:
    return _of_groups([rank_correlation(x[group], y[group]) for group in _groups(len(x))])


def _groups(num_networks: int) -> list[np.ndarray]:
    return np.array_split(np.arange(num_networks), max(2, num_networks // GROUP_SIZE))


def _of_groups(correlations: list[float]) -> Metric:
    return replace(Metric.over_seeds(correlations), of=f"groups of {GROUP_SIZE} networks")


def _index_with_loss(items: Sequence[Searched], settings: Settings) -> Metric:
    """Rank correlation of the share of negative eigenvalues with the loss over critical points of all starts, a group of networks each."""
    correlations = []
    for group in _groups(settings.num_networks):
        found = [(item, group[item.is_critical[group]]) for item in items]
        index = np.concatenate([item.signs(settings.tolerance)[2][rows] for item, rows in found])
        loss = np.concatenate([item.loss[rows] for item, rows in found])
        if len(loss) > 2 and np.ptp(loss) > 0:
            correlations.append(rank_correlation(index, loss))
    return _of_groups(correlations or [0.0])  # a single value has no interval, and decides nothing


def _title(which: str, settings: Settings) -> str:
    decay = f"weight decay {settings.weight_decay:g}" if which == "small" else "no weight decay"
    return f"{NETWORKS[which]}, {decay}"


def _figures(searched: dict, shares: dict, metrics: dict, trained, descended, settings: Settings) -> dict:
    ends = {"random weights": settings.starts[0], "trained weights": settings.starts[-1]}
    words = (
        f"{settings.num_networks} networks; float64, all {settings.num_points} points; an eigenvalue counts as zero below {settings.tolerance:g} of the "
        "largest magnitude"
    )

    def by_class(item: Searched, x: np.ndarray, y: np.ndarray) -> dict[str, list[tuple[float, float]]]:
        return {
            name: list(zip(x[item.kinds == number], y[item.kinds == number], strict=True))
            for number, name in enumerate(KINDS)
            if (item.kinds == number).any()
        }

    trained_points = {METHODS[method]: searched["small", settings.starts[-1], method] for method in METHODS}
    exponents = np.arange(-16.0, -0.9, 0.5)
    snapshots = {
        "trained": original.CNN_16_36.named_weights(trained.weights),
        "smallest gradient norm": original.CNN_16_36.named_weights(descended.weights),
    }
    return {
        "ratio": charts.scatter(
            {
                name: by_class(item, item.signs(settings.tolerance)[0], item.loss) for name, item in trained_points.items()
            } | {
                "second order, from random weights": by_class(
                    item := searched["small", settings.starts[0], "levenberg"], item.signs(settings.tolerance)[0], item.loss
                )
            },
            x="minimal ratio: share of positive eigenvalues", y="loss", alike=True,
            caption=f"Minimal ratio against loss, {_title('small', settings)}, after {settings.num_updates} updates of Adam unless said: {words}. What a "
                    "point is, is told by its certificate.",
            alt="Loss against the share of positive eigenvalues, one panel a way to get to the points, one colour a class of points.",
        ),
        "counts": charts.table(
            ("network", "from", "by", "critical, 1e-10", "certain, 1e-20", "gradient-flat", "minima or maxima among the critical", "median loss", "minimal ratio"),
            [
                (
                    f"{NETWORKS[which].num_parameters} parameters", start, METHODS[method],
                    *(metrics[f"{kind}_{which}_{start.split()[0]}_{method}"] for kind in ("critical", "certain", "flat", "extrema", "loss", "ratio")),
                )
                for which in NETWORKS for start in ends for method in METHODS
            ],
            caption="Which of the points are critical. Critical: squared gradient norm below 1e-10; gradient-flat: not critical, and the gradient lies "
                    "almost in the kernel of the Hessian (r > 0.9 and r_H < 5e-4, Frye et al. 2021). Shares with exact binomial, medians with exact "
                    f"order-statistic 95 % intervals; {words}.",
        ),
        "certificate": charts.scatter(
            {
                f"{NETWORKS[which].num_parameters} parameters, {start}": {
                    METHODS[method]: list(zip(np.maximum(item.grad_norm_squared, 1e-34), item.loss, strict=True))
                    for method in METHODS for item in [searched[which, at, method]]
                }
                for which in NETWORKS for start, at in ends.items()
            },
            x=charts.Axis("squared gradient norm", log=True), y=charts.Axis("loss", log=True),
            caption="The certificate: what the squared gradient norm is where each method ends. Values below 1e-34 are drawn there. "
                    f"{settings.num_networks} networks, float64.",
            alt="Loss against squared gradient norm: ordinary training ends many orders of magnitude above the other two methods.",
        ),
        "certificates": charts.table(
            ("network", "from", "by", "squared gradient norm", "over that of the start", "residual r"),
            [
                (
                    f"{NETWORKS[which].num_parameters} parameters", start, METHODS[method],
                    *(metrics[f"{kind}_{which}_{start.split()[0]}_{method}"] for kind in ("norm", "fall", "residual")),
                )
                for which in NETWORKS for start in ends for method in METHODS
            ],
            caption="The certificates in numbers: medians with exact 95 % intervals. The residual r of Frye et al. (2021) is near 0 where a Newton step could still "
                    f"lower the gradient, and near 1 where the gradient lies in the kernel of the Hessian; {words}.",
        ),
        "histories": charts.curves(
            {
                f"{_title(which, settings)}": {
                    f"{METHODS[method]}, from {start}": charts.Series(
                        item.steps / item.steps[-1], np.maximum(item.history, 1e-34)
                    )
                    for start, at in ends.items() for method in ("grad_norm", "levenberg") for item in [searched[which, at, method]]
                }
                for which in NETWORKS
            },
            x="share of the steps made", y=charts.Axis("squared gradient norm", log=True),
            caption=f"How the gradient goes: {settings.grad_norm_steps} steps of the gradient-norm objective, {settings.second_order_steps} of second order; "
                    f"median and the middle 80 % of {settings.num_networks} networks, float64.",
            alt="Squared gradient norm on a logarithmic scale against the share of steps.",
        ),
        "tolerance": charts.curves(
            {
                _title(which, settings): {
                    f"{METHODS[method]}": charts.Series(
                        10.0**exponents,
                        np.stack([searched[which, settings.starts[-1], method].signs(10.0**exponent)[0] for exponent in exponents], axis=1),
                    )
                    for method in METHODS
                }
                for which in NETWORKS
            },
            x=charts.Axis("tolerance, as a share of the largest magnitude", log=True), y="minimal ratio",
            caption="The minimal ratio is a function of what counts as zero. From trained weights: median and the middle 80 % of "
                    f"{settings.num_networks} networks, float64.",
            alt="Minimal ratio against tolerance: a plateau where there is one, a steady fall where there is none.",
        ),
        "spectra": charts.curves(
            {
                _title(which, settings): {
                    f"{METHODS[method]}, from {start}": charts.Series(
                        np.linspace(0, 1, item.eigenvalues.shape[1]), _relative_magnitudes(item.eigenvalues)
                    )
                    for start, at in ends.items() for method in ("none", "levenberg") for item in [searched[which, at, method]]
                    if method == "levenberg" or start == "trained weights"
                }
                for which in NETWORKS
            },
            x="share of the eigenvalues", y=charts.Axis("magnitude over the largest", log=True),
            caption="All eigenvalues by magnitude. Where they fall without a gap down to the noise of float64, no tolerance is "
                    f"natural. Median and the middle 80 % of {settings.num_networks} networks.",
            alt="Sorted magnitudes of eigenvalues on a logarithmic scale.",
        ),
        "definitions": charts.scatter(
            {
                f"{METHODS[method]}{', from random weights' if start == settings.starts[0] else ''}": by_class(
                    item := searched["small", start, method], item.signs(settings.tolerance)[0], sampled
                )
                for (start, method), sampled in shares.items()
            },
            x="share of positive eigenvalues", y="share of neighbours with higher loss", alike=True,
            caption=f"Two definitions of the minimal ratio: eigenvalues, and {settings.num_neighbours} neighbours at {settings.radius:g} of the norm of the "
                    f"weights. {_title('small', settings)}; {words}.",
            alt="Share of sampled neighbours with higher loss against share of positive eigenvalues.",
        ),
        "index": charts.scatter(
            {
                _title("small", settings): {
                    f"after {start} updates": list(zip(item.signs(settings.tolerance)[2][item.is_critical], item.loss[item.is_critical], strict=True))
                    for start in settings.starts for item in [searched["small", start, "levenberg"]] if item.is_critical.any()
                }
            },
            x="index: share of negative eigenvalues", y="loss",
            caption=f"Loss against index at the critical points found by second order, by where the search began; {words}.",
            alt="Loss of critical points against their share of negative eigenvalues.",
        ) if any(searched["small", start, "levenberg"].is_critical.any() for start in settings.starts) else charts.table(
            ("critical points",), [("none was found",)], caption="Loss against index: no critical point was found at this preset.",
        ),
        "filters": charts.images(
            {when: [picture[0] for picture in named["0.weight"]] for when, named in snapshots.items()}, columns=8,
            caption=f"The seed's picture: first-layer filters of {original.CNN_16_36} trained on {settings.num_images} images, and after {settings.cnn_steps} updates with "
                    "the gradient norm as the objective; seed 0, float32, one scale for all.",
            alt="Sixteen filters of 5 by 5 weights before and after making the gradient norm small.",
        ),
        "second_filters": charts.images(
            {
                f"input channel {channel}, {when}": [picture[channel] for picture in named["3.weight"]]
                for channel in (0, 1) for when, named in snapshots.items()
            },
            columns=9,
            caption="Second-layer filters of the same network for input channels 0 and 1, one scale for all.",
            alt="Thirty-six 5 by 5 filters for each of two input channels, before and after.",
        ),
    }  # fmt: skip


def _relative_magnitudes(eigenvalues: np.ndarray) -> np.ndarray:
    magnitudes = np.sort(np.abs(eigenvalues), axis=1)[:, ::-1]
    return np.maximum(magnitudes / magnitudes[:, :1], 1e-20)


CLAIMS = (
    Claim(
        "S8a",
        source="seed 2",
        headline="Changing the objective to the gradient norm finds points of zero gradient",
        quote=original.QUOTES["S8a"],
        says="Changing the objective of a trained network to the gradient norm leads at least half of the trainings to a critical point: "
        "{critical_small_trained_grad_norm} of {params_small}-parameter networks with weight decay.",
        holds=at_least("critical_small_trained_grad_norm", 0.5, why="a way to find a point works where it finds it at least every second time", origin=None),
        comments=Comments(
            supported="Right with weight decay, at least every second time; the norm must still be checked at each point, for a search can stop elsewhere.",
            refuted="Even with weight decay fewer than half of the searches get there: a norm can stop falling where it is small and not zero.",
            inconclusive="With weight decay the share of searches that get there is too near one half to say; each point needs its own check.",
        ),
    ),
    Claim(
        "S8b",
        source="seed 2",
        headline="The same without weight decay, as in the seed",
        quote=original.QUOTES["S8a"],
        says="Without weight decay, too, changing the objective leads at least half of the trainings to a critical point: "
        "{critical_large_trained_grad_norm} of {params_large}-parameter networks.",
        holds=at_least("critical_large_trained_grad_norm", 0.5, why="a way to find a point works where it finds it at least every second time", origin=None),
        comments=Comments(
            supported="Right without weight decay too, at least every second time, for {params_large} parameters; at the seed's size the Hessian is out of reach.",
            refuted='Without weight decay, as in the seed, most searches end before the gradient is zero; "as small as possible" is not a critical point.',
            inconclusive='Without weight decay, as in the seed, the share is too near one half to say; "as small as possible" certifies nothing.',
        ),
    ),
    Claim(
        "S9a",
        source="seed 2",
        headline="Where the gradient is zero there is a minimum or a maximum: after training",
        quote=original.QUOTES["S9a"],
        says="Of the critical points that the second-order method finds from trained weights, at least 95 % are minima or maxima: "
        "{extrema_small_trained_levenberg}.",
        holds=at_least("extrema_small_trained_levenberg", 0.95, why="the sentence knows no third kind; one in twenty is left for eigenvalues at the tolerance", origin=1.0),
        comments=Comments(
            supported='Right, to one in twenty, where training ends and flat directions are allowed; that the optimiser then heads for "the global minimum" is nothing that was measured.',
            refuted="Even after training more than one critical point in twenty is a saddle, the third kind that the sentence forgets.",
            inconclusive="After training it is not decided whether saddles, the third kind that the sentence forgets, are rarer than one in twenty.",
        ),
    ),
    Claim(
        "S9b",
        source="seed 2",
        headline="Where the gradient is zero there is a minimum or a maximum: anywhere",
        quote=original.QUOTES["S9a"],
        says="Of the critical points that the second-order method finds from random weights, at least 95 % are minima or maxima: "
        "{extrema_small_random_levenberg}.",
        holds=at_least("extrema_small_random_levenberg", 0.95, why="the sentence knows no third kind; one in twenty is left for eigenvalues at the tolerance", origin=1.0),
        comments=Comments(
            supported="From random weights, too, nearly all are minima or maxima; that is for {params_small} parameters, and need not hold of larger networks.",
            refuted="Zero gradient does not mean minimum or maximum: of the points reached from random weights, more than one in twenty are saddles.",
            inconclusive="From random weights, where the seed did not start its search, it is not decided whether saddles are rarer than one in twenty.",
        ),
    ),
    Claim(
        "S10",
        source="seed 2",
        headline="The minimal ratio goes with the loss",
        quote=original.QUOTES["S10"],
        says="At the points that the gradient norm as the objective reaches from trained weights, the minimal ratio goes with the loss, one way or the other: rank "
        "correlation {ratio_with_loss_grad_norm} within groups of networks.",
        holds=away_from("ratio_with_loss_grad_norm", -0.3, 0.3, why="a rank correlation below 0.3 explains less than a tenth of the ranks"),
        comments=Comments(
            supported="Over {num_networks} trainings and full Hessians the ratio goes with the loss; the seed's plot, very probably of one layer in one run, could not tell.",
            refuted="Over {num_networks} trainings the ratio hardly goes with the loss; the seed's plot, very probably of one layer in one run, could not tell.",
            inconclusive="Not even {num_networks} trainings decide whether the ratio goes with the loss; the seed's plot is very probably of one layer in one run.",
        ),
    ),
    Claim(
        "index-rises-with-loss",
        source="Dauphin et al. 2014",
        headline="Critical points of higher loss have more negative directions",
        says="Among critical points, the share of negative eigenvalues rises with the loss: rank correlation {index_with_loss}.",
        published='the share of negative directions grows with the training error, on small-scale MNIST and CIFAR-10 (abstract).',
        holds=at_least("index_with_loss", 0.3, why="a rank correlation below 0.3 explains less than a tenth of the ranks", furthest=1.0),
    ),
    Claim(
        "mostly-not-critical",
        source="Frye et al. 2021",
        headline="Second-order searches mostly end at points that are not critical",
        says="Without weight decay fewer than half of the second-order searches from trained weights end at a critical point: "
        "{critical_large_trained_levenberg}.",
        published='of 100 searches on an autoencoder of MNIST, 14 % reach a squared gradient norm below 1e-10 and 28 % end at gradient-flat points.',
        holds=at_most("critical_large_trained_levenberg", 0.5, why="mostly means more often than not", origin=None),
    ),
    Claim(
        "strict-ratio-is-noise",
        source="ours",
        headline="Without a tolerance the minimal ratio counts noise",
        says="Without weight decay, counting every eigenvalue above exactly zero raises the minimal ratio of trained networks by more than 0.05: from "
        "{ratio_large_trained_none} to {strict_large_trained_none}.",
        holds=larger(
            "strict_large_trained_none", than="ratio_large_trained_none", by=0.05, paired=True,
            why="a twentieth of the eigenvalues is what the scatter of the assignment resolves",
        ),
    ),
)  # fmt: skip
