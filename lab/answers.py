"""What trained classifiers answer to images that they were not trained on, image by image."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from lab import costs
from lab.data import Data
from lab.trained import Classification
from lab.training import Train
from measured.jobs import Job


@dataclass(frozen=True)
class Answers:
    """Logits for images, beside the true classes."""

    targets: Int[np.ndarray, " images"]
    logits: Float[np.ndarray, "images classes"]

    @property
    def correct(self) -> Bool[np.ndarray, " images"]:
        """Whether the class with the largest logit is the true one."""
        return self.logits.argmax(-1) == self.targets


@dataclass(frozen=True)
class Answer(Job[Answers]):
    """What a trained network answers to the held-out images of ``images``, which may be others than those of its training."""

    of: Train[Classification]
    images: Data[Classification]
    after: int = 0
    """Images left out at the start, such as those on which its learning rate was chosen."""

    def __post_init__(self):
        if not 0 <= self.after < self.images.sizes[1]:
            raise ValueError(f"after is {self.after}; expected fewer than the {self.images.sizes[1]} images that are held out")

    def compute(self, training: Classification) -> Answers:
        from lab.losses import forward_in_slices

        split = self.images.load()
        logits = forward_in_slices(self.of.rebuilt(training), split.test_inputs[self.after :])
        return Answers(split.test_targets[self.after :].cpu().numpy(), logits.cpu().numpy())

    @property
    def axes(self) -> dict[str, Any]:
        return {"images": self.images.sizes[1] - self.after, "classes": self.of.network.outputs}

    def placeholder(self) -> Answers:
        made = super().placeholder()
        return replace(made, targets=made.targets % self.of.network.outputs)

    @property
    def flops(self) -> float:
        units = sum(int(np.prod(layer.output_shape)) for layer in self.of.network.layers)
        return (self.images.sizes[1] - self.after) * (self.of.network.num_flops + costs.MOVE * units) + costs.JOB
