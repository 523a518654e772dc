"""Made-up results have the shapes that annotations name, and numbers that a rehearsal can work with."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from jaxtyping import Bool, Float, Int

from measured.jobs import Job
from measured.jobs.job import OPERATIONS_PER_SECOND


@dataclass(frozen=True)
class Inner:
    """A result inside another."""

    share: float


@dataclass(frozen=True)
class Everything:
    """One field of each kind."""

    losses: Float[np.ndarray, "*networks records"]
    steps: Int[np.ndarray, " records"]
    images: Float[np.ndarray, "records ..."]
    pair: Float[np.ndarray, " 2"] | None
    empty: Float[np.ndarray, "nothing 3"]
    flags: Bool[np.ndarray, " records"]
    number: float
    count: int
    found: bool
    kind: Literal["a", "b"]
    name: str
    maybe: float | None
    inner: Inner


@dataclass(frozen=True)
class Made(Job[Everything]):
    """A job that says the sizes of its axes, and no more."""

    seed: int
    sizes: Any = (4, 3)

    def compute(self) -> Everything:
        raise NotImplementedError

    @property
    def axes(self) -> dict[str, int | tuple[int, ...]]:
        return {"networks": self.sizes, "records": 5, "...": (2, 6), "nothing": 0}


def test_shapes_and_types_are_those_of_the_annotations():
    """Named, fixed and variadic axes; the first type of a union; types of the elements."""
    made = Made(0).placeholder()
    shapes = {name: np.shape(value) for name, value in vars(made).items() if isinstance(value, np.ndarray)}
    assert shapes == {"losses": (4, 3, 5), "steps": (5,), "images": (5, 2, 6), "pair": (2,), "empty": (0, 3), "flags": (5,)}
    kinds = {name: value.dtype.kind for name, value in vars(made).items() if isinstance(value, np.ndarray)}
    assert kinds == {"losses": "f", "steps": "i", "images": "f", "pair": "f", "empty": "f", "flags": "b"}
    assert isinstance(made.count, int) and made.found is True and (made.kind, made.name) == ("a", "text")
    assert isinstance(made.maybe, float) and isinstance(made.inner.share, float)
    assert Made(0, ()).placeholder().losses.shape == (5,)


def test_numbers_are_positive_distinct_and_ascend():
    """So that logarithms, ratios and intervals exist: in a result and between jobs; the same in each rehearsal."""
    made, again, other = Made(0).placeholder(), Made(0).placeholder(), Made(1).placeholder()
    assert (np.diff(made.losses.ravel()) > 0).all() and 0 < made.losses.min() and made.losses.max() < 1
    assert (np.diff(made.steps) > 0).all() and 1 <= made.count < 10
    assert np.array_equal(made.losses, again.losses) and made.number == again.number
    assert not np.isin(made.losses, other.losses).any()
    assert len({made.number, other.number, made.maybe, made.inner.share, other.inner.share}) == 5


@dataclass(frozen=True)
class Unsized(Made):
    """Forgets an axis."""

    @property
    def axes(self) -> dict[str, int | tuple[int, ...]]:
        return {"networks": 2}


@dataclass(frozen=True)
class Untold:
    """A result whose array names no axes."""

    values: np.ndarray


@dataclass(frozen=True)
class Silent(Job[Untold]):
    """Its job."""

    def compute(self) -> Untold:
        raise NotImplementedError


@pytest.mark.parametrize(
    "job, message",
    [
        (Unsized(0), r"the axis 'records' of Everything.losses has no size; expected one of \['networks'\], or add it to axes"),
        (Silent(), r"nothing can be made up for Untold.values.*Float\[np.ndarray, \"records\"\], or define placeholder"),
    ],
)
def test_what_cannot_be_made_up_is_named(job, message):
    """With the field, and what to do."""
    with pytest.raises(ValueError, match=message):
        job.placeholder()


def test_seconds_come_from_operations():
    """One calibration for all; a job that says nothing counts as a second."""

    class Long(Silent):
        """Says how much it computes."""

        @property
        def flops(self) -> float:
            return 3 * OPERATIONS_PER_SECOND

    assert (Silent().seconds, Long().seconds) == (1.0, 3.0)
