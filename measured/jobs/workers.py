"""Single-threaded worker processes of ``dask.distributed``: local ones, or those of a running scheduler."""

import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from measured.jobs import remote
from measured.jobs.cache import Cache
from measured.jobs.job import Job, nested
from measured.jobs.keys import key
from measured.jobs.pool import Pool
from measured.jobs.run import ONE_THREAD

# Dask's default lets malloc give memory back after every step, which costs what makes large arrays in every step a third of its
# speed.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    **ONE_THREAD,
}


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What starts here does not hear Ctrl-C, which a terminal sends to all of a process group: the build does, and ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _silence_what_tidies_up() -> None:
    """Start the process that tidies up after this one so that it does so without a word, also after Ctrl-C."""
    from multiprocessing import resource_tracker

    sys.warnoptions.append("ignore::UserWarning")  # handed to the process as its command line
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


class ClusterError(ValueError):
    """The scheduler given with --cluster cannot be used; the message says why."""


class Workers(Pool):
    """Computes jobs in worker processes, which pass results on among themselves."""

    def __init__(self, cache: Cache, code: remote.Code, device: str = "cpu", force: bool = False):
        super().__init__(cache, device, force)
        self._code = code
        self._held: dict[str, Any] = {}
        """Dask's futures by key, of results that are computed or wait on workers for the jobs that build on them."""
        self._client: Any = None
        self._cluster: Any = None

    @classmethod
    def local(cls, cache: Cache, code: remote.Code, num_workers: int, preload: Sequence[str] = (), **options: Any) -> "Workers":
        """Worker processes of this machine, which import the modules ``preload`` before the first job comes."""
        import dask.config
        from distributed import Client, LocalCluster

        pool = cls(cache, code, **options)
        pool.num_workers = num_workers
        settings = {
            "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
            "distributed.worker.preload": list(preload),
            # Or Dask keeps back some tasks without inputs until the workers have nothing else to do, whatever their priority.
            "distributed.scheduler.worker-saturation": float("inf"),
        }
        _silence_what_tidies_up()  # first, as starting it opens the ears of this thread
        with _deaf_to_interrupts(), dask.config.set(settings):
            pool._cluster = LocalCluster(
                n_workers=num_workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
            )
            pool._client = Client(pool._cluster, set_as_default=False)
        return pool

    @classmethod
    def of_cluster(cls, cache: Cache, code: remote.Code, address: str, versions: dict[str, str], **options: Any) -> "Workers":
        """The workers of the Dask scheduler at ``address``.

        Raises ClusterError where none answers, or where they could change results.
        """
        from distributed import Client

        pool = cls(cache, code, **options)
        try:
            pool._client = Client(address, timeout=5, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address!r} ({error}); expected the address of a running one, like "
                "tcp://127.0.0.1:8786 (start it with 'dask scheduler'), or leave --cluster out to use this machine"
            ) from error
        try:
            remote.install(pool._client, code, versions)
        except ValueError as error:
            pool._client.close()
            raise ClusterError(str(error)) from error
        pool.num_workers = len(pool._client.nthreads())
        return pool

    def _submit(self, job: Job, future: "Future[float]", inputs: "list[Future[float]]") -> None:
        if failed := next((item for item in inputs if item.done() and item.exception()), None):
            self._settle(job, future, failed.result)  # pyright: ignore[reportArgumentType]  # it raises
            return
        name = key(job, self.device)
        arguments = [self._held.get(key(inner, self.device)) or self._send(inner) for inner in nested(job)]
        entry_point = remote.run if self._cluster else remote.entry_point()
        task = self._client.submit(
            entry_point,
            remote.source_digest(self._code),
            self._code if self._cluster else self._code.packages,
            pickle.dumps(job),
            self.device,
            *arguments,
            key=f"{type(job).__name__}-{name}",
            priority=self._priority(job, name),
            pure=False,
        )
        self._held[name] = task
        task.add_done_callback(lambda done: self._settle(job, future, done.result))

    def _priority(self, job: Job, name: str) -> float:
        """Dask takes the largest: by turns, and of what was not foreseen and somebody waits for, the longest."""
        return -self.turns[name] if name in self.turns else job.seconds

    def _send(self, job: Job) -> Any:
        """A cached result on the workers, sent once however many jobs need it."""
        entry = self.encoded(job)
        sent = self._held[key(job, self.device)] = self._client.scatter((entry.blob, entry.seconds), hash=False)
        return sent

    def _release(self, key: str) -> None:
        self._held.pop(key, None)

    def close(self) -> None:
        self._client.close()
        if self._cluster:
            self._cluster.close()

    def kill(self) -> None:
        for nanny in self._cluster.workers.values() if self._cluster else ():
            if nanny.process is not None and nanny.process.pid is not None:
                os.kill(nanny.process.pid, signal.SIGKILL)
