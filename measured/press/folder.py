"""Pages to a folder, all at once: a reader meets the old site or the new one, never half of each.

A site is a set of bundles (a chapter with its figures and data, the source pages, the front pages). Each bundle says what it
was made from; one whose inputs are unchanged is taken over from the last site as it is. The new site is written beside the old
one and the two change places in one step. What build.py did not write, empty folders included, is carried over, never deleted.
"""

import contextlib
import ctypes
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import starmap
from pathlib import Path

from measured.errors import BuildError
from measured.files import check_writable

MANIFEST = "measured-site.json"


@dataclass(frozen=True)
class Bundle:
    """Files of the site that are made together."""

    name: str
    inputs: str
    """Digest of everything that the files depend on."""
    make: Callable[[], Mapping[str, bytes]]
    """The files by their path in the site; called only where the last site has none for the same inputs."""
    trouble: str = ""
    """The error under which the files were made; kept, so that a later build that leaves the bundle alone still knows it."""


class Site:
    """The site in ``folder``, as far as build.py wrote it."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.bundles: dict[str, dict] = {}
        self._stamps: dict[str, list[int]] = {}
        self._intact: dict[str, bool] = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            self.bundles, self._stamps = manifest["bundles"], manifest.get("stamps", {})

    def check(self) -> None:
        """Raises BuildError where publishing to the folder would touch what build.py did not write."""
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise BuildError(f"--out {self.folder} is not a folder; expected a folder to write the site to, as in --out site")
        if self.folder.is_dir() and any(self.folder.iterdir()) and not (self.folder / MANIFEST).is_file():
            raise BuildError(
                f"--out {self.folder} holds files that build.py did not write (it has no {MANIFEST}); expected a new or empty "
                "folder, or one of an earlier build"
            )
        if self.folder.is_mount():
            raise BuildError(
                f"--out {self.folder} is where another file system is mounted, and cannot be swapped in one step; "
                f"expected a folder below it, as in --out {self.folder / 'site'}"
            )
        try:
            check_writable(self.folder.absolute().parent)  # the new site is made beside the old one
        except OSError as error:
            raise BuildError(
                f"--out {self.folder} cannot be made ({error.strerror}); expected a folder in one of your own, as in --out site"
            ) from error

    def files_of(self, bundle: str) -> Mapping[str, bytes] | None:
        """The published files of a bundle, each read when it is asked for; None where one is missing or was changed since. That
        is looked at once between two times of publishing."""
        checksums = self.bundles.get(bundle, {}).get("files", {})
        if bundle not in self._intact:
            self._intact[bundle] = bool(checksums) and all(starmap(self._is_intact, checksums.items()))
        return _Files(self.folder, tuple(checksums)) if self._intact[bundle] else None

    def _is_intact(self, path: str, checksum: str) -> bool:
        """Whether a file has the size and the time that it was written with, or else the bytes."""
        try:
            return _stamp(self.folder / path) == self._stamps.get(path) or checksum == _checksum(self.folder / path)
        except OSError:
            return False

    def is_current(self, bundles: Sequence[Bundle]) -> bool:
        """Whether the folder holds these bundles, intact and made from the same inputs, and no others."""
        return {bundle.name for bundle in bundles} == self.bundles.keys() and all(
            self.bundles[bundle.name]["inputs"] == bundle.inputs and self.files_of(bundle.name) is not None
            for bundle in bundles
        )

    def publish(self, bundles: Sequence[Bundle], last: Callable[[Mapping[str, dict]], Bundle] | None = None) -> bool:
        """Put these bundles in the folder in one step; False where they were all there already.

        The ``last`` bundle is made from the checksums of the others.
        """
        if self.is_current([*bundles, last(self.bundles)] if last else bundles):
            self._intact = {}  # whatever becomes of the folder from here on is looked at anew
            return False
        manifest: dict[str, dict] = {}
        contents: dict[str, bytes | None] = {}

        def add(bundle: Bundle) -> None:
            unchanged = self.bundles.get(bundle.name, {}).get("inputs") == bundle.inputs
            if unchanged and self.files_of(bundle.name):
                checksums = self.bundles[bundle.name]["files"]
                contents.update(dict.fromkeys(checksums))
            else:
                files = dict(bundle.make())
                checksums = {path: sha256(content).hexdigest() for path, content in sorted(files.items())}
                contents.update(files)
            manifest[bundle.name] = {"inputs": bundle.inputs, "files": checksums, "trouble": bundle.trouble}

        for bundle in bundles:
            add(bundle)
        if last:
            add(last(manifest))
        self._stamps = self._replace(contents, manifest)
        self.bundles, self._intact = manifest, {}
        return True

    def rewrite(self, bundle: Bundle) -> None:
        """Write the files of a published bundle anew, between two times of publishing; what goes wrong is left to the next.

        The manifest is as it was, so that the bundle counts as changed and is made again with the next site.
        """
        if bundle.name not in self.bundles:
            return
        beside = _beside(self.folder.absolute(), bundle.name)
        with contextlib.suppress(OSError):
            for path, content in bundle.make().items():
                beside.write_bytes(content)
                os.replace(beside, self.folder / path)
        self._intact.pop(bundle.name, None)

    def _replace(self, contents: Mapping[str, bytes | None], manifest: Mapping[str, dict]) -> dict[str, list[int]]:
        """Let a new folder with these contents take the place of the site, and return the stamps of its files. What has no
        content here is taken over as it is."""
        folder = self.folder.absolute()
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._clear_leftovers(folder)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.new-"))
        new.chmod(0o755)
        for path in contents:
            if os.path.isabs(path) or ".." in re.split(r"[/\\]", path):  # a name may be anybody's
                raise ValueError(f"{path!r} is no name of a file in a site")
        for parent in {os.path.dirname(path) for path in contents}:
            (new / parent).mkdir(parents=True, exist_ok=True)
        # Of hundreds of files, most are as they were: as texts, their paths cost a tenth of what they do as objects.
        for path, content in contents.items():
            if content is not None:
                (new / path).write_bytes(content)
            elif not _linked(f"{folder}/{path}", f"{new}/{path}"):
                shutil.copy2(folder / path, new / path)
        stamps = {path: _stamp(f"{new}/{path}") for path in contents}
        (new / MANIFEST).write_bytes(told(manifest, stamps))
        if not folder.exists():
            os.rename(new, folder)
            return stamps
        written = {*contents, MANIFEST}
        for path in self._foreign(folder):
            if path.as_posix() in written:
                continue
            if (folder / path).is_dir() and not (folder / path).is_symlink():
                (new / path).mkdir(parents=True, exist_ok=True)
            else:
                (new / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / path, new / path, follow_symlinks=False)
        _exchange(new, folder)
        shutil.rmtree(new)
        return stamps

    def _foreign(self, folder: Path) -> list[Path]:
        """Files that build.py did not write, and empty folders, which it never makes."""
        ours = {MANIFEST, *(path for bundle in self.bundles.values() for path in bundle["files"])}
        found = []
        for parent, folders, files in os.walk(folder, onerror=_raised):
            before = "" if parent == str(folder) else f"{Path(parent).relative_to(folder).as_posix()}/"
            links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
            found += [before + name for name in (*files, *links)]
            if before and not folders and not files:
                found.append(before.rstrip("/"))
        return [Path(path) for path in found if path not in ours]

    def _clear_leftovers(self, folder: Path) -> None:
        """Remove what a killed build left beside the site; put the site back where it was killed between two renames."""
        if (aside := _aside(folder)).exists() and not folder.exists():
            os.rename(aside, folder)
        for path in folder.parent.glob(f".{folder.name}.new-*"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _raised(error: OSError) -> None:
    raise error


def told(bundles: Mapping[str, dict], stamps: Mapping[str, list[int]]) -> bytes:
    """The manifest of a site as a file; without stamps, which hold times, it is the same for equal sites."""
    return json.dumps({"bundles": bundles, "stamps": stamps}, indent=1, sort_keys=True).encode()


@dataclass(frozen=True, eq=False)  # equal to any other mapping of the same files
class _Files(Mapping[str, bytes]):
    """Files by their path below a folder."""

    folder: Path
    paths: tuple[str, ...]

    def __getitem__(self, path: str) -> bytes:
        if path not in self.paths:
            raise KeyError(path)
        return (self.folder / path).read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def _stamp(path: str | Path) -> list[int]:
    """What tells without reading a file that it is the one that was written."""
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns]


def _checksum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _linked(old: str, new: str) -> bool:
    """Whether a file could be given a second name, which on many systems costs less than to write it again."""
    try:
        if os.path.islink(old):
            return False
        os.link(old, new)
    except OSError:
        return False
    return True


def _exchange(new: Path, old: Path) -> None:
    """Let two folders change places: in one step where the system can (Linux), else in two renames."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        at_current_folder, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, renameat2(2)
        if hasattr(libc, "renameat2") and not libc.renameat2(
            at_current_folder, os.fsencode(new), at_current_folder, os.fsencode(old), exchange
        ):
            return
    os.rename(old, _aside(old))
    os.rename(new, old)
    os.rename(_aside(old), new)


def _aside(folder: Path) -> Path:
    return _beside(folder, "aside")


def _beside(folder: Path, name: str) -> Path:
    return folder.with_name(f".{folder.name}.new-{name}")
