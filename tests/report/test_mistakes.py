"""Mistakes with networks are told before anything is trained, with their place."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from lab.data import MNIST
from lab.network import Network
from lab.objectives import Minimize, SquaredError
from lab.training import Recipe, Train
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.pool import Rehearsal, using


@dataclass(frozen=True)
class Unset(Network):
    """A network that brings a parameter of its own and does not set it."""

    outputs: int = 10

    def module(self) -> nn.Module:
        module = nn.Sequential(nn.Flatten(), nn.Linear(784, self.outputs))
        module.register_parameter("slope", nn.Parameter(torch.ones(3)))
        return module


def usual(seed: int) -> Train:
    return Train(Unset(), MNIST(100, seed), Recipe(1e-3, 5), seed)


def own(seed: int) -> Minimize:
    return Minimize(Unset(), SquaredError(), MNIST(100, seed), Recipe(1e-3, 5), seed)


@pytest.mark.parametrize("training", [usual, own])
def test_parameter_left_uninitialised_is_told_in_the_rehearsal(tmp_path: Path, training):
    """With its name, and the method to write: not after other trainings of the chapter have run for half an hour."""
    said = (
        "'slope' of Unset is not initialised; define Unset.initialize(self, module, generator) to call "
        "super().initialize(module, generator) and then set module.slope in place"
    )
    with using(Rehearsal(Cache(tmp_path))), pytest.raises(ValueError, match=re.escape(said)):
        gather([training(seed) for seed in range(2)])
