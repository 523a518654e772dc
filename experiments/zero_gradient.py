"""What is there where the gradient is almost zero?

Many small networks are driven to points of zero gradient, from random weights and from trained ones, by two methods: the
gradient norm as the objective, as in the original, and a damped second-order step that can land on saddles. Every point carries
a certificate: how small its gradient is, whether it is a critical point or merely a flat stretch of gradient, and the signs of
all eigenvalues of its Hessian against a stated tolerance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from experiments import networks as shown
from experiments import original
from experiments.margins import MOSTLY, TREND
from lab.activations import Tanh
from lab.checkpoints import Checkpoint
from lab.critical_points import CRITICAL, CriticalPoints, Method, NeighbourRatio
from lab.data import MNIST
from lab.functions import FunctionSamples, Sinc5
from lab.gradients import GradientNormDescent
from lab.models import MLP
from lab.reached import Reached, joined
from lab.training import Recipe, Train, TrainStack
from measured import charts, evidence
from measured.evidence import Claim, Comments, Margin, Metric, Quantity, Result, Seeds, Share, Single
from measured.jobs import gather

TITLE = "Points of zero gradient"

# Seconds of one worker with another beside it, measured, for two blocks of 50 networks:
#   trainings        2 x 5,000 updates of 33 parameters and of 97             2 x (10 + 13) s          =  46 s
#   second order     200 steps from 4 starts, and from 2 for 97 parameters    4 x 2 x 3 + 2 x 2 x 10 s =  64 s
#   gradient norm    1,000 steps from 2 starts each                           2 x 2 x 7 + 2 x 2 x 11 s =  72 s
#   the CNN          200 images x 60 steps of the gradient norm, neighbours                            =  22 s


@dataclass(frozen=True)
class Images:
    """The original's own network, whose gradient norm is made small, but whose Hessian is out of reach."""

    num_images: int = 200
    """Images of MNIST on which it is trained and its gradient norm is measured."""
    num_updates: int = 200
    """Updates on the loss."""
    num_steps: int = 60
    """Updates on the gradient norm, after those."""


@dataclass(frozen=True)
class Settings:
    small: MLP = MLP(1, (4, 4), 1, Tanh())
    """The smaller network; like the other it is smooth, so that its Hessian exists everywhere."""
    large: MLP = MLP(1, (8, 8), 1, Tanh())
    """The larger network."""
    weight_decay: float = 2e-3
    """Half of it times the squared norm of the weights is part of the loss of the smaller network; the larger one has none."""
    seeds: Seeds = Seeds(100)
    """Networks of each kind, one per seed."""
    block: int = 50
    """Networks that are computed side by side in one program."""
    num_points: int = 64
    """Equally spaced points of the function on [-1, 1]."""
    num_updates: int = 5000
    """Updates of Adam on all points before a method takes over."""
    learning_rate: float = 0.01
    """The learning rate of Adam, which is constant."""
    starts: tuple[int, ...] = (0, 100, 1000, 5000)
    """Updates after which the second-order method starts; the other one starts after the first and last. 0: random weights."""
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
    images: Images = Images()
    """The pictures of the original."""

    @property
    def critical(self) -> float:
        """The squared gradient norm below which a point counts as critical."""
        return CRITICAL

    @property
    def loss_of_constant(self) -> float:
        """The least loss of a network that predicts the same everywhere: the variance of what it should fit."""
        return float(np.var(np.sinc(5 * np.linspace(-1, 1, self.num_points))))


PRESETS = {
    "quick": Settings(seeds=Seeds(20), block=10, num_points=12, num_updates=20, starts=(0, 20), second_order_steps=6,
                      grad_norm_steps=6, num_neighbours=10, images=Images(20, 2, 2)),
    "standard": Settings(),
    "full": Settings(seeds=Seeds(500), num_updates=50_000, starts=(0, 100, 1000, 10_000, 50_000), second_order_steps=2000,
                     grad_norm_steps=50_000, num_neighbours=5000, images=Images(2000, 3000, 1000)),
}  # fmt: skip
METHODS: dict[Method, str] = {
    "none": "ordinary training",
    "grad_norm": "gradient norm as objective",
    "levenberg": "second order",
}
NETWORKS, STARTS = ("small", "large"), ("random", "trained")
Ways = Sequence[tuple[str, Method]]
"""Pairs of the weights from which a search starts and its method."""
TRAINED: Ways = [("trained", method) for method in METHODS]
SAMPLED: Ways = [("random", "levenberg"), ("trained", "none"), ("trained", "levenberg")]
"""Searches with the smaller network around whose points neighbours are sampled."""
GROUP_SIZE = 10
"""A correlation over networks is measured within groups of so many, so that it has an interval."""

