"""The one page, and the one file, that say what may differ between two builds: durations, host and versions."""

import json
from collections.abc import Mapping, Sequence

from measured.pages import source
from measured.pages.chapter import Page
from measured.pages.environment import Frame
from measured.pages.outline import Outline
from measured.pages.status import Status


def files(
    frame: Frame, outline: Outline, pages: Sequence[Page], statuses: Mapping[str, Status], sources: Sequence[str]
) -> dict[str, bytes]:
    """How the report was made, as a page and as data; ``sources`` are the paths that have a page of their own."""
    names = {name for status in statuses.values() for name in status.versions}
    used = [(chapter.number, statuses[chapter.name].versions) for chapter in outline.chapters if chapter.name in statuses]
    versions = {name: _one_or_each({number: found.get(name, "") for number, found in used}) for name in names}
    facts = {
        name: {
            "worker_seconds": status.worker_seconds,
            "wall_seconds": status.wall_seconds,
            "jobs": len(status.jobs),
            "from_cache": status.num_cached,
            "host": status.host,
            "versions": status.versions,
        }
        for name, status in statuses.items()
    }
    origins: dict[str, list[str]] = {}
    for name, status in statuses.items():
        if status.origin:
            facts[name]["from"] = str(status.origin)
            origins.setdefault(str(status.origin), []).append(name.replace("_", " "))
    return {
        "made.html": frame.page(
            "made.html.jinja2",
            outline=outline,
            current="made",
            pages=pages,
            statuses=statuses,
            versions=versions,
            origins=origins,
            sources={path: source.address(path) for path in sources},
            root="",
        ),
        "data/build.json": json.dumps(facts, indent=1, sort_keys=True).encode(),
    }


def _one_or_each(versions: Mapping[str, str]) -> str:
    """The version of a distribution that all chapters share, or which chapters, by their numbers, have which; empty is none."""
    chapters: dict[str, list[str]] = {}
    for number, item in versions.items():
        chapters.setdefault(item, []).append(number)
    if len(chapters) == 1:
        return next(iter(chapters))
    return "; ".join(
        f"{item} (chapter{'s' * (len(numbers) > 1)} {', '.join(numbers)})" for item, numbers in chapters.items() if item
    )
