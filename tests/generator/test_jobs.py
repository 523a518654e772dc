"""Jobs become results once, wherever they run."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from distributed import LocalCluster

from measured.jobs import Job, gather, keys, pool
from measured.jobs.cache import Cache
from measured.jobs.job import specification
from measured.jobs.keys import key, parts_of
from measured.jobs.pool import InProcess, JobError, Listener, MissingError, OnlyCached, Rehearsal, using
from measured.jobs.remote import Code
from measured.jobs.source import Reached, Sources
from measured.jobs.workers import ENVIRONMENT, ClusterError, Workers
from tests.generator.cases import ROOT, Failing, Powers, Threads, Total

CODE = Code(ROOT, ("tests",))


class Heard(Listener):
    """Remembers what it was told."""

    def __init__(self):
        self.asked_for, self.done = [], []

    def asked(self, job, key, seconds):
        self.asked_for.append(job)

    def finished(self, job, key, cached, seconds):
        self.done.append((job, cached))


class Pair(NamedTuple):
    """Two things with names."""

    job: Any
    word: str


def test_jobs_are_found_in_any_mapping_and_in_named_tuples(cache):
    """None is handed back as it was asked for, without a word."""
    with using(InProcess(cache)):
        mapping = gather(MappingProxyType({"a": Powers(2.0)}))
        assert list(mapping["a"].values) == [1, 2, 4]
        assert list(gather(Pair(Powers(2.0), "text")).job.values) == [1, 2, 4]


def test_tree_keeps_its_shape(cache):
    """Dicts, lists, tuples and what is no job come back as they were."""
    with using(InProcess(cache)):
        tree = gather({"a": [Powers(2.0), "text"], "b": (Total(Powers(2.0)), 3)})
    np.testing.assert_array_equal(tree["a"][0].values, [1, 2, 4])
    assert tree["a"][1] == "text" and tree["b"][1] == 3 and tree["b"][0].values[0] == 7


def test_each_key_is_computed_once(cache, monkeypatch):
    """A job asked for twice, or inside another, runs once."""
    calls = []
    original = pool.run_encoded
    monkeypatch.setattr(pool, "run_encoded", lambda job, *rest: (calls.append(job), original(job, *rest))[1])
    with using(InProcess(cache)):
        gather([Powers(3.0), Total(Powers(3.0)), Powers(3.0)])
    assert sorted(type(job).__name__ for job in calls) == ["Powers", "Total"]


def test_second_pool_takes_everything_from_the_cache(cache):
    """What was computed is not computed again, and what a cached job needs is not even asked for."""
    with using(InProcess(cache)):
        gather(Total(Powers(2.0)))
    heard = Heard()
    with using(InProcess(cache), heard):
        gather(Total(Powers(2.0)))
    assert heard.done == [(Total(Powers(2.0)), True)]


def test_force_computes_again(cache):
    """A forced pool does not read the cache."""
    with using(InProcess(cache)):
        gather(Powers(2.0))
    heard = Heard()
    with using(InProcess(cache, force=True), heard):
        gather(Powers(2.0))
    assert heard.done == [(Powers(2.0), False)]


def test_damaged_entry_is_recomputed(cache):
    """A flipped byte costs a computation, not a wrong number."""
    with using(InProcess(cache)):
        gather(Powers(2.0))
    value = next(cache.folder.rglob("value.safetensors"))
    value.write_bytes(value.read_bytes()[:-1] + b"\xff")
    with using(InProcess(cache)):
        assert list(gather(Powers(2.0)).values) == [1, 2, 4]


def test_failure_names_the_job(cache):
    """The message says which job and what it raised, and others go on."""
    pool = InProcess(cache)
    with using(pool), pytest.raises(JobError, match=r"Failing\(reason='no'\) failed: ArithmeticError\('no'\)"):
        gather([Powers(2.0), Failing("no")])
    with using(pool):
        assert list(gather(Powers(2.0)).values) == [1, 2, 4]


def test_rehearsal_computes_nothing_and_sees_everything(cache):
    """Placeholders come back, and what a build would compute is known, nested jobs included."""
    rehearsal = Rehearsal(cache)
    with using(rehearsal):
        assert list(gather(Total(Powers(2.0))).values) == [1.0]
    assert set(rehearsal.missing().values()) == {Total(Powers(2.0)), Powers(2.0)}
    assert not cache.folder.exists()


def test_rehearsal_counts_what_the_cache_lacks(cache):
    """A cached job is not missing, nor what only it needs."""
    with using(InProcess(cache)):
        gather(Total(Powers(2.0)))
    rehearsal = Rehearsal(cache)
    with using(rehearsal):
        gather([Total(Powers(2.0)), Total(Powers(5.0))])
    assert set(rehearsal.missing().values()) == {Total(Powers(5.0)), Powers(5.0)}


def test_pool_of_the_cache_alone_computes_nothing(cache):
    """What is kept comes back; the first job that is not there is named."""
    with using(InProcess(cache)):
        gather(Powers(2.0))
    heard = Heard()
    with using(OnlyCached(cache), heard):
        assert list(gather([Powers(2.0)])[0].values) == [1, 2, 4]
        with pytest.raises(MissingError, match="Powers.base=3.0"):
            gather([Powers(2.0), Powers(3.0)])
    assert heard.done[0] == (Powers(2.0), True) and len(cache.keys()) == 1


def test_pool_holds_no_result_in_memory(cache):
    """What was computed stands in the cache; the pool remembers that it is there, and how long it took."""
    pool = InProcess(cache)
    with using(pool):
        gather([Total(Powers(2.0)), Powers(2.0)])
    assert not pool._in_use and all(isinstance(future.result(), float) for future in pool._futures.values())


def test_what_still_runs_is_held_until_it_is_there(cache):
    """A chapter that fails lets go of jobs that are being computed; whoever asks for one meanwhile still gets it from there."""

    class Later(InProcess):
        running: list[Callable[[], None]] = []
        released: list[str] = []

        def _submit(self, job, future, inputs):
            submit = super()._submit
            if isinstance(job, Failing):
                submit(job, future, inputs)
            else:
                self.running.append(lambda: submit(job, future, inputs))

        def _release(self, key):
            self.released.append(key)

    later = Later(cache)
    failing, slow = Failing("no"), Powers(5.0)
    with pytest.raises(JobError):
        later.results([failing, slow], Listener())
    assert later.released == [keys.key(failing, "cpu")]
    later.running.pop()()
    assert later.released == [keys.key(failing, "cpu"), keys.key(slow, "cpu")]


def test_jobs_compute_on_one_thread(cache):
    """Sums depend on the number of threads, so that a job has one, whatever libraries are there."""
    with using(InProcess(cache)):
        found = gather(Threads())
    assert set(found.values) == {1}


def test_job_with_a_list_is_refused():
    """Mutable fields have no key; the message says what to use."""

    @dataclass(frozen=True)
    class Listing(Job):
        items: list

    with pytest.raises(ValueError, match=r"Listing.items cannot hold a list \(\[1\]\); write a tuple"):
        specification(Listing([1]))


def test_job_that_is_not_frozen_is_refused():
    """With what to write instead, before anything is computed."""

    @dataclass
    class Loose(Job[Any]):
        number: int

    with pytest.raises(ValueError, match=r"Loose\(number=1\): unhashable type: 'Loose'; .*@dataclass\(frozen=True\)"):
        gather([Loose(1)])


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Two local worker processes with a cache of their own."""
    pool = Workers.local(Cache(tmp_path_factory.mktemp("workers")), CODE, 2)
    yield pool
    pool.close()


