"""Architectures as frozen dataclasses: fully connected ones, alone and in stacks, and convolutional ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.activations import Activation, ReLU
from lab.network import Layer, Network, statistics_of


def _fully_connected(inputs: int, outputs: int) -> Layer:
    return Layer(f"fully connected, {inputs} to {outputs}", (outputs,), (inputs + 1) * outputs, 2 * inputs * outputs)


def flat_statistics(module: nn.Module) -> Float[np.ndarray, "*networks statistics"]:
    """Running means and variances, and any other state that is no parameter, as one vector in the module's order; a stack, which has none, has empty rows."""
    if isinstance(module, StackedMLP):
        return np.zeros((len(module.weights[0]), 0), np.float32)
    return np.concatenate([np.zeros(0, np.float32), *(value.flatten().cpu().numpy() for value in statistics_of(module))])


def flat_weights(module: nn.Module) -> Float[np.ndarray, "*networks parameters"]:
    """All parameters as one vector in the module's order and precision; one row a network for a stack."""
    with torch.no_grad():
        if isinstance(module, StackedMLP):
            return module.flat().cpu().numpy()
        vector = torch.cat([parameter.flatten() for parameter in module.parameters()])
        return vector.cpu().numpy()


@dataclass(frozen=True)
class MLP(Network):
    """Fully connected layers with an activation between them, after batch normalisation where asked for."""

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: Activation = ReLU()
    batch_norm: bool = False
    """Normalise what each hidden unit gets over the mini-batch, with a learned scale and shift (Ioffe & Szegedy 2015)."""

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
        layers = [_fully_connected(inputs, outputs) for inputs, outputs in pairwise(self.widths)]
        if self.batch_norm:
            # Scale and shift; in evaluation mode two operations a unit.
            layers[:-1] = [
                replace(item, description=f"{item.description}; batch normalisation", num_parameters=item.num_parameters + 2 * units,
                        num_flops=item.num_flops + 2 * units)
                for item, units in zip(layers, self.hidden, strict=False)
            ]  # fmt: skip
        return tuple(layers)

    def module(self) -> nn.Module:
        modules: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise((self.inputs, *self.hidden)):
            normalisation = [nn.BatchNorm1d(outputs)] if self.batch_norm else []
            modules += [nn.Linear(inputs, outputs), *normalisation, self.activation.module()]
        return nn.Sequential(*modules, nn.Linear(self.widths[-2], self.outputs))

    def build_stack(self, seeds: Sequence[int]) -> "StackedMLP":
        """Networks of this shape, one a seed, each initialised as ``build`` does, as one batched module."""
        if self.batch_norm:
            raise ValueError(
                f"{self} does not stack: batch normalisation keeps statistics; train it with Train, one job a seed"
            )
        return StackedMLP(self, np.stack([flat_weights(self.build(seed)) for seed in seeds]))


class StackedMLP(nn.Module):
    """Networks of one shape in one batched program; network ``i`` never sees the weights of another."""

    # Beyond this many activations in a layer, one network after the other stays in the processor's cache and is faster.
    LARGEST_BATCHED_LAYER = 1 << 18

    def __init__(self, network: MLP, weights: Float[np.ndarray, "networks parameters"]):
        super().__init__()
        self.network = network
        places = network.named_weights(np.arange(network.num_parameters))
        device = torch.get_default_device()
        tensors = [torch.from_numpy(weights[:, place]).to(device) for place in places.values()]
        # (networks, inputs, outputs) and (networks, 1, outputs), as baddbmm takes them.
        self.weights = nn.ParameterList(item.transpose(1, 2).contiguous() for item in tensors[::2])
        self.biases = nn.ParameterList(item[:, None] for item in tensors[1::2])
        self.activation = network.activation.module()

    def forward(self, inputs: Float[Tensor, "*networks_batch_inputs"]) -> Float[Tensor, "networks batch outputs"]:
        """Outputs for one batch shared by all networks, or for one batch a network, of inputs that are flat: images are to be flattened before."""
        networks = len(self.weights[0])
        inputs = inputs.expand(networks, *inputs.shape[-2:])
        if networks * inputs.shape[-2] * max(self.network.widths) <= self.LARGEST_BATCHED_LAYER:
            return self._forward(inputs, slice(None))
        return torch.cat([self._forward(inputs[i : i + 1], slice(i, i + 1)) for i in range(networks)])

    def _forward(self, hidden: Tensor, part: slice) -> Tensor:
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias[part], self.activation(hidden) if number else hidden, weight[part])
        return hidden

    def flat(self) -> Float[Tensor, "networks parameters"]:
        """One row a network, in the order of the network built alone."""
        pieces = zip(self.weights, self.biases, strict=True)
        return torch.cat([item for weight, bias in pieces for item in (weight.transpose(1, 2).flatten(1), bias[:, 0])], 1)


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
            weights = inputs * outputs * size * size
            layers.append(
                Layer(
                    f"{size} x {size} convolution, {inputs} to {outputs} channels; {self.pool} x {self.pool} pooling",
                    (outputs, *self._sides(number + 1)),
                    weights + outputs,
                    2 * weights * height * width,
                )
            )
        return (*layers, *(_fully_connected(inputs, outputs) for inputs, outputs in pairwise(self._dense_widths)))

    def module(self) -> nn.Module:
        modules: list[nn.Module] = []
        for inputs, outputs in pairwise((self.image[0], *self.filters)):
            convolution = nn.Conv2d(inputs, outputs, self.kernel_size, padding=self.kernel_size // 2)
            modules += [convolution, nn.MaxPool2d(self.pool), nn.ReLU()]
        modules.append(nn.Flatten())
        for inputs, outputs in pairwise(self._dense_widths):
            modules += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*modules[:-1])
