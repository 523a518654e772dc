"""One network trained with several batch sizes: how, what is measured at its solutions, and what the numbers are called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any, Literal

from experiments import quantities
from experiments.batches import by_square_root, updates_of_epochs
from experiments.quantities import of_training
from lab.data import MNIST
from lab.models import MLP
from lab.sharpness import Curvature, Rescaled, Rescaling, Sharpness
from lab.training import Recipe, Train
from lab.travel import Travelled
from measured import charts
from measured.evidence import Estimate, Metric, Quantity, Seeds, Sweep
from measured.jobs import Job

Solution = dict[str, Any]
"""A training and what was measured at its end, by the names of the jobs."""


@dataclass(frozen=True)
class Study:
    """Trainings that differ in their batch size, and what is measured at their ends, sharpness and Hessian in float64.

    Runs with the same seed start at the same weights and draw the same training images.
    """

    network: MLP
    data: MNIST
    """Images that it is trained on. Each seed draws its own."""
    batch_sizes: tuple[int, ...]
    """Images in a mini-batch, in ascending order."""
    num_epochs: int
    """Passes over the training images, where these are equal."""
    seeds: Seeds
    """Runs at each batch size."""
    num_examples: int
    """Training images on which sharpness is measured, the first ones of a run."""
    num_hessian_examples: int
    """Training images on which the Hessian is measured."""
    num_hardest: int = 0
    """How many of these are the ones with the largest losses of all; the others are drawn, and stand for all the rest. With 0
    they are the first ones, and stand for themselves."""
    num_probes: int = 2
    """Random sign vectors from which the trace of a Hessian is estimated."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Adam's learning rate over the updates: as it is, or to zero along half a cosine."""
    learning_rate: float = 0.001
    """Where it starts, the same at all batch sizes."""
    epsilon: float = 0.001
    """Size of Keskar's box: absolute plus relative."""
    adaptive_epsilon: float = 0.01
    """Size of the adaptive box: the share of its own size by which each weight may move."""

    @property
    def num_train(self) -> int:
        """Training images."""
        return self.data.sizes[0]

    @property
    def raised_rate(self) -> float:
        """The learning rate of the largest batch, raised by the square root of how much larger it is than the smallest."""
        return self.own_rate(self.batch_sizes[-1])

    def own_rate(self, batch_size: int) -> float:
        """The learning rate, raised by the square root of how much larger the batch is than the smallest, to two digits."""
        return by_square_root(self.learning_rate, batch_size, of=self.batch_sizes[0])

    def first(self, num: int) -> "Study":
        """The same with that many of its seeds, the first ones."""
        return replace(self, seeds=Seeds(num, self.seeds.first))

    def updates(self, batch_size: int) -> int:
        """Updates in the epochs of the study."""
        return updates_of_epochs(self.data, self.num_epochs, batch_size)

    def train(self, batch_size: int, num_updates: int, seed: int, learning_rate: float | None = None) -> Train:
        """One run."""
        recipe = Recipe(learning_rate or self.learning_rate, num_updates, batch_size, self.schedule)
        return Train(self.network, self.data.drawn(seed), recipe, seed)

    def for_equal_epochs(self) -> Sweep[Train]:
        """The runs in which all batch sizes see equally many images."""
        return Sweep.over(
            "batch size", self.batch_sizes, self.seeds, lambda size, seed: self.train(size, self.updates(size), seed)
        )

    def for_equal_updates(self, num_updates: int) -> Sweep[Train]:
        """The runs in which all batch sizes make equally many updates."""
        return Sweep.over("batch size", self.batch_sizes, self.seeds, lambda size, seed: self.train(size, num_updates, seed))

    def at_own_rates(self) -> Sweep[Train]:
        """The runs for equal epochs in which each batch size has its own learning rate."""

        def train(batch_size: int, seed: int) -> Train:
            return self.train(batch_size, self.updates(batch_size), seed, self.own_rate(batch_size))

        return Sweep.over("batch size", self.batch_sizes, self.seeds, train)

    def at_two_rates(self) -> Sweep[Train]:
        """The runs of the largest batch with the learning rate of all, and with the raised one."""
        size, rates = self.batch_sizes[-1], (self.learning_rate, self.raised_rate)
        return Sweep.over(
            "learning rate", rates, self.seeds, lambda rate, seed: self.train(size, self.updates(size), seed, rate)
        )

    def trained(self, run: Train) -> dict[str, Job]:
        """The training, and how far it went."""
        return {"training": run, "travel": Travelled(run, run.start)}

    def keskar(self, run: Train) -> dict[str, Job]:
        """Keskar's sharpness in full space."""
        return {"keskar": Sharpness(run, self.epsilon, self.num_examples, seed=run.seed)}

    def curvature(self, run: Train, draw: int = 0) -> dict[str, Job]:
        """The size of the Hessian."""
        size, hardest = self.num_hessian_examples, self.num_hardest
        return {"hessian": Curvature(run, size, self.num_probes, run.seed, num_hardest=hardest, draw=draw)}

    def adaptive(self, run: Train) -> dict[str, Job]:
        """Sharpness in the adaptive box."""
        return {"adaptive": Sharpness(run, self.adaptive_epsilon, self.num_examples, "adaptive", seed=run.seed)}

    def all_of(self, run: Train) -> dict[str, Job]:
        """The training and how far it went, both kinds of sharpness, and the size of the Hessian."""
        return self.trained(run) | self.keskar(run) | self.adaptive(run) | self.curvature(run)

    def papers_boxes(self, run: Train, subspace: int) -> dict[str, Job]:
        """Keskar's sharpness in the other boxes of the paper's tables: half as large, in a random subspace, and both."""

        def box(epsilon: float, dimension: int | None) -> Sharpness:
            return Sharpness(run, epsilon, self.num_examples, subspace=dimension, seed=run.seed)

        return {
            "half_box": box(self.epsilon / 2, None),
            "subspace": box(self.epsilon, subspace),
            "half_subspace": box(self.epsilon / 2, subspace),
        }

    def rescaling(self, run: Train, factors: tuple[float, ...]) -> Rescaling:
        """Both boxes and the Hessian of one function at several scales of its first layer."""
        return Rescaling(run, factors, self.epsilon, self.adaptive_epsilon, self.num_hessian_examples, run.seed)


