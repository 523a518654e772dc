"""Components are scikit-learn's, the null is that of walks drawn vector by vector, and both have the known limits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from lab.data import Digits
from lab.functions import FunctionSamples, Sinc5
from lab.models import CNN, MLP
from lab.training import Recipe, Train
from lab.trajectories import JointPCA, Paths, places_of, principal_components, random_walk_null, relative_residual
from measured.jobs import gather
from measured.jobs.pool import InProcess, using

DIGITS = Digits(60, num_held_out=20)
NETWORK = MLP(64, (6, 5), 10)
RUNS = tuple(Train(NETWORK, DIGITS, Recipe(0.01, 12, 20), seed, checkpoint_at=(12, 0, 3, 6)) for seed in (0, 1, 2))


def walks(number: int, starts: np.ndarray, step_lengths: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Sets of random walks with every vector drawn, (number, runs, checkpoints, parameters)."""
    directions = random.standard_normal((number, *step_lengths.shape, starts.shape[1]))
    steps = directions / np.linalg.norm(directions, axis=-1, keepdims=True) * step_lengths[..., None]
    return starts[:, None] + np.pad(steps, ((0, 0), (0, 0), (1, 0), (0, 0))).cumsum(2)


@pytest.mark.parametrize("shape, dtype", [((12, 70_000), np.float32), ((40, 7), np.float64)])
def test_components_are_those_of_scikit_learn(shape, dtype):
    """Shares, mean, coordinates and basis agree with a full SVD, more parameters than rows or fewer."""
    rows = (np.random.default_rng(0).normal(3, 1, shape) * np.linspace(1, 3, shape[1]) + 5).astype(dtype)
    rows[:, 0] += np.linspace(0, 400, shape[0])  # one large component, and others near to each other
    found = principal_components(rows, 3)
    expected = PCA(3, svd_solver="full").fit(rows.astype(np.float64))
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(found.mean, expected.mean_, rtol=1e-12)
    signs = np.sign((found.basis * expected.components_).sum(1))
    np.testing.assert_allclose(found.basis, expected.components_ * signs[:, None], atol=1e-8)
    np.testing.assert_allclose(found.coordinates, expected.transform(rows.astype(np.float64)) * signs, atol=1e-6)
    np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(3), atol=1e-13)


