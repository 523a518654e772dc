"""A build with nothing to do, and one with an edited sentence, beside starting Python with the libraries that make pages.

    python benchmarks/nothing_to_do.py [--rounds 5] [--preset standard]

Works on the built project as it is: build it first. The edited sentence is put back at the end.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROSE = ROOT / "templates" / "chapters" / "function_fit.md.jinja2"


def seconds(*arguments: str) -> float:
    """Wall clock of one Python process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--preset", default="standard")
    options = parser.parse_args()
    build = ("build.py", "--preset", options.preset)
    found: dict[str, list[float]] = {"import jinja2, markdown": [], "nothing to do": [], "one sentence edited": []}
    prose = PROSE.read_text(encoding="utf-8")
    seconds(*build)
    try:
        for number in range(options.rounds):
            found["import jinja2, markdown"].append(seconds("-c", "import jinja2, markdown"))
            found["nothing to do"].append(seconds(*build))
            PROSE.write_text(f"{prose}\nRound {number}.\n", encoding="utf-8")
            found["one sentence edited"].append(seconds(*build))
            PROSE.write_text(prose, encoding="utf-8")
            seconds(*build)
    finally:
        PROSE.write_text(prose, encoding="utf-8")
        seconds(*build)
    for name, values in found.items():
        print(f"{name:24} median {statistics.median(values):.3f} s")


if __name__ == "__main__":
    main()
