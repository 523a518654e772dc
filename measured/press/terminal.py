"""What a build says while it runs: one live view on a terminal, plain lines for each finished chapter elsewhere; which pages
can be read already, and about when the next one comes."""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from measured.evidence.number import duration


@dataclass
class Progress:
    """How far one chapter is. ``expected`` holds the seconds that each job is thought to take on one worker."""

    chapter: str
    expected: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    state: str = "waiting"
    is_settled: bool = False
    page: Path | None = None
    """Where it can be read already."""

    @property
    def has_failed(self) -> bool:
        """Whether it came to nothing."""
        return self.state.startswith("failed")

    @property
    def remaining(self) -> float:
        """Expected seconds of one worker for the jobs that are not done."""
        return sum(seconds for key, seconds in self.expected.items() if key not in self.done)


class Display:
    """Shows a ``Progress`` for each chapter, safely from several threads."""

    def __init__(self, chapters: Sequence[str]):
        self.num_workers = 1
        """How many compute at a time, as soon as that is known."""
        self.turns: Mapping[str, int] = {}
        """The place of each job in the order in which they are computed, as soon as that is known."""
        self._lock = threading.Lock()
        self._progress = {chapter: Progress(chapter) for chapter in chapters}

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as a reader expects it."""

    def asked(self, chapter: str, key: str, seconds: float) -> None:
        """A job of the chapter is needed."""
        with self._lock:
            progress = self._progress[chapter]
            progress.expected.setdefault(key, seconds)
            progress.state = "measuring"
        self.refresh()

    def finished(self, chapter: str, key: str, cached: bool, seconds: float) -> None:
        """A job of the chapter is done."""
        with self._lock:
            progress = self._progress[chapter]
            progress.done[key] = seconds
            if cached:
                progress.cached.add(key)
        self.refresh()

    def settle(self, chapter: str, state: str) -> None:
        """The chapter is finished or failed; ``state`` says which, in a few words."""
        with self._lock:
            self._progress[chapter].state = state
            self._progress[chapter].is_settled = True
        self.refresh()

    def readable(self, chapter: str, page: Path) -> None:
        """The chapter can be read there, while others are measured."""
        with self._lock:
            self._progress[chapter].page = page
        self.refresh()

    def time_left(self) -> float:
        """Expected wall-clock seconds until all is computed."""
        with self._lock:
            return self._time_of(lambda key: True)

    def next_page(self) -> tuple[str, float] | None:
        """The chapter that is finished next, as things stand, and the expected wall-clock seconds until then."""

        left = self.seconds_left()
        return min(left.items(), key=lambda item: item[1]) if left else None

    def seconds_left(self) -> dict[str, float]:
        """Expected wall-clock seconds until each chapter is finished, of those that are not and whose jobs are known."""
        with self._lock:
            waiting = [progress for progress in self._progress.values() if progress.expected and not progress.is_settled]
            return {progress.chapter: self._time_until(self._last_turn(progress)) for progress in waiting}

    def states(self) -> dict[str, Literal["waiting", "done", "failed"]]:
        """What has become of each chapter."""
        with self._lock:
            return {
                name: "waiting" if not progress.is_settled else "failed" if progress.has_failed else "done"
                for name, progress in self._progress.items()
            }

    def _last_turn(self, progress: Progress) -> int:
        return max((self.turns.get(key, -1) for key in progress.expected.keys() - progress.done.keys()), default=-1)

    def _time_until(self, turn: int) -> float:
        return self._time_of(lambda key: self.turns.get(key, -1) <= turn)

    def _time_of(self, counts: Callable[[str], bool]) -> float:
        """Of the jobs that count and are not done, corrected by how the finished ones compared with what was expected."""
        # By key, since chapters share jobs, and each is computed once.
        asked, done, cached = {}, {}, set()
        for progress in self._progress.values():
            asked |= progress.expected
            done |= progress.done
            cached |= progress.cached
        computed = done.keys() - cached
        expected = sum(asked.get(key, done[key]) for key in computed)
        pace = sum(done[key] for key in computed) / expected if expected > 5 else 1.0
        return sum(asked[key] for key in asked.keys() - done.keys() if counts(key)) * pace / self.num_workers

    def refresh(self) -> None:
        """Show the present state."""

    def say(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)


class Lines(Display):
    """For logs: a line when a chapter settles."""

    def settle(self, chapter: str, state: str) -> None:
        super().settle(chapter, state)
        progress = self._progress[chapter]
        jobs = f" ({len(progress.done)} jobs, {len(progress.cached)} from the cache)" if progress.done else ""
        self.say(f"{chapter}: {state}{jobs}")

    def readable(self, chapter: str, page: Path) -> None:
        super().readable(chapter, page)
        self.say(f"{chapter}: can be read at {page}")


class Live(Display):
    """For people: one table that stays in place, a row per chapter."""

    def __init__(self, chapters: Sequence[str]):
        super().__init__(chapters)
        from rich.console import Console
        from rich.live import Live as RichLive

        self._started = time.monotonic()
        self._console = Console()
        self._live = RichLive(console=self._console, refresh_per_second=4, get_renderable=self._render)

    def __enter__(self) -> "Display":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _render(self):
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        with self._lock:
            for progress in self._progress.values():
                done, total = len(progress.done), len(progress.expected)
                cached = Text(f"{len(progress.cached)} cached" if progress.cached else "")
                seconds = sum(progress.expected.values())
                share = 1 - progress.remaining / seconds if seconds else 0.0
                table.add_row(
                    progress.chapter,
                    ProgressBar(total=1.0, completed=share, width=20),
                    Text(f"{done}/{total} jobs", justify="right"),
                    Text(str(progress.page), style="green") if progress.page else cached,
                    Text(progress.state, style="red" if progress.has_failed else "dim"),
                )
        elapsed = duration(time.monotonic() - self._started)
        line = f"{elapsed} so far, about {duration(self.time_left())} left"
        if following := self.next_page():
            line += f"; the next page, {following[0]}, in about {duration(following[1])}"
        return Group(table, Text(line, style="dim"))


def display(chapters: Sequence[str]) -> Display:
    """The live view of these chapters on a terminal, lines elsewhere."""
    return Live(chapters) if sys.stdout.isatty() else Lines(chapters)