JOBS = [Total(Powers(base, 200)) for base in (0.7, 0.8, 0.9)]


@pytest.mark.filterwarnings("ignore")
def test_workers_give_the_same_bytes_as_this_process(workers, cache):
    """One worker, two or none: the files in the cache are identical."""
    with using(workers):
        gather(JOBS)
    with using(InProcess(cache)):
        gather(JOBS[::-1])
    for job in JOBS:
        here, there = (kept.load(key(job, "cpu")) for kept in (cache, workers.cache))
        assert here and there and here.blob == there.blob


@pytest.mark.filterwarnings("ignore")
def test_workers_report_failures_and_nested_results(workers):
    """A result that another job needs goes from worker to worker; an error comes home with its job's name."""
    with using(workers):
        assert gather([Total(Powers(2.0))])[0].values[0] == 7
        with pytest.raises(JobError, match="Failing.*ArithmeticError"):
            gather(Failing("no"))


@pytest.mark.filterwarnings("ignore")
def test_workers_are_tuned(workers):
    """Workers run on one thread, and malloc keeps its memory (Dask's default gives it back after every step)."""
    import os

    found = workers._client.run(lambda: {name: os.environ.get(name) for name in ENVIRONMENT})
    assert all(environment == ENVIRONMENT for environment in found.values())


@pytest.mark.filterwarnings("ignore")
def test_no_job_is_kept_back_from_the_workers(workers):
    """Dask's queue would hold the first jobs of every chapter until all others are done, whatever their turn."""
    assert workers._cluster.scheduler.WORKER_SATURATION == float("inf")


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler with one worker, started by hand in a folder that knows nothing of the project."""
    file = tmp_path / "scheduler.json"
    scheduler = [
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        file,
    ]
    worker = ["distributed.cli.dask_worker", "--scheduler-file", file, "--nthreads", "1", "--no-dashboard"]
    processes = []
    try:
        for arguments in (scheduler, worker):
            processes.append(subprocess.Popen([sys.executable, "-m", *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL))
            while not file.exists():
                time.sleep(0.1)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in processes[::-1]:
            process.terminate()
            process.wait()


# In a process of its own: what jaxtyping does to modules here cannot be sent to a worker.
ON_A_CLUSTER = """
import os
import pickle
import stat
import sys
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.keys import parts_of
from measured.jobs.pool import using
from measured.jobs.remote import entry_point
from measured.jobs.workers import Workers
from tests.generator.test_jobs import CODE, JOBS
pool = Workers.of_cluster(Cache(sys.argv[2]), CODE, sys.argv[1], parts_of(JOBS[0], "cpu")["versions"])
with using(pool):
    gather(JOBS[0])
