"""Architectures with numbers: built from a seed, or from a vector of weights, and back to vectors.

All weights and biases start uniform in +-1/sqrt(fan-in), PyTorch's default for linear and convolutional layers
(``torch.nn.Linear.reset_parameters``), drawn from a generator of the seed alone. Batch normalisation starts as the identity.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.network import Network

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
BATCH_NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NORMALISATIONS = (*BATCH_NORMALISATIONS, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def initialize(module: nn.Module, generator: torch.Generator) -> None:
    """Set the parameters and buffers of the layers that are known here, in place, drawing from ``generator`` alone."""
    for layer in module.modules():
        if isinstance(layer, WEIGHTED):
            bound = layer.weight[0].numel() ** -0.5
            layer.weight.uniform_(-bound, bound, generator=generator)
            if layer.bias is not None:
                layer.bias.uniform_(-bound, bound, generator=generator)
        elif isinstance(layer, NORMALISATIONS):
            layer.reset_parameters()


def build(network: Network, seed: int) -> nn.Module:
    """The network as initialised from ``seed``, on the default device; no other random state is read or changed.

    Raises ValueError for a parameter or buffer that ``initialize`` leaves unset.
    """
    device, name = torch.get_default_device(), type(network).__name__
    module = _without_numbers(network).to_empty(device="cpu")
    if sum(parameter.numel() for parameter in module.parameters()) != sum(map(math.prod, shapes(network).values())):
        raise ValueError(
            f"two layers of {name} share a parameter, which cannot be built from a seed; use one layer twice instead"
        )
    untouched = _erase(module)
    state = torch.get_rng_state()
    with torch.no_grad():
        network.initialize(module, torch.Generator("cpu").manual_seed(seed))
    if not torch.equal(state, torch.get_rng_state()):
        raise ValueError(f"{name}.initialize draws from torch's own generator; pass generator=generator to what draws")
    for unset in _unset(module, untouched):
        raise ValueError(
            f"{unset!r} of {name} is not initialised; define {name}.initialize(self, module, generator) to call "
            f"super().initialize(module, generator) and then set module.{unset} in place"
        )
    if (network.shapes, network.num_statistics) != (shapes(network), num_statistics(network)):
        raise ValueError(
            f"{name}.layers says parameters {network.shapes} and {network.num_statistics} statistics; its module has "
            f"{shapes(network)} and {num_statistics(network)}"
        )
    for parameter in module.parameters():
        if parameter.ndim == 4:  # contiguous() would keep the strides of one channel, for which torch adds in another order
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return module.to(device)


def with_weights(
    network: Network, weights: Float[np.ndarray, " parameters"], statistics: Float[np.ndarray, " statistics"] | None = None
) -> nn.Module:
    """The network with the given parameters and statistics, in the order and the precision of ``weights``."""
    module = build(network, 0)
    vector = torch.from_numpy(weights).to(torch.get_default_device())
    module.to(vector.dtype)
    set_weights(module, vector)
    given = 0 if statistics is None else len(statistics)
    if given != network.num_statistics:
        raise ValueError(
            f"{network} needs {network.num_statistics} running means and variances, got {given}; pass Training.statistics"
        )
    if statistics is not None:
        _fill(statistics_of(module), torch.from_numpy(statistics))
    return module


def _without_numbers(network: Network) -> nn.Module:
    """The module on a device where tensors have shapes alone, so that nothing is drawn or stored."""
    with torch.device("meta"):
        return network.module()


@lru_cache(maxsize=256)
def shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Shapes of the parameters by name, in the module's order."""
    return {name: tuple(value.shape) for name, value in _without_numbers(network).named_parameters()}


@lru_cache(maxsize=256)
def num_statistics(network: Network) -> int:
    """Numbers in the state besides the parameters."""
    return sum(item.numel() for item in statistics_of(_without_numbers(network)))


def _tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _erase(module: nn.Module) -> dict[str, tuple[Tensor, int]]:
    """Fill what can be with NaN; each tensor and the version of its content, by name, to see what is left untouched."""
    with torch.no_grad():
        for _, value in _tensors(module):
            if value.is_floating_point() or value.is_complex():
                value.fill_(torch.nan)
    return {name: (value, value._version) for name, value in _tensors(module)}


def _unset(module: nn.Module, untouched: dict[str, tuple[Tensor, int]]) -> Iterator[str]:
    """Names of the tensors that hold NaN or, where they are of a type that has none, were not written to since ``_erase``."""
    for name, value in _tensors(module):
        before, version = untouched.get(name, (None, 0))
        has_nan = value.is_floating_point() or value.is_complex()
        if bool(value.isnan().any()) if has_nan else value is before and value._version == version:
            yield name


def set_weights(module: nn.Module, weights: Float[Tensor, " parameters"]) -> None:
    """Copy the flat vector into the parameters, in place, as ``vector_to_parameters`` would lose the memory format of
    convolutions."""
    _fill(list(module.parameters()), weights)


def _fill(places: Sequence[Tensor], values: Float[Tensor, " total"]) -> None:
    with torch.no_grad():
        for place, piece in zip(places, values.split([place.numel() for place in places]), strict=True):
            place.copy_(piece.view(place.shape))


def statistics_of(module: nn.Module) -> list[Tensor]:
    """State besides the parameters: of batch normalisation, running means and variances."""
    kept = module.state_dict().keys()
    return [value for name, value in module.named_buffers() if name in kept and value.is_floating_point()]


def flat_weights(module: nn.Module) -> Float[np.ndarray, " parameters"]:
    """All parameters as one vector in the module's order and precision."""
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()]).cpu().numpy()


def flat_statistics(module: nn.Module) -> Float[np.ndarray, " statistics"]:
    """Running means and variances, and any other state that is no parameter, as one vector in the module's order."""
    return np.concatenate([np.zeros(0, np.float32), *(value.flatten().cpu().numpy() for value in statistics_of(module))])
