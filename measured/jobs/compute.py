"""Jobs to results: the cache first, then local workers or a cluster.

A job is a frozen dataclass that says everything that determines its result. Jobs nest: ``Spectrum(of=Train(...))``
computes from the result of the training in its field. ``gather`` takes any tree of jobs and returns the same
tree with results; jobs of all chapters form one graph, in which each key is computed once.
"""

import contextlib
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

from measured.jobs import remote
from measured.jobs.cache import Cache, Parts, decode, encode, key_of
from measured.jobs.source import Project

ROOT = Path(__file__).parents[2]
COMPUTING_DISTRIBUTIONS = ("torch", "numpy", "scipy", "scikit-learn")


class Job:
    """Base of all jobs; subclasses are frozen dataclasses.

    Fields are numbers, strings, None, tuples, other frozen dataclasses and jobs. The return annotation of ``compute``
    names the type of the result: a frozen dataclass of NumPy arrays and scalars.
    """

    def compute(self, *inputs: Any) -> Any:
        """The result, from the results of the jobs in the fields, in the order of the fields."""
        raise NotImplementedError

    def placeholder(self) -> Any:
        """A made-up result with the right shapes, with which a chapter is rehearsed before anything is trained."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """Roughly how long it takes on one worker: decides what is submitted first and feeds the forecast."""
        return 1.0


class ComputeError(RuntimeError):
    """A job failed; the message names the job and what was raised."""


class ClusterError(ValueError):
    """The scheduler given with --cluster cannot be used; the message says why."""


# ---------------------------------------------------------------------------------------------------------------------
# What a job is made of


def nested(value: Any) -> tuple[Job, ...]:
    """The jobs in the fields of ``value``, outermost only, in the order of the fields."""
    if isinstance(value, tuple):
        return tuple(job for item in value for job in ([item] if isinstance(item, Job) else nested(item)))
    if is_dataclass(value):
        return nested(tuple(getattr(value, field.name) for field in fields(value)))
    return ()


def specification(value: Any) -> Any:
    """What ``value`` says, as JSON-ready data that differs wherever two jobs could differ."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [specification(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"": name} | {field.name: specification(getattr(value, field.name)) for field in fields(value)}
    raise ValueError(
        f"a job cannot hold a {type(value).__name__} ({value!r:.60}); use numbers, strings, tuples and frozen dataclasses"
    )


def _parts_inside(job: Job) -> Iterator[Any]:
    """``job`` and the dataclasses in its fields, short of the jobs that it builds on."""
    todo: list[Any] = [job]
    while todo:
        value = todo.pop()
        if isinstance(value, tuple):
            todo += [item for item in value if not isinstance(item, Job)]
        elif is_dataclass(value):
            yield value
            todo += [item for field in fields(value) if not isinstance(item := getattr(value, field.name), Job)]


@lru_cache(maxsize=1)
def computing_versions() -> dict[str, str]:
    """Versions of the distributions that compute, as they are part of every key."""
    return {name: version(name) for name in COMPUTING_DISTRIBUTIONS}


_read_already: list[Project] = []


def project() -> Project:
    """The source that results of this process come from, read once."""
    if not _read_already:
        _read_already.append(Project(ROOT))
    return _read_already[0]


def use_source(read: Project) -> None:
    """Make keys from what ``read`` has read, so that they say what was there before it was imported."""
    _read_already[:] = [read]
    _code_of.cache_clear()
    parts_of.cache_clear()


@cache
def _code_of(types: tuple[type, ...]) -> dict[str, str]:
    return project().reached((kind.__module__, kind.__qualname__) for kind in types)


@cache
def parts_of(job: Job, device: str) -> Parts:
    """Everything that determines the result of ``job`` on ``device``; its digest is the key."""
    inside = list(_parts_inside(job))
    types = tuple(sorted({type(value) for value in inside}, key=lambda kind: (kind.__module__, kind.__qualname__)))
    return {
        "job": specification(job),
        "code": _code_of(types),
        "data": {k: v for value in inside if hasattr(value, "checksums") for k, v in value.checksums().items()},
        "versions": computing_versions(),
        "device": device,
        "needs": [key_of(parts_of(inner, device)) for inner in nested(job)],
    }


def result_type(job: Job) -> type:
    """The type that ``job.compute`` is annotated to return."""
    kind = get_type_hints(type(job).compute).get("return")
    if not is_dataclass(kind):
        raise ValueError(f"{type(job).__name__}.compute must be annotated with the frozen dataclass that it returns")
    return kind  # pyright: ignore[reportReturnType]


