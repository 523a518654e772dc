"""The report built a second time on other random numbers, and its verdicts compared with those of the first.

    python benchmarks/other_seeds.py [--preset standard] [--only sharpness] [--shift 1000]

All seeds are shifted, those of searches and of draws of data included. The first report is the one in ``cache`` and ``site``,
built where it is not current; the second goes into ``cache-other-seeds`` and ``site-other-seeds`` and is never taken for it.
Prints every claim of which the two verdicts differ. Exit code 1 where a finding is supported in one and refuted in the other:
then its test is at fault, or an effect sits on a margin. What is decided in one and open in the other is only listed.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measured.evidence import Verdict
from measured.options import PRESETS, Options
from measured.press import plan
from measured.press.build import build
from measured.press.stores import Stores
from measured.project import Project

ROOT = Path(__file__).parents[1]


def verdicts(project: Project, options: Options) -> dict[str, Verdict]:
    """By chapter and claim, of a build that is current."""
    stores, found = Stores.at(options.cache, project.root), {}
    for chapter in plan.choose(project.outline.chapters, options.only):
        record = stores.records.load(chapter.name, options.preset)
        if record is None:
            raise SystemExit(f"{chapter.name} failed in {options.out}; mend it first")
        found |= {f"{chapter.name} {verdict.id}": verdict for verdict in record.verdicts}
    return found


def contradict(first: Verdict, second: Verdict) -> bool:
    """Whether a finding is true by one and false by the other."""
    return first.kind == "finding" and {first.outcome, second.outcome} == {"supported", "refuted"}


def effects(verdict: Verdict) -> str:
    """The effects with their intervals."""
    return "; ".join(f"{item.effect} {item.value:.3g} [{item.low:.3g}, {item.high:.3g}]" for item in verdict.findings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="standard", choices=PRESETS)
    parser.add_argument("--only", nargs="*", default=(), help="chapters or parts")
    parser.add_argument("--shift", type=int, default=1000)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    here = Options(ROOT / "site", ROOT / "cache", only=tuple(given.only), preset=given.preset, workers=given.workers)
    there = replace(here, out=ROOT / "site-other-seeds", cache=ROOT / "cache-other-seeds", shift=given.shift)
    if any(build(Project(ROOT), options, time.perf_counter()) for options in (here, there)):
        return 2
    first, second = (verdicts(Project(ROOT), options) for options in (here, there))
    differing = {name: (first[name], second[name]) for name in first if first[name].outcome != second[name].outcome}
    wrong = {name for name, pair in differing.items() if contradict(pair[0], pair[1])}
    print(f"\n{len(first)} claims, of which {len(differing)} came out otherwise on seeds shifted by {given.shift:,}:")
    for name, (one, other) in sorted(differing.items(), key=lambda item: item[0] not in wrong):
        print(f"  {name}: {one.outcome} | {other.outcome}{'   CONTRADICTION' if name in wrong else ''}")
        print(f"    {effects(one)}\n    {effects(other)}")
    print(f"{len(wrong)} findings are supported in one and refuted in the other")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
