"""The project's code on workers: the same as here, or an error.

A long-lived worker of a cluster may hold an older version of the project, or none. Before the first job, its source and data
are sent to every worker, present and future, which unpacks them into a folder of its own that nobody else can write to; each
job then says which source it needs and is refused where another is loaded. Must work on a worker that has never seen the
project, so that what is imported at the top is the standard library alone.
"""

import atexit
import hashlib
import importlib
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GENERATOR = Path(__file__).parents[1]
FOLDER_PREFIX = "measured-source-"
WAIT_FOR_WORKERS = 10  # seconds, for a cluster that is just starting


@dataclass(frozen=True)
class Code:
    """The packages that jobs are made of: some of the project's, and the generator."""

    root: Path
    packages: tuple[str, ...]

    def files(self) -> dict[str, bytes]:
        """What a worker needs, data beside the code included, by path."""
        folders = [*(self.root / name for name in self.packages), GENERATOR]
        found = {}
        for folder in dict.fromkeys(path.resolve() for path in folders):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    found[path.relative_to(folder.parent).as_posix()] = path.read_bytes()
        return found


@cache
def source_digest(code: Code) -> str:
    """One digest over all files that a worker needs, read once a process."""
    total = hashlib.sha256()
    for path, content in sorted(code.files().items()):
        total.update(path.encode() + b"\0" + content + b"\0")
    return total.hexdigest()


def run(expected: str, code: Code, payload: bytes, device: str, *inputs: tuple[bytes, float]) -> tuple[bytes, float]:
    """Compute the pickled job in this worker, provided that the worker's source is the ``expected`` one.

    It comes pickled because a scheduler opens what it passes on, and need not know the project.
    """
    from measured.jobs.run import run_encoded

    if source_digest(code) != expected:
        raise RuntimeError(
            "the project's source changed while the build ran, or another build uses this cluster with other source; "
            "start the build again"
        )
    return run_encoded(pickle.loads(payload), device, *inputs)


def entry_point() -> Callable[..., tuple[bytes, float]]:
    """``run`` for workers and schedulers that cannot import this module yet: a local function travels as code."""

    def run_on_worker(expected, packages, *arguments):
        from measured.jobs import remote

        return remote.run(expected, remote.Code(remote.GENERATOR.parent, packages), *arguments)

    return run_on_worker


def _receive(files: dict[str, bytes], name: str) -> None:
    """Unpack the project's files into a new folder of this process and make them the ones that it imports."""
    if Path(sys.path[0]).name.startswith(f"{FOLDER_PREFIX}{name[:16]}-"):
        return
    # mkdtemp makes the folder, readable and writable for this user alone; one that was there before could hold anything.
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{name[:16]}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for relative, content in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.path[:] = [str(folder), *(item for item in sys.path if FOLDER_PREFIX not in item)]
    packages = {relative.split("/")[0] for relative in files}
    for module in [item for item in sys.modules if item.split(".")[0] in packages]:
        del sys.modules[module]
    importlib.invalidate_caches()


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in names:
        if name != "Python":
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "not installed"
    return found


def install(client: Any, code: Code, versions: dict[str, str]) -> None:
    """Send the project's code to every worker of ``client``.

    Raises ValueError where there is no worker, where one has several threads, or where its versions differ from ``versions``,
    those of Python and of the distributions that compute; a worker that comes later is refused for the same reasons.
    """
    import cloudpickle
    from distributed import WorkerPlugin

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # scheduler and workers cannot import it yet
    files, name = code.files(), source_digest(code)

    class Source(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            found = _versions(tuple(versions))
            if found != versions or worker.state.nthreads != 1:
                # Of a worker that comes later, Dask only logs what setup raises, and would give it jobs all the same.
                worker.loop.add_callback(worker.close)
                raise RuntimeError(
                    f"this worker has {worker.state.nthreads} threads and {found}; expected one thread and {versions}"
                )
            _receive(files, name)

    try:
        client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
    except TimeoutError:
        raise ValueError(
            f"the scheduler has no workers after {WAIT_FOR_WORKERS} s; start one with 'dask worker ADDRESS --nthreads 1'"
        ) from None
    for worker, number in client.nthreads().items():
        if number != 1:
            raise ValueError(
                f"worker {worker} has {number} threads, and results would depend on them; start it with "
                "'dask worker ADDRESS --nthreads 1'"
            )
    for worker, found in client.run(_versions, tuple(versions)).items():
        differing = [name for name in versions if found[name] != versions[name]]
        if differing:
            there, here = (", ".join(f"{name} {side[name]}" for name in differing) for side in (found, versions))
            raise ValueError(f"worker {worker} has {there}; expected {here}, as installed here")
    client.register_plugin(Source(), name="measured-source")
