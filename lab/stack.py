"""Many small networks of one shape as one batched program, where an update is overhead more than arithmetic."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.models import MLP


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
        """Outputs for one batch shared by all networks, or for one batch per network; inputs are flat."""
        networks = len(self.weights[0])
        inputs = inputs.expand(networks, *inputs.shape[-2:])
        if self.is_batched(inputs.shape[-2]):
            return self._forward(inputs, slice(None))
        return torch.cat([self._forward(inputs[i : i + 1], slice(i, i + 1)) for i in range(networks)])

    def is_batched(self, batch_size: int) -> bool:
        """Whether all networks are computed at once on this many examples each."""
        return len(self.weights[0]) * batch_size * max(self.network.widths[1:]) <= self.LARGEST_BATCHED_LAYER

    def _forward(self, hidden: Tensor, part: slice) -> Tensor:
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias[part], self.activation(hidden) if number else hidden, weight[part])
        return hidden

    def flat(self) -> Float[Tensor, "networks parameters"]:
        """One row per network, in the order of the network built alone."""
        pieces = zip(self.weights, self.biases, strict=True)
        return torch.cat([item for weight, bias in pieces for item in (weight.transpose(1, 2).flatten(1), bias[:, 0])], 1)
