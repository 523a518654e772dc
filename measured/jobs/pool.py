"""Jobs to results: the cache first, then this process or workers.

``gather`` takes any tree of jobs and returns the same tree with results; jobs of all chapters form one graph, in which each key
is computed once.
"""

import contextlib
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import is_dataclass
from typing import Any, TypeVar, overload

from measured import interactive
from measured.jobs.cache import Cache, CacheError, Entry, check_annotated, check_storable, decode
from measured.jobs.job import Job, name_of, nested
from measured.jobs.keys import key, parts_of, root_of
from measured.jobs.run import run_encoded

R = TypeVar("R")
K = TypeVar("K")
L = TypeVar("L")
S = TypeVar("S")
T = TypeVar("T")


class JobError(RuntimeError):
    """A job failed; the message names the job and what was raised."""


class MissingError(LookupError):
    """A result is not in the cache, and this pool computes nothing."""


class Listener:
    """Hears how the jobs of one chapter get on. The base hears nothing."""

    def asked(self, job: Job, key: str, seconds: float) -> None:
        """``job`` is needed and expected to take ``seconds``."""

    def finished(self, job: Job, key: str, cached: bool, seconds: float) -> None:
        """The result of ``job`` is there; computing it took ``seconds``, now or when it was cached."""


class Pool:
    """Computes jobs, each key once, and keeps the results in a cache; of what is kept, it holds nothing in memory."""

    num_workers = 1
    turns: Mapping[str, int] = {}
    """By key, the place of a job in the order in which they are to be computed. One that is not in it is computed at once."""

    def __init__(self, cache: Cache, device: str = "cpu", force: bool = False):
        self.cache, self.device, self.force = cache, device, force
        self._lock = threading.RLock()
        self._futures: dict[str, Future[float]] = {}
        self._cached: set[str] = set()
        self._in_use: Counter[str] = Counter()

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        """Results of ``jobs``, in their order. Raises JobError for the first that fails."""
        keys: list[str] = []
        try:
            for job in sorted(jobs, key=lambda job: job.seconds, reverse=True):
                self._future(job, listener, keys)
            return [self._result(job) for job in jobs]
        finally:
            self._let_go(keys)

    def _result(self, job: Job) -> Any:
        future = self._futures[key(job, self.device)]
        try:
            future.result()
        except JobError as error:
            # One for each chapter that waits for it, as the traceback says where that chapter asked for it.
            raise JobError(*error.args) from error.__cause__
        return decode(self.encoded(job).blob, job.result_type)

    def encoded(self, job: Job) -> Entry:
        """The kept result of ``job``. Raises JobError where it is gone though it was there."""
        entry = self.cache.load(key(job, self.device))
        if entry is None:
            raise JobError(f"{name_of(job)}: its result vanished from {self.cache.folder} while the build ran; start it again")
        return entry

    def _future(self, job: Job, listener: Listener, keys: list[str]) -> "Future[float]":
        """The seconds that ``job`` took, to come when its result is kept; asks for what it builds on where it must."""
        name = key(job, self.device)
        with self._lock:
            keys.append(name)
            self._in_use[name] += 1
            future = self._futures.get(name)
            if future is None:
                future = self._futures[name] = Future()
                entry = None if self.force else self.cache.load(name)
                if entry:
                    self._cached.add(name)
                    future.set_result(entry.seconds)
                else:
                    try:
                        self._submit(job, future, [self._future(inner, listener, keys) for inner in nested(job)])
                    except BaseException as error:  # whoever else waits for it must hear of it
                        if not future.done():
                            future.set_exception(error)
                        raise
        listener.asked(job, name, self.expected_seconds(job))
        future.add_done_callback(
            lambda done: done.exception() or listener.finished(job, name, name in self._cached, done.result())
        )
        return future

    def lacking(self, jobs: Iterable[Job]) -> dict[str, Job]:
        """By key, what must be computed for ``jobs``: what the cache does not hold of them, and of what that builds on."""
        return reached(jobs, self.device, self.cache.holds)

    def expected_seconds(self, job: Job) -> float:
        """What the same job took before, or else its own estimate."""
        before = self.cache.previous(parts_of(job, self.device))
        return before[1] if before else job.seconds

    def _submit(self, job: Job, future: "Future[float]", inputs: "list[Future[float]]") -> None:
        raise NotImplementedError

    def _settle(self, job: Job, future: "Future[float]", compute: Callable[[], tuple[bytes, float]]) -> None:
        """Fill ``future`` after keeping what ``compute`` returns, or with what it raises."""
        try:
            blob, seconds = compute()
            self.cache.store(parts_of(job, self.device), blob, seconds)
        except CacheError as error:
            future.set_exception(error)
        except KeyboardInterrupt as error:  # by who types in a notebook, and wants no other job either
            future.set_exception(error)
            raise
        except BaseException as error:
            wrapped = error if isinstance(error, JobError) else JobError(f"{name_of(job)} failed: {error!r}")
            wrapped.__cause__ = error if wrapped is not error else error.__cause__
            future.set_exception(wrapped)
        else:
            future.set_result(seconds)

    def _let_go(self, keys: list[str]) -> None:
        """These results are no longer needed by whom asked for them; what nobody needs is released."""
        with self._lock:
            self._in_use.subtract(keys)
            for name in set(keys):
                if not self._in_use[name]:
                    # One that is still computed, as another job failed, may be asked for again before it is there.
                    self._futures[name].add_done_callback(lambda _, name=name: self._release_unused(name))

    def _release_unused(self, name: str) -> None:
        with self._lock:
            if not self._in_use[name]:
                del self._in_use[name]
                self._release(name)

    def _release(self, key: str) -> None:
        """Forget the result at ``key`` wherever this pool holds it besides the cache."""

    def close(self) -> None:
        """Release what the pool holds."""

    def kill(self) -> None:
        """Let nobody compute any more, at once."""


