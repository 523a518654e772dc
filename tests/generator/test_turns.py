"""Pages come in time, in reading order where they can, and no worker is idle for it."""

import heapq
import random
from collections.abc import Mapping
from itertools import pairwise

import pytest

from measured.jobs.turns import _turns, in_turns

LIMITS = (180.0, 240.0)
REPORT = {
    "function_fit": 330,
    "mnist_cnn": 800,
    "optimization_path": 80,
    "gradient_norm": 110,
    "zero_gradient": 220,
    "error_surface": 50,
    "random_labels": 150,
    "model_size": 430,
    "flatness": 80,
    "sensitivity": 250,
    "sharpness": 600,
}
"""Seconds of one worker."""


def made(works: Mapping[str, float], job: float = 12.0, seed: int = 0):
    """Chapters with a search, trainings that need it, and measurements of each; and their jobs' seconds and needs."""
    draw = random.Random(seed)
    chapters, seconds, needs = [], {}, {}
    for name, work in works.items():
        number = max(1, round(work / job))
        sizes = [draw.uniform(0.3, 1.7) for _ in range(number)]
        keys = []
        for index, size in enumerate(sizes):
            scale = work / sum(sizes) * size
            search, training, measurement = (f"{name} {kind} {index}" for kind in ("search", "training", "measurement"))
            seconds |= {search: 0.2 * scale, training: 0.6 * scale, measurement: 0.2 * scale}
            needs |= {training: [f"{name} search {index // 4 * 4}"], measurement: [training]}
            keys += [measurement, training, search]
        chapters.append(keys)
    return chapters, seconds, needs


def run(order: list[str], seconds: dict[str, float], needs: dict[str, list[str]], num_workers: int, error=lambda key: 1.0):
    """When each job ends, where a free worker takes the first in the order that has all it needs; it may take longer than
    was thought."""
    ends: dict[str, float] = {}
    running: list[tuple[float, str]] = []
    waiting, now = list(order), 0.0
    while waiting or running:
        ready = [key for key in waiting if all(needed in ends for needed in needs.get(key, ()))]
        for key in ready[: num_workers - len(running)]:
            waiting.remove(key)
            heapq.heappush(running, (now + seconds[key] * error(key), key))
        now, key = heapq.heappop(running)
        ends[key] = now
    return ends


def pages(chapters: list[list[str]], ends: dict[str, float]) -> dict[int, float]:
    """When each chapter is finished, the earliest first."""
    found = {number: max(ends[key] for key in keys) for number, keys in enumerate(chapters)}
    return dict(sorted(found.items(), key=lambda item: item[1]))


@pytest.mark.parametrize("num_workers", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("seed", range(2))
def test_pages_of_the_report_come_in_time(num_workers, seed):
    """The first within three minutes, then one every four at least, though each job takes up to a third longer or less than
    was thought; and no longer in all than without turns."""
    chapters, seconds, needs = made({name: work * num_workers / 2 for name, work in REPORT.items()}, seed=seed)
    draw = random.Random(seed)
    errors = {key: draw.uniform(0.67, 1.33) for key in seconds}
    ends = run(in_turns(chapters, seconds, needs, num_workers), seconds, needs, num_workers, errors.__getitem__)
    times = list(pages(chapters, ends).values())
    assert times[0] <= LIMITS[0] and max(later - sooner for sooner, later in pairwise(times)) <= LIMITS[1]
    work = sum(seconds[key] * errors[key] for key in seconds)
    assert times[-1] <= work / num_workers + 45


def test_short_chapters_come_in_reading_order():
    """Where every page is in time anyway."""
    chapters, seconds, needs = made({name: work / 4 for name, work in REPORT.items()})
    found = pages(chapters, run(in_turns(chapters, seconds, needs, 2), seconds, needs, 2))
    assert list(found) == sorted(found)


def test_a_long_chapter_waits_for_as_few_short_ones_as_it_can():
    """Turns by work alone: the order changes no more than it must."""

    def turns(*works: float) -> list[int]:
        keys = [f"{number}" for number in range(len(works))]
        return _turns([[key] for key in keys], dict(zip(keys, works, strict=True)), 100.0, 100.0)

    assert turns(90, 90, 90) == [0, 1, 2]
    assert turns(150, 10, 20) == [1, 0, 2]
    assert turns(10, 250, 20, 30) == [0, 2, 1, 3]
    assert turns(500, 10, 20, 30) == [1, 2, 3, 0], "it is late whatever its turn, by least at the end"
    assert turns(90, 500, 95, 5) == [0, 2, 3, 1], "and others stay in reading order"


def test_a_page_that_could_come_early_waits_for_a_slice_of_a_long_chapter():
    """Two chapters of 20 and 180 seconds at 100 between pages: the short one's page comes at 100."""
    jobs = {f"long {number}": 10.0 for number in range(18)}
    order = in_turns([["short"], list(jobs)], {"short": 20.0, **jobs}, {}, 1, (150.0, 100.0))
    assert order.index("short") == 8 and len(order) == 19


def test_nothing_is_ahead_of_a_page_that_has_no_reason_to_wait():
    """Where the next page is in time, none is held back."""
    chapters, seconds, needs = made({"a": 50.0, "b": 60.0, "c": 40.0})
    order = in_turns(chapters, seconds, needs, 1)
    assert [key.split()[0] for key in order] == ["a"] * len(chapters[0]) + ["b"] * len(chapters[1]) + ["c"] * len(chapters[2])


def test_the_longest_chain_comes_first():
    """A short search before a long training is more urgent than a middling job that nothing builds on; what is needed always
    comes before."""
    seconds = {"middling": 20.0, "search": 1.0, "training": 30.0, "look": 0.0}
    needs = {"training": ["search"], "look": ["training"]}
    assert in_turns([["middling", "look", "training", "search"]], seconds, needs, 2) == [
        "search",
        "training",
        "middling",
        "look",
    ]
    for seed in range(5):
        chapters, seconds, needs = made(REPORT, seed=seed)
        place = {key: number for number, key in enumerate(in_turns(chapters, seconds, needs, 2))}
        assert len(place) == len(seconds)
        assert all(place[needed] < place[key] for key in needs for needed in needs[key])


def test_a_shared_job_is_computed_once_with_the_first_that_needs_it():
    """What is cached is not in the order, and a chapter with nothing to compute has no turn."""
    chapters = [["cached"], ["shared", "a"], ["shared", "b"]]
    assert in_turns(chapters, {"shared": 5.0, "a": 1.0, "b": 2.0}, {"a": ["cached"]}, 2) == ["shared", "a", "b"]
    assert in_turns([], {}, {}, 2) == in_turns([["cached"]], {}, {}, 2) == []
