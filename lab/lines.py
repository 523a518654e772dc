"""Straight lines through two solutions: with a common start or not, what rises between the ends, which point is best, and what
the networks on the line answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from lab import costs
from lab.checkpoints import Checkpoint
from lab.data import ImageSet
from lab.landscape import LineLoss
from lab.trained import Training
from lab.training import Train
from measured.jobs import Job

if TYPE_CHECKING:
    from torch import Tensor

OTHER_ORDER = 1000
"""Added to a seed, it sets the order of examples of a second solution, as of no first one."""
OTHER_START = 2000
"""Added to a seed, it sets the initial weights of a second solution that starts apart from the first."""


@dataclass(frozen=True)
class Lines:
    """Where lines through two solutions have points, and what they are evaluated on."""

    num_alphas: int
    """Points on each line, evenly spaced from alpha -1 to 2; of 3 n + 1 of them the solutions, at 0 and 1, are two."""
    num_train: int
    """Training examples, the first ones."""
    num_test: int
    """Held-out examples, the first ones; half of them can choose a point, the other half judge it."""
    fine: tuple[float, ...] = ()
    """Further points, this far from either solution towards the other: a mixture may be nearly one of the two."""

    def __post_init__(self):
        if self.num_alphas < 4 or self.num_alphas % 3 != 1:
            raise ValueError(f"num_alphas is {self.num_alphas}; expected 4, 7, 10, ..., so that 0 and 1 are two of the points")
        if not all(0 < distance < 0.5 for distance in self.fine):
            raise ValueError(f"fine is {self.fine}; expected distances from the nearer solution, above 0 and below 0.5")

    def __str__(self) -> str:
        return f"{len(self.alphas)} points, on {self.num_train:,} training and {self.num_test:,} test examples"

    @property
    def alphas(self) -> tuple[float, ...]:
        """Where the points are, in ascending order."""
        near = [place for distance in self.fine for place in (distance, 1 - distance)]
        return tuple(np.unique(np.round([*np.linspace(-1, 2, self.num_alphas), *near], 6)).tolist())

    @property
    def num_judging(self) -> int:
        """Held-out examples of the half that judges."""
        return self.num_test // 2

    def of_one_start(self, first: Train, second: Train, seeds: Iterable[int]) -> list[LineLoss]:
        """One line per seed, between two solutions that began at the same weights; their orders of examples differ.

        ``first`` and ``second`` say how; a seed sets the weights, the orders, and which training images are drawn for both.
        """
        return [self._line(first, second, seed, seed) for seed in seeds]

    def of_two_starts(self, first: Train, second: Train, seeds: Iterable[int]) -> list[LineLoss]:
        """One line per seed, between two solutions that began apart; all else is as in a line of one start."""
        return [self._line(first, second, seed, OTHER_START + seed) for seed in seeds]

    def by_start(self, first: Train, second: Train, seeds: Iterable[int]) -> dict[str, list[LineLoss]]:
        """Lines of one start and of two."""
        makers = {"one_start": self.of_one_start, "two_starts": self.of_two_starts}
        return {start: make(first, second, seeds) for start, make in makers.items()}

    def _line(self, first: Train, second: Train, seed: int, initial_seed: int) -> LineLoss:
        if not (isinstance(first.data, ImageSet) and first.data == second.data):
            raise ValueError(f"{first.data} and {second.data}: expected one set of images for both ends of a line")
        data = first.data.drawn(seed)
        start = replace(first, data=data, seed=seed)
        end = replace(second, data=data, seed=OTHER_ORDER + seed, initial_seed=initial_seed, checkpoint_at=(0,))
        return LineLoss(Checkpoint(start), Checkpoint(end), self.alphas, self.num_train, self.num_test)


def from_start(line: LineLoss) -> LineLoss:
    """The line from the initial weights of a line's second solution to that solution."""
    return LineLoss(Checkpoint(line.end.of, 0), line.end, line.alphas, line.num_train, line.num_test)


# ---------------------------------------------------------------------------------------------------------------------
# What the networks on a line answer


@dataclass(frozen=True)
class Answers:
    """Probabilities of the classes of some held-out examples, at each point of a line."""

    alphas: Float[np.ndarray, " points"]
    inputs: Float[np.ndarray, "examples ..."]
    targets: Int[np.ndarray, " examples"]
    probabilities: Float[np.ndarray, "points examples classes"]


