"""The documents of a report: what all of its readers need, which comes with the generator, and what a project has for authors.

``docs/README.md`` is the overview of a project's own documents: the Markdown files that it links to are pages of the site, in
that order. Without it there are none. What stands in ``readers/`` is a page of every report.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

FOLDER = "docs"
OVERVIEW = f"{FOLDER}/README.md"
READERS = Path(__file__).parent / "readers"
_SHIPPED = "measured/pages/readers"
"""Where these stand in a clone of the generator, as a link to them is written."""

_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?!#)([^()\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A text in Markdown that is a page of the site."""

    path: str
    """In the project, or in a clone of the generator."""
    text: str

    @property
    def address(self) -> str:
        """Its page in the site."""
        return f"{FOLDER}/{'index' if self.path == OVERVIEW else PurePosixPath(self.path).stem.lower()}.html"

    @property
    def title(self) -> str:
        """What its first heading says."""
        return next((text for _, text in self._headings()), PurePosixPath(self.path).stem)

    @property
    def lead(self) -> str:
        """Its first paragraph, as text."""
        found = re.search(r"^# .*\n+((?:[^\n#`].*\n?)+)", self.text)
        return _plain(" ".join(found[1].split())) if found else ""

    def sections(self) -> list[tuple[str, str]]:
        """The anchors of its headings below the first, with what these say."""
        from markdown.extensions.toc import slugify, unique

        taken, found = set[str](), list[tuple[str, str]]()
        for level, text in self._headings():
            anchor = unique(slugify(text, "-"), taken)
            found += [(anchor, text)] if level > 1 else []
        return found

    def _headings(self) -> Iterator[tuple[int, str]]:
        for found in _HEADING.finditer(_FENCED.sub("", self.text)):
            yield len(found[1]), _plain(found[2])

    def links(self) -> Iterator[tuple[int, str]]:
        """Line and address of each link to another file of the project."""
        prose = _FENCED.sub(lambda code: "\n" * code[0].count("\n"), self.text)
        for found in _LINK.finditer(prose):
            if not leads_out(found[1]):
                yield 1 + prose.count("\n", 0, found.start()), found[1].partition("#")[0]

    def resolved(self, address: str) -> str:
        """The path in the project to which a relative address leads."""
        return os.path.normpath(PurePosixPath(self.path).parent / address).replace(os.sep, "/")


def _plain(markdown: str) -> str:
    """A sentence without its marks."""
    return re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", markdown).replace("'", "’")


def leads_out(address: str) -> bool:
    """Whether an address is none of a file."""
    return bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address))


def module_of(path: str) -> str:
    """The dotted name of the module at a path."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class Documents:
    """The documents of a report, in the order in which they are read."""

    for_readers: tuple[Document, ...] = ()
    """Pages of every report."""
    for_authors: tuple[Document, ...] = ()
    """Pages of a project that has an overview, which comes first."""
    listings: Mapping[str, str] = field(default_factory=dict)
    """Python files beside the documents that these lead to, by path."""
    faults: tuple[str, ...] = ()
    """Links that lead nowhere, a line for each."""

    @property
    def overview(self) -> Document | None:
        """What leads authors to the others; None in a project without one."""
        return self.for_authors[0] if self.for_authors else None

    @property
    def all(self) -> tuple[Document, ...]:
        """Each once: the overview may list those for readers, too."""
        return (*self.for_authors, *(item for item in self.for_readers if item not in self.for_authors))

    @property
    def listed(self) -> list[tuple[str, str]]:
        """Path and title of each."""
        return [(item.path, item.title) for item in self.all]

    def entries(self) -> Iterator[tuple[str, str, str, str]]:
        """What the search finds: kind, title, text and address of each document and of its sections."""
        for item in self.all:
            yield "document", item.title, item.lead, item.address
            for anchor, text in item.sections():
                yield "section", text, item.title, f"{item.address}#{anchor}"

    def at(self, path: str) -> Document | None:
        """The document at a path; one that every report has is found by its name in ``docs/``, too."""
        by_path = {item.path: item for item in self.all}
        return by_path.get(path) or by_path.get(path.replace(f"{FOLDER}/", f"{_SHIPPED}/", 1))


NONE = Documents()


def read(root: Path) -> Documents:
    """The documents of the project in ``root``."""
    readers = [Document(f"{_SHIPPED}/{path.name}", path.read_text(encoding="utf-8")) for path in sorted(READERS.glob("*.md"))]
    if not (root / OVERVIEW).is_file():
        return Documents(tuple(readers))
    overview = Document(OVERVIEW, (root / OVERVIEW).read_text(encoding="utf-8"))
    own, faults = {overview.address: overview}, list[str]()
    for line, address in overview.links():
        path = overview.resolved(address)
        if not path.endswith(".md") or not (item := _document_at(root, path, readers)):
            continue
        if own.setdefault(item.address, item).path != item.path:
            faults.append(f"{OVERVIEW}, line {line}: {address} would be the page {item.address} of another; rename it")
    found = Documents(tuple(item for item in readers if item.address not in own), tuple(own.values()))
    listings = {}
    for item in found.all:
        for line, address in item.links():
            path = item.resolved(address)
            is_beside = path.startswith(f"{FOLDER}/")
            if not found.at(path) and not (root / path).exists():
                faults.append(
                    f"{item.path}, line {line}: {address} is no file here; write its path from this document's folder"
                )
            elif is_beside and path.endswith(".md") and not found.at(path):
                faults.append(f"{item.path}, line {line}: {address} is no page of the site; link to it from {OVERVIEW}")
            elif is_beside and path.endswith(".py") and _is_inside(root, path):
                listings[path] = (root / path).read_text(encoding="utf-8")
    return Documents(found.for_readers, found.for_authors, listings, tuple(dict.fromkeys(faults)))


def _document_at(root: Path, path: str, readers: Sequence[Document]) -> Document | None:
    """The project's own, or one that every report has."""
    if _is_inside(root, path):
        return next((item for item in readers if item.path == path), None) or Document(
            path, (root / path).read_text(encoding="utf-8")
        )
    return Documents(tuple(readers)).at(path)


def _is_inside(root: Path, path: str) -> bool:
    """Whether a file is there, and in the project wherever links lead."""
    return (root / path).is_file() and (root / path).resolve().is_relative_to(root.resolve())
