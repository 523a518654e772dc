"""Batch sizes at rates of their own, compared where training losses are equal; and networks that fit."""

from dataclasses import replace

import numpy as np
import pytest

from experiments import fitted, matched_loss
from experiments.matched_loss import Matched
from experiments.own_rates import OwnRates
from lab.data import MNIST
from lab.trained import Classification
from lab.training import LearningRateSearch, Train
from measured.evidence import Seeds, Sweep
from measured.evidence.quantity import Quantity


def recorded(train_loss: list[float], gap: float) -> Classification:
    """A run that passed these training losses, always with this gap of the loss."""
    losses, empty = np.array(train_loss), np.zeros(0)
    return Classification(
        steps=np.arange(len(losses)),
        train_loss=losses,
        test_loss=losses + gap,
        grad_norm=losses,
        final_train_loss=losses[-1, ...],
        final_test_loss=np.array(losses[-1] + gap),
        weights=np.zeros(1),
        checkpoint_steps=np.zeros(0, np.int64),
        checkpoints=np.zeros((0, 1)),
        statistics=empty,
        train_accuracy=1 - losses,
        test_accuracy=1 - losses - gap,
        final_train_accuracy=np.array(1 - losses[-1]),
        final_test_accuracy=np.array(1 - losses[-1] - gap),
    )


def test_rates_are_chosen_apart_from_what_they_judge():
    """On seeds and draws that no run has, and on held-out images that are not the test images."""
    own = OwnRates()
    run = own.train(1024, seed=3)
    assert run.tuned_by == own.search(1024) == own.train(1024, seed=4).tuned_by
    for trial in own.search(1024).trials:
        assert isinstance(trial, Train) and trial.seed in own.trial_seeds and trial.record_at == run.record_at
        assert trial.data == MNIST(10_000, seed=own.trial_seeds[0], validation="held out")
    assert run.data == MNIST(10_000, seed=3)


def test_rates_grow_with_the_root_of_the_batch_size():
    """Around Adam's usual rate at the usual batch size, and four times as much at a batch sixteen times as large."""
    own = OwnRates(multiples=(1, 2))
    assert own.rates(64) == (0.001, 0.002) and own.rates(1024) == (0.004, 0.008)


def test_large_batches_train_for_longer_and_all_record_equal_epochs():
    """Epochs that have few updates are followed by more; the end of the epochs is a record in any case."""
    own = OwnRates(data=MNIST(1000), num_epochs=3, least_updates=20)
    assert [own.updates(size) for size in (16, 500)] == [189, 20]
    for size in (16, 500):
        assert own.updates_of_epochs(size) in own.train(size, 0).record_at


def test_the_lowest_held_out_loss_may_be_passed_on_the_way():
    """A rate whose runs end badly is chosen for what they were like before."""
    fast, slow = (recorded(losses, 0.1) for losses in ([1.0, 0.2, 0.9], [1.0, 0.7, 0.5]))
    trials = OwnRates(multiples=(1, 2), trial_seeds=(100_000,)).search(64).trials
    assert LearningRateSearch(trials, "lowest held-out loss").compute(slow, fast).learning_rate == 0.002
    assert LearningRateSearch(trials).compute(slow, fast).learning_rate == 0.001


def test_comparison_at_equal_losses_does_not_see_how_far_a_run_went():
    """Two runs of one curve that end at different losses are equal where both have been."""
    matched = Matched(losses=(0.2, 0.1))
    far, near = (recorded(np.geomspace(2, end, 30).tolist(), 0.05) for end in (0.001, 0.08))
    for run in (far, near):
        (gaps,) = matched.at_losses([run], "gap_loss")
        np.testing.assert_allclose(gaps, 0.05, atol=1e-9)
    assert not matched_loss.estimate(matched_loss.GAP_LOSS, [0.1, np.nan]).is_measured


def test_sweeps_are_compared_at_losses_between_their_runs():
    """A gap that is the logarithm of the training loss is read off at losses that no run has."""
    loss, gap = Quantity("loss", "loss", read=lambda run: run), Quantity("gap", "gap", read=lambda run: np.log(run))
    sweep = Sweep("batch size", {size: [1 / size, 0.9 / size] for size in (2, 4, 8, 16)})
    found = matched_loss.over_sizes(sweep, (0.3, 0.1), loss, gap)
    assert found["first"].value == pytest.approx(np.log(0.3)) and found["last"].value == pytest.approx(np.log(0.1))
    assert not matched_loss.over_sizes(sweep, (0.3, 0.001), loss, gap)["last"].is_measured


def test_only_networks_that_fit_are_ranked():
    """One that misreads a training image is left out, whatever its gap; of too few there is no rank correlation."""

    def run(sensitivity: float, gap: float, train_accuracy: float = 1.0) -> fitted.Run:
        made = recorded([0.01], 0.0)
        accuracies = {"final_train_accuracy": np.array(train_accuracy), "final_test_accuracy": np.array(train_accuracy - gap)}
        return {"training": replace(made, **accuracies), "sensitivity": type("S", (), {"test_probabilities": sensitivity})()}

    fit = [run(0.1, 0.05), run(0.2, 0.06), run(0.3, 0.07)]
    found = fitted.summary([[*fit, run(0.01, 0.3, train_accuracy=0.9)], fit])
    assert found["rank"].value == pytest.approx(1.0) and found["fewest"].value == 3
    assert not fitted.summary([fit, fit[:2]])["rank"].is_measured


def test_kinds_of_networks_are_counted():
    """Every shape with every batch size and rate, each seed with images of its own."""
    settings = fitted.Fitted(seeds=Seeds(2))
    runs = settings.runs()
    assert [len(of_seed) for of_seed in runs] == [settings.num_networks] * 2
    assert [of_seed[0]["training"].data.seed for of_seed in runs] == [0, 1]
