"""A chapter as publishing finds it: what of it is published, kept, failed or being measured."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from measured.pages.outline import Chapter
from measured.pages.status import Status
from measured.press.folder import Site
from measured.press.outcome import Failed
from measured.press.stores import Stores

if TYPE_CHECKING:
    from measured.pages.record import Record
    from measured.press.keep import Kept


@dataclass(frozen=True)
class Standing:
    """What is known of a chapter before any of its files is made."""

    chapter: Chapter
    published: Mapping[str, bytes] | None
    """The files that stay as they are: of a chapter that was left out, or that has no newer result yet."""
    status: Status | None
    trouble: str
    waiting: bool
    """Being measured right now."""
    record: "Record | None" = None
    """The record, where this build has made it; its prose was then held against its numbers already."""


def data_path(chapter: str) -> str:
    """Where a chapter's record stands in the site."""
    return f"data/{chapter}.json"


def standing_of(
    chapter: Chapter,
    stores: Stores,
    site: Site,
    preset: str,
    chosen: Collection[str],
    outcomes: "Mapping[str, Kept | Failed]",
    waiting: Collection[str],
) -> Standing:
    """How a chapter stands: ``chosen`` for this build or left out, measured with some outcome, or still waited for."""
    name = chapter.name
    bundle, is_waiting = f"chapter {name}", name in waiting
    published = site.files_of(bundle) if name not in chosen or is_waiting else None
    if is_waiting and published and data_path(name) not in published:
        published = None  # a page that says "not measured yet"
    of_preset = json.loads(data).get("preset", preset) if published and (data := published.get(data_path(name))) else preset
    outcome = outcomes.get(name)
    trouble = outcome.message if isinstance(outcome, Failed) else ""
    if published:
        trouble = site.bundles[bundle].get("trouble", "")
    status = stores.records.status(name, of_preset)
    record = None if outcome is None or isinstance(outcome, Failed) else outcome.record
    return Standing(chapter, published, status, trouble, is_waiting, record)
