"""The command line of a report's ``build.py``: parsed, checked, carried out; errors to one line and an exit code."""

import argparse
import gc
import math
import os
import re
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from measured.errors import BuildError
from measured.options import MOST_SEEDS, PRESETS, Action, Options
from measured.project import Project

ACTIONS: tuple[Action, ...] = ("list", "dry_run", "prune", "diff", "new", "serve", "version", "help")
INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def run(root: Path) -> None:
    """Carry out the command line of the project in ``root`` and leave the process."""
    # What is imported stays: looking through it for garbage would take a tenth of the time of a build from the cache.
    gc.set_threshold(100_000, 50, 50)
    code = main(root)
    if code == INTERRUPTED:
        # Threads may be deep in a computation, which the interpreter would wait for.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(root: Path, arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit code: 0, 1 where a chapter failed or a comparison found something, 2 for bad input."""
    started = time.perf_counter()
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        options = parse(arguments, root)
        if options.action == "help":
            _parser(root).print_help()
            return 0
        from measured import actions

        return actions.carry_out(Project(root, options.cache), options, started)
    except KeyboardInterrupt:
        message, code = "stopped; what was finished is kept, and the next build goes on from there", INTERRUPTED
    except BuildError as error:
        message, code = str(error), 2
        if debug:
            traceback.print_exc()
    except ModuleNotFoundError as error:
        message, code = f"{error.name} is not installed for {sys.executable}; {_how_to_install(root)}", 2
        if debug:
            traceback.print_exc()
    except Exception as error:
        message, code = f"{type(error).__name__}: {' '.join(str(error).split())}; --debug shows where this came from", 2
        if debug:
            traceback.print_exc()
    print(f"build.py: {message}", file=sys.stderr)
    return code


