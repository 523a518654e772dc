"""What a chapter's page holds and where, as data beside the page: search, glossary and references read it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Part:
    """A section of a page, and what is in it."""

    anchor: str
    """Empty where it comes before the first heading."""
    heading: str
    figures: tuple[str, ...] = ()
    """Names, in order, of what the section shows."""
    claims: tuple[str, ...] = ()
    """Ids of the cards that the section shows."""
    terms: tuple[str, ...] = ()
    """Anchors in the glossary of the words that it uses."""
    works: tuple[str, ...] = ()
    """Keys of the works that it cites."""


@dataclass(frozen=True)
class Contents:
    """A chapter's page."""

    parts: tuple[Part, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)
    """By name, what a figure is called: "Figure 2.1.3"."""

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def path(chapter: str) -> str:
    """Where the contents of a chapter stand in the site."""
    return f"data/{chapter}/contents.json"


def of(files: Mapping[str, bytes] | None, chapter: str) -> Contents:
    """The contents among a chapter's files; none where they are missing, or of another form."""
    import cattrs

    try:
        return cattrs.structure(json.loads((files or {})[path(chapter)]), Contents)
    except Exception:  # whatever a class makes of fields that are not its own
        return Contents()
