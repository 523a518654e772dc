"""Architectures as frozen dataclasses: fully connected ones and convolutional ones."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lab.activations import Activation, ReLU
from lab.initializations import Default, Initialization
from lab.network import Layer, Network

if TYPE_CHECKING:
    import torch
    from torch import nn

    from lab.stack import StackedMLP


def _fully_connected(place: int, inputs: int, outputs: int) -> Layer:
    """The layer at ``place`` in the module."""
    parameters = ((f"{place}.weight", (outputs, inputs)), (f"{place}.bias", (outputs,)))
    return Layer(f"fully connected, {inputs} to {outputs}", (outputs,), parameters, 2 * inputs * outputs)


def _normalised(layer: Layer, place: int) -> Layer:
    """The layer with batch normalisation behind it: a scale and a shift, in evaluation mode two operations per unit."""
    (units,) = layer.output_shape
    return replace(
        layer,
        description=f"{layer.description}; batch normalisation",
        parameters=(*layer.parameters, (f"{place}.weight", (units,)), (f"{place}.bias", (units,))),
        num_flops=layer.num_flops + 2 * units,
        num_statistics=2 * units,
    )


@dataclass(frozen=True)
class MLP(Network):
    """Fully connected layers with an activation between them, after batch normalisation where asked for."""

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: Activation = ReLU()
    batch_norm: bool = False
    """Normalise what each hidden unit gets over the mini-batch, with a learned scale and shift (Ioffe & Szegedy 2015)."""
    initialization: Initialization = Default()

    def __post_init__(self):
        if min(self.widths) < 1:
            raise ValueError(f"widths are {self.widths}; expected positive numbers")

    def __str__(self) -> str:
        return "-".join(map(str, self.widths)) + (" with batch norm" if self.batch_norm else "")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units from the input to the output."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return len(self.hidden)

    @property
    def layers(self) -> tuple[Layer, ...]:
        # Behind what flattens come a layer, its normalisation where there is one, and its activation.
        step = 3 if self.batch_norm else 2
        layers = [_fully_connected(1 + step * i, *widths) for i, widths in enumerate(pairwise(self.widths))]
        if self.batch_norm:
            layers[:-1] = [_normalised(layer, 2 + step * i) for i, layer in enumerate(layers[:-1])]
        return tuple(layers)

    def module(self) -> "nn.Module":
        from torch import nn

        modules: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise((self.inputs, *self.hidden)):
            normalisation = [nn.BatchNorm1d(outputs)] if self.batch_norm else []
            modules += [nn.Linear(inputs, outputs), *normalisation, self.activation.module()]
        return nn.Sequential(*modules, nn.Linear(self.widths[-2], self.outputs))

    def initialize(self, module: "nn.Module", generator: "torch.Generator") -> None:
        self.initialization(module, generator)

    def stack(self, weights: Float[np.ndarray, "networks parameters"]) -> "StackedMLP":
        if self.batch_norm:
            raise ValueError(
                f"{self} does not stack: batch normalisation keeps statistics; train it with Train, one job per seed"
            )
        from lab.stack import StackedMLP

        return StackedMLP(self, weights)


@dataclass(frozen=True)
class CNN(Network):
    """Convolutions with same padding, each followed by max pooling and ReLU, then fully connected layers.

    Pooling comes before the ReLU: the same function, as both are monotone, for a fraction of the work. Pooling rounds down, so
    that pooling of 2 x 2 shrinks 28 x 28 images to 14, 7 and 3.
    """

    image: tuple[int, int, int]
    """Channels, height, width."""
    filters: tuple[int, ...]
    hidden: tuple[int, ...]
    outputs: int
    kernel_size: int = 5
    pool: int = 2
    """Side and stride of the pooling after each convolution."""

    def __post_init__(self):
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}; same padding needs an odd one")
        if self.pool < 1:
            raise ValueError(f"pool is {self.pool}; expected the side of a square, 1 for no pooling")
        if min(self._sides(len(self.filters))) < 1:
            raise ValueError(f"{len(self.filters)} poolings leave nothing of {self.image[1]} x {self.image[2]} pixels")

    def __str__(self) -> str:
        filters = f"{'/'.join(map(str, self.filters))} filter{'' if self.filters == (1,) else 's'}"
        return f"{filters} + {'/'.join(map(str, self.hidden))}" if self.hidden else filters

    @property
    def depth(self) -> int:
        """Convolutional layers."""
        return len(self.filters)

    def _sides(self, num_poolings: int) -> tuple[int, int]:
        return self.image[1] // self.pool**num_poolings, self.image[2] // self.pool**num_poolings

    @property
    def _dense_widths(self) -> tuple[int, ...]:
        height, width = self._sides(self.depth)
        return ((self.image[0], *self.filters)[-1] * height * width, *self.hidden, self.outputs)

    @property
    def layers(self) -> tuple[Layer, ...]:
        size, layers = self.kernel_size, []
        for number, (inputs, outputs) in enumerate(pairwise((self.image[0], *self.filters))):
            height, width = self._sides(number)
            weights = (outputs, inputs, size, size)
            layers.append(
                Layer(
                    f"{size} x {size} convolution, {inputs} to {outputs} channels; {self.pool} x {self.pool} pooling",
                    (outputs, *self._sides(number + 1)),
                    ((f"{3 * number}.weight", weights), (f"{3 * number}.bias", (outputs,))),
                    2 * math.prod(weights) * height * width,
                )
            )
        first = 3 * self.depth + 1  # behind three modules per convolution and what flattens
        return (*layers, *(_fully_connected(first + 2 * i, *widths) for i, widths in enumerate(pairwise(self._dense_widths))))

    def module(self) -> "nn.Module":
        from torch import nn

        modules: list[nn.Module] = []
        for inputs, outputs in pairwise((self.image[0], *self.filters)):
            convolution = nn.Conv2d(inputs, outputs, self.kernel_size, padding=self.kernel_size // 2)
            modules += [convolution, nn.MaxPool2d(self.pool), nn.ReLU()]
        modules.append(nn.Flatten())
        for inputs, outputs in pairwise(self._dense_widths):
            modules += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*modules[:-1])
