"""When a measurement reaches a level."""

import pytest

from lab.statistics import first_reached


@pytest.mark.parametrize(
    "level, expected",
    [(0.05, 0.0), (0.1, 0.0), (0.3, 10.0), (0.5, 20.0), (0.85, 39.0), (0.95, None)],
    ids=["below the start", "the start", "between records", "a record", "after a fall", "never"],
)
def test_first_reached_lies_on_the_line_between_records(level, expected):
    """A later fall below the level changes nothing, and a level that is not reached has no time."""
    found = first_reached(level, [0.0, 20.0, 30.0, 40.0], [0.1, 0.5, 0.4, 0.9])
    assert found == (None if expected is None else pytest.approx(expected))
