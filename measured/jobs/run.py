"""Computing one job where this process is, on one thread, on the device that was asked for."""

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from measured.jobs.cache import decode, encode
from measured.jobs.job import Job, nested
from measured.jobs.keys import libraries_of

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}
"""Environment in which a library that is loaded later computes on one thread as well."""


_importing = threading.Lock()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Whatever has been loaded computes on one thread: reductions change with the number of threads, and bytes must not."""
    from threadpoolctl import threadpool_limits

    with contextlib.ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        with _importing:  # while another thread imports it, only a part of it is there
            torch = sys.modules.get("torch")
        if torch:  # where the report has not imported it, it computes nothing
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        yield


def load_libraries(job: Job) -> None:
    """Import what the code of ``job`` computes with before it does, so that it is held to one thread and to the device."""
    with _importing:
        for name in libraries_of(job):
            with contextlib.suppress(ImportError):  # code may import it on another machine alone
                importlib.import_module(name)


def on_device(device: str) -> contextlib.AbstractContextManager:
    """Tensors are made on ``device``, where the report computes with torch at all."""
    torch = sys.modules.get("torch")
    return torch.device(device) if torch else contextlib.nullcontext()


DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")
"""What is there where a machine has CUDA."""


def resolve_device(choice: str, computing: Sequence[str] = ()) -> str:
    """``cpu`` or ``cuda`` for ``auto``; ValueError where CUDA is asked for and is not there.

    ``computing`` are modules of the report that compute. They are imported, to ask the library that they compute with, where
    the answer could be CUDA: elsewhere a chapter may be rehearsed or replayed without them.
    """
    if choice == "cuda" or (choice == "auto" and any(map(os.path.exists, DRIVERS))):
        for name in computing:
            importlib.import_module(name)
    torch = sys.modules.get("torch")
    available = torch is not None and torch.cuda.is_available()
    if choice == "cuda" and not available:
        raise ValueError("no CUDA device is available to torch here; use --device cpu or --device auto")
    return ("cuda" if available else "cpu") if choice == "auto" else choice


def run_encoded(job: Job, device: str, *inputs: tuple[bytes, float]) -> tuple[bytes, float]:
    """Compute ``job`` from encoded inputs on one thread; the encoded result and the seconds it took."""
    results = [decode(blob, inner.result_type) for inner, (blob, _) in zip(nested(job), inputs, strict=True)]
    load_libraries(job)
    started = time.perf_counter()
    with one_thread(), on_device(device):
        result = job.compute(*results)
        if not isinstance(result, job.result_type):
            raise ValueError(
                f"{type(job).__name__}.compute returned a {type(result).__name__}; expected a {job.result_type.__name__}, as "
                "its annotation says"
            )
        blob = encode(result)
    return blob, time.perf_counter() - started