def run_encoded(job: Job, device: str, *inputs: tuple[bytes, float]) -> tuple[bytes, float]:
    """Compute ``job`` from encoded inputs on one thread; the encoded result and the seconds it took."""
    import torch
    from threadpoolctl import threadpool_limits

    results = [decode(blob, result_type(inner)) for inner, (blob, _) in zip(nested(job), inputs, strict=True)]
    threads, started = torch.get_num_threads(), time.perf_counter()
    torch.set_num_threads(1)  # reductions change with the number of threads, and bytes must not
    try:
        with threadpool_limits(1), torch.device(device):
            blob = encode(job.compute(*results))
    finally:
        torch.set_num_threads(threads)
    return blob, time.perf_counter() - started


# ---------------------------------------------------------------------------------------------------------------------
# Where jobs run


class Listener:
    """Hears how the jobs of one chapter get on. The base hears nothing."""

    def asked(self, job: Job, key: str, seconds: float) -> None:
        """``job`` is needed and expected to take ``seconds``."""

    def finished(self, job: Job, key: str, cached: bool, seconds: float) -> None:
        """The result of ``job`` is there; computing it took ``seconds``, now or when it was cached."""


class Pool:
    """Computes jobs, each key once, and keeps the results in a cache."""

    def __init__(self, cache: Cache, device: str = "cpu", force: bool = False):
        self.cache, self.device, self.force = cache, device, force
        self._lock = threading.RLock()
        self._futures: dict[str, Future] = {}
        self._cached: set[str] = set()

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        """Results of ``jobs``, in their order. Raises ComputeError for the first that fails."""
        for job in sorted(jobs, key=lambda job: job.seconds, reverse=True):
            self._future(job, listener)
        return [decode(self._future(job, Listener()).result()[0], result_type(job)) for job in jobs]

    def _future(self, job: Job, listener: Listener) -> Future:
        """The encoded result of ``job`` and its seconds, to come; asks for what it builds on where it must."""
        parts = parts_of(job, self.device)
        key = key_of(parts)
        with self._lock:
            future = self._futures.get(key)
            if future is None:
                future = self._futures[key] = Future()
                entry = None if self.force else self.cache.load(key)
                if entry:
                    self._cached.add(key)
                    future.set_result((entry.blob, entry.seconds))
                else:
                    self._submit(job, parts, future, [self._future(inner, listener) for inner in nested(job)])
        listener.asked(job, key, self.expected_seconds(job))
        future.add_done_callback(
            lambda done: done.exception() or listener.finished(job, key, key in self._cached, done.result()[1])
        )
        return future

    def expected_seconds(self, job: Job) -> float:
        """What the same job took before, or else its own estimate."""
        before = self.cache.previous(parts_of(job, self.device))
        return before[1] if before else job.seconds

    def _submit(self, job: Job, parts: Parts, future: Future, inputs: list[Future]) -> None:
        raise NotImplementedError

    def _settle(self, job: Job, parts: Parts, future: Future, compute: Callable[[], tuple[bytes, float]]) -> None:
        """Fill ``future`` with what ``compute`` returns or raises, after keeping it."""
        try:
            blob, seconds = compute()
            self.cache.store(parts, blob, seconds)
        except Exception as error:
            wrapped = error if isinstance(error, ComputeError) else ComputeError(f"{name_of(job)} failed: {error!r}")
            wrapped.__cause__ = error if wrapped is not error else error.__cause__
            future.set_exception(wrapped)
        else:
            future.set_result((blob, seconds))

    def close(self) -> None:
        """Release what the pool holds."""


def name_of(job: Job) -> str:
    """A job as one short line for messages."""
    text = repr(job)
    return text if len(text) <= 160 else text[:157] + "..."


class InProcess(Pool):
    """One job after the other in the calling thread: for debugging, and for ``run()`` in a notebook."""

    def _submit(self, job: Job, parts: Parts, future: Future, inputs: list[Future]) -> None:
        self._settle(job, parts, future, lambda: run_encoded(job, self.device, *(item.result() for item in inputs)))


