"""Gradient norms of a network at several weights and on several sets of examples, and Adam on the gradient norm itself."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.losses import MeanLoss
from lab.network import Network
from lab.split import Examples


def gradient_norms(
    network: Network, checkpoints: Float[np.ndarray, "checkpoints parameters"], sets: Sequence[Examples]
) -> Float[np.ndarray, "sets 3 checkpoints"]:
    """Mean loss, gradient norm, and norm of the gradient of the weight matrix next to the outputs, without its bias.

    Norms are Euclidean; squares are summed in float64.
    """
    losses = [MeanLoss(network.with_weights(checkpoints[0]), examples) for examples in sets]
    last = last_layer(network)
    found = np.empty((len(sets), 3, len(checkpoints)))
    for number, weights in enumerate(checkpoints):
        for row, loss in zip(found, losses, strict=True):
            value, gradient = loss.value_and_gradient(torch.from_numpy(weights).to(loss.weights.device))
            gradient = gradient.double()
            row[:, number] = float(value), float(gradient.norm()), float(gradient[last].norm())
    return found


def partition_norms(
    network: Network, checkpoints: Float[np.ndarray, "checkpoints parameters"], parts: Sequence[Examples]
) -> tuple[Float[np.ndarray, "3 checkpoints"], Float[np.ndarray, "parts 3 checkpoints"]]:
    """What ``gradient_norms`` gives for all examples, and for each of ``parts``, which hold every example once.

    The parts are equally large, so the gradient of the mean loss over all is the mean of theirs: one pass gives both.
    """
    losses = [MeanLoss(network.with_weights(checkpoints[0]), examples) for examples in parts]
    last = last_layer(network)
    whole, found = np.empty((3, len(checkpoints))), np.empty((len(parts), 3, len(checkpoints)))
    for number, weights in enumerate(checkpoints):
        total = torch.zeros(network.num_parameters, dtype=torch.float64, device=losses[0].weights.device)
        for row, loss in zip(found, losses, strict=True):
            value, gradient = loss.value_and_gradient(torch.from_numpy(weights).to(loss.weights.device))
            gradient = gradient.double()
            total += gradient
            row[:, number] = float(value), float(gradient.norm()), float(gradient[last].norm())
        total /= len(parts)
        whole[:, number] = found[:, 0, number].mean(), float(total.norm()), float(total[last].norm())
    return whole, found


def last_layer(network: Network) -> slice:
    """Where the weight matrix next to the outputs is in the flat vector of parameters."""
    places = network.named_weights(np.arange(network.num_parameters))
    last = [place for name, place in places.items() if name.endswith("weight")][-1]
    return slice(int(last.min()), int(last.max()) + 1)


def parts(examples: Examples, batch_size: int, num_batches: int, seed: int) -> list[Examples]:
    """Mini-batches of ``examples``, drawn by ``draw_batches``."""
    batches = draw_batches(len(examples.inputs), batch_size, num_batches, seed).to(examples.inputs.device)
    return [Examples(examples.inputs[batch], examples.targets[batch]) for batch in batches]


def draw_batches(num_examples: int, batch_size: int, num_batches: int, seed: int) -> Int[Tensor, "batches batch"]:
    """Indices of mini-batches of one size: a random order cut up, and another one when what is left is too short."""
    # Another stream than the initial weights (seed) and the order of training ([seed, 1]). Torch's generator keeps the lower
    # 32 bits of a seed, so adding a large number would not tell them apart.
    generator = torch.Generator("cpu").manual_seed(int(np.random.SeedSequence([seed, 2]).generate_state(1)[0]))
    batches: list[Tensor] = []
    while len(batches) < num_batches:
        order = torch.randperm(num_examples, generator=generator, device="cpu")
        batches += [part for part in order.split(batch_size) if len(part) == batch_size]
    return torch.stack(batches[:num_batches])


def descend(
    loss: MeanLoss, num_updates: int, learning_rate: float
) -> tuple[Float[np.ndarray, " records"], Float[np.ndarray, " records"], Float[np.ndarray, " parameters"]]:
    """Gradient norms and losses before each update of Adam and after the last, and the weights where the norm was smallest."""
    weights = nn.Parameter(loss.weights)
    optimizer = torch.optim.Adam([weights], learning_rate, fused=True)
    norms, losses, best = [], [], loss.weights
    for update in range(num_updates + 1):
        half, weights.grad = loss.half_squared_grad_norm(weights)
        norms.append(float(2 * half) ** 0.5)
        losses.append(float(loss.value(weights)))
        if norms[-1] == min(norms):
            best = weights.detach().clone()
        if update < num_updates:
            optimizer.step()
    return np.array(norms), np.array(losses), best.cpu().numpy()
