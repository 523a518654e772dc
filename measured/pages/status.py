"""What stands beside a record: the key and its parts, the jobs it rests on, and how long they took. Imports nothing else."""

from dataclasses import dataclass, field
from typing import Any

FORMAT = 6
"""To be raised when the fields below, those of a record, a metric, a verdict or a figure, or what they mean, change: older
records are measured again."""


@dataclass(frozen=True)
class Origin:
    """Where numbers come from that were not computed here."""

    bundle: str
    """The name of the file that brought them."""
    host: str
    """What computed them: system, processor, cores."""
    versions: dict[str, str]
    """Of what computed them, by distribution, with Python's."""

    def __str__(self) -> str:
        computed = ", ".join(
            f"{name} {version}" for name, version in sorted(self.versions.items(), key=lambda item: item[0].lower())
        )
        return f"{self.bundle}, computed with {computed} on {self.host}"


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
    origin: Origin | None = None
    """None where the numbers were computed here."""
    format: int = FORMAT
