"""The searches for points of zero gradient: which there are, and what is said of where each of them ends."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lab import critical_points
from lab.checkpoints import Checkpoint
from lab.critical_points import CriticalPoints, Method
from lab.functions import FunctionSamples, Sinc5
from lab.reached import LEARNED, Reached, joined
from lab.training import Recipe, TrainStack
from measured import charts, evidence
from measured.evidence import Metric, Quantity, Seeds, Share, Single

if TYPE_CHECKING:
    from experiments.zero_gradient import Settings

METHODS: dict[Method, str] = {
    "none": "ordinary training",
    "grad_norm": "gradient norm as objective",
    "levenberg": "second order",
}
NETWORKS = ("small", "large")
Ways = Sequence[tuple[str, Method]]
"""Pairs of the weights from which a search starts and its method."""
TRAINED: Ways = [("trained", method) for method in METHODS]
WAYS: Ways = [("random", "levenberg"), *TRAINED]
SAMPLED: Ways = [("random", "levenberg"), ("trained", "none"), ("trained", "levenberg")]
"""Searches with the smaller network around whose points neighbours are sampled."""
GROUP_SIZE = 10
"""A correlation over networks is measured within groups of so many, so that it has an interval."""


LOSS = Quantity("loss", "median loss", average="median")
RATIO = Quantity("minimal_ratio", "minimal ratio", average="median", bounds=(0.0, 1.0))
NORM = Quantity("grad_norm_squared", "squared gradient norm", average="median", log=True)
RESIDUAL = Quantity("largest_residual", "largest residual r on the way", average="median")
STEEPNESS = Quantity("steepness", "steepness", average="median")
STEPS = Quantity("num_steps", "steps made", average="median")
QUANTITIES = (LOSS, RATIO, NORM, RESIDUAL, STEEPNESS, STEPS)
NUMBERS = {item.name: item.title for item in QUANTITIES}
SHARES = {
    "critical": "critical",
    "certain": "beyond doubt",
    "flat": "gradient-flat",
    "moving": "still moving",
    "collapsed": "collapsed",
}

Found = dict[tuple[str, str, Method], Reached]
"""By network, weights at the start and method."""


@dataclass(frozen=True)
class Rules:
    """What a search and its points are held against; see ``lab.critical_points``."""

    critical: float = critical_points.CRITICAL
    """The squared gradient norm below which a point counts as critical."""
    certain: float = critical_points.STRICTLY_CRITICAL
    """The one below which it is critical beyond doubt."""
    patience: float = critical_points.PATIENCE
    """Share of the steps that it may make before which no search counts as standing still."""
    last_part: float = critical_points.LAST_PART
    """Part of its steps in which a search that stands still has hardly moved."""
    least_fall: float = critical_points.LEAST_FALL
    """Share of itself by which the squared norm of a search that moves falls in that part."""
    learned: float = LEARNED
    """Share of the variance of its targets that a network explains which has not collapsed."""


def blocks(kind: str, settings: "Settings", seeds: Seeds | None = None) -> list[TrainStack]:
    """The trainings of one kind of network, in blocks of seeds."""
    network, weight_decay = (settings.small, settings.weight_decay) if kind == "small" else (settings.large, 0.0)
    data = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=settings.num_points, num_test=200)
    recipe = Recipe(settings.learning_rate, settings.num_updates, None, weight_decay=weight_decay, dtype="float64")
    chosen, size = tuple(seeds or settings.seeds), settings.block
    parts = [chosen[first : first + size] for first in range(0, len(chosen), size)]
    return [TrainStack(network, data, recipe, part, checkpoint_at=settings.starts) for part in parts]


def search(kind: str, start: int, method: Method, settings: "Settings") -> list[CriticalPoints]:
    """The searches by one method from the weights after ``start`` updates, in the same blocks."""
    steps = {"none": 0, "grad_norm": settings.grad_norm_steps, "levenberg": settings.second_order_steps}[method]
    large = settings.long_seeds if method == "levenberg" else settings.large_seeds
    seeds = large if kind == "large" else settings.seeds
    return [CriticalPoints(Checkpoint(stack, start), method, steps) for stack in blocks(kind, settings, seeds)]


def tolerances(settings: "Settings") -> dict[str, float]:
    """What may count as zero, as a share of the largest magnitude, by name."""
    return {"fine": settings.fine, "tolerance": settings.tolerance, "coarse": settings.coarse}


def measured_at(found: Reached, settings: "Settings") -> dict[str, Metric]:
    """What is said of the points of one search."""
    ratios = {"strict": 0.0, "rounding": found.rounding, **tolerances(settings)}
    return {
        **{name: Share.over_seeds(getattr(found, name)) for name in SHARES},
        **{item.name: item.estimate(getattr(found, item.name)) for item in QUANTITIES},
        **{f"ratio.{name}": RATIO.estimate(found.minimal_ratio_at(share)) for name, share in ratios.items()},
        **kinds_of(found),
    }


def kinds_of(found: Reached) -> dict[str, Metric]:
    """How many of the networks that have not collapsed are at critical points, and how many of those are saddles."""
    learned = found.only_learned
    certain = learned.where(learned.certain)
    return {
        "found": Share.of_count(int(learned.critical.sum()), len(learned.loss), of="networks that have not collapsed"),
        "saddles": Share.of_count(int(certain.saddle.sum()), len(certain.loss), of="critical points beyond doubt"),
        "num_losses": Single.once(certain.num_losses),
    }


def correlations(found: Found, by_start: Mapping[int, Reached], settings: "Settings") -> dict[str, Any]:
    """Rank correlations within groups of networks: ratio with loss, both definitions of the ratio, index with loss."""
    large = found["large", "trained", "grad_norm"].in_groups(GROUP_SIZE)
    sampled = found["small", *SAMPLED[0]].in_groups(GROUP_SIZE)
    parts = zip(*(reached.in_groups(GROUP_SIZE) for reached in by_start.values()), strict=True)
    critical = [joined(part).only_critical for part in parts]
    learned = [group.only_learned for group in critical]
    return {
        "ratio_with_loss": {
            name: correlation((group.minimal_ratio_at(share), group.loss) for group in large)
            for name, share in tolerances(settings).items()
        },
        "definitions_agree": correlation((group.minimal_ratio, group.higher) for group in sampled),
        "index_with_loss": {
            name: correlation((group.index, group.loss) for group in groups)
            for name, groups in (("all", critical), ("learned", learned))
        },
    }


def correlation(pairs: Iterable[tuple[Any, Any]]) -> Metric:
    """Rank correlation over the networks of a group, one per group of three or more."""
    enough = [pair for pair in pairs if len(pair[0]) > 2]
    if not enough:
        return evidence.Missing(why="no group has three critical points", remedy="more steps of the searches")
    return replace(evidence.rank_correlations(*zip(*enough, strict=True)), of=f"groups of {GROUP_SIZE} networks")


def lines(found: Found, ways: Ways, line: Callable[[Reached], tuple[Any, Any]]) -> dict[str, dict[str, charts.Series]]:
    """A panel per kind of network, in which each search is a line, of x and of a row of numbers per network."""
    return {
        found[kind, *ways[0]].size: {titled(*way): charts.Series(*line(found[kind, *way])) for way in ways} for kind in NETWORKS
    }


def titled(start: str, method: Method) -> str:
    """How points were come by."""
    return f"{METHODS[method]}, from {start} weights"


def listing(found: Found, metrics: Mapping[str, Any], columns: Mapping[str, str]) -> charts.Figure:
    """A table with a line per search; columns are titles by the names of metrics."""
    rows = [
        (found[key].size, f"{key[1]} weights", METHODS[key[2]], *(metrics[".".join(key)][name] for name in columns))
        for key in found
    ]
    return charts.table(("network", "from", "by", *columns.values()), rows)


def counts(found: Found, metrics: Mapping[str, Any]) -> charts.Figure:
    """What kind of point each search ends at. Gradient-flat: the gradient lies almost in the kernel of the Hessian (`r > 0.9`
    and `r_H < 5e-4`, Frye and others). Still moving: when the steps ran out. Collapsed: less than {setting.rules.learned} of
    the variance of the target is explained. Saddles: the share of the critical points beyond doubt that have not collapsed;
    their eigenvalues of both signs are further from zero than rounding, and the way to the exact point, can have moved them.
    These points have so many different losses."""
    return listing(found, metrics, SHARES | {"saddles": "saddles", "num_losses": "different losses"})


def certificates(found: Found, metrics: Mapping[str, Any]) -> charts.Figure:
    """The certificates in numbers. The residual r of Frye and others is near 0 where a Newton step could still lower the
    gradient, and near 1 where the gradient lies in the kernel of the Hessian; it is the largest that a search met. Steepness:
    the slope of the squared gradient norm, over the most that it could be; near 0 where the gradient points along directions
    of little curvature. An eigenvalue counts as zero below {setting.tolerance} of the largest magnitude."""
    return listing(found, metrics, NUMBERS)


# ---------------------------------------------------------------------------------------------------------------------
# Eigenvalues

POINTS_SHOWN = 5
SPECTRA = (("small", WAYS[0]), ("small", WAYS[3]), ("large", WAYS[2]), ("large", WAYS[3]))
"""The searches of which some points are shown with all their eigenvalues."""


def eigenvalues(found: Found, tolerance: float) -> charts.Figure:
    """All curvatures of some points, under a tolerance that can be moved. Each line is a point where a search ended; its ticks
    are the eigenvalues over the largest magnitude, on an axis that is logarithmic on both sides of zero. In the grey band,
    below {setting.tolerance}, an eigenvalue counts as zero. Beside each point: how many are negative, zero and positive, and
    what these signs alone make of it; undecided, where some are zero and the others do not differ in sign. "Explore" lets you
    drag the band."""
    groups = {}
    for kind, way in SPECTRA:
        reached = found[kind, *way]
        points = zip(reached.kinds[:POINTS_SHOWN], reached.eigenvalues[:POINTS_SHOWN].tolist(), strict=True)
        groups[f"{reached.size}: {titled(*way)}"] = {
            f"{number}, {critical_points.KINDS[kind]}": values for number, (kind, values) in enumerate(points, start=1)
        }
    alt = (
        "Eigenvalues as ticks on an axis from the largest negative to the largest positive share: a line per point, in groups."
    )
    return charts.spectrum(groups, tolerance=tolerance, alt=alt)
