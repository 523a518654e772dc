"""Where the gradient is zero, is there a minimum?

Small networks are driven to points without slope, from random weights and from trained ones, by two methods: the gradient norm
as the objective, as in the original, and a damped second-order step that can land on saddles. Every point carries a
certificate: how small its gradient is, and all eigenvalues of its Hessian with their error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments import networks as shown
from experiments import original, searches
from experiments.margins import MOSTLY, TREND
from experiments.searches import GROUP_SIZE, METHODS, NETWORKS, NORM, RATIO, SAMPLED, TRAINED, WAYS, Found, search, titled
from lab.activations import Tanh
from lab.critical_points import NeighbourRatio
from lab.data import MNIST
from lab.gradients import GradientNormDescent
from lab.models import MLP
from lab.reached import Reached, joined
from lab.training import Recipe, Train
from measured import charts, evidence
from measured.evidence import Claim, Comments, Margin, Result, Runs, Seeds, Single
from measured.jobs import gather

TITLE = "Points of zero gradient"
RUNS = Runs(varies="initial weights", shared="the {setting.num_points} points of the function that is fitted")

# Seconds of one worker with another beside it, for blocks of 50 networks (95 s for 3,000 steps from parts of them):
#   trainings        5,000 updates, 2 blocks of 33 parameters, 6 of 97                   2 x 3 + 6 x 4 s =  30 s
#   second order     up to 3,000 steps: from 4 starts; from 2 for 97 parameters          8 x 4 + 3 + 95 s = 130 s
#   gradient norm    up to 1,500 steps; those of 97 parameters stand still after 450     2 x 5 + 6 x 5 s =  40 s
#   the CNN          100 images x 60 steps of the gradient norm; neighbours              12 + 3 s        =  15 s


@dataclass(frozen=True)
class Images:
    """The original's own network, whose gradient norm is made small, but whose Hessian is out of reach."""

    num_images: int = 100
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
    """Smaller networks, one per seed."""
    large_seeds: Seeds = Seeds(300)
    """Larger networks, that are measured after training and after the gradient norm is made small."""
    long_seeds: Seeds = Seeds(50)
    """Those of the larger networks that the second-order method starts from, which takes the longest."""
    block: int = 50
    """Networks that are computed side by side in one program."""
    num_points: int = 64
    """Equally spaced points of the function on [-1, 1]."""
    num_updates: int = 5000
    """Updates of Adam on all points before a method takes over."""
    learning_rate: float = 0.01
    """The learning rate of Adam, which is constant."""
    starts: tuple[int, ...] = (0, 100, 1000, 5000)
    """Updates after which the second-order method starts; the other one starts after the last. 0: random weights."""
    second_order_steps: int = 3000
    """Damped second-order steps, at most."""
    grad_norm_steps: int = 1500
    """Steps on the gradient norm as the objective, at most."""
    tolerance: float = 1e-7
    """An eigenvalue counts as zero below this share of the largest magnitude."""
    fine: float = 1e-10
    """A finer tolerance, for comparison; still far above rounding."""
    coarse: float = 1e-6
    """A coarser one."""
    num_neighbours: int = 500
    """Sampled neighbours of a point, for the second definition of the minimal ratio."""
    radius: float = 1e-3
    """Distance of the neighbours, as a share of the norm of the weights."""
    images: Images = Images()
    """The pictures of the original."""

    @property
    def rules(self) -> searches.Rules:
        """What a search and its points are held against."""
        return searches.Rules()

    @property
    def rounding(self) -> float:
        """Share of the largest magnitude below which an eigenvalue of the larger network is rounding."""
        return self.large.num_parameters * float(np.finfo(np.float64).eps)

    @property
    def loss_of_constant(self) -> float:
        """The least loss of a network that predicts the same everywhere: the variance of what it should fit."""
        return float(np.var(np.sinc(5 * np.linspace(-1, 1, self.num_points))))


PRESETS = {
    "quick": Settings(seeds=Seeds(20), large_seeds=Seeds(20), long_seeds=Seeds(20), block=10, num_points=12, num_updates=20,
                      starts=(0, 20), second_order_steps=6, grad_norm_steps=6, num_neighbours=10, images=Images(20, 2, 2)),
    "standard": Settings(),
    "full": Settings(seeds=Seeds(500), large_seeds=Seeds(1000), long_seeds=Seeds(500), num_updates=50_000,
                     starts=(0, 100, 1000, 10_000, 50_000), second_order_steps=10_000, grad_norm_steps=50_000,
                     num_neighbours=5000, images=Images(2000, 3000, 1000)),
}  # fmt: skip


