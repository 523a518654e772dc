"""When a measurement reaches a level, and what another one is there."""

import numpy as np
import pytest

from lab.statistics import first_reached, interpolated, smoothed


@pytest.mark.parametrize(
    "level, expected",
    [(0.05, 0.0), (0.1, 0.0), (0.3, 10.0), (0.5, 20.0), (0.85, 39.0), (0.95, None)],
    ids=["below the start", "the start", "between records", "a record", "after a fall", "never"],
)
def test_first_reached_lies_on_the_line_between_records(level, expected):
    """A later fall below the level changes nothing, and a level that is not reached has no time."""
    found = first_reached(level, [0.0, 20.0, 30.0, 40.0], [0.1, 0.5, 0.4, 0.9])
    assert found == (None if expected is None else pytest.approx(expected))


def test_interpolated_is_a_line_in_the_logarithm():
    """Whatever the order of the points; half-way between 0.1 and 10 is 1. Beyond the points there is nothing."""
    x, y = [10.0, 0.1, 100.0], [3.0, 1.0, 5.0]
    assert interpolated(1.0, x, y) == pytest.approx(2.0) and interpolated(100.0, x, y) == pytest.approx(5.0)
    assert np.isnan(interpolated(0.05, x, y)) and np.isnan(interpolated(200.0, x, y))


def test_smoothed_finds_the_parabola_under_noise():
    """Exactly without noise; with noise, closer than the points are; points far from the levels change nothing."""
    x, levels = np.geomspace(0.05, 0.4, 30), (0.2, 0.14, 0.1)

    def parabola(at):
        return 0.3 - 0.1 * np.log(at) + 0.02 * np.log(at) ** 2

    np.testing.assert_allclose(smoothed(levels, x, parabola(x)), parabola(np.array(levels)), rtol=1e-10)
    far = smoothed(levels, [*x, 2.3, 1e-4], [*parabola(x), 100.0, -100.0])
    np.testing.assert_allclose(far, parabola(np.array(levels)), rtol=1e-10)
    noise = np.random.default_rng(0).normal(0, 0.01, (200, 30))
    errors = np.array([smoothed(levels, x, parabola(x) + row) for row in noise]) - parabola(np.array(levels))
    assert np.abs(errors.mean(0)).max() < 0.001 and errors.std(0).max() < 0.005


@pytest.mark.parametrize(
    "x", [[0.3, 0.25, 0.2, 0.15], [0.15, 0.12, 0.1, 0.08, 0.06], [0.3, 0.1, 0.05]], ids=["ends above", "starts below", "few"]
)
def test_smoothed_does_not_reach_beyond_its_points(x):
    """A run that does not pass all levels has no value at any."""
    assert np.isnan(smoothed((0.2, 0.1), x, np.ones(len(x)))).all()
