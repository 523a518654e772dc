"""Networks of any layers of torch's, which start as torch starts them."""

from typing import TYPE_CHECKING

from lab.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn


class TorchNetwork(Network):
    """Any ``torch.nn.Module`` made of torch's layers, recurrent ones and attention among them. A subclass is a frozen dataclass
    that says ``outputs`` and ``module``.

    ``Network`` itself knows linear, convolutional and normalisation layers alone, and starts them in its own way.

    >>> from dataclasses import dataclass
    >>> from torch import nn
    >>> @dataclass(frozen=True)
    ... class Attentive(TorchNetwork):
    ...     width: int
    ...     outputs: int
    ...
    ...     def module(self) -> nn.Module:
    ...         layer = nn.TransformerEncoderLayer(self.width, nhead=2, dim_feedforward=8, dropout=0.0, batch_first=True)
    ...         return nn.Sequential(layer, nn.Flatten(), nn.Linear(8 * self.width, self.outputs))
    >>> Attentive(width=4, outputs=3).build(seed=1).training
    True
    """

    def initialize(self, module: "nn.Module", generator: "torch.Generator") -> None:
        """Each layer by its own ``reset_parameters``, in torch's random state of a seed that ``generator`` draws.

        A module that holds a parameter or a buffer itself, in no layer, overrides it: it calls this one first and then sets
        what is left.
        """
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            # What holds other layers comes after them, as attention sets some of their parameters anew.
            for layer in reversed(list(module.modules())):
                reset = getattr(layer, "reset_parameters", None) or getattr(layer, "_reset_parameters", None)
                if reset:
                    reset()