def run(settings: Settings = PRESETS["standard"]) -> Result:
    after, images = {"random": settings.starts[0], "trained": settings.starts[-1]}, settings.images
    ended = {(kind, *way): search(kind, after[way[0]], way[1], settings) for kind in NETWORKS for way in WAYS}
    along = {start: search("small", start, "levenberg", settings) for start in settings.starts}
    num, radius = settings.num_neighbours, settings.radius
    neighbours = {
        ("small", *way): [NeighbourRatio(job, num, radius, 1_000_000 + job.of.seeds[0]) for job in ended["small", *way]]
        for way in SAMPLED
    }
    seed, steps = settings.seeds.first, (0, images.num_updates)
    data, recipe = MNIST(images.num_images, seed, num_held_out=100), Recipe(0.001, images.num_updates, batch_size=64)
    training = Train(original.CNN_16_36, data, recipe, seed, checkpoint_at=steps)
    descent = GradientNormDescent(training, images.num_steps, images.num_images)
    points, points_along, shares, trained, descended = gather((ended, along, neighbours, training, descent))
    known = settings.tolerance, settings.loss_of_constant
    found = {key: Reached.of(parts, *known, shares.get(key, ())) for key, parts in points.items()}
    by_start = {start: Reached.of(parts, *known) for start, parts in points_along.items()}

    metrics: dict[str, Any] = {".".join(key): searches.measured_at(reached, settings) for key, reached in found.items()}
    metrics["small.earlier"] = searches.kinds_of(joined(by_start[start] for start in settings.starts[:-1]))
    metrics |= searches.correlations(found, by_start, settings)
    for name, values in (("norm", descended.grad_norm), ("loss", descended.loss)):
        metrics[f"images.{name}"] = {"first": Single.once(values[0]), "last": Single.once(values[-1])}
    weights = {"trained": trained.weights, "smallest gradient norm": descended.weights}
    figures = charts.drawn(filters, weights) | charts.drawn(second_filters, weights) | charts.drawn(index, by_start)
    for make in (histories, ratio, trend, tolerance, spectra, definitions):
        figures |= charts.drawn(make, found)
    figures |= charts.drawn(searches.eigenvalues, found, settings.tolerance)
    figures |= charts.drawn(searches.counts, found, metrics) | charts.drawn(searches.certificates, found, metrics)
    return Result(metrics, figures)


# ---------------------------------------------------------------------------------------------------------------------
# Figures

TOLERANCES = 10.0 ** np.arange(-16.0, -0.9, 0.5)
ZERO = charts.Axis("tolerance, as a share of the largest magnitude", log=True)


def histories(found: Found) -> charts.Figure:
    """How small the gradient becomes during each search. A point is called critical below {setting.rules.critical} and beyond
    doubt below {setting.rules.certain}. A search that stands still is drawn on as a level line."""
    ways = [way for way in WAYS if way[1] != "none"]
    panels = searches.lines(found, ways, lambda item: (item.steps[1:], np.maximum(item.history[:, 1:], 1e-34)))
    alt = "Squared gradient norm against the steps made, both axes logarithmic: a panel per network, a line per search."
    return charts.curves(panels, x=charts.Axis("steps", log=True), y=NORM, alt=alt)


def ratio(found: Found) -> charts.Figure:
    """Loss against minimal ratio, one dot per network. Each panel has one network and one way to its points, after
    {setting.num_updates} updates of training. An eigenvalue counts as zero below {setting.tolerance} of the largest."""
    panels = {
        f"{found[kind, *way].size}, {METHODS[way[1]]}": found[kind, *way].by_kind("minimal_ratio", "loss")
        for kind in NETWORKS
        for way in TRAINED
    }
    alt = "Loss against the share of positive eigenvalues: a dot per network, a panel per search, a colour per kind of point."
    return charts.scatter(panels, x=RATIO, y=charts.Axis("loss", log=True), alt=alt)


def tolerance(found: Found) -> charts.Figure:
    """The minimal ratio at every tolerance. From left to right more eigenvalues count as zero. On the left, the signs of
    rounding errors are counted too."""
    panels = searches.lines(
        found, TRAINED, lambda item: (TOLERANCES, np.stack([item.minimal_ratio_at(share) for share in TOLERANCES], axis=1))
    )
    alt = "Minimal ratio against tolerance: a panel per network, a line per method."
    return charts.curves(panels, x=ZERO, y=RATIO, alt=alt)