def parse(arguments: Sequence[str] | None, root: Path) -> Options:
    """The options of a command line, checked. Raises BuildError for what is not there, contradicts or has no effect."""
    given = vars(_parser(root).parse_args(arguments))
    asked: list[Action] = [name for name in ACTIONS if name in given]
    action = asked[0] if asked else "build"
    other, name = given.pop("diff", None), given.pop("new", "")
    values = {name: value for name, value in given.items() if name not in ACTIONS}
    where = {"out": root / "site", "cache": root / "cache"}
    if "pdf" in values and values["pdf"] is None:
        values["pdf"] = values.get("out", where["out"]).with_name("report.pdf")
    typed = set(values)
    if "bundle_from" in values:
        values.setdefault("preset", "")
    options = Options(action=action, other_site=other, name=name, **{**where, **values, "only": tuple(values.get("only", ()))})
    options.check(typed, root)
    return options


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line, and nothing else."""

    def error(self, message: str):
        raise BuildError(f"{message}; see python build.py --help")


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python build.py",
        description="Run the experiments of the report and publish it. What is current is not run again.",
        epilog="Examples: 'python build.py --open'; 'python build.py --only NAME --preset quick'; 'python build.py --list'.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "--only", nargs="+", action="extend", metavar="NAME", help="these chapters or parts; the other pages stay as they are"
    )
    what.add_argument(
        "--preset",
        metavar="|".join(PRESETS),
        help="how thoroughly (default: standard; quick only proves that the code runs)",
    )
    what.add_argument(
        "--seeds",
        type=_number_of_seeds,
        metavar="N",
        help="N seeds wherever the preset has fewer, in this build; the preset's own are kept",
    )
    what.add_argument(
        "--until-decided",
        nargs="?",
        type=_time_limit,
        const=math.inf,
        metavar="LIMIT",
        help="where findings are open, go on with twice and four times the preset's seeds; stop at a limit such as 45m or 2h",
    )
    what.add_argument("--force", action="store_true", help="compute everything again, whatever the cache holds")
    what.add_argument(
        "--compute-nothing", action="store_true", help="from the cache alone; a chapter that needs more stays as it is"
    )
    what.add_argument(
        "--from",
        type=Path,
        dest="bundle_from",
        metavar="FILE",
        help="take all numbers from a bundle, computing nothing: prose, charts and claims can be edited",
    )

    instead = parser.add_argument_group("instead of building").add_mutually_exclusive_group()
    instead.add_argument(
        "--list", action="store_true", help="the chapters, what each asks, and whether its result is current or why not"
    )
    instead.add_argument("--dry-run", action="store_true", help="what would run, why, and about how long")
    instead.add_argument("--prune", action="store_true", help="delete cache entries that no chapter reaches at any preset")
    instead.add_argument(
        "--diff",
        type=Path,
        metavar="OTHER_SITE",
        help="what changed from another build to this one: verdicts, metrics beyond their interval, figures; "
        "exit with 1 where anything did",
    )
    instead.add_argument("--new", metavar="NAME", help="write a chapter that builds at once, for you to change")
    instead.add_argument(
        "--serve", action="store_true", help="a preview on this machine that follows edits and computes nothing"
    )
    instead.add_argument("--version", action="store_true", help="print the version")
    instead.add_argument("-h", "--help", action="store_true", help="print this text")

    where = parser.add_argument_group("where it runs")
    where.add_argument(
        "--workers", type=_count, metavar="N", help="worker processes (default: one per core; 0: in this process)"
    )
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="a running Dask scheduler, like tcp://127.0.0.1:8786, instead of local workers"
    )
    where.add_argument("--device", metavar="auto|cpu|cuda", help="where tensors live (default: auto, CUDA where there is one)")
    where.add_argument("--port", type=_port, metavar="N", help="with --serve: where it listens (default: any that is free)")

    verdicts = parser.add_argument_group("accepted verdicts").add_mutually_exclusive_group()
    verdicts.add_argument("--strict", action="store_true", help="exit with 1 where a verdict differs from verdicts.json")
    verdicts.add_argument("--accept", action="store_true", help="write the verdicts of this build to verdicts.json")

    new = parser.add_argument_group("a new chapter")
    new.add_argument(
        "--part", metavar="PART", help="with --new: where it stands (default: the last part); one that is not there is made"
    )
    new.add_argument("--title", metavar="TITLE", help="with --new: what it is called (default: its name)")

    files = parser.add_argument_group("files and output")
    files.add_argument("--out", type=Path, metavar="FOLDER", help="where the site goes (default: site)")
    files.add_argument("--cache", type=Path, metavar="FOLDER", help="where results are kept (default: cache)")
    files.add_argument(
        "--within",
        type=_relative_difference,
        metavar="SHARE",
        help="with --diff: name each number that differs by more than this share of itself, such as 1e-6; 0 for any difference",
    )
    files.add_argument(
        "--pdf",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="print the report as one PDF too, with a Chromium that is there (default: report.pdf beside the site)",
    )
    files.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE",
        help="write the report into one file too, with all that run() read, for somebody to go on with it by --from",
    )
    files.add_argument("--open", action="store_true", help="open the report in a browser at the end")
    files.add_argument("--debug", action="store_true", help="show tracebacks, and for each job why it is computed")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; expected 0, 1, 2, ...")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; expected a number from 1 to 65535, like 8000")
    return int(text)


def _number_of_seeds(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_SEEDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seeds; expected 2, 3, ... {MOST_SEEDS:,}: one seed has no interval"
        )
    return int(text)


def _time_limit(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; expected a number with a unit, like 90s, 45m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def _relative_difference(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share of a number; expected one from 0 to below 1, like 1e-6")
    return value


def _how_to_install(root: Path) -> str:
    of_the_project = root / ".venv" / "bin" / "python"
    if of_the_project.exists() and not Path(sys.prefix).samefile(root / ".venv"):
        return "type .venv/bin/python build.py"
    return "type python3 -m venv .venv && .venv/bin/python -m pip install -q '.[report]' && .venv/bin/python build.py"
