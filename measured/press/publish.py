"""What is kept, as a site: each part is made where what it is made from changed, and all of it is put in place in one step."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache

from measured.files import canonical, digest
from measured.pages import chapter as chapter_pages
from measured.pages import check, environment, front, ledger, made
from measured.pages import source as source_pages
from measured.pages.chapter import Page
from measured.pages.outline import Chapter
from measured.pages.record import Record, Status, read
from measured.press.folder import Bundle, Site
from measured.press.outcome import Failed, one_line
from measured.press.stores import Stores
from measured.project import Project

# Packages of the generator that decide what a page looks like.
MAKING = ("measured/pages/", "measured/charts/", "measured/evidence/")


@dataclass(frozen=True)
class Published:
    """A site that is in place."""

    changed: bool
    """Whether anything in it is new."""
    trouble: Mapping[str, str]
    """Chapters of this build that failed, with the line that says why."""
    warnings: tuple[str, ...]
    """Conclusions in the prose of chapters that were rendered, outside of any claim."""


@dataclass(frozen=True)
class Standing:
    """A chapter as publishing finds it."""

    chapter: Chapter
    published: Mapping[str, bytes] | None
    """The files that stay as they are: of a chapter that was left out, or that has no newer result yet."""
    status: Status | None
    trouble: str
    waiting: bool
    """Being measured right now."""
    is_checked: bool
    """Whether this build has held its prose against its numbers already."""


@dataclass(frozen=True)
class _Part:
    bundle: Bundle
    warnings: tuple[str, ...] = ()


def publish(
    project: Project,
    stores: Stores,
    site: Site,
    preset: str,
    chosen: Collection[str],
    outcomes: Mapping[str, object],
    waiting: Collection[str] = (),
) -> Published:
    """Put the site in place as things stand.

    ``chosen`` are the chapters that this build is about, ``outcomes`` those of them that were measured, and ``waiting`` those that
    are being measured. Raises OSError where the site cannot be written.
    """
    outline, sources = project.outline, project.source_files
    standings = [_standing(item, stores, site, preset, chosen, outcomes, waiting) for item in outline.chapters]
    texts = environment.texts(project.templates)
    making = {path: text for path, text in sources.items() if path.startswith(MAKING)}
    contents = [[item.name, item.number, item.part, item.question] for item in outline.chapters]
    told = [outline.title, [[source.name, source.heading, source.conclusions] for source in outline.sources]]
    common = digest(canonical([texts, making, contents, told, environment.versions()]))

    parts = [_chapter(item, project, stores, site, preset, common) for item in standings]
    trouble = {item.chapter.name: part.bundle.trouble for item, part in zip(standings, parts, strict=True)}

    @cache
    def pages() -> list[Page]:
        return [_page(item, stores, preset, trouble[item.chapter.name]) for item in standings]

    def front_files() -> dict[str, bytes]:
        return front.files(project.frame, outline, pages()) | ledger.files(project.frame, outline, pages())

    def made_files() -> dict[str, bytes]:
        return made.files(project.frame, outline, pages(), statuses, list(sources))

    statuses = {item.chapter.name: item.status for item in standings if item.status}
    stand = [[_key_of(item, site), trouble[item.chapter.name], item.waiting] for item in standings]
    facts = [common, list(sources), {name: repr(status) for name, status in statuses.items()}]
    bundles = [
        *(part.bundle for part in parts),
        Bundle("front", digest(canonical([common, stand])), front_files),
        Bundle("made", digest(canonical(facts)), made_files),
        *(_source(path, text, project, common) for path, text in sources.items()),
    ]
    changed = site.publish(bundles)
    warnings = tuple(dict.fromkeys(line for part in parts for line in part.warnings))
    found = {name: line for name, line in trouble.items() if line and name in chosen}
    return Published(changed, found, warnings)


def _standing(
    chapter: Chapter,
    stores: Stores,
    site: Site,
    preset: str,
    chosen: Collection[str],
    outcomes: Mapping[str, object],
    waiting: Collection[str],
) -> Standing:
    name = chapter.name
    bundle, is_waiting = f"chapter {name}", name in waiting
    published = site.files_of(bundle) if name not in chosen or is_waiting else None
    if is_waiting and published and _data_path(name) not in published:
        published = None  # a page that says "not measured yet"
    of_preset = json.loads(data).get("preset", preset) if published and (data := published.get(_data_path(name))) else preset
    outcome = outcomes.get(name)
    trouble = outcome.message if isinstance(outcome, Failed) else ""
    if published:
        trouble = site.bundles[bundle].get("trouble", "")
    status = stores.records.status(name, of_preset)
    return Standing(chapter, published, status, trouble, is_waiting, outcome is not None and not trouble)


def _data_path(chapter: str) -> str:
    return f"data/{chapter}.json"


def _key_of(standing: Standing, site: Site) -> str:
    """What the front pages say of a chapter changes with this."""
    if standing.published:
        return site.bundles[f"chapter {standing.chapter.name}"]["inputs"]
    return standing.status.sha256 if standing.status else ""


def _record(standing: Standing, stores: Stores, preset: str) -> Record | None:
    if standing.published is not None:
        data = standing.published.get(_data_path(standing.chapter.name))
        return read(data.decode()) if data else None
    return None if standing.waiting else stores.records.load(standing.chapter.name, preset)


def _page(standing: Standing, stores: Stores, preset: str, trouble: str) -> Page:
    return Page(standing.chapter, _record(standing, stores, preset), trouble=trouble, waiting=standing.waiting)


def _chapter(
    standing: Standing,
    project: Project,
    stores: Stores,
    site: Site,
    preset: str,
    common: str,
) -> _Part:
    """The files of a chapter, made at once where they are not there, since prose that does not fit its numbers is trouble."""
    chapter, outline, trouble = standing.chapter, project.outline, standing.trouble
    name = f"chapter {chapter.name}"
    if published := standing.published:
        return _Part(Bundle(name, site.bundles[name]["inputs"], lambda: published, trouble))
    prose = project.templates / chapter.template
    text = prose.read_text(encoding="utf-8") if prose.is_file() else ""
    inputs = [common, chapter.source, text, standing.status.sha256 if standing.status else "", trouble, standing.waiting]
    key = digest(canonical(inputs))
    if site.bundles.get(name, {}).get("inputs") == key and site.files_of(name):
        return _Part(Bundle(name, key, dict, trouble))
    warnings: tuple[str, ...] = ()
    try:
        page = _page(standing, stores, preset, trouble)
        if page.record:
            if not standing.is_checked:
                check.check(project.frame, outline, chapter, page.record)
            drawings = {name: stores.drawings.of(name, figure) for name, figure in page.record.figures.items()}
            page = replace(page, drawings=drawings, text=stores.records.text(chapter.name, preset) or "")
            warnings = tuple(check.conclusions(project.frame, chapter))
        files = chapter_pages.files(project.frame, outline, page)
    except Exception as error:
        trouble = trouble or one_line(error)
        files = chapter_pages.under_banner(project.frame, outline, chapter, site.files_of(name), trouble)
        key = digest(canonical([*inputs, trouble]))
    return _Part(Bundle(name, key, lambda: files, trouble), warnings)


def _source(path: str, text: str, project: Project, common: str) -> Bundle:
    key = digest(canonical([common, path, text]))
    return Bundle(f"source {path}", key, lambda: source_pages.files(project.frame, project.outline, {path: text}))
