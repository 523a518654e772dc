"""Losses around weights agree with closed forms and with the training's own numbers, and measuring changes nothing."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from lab import mixtures
from lab.activations import Tanh
from lab.building import set_weights
from lab.checkpoints import Checkpoint
from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.landscape import FilterNormalizedPlane, LineLoss, TrajectoryPlane, filter_normalize
from lab.losses import mean_loss
from lab.mixtures import estimate_statistics, evaluate_at
from lab.models import CNN, MLP
from lab.training import Recipe, Train
from lab.trajectories import JointPCA
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

SAMPLES = FunctionSamples(Sinc5(), -1.0, 1.0, 40, 60)
DIGITS = Digits(80, num_held_out=50)
EXACT = Recipe(0.05, 9, 16, dtype="float64")
LINE_FIT = Train(MLP(1, (), 1), SAMPLES, EXACT, 0, checkpoint_at=(0, 3, 6, 9))
DEEP = Train(MLP(1, (6, 5), 1, Tanh()), SAMPLES, EXACT, 1, checkpoint_at=(9, 0, 3, 6))
IMAGES = Train(CNN((1, 8, 8), (3,), (6,), 10), DIGITS, replace(EXACT, dtype="float32"), 2, checkpoint_at=(0, 3, 6, 9))


def squared_error(weights: np.ndarray, num_examples: int) -> np.ndarray:
    """The mean squared error of lines with the given slopes and offsets, on the last axis, by its formula."""
    slope, offset = np.moveaxis(weights, -1, 0)
    split = SAMPLES.load()
    x, t = (item[:num_examples, 0].numpy() for item in (split.train_inputs, split.train_targets))
    quadratic = (x**2).mean() * slope**2 + offset**2 + 2 * x.mean() * slope * offset
    return quadratic - 2 * (x * t).mean() * slope - 2 * t.mean() * offset + (t**2).mean()


def loss_at(of: Train, weights: np.ndarray, num_examples: int | None = None) -> float:
    """The loss of the network built alone, in one piece."""
    split, dtype = of.data.load(), getattr(torch, of.recipe.dtype)
    inputs, targets = split.train_inputs[:num_examples].to(dtype), split.train_targets[:num_examples]
    with torch.no_grad():
        outputs = of.network.with_weights(weights)(inputs).double()
    return float(mean_loss(outputs, targets))


@pytest.fixture(params=["stacked", "one by one"])
def either_way(request, monkeypatch):
    """MLPs are evaluated in stacks, and one by one."""
    if request.param == "one by one":
        monkeypatch.setattr(mixtures, "SMALLEST_STACK", 1 << 40)


# ---------------------------------------------------------------------------------------------------------------------
# Lines


@pytest.mark.parametrize("of", [IMAGES, DEEP], ids=["cnn", "mlp"])
def test_ends_of_a_line_are_the_trainings(cache, of):
    """Alpha 0 and 1 have the final scores of the trainings: bit for bit one by one, up to rounding in stacks or halves."""
    other = replace(of, seed=5)
    job = LineLoss(Checkpoint(of), Checkpoint(other), (-1.0, 0.0, 0.3, 1.0), 80, 100)
    with using(InProcess(cache)):
        line, ends = gather((job, (of, other)))
    for column, end in zip((1, 3), ends, strict=True):
        for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy"):
            found, expected = getattr(line, name), getattr(end, f"final_{name}", None)
            if expected is None:
                assert np.isnan(found).all()
            elif of is IMAGES and name.startswith("train"):
                assert found[column] == expected, name
            else:
                assert found[column] == pytest.approx(expected, rel=1e-7 if of is IMAGES else 1e-12), name
    between = 0.7 * ends[0].weights.astype(np.float64) + 0.3 * ends[1].weights
    assert line.train_loss[2] == pytest.approx(loss_at(of, between.astype(ends[0].weights.dtype)), rel=1e-6)


def test_halves_are_the_first_and_the_last_test_examples():
    """Each half has the scores of its own examples, the first one more of an odd number; together they are the whole."""
    trained = IMAGES.compute()
    whole, first = (
        LineLoss(Checkpoint(IMAGES), Checkpoint(IMAGES), (0.0, 1.0), 10, number).compute(trained, trained)
        for number in (41, 21)
    )
    np.testing.assert_allclose(whole.half_loss[0], first.test_loss, rtol=1e-7)
    np.testing.assert_allclose(whole.half_accuracy[0], first.test_accuracy, atol=1e-9)
    np.testing.assert_allclose(41 * whole.test_loss, 21 * whole.half_loss[0] + 20 * whole.half_loss[1], rtol=1e-12)


def test_line_along_a_training_is_a_parabola(cache, either_way):
    """From start to end of a linear fit the loss is the formula's, on the first examples only."""
    job = LineLoss(Checkpoint(LINE_FIT, 0), Checkpoint(LINE_FIT), tuple(np.linspace(-1, 2, 13).tolist()), 25, 60)
    with using(InProcess(cache)):
        line, trained = gather((job, LINE_FIT))
    points = (1 - line.alphas[:, None]) * trained.checkpoints[0] + line.alphas[:, None] * trained.weights
    np.testing.assert_allclose(line.train_loss, squared_error(points, 25), rtol=1e-10)
    assert np.ptp(np.diff(line.train_loss, n=2)) < 1e-12 and np.isnan([line.train_accuracy, line.test_accuracy]).all()


