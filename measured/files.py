"""Files and digests that every part of the generator writes alike; the standard library alone."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def digest(text: str) -> str:
    """SHA-256 of ``text`` in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with one spelling for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader meets the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)  # a full disk leaves half a file
        raise


def check_writable(folder: Path) -> None:
    """Prove that files can be made in ``folder``, or in the nearest folder above it that there is. Raises OSError otherwise."""
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    with tempfile.TemporaryDirectory(dir=nearest, prefix=".new-"):
        pass
