"""Gradients of fully connected networks by formulas: automatic differentiation costs more than the arithmetic of a small one.

The formulas cover linear layers with ReLU, tanh or nothing between them, after batch normalisation or not, and stacks of such
networks, with both losses of ``lab.losses.mean_loss``. Everything else is differentiated automatically, to the same numbers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.split import Examples
from lab.stack import StackedMLP

ACTIVATIONS: dict[type[nn.Module], tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    nn.ReLU: (torch.relu_, lambda gradient, values: torch.ops.aten.threshold_backward.default(gradient, values, 0)),
    nn.Tanh: (torch.tanh_, torch.ops.aten.tanh_backward.default),
    nn.Identity: (lambda inputs: inputs, lambda gradient, values: gradient),
}
"""The values, in place of the inputs; and the gradient with respect to the inputs, from that with respect to the values."""

LETTERS = {nn.Flatten: "f", nn.Linear: "l", nn.BatchNorm1d: "n"} | dict.fromkeys(ACTIVATIONS, "a")
COVERED = re.compile("f(ln?a)*l")


@dataclass(frozen=True)
class _Layer:
    """A linear layer and what follows it; in a stack, tensors have a leading axis of networks."""

    weight: Float[Tensor, "*networks inputs outputs"]
    bias: Float[Tensor, "*networks 1 outputs"]
    weight_gradient: Float[Tensor, "*networks inputs outputs"]
    bias_gradient: Float[Tensor, "*networks 1 outputs"]
    activation: type[nn.Module] = nn.Identity
    normalisation: nn.BatchNorm1d | None = None

    def of_network(self, number: int) -> "_Layer":
        """That of one network in a stack."""
        names = ("weight", "bias", "weight_gradient", "bias_gradient")
        return replace(self, **{name: getattr(self, name)[number] for name in names})


class ClosedForm:
    """Computes the gradient of a network's mean loss, or of each one's in a stack, and leaves it in the parameters' ``grad``.

    The parameters become views of one vector, in ``parameters``, which an optimizer updates in one step.
    """

    def __init__(self, module: nn.Module, examples: Examples, batch_size: int | None):
        self.parameters = [_in_one_vector(module)]
        layers = _of_stack(module) if isinstance(module, StackedMLP) else _of_network(module)
        self._inputs, self._targets = examples.inputs.flatten(1), examples.targets
        self._is_classification = not examples.targets.is_floating_point()
        if self._is_classification:
            self._targets = nn.functional.one_hot(examples.targets, layers[-1].bias.shape[-1]).to(self._inputs.dtype)
        self._parts: dict[int | None, list[_Layer]] = {None: layers}
        """Layers of what is computed in one program: of all networks, or of one of a stack, by its number."""
        if isinstance(module, StackedMLP) and not module.is_batched(batch_size or len(self._inputs)):
            self._parts = {number: [layer.of_network(number) for layer in layers] for number in range(len(layers[0].weight))}

    @torch.no_grad()
    def __call__(self, batch: slice | Int[Tensor, "*networks batch"]) -> None:
        """Of the loss on the examples of these numbers, or on all."""
        for network, layers in self._parts.items():
            own = batch if isinstance(batch, slice) or network is None else batch[network]
            _differentiate(layers, _chosen(self._inputs, own), _chosen(self._targets, own), self._is_classification)


def is_covered(module: nn.Module, num_examples: int, batch_size: int | None) -> bool:
    """Whether there are formulas for the whole of it."""
    if isinstance(module, StackedMLP):
        return type(module.activation) in ACTIVATIONS
    if not isinstance(module, nn.Sequential) or not COVERED.fullmatch("".join(LETTERS.get(type(item), "?") for item in module)):
        return False
    linear = [item for item in module if isinstance(item, nn.Linear)]
    plain = len(set(linear)) == len(linear) and all(item.bias is not None for item in linear)
    norms = [item for item in module if isinstance(item, nn.BatchNorm1d)]
    usual = all(item.affine and item.track_running_stats and item.momentum is not None for item in norms)
    smallest = (num_examples % batch_size or batch_size) if batch_size else num_examples
    # Torch refuses to normalise a batch of one, and its message says so.
    return plain and usual and not (norms and smallest == 1) and all(item.requires_grad for item in module.parameters())


def _in_one_vector(module: nn.Module) -> Float[Tensor, " parameters"]:
    """Make the parameters views of one vector, and their gradients views of its gradient."""
    parameters = list(module.parameters())
    sizes = [parameter.numel() for parameter in parameters]
    vector = parameters[0].detach().new_empty(sum(sizes))
    vector.grad = torch.zeros_like(vector)
    for parameter, *pieces in zip(parameters, vector.split(sizes), vector.grad.split(sizes), strict=True):
        # Of a linear layer transposed in memory: the inputs are multiplied by the transposed weights, which is faster then.
        shape = parameter.shape[::-1] if parameter.ndim == 2 else parameter.shape
        values, gradient = (piece.view(shape).T if parameter.ndim == 2 else piece.view(shape) for piece in pieces)
        parameter.data, parameter.grad = values.copy_(parameter.detach()), gradient
    return vector


def _of_network(module: nn.Module) -> list[_Layer]:
    """From input to output."""
    layers: list[_Layer] = []
    for item in module.children():
        if isinstance(item, nn.Linear):
            weight, bias = item.weight, item.bias
            layers.append(_Layer(weight.detach().T, bias.detach()[None], _gradient(weight).T, _gradient(bias)[None]))
        elif isinstance(item, nn.BatchNorm1d):
            layers[-1] = replace(layers[-1], normalisation=item)
        elif type(item) in ACTIVATIONS:
            layers[-1] = replace(layers[-1], activation=type(item))
    return layers


def _of_stack(stack: StackedMLP) -> list[_Layer]:
    """From input to output."""
    layers = [
        _Layer(weight.detach(), bias.detach(), _gradient(weight), _gradient(bias), type(stack.activation))
        for weight, bias in zip(stack.weights, stack.biases, strict=True)
    ]
    return [*layers[:-1], replace(layers[-1], activation=nn.Identity)]


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None, "parameters are put into one vector first, which gives them gradients"
    return parameter.grad


def _chosen(examples: Float[Tensor, "examples numbers"], batch: slice | Int[Tensor, "*networks batch"]) -> Tensor:
    if isinstance(batch, slice):
        return examples
    return examples.index_select(0, batch.flatten()).view(*batch.shape, -1)


def _differentiate(layers: list[_Layer], inputs: Tensor, targets: Tensor, is_classification: bool) -> None:
    """Forward and backward, in training mode."""
    stacked = layers[0].weight.ndim == 3
    multiply_add, multiply = (torch.baddbmm, torch.bmm) if stacked else (torch.addmm, torch.mm)
    if stacked:
        inputs = inputs.expand(len(layers[0].weight), *inputs.shape[-2:])

    values, normalised = [inputs], []
    for layer in layers:
        outputs = multiply_add(layer.bias, values[-1], layer.weight)
        if norm := layer.normalisation:
            inner, own = outputs, (norm.weight, norm.bias, norm.running_mean, norm.running_var)
            outputs, *moments = torch.native_batch_norm(inner, *own, True, norm.momentum or 0.0, norm.eps)
            normalised.append((inner, *moments))
        values.append(ACTIVATIONS[layer.activation][0](outputs))

    outputs = values[-1]
    share = 1 / outputs.shape[-2] if is_classification else 2 / (outputs.shape[-2] * outputs.shape[-1])
    gradient = (outputs.softmax(-1) if is_classification else outputs).sub_(targets).mul_(share)
    for number, layer in reversed(list(enumerate(layers))):
        gradient = ACTIVATIONS[layer.activation][1](gradient, values[number + 1])
        if norm := layer.normalisation:
            inner, *moments = normalised.pop()
            gradient, *own = torch.ops.aten.native_batch_norm_backward.default(
                gradient, inner, norm.weight, norm.running_mean, norm.running_var, *moments, True, norm.eps, [True] * 3
            )
            for parameter, found in zip((norm.weight, norm.bias), own, strict=True):
                _gradient(parameter).copy_(found)
        multiply(values[number].mT, gradient, out=layer.weight_gradient)
        torch.sum(gradient, -2, keepdim=True, out=layer.bias_gradient)
        if number:
            gradient = multiply(gradient, layer.weight.mT)
