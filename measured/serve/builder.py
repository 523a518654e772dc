"""Builds beside the server: each edit in a process of its own, since modules that were imported do not change."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measured.options import Options


@dataclass(frozen=True)
class Built:
    """What a build said."""

    changed: bool
    """Whether the site is another than before."""
    trouble: tuple[str, ...]
    """Its lines about what is wrong, and about what it would have to compute."""


class Builder:
    """Builds one project with one set of options, computing nothing.

    A process that has the libraries already waits for the next edit, so that prose shows at once.
    """

    def __init__(self, root: Path, options: Options):
        self._root, self._arguments = root, arguments_of(options)
        self._waiting: subprocess.Popen[str] | None = None

    def get_ready(self) -> None:
        """Start the process that makes the next build."""
        if self._waiting is None:
            self._waiting = subprocess.Popen(
                [sys.executable, "-m", "measured.serve.waiting", str(self._root), *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self._root,
            )

    def build(self) -> Built:
        """Build, and say what came of it."""
        self.get_ready()
        process, self._waiting = self._waiting, None
        assert process is not None
        printed, _ = process.communicate("build\n")
        lines = [line for line in printed.splitlines() if line.strip()]
        closing = lines[-1] if lines else ""
        said = tuple(line for line in lines[: -1 if process.returncode != 2 else None] if is_trouble(line))
        if process.returncode not in (0, 1) and not said:
            said = tuple(lines[-12:]) or (f"the build ended with {process.returncode}",)
        return Built(": nothing to do," not in closing, said)

    def stop(self) -> None:
        """End the process that waits."""
        if self._waiting is not None:
            self._waiting.kill()
            self._waiting.wait()


def is_trouble(line: str) -> bool:
    """Whether an author must see a line of a build: what failed, what the prose says by itself, what is to be computed."""
    return line.startswith(("warning: ", "build.py: ")) or ": failed: " in line or ": not computed: " in line


def arguments_of(options: Options) -> list[str]:
    """The command line of a build with these options that computes nothing."""
    folders = ["--out", str(options.out), "--cache", str(options.cache)]
    only = ["--only", *options.only] if options.only else []
    if options.bundle_from:
        bundle = ["--from", str(options.bundle_from.absolute()), *(["--preset", options.preset] if options.preset else [])]
        return [*folders, *bundle, *only]
    return [*folders, "--preset", options.preset, "--device", options.device, *only, "--compute-nothing"]
