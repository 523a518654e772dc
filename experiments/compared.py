"""Networks that are compared with each other: how they are trained, alike and at one learning rate."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lab.data import MNIST
from lab.network import Network
from lab.trained import Classification
from lab.training import LearningRateSearch, Recipe, Train
from measured.evidence import Seeds


@dataclass(frozen=True)
class Study:
    """How all networks of one comparison are trained."""

    images: MNIST
    """What a run trains on, in a draw of its own seed, and is tested on."""
    trial: MNIST
    """What the one learning rate of all networks is chosen on, in a draw that is not reported."""
    recipe: Recipe
    """How a run trains, but for its learning rate, which goes up and down in one cycle."""
    search_updates: int
    """Mini-batches of the trainings that choose the learning rate."""
    seeds: Seeds
    """Runs of each network; a seed sets the images, the wrong labels, the initial weights and the order."""


def search(networks: Iterable[Network], study: Study, rates: tuple[float, ...]) -> LearningRateSearch:
    """The rate at which the median of these networks does best in short trials: one for all that are compared, as a curve
    over sizes would otherwise have steps that are the rate's."""
    trial, by = study.trial, "held-out loss" if study.trial.validation == "held out" else "training loss"
    recipes = [replace(study.recipe, learning_rate=rate, num_updates=study.search_updates) for rate in rates]
    trials = [Train(network, trial, recipe, trial.seed) for network in networks for recipe in recipes]
    return LearningRateSearch(tuple(trials), by)


def trainings(network: Network, study: Study, chosen: LearningRateSearch) -> list[Train[Classification]]:
    """The reported runs of one network."""
    return [Train(network, study.images.drawn(seed), study.recipe, seed, tuned_by=chosen) for seed in study.seeds]


def resized(study: Study, num_updates: int, search_updates: int, seeds: Seeds, **images: int) -> Study:
    """The study with other trainings, and other numbers of images where they are given."""
    own, trial = replace(study.images, **images), replace(study.trial, num_train=images.get("num_train", study.trial.num_train))
    return Study(own, trial, replace(study.recipe, num_updates=num_updates), search_updates, seeds)
