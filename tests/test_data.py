"""Data sets are what they say, whole and verified."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lab import data
from lab.data import CorrectLabels, Dataset, FunctionSamples


@pytest.fixture(autouse=True)
def fresh():
    """Nothing kept from another test."""
    data._load.cache_clear()
    data._read.cache_clear()


def test_mnist_is_the_published_one():
    """Class counts, mean and deviation of the training pixels as published."""
    arrays = data._read_mnist()
    assert np.bincount(arrays[1]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(arrays[3]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert arrays[0].mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert arrays[0].std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    """One line that names the file, the checksum and the way back."""
    (tmp_path / "mnist.npz").write_bytes(data.MNIST_FILE.read_bytes()[:-1])
    monkeypatch.setattr(data, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(ValueError, match=r"mnist.npz is damaged: its SHA-256 is not .*git checkout"):
        Dataset("mnist").load()


def test_missing_file_is_refused(tmp_path, monkeypatch):
    """The same for a file that is not there."""
    monkeypatch.setattr(data, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(ValueError, match="mnist.npz is missing"):
        Dataset("mnist").load()


def test_images_are_normalised_and_channels_last():
    """Mean 0 and deviation 1 over the training pixels, in the layout that convolutions are fastest on."""
    split = Dataset("mnist").load()
    assert split.train_inputs.shape == (60_000, 1, 28, 28) and split.test_inputs.shape == (10_000, 1, 28, 28)
    assert abs(float(split.train_inputs.mean())) < 1e-4 and float(split.train_inputs.std()) == pytest.approx(1, abs=1e-4)
    assert split.train_inputs.is_contiguous(memory_format=torch.channels_last)


def test_validation_never_meets_training():
    """The reserved sixth is the same images, whoever holds them out, and none is trained on."""
    reserved = Dataset("digits", reserve_validation=True).load()
    search = Dataset("digits", held_out="validation").load()
    whole = Dataset("digits").load()
    torch.testing.assert_close(reserved.train_inputs, search.train_inputs)
    assert len(search.train_inputs) + len(search.test_inputs) == len(whole.train_inputs)
    torch.testing.assert_close(torch.cat([search.train_inputs, search.test_inputs]), whole.train_inputs)
    torch.testing.assert_close(reserved.test_inputs, whole.test_inputs)


def test_subset_and_noise_follow_the_seed():
    """The seed draws the images and the wrong labels; test labels stay true."""
    first, same, other = (Dataset("digits", 200, 0.5, seed).load() for seed in (0, 0, 1))
    clean = Dataset("digits", 200, 0.0, 0).load()
    torch.testing.assert_close(first.train_targets, same.train_targets)
    assert not torch.equal(first.train_inputs, other.train_inputs)
    wrong = (first.train_targets != clean.train_targets).float().mean()
    # Half are drawn anew, of which a tenth come out right.
    assert 0.35 < float(wrong) <= 0.5
    torch.testing.assert_close(first.test_targets, clean.test_targets)


@pytest.mark.parametrize("num_train", [0, 1439])
def test_impossible_subset_is_refused(num_train):
    """The message gives the number there is."""
    with pytest.raises(ValueError, match="digits has 1438 images"):
        Dataset("digits", num_train).load()


@pytest.mark.parametrize(
    "samples",
    [
        Dataset("mnist"),
        Dataset("digits"),
        Dataset("digits", 100, num_held_out=7),
        Dataset("digits", reserve_validation=True, num_held_out=1_000),
        Dataset("digits", held_out="validation"),
        FunctionSamples("sinc(5x)", 0.0, 1.0, num_train=3, num_test=4),
    ],
)
def test_sizes_are_known_without_reading(samples):
    """A rehearsal and an estimate count what loading would give."""
    split = samples.load()
    assert samples.sizes == (len(split.train_inputs), len(split.test_inputs))
    assert samples.input_shape == split.test_inputs.shape[1:]


def test_unknown_name_lists_the_known():
    """A near miss finds its way."""
    with pytest.raises(ValueError, match="unknown data set 'minst'; expected one of mnist, digits"):
        Dataset("minst")


def test_without_network_the_message_says_what_to_do(monkeypatch, tmp_path):
    """One line, no traceback of a socket."""
    import platformdirs
    import torchvision

    def refuse(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torchvision.datasets, "KMNIST", refuse)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    with pytest.raises(ValueError, match="'kmnist' could not be downloaded.*connect to the network once, or use 'mnist'"):
        Dataset("kmnist").load()


@pytest.mark.parametrize("name, channels", [("fashion-mnist", 1), ("cifar10", 3)])
def test_torchvision_sets_come_channels_first(monkeypatch, tmp_path, name, channels):
    """Grey images gain a channel, coloured ones are turned."""
    import platformdirs
    import torchvision

    class Stored:
        flaw = 0

        def __init__(self, root, train, download):
            size = (12, 5, 5) if channels == 1 else (12, 5, 5, 3)
            self.data = np.full(size, (7 if train else 9) + self.flaw, dtype=np.uint8)
            self.targets = list(range(10)) + [0, 1]

    monkeypatch.setattr(torchvision.datasets, data.TORCHVISION_SETS[name], Stored)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    data._read.cache_clear()
    assert data._read(name)[0].shape == (12, channels, 5, 5)
    data._read.cache_clear()
    monkeypatch.setattr(Stored, "flaw", 1)
    with pytest.raises(ValueError, match=f"the stored files of '{name}' are damaged; delete"):
        data._read(name)


def test_torchvision_sets_are_known_by_the_sums_of_the_published_files():
    """The same ones that torchvision checks a download against, without downloading anything."""
    assert "8d4fb7e6c68d591d4c3dfef9ec88bf0d" in Dataset("fashion-mnist").checksums()["fashion-mnist"]
    assert "c99cafc152244af753f735de768cd75f" in Dataset("cifar10").checksums()["cifar10"]


def test_functions_equal_their_formulas():
    """Held against the formulas in NumPy, with the limit 1 at x = 0."""
    x = np.linspace(-5, 5, 11)
    with np.errstate(invalid="ignore"):
        sinc = np.where(x == 0, 1.0, np.sin(np.pi * x) / (np.pi * x))
    expected = {
        "sinc(x) + sin(x/2)": sinc + np.sin(x / 2),
        "sinc(x) + 0.7 x²": sinc + 0.7 * x**2,
        "sgn(sin(5 pi x))": np.sign(np.sin(5 * np.pi * x)),
    }
    for name, values in expected.items():
        split = FunctionSamples(name, -5.0, 5.0, num_train=11).load()
        np.testing.assert_allclose(split.train_targets[:, 0].numpy(), values, atol=1e-12)


@pytest.mark.parametrize(
    "name, low, high, variance",
    [("sinc(x) + sin(x/2)", -5.0, 5.0, 0.683), ("sinc(x) + 0.7 x²", -5.0, 5.0, 26.2), ("sinc(5x)", 0.0, 1.0, 0.0871)],
)
def test_variance_of_targets_is_the_known_one(name, low, high, variance):
    """The error of the best constant, computed elsewhere to three digits."""
    split = FunctionSamples(name, low, high, num_test=100_000).load()
    assert float(split.test_targets.var()) == pytest.approx(variance, rel=0.005)


def test_share_of_correct_labels_is_counted():
    """Replacing all labels by a uniform class leaves about a tenth right; replacing none leaves all."""
    noisy = Dataset("digits", label_noise=1.0, seed=3)
    expected = (noisy.load().train_targets == Dataset("digits", seed=3).load().train_targets).double().mean()
    assert CorrectLabels(noisy).compute().share == pytest.approx(float(expected)) and 0.07 < float(expected) < 0.13
    assert CorrectLabels(replace(noisy, label_noise=0.0)).compute().share == 1.0
    assert 0.5 < CorrectLabels(replace(noisy, label_noise=0.5)).compute().share < 0.6
