"""Straight lines through two solutions: with a common start or not, what rises between the ends, and which point is best."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lab.checkpoints import Checkpoint
from lab.data import Data
from lab.landscape import LineLoss
from lab.network import Network
from lab.training import Recipe, Train

OTHER_ORDER = 1000
"""Added to the seed of the initial weights, it sets the order of examples of a second solution, as of no first one."""


@dataclass(frozen=True)
class Lines:
    """Lines through two solutions of one network, and what they are evaluated on."""

    network: Network
    data: Data
    num_alphas: int
    """Points on each line, evenly spaced from alpha -1 to 2; of 3 n + 1 of them the solutions, at 0 and 1, are two."""
    num_train: int
    """Training examples, the first ones."""
    num_test: int
    """Held-out examples, the first ones; half of them can choose a point, the other half judge it."""

    def __post_init__(self):
        if self.num_alphas < 4 or self.num_alphas % 3 != 1:
            raise ValueError(f"num_alphas is {self.num_alphas}; expected 4, 7, 10, ..., so that 0 and 1 are two of the points")

    def __str__(self) -> str:
        images = f"{self.num_train:,} training and {self.num_test:,} test examples"
        return f"{self.network} trained on {self.data.sizes[0]:,} examples; {self.num_alphas} points, on {images}"

    @property
    def num_judging(self) -> int:
        """Held-out examples of the half that judges."""
        return self.num_test // 2

    def of_one_start(self, first: Recipe, second: Recipe, seeds: Iterable[int]) -> list[LineLoss]:
        """One line per seed, between two solutions that began at the same weights; their orders of examples differ."""
        return [self._line(first, second, seed, seed) for seed in seeds]

    def of_two_starts(self, first: Recipe, second: Recipe, seeds: Iterable[int]) -> list[LineLoss]:
        """One line per seed, between two solutions that began apart, the second as its neighbour's first: 0 with 1, 2 with 3.

        So each training serves here and in a pair of one start, and more seeds change no pair.
        """
        return [self._line(first, second, seed, seed ^ 1) for seed in seeds]

    def by_start(self, first: Recipe, second: Recipe, seeds: Iterable[int]) -> dict[str, list[LineLoss]]:
        """Lines of one start and of two."""
        makers = {"one_start": self.of_one_start, "two_starts": self.of_two_starts}
        return {start: make(first, second, seeds) for start, make in makers.items()}

    def _line(self, first: Recipe, second: Recipe, seed: int, initial_seed: int) -> LineLoss:
        start = Train(self.network, self.data, first, seed)
        order = OTHER_ORDER + initial_seed
        end = Train(self.network, self.data, second, order, initial_seed=initial_seed, checkpoint_at=(0,))
        alphas = tuple(np.linspace(-1, 2, self.num_alphas).round(6).tolist())
        return LineLoss(Checkpoint(start), Checkpoint(end), alphas, self.num_train, self.num_test)


def from_start(line: LineLoss) -> LineLoss:
    """The line from the initial weights of a line's second solution to that solution."""
    return LineLoss(Checkpoint(line.end.of, 0), line.end, line.alphas, line.num_train, line.num_test)


def barrier_height(alphas: Float[np.ndarray, " points"], losses: Float[np.ndarray, " points"]) -> float:
    """The most by which the loss rises above the straight line between those at alpha 0 and 1, between them; never negative."""
    inside = (alphas >= 0) & (alphas <= 1)
    straight = np.interp(alphas[inside], (0, 1), (losses[alphas == 0].item(), losses[alphas == 1].item()))
    return float(np.max(losses[inside] - straight))


@dataclass(frozen=True)
class Chosen:
    """A point strictly between alpha 0 and 1 and one of these two ends, with scores on examples that did not choose them."""

    alpha: float
    score: float
    end_score: float

    @property
    def gain(self) -> float:
        """The point's score minus the end's."""
        return self.score - self.end_score


def choose_between(
    alphas: Float[np.ndarray, " points"], halves: Float[np.ndarray, "2 points"], best: Callable[[np.ndarray], np.intp]
) -> Chosen:
    """The ``best`` point strictly between the ends and the ``best`` end by the first row of ``halves``, scored by the second.

    ``best`` is ``np.argmin`` or ``np.argmax``. Scored by what chose it, the best of many points would look better than it is.
    """
    between, ends = np.flatnonzero((alphas > 0) & (alphas < 1)), np.flatnonzero((alphas == 0) | (alphas == 1))
    point, end = (places[best(halves[0, places])] for places in (between, ends))
    return Chosen(float(alphas[point]), float(halves[1, point]), float(halves[1, end]))
