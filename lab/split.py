"""What is trained on and what is held out, as tensors in memory."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lab.data import Arrays, Dtype, ImageSet


@dataclass(frozen=True)
class Examples:
    """Inputs and what is to be answered to them: class numbers, or values."""

    inputs: Float[Tensor, "examples ..."]
    targets: Int[Tensor, " examples"] | Float[Tensor, "examples values"]

    def first(self, n: int | None, dtype: Dtype | None = None) -> "Examples":
        """The first ``n`` of them, numbers in ``dtype``; class numbers keep their type. Which come first was settled when
        they were drawn."""
        parts = self.inputs[:n], self.targets[:n]
        return Examples(*(part.to(getattr(torch, dtype)) if dtype and part.is_floating_point() else part for part in parts))


@dataclass(frozen=True)
class Split:
    """What is trained on and what is held out, on the default device.

    Inputs are floating-point numbers; images are channels first and normalised by the mean and standard deviation of all
    training pixels. Targets are class numbers or values, one row per example.
    """

    train_inputs: Float[Tensor, "train ..."]
    train_targets: Int[Tensor, " train"] | Float[Tensor, "train values"]
    test_inputs: Float[Tensor, "test ..."]
    test_targets: Int[Tensor, " test"] | Float[Tensor, "test values"]

    @property
    def is_classification(self) -> bool:
        return not self.train_targets.is_floating_point()

    def train(self, n: int | None = None, dtype: Dtype | None = None) -> Examples:
        """The first ``n`` training examples, or all; numbers in ``dtype``, or as they are."""
        return Examples(self.train_inputs, self.train_targets).first(n, dtype)

    def held_out(self, n: int | None = None, dtype: Dtype | None = None) -> Examples:
        """The first ``n`` held-out examples, or all; numbers in ``dtype``, or as they are."""
        return Examples(self.test_inputs, self.test_targets).first(n, dtype)


# ---------------------------------------------------------------------------------------------------------------------
# Images


def of_images(dataset: ImageSet) -> Split:
    """The images of a data set, on the default device. Raises ValueError where a file is damaged or cannot be downloaded."""
    return _load(dataset, str(torch.get_default_device()))


@lru_cache(maxsize=4)
def _load(dataset: ImageSet, device: str) -> Split:
    whole = replace(dataset, num_train=None, seed=0, label_noise=0.0, validation="none", num_held_out=None)
    train_images, train_labels, test_images, test_labels = _arrays(whole)
    mean, deviation = _pixel_statistics(whole)
    num_pool = len(train_images)
    if dataset.validation != "none":
        num_pool -= num_pool // 6
    if dataset.validation == "held out":
        test_images, test_labels = train_images[num_pool:], train_labels[num_pool:]
    held_out = slice(dataset.num_held_out)

    random = np.random.default_rng([dataset.seed, 1])
    chosen = np.arange(num_pool)
    if dataset.num_train is not None:
        if not 0 < dataset.num_train <= num_pool:
            raise ValueError(
                f"num_train is {dataset.num_train}; {type(dataset).__name__} has {num_pool} images to train on here"
            )
        chosen = random.permutation(num_pool)[: dataset.num_train]
    labels = train_labels[chosen].astype(np.int64)
    replaced = random.permutation(len(labels))[: round(dataset.label_noise * len(labels))]
    labels[replaced] = random.integers(0, dataset.num_classes, len(replaced))

    def images(values: np.ndarray) -> Tensor:
        pixels = torch.from_numpy((values.astype(np.float32) - np.float32(mean)) / np.float32(deviation))
        return pixels.contiguous(memory_format=torch.channels_last).to(device)

    return Split(
        images(train_images[chosen]),
        torch.from_numpy(labels).to(device),
        images(test_images[held_out]),
        torch.from_numpy(test_labels[held_out].astype(np.int64)).to(device),
    )


@lru_cache(maxsize=2)
def _arrays(whole: ImageSet) -> Arrays:
    return whole.read()


@lru_cache(maxsize=2)
def _pixel_statistics(whole: ImageSet) -> tuple[float, float]:
    """Mean and standard deviation of all training pixels, by their histogram."""
    counts = torch.bincount(torch.from_numpy(_arrays(whole)[0]).flatten(), minlength=256).numpy()
    levels = np.arange(256)
    mean = float(counts @ levels / counts.sum())
    return mean, float((counts @ (levels - mean) ** 2 / counts.sum()) ** 0.5)
