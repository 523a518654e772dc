"""Jobs with known results, and a small project to build."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from measured.jobs import Job
from tests.generator import nursery

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Numbers:
    """The result of the jobs below."""

    values: np.ndarray


@dataclass(frozen=True)
class Powers(Job[Numbers]):
    """The first powers of a number."""

    base: float
    count: int = 3

    def compute(self) -> Numbers:
        return Numbers(self.base ** np.arange(self.count, dtype=np.float64))

    def placeholder(self) -> Numbers:
        return Numbers(np.linspace(0.5, 1.5, self.count))


@dataclass(frozen=True)
class Total(Job[Numbers]):
    """The sum of what another job computed."""

    of: Powers

    def compute(self, numbers: Numbers) -> Numbers:
        return Numbers(numbers.values.sum(keepdims=True))

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


@dataclass(frozen=True)
class Threads(Job[Numbers]):
    """How many threads each library that computes has while a job runs."""

    def compute(self) -> Numbers:
        from threadpoolctl import threadpool_info

        return Numbers(np.array([library["num_threads"] for library in threadpool_info()]))

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


@dataclass(frozen=True)
class Failing(Job[Numbers]):
    """A job that cannot be computed."""

    reason: str

    def compute(self) -> Numbers:
        raise ArithmeticError(self.reason)

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


CHAPTER = '''"""Do two dice differ?

Their means over a few throws.
"""

from dataclasses import dataclass

import numpy as np

from measured import charts
from measured.evidence import Claim, Quantity, Result, Seeds, Sweep, larger
from measured.jobs import Job, gather


@dataclass(frozen=True)
class Throws:
    values: np.ndarray


@dataclass(frozen=True)
class Dice(Job[Throws]):
    bias: float
    seed: int

    def compute(self) -> Throws:
        return Throws(np.random.default_rng(self.seed).normal(self.bias, 1.0, 50))

    def placeholder(self) -> Throws:
        return Throws(np.linspace(1, 2, 50) + 0.1 * self.seed + self.bias)


@dataclass(frozen=True)
class Settings:
    seeds: Seeds = Seeds(5)
    """Throws of each dice."""


PRESETS = {"quick": Settings(Seeds(2)), "standard": Settings(), "full": Settings(Seeds(9))}
MEAN = Quantity("mean", "mean", read=lambda throw: throw.values.mean())


def run(settings: Settings = PRESETS["standard"]) -> Result:
    dice = Sweep("bias", gather(Sweep.over("bias", (0.0, 3.0), settings.seeds, Dice).runs))
    return Result({"fair": MEAN.over(dice[0.0]), "loaded": MEAN.over(dice[3.0])}, charts.drawn(throws, dice))


def throws(dice: Sweep[Throws]) -> charts.Figure:
    """All throws."""
    lines = {f"bias {bias}": charts.Series(range(50), [item.values for item in dice[bias]]) for bias in dice.values}
    return charts.curves({"throws": lines}, x="throw", y="value", alt="Two noisy lines.")


CLAIMS = (
    Claim(
        "loaded-is-larger",
        source="ours",
        says="The loaded dice gives {loaded}, the fair one {fair}.",
        holds=larger("loaded", than="fair"),
    ),
)
'''

PROSE = """## Findings

The fair dice gives {{ metric.fair }}.

{{ figure.throws }}

{% if claim["loaded-is-larger"].supported %}They differ.{% elif claim["loaded-is-larger"].refuted %}They do not.\
{% else %}Who knows.{% endif %}
"""


MAY_DIFFER = ("made.html", "data/build.json", "measured-site.json")
"""Files of a site that two builds may make differently, as made.html itself says."""


class ToyProject:
    """A report with small chapters that know neither torch nor this repository's report, built in processes of its own."""

    def __init__(self, folder: Path, chapters: tuple[str, ...] = ("dice",), copied_from: "ToyProject | None" = None):
        self.folder = folder
        if copied_from:
            shutil.copytree(copied_from.folder, folder, dirs_exist_ok=True)
            return
        for name in ("experiments", "templates/chapters"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "build.py", folder / "build.py")
        for chapter in chapters:
            self.write(f"experiments/{chapter}.py", CHAPTER)
            self.write(f"templates/chapters/{chapter}.md.jinja2", PROSE)
        self.write("experiments/__init__.py", f'"""Toys."""\n\nCHAPTERS = {{"Toys": {chapters!r}}}\n')

    @classmethod
    def at(cls, folder: Path) -> "ToyProject":
        """A project that is there already."""
        project = cls.__new__(cls)
        project.folder = folder
        return project

    def learn_from(self, other: "ToyProject") -> None:
        """Know what is kept of the generator's own sources in another project's cache, which takes seconds to find out."""
        shutil.copytree(other.folder / "cache" / "pages", self.folder / "cache" / "pages")
        shutil.copy(other.folder / "cache" / "source.json", self.folder / "cache")

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / path).write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        """A file of the project or its site."""
        return (self.folder / path).read_text(encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new))

    def command(self, *options: str, workers: str = "0") -> list[str]:
        """What is typed in the folder."""
        elsewhere = any(
            option in options for option in ("--cluster", "--list", "--prune", "--diff", "--version", "--new", "--serve")
        )
        return [sys.executable, "build.py", *(() if elsewhere or not workers else ("--workers", workers)), *options]

    @property
    def environment(self) -> dict[str, str]:
        """That of this process, in which the generator that is tested is found first."""
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def build(self, *options: str, workers: str = "0") -> subprocess.CompletedProcess[str]:
        """Run ``python build.py`` and wait."""
        command = self.command(*options, workers=workers)
        if hasattr(os, "fork") and workers == "0":
            return nursery.build(command, self.folder, self.environment)
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=300, env=self.environment)

    def site(self) -> dict[str, bytes]:
        """Every file of the site but those that may differ between two builds."""
        files = {
            path.relative_to(self.folder / "site").as_posix(): path
            for path in (self.folder / "site").rglob("*")
            if path.is_file()
        }
        return {name: path.read_bytes() for name, path in sorted(files.items()) if name not in MAY_DIFFER}
