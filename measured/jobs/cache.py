"""Results on disk, addressed by what produced them.

An entry is a folder ``jobs/<key>`` with ``value.safetensors`` (arrays, and scalars as JSON in its header; no
pickle) and ``entry.json`` (the parts that the key digests, the checksum of the value, the seconds it took). Entries are
written to a temporary name and renamed, so a reader never meets half of one; what does not match its checksum, or has
another format, counts as missing and is computed again. Importing this module imports neither NumPy nor torch.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from measured.files import canonical, digest, write_atomically
from measured.jobs.keys import FORMAT, Parts, key_of

LEFT_OUT = "left_out"
"""The names of arrays that are missing on purpose, in the header of an encoded result."""
LEFT_BEHIND = 3600
"""Seconds after which nobody can still be writing to a temporary folder."""


class CacheError(OSError):
    """The cache folder cannot be written; the message says what is kept and what to do."""

    def __init__(self, folder: Path, error: OSError):
        super().__init__(
            f"--cache {folder} cannot be written any more ({error.strerror or error}); what was finished is kept there. "
            "Make room, or name another folder with --cache, and start the build again: it goes on from there"
        )


def encode(result: Any) -> bytes:
    """A frozen dataclass of arrays, numbers, strings and None as safetensors bytes, without pickle."""
    import numpy as np
    from safetensors.numpy import save

    check_storable(result)
    arrays, scalars = {}, {}
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = np.ascontiguousarray(value).reshape(value.shape)
        else:
            scalars[field.name] = value
    return save(arrays, metadata={"scalars": json.dumps(scalars)})


def check_storable(result: Any) -> None:
    """Raises ValueError where ``encode`` could not keep ``result``, with what to make of it instead."""
    import numpy as np

    if not is_dataclass(result) or isinstance(result, type):
        raise ValueError(
            f"a result is a {type(result).__name__}, which cannot be stored; return a frozen dataclass of arrays and numbers"
        )
    for field in fields(result):
        value, name = getattr(result, field.name), f"{type(result).__name__}.{field.name}"
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufc":
                raise ValueError(
                    f"{name} is an array of {value.dtype}, which cannot be stored; make it one of numbers, such as "
                    ".astype(np.float64), or leave it out"
                )
        elif value is not None and not isinstance(value, bool | int | float | str):
            raise ValueError(_not_storable(name, type(value)))


@cache
def check_annotated(kind: type) -> None:
    """Raises ValueError where a field of results of this type is annotated as what cannot be stored."""
    for name, annotation in get_type_hints(kind).items():
        options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        for option in options:
            plain = get_origin(option) or option
            if plain in (list, tuple, dict, set, frozenset) or is_dataclass(plain):
                raise ValueError(_not_storable(f"{kind.__name__}.{name}", plain))


def _not_storable(name: str, kind: Any) -> str:
    instead = {"Tensor": ".numpy()", "list": "np.array(...)", "tuple": "np.array(...)"}.get(kind.__name__)
    if kind.__module__ == "numpy":
        instead = "float(...), int(...) or .item()"
    how = f"store {instead} of it" if instead else "put what is in it into fields of their own"
    return f"{name} is a {kind.__name__}, which cannot be stored; results hold NumPy arrays, numbers, strings and None: {how}"


def decode(blob: bytes, result_type: type, job: object = None) -> Any:
    """The result that ``encode`` wrote, of that ``job``; an array that was left out of it is a ``LeftOut``."""
    from safetensors.numpy import load

    told = metadata_of(blob)
    missing = {name: LeftOut(f"{result_type.__name__}.{name}", job) for name in json.loads(told.get(LEFT_OUT, "[]"))}
    return result_type(**load(blob), **json.loads(told["scalars"]), **missing)


def metadata_of(blob: bytes) -> dict[str, str]:
    """What an encoded result says beside its arrays."""
    header_size = int.from_bytes(blob[:8], "little")
    return json.loads(blob[8 : 8 + header_size])["__metadata__"]


def without(blob: bytes, arrays: Collection[str]) -> bytes:
    """An encoded result without some of its arrays; as it is where it has none of them."""
    from safetensors.numpy import load, save

    found = load(blob)
    if not found.keys() & set(arrays):
        return blob
    told = metadata_of(blob)
    left_out = sorted({*json.loads(told.get(LEFT_OUT, "[]")), *(found.keys() & set(arrays))})
    kept = {name: array for name, array in found.items() if name not in arrays}
    return save(kept, metadata={"scalars": told["scalars"], LEFT_OUT: json.dumps(left_out)})


class LeftOutError(LookupError):
    """An array was left out of a kept result, and is asked for."""


class LeftOut:
    """In place of an array that was left out of a kept result: whatever is done with it raises LeftOutError."""

    __slots__ = ("_told",)

    def __init__(self, field: str, job: object = None):
        self._told = f"{field}{f' of {job!r:.160}' if job is not None else ''}"

    def __repr__(self) -> str:
        return f"<{self._told}, left out>"

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise LeftOutError(self._told)

    __getattr__ = __getitem__ = __setitem__ = __len__ = __iter__ = __contains__ = __call__ = _refuse
    __array__ = __array_function__ = __array_ufunc__ = _refuse
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __round__ = __str__ = __format__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse  # pyright: ignore[reportAssignmentType]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __neg__ = __pos__ = __abs__ = __invert__ = _refuse


@dataclass(frozen=True)
class Entry:
    """One kept result, still encoded."""

    blob: bytes
    parts: Parts
    seconds: float


class Cache:
    """The results kept below ``folder``, which is made when the first one is stored."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def load(self, key: str) -> Entry | None:
        """The entry at ``key``; None where there is none, where it is damaged, or where it has another format."""
        folder = self._entry(key)
        try:
            entry = json.loads((folder / "entry.json").read_text(encoding="utf-8"))
            blob = (folder / "value.safetensors").read_bytes()
            intact = (
                entry["parts"]["format"] == FORMAT
                and entry["sha256"] == sha256(blob).hexdigest()
                and key_of(entry["parts"]) == key
            )
            return Entry(blob, entry["parts"], float(entry["seconds"])) if intact else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def holds(self, key: str) -> bool:
        """Whether there is an entry at ``key``, for a forecast: only ``load`` tells whether it is intact."""
        return (self._entry(key) / "entry.json").is_file()

    def store(self, parts: Parts, blob: bytes, seconds: float) -> str:
        """Keep a result that took ``seconds`` and return its key. Raises CacheError where the folder cannot be written."""
        key = key_of(parts)
        entry = {"parts": parts, "sha256": sha256(blob).hexdigest(), "seconds": seconds}
        contents = {"value.safetensors": blob, "entry.json": json.dumps(entry, indent=1, sort_keys=True).encode()}
        try:
            self._write_folder(self._entry(key), contents)
            write_atomically(self._latest(parts), key.encode())
        except OSError as error:
            raise CacheError(self.folder, error) from error
        return key

    def previous(self, parts: Parts) -> tuple[Parts, float] | None:
        """Parts and seconds of the last result of the same specification, whatever code computed it."""
        try:
            key = self._latest(parts).read_text(encoding="utf-8")
            entry = json.loads((self._entry(key) / "entry.json").read_text(encoding="utf-8"))
            return (entry["parts"], float(entry["seconds"])) if entry["parts"]["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keys(self) -> list[str]:
        """Keys of all entries."""
        return sorted(path.parent.name for path in self.folder.glob("jobs/*/*/entry.json"))

    def remove(self, keys: Iterable[str]) -> int:
        """Delete the entries at ``keys`` and return the bytes that this freed."""
        gone, size = set(keys), 0
        for key in gone:
            folder = self._entry(key)
            size += sum(path.stat().st_size for path in folder.iterdir())
            shutil.rmtree(folder)
        for pointer in self.folder.glob("latest/*/*"):
            if pointer.read_text(encoding="utf-8") in gone:
                pointer.unlink()
        return size

    def _entry(self, key: str) -> Path:
        return self.folder / "jobs" / key[:2] / key

    def _latest(self, parts: Parts) -> Path:
        name = digest(canonical([parts["job"], parts["device"]]))
        return self.folder / "latest" / name[:2] / name

    def _write_folder(self, target: Path, contents: dict[str, bytes]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
        aside = None
        try:
            for name, content in contents.items():
                (made / name).write_bytes(content)
            aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
            for attempts_left in reversed(range(5)):
                try:
                    if target.exists():  # a damaged entry, or one computed again by force
                        os.rename(target, aside / str(attempts_left))
                    os.rename(made, target)
                    return
                except OSError:
                    # Another build stores the same result at the same moment; what it stored is as good.
                    if self.load(target.name):
                        return
                    if not attempts_left:
                        raise
        finally:
            for folder in filter(None, (aside, made)):
                shutil.rmtree(folder, ignore_errors=True)


def leftovers(folder: Path, older_than: float = LEFT_BEHIND) -> Iterator[Path]:
    """What a killed build left half written below ``folder``: nothing has changed in it for so many seconds."""
    for path in sorted([*folder.rglob(".new-*"), *folder.rglob(".old-*")]):
        with contextlib.suppress(FileNotFoundError):  # that of a running build, renamed since
            if time.time() - path.stat().st_mtime > older_than:
                yield path
