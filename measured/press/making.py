"""The files of a site, made from what is kept.

Imported where something must be made, as what renders pages takes a while to load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from measured.looks import Looks
from measured.pages import chapter as chapter_pages
from measured.pages import check, contents, document, front, guides, ledger, made, source
from measured.pages.chapter import Page
from measured.pages.documents import Document
from measured.pages.record import read
from measured.pages.status import Status
from measured.press.outcome import Failed
from measured.press.standing import Standing, data_path
from measured.press.stores import Stores
from measured.project import Project


@dataclass(frozen=True)
class Made:
    """A chapter's files, the error under which they were made, and what is to be said of its prose."""

    files: Mapping[str, bytes]
    trouble: str
    warnings: tuple[str, ...] = ()


def page_of(standing: Standing, looks: Looks, stores: Stores, preset: str) -> Page:
    """The chapter's record with what is to be said of it, without drawings; its figures with the looks of the report."""
    record = standing.record
    if standing.published is not None:
        data = standing.published.get(data_path(standing.chapter.name))
        record = read(data.decode()) if data else None
    elif record is None and not standing.waiting:
        record = stores.records.load(standing.chapter.name, preset)
    if record:
        record = replace(record, figures={name: looks.on(figure) for name, figure in record.figures.items()})
    return Page(standing.chapter, record, trouble=standing.trouble, waiting=standing.waiting)


def chapter_files(standing: Standing, project: Project, stores: Stores, preset: str, last: Mapping[str, bytes] | None) -> Made:
    """A chapter's page, drawings and data; where its prose does not fit its numbers, the ``last`` files under a banner."""
    chapter, outline = standing.chapter, project.outline
    warnings: tuple[str, ...] = ()
    try:
        page = page_of(standing, outline.looks, stores, preset)
        if page.record:
            if standing.record is None:
                check.check_unfilled(project.frame, outline, chapter, page.record)
            drawings = {name: stores.drawings.of(name, figure) for name, figure in page.record.figures.items()}
            unknown = check.citations(project.frame, chapter, page.record)
            page = replace(page, drawings=drawings, text=stores.records.text(chapter.name, preset) or "")
            warnings = (*check.conclusions(project.frame, chapter), *unknown)
        return Made(chapter_pages.files(project.frame, outline, page), standing.trouble, warnings)
    except Exception as error:
        trouble = standing.trouble or Failed.at(chapter, error, project.root).message
        return Made(chapter_pages.under_banner(project.frame, outline, chapter, last, trouble), trouble, warnings)


class Fronts:
    """The pages about the report as a whole, from its chapters as they stand."""

    def __init__(
        self,
        standings: list[Standing],
        project: Project,
        stores: Stores,
        preset: str,
        files: Sequence[Mapping[str, bytes] | None],
    ):
        self._project = project
        self._contents = {
            item.chapter.name: contents.of(made, item.chapter.name) for item, made in zip(standings, files, strict=True)
        }
        self._pages = [
            _with_drawings(page_of(item, project.outline.looks, stores, preset), made or {})
            for item, made in zip(standings, files, strict=True)
        ]

    def front(self) -> dict[str, bytes]:
        """Front page and ledger."""
        project = self._project
        return front.files(project.frame, project.outline, self._pages, self._contents) | ledger.files(
            project.frame, project.outline, self._pages
        )

    def guides(self) -> dict[str, bytes]:
        """Glossary, references, and what the search goes through."""
        project = self._project
        return guides.files(project.frame, project.outline, self._pages, self._contents, project.documents)

    def made(self, statuses: Mapping[str, Status]) -> dict[str, bytes]:
        """How it was made."""
        project = self._project
        return made.files(project.frame, project.outline, self._pages, statuses, list(project.source_files))


def _with_drawings(page: Page, files: Mapping[str, bytes]) -> Page:
    """The page with the drawings that are among its files."""
    if page.record is None:
        return page
    return replace(page, drawings=chapter_pages.drawings_in(files, page.chapter.name, page.record))


def source_files(project: Project, path: str, text: str) -> dict[str, bytes]:
    """The page of a source file."""
    return source.files(project.frame, project.outline, {path: text})


def document_files(project: Project, item: Document, paths: Sequence[str], modules: Mapping[str, str]) -> dict[str, bytes]:
    """The page of a document, which leads to the sources at ``paths`` and to the reference of ``modules``."""
    targets = document.Targets(project.documents, {path: source.address(path) for path in paths}, modules)
    return document.files(project.frame, project.outline, targets, item)
