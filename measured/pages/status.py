"""What stands beside a record: the key and its parts, the jobs it rests on, and how long they took. Imports nothing else."""

from dataclasses import dataclass, field
from typing import Any

FORMAT = 6
"""To be raised when the fields below, those of a record, a metric, a verdict or a figure, or what they mean, change: older
records are measured again."""


@dataclass(frozen=True)
class Status:
    """What a record was made from, and what that took."""

    key: str
    parts: dict[str, Any]
    sha256: str
    jobs: tuple[str, ...] = ()
    """Keys of the cache entries that the record rests on."""
    num_cached: int = 0
    worker_seconds: float = 0.0
    """Seconds of one worker that all its jobs took, now or when they were cached."""
    wall_seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    host: str = ""
    format: int = FORMAT
