"""Digests of text and files that are never half written."""

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
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(name, path)
