"""Data sets, one class each: a new one, here or in a chapter, is a new class, and no earlier result depends on it."""

import hashlib
import io
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import UInt8

from lab import costs
from lab.trained import Classification, Training
from measured.jobs import Job

if TYPE_CHECKING:
    from lab.split import Split

R = TypeVar("R", bound=Training, covariant=True)
S = TypeVar("S", bound="ImageSet")
Dtype = Literal["float32", "float64"]


class Data(ABC, Generic[R]):
    """What networks are trained on. A subclass is a frozen dataclass, in ``lab`` or in a chapter, whose fields determine
    its examples.

    It says ``load``, ``sizes`` and ``input_shape`` (fields, properties or attributes of the class), and where they differ
    from what is here, ``is_classification`` and ``checksums``. ``Data[Classification]`` and ``Data[Training]`` tell a type
    checker what a training gives.
    """

    sizes: tuple[int, int]
    """Examples to train on and examples held out, known without reading any."""
    input_shape: tuple[int, ...]
    """Shape of one input, known without reading any."""
    is_classification: ClassVar[bool] = True
    """Whether targets are class numbers; values otherwise, which are fitted by squared error and have no accuracy."""

    @abstractmethod
    def load(self) -> "Split":
        """The examples, on torch's default device, the same ones every time: no other random state than the fields' is read."""

    def checksums(self) -> dict[str, str]:
        """By file, what pins bytes that neither code nor the version of a library pins, for the keys of results: of files
        read."""
        return {}


# ---------------------------------------------------------------------------------------------------------------------
# Images


Arrays = tuple[
    UInt8[np.ndarray, "train channels height width"],
    UInt8[np.ndarray, " train"],
    UInt8[np.ndarray, "test channels height width"],
    UInt8[np.ndarray, " test"],
]


@dataclass(frozen=True)
class ImageSet(Data[Classification]):
    """A classification data set of images, or a part of it, with or without label noise.

    A subclass says ``num_images``, ``input_shape`` and ``read``, and the ``checksums`` of what it reads.
    """

    num_train: int | None = None
    """Images to train on, drawn by ``seed``; None for all of them."""
    seed: int = 0
    _: KW_ONLY
    label_noise: float = 0.0
    """Share of training labels replaced by a class drawn uniformly, which may be the right one (Zhang et al. 2017)."""
    validation: Literal["none", "reserved", "held out"] = "none"
    """The last sixth of the training images, on which choices are made: trained on like the others; kept out of training;
    or kept out and held out in place of the official test set."""
    num_held_out: int | None = None
    """Held-out images used, the first ones; None for all of them."""

    num_images: ClassVar[tuple[int, int]]
    """Training and test images in full: known without reading them, for rehearsals and estimates."""
    num_classes: ClassVar[int] = 10

    def __post_init__(self):
        if not 0 <= self.label_noise <= 1:
            raise ValueError(f"label_noise is {self.label_noise}; expected a share between 0 and 1")

    @abstractmethod
    def read(self) -> Arrays:
        """Training images, channels first, and labels, test images and labels, all there are.

        What a subclass adds to the fields may decide what is read. The fields above do not: they choose from it, and are
        not passed on here.
        """

    @property
    def sizes(self) -> tuple[int, int]:
        """Images to train on and images held out, without reading any."""
        num_train, num_test = self.num_images
        num_validation = num_train // 6
        if self.validation != "none":
            num_train -= num_validation
        num_held_out = num_validation if self.validation == "held out" else num_test
        return self.num_train or num_train, min(self.num_held_out or num_held_out, num_held_out)

    def drawn(self: S, seed: int) -> S:
        """The same data with training images drawn by the seed of a run too, so that a verdict is not one draw's."""
        return replace(self, seed=self.seed + seed)

    def load(self) -> "Split":
        """Read the data. Raises ValueError where a file is damaged or cannot be downloaded."""
        from lab.split import of_images

        return of_images(self)


@dataclass(frozen=True)
class CorrectShare:
    """Share of training labels that are the true ones."""

    share: float


@dataclass(frozen=True)
class CorrectLabels(Job[CorrectShare]):
    """How many of a data set's training labels its label noise left right: a class drawn uniformly may be the right one."""

    data: ImageSet

    def compute(self) -> CorrectShare:
        noisy, clean = self.data.load().train_targets, replace(self.data, label_noise=0.0).load().train_targets
        return CorrectShare(float((noisy == clean).double().mean()))

    @property
    def flops(self) -> float:
        return costs.JOB / 5


# ---------------------------------------------------------------------------------------------------------------------
# The sets


MNIST_FILE = Path(__file__).parent / "mnist" / "mnist.npz"
MNIST_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"


