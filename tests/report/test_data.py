"""Data sets are what they say, whole and verified."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import filelock
import numpy as np
import platformdirs
import pytest
import torch
import torchvision

from lab import data, split
from lab.data import CIFAR10, KMNIST, MNIST, CorrectLabels, Digits, FashionMNIST, ImageSet, TorchvisionSet
from lab.functions import FunctionSamples, Sinc5, SincPlusSine, SincPlusSquare, SquareWave


@pytest.fixture(autouse=True)
def fresh():
    """Nothing kept from another test."""
    split._load.cache_clear()
    split._arrays.cache_clear()
    split._pixel_statistics.cache_clear()


def test_mnist_is_the_published_one():
    """Class counts, mean and deviation of the training pixels as published."""
    arrays = MNIST().read()
    assert np.bincount(arrays[1]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(arrays[3]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert arrays[0].mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert arrays[0].std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    """One line that names the file, the checksum and the way back."""
    (tmp_path / "mnist.npz").write_bytes(data.MNIST_FILE.read_bytes()[:-1])
    monkeypatch.setattr(data, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(ValueError, match=r"mnist.npz is damaged: its SHA-256 is not .*git checkout"):
        MNIST().load()


def test_missing_file_is_refused(tmp_path, monkeypatch):
    """The same for a file that is not there."""
    monkeypatch.setattr(data, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(ValueError, match="mnist.npz is missing"):
        MNIST().load()


def test_images_are_normalised_and_channels_last():
    """Mean 0 and deviation 1 over the training pixels, in the layout that convolutions are fastest on."""
    split = MNIST().load()
    assert split.train_inputs.shape == (60_000, 1, 28, 28) and split.test_inputs.shape == (10_000, 1, 28, 28)
    assert abs(float(split.train_inputs.mean())) < 1e-4 and float(split.train_inputs.std()) == pytest.approx(1, abs=1e-4)
    assert split.train_inputs.is_contiguous(memory_format=torch.channels_last)


def test_validation_never_meets_training():
    """The reserved sixth is the same images, whoever holds them out, and none is trained on."""
    reserved = Digits(validation="reserved").load()
    search = Digits(validation="held out").load()
    whole = Digits().load()
    torch.testing.assert_close(reserved.train_inputs, search.train_inputs)
    assert len(search.train_inputs) + len(search.test_inputs) == len(whole.train_inputs)
    torch.testing.assert_close(torch.cat([search.train_inputs, search.test_inputs]), whole.train_inputs)
    torch.testing.assert_close(reserved.test_inputs, whole.test_inputs)


def test_splits_are_drawn_anew_but_for_what_choices_are_made_on():
    """Another split holds other images out and has all images once; the reserved ones it neither trains on nor is judged by."""
    first, other = (Digits(split=split).read() for split in (0, 1))
    assert not np.array_equal(first[2], other[2])

    def counted(train, _, test, __):
        return np.unique(np.concatenate([train, test]).reshape(1_797, -1), axis=0, return_counts=True)

    for found, expected in zip(counted(*first), counted(*other), strict=True):
        np.testing.assert_array_equal(found, expected)
    num_reserved = Digits(validation="held out").sizes[1]
    for part in (0, 1):
        np.testing.assert_array_equal(first[part][-num_reserved:], other[part][-num_reserved:])


def test_subset_and_noise_follow_the_seed():
    """The seed draws the images and the wrong labels; test labels stay true."""
    first, same, other = (Digits(200, seed, label_noise=0.5).load() for seed in (0, 0, 1))
    clean = Digits(200).load()
    torch.testing.assert_close(first.train_targets, same.train_targets)
    assert not torch.equal(first.train_inputs, other.train_inputs)
    wrong = (first.train_targets != clean.train_targets).float().mean()
    # Half are drawn anew, of which a tenth come out right.
    assert 0.35 < float(wrong) <= 0.5
    torch.testing.assert_close(first.test_targets, clean.test_targets)


@pytest.mark.parametrize("num_train", [0, 1199])
def test_impossible_subset_is_refused(num_train):
    """The message gives the number there is."""
    with pytest.raises(ValueError, match="Digits has 1198 images"):
        Digits(num_train).load()


@pytest.mark.parametrize(
    "samples",
    [
        MNIST(),
        Digits(),
        Digits(100, num_held_out=7),
        Digits(validation="reserved", num_held_out=1_000),
        Digits(validation="held out"),
        FunctionSamples(Sinc5(), 0.0, 1.0, num_train=3, num_test=4),
    ],
)
def test_sizes_are_known_without_reading(samples):
    """A rehearsal and an estimate count what loading would give."""
    split = samples.load()
    assert samples.sizes == (len(split.train_inputs), len(split.test_inputs))
    assert samples.input_shape == split.test_inputs.shape[1:]


def test_without_network_the_message_says_what_to_do(monkeypatch, tmp_path):
    """One line, no traceback of a socket."""

    def refuse(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torchvision.datasets, "KMNIST", refuse)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    with pytest.raises(ValueError, match="KMNIST could not be downloaded.*connect to the network once, or use MNIST"):
        KMNIST().load()


@pytest.mark.parametrize("images, channels", [(FashionMNIST(), 1), (CIFAR10(), 3)], ids=["grey", "coloured"])
def test_torchvision_sets_come_channels_first(monkeypatch, tmp_path, images, channels):
    """Grey images gain a channel, coloured ones are turned; what is stored must stay what it was at the first reading."""
    Stored = stored(monkeypatch, tmp_path, images.torchvision_name, channels)
    assert images.read()[0].shape == (12, channels, 5, 5)
    monkeypatch.setattr(Stored, "flaw", 1)
    with pytest.raises(ValueError, match=f"the stored files of {images.torchvision_name} are damaged; delete"):
        images.read()


def stored(monkeypatch, tmp_path: Path, name: str, channels: int):
    """Stands in for a class of torchvision: twelve images of 5 x 5, of another grey where it has a ``flaw``."""

    class Stored:
        resources = (("file", "an MD5 sum"),)
        flaw = 0

        def __init__(self, root, train, download):
            size = (12, 5, 5) if channels == 1 else (12, 5, 5, 3)
            self.data = np.full(size, (7 if train else 9) + self.flaw, dtype=np.uint8)
            self.data[:2] = 0
            self.targets = list(range(10)) + [0, 1]

    monkeypatch.setattr(torchvision.datasets, name, Stored, raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    return Stored


def test_stored_files_are_compared_while_nobody_else_downloads(monkeypatch, tmp_path):
    """The digest of the first reading is written and read under the lock of the download."""
    stored(monkeypatch, tmp_path, "KMNIST", 1)
    check, locked = data._check_stored, []

    def check_locked(arrays, record):
        with pytest.raises(filelock.Timeout), filelock.FileLock(tmp_path / "KMNIST.lock", timeout=0):
            pass
        locked.append(record.name)
        check(arrays, record)

    monkeypatch.setattr(data, "_check_stored", check_locked)
    KMNIST().read()
    assert locked == ["KMNIST.sha256"] and (tmp_path / "KMNIST.sha256").exists()


def test_another_set_of_torchvision_is_a_short_class(monkeypatch, tmp_path):
    """Its name there, its numbers and shape: the rest, from label noise to checksums, is inherited."""

    class QMNIST(TorchvisionSet):
        torchvision_name = "QMNIST"
        num_images = 12, 12
        input_shape = (1, 5, 5)

    Stored = stored(monkeypatch, tmp_path, "QMNIST", 1)
    images = QMNIST(4, seed=1, label_noise=0.5, validation="held out")
    split = images.load()
    assert images.sizes == (4, 2) == (len(split.train_inputs), len(split.test_inputs))
    assert images.checksums() == {"QMNIST": "MD5 an MD5 sum"}
    monkeypatch.setattr(Stored, "resources", ())
    with pytest.raises(ValueError, match=r"no checksums for QMNIST; define checksums\(\) in QMNIST"):
        images.checksums()


def test_an_image_set_may_have_settings_of_its_own():
    """They decide what is read, which is read once whatever part of it is asked for."""

    @dataclass(frozen=True)
    class Stripes(ImageSet):
        width: int = field(default=1, kw_only=True)
        num_images = 24, 6
        input_shape = (1, 1, 8)
        reads: ClassVar[list[int]] = []

        def read(self):
            self.reads.append(self.width)
            images = np.zeros((30, 1, 1, 8), np.uint8)
            images[::2, ..., : self.width] = 255
            labels = np.arange(30, dtype=np.uint8) % 2
            return images[:24], labels[:24], images[24:], labels[24:]

    parts = [Stripes(10, seed, width=width) for width in (1, 3) for seed in (0, 1)]
    bright = [(part.load().train_inputs > 0).flatten(1).sum(1).max().item() for part in parts]
    assert bright == [1, 1, 3, 3] and Stripes.reads == [1, 3]
    assert not torch.equal(parts[0].load().train_targets, parts[1].load().train_targets)


def test_torchvision_sets_are_known_by_the_sums_of_the_published_files():
    """The same ones that torchvision checks a download against, without downloading anything."""
    assert "8d4fb7e6c68d591d4c3dfef9ec88bf0d" in FashionMNIST().checksums()["FashionMNIST"]
    assert "c99cafc152244af753f735de768cd75f" in CIFAR10().checksums()["CIFAR10"]


def test_functions_equal_their_formulas():
    """Held against the formulas in NumPy, with the limit 1 at x = 0."""
    x = np.linspace(-5, 5, 11)
    with np.errstate(invalid="ignore"):
        sinc = np.where(x == 0, 1.0, np.sin(np.pi * x) / (np.pi * x))
    expected = {
        SincPlusSine(): sinc + np.sin(x / 2),
        SincPlusSquare(): sinc + 0.7 * x**2,
        SquareWave(): np.sign(np.sin(5 * np.pi * x)),
    }
    for function, values in expected.items():
        split = FunctionSamples(function, -5.0, 5.0, num_train=11).load()
        np.testing.assert_allclose(split.train_targets[:, 0].numpy(), values, atol=1e-12)
    assert [str(function) for function in expected] == ["sinc(x) + sin(x/2)", "sinc(x) + 0.7 x²", "sgn(sin(5 pi x))"]


@pytest.mark.parametrize(
    "function, low, high, variance",
    [(SincPlusSine(), -5.0, 5.0, 0.683), (SincPlusSquare(), -5.0, 5.0, 26.2), (Sinc5(), 0.0, 1.0, 0.0871)],
    ids=str,
)
def test_variance_of_targets_is_the_known_one(function, low, high, variance):
    """The error of the best constant, computed elsewhere to three digits."""
    split = FunctionSamples(function, low, high, num_test=100_000).load()
    assert float(split.test_targets.var()) == pytest.approx(variance, rel=0.005)


def test_share_of_correct_labels_is_counted():
    """Replacing all labels by a uniform class leaves about a tenth right; replacing none leaves all."""
    noisy = Digits(label_noise=1.0, seed=3)
    expected = (noisy.load().train_targets == Digits(seed=3).load().train_targets).double().mean()
    assert CorrectLabels(noisy).compute().share == pytest.approx(float(expected)) and 0.07 < float(expected) < 0.13
    assert CorrectLabels(replace(noisy, label_noise=0.0)).compute().share == 1.0
    assert 0.5 < CorrectLabels(replace(noisy, label_noise=0.5)).compute().share < 0.6