def test_batch_normalisation_is_estimated_anew_on_a_line(cache):
    """At every point the network is as in training mode with all training images in one batch, which normalise test images."""
    network = MLP(64, (6, 5), 10, batch_norm=True)
    ends = [Train(network, DIGITS, EXACT, seed) for seed in (0, 1)]
    with using(InProcess(cache)):
        line, trained = gather((LineLoss(Checkpoint(ends[0]), Checkpoint(ends[1]), (-0.5, 0.0, 0.4, 1.0), 60, 50), ends))
    split = DIGITS.load()
    inputs, targets = split.train_inputs[:60].double(), split.train_targets[:60]
    for alpha, found, on_test in zip(line.alphas, line.train_loss, line.test_loss, strict=True):
        model = network.build(0).double()
        set_weights(model, torch.from_numpy((1 - alpha) * trained[0].weights + alpha * trained[1].weights))
        with torch.no_grad():
            assert found == pytest.approx(float(mean_loss(model.train()(inputs), targets)), rel=1e-9)
            estimate_statistics(model, inputs)
            expected = float(mean_loss(model(split.test_inputs.double()), split.test_targets))
        assert on_test == pytest.approx(expected, rel=1e-9)
    assert all(item.statistics.any() for item in trained)


def test_checkpoint_is_named_by_its_step(cache):
    """By the number of updates, whatever the order in checkpoint_at; None is the end."""
    with using(InProcess(cache)):
        trained = gather(DEEP)
    for at_step, row in ((0, 0), (3, 1), (6, 2), (9, 3), (None, 3)):
        np.testing.assert_array_equal(Checkpoint(DEEP, at_step).weights(trained), trained.checkpoints[row])


def test_measuring_changes_nothing(cache):
    """The weights that came in are bit-identical afterwards, and measuring twice gives the same bytes."""
    trained = IMAGES.compute()
    before = trained.weights.tobytes(), trained.checkpoints.tobytes()
    jobs = (
        (LineLoss(Checkpoint(IMAGES, 3), Checkpoint(IMAGES), (0.0, 0.5), 20, 10), (trained, trained)),
        (TrajectoryPlane((IMAGES,), 3, 0.1, 20), (trained,)),
        (FilterNormalizedPlane(Checkpoint(IMAGES), 0, 1.0, 3, 20), (trained,)),
    )
    for job, inputs in jobs:
        first, second = job.compute(*inputs), job.compute(*inputs)
        for name in type(first).__dataclass_fields__:
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert before == (trained.weights.tobytes(), trained.checkpoints.tobytes())


def test_stack_equals_one_by_one(monkeypatch):
    """More points than a stack holds, in float32: the same losses and accuracies, in the same order."""
    network, split = MLP(64, (16,), 10), Digits().load()
    examples = split.train(300)
    random = np.random.default_rng(0)
    anchors, coefficients = random.normal(size=(2, network.num_parameters)) * 0.1, random.normal(size=(40, 2))
    assert mixtures.SMALLEST_STACK < mixtures._stack_size(network, 300) < 40
    stacked = evaluate_at(network, anchors, coefficients, examples)
    monkeypatch.setattr(mixtures, "SMALLEST_STACK", 1 << 40)
    alone = evaluate_at(network, anchors, coefficients, examples)
    np.testing.assert_allclose(stacked.loss, alone.loss, rtol=1e-5)
    np.testing.assert_allclose(stacked.accuracy, alone.accuracy, atol=1 / 300)


# ---------------------------------------------------------------------------------------------------------------------
# The plane of a path


