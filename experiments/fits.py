"""Fits of functions: which there are, their trainings in blocks, what is reported of them, and their picture over the truth."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import networks as shown
from experiments import quantities
from lab.function_fits import Fit
from lab.functions import StandardizedSamples
from lab.initializations import Initialization
from lab.models import MLP
from lab.training import Recipe, TrainStack, tuned
from measured import charts
from measured.evidence import Quantity, Seeds, Share, Single

if TYPE_CHECKING:
    from experiments.function_fit import Search, Settings

FUNCTIONS, EQUAL = ("f1", "f2"), ("deep", "middle", "shallow")
BATCHED = 1 << 18
"""Activations of a layer that fit the processor's cache, whatever the machine, or another one would train other blocks."""
ERROR = Quantity("error", "error over variance", average="median", log=True, read=lambda fit: fit.relative_error)
COLUMNS = (ERROR, Quantity("stuck", "stuck", "%"), Quantity("constant", "constant", "%"), Quantity("worst", "worst run"))


@dataclass(frozen=True)
class Place:
    """Runs of one network on one function, which differ in their seed alone."""

    network: MLP
    data: StandardizedSamples
    num_updates: int
    seeds: Seeds
    search: "Search"


def places(settings: "Settings") -> dict[str, Place]:
    """All runs that are reported, under the names that their metrics have."""
    start, on_first, num_points = settings.initialization, settings.interval, settings.num_points

    def place(
        key: str, name: str, budget: str, seeds: Seeds, start: Initialization = start, interval: tuple[float, float] = on_first
    ) -> Place:
        low, high = interval
        data = StandardizedSamples(getattr(settings, key), low, high, num_points, 10 * num_points)
        search = settings.search if name in EQUAL else settings.wide_search
        network = replace(getattr(settings.networks, name), initialization=start)
        return Place(network, data, getattr(settings.budgets, budget), seeds, search)

    more = {("f1", "deep"): settings.deep_seeds, ("f1", "shallow"): settings.more_seeds, ("f2", "deep"): settings.more_seeds}
    found = {}
    for key in FUNCTIONS:
        for name in EQUAL:
            found[f"small.{key}.{name}"] = place(key, name, "small", settings.seeds)
            for budget in ("medium", "large"):
                seeds = more.get((key, name), settings.fewer_seeds)
                found[f"{budget}.{key}.{name}"] = place(key, name, budget, seeds)
        for name in ("wide", "widest"):
            found[f"medium.{key}.{name}"] = place(key, name, "medium", settings.wide_seeds)
        for name in ("deep", "shallow"):
            on_second = place(key, name, "medium", settings.fewer_seeds, interval=settings.check_interval)
            found[f"check.{key}.{name}"] = on_second
    for start in (settings.initialization, *settings.other_initializations):
        found[f"starts.{type(start).__name__.lower()}"] = place("f1", "deep", "small", settings.seeds, start)
    return found