LOSS = Quantity("loss", "median loss", average="median")
RATIO = Quantity("minimal_ratio", "minimal ratio", average="median")
STRICT_RATIO = Quantity("strict_ratio", "share of eigenvalues above exactly zero", average="median")
NORM = Quantity("grad_norm_squared", "squared gradient norm", average="median", log=True)
FALL = Quantity("fall", "over that of the start", average="median", log=True)
RESIDUAL = Quantity("residual", "residual r", average="median")

Found = dict[tuple[str, str, Method], Reached]
"""By network, weights at the start and method."""


def blocks(kind: str, settings: Settings) -> list[TrainStack]:
    """The trainings of one kind of network, in blocks of seeds."""
    network, weight_decay = (settings.small, settings.weight_decay) if kind == "small" else (settings.large, 0.0)
    data = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=settings.num_points, num_test=200)
    recipe = Recipe(settings.learning_rate, settings.num_updates, None, weight_decay=weight_decay, dtype="float64")
    seeds, size = tuple(settings.seeds), settings.block
    parts = [seeds[first : first + size] for first in range(0, len(seeds), size)]
    return [TrainStack(network, data, recipe, part, checkpoint_at=settings.starts) for part in parts]


def search(kind: str, start: int, method: Method, settings: Settings) -> list[CriticalPoints]:
    """The searches by one method from the weights after ``start`` updates, in the same blocks."""
    steps = {"none": 0, "grad_norm": settings.grad_norm_steps, "levenberg": settings.second_order_steps}[method]
    return [CriticalPoints(Checkpoint(stack, start), method, steps) for stack in blocks(kind, settings)]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    after, images = {"random": settings.starts[0], "trained": settings.starts[-1]}, settings.images
    searches = {
        (kind, start, method): search(kind, after[start], method, settings)
        for kind, start, method in product(NETWORKS, STARTS, METHODS)
    }
    along = {start: search("small", start, "levenberg", settings) for start in settings.starts}
    num, radius = settings.num_neighbours, settings.radius
    neighbours = {
        ("small", *pair): [NeighbourRatio(block, num, radius, seed=7) for block in searches["small", *pair]] for pair in SAMPLED
    }
    recipe, steps = Recipe(0.001, images.num_updates, batch_size=64), (0, images.num_updates)
    training = Train(original.CNN_16_36, MNIST(images.num_images, num_held_out=100), recipe, seed=0, checkpoint_at=steps)
    descent = GradientNormDescent(training, images.num_steps, images.num_images)
    points, points_along, shares, trained, descended = gather((searches, along, neighbours, training, descent))
    found = {key: Reached.of(parts, settings.tolerance, shares.get(key, ())) for key, parts in points.items()}
    by_start = {start: Reached.of(parts, settings.tolerance) for start, parts in points_along.items()}

    metrics: dict[str, Any] = {".".join(key): measured_at(reached) for key, reached in found.items()}
    metrics["ratio_with_loss"] = {
        method: correlation(found["small", "trained", method].in_groups(GROUP_SIZE), "minimal_ratio", "loss")
        for method in ("none", "grad_norm")
    }
    metrics["definitions_agree"] = correlation(found["small", *SAMPLED[0]].in_groups(GROUP_SIZE), "minimal_ratio", "higher")
    groups = zip(*(reached.in_groups(GROUP_SIZE) for reached in by_start.values()), strict=True)
    metrics["index_with_loss"] = correlation([joined(parts).only_critical for parts in groups], "index", "loss")
    for name, values in (("norm", descended.grad_norm), ("loss", descended.loss)):
        metrics[f"images.{name}"] = {"first": Single.once(values[0]), "last": Single.once(values[-1])}
    weights = {"trained": trained.weights, "smallest gradient norm": descended.weights}
    figures = charts.drawn(filters, weights) | charts.drawn(second_filters, weights) | charts.drawn(index, by_start)
    for make in (histories, certificate, ratio, tolerance, spectra, definitions):
        figures |= charts.drawn(make, found)
    for make in (counts, certificates):
        figures |= charts.drawn(make, found, metrics)
    return Result(metrics, figures)


