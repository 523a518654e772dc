"""The loss around weights: along lines, on the plane of a path, and on a filter-normalised random plane.

Weights between and around trained ones are evaluated, never trained. Losses are those of the data, without weight decay, in evaluation
mode, on the first examples of the data. What is drawn on a plane is not the loss of a path that leaves the plane (a trap for users of
Li et al. 2018): results on the plane of a path hold both.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.models import MLP, StackedMLP, flat_statistics
from lab.network import BATCH_NORMALISATIONS, Network, set_weights
from lab.training import EVALUATION_SLICE, WORKER_FLOPS, Scores, Train, Training, evaluate
from lab.trajectories import check_comparable, principal_components, relative_residual
from measured.jobs import Job

SMALLEST_STACK = 4  # networks at a time below which a stack is no faster than one after the other


@dataclass(frozen=True)
class Point:
    """The weights of a training after ``at_step`` updates, one of its checkpoints; None for those at the end."""

    of: Train
    at_step: int | None = None

    def __post_init__(self):
        if self.at_step is not None and self.at_step not in self.of.checkpoint_at:
            raise ValueError(
                f"no checkpoint is kept after {self.at_step} updates; expected one of {sorted(set(self.of.checkpoint_at))}, "
                f"or add {self.at_step} to checkpoint_at"
            )

    def weights(self, training: Training) -> Float[np.ndarray, " parameters"]:
        """The weights, from the result of ``of``."""
        if self.at_step is None:
            return training.weights
        return training.checkpoints[sorted(set(self.of.checkpoint_at)).index(self.at_step)]


# ---------------------------------------------------------------------------------------------------------------------
# Scores at many weights


def evaluate_at(
    network: Network,
    anchors: Float[np.ndarray, "anchors parameters"],
    coefficients: Float[np.ndarray, "points anchors"],
    inputs: Float[Tensor, "examples ..."],
    targets: Tensor,
    normalize_on: Float[Tensor, "others ..."] | None = None,
) -> Scores:
    """Mean loss and accuracy of the network with the weights ``coefficients @ anchors``, one a point.

    Weights are combined in float64, so that an anchor itself is met exactly, and evaluated in the precision of ``inputs``. Small MLPs are evaluated in stacks.
    The running statistics of batch normalisation are estimated anew at each point, on ``normalize_on`` (by default the ``inputs``): those of two networks
    have no meaningful mixture.
    """
    normalize_on = inputs if normalize_on is None else normalize_on
    dtype = np.dtype(str(inputs.dtype).removeprefix("torch."))
    stack = _stack_size(network, len(inputs))
    if stack >= SMALLEST_STACK:
        assert isinstance(network, MLP)
        found = [
            evaluate(StackedMLP(network, (coefficients[i : i + stack] @ anchors).astype(dtype)), inputs.flatten(1), targets)
            for i in range(0, len(coefficients), stack)
        ]
        return Scores(*(np.concatenate([getattr(part, name) for part in found]) for name in ("loss", "accuracy")))
    model = network.build(0).to(inputs.dtype)
    found = []
    for row in coefficients:
        set_weights(model, torch.from_numpy((row @ anchors).astype(dtype)))
        if network.num_statistics:
            estimate_statistics(model, normalize_on)
        found.append(evaluate(model, inputs, targets))
    return Scores(np.array([part.loss for part in found]), np.array([part.accuracy for part in found]))


def _stack_size(network: Network, num_examples: int) -> int:
    if not isinstance(network, MLP) or network.batch_norm:
        return 1
    return StackedMLP.LARGEST_BATCHED_LAYER // (min(num_examples, EVALUATION_SLICE) * max(network.widths))


def estimate_statistics(model: nn.Module, inputs: Float[Tensor, "examples ..."]) -> None:
    """Set the running means and variances of batch normalisation to those of ``inputs`` at the present weights, in place.

    Each layer is measured on all inputs as the layers before it, normalised by their own statistics, hand them on. The variance is that of
    the inputs themselves, so that the network in evaluation mode is on them what it is in training mode with all of them in one batch.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, BATCH_NORMALISATIONS) and layer.track_running_stats]
    if len(flat_statistics(model)) != 2 * sum(layer.num_features for layer in layers):
        raise ValueError(
            "a state besides weights and batch normalisation cannot be estimated at other weights than those trained"
        )

    def measure(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        (values,) = arguments
        variance, mean = torch.var_mean(values, dim=[0, *range(2, values.ndim)], correction=0)
        layer.get_buffer("running_mean").copy_(mean)
        layer.get_buffer("running_var").copy_(variance)

    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    try:
        with torch.no_grad():
            model.eval()(inputs)
    finally:
        for hook in hooks:
            hook.remove()


def _examples(of: Train, num_train: int | None, num_test: int | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The first training and test examples of a training's data, in its precision."""
    split, dtype = of.data.load(), getattr(torch, of.recipe.dtype)
    parts = (
        split.train_inputs[:num_train],
        split.train_targets[:num_train],
        split.test_inputs[:num_test],
        split.test_targets[:num_test],
    )
    return tuple(part.to(dtype) if part.is_floating_point() else part for part in parts)  # pyright: ignore[reportReturnType]


def _seconds(of: Train, num_points: int, num_examples: int) -> float:
    """Roughly how long it takes to evaluate so many weights on so many examples."""
    arithmetic = of.network.num_flops / WORKER_FLOPS
    return num_points * (2e-4 + num_examples * (arithmetic + 2e-7))


# ---------------------------------------------------------------------------------------------------------------------
# Lines


@dataclass(frozen=True)
class Line:
    """Scores at (1 - alpha) start + alpha end; accuracies are shares, and None where the targets are not classes."""

    alphas: Float[np.ndarray, " points"]
    train_loss: Float[np.ndarray, " points"]
    test_loss: Float[np.ndarray, " points"]
    train_accuracy: Float[np.ndarray, " points"] | None
    test_accuracy: Float[np.ndarray, " points"] | None
    half_loss: Float[np.ndarray, "2 points"]
    """On the first and on the second half of the test examples: what one half chose, the other can judge."""
    half_accuracy: Float[np.ndarray, "2 points"] | None


@dataclass(frozen=True)
class LineLoss(Job):
    """The straight line between two weights of one network, evaluated (Goodfellow et al. 2015; Keskar et al. 2017 with alpha from -1 to 2)."""

    start: Point
    end: Point
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
        alphas = np.array(self.alphas, dtype=np.float64)
        anchors = np.stack([self.start.weights(start), self.end.weights(end)]).astype(np.float64)
        mixture = np.stack([1 - alphas, alphas], axis=1)
        examples = _examples(self.start.of, self.num_train, self.num_test)
        train = evaluate_at(self.start.of.network, anchors, mixture, *examples[:2])
        # What normalises the test images was measured on training images, as after a training.
        inputs, targets = (part.tensor_split(2) for part in examples[2:])
        halves = [
            evaluate_at(self.start.of.network, anchors, mixture, *half, normalize_on=examples[0])
            for half in zip(inputs, targets, strict=True)
        ]
        loss, accuracy = (np.stack([getattr(half, name) for half in halves]) for name in ("loss", "accuracy"))
        share = np.array([len(half) for half in inputs]) / len(examples[2])
        classes = not examples[1].is_floating_point()
        return Line(
            alphas, train.loss, share @ loss,
            train.accuracy if classes else None, share @ accuracy if classes else None,
            loss, accuracy if classes else None,
        )  # fmt: skip

    def placeholder(self) -> Line:
        alphas = np.array(self.alphas, dtype=np.float64)
        loss = 0.1 + 0.001 * (self.start.of.seed % 7) + 0.002 * (self.end.of.seed % 7) + (alphas - 0.4) ** 2
        accuracy = np.exp(-loss) if self.start.of.data.is_classification else None
        test_loss, test_accuracy = 1.1 * loss, None if accuracy is None else 0.98 * accuracy
        scale = np.array([[0.99], [1.01]])
        half_accuracy = None if test_accuracy is None else test_accuracy / scale
        return Line(alphas, loss, test_loss, accuracy, test_accuracy, scale * test_loss, half_accuracy)

    @property
    def seconds(self) -> float:
        return _seconds(self.start.of, len(self.alphas), self.num_train + self.num_test)


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
class TrajectoryPlane(Job):
    """The loss around the checkpoints of one run, or of several jointly, on the plane that comes closest to them.

    The plane goes through the mean of the checkpoints, not through the end as in Li et al. 2018: there the squared distances are least.
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
                f"resolution {self.resolution}, margin {self.margin} and num_examples {self.num_examples}; expected at least 2, 0 and 1"
            )

    def compute(self, *trainings: Training) -> Plane:
        paths = np.stack([training.checkpoints for training in trainings])
        runs, checkpoints, _ = paths.shape
        times = np.tile(np.unique(self.of[0].checkpoint_at), runs)
        found = principal_components(paths.reshape(runs * checkpoints, -1), 2, times)
        plane = np.vstack([found.mean, found.basis])
        network, (inputs, targets, *_) = self.of[0].network, _examples(self.of[0], self.num_examples, 1)

        def on_plane(coordinates: np.ndarray) -> np.ndarray:
            points = coordinates.reshape(-1, 2)
            coefficients = np.hstack([np.ones((len(points), 1)), points])
            return evaluate_at(network, plane, coefficients, inputs, targets).loss.reshape(coordinates.shape[:-1])

        coordinates = found.coordinates.reshape(runs, checkpoints, 2)
        xs, ys = self._axes(found.coordinates)
        true = [evaluate_at(network, path.astype(np.float64), np.eye(checkpoints), inputs, targets).loss for path in paths]
        return Plane(
            xs,
            ys,
            on_plane(np.stack(np.meshgrid(xs, ys), axis=-1)),
            coordinates,
            np.stack(true),
            on_plane(coordinates),
            np.stack([relative_residual(path, found.basis, found.mean) for path in paths]),
            found.explained,
        )

    def _axes(self, coordinates: Float[np.ndarray, "points 2"]) -> tuple[np.ndarray, np.ndarray]:
        low, high = coordinates.min(0), coordinates.max(0)
        # A straight path has no extent along the second component; the grid has as much there as along the first.
        straight = high - low < 1e-6 * (high - low).max()
        middle, half = (low + high) / 2, np.where(straight, (high - low).max(), high - low) / 2
        reach = half * (1 + 2 * self.margin)
        return tuple(np.linspace(middle[i] - reach[i], middle[i] + reach[i], self.resolution) for i in range(2))  # pyright: ignore[reportReturnType]

    def placeholder(self) -> Plane:
        runs, moments = np.arange(len(self.of))[:, None], np.linspace(0, 1, len(set(self.of[0].checkpoint_at)))
        angles = 2 * moments + 0.1 * runs
        coordinates = np.stack([-4 * np.cos(angles), 2 * np.sin(2 * angles)], axis=-1)
        xs, ys = self._axes(coordinates.reshape(-1, 2))
        losses = 0.1 + 0.05 * (xs - 1) ** 2 + 0.1 * (ys[:, None] - 0.5) ** 2
        path_losses = (2 + 0.1 * runs) * np.exp(-2 * moments)
        outside = 0.4 - 0.2 * moments + 0.01 * runs
        return Plane(xs, ys, losses, coordinates, path_losses, 0.8 * path_losses, outside, np.array([0.6, 0.2]))

    @property
    def seconds(self) -> float:
        num_points = self.resolution**2 + 2 * len(self.of) * len(self.of[0].checkpoint_at)
        return _seconds(self.of[0], num_points, self.num_examples)


# ---------------------------------------------------------------------------------------------------------------------
# A filter-normalised random plane


def filter_normalize(
    direction: Float[np.ndarray, " parameters"], weights: Float[np.ndarray, " parameters"], network: Network
) -> Float[np.ndarray, " parameters"]:
    """Rescale each filter of ``direction`` to the norm of the same filter in ``weights``.

    A filter is what feeds one output channel or unit. A ReLU network keeps its function when one layer grows and the next shrinks; this keeps the picture too (Li et al. 2018,
    section 4). Biases get zero.
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
        # The direction between two checkpoints may contain an all-zero filter; 0/0 there would spread NaN over the whole surface.
        pieces.append((filters * np.divide(wanted, norms, out=np.zeros_like(norms), where=norms > 0)).ravel())
    return np.concatenate(pieces)


@dataclass(frozen=True)
class Surface:
    """The loss on a plane spanned by two filter-normalised directions; at an offset of 1 each filter has moved by its own norm."""

    xs: Float[np.ndarray, " columns"]
    ys: Float[np.ndarray, " rows"]
    losses: Float[np.ndarray, "rows columns"]
    centre_loss: float
    """At the weights themselves, the middle of the grid."""


@dataclass(frozen=True)
class FilterNormalizedPlane(Job):
    """The loss around weights on a random plane whose directions have the sizes of the weights' own filters (Li et al. 2018, section 4).

    A picture of two random directions out of many; it rarely shows a saddle as one (Boettcher & Wheeler 2022).
    """

    around: Point
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
        network, weights = self.around.of.network, self.around.weights(training)
        random = np.random.default_rng(self.seed).standard_normal((2, network.num_parameters))
        anchors = np.stack([weights, *(filter_normalize(direction, weights, network) for direction in random)])
        offsets = self._offsets
        xs, ys = (axis.ravel() for axis in np.meshgrid(offsets, offsets))
        inputs, targets, *_ = _examples(self.around.of, self.num_examples, 1)
        losses = evaluate_at(network, anchors, np.stack([np.ones_like(xs), xs, ys], axis=1), inputs, targets).loss
        losses = losses.reshape(self.resolution, self.resolution)
        return Surface(offsets, offsets.copy(), losses, float(losses[self.resolution // 2, self.resolution // 2]))

    def placeholder(self) -> Surface:
        offsets, centre = self._offsets, 0.1 + 0.01 * (self.around.of.seed % 7) + 0.003 * (self.seed % 5)
        return Surface(offsets, offsets.copy(), centre + 2 * offsets**2 + 3 * offsets[:, None] ** 2, centre)

    @property
    def seconds(self) -> float:
        return _seconds(self.around.of, self.resolution**2, self.num_examples)
