"""The loss around weights: along lines, on the plane of a path, and on a filter-normalised random plane.

Weights between and around trained ones are evaluated, never trained. Losses are those of the data, without weight decay, in
evaluation mode, on the first examples of the data. What is drawn on a plane is not the loss of a path that leaves the plane
(a trap for users of Li et al. 2018): results on the plane of a path hold both.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lab import costs
from lab.checkpoints import Checkpoint, check_comparable
from lab.network import Network
from lab.trained import Training
from lab.training import Train
from lab.trajectories import principal_components, relative_residual
from measured.jobs import Job

# ---------------------------------------------------------------------------------------------------------------------
# Lines


@dataclass(frozen=True)
class Line:
    """Scores at (1 - alpha) start + alpha end; accuracies are shares, and NaN where the targets are not classes."""

    alphas: Float[np.ndarray, " points"]
    train_loss: Float[np.ndarray, " points"]
    test_loss: Float[np.ndarray, " points"]
    train_accuracy: Float[np.ndarray, " points"]
    test_accuracy: Float[np.ndarray, " points"]
    half_loss: Float[np.ndarray, "2 points"]
    """On the first and on the second half of the test examples: what one half chose, the other can judge."""
    half_accuracy: Float[np.ndarray, "2 points"]


@dataclass(frozen=True)
class LineLoss(Job[Line]):
    """The straight line between two weights of one network, evaluated.

    After Goodfellow et al. (2015), and Keskar et al. (2017), who let alpha run from -1 to 2.
    """

    start: Checkpoint
    end: Checkpoint
    alphas: tuple[float, ...]
    """0 is ``start``, 1 is ``end``."""
    num_train: int
    """Training examples of ``start``, the first ones."""
    num_test: int
    """Held-out examples of ``start``, the first ones."""

    def __post_init__(self):
        if self.start.of.network != self.end.of.network:
            raise ValueError(
                f"no line leads from {self.start.of.network} to {self.end.of.network}; expected two trainings of one network"
            )
        if not self.alphas or self.num_train < 1 or self.num_test < 2:
            raise ValueError(
                f"alphas {self.alphas}, num_train {self.num_train} and num_test {self.num_test} leave nothing to do; "
                "expected an alpha, a training example and a test example for each half"
            )

    def compute(self, start: Training, end: Training) -> Line:
        from lab.mixtures import evaluate_at, halved

        of, alphas = self.start.of, np.array(self.alphas, dtype=np.float64)
        anchors = np.stack([self.start.weights(start), self.end.weights(end)]).astype(np.float64)
        mixture = np.stack([1 - alphas, alphas], axis=1)
        split = of.data.load()
        train, test = split.train(self.num_train, of.recipe.dtype), split.held_out(self.num_test, of.recipe.dtype)
        sets = (train, *halved(test))
        # What normalises the test images was measured on training images, as after a training.
        on_train, *on_halves = (
            evaluate_at(of.network, anchors, mixture, examples, normalize_on=train.inputs) for examples in sets
        )
        loss, accuracy = (np.stack([getattr(half, name) for half in on_halves]) for name in ("loss", "accuracy"))
        share = np.array([len(half.inputs) for half in sets[1:]]) / len(test.inputs)
        return Line(alphas, on_train.loss, share @ loss, on_train.accuracy, share @ accuracy, loss, accuracy)

    @property
    def axes(self) -> dict[str, int]:
        return {"points": len(self.alphas)}

    def placeholder(self) -> Line:
        return replace(super().placeholder(), alphas=np.array(self.alphas, dtype=np.float64))

    @property
    def flops(self) -> float:
        return _flops(self.start.of.network, len(self.alphas), self.num_train + self.num_test)


# ---------------------------------------------------------------------------------------------------------------------
# The plane of a path


@dataclass(frozen=True)
class Plane:
    """The loss on the plane of the first two joint principal components, and the paths on and off it."""

    xs: Float[np.ndarray, " columns"]
    """Along the first component, from the mean of all checkpoints, in weight units."""
    ys: Float[np.ndarray, " rows"]
    losses: Float[np.ndarray, "rows columns"]
    coordinates: Float[np.ndarray, "runs checkpoints 2"]
    path_losses: Float[np.ndarray, "runs checkpoints"]
    """At the checkpoints themselves."""
    plane_losses: Float[np.ndarray, "runs checkpoints"]
    """At their projections on the plane, where a picture shows them."""
    outside: Float[np.ndarray, "runs checkpoints"]
    """Distance from the plane as a share of the distance from the mean of all checkpoints."""
    explained: Float[np.ndarray, " 2"]
    """Shares of the variance of all checkpoints."""


@dataclass(frozen=True)
class TrajectoryPlane(Job[Plane]):
    """The loss around the checkpoints of one run, or of several jointly, on the plane that comes closest to them.

    The plane goes through the mean of the checkpoints, not through the end as in Li et al. 2018: there the squared
    distances are least.
    """

    of: tuple[Train, ...]
    resolution: int
    """Grid points along each axis."""
    margin: float
    """Added on each side, as a share of what the paths extend along that axis."""
    num_examples: int
    """Training examples, the first ones."""

    def __post_init__(self):
        check_comparable(self.of)
        if any(run.data != self.of[0].data for run in self.of):
            raise ValueError("the runs have different data and so different losses; expected the same data in all")
        if len(self.of) * len(set(self.of[0].checkpoint_at)) < 3:
            raise ValueError("two checkpoints make a line; a plane needs three: add to checkpoint_at")
        if self.resolution < 2 or self.margin < 0 or self.num_examples < 1:
            raise ValueError(
                f"resolution {self.resolution}, margin {self.margin} and num_examples {self.num_examples}; "
                "expected at least 2, 0 and 1"
            )

    def compute(self, *trainings: Training) -> Plane:
        from lab.mixtures import evaluate_at

        paths = np.stack([training.checkpoints for training in trainings])
        runs, checkpoints, _ = paths.shape
        times = np.tile(trainings[0].checkpoint_steps, runs)
        found = principal_components(paths.reshape(runs * checkpoints, -1), 2, times)
        plane = np.vstack([found.mean, found.basis])
        network, examples = self.of[0].network, self.of[0].data.load().train(self.num_examples, self.of[0].recipe.dtype)

        def on_plane(coordinates: np.ndarray) -> np.ndarray:
            points = coordinates.reshape(-1, 2)
            coefficients = np.hstack([np.ones((len(points), 1)), points])
            return evaluate_at(network, plane, coefficients, examples).loss.reshape(coordinates.shape[:-1])

        coordinates = found.coordinates.reshape(runs, checkpoints, 2)
        xs, ys = self._grid(found.coordinates)
        return Plane(
            xs,
            ys,
            on_plane(np.stack(np.meshgrid(xs, ys), axis=-1)),
            coordinates,
            np.stack([evaluate_at(network, path.astype(np.float64), np.eye(checkpoints), examples).loss for path in paths]),
            on_plane(coordinates),
            np.stack([relative_residual(path, found.basis, found.mean) for path in paths]),
            found.explained,
        )

    def _grid(self, coordinates: Float[np.ndarray, "points 2"]) -> tuple[np.ndarray, np.ndarray]:
        low, high = coordinates.min(0), coordinates.max(0)
        # A straight path has no extent along the second component; the grid has as much there as along the first.
        straight = high - low < 1e-6 * (high - low).max()
        middle, half = (low + high) / 2, np.where(straight, (high - low).max(), high - low) / 2
        reach = half * (1 + 2 * self.margin)
        return tuple(np.linspace(middle[i] - reach[i], middle[i] + reach[i], self.resolution) for i in range(2))  # pyright: ignore[reportReturnType]

    @property
    def axes(self) -> dict[str, int]:
        checkpoints = len(set(self.of[0].checkpoint_at))
        return {"runs": len(self.of), "checkpoints": checkpoints, "rows": self.resolution, "columns": self.resolution}

    def placeholder(self) -> Plane:
        made = super().placeholder()
        return replace(made, explained=made.explained / 2)  # two shares of one variance

    @property
    def flops(self) -> float:
        num_points = self.resolution**2 + 2 * len(self.of) * len(self.of[0].checkpoint_at)
        return _flops(self.of[0].network, num_points, self.num_examples)


# ---------------------------------------------------------------------------------------------------------------------
# A filter-normalised random plane


def filter_normalize(
    direction: Float[np.ndarray, " parameters"], weights: Float[np.ndarray, " parameters"], network: Network
) -> Float[np.ndarray, " parameters"]:
    """Rescale each filter of ``direction`` to the norm of the same filter in ``weights``.

    A filter is what feeds one output channel or unit. A ReLU network keeps its function when one layer grows and the next
    shrinks; this keeps the picture too (Li et al. 2018, section 4). Biases get zero.
    """
    pieces = []
    sizes = network.named_weights(weights)
    for name, part in network.named_weights(direction).items():
        if part.ndim < 2:
            pieces.append(np.zeros(part.size))
            continue
        filters = part.reshape(len(part), -1).astype(np.float64)
        norms = np.linalg.norm(filters, axis=1, keepdims=True)
        wanted = np.linalg.norm(sizes[name].reshape(len(part), -1).astype(np.float64), axis=1, keepdims=True)
        # The direction between two checkpoints may contain an all-zero filter; 0/0 would spread NaN over the whole surface.
        pieces.append((filters * np.divide(wanted, norms, out=np.zeros_like(norms), where=norms > 0)).ravel())
    return np.concatenate(pieces)


@dataclass(frozen=True)
class Surface:
    """The loss on a plane of two filter-normalised directions; at an offset of 1 each filter has moved by its own norm."""

    xs: Float[np.ndarray, " columns"]
    ys: Float[np.ndarray, " rows"]
    losses: Float[np.ndarray, "rows columns"]
    centre_loss: float
    """At the weights themselves, the middle of the grid."""


@dataclass(frozen=True)
class FilterNormalizedPlane(Job[Surface]):
    """The loss around weights on a random plane of directions as large as their own filters (Li et al. 2018, section 4).

    A picture of two random directions out of many; it rarely shows a saddle as one (Boettcher & Wheeler 2022).
    """

    around: Checkpoint
    seed: int
    """Of the two Gaussian directions."""
    radius: float
    """Largest offset along either axis."""
    resolution: int
    """Grid points along each axis; odd, so that the weights themselves are one of them."""
    num_examples: int
    """Training examples, the first ones."""

    def __post_init__(self):
        if self.resolution < 3 or self.resolution % 2 == 0:
            raise ValueError(
                f"resolution is {self.resolution}; expected an odd number from 3, so that the centre is on the grid"
            )
        if not self.radius > 0 or self.num_examples < 1:
            raise ValueError(f"radius is {self.radius} and num_examples {self.num_examples}; expected positive numbers")

    @property
    def _offsets(self) -> np.ndarray:
        half = self.resolution // 2
        return self.radius * np.arange(-half, half + 1) / half  # exactly zero in the middle

    def compute(self, training: Training) -> Surface:
        from lab.mixtures import evaluate_at

        of, weights = self.around.of, self.around.weights(training)
        random = np.random.default_rng(self.seed).standard_normal((2, of.network.num_parameters))
        anchors = np.stack([weights, *(filter_normalize(direction, weights, of.network) for direction in random)])
        offsets = self._offsets
        xs, ys = (axis.ravel() for axis in np.meshgrid(offsets, offsets))
        examples = of.data.load().train(self.num_examples, of.recipe.dtype)
        losses = evaluate_at(of.network, anchors, np.stack([np.ones_like(xs), xs, ys], axis=1), examples).loss
        losses = losses.reshape(self.resolution, self.resolution)
        return Surface(offsets, offsets.copy(), losses, float(losses[self.resolution // 2, self.resolution // 2]))

    @property
    def axes(self) -> dict[str, int]:
        return {"rows": self.resolution, "columns": self.resolution}

    @property
    def flops(self) -> float:
        return _flops(self.around.of.network, self.resolution**2, self.num_examples)


# ---------------------------------------------------------------------------------------------------------------------


def _flops(network: Network, num_weights: int, num_examples: int) -> float:
    """Of so many evaluations of a network on so many examples."""
    return num_weights * (costs.UPDATE / 5 + num_examples * (network.num_flops + 200 * costs.MOVE))
