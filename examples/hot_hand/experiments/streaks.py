"""What follows a streak in a fair coin's flips?

Somebody flips a coin, looks at every flip that comes right after three heads, and notes the share of heads among them. The coin
has no memory, so one expects a half. It is not what one gets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.sequences import AfterStreaks
from measured import charts
from measured.evidence import (
    Claim,
    Comments,
    Margin,
    Metric,
    Quantity,
    Result,
    Runs,
    Seeds,
    Sweep,
    equal,
    factor,
    smaller,
)
from measured.jobs import gather

TITLE = "Streaks of a coin"
RUNS = Runs(
    varies="all flips",
    shared="the coin, which is fair, and streaks of {setting.streak} or more",
)


@dataclass(frozen=True)
class Settings:
    lengths: tuple[int, ...] = (10, 20, 50, 100, 200, 1000)
    """Flips in a sequence."""
    judged: int = 100
    """Flips in the sequences that the claims are about."""
    streak: int = 3
    """Heads in a row."""
    num_sequences: int = 10_000
    """Sequences that are averaged in one run."""
    seeds: Seeds = Seeds(12)
    """Runs; each flips all coins anew."""


PRESETS = {
    "quick": Settings((10, 100), num_sequences=200, seeds=Seeds(3)),
    "standard": Settings(),
    "full": Settings(num_sequences=100_000, seeds=Seeds(40)),
}

AVERAGE = Quantity("average", "average share of heads after a streak", "%")
POOLED = Quantity("pooled", "all flips after a streak together", "%")
OVERALL = Quantity("overall", "all flips", "%")
MISSING = Quantity(
    "missing", "what the average lacks", "points", average="geometric mean", read=lambda shares: shares.overall - shares.average
)

TWO_POINTS = Margin(0.02, "two points are what a season of shots can just tell from chance")
ONE_POINT = Margin(0.01, "one point is half of what a season of shots can tell from chance")
FADES = factor(4, "ten times as many flips, and the bias is of the order of one over their number")


def run(settings: Settings = PRESETS["standard"]) -> Result:
    def flips(length: int, seed: int) -> AfterStreaks:
        return AfterStreaks(length, settings.num_sequences, settings.streak, seed)

    jobs = Sweep.over("flips in a sequence", settings.lengths, settings.seeds, flips)
    shares = Sweep(jobs.knob, gather(jobs.runs))
    judged = shares[settings.judged]
    metrics = {item.name: item.over(judged) for item in (AVERAGE, POOLED, OVERALL)}
    metrics["missing"] = {"judged": MISSING.over(judged), "longest": MISSING.over(shares[max(settings.lengths)])}
    return Result(metrics, charts.drawn(by_length, shares) | charts.drawn(two_ways, metrics))


def by_length(shares: Sweep) -> charts.Figure:
    """Heads after three heads, by the length of the sequence. In each sequence we take the share of heads among the flips that
    come right after {setting.streak} or more heads; a point is its average over {setting.num_sequences} sequences."""
    return charts.trend(
        {"": {AVERAGE.title: shares.points(AVERAGE), POOLED.title: shares.points(POOLED)}},
        x=charts.Axis(shares.knob, log=True),
        y="share of heads (%)",
        levels={"": {"a fair coin": 50.0}},
        alt="The share of heads after a streak against the length of the sequence: one line for the average over sequences, "
        "one for all flips together.",
    )


def two_ways(metrics: Mapping[str, Metric]) -> charts.Figure:
    """Two ways to average, in sequences of {setting.judged} flips. The first gives every sequence one vote, the second every
    flip."""
    shares = {item.title: (place, metrics[item.name]) for place, item in enumerate((AVERAGE, POOLED, OVERALL))}
    return charts.dots({"": shares}, x="", y="share of heads (%)", alt="The share of heads in three ways, a dot per run.")


CLAIMS = (
    Claim(
        "half-after-a-streak",
        source="Gilovich et al. 1985",
        headline="After a streak of heads, a sequence shows heads half of the time on average",
        says="In {setting.judged} flips of a fair coin, the share of heads right after {setting.streak} heads is that of all "
        "flips, within {margin}: {average} against {overall}, on the average over sequences.",
        holds=equal("average", to="overall", within=ONE_POINT, paired=True),
        comments=Comments(
            supported="The average sequence shows no trace of its streaks. The bias that Miller and Sanjurjo derive is too "
            "small to see here.",
            refuted="The coin has no memory, and still the average sequence shows heads only {average} of the time after a "
            "streak. Whoever compares a player with a half compares with the wrong number.",
            inconclusive="The average sequence shows heads {average} of the time after a streak. More sequences would tell "
            "whether that is a half.",
        ),
    ),
    Claim(
        "streaks-are-biased",
        source="Miller and Sanjurjo 2018",
        headline="The average over sequences falls short of the coin's own chance",
        says="In {setting.judged} flips of a fair coin, the average share of heads after {setting.streak} heads is smaller "
        "than that of all flips by {margin}: {average} against {overall}.",
        published="about four points less than a half, for 100 flips and streaks of three.",
        published_effect=-0.04,
        holds=smaller("average", than="overall", by=TWO_POINTS, paired=True),
        comments=Comments(
            supported="The shortfall is {missing.judged}: it comes from counting, not from the coin.",
            refuted="The average falls short by less than was derived; then something is wrong with our count.",
            inconclusive="The average falls short by {missing.judged}; more sequences would tell whether that is as much as "
            "was derived.",
        ),
    ),
    Claim(
        "pooled-is-fair",
        source="ours",
        headline="All flips after a streak, taken together, are heads half of the time",
        says="Taken together, the flips after {setting.streak} heads are heads as often as all flips, within {margin}: "
        "{pooled} against {overall}.",
        holds=equal("pooled", to="overall", within=ONE_POINT, paired=True),
        comments=Comments(
            supported="One vote for each flip, and the bias is gone. It was the one vote for each sequence that made it.",
            refuted="Even one vote for each flip leaves a bias, so that more than the averaging is at fault.",
            inconclusive="One vote for each flip gives {pooled}; more sequences would tell whether a bias is left.",
        ),
    ),
    Claim(
        "bias-fades",
        source="ours",
        headline="The bias fades in longer sequences",
        says="In {setting.lengths.last} flips, the average lacks {margin} less than in {setting.judged}: {missing.longest} "
        "against {missing.judged}.",
        holds=smaller("missing.longest", than="missing.judged", by=FADES),
        comments=Comments(
            supported="What is left is {missing.longest}. A long sequence has many streaks, and no single one weighs much.",
            refuted="Even a long sequence keeps much of the bias: {missing.longest}.",
            inconclusive="In the longest sequences {missing.longest} are left; more sequences would tell how fast that fades.",
        ),
    ),
)
