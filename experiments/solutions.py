"""One network trained with several batch sizes: how, what is measured at its solutions, and what the numbers are called."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from experiments import quantities
from experiments.quantities import of_training
from lab.data import MNIST
from lab.models import MLP
from lab.sharpness import Curvature, Rescaled, Rescaling, Sharpness
from lab.training import Recipe, Train
from measured.evidence import Estimate, Metric, Quantity, Seeds, Sweep
from measured.jobs import Job

Solution = dict[str, Any]
"""A training and what was measured at its end, by the names of the jobs."""


@dataclass(frozen=True)
class Study:
    """Trainings that differ in their batch size, and what is measured at their ends.

    Runs with the same seed start at the same weights.
    """

    network: MLP
    data: MNIST
    batch_sizes: tuple[int, ...]
    """Images in a mini-batch, in ascending order."""
    num_epochs: int
    """Passes over the training images, where these are equal."""
    seeds: Seeds
    """Runs at each batch size."""
    num_examples: int
    """Training images on which sharpness is measured, the first ones."""
    num_hessian_examples: int
    """Training images on which the Hessian is measured, the first ones."""
    num_probes: int = 6
    """Random sign vectors from which the trace of a Hessian is estimated."""
    learning_rate: float = 0.001
    """Adam's, constant and the same at all batch sizes."""
    epsilon: float = 0.001
    """Size of Keskar's box: absolute plus relative."""
    adaptive_epsilon: float = 0.01
    """Size of the adaptive box: the share of its own size by which each weight may move."""

    @property
    def num_train(self) -> int:
        """Training images."""
        return self.data.sizes[0]

    def updates(self, batch_size: int) -> int:
        """Updates in the epochs of the study, of which each may end with a smaller mini-batch."""
        return self.num_epochs * math.ceil(self.num_train / batch_size)

    def for_equal_epochs(self) -> Sweep[Train]:
        """The runs in which all batch sizes see equally many images."""
        return self._sweep(self.updates)

    def for_equal_updates(self, num_updates: int) -> Sweep[Train]:
        """The runs in which all batch sizes make equally many updates."""
        return self._sweep(lambda batch_size: num_updates)

    def _sweep(self, num_updates: Callable[[int], int]) -> Sweep[Train]:
        def train(batch_size: int, seed: int) -> Train:
            return Train(
                self.network, self.data.drawn(seed), Recipe(self.learning_rate, num_updates(batch_size), batch_size), seed
            )

        return Sweep.over("batch size", self.batch_sizes, self.seeds, train)

    def solution(self, run: Train) -> dict[str, Job]:
        """The training and its start, Keskar's sharpness in full space, and the size of the Hessian."""
        return {
            "training": run,
            "start": run.start,
            "keskar": Sharpness(run, self.epsilon, self.num_examples, seed=run.seed),
            "hessian": Curvature(run, self.num_hessian_examples, self.num_probes, run.seed),
        }

    def adaptive(self, run: Train) -> dict[str, Job]:
        """Sharpness in the adaptive box."""
        return {"adaptive": Sharpness(run, self.adaptive_epsilon, self.num_examples, "adaptive", seed=run.seed)}

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
        return Rescaling(run, factors, self.epsilon, self.adaptive_epsilon, self.num_examples, run.seed)


# ---------------------------------------------------------------------------------------------------------------------
# What the numbers are called


def _phi(box: str) -> Callable[[Solution], float]:
    return lambda found: found[box].phi


def _distance(found: Solution) -> float:
    """Euclidean, over all parameters."""
    return float(np.linalg.norm(found["training"].weights - found["start"].weights))


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
NORM = _positive("norm", "norm of the weights", read=lambda found: np.linalg.norm(found["training"].weights))
DISTANCE = _positive("distance", "distance from the start", read=_distance)

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
TABLE = (
    TRAIN_ACCURACY,
    TEST_ACCURACY,
    *BOXES,
    TRAIN_LOSS,
    TEST_LOSS,
    GAP_LOSS,
    TOP,
    TRACE,
    TRACE_ERROR,
    ADAPTIVE,
    NORM,
    DISTANCE,
)
"""What stands beside the paper's tables."""
OF_FEW = (HALF_BOX, SUBSPACE, HALF_SUBSPACE, ADAPTIVE)
"""What of it is measured for few of the runs."""


def at_ends(sweep: Sweep[Solution], measured: Sequence[Quantity]) -> dict[str, dict[str, Metric]]:
    """Each quantity at the smallest batch and at the largest, and its change from the one to the other."""
    return {item.name: sweep.ends(item) | {"change": sweep.change(item)} for item in measured}


def of_f1(sweep: Sweep[Solution], few: Sweep[Solution]) -> dict[str, dict[str, Metric]]:
    """The table at both ends, some of it for few of the runs, and by what factor the small batch ends farther away."""
    found = at_ends(sweep, [item for item in TABLE if item not in OF_FEW]) | at_ends(few, OF_FEW)
    small, large = ([DISTANCE.of(run) for run in sweep[size]] for size in (sweep.values[0], sweep.values[-1]))
    factors = (far / near for far, near in zip(small, large, strict=True))
    found[DISTANCE.name]["small_over_large"] = DISTANCE.estimate(factors)
    return found


def over_sizes(sweep: Sweep[Solution]) -> dict[str, dict[str, Metric]]:
    """Measures and gaps at the ends, their rank correlations with the batch size, and those of measures with gaps."""
    found = at_ends(sweep, (*MEASURES, *GAPS))
    for item in (*MEASURES, *GAPS):
        found[item.name]["with_size"] = sweep.correlation(item)
    for item in MEASURES:
        found[item.name] |= {f"with_{gap.name}": sweep.correlation(item, gap) for gap in GAPS}
    return found


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
