"""What is done to kept results besides making them: accepted verdicts, and pruning."""

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from measured.errors import BuildError
from measured.jobs.cache import leftovers
from measured.looks import Looks
from measured.options import PRESETS
from measured.press.outcome import Failed
from measured.press.stores import Stores
from measured.project import Project

if TYPE_CHECKING:
    from measured.pages.record import Record

Accepted = dict[str, dict[str, dict[str, str]]]
"""Outcomes by preset, chapter and claim."""


def read_accepted(path: Path) -> Accepted:
    """The accepted verdicts. Raises BuildError where the file holds something else."""
    if not path.exists():
        return {}
    hint = f"correct it, or delete {path.name} and type python build.py --accept"
    try:
        accepted = json.loads(path.read_text(encoding="utf-8"))
        chapters = [chapter for of_preset in accepted.values() for chapter in of_preset.values()]
        if all(isinstance(chapter, dict) for chapter in chapters):
            return accepted
    except ValueError as error:
        raise BuildError(f"{path.name} cannot be read ({error}); {hint}") from error
    except AttributeError:
        pass
    raise BuildError(f"{path.name} is not of the form {{preset: {{chapter: {{claim: verdict}}}}}}; {hint}")


def differing(accepted: Accepted, preset: str, records: Mapping[str, "Record"]) -> list[str]:
    """One line per claim of these chapters whose verdict is not the accepted one."""
    lines = []
    for chapter, record in records.items():
        found, known = _outcomes(record), accepted.get(preset, {}).get(chapter, {})
        lines += [
            f"{chapter} {name}: {found.get(name, 'no such claim')}, accepted was {known.get(name, 'nothing')}"
            for name in sorted(found.keys() | known.keys())
            if found.get(name) != known.get(name)
        ]
    return lines


def accept(path: Path, accepted: Accepted, preset: str, records: Mapping[str, "Record"], outline: Collection[str]) -> None:
    """Write the verdicts of these chapters into the file of accepted ones; of others, those that the ``outline`` names stay."""
    new = {chapter: _outcomes(record) for chapter, record in records.items()}
    both = {**accepted, preset: {**accepted.get(preset, {}), **new}}
    both = {name: {key: found for key, found in of.items() if key in outline} for name, of in both.items()}
    path.write_text(json.dumps(both, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _outcomes(record: "Record") -> dict[str, str]:
    return {verdict.id: verdict.outcome for verdict in record.verdicts}


def prune(project: Project, stores: Stores) -> str:
    """Delete what no chapter reaches at any preset with the present sources; what was done, as one line."""
    from measured.press.rehearse import load, rehearse

    statuses = stores.records.statuses()
    devices = sorted({"cpu", *(status.parts["device"] for _, _, status in statuses)})
    # What --seeds and --until-decided added to a kept result is reached by it.
    added = {(name, preset): (status.parts["seeds"], status.parts["look"]) for name, preset, status in statuses}
    reached: set[str] = set()
    for chapter in project.outline.chapters:
        for preset in PRESETS:
            for num_seeds, look in {(None, 1), added.get((chapter.name, preset), (None, 1))}:
                try:
                    script = load(project.root, chapter, preset, num_seeds, look)
                    for device in devices:
                        reached |= rehearse(script, stores.cache, device).asked.keys()
                except Exception as error:
                    message = Failed.at(chapter, error, project.root).message
                    raise BuildError(
                        f"cannot tell what {chapter.name} reaches ({message}); repair it before pruning"
                    ) from error
    present = stores.cache.keys()
    removed = [key for key in present if key not in reached]
    freed = stores.cache.remove(removed)
    known = {chapter.name for chapter in project.outline.chapters}
    for name, preset, _ in statuses:
        if name not in known:
            stores.records.remove(name, preset)
    freed += stores.drawings.remove(set(stores.drawings.keys()) - _drawn(stores, known, project.outline.looks))
    for path in leftovers(stores.folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return f"{stores.folder}: {len(removed)} of {len(present)} entries deleted, {freed / 1e6:.1f} MB freed"


def _drawn(stores: Stores, chapters: Collection[str], looks: Looks) -> set[str]:
    """Keys of the drawings that kept records show."""
    records = [stores.records.load(name, preset) for name, preset, _ in stores.records.statuses() if name in chapters]
    figures = [item for record in records if record for item in record.figures.items()]
    return {stores.drawings.key(name, looks.on(figure)) for name, figure in figures}
