"""Sequences of hits and misses, and how often a hit follows a streak in each of them."""

from dataclasses import dataclass

import numpy as np

from measured.jobs import Job


@dataclass(frozen=True)
class Shooter:
    """Hits half of the time, and more often right after as many hits in a row as make a streak: the hot hand."""

    hot_by: float = 0.0
    """Added to the chance of a hit after a streak of hits; 0 for a coin."""
    streak: int = 3
    """Hits in a row."""

    def shoot(self, num_players: int, num_shots: int, seed: int) -> np.ndarray:
        """Hits (1) and misses (0), of shape (players, shots)."""
        draws = np.random.default_rng(seed).random((num_players, num_shots))
        hits, run = np.zeros((num_players, num_shots), dtype=np.int8), np.zeros(num_players, dtype=int)
        for shot in range(num_shots):
            hits[:, shot] = draws[:, shot] < 0.5 + self.hot_by * (run >= self.streak)
            run = (run + 1) * hits[:, shot]
        return hits


def after_streaks(hits: np.ndarray, streak: int, of: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """For each sequence, how many shots come right after ``streak`` or more hits in a row (misses, with ``of`` = 0), and how
    many of these hit."""
    is_same = hits == of
    follows = np.ones_like(is_same)
    for back in range(1, streak + 1):
        follows[:, back:] &= is_same[:, :-back]
        follows[:, :back] = False
    return follows.sum(1), (follows * hits).sum(1)


@dataclass(frozen=True)
class Shares:
    """What was seen in many sequences."""

    average: float
    """The share of hits after a streak, taken in each sequence that has one, then averaged over these."""
    pooled: float
    """The share of hits among all shots after a streak, of all sequences together."""
    overall: float
    """The share of hits among all shots."""


@dataclass(frozen=True)
class AfterStreaks(Job[Shares]):
    """Many sequences of one length."""

    num_shots: int
    num_sequences: int
    streak: int
    seed: int

    def compute(self) -> Shares:
        hits = Shooter(streak=self.streak).shoot(self.num_sequences, self.num_shots, self.seed)
        shots, made = after_streaks(hits, self.streak)
        has_one = shots > 0
        return Shares(
            average=float((made[has_one] / shots[has_one]).mean()),
            pooled=float(made.sum() / shots.sum()),
            overall=float(hits.mean()),
        )
