"""What the chapter on random labels relies on, and the instrument that it reads runs with."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments import original, published, random_labels, relabelled
from lab.data import MNIST, CorrectLabels, CorrectShare
from lab.memorization import Memorization
from lab.models import MLP
from lab.training import Recipe, Train
from measured.evidence import Missing

SETTINGS = random_labels.PRESETS["quick"]


def job(percent: int, study: random_labels.Study = SETTINGS.curve) -> Memorization:
    return random_labels.job(replace(study, num_labels=200), percent, 3, SETTINGS)


def test_labels_replaced_at_a_small_share_are_replaced_at_a_larger_one():
    """Shares of one seed differ in how far the replacement went alone, so that a curve over them compares like with like."""
    labels = {percent: job(percent).of.data.load().train_targets for percent in (0, 25, 50, 100)}
    for small, large in ((25, 50), (50, 100)):
        changed = labels[small] != labels[0]
        assert torch.equal(labels[small][changed], labels[large][changed])
        assert (labels[large] != labels[0]).sum() > changed.sum() > 0


def test_networks_of_one_seed_see_the_same_images_and_labels():
    """The small network is given the very labels that the larger one of the curve is, and is trained in the same way."""
    large, small = job(100), job(100, SETTINGS.small)
    assert replace(large, of=replace(large.of, network=small.of.network)) == small
    for settings in random_labels.PRESETS.values():
        assert replace(settings.small, network=settings.curve.network) == settings.curve


def test_random_and_true_labels_differ_in_how_long_they_are_trained_alone():
    """Same network, number of images, mini-batches and seeds."""
    for settings in random_labels.PRESETS.values():
        longer = replace(settings.true.recipe, num_updates=settings.large.recipe.num_updates)
        assert replace(settings.true, recipe=longer) == settings.large


def test_the_small_network_is_the_originals_smallest():
    """236 parameters, the third of its section 3.2."""
    assert random_labels.SMALL.num_parameters == min(network.num_parameters for _, network, _ in original.TEN) == 236


@pytest.mark.parametrize("name, hidden", [("MLP, 3 × 512", (512, 512, 512)), ("MLP, 1 × 512", (512,))])
def test_published_parameter_counts_are_those_of_the_networks_named(name, hidden):
    """Zhang et al. crop CIFAR-10 to 28 x 28 pixels of three colours; their two fully connected networks can be counted."""
    numbers = {row[0]: row[1] for row in published.ZHANG}
    assert f"{MLP(28 * 28 * 3, hidden, 10).num_parameters:,}" == numbers[name]


def memorized(accuracies: list[float], final: float):
    """A run of 40 updates on 20 images, 8 in a mini-batch, with those accuracies after 0 and 20 of them."""
    data = MNIST(20)
    train = Train(MLP(784, (), 10), data, Recipe(0.001, 40, 8), 0, record_at=(0, 20))
    run = replace(train.placeholder(), train_accuracy=np.array(accuracies), final_train_accuracy=np.array(final))
    return Memorization(train, CorrectLabels(data)).compute(run, CorrectShare(0.1))


def test_a_history_ends_with_what_was_measured_on_everything():
    """In updates and in epochs, of which one takes three mini-batches, the last of them small."""
    found = memorized([0.1, 0.9], 1.0)
    assert found.steps.tolist() == [0, 20, 40] and found.epochs.tolist() == pytest.approx([0, 20 / 3, 40 / 3])
    assert found.train_accuracy.tolist() == [0.1, 0.9, 1.0] and found.final_train_accuracy == 1.0 and found.right == 0.1


def test_a_run_that_never_fits_leaves_no_time():
    """It is counted as one that did not get there; the others have their median."""
    runs = [memorized([0.1, 0.9], final) for final in (1.0, 0.94, 1.0)]
    assert [run.updates_to(0.95) for run in runs] == [pytest.approx(30.0), None, pytest.approx(30.0)]
    timed = relabelled.timed(runs, 0.95)
    assert timed["at"].value == pytest.approx(30.0) and timed["share"].value == pytest.approx(2 / 3)
    assert relabelled.slower(runs, [memorized([0.1, 1.0], 1.0)] * 3, 0.95).values == pytest.approx([30 / (20 * 0.85 / 0.9)] * 2)
    never = relabelled.timed(runs[1:2], 0.95)["at"]
    assert isinstance(never, Missing) and (never.why, never.remedy) == ("reached in no run", relabelled.MORE_UPDATES)