def trend(found: Found) -> charts.Figure:
    """How the minimal ratio goes with the loss, at every tolerance. Rank correlation within groups of the larger networks:
    above zero, a higher ratio comes with a higher loss. Where the ratio does not vary in a group, nothing is drawn."""
    series = {}
    for way in TRAINED:
        groups = found["large", *way].in_groups(GROUP_SIZE)
        rows = [[evidence.rank_correlation(group.minimal_ratio_at(at), group.loss) for at in TOLERANCES] for group in groups]
        varies = np.isfinite(rows).all(axis=0)
        if varies.any():
            series[METHODS[way[1]]] = charts.Series(TOLERANCES[varies], np.array(rows)[:, varies], "groups of networks")
    alt = "Rank correlation between minimal ratio and loss against tolerance, a line per method, and a level line at no order."
    panel, y = found["large", *TRAINED[0]].size, "rank correlation with the loss"
    return charts.curves({panel: series}, x=ZERO, y=y, alt=alt, levels={panel: {"no order": 0.0}})


def spectra(found: Found) -> charts.Figure:
    """All eigenvalues, sorted by magnitude. They end in the noise of double precision. A tolerance would be natural where the
    line drops steeply, since a gap leaves no doubt about what is above it."""
    panels = searches.lines(
        found, SAMPLED, lambda item: (np.linspace(0, 1, item.num_parameters), np.maximum(item.magnitudes, 1e-20))
    )
    y = charts.Axis("magnitude over the largest", log=True)
    alt = "Sorted magnitudes of eigenvalues on a logarithmic axis: a panel per network, a line per search."
    return charts.curves(panels, x="share of the eigenvalues", y=y, alt=alt)


def definitions(found: Found) -> charts.Figure:
    """Two definitions of the minimal ratio, one dot per smaller network. Across: the share of positive eigenvalues. Upwards: of
    {setting.num_neighbours} random neighbours, the share with a higher loss; they are as far away as {setting.radius} times
    the norm of the weights."""
    panels = {titled(*way): found["small", *way].by_kind("minimal_ratio", "higher") for way in SAMPLED}
    x, y = "share of positive eigenvalues", "share of neighbours with higher loss"
    return charts.scatter(panels, x=x, y=y, alike=True, alt=f"The {y} against the {x}: a panel per search.")


def index(by_start: Mapping[int, Reached]) -> charts.Figure:
    """Critical points by their loss and their share of downward directions. One dot per point that second-order steps found
    with the smaller network; the colour says after how many updates of training the search began. Dots at the left edge have
    no downward direction. Above a loss of {setting.loss_of_constant} a network answers nearly the same everywhere."""
    critical = {f"after {start} updates": reached.only_critical for start, reached in by_start.items()}
    dots = {name: list(zip(points.index, points.loss, strict=True)) for name, points in critical.items() if len(points.loss)}
    if not dots:
        return charts.table(("critical points",), [("none was found",)])
    x = "index: share of negative eigenvalues"
    alt = "Loss of critical points against their share of negative eigenvalues, a colour per moment at which the search began."
    return charts.scatter({"second order": dots}, x=x, y="loss", alt=alt)


def filters(weights: Mapping[str, np.ndarray]) -> charts.Figure:
    """First-layer filters before and after the search. The original's network, trained on {setting.images.num_images} images,
    and after {setting.images.num_steps} updates with the gradient norm as the objective; one seed, one scale for all."""
    return shown.first_filters(original.CNN_16_36, weights)


def second_filters(weights: Mapping[str, np.ndarray]) -> charts.Figure:
    """Second-layer filters before and after the search. The same network, for its first two input channels, one scale for
    all."""
    return shown.second_filters(original.CNN_16_36, weights)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

EVERY_SECOND = Margin(0.5, "a way to find a point works where it finds it at least every second time", origin=None)
ESCAPED = Margin(0.05, "a sentence on all falls to one exception; where none was seen, one in twenty may have escaped")
SCATTER = Margin(0.05, "a twentieth of the eigenvalues is what the scatter of the assignment resolves")
RATIOS = "large.trained.none.ratio"


