"""Whoever computes where somebody types: this process, from the same cache as a build and with the same keys."""

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from measured import interactive
from measured.errors import BuildError
from measured.jobs.job import Job
from measured.jobs.keys import key, parts_of, use_sources
from measured.jobs.pool import InProcess, Listener
from measured.jobs.run import resolve_device
from measured.notebook import formatters
from measured.notebook.progress import Progress, progress
from measured.press.stores import Stores
from measured.project import GENERATOR, Project


def pool(root: Path) -> "Session":
    """Whoever computes for ``gather`` with the project in ``root``, its cache folder and the device that a build would take."""
    project, stores = Project(root), Stores.at(root / "cache", root)
    if _written(project) > _read_at.get(root, 0):
        _read_at[root] = time.time_ns()
        use_sources(stores.sources)
    return Session(stores, _device(root))


_read_at: dict[Path, int] = {}
"""When the source of each project was last read for keys."""


def _written(project: Project) -> int:
    """When the source that keys digest was last written."""
    folders = [*(project.root / name for name in project.packages), GENERATOR]
    return max((path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.py")), default=1)


@cache
def _device(root: Path) -> str:
    computing: tuple[str, ...] = ()
    with suppress(BuildError):  # a package of jobs alone has no outline
        computing = Project(root).outline.preload
    return resolve_device("auto", computing)


class Session(InProcess):
    """This process, one job after the other, which says how far it is. What was finished is kept, whatever happens next."""

    def __init__(self, stores: Stores, device: str):
        super().__init__(stores.cache, device)
        self._stores, self._progress = stores, Progress(0, {})

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        formatters.register(job.result_type for job in jobs)
        missing = self.lacking(jobs)
        self._stores.sources.remember()
        check_current(missing.values(), self.device)
        num_there = len({key(job, self.device) for job in jobs} - missing.keys())
        expected = {name: self.expected_seconds(job) for name, job in missing.items()}
        with progress(num_there, expected) as self._progress:
            return super().results(jobs, listener)

    def _submit(self, job: Job, future: Any, inputs: Any) -> None:
        self._progress.starts(job)
        super()._submit(job, future, inputs)
        if error := future.exception():  # whoever waits in front of it need not wait for the others
            raise error
        self._progress.finished(key(job, self.device))


def check_current(missing: Iterable[Job], device: str) -> None:
    """Raises BuildError where a job would be computed by code that was edited since it was imported: its result would be kept
    as that of the new code."""
    imports = interactive.imports
    modules = {name.rpartition(".")[0] for job in missing for name in parts_of(job, device)["code"]} if imports else ()
    if imports and (edited := sorted(filter(imports.is_outdated, modules))):
        which = ", ".join(f"{name.replace('.', '/')}.py" for name in edited)
        raise BuildError(
            f"{which} changed after this session imported it, and something is to be computed with it; restart the kernel and "
            "run again. What was computed is kept"
        )
