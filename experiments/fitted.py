"""Networks of several shapes, all trained until they fit their training images, and how sensitive they are.

Novak et al. (2018) compare networks that read all their training images: then the gap says how many unseen images they misread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from experiments.quantities import GAP_ACCURACY, TRAIN_ACCURACY, of_training, sensitivity
from lab.data import MNIST
from lab.models import MLP
from lab.sensitivity import Sensitivity
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Estimate, Missing, Seeds, Single, rank_correlations

Run = dict[str, Any]
"""A network, its training and its sensitivity, by these names."""
PROBABILITIES = sensitivity("probabilities", "test")
GAP = of_training(GAP_ACCURACY)


@dataclass(frozen=True)
class Fitted:
    """Networks that differ in their shape and in how they are trained."""

    data: MNIST = MNIST(1000)
    """Images that they are trained on, few enough to be fitted soon. Each seed draws its own."""
    shapes: tuple[tuple[int, ...], ...] = ((32, 32), (128, 128), (32, 32, 32, 32))
    """Units of the hidden layers."""
    batch_sizes: tuple[int, ...] = (64, 256)
    """Images in a mini-batch, for each shape."""
    rates: tuple[float, ...] = (0.003, 0.008)
    """Learning rates, for each of these; they fall to zero along half a cosine."""
    num_updates: int = 600
    """Updates of each training."""
    seeds: Seeds = Seeds(8)
    """Runs of each network."""
    num_test: int = 2000
    """Test images on which sensitivity is measured."""

    @property
    def num_networks(self) -> int:
        """How many kinds of runs there are."""
        return len(self.shapes) * len(self.batch_sizes) * len(self.rates)

    def runs(self) -> list[list[Run]]:
        """By seed, the networks, their trainings and their sensitivities."""
        return [[self._run(seed, *kind) for kind in product(self.shapes, self.batch_sizes, self.rates)] for seed in self.seeds]

    def _run(self, seed: int, shape: tuple[int, ...], batch_size: int, rate: float) -> Run:
        recipe = Recipe(rate, self.num_updates, batch_size, schedule="cosine")
        network = MLP(28 * 28, shape, 10)
        training = Train(network, self.data.drawn(seed), recipe, seed)
        return {"network": network, "training": training, "sensitivity": Sensitivity(training, 1, self.num_test)}


def those_that_fit(runs: Sequence[Run]) -> list[Run]:
    """The runs that read every one of their training images."""
    return [run for run in runs if TRAIN_ACCURACY.of(run["training"]) == 1]


def summary(by_seed: Sequence[Sequence[Run]]) -> dict[str, Estimate | Missing | Single]:
    """Over the networks that fit, per seed: the rank correlation of sensitivity and gap, and the fewest networks that there
    are."""
    fitted = [those_that_fit(runs) for runs in by_seed]
    fewest = min(map(len, fitted))
    if fewest < 3:
        rank = Missing(why="too few networks fit all their training images", remedy="more updates")
    else:
        rank = rank_correlations(*([[item.of(run) for run in runs] for runs in fitted] for item in (PROBABILITIES, GAP)))
    return {"rank": rank, "fewest": Single.once(fewest)}


def networks_that_fit(by_seed: Sequence[Sequence[Run]]) -> charts.Figure:
    """Gap against sensitivity, for networks that fit all their images. One dot per run that reads all of its
    {setting.fitted.data.num_train} training images, of {setting.fitted.num_networks} kinds of networks; sensitivity of the
    probabilities on {setting.fitted.num_test} test images."""
    sizes: dict[str, list[tuple[float, float]]] = {}
    for run in (run for runs in by_seed for run in those_that_fit(runs)):
        sizes.setdefault(f"{run['network'].num_parameters:,} parameters", []).append((PROBABILITIES.of(run), GAP.of(run)))
    alt = "Gap of the accuracy against the sensitivity of the probabilities: a dot per run, a colour for each network."
    x = charts.Axis(f"{PROBABILITIES.title}, per unit of a pixel", log=True)
    return charts.scatter({"": sizes}, x=x, y=GAP, alt=alt)
