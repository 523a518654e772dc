"""One network at several batch sizes, each at the learning rate that fits training images best, chosen on other seeds.

At one rate for all, a batch size is judged by how well that rate happens to suit it (Shallue et al. 2019).
"""

import math
from dataclasses import dataclass
from typing import Any

from experiments import original
from lab.data import MNIST
from lab.network import Network
from lab.training import Recipe, Train, tuned


@dataclass(frozen=True)
class OwnRates:
    """Trainings for equally many epochs, in which the rate falls to zero along half a cosine."""

    network: Network = original.DNN
    """What is trained."""
    data: MNIST = MNIST(10_000)
    """Images that it is trained on. Each seed draws its own."""
    num_epochs: int = 15
    """Passes over the training images, at every batch size."""
    rate: float = 0.001
    """Adam's usual rate, of which the rates that are tried at ``usual_batch`` are multiples."""
    usual_batch: int = 64
    """At another batch size they are larger by the square root of how much larger the batch is."""
    multiples: tuple[float, ...] = (1, 2, 4, 8)
    """Rates that are tried at each batch size. The lowest median training loss at the end decides."""
    trial_seeds: tuple[int, ...] = (100_000, 100_001)
    """Seeds on which the rates are chosen, the draw of images included; none of them is reported."""

    def rates(self, batch_size: int) -> tuple[float, ...]:
        """The rates that are tried at a batch size, to two digits."""
        scale = self.rate * math.sqrt(batch_size / self.usual_batch)
        return tuple(float(f"{multiple * scale:.1e}") for multiple in self.multiples)

    def updates(self, batch_size: int) -> int:
        """Updates in the epochs, of which each may end with a smaller mini-batch."""
        return self.num_epochs * math.ceil(self.data.sizes[0] / batch_size)

    def train(self, batch_size: int, seed: int, **recorded: Any) -> Train:
        """A training at the batch size's own rate. All batch sizes start a seed at the same weights, with the same images."""
        recipe = Recipe(self.rate, self.updates(batch_size), batch_size, schedule="cosine")
        run = Train(self.network, self.data.drawn(seed), recipe, seed, **recorded)
        return tuned(
            run,
            self.rates(batch_size),
            seeds=self.trial_seeds,
            data=self.data.drawn(self.trial_seeds[0]),
            by="training loss",
        )