def measured_at(reached: Reached) -> dict[str, Metric]:
    """What is said of the points of one search."""
    extrema = reached.only_critical.extremum
    return {
        **{name: Share.over_seeds(getattr(reached, name)) for name in ("critical", "certain", "flat")},
        "extrema": Share.of_count(int(extrema.sum()), len(extrema), of="critical points"),
        **{item.name: item.estimate(getattr(reached, item.name)) for item in (LOSS, RATIO, STRICT_RATIO, NORM, FALL, RESIDUAL)},
    }


def correlation(groups: Sequence[Reached], x: str, y: str) -> Metric:
    """Rank correlation over the networks of a group, one per group of three or more."""
    pairs = [(getattr(group, x), getattr(group, y)) for group in groups if len(group.loss) > 2]
    if not pairs:
        return evidence.Missing(why="no group has three critical points", remedy="more steps of the searches")
    return replace(evidence.rank_correlations(*zip(*pairs, strict=True)), of=f"groups of {GROUP_SIZE} networks")


# ---------------------------------------------------------------------------------------------------------------------
# Figures

LEAST = 1e-34  # squared gradient norms below are drawn there


def way(start: str, method: Method) -> str:
    """How points were come by."""
    return f"{METHODS[method]}, from {start} weights"


def lines(found: Found, ways: Ways, line: Callable[[Reached], tuple[Any, Any]]) -> dict[str, dict[str, charts.Series]]:
    """A panel per kind of network, in which each search is a line, of x and of a row of numbers per network."""
    return {
        found[kind, *ways[0]].size: {way(*search): charts.Series(*line(found[kind, *search])) for search in ways}
        for kind in NETWORKS
    }


def histories(found: Found) -> charts.Figure:
    """How the squared gradient norm goes in {setting.grad_norm_steps} steps on the gradient norm as the objective, and in
    {setting.second_order_steps} of second order; float64."""
    ways: Ways = [(start, method) for start in STARTS for method in ("grad_norm", "levenberg")]
    alt = "Squared gradient norm on a logarithmic axis against the share of steps made: a panel per network, a line per search."
    panels = lines(found, ways, lambda item: (item.steps / item.steps[-1], np.maximum(item.history, LEAST)))
    return charts.curves(panels, x="share of the steps made", y=NORM, alt=alt)


def certificate(found: Found) -> charts.Figure:
    """The certificate: what the squared gradient norm is where each method ends, for {setting.seeds.num} networks of each kind.
    Values below 1e-34 are drawn there; float64."""
    panels: dict[str, dict[str, Any]] = {}
    for (_, start, method), reached in found.items():
        dots = zip(np.maximum(reached.grad_norm_squared, LEAST), reached.loss, strict=True)
        panels.setdefault(f"{reached.size}, {start} weights", {})[METHODS[method]] = dots
    alt = "Loss against squared gradient norm on logarithmic axes: a panel per network and start, a colour per method."
    return charts.scatter(panels, x=NORM, y=charts.Axis("loss", log=True), alt=alt)


def listing(found: Found, metrics: Mapping[str, Any], columns: Mapping[str, str]) -> charts.Figure:
    """A table with a line per search; columns are titles by the names of metrics."""
    rows = [
        (found[key].size, f"{key[1]} weights", METHODS[key[2]], *(metrics[".".join(key)][name] for name in columns))
        for key in found
    ]
    return charts.table(("network", "from", "by", *columns.values()), rows)


def counts(found: Found, metrics: Mapping[str, Any]) -> charts.Figure:
    """Which of the points are critical. Critical: squared gradient norm below {setting.critical}; gradient-flat: not critical,
    and the gradient lies almost in the kernel of the Hessian (r > 0.9 and r_H < 5e-4, Frye et al. 2021). In float64; an
    eigenvalue counts as zero below {setting.tolerance} of the largest magnitude."""
    shares = {"critical": "critical, 1e-10", "certain": "certain, 1e-20", "flat": "gradient-flat"}
    kinds = {"extrema": "minima or maxima among the critical"}
    return listing(found, metrics, shares | kinds | {item.name: item.title for item in (LOSS, RATIO)})


def certificates(found: Found, metrics: Mapping[str, Any]) -> charts.Figure:
    """The certificates in numbers. The residual r of Frye et al. (2021) is near 0 where a Newton step could still lower the
    gradient, and near 1 where the gradient lies in the kernel of the Hessian."""
    return listing(found, metrics, {item.name: item.title for item in (NORM, FALL, RESIDUAL)})


