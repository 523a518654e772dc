"""Can a hot hand hide in the averages?

We let players shoot whose hand we know: some hit half of the time whatever came before, others hit more often after a streak.
Then we compare as the classic study did, and once more with what shuffled shots would show.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.sequences import Shooter, after_streaks
from measured import charts
from measured.evidence import Claim, Comments, Margin, Metric, Quantity, Result, Runs, Seeds, at_least, at_most, equal
from measured.jobs import Job, gather

TITLE = "Players whose hand we know"
RUNS = Runs(varies="all shots, and how they are shuffled", shared="the {setting.num_players} players and what they can do")


@dataclass(frozen=True)
class Settings:
    hot_by: int = 10
    """Points that a streak adds to the chance of a hit, for players with a hot hand."""
    streak: int = 3
    """Hits in a row that make a streak."""
    num_players: int = 26
    """Players in a study; the classic one had as many."""
    num_shots: int = 100
    """Shots of a player."""
    num_shuffles: int = 200
    """Times that the shots of a player are put in a random order."""
    seeds: Seeds = Seeds(60)
    """Studies; each has shots of its own."""


PRESETS = {
    "quick": Settings(num_shuffles=5, seeds=Seeds(3)),
    "standard": Settings(),
    "full": Settings(num_shuffles=1000, seeds=Seeds(400)),
}

DIFFERENCE = Quantity("difference", "as it was measured", "points")
SHUFFLED = Quantity("shuffled", "the same shots shuffled", "points")
CORRECTED = Quantity("corrected", "measured, less shuffled", "points", read=lambda study: study.difference - study.shuffled)
QUANTITIES = (DIFFERENCE, SHUFFLED, CORRECTED)
PLAYERS = {"consistent": "no hot hand", "hot": "a hot hand"}

HALF_OF_IT = Margin(0.05, "half of the ten points that the hot hand adds", origin=None)
THREE_POINTS = Margin(0.03, "less than a third of the ten points that the hot hand adds")


@dataclass(frozen=True)
class Comparison:
    """The share of hits after a streak of hits less that after a streak of misses, on the average over players."""

    difference: float
    shuffled: float
    """The same of the players' shots in random orders, on the average over these."""


@dataclass(frozen=True)
class Study(Job[Comparison]):
    """Players shoot, and are compared as in the classic study."""

    hot_by: float
    streak: int
    num_players: int
    num_shots: int
    num_shuffles: int
    seed: int

    def compute(self) -> Comparison:
        hits = Shooter(self.hot_by, self.streak).shoot(self.num_players, self.num_shots, self.seed)
        random = np.random.default_rng((self.seed, 1))
        shuffled = [self._difference(random.permuted(hits, axis=1)) for _ in range(self.num_shuffles)]
        return Comparison(self._difference(hits), float(np.mean(shuffled)))

    def _difference(self, hits: np.ndarray) -> float:
        shots, made = after_streaks(hits, self.streak)
        shots_cold, made_cold = after_streaks(hits, self.streak, of=0)
        both = (shots > 0) & (shots_cold > 0)
        return float((made[both] / shots[both] - made_cold[both] / shots_cold[both]).mean())


def run(settings: Settings = PRESETS["standard"]) -> Result:
    def study(hot_by: float, seed: int) -> Study:
        return Study(hot_by, settings.streak, settings.num_players, settings.num_shots, settings.num_shuffles, seed)

    added = {"consistent": 0.0, "hot": settings.hot_by / 100}
    studies = gather({name: [study(hot_by, seed) for seed in settings.seeds] for name, hot_by in added.items()})
    metrics = {name: {item.name: item.over(found) for item in QUANTITIES} for name, found in studies.items()}
    return Result(metrics, charts.drawn(differences, metrics))


def differences(metrics: Mapping[str, Mapping[str, Metric]]) -> charts.Figure:
    """What a study of {setting.num_players} players sees. Hits after a streak of hits, less hits after a streak of misses: as
    measured, for the same shots in random orders, and the one less the other; a dot per study."""
    return charts.dots(
        {
            title: {item.title: (place, metrics[name][item.name]) for place, item in enumerate(QUANTITIES)}
            for name, title in PLAYERS.items()
        },
        x="",
        y="difference (points)",
        alt="The difference between shots after hits and after misses in three ways, a panel for each kind of player.",
    )


CLAIMS = (
    Claim(
        "streaks-show-the-hand",
        source="Gilovich et al. 1985",
        headline="The comparison shows the better part of a hot hand that is there",
        says="Where a streak adds {setting.hot_by} points, the comparison as it was made shows {margin}: {hot.difference}.",
        holds=at_least("hot.difference", HALF_OF_IT),
        comments=Comments(
            supported="The comparison shows {hot.difference}: a hot hand would have been seen.",
            refuted="A hot hand of {setting.hot_by} points looks like {hot.difference}. A study that finds next to nothing has "
            "not shown that there is none.",
            inconclusive="The comparison shows {hot.difference}; more studies would tell whether that is half of it.",
        ),
    ),
    Claim(
        "consistent-looks-cold",
        source="Miller and Sanjurjo 2018",
        headline="Players without a hot hand look as if a streak made them worse",
        says="Players whom a streak does not touch show {margin} after a streak: {consistent.difference}.",
        published="about eight points less, for 100 shots and streaks of three.",
        published_effect=-0.08,
        holds=at_most("consistent.difference", -THREE_POINTS),
        comments=Comments(
            supported="They seem to lose {consistent.difference} after a streak, though nothing happens to them. The "
            "comparison is crooked, and it leans towards no hot hand.",
            refuted="They lose less than was derived, so that the comparison is nearly straight.",
            inconclusive="They seem to change by {consistent.difference}; more studies would tell how crooked that is.",
        ),
    ),
    Claim(
        "shuffling-corrects",
        source="ours",
        headline="Shuffled shots show the same lean, so that it can be taken off",
        says="For players whom a streak does not touch, the comparison gives the same for their shots in random orders, within "
        "{margin}: {consistent.difference} against {consistent.shuffled}.",
        holds=equal("consistent.difference", to="consistent.shuffled", within=THREE_POINTS, paired=True),
        comments=Comments(
            supported="Taken off, {consistent.corrected} are left of a hot hand that is not there.",
            refuted="Taken off, {consistent.corrected} are left of a hot hand that is not there: the correction is wrong.",
            inconclusive="Taken off, {consistent.corrected} are left; more studies would tell whether that is none.",
        ),
    ),
    Claim(
        "corrected-shows-the-hand",
        source="ours",
        headline="Corrected, the comparison shows the better part of the hot hand",
        says="Where a streak adds {setting.hot_by} points, the corrected comparison shows {margin}: {hot.corrected}.",
        holds=at_least("hot.corrected", HALF_OF_IT),
        comments=Comments(
            supported="The corrected comparison finds {hot.corrected} of the {setting.hot_by} that we put in.",
            refuted="Even corrected, the comparison finds only {hot.corrected} of the {setting.hot_by} that we put in.",
            inconclusive="Corrected, it finds {hot.corrected}; more studies would tell whether that is half of what is there.",
        ),
    ),
)
