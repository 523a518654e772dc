"""What leads a reader through the report: glossary, references, and the index that the search goes through."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measured.pages.chapter import Page
from measured.pages.contents import Contents
from measured.pages.documents import NONE, Documents
from measured.pages.environment import Frame, prose_html
from measured.pages.linking import plain
from measured.pages.outline import Chapter, Outline
from measured.pages.references import References

Place = tuple[Chapter, str, str]
"""A chapter, an anchor in it, and what stands there."""


def files(
    frame: Frame,
    outline: Outline,
    pages: Sequence[Page],
    contents: Mapping[str, Contents],
    documents: Documents = NONE,
) -> dict[str, bytes]:
    """The pages of the glossary and of the references, where the report has them, and the search's index."""
    glossary, works = frame.linker.glossary, frame.linker.references
    made = {"search-index.js": index(frame, outline, pages, contents, documents).encode()}
    if glossary:
        made["glossary.html"] = frame.page(
            "glossary.html.jinja2",
            outline=outline,
            current="glossary",
            terms=[
                (term, frame.linker.citations(prose_html(term.meaning)).html, _used(outline, contents, term.anchor))
                for term in glossary.terms
            ],
            root="",
        )
    if works:
        judged = _judged(pages, works)
        made["references.html"] = frame.page(
            "references.html.jinja2",
            outline=outline,
            current="references",
            works=[(work, _cited(outline, contents, work.key), judged[work.key]) for work in works.works],
            root="",
        )
    return made


def _used(outline: Outline, contents: Mapping[str, Contents], term: str) -> list[Place]:
    """The first section of each chapter that uses a term."""
    found = []
    for chapter in outline.chapters:
        parts = [part for part in contents[chapter.name].parts if term in part.terms]
        found += [(chapter, part.anchor, part.heading) for part in parts[:1]]
    return found


def _cited(outline: Outline, contents: Mapping[str, Contents], work: str) -> list[Place]:
    """The sections that cite a work."""
    return [
        (chapter, part.anchor, part.heading)
        for chapter in outline.chapters
        for part in contents[chapter.name].parts
        if work in part.works
    ]


def _judged(pages: Sequence[Page], works: References) -> dict[str, list[Place]]:
    """The claims whose source each work is, by the key of the work."""
    found: dict[str, list[Place]] = {work.key: [] for work in works.works}
    for page in pages:
        for verdict in page.record.verdicts if page.record else ():
            for cited in works.cited_in(verdict.source):
                found[cited.key].append((page.chapter, f"claim-{verdict.id}", verdict.id))
    return found


@dataclass(frozen=True)
class _Entry:
    """Something that can be found."""

    kind: str
    title: str
    text: str
    address: str


def index(
    frame: Frame,
    outline: Outline,
    pages: Sequence[Page],
    contents: Mapping[str, Contents],
    documents: Documents = NONE,
) -> str:
    """A script that holds all that can be found, as a page from a file can load no data."""
    entries = [entry for page in pages for entry in _of_chapter(page, contents[page.chapter.name])]
    entries += [_Entry("page", "Ledger of claims", "every conclusion of this report with its verdict", "claims.html")]
    entries += [_Entry("page", "How this was made", "durations, host, versions, source", "made.html")]
    for term in frame.linker.glossary.terms:
        text = " · ".join([plain(term.meaning), *([", ".join(term.others)] if term.others else [])])
        entries.append(_Entry("term", term.name, text, f"glossary.html#{term.anchor}"))
    for work in frame.linker.references.works:
        entries.append(
            _Entry("work", f"{work.short}: {work.title}", f"{work.names}. {work.venue}", f"references.html#{work.key}")
        )
    entries += [_Entry(*found) for found in documents.entries()]
    rows: list[Any] = [[entry.kind, entry.title, entry.text, entry.address] for entry in entries]
    return f"globalThis.SEARCH_INDEX = {json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"


def _of_chapter(page: Page, contents: Contents) -> list[_Entry]:
    chapter, record = page.chapter, page.record
    file = f"{chapter.name}.html"
    found = [_Entry("chapter", f"{chapter.number} {chapter.title}", chapter.question, file)]
    found += [_Entry("section", part.heading, chapter.title, f"{file}#{part.anchor}") for part in contents.parts if part.anchor]
    for verdict in record.verdicts if record else ():
        text = " ".join(part for part in (verdict.says, verdict.source if verdict.source != "ours" else "") if part)
        found.append(_Entry("claim", f"{verdict.id}: {plain(verdict.headline)}", plain(text), f"{file}#claim-{verdict.id}"))
    for name, called in contents.numbers.items():
        if record and name in record.figures:
            figure = record.figures[name]
            title = plain(figure.title).removesuffix(".")
            found.append(_Entry("figure", f"{called}: {title}", plain(figure.caption), f"{file}#figure-{name}"))
    return found