def objective_finds_them(id: str, kind: str, decay: str, headline: str) -> Claim:
    """The original's method on one kind of network."""
    found, norm = f"{{{kind}.trained.grad_norm.found}}", f"{{{kind}.trained.grad_norm.grad_norm_squared}}"
    return Claim(
        id,
        source="original 2",
        headline=headline,
        quote=original.QUOTES["S8a"],
        says=f"{decay}, changing the objective of a trained network to the gradient norm leads {{margin}} of trainings to a "
        f"critical point: {found} of those with {{setting.{kind}.num_parameters}} parameters that have not collapsed.",
        holds=evidence.at_least(f"{kind}.trained.grad_norm.found", EVERY_SECOND),
        comments=Comments(
            supported=f"The search takes {found} of the networks that learned something to a point of zero gradient. Ordinary "
            f"training alone takes {{{kind}.trained.none.found}} of them there.",
            refuted=f"The share that gets there is {found}. Half of all searches end with a squared gradient norm above "
            f"{norm}: small, and not zero.",
            inconclusive=f"About every second search gets there ({found}): too close to half to say most or few.",
        ),
    )


def minimum_or_maximum(id: str, search: str, start: str, headline: str) -> Claim:
    """What the original says of points of zero gradient, for searches that begin at some moment of a training."""
    return Claim(
        id,
        source="original 2",
        headline=f"{headline}, every point of zero gradient is a minimum or a maximum",
        quote=original.QUOTES["S9a"],
        says=f"Where a second-order search {start} ends at a critical point beyond doubt, that is a minimum or a maximum, "
        f"every time: saddles, of which {{margin}} might have escaped us, are {{{search}.saddles}}.",
        holds=evidence.no_exception(f"{search}.saddles", unless=ESCAPED),
        comments=Comments(
            supported=f"Searches {start} found no saddle: every point curves one way, if at all.",
            refuted=f"Searches {start} found points of which {{{search}.saddles}} are saddles: level ground that curves up "
            "in some directions and down in others. The original does not mention them.",
            inconclusive=f"Searches {start} found no saddle, but too few points to say that there are none.",
        ),
    )


WORDS = {
    "learned": "without collapsed networks",
    "all": "with collapsed networks",
    "fine": "tolerance {setting.fine}",
    "tolerance": "tolerance {setting.tolerance}",
    "coarse": "tolerance {setting.coarse}",
    "strict": "every one above zero",
    "rounding": "above rounding",
}