class Workers(Pool):
    """Single-threaded worker processes of ``dask.distributed``: local ones, or those of a running scheduler."""

    # Dask's default lets malloc give memory back after every step, which costs a CNN a third of its speed.
    ENVIRONMENT = {
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "MALLOC_TOP_PAD_": "67108864",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }

    # Imported while the building process rehearses, not when the first job comes; optimizers import Dynamo at their first step.
    PRELOADED = ["lab.training", "torch._dynamo"]

    def __init__(self, cache: Cache, device: str = "cpu", force: bool = False, *, num_workers: int = 2, address: str = ""):
        super().__init__(cache, device, force)
        import dask.config
        from distributed import Client, LocalCluster

        self._cluster = None
        if address:
            try:
                self._client = Client(address, timeout=5, set_as_default=False)
            except (OSError, ValueError, TypeError) as error:
                raise ClusterError(
                    f"no Dask scheduler answers at {address!r} ({error}); expected the address of a running one, like "
                    "tcp://127.0.0.1:8786 (start it with 'dask scheduler'), or leave --cluster out to use this machine"
                ) from error
            remote.install(self._client, ROOT, computing_versions())
        else:
            settings = {"distributed.nanny.pre-spawn-environ": self.ENVIRONMENT, "distributed.worker.preload": self.PRELOADED}
            with dask.config.set(settings):
                self._cluster = LocalCluster(
                    n_workers=num_workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",
                    silence_logs=50,
                )
                self._client = Client(self._cluster, set_as_default=False)
        self._entry_point = remote.entry_point() if address else remote.run_pickled
        self._submitted: dict[int, Any] = {}

    def _submit(self, job: Job, parts: Parts, future: Future, inputs: list[Future]) -> None:
        key = key_of(parts)
        arguments = [self._submitted.get(id(item)) or self._client.scatter(item.result(), hash=False) for item in inputs]
        task = self._client.submit(
            self._entry_point,
            remote.source_digest(ROOT),
            pickle.dumps(job),
            self.device,
            *arguments,
            key=f"{type(job).__name__}-{key}",
            priority=int(job.seconds * 100),
            pure=False,
        )
        self._submitted[id(future)] = task
        task.add_done_callback(lambda done: self._settle(job, parts, future, done.result))

    def close(self) -> None:
        self._client.close()
        if self._cluster:
            self._cluster.close()


class Rehearsal(Pool):
    """Answers every job with its placeholder and remembers what was asked: nothing is computed or stored."""

    def __init__(self, cache: Cache, device: str = "cpu"):
        super().__init__(cache, device)
        self.asked: dict[str, Job] = {}

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        for job in jobs:
            self._ask(job)
        return [job.placeholder() for job in jobs]

    def _ask(self, job: Job) -> None:
        self.asked[key_of(parts_of(job, self.device))] = job
        for inner in nested(job):
            self._ask(inner)

    def missing(self) -> dict[str, Job]:
        """The jobs that a build would compute: asked for, not in the cache, and needed by one that is not."""
        missing: dict[str, Job] = {}
        inner = {key_of(parts_of(item, self.device)) for job in self.asked.values() for item in nested(job)}
        todo = [job for key, job in self.asked.items() if key not in inner]
        while todo:
            job = todo.pop()
            key = key_of(parts_of(job, self.device))
            if key not in missing and not self.cache.holds(key):
                missing[key] = job
                todo += nested(job)
        return missing


_current: ContextVar[tuple[Pool, Listener] | None] = ContextVar("pool", default=None)


@contextlib.contextmanager
def using(pool: Pool, listener: Listener | None = None) -> Iterator[None]:
    """``gather`` in this thread computes in ``pool`` and tells ``listener``."""
    token = _current.set((pool, listener or Listener()))
    try:
        yield
    finally:
        _current.reset(token)


def gather(tree: Any) -> Any:
    """The same tree of dicts, lists and tuples with each job replaced by its result.

    Outside a build (a notebook, a test) jobs run in this process, with the project's own cache folder.
    """
    pool, listener = _current.get() or (InProcess(Cache(ROOT / "cache")), Listener())
    jobs: list[Job] = []

    def collect(node: Any) -> None:
        if isinstance(node, Job):
            jobs.append(node)
        elif isinstance(node, dict | list | tuple):
            for item in node.values() if isinstance(node, dict) else node:
                collect(item)

    collect(tree)
    results = iter(pool.results(jobs, listener))

    def fill(node: Any) -> Any:
        if isinstance(node, Job):
            return next(results)
        if isinstance(node, dict):
            return {name: fill(item) for name, item in node.items()}
        if isinstance(node, list | tuple):
            return type(node)(fill(item) for item in node)
        return node

    return fill(tree)


def resolve_device(choice: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``; ValueError where CUDA is asked for and is not there."""
    import torch

    available = torch.cuda.is_available()
    if choice == "cuda" and not available:
        raise ValueError("no CUDA device is available to torch here; use --device cpu or --device auto")
    return ("cuda" if available else "cpu") if choice == "auto" else choice
