"""Jobs become results once, wherever they run."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from distributed import LocalCluster

from lab.data import MNIST
from lab.models import MLP
from lab.training import LearningRateSearch, Recipe, Train
from measured.jobs import compute
from measured.jobs.cache import Cache
from measured.jobs.compute import InProcess, Listener, Rehearsal, Workers, gather, key_of, parts_of, using
from measured.jobs.source import Project
from tests.cases import ROOT, Failing, Powers, Total


class Heard(Listener):
    """Remembers what it was told."""

    def __init__(self):
        self.asked_for, self.done = [], []

    def asked(self, job, key, seconds):
        self.asked_for.append(job)

    def finished(self, job, key, cached, seconds):
        self.done.append((job, cached))


def test_tree_keeps_its_shape(cache):
    """Dicts, lists, tuples and what is no job come back as they were."""
    with using(InProcess(cache)):
        tree = gather({"a": [Powers(2.0), "text"], "b": (Total(Powers(2.0)), 3)})
    np.testing.assert_array_equal(tree["a"][0].values, [1, 2, 4])
    assert tree["a"][1] == "text" and tree["b"][1] == 3 and tree["b"][0].values[0] == 7


def test_each_key_is_computed_once(cache, monkeypatch):
    """A job asked for twice, or inside another, runs once."""
    calls = []
    original = compute.run_encoded
    monkeypatch.setattr(compute, "run_encoded", lambda job, *rest: (calls.append(job), original(job, *rest))[1])
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
    with using(pool), pytest.raises(compute.ComputeError, match=r"Failing\(reason='no'\) failed: ArithmeticError\('no'\)"):
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


TRAIN = Train(MLP(784, (4,), 10), MNIST(100), Recipe(0.01, 3), 0)


@pytest.mark.parametrize(
    "other",
    [
        replace(TRAIN, seed=1),
        replace(TRAIN, recipe=replace(TRAIN.recipe, learning_rate=0.02)),
        replace(TRAIN, recipe=replace(TRAIN.recipe, dtype="float64")),
        replace(TRAIN, data=MNIST(100, label_noise=0.1)),
        replace(TRAIN, network=MLP(784, (5,), 10)),
        replace(TRAIN, record_at=(1,)),
        replace(TRAIN, tuned_by=LearningRateSearch((TRAIN,))),
    ],
)
def test_everything_that_a_job_says_is_in_its_key(other):
    """Two jobs that differ anywhere have different keys."""
    assert key_of(parts_of(TRAIN, "cpu")) != key_of(parts_of(other, "cpu"))


def test_device_data_and_versions_are_in_the_key():
    """So are the device, the checksum of the data and the libraries that compute."""
    parts = parts_of(TRAIN, "cpu")
    assert parts["device"] == "cpu" and len(parts["data"]["mnist.npz"]) == 64
    assert set(parts["versions"]) == {"torch", "numpy", "scipy", "scikit-learn"}
    assert key_of(parts) != key_of(parts_of(TRAIN, "cuda"))


def test_code_in_the_key_is_what_training_reaches():
    """The loop, the network's module and the loader; no line of the report."""
    code = parts_of(TRAIN, "cpu")["code"]
    assert {"lab.training.fit", "lab.training._batches", "lab.models.MLP", "lab.data.MNIST"} <= code.keys()
    assert not [
        name
        for name in code
        if name.startswith(("measured.evidence", "experiments", "measured.jobs.remote", "measured.jobs.cache"))
    ]


