"""A process that has loaded what a build takes, and gives birth to one for each: most of a small build is imports.

``python -m tests.generator.nursery`` reads orders, a line of JSON each: the folder, the arguments, and the files that take what
is printed. It answers with the exit code. What it has loaded is code alone: each build knows no more than one that was typed.
"""

import atexit
import json
import os
import runpy
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]


def build(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As if ``python build.py ...`` were typed in a folder."""
    here = {name: value for name, value in environment.items() if name != "PYTEST_CURRENT_TEST"}
    nursery = _nursery(tuple(sorted(here.items())))
    assert nursery.stdin and nursery.stdout
    with TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        order = {"folder": str(folder), "arguments": command[1:], "out": str(out), "err": str(err)}
        nursery.stdin.write(json.dumps(order) + "\n")
        nursery.stdin.flush()
        code = int(nursery.stdout.readline())
        return subprocess.CompletedProcess(command, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


@cache
def _nursery(environment: tuple[tuple[str, str], ...]) -> subprocess.Popen[str]:
    """The process for an environment; it ends with this one, as its orders then do."""
    command = [sys.executable, "-m", "tests.generator.nursery"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    atexit.register(process.communicate)
    return process


def main() -> None:
    """Load, and bear one process for each order."""
    import bibtexparser  # noqa: F401
    import jinja2  # noqa: F401
    import latex2mathml.converter  # noqa: F401
    import markdown  # noqa: F401
    import rich.live  # noqa: F401
    import scipy.special  # noqa: F401
    import yaml  # noqa: F401

    import measured.charts.style
    import measured.press.build
    import measured.press.keep
    import measured.press.making
    import measured.press.measure  # noqa: F401

    measured.charts.style.warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _run(**order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(folder: str, arguments: list[str], out: str, err: str) -> None:
    """Be the build, and end."""
    for number, path in ((0, os.devnull), (1, out), (2, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    os.chdir(folder)
    sys.dont_write_bytecode = True  # which Python takes for current where a source is edited within the second
    sys.argv, sys.path[0] = arguments, folder
    code = 1
    try:
        runpy.run_path(arguments[0], run_name="__main__")
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
