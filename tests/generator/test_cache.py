"""Results come back as they were stored, or not at all."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from measured.jobs import keys
from measured.jobs.cache import Cache, CacheError, decode, encode, leftovers
from measured.jobs.keys import explain, key_of


@dataclass(frozen=True)
class Mixed:
    matrix: np.ndarray
    flags: np.ndarray
    number: float
    count: int
    name: str
    nothing: None = None


MIXED = Mixed(np.arange(6, dtype=np.float32).reshape(2, 3).T, np.array([True, False]), 0.1, 3, "ü")
PARTS = {
    "format": keys.FORMAT, "job": {"": "x"}, "code": {"a.b": "1"}, "data": {}, "versions": {"torch": "2"}, "device": "cpu",
    "needs": [],
}  # fmt: skip


def test_round_trip_keeps_values_types_and_shapes():
    """Arrays keep dtype and shape, scalars their type, without pickle."""
    back = decode(encode(MIXED), Mixed)
    assert back.matrix.dtype == np.float32 and back.flags.dtype == np.bool_
    np.testing.assert_array_equal(back.matrix, MIXED.matrix)
    assert (back.number, back.count, back.name, back.nothing) == (0.1, 3, "ü", None)


def test_equal_results_have_equal_bytes():
    """Encoding is deterministic."""
    assert encode(MIXED) == encode(decode(encode(MIXED), Mixed))


def test_object_in_a_result_is_refused():
    """The message says what to convert."""
    with pytest.raises(ValueError, match="Mixed.nothing is a dict.*put what is in it into fields of their own"):
        encode(Mixed(MIXED.matrix, MIXED.flags, 0.1, 3, "x", {}))  # pyright: ignore[reportArgumentType]


def test_stored_entry_is_found(cache: Cache):
    """By the key of its parts, with its seconds."""
    key = cache.store(PARTS, b"value", 1.5)
    entry = cache.load(key)
    assert key == key_of(PARTS) and entry and (entry.blob, entry.seconds) == (b"value", 1.5)
    assert cache.keys() == [key]


@pytest.mark.parametrize("file", ["value.safetensors", "entry.json"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"garbage"])
def test_damaged_entry_counts_as_missing_and_is_replaced(cache: Cache, file, damage):
    """Truncated, emptied or overwritten files are not trusted."""
    key = cache.store(PARTS, b"value", 1.5)
    (cache._entry(key) / file).write_bytes(damage)
    assert cache.load(key) is None
    cache.store(PARTS, b"value", 2.5)
    entry = cache.load(key)
    assert entry and entry.seconds == 2.5


def test_entry_moved_to_another_key_is_not_trusted(cache: Cache):
    """The key must be the digest of the parts inside."""
    key = cache.store(PARTS, b"value", 1.5)
    other = "0" * 64
    cache._entry(other).parent.mkdir(parents=True)
    cache._entry(key).rename(cache._entry(other))
    assert cache.load(other) is None


def test_kill_while_writing_leaves_only_leftovers(cache: Cache, monkeypatch):
    """A write that dies before its rename is no entry, and is found by the pruning as soon as nobody can still be writing."""
    monkeypatch.setattr("os.rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # a killed process tidies nothing
    with pytest.raises(KeyboardInterrupt):
        cache.store(PARTS, b"value", 1.5)
    (cache.folder / ".new-memo").touch()
    assert cache.load(key_of(PARTS)) is None and not list(leftovers(cache.folder)), "a running build may be writing to them"
    for path in cache.folder.rglob(".*-*"):
        os.utime(path, (0, 0))
    assert len(list(leftovers(cache.folder))) == 3


def test_two_builds_may_store_the_same_result_at_once(cache: Cache):
    """Whoever comes second keeps what the first one stored, and nothing is left beside it."""
    start = threading.Barrier(6)

    def store(_: int) -> str:
        start.wait()
        return [cache.store(PARTS, b"value", 1.5) for _ in range(20)][-1]

    with ThreadPoolExecutor(6) as pool:
        keys = set(pool.map(store, range(6)))
    assert len(keys) == 1 and cache.load(keys.pop()) and not list(leftovers(cache.folder, older_than=-1))


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"code": {"a.b": "2"}}, "a.b changed"),
        ({"versions": {"torch": "3"}}, "torch: 2 -> 3"),
        ({"data": {"mnist": "x"}}, "mnist: nothing -> x"),
        ({"needs": ["k"]}, "a result that it builds on changed"),
        ({}, "its kept result is gone or damaged"),
    ],
)
def test_reason_for_computing_again_is_said(cache: Cache, change, expected):
    """The last result of the same specification tells which part changed."""
    cache.store(PARTS, b"value", 1.5)
    after = PARTS | change
    before = cache.previous(after)
    assert before and explain(before[0], after) == [expected]


def test_new_specification_was_never_computed(cache: Cache):
    """Nothing to compare with."""
    cache.store(PARTS, b"value", 1.5)
    assert cache.previous(PARTS | {"job": {"": "y"}}) is None
    assert explain(None, PARTS) == ["never computed"]


def test_removed_entry_is_gone_with_its_pointer(cache: Cache):
    """Pruning leaves nothing behind."""
    key = cache.store(PARTS, b"value", 1.5)
    assert cache.remove([key]) > 0
    assert cache.keys() == [] and cache.previous(PARTS) is None


def test_entry_is_plain_json_and_safetensors(cache: Cache):
    """No pickle on disk: the description is JSON, and the value loads with another library."""
    from safetensors.numpy import load_file

    key = cache.store(PARTS, encode(MIXED), 1.0)
    assert json.loads((cache._entry(key) / "entry.json").read_text())["parts"] == PARTS
    np.testing.assert_array_equal(load_file(cache._entry(key) / "value.safetensors")["matrix"], MIXED.matrix)


def test_entry_of_another_format_is_not_read(cache: Cache):
    """What an older generator kept is computed again, however intact; nor does it explain or forecast anything."""
    older = PARTS | {"format": keys.FORMAT - 1}
    key = cache.store(older, b"value", 1.5)
    assert cache.load(key) is None and cache.previous(PARTS) is None


def test_full_disk_says_what_is_kept_and_what_to_do(cache: Cache, monkeypatch):
    """One line that names the folder; half an entry is not left behind."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(CacheError, match=r"--cache .*No space left on device.*finished is kept.*Make room") as caught:
        cache.store(PARTS, b"value", 1.5)
    assert str(cache.folder) in str(caught.value) and "\n" not in str(caught.value)
    monkeypatch.undo()
    assert not list(leftovers(cache.folder, older_than=-1)) and cache.keys() == []