def test_job_with_a_list_is_refused():
    """Mutable fields have no key; the message says what to use."""

    @dataclass(frozen=True)
    class Listing(compute.Job):
        items: list

    with pytest.raises(ValueError, match="a job cannot hold a list.*tuples and frozen dataclasses"):
        compute.specification(Listing([1]))


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Two local worker processes with a cache of their own."""
    pool = Workers(Cache(tmp_path_factory.mktemp("workers")), num_workers=2)
    yield pool
    pool.close()


JOBS = [
    Train(MLP(784, (8,), 10), MNIST(300, num_held_out=100), Recipe(0.01, 20, 32), seed, record_at=(0, 10)) for seed in (0, 1, 2)
]


@pytest.mark.filterwarnings("ignore")
def test_workers_give_the_same_bytes_as_this_process(workers, cache):
    """One worker, two or none: the files in the cache are identical."""
    with using(workers):
        gather(JOBS)
    with using(InProcess(cache)):
        gather(JOBS[::-1])
    for job in JOBS:
        key = key_of(parts_of(job, "cpu"))
        here, there = cache.load(key), workers.cache.load(key)
        assert here and there and here.blob == there.blob


@pytest.mark.filterwarnings("ignore")
def test_workers_report_failures_and_nested_results(workers):
    """A result that another job needs goes from worker to worker; an error comes home with its job's name."""
    with using(workers):
        assert gather([Total(Powers(2.0))])[0].values[0] == 7
        with pytest.raises(compute.ComputeError, match="Failing.*ArithmeticError"):
            gather(Failing("no"))


@pytest.mark.filterwarnings("ignore")
def test_workers_are_tuned(workers):
    """Workers run on one thread, and malloc keeps its memory (Dask's default gives it back after every step)."""
    import os

    found = workers._client.run(lambda: {name: os.environ.get(name) for name in Workers.ENVIRONMENT})
    assert all(environment == Workers.ENVIRONMENT for environment in found.values())


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
import pickle
import sys
from measured.jobs import compute
from measured.jobs.cache import Cache
from tests.test_compute import JOBS
pool = compute.Workers(Cache(sys.argv[2]), address=sys.argv[1])
with compute.using(pool):
    compute.gather(JOBS[0])
print(*pool._client.run(lambda: __import__("lab").__file__).values())
try:
    pool._client.submit(pool._entry_point, "another", pickle.dumps(JOBS[0]), "cpu").result()
except RuntimeError as error:
    print(error)
pool.close()
"""


def test_cluster_computes_with_our_source(cache, cluster, tmp_path):
    """Workers that never saw the project get its source, compute the same bytes, and refuse another source."""
    command = [sys.executable, "-c", ON_A_CLUSTER, cluster, str(tmp_path / "theirs")]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert outcome.returncode == 0, outcome.stderr
    where, refusal = outcome.stdout.splitlines()
    assert str(ROOT) not in where and "measured-source-" in where
    assert "source changed while the build ran" in refusal
    with using(InProcess(cache)):
        gather(JOBS[0])
    key = key_of(parts_of(JOBS[0], "cpu"))
    here, there = cache.load(key), Cache(tmp_path / "theirs").load(key)
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
            Workers(cache, address=str(there.scheduler_address))  # pyright: ignore[reportAttributeAccessIssue]


# The worker that comes later is started where the project is, so that nothing else could stop it.
A_LATER_WORKER = """
import subprocess
import sys
import time
from measured.jobs import compute
from measured.jobs.cache import Cache
pool = compute.Workers(Cache(sys.argv[2]), address=sys.argv[1])
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


def test_keys_are_made_of_what_was_read_first(tmp_path):
    """A source that was read before it was imported is the one that counts, even where the file changed since."""
    read = Project(ROOT)
    before = parts_of(JOBS[0], "cpu")["code"]
    name = next(iter(before))
    try:
        monkey = Project(ROOT)
        monkey.reached = lambda roots: {name: "as it was"}  # pyright: ignore[reportAttributeAccessIssue]
        compute.use_source(monkey)
        assert parts_of(JOBS[0], "cpu")["code"] == {name: "as it was"}
    finally:
        compute.use_source(read)
    assert parts_of(JOBS[0], "cpu")["code"] == before


def test_silent_cluster_is_reported(cache):
    """An address where nobody answers: one message with what was expected."""
    with pytest.raises(compute.ClusterError, match="no Dask scheduler answers at 'tcp://127.0.0.1:9'.*dask scheduler"):
        Workers(cache, address="tcp://127.0.0.1:9")
