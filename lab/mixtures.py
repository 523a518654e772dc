"""Mean loss and accuracy of a network at many mixtures of weights, and its outputs there."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.building import BATCH_NORMALISATIONS, flat_statistics, set_weights
from lab.losses import Scores, evaluate, forward_in_slices
from lab.models import MLP
from lab.network import Network
from lab.split import Examples
from lab.stack import StackedMLP
from lab.training import EVALUATION_SLICE

SMALLEST_STACK = 4  # networks at a time below which a stack is no faster than one after the other


def evaluate_at(
    network: Network,
    anchors: Float[np.ndarray, "anchors parameters"],
    coefficients: Float[np.ndarray, "points anchors"],
    examples: Examples,
    normalize_on: Float[Tensor, "others ..."] | None = None,
) -> Scores:
    """Mean loss and accuracy of the network with the weights ``coefficients @ anchors``, one per point.

    Weights are combined in float64, so that an anchor itself is met exactly, and evaluated in the precision of the
    examples. Small MLPs are evaluated in stacks. The running statistics of batch normalisation are estimated anew at each
    point, on ``normalize_on`` (by default the examples): those of two networks have no meaningful mixture.
    """
    inputs, targets = examples.inputs, examples.targets
    normalize_on = inputs if normalize_on is None else normalize_on
    dtype = np.dtype(str(inputs.dtype).removeprefix("torch."))
    stack = _stack_size(network, len(inputs))
    if stack >= SMALLEST_STACK:
        assert isinstance(network, MLP)
        found = [
            evaluate(StackedMLP(network, (coefficients[i : i + stack] @ anchors).astype(dtype)), inputs.flatten(1), targets)
            for i in range(0, len(coefficients), stack)
        ]
        return Scores(*(np.concatenate([getattr(part, name) for part in found]) for name in ("loss", "accuracy")))
    found = [evaluate(model, inputs, targets) for model in _models(network, anchors, coefficients, dtype, normalize_on)]
    return Scores(np.array([part.loss for part in found]), np.array([part.accuracy for part in found]))


def outputs_at(
    network: Network,
    anchors: Float[np.ndarray, "anchors parameters"],
    coefficients: Float[np.ndarray, "points anchors"],
    inputs: Float[Tensor, "examples ..."],
    normalize_on: Float[Tensor, "others ..."],
) -> Float[np.ndarray, "points examples outputs"]:
    """What the network answers with the weights that ``evaluate_at`` has, one after the other."""
    dtype = np.dtype(str(inputs.dtype).removeprefix("torch."))
    models = _models(network, anchors, coefficients, dtype, normalize_on)
    return np.stack([forward_in_slices(model, inputs).cpu().numpy() for model in models])


def _models(
    network: Network, anchors: np.ndarray, coefficients: np.ndarray, dtype: np.dtype, normalize_on: Tensor
) -> Iterator[nn.Module]:
    """One model, with the weights of each point in turn."""
    model = network.build(0).to(normalize_on.dtype)
    for row in coefficients:
        set_weights(model, torch.from_numpy((row @ anchors).astype(dtype)))
        if network.num_statistics:
            estimate_statistics(model, normalize_on)
        yield model


def _stack_size(network: Network, num_examples: int) -> int:
    if not isinstance(network, MLP) or network.batch_norm:
        return 1
    return StackedMLP.LARGEST_BATCHED_LAYER // (min(num_examples, EVALUATION_SLICE) * max(network.widths))


def estimate_statistics(model: nn.Module, inputs: Float[Tensor, "examples ..."]) -> None:
    """Set the running means and variances of batch normalisation to those of ``inputs`` at the present weights, in place.

    Each layer is measured on all inputs as the layers before it, normalised by their own statistics, hand them on. The
    variance is that of the inputs themselves, so that the network in evaluation mode is on them what it is in training mode
    with all of them in one batch.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, BATCH_NORMALISATIONS) and layer.track_running_stats]
    if len(flat_statistics(model)) != 2 * sum(layer.num_features for layer in layers):
        raise ValueError(
            "a state besides weights and batch normalisation cannot be estimated at other weights than those trained"
        )

    def measure(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        (values,) = arguments
        variance, mean = torch.var_mean(values, dim=[0, *range(2, values.ndim)], correction=0)
        layer.get_buffer("running_mean").copy_(mean)
        layer.get_buffer("running_var").copy_(variance)

    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    try:
        with torch.no_grad():
            model.eval()(inputs)
    finally:
        for hook in hooks:
            hook.remove()


def halved(examples: Examples) -> tuple[Examples, Examples]:
    """The first half, which is the larger one of an odd number, and the second."""
    inputs, targets = examples.inputs.tensor_split(2), examples.targets.tensor_split(2)
    return Examples(inputs[0], targets[0]), Examples(inputs[1], targets[1])