def ratio(found: Found) -> charts.Figure:
    """Minimal ratio against loss of the {setting.seeds.num} smaller networks, trained for {setting.num_updates} updates of Adam
    unless the weights are random; float64. An eigenvalue counts as zero below {setting.tolerance} of the largest magnitude."""
    panels = {way(*search): found["small", *search].by_kind("minimal_ratio", "loss") for search in (*TRAINED, SAMPLED[0])}
    alt = "Loss against the share of positive eigenvalues: a panel per search, a colour per kind of point."
    return charts.scatter(panels, x="minimal ratio: share of positive eigenvalues", y="loss", alike=True, alt=alt)


def tolerance(found: Found) -> charts.Figure:
    """The minimal ratio is a function of what counts as zero; float64."""
    shares = 10.0 ** np.arange(-16.0, -0.9, 0.5)
    panels = lines(found, TRAINED, lambda item: (shares, np.stack([item.minimal_ratio_at(share) for share in shares], axis=1)))
    x = charts.Axis("tolerance, as a share of the largest magnitude", log=True)
    return charts.curves(panels, x=x, y=RATIO, alt="Minimal ratio against tolerance: a panel per network, a line per method.")


def spectra(found: Found) -> charts.Figure:
    """All eigenvalues by magnitude. Where they fall without a gap down to the noise of float64, no tolerance is natural."""
    panels = lines(found, SAMPLED, lambda item: (np.linspace(0, 1, item.num_parameters), np.maximum(item.magnitudes, 1e-20)))
    y = charts.Axis("magnitude over the largest", log=True)
    alt = "Sorted magnitudes of eigenvalues on a logarithmic axis: a panel per network, a line per search."
    return charts.curves(panels, x="share of the eigenvalues", y=y, alt=alt)


def definitions(found: Found) -> charts.Figure:
    """Two definitions of the minimal ratio of the smaller networks: eigenvalues, and {setting.num_neighbours} neighbours at
    {setting.radius} of the norm of the weights; float64."""
    panels = {way(*search): found["small", *search].by_kind("minimal_ratio", "higher") for search in SAMPLED}
    x, y = "share of positive eigenvalues", "share of neighbours with higher loss"
    return charts.scatter(panels, x=x, y=y, alike=True, alt=f"The {y} against the {x}: a panel per search.")


def index(by_start: Mapping[int, Reached]) -> charts.Figure:
    """Loss against index at the critical points that second-order steps find with the smaller network, by where the search
    began; float64."""
    critical = {f"after {start} updates": reached.only_critical for start, reached in by_start.items()}
    dots = {name: list(zip(points.index, points.loss, strict=True)) for name, points in critical.items() if len(points.loss)}
    if not dots:
        return charts.table(("critical points",), [("none was found",)])
    x = "index: share of negative eigenvalues"
    return charts.scatter({"second order": dots}, x=x, y="loss", alt="Loss of critical points against their index, by start.")


def filters(weights: Mapping[str, np.ndarray]) -> charts.Figure:
    """First-layer filters of the original's network, trained on {setting.images.num_images} images, and after
    {setting.images.num_steps} updates with the gradient norm as the objective; seed 0, float32, one scale for all."""
    return shown.first_filters(original.CNN_16_36, weights)


def second_filters(weights: Mapping[str, np.ndarray]) -> charts.Figure:
    """Second-layer filters of the same network for input channels 0 and 1, one scale for all."""
    return shown.second_filters(original.CNN_16_36, weights)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

EVERY_SECOND = Margin(0.5, "a way to find a point works where it finds it at least every second time", origin=None)
NO_THIRD_KIND = Margin(0.95, "the sentence knows two kinds; one in twenty is left for eigenvalues at the tolerance", origin=1.0)
SCATTER = Margin(0.05, "a twentieth of the eigenvalues is what the scatter of the assignment resolves")


def objective_finds_them(id: str, kind: str, decay: str, headline: str) -> Claim:
    """The original's method on one kind of network."""
    return Claim(
        id,
        source="original 2",
        headline=headline,
        quote=original.QUOTES["S8a"],
        says=f"{decay}, changing the objective of a trained network to the gradient norm leads {{margin}} of trainings to a "
        f"critical point: {{{kind}.trained.grad_norm.critical}} of those with {{setting.{kind}.num_parameters}} parameters.",
        holds=evidence.at_least(f"{kind}.trained.grad_norm.critical", EVERY_SECOND),
        comments=Comments(
            supported=f"{decay} the original is right, at least every second time. Each point still needs its certificate.",
            refuted=f"{decay} most searches end where the gradient is not zero, however small: at no critical point.",
            inconclusive=f"{decay} the share of searches that end at a critical point is too near one half to say.",
        ),
    )


