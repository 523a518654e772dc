"""What is kept, as a site: each part is made where what it is made from changed, and all of it is put in place in one step."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from measured.files import canonical, digest
from measured.installed import ABSENT, file_of, version_of
from measured.pages import contents, material
from measured.pages.building import News
from measured.pages.documents import Document
from measured.press import reference
from measured.press.folder import Bundle, Site
from measured.press.notice import bundle_of
from measured.press.standing import Standing, standing_of
from measured.press.stores import Stores
from measured.project import Project

if TYPE_CHECKING:
    from measured.press.keep import Kept
    from measured.press.making import Fronts
    from measured.press.outcome import Failed

# Packages of the generator that decide what a page looks like.
MAKING = ("measured/pages/", "measured/charts/", "measured/evidence/", "measured/looks.py")


@dataclass(frozen=True)
class Published:
    """A site that is in place."""

    changed: bool
    """Whether anything in it is new."""
    trouble: Mapping[str, str]
    """Chapters of this build that failed, with the line that says why."""
    warnings: tuple[str, ...]
    """Conclusions in the prose of chapters that were rendered, outside of any claim; links of documents that lead nowhere."""


@dataclass(frozen=True)
class _Part:
    bundle: Bundle
    files: Callable[[], Mapping[str, bytes] | None]
    """The files of the chapter as they stand, or will."""
    warnings: tuple[str, ...] = ()


def publish(
    project: Project,
    stores: Stores,
    site: Site,
    preset: str,
    chosen: Collection[str],
    outcomes: "Mapping[str, Kept | Failed]",
    waiting: Collection[str] = (),
    news: News | None = None,
) -> Published:
    """Put the site in place as things stand.

    ``chosen`` are the chapters that this build is about, ``outcomes`` those of them that were measured, and ``waiting`` those
    that are being measured; ``news`` is what open pages are told of a build that goes on. Raises OSError where the site cannot
    be written.
    """
    outline, sources = project.outline, project.source_files
    standings = [standing_of(item, stores, site, preset, chosen, outcomes, waiting) for item in outline.chapters]
    texts = material.texts(project.templates)
    making = {path: text for path, text in sources.items() if path.startswith(MAKING)}
    outlined = [[item.name, item.number, item.part, item.title, item.question] for item in outline.chapters]
    told = [outline.title, [[source.name, source.heading, source.conclusions] for source in outline.sources]]
    looks = {name: astuple(look) for name, look in outline.looks.by_name.items()}
    documents = project.documents
    leads = documents.overview.title if documents.overview else ""
    common = digest(canonical([texts, making, outlined, told, looks, material.versions(), project.citation, leads]))

    parts = [_chapter(item, project, stores, site, preset, common) for item in standings]
    standings = [replace(item, trouble=part.bundle.trouble) for item, part in zip(standings, parts, strict=True)]
    statuses = {item.chapter.name: item.status for item in standings if item.status}

    @cache
    def fronts() -> "Fronts":
        from measured.press.making import Fronts

        return Fronts(standings, project, stores, preset, [part.files() for part in parts])

    stand = [
        [_key_of(item, site), item.trouble, item.waiting, _contents_of(item.chapter.name, part)]
        for item, part in zip(standings, parts, strict=True)
    ]
    facts = [common, list(sources), {name: repr(status) for name, status in statuses.items()}]
    bundles = [
        *(part.bundle for part in parts),
        Bundle("front", digest(canonical([common, stand])), lambda: fronts().front()),
        Bundle("guides", digest(canonical([common, stand, [item.text for item in documents.all]])), lambda: fronts().guides()),
        Bundle("made", digest(canonical(facts)), lambda: fronts().made(statuses)),
        *_plotly(),
        *_documents(project, common),
        *(_source(path, text, project, common) for path, text in {**sources, **documents.listings}.items()),
    ]
    changed = site.publish(bundles, lambda manifest: bundle_of(manifest, news))
    warnings = tuple(dict.fromkeys([*(line for part in parts for line in part.warnings), *documents.faults]))
    trouble = {item.chapter.name: item.trouble for item in standings if item.trouble and item.chapter.name in chosen}
    return Published(changed, trouble, warnings)


def _contents_of(chapter: str, part: _Part) -> str:
    """What a chapter's page holds, as the front page, the guides and the search say it."""
    return (part.files() or {}).get(contents.path(chapter), b"").decode()


def _key_of(standing: Standing, site: Site) -> str:
    """What the front pages say of a chapter changes with this."""
    if standing.published:
        return site.bundles[f"chapter {standing.chapter.name}"]["inputs"]
    return standing.status.sha256 if standing.status else ""


def _chapter(standing: Standing, project: Project, stores: Stores, site: Site, preset: str, common: str) -> _Part:
    """The files of a chapter, made at once where they are not there, since prose that does not fit its numbers is trouble."""
    chapter, trouble = standing.chapter, standing.trouble
    name = f"chapter {chapter.name}"
    if published := standing.published:
        return _Part(Bundle(name, site.bundles[name]["inputs"], lambda: published, trouble), lambda: published)
    prose = project.templates / chapter.template
    text = prose.read_text(encoding="utf-8") if prose.is_file() else ""
    inputs = [common, chapter.source, text, standing.status.sha256 if standing.status else "", trouble, standing.waiting]
    key = digest(canonical(inputs))
    if site.bundles.get(name, {}).get("inputs") == key and site.files_of(name):
        return _Part(Bundle(name, key, dict, trouble), lambda: site.files_of(name))
    from measured.press.making import chapter_files

    made = chapter_files(standing, project, stores, preset, site.files_of(name))
    if made.trouble != trouble:
        key = digest(canonical([*inputs, made.trouble]))
    return _Part(Bundle(name, key, lambda: made.files, made.trouble), lambda: made.files, made.warnings)


def _source(path: str, text: str, project: Project, common: str) -> Bundle:
    def make() -> Mapping[str, bytes]:
        from measured.press.making import source_files

        return source_files(project, path, text)

    return Bundle(f"source {path}", digest(canonical([common, path, text])), make)


def _documents(project: Project, common: str) -> Iterator[Bundle]:
    documents = project.documents
    paths = [*project.source_files, *documents.listings]
    modules = reference.modules(documents, project.source_files)
    for item in documents.all:

        def make(item: Document = item) -> Mapping[str, bytes]:
            from measured.press.making import document_files

            return document_files(project, item, paths, modules)

        inputs = [common, item.path, item.text, documents.listed, paths, modules]
        yield Bundle(f"document {item.path}", digest(canonical(inputs)), make)
    if modules:
        inputs = [common, modules, reference.inputs(modules, project.source_files)]
        yield Bundle("reference", digest(canonical(inputs)), lambda: reference.files(project, modules))


def _plotly() -> list[Bundle]:
    """What draws figures that are explored, as the installed package has it; pages say so where it is missing."""
    if (version := version_of("plotly")) == ABSENT:
        return []
    path = file_of("plotly", "plotly/package_data/plotly.min.js")
    return [Bundle("plotly", version, lambda: {path.name: path.read_bytes()})]