# ---------------------------------------------------------------------------------------------------------------------
# What the numbers are called


def _phi(box: str) -> Callable[[Solution], float]:
    return lambda found: found[box].phi


_top = attrgetter("top_eigenvalue")
_positive = partial(Quantity, average="geometric mean", log=True)

KESKAR = _positive("keskar", "sharpness (Keskar)", read=_phi("keskar"))
HALF_BOX = _positive("half_box", "the same, half the box", read=_phi("half_box"))
SUBSPACE = _positive("subspace", "the same, in a subspace", read=_phi("subspace"))
HALF_SUBSPACE = _positive("half_subspace", "the same, half the box, in a subspace", read=_phi("half_subspace"))
ADAPTIVE = _positive("adaptive", "adaptive sharpness", read=_phi("adaptive"))
TOP = _positive("top", "largest Hessian eigenvalue", read=lambda found: found["hessian"].top_eigenvalue)
TRACE = _positive("trace", "trace of the Hessian", read=lambda found: found["hessian"].trace)
TRACE_ERROR = _positive(
    "trace_error", "standard error of that estimate, one run", read=lambda found: found["hessian"].trace_standard_error
)
NORM = _positive("norm", "norm of the weights", read=lambda found: found["travel"].norm)
DISTANCE = _positive("distance", "distance from the start", read=lambda found: found["travel"].distance)

# The paper's accuracies have four digits, and what is said of them turns on the last two.
TRAIN_ACCURACY = of_training(quantities.TRAIN_ACCURACY, digits=4)
TEST_ACCURACY = of_training(quantities.TEST_ACCURACY, digits=4)
TRAIN_LOSS = of_training(quantities.TRAIN_LOSS)
TEST_LOSS = of_training(quantities.TEST_LOSS)
GAP_LOSS = of_training(quantities.GAP_LOSS)
GAP_ACCURACY = of_training(quantities.GAP_ACCURACY)

MEASURES = (KESKAR, TOP, TRACE, ADAPTIVE, NORM, DISTANCE)
"""What may go with the generalisation gap."""
GAPS = (GAP_LOSS, GAP_ACCURACY)
RESCALED = {"keskar": KESKAR, "top_eigenvalue": TOP, "adaptive": replace(ADAPTIVE, digits=6), "weight_norm": NORM}
"""What is measured of a rescaled network, by its name in ``Rescaled``."""
BOXES = (KESKAR, HALF_BOX, SUBSPACE, HALF_SUBSPACE)
"""Sharpness as in the paper's tables."""
TABLE = (TRAIN_ACCURACY, TEST_ACCURACY, *BOXES, TRAIN_LOSS, TEST_LOSS, GAP_LOSS, ADAPTIVE, NORM, DISTANCE)
"""What stands beside the paper's tables."""
PERFORMANCE = (TRAIN_ACCURACY, TEST_ACCURACY, TRAIN_LOSS, TEST_LOSS, GAP_LOSS, KESKAR, NORM, DISTANCE)
CURVATURE = (TOP, TRACE, TRACE_ERROR)
"""What is measured of all runs, and of the first ones, where the learning rate falls to zero."""
DRAWS = _positive(
    "draws",
    "largest Hessian eigenvalue, the larger of two draws over the smaller",
    read=lambda pair: max(pair, key=_top).top_eigenvalue / min(pair, key=_top).top_eigenvalue,
)
OF_FEW = (HALF_BOX, SUBSPACE, HALF_SUBSPACE, ADAPTIVE)
"""What of it is measured for few of the runs."""