@dataclass(frozen=True)
class LineAnswers(Job[Answers]):
    """What the networks on a line answer to a few held-out examples: small enough to keep, for readers to move along the line.

    Half of them are the first ones; the others are the next ones on which the two solutions disagree, as far as there are such.
    """

    start: Checkpoint
    end: Checkpoint
    alphas: tuple[float, ...]
    num_train: int
    """Training examples of ``start``, the first ones, on which running statistics are estimated where there are any."""
    num_examples: int

    @classmethod
    def on(cls, line: LineLoss, num_examples: int) -> "LineAnswers":
        """Those on a line that is evaluated."""
        return cls(line.start, line.end, line.alphas, line.num_train, num_examples)

    def compute(self, start: Training, end: Training) -> Answers:
        from lab.mixtures import outputs_at

        of, alphas = self.start.of, np.array(self.alphas, dtype=np.float64)
        split = of.data.load()
        test, train = split.held_out(dtype=of.recipe.dtype), split.train(self.num_train, of.recipe.dtype)
        anchors = np.stack([self.start.weights(start), self.end.weights(end)]).astype(np.float64)

        def logits(mixture: np.ndarray, inputs: "Tensor") -> np.ndarray:
            return outputs_at(of.network, anchors, mixture, inputs, train.inputs).astype(np.float64)

        first = self.num_examples - self.num_examples // 2
        says = logits(np.eye(2), test.inputs).argmax(-1)
        agreed = says[0] == says[1]
        agreed[:first] = False  # so that these are first in any case
        chosen = np.argsort(agreed, kind="stable")[: self.num_examples].tolist()
        found = logits(np.stack([1 - alphas, alphas], axis=1), test.inputs[chosen])
        odds = np.exp(found - found.max(-1, keepdims=True))
        pixels, targets = (part[chosen].cpu().numpy() for part in (test.inputs, test.targets))
        return Answers(alphas, pixels, targets, odds / odds.sum(-1, keepdims=True))

    @property
    def axes(self) -> dict[str, Any]:
        network, data = self.start.of.network, self.start.of.data
        examples = min(self.num_examples, data.sizes[1])
        return {"points": len(self.alphas), "examples": examples, "classes": network.outputs, "...": data.input_shape}

    def placeholder(self) -> Answers:
        return replace(super().placeholder(), alphas=np.array(self.alphas, dtype=np.float64))

    @property
    def flops(self) -> float:
        num_answers = 2 * self.start.of.data.sizes[1] + len(self.alphas) * self.num_examples
        return num_answers * self.start.of.network.num_flops + costs.JOB


# ---------------------------------------------------------------------------------------------------------------------
# What is read off a line


def barrier_height(alphas: Float[np.ndarray, " points"], losses: Float[np.ndarray, " points"]) -> float:
    """The most by which the loss rises above the straight line between those at alpha 0 and 1, between them; never negative."""
    inside = (alphas >= 0) & (alphas <= 1)
    straight = np.interp(alphas[inside], (0, 1), (losses[alphas == 0].item(), losses[alphas == 1].item()))
    return float(np.max(losses[inside] - straight))


def error_barrier(alphas: Float[np.ndarray, " points"], accuracies: Float[np.ndarray, " points"]) -> float:
    """The largest error between alpha 0 and 1, ends included, minus the mean of those at the two ends (Frankle et al. 2020)."""
    inside = (alphas >= 0) & (alphas <= 1)
    ends = accuracies[(alphas == 0) | (alphas == 1)]
    return float(ends.mean() - accuracies[inside].min())


@dataclass(frozen=True)
class Chosen:
    """A point of a line and one of its two ends, with scores on examples that did not choose them."""

    alpha: float
    score: float
    end_score: float

    @property
    def gain(self) -> float:
        """The point's score minus the end's."""
        return self.score - self.end_score


def choose(
    alphas: Float[np.ndarray, " points"], halves: Float[np.ndarray, "2 points"], best: Callable[[np.ndarray], np.intp]
) -> Chosen:
    """The ``best`` point besides the ends and the ``best`` end by the first row of ``halves``, scored by the second.

    ``best`` is ``np.argmin`` or ``np.argmax``. Scored by what chose it, the best of many points would look better than it is.
    """
    at_end = (alphas == 0) | (alphas == 1)
    point, end = (places[best(halves[0, places])] for places in map(np.flatnonzero, (~at_end, at_end)))
    return Chosen(float(alphas[point]), float(halves[1, point]), float(halves[1, end]))


def choose_between(
    alphas: Float[np.ndarray, " points"], halves: Float[np.ndarray, "2 points"], best: Callable[[np.ndarray], np.intp]
) -> Chosen:
    """The same among the points between the ends."""
    inside = (alphas >= 0) & (alphas <= 1)
    return choose(alphas[inside], halves[:, inside], best)
