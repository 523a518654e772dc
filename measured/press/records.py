"""Finished chapters on disk: what a build with nothing to do reads instead of computing.

Beside each record stands a status: the key and its parts, the jobs it rests on, and how long they took. A record that does not
match the checksum in its status, or has another format, counts as missing.
"""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from measured.files import write_atomically
from measured.pages.status import FORMAT, Origin, Status

if TYPE_CHECKING:
    from measured.pages.record import Record


class Records:
    """The finished chapters kept below ``folder``, one per chapter and preset; all of one ``origin``, if not computed here."""

    def __init__(self, folder: Path, origin: Origin | None = None):
        self.folder, self.origin = Path(folder), origin

    def status(self, chapter: str, preset: str) -> Status | None:
        """The status of the kept record; None where there is none of this format."""
        try:
            raw = json.loads(self._path(chapter, preset, "status").read_text(encoding="utf-8"))
            return Status(**{**raw, "jobs": tuple(raw["jobs"])}, origin=self.origin) if raw["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def load(self, chapter: str, preset: str) -> "Record | None":
        """The kept record; None where it is missing, damaged, or of another format."""
        from measured.pages.record import read

        text = self.text(chapter, preset)
        return read(text) if text is not None else None

    def text(self, chapter: str, preset: str) -> str | None:
        """The kept record as JSON; None where it is missing or damaged."""
        status = self.status(chapter, preset)
        try:
            text = self._path(chapter, preset, "record").read_text(encoding="utf-8")
        except OSError:
            return None
        return text if status and sha256(text.encode()).hexdigest() == status.sha256 else None

    def store(self, record: "Record", status: Status) -> Status:
        """Keep a record; the status is written last, with the record's checksum."""
        from measured.pages.record import to_json

        text = to_json(record)
        status = replace(status, sha256=sha256(text.encode()).hexdigest(), origin=self.origin)
        write_atomically(self._path(record.chapter, record.preset, "record"), text.encode())
        told = {name: value for name, value in asdict(status).items() if name != "origin"}
        path = self._path(record.chapter, record.preset, "status")
        write_atomically(path, json.dumps(told, indent=1, sort_keys=True).encode())
        return status

    def statuses(self) -> list[tuple[str, str, Status]]:
        """Chapter, preset and status of everything kept."""
        found = []
        for path in sorted(self.folder.glob("chapters/*/*.status.json")):
            chapter, preset = path.name.split(".")[0], path.parent.name
            if status := self.status(chapter, preset):
                found.append((chapter, preset, status))
        return found

    def remove(self, chapter: str, preset: str) -> None:
        """Forget a record."""
        for kind in ("status", "record"):
            self._path(chapter, preset, kind).unlink(missing_ok=True)

    def _path(self, chapter: str, preset: str, kind: str) -> Path:
        return self.folder / "chapters" / preset / f"{chapter}.{kind}.json"
