"""Can a network read a digit line by line?

A network with a memory and one with a window learn small digits, by a loss that looks away from what is known already.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from lab.data import Data
from lab.objectives import CrossEntropy, LossFunction, Minimize
from lab.split import Split
from lab.torch_network import TorchNetwork
from lab.trained import Classification
from lab.training import Recipe
from measured import charts
from measured.evidence import Claim, Margin, Metric, Quantity, Result, Runs, Seeds, at_least, every
from measured.jobs import gather

TITLE = "Row by row"
RUNS = Runs(varies="initial weights, order of examples and what is held out", shared="the digits")


@dataclass(frozen=True)
class Rows(Data[Classification]):
    """Scikit-learn's digits as the rows of their pixels, top to bottom; a third, drawn by the seed, is held out."""

    seed: int
    sizes = 1_198, 599
    input_shape = (8, 8)

    def load(self) -> Split:
        pixels, classes = load_digits(return_X_y=True)
        order = np.random.default_rng(self.seed).permutation(len(classes))
        rows = torch.tensor(pixels[order].reshape(-1, 8, 8) / 8 - 1, dtype=torch.float32).split(self.sizes)
        targets = torch.tensor(classes[order]).split(self.sizes)
        return Split(rows[0], targets[0], rows[1], targets[1])


class Reader(nn.Module):
    def __init__(self, hidden: int, outputs: int):
        super().__init__()
        self.memory, self.answer = nn.GRU(8, hidden, batch_first=True), nn.Linear(hidden, outputs)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.answer(self.memory(rows)[0][:, -1])


@dataclass(frozen=True)
class GRU(TorchNetwork):
    """Reads one row after the other, and answers from what it remembers at the end."""

    hidden: int = 64
    outputs: int = 10

    def module(self) -> nn.Module:
        return Reader(self.hidden, self.outputs)


@dataclass(frozen=True)
class Window(TorchNetwork):
    """Looks at three neighbouring pixels of all columns at once, twice, and remembers nothing."""

    filters: int = 32
    outputs: int = 10

    def module(self) -> nn.Module:
        first, second = nn.Conv1d(8, self.filters, 3, padding=1), nn.Conv1d(self.filters, self.filters, 3, padding=1)
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), nn.Linear(8 * self.filters, self.outputs))


@dataclass(frozen=True)
class Focal(LossFunction):
    """Cross-entropy, times a power of what certainty lacks (Lin and others 2017)."""

    power: float

    def __call__(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        surprise = CrossEntropy()(outputs, targets)
        return (1 - (-surprise).exp()) ** self.power * surprise


@dataclass(frozen=True)
class Settings:
    num_updates: int = 1_000
    """Of Adam, each on a mini-batch of digits."""
    power: float = 2.0
    """How much the loss looks away from what is known."""
    seeds: Seeds = Seeds(5)
    """Trainings of each network."""


PRESETS = {"quick": Settings(60, seeds=Seeds(2)), "standard": Settings(), "full": Settings(4_000, seeds=Seeds(20))}
ACCURACY = Quantity("final_test_accuracy", "digits read that were held out", "%")
READ = Margin(0.95, "one digit in twenty is what a hurried human misreads at this size", origin=1.0)
NETWORKS = {"gru": GRU(), "window": Window()}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    def training(network: TorchNetwork, seed: int) -> Minimize:
        return Minimize(network, Focal(settings.power), Rows(seed), Recipe(0.005, settings.num_updates), seed)

    runs = gather({name: [training(network, seed) for seed in settings.seeds] for name, network in NETWORKS.items()})
    metrics = {name: ACCURACY.over(found) for name, found in runs.items()}
    return Result(metrics, charts.drawn(accuracy, metrics["gru"], metrics["window"]))


def accuracy(gru: Metric, window: Metric) -> charts.Figure:
    """What the networks read. Share of digits that were held out."""
    shares = {"GRU over the rows": (0, gru), "convolution over the rows": (1, window)}
    return charts.dots({"after training": shares}, x="", y=ACCURACY, alt="The share of each network, a dot per seed.")


SAYS = "The GRU reads {gru} of the digits that it never saw, the convolution {window}; expected are {margin}."
BOTH = every(at_least("gru", READ), at_least("window", READ))
CLAIMS = (Claim("both-read", source="ours", says=SAYS, holds=BOTH),)
