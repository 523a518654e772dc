"""Functions of one variable, one class each, and samples of them to fit."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lab.data import Data
from lab.trained import Training

if TYPE_CHECKING:
    from torch import Tensor

    from lab.split import Split


class Function(ABC):
    """A function of one variable. A subclass is a frozen dataclass, in ``lab`` or in a chapter; its text is its name on
    the page."""

    @abstractmethod
    def __call__(self, x: "Tensor") -> "Tensor":
        """Values at ``x``, elementwise."""

    @abstractmethod
    def __str__(self) -> str:
        """As a formula."""


@dataclass(frozen=True)
class SincPlusSine(Function):
    """The first of the course report's two; sinc(x) is sin(pi x) / (pi x), and 1 at x = 0, as in NumPy."""

    def __call__(self, x: "Tensor") -> "Tensor":
        import torch

        return torch.sinc(x) + torch.sin(x / 2)

    def __str__(self) -> str:
        return "sinc(x) + sin(x/2)"


@dataclass(frozen=True)
class SincPlusSquare(Function):
    """The second of the course report's two."""

    def __call__(self, x: "Tensor") -> "Tensor":
        import torch

        return torch.sinc(x) + 0.7 * x**2

    def __str__(self) -> str:
        return "sinc(x) + 0.7 x²"


@dataclass(frozen=True)
class Sinc5(Function):
    """A sinc of five lobes a unit."""

    def __call__(self, x: "Tensor") -> "Tensor":
        import torch

        return torch.sinc(5 * x)

    def __str__(self) -> str:
        return "sinc(5x)"


@dataclass(frozen=True)
class SquareWave(Function):
    """Jumps between -1 and 1, five times a unit."""

    def __call__(self, x: "Tensor") -> "Tensor":
        import torch

        return torch.sign(torch.sin(5 * torch.pi * x))

    def __str__(self) -> str:
        return "sgn(sin(5 pi x))"


@dataclass(frozen=True)
class FunctionSamples(Data[Training]):
    """A function of one variable at equally spaced points of [low, high], both ends included.

    The test points are a second, denser grid on the same interval, so that a fit is judged between the points that it saw.
    """

    function: Function
    low: float
    high: float
    num_train: int = 256
    num_test: int = 1000

    is_classification: ClassVar[bool] = False

    def __post_init__(self):
        if not self.low < self.high:
            raise ValueError(f"the interval [{self.low}, {self.high}] is empty; expected low < high")

    @property
    def sizes(self) -> tuple[int, int]:
        """Points to train on and points held out."""
        return self.num_train, self.num_test

    @property
    def input_shape(self) -> tuple[int, ...]:
        """One number."""
        return (1,)

    def load(self) -> "Split":
        """The samples in float64 (the trainer converts)."""
        import torch

        from lab.split import Split

        train = torch.linspace(self.low, self.high, self.num_train, dtype=torch.float64)[:, None]
        test = torch.linspace(self.low, self.high, self.num_test, dtype=torch.float64)[:, None]
        return Split(train, self.function(train), test, self.function(test))


@dataclass(frozen=True)
class StandardizedSamples(FunctionSamples):
    """The same points as a network likes them: the interval moved to [-1, 1], the values to mean 0 and variance 1.

    Mean and variance are those of the training points, so that a mean squared error is in units of their variance.
    """

    def load(self) -> "Split":
        from lab.split import Split

        raw, (mean, deviation) = self.unscaled(), self.scale()

        def moved(x: "Tensor", y: "Tensor") -> "tuple[Tensor, Tensor]":
            return 2 * (x - self.low) / (self.high - self.low) - 1, (y - mean) / deviation

        return Split(*moved(raw.train_inputs, raw.train_targets), *moved(raw.test_inputs, raw.test_targets))

    def unscaled(self) -> "Split":
        """Inputs and values as the function has them."""
        return super().load()

    def scale(self) -> tuple[float, float]:
        """Mean and standard deviation of the values at the training points."""
        values = self.unscaled().train_targets
        return float(values.mean()), float(values.std(correction=0))
