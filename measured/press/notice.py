"""What open pages are told while a build runs: kept up to date beside the pages, and taken back when the build ends early."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from measured.pages import building
from measured.pages.building import Coming, News
from measured.pages.outline import Chapter
from measured.press.folder import Bundle, Site
from measured.press.terminal import Display

BUNDLE, UNSETTLED = "building", "made"
"""Names of bundles: this one, and the one whose files may differ between two builds."""
EVERY = 10.0
"""Seconds between two times that the build lets itself be heard; pages give up after ten times that."""
WORTH_WAITING = 20.0
"""Expected seconds from which a build says at its start that it is running: a shorter one is over before anybody reads it."""


def bundle_of(manifest: Mapping[str, Mapping[str, Any]], news: News | None) -> Bundle:
    """The file that open pages load again, from the other bundles of the site as they stand."""
    checksums = {
        path: checksum for name, held in manifest.items() if name != BUNDLE for path, checksum in held["files"].items()
    }
    unsettled = frozenset(manifest.get(UNSETTLED, {}).get("files", ()))
    content = building.script(checksums, unsettled, news)
    return Bundle(BUNDLE, building.digest(content.decode()), lambda: {building.PATH: content})


class Notice:
    """Tells the pages of a site how the build goes, from ``follow`` to ``stop``; what ends the block early takes it back."""

    def __init__(self, site: Site):
        self._site, self._ended = site, threading.Event()
        self._chapters: Sequence[Chapter] = ()
        self._display: Display | None = None
        self._thread: threading.Thread | None = None
        self.lock = threading.Lock()
        """To be held by whoever publishes, as folders change places then."""

    def follow(self, chapters: Sequence[Chapter], display: Display) -> None:
        """Tell from now on of these chapters, whose progress ``display`` knows."""
        self._chapters, self._display = chapters, display
        if self._thread is None:
            self._thread = threading.Thread(target=self._tell, name="tell open pages", daemon=True)
            self._thread.start()

    def news(self) -> News | None:
        """How the build stands; nothing before it is followed."""
        if self._display is None:
            return None
        states, left = self._display.states(), self._display.seconds_left()
        chapters = [
            Coming(f"{item.name}.html", item.number, item.title, states[item.name], left.get(item.name))
            for item in self._chapters
        ]
        return News(round(time.time()), chapters)

    def stop(self) -> None:
        """Tell no more, as the site that is published next says that the build has ended."""
        with self.lock:
            self._ended.set()

    def __enter__(self) -> "Notice":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if kind and self._thread:
            self._write(None)

    def _tell(self) -> None:
        while not self._ended.wait(EVERY):
            self._write(self.news())

    def _write(self, news: News | None) -> None:
        with self.lock:
            if news is None or not self._ended.is_set():
                self._site.rewrite(bundle_of(self._site.bundles, news))
