"""How far a ``gather`` is: one bar that stays in place in a notebook and on a terminal, one line elsewhere."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from html import escape
from typing import Any

from measured.evidence.number import duration
from measured.jobs.job import Job, name_of
from measured.notebook import formatters


class Progress:
    """What is said of the jobs that are ``expected`` to take so many seconds, by key, and of those that are there."""

    def __init__(self, num_there: int, expected: Mapping[str, float]):
        self._num_there, self._expected = num_there, expected
        self._started, self._done = time.monotonic(), set[str]()
        self._job = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        self.say(self.closing(kind), 1.0)

    def starts(self, job: Job) -> None:
        """``job`` is being computed."""
        self._job = name_of(job)
        self.say(self.line, self.share)

    def finished(self, key: str) -> None:
        """The result at ``key`` is kept."""
        self._done.add(key)
        self.say(self.line, self.share)

    @property
    def share(self) -> float:
        """How much of the expected time is over."""
        whole = sum(self._expected.values())
        return sum(seconds for name, seconds in self._expected.items() if name in self._done) / whole if whole else 1.0

    @property
    def line(self) -> str:
        """How far it is, in a line."""
        left = sum(seconds for name, seconds in self._expected.items() if name not in self._done)
        expected = sum(self._expected.values()) - left
        if expected > 5:  # what is finished tells how fast this machine is
            left *= (time.monotonic() - self._started) / expected
        return f"{len(self._done)} of {_jobs(len(self._expected))} computed, about {duration(left)} left: {self._job}"

    def closing(self, kind: type[BaseException] | None) -> str:
        """What is said at the end, or when ``kind`` was raised."""
        there = f"{_jobs(self._num_there)} from the cache"
        computed = f"{_jobs(len(self._done))} computed in {duration(time.monotonic() - self._started)}"
        if kind:
            left = len(self._expected) - len(self._done)
            how = "Interrupted" if issubclass(kind, KeyboardInterrupt) else "Failed"
            return f"{how} with {_jobs(left)} left; {computed} and kept. Run it again to go on."
        return ", ".join([computed] * bool(self._done) + [there] * bool(self._num_there))

    def say(self, line: str, share: float) -> None:
        """Show the present state."""


class Line(Progress):
    """For logs: one line at the end, where something was computed."""

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if self._done or kind:
            print(self.closing(kind), file=sys.stderr, flush=True)


class Bar(Progress):
    """On a terminal: a bar with a line, which is gone at the end."""

    def __enter__(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        line = TextColumn("{task.description}", markup=False)
        self._bars = Bars(BarColumn(20), line, console=Console(stderr=True), transient=True)
        self._bar = self._bars.add_task("", total=1.0)
        if self._expected:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        self._bars.stop()
        if self._expected:
            print(self.closing(kind), file=sys.stderr, flush=True)

    def say(self, line: str, share: float) -> None:
        self._bars.update(self._bar, description=line, completed=share)


class Cell(Progress):
    """In a notebook: a bar below the cell, updated in place, of which one line stays."""

    def __init__(self, num_there: int, expected: Mapping[str, float], display: Callable[[str], Callable[[str], None]]):
        super().__init__(num_there, expected)
        self._display, self._update = display, None

    def say(self, line: str, share: float) -> None:
        bar = "" if share == 1 else f'<progress value="{share:.3f}" max="1" aria-label="computed"></progress> '
        html = f'<div style="font-size: 0.85em; opacity: 0.75">{bar}{escape(line)}</div>'
        if self._update:
            self._update(html)
        else:
            self._update = self._display(html)


def progress(num_there: int, expected: Mapping[str, float]) -> AbstractContextManager[Progress]:
    """What shows how far it is, as fits where this runs."""
    if display := formatters.display():
        return Cell(num_there, expected, display)
    return Bar(num_there, expected) if sys.stderr.isatty() else Line(num_there, expected)


def _jobs(num: int) -> str:
    return f"{num:,} job{'s' if num != 1 else ''}"