class InProcess(Pool):
    """One job after the other in the calling thread."""

    def _submit(self, job: Job, future: "Future[float]", inputs: "list[Future[float]]") -> None:
        def compute() -> tuple[bytes, float]:
            for item in inputs:
                item.result()
            entries = [self.encoded(inner) for inner in nested(job)]
            return run_encoded(job, self.device, *((entry.blob, entry.seconds) for entry in entries))

        self._settle(job, future, compute)


class OnlyCached(Pool):
    """What the cache holds and nothing else: the first job that is missing raises MissingError."""

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        entries = []
        for job in jobs:
            name = key(job, self.device)
            entry = self.cache.load(name)
            if entry is None:
                raise MissingError(name_of(job))
            listener.asked(job, name, entry.seconds)
            listener.finished(job, name, True, entry.seconds)
            entries.append(self._decoded(job, entry.blob))
        return entries

    def _decoded(self, job: Job, blob: bytes) -> Any:
        return decode(blob, job.result_type, job)


def reached(jobs: Iterable[Job], device: str, is_end: Callable[[str], bool] = lambda _: False) -> dict[str, Job]:
    """By key, the jobs and all that these build on, short of those whose key is an end."""
    found: dict[str, Job] = {}
    todo = list(jobs)
    while todo:
        job = todo.pop()
        name = key(job, device)
        if name not in found and not is_end(name):
            found[name] = job
            todo += nested(job)
    return found


class Rehearsal(Pool):
    """Answers every job with its placeholder and remembers what was asked: nothing is computed or stored."""

    def __init__(self, cache: Cache, device: str = "cpu"):
        super().__init__(cache, device)
        self.asked: dict[str, Job] = {}

    def results(self, jobs: list[Job], listener: Listener) -> list[Any]:
        for job in jobs:
            self._ask(job)
        made_up = [job.placeholder() for job in jobs]
        for result in made_up:
            check_storable(result)
        return made_up

    def _ask(self, job: Job) -> None:
        name = key(job, self.device)
        if name in self.asked:
            return
        self.asked[name] = job
        check_annotated(job.result_type)
        job.check()
        for inner in nested(job):
            self._ask(inner)

    def missing(self) -> dict[str, Job]:
        """The jobs that a build would compute: asked for, not in the cache, and needed by one that is not."""
        inner = {key(item, self.device) for job in self.asked.values() for item in nested(job)}
        return self.lacking(job for name, job in self.asked.items() if name not in inner)


