"""Data sets and networks of a chapter's own are trained as those of lab are, and no number of theirs is left to chance."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from lab.activations import Activation
from lab.building import flat_statistics, flat_weights
from lab.checkpoints import Checkpoint
from lab.curvature import Hessian
from lab.data import Data
from lab.gradients import GradientNorms
from lab.landscape import FilterNormalizedPlane
from lab.losses import MeanLoss, StackedLoss
from lab.mixtures import evaluate_at
from lab.models import MLP
from lab.network import Network
from lab.sensitivity import Sensitivity
from lab.sharpness import Curvature
from lab.split import Examples, Split
from lab.trained import Classification
from lab.training import Predict, Recipe, Train, TrainStack
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

PERIODS = (3, 5, 9)
LENGTH = 36


@dataclass(frozen=True)
class Waves(Data[Classification]):
    """Sine waves of three periods with phases of their own, under noise: which period is it?"""

    num_train: int = 300
    seed: int = 0
    input_shape = (1, LENGTH)

    @property
    def sizes(self) -> tuple[int, int]:
        return self.num_train, 200

    def load(self) -> Split:
        random = np.random.default_rng(self.seed)

        def draw(number: int) -> tuple[torch.Tensor, torch.Tensor]:
            classes = random.integers(3, size=number)
            turns = np.arange(LENGTH) / np.array(PERIODS)[classes, None] + random.random((number, 1))
            waves = np.sin(2 * np.pi * turns) + 0.3 * random.standard_normal((number, LENGTH))
            return torch.from_numpy(waves[:, None].astype(np.float32)), torch.from_numpy(classes)

        return Split(*draw(self.num_train), *draw(200))


@dataclass(frozen=True)
class Convolutional(Network):
    """One convolution over the wave, the largest answer of each filter, one layer."""

    filters: int = 8
    normalised: bool = False
    outputs: int = 3

    def module(self) -> nn.Module:
        normalisation = [nn.BatchNorm1d(self.filters)] if self.normalised else []
        return nn.Sequential(
            nn.Conv1d(1, self.filters, 9), *normalisation, nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
            nn.Linear(self.filters, self.outputs),
        )  # fmt: skip


class Recurrent(nn.Module):
    """A GRU along the wave, and one layer on where it ends."""

    def __init__(self, hidden: int, outputs: int):
        super().__init__()
        self.memory = nn.GRU(1, hidden, batch_first=True)
        self.answer = nn.Linear(hidden, outputs)

    def forward(self, inputs):
        return self.answer(self.memory(inputs.mT)[0][:, -1])


@dataclass(frozen=True)
class Forgetful(Network):
    """Does not say how its GRU starts."""

    outputs: int = 3

    def module(self) -> nn.Module:
        return Recurrent(4, self.outputs)


@dataclass(frozen=True)
class Remembering(Forgetful):
    """Says it."""

    def initialize(self, module: nn.Module, generator: torch.Generator) -> None:
        super().initialize(module, generator)
        for parameter in module.get_submodule("memory").parameters():
            parameter.uniform_(-0.5, 0.5, generator=generator)


RECIPE = Recipe(0.01, 200, 32)


def test_own_convolutional_network_on_own_data_learns():
    """Three periods that a filter of nine points tells apart: nearly all unseen waves are read, where chance is a third."""
    result = Train(Convolutional(), Waves(), RECIPE, 0).compute()
    assert result.final_test_accuracy > 0.95


@pytest.mark.parametrize("network", [Convolutional(), Convolutional(normalised=True), Remembering()], ids=repr)
def test_own_network_and_data_take_part_in_every_measurement(cache, network):
    """Predictions, curvature, gradients, sensitivity and a surface are measured, and rehearsed in the same shapes."""
    of = Train(network, Waves(30), replace(RECIPE, num_updates=3), 0, record_at=(0, 3), checkpoint_at=(0, 3))
    jobs = [of, Predict(of), Curvature(of, 20, 3, seed=0), FilterNormalizedPlane(Checkpoint(of, 3), 0, 1.0, 3, 20)]
    if not network.num_statistics:
        jobs.append(GradientNorms(of, 2, 8, None, seed=0))
    if isinstance(network, Convolutional):
        jobs.append(Sensitivity(of, 10, 10))
    with using(InProcess(cache)):
        results = gather(jobs)
    for job, result in zip(jobs, results, strict=True):
        made_up = job.placeholder()
        for name in result.__dataclass_fields__:
            found, expected = getattr(result, name), getattr(made_up, name)
            if job is of or isinstance(job, Predict):
                assert np.shape(found) == np.shape(expected), (type(job).__name__, name)
            if isinstance(found, np.ndarray | float):
                assert np.isfinite(found).all()
        assert job.seconds > 0


def test_own_data_are_stacked():
    """A stack of fully connected networks takes inputs of any shape, and each network is trained as alone."""
    network, recipe = MLP(LENGTH, (4,), 3), Recipe(0.01, 5, 8, dtype="float64")
    stack = TrainStack(network, Waves(30), recipe, (0, 1))
    alone = Train(network, Waves(30), recipe, 1)
    found, expected = stack.compute(), alone.compute()
    np.testing.assert_allclose(found.weights[1], expected.weights, atol=1e-12)
    np.testing.assert_allclose(Predict(stack).compute(found).outputs[1], Predict(alone).compute(expected).outputs, atol=1e-12)


def test_data_that_say_the_wrong_kind_of_target_are_refused():
    """Or a rehearsal would promise accuracies that do not come."""

    class Mistaken(Waves):
        is_classification = False

    with pytest.raises(ValueError, match="Mistaken.is_classification is False; its targets say otherwise"):
        Train(Convolutional(), Mistaken(30), RECIPE, 0).compute()


def test_parameters_without_an_initialiser_are_refused():
    """The message names the first of them, the class, and what to write."""
    with pytest.raises(ValueError, match=r"'memory.weight_ih_l0' of Forgetful is not initialised; define Forgetful.initialize"):
        Train(Forgetful(), Waves(), RECIPE, 0).compute()


def test_own_initialiser_is_taken():
    """What it sets is drawn from the seed alone, and the rest is set as ever."""
    first, same, other = (flat_weights(Remembering().build(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    weights = Remembering().named_weights(first)
    assert not np.isin(first, other).any()
    assert 0.3 < np.abs(weights["memory.weight_hh_l0"]).max() <= 0.5 and np.abs(weights["answer.weight"]).max() <= 0.5
    assert Train(Remembering(), Waves(30), replace(RECIPE, num_updates=3), 0).compute().weights.shape == first.shape


@dataclass(frozen=True)
class Layered(Network):
    """One layer of each kind that starts without being told how."""

    outputs: int = 2

    def module(self) -> nn.Module:
        return nn.ModuleDict({
            "linear": nn.Linear(7, 3), "conv1d": nn.Conv1d(2, 3, 5), "conv2d": nn.Conv2d(4, 6, 3, groups=2),
            "conv3d": nn.Conv3d(2, 2, 3), "unbiased": nn.Conv1d(1, 2, 4, bias=False), "batch": nn.BatchNorm2d(3),
            "layer": nn.LayerNorm(4), "group": nn.GroupNorm(2, 4),
        })  # fmt: skip


def test_known_layers_start_alike():
    """Each linear and convolutional weight and bias is uniform in +-1/sqrt(fan-in); normalisations start as the identity."""
    module = Layered().build(0)
    weights = Layered().named_weights(flat_weights(module))
    for name, fan_in in {"linear": 7, "conv1d": 10, "conv2d": 18, "conv3d": 54, "unbiased": 4}.items():
        values = np.concatenate([values.ravel() for key, values in weights.items() if key.startswith(name)]) * fan_in**0.5
        assert np.abs(values).max() <= 1 and np.abs(values).max() > 0.6 and values.min() < 0 < values.max()
    for name in ("batch", "layer", "group"):
        assert (weights[f"{name}.weight"] == 1).all() and (weights[f"{name}.bias"] == 0).all()
    np.testing.assert_array_equal(flat_statistics(module), [0, 0, 0, 1, 1, 1])


class Buffered(nn.Module):
    """A layer with a table, which a constructor fills in vain."""

    def __init__(self, table: torch.Tensor, persistent: bool):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("table", table, persistent=persistent)

    def forward(self, inputs):
        return self.linear(inputs * self.get_buffer("table"))


@dataclass(frozen=True)
class Tabular(Network):
    """Does not say what is in its table."""

    dtype: str = "float32"
    persistent: bool = False
    outputs: int = 2

    def module(self) -> nn.Module:
        return Buffered(torch.ones(3, dtype=getattr(torch, self.dtype)), self.persistent)


@dataclass(frozen=True)
class Filled(Tabular):
    """Says it: ones, or what is drawn from the seed."""

    def initialize(self, module: nn.Module, generator: torch.Generator) -> None:
        super().initialize(module, generator)
        module.get_buffer("table").copy_(torch.rand(3, generator=generator) if self.persistent else torch.ones(3))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64"])
def test_buffers_lost_in_building_are_refused(dtype):
    """What a constructor puts into a buffer is not kept, whatever its type; set by the initialiser, it is."""
    with pytest.raises(ValueError, match="'table' of Tabular is not initialised"):
        Tabular(dtype).build(0)
    assert (Filled(dtype).build(0).get_buffer("table") == 1).all()


def test_state_that_is_drawn_is_kept_with_the_results():
    """A rebuilt network has the buffers of the seed that it was trained from; a constant need not be kept."""
    network = Filled(persistent=True)
    module = network.build(5)
    rebuilt = network.with_weights(flat_weights(module), flat_statistics(module))
    assert network.num_statistics == 3 and Filled().num_statistics == 0
    torch.testing.assert_close(rebuilt.get_buffer("table"), module.get_buffer("table"), rtol=0, atol=0)
    with pytest.raises(ValueError, match="cannot be estimated"):
        examples = Examples(torch.zeros(2, 3), torch.zeros(2, 2))
        evaluate_at(network, flat_weights(module)[None], np.ones((1, 1)), examples)


def test_partly_set_parameter_is_refused():
    """Rows that an initialiser forgets are found."""

    @dataclass(frozen=True)
    class Half(Forgetful):
        def initialize(self, module, generator):
            super().initialize(module, generator)
            for parameter in module.get_submodule("memory").parameters():
                parameter[:6].uniform_(-1, 1, generator=generator)

    with pytest.raises(ValueError, match="'memory.weight_ih_l0' of Half is not initialised"):
        Half().build(0)


def test_draws_from_elsewhere_are_refused():
    """An initialiser that reads torch's own generator would build another network each time."""

    @dataclass(frozen=True)
    class Careless(Forgetful):
        def initialize(self, module, generator):
            super().initialize(module, generator)
            module.get_submodule("memory").reset_parameters()  # pyright: ignore[reportCallIssue]

    with pytest.raises(ValueError, match="Careless.initialize draws from torch's own generator; pass generator=generator"):
        Careless().build(0)


