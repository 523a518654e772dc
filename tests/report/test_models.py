"""Architectures know themselves without being built, and build the same from the same seed."""

import numpy as np
import pytest
import torch

from lab.activations import Tanh
from lab.building import flat_statistics, flat_weights
from lab.models import CNN, MLP
from lab.stack import StackedMLP

COUNTS = [
    (MLP(1, (5, 10, 10, 10, 10, 10, 5), 1), 571),
    (MLP(1, (10, 18, 15, 4), 1), 572),
    (MLP(1, (190,), 1), 571),
    (MLP(1, (760,), 1), 2281),
    (MLP(1, (3040,), 1), 9121),
    (CNN((1, 28, 28), (9,), (136,), 10), 241_644),
    (CNN((1, 28, 28), (16, 36), (128,), 10), 242_062),
    (CNN((1, 28, 28), (16, 36, 110), (128,), 10), 242_100),
    (CNN((1, 28, 28), (16, 64), (128,), 10), 428_906),
    (CNN((1, 28, 28), (16, 16, 16), (128,), 10), 33_098),
]
SMALL = [MLP(3, (4, 5), 2), MLP(3, (), 2), CNN((2, 9, 8), (3, 4), (5,), 6)]


@pytest.mark.parametrize("network, count", COUNTS, ids=str)
def test_parameter_counts_are_the_published_ones(network, count):
    """By arithmetic, and by counting the tensors of the built network."""
    assert network.num_parameters == count
    assert sum(parameter.numel() for parameter in network.build(0).parameters()) == count


@pytest.mark.parametrize("network", SMALL, ids=str)
def test_layer_shapes_are_those_of_a_forward_pass(network):
    """The table on the page says what the module does."""
    shape = (network.inputs,) if isinstance(network, MLP) else network.image
    outputs = []
    module = network.build(0)
    for layer in module.children():
        if isinstance(layer, torch.nn.Linear | torch.nn.MaxPool2d):
            layer.register_forward_hook(lambda _, __, output: outputs.append(tuple(output.shape[1:])))
    module(torch.zeros(1, *shape))
    assert outputs == [layer.output_shape for layer in network.layers]


def test_flops_of_a_convolution_are_counted_by_hand():
    """A multiply-add counts two: 28 x 28 x 25 x 9 for the convolution, 1764 x 136 and 136 x 10 after it."""
    assert CNN((1, 28, 28), (9,), (136,), 10).num_flops == 2 * (28 * 28 * 25 * 9 + 1764 * 136 + 136 * 10)


def test_pooling_before_relu_is_the_same_function():
    """Both are monotone, so the order does not matter."""
    network = CNN((1, 8, 8), (3,), (), 2)
    module, inputs = network.build(0), torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    convolution, pool, relu, flatten, linear = module.children()
    torch.testing.assert_close(module(inputs), linear(flatten(pool(relu(convolution(inputs))))))


