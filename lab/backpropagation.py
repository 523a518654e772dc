"""Stacks of small fully connected networks, differentiated by formulas: outputs, gradients and exact Hessians.

The Hessian is that of Bishop (1992, "Exact calculation of the Hessian matrix for the multilayer perceptron"): derivatives
with respect to the units' inputs, of which there are far fewer than parameters, then one matrix product per pair of layers.
Automatic differentiation along every parameter gives the same numbers and takes many times as long.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.models import MLP

CHUNK_ELEMENTS = 1 << 20  # float64 numbers in the largest intermediate: some of them fit the processor's cache


def outputs(
    network: MLP, weights: Float[Tensor, "networks parameters"], inputs: Float[Tensor, "examples ..."]
) -> Float[Tensor, "networks examples outputs"]:
    """What each network answers to the inputs, in the precision of ``weights``; differentiable."""
    hidden = inputs.flatten(1).to(weights.dtype).T.expand(len(weights), -1, -1)
    activation = network.activation.module()
    for number, layer in enumerate(_layers(network, weights)):
        hidden = torch.baddbmm(layer[:, :, -1:], layer[:, :, :-1], activation(hidden) if number else hidden)
    return hidden.transpose(1, 2)


def gradient(
    network: MLP, weights: Float[Tensor, "networks parameters"], inputs: Float[Tensor, "examples ..."], targets: Tensor
) -> Float[Tensor, "networks parameters"]:
    """Gradient of each network's mean loss with respect to its own weights."""
    return torch.cat([_differentiate(network, part, inputs, targets)[0] for part in _chunks(network, weights, inputs)])


def gradient_and_hessian(
    network: MLP, weights: Float[Tensor, "networks parameters"], inputs: Float[Tensor, "examples ..."], targets: Tensor
) -> tuple[Float[Tensor, "networks parameters"], Float[Tensor, "networks parameters parameters"]]:
    """Both at once, which costs little more than the Hessian; that is symmetric to the last bit."""
    gradients, hessians, start = torch.empty_like(weights), weights.new_empty(*weights.shape, weights.shape[1]), 0
    for part in _chunks(network, weights, inputs):
        rows = slice(start, start + len(part))
        gradients[rows], hessians[rows] = _differentiate(network, part, inputs, targets, hessian=True)
        start = rows.stop
    return gradients, hessians