def test_shared_parameters_are_refused():
    """Building would part them in silence."""

    @dataclass(frozen=True)
    class Tied(Network):
        outputs: int = 3

        def module(self):
            first, second = nn.Linear(3, 3), nn.Linear(3, 3)
            second.weight = first.weight
            return nn.Sequential(first, second)

    with pytest.raises(ValueError, match="two layers of Tied share a parameter"):
        Tied().build(0)


def test_statistics_of_any_batch_normalisation_are_estimated():
    """Where a landscape mixes weights, a chapter's own network is normalised as in training with all examples in one batch."""
    network, split = Convolutional(normalised=True), Waves(50).load()
    module = network.build(3)
    weights = flat_weights(module).astype(np.float64)
    scores = evaluate_at(network, weights[None], np.ones((1, 1)), split.train(dtype="float64"))
    expected = nn.functional.cross_entropy(module.double().train()(split.train_inputs.double()), split.train_targets)
    assert scores.loss[0] == pytest.approx(expected.item(), rel=1e-10)


def test_own_activation_is_trained_and_differentiated():
    """Training, a stack and the exact Hessian of the stack take an activation that lab does not know."""

    @dataclass(frozen=True)
    class Mish(Activation):
        def module(self):
            return nn.Mish()

    network, split = MLP(LENGTH, (3,), 3, Mish()), Waves(20).load()
    result = TrainStack(network, Waves(20), Recipe(0.01, 5, None, dtype="float64"), (0, 1)).compute()
    examples = split.train(dtype="float64")
    _, found = StackedLoss(network, examples).gradient_and_hessian(torch.from_numpy(result.weights))
    expected = Hessian(MeanLoss(network.with_weights(result.weights[1]), examples)).dense()
    np.testing.assert_allclose(found[1], expected, atol=1e-10)


def test_activation_with_parameters_is_refused():
    """A table of layers and a stack would not know of them."""

    @dataclass(frozen=True)
    class Leaky(Activation):
        def module(self):
            return nn.PReLU()

    with pytest.raises(ValueError, match="'2.weight' of MLP is not initialised"):
        MLP(3, (4,), 1, Leaky()).build(0)