@pytest.mark.parametrize("network", SMALL, ids=str)
def test_seed_alone_decides_the_weights(network):
    """Equal seeds build equal weights; torch's own generator is neither read nor moved."""
    state = torch.get_rng_state()
    first, same, other = (flat_weights(network.build(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_weights_start_within_the_default_bound():
    """Uniform in +-1/sqrt(fan-in), and reaching close to it."""
    weights = MLP(100, (400,), 1).named_weights(flat_weights(MLP(100, (400,), 1).build(0)))
    assert 0.099 < np.abs(weights["1.weight"]).max() <= 0.1 and np.abs(weights["3.weight"]).max() <= 0.05


@pytest.mark.parametrize("network", SMALL, ids=str)
def test_weights_round_trip(network):
    """A network made from a vector of weights gives that vector back, and cut by name it is the module's state."""
    weights = np.random.default_rng(0).normal(size=network.num_parameters)
    module = network.with_weights(weights)
    np.testing.assert_array_equal(flat_weights(module), weights)
    for name, value in network.named_weights(weights).items():
        np.testing.assert_array_equal(module.state_dict()[name].numpy(), value)


@pytest.mark.parametrize("limit", [0, 1 << 30], ids=["one by one", "batched"])
def test_stack_is_its_networks(monkeypatch, limit):
    """Row i of a stack answers as network i built alone, on a shared batch and on one of its own."""

    monkeypatch.setattr(StackedMLP, "LARGEST_BATCHED_LAYER", limit)
    network = MLP(3, (4, 5), 2, Tanh())
    stack = network.build_stack((3, 4, 5))
    inputs = torch.randn(3, 7, 3, generator=torch.Generator().manual_seed(0))
    alone = [network.build(seed) for seed in (3, 4, 5)]
    torch.testing.assert_close(stack(inputs), torch.stack([module(part) for module, part in zip(alone, inputs, strict=True)]))
    torch.testing.assert_close(stack(inputs[0]), torch.stack([module(inputs[0]) for module in alone]))
    np.testing.assert_array_equal(stack.flat().detach().numpy(), np.stack([flat_weights(module) for module in alone]))


def test_batch_normalisation_starts_as_the_identity():
    """With fresh statistics the network is the one without, and counts two parameters more a hidden unit."""
    plain, normalised = MLP(3, (5, 4), 2), MLP(3, (5, 4), 2, batch_norm=True)
    assert normalised.num_parameters == plain.num_parameters + 2 * 9 == flat_weights(normalised.build(0)).size
    assert normalised.num_statistics == 2 * 9 and plain.num_statistics == 0
    inputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    # Torch adds 1e-5 to the variance before it divides.
    torch.testing.assert_close(normalised.build(4).eval()(inputs), plain.build(4)(inputs), rtol=1e-4, atol=1e-5)


def test_statistics_travel_with_the_weights():
    """A rebuilt network answers as the one that was trained, and without its statistics it is refused, as another function."""
    network = MLP(3, (5, 4), 2, batch_norm=True)
    module = network.build(0)
    for part in torch.randn(6, 8, 3, generator=torch.Generator().manual_seed(0)) * 3 + 1:
        module(part)
    inputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    rebuilt = network.with_weights(flat_weights(module), flat_statistics(module))
    torch.testing.assert_close(rebuilt.eval()(inputs), module.eval()(inputs), rtol=0, atol=0)
    with pytest.raises(ValueError, match="needs 18 running means and variances, got 0; pass Training.statistics"):
        network.with_weights(flat_weights(module))


def test_pooling_shrinks_the_image():
    """The side is divided and rounded down at each convolution, in the counts as in the module."""
    network = CNN((1, 28, 28), (14, 14), (20,), 10, pool=3)
    assert network.num_parameters == 8028 == flat_weights(network.build(0)).size
    assert [layer.output_shape for layer in network.layers[:2]] == [(14, 9, 9), (14, 3, 3)]
    assert network.build(0)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_networks_print_themselves():
    """As the page names them."""
    assert str(MLP(1, (5, 10), 1)) == "1-5-10-1"
    assert str(CNN((1, 28, 28), (16, 36), (128,), 10)) == "16/36 filters + 128"
    assert str(CNN((1, 28, 28), (1,), (), 10)) == "1 filter"
    assert str(MLP(784, (5,), 10, batch_norm=True)) == "784-5-10 with batch norm"


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: MLP(1, (0,), 1), "expected positive numbers"),
        (lambda: CNN((1, 4, 4), (1, 1, 1), (), 2), "3 poolings leave nothing of 4 x 4 pixels"),
        (lambda: CNN((1, 8, 8), (1,), (), 2, kernel_size=4), "same padding needs an odd one"),
        (lambda: CNN((1, 8, 8), (1,), (), 2, pool=0), "expected the side of a square"),
        (lambda: MLP(1, (2,), 1, batch_norm=True).build_stack((0, 1)), "does not stack"),
    ],
)
def test_impossible_networks_are_refused(make, message):
    """Before anything is built."""
    with pytest.raises(ValueError, match=message):
        make()
