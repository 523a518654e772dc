"""A built report to one file: the site, and of what it was made from all that a chapter reads."""

import json
import os
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from measured.errors import BuildError
from measured.jobs.cache import Entry, without
from measured.jobs.keys import use_sources
from measured.jobs.partial import Watching
from measured.jobs.pool import using
from measured.jobs.run import one_thread
from measured.options import Options
from measured.pages.outline import Chapter
from measured.press import plan
from measured.press.folder import MANIFEST as SITE_MANIFEST
from measured.press.folder import Site, told
from measured.press.keep import host, record_of
from measured.press.outcome import one_line
from measured.press.rehearse import load
from measured.press.stores import Stores
from measured.project import Project
from measured.sharing.manifest import JOBS, MANIFEST, SITE, SOURCES, Manifest, kind_of

SMALL = 4096
"""Bytes up to which an array is kept, whoever reads it."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a bundle, so that equal reports are equal files."""


@dataclass
class Packed:
    """What went into a bundle."""

    path: Path
    num_bytes: int = 0
    num_chapters: int = 0
    num_results: int = 0
    num_left_out: int = 0
    bytes_left_out: int = 0
    without: dict[str, str] = field(default_factory=dict)
    """Chapters that are not in it, and why."""

    def __str__(self) -> str:
        left_out = f", without {self.num_left_out:,} arrays that no run() reads ({self.bytes_left_out / 1e6:,.1f} MB)"
        return (
            f"{self.path}: {self.num_bytes / 1e6:,.1f} MB, {self.num_chapters} chapters, {self.num_results:,} results"
            f"{left_out if self.num_left_out else ''}"
        )


def check(path: Path) -> None:
    """Raises BuildError where a file cannot be written at ``path``, before anything is measured."""
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise BuildError(
            f"--bundle {path} cannot be written ({error.strerror}); expected a file in a folder of your own"
        ) from error


def pack(project: Project, options: Options, stores: Stores, path: Path) -> Packed:
    """Write the report as it stands into a bundle at ``path``. Raises BuildError where no chapter of it is current."""
    packed = Packed(path)
    chapters = plan.choose(project.outline.chapters, options.only)
    with _quietly():
        use_sources(stores.sources)
        current = [chapter for chapter in chapters if _is_current(chapter, options, stores, packed)]
        pool = _watched(current, project, options, stores, packed)
    if pool is None:
        raise BuildError(
            "--bundle: no chapter is current, so that there is nothing to share; build without --compute-nothing first"
        )
    versions: dict[str, str] = {}
    files: dict[str, bytes] = {}
    lines = []
    for key, entry in _entries(pool, stores):
        blob = _only(entry, pool.read.get(key, ()), packed)
        files[f"jobs/{key}.safetensors"] = blob
        line = {"key": key, "parts": entry.parts, "sha256": sha256(blob).hexdigest(), "seconds": entry.seconds}
        lines.append(json.dumps(line, sort_keys=True, separators=(",", ":")).encode())
        versions |= entry.parts["versions"]
    files |= {JOBS: b"\n".join(lines), **_chapters(current, project, options, stores, packed, versions), **_site(options.out)}
    modules, distributions = stores.sources.found()
    files[SOURCES] = json.dumps(modules, sort_keys=True, separators=(",", ":")).encode()
    before = stores.shared.manifest if stores.shared else None
    manifest = Manifest(
        title=" ".join(project.outline.title.split())[:300],
        preset=options.preset,
        device=pool.device,
        seeds=options.seeds,
        host=before.host if before else host(),
        versions={**versions, **(before.versions if before else {})},
        distributions=distributions,
        chapters=tuple(chapter.name for chapter in current),
        num_left_out=packed.num_left_out + (before.num_left_out if before else 0),
        files={name: sha256(content).hexdigest() for name, content in sorted(files.items())},
    )
    packed.num_chapters, packed.num_results = len(current), len(lines)
    packed.num_bytes = _write(path, {MANIFEST: manifest.to_json(), **files})
    return packed


