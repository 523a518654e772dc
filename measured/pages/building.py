"""``building.js``: what an open page is told of the build, which it cannot learn otherwise, as pages open from ``file://``.

While a build runs, the file says which chapters are done and about how long the others take, and when that was so. Once it has
ended, the file holds nothing but a revision of each page, by which a page that was open all the while knows that it is old: the
same bytes for the same site.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from measured.files import canonical, digest

PATH = "building.js"
LONG_ENOUGH = 12
"""Digits of a revision."""


@dataclass(frozen=True)
class Coming:
    """A chapter of the build that is running."""

    page: str
    number: str
    title: str
    state: Literal["waiting", "done", "failed"]
    seconds: float | None = None
    """Until its page is there, as far as that can be told."""


@dataclass(frozen=True)
class News:
    """How the build that is running stands."""

    at: int
    """Seconds since 1970: a page can tell that a build has not been heard of for long, as one that was killed."""
    chapters: Sequence[Coming]


def script(checksums: Mapping[str, str], unsettled: frozenset[str], news: News | None) -> bytes:
    """The file, from the checksums of all files of the site; without ``news`` no build is running.

    Pages that are ``unsettled`` may differ between two builds of the same inputs, and change when any other does.
    """
    pages = {path: sum256 for path, sum256 in checksums.items() if path.endswith(".html") and "/" not in path}
    settled = {path: sum256[:LONG_ENOUGH] for path, sum256 in pages.items() if path not in unsettled}
    revisions = settled | dict.fromkeys(unsettled & pages.keys(), digest(canonical(settled))[:LONG_ENOUGH])
    told = {"pages": dict(sorted(revisions.items()))} | ({"running": asdict(news)} if news else {})
    return f"measured.building({json.dumps(told, ensure_ascii=False, indent=0)});\n".encode()
