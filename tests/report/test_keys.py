"""Keys of trainings: everything that determines them, and nothing else; workers and this process compute the same bytes."""

from dataclasses import replace

import pytest

from lab.data import MNIST, Digits
from lab.models import MLP
from lab.training import LearningRateSearch, Recipe, Train
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.keys import key, parts_of
from measured.jobs.pool import InProcess, using
from measured.jobs.remote import Code
from measured.jobs.workers import Workers
from tests.report.cases import ROOT

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
    assert key(TRAIN, "cpu") != key(other, "cpu")


def test_device_data_and_versions_are_in_the_key():
    """So are the device, the checksum of the data and the libraries that compute."""
    parts = parts_of(TRAIN, "cpu")
    assert parts["device"] == "cpu" and len(parts["data"]["mnist.npz"]) == 64
    assert set(parts["versions"]) == {"Python", "torch", "numpy"}
    assert "scikit-learn" in parts_of(replace(TRAIN, data=Digits(100)), "cpu")["versions"]
    assert key(TRAIN, "cpu") != key(TRAIN, "cuda")


def test_code_in_the_key_is_what_training_reaches():
    """The loop, the network's module and the loader; no line of the report."""
    code = parts_of(TRAIN, "cpu")["code"]
    assert {
        "lab.fit.fit",
        "lab.fit._batches",
        "lab.models.MLP",
        "lab.building.build",
        "lab.data.MNIST",
        "lab.split._load",
    } <= code.keys()
    assert not [
        name
        for name in code
        if name.startswith(("measured.evidence", "experiments", "measured.jobs.remote", "measured.jobs.cache"))
    ]


JOBS = [
    Train(MLP(784, (8,), 10), MNIST(300, num_held_out=100), Recipe(0.01, 20, 32), seed, record_at=(0, 10)) for seed in (0, 1, 2)
]


@pytest.mark.filterwarnings("ignore")
def test_workers_give_the_same_bytes_as_this_process(tmp_path, cache):
    """One worker, two or none: the files in the cache are identical."""
    there = Cache(tmp_path / "workers")
    pool = Workers.local(there, Code(ROOT, ("lab",)), 2)
    try:
        with using(pool):
            gather(JOBS)
    finally:
        pool.close()
    with using(InProcess(cache)):
        gather(JOBS[::-1])
    for job in JOBS:
        ours, theirs = (kept.load(key(job, "cpu")) for kept in (cache, there))
        assert ours and theirs and ours.blob == theirs.blob