def test_plane_of_two_parameters_is_all_there_is(cache, either_way):
    """The grid of a linear fit is its quadratic; nothing is outside the plane, so that both losses of the path agree."""
    with using(InProcess(cache)):
        plane, trained = gather((TrajectoryPlane((LINE_FIT,), 7, 0.2, 30), LINE_FIT))
    np.testing.assert_allclose(plane.path_losses[0], squared_error(trained.checkpoints, 30), rtol=1e-10)
    np.testing.assert_allclose(plane.plane_losses, plane.path_losses, rtol=1e-10)
    assert plane.outside.max() < 1e-12 and plane.explained.sum() == pytest.approx(1.0)
    # The motion that takes coordinates to weights, found from the path alone, also takes the grid there.
    design = np.hstack([np.ones((4, 1)), plane.coordinates[0]])
    motion = np.linalg.lstsq(design, trained.checkpoints, rcond=None)[0]
    for (row, y), (column, x) in product(enumerate(plane.ys), enumerate(plane.xs)):
        assert plane.losses[row, column] == pytest.approx(squared_error(np.array([1, x, y]) @ motion, 30), rel=1e-9)


def test_path_leaves_the_plane(cache):
    """The true losses are those of the checkpoints; those on the plane differ from them; the basis is that of the joint PCA."""
    runs = tuple(replace(IMAGES, seed=seed) for seed in (2, 3))
    with using(InProcess(cache)):
        plane, paths, trained = gather((TrajectoryPlane(runs, 4, 0.25, 50), JointPCA(runs), runs))
    np.testing.assert_array_equal(plane.coordinates, paths.coordinates)
    np.testing.assert_array_equal(plane.outside, paths.outside)
    np.testing.assert_array_equal(plane.explained, paths.explained)
    for row, training in enumerate(trained):
        expected = [loss_at(IMAGES, weights, 50) for weights in training.checkpoints]
        np.testing.assert_allclose(plane.path_losses[row], expected, rtol=1e-5)
    assert np.all(plane.outside > 0.01) and np.abs(plane.plane_losses - plane.path_losses).max() > 1e-3
    for axis, offsets in enumerate((plane.xs, plane.ys)):
        low, high = plane.coordinates[..., axis].min(), plane.coordinates[..., axis].max()
        assert offsets[0] == pytest.approx(low - 0.25 * (high - low)) and offsets[-1] == pytest.approx(
            high + 0.25 * (high - low)
        )


def test_straight_path_has_a_grid(cache):
    """A path along one direction still gets an axis across it, as long as the one along it."""
    straight = Train(
        MLP(1, (), 1),
        FunctionSamples(Sinc5(), -1.0, 1.0, 41, 9),
        replace(EXACT, batch_size=None),
        0,
        checkpoint_at=(0, 1, 9),
    )
    trained = straight.compute()
    checkpoints = np.array([[0.0, 1.0], [0.5, 1.0], [2.0, 1.0]])
    plane = TrajectoryPlane((straight,), 5, 0.0, 41).compute(replace(trained, checkpoints=checkpoints))
    np.testing.assert_allclose(np.ptp(plane.ys), np.ptp(plane.xs))
    assert np.ptp(plane.xs) == pytest.approx(2.0) and np.isfinite(plane.losses).all()


# ---------------------------------------------------------------------------------------------------------------------
# A filter-normalised plane


def test_filters_get_the_norms_of_the_weights():
    """Every row of a matrix and every convolution filter; biases are zero; the direction within a filter stays."""
    network = CNN((1, 8, 8), (3, 2), (5,), 10)
    direction, weights = np.random.default_rng(0).normal(size=(2, network.num_parameters))
    found, sizes, raw = (
        network.named_weights(item) for item in (filter_normalize(direction, weights, network), weights, direction)
    )
    for name, part in found.items():
        if name.endswith("bias"):
            assert not part.any()
            continue
        for new, old, wanted in zip(part, raw[name], sizes[name], strict=True):
            assert np.linalg.norm(new) == pytest.approx(np.linalg.norm(wanted))
            np.testing.assert_allclose(new / np.linalg.norm(new), old / np.linalg.norm(old))


def test_empty_filters_stay_empty():
    """An all-zero filter, of the direction or of the weights, gives zeros and no NaN."""
    network = MLP(3, (2,), 1)
    direction, weights = np.ones((2, network.num_parameters))
    direction[:3], weights[3:6] = 0, 0
    found = filter_normalize(direction, weights, network)
    np.testing.assert_allclose(found, [0] * 8 + [1, 1, 0])


def test_centre_is_the_loss(cache):
    """The middle of the grid is the final loss of the training, bit for bit, at any radius; the plane spans both sides."""
    for radius in (0.3, 1.7):
        with using(InProcess(cache)):
            surface, trained = gather((FilterNormalizedPlane(Checkpoint(IMAGES), 4, radius, 7, 80), IMAGES))
        assert surface.xs[3] == surface.ys[3] == 0 and surface.xs[0] == -radius and surface.ys[-1] == radius
        assert surface.centre_loss == surface.losses[3, 3] == trained.final_train_loss