WORDS = {
    KESKAR: ("Keskar's sharpness", "end sharp, by Keskar's measure"),
    TOP: ("the largest Hessian eigenvalue", "end sharp, by the Hessian"),
    DISTANCE: ("the distance from the start", "stay near the start"),
}
"""What is measured, and what the original says of it."""
SMALLER, FEWER = "On the smaller network with equal", " But the large batch also makes far fewer updates."
WHERE = {
    "f1": ("On the paper's network", "On F1 with equal epochs", "f1", FEWER),
    "rest": ("On the paper's network at rest", "On F1 with equal epochs and a rate that falls to zero", "f1_at_rest", FEWER),
    "small_rest": (
        "On a smaller network at rest",
        f"{SMALLER} epochs, each batch from its own rate to zero",
        "small_at_rest",
        FEWER,
    ),
    "epochs": ("On a smaller network at equal epochs", f"{SMALLER} epochs", "small", FEWER),
    "updates": (
        "On a smaller network at equal updates",
        f"{SMALLER} updates",
        "small",
        " But the large batch also sees far more images.",
    ),
}
"""Each study in a headline and in a sentence, its settings, and what else a large batch does there."""


def at_ends(sweep: Sweep[Solution], measured: Sequence[Quantity]) -> dict[str, dict[str, Metric]]:
    """Each quantity at the smallest batch and at the largest, and its change from the one to the other."""
    return {item.name: sweep.ends(item) | {"change": sweep.change(item)} for item in measured}


def of_f1(sweep: Sweep[Solution], few: Sweep[Solution]) -> dict[str, dict[str, Metric]]:
    """The table at both ends, some of it for few of the runs, and by what factor the small batch ends farther away."""
    found = at_ends(sweep, [item for item in TABLE if item not in OF_FEW]) | at_ends(few, OF_FEW)
    found[DISTANCE.name]["small_over_large"] = Sweep(sweep.knob, dict(reversed(list(sweep.runs.items())))).change(DISTANCE)
    return found


def come_to_rest(sweeps: Mapping[str, Sweep[Solution]]) -> dict[str, dict[str, dict[str, Metric]]]:
    """At either batch size, and at the small one and the large one with the raised rate; the Hessian for fewer of the runs."""
    matched = ends_of(sweeps["rest"], sweeps["raised"])
    return {
        "rest": at_ends(sweeps["rest"], PERFORMANCE) | at_ends(sweeps["curved"], CURVATURE),
        "matched": at_ends(matched, PERFORMANCE),
    }


def over_sizes(sweep: Sweep[Solution]) -> dict[str, dict[str, Metric]]:
    """Measures and gaps at both ends, and the rank correlations of measures with gaps."""
    found, ranks = at_ends(sweep, (*MEASURES, *GAPS)), with_gaps(sweep)
    return {name: found.get(name, {}) | ranks.get(name, {}) for name in found | ranks}


def with_gaps(sweep: Sweep[Solution]) -> dict[str, dict[str, Metric]]:
    """Rank correlations of the measures, and of the training loss, with the gaps."""
    return {item.name: {f"with_{gap.name}": sweep.correlation(item, gap) for gap in GAPS} for item in (*MEASURES, TRAIN_LOSS)}


def ends_of(first: Sweep[Solution], last: Sweep[Solution]) -> Sweep[Solution]:
    """The runs at the first value of one sweep and those at the last of another."""
    return Sweep("kind of run", {0: first[first.values[0]], 1: last[last.values[-1]]})


def together(sweeps: Iterable[Sweep[Solution]]) -> Sweep[Solution]:
    """All ways of training of several sweeps, numbered."""
    return Sweep("way of training", dict(enumerate(runs for sweep in sweeps for runs in sweep.runs.values())))


