"""New data sets, networks, activations and functions leave every result that there is as it was."""

import shutil
from pathlib import Path

import pytest

from lab.activations import ReLU, Tanh
from lab.checkpoints import Checkpoint
from lab.critical_points import CriticalPoints, NeighbourRatio
from lab.data import KMNIST, MNIST, CorrectLabels, Digits
from lab.functions import FunctionSamples, Sinc5, SincPlusSine
from lab.gradients import GradientNormDescent, GradientNorms
from lab.landscape import FilterNormalizedPlane, LineLoss, TrajectoryPlane
from lab.models import CNN, MLP
from lab.sensitivity import Sensitivity
from lab.sharpness import Curvature, Rescaling, Sharpness
from lab.training import LearningRateSearch, Predict, Recipe, Train, TrainStack
from lab.trajectories import JointPCA
from measured.jobs.source import Reached, Sources
from tests.report.cases import ROOT

JOBS = (
    Train, TrainStack, Predict, LearningRateSearch, CorrectLabels, Checkpoint, CriticalPoints, NeighbourRatio,
    GradientNorms, GradientNormDescent, LineLoss, TrajectoryPlane, FilterNormalizedPlane, Sensitivity, Sharpness, Curvature,
    Rescaling, JointPCA,
)  # fmt: skip
MNIST_CNN, DIGITS_RELU = (Train, Recipe, CNN, MNIST), (Train, Recipe, MLP, ReLU, Digits)
DIGITS_TANH, SINC_TANH = (Train, Recipe, MLP, Tanh, Digits), (TrainStack, Recipe, MLP, Tanh, FunctionSamples, Sinc5)
SINC_RELU = (TrainStack, Recipe, MLP, ReLU, FunctionSamples, SincPlusSine)
COMBINATIONS = (
    MNIST_CNN,
    DIGITS_RELU,
    DIGITS_TANH,
    SINC_TANH,
    SINC_RELU,
    (Train, Recipe, CNN, KMNIST),
    *((job,) for job in JOBS),
)

NEW = {
    "data": """
@dataclass(frozen=True)
class Flowers(TorchvisionSet):
    torchvision_name = 'Flowers102'
    num_images = 1020, 6149
    input_shape = (3, 8, 8)
""",
    "models": """
@dataclass(frozen=True)
class Linear(Network):
    outputs: int

    def module(self):
        return nn.Linear(3, self.outputs)
""",
    "activations": """
@dataclass(frozen=True)
class Mish(Activation):
    def module(self):
        return nn.Mish()
""",
    "initializations": """
@dataclass(frozen=True)
class Orthogonal(Initialization):
    def __call__(self, module, generator):
        Default()(module, generator)

    def __str__(self):
        return 'orthogonal'
""",
    "functions": """
@dataclass(frozen=True)
class Sine(Function):
    def __call__(self, x):
        return x.sin()

    def __str__(self):
        return 'sin(x)'
""",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's instruments, to be changed."""
    for package in ("lab", "measured"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("mnist", "__pycache__"))
    return tmp_path


def digests(root: Path) -> dict[tuple[type, ...], Reached]:
    """By combination of types in a job, all code and all libraries that its key holds."""
    sources = Sources(root)
    return {kinds: sources.reached((kind.__module__, kind.__qualname__) for kind in kinds) for kinds in COMBINATIONS}


def changed(root: Path, module: str, old: str, new: str) -> set[tuple[type, ...]]:
    """The combinations that get another key where ``new`` stands for ``old`` in a module of lab."""
    before, path = digests(root), root / "lab" / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    after = digests(root)
    return {kinds for kinds in COMBINATIONS if before[kinds] != after[kinds]}


@pytest.mark.parametrize("module", NEW)
def test_another_class_changes_no_key(copy, module):
    """One more data set, network, activation or function, wherever lab has its own: no job that was known reaches it."""
    before, path = digests(copy), copy / "lab" / f"{module}.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{NEW[module]}", encoding="utf-8")
    assert digests(copy) == before


def test_reading_another_way_changes_the_keys_of_that_data_set(copy):
    """And of no other, nor of functions."""
    assert changed(copy, "data", 'arrays["y_test"]', 'arrays["y_test"][:]') == {MNIST_CNN}


def test_another_activation_changes_the_keys_of_networks_with_it(copy):
    """And of no others."""
    assert changed(copy, "activations", "return nn.Tanh()", "return nn.Hardtanh()") == {DIGITS_TANH, SINC_TANH}


def test_another_function_changes_the_keys_of_its_samples(copy):
    """And of no others."""
    assert changed(copy, "functions", "torch.sinc(5 * x)", "torch.sinc(x * 5)") == {SINC_TANH}


@pytest.mark.parametrize(
    "module, old, new",
    [
        ("fit", "optimizer.update(learning_rate(recipe, step))", "optimizer.update(recipe.learning_rate)"),
        ("building", "** -0.5", "** -0.4"),
        ("split", "round(dataset.label_noise", "int(dataset.label_noise"),
    ],
)
def test_what_compute_imports_is_in_the_key(copy, module, old, new):
    """The loop, the initial weights and the loading of images are imported where they compute, and change the keys of
    trainings all the same."""
    images = {DIGITS_RELU, DIGITS_TANH, MNIST_CNN}
    assert changed(copy, module, old, new) >= (images if module == "split" else images | {SINC_TANH, SINC_RELU})


def test_types_for_a_checker_are_in_no_key(copy):
    """What is imported for annotations alone computes nothing; a name that only these use changes no key."""
    before, path = digests(copy), copy / "lab" / "network.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(
            "    import torch\n    from torch import nn\n", "    import torch\n    import sympy\n    from torch import nn\n"
        ),
        encoding="utf-8",
    )
    assert digests(copy) == before