@dataclass(frozen=True)
class MNIST(ImageSet):
    """Handwritten digits (LeCun et al. 1998), from the file that is shipped."""

    num_images = 60_000, 10_000
    input_shape = (1, 28, 28)

    def checksums(self) -> dict[str, str]:
        return {"mnist.npz": MNIST_SHA256}

    def read(self) -> Arrays:
        content = MNIST_FILE.read_bytes() if MNIST_FILE.exists() else b""
        if hashlib.sha256(content).hexdigest() != MNIST_SHA256:
            raise ValueError(
                f"{MNIST_FILE.name} is {'damaged' if content else 'missing'}: its SHA-256 is not {MNIST_SHA256[:12]}...; "
                "restore it with 'git checkout -- lab/mnist/mnist.npz'"
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return arrays["x_train"][:, None], arrays["y_train"], arrays["x_test"][:, None], arrays["y_test"]


@dataclass(frozen=True)
class Digits(ImageSet):
    """Scikit-learn's 1,797 digits of 8 x 8 pixels. It comes without a test set: a third is drawn for it, anew for each split.

    The last sixth of the training images, on which choices are made, is the same in every split, so that no split is judged
    by what another one chose on.
    """

    split: int = field(default=0, kw_only=True)
    """Seed of the split into training and test images."""

    num_images = 1_198, 599
    input_shape = (1, 8, 8)

    def read(self) -> Arrays:
        from sklearn.datasets import load_digits

        pixels, targets = load_digits(return_X_y=True)
        num_train, _ = self.num_images
        num_validation = num_train // 6
        order = np.random.default_rng(0).permutation(len(targets))
        validation, rest = order[:num_validation], np.random.default_rng([self.split, 2]).permutation(order[num_validation:])
        train, test = rest[: num_train - num_validation], rest[num_train - num_validation :]
        order = np.concatenate([train, validation, test])
        images = np.asarray(pixels, np.uint8).reshape(-1, 1, 8, 8)[order]
        labels = np.asarray(targets, np.uint8)[order]
        return images[:num_train], labels[:num_train], images[num_train:], labels[num_train:]


@dataclass(frozen=True)
class TorchvisionSet(ImageSet):
    """A set that torchvision downloads into the user's cache folder, where it is read. A subclass says what torchvision
    calls it.

    For sets that come as MNIST's successors and CIFAR do, in a part with ``train=True`` and one without, with ``data`` and
    ``targets``.
    """

    torchvision_name: ClassVar[str]

    def checksums(self) -> dict[str, str]:
        """What torchvision checks a download against: the MD5 sums of the published files."""
        import torchvision

        kind = getattr(torchvision.datasets, self.torchvision_name)
        listed = getattr(kind, "resources", None) or [*getattr(kind, "train_list", ()), *getattr(kind, "test_list", ())]
        if not listed:
            raise ValueError(
                f"torchvision lists no checksums for {self.torchvision_name}; define checksums() in {type(self).__name__}"
            )
        return {self.torchvision_name: "MD5 " + " ".join(checksum for _, checksum in listed)}

    def read(self) -> Arrays:
        import torchvision
        from filelock import FileLock
        from platformdirs import user_cache_path

        name, folder = self.torchvision_name, user_cache_path("measured", ensure_exists=True)
        kind = getattr(torchvision.datasets, name)
        try:
            with FileLock(folder / f"{name}.lock"):
                parts = [kind(folder, train=train, download=True) for train in (True, False)]
                arrays = tuple(array for part in parts for array in _images_and_labels(part))
                _check_stored(arrays, folder / f"{name}.sha256")  # pyright: ignore[reportArgumentType]  # two arrays of two parts
        except (OSError, RuntimeError) as error:
            raise ValueError(
                f"data set {name} could not be downloaded to {folder} ({type(error).__name__}); "
                "connect to the network once, or use MNIST or Digits, which need none"
            ) from error
        return arrays  # pyright: ignore[reportReturnType]


def _images_and_labels(part: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images, channels first, and labels of a set as torchvision hands it over."""
    pixels = np.asarray(part.data)
    return pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2), np.asarray(part.targets, np.uint8)


def _check_stored(arrays: Arrays, record: Path) -> None:
    """Compare with the digest written at the first reading; torchvision checks a download, and not what is stored
    afterwards."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).data)
    if not record.exists():
        record.write_text(total.hexdigest(), encoding="utf-8")
    elif record.read_text(encoding="utf-8") != total.hexdigest():
        raise ValueError(
            f"the stored files of {record.stem} are damaged; delete {record.parent} and build again, with a network"
        )


@dataclass(frozen=True)
class FashionMNIST(TorchvisionSet):
    """Articles of clothing in the format of MNIST (Xiao et al. 2017)."""

    torchvision_name = "FashionMNIST"
    num_images = 60_000, 10_000
    input_shape = (1, 28, 28)


@dataclass(frozen=True)
class KMNIST(TorchvisionSet):
    """Cursive Japanese characters in the format of MNIST (Clanuwat et al. 2018)."""

    torchvision_name = "KMNIST"
    num_images = 60_000, 10_000
    input_shape = (1, 28, 28)


@dataclass(frozen=True)
class CIFAR10(TorchvisionSet):
    """Colour photographs of ten kinds of things (Krizhevsky 2009)."""

    torchvision_name = "CIFAR10"
    num_images = 50_000, 10_000
    input_shape = (3, 32, 32)
