"""What a build was asked to do: checked values, told apart from how a command line spells them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from measured.errors import BuildError, did_you_mean

PRESETS = ("quick", "standard", "full")
DEVICES = ("auto", "cpu", "cuda")
MOST_SEEDS = 10_000

Action = Literal["build", "list", "dry_run", "prune", "diff", "new", "serve", "version", "help"]

EFFECTIVE: dict[Action, frozenset[str]] = {
    "build": frozenset(
        (
            "only",
            "preset",
            "seeds",
            "until_decided",
            "force",
            "compute_nothing",
            "workers",
            "cluster",
            "device",
            "strict",
            "accept",
            "out",
            "cache",
            "open",
            "pdf",
            "bundle",
            "bundle_from",
            "debug",
        )
    ),
    "list": frozenset(("only", "preset", "seeds", "device", "cache", "bundle_from", "debug")),
    "dry_run": frozenset(("only", "preset", "seeds", "force", "workers", "device", "cache", "debug")),
    "prune": frozenset(("cache", "debug")),
    "diff": frozenset(("within", "out", "debug")),
    "serve": frozenset(("only", "preset", "device", "out", "cache", "bundle_from", "open", "port", "debug")),
    "new": frozenset(("part", "title", "debug")),
    "version": frozenset(("debug",)),
    "help": frozenset(("debug",)),
}
"""Options that make a difference to what is done; any other is refused."""


@dataclass(frozen=True)
class Options:
    """One command, as it is carried out."""

    out: Path
    cache: Path
    action: Action = "build"
    only: tuple[str, ...] = ()
    preset: str = "standard"
    """Empty for that of the bundle."""
    seeds: int | None = None
    until_decided: float | None = None
    """Seconds in which more seeds may be added while findings are open; infinite for as long as it takes."""
    look: int = 1
    """The planned look that is made: at the preset's seeds, twice, or four times as many."""
    shift: int = 0
    """Added to every seed, those of searches and of draws of data included: the same report on other random numbers, to compare
    its verdicts (``benchmarks/other_seeds.py``). Such a report is no evidence of its own, so nobody can type it."""
    force: bool = False
    compute_nothing: bool = False
    """Take from the cache what is there, and leave every chapter as it is that needs more."""
    port: int | None = None
    """Of the preview; None for any that is free."""
    other_site: Path | None = None
    """What ``diff`` compares with."""
    within: float | None = None
    """Relative difference up to which numbers count as equal; None to ask whether either is outside of the other's interval."""
    name: str = ""
    """Of a new chapter."""
    part: str = ""
    title: str = ""
    workers: int | None = None
    cluster: str = ""
    device: str = "auto"
    strict: bool = False
    accept: bool = False
    open: bool = False
    pdf: Path | None = None
    """Where the report goes as one PDF, if it is asked for."""
    bundle: Path | None = None
    """Where the report goes as one file, to be worked on elsewhere."""
    bundle_from: Path | None = None
    """Such a file, from which all numbers are taken."""
    debug: bool = False

    def check(self, given: Collection[str], root: Path) -> None:
        """Refuse values that do not exist, options that contradict each other, and options without effect.

        ``given`` names the options that were typed. Raises BuildError.
        """
        for name, allowed in (("preset", PRESETS), ("device", DEVICES)):
            value = getattr(self, name)
            if value not in allowed and (value or self.bundle_from is None):
                raise BuildError(f"--{name} {value!r} does not exist; {did_you_mean(value, allowed)}")
        if idle := sorted(set(given) - EFFECTIVE[self.action]):
            if self.action == "build":
                other = next(action for action, names in EFFECTIVE.items() if idle[0] in names)
                raise BuildError(f"{_typed(idle[0])} has no effect on a build; use it with {_typed(other)}, or leave it out")
            does = {"list": "builds nothing", "dry_run": "builds nothing"}.get(self.action, "does something else")
            raise BuildError(
                f"{_typed(self.action)} {does}, so {' and '.join(map(_typed, idle))} would have no effect; "
                f"leave {'it' if len(idle) == 1 else 'them'} out"
            )
        if self.cluster and self.workers is not None:
            raise BuildError("--cluster and --workers contradict each other; the cluster decides how many workers it has")
        if (self.strict or self.accept) and self.preset == "quick":
            raise BuildError("--strict and --accept need evidence; the quick preset has none, so use --preset standard or full")
        if self.compute_nothing and (self.force or self.until_decided is not None):
            other = "--force" if self.force else "--until-decided"
            raise BuildError(f"--compute-nothing and {other} contradict each other; leave one of the two out")
        if self.seeds and (self.strict or self.accept):
            raise BuildError(
                "--accept and --strict are about the preset's own seeds, so --seeds contradicts them; leave --seeds out"
            )
        if self.until_decided is not None and (self.seeds or self.strict or self.accept):
            other = "--seeds" if self.seeds else "--strict" if self.strict else "--accept"
            raise BuildError(
                f"--until-decided decides itself how many seeds there are, which {other} is about; leave one of the two out"
            )
        self._check_bundles()
        self._check_folders(root)

    def _check_bundles(self) -> None:
        if self.bundle_from is not None:
            against = {
                "--force": self.force,
                "--until-decided": self.until_decided is not None,
                "--cluster": bool(self.cluster),
                "--device": self.device != "auto",
                "--seeds": self.seeds is not None,
            }
            for option in (name for name, is_given in against.items() if is_given):
                raise BuildError(
                    f"--from computes nothing and shows what the bundle holds; {option} contradicts that, so leave one out"
                )
        if self.bundle is not None:
            if self.until_decided is not None:
                raise BuildError(
                    "--bundle holds one look at the data, which --until-decided may add to; type one after the other"
                )
            if self.bundle.is_dir():
                raise BuildError(f"--bundle {self.bundle} is a folder; expected a file to write, as in --bundle report.zip")
            inside = next(
                (folder for folder in (self.out, self.cache) if self.bundle.resolve().is_relative_to(folder.resolve())), None
            )
            if inside:
                raise BuildError(
                    f"--bundle {self.bundle} is inside {inside}, whose files are build.py's own; expected another place"
                )

    def _check_folders(self, root: Path) -> None:
        # Publishing changes whole folders; an entry that is cached meanwhile inside the old one would be lost.
        out, cache = self.out.resolve(), self.cache.resolve()
        if root.is_relative_to(out):
            raise BuildError(f"--out {self.out} contains the project; expected a folder for the site alone, as in --out site")
        if out.is_relative_to(cache) or cache.is_relative_to(out):
            raise BuildError(
                f"--out {self.out} and --cache {self.cache}: one is inside the other; expected two separate folders"
            )


def _typed(name: str) -> str:
    """An option or action as a command line spells it."""
    return f"--{'from' if name == 'bundle_from' else name.replace('_', '-')}"
