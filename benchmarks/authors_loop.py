"""From an author's edit to the published page, all jobs cached, beside what no build could do without.

    python benchmarks/authors_loop.py [--rounds 5] [--preset standard] [--chapter flatness]

Works on a copy of the project with hard links to its cache: build the preset first. Each edit is made, built and taken back;
the order changes from round to round within one run, and medians are compared. The plain ways: starting Python with the
libraries that make pages (for an edit to a template), and importing the chapter with all that it imports (for an edit to its
module). Exit code 1 where an edit misses its limit.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = {
    "nothing to do": 0.3,
    "sentence in the template": 0.7,
    "heading in the template": 3.0,
    "sentence of a claim": 3.0,
    "caption": 3.0,
    "label of an axis": 3.0,
}
"""Seconds that each may take on two cores that are otherwise idle."""
EDITS = {
    "sentence in the template": ("template", "\n{{ figure.", "\nOnce more.\n\n{{ figure."),
    "heading in the template": ("template", "\n## ", "\n## Once more: "),
    "sentence of a claim": ("module", 'says="', 'says="Once more: '),
    "caption": ("module", '-> charts.Figure:\n    """', '-> charts.Figure:\n    """Once more: '),
    "label of an axis": ("module", 'x="', 'x="once more: '),
}
"""Which file, the first text in it, and what stands there after the edit."""


def seconds(folder: Path, *arguments: str) -> float:
    """Wall clock of one Python process, which must succeed."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def copy_of(root: Path, folder: Path) -> Path:
    """The project in ``folder``; the cache is linked, since entries are replaced and never changed."""
    copy = folder / "copy"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".*", "cache", "tests", "__pycache__", "build"))
    shutil.copytree(root / "cache", copy / "cache", copy_function=os.link)
    return copy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--chapter", default="flatness")
    parser.add_argument("--project", type=Path, default=ROOT, help="a built copy of the project (default: this one)")
    options = parser.parse_args()
    build = ("build.py", "--preset", options.preset)
    plain = {
        "import jinja2, markdown": ("-c", "import jinja2, markdown"),
        f"import experiments.{options.chapter}": ("-c", f"import experiments.{options.chapter}"),
    }
    found: dict[str, list[float]] = {name: [] for name in (*plain, *LIMITS)}
    with tempfile.TemporaryDirectory(dir=options.project.parent) as folder:  # hard links stay within one file system
        copy = copy_of(options.project, Path(folder))
        files = {
            "template": copy / "templates" / "chapters" / f"{options.chapter}.md.jinja2",
            "module": copy / "experiments" / f"{options.chapter}.py",
        }
        seconds(copy, *build)
        for round_number in range(options.rounds):
            names = list(found)
            random.Random(round_number).shuffle(names)
            for name in names:
                if name in plain:
                    found[name].append(seconds(copy, *plain[name]))
                    continue
                if name in EDITS:
                    where, old, new = EDITS[name]
                    text = files[where].read_text(encoding="utf-8")
                    if old not in text:
                        raise SystemExit(f"{files[where].name} has no {old!r}, so that {name!r} would edit nothing; see EDITS")
                    # Another text each time: what is drawn for it is in no store yet.
                    edited = new.replace("nce more", "nce " + "more " * (round_number + 1))
                    files[where].write_text(text.replace(old, edited, 1), encoding="utf-8")
                    found[name].append(seconds(copy, *build))
                    files[where].write_text(text, encoding="utf-8")
                    seconds(copy, *build)
                else:
                    found[name].append(seconds(copy, *build))
    medians = {name: statistics.median(values) for name, values in found.items()}
    pages, chapter = (medians[name] for name in plain)
    for name, median in medians.items():
        beside = chapter if EDITS.get(name, ("",))[0] == "module" else pages
        base = "" if name in plain else f"{median / beside:6.2f} x the plain way"
        limit = f"  (limit {LIMITS[name]} s)" if name in LIMITS else ""
        print(f"{name:28} median {median:.2f} s, {min(found[name]):.2f} to {max(found[name]):.2f} {base}{limit}")
    return int(any(medians[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
