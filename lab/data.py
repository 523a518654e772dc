"""Data sets as tensors in memory: the shipped MNIST, scikit-learn's digits, torchvision's by name, and 1-D functions."""

import hashlib
import io
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from measured.jobs import Job

MNIST_FILE = Path(__file__).parent / "mnist" / "mnist.npz"
MNIST_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"
TORCHVISION_SETS = {"fashion-mnist": "FashionMNIST", "kmnist": "KMNIST", "cifar10": "CIFAR10"}
SIZES = {
    "mnist": (60_000, 10_000, (1, 28, 28)),
    "digits": (1_438, 359, (1, 8, 8)),
    "fashion-mnist": (60_000, 10_000, (1, 28, 28)),
    "kmnist": (60_000, 10_000, (1, 28, 28)),
    "cifar10": (50_000, 10_000, (3, 32, 32)),
}
"""Training images, test images, and the shape of one: known without reading them, for rehearsals and estimates."""
NAMES = ("mnist", "digits", *TORCHVISION_SETS)


@dataclass(frozen=True)
class Split:
    """What is trained on and what is held out, on the default device.

    Images are channels first and normalised by the mean and standard deviation of all training pixels. Targets are class numbers
    or, for a function, its values.
    """

    train_inputs: Float[Tensor, "train ..."]
    train_targets: Int[Tensor, " train"] | Float[Tensor, "train 1"]
    test_inputs: Float[Tensor, "test ..."]
    test_targets: Int[Tensor, " test"] | Float[Tensor, "test 1"]

    @property
    def is_classification(self) -> bool:
        return not self.train_targets.is_floating_point()


@dataclass(frozen=True)
class Dataset:
    """A classification data set, or a part of it, with or without label noise."""

    name: str
    num_train: int | None = None
    """Images to train on, drawn by ``seed``; None for all of them."""
    label_noise: float = 0.0
    """Share of training labels replaced by a class drawn uniformly, which may be the right one (Zhang et al. 2017)."""
    seed: int = 0
    reserve_validation: bool = False
    """Keep the last sixth of the training images out of training."""
    held_out: Literal["test", "validation"] = "test"
    """What ``Split.test_*`` holds: the official test set, or the reserved sixth, on which choices are made."""
    num_held_out: int | None = None
    """Held-out images used, the first ones; None for all of them."""

    def __post_init__(self):
        if self.name not in NAMES:
            raise ValueError(f"unknown data set {self.name!r}; expected one of {', '.join(NAMES)}")
        if not 0 <= self.label_noise <= 1:
            raise ValueError(f"label_noise is {self.label_noise}; expected a share between 0 and 1")

    @property
    def sizes(self) -> tuple[int, int]:
        """Images to train on and images held out, without reading any."""
        num_train, num_test, _ = SIZES[self.name]
        num_validation = num_train // 6
        if self.reserve_validation or self.held_out == "validation":
            num_train -= num_validation
        num_held_out = num_validation if self.held_out == "validation" else num_test
        return self.num_train or num_train, min(self.num_held_out or num_held_out, num_held_out)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels, height and width of one image."""
        return SIZES[self.name][2]

    def checksums(self) -> dict[str, str]:
        """What pins the bytes of this data set, for the keys of the results computed from it."""
        if self.name == "mnist":
            return {"mnist.npz": MNIST_SHA256}
        if self.name == "digits":
            return {"digits": f"scikit-learn {version('scikit-learn')}"}
        return {self.name: _published_checksum(self.name)}

    def load(self) -> Split:
        """Read the data. Raises ValueError where a file is damaged or cannot be downloaded."""
        return _load(self, str(torch.get_default_device()))


@dataclass(frozen=True)
class CorrectShare:
    """Share of training labels that are the true ones."""

    share: float


@dataclass(frozen=True)
class CorrectLabels(Job):
    """How many of a data set's training labels its label noise left right: a class drawn uniformly may be the right one."""

    data: Dataset

    def compute(self) -> CorrectShare:
        noisy, clean = self.data.load().train_targets, replace(self.data, label_noise=0.0).load().train_targets
        return CorrectShare(float((noisy == clean).double().mean()))

    def placeholder(self) -> CorrectShare:
        return CorrectShare(1 - self.data.label_noise * (0.9 - 0.001 * (self.data.seed % 7)))

    @property
    def seconds(self) -> float:
        return 0.5


@lru_cache(maxsize=4)
def _load(dataset: Dataset, device: str) -> Split:
    train_images, train_labels, test_images, test_labels = _read(dataset.name)
    mean, deviation = _pixel_statistics(dataset.name)
    num_pool = len(train_images)
    if dataset.reserve_validation or dataset.held_out == "validation":
        num_pool -= num_pool // 6
    if dataset.held_out == "validation":
        test_images, test_labels = train_images[num_pool:], train_labels[num_pool:]
    held_out = slice(dataset.num_held_out)

    random = np.random.default_rng([dataset.seed, 1])
    chosen = np.arange(num_pool)
    if dataset.num_train is not None:
        if not 0 < dataset.num_train <= num_pool:
            raise ValueError(f"num_train is {dataset.num_train}; {dataset.name} has {num_pool} images to train on here")
        chosen = random.permutation(num_pool)[: dataset.num_train]
    labels = train_labels[chosen].astype(np.int64)
    replaced = random.permutation(len(labels))[: round(dataset.label_noise * len(labels))]
    labels[replaced] = random.integers(0, 10, len(replaced))

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
def _pixel_statistics(name: str) -> tuple[float, float]:
    """Mean and standard deviation of all training pixels, by their histogram."""
    counts = torch.bincount(torch.from_numpy(_read(name)[0]).flatten(), minlength=256).numpy()
    levels = np.arange(256)
    mean = float(counts @ levels / counts.sum())
    return mean, float((counts @ (levels - mean) ** 2 / counts.sum()) ** 0.5)


