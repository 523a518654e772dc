"""Results of which some arrays were left out, and which arrays of its results a chapter reads."""

from typing import Any

from measured.jobs.cache import Cache, decode
from measured.jobs.job import Job
from measured.jobs.keys import key
from measured.jobs.pool import Listener, OnlyCached, reached


class Watching(OnlyCached):
    """What the cache holds, and of each result which fields are read, by whatever code."""

    def __init__(self, cache: Cache, device: str):
        super().__init__(cache, device)
        self.asked: dict[str, Job] = {}
        self.read: dict[str, set[str]] = {}

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        self.asked |= {key(job, self.device): job for job in jobs}
        return super().results(jobs, listener)

    def _decoded(self, job: Job, blob: bytes) -> Any:
        return decode(blob, _watched(job.result_type, self.read.setdefault(key(job, self.device), set())), job)

    def reached(self) -> dict[str, Job]:
        """The jobs that were asked for, and all that these build on, by key."""
        return reached(self.asked.values(), self.device)


def _watched(kind: type, read: set[str]) -> type:
    """A type of the same results that notes which fields are read."""

    def get(self: Any, name: str) -> Any:
        if name == "__class__":  # equal results are equal, and a copy is an ordinary one
            return kind
        # All of them may be read through the dictionary.
        read.update(object.__getattribute__(self, name) if name == "__dict__" else [name])
        return object.__getattribute__(self, name)

    return type(kind.__name__, (kind,), {"__getattribute__": get, "__module__": kind.__module__, "__slots__": ()})