def minimum_or_maximum(id: str, start: str, headline: str) -> Claim:
    """What the original says of points of zero gradient, for searches from random or from trained weights."""
    return Claim(
        id,
        source="original 2",
        headline=f"Where the gradient is zero there is a minimum or a maximum: {headline}",
        quote=original.QUOTES["S9a"],
        says=f"Of the critical points that the second-order method finds from {start} weights, {{margin}} are minima or "
        f"maxima: {{small.{start}.levenberg.extrema}}.",
        holds=evidence.at_least(f"small.{start}.levenberg.extrema", NO_THIRD_KIND),
        comments=Comments(
            supported=f"From {start} weights the original is right, to one point in twenty, if flat directions are allowed.",
            refuted=f"Of the critical points near {start} weights, more than one in twenty is a saddle: the third kind.",
            inconclusive=f"From {start} weights it is open whether saddles, the third kind, are rarer than one in twenty.",
        ),
    )


CLAIMS = (
    objective_finds_them(
        "S8a", "small", "With weight decay", "Changing the objective to the gradient norm finds points of zero gradient"
    ),
    objective_finds_them("S8b", "large", "Without weight decay", "The same without weight decay, as in the original"),
    minimum_or_maximum("S9a", "trained", "after training"),
    minimum_or_maximum("S9b", "random", "anywhere"),
    Claim(
        "S10",
        source="original 2",
        headline="The minimal ratio goes with the loss",
        quote=original.QUOTES["S10"],
        says="At the points that the gradient norm as the objective reaches from trained weights, the minimal ratio goes with "
        "the loss: the rank correlation within groups of networks, {ratio_with_loss.grad_norm}, is {margin} away from none.",
        holds=evidence.away_from("ratio_with_loss.grad_norm", 0.0, TREND),
        comments=Comments(
            supported="The ratio tells something about the loss. The original's plot, very probably of one layer in one run, "
            "could hardly show it.",
            refuted="The ratio shows no clear trend with the loss. The original's plot, very probably of one layer in one run, "
            "could not tell.",
            inconclusive="Even {setting.seeds.num} networks leave it open. The original's plot is very probably of one layer "
            "in one run.",
        ),
    ),
    Claim(
        "index-rises-with-loss",
        source="Dauphin et al. 2014",
        headline="Critical points of higher loss have more negative directions",
        says="Among critical points the share of negative eigenvalues rises with the loss: rank correlation {index_with_loss}, "
        "where {margin} counts as a rise.",
        published="the share of negative directions grows with the training error, on small-scale MNIST and CIFAR-10 "
        "(abstract).",
        holds=evidence.at_least("index_with_loss", TREND),
        comments=Comments(
            supported="The picture of Dauphin and others holds for these small networks.",
            refuted="These small networks do not show the picture of Dauphin and others.",
            inconclusive="Whether these small networks show the picture of Dauphin and others is open.",
        ),
    ),
    Claim(
        "mostly-not-critical",
        source="Frye et al. 2021",
        headline="Second-order searches mostly end at points that are not critical",
        says="Without weight decay {margin} of the second-order searches from trained weights end at a critical point: "
        "{large.trained.levenberg.critical}.",
        published="of 100 searches on an autoencoder of MNIST, 14 % reach a squared gradient norm below 1e-10 and 28 % end at "
        "gradient-flat points.",
        holds=evidence.at_most("large.trained.levenberg.critical", MOSTLY),
        comments=Comments(
            supported="Who takes the end of a search for a critical point mostly counts the eigenvalues of something else.",
            refuted="On this small network that warning does not apply: most searches do end at a critical point.",
            inconclusive="Whether that warning applies to this small network is open.",
        ),
    ),
    Claim(
        "strict-ratio-is-noise",
        source="ours",
        headline="Without a tolerance the minimal ratio is higher",
        says="Without weight decay, counting every eigenvalue above exactly zero raises the minimal ratio of trained networks "
        "by {margin}: from {large.trained.none.minimal_ratio} to {large.trained.none.strict_ratio}.",
        holds=evidence.larger(
            "large.trained.none.strict_ratio", than="large.trained.none.minimal_ratio", by=SCATTER, paired=True
        ),
        comments=Comments(
            supported="What counts as zero changes the ratio. Where the curve has no plateau, the ratio is a statement about "
            "the tolerance.",
            refuted="For these networks the strict count changes the ratio by less than that.",
            inconclusive="How much the strict count adds for these networks is open.",
        ),
    ),
)
