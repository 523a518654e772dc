"""Generalisation at equal training loss: between sweeps at one learning rate, and along trainings at rates of their own.

A gap grows while the training images are fitted. Runs that fitted them to different degrees differ in it for that reason alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.own_rates import OwnRates
from experiments.quantities import GAP_LOSS
from lab.data import MNIST
from lab.statistics import interpolated, smoothed
from lab.trained import Classification
from lab.training import ChosenLearningRate, LearningRateSearch, Train
from measured import charts
from measured.evidence import Estimate, Margin, Metric, Missing, Quantity, Seeds, Sweep, factor

SMALL_GAP = Margin(
    0.03, "a tenth of what the gap rises by over the sweeps at one learning rate, three tenths of a nat on other seeds"
)
AS_PUBLISHED = factor(
    1.1, "a tenth more, about what Keskar et al. (2017, Table 2) found for their network for MNIST: 2.19 against 1.97 % misread"
)
READ = {
    "gap_loss": lambda run: run.test_loss - run.train_loss,
    "error": lambda run: 1 - run.test_accuracy,
}
"""What is compared, at every record of a training."""
QUANTITIES = {"gap_loss": GAP_LOSS, "error": Quantity("error", "unseen images misread", "%")}
"""How it is averaged and called."""


@dataclass(frozen=True)
class Matched:
    """Batch sizes at rates of their own, compared where they fit the training images equally well."""

    own: OwnRates = OwnRates()
    """The network, its training images, and how the rate of a batch size is chosen."""
    batch_sizes: tuple[int, ...] = (32, 256, 1024)
    """Images in a mini-batch."""
    seeds: Seeds = Seeds(12, first=200)
    """Runs at each batch size, none of them among those on which epochs and margins were tried."""
    losses: tuple[float, ...] = (0.2, 0.14, 0.1)
    """Training losses, in nats, at which runs are compared."""
    few_epochs: int = 3
    """Passes over the training images after which runs are compared as well: few, so that no batch size has used up what more
    updates can give."""
    sweep_losses: tuple[float, float] = (0.14, 0.05)
    """Training losses at which the two sweeps at one rate are compared, both of which pass them."""

    def trainings(self) -> Sweep[Train]:
        """The runs; those of a seed start at the same weights and have the same images."""
        return Sweep.over("batch size", self.batch_sizes, self.seeds, self.own.train)

    def searches(self) -> dict[int, LearningRateSearch]:
        """How the rate of each batch size is chosen."""
        return {size: self.own.search(size) for size in self.batch_sizes}

    def at_losses(self, runs: Sequence[Classification], name: str) -> list[np.ndarray]:
        """What is compared at each of the losses, a row per run."""
        return [smoothed(self.losses, run.train_loss, READ[name](run)) for run in runs]

    def after_epochs(self, runs: Sequence[Classification], batch_size: int, name: str, num_epochs: int) -> list[float]:
        """What is compared after so many epochs, on a line between two records, one number per run."""
        step = self.own.updates_of_epochs(batch_size) * num_epochs / self.own.num_epochs
        return [interpolated(step, run.steps[1:], READ[name](run)[1:]) for run in runs]

    def compared(self, runs: Mapping[int, Sequence[Classification]]) -> dict[str, Any]:
        """The smallest and the largest batch: over the losses, on average, and after equally many epochs, few and all."""
        ends = {"first": self.batch_sizes[0], "last": self.batch_sizes[-1]}
        return {
            "at_loss": {
                name: {end: estimate(quantity, map(np.mean, self.at_losses(runs[size], name))) for end, size in ends.items()}
                for name, quantity in QUANTITIES.items()
            },
            **{
                when: {
                    name: {
                        end: estimate(quantity, self.after_epochs(runs[size], size, name, num_epochs))
                        for end, size in ends.items()
                    }
                    for name, quantity in QUANTITIES.items()
                }
                for when, num_epochs in (("at_few_epochs", self.few_epochs), ("at_epochs", self.own.num_epochs))
            },
        }

    def curve(self, runs: Sequence[Classification], name: str) -> dict[float, Metric]:
        """What is compared, by the loss, over the runs of one batch size."""
        columns = zip(*self.at_losses(runs, name), strict=True)
        return {loss: estimate(QUANTITIES[name], column) for loss, column in zip(self.losses, columns, strict=True)}


def estimate(quantity: Quantity, values: Iterable[float]) -> Estimate | Missing:
    """The average over seeds, which does not exist where a run did not get to the losses that are compared."""
    found = [float(value) for value in values]
    if lost := int(np.isnan(found).sum()):
        return Missing(
            unit=quantity.unit,
            why=f"in {lost} of {len(found)} runs the training loss does not pass all the losses that are compared",
            remedy="longer trainings, or losses that all runs pass",
        )
    return quantity.estimate(found)


def over_sizes(sweep: Sweep[Any], losses: Sequence[float], train_loss: Quantity, gap: Quantity) -> dict[str, Metric]:
    """The gap that a sweep has at the first and at the last of ``losses``: per seed, on straight lines between its runs."""
    per_seed = list(zip(*sweep.runs.values(), strict=True))

    def gaps(loss: float) -> list[float]:
        return [interpolated(loss, [train_loss.of(run) for run in runs], [gap.of(run) for run in runs]) for runs in per_seed]

    return {end: estimate(gap, gaps(loss)) for end, loss in (("first", losses[0]), ("last", losses[-1]))}


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def own_rates(matched: Matched, runs: Mapping[int, Sequence[Classification]]) -> charts.Figure:
    """Small and large batches at their own rates, at equal training loss. Left, the gap of the loss; right, the share of test
    images that are misread; where the training loss passes {setting.matched.losses.num} values, on parabolas in its logarithm
    through {setting.matched.own.num_records} or more records per run."""
    names = {"gap of the loss": "gap_loss", "unseen images misread": "error"}
    panels = {
        panel: {f"batch {size:,}": matched.curve(found, name) for size, found in runs.items()} for panel, name in names.items()
    }
    y = {panel: QUANTITIES[name] for panel, name in names.items()}
    alt = "Gap of the loss, and share of test images that are misread, against training loss, a line for each batch size."
    return charts.trend(panels, x=charts.Axis("training loss (nats)", log=True), y=y, alt=alt)


def rates_tried(chosen: Mapping[int, ChosenLearningRate]) -> charts.Figure:
    """How each batch size got its learning rate. The lowest loss on held-out training images that a run passed, median of
    {setting.matched.own.trial_seeds.num} seeds that are not reported; the lowest decides."""
    lines = {f"batch {size:,}": charts.Series(found.candidates, [found.losses]) for size, found in chosen.items()}
    y = charts.Axis("lowest held-out loss (nats)", log=True)
    alt = "Lowest loss on held-out images against the learning rate, a line for each batch size."
    return charts.curves({"": lines}, x=charts.Axis("learning rate", log=True), y=y, alt=alt)


TOY = Matched(
    OwnRates(
        data=MNIST(200, num_held_out=300),
        num_epochs=4,
        least_updates=12,
        multiples=(1, 2),
        trial_seeds=(100_000,),
        num_records=13,
    ),
    batch_sizes=(16, 64),
    seeds=Seeds(2),
    losses=(2.2, 2.15),
    few_epochs=2,
    sweep_losses=(2.29, 2.28),
)
"""Small enough for a test."""
