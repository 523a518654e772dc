"""Settings of a chapter as a reader and its prose see them."""

from dataclasses import dataclass, replace

import pytest

from measured.errors import BuildError
from measured.evidence import Seeds
from measured.pages import settings
from measured.pages.record import Setting


@dataclass(frozen=True)
class Named:
    width: int

    def __str__(self) -> str:
        return f"net of {self.width}"

    @property
    def num_parameters(self) -> int:
        return 1000 * self.width

    @property
    def shape(self) -> tuple[int, int]:
        return 2, self.width


@dataclass(frozen=True)
class Recipe:
    rate: float
    batch: int = 64
    inner: "Recipe | None" = None


# As if they came from elsewhere than the chapter.
Named.__module__ = Recipe.__module__ = "lab.models"


@dataclass(frozen=True)
class Part:
    sizes: tuple[int, ...] = (16, 64)
    network: Named = Named(3)


@dataclass(frozen=True)
class Settings:
    part: Part = Part()
    recipe: Recipe = Recipe(0.001)
    limit: int | None = None
    noise: float = 0.07
    seeds: Seeds = Seeds(8)

    @property
    def num_runs(self) -> int:
        return self.seeds.num * len(self.part.sizes)

    @property
    def ratio(self) -> float:
        return self.part.network.width / 7


TOLD = settings.told(Settings())


def test_parts_nest_and_what_comes_from_elsewhere_is_one_setting():
    """In the table; what follows from a setting is there for prose alone."""
    assert [(item.name, settings.shown(item.value)) for item in TOLD if not item.is_derived] == [
        ("part.sizes", "16, 64"),
        ("part.network", "net of 3"),
        ("recipe", "Recipe(rate=0.001)"),
        ("limit", "not set"),
        ("noise", "0.07"),
        ("seeds", "0 to 7"),
    ]
    assert Setting("num_runs", 16, is_derived=True) in TOLD


@pytest.mark.parametrize(
    "text, filled",
    [
        ("{part.sizes.first} to {part.sizes.last}, {part.sizes.num} of them: {part.sizes}", "16 to 64, 2 of them: 16, 64"),
        ("{part.network} has {part.network.num_parameters}", "net of 3 has 3,000"),
        ("{part.network.shape.first} by {part.network.shape.last}, a ratio of {ratio}", "2 by 3, a ratio of 0.429"),
        ("{recipe.rate}, {recipe.batch}, {num_runs}", "0.001, 64, 16"),
        ("{seeds.num}: {seeds}", "8: 0 to 7"),
        ("{noise} is {noise.percent}", "0.07 is 7 %"),
    ],
)
def test_prose_names_settings_step_by_step(text, filled):
    """Numbers as a reader would write them, ends and number of several, and what is known of a network."""
    assert text.format_map(settings.names(TOLD)) == filled


def test_what_is_at_its_default_is_not_told_however_deep():
    """A setting from elsewhere that holds another is one readable line."""
    told = settings.told(replace(Settings(), recipe=Recipe(0.001, inner=Recipe(0.1))))
    assert {item.name: item.value for item in told}["recipe"] == "Recipe(rate=0.001, inner=Recipe(rate=0.1))"


def test_slip_says_what_is_near():
    """As for metrics."""
    with pytest.raises(BuildError, match=r"no setting 'part.sizzes'; did you mean 'part.sizes'\?"):
        _ = settings.names(TOLD).part.sizzes
