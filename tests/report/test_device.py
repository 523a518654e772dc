"""Code for CUDA, as far as a machine without it can tell."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lab import fit, losses
from lab.closed_form import ClosedForm, is_covered
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.models import CNN, MLP
from lab.optimizers import Optimizer
from lab.split import _load
from lab.training import Recipe
from measured.jobs import run
from measured.jobs.run import resolve_device
from tests.report.cases import ROOT


class Called(torch.nn.Module):
    """A built network with other parameters: modules cannot be moved to a device that is not there."""

    def __init__(self, built: torch.nn.Module, parameters: dict[str, torch.Tensor]):
        super().__init__()
        self.built, self.instead = built, parameters

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(self.built, self.instead, (inputs,))


@pytest.mark.parametrize(
    "network, data, seeds, networks",
    [
        (CNN((1, 8, 8), (3,), (5,), 10), Digits(40, num_held_out=20), (0,), ()),
        (MLP(1, (4,), 1), FunctionSamples(Sinc5(), -1.0, 1.0, 20, 30), (0,), ()),
        (MLP(1, (4,), 1), FunctionSamples(Sinc5(), -1.0, 1.0, 20, 30), (0, 1), (2,)),
    ],
    ids=["cnn", "mlp", "stack"],
)
@pytest.mark.filterwarnings("ignore")
def test_every_tensor_is_on_the_device(network, data, seeds, networks):
    """With tensors that only pretend to be on CUDA, a forward pass and an evaluation mix no devices; a mix is an error."""
    built = network.build_stack(seeds) if networks else network.build(*seeds)
    data.load()  # reads the files and counts pixels, which tensors that only pretend cannot
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        split = data.load()
        train, held_out = split.train(dtype="float32"), split.held_out(dtype="float32")
        parameters = {name: torch.empty(value.shape) for name, value in built.named_parameters()}
        model = Called(built, parameters)
        batch = next(fit._batches(20, 8, seeds, networks, train.inputs.device))
        with torch.no_grad():  # the backward pass would look for a real device
            loss = losses.mean_loss(model(train.inputs[batch]), train.targets[batch])
        outputs = losses.forward_in_slices(model, held_out.inputs)
    assert loss.device.type == outputs.device.type == "cuda"
    _load.cache_clear()  # what it holds only pretends to be data


@pytest.mark.parametrize(
    "network, data, seeds, networks",
    [
        (MLP(64, (5, 4), 10, batch_norm=True), Digits(40, num_held_out=20), (0,), ()),
        (MLP(64, (5, 4), 10), Digits(40, num_held_out=20), (0, 1), (2,)),
        (MLP(1, (4,), 1), FunctionSamples(Sinc5(), -1.0, 1.0, 20, 30), (0,), ()),
    ],
    ids=["batch norm", "stack", "function"],
)
@pytest.mark.filterwarnings("ignore")
def test_formulas_stay_on_the_device(network, data, seeds, networks):
    """An update by formulas, with tensors that only pretend to be on CUDA."""
    data.load()
    weights = np.zeros((2, network.num_parameters), np.float32)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        module = network.stack(weights) if networks else network.module()
        train = data.load().train(dtype="float32")
        assert is_covered(module, len(train.inputs), 8)
        differentiate = ClosedForm(module, train, 8)
        differentiate(next(fit._batches(len(train.inputs), 8, seeds, networks, train.inputs.device)))
        Optimizer(Recipe(0.1, 2, 8), differentiate.parameters).update(0.1)
        found = [item for parameter in module.parameters() for item in (parameter, parameter.grad)]
        devices = {item.device.type for item in found if item is not None}
    assert devices == {"cuda"} and None not in found
    _load.cache_clear()


def test_device_is_resolved(monkeypatch):
    """auto takes CUDA where there is one; cuda without one is refused with what to type."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == resolve_device("cuda") == "cuda"
    assert resolve_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(ValueError, match="use --device cpu"):
        resolve_device("cuda")


def test_cuda_is_looked_for_where_its_driver_is(monkeypatch):
    """The modules that compute are imported to ask, where the answer could be CUDA, and nowhere else."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    imported: list[str] = []
    monkeypatch.setattr(run.importlib, "import_module", imported.append)
    monkeypatch.setattr(run, "DRIVERS", ("nowhere",))
    resolve_device("auto", ("lab.fit",))
    resolve_device("cpu", ("lab.fit",))
    assert not imported
    monkeypatch.setattr(run, "DRIVERS", (__file__,))
    assert resolve_device("auto", ("lab.fit",)) == "cuda" and imported == ["lab.fit"]


IMPORTED_FIRST = """
import sys
from lab.data import MNIST
from lab.models import MLP
from lab.training import Predict, Recipe, Train
from measured.jobs.run import load_libraries
job = Predict(Train(MLP(784, (), 10), MNIST(20), Recipe(0.01, 1), 0))
assert "torch" not in sys.modules
load_libraries(job)
assert "torch" in sys.modules
"""


def test_libraries_are_there_before_a_job_computes():
    """In a fresh process: what a job computes with is imported first, so that it has one thread and the device from the
    start."""
    found = subprocess.run([sys.executable, "-c", IMPORTED_FIRST], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
