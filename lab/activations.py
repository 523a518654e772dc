"""Activations, one class each: a new one, here or in a chapter, is a new class, and no earlier result depends on it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


class Activation(ABC):
    """An elementwise function without parameters between two layers. A subclass is a frozen dataclass and says ``module``.

    >>> from torch import nn
    >>> @dataclass(frozen=True)
    ... class Mish(Activation):
    ...     def module(self) -> nn.Module:
    ...         return nn.Mish()
    """

    @abstractmethod
    def module(self) -> "nn.Module":
        """As a layer; it may work in place."""

    def derivatives(self, inputs: "Tensor", second: bool) -> "tuple[Tensor, Tensor, Tensor]":
        """Value, slope and, if asked for, second derivative at each of the inputs. To be overridden where a formula is
        faster."""
        import torch

        activation = self.module()

        def total(values: "Tensor") -> "Tensor":
            return activation(values.clone()).sum()  # a copy, as a layer may work in place

        def total_slope(values: "Tensor") -> "Tensor":
            return torch.func.grad(total)(values).sum()

        slope = torch.func.grad(total)(inputs)
        bend = torch.func.grad(total_slope)(inputs) if second else slope
        return activation(inputs.clone()), slope, bend


@dataclass(frozen=True)
class ReLU(Activation):
    """max(0, x)."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.ReLU(inplace=True)


@dataclass(frozen=True)
class Tanh(Activation):
    """Hyperbolic tangent."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.Tanh()

    def derivatives(self, inputs: "Tensor", second: bool) -> "tuple[Tensor, Tensor, Tensor]":
        values = inputs.tanh()
        slope = 1 - values.square()
        return values, slope, -2 * values * slope if second else values


@dataclass(frozen=True)
class SiLU(Activation):
    """x times its logistic function."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.SiLU()


@dataclass(frozen=True)
class Softplus(Activation):
    """log(1 + exp(x))."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.Softplus()


@dataclass(frozen=True)
class GELU(Activation):
    """x times the distribution function of the normal distribution, exactly."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.GELU()


@dataclass(frozen=True)
class Identity(Activation):
    """None at all: a linear network."""

    def module(self) -> "nn.Module":
        from torch import nn

        return nn.Identity()