Arrays = tuple[
    UInt8[np.ndarray, "train channels height width"],
    UInt8[np.ndarray, " train"],
    UInt8[np.ndarray, "test channels height width"],
    UInt8[np.ndarray, " test"],
]


@lru_cache(maxsize=2)
def _read(name: str) -> Arrays:
    if name == "mnist":
        return _read_mnist()
    if name == "digits":
        return _read_digits()
    return _read_torchvision(name)


def _read_mnist() -> Arrays:
    content = MNIST_FILE.read_bytes() if MNIST_FILE.exists() else b""
    if hashlib.sha256(content).hexdigest() != MNIST_SHA256:
        raise ValueError(
            f"{MNIST_FILE.name} is {'damaged' if content else 'missing'}: its SHA-256 is not {MNIST_SHA256[:12]}...; "
            "restore it with 'git checkout -- lab/mnist/mnist.npz'"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return arrays["x_train"][:, None], arrays["y_train"], arrays["x_test"][:, None], arrays["y_test"]


def _read_digits() -> Arrays:
    """Scikit-learn's 1,797 digits of 8 x 8 pixels; a fixed random fifth of them is the test set."""
    from sklearn.datasets import load_digits

    pixels, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(targets))
    images = np.asarray(pixels, np.uint8).reshape(-1, 1, 8, 8)[order]
    labels = np.asarray(targets, np.uint8)[order]
    num_train = len(labels) - len(labels) // 5
    return images[:num_train], labels[:num_train], images[num_train:], labels[num_train:]


@lru_cache(maxsize=len(TORCHVISION_SETS))
def _published_checksum(name: str) -> str:
    """What torchvision checks a download against: the MD5 sums of the published files."""
    import torchvision

    kind = getattr(torchvision.datasets, TORCHVISION_SETS[name])
    listed = getattr(kind, "resources", None) or [*kind.train_list, *kind.test_list]
    return "MD5 " + " ".join(checksum for _, checksum in listed)


def _check_stored(arrays: Arrays, record: Path) -> None:
    """Compare with the digest written at the first reading; torchvision checks a download, and not what is stored afterwards."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).data)
    if not record.exists():
        record.write_text(total.hexdigest(), encoding="utf-8")
    elif record.read_text(encoding="utf-8") != total.hexdigest():
        raise ValueError(
            f"the stored files of {record.stem!r} are damaged; delete {record.parent} and build again, with a network"
        )


def _read_torchvision(name: str) -> Arrays:
    import torchvision
    from filelock import FileLock
    from platformdirs import user_cache_path

    folder = user_cache_path("measured", ensure_exists=True)
    kind = getattr(torchvision.datasets, TORCHVISION_SETS[name])
    try:
        with FileLock(folder / f"{name}.lock"):
            parts = [kind(folder, train=train, download=True) for train in (True, False)]
            arrays = tuple(array for part in parts for array in _arrays(part))
            _check_stored(arrays, folder / f"{name}.sha256")  # pyright: ignore[reportArgumentType]  # two arrays of two parts
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"data set {name!r} could not be downloaded to {folder} ({type(error).__name__}); "
            "connect to the network once, or use 'mnist' or 'digits', which need none"
        ) from error
    return arrays  # pyright: ignore[reportReturnType]


def _arrays(part: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images, channels first, and labels of a set as torchvision hands it over."""
    pixels = np.asarray(part.data)
    return pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2), np.asarray(part.targets, np.uint8)


# ---------------------------------------------------------------------------------------------------------------------
# Functions of one variable

FUNCTIONS = {
    "sinc(x) + sin(x/2)": lambda x: torch.sinc(x) + torch.sin(x / 2),
    "sinc(x) + 0.7 x²": lambda x: torch.sinc(x) + 0.7 * x**2,
    "sinc(5x)": lambda x: torch.sinc(5 * x),
    "sgn(sin(5 pi x))": lambda x: torch.sign(torch.sin(5 * torch.pi * x)),
}
"""By name; sinc(x) is sin(pi x) / (pi x), and 1 at x = 0, as in NumPy. The first two are the seed report's."""


@dataclass(frozen=True)
class FunctionSamples:
    """A function of one variable at equally spaced points of [low, high], both ends included.

    The test points are a second, denser grid on the same interval, so that a fit is judged between the points that it saw.
    """

    name: str
    low: float
    high: float
    num_train: int = 256
    num_test: int = 1000

    def __post_init__(self):
        if self.name not in FUNCTIONS:
            raise ValueError(f"unknown function {self.name!r}; expected one of {', '.join(FUNCTIONS)}")
        if not self.low < self.high:
            raise ValueError(f"the interval [{self.low}, {self.high}] is empty; expected low < high")

    @property
    def sizes(self) -> tuple[int, int]:
        """Points to train on and points held out."""
        return self.num_train, self.num_test

    @property
    def input_shape(self) -> tuple[int, ...]:
        """One number."""
        return (1,)

    def load(self) -> Split:
        """The samples in float64 (the trainer converts)."""
        train = torch.linspace(self.low, self.high, self.num_train, dtype=torch.float64)[:, None]
        test = torch.linspace(self.low, self.high, self.num_test, dtype=torch.float64)[:, None]
        return Split(train, FUNCTIONS[self.name](train), test, FUNCTIONS[self.name](test))
