"""What a report's worker-seconds went into and which claims they carry, read from the cache of a finished build.

    python benchmarks/where_time_goes.py [--only sharpness flatness] [--preset standard]

It is about the project in the current folder, whose own code is imported, as its cache belongs to that.

A row is a kind of job of a chapter: how many, seconds of one worker, what a cold build forecasts, billions of floating-point
operations a second (of trainings all that they compute; of others, marked ~, what they say of themselves, overheads included),
and the claims that rest on it. What several chapters share is counted in the first.

Claims are found by trying: a chapter is run again from the cache with the results of one kind of job changed at random, and a
claim rests on it if any of its numbers change. Claims that rest on what builds on a job rest on the job as well. That a number
changes does not mean that the claim needs it so exactly, or from so many seeds; but what changes nothing carries no claim.
"""

import argparse
import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

import numpy as np

from lab.training import LearningRateSearch, Train, TrainStack
from measured.jobs.job import Job, nested
from measured.jobs.keys import key
from measured.jobs.pool import Listener, MissingError, OnlyCached, using
from measured.jobs.run import one_thread
from measured.press.keep import record_of
from measured.press.rehearse import Script, load
from measured.press.stores import Stores
from measured.project import Project

DEVICE, ROOT = "cpu", Path.cwd()


def kind_of(job: Job, is_trial: bool) -> str:
    """What a job has in common with those of other seeds: its type, what was trained and how."""
    inside = job
    while not isinstance(inside, Train | TrainStack) and nested(inside):
        inside = nested(inside)[0]
    name = type(job).__name__
    if isinstance(inside, Train | TrainStack):
        recipe = inside.recipe
        name += f" {inside.network}, {recipe.num_updates:,} x {recipe.batch_size or 'all'}"
    return name + (", trial" if is_trial else "")


def operations(job: Job) -> float:
    """Floating-point operations of a training, one for an addition and one for a multiplication."""
    assert isinstance(job, Train | TrainStack)
    num_train, num_held_out = job.data.sizes
    examples = 3 * job.recipe.num_updates * min(job.recipe.batch_size or num_train, num_train)
    sample = min(job.history_examples[0], num_train) + min(job.history_examples[1], num_held_out)
    examples += len(job.record_at) * sample + min(job.final_examples or num_train, num_train) + num_held_out
    return float(np.prod(job.num_networks)) * examples * job.network.num_flops


@dataclass
class Kind:
    """Jobs of one kind."""

    jobs: dict[str, Job] = field(default_factory=dict)
    seconds: float = 0.0
    """Of those that no chapter before has asked for."""
    below: set[str] = field(default_factory=set)
    """The kinds that it builds on."""
    claims: set[str] = field(default_factory=set)

    @property
    def forecast(self) -> float:
        return sum(job.seconds for job in self.jobs.values())