def at_scales(found: Sequence[Rescaled]) -> dict[str, Any]:
    """How far the outputs of rescaled networks differ, and each measure before and after the rescaling by the first factor."""
    places = {"before": _unchanged(found), "after": 0}
    return {"difference": Estimate.over_seeds(run.output_difference.max() for run in found)} | {
        item.name: {when: item.estimate(getattr(run, name)[place] for run in found) for when, place in places.items()}
        for name, item in RESCALED.items()
    }


def over_factors(found: Sequence[Rescaled]) -> dict[str, dict[float, Metric]]:
    """Each measure by the factor of the first layer, relative to what it is at factor 1."""
    one = _unchanged(found)
    return {
        item.title: {
            factor: item.estimate(getattr(run, name)[place] / getattr(run, name)[one] for run in found)
            for place, factor in enumerate(found[0].factors.tolist())
        }
        for name, item in RESCALED.items()
    }


def _unchanged(found: Sequence[Rescaled]) -> int:
    return found[0].factors.tolist().index(1.0)


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(both: dict[str, Sweep[Solution]]) -> charts.Figure:
    """Three measures of sharpness and the distance travelled, by batch size. {setting.small.network},
    {setting.small.num_train} images, Adam at {setting.small.learning_rate}, {setting.small.num_epochs} epochs or
    {setting.num_updates} updates; sharpness on {setting.small.num_examples} training images, the Hessian of the whole training
    loss from {setting.small.num_hessian_examples}, in float64. All panels span the same factor: where a line is steeper, the
    measure grows more."""
    alt = "Four measures against batch size, a panel each, with a line for equal epochs and one for equal updates."
    return charts.sweeps(both, (KESKAR, TOP, ADAPTIVE, DISTANCE), alt=alt, equal_factors=True)


def performance(both: dict[str, Sweep[Solution]]) -> charts.Figure:
    """Accuracy, training loss and gaps of the same runs, by batch size. On all training images and all test images. A gap above
    zero: the test images have the higher loss, or the lower accuracy."""
    alt = "Test accuracy, training loss and both gaps against batch size, a line for equal epochs and one for equal updates."
    return charts.sweeps(both, (TEST_ACCURACY, TRAIN_LOSS, *GAPS), alt=alt)


def rescaling(scales: list[Rescaled]) -> charts.Figure:
    """One function at several scales: how four measures change. The first layer of {setting.small.network} times the factor,
    the next divided by it; batch {setting.middle_batch}, {setting.num_updates} updates, float64. A level line means that the
    measure does not notice."""
    return charts.trend(
        {"relative to factor 1": over_factors(scales)},
        x=charts.Axis("factor of layer 1", log=True),
        y=charts.Axis("measure, relative", log=True),
        alt="Keskar's sharpness, the largest Hessian eigenvalue, the adaptive sharpness and the norm of the weights, each "
        "relative to factor 1, against the factor of layer 1; both axes logarithmic.",
    )


def gap_against(both: dict[str, Sweep[Solution]]) -> charts.Figure:
    """The gap of the loss against sharpness and against training loss. One dot per run of the smaller network, at
    all batch sizes, for equal epochs and for equal updates."""
    against = {"sharpness": KESKAR, "training loss": TRAIN_LOSS}
    panels = {
        name: {
            title: [(item.of(run), GAP_LOSS.of(run)) for runs in sweep.runs.values() for run in runs]
            for title, sweep in both.items()
        }
        for name, item in against.items()
    }
    alt = "The gap of the loss against Keskar's sharpness, and against the training loss: one dot per run, two colours."
    x = {name: charts.Axis(item.title, log=True) for name, item in against.items()}
    return charts.scatter(panels, x=x, y=GAP_LOSS, alt=alt)


def correlations(found: Mapping[str, dict[str, dict[str, Metric]]], titles: Mapping[str, str]) -> charts.Figure:
    """What goes with the gap: rank correlations over {setting.small.batch_sizes.num} batch sizes. One per seed: for equal
    epochs, for equal updates, and over all ways of training of both. One: measure and gap rise together; minus one: one falls
    as the other rises."""
    loss, accuracy = (f"with_{gap.name}" for gap in GAPS)
    columns = ("measure", *(f"gap of the loss, {title}" for title in (*titles.values(), "both")), "gap of the accuracy, both")
    places = (*((name, loss) for name in titles), ("both", loss), ("both", accuracy))
    rows = [(item.title, *(found[name][item.name][kind] for name, kind in places)) for item in (*MEASURES, TRAIN_LOSS)]
    return charts.table(columns, rows)
