"""One network at several batch sizes, each at a learning rate of its own, chosen on other seeds and other images.

At one rate for all, a batch size is judged by how well that rate happens to suit it (Shallue et al. 2019).
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments import original
from experiments.batches import by_square_root, updates_of_epochs
from lab.data import MNIST
from lab.network import Network
from lab.training import LearningRateSearch, Recipe, Train


@dataclass(frozen=True)
class OwnRates:
    """Trainings by Adam at a constant rate, which is the best one for the batch size."""

    network: Network = original.DNN
    """What is trained."""
    data: MNIST = MNIST(10_000)
    """Images that it is trained on. Each seed draws its own."""
    num_epochs: int = 15
    """Passes over the training images."""
    least_updates: int = 300
    """Where a batch is so large that the epochs have fewer updates, training goes on until there are so many."""
    rate: float = 0.001
    """Adam's usual rate."""
    usual_batch: int = 64
    """The batch size at which rates around the usual one are tried. At others they grow with the root of the batch size."""
    multiples: tuple[float, ...] = (0.5, 1, 2, 4)
    """What is tried, in multiples of that. The lowest held-out loss that a run passes decides, as if it were stopped there."""
    trial_seeds: tuple[int, ...] = (100_000, 100_001)
    """Seeds on which rates are chosen, none of them reported; held out are training images that no trial learns from."""
    num_records: int = 21
    """How often, evenly over the updates, losses and accuracies are measured in full."""

    def rates(self, batch_size: int) -> tuple[float, ...]:
        """The rates that are tried at a batch size, to two digits."""
        return tuple(by_square_root(multiple * self.rate, batch_size, of=self.usual_batch) for multiple in self.multiples)

    def updates_of_epochs(self, batch_size: int) -> int:
        """Updates in the epochs."""
        return updates_of_epochs(self.data, self.num_epochs, batch_size)

    def updates(self, batch_size: int) -> int:
        """Updates of a training."""
        return max(self.updates_of_epochs(batch_size), self.least_updates)

    def train(self, batch_size: int, seed: int) -> Train:
        """A training at the batch size's own rate. All batch sizes start a seed at the same weights, with the same images."""
        return replace(self._run(self.data.drawn(seed), self.rate, batch_size, seed), tuned_by=self.search(batch_size))

    def search(self, batch_size: int) -> LearningRateSearch:
        """How the rate of a batch size is chosen."""
        data = replace(self.data.drawn(self.trial_seeds[0]), validation="held out")
        kinds = ((rate, seed) for rate in self.rates(batch_size) for seed in self.trial_seeds)
        trials = tuple(self._run(data, rate, batch_size, seed) for rate, seed in kinds)
        return LearningRateSearch(trials, by="lowest held-out loss")

    def _run(self, data: MNIST, rate: float, batch_size: int, seed: int) -> Train:
        updates = self.updates(batch_size)
        evenly = np.linspace(0, updates, self.num_records).round().astype(int).tolist()
        moments = tuple(sorted({*evenly, self.updates_of_epochs(batch_size)}))
        recipe = Recipe(rate, updates, batch_size)
        return Train(self.network, data, recipe, seed, record_at=moments, history_examples=data.sizes)
