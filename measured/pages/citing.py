"""How a page is cited: as a sentence and as BibTeX, from what ``CITATION.cff`` says of the report."""

import re
from dataclasses import dataclass
from typing import Any

from measured.errors import BuildError

FILE = "CITATION.cff"


@dataclass(frozen=True)
class Citation:
    """What a report says of itself to those who cite it; a report without a ``CITATION.cff`` has a title alone."""

    title: str
    authors: tuple[tuple[str, str], ...] = ()
    """Family name and given names; an organisation has no given names."""
    year: str = ""
    version: str = ""
    address: str = ""
    """Where the report is found, a DOI before other addresses."""

    def sentence(self, page: str, file: str) -> str:
        """The citation of a page with this title, or of the report where it has none."""
        who = ", ".join(f"{given} {family}".strip() for family, given in self.authors)
        when = f"({self.year})" if self.year else ""
        version = f", version {self.version}" if self.version else ""
        said = f"“{page}” In: {self.title}{version}, {file}" if page else f"{self.title}{version}"
        lead = " ".join(part for part in (who, when) if part)
        return ". ".join(part for part in (lead, said, self.address) if part).replace("?”.", "?”") + "."

    def bibtex(self, page: str, file: str) -> str:
        """The same as BibTeX."""
        first = self.authors[0][0].split()[-1] if self.authors else (self.title.split() or ["report"])[0]
        key = re.sub(r"\W+", "", f"{first}{self.year}{file.partition('.')[0] if page else ''}".lower())
        note = f"Version {self.version}" if self.version else ""
        fields = {
            # An organisation stands in brackets of its own, as its first words are no given names.
            "author": " and ".join(f"{family}, {given}" if given else f"{{{family}}}" for family, given in self.authors),
            "title": page or self.title,
            "booktitle": self.title if page else "",
            "year": self.year,
            "note": ", ".join(part for part in (note, file if page else "") if part),
            "url": self.address,
        }
        told = {name: value for name, value in fields.items() if value}
        lines = [f"  {name} = {{ {value} }}" if "{" in value else f"  {name} = {{{value}}}" for name, value in told.items()]
        return f"@{'incollection' if page else 'misc'}{{{key},\n" + ",\n".join(lines) + "\n}"


def read(text: str, title: str) -> Citation:
    """What ``CITATION.cff`` says. Raises BuildError where it is no such file."""
    if not text.strip():
        return Citation(title)
    import yaml

    try:
        told: dict[str, Any] = yaml.safe_load(text)
        authors = tuple(_author(author) for author in told.get("authors", ()))
        doi, address = told.get("doi"), told.get("url") or told.get("repository-code") or ""
        return Citation(
            str(told.get("title") or title),
            authors,
            str(told.get("date-released") or "")[:4],
            str(told.get("version") or ""),
            f"https://doi.org/{doi}" if doi else str(address),
        )
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise BuildError(
            f"{FILE} cannot be read: {' '.join(str(error).split())}; expected the fields of the Citation File Format"
        ) from error


def _author(author: dict[str, Any]) -> tuple[str, str]:
    if "name" in author:
        return str(author["name"]), ""
    return str(author.get("family-names", "")), str(author.get("given-names", ""))