def test_plane_of_a_linear_fit_is_a_parabola(cache, either_way):
    """Biases stay, and the one weight moves by its own size in either direction: each direction is plus or minus the weight."""
    with using(InProcess(cache)):
        surface, trained = gather((FilterNormalizedPlane(Checkpoint(LINE_FIT, 6), 1, 0.8, 5, 40), LINE_FIT))
    slope, offset = trained.checkpoints[2]
    signs = np.sign(np.random.default_rng(1).standard_normal((2, 2))[:, 0]) * np.sign(slope)
    slopes = slope * (1 + signs[0] * surface.xs + signs[1] * surface.ys[:, None])
    np.testing.assert_allclose(
        surface.losses, squared_error(np.stack([slopes, np.full((5, 5), offset)], axis=-1), 40), rtol=1e-10
    )
    assert surface.centre_loss == pytest.approx(squared_error(trained.checkpoints[2], 40))


def test_rescaling_a_relu_network_keeps_the_picture(either_way):
    """Layer 1 times c and layer 2 over c is the same function (Dinh et al. 2017) and surface, though sharper unnormalised."""
    of = Train(MLP(1, (7, 6), 1), SAMPLES, EXACT, 0)
    trained = of.compute()
    pieces = of.network.named_weights(trained.weights.copy())
    pieces["1.weight"] *= 10
    pieces["1.bias"] *= 10
    pieces["3.weight"] /= 10
    rescaled = replace(trained, weights=np.concatenate([piece.ravel() for piece in pieces.values()]))
    assert loss_at(of, rescaled.weights) == pytest.approx(loss_at(of, trained.weights), rel=1e-12)
    job = FilterNormalizedPlane(Checkpoint(of), 3, 1.0, 7, 40)
    np.testing.assert_allclose(job.compute(rescaled).losses, job.compute(trained).losses, rtol=1e-10)
    # Along a direction of fixed size the two differ: the test could fail.
    direction = np.random.default_rng(0).normal(size=len(trained.weights)) * 0.1
    near = [loss_at(of, weights + direction) for weights in (trained.weights, rescaled.weights)]
    assert near[0] != pytest.approx(near[1], rel=1e-2)


# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "job",
    [
        LineLoss(Checkpoint(DEEP, 0), Checkpoint(DEEP), (0.0, 0.5, 1.0), 10, 10),
        LineLoss(Checkpoint(IMAGES), Checkpoint(replace(IMAGES, seed=3)), (0.0, 0.5, 1.0), 10, 10),
        TrajectoryPlane((DEEP, replace(DEEP, seed=4)), 5, 0.1, 10),
        TrajectoryPlane((DEEP,), 5, 0.1, 10),
        FilterNormalizedPlane(Checkpoint(IMAGES, 3), 0, 1.0, 5, 10),
    ],
    ids=lambda job: type(job).__name__,
)
def test_placeholder_has_the_shapes_of_the_result(cache, job):
    """A rehearsal sees what the real result has, finite and not all alike, losses positive."""
    with using(InProcess(cache)):
        real = gather(job)
    made_up = job.placeholder()
    for name in type(real).__dataclass_fields__:
        values, expected = getattr(made_up, name), getattr(real, name)
        assert np.shape(values) == np.shape(expected) and (values is None) == (expected is None), name
        if values is not None:
            assert np.isfinite(values).all() and (np.size(values) == 1 or np.ptp(values) > 0), name
            assert "loss" not in name or np.min(values) > 0, name
            assert name != "explained" or np.sum(values) < 1, name


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Checkpoint(DEEP, 4), r"after 4 updates; expected one of \[0, 3, 6, 9\]"),
        (lambda: LineLoss(Checkpoint(DEEP), Checkpoint(LINE_FIT), (0.0,), 1, 1), "no line leads from 1-6-5-1 to 1-1"),
        (lambda: LineLoss(Checkpoint(DEEP), Checkpoint(DEEP), (), 1, 1), "leave nothing to do"),
        (lambda: TrajectoryPlane((DEEP, LINE_FIT), 5, 0.1, 10), "no common plane"),
        (lambda: TrajectoryPlane((DEEP, replace(DEEP, data=replace(SAMPLES, num_train=9))), 5, 0.1, 10), "different data"),
        (lambda: TrajectoryPlane((replace(DEEP, checkpoint_at=(0, 9)),), 5, 0.1, 10), "a plane needs three"),
        (lambda: TrajectoryPlane((DEEP,), 1, 0.1, 10), "expected at least 2, 0 and 1"),
        (lambda: FilterNormalizedPlane(Checkpoint(DEEP), 0, 1.0, 4, 10), "expected an odd number"),
        (lambda: FilterNormalizedPlane(Checkpoint(DEEP), 0, 0.0, 5, 10), "expected positive numbers"),
    ],
)
def test_what_cannot_be_measured_is_refused(make, message):
    """The message says what was expected."""
    with pytest.raises(ValueError, match=message):
        make()