@contextmanager
def _quietly() -> Iterator[None]:
    """One thread and no window, as where chapters are measured."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"
    try:
        with one_thread():
            yield
    finally:
        if before is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = before


def _is_current(chapter: Chapter, options: Options, stores: Stores, packed: Packed) -> bool:
    if reasons := plan.why_stale(chapter, options, stores):
        packed.without[chapter.name] = plan.few(reasons)
    return not reasons


def _watched(current: list[Chapter], project: Project, options: Options, stores: Stores, packed: Packed) -> Watching | None:
    """What the chapters read of their results, by running each from the cache; one that cannot be run is not in the bundle."""
    pool: Watching | None = None
    for chapter in list(current):
        status = stores.records.status(chapter.name, options.preset)
        assert status  # as it is current
        device = status.parts["device"]
        pool = pool or Watching(stores.cache, device)
        try:
            if device != pool.device:
                raise BuildError(f"computed on {device}, others on {pool.device}")
            script = load(project.root, chapter, options.preset, options.seeds, options.look, options.shift)
            with using(pool):
                record_of(script, script.perform())
        except Exception as error:
            packed.without[chapter.name] = one_line(error)
            current.remove(chapter)
    return pool if current else None


def _entries(pool: Watching, stores: Stores) -> Iterator[tuple[str, Entry]]:
    """All results that the chapters rest on and that are kept, those of one kind together, as they have much in common."""
    kinds = {key: f"{type(job).__module__}.{type(job).__qualname__}" for key, job in pool.reached().items()}
    for key in sorted(kinds, key=lambda key: (kinds[key], key)):
        if entry := stores.cache.load(key):
            yield key, entry


def _only(entry: Entry, read: Collection[str], packed: Packed) -> bytes:
    """An encoded result with the arrays that chapters ``read``; of the others, which jobs alone may read, the small ones."""
    from safetensors.numpy import load

    arrays = load(entry.blob)
    spare = [name for name, array in arrays.items() if name not in read and array.nbytes > SMALL]
    packed.num_left_out += len(spare)
    packed.bytes_left_out += sum(arrays[name].nbytes for name in spare)
    return without(entry.blob, spare)


def _chapters(
    current: Sequence[Chapter], project: Project, options: Options, stores: Stores, packed: Packed, versions: dict[str, str]
) -> dict[str, bytes]:
    """Records, what stands beside them, and their drawings; ``versions`` gets what they were made with."""
    from measured.sharing.svg import fault_of

    files: dict[str, bytes] = {}
    for chapter in current:
        folder = stores.records.folder / "chapters" / options.preset
        for kind in ("record", "status"):
            files[f"chapters/{chapter.name}.{kind}.json"] = (folder / f"{chapter.name}.{kind}.json").read_bytes()
        status, record = stores.records.status(chapter.name, options.preset), stores.records.load(chapter.name, options.preset)
        assert status and record  # as it is current
        versions |= status.parts["versions"]
        for name, figure in record.figures.items():
            key = stores.drawings.key(name, project.outline.looks.on(figure))
            drawing = stores.drawings.load(key)
            if drawing and not any(map(fault_of, drawing.values())):  # one that is not there is drawn again
                files[f"drawings/{key}.json"] = (stores.drawings.folder / f"{key}.json").read_bytes()
    return files


def _site(out: Path) -> dict[str, bytes]:
    """The files that were published."""
    site = Site(out)
    files = {path: content for name in site.bundles for path, content in (site.files_of(name) or {}).items()}
    if strange := next((path for path in files if kind_of(f"{SITE}{path}") is None), ""):
        raise BuildError(f"--bundle: {strange!r} in {out} has a name that a bundle cannot have; give it another one")
    return {f"{SITE}{path}": content for path, content in files.items()} | {f"{SITE}{SITE_MANIFEST}": told(site.bundles, {})}


def _write(path: Path, files: Mapping[str, bytes]) -> int:
    """The files as a zip, all of it or nothing; its size. The same files give the same bytes."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.new-")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name_of_file in [MANIFEST, *sorted(files.keys() - {MANIFEST})]:
                info = zipfile.ZipInfo(name_of_file, LONG_AGO)
                info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
                archive.writestr(info, files[name_of_file])
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise BuildError(f"--bundle {path} cannot be written ({error.strerror or error}); the site is built") from error
    finally:
        Path(name).unlink(missing_ok=True)
    return path.stat().st_size
