"""Where something was reached, over a sweep and over seeds."""

from types import SimpleNamespace

from experiments.thresholds import around, first_values, gain_per_doubling, lowest_before, times, where_reached
from measured.evidence import Missing, Quantity, Sweep

FIT = Quantity("fit", "training accuracy", "%")


def sweep(fits):
    """Runs of two seeds or more that have a fit each."""
    return Sweep("parameters", {size: [SimpleNamespace(fit=fit) for fit in row] for size, row in fits.items()})


def test_the_smallest_value_that_reaches_a_level_is_found_per_seed():
    """Not the first in the order of the sweep, and None for a seed that reaches it nowhere."""
    found = sweep({30: (1.0, 0.99, 0.5), 10: (0.2, 0.99, 0.5), 20: (0.99, 0.2, 0.5)})
    assert first_values(found, FIT, 0.99) == [20, 10, None]


def test_each_seed_is_read_at_its_own_place():
    """At the place, and at the values nearest to half of it and to twice as much."""
    found = sweep({5: (0.1, 0.2), 10: (0.3, 0.4), 19: (0.5, 0.6), 42: (0.7, 0.8)})
    roles = around(found, [19, 10], [FIT])
    assert roles["threshold"]["fit"].values == (0.5, 0.4)
    assert roles["half"]["fit"].values == (0.3, 0.2) and roles["double"]["fit"].values == (0.7, 0.6)
    assert lowest_before(found, [19, 42], FIT).values == (0.1, 0.2)


def test_nothing_is_read_where_a_seed_has_no_place():
    """Leaving it out would compare other seeds than were asked; nor is there a lowest where nothing lies below."""
    found = sweep({5: (0.1, 0.2), 10: (0.3, 0.4)})
    assert isinstance(around(found, [5, None], [FIT])["half"]["fit"], Missing)
    assert isinstance(lowest_before(found, [5, 10], FIT), Missing) and isinstance(
        lowest_before(found, [None, 10], FIT), Missing
    )


def test_a_median_is_given_of_those_that_got_there():
    """The others are counted; where none did, it is said what would help."""
    some, none = where_reached([10, 1000, None, 20], "", "wider networks"), where_reached([None], "", "wider networks")
    assert some["at"].value == 20 and some["share"].value == 0.75
    assert isinstance(none["at"], Missing) and none["at"].remedy == "wider networks" and none["share"].value == 0


def test_a_ratio_is_of_the_seeds_that_have_both():
    """Seed by seed; none where no seed has."""
    assert times([30, None, 40], [10, 10, 10], "more updates").values == (3, 4)
    assert isinstance(times([None], [10], "more updates"), Missing)


def test_a_gain_is_counted_per_doubling():
    """From one value of the knob to another, two doublings away; a difference of shares has points."""
    gain = gain_per_doubling(sweep({10: (0.25, 0.5), 20: (0.9, 0.9), 40: (0.5, 0.375)}), FIT, 10, 40)
    assert gain.values == (0.125, -0.0625) and gain.unit == "points"
