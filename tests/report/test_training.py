"""The loop trains as PyTorch would, measures what it says, and a stack equals its networks trained alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lab import fit, losses, training
from lab.activations import Tanh
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.models import CNN, MLP
from lab.trained import Classification, Training
from lab.training import LearningRateSearch, Predict, Recipe, Train, TrainStack
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

WAVE = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=40, num_test=60)
DIGITS = Digits(120, num_held_out=50)
EXACT = Recipe(0.01, 30, 16, schedule="cosine", dtype="float64")


@pytest.mark.parametrize(
    "network, data, recipe",
    [
        (MLP(1, (6, 5), 1, Tanh()), WAVE, EXACT),
        (MLP(1, (6, 5), 1), WAVE, replace(EXACT, batch_size=None)),
        (MLP(1, (6,), 1), WAVE, replace(EXACT, optimizer="sgd", momentum=0.9, weight_decay=0.01)),
        (MLP(64, (5,), 10), DIGITS, replace(EXACT, schedule="one_cycle")),
    ],
    ids=["mini-batches", "all examples", "sgd", "classes"],
)
def test_stack_equals_networks_trained_alone(network, data, recipe):
    """In float64, every history, final number and weight agrees with training each network by itself."""
    steps = (0, 7, 30)
    stack = TrainStack(network, data, recipe, (5, 6, 7), record_at=steps, checkpoint_at=steps).compute()
    for row, seed in enumerate((5, 6, 7)):
        alone = Train(network, data, recipe, seed, record_at=steps, checkpoint_at=steps).compute()
        assert type(alone) is type(stack)
        for name in alone.__dataclass_fields__:
            expected, found = getattr(alone, name), getattr(stack, name)
            if name in ("steps", "checkpoint_steps"):
                np.testing.assert_array_equal(found, expected)
                continue
            np.testing.assert_allclose(found[row], expected, rtol=1e-9, atol=1e-11, err_msg=name)


def test_loop_equals_a_plain_one():
    """Against an independent loop: torch's own layers and Adam, the same batches, nothing else."""
    network, recipe = MLP(64, (8,), 10), Recipe(0.01, 25, 32, dtype="float64")
    found = Train(network, DIGITS, recipe, 3).compute()

    split = DIGITS.load()
    model = network.build(3).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence([3, 1]).generate_state(1)[0]))
    batches: list[torch.Tensor] = []
    while len(batches) < 25:
        order = torch.randperm(120, generator=generator)
        batches += [order[start : start + 32] for start in range(0, 120, 32)]
    for batch in batches[:25]:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(split.train_inputs[batch].double()), split.train_targets[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        outputs = model(split.test_inputs.double())
    expected = torch.nn.functional.cross_entropy(outputs, split.test_targets)
    assert float(found.final_test_loss) == pytest.approx(float(expected), rel=1e-9)
    assert float(found.final_test_accuracy) == pytest.approx(float((outputs.argmax(1) == split.test_targets).double().mean()))


def test_every_example_is_seen_once_an_epoch():
    """Orders are permutations, and what is left over makes a smaller batch."""
    batches = fit._batches(10, 4, (0, 1), (2,), torch.device("cpu"))
    for _ in range(2):
        epoch = torch.cat([torch.as_tensor(next(batches)) for _ in range(3)], dim=-1)
        assert epoch.sort(dim=-1).values.tolist() == [list(range(10))] * 2
        assert not torch.equal(epoch[0], epoch[1])


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_order_of_examples_is_another_stream_than_the_weights(seed):
    """The order drawn for a seed is not the one that the generator of the initial weights would draw."""
    order = torch.as_tensor(next(fit._batches(1000, 1000, (seed,), (), torch.device("cpu"))))
    assert not torch.equal(order, torch.randperm(1000, generator=torch.Generator().manual_seed(seed)))


def test_measurements_leave_the_training_as_it_was():
    """Recording histories and keeping checkpoints changes no weight."""
    job = Train(CNN((1, 8, 8), (3,), (5,), 10), DIGITS, Recipe(0.01, 10, 32), 0)
    watched = replace(job, record_at=tuple(range(11)), checkpoint_at=(0, 5, 10))
    plain, seen = job.compute(), watched.compute()
    np.testing.assert_array_equal(plain.weights, seen.weights)
    np.testing.assert_array_equal(seen.checkpoints[-1], seen.weights)
    assert seen.train_loss[-1] == pytest.approx(float(seen.final_train_loss))


def test_grad_norm_is_that_of_all_parameters():
    """The recorded norm is the 2-norm over every parameter of the next batch's gradient."""
    network = MLP(1, (4,), 1, Tanh())
    found = Train(network, WAVE, Recipe(0.1, 1, None, dtype="float64"), 0, record_at=(0,)).compute()
    model, split = network.build(0).double(), WAVE.load()
    (model(split.train_inputs) - split.train_targets).square().mean().backward()
    expected = (
        sum(float(parameter.grad.square().sum()) for parameter in model.parameters() if parameter.grad is not None) ** 0.5
    )
    assert found.grad_norm[0] == pytest.approx(expected)


def test_evaluation_is_in_evaluation_mode():
    """Dropout is off while measuring, and the model's mode is restored."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 50), torch.nn.Dropout(0.5), torch.nn.Linear(50, 3)).train()
    inputs, targets = torch.ones(9, 2), torch.zeros(9, dtype=torch.int64)
    first, second = (losses.evaluate(model, inputs, targets) for _ in range(2))
    assert first.loss == second.loss and model.training


def test_slices_do_not_change_the_loss(monkeypatch):
    """A mean over slices of unequal size is the mean over all."""
    model, inputs = torch.nn.Linear(3, 4), torch.randn(23, 3, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(23) % 4
    expected = torch.nn.functional.cross_entropy(model(inputs).double(), targets)
    monkeypatch.setattr(losses, "EVALUATION_SLICE", 5)
    assert float(losses.evaluate(model, inputs, targets).loss) == pytest.approx(float(expected.detach()), rel=1e-6)


def test_training_learns():
    """A small network reads most digits after a few epochs: the loop does more than agree with itself."""
    job = Train(CNN((1, 8, 8), (8,), (32,), 10), Digits(), Recipe(0.01, 150, 64, schedule="one_cycle"), 0)
    accuracy = job.compute().final_test_accuracy
    assert accuracy is not None and float(accuracy) > 0.93


def test_search_takes_the_lowest_median(cache):
    """A rate that diverges, or one that does not move, loses; the choice trains the reported run."""
    trials = tuple(
        TrainStack(MLP(1, (8,), 1, Tanh()), WAVE, Recipe(rate, 60, None, dtype="float64"), (1, 2, 3))
        for rate in (1e-6, 0.02, 1e6)
    )
    search = LearningRateSearch(trials)
    tuned = Train(MLP(1, (8,), 1, Tanh()), WAVE, Recipe(1e-6, 60, None, dtype="float64"), 9, tuned_by=search)
    with using(InProcess(cache)):
        chosen, found = gather((search, tuned))
    assert chosen.learning_rate == 0.02 and list(chosen.candidates) == [1e-6, 0.02, 1e6]
    expected = replace(tuned, tuned_by=None, recipe=replace(tuned.recipe, learning_rate=0.02)).compute()
    np.testing.assert_array_equal(found.weights, expected.weights)


@pytest.mark.parametrize("stacked", [True, False])
def test_predictions_are_those_of_the_trained_network(cache, stacked):
    """Their mean squared error is the final test loss."""
    network, recipe = MLP(1, (6,), 1), Recipe(0.02, 20, None, dtype="float64")
    job = TrainStack(network, WAVE, recipe, (0, 1)) if stacked else Train(network, WAVE, recipe, 0)
    with using(InProcess(cache)):
        answers, trained = gather((Predict(job), job))
    np.testing.assert_allclose(((answers.outputs - answers.targets) ** 2).mean((-2, -1)), trained.final_test_loss)


@pytest.mark.parametrize(
    "job",
    [
        Train(MLP(1, (3,), 1), WAVE, EXACT, 0, record_at=(1, 2)),
        TrainStack(MLP(1, (3,), 1), WAVE, EXACT, (0, 1), checkpoint_at=(3,)),
    ],
)
def test_placeholder_has_the_shapes_of_the_result(job):
    """A rehearsal sees arrays as large as the real ones."""
    assert shapes(job.placeholder()) == shapes(job.compute())


@pytest.mark.parametrize(
    "of",
    [
        Train(MLP(1, (3,), 1), WAVE, EXACT, 0),
        TrainStack(MLP(1, (3,), 1), WAVE, EXACT, (0, 1)),
        Train(CNN((1, 8, 8), (2,), (), 10), DIGITS, EXACT, 0),
        TrainStack(MLP(64, (3,), 10), DIGITS, EXACT, (0, 1)),
        Train(MLP(64, (3,), 10), replace(DIGITS, validation="held out", num_held_out=None), EXACT, 0),
    ],
    ids=["function", "functions stacked", "images", "images stacked", "validation"],
)
def test_placeholder_of_predictions_has_the_shapes_of_the_result(of):
    """Images and class numbers for a data set, one value a point for a function; an output for each class."""
    job = Predict(of)
    assert shapes(job.placeholder()) == shapes(job.compute(of.compute()))


def shapes(result) -> dict[str, tuple[int, ...]]:
    """By name, the shape of every array in a result."""
    return {name: np.shape(getattr(result, name)) for name in result.__dataclass_fields__}


def test_recording_after_the_end_is_refused():
    """The message gives the step and the number of updates."""
    with pytest.raises(ValueError, match="cannot record after update 31 of 30"):
        Train(MLP(1, (3,), 1), WAVE, EXACT, 0, record_at=(31,))


def test_cnn_does_not_stack():
    """The message says what to use."""
    with pytest.raises(ValueError, match="only MLPs stack; train .* with Train"):
        TrainStack(CNN((1, 8, 8), (2,), (), 10), DIGITS, EXACT, (0,)).compute()


def test_batch_normalised_training_is_kept_whole():
    """What is rebuilt from a result has its final numbers, in evaluation mode; the start of its statistics is not their end."""
    job = Train(MLP(64, (8,), 10, batch_norm=True), DIGITS, replace(EXACT, dtype="float32"), 3)
    result, split = job.compute(), DIGITS.load()
    model = job.rebuilt(result)
    assert not model.training and result.statistics.shape == (16,)
    found = losses.evaluate(model, split.test_inputs, split.test_targets)
    assert (found.loss, found.accuracy) == (result.final_test_loss, result.final_test_accuracy)
    assert next(job.rebuilt(result, "float64").parameters()).dtype == torch.float64
    assert np.shape(job.placeholder().statistics) == (16,)


def test_histories_are_measured_on_the_examples_asked_for():
    """The first ones of either kind, and no others."""
    job = Train(MLP(64, (8,), 10), DIGITS, EXACT, 0, record_at=(30,), history_examples=(20, 10))
    result, split = job.compute(), DIGITS.load()
    found = losses.evaluate(job.rebuilt(result), split.test_inputs[:10].double(), split.test_targets[:10])
    assert result.test_loss[0] == found.loss and result.test_loss[0] != result.final_test_loss
    with pytest.raises(ValueError, match="at least one example of each kind"):
        replace(job, history_examples=(0, 10))


def test_final_numbers_are_measured_on_the_training_examples_asked_for():
    """The first ones; the held-out set counts whole, and nothing else changes."""
    whole = Train(MLP(64, (8,), 10), DIGITS, EXACT, 0)
    part, split = replace(whole, final_examples=20), DIGITS.load()
    result, expected = part.compute(), whole.compute()
    found = losses.evaluate(part.rebuilt(result), split.train_inputs[:20].double(), split.train_targets[:20])
    assert result.final_train_loss == found.loss and result.final_train_loss != expected.final_train_loss
    assert result.final_test_loss == expected.final_test_loss and part.flops < whole.flops
    with pytest.raises(ValueError, match="final_examples is 0; expected at least one"):
        replace(whole, final_examples=0)


def test_search_by_held_out_loss_scores_no_training_images():
    """Nobody reads those scores; where training loss decides they are on everything."""
    run = Train(MLP(64, (8,), 10), DIGITS, EXACT, 0)
    searches = [training.tuned(run, (0.1,), seeds=[7], by=by).tuned_by for by in ("held-out loss", "training loss")]
    assert [search.trials[0].final_examples for search in searches if search] == [1, None]


def test_recording_the_end_changes_nothing():
    """With batch normalisation the pass that a record needs would move the statistics: scores, weights and statistics are
    those without it."""
    job = Train(MLP(64, (8,), 10, batch_norm=True), DIGITS, replace(EXACT, dtype="float32"), 3)
    plain, recorded = job.compute(), replace(job, record_at=(0, 30)).compute()
    for name in ("final_train_loss", "final_test_loss", "final_test_accuracy", "weights", "statistics"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(recorded, name), err_msg=name)


def test_gap_is_positive_where_the_network_overfits():
    """Held-out minus training loss, training minus held-out accuracy, for one network and for a stack."""
    recipe = replace(EXACT, num_updates=300, learning_rate=0.03)
    for job in (Train(MLP(64, (30,), 10), DIGITS, recipe, 0), TrainStack(MLP(64, (30,), 10), DIGITS, recipe, (0, 1))):
        result = job.compute()
        np.testing.assert_allclose(result.gap_loss, result.final_test_loss - result.final_train_loss)
        np.testing.assert_allclose(result.gap_accuracy, np.asarray(result.final_train_accuracy) - result.final_test_accuracy)
        assert np.all(result.gap_loss > 0) and np.all(result.gap_accuracy > 0)


def test_weights_are_given_at_the_steps_that_were_kept():
    """Of one network and of a stack; in whatever order and however often the steps were asked for; another step is refused
    with those."""
    for job, axes in ((Train(MLP(1, (3,), 1), WAVE, EXACT, 0), ()), (TrainStack(MLP(1, (3,), 1), WAVE, EXACT, (0, 1)), (2,))):
        found = replace(job, checkpoint_at=(20, 0, 20)).compute()
        assert found.checkpoint_steps.tolist() == [0, 20] and found.weights_at(0).shape == (*axes, 10)
        np.testing.assert_array_equal(found.weights_at(20), found.checkpoints[..., 1, :])
        assert found.weights_at(None) is found.weights and not np.array_equal(found.weights_at(0), found.weights_at(20))
        with pytest.raises(ValueError, match=r"after 5 updates; expected None or one of \[0, 20\]"):
            found.weights_at(5)


def test_only_classes_have_accuracies():
    """Their trainings are another type of result, as the data say beforehand."""
    for data, network, kind in ((WAVE, MLP(1, (3,), 1), Training), (DIGITS, MLP(64, (3,), 10), Classification)):
        job = Train(network, data, EXACT, 0)
        assert job.result_type is type(job.compute()) is type(job.placeholder()) is kind


@pytest.mark.parametrize(
    "run, trials",
    [
        (Train(MLP(64, (3,), 10), DIGITS, EXACT, 5, record_at=(0,), initial_seed=7), [(0.1, 8), (0.1, 9), (0.2, 8), (0.2, 9)]),
        (TrainStack(MLP(64, (3,), 10), DIGITS, EXACT, (5, 6), checkpoint_at=(3,)), [(0.1, (8, 9)), (0.2, (8, 9))]),
    ],
)
def test_tuned_run_is_searched_on_other_seeds_and_data(run, trials):
    """Each rate on each seed, rates first, with nothing recorded; what is reported stays as it is."""
    other = replace(DIGITS, validation="held out")
    found = training.tuned(run, (0.1, 0.2), seeds=(8, 9), data=other, updates=4, by="training loss")
    search = found.tuned_by
    assert search and replace(found, tuned_by=None) == run and search.by == "training loss"
    made = [(trial.recipe.learning_rate, getattr(trial, "seed", getattr(trial, "seeds", None))) for trial in search.trials]
    assert made == trials
    assert all(
        trial == type(run)(run.network, other, trial.recipe, seed) for trial, (_, seed) in zip(search.trials, made, strict=True)
    )
    assert all(
        trial.recipe == replace(run.recipe, learning_rate=rate, num_updates=4)
        for trial, (rate, _) in zip(search.trials, made, strict=True)
    )


def test_start_is_where_training_starts():
    """The weights before the first update, also where another seed than the run's sets them."""
    for job in (
        Train(MLP(64, (3,), 10), DIGITS, EXACT, 5, checkpoint_at=(0,)),
        Train(MLP(64, (3,), 10), DIGITS, EXACT, 5, checkpoint_at=(0,), initial_seed=7),
    ):
        np.testing.assert_array_equal(job.start.compute().weights, job.compute().weights_at(0).astype(np.float32))