print(*pool._client.run(lambda: __import__("tests").__file__).values())
print(*pool._client.run(lambda: oct(os.stat(sys.path[0]).st_mode & 0o777)).values())
try:
    pool._client.submit(entry_point(), "another", CODE.packages, pickle.dumps(JOBS[0]), "cpu").result()
except RuntimeError as error:
    print(error)
pool.close()
"""


def test_cluster_computes_with_our_source(cache, cluster, tmp_path):
    """Workers that never saw the project get its source, compute the same bytes, and refuse another source."""
    command = [sys.executable, "-c", ON_A_CLUSTER, cluster, str(tmp_path / "theirs")]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert outcome.returncode == 0, outcome.stderr
    where, mode, refusal = outcome.stdout.splitlines()
    assert str(ROOT) not in where and "measured-source-" in where
    assert mode == "0o700"  # nobody else can leave a module there
    assert "source changed while the build ran" in refusal
    with using(InProcess(cache)):
        gather(JOBS[0])
    here, there = (kept.load(key(JOBS[0], "cpu")) for kept in (cache, Cache(tmp_path / "theirs")))
    assert here and there and here.blob == there.blob


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("threads, message", [(0, "has no workers after"), (2, "has 2 threads.*--nthreads 1")])
def test_cluster_that_could_change_results_is_refused(cache, monkeypatch, threads, message):
    """Without workers a build would wait for ever; with several threads in one, sums would depend on them."""
    monkeypatch.setattr("measured.jobs.remote.WAIT_FOR_WORKERS", 1)
    with LocalCluster(
        n_workers=1 if threads else 0, threads_per_worker=threads or 1, processes=False, dashboard_address=":0"
    ) as there:
        with pytest.raises(ValueError, match=message):
            Workers.of_cluster(cache, CODE, str(there.scheduler_address), {})  # pyright: ignore[reportAttributeAccessIssue]


# The worker that comes later is started where the project is, so that nothing else could stop it.
A_LATER_WORKER = """
import subprocess
import sys
import time
from measured.jobs.cache import Cache
from measured.jobs.versions import of_libraries
from measured.jobs.workers import Workers
from tests.generator.test_jobs import CODE
pool = Workers.of_cluster(Cache(sys.argv[2]), CODE, sys.argv[1], of_libraries(["numpy"], {}))
arguments = [sys.argv[1], "--nthreads", sys.argv[3], "--no-dashboard", "--no-nanny", "--local-directory", sys.argv[2]]
later = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", *arguments], stderr=subprocess.DEVNULL)
try:
    deadline = time.monotonic() + 20
    while later.poll() is None and len(pool._client.nthreads()) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(2)
    print(*sorted(pool._client.nthreads().values()))
finally:
    later.terminate()
    later.wait()
pool.close()
"""


@pytest.mark.parametrize("threads, staying", [("1", "1 1"), ("2", "1")])
def test_later_worker_that_could_change_results_leaves(cluster, tmp_path, threads, staying):
    """Dask only logs what a plugin raises on a worker that joins, so the worker itself must go."""
    command = [sys.executable, "-c", A_LATER_WORKER, cluster, str(tmp_path / "theirs"), threads]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert outcome.stdout.splitlines() == [staying], outcome.stderr


def test_keys_are_made_of_what_was_read_first():
    """A source that was read before it was imported is the one that counts, even where the file changed since."""
    read = Sources(ROOT)
    before = parts_of(JOBS[0], "cpu")["code"]
    name = next(iter(before))
    try:
        earlier = Sources(ROOT)
        earlier.reached = lambda roots: Reached({name: "as it was"}, ())  # pyright: ignore[reportAttributeAccessIssue]
        keys.use_sources(earlier)
        assert parts_of(JOBS[0], "cpu")["code"] == {name: "as it was"}
    finally:
        keys.use_sources(read)
    assert parts_of(JOBS[0], "cpu")["code"] == before


def test_silent_cluster_is_reported(cache):
    """An address where nobody answers: one message with what was expected."""
    with pytest.raises(ClusterError, match="no Dask scheduler answers at 'tcp://127.0.0.1:9'.*dask scheduler"):
        Workers.of_cluster(cache, CODE, "tcp://127.0.0.1:9", {})
