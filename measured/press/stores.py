"""Where a build keeps things between runs: results of jobs, finished chapters, drawings, and what was read in the source."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measured.errors import BuildError
from measured.files import check_writable
from measured.jobs.cache import Cache
from measured.jobs.source import Sources
from measured.press.records import Records
from measured.sharing.manifest import Shared

if TYPE_CHECKING:
    from measured.charts.drawings import Drawings


@dataclass(frozen=True)
class Stores:
    """All that stands in the cache folder."""

    folder: Path
    cache: Cache
    records: Records
    sources: Sources
    shared: Shared | None = None
    """The bundle that all of it came from, if it was not computed here."""

    @classmethod
    def at(cls, folder: Path, root: Path) -> "Stores":
        """The stores in ``folder`` of the project in ``root``; nothing is made before it is needed."""
        memo = folder / "source.json"
        return cls(folder, Cache(folder), Records(folder), Sources(root, memo))

    @classmethod
    def of_bundle(cls, shared: Shared, root: Path) -> "Stores":
        """What an unpacked bundle holds, for the project in ``root``; current by the versions that it was computed with."""
        folder = shared.folder
        sources = Sources(root, folder / "read_here.json", shared.elsewhere)
        return cls(folder, Cache(folder), Records(folder, shared.origin), sources, shared)

    @property
    def drawings(self) -> "Drawings":
        """Figures as they were drawn."""
        from measured.charts.drawings import Drawings

        return Drawings(self.folder / "drawings")

    def check(self) -> None:
        """Raises BuildError where the folder cannot be written, before anything is measured."""
        try:
            check_writable(self.folder)
        except OSError as error:
            raise BuildError(
                f"--cache {self.folder} cannot be written ({error.strerror}); expected a folder of your own"
            ) from error
