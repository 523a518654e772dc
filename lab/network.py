"""What every architecture says of itself, without a number of it being there; ``lab.building`` sets the numbers."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Shaped

if TYPE_CHECKING:
    import torch
    from torch import nn

    from lab.stack import StackedMLP


@dataclass(frozen=True)
class Layer:
    """One row of a layer table. ``num_flops`` counts a multiply-add as two operations, forward, for one example."""

    description: str
    output_shape: tuple[int, ...]
    parameters: tuple[tuple[str, tuple[int, ...]], ...]
    """Names, which are torch's, and shapes, in the module's order."""
    num_flops: int
    num_statistics: int = 0
    """Running means and variances, and other state that training changes besides the parameters."""

    @property
    def num_parameters(self) -> int:
        """Weights and biases, and what normalisation learns."""
        return sum(math.prod(shape) for _, shape in self.parameters)


class Network(ABC):
    """What is trained. A subclass is a frozen dataclass, in ``lab`` or in a chapter, whose fields determine its layers.

    It says ``outputs``, as a field or an attribute, and ``module``; ``initialize`` where it brings parameters that are not
    linear, convolutional or normalisation layers'; and ``layers`` where they are shown or times are to be foreseen.

    >>> from torch import nn
    >>> @dataclass(frozen=True)
    ... class Listener(Network):
    ...     filters: int
    ...     outputs: int
    ...
    ...     def module(self) -> nn.Module:
    ...         convolution = nn.Conv1d(1, self.filters, 9)
    ...         pooled = nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    ...         return nn.Sequential(pooled, nn.Linear(self.filters, self.outputs))
    >>> Listener(filters=4, outputs=3).num_parameters
    55
    """

    outputs: int
    """Numbers that it answers for one example: one per class, or one per value to be fitted."""

    @abstractmethod
    def module(self) -> "nn.Module":
        """The layers. It maps a batch of inputs to (batch, outputs). What its constructor puts into them is not kept: see
        ``initialize``.

        State that training changes and constants are buffers; a buffer registered with ``persistent=False`` is a constant
        of the network, the same whatever the seed, and any other is kept with the results of a training.
        """

    def initialize(self, module: "nn.Module", generator: "torch.Generator") -> None:
        """Set every parameter and buffer of ``module`` in place, drawing from ``generator`` alone; gradients are off.

        A network that brings other layers overrides it: it calls this one first and then sets what is left.
        """
        from lab.building import initialize

        initialize(module, generator)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that hold parameters, with what follows them, from input to output: for tables and estimates of time."""
        return ()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters by name, as torch names them (``0.weight``), in the module's order."""
        if self.layers:
            return {name: shape for layer in self.layers for name, shape in layer.parameters}
        from lab.building import shapes

        return shapes(self)

    @property
    def num_parameters(self) -> int:
        """Weights and biases, counted without computing one."""
        return sum(map(math.prod, self.shapes.values()))

    @property
    def num_statistics(self) -> int:
        """Running means and variances that batch normalisation keeps, and any other state besides the parameters."""
        if self.layers:
            return sum(layer.num_statistics for layer in self.layers)
        from lab.building import num_statistics

        return num_statistics(self)

    @property
    def num_flops(self) -> int:
        """Floating-point operations of one forward pass for one example, multiply and add counted apart.

        Where ``layers`` does not say, two for each parameter, as if each was used once.
        """
        return sum(layer.num_flops for layer in self.layers) or 2 * self.num_parameters

    def build(self, seed: int) -> "nn.Module":
        """The network as initialised from ``seed``, on the default device; no other random state is read or changed.

        Raises ValueError for a parameter or buffer that ``initialize`` leaves unset.
        """
        from lab.building import build

        return build(self, seed)

    def with_weights(
        self, weights: Float[np.ndarray, " parameters"], statistics: Float[np.ndarray, " statistics"] | None = None
    ) -> "nn.Module":
        """The network with the given parameters, in the order and the precision of ``weights``.

        ``statistics`` are those of ``building.flat_statistics``. Raises ValueError where there are too few: a
        batch-normalised network in evaluation mode is another function with each of them.
        """
        from lab.building import with_weights

        return with_weights(self, weights, statistics)

    def named_weights(self, weights: Shaped[np.ndarray, " parameters"]) -> dict[str, np.ndarray]:
        """The flat vector cut into arrays by parameter, named as torch names them (``0.weight``)."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()])
        pieces = np.split(weights, ends[:-1])
        return {name: piece.reshape(shape) for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)}

    def build_stack(self, seeds: Sequence[int]) -> "StackedMLP":
        """Networks of this shape, one per seed, each initialised as ``build`` does, as one batched module. Raises
        ValueError where there is none."""
        from lab.building import flat_weights

        return self.stack(np.stack([flat_weights(self.build(seed)) for seed in seeds]))

    def stack(self, weights: Float[np.ndarray, "networks parameters"]) -> "StackedMLP":
        """Networks of this shape as one batched module, one per row of ``weights``. Raises ValueError where there is none."""
        raise ValueError(f"only MLPs stack; train {self} with Train, one job per seed")
