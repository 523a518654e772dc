"""What the report's charts show has one look each."""

from collections import defaultdict

from experiments import LOOKS
from measured.looks import Looks

ALIASES = (
    {"equal epochs", "batch size, equal epochs"},
    {"equal updates", "batch size, equal updates"},
    {"one mini-batch", "gradient norm, one mini-batch"},
    {"all parameters, all examples", "gradient norm, all examples"},
)
"""Names of one thing."""


def test_a_look_means_one_thing():
    """No two names have the same colour, marker and dash, unless they are names of one thing."""
    names = defaultdict(set)
    for name, look in Looks.parse(LOOKS).by_name.items():
        names[look].add(name)
    assert [shared for shared in names.values() if len(shared) > 1 and shared not in ALIASES] == []


def test_names_of_one_thing_look_alike():
    """Whatever chart they are in."""
    looks = Looks.parse(LOOKS)
    assert all(len({looks.of(name) for name in names}) == 1 for names in ALIASES)


def test_training_and_test_images_look_the_same_everywhere():
    """Also where a chart says more of them, and whatever is measured on them."""
    looks = Looks.parse(LOOKS)
    for split, colour in (("training images", "blue"), ("test images", "orange")):
        assert looks.of(f"{split}, labels as given") == looks.of(split)
        assert {looks.of(name).colour for name in LOOKS if name.endswith(split)} == {colour}  # pyright: ignore
