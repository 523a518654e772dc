"""The command ``measured``, with which a report begins."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import measured
from measured.errors import BuildError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise BuildError(f"{message}; see measured --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out ``measured ...``; the exit code, 2 for bad input."""
    try:
        given = _parser().parse_args(arguments)
        if given.version:
            print(f"measured {measured.__version__}")
        elif given.command == "new":
            from measured.new import report

            written = report.create(given.folder, given.title)
            print(
                f"{given.folder}: a report of {len(written)} files. Build it: cd {shlex.quote(str(given.folder))} && python build.py --open"
            )
        else:
            _parser().print_help()
        return 0
    except BuildError as error:
        print(f"measured: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="measured", description="Reports in which every number is computed by the code beside it.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    new = commands.add_parser("new", help="write a report that builds at once, for you to change")
    new.add_argument("folder", type=Path, metavar="FOLDER", help="where it goes: a folder that is new or empty")
    new.add_argument("--title", default="", help="what it is called (default: the name of the folder)")
    return parser
