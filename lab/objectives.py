"""Losses of an author's own: networks that are trained on them, and their gradient and Hessian at any moment of a training.

A ``Train`` knows the usual losses, cross-entropy for classes and squared error for values, by formulas where there are some.
A ``Minimize`` takes any other; ``lab.minimization`` is its loop.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from lab import costs
from lab.data import Data, Dtype
from lab.network import Network
from lab.trained import Training
from lab.training import HISTORY_EXAMPLES, Recipe, Train
from measured.jobs import Job

if TYPE_CHECKING:
    from torch import Tensor, nn

R = TypeVar("R", bound=Training, covariant=True)

SHAPE_TOLERANCE = 0.01  # of ARPACK, for the eigenvector; the eigenvalue is off by about its square
LANCZOS_VECTORS = 20  # of which one eigenvalue needs few
USUAL_PRODUCTS = 40  # of the Hessian and a vector, for one eigenvalue


class LossFunction(ABC):
    """What answers cost. A subclass is a frozen dataclass, in ``lab`` or in a chapter, whose fields determine it.

    The loss of a network is the mean over examples. ``lab.minimization.check`` compares gradient and Hessian with differences
    of values, in float64, before a network is trained.

    >>> import torch
    >>> @dataclass(frozen=True)
    ... class Absolute(LossFunction):
    ...     def __call__(self, outputs, targets):
    ...         return (outputs - targets).abs().mean(-1)
    >>> Absolute()(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))
    tensor([1.])
    """

    @abstractmethod
    def __call__(self, outputs: "Tensor", targets: "Tensor") -> "Tensor":
        """One number per example, from outputs (examples, outputs) and targets: class numbers, or values (examples, values).

        In the precision of the outputs, by torch's functions, so that it can be differentiated twice; it draws nothing.
        """


@dataclass(frozen=True)
class CrossEntropy(LossFunction):
    """The usual loss for classes, in nats."""

    def __call__(self, outputs: "Tensor", targets: "Tensor") -> "Tensor":
        from torch import nn

        return nn.functional.cross_entropy(outputs, targets, reduction="none")


@dataclass(frozen=True)
class SquaredError(LossFunction):
    """The mean over outputs of squared differences: from values, or from one for the class and zero for the others."""

    def __call__(self, outputs: "Tensor", targets: "Tensor") -> "Tensor":
        from torch import nn

        if not targets.is_floating_point():
            targets = nn.functional.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
        return (outputs - targets).square().mean(-1)


@dataclass(frozen=True)
class Minimize(Job[R], Generic[R]):
    """One network trained on any loss from one seed, which sets its initial weights and the order of its examples.

    The result is what ``Train`` gives, with losses that are means of ``loss``; of classes it has accuracies as well.
    """

    network: Network
    loss: LossFunction
    on: Data[R]
    recipe: Recipe
    seed: int
    record_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the histories are measured."""
    checkpoint_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the weights are kept."""
    history_examples: tuple[int, int] = field(default=HISTORY_EXAMPLES, kw_only=True)
    """Training and held-out examples, the first ones, on which the histories are measured."""
    initial_seed: int | None = field(default=None, kw_only=True)
    """Seed of the initial weights alone, so that runs can start at the same point; None for ``seed``."""

    def __post_init__(self):
        _ = self._usual  # refuses what a training refuses

    def compute(self) -> R:
        from lab.minimization import minimize

        return minimize(self)  # pyright: ignore[reportReturnType]

    def check(self) -> None:
        self._usual.check()

    @property
    def _usual(self) -> Train[R]:
        """The same on the usual loss, which has the same shapes and costs."""
        kept = {"record_at": self.record_at, "checkpoint_at": self.checkpoint_at, "history_examples": self.history_examples}
        return Train(self.network, self.on, self.recipe, self.seed, initial_seed=self.initial_seed, **kept)  # pyright: ignore[reportArgumentType]

    @property
    def data(self) -> NoReturn:
        """What measures a ``Train`` would take the usual loss for this one, and is refused."""
        raise TypeError("this instrument knows the usual losses of a Train alone; measure a Minimize with LossShape")

    def built(self, training: Training, at_step: int | None = None, dtype: Dtype | None = None) -> "nn.Module":
        """The network in evaluation mode, with its weights after ``at_step`` updates or at the end."""
        return built(self, training, at_step, dtype)

    @property
    def result_type(self) -> type[R]:
        return self._usual.result_type

    @property
    def axes(self) -> dict[str, Any]:
        return self._usual.axes

    def placeholder(self) -> R:
        return self._usual.placeholder()

    @property
    def flops(self) -> float:
        return self._usual.flops + costs.JOB


def data_of(of: Train | Minimize) -> Data:
    """What a network is trained on."""
    return of.on if isinstance(of, Minimize) else of.data


def built(of: Train | Minimize, training: Training, at_step: int | None = None, dtype: Dtype | None = None) -> "nn.Module":
    """The trained network in evaluation mode, with its weights after ``at_step`` updates or at the end. Raises ValueError
    where it was other weights' running statistics that were kept."""
    if at_step is not None and of.network.num_statistics:
        raise ValueError(
            f"{of.network} keeps running statistics, which are those of the end; expected at_step=None, got {at_step}"
        )
    weights = training.weights_at(at_step)
    return of.network.with_weights(weights.astype(dtype or weights.dtype), training.statistics).eval()


@dataclass(frozen=True)
class Shape:
    """The loss of a network around some weights."""

    loss: float
    grad_norm: float
    """Euclidean norm of the gradient over all parameters."""
    top_eigenvalue: float
    """The largest one of the Hessian."""
    trace: float
    """The sum of the Hessian's eigenvalues, estimated."""
    trace_standard_error: float


@dataclass(frozen=True)
class LossShape(Job[Shape]):
    """Gradient and Hessian of the mean training loss without weight decay, in float64, at any kept moment."""

    of: Train | Minimize
    at_step: int | None = None
    """After so many updates, which are among the training's ``checkpoint_at``; None for the end."""
    num_examples: int | None = None
    """Training examples, the first ones; None for all."""
    num_probes: int = 10
    """Random sign vectors of the estimate of the trace."""
    seed: int = 0
    """Draws the probes, and where the Lanczos iteration starts."""

    def __post_init__(self):
        if self.at_step is not None and self.at_step not in self.of.checkpoint_at:
            raise ValueError(
                f"no weights are kept after {self.at_step} updates; expected one of {sorted(set(self.of.checkpoint_at))}, "
                f"or add {self.at_step} to checkpoint_at"
            )

    def compute(self, training: Training) -> Shape:
        from lab.curvature import Hessian, largest_eigenvalue, trace
        from lab.minimization import loss_at

        loss = loss_at(self.of, training, self.at_step, self.num_examples)
        value, gradient = loss.value_and_gradient(loss.weights)
        hessian = Hessian(loss)
        top = largest_eigenvalue(hessian, self.seed, SHAPE_TOLERANCE, LANCZOS_VECTORS)
        return Shape(float(value), float(gradient.norm()), top, *trace(hessian, self.num_probes, self.seed))

    @property
    def flops(self) -> float:
        data = data_of(self.of)
        examples = min(self.num_examples or data.sizes[0], data.sizes[0])
        product = 12 * costs.FLOAT64 * examples * self.of.network.num_flops + costs.UPDATE
        return 2 * costs.JOB + product * (USUAL_PRODUCTS + self.num_probes)
