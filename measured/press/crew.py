"""Whoever computes a build's jobs: workers that start while chapters are read, and end with the build."""

import contextlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from measured.errors import BuildError
from measured.jobs.pool import InProcess, Pool
from measured.jobs.remote import Code
from measured.options import Options
from measured.press.stores import Stores
from measured.project import Project


class TimeUp(Exception):
    """The time that a build was given is over; what was finished is kept."""


class Crew:
    """Whoever computes: workers that are started in a thread and ended with the block, whatever happens in it."""

    def __init__(self, project: Project, options: Options, stores: Stores):
        self._project, self._options, self._stores = project, options, stores
        self._starting: Future[Pool] | None = None
        self._closing: threading.Thread | None = None

    def start(self, versions: Mapping[str, str] | None = None) -> None:
        """Begin to start the workers; those of a cluster must have these ``versions`` of what computes."""
        self._starting = starting = Future()

        def start() -> None:
            try:
                starting.set_result(self._hire(versions or {}))
            except BaseException as error:
                starting.set_exception(error)

        threading.Thread(target=start, name="start workers", daemon=True).start()

    def hired(self, versions: Mapping[str, str]) -> Pool:
        """The workers, as soon as they are there. Raises BuildError where --cluster cannot be used."""
        if self._starting is None:
            self.start(versions)
        assert self._starting is not None
        return self._starting.result()

    def alone(self) -> Pool:
        """This process, which need not wait for workers."""
        return InProcess(self._stores.cache, force=self._options.force)

    def dismiss(self) -> None:
        """Begin to end the workers."""
        if self._starting and not self._closing:
            self._closing = threading.Thread(target=self._close, name="close workers")
            self._closing.start()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind in (KeyboardInterrupt, GeneratorExit, TimeUp):  # whoever listens has stopped listening, and waits for nothing
            if self._starting and self._starting.done() and not self._starting.exception():
                self._starting.result().kill()
            return
        self.dismiss()
        if self._closing:
            self._closing.join()

    def _close(self) -> None:
        assert self._starting is not None
        with contextlib.suppress(Exception):  # what went wrong at the start was raised where the workers were needed
            self._starting.result().close()

    def _hire(self, versions: Mapping[str, str]) -> Pool:
        options, cache = self._options, self._stores.cache
        if options.workers == 0:
            return self.alone()
        from measured.jobs.workers import ClusterError, Workers

        code = code_of(self._project)
        if not options.cluster:
            preload = self._project.outline.preload
            return Workers.local(cache, code, options.workers or num_cores(), preload, force=options.force)
        try:
            return Workers.of_cluster(cache, code, options.cluster, dict(versions), force=options.force)
        except ClusterError as error:
            raise BuildError(f"--cluster {options.cluster}: {error}") from error


def num_cores() -> int:
    """Processors that this process may use; containers and affinities count."""
    from dask.system import CPU_COUNT

    return CPU_COUNT


def code_of(project: Project) -> Code:
    """What workers get of the project."""
    return Code(project.root, project.packages)
