"""Code for CUDA, as far as a machine without it can tell."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lab import compute, training
from lab.data import Dataset, FunctionSamples
from lab.models import CNN, MLP
from lab.training import Recipe


@pytest.mark.parametrize(
    "network, data, seed",
    [
        (CNN((1, 8, 8), (3,), (5,), 10), Dataset("digits", 40, num_held_out=20), 0),
        (MLP(1, (4,), 1), FunctionSamples("sinc(5x)", -1, 1, 20, 30), 0),
        (MLP(1, (4,), 1), FunctionSamples("sinc(5x)", -1, 1, 20, 30), (0, 1)),
    ],
    ids=["cnn", "mlp", "stack"],
)
@pytest.mark.filterwarnings("ignore")
def test_every_tensor_of_a_step_is_on_the_device(network, data, seed):
    """With tensors that only pretend to be on CUDA, a step and an evaluation mix no devices; a mix is an error."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        split = data.load.__wrapped__(data) if hasattr(data.load, "__wrapped__") else data.load()
        split = training._convert(split, torch.float32)
        model = network.build(seed) if isinstance(seed, int) else network.build_stack(seed)
        batch = next(training._batches(20, 8, seed, split.train_inputs.device))
        loss = training.mean_loss(model(split.train_inputs[batch]), split.train_targets[batch]).sum()
        loss.backward()
        outputs = training.forward_in_slices(model, split.test_inputs)
    assert loss.device.type == outputs.device.type == "cuda"
    assert all(parameter.grad is not None and parameter.grad.device.type == "cuda" for parameter in model.parameters())


def test_device_is_resolved(monkeypatch):
    """auto takes CUDA where there is one; cuda without one is refused with what to type."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert compute.resolve_device("auto") == compute.resolve_device("cuda") == "cuda"
    assert compute.resolve_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert compute.resolve_device("auto") == "cpu"
    with pytest.raises(ValueError, match="use --device cpu"):
        compute.resolve_device("cuda")