def blocks(network: MLP, data: StandardizedSamples, recipe: Recipe, seeds: Sequence[int]) -> list[TrainStack]:
    """The trainings of a network in stacks; histories are measured at steps that grow by a factor."""
    record_at = tuple(sorted({round(recipe.num_updates ** (part / 15)) for part in range(16)}))
    size = min(40, max(4, BATCHED // (data.num_train * max(network.hidden))))
    of_blocks = [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]
    return [TrainStack(network, data, recipe, block, record_at=record_at) for block in of_blocks]


def trainings(place: Place, settings: "Settings") -> list[TrainStack]:
    """The stacks there, each at the learning rate of its network."""
    recipe = Recipe(settings.learning_rates[0], place.num_updates, batch_size=None, schedule="cosine")
    on_first = replace(place.data, low=settings.interval[0], high=settings.interval[1])
    return [
        tuned(stack, settings.learning_rates, seeds=place.search.seeds, data=on_first, updates=place.search.num_updates)
        for stack in blocks(place.network, place.data, recipe, tuple(place.seeds))
    ]


def reported(settings: "Settings", fitted: Mapping[str, Sequence[Fit]]) -> dict[str, Any]:
    """What is reported of the runs at all places: of each its ``error``, and what is ``seen`` of it where an error that no eye
    sees counts as the least that one does, both without stuck runs; the shares of ``stuck`` and ``constant`` ones; and the
    ``worst`` of all."""

    def is_stuck(fit: Fit) -> bool:
        return fit.relative_error > settings.stuck_above

    error = replace(ERROR, stuck=is_stuck)
    seen = replace(error, name="seen", read=lambda fit: max(fit.relative_error, settings.no_visible_error))
    gain = Quantity(
        "gain",
        "error with the small budget over that with the large",
        average="median",
        log=True,
        read=lambda pair: pair[0].relative_error / pair[1].relative_error,
        stuck=lambda pair: any(map(is_stuck, pair)),
    )
    found: dict[str, Any] = {
        name: quantities.measured((error, seen), runs)
        | {
            "stuck": error.stuck_share(runs),
            "constant": Share.over_seeds(fit.is_constant(settings.constant_below) for fit in runs),
            "worst": Single.once(max(fit.relative_error for fit in runs)),
        }
        for name, runs in fitted.items()
    }
    for name in EQUAL:
        small, large = ([fitted[f"{budget}.{key}.{name}"] for key in FUNCTIONS] for budget in ("small", "large"))
        # A seed starts at the same weights on both functions, so it counts once.
        found[f"stuck.{name}"] = Share.over_seeds(any(map(is_stuck, pair)) for pair in zip(*small, strict=True))
        for key, *pairs in zip(FUNCTIONS, small, large, strict=True):
            # The seeds of the large budget are the first ones of the small.
            found[f"gain.{key}.{name}"] = gain.over(zip(*pairs, strict=False))
    found["variance"] = {key: Single.once(fitted[f"large.{key}.deep"][0].truth.var()) for key in FUNCTIONS}
    return found


def titled_by_depth(network: MLP) -> str:
    """A network as figures name it: by its hidden layers, with its number of parameters."""
    return f"{network.depth} layer{'s' * (network.depth != 1)} ({network.num_parameters:,})"


def panels(settings: "Settings", line: Callable[[str, str], Any], names: Iterable[str] = EQUAL) -> dict[str, dict[str, Any]]:
    """A panel per function with a line per network."""
    return {
        str(getattr(settings, key)): {titled_by_depth(getattr(settings.networks, name)): line(key, name) for name in names}
        for key in FUNCTIONS
    }


def listed(settings: "Settings", metrics: Mapping[str, Any], groups: Mapping[str, Any], heading: str) -> charts.Figure:
    """A row for each function and network of the groups, whose words come first."""
    rows = [
        (words, str(getattr(settings, key)), titled_by_depth(network), metrics[place])
        for group, words in groups.items()
        for key in FUNCTIONS
        for name, network in vars(settings.networks).items()
        if (place := f"{group}.{key}.{name}") in metrics
    ]
    return shown.metric_table((heading, "function", "network"), rows, COLUMNS)


def over_the_truth(lines: Mapping[str, Mapping[str, Sequence[Fit]]], alt: str) -> charts.Figure:
    """Predictions by panel and name, over the true values of the panel."""
    drawn, limits = {}, {}
    for panel, named in lines.items():
        x, truth = next((runs[0].x, runs[0].truth) for runs in named.values())
        drawn[panel] = {name: charts.Series(x[::5], [fit.prediction[::5] for fit in runs]) for name, runs in named.items()}
        drawn[panel]["truth"] = charts.Series(x[::5], [truth[::5]])
        limits[panel] = (truth.min() - 0.1 * np.ptp(truth), truth.max() + 0.1 * np.ptp(truth))
    return charts.curves(drawn, x="x", y="y", reference="truth", limits=limits, alt=alt)
