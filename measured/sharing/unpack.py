"""A bundle from anybody to a folder: nothing in it is believed, run or written where it says, and all of it comes or nothing.

Each file must have a name that a bundle can have, the checksum that the manifest says, and a content of its kind; sizes are
limited before and while they are read. All is unpacked into a new folder beside, which takes its place when everything fits.
"""

import json
import os
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from measured.errors import BuildError
from measured.jobs.cache import CacheError
from measured.sharing import contents
from measured.sharing.manifest import JOBS, MANIFEST, SITE, SOURCES, Manifest, Shared, kind_of, read

MOST_FILES = 200_000
MOST_BYTES = 8 * 2**30
"""Of all files together, as they are when unpacked."""
MOST_BYTES_OF_ONE = 2**30
MOST_TIMES = 100
"""How many times as large as the zip its contents can be, where that is above ``ANY_TIMES``: numbers shrink to no less."""
ANY_TIMES = 64 * 2**20
PIECE = 2**20
OPENED = "opened.json"
"""The name and the digest of the bundle that a folder was unpacked from."""


class _NotOurs(Exception):
    """What is wrong with a bundle, in words."""


def unpacked(path: Path, folder: Path) -> Shared:
    """The bundle at ``path``, in ``folder``: as it is there from before, else unpacked.

    Raises BuildError, with nothing changed, where the file is not what ``--bundle`` writes, and for a folder that cannot be
    written.
    """
    try:
        digest = _digest_of(path)
    except OSError as error:
        raise BuildError(f"--from {path} cannot be read ({error.strerror}); expected a file that --bundle wrote") from error
    if (before := at(folder)) and before.digest == digest:
        return before
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    except OSError as error:
        raise BuildError(str(CacheError(folder.parent, error))) from error
    try:
        _unpack(path, new)
        (new / OPENED).write_text(json.dumps({"name": path.name, "digest": digest}), encoding="utf-8")
        _put_in_place(new, folder)
    except _NotOurs as error:
        raise BuildError(f"--from {path}: {error}; nothing was taken from it. Ask whoever sent it for another one") from error
    except OSError as error:
        raise BuildError(str(CacheError(folder.parent, error))) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    found = at(folder)
    assert found
    return found


