"""Where something was reached, over a sweep and over seeds."""

from types import SimpleNamespace

import pytest

from experiments.thresholds import first_values, where_reached
from measured.evidence import Missing, Quantity, Sweep

FIT = Quantity("fit", "training accuracy", "%")


def test_the_smallest_value_that_reaches_a_level_is_found_per_seed():
    """Not the first in the order of the sweep, and None for a seed that reaches it nowhere."""
    fits = {30: (1.0, 0.99, 0.5), 10: (0.2, 0.99, 0.5), 20: (0.99, 0.2, 0.5)}
    sweep = Sweep("parameters", {size: [SimpleNamespace(fit=fit) for fit in row] for size, row in fits.items()})
    assert first_values(sweep, FIT, 0.99) == [20, 10, None]


def test_an_average_is_given_where_all_got_there():
    """A geometric mean; without one run there is none, and it is said why and what would help."""
    reached, missed = where_reached([10, 1000], "", "wider networks"), where_reached([10, None], "", "wider networks")
    assert reached["at"].value == pytest.approx(100) and reached["share"].value == 1
    assert isinstance(missed["at"], Missing) and missed["at"].remedy == "wider networks" and missed["share"].value == 0.5