CLAIMS = (
    objective_finds_them(
        "S8a", "small", "With weight decay", "With weight decay, minimising the gradient norm leads to points of zero gradient"
    ),
    objective_finds_them(
        "S8b", "large", "Without weight decay", "Without weight decay too, minimising the gradient norm leads to such points"
    ),
    minimum_or_maximum("S9a", "small.trained.levenberg", "after training", "After training"),
    minimum_or_maximum("S9b", "small.earlier", "from random or half-trained weights", "Earlier in training"),
    # The original's words are a definition, and its figure, which has no words, the ratio against the loss: the claim is
    # what that figure is drawn to show, and a trend that hangs on what counts as zero is none of the ratio.
    Claim(
        "S10",
        source="original 2",
        headline="The minimal ratio, the share of upward curvatures, goes with the loss",
        quote=original.QUOTES["S10"],
        says="Whatever counts as zero, the minimal ratio goes with the loss where the gradient norm as the objective leads: "
        "within groups of networks without weight decay, their rank correlation is {ratio_with_loss.fine} with a tolerance of "
        "{setting.fine}, {ratio_with_loss.tolerance} with {setting.tolerance} and {ratio_with_loss.coarse} with "
        "{setting.coarse}, each {margin} away from none.",
        holds=evidence.every(
            *(evidence.away_from(f"ratio_with_loss.{name}", 0.0, TREND) for name in ("fine", "tolerance", "coarse"))
        ),
        comments=Comments(
            supported="The two go together whatever counts as zero: rank correlations of {ratio_with_loss.fine} with a fine "
            "tolerance and {ratio_with_loss.coarse} with a coarse one.",
            refuted="The rank correlation is {ratio_with_loss.fine} with a fine tolerance and {ratio_with_loss.coarse} with a "
            "coarse one. With at least one choice, that is no trend that an eye would see.",
            inconclusive="The rank correlation lies near the margin: {ratio_with_loss.fine} with a fine tolerance and "
            "{ratio_with_loss.coarse} with a coarse one. More networks would decide.",
        ),
    ),
    Claim(
        "index-rises-with-loss",
        source="Dauphin et al. 2014",
        headline="Critical points of higher loss have more directions that lead down",
        says="Among the critical points of the smaller network the share of negative eigenvalues rises with the loss: rank "
        "correlation {index_with_loss.learned} without collapsed networks and {index_with_loss.all} with them, where {margin} "
        "counts as a rise.",
        published="the share of negative directions grows with the training error, on small MNIST and CIFAR-10 (abstract).",
        holds=evidence.every(*(evidence.at_least(f"index_with_loss.{name}", TREND) for name in ("learned", "all"))),
        comments=Comments(
            supported="The higher the loss at such a point, the more ways lead down from it: a rank correlation of "
            "{index_with_loss.learned}, or {index_with_loss.all} if those that answer the same everywhere count.",
            refuted="In these small networks it is not so: the rank correlation is {index_with_loss.learned}, or "
            "{index_with_loss.all} if those that answer the same everywhere count.",
            inconclusive="The rank correlation is {index_with_loss.learned}, or {index_with_loss.all} with those that have "
            "collapsed: too near the margin to call it a rise or none.",
        ),
    ),
    Claim(
        "mostly-not-critical",
        source="Frye et al. 2021",
        headline="Most second-order searches stop short of a zero gradient",
        says="Without weight decay {margin} of the second-order searches from trained weights get below the paper's cut-off "
        "for critical points within {setting.second_order_steps} steps: {large.trained.levenberg.critical}.",
        published="of 100 searches on an autoencoder of MNIST, 14 % reach a squared gradient norm below 1e-10 and 28 % end at "
        "gradient-flat points; 89 % pass a point with r > 0.9.",
        published_effect=0.14,
        holds=evidence.at_most("large.trained.levenberg.critical", MOSTLY),
        comments=Comments(
            supported="Only {large.trained.levenberg.critical} get below the cut-off. Whoever trusts the end of a search "
            "mostly counts curvatures where the ground still slopes.",
            refuted="On this small network most get below the cut-off: {large.trained.levenberg.critical}. But of all "
            "searches {large.trained.levenberg.moving} were still moving when their steps ran out.",
            inconclusive="On this small network {large.trained.levenberg.critical} get below the cut-off: too close to half "
            "to say most or few.",
        ),
    ),
    Claim(
        "strict-ratio-is-noise",
        source="ours",
        headline="Without a tolerance, the minimal ratio counts rounding errors",
        says="Without weight decay, counting every eigenvalue above exactly zero, and not only above the rounding of float64 "
        "({setting.rounding} of the largest magnitude), raises the minimal ratio of trained networks by {margin}: from "
        "{large.trained.none.ratio.rounding} to {large.trained.none.ratio.strict}.",
        holds=evidence.larger(f"{RATIOS}.strict", than=f"{RATIOS}.rounding", by=SCATTER, paired=True),
        comments=Comments(
            supported="Rounding errors lift the ratio from {large.trained.none.ratio.rounding} to "
            "{large.trained.none.ratio.strict}: part of it is the sign of noise.",
            refuted="It hardly does: the ratio is {large.trained.none.ratio.rounding} without rounding errors and "
            "{large.trained.none.ratio.strict} with them. Nearly all the tiny curvatures of these networks are real.",
            inconclusive="The ratio is {large.trained.none.ratio.rounding} without rounding errors and "
            "{large.trained.none.ratio.strict} with them: about as much as the margin.",
        ),
    ),
    Claim(
        "ratio-has-no-plateau",
        source="ours",
        headline="What you count as zero changes the minimal ratio",
        says="Between two tolerances far above rounding, {setting.fine} and {setting.coarse} of the largest magnitude, the "
        "minimal ratio of networks trained without weight decay falls by {margin}: from {large.trained.none.ratio.fine} to "
        "{large.trained.none.ratio.coarse}.",
        holds=evidence.larger(f"{RATIOS}.fine", than=f"{RATIOS}.coarse", by=SCATTER, paired=True),
        comments=Comments(
            supported="The same networks score {large.trained.none.ratio.fine} with a fine tolerance and "
            "{large.trained.none.ratio.coarse} with a coarse one. A ratio without its tolerance says little.",
            refuted="Hardly: the same networks score {large.trained.none.ratio.fine} with a fine tolerance and "
            "{large.trained.none.ratio.coarse} with a coarse one.",
            inconclusive="The same networks score {large.trained.none.ratio.fine} with a fine tolerance and "
            "{large.trained.none.ratio.coarse} with a coarse one: about as far apart as the margin.",
        ),
    ),
)
