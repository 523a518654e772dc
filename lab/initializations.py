"""Initialisations of a fully connected network, one class each: how its weights are drawn, whatever its layers are.

All three draw the same uniform numbers from a seed and differ in their scale, so that runs of one seed can be compared.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


class Initialization(ABC):
    """How weights and biases start. A subclass is a frozen dataclass, in ``lab`` or in a chapter; its text is its name on
    the page."""

    @abstractmethod
    def __call__(self, module: "nn.Module", generator: "torch.Generator") -> None:
        """Set every parameter and buffer of ``module`` in place, drawing from ``generator`` alone."""

    @abstractmethod
    def __str__(self) -> str:
        """Whose it is."""


@dataclass(frozen=True)
class Default(Initialization):
    """Weights and biases uniform in +-1/sqrt(fan-in), as PyTorch starts its linear layers.

    The variance of a weight is 1 / (3 fan-in); with ReLU a layer that passes its input's mean square on needs six times that.
    """

    def __call__(self, module: "nn.Module", generator: "torch.Generator") -> None:
        from lab.building import initialize

        initialize(module, generator)

    def __str__(self) -> str:
        return "PyTorch's default"


@dataclass(frozen=True)
class He(Initialization):
    """Weights uniform in +-sqrt(6/fan-in), so that ReLU layers pass the mean square of their input on (He et al. 2015).

    Biases start as in ``Default``, not at zero: with zeros, every unit of a first layer with one input has its kink at the
    same place.
    """

    def __call__(self, module: "nn.Module", generator: "torch.Generator") -> None:
        from lab.building import WEIGHTED

        Default()(module, generator)
        for layer in module.modules():
            if isinstance(layer, WEIGHTED):
                layer.weight.mul_(6**0.5)

    def __str__(self) -> str:
        return "He"


@dataclass(frozen=True)
class Glorot(Initialization):
    """Weights uniform in +-sqrt(6/(fan-in + fan-out)) and biases zero, as TensorFlow starts its dense layers (Glorot & Bengio
    2010)."""

    def __call__(self, module: "nn.Module", generator: "torch.Generator") -> None:
        from torch import nn

        from lab.building import WEIGHTED

        Default()(module, generator)
        for layer in module.modules():
            if isinstance(layer, WEIGHTED):
                fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
                layer.weight.mul_((6 * fan_in / (fan_in + fan_out)) ** 0.5)
                if layer.bias is not None:
                    layer.bias.zero_()

    def __str__(self) -> str:
        return "Glorot"