def at(folder: Path) -> Shared | None:
    """The bundle that was unpacked into ``folder``; None where there is none."""
    try:
        opened = json.loads((folder / OPENED).read_text(encoding="utf-8"))
        manifest = read(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        return Shared(opened["name"], folder, opened["digest"], manifest)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest_of(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _unpack(path: Path, new: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names_and_sizes(archive, path.stat().st_size)
            manifest = _manifest(archive)
            _unpack_files(archive, manifest, new)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise _NotOurs(f"it is no zip file, or a damaged one ({error})") from error


def _check_names_and_sizes(archive: zipfile.ZipFile, size: int) -> None:
    """Everything that can be told before anything is read."""
    members = archive.infolist()
    names = Counter(member.filename for member in members)
    folded = Counter(map(_folded, names))
    if len(members) > MOST_FILES:
        raise _NotOurs(f"it holds {len(members):,} files, and at most {MOST_FILES:,} are unpacked")
    for member in members:
        name = member.filename
        if member.orig_filename != name or kind_of(name) is None:
            raise _NotOurs(f"it holds {member.orig_filename!r:.120}, which no bundle has")
        if names[name] > 1 or folded[_folded(name)] > 1:
            raise _NotOurs(f"it holds {name!r} more than once")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _NotOurs(f"{name!r} is no file but a {'link' if kind == stat.S_IFLNK else 'thing'} that leads elsewhere")
        if member.flag_bits & 0x1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _NotOurs(f"{name!r} is encrypted, or packed as no bundle is")
        if member.file_size > MOST_BYTES_OF_ONE:
            raise _NotOurs(f"{name!r} would be {member.file_size:,} bytes; at most {MOST_BYTES_OF_ONE:,} are unpacked")
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES or total > max(MOST_TIMES * size, ANY_TIMES):
        most = min(MOST_BYTES, max(MOST_TIMES * size, ANY_TIMES))
        raise _NotOurs(
            f"its {size:,} bytes would be {total:,} when unpacked; at most {most:,} are, as numbers do not shrink so far"
        )
    if sum(member.compress_size for member in members) > size:
        raise _NotOurs("its files overlap, so that one would be unpacked many times")


def _folded(name: str) -> str:
    """Names that are one file on some system: they differ in capitals, or in how an accent is written."""
    return unicodedata.normalize("NFKC", name).casefold()


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    names = set(archive.namelist()) - {MANIFEST}
    try:
        manifest = read(contents.parsed(_content(archive, MANIFEST)))
    except KeyError:
        raise _NotOurs(f"it has no {MANIFEST}, so that no --bundle wrote it") from None
    except ValueError as error:
        raise _NotOurs(f"{MANIFEST} cannot be read: {error}") from error
    if extra := sorted(names - manifest.files.keys()):
        raise _NotOurs(f"it holds {extra[0]!r}, of which its manifest knows nothing")
    if missing := sorted((manifest.files.keys() | {JOBS, SOURCES}) - names):
        raise _NotOurs(f"it lacks {missing[0]!r}, though its manifest says that it has it")
    return manifest


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file, read in pieces and never beyond what it said it had."""
    expected = archive.getinfo(name).file_size
    pieces, length = [], 0
    with archive.open(name) as file:
        while piece := file.read(PIECE):
            pieces.append(piece)
            length += len(piece)
            if length > expected:
                break
    if length != expected:
        raise _NotOurs(f"{name!r} has other bytes than it says")
    return b"".join(pieces)


def _unpack_files(archive: zipfile.ZipFile, manifest: Manifest, new: Path) -> None:
    def checked(name: str) -> bytes:
        content = _content(archive, name)
        if sha256(content).hexdigest() != manifest.files[name]:
            raise _NotOurs(f"{name!r} does not have the checksum that its manifest says")
        return content

    try:
        jobs = contents.jobs(checked(JOBS))
        names = {kind: [name for name in manifest.files if kind_of(name) == kind] for kind in ("jobs", "chapters", "drawings")}
        values = {f"jobs/{key}.safetensors" for key in jobs}
        if unlike := sorted(values ^ set(names["jobs"])):
            raise ValueError(f"{unlike[0]!r} is in {JOBS} or in the bundle, but not in both")
        chapters = {f"chapters/{chapter}.{kind}.json" for chapter in manifest.chapters for kind in ("record", "status")}
        if unlike := sorted(chapters ^ set(names["chapters"])):
            raise ValueError(f"{unlike[0]!r} is in the manifest or in the bundle, but not in both")
        for key, entry in jobs.items():
            name = f"jobs/{key}.safetensors"
            with _named(name):
                _write_entry(new, key, entry, contents.value(checked(name), entry.sha256))
        for chapter in manifest.chapters:
            paths = {kind: f"chapters/{chapter}.{kind}.json" for kind in ("record", "status")}
            with _named(paths["status"]):
                raw_status = checked(paths["status"])
                record = checked(paths["record"])
                told = contents.status(raw_status, chapter, manifest, sha256(record).hexdigest())
            with _named(paths["record"]):
                contents.record(record, chapter, manifest)
            folder = new / "chapters" / manifest.preset
            _write(folder / f"{chapter}.record.json", record)
            _write(folder / f"{chapter}.status.json", told)
        for name in names["drawings"]:
            with _named(name):
                _write(new / name, contents.drawing(checked(name)))
        with _named(SOURCES):
            _write(new / SOURCES, contents.sources(checked(SOURCES)))
        for name in manifest.files:
            if name.startswith(SITE):  # for people; never unpacked here
                checked(name)
    except ValueError as error:
        raise _NotOurs(str(error)) from error
    _write(new / MANIFEST, manifest.to_json())


class _named:
    """Puts the name of a file before what is wrong with it."""

    def __init__(self, name: str):
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, ValueError):
            raise ValueError(f"{self._name}: {error}") from error


def _write_entry(new: Path, key: str, entry: contents.Line, blob: bytes) -> None:
    folder = new / "jobs" / key[:2] / key
    _write(folder / "value.safetensors", blob)
    told = {"parts": entry.parts, "sha256": entry.sha256, "seconds": entry.seconds}
    _write(folder / "entry.json", json.dumps(told, indent=1, sort_keys=True).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _put_in_place(new: Path, folder: Path) -> None:
    """Let what was unpacked take the place of an earlier bundle."""
    if folder.exists():
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".old-"))
        os.rename(folder, aside / folder.name)
        os.rename(new, folder)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.rename(new, folder)