_current: ContextVar[tuple[Pool, Listener] | None] = ContextVar("pool", default=None)


@contextlib.contextmanager
def using(pool: Pool, listener: Listener | None = None) -> Iterator[None]:
    """``gather`` in this thread computes in ``pool`` and tells ``listener``."""
    token = _current.set((pool, listener or Listener()))
    try:
        yield
    finally:
        _current.reset(token)


@overload
def gather(tree: Job[R]) -> R: ...
@overload
def gather(tree: tuple[Job[R], Job[S]]) -> tuple[R, S]: ...
@overload
def gather(tree: tuple[Job[R], Job[S], Job[T]]) -> tuple[R, S, T]: ...
@overload
def gather(tree: tuple[Job[R], *tuple[Job[S], ...]]) -> tuple[R, *tuple[S, ...]]: ...
@overload
def gather(tree: tuple[Job[R], ...]) -> tuple[R, ...]: ...
@overload
def gather(tree: Sequence[Job[R]]) -> list[R]: ...
@overload
def gather(tree: Mapping[K, Job[R]]) -> dict[K, R]: ...
@overload
def gather(tree: Mapping[K, Sequence[Job[R]]]) -> dict[K, list[R]]: ...
@overload
def gather(tree: Mapping[K, Mapping[L, Job[R]]]) -> dict[K, dict[L, R]]: ...
@overload
def gather(tree: Mapping[K, Mapping[L, Sequence[Job[R]]]]) -> dict[K, dict[L, list[R]]]: ...
@overload
def gather(tree: Any) -> Any: ...
def gather(tree: Any) -> Any:
    """The same tree of dicts, lists and tuples with each job replaced by its result.

    Outside a build (a notebook, a script) jobs run in this process and say how far they are, with the cache folder of the
    project that the first job comes from.
    """
    jobs: list[Job] = []

    def collect(node: Any) -> None:
        if isinstance(node, Job):
            _check_frozen(node)
            jobs.append(node)
        elif isinstance(node, Mapping | list | tuple):
            for item in node.values() if isinstance(node, Mapping) else node:
                collect(item)
        else:
            _check_no_jobs(node)

    collect(tree)
    if not jobs:
        return tree
    pool, listener = _current.get() or (interactive.pool(root_of(type(jobs[0]))), Listener())
    results = iter(pool.results(jobs, listener))

    def fill(node: Any) -> Any:
        if isinstance(node, Job):
            return next(results)
        if isinstance(node, Mapping):
            return {name: fill(item) for name, item in node.items()}
        if isinstance(node, list | tuple):
            filled = [fill(item) for item in node]
            return type(node)(*filled) if hasattr(node, "_fields") else type(node)(filled)
        return node

    return fill(tree)


def _check_no_jobs(node: Any) -> None:
    """What is handed back as it is must hide no job."""
    if isinstance(node, type) and issubclass(node, Job):
        raise ValueError(f"gather was given the class {node.__name__}; give it jobs, such as {node.__name__}(seed)")
    if isinstance(node, Iterator | Set):
        raise ValueError(
            f"gather was given a {type(node).__name__}; give it jobs in lists, tuples and dicts: write [...] around what "
            "makes them"
        )
    if hasattr(node, "compute") and is_dataclass(node):
        name = type(node).__name__
        raise ValueError(f"{name} computes but is no job; derive it from Job: class {name}(Job[...])")


def _check_frozen(job: Job) -> None:
    kind = type(job)
    if "__dataclass_fields__" not in vars(kind) and (lost := inspect.get_annotations(kind)):
        raise ValueError(
            f"the fields of {kind.__name__} ({', '.join(lost)}) are none; write @dataclass(frozen=True) above its class"
        )
    try:
        hash(job)
    except TypeError as error:
        raise ValueError(
            f"{name_of(job)}: {error}; a job and what it holds are frozen, @dataclass(frozen=True), with tuples for lists"
        ) from None
