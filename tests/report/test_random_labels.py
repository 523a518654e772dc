"""What the chapter on random labels relies on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments import original, random_labels
from lab.models import MLP
from lab.training import Recipe, Train
from measured.evidence import Estimate

SETTINGS = random_labels.PRESETS["quick"]


def test_labels_replaced_at_a_small_share_are_replaced_at_a_larger_one():
    """Shares of one seed differ in nothing but how far the replacement went, so that a curve over them compares like with like."""
    labels = {share: random_labels.labelled(200, share, 3, SETTINGS).load().train_targets for share in (0.0, 0.25, 0.5, 1.0)}
    for small, large in ((0.25, 0.5), (0.5, 1.0)):
        changed = labels[small] != labels[0.0]
        assert torch.equal(labels[small][changed], labels[large][changed])
        assert (labels[large] != labels[0.0]).sum() > changed.sum() > 0


def test_networks_of_one_seed_see_the_same_images_and_labels():
    """The small network is given the very labels that the larger one is."""
    data = random_labels.labelled(200, 1.0, 3, SETTINGS)
    large, small = (
        random_labels.training(network, data, 2, 16, SETTINGS) for network in (original.CNN_16_36, random_labels.SMALL_NETWORK)
    )
    assert replace(large, network=small.network) == small
    assert large.recipe.num_updates == 2 * 13  # the last mini-batch of an epoch holds the 8 images that are left


def test_networks_have_the_parameters_of_the_seeds():
    """The parameters of the seed's tenth and third model of section 3.2."""
    assert original.CNN_16_36.num_parameters == 242_062
    assert random_labels.SMALL_NETWORK.num_parameters == 236


@pytest.mark.parametrize("name, hidden", [("MLP, 3 × 512", (512, 512, 512)), ("MLP, 1 × 512", (512,))])
def test_published_parameter_counts_are_those_of_the_networks_named(name, hidden):
    """Zhang et al. crop CIFAR-10 to 28 x 28 pixels of three colours; their two fully connected networks can be counted."""
    published = {row[0]: row[1] for row in random_labels.ZHANG}
    assert MLP(28 * 28 * 3, hidden, 10).num_parameters == published[name]


def test_a_run_that_never_fits_leaves_no_time():
    """It is counted as one that did not get there, and no mean is taken over the others."""
    job = Train(MLP(784, (), 10), random_labels.labelled(20, 1.0, 0, SETTINGS), Recipe(0.001, 40), 0, record_at=(0, 20))
    placeholder = job.placeholder()
    fitted, failed = (
        replace(placeholder, train_accuracy=np.array([0.1, 0.9]), final_train_accuracy=np.array(final)) for final in (1.0, 0.94)
    )
    shares = [random_labels.CorrectShare(0.1)] * 2
    both = random_labels._scores([fitted, fitted], shares, [40, 40])
    one = random_labels._scores([fitted, failed], shares, [40, 40])
    assert both["time"].values == pytest.approx((30.0, 30.0)) and both["reached"].value == 1
    assert str(one["time"]) == "some runs did not get there" and "more updates" in one["time"].remedy
    assert not one["time"].is_measured and one["reached"].counts == (1, 2)
    assert not random_labels._slower(one["time"], both["time"]).is_measured
    assert random_labels._slower(both["time"], Estimate.over_seeds([10, 15])).values == pytest.approx((3.0, 2.0))
