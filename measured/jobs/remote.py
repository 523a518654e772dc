"""The project's code on the workers of a cluster: the same as here, or an error.

A long-lived worker may hold an older version of the project, or none. Before the first job, its source and data are sent
to every worker, present and future; each job then says which source it needs and is refused where another is loaded.
Must work on a worker that has never seen the project, so it imports only the standard library.
"""

import hashlib
import importlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("lab", "measured", "experiments")
FOLDER_PREFIX = "measured-source-"
WAIT_FOR_WORKERS = 10  # seconds, for a cluster that is just starting


def _source_files(root: Path) -> list[Path]:
    files = [path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file()]
    return sorted(path for path in files if path.suffix in (".py", ".npz"))


@cache
def source_digest(root: Path) -> str:
    """One digest over all files that a worker needs, read once a process."""
    total = hashlib.sha256()
    for path in _source_files(root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def run(expected: str, job: Any, device: str, *inputs: tuple[bytes, float]) -> tuple[bytes, float]:
    """Compute ``job`` in this worker, provided that the worker's source is the ``expected`` one."""
    from measured.jobs import compute

    if source_digest(compute.ROOT) != expected:
        raise RuntimeError(
            "the project's source changed while the build ran, or another build uses this cluster with other source; "
            "start the build again"
        )
    return compute.run_encoded(job, device, *inputs)


def run_pickled(expected: str, payload: bytes, device: str, *inputs: tuple[bytes, float]) -> tuple[bytes, float]:
    """``run`` for a pickled job: a scheduler opens what it passes on, and need not know the project."""
    return run(expected, pickle.loads(payload), device, *inputs)


def entry_point() -> Callable[..., tuple[bytes, float]]:
    """``run_pickled`` for workers and schedulers that cannot import this module yet: a local function travels as code."""

    def run_on_worker(*arguments):
        from measured.jobs import remote

        return remote.run_pickled(*arguments)

    return run_on_worker


def _receive(files: dict[str, bytes], name: str) -> None:
    """Write the project's files on this worker and make them the ones that it imports."""
    folder = Path(tempfile.gettempdir()) / (FOLDER_PREFIX + name)
    for relative, content in files.items():
        path = folder / relative
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Another worker of this host may read it at the same time.
            handle, name_of_part = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as part:
                part.write(content)
            os.replace(name_of_part, path)
    if sys.path[0] != str(folder):
        sys.path[:] = [str(folder), *(item for item in sys.path if FOLDER_PREFIX not in item)]
        for module in [item for item in sys.modules if item.split(".")[0] in PACKAGES]:
            del sys.modules[module]
        importlib.invalidate_caches()


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def install(client: Any, root: Path, versions: dict[str, str]) -> None:
    """Send the project below ``root`` to every worker of ``client``.

    Raises ValueError where there is no worker, where one has several threads, or where its versions of the computing
    distributions differ from ``versions``; a worker that comes later is refused for the same reasons.
    """
    import cloudpickle
    from distributed import WorkerPlugin

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # scheduler and workers cannot import it yet
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in _source_files(root)}
    digest = source_digest(root)

    class Source(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            found = _versions(tuple(versions))
            if found != versions or worker.state.nthreads != 1:
                # Of a worker that comes later, Dask only logs what setup raises, and would give it jobs all the same.
                worker.loop.add_callback(worker.close)
                raise RuntimeError(
                    f"this worker has {worker.state.nthreads} threads and {found}; expected one thread and {versions}"
                )
            _receive(files, digest)

    try:
        client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
    except TimeoutError:
        raise ValueError(
            f"the scheduler has no workers after {WAIT_FOR_WORKERS} s; start one with 'dask worker ADDRESS --nthreads 1'"
        ) from None
    for worker, number in client.nthreads().items():
        if number != 1:
            raise ValueError(
                f"worker {worker} has {number} threads, and results would depend on them; start it with 'dask worker ADDRESS --nthreads 1'"
            )
    for worker, found in client.run(_versions, tuple(versions)).items():
        differing = [name for name in versions if found[name] != versions[name]]
        if differing:
            there, here = (", ".join(f"{name} {side[name]}" for name in differing) for side in (found, versions))
            raise ValueError(f"worker {worker} has {there}; expected {here}, as installed here")
    client.register_plugin(Source(), name="measured-source")