def test_small_component_beside_a_large_one():
    """A component a million times smaller keeps its direction and its share."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 2)))[0].T
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    found = principal_components(np.stack([1e6 * np.cos(angles), np.sin(angles)], axis=1) @ axes, 2)
    np.testing.assert_allclose(np.abs(found.basis @ axes.T), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(found.explained, [1, 1e-12], rtol=1e-3)


def test_a_line_has_a_plane():
    """Rows along one direction have an orthonormal basis all the same, in which the second share is zero."""
    direction = np.random.default_rng(0).normal(size=300)
    found = principal_components(np.linspace(1, 4, 9)[:, None] * direction, 2)
    np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(2), atol=1e-13)
    np.testing.assert_allclose(found.explained, [1, 0], atol=1e-25)


def test_sign_follows_time():
    """Coordinates rise with the number of updates; negated data change the basis only."""
    times = np.array([0, 1, 2, 4, 8, 16, 0, 1, 2, 4, 8, 16])
    rows = np.random.default_rng(1).normal(size=(12, 50)).cumsum(0)
    found, negated = (principal_components(factor * rows, 4, times) for factor in (1, -1))
    assert np.all((times - times.mean()) @ found.coordinates > 0)
    np.testing.assert_allclose(found.coordinates, negated.coordinates, atol=1e-10)
    np.testing.assert_allclose(found.basis, -negated.basis, atol=1e-10)


def test_sign_without_time_is_that_of_the_largest_coordinate():
    """Where time does not decide, or is not given, the coordinate of largest magnitude is positive; of equals, the first."""
    rows = np.random.default_rng(1).normal(size=(6, 20))
    for sign in (1, -1):
        for coordinates in principal_components(sign * rows, 3).coordinates.T:
            assert coordinates[np.abs(coordinates).argmax()] > 0
        mirrored = sign * np.vstack([rows[:3], -rows[:3]])
        found = principal_components(mirrored, 1, np.array([0, 1, 2, 0, 1, 2])).coordinates[:3, 0]
        assert found[np.abs(found).argmax()] > 0
    square = np.array([[1.0, 0], [-1, 0]])
    assert principal_components(square, 1).coordinates[0, 0] == principal_components(-square, 1).coordinates[0, 0] == 1


def test_threads_do_not_change_the_components():
    """One thread or two: equal to 1e-9."""
    rows = np.random.default_rng(2).normal(size=(20, 50_000)).cumsum(0)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(principal_components(rows, 2, np.arange(20)))
    for name in ("coordinates", "explained", "basis", "mean"):
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("num_components", [0, 4])
def test_more_components_than_rows_allow_are_refused(num_components):
    """The message gives the largest number."""
    with pytest.raises(ValueError, match=f"at most 3 components; got {num_components}"):
        principal_components(np.eye(4, 9), num_components)


def test_equal_rows_are_refused():
    """What does not vary has no components."""
    with pytest.raises(ValueError, match="rows that differ"):
        principal_components(np.ones((4, 9)), 2)


def test_a_plane_has_no_residual():
    """Rows in a plane leave nothing; a known height above it is found as a share; an origin has none."""
    random = np.random.default_rng(3)
    axes = np.linalg.qr(random.normal(size=(500, 3)))[0].T
    flat = random.normal(size=(9, 2)) @ axes[:2] + 7
    found = principal_components(flat, 2)
    assert relative_residual(flat, found.basis, found.mean).max() < 1e-13
    assert relative_residual(flat, found.basis, flat[-1]).max() < 1e-13
    above = found.mean + np.array([[3.0, 0, 4], [0, 0, 1], [0, 2, 0], [0, 0, 0]]) @ axes
    np.testing.assert_allclose(relative_residual(above, axes[:2], found.mean), [0.8, 1, 0, 0], atol=1e-13)


# ---------------------------------------------------------------------------------------------------------------------
# The null


@pytest.mark.parametrize("num_steps", [99, 400])
def test_one_long_walk_has_the_shares_of_antognini(num_steps):
    """The exact spectrum 1 / (2 - 2 cos(k pi / T)) of T checkpoints, whose limit is 6 / (pi k)^2: 0.6079 and 0.1520."""
    count, k = num_steps + 1, np.arange(1, 3)
    exact = 6 / ((count**2 - 1) * (2 - 2 * np.cos(k * np.pi / count)))
    np.testing.assert_allclose(exact, [0.6079, 0.1520], rtol=1e-3)
    found = random_walk_null(np.zeros((1, 10**6)), np.ones((1, num_steps)), 2, 3, 0)
    np.testing.assert_allclose(found, np.tile(exact, (3, 1)), rtol=3e-3)


def test_eight_short_walks_show_less():
    """Eight walks of nine checkpoints from one start: 2 x 11 % in high dimension, by the spectrum of one; more in a low one."""
    spread = np.minimum.outer(np.arange(9), np.arange(9)).astype(float)  # inner products of the checkpoints of one walk
    # Seven of the eight largest eigenvectors, one a walk, have mean zero over the walks; the joint mean takes from the total.
    share = np.linalg.eigvalsh(spread)[-1] / (8 * np.trace(spread) - spread.mean() * 9)
    found = random_walk_null(np.zeros((8, 10**6)), np.ones((8, 8)), 2, 20, 0).sum(1)
    np.testing.assert_allclose(found, 2 * share, rtol=0.01)
    small = random_walk_null(np.zeros((8, 571)), np.ones((8, 8)), 2, 100, 0).sum(1)
    assert 0.235 < small.min() < 0.25 < small.mean() < 0.26 < small.max() < 0.275


@pytest.mark.parametrize("num_parameters", [30, 13, 4])
@pytest.mark.parametrize("starting", ["shared", "independent", "two of three shared"])
def test_null_is_that_of_walks_drawn_directly(num_parameters, starting):
    """In few dimensions, more or fewer than the steps, the shares are distributed as those of vectors drawn one by one."""
    random = np.random.default_rng(4)
    starts = random.normal(size=(3, num_parameters)) * (3 / num_parameters**0.5)
    if starting != "independent":
        starts[1] = starts[0]
    if starting == "shared":
        starts[2] = starts[0]
    lengths = np.array([[2.0, 1, 0.5, 0.5], [1, 1, 1, 1], [0.1, 0.1, 4, 0.3]])
    found = random_walk_null(starts, lengths, 2, 1500, 5)
    rows = walks(1500, starts, lengths, random).reshape(1500, 15, -1)
    variances = np.linalg.svd(rows - rows.mean(1, keepdims=True), compute_uv=False) ** 2
    direct = variances[:, :2] / variances.sum(1, keepdims=True)
    for component in range(2):
        assert ks_2samp(found[:, component], direct[:, component]).pvalue > 1e-3  # pyright: ignore[reportAttributeAccessIssue]


def test_null_of_one_long_step_is_that_step():
    """Where one run makes one step and nothing else moves, its direction holds everything."""
    found = random_walk_null(np.zeros((2, 50)), np.array([[3.0, 0], [0, 0]]), 5, 2, 0)
    np.testing.assert_allclose(found, [[1, 0, 0, 0, 0]] * 2, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# The job


@pytest.mark.parametrize("layer", [None, "3", "3.weight"])
def test_job_measures_the_checkpoints(cache, layer):
    """Steps, coordinates, lengths and distances are those of the stacked checkpoints, whole or of one layer."""
    job = JointPCA(RUNS, layer, num_components=3, num_simulations=4)
    with using(InProcess(cache)):
        found, trainings = gather((job, RUNS))
    pieces = []
    for training in trainings:
        rows = [NETWORK.named_weights(row.astype(np.float64)) for row in training.checkpoints]
        names = [name for name in rows[0] if layer in (None, name, name.split(".")[0])]
        pieces.append([np.concatenate([row[name].ravel() for name in names]) for row in rows])
    paths = np.array(pieces)
    assert paths.shape[-1] == {None: NETWORK.num_parameters, "3": 35, "3.weight": 30}[layer]
    assert list(found.steps) == [0, 3, 6, 12]
    expected = PCA(3, svd_solver="full").fit(paths.reshape(12, -1))
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-8)
    projected = expected.transform(paths.reshape(12, -1)).reshape(3, 4, 3)
    np.testing.assert_allclose(np.abs(found.coordinates), np.abs(projected), atol=1e-7)
    assert np.all(np.tensordot(np.tile(found.steps - found.steps.mean(), (3, 1)), found.coordinates, 2) > 0)
    np.testing.assert_allclose(found.step_lengths, np.linalg.norm(np.diff(paths, axis=1), axis=2), rtol=1e-9)
    np.testing.assert_allclose(found.distance_from_start, np.linalg.norm(paths - paths[:, :1], axis=2), rtol=1e-9)
    left, plane = paths - expected.mean_, np.asarray(expected.components_)[:2]
    left_out = left - left @ plane.T @ plane
    np.testing.assert_allclose(found.outside, np.linalg.norm(left_out, axis=2) / np.linalg.norm(left, axis=2), atol=1e-7)
    assert np.all(found.outside_from_end[:, -1] == 0) and np.all(found.outside_from_end[:, :-1] > 0)
    np.testing.assert_array_equal(found.null_explained, random_walk_null(paths[:, 0], found.step_lengths, 3, 4, 0))


def test_from_own_start_leaves_movement(cache):
    """Independent starts fill the first components with which run it was; without them they are those of the displacements."""
    with using(InProcess(cache)):
        found, own, trainings = gather((JointPCA(RUNS), JointPCA(RUNS, from_own_start=True), RUNS))
    paths = np.stack([training.checkpoints for training in trainings]).astype(np.float64)
    assert found.coordinates.mean(1).var(0).sum() > 0.9 * found.coordinates.var((0, 1)).sum()
    expected = PCA(2, svd_solver="full").fit((paths - paths[:, :1]).reshape(12, -1))
    np.testing.assert_allclose(own.explained, expected.explained_variance_ratio_, rtol=1e-8)
    np.testing.assert_allclose(own.step_lengths, found.step_lengths, rtol=1e-9)
    np.testing.assert_array_equal(own.null_explained, random_walk_null(np.zeros_like(paths[:, 0]), own.step_lengths, 2, 100, 0))
    assert np.all(own.outside_from_end[:, -1] == 0)


@pytest.mark.parametrize("job", [JointPCA(RUNS, "1", 3, 5), JointPCA(RUNS[:1])])
def test_placeholder_has_the_shapes_of_the_result(cache, job):
    """A rehearsal sees arrays as large as the real ones, finite and not all alike; shares of one variance do not exceed it."""
    with using(InProcess(cache)):
        real = gather(job)
    made_up = job.placeholder()
    assert made_up.explained.sum() < 1 and made_up.null_explained.sum(1).max() < 1
    for name in Paths.__dataclass_fields__:
        values = np.asarray(getattr(made_up, name))
        assert values.shape == np.shape(getattr(real, name)), name
        assert np.isfinite(values).all() and (values.size == 1 or np.ptp(values) > 0), name


def test_layers_of_a_cnn_have_torch_names():
    """The convolutions are 0 and 3; together the parameters are all."""
    network = CNN((1, 8, 8), (3, 4), (5,), 10)
    everything = np.arange(network.num_parameters)
    places = [everything[places_of(network, layer)] for layer in ("0", "3", "7", "9")]
    np.testing.assert_array_equal(np.concatenate(places), everything)
    np.testing.assert_array_equal(everything[places_of(network, None)], everything)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"of": ()}, "expected a tuple of one Train or more"),
        ({"layer": "2"}, "no layer '2'; expected one of 1.weight"),
        ({"layer": "1.wei"}, "no layer '1.wei'"),
        ({"num_components": 1}, "expected 2 or more"),
        ({"num_components": 12}, "fewer than the 12 rows"),
        ({"of": (replace(RUNS[0], checkpoint_at=(3,)),)}, "two numbers of updates or more"),
        ({"of": (RUNS[0], replace(RUNS[1], checkpoint_at=(0, 3)))}, "no common plane"),
        ({"of": (RUNS[0], replace(RUNS[1], network=MLP(64, (6,), 10)))}, "no common plane"),
        ({"of": (Train(MLP(1, (3,), 1), FunctionSamples(Sinc5(), -1.0, 1.0), Recipe(0.1, 3), 0),)}, "checkpoint_at is"),
    ],
)
def test_what_has_no_common_plane_is_refused(change, message):
    """The message says what was expected."""
    with pytest.raises(ValueError, match=message):
        replace(JointPCA(RUNS), **change)


def test_joint_plane_of_one_run_is_its_own(cache):
    """With one run the joint plane keeps what the run's own components explain; with several it keeps no more than that."""
    with using(InProcess(cache)):
        alone, together = gather([JointPCA(RUNS[:1], num_simulations=5), JointPCA(RUNS, num_simulations=5)])
    assert alone.kept[0] == pytest.approx(alone.alone_explained[0]) == pytest.approx(alone.explained.sum())
    assert (together.kept < together.alone_explained).all() and together.alone_explained[0] == pytest.approx(
        alone.alone_explained[0]
    )
    assert together.null_alone_explained.shape == (5, 3) and (together.null_alone_explained <= 1).all()
