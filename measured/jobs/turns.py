"""In which order the jobs of a report are computed, so that its chapters are finished one after another, none long after the
one before.

A chapter is finished with its last job. If chapters take turns, the k-th page comes when the work of the first k chapters is
done, so it is in time if that work is what the workers do until then. The shortest first is the order that keeps the most of
these promises; chapters keep their reading order as far as it keeps as many, so that a long one waits for some short ones. A
page may still come long after the one before, if that was earlier than it had to be: then that one waits for a slice of the
longer chapter, and the pages come evenly. Workers never wait: only the order changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate

from measured.jobs.job import Job, nested
from measured.jobs.keys import key

FIRST_PAGE, NEXT_PAGE = 90.0, 200.0
"""Seconds of wall clock until the first page, and from one to the next: half of 3 minutes and five sixths of 4,
as forecasts err."""


def places(
    chapters: Sequence[Mapping[str, Job]], seconds: Mapping[str, float], num_workers: int, device: str
) -> dict[str, int]:
    """By key, the place of each job in the order in which to compute them; ``chapters`` hold the jobs to be computed."""
    jobs = {name: job for chapter in chapters for name, job in chapter.items()}
    needs = {name: [key(inner, device) for inner in nested(job)] for name, job in jobs.items()}
    order = in_turns(chapters, {name: seconds[name] for name in jobs}, needs, num_workers)
    return {name: place for place, name in enumerate(order)}


def in_turns(
    chapters: Sequence[Iterable[str]],
    seconds: Mapping[str, float],
    needs: Mapping[str, Iterable[str]],
    num_workers: int,
    limits: tuple[float, float] = (FIRST_PAGE, NEXT_PAGE),
) -> list[str]:
    """All jobs by key, in the order in which to compute them.

    ``chapters`` are the jobs of each, in reading order; a job of several belongs to the first that has its turn. ``seconds``
    are what a job takes on one worker; it holds the jobs that are to be computed, and no others are in the answer. ``needs``
    are the jobs that a job builds on, which come before it.
    """
    first, gap = (num_workers * limit for limit in limits)
    todo = [[name for name in chapter if name in seconds] for chapter in chapters]
    queues = _queues([todo[number] for number in _turns(todo, seconds, first, gap)], seconds, needs)

    # Backwards, in seconds of one worker: no page before its chapter's work is done, and none so early that the next is late,
    # unless it would be late itself.
    done_by = list(accumulate(sum(seconds[name] for name in queue) for queue in queues))
    due = done_by.copy()
    for turn in reversed(range(len(due) - 1)):
        due[turn] = max(due[turn], min(due[turn + 1] - gap, first + gap * turn))

    order: dict[str, None] = {}
    for turn, queue in enumerate(queues):
        # Pages that wait do so for the next chapter that does not: that is the long one.
        long = next((later for later in range(turn + 1, len(due)) if due[later] == done_by[later]), turn)
        left = [name for name in queue if name not in order]
        spare = due[turn] - sum(seconds[name] for name in (*order, *left))
        for name in queues[long]:
            if name not in order and name not in left:
                if spare < seconds[name] / 2:
                    break
                spare -= seconds[name]
                order[name] = None
        order |= dict.fromkeys(left)
    return list(order)


def _turns(todo: Sequence[Sequence[str]], seconds: Mapping[str, float], first: float, gap: float) -> list[int]:
    """Chapters by the turn that they take: in reading order, as far as no page comes later after its time than it must."""

    def work(chapter: int, done: set[str]) -> float:
        return sum(seconds[name] for name in todo[chapter] if name not in done)

    def lateness(works: Sequence[float]) -> float:
        """Of the page that is late by most, if chapters of so much work come in this order."""
        return max([0.0, *(end - first - gap * turn for turn, end in enumerate(accumulate(works)))])

    # What has nothing to compute is finished before the first job is.
    rest = [chapter for chapter, keys in enumerate(todo) if keys]
    turns, works, done = [], [], set[str]()
    least = lateness(sorted(work(chapter, done) for chapter in rest))
    while rest:
        own = {chapter: work(chapter, done) for chapter in rest}

        def late_after(chapter: int, own: Mapping[int, float] = own, works: Sequence[float] = tuple(works)) -> float:
            return lateness([*works, own[chapter], *sorted(own[other] for other in own if other != chapter)])

        chosen = next((chapter for chapter in rest if late_after(chapter) <= least + 1e-9), min(rest, key=late_after))
        turns.append(chosen)
        works.append(own[chosen])
        done.update(todo[chosen])
        rest.remove(chosen)
    return turns


def _queues(todo: Sequence[Sequence[str]], seconds: Mapping[str, float], needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The jobs of each turn, each job once: first those from which the longest chain of jobs leads to the end."""
    followers: dict[str, list[str]] = {}
    for name in seconds:
        for needed in needs.get(name, ()):
            followers.setdefault(needed, []).append(name)

    @cache
    def chain(name: str) -> float:
        # Something for each job, so that one without a duration still comes before what builds on it.
        return 1e-6 + seconds[name] + max((chain(follower) for follower in followers.get(name, ())), default=0.0)

    taken, queues = set[str](), []
    for keys in todo:
        queues.append(sorted(dict.fromkeys(name for name in keys if name not in taken), key=chain, reverse=True))
        taken.update(keys)
    return queues