def _chunks(network: MLP, weights: Tensor, inputs: Tensor) -> tuple[Tensor, ...]:
    """Networks that are differentiated together, so few that the intermediates stay small."""
    units, widest = sum(network.widths[1:]), max(network.widths) + 1
    elements = len(inputs) * max(units * max(network.widths[1:]), widest**2)
    return weights.split(max(1, CHUNK_ELEMENTS // elements))


def _layers(
    network: MLP, weights: Float[Tensor, "networks parameters"]
) -> list[Float[Tensor, "networks outputs inputs_and_bias"]]:
    """The matrices of each layer, the bias as their last column."""
    matrices, start = [], 0
    for inputs, outputs in pairwise(network.widths):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        matrix = weights[:, start:middle].reshape(-1, outputs, inputs)
        matrices.append(torch.cat([matrix, weights[:, middle:end, None]], dim=2))
        start = end
    return matrices


@lru_cache(maxsize=16)
def _flat_order(network: MLP, device: torch.device) -> Int[Tensor, " parameters"]:
    """Where each parameter is in the concatenation of the matrices of ``_layers``."""
    positions = torch.arange(network.num_parameters, dtype=torch.float64)[None]
    concatenated = torch.cat([layer.flatten(1) for layer in _layers(network, positions)], dim=1)[0]
    return concatenated.long().argsort().to(device)


def _with_ones(values: Float[Tensor, "networks units examples"]) -> Float[Tensor, "networks units_and_one examples"]:
    return nn.functional.pad(values, (0, 0, 0, 1), value=1.0)


def _differentiate(
    network: MLP, weights: Tensor, inputs: Tensor, targets: Tensor, hessian: bool = False
) -> tuple[Tensor, Tensor]:
    """Gradient and, if asked for, Hessian of each network.

    Examples are the last axis, so that the products over them are batched.
    In the letters of Bishop (1992), a layer takes activations ``a``, one for the bias among them, and makes the units'
    inputs ``z`` of them; ``delta`` is dL/dz. For units i of a layer and j of the same or a later one, ``dz`` holds his g =
    d z_j / d z_i and ``ddelta`` his b = d delta_j / d z_i.
    """
    matrices = _layers(network, weights)
    num_networks, num_examples, last = len(weights), len(inputs), len(matrices) - 1
    widths = network.widths[1:]

    # Forward.
    hidden = inputs.flatten(1).to(weights.dtype).T.expand(num_networks, -1, -1)
    a, slopes, second_derivatives, dz = [], [], [], []
    for number, matrix in enumerate(matrices):
        a.append(_with_ones(hidden))
        z = matrix @ a[-1]
        if hessian:
            identity = torch.eye(widths[number], dtype=weights.dtype, device=weights.device)
            own = identity[None, :, :, None].expand(num_networks, -1, -1, num_examples)
            if number:
                da = (slopes[-1][:, :, None] * dz[-1]).flatten(2)
                earlier = (matrix[:, :, :-1] @ da).reshape(num_networks, widths[number], -1, num_examples)
                own = torch.cat([earlier, own], dim=2)
            dz.append(own)
        if number < last:
            hidden, slope, second_derivative = network.activation.derivatives(z, hessian)
            slopes.append(slope)
            second_derivatives.append(second_derivative)
        else:
            hidden = z
    delta, ddelta = _loss_derivatives(hidden, targets, dz[-1] if hessian else None)

    # Backward.
    gradients: list[Tensor] = [delta] * len(matrices)
    blocks = torch.empty(0)
    if hessian:
        blocks = weights.new_empty(num_networks, network.num_parameters, network.num_parameters)
    ends = np.cumsum([matrix[0].numel() for matrix in matrices])
    for number in range(last, -1, -1):
        gradients[number] = (delta @ a[number].transpose(1, 2)).flatten(1)
        if hessian:
            rows = slice(int(ends[number]) - matrices[number][0].numel(), int(ends[number]))
            first_unit = 0
            for earlier in range(number + 1):
                units = slice(first_unit, first_unit + widths[earlier])
                first_unit += widths[earlier]
                columns = slice(int(ends[earlier]) - matrices[earlier][0].numel(), int(ends[earlier]))
                block = _from_change_of_delta(ddelta[:, :, units], a[number], a[earlier])
                if earlier < number:
                    da = slopes[number - 1][:, :, None] * dz[number - 1][:, :, units]
                    block[:, :, :-1] += _from_change_of_activations(delta, da, a[earlier])
                    block = block.reshape(num_networks, rows.stop - rows.start, columns.stop - columns.start)
                    blocks[:, columns, rows] = block.transpose(1, 2)
                else:
                    block = block.reshape(num_networks, rows.stop - rows.start, columns.stop - columns.start)
                    block = (block + block.transpose(1, 2)) / 2
                blocks[:, rows, columns] = block
        if number:
            transposed = matrices[number][:, :, :-1].transpose(1, 2)
            propagated = transposed @ delta
            if hessian:
                num_units = sum(widths[:number])
                later = (transposed @ ddelta[:, :, :num_units].flatten(2)).reshape(num_networks, -1, num_units, num_examples)
                own = (second_derivatives[number - 1] * propagated)[:, :, None] * dz[number - 1]
                ddelta = own + slopes[number - 1][:, :, None] * later
            delta = slopes[number - 1] * propagated

    order = _flat_order(network, weights.device)
    return torch.cat(gradients, dim=1)[:, order], blocks[:, order][:, :, order] if hessian else blocks


def _from_change_of_delta(
    ddelta: Float[Tensor, "networks j i examples"],
    a_later: Float[Tensor, "networks q examples"],
    a_earlier: Float[Tensor, "networks p examples"],
) -> Float[Tensor, "networks j q i p"]:
    """Sum over the examples of (d delta_j / d z_i) a_q a_p."""
    (networks, later, earlier, _), q, p = ddelta.shape, a_later.shape[1], a_earlier.shape[1]
    pairs = (a_later[:, :, None] * a_earlier[:, None]).flatten(1, 2)
    product = ddelta.flatten(1, 2) @ pairs.transpose(1, 2)
    return product.reshape(networks, later, earlier, q, p).transpose(2, 3).contiguous()


def _from_change_of_activations(
    delta: Float[Tensor, "networks j examples"],
    da: Float[Tensor, "networks q i examples"],
    a_earlier: Float[Tensor, "networks p examples"],
) -> Float[Tensor, "networks j q i p"]:
    """Sum over the examples of delta_j (d a_q / d z_i) a_p: the earlier weight changes what the later layer takes."""
    (networks, later, _), p, (_, q, earlier, _) = delta.shape, a_earlier.shape[1], da.shape
    pairs = (delta[:, :, None] * a_earlier[:, None]).flatten(1, 2)
    product = da.flatten(1, 2) @ pairs.transpose(1, 2)
    return product.reshape(networks, q, earlier, later, p).permute(0, 3, 1, 2, 4)


def _loss_derivatives(
    outputs: Float[Tensor, "networks outputs examples"], targets: Tensor, dz: Tensor | None
) -> tuple[Tensor, Tensor]:
    """dL/dz of the outputs and, of ``dz``, its derivative along each unit's input, for the two losses of ``mean_loss``."""
    num_outputs, num_examples = outputs.shape[1:]
    if targets.is_floating_point():
        scale = 2 / (num_outputs * num_examples)
        return scale * (outputs - targets.to(outputs.dtype).T), outputs if dz is None else scale * dz
    shares = outputs.softmax(1)
    delta = (shares - nn.functional.one_hot(targets, num_outputs).T) / num_examples
    if dz is None:
        return delta, outputs
    weighted = shares[:, :, None] * dz
    return delta, (weighted - shares[:, :, None] * weighted.sum(1, keepdim=True)) / num_examples