class Changing(OnlyCached):
    """Answers from the cache; the results of the jobs in ``changed`` are others than they were."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.asked: dict[str, Job] = {}
        self.changed: frozenset[str] = frozenset()
        self.only: str | None = None
        """The one field that is another; None for all."""
        self._known: dict[str, Any] = {}

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        found = []
        for job in jobs:
            name = key(job, self.device)
            self.asked[name] = job
            if name not in self._known:
                (self._known[name],) = super().results([job], listener)
            found.append(another(self._known[name], name, self.only) if name in self.changed else self._known[name])
        return found


def another(result: Any, name: str, only: str | None) -> Any:
    """Floating-point numbers become up to a tenth smaller, which leaves shares what they are; where there are none, whole
    numbers change places."""
    draw = np.random.default_rng(int(name[:8], 16))
    values = {item.name: getattr(result, item.name) for item in fields(result)}
    arrays = {item: value for item, value in values.items() if isinstance(value, np.ndarray)}
    changed: dict[str, Any] = {item: value * draw.uniform(0.9, 1.0) for item, value in values.items() if type(value) is float}
    for item, value in arrays.items():
        if value.dtype.kind == "f":
            changed[item] = (value * draw.uniform(0.9, 1.0, value.shape)).astype(value.dtype)
    if not changed:
        changed = {item: draw.permutation(value) for item, value in arrays.items() if value.ndim}
    return replace(result, **{item: value for item, value in changed.items() if only in (None, item)})


def verdicts(script: Script) -> dict[str, Any]:
    """By claim, the sentence and all numbers behind its verdict."""
    record = record_of(script, script.perform())
    return {verdict.id: (verdict.says, verdict.findings) for verdict in record.verdicts}


def resting(script: Script, pool: Changing, before: dict[str, Any]) -> set[str]:
    """The claims of which a number changes with the results that ``pool`` changes: all of them, or one field after the other
    where the chapter refuses what does not fit together."""
    names = {item.name for job in pool.asked.values() if key(job, DEVICE) in pool.changed for item in fields(job.result_type)}
    claims, refused = set[str](), ""
    for pool.only in (None, *sorted(names)):
        try:
            after = verdicts(script)
        except Exception as error:
            refused = f"whatever rests on {pool.only or 'all'} ({type(error).__name__})"
            continue
        claims |= {claim for claim in before if before[claim] != after[claim]}
        if pool.only is None:
            break
    pool.only = None
    return claims or ({refused} if refused else claims)


def of_chapter(script: Script, stores: Stores, seen: set[str]) -> dict[str, Kind]:
    """The kinds of jobs of a chapter, with the claims that rest on them. Raises MissingError where the cache lacks one."""
    pool, kinds = Changing(stores.cache, DEVICE), dict[str, Kind]()

    def note(job: Job, is_trial: bool) -> str:
        name = kind_of(job, is_trial)
        kind, address = kinds.setdefault(name, Kind()), key(job, DEVICE)
        if address not in kind.jobs:
            kind.jobs[address] = job
            if address not in seen and (entry := stores.cache.load(address)):
                kind.seconds += entry.seconds
            seen.add(address)
        kind.below |= {note(inner, is_trial or isinstance(job, LearningRateSearch)) for inner in nested(job)}
        return name

    with one_thread(), using(pool):
        before = verdicts(script)
        asked = list(pool.asked.values())
        for job in asked:
            note(job, False)
        addresses = {key(job, DEVICE) for job in asked}
        for kind in kinds.values():
            pool.changed = frozenset(kind.jobs.keys() & addresses)
            if pool.changed:
                kind.claims |= resting(script, pool, before)
    for _ in kinds:  # as often as kinds can build on one another
        for kind in kinds.values():
            for name in kind.below:
                kinds[name].claims |= kind.claims
    return kinds


def speed(kind: Kind, stores: Stores) -> str:
    """Billions of floating-point operations a second."""
    seconds = sum(found.seconds for found in map(stores.cache.load, kind.jobs) if found) or np.inf
    jobs = kind.jobs.values()
    if all(isinstance(job, Train | TrainStack) for job in jobs):
        return f"{sum(map(operations, jobs)) / seconds / 1e9:.1f}"
    return f"~{sum(job.flops for job in jobs) / seconds / 1e9:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="chapters")
    parser.add_argument("--preset", default="standard")
    options = parser.parse_args()
    project, stores = Project(ROOT), Stores.at(ROOT / "cache", ROOT)
    seen, found, lacking = set[str](), dict[str, dict[str, Kind]](), False
    for chapter in project.outline.chapters:
        if not options.only or chapter.name in options.only:
            script = load(project.root, chapter, options.preset, None)
            try:
                found[chapter.name] = of_chapter(script, stores, seen)
            except MissingError as error:
                lacking = True
                print(f"{chapter.name}: the cache lacks {error}; build it with --preset {options.preset} first")
    carried: dict[str, set[str]] = {}
    for kinds in found.values():
        for kind in kinds.values():
            for address in kind.jobs:
                carried.setdefault(address, set()).update(kind.claims)

    idle = 0.0
    for chapter, kinds in found.items():
        print(f"\n{chapter}: {sum(kind.seconds for kind in kinds.values()):,.0f} s")
        print(f"  {'':64} {'jobs':>5} {'seconds':>8} {'forecast':>8} {'GFLOP/s':>8}  claims")
        for name, kind in sorted(kinds.items(), key=lambda item: -item[1].seconds):
            if kind.forecast < 1 and kind.seconds < 0.1:
                continue
            of_others = set().union(*(carried[address] for address in kind.jobs)) - kind.claims
            claims = [*sorted(kind.claims), *(f"({claim}, of another chapter)" for claim in sorted(of_others))]
            idle += 0.0 if claims else kind.seconds
            numbers = f"{len(kind.jobs):5} {kind.seconds:8.1f} {kind.forecast:8.1f} {speed(kind, stores):>8}"
            print(f"  {name:64.64} {numbers}  {len(claims)}: {', '.join(claims) or 'none'}")
    total = sum(kind.seconds for kinds in found.values() for kind in kinds.values())
    print(f"\n{total:,.0f} s of one worker in all; {idle:,.0f} s of them carry no claim")
    return int(lacking)


if __name__ == "__main__":
    sys.exit(main())
