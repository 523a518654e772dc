"""A process that draws, so that the building one need not wait for matplotlib to load, and two processors draw many figures.

It is started with a build that has something to measure, loads what drawing takes while the chapters are imported, reads one
figure per line of JSON from its input, and ends with its input. It is in no terminal's process group: Ctrl-C is the building
process's business.
"""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GENERATOR = Path(__file__).parents[1]
WORTH_HELPING = 3  # drawings that are left when the building process begins to draw as well, which makes it load matplotlib


class Draughtsman:
    """Draws what it is given, from the beginning of a ``with`` block to its end; the same bytes as ``measured.charts.draw``.

    It is a process of its own where that ``is_needed``, which is where this one has not loaded matplotlib yet.
    """

    def __init__(self, is_needed: bool | None = None):
        self._is_needed = "matplotlib" not in sys.modules if is_needed is None else is_needed
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Draughtsman":
        if not self._is_needed:
            return self
        path = os.pathsep.join(filter(None, (str(GENERATOR.parent), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()  # it holds nothing
            self._process.communicate()

    def draw_all(self, figures: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """SVG of each figure by name and layout. Whatever drawing raises comes through."""
        from measured.charts.drawings import draw_layout

        left = deque((name, layout) for name, figure in figures.items() for layout in figure.layouts)
        drawn: dict[str, dict[str, str]] = {name: {} for name in figures}

        def elsewhere() -> None:
            while True:
                try:
                    name, layout = left.popleft()
                except IndexError:  # nothing is left, or something went wrong over there
                    return
                svg = self._ask(name, layout, figures[name])
                if svg is None:  # this process draws it, and says what is wrong with it
                    left.append((name, layout))
                    return
                drawn[name][layout] = svg

        helper = threading.Thread(target=elsewhere, name="draughtsman", daemon=True)
        helper.start()
        try:
            while helper.is_alive() or left:
                helper.join(0.02)
                if left and (len(left) >= WORTH_HELPING or not helper.is_alive()):
                    try:
                        name, layout = left.pop()
                    except IndexError:
                        continue
                    drawn[name][layout] = draw_layout(name, figures[name], layout)
        finally:  # what goes wrong here must not leave an answer in the pipe for the next one who asks
            left.clear()
            helper.join()
        return {name: {layout: drawn[name][layout] for layout in figure.layouts} for name, figure in figures.items()}

    def _ask(self, name: str, layout: str, figure: Any) -> str | None:
        """One drawing from the process; None where drawing failed or the process has ended."""
        from measured.charts.plain import to_plain

        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(json.dumps([name, layout, to_plain(figure)]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        except (OSError, ValueError):
            return None


def main() -> None:
    """Draw what comes, line by line; null where that raises something."""
    from measured.charts import from_plain
    from measured.charts.drawings import draw_layout
    from measured.charts.style import warm_up

    warm_up()
    for line in sys.stdin:
        try:
            name, layout, plain = json.loads(line)
            answer = draw_layout(name, from_plain(plain), layout)
        except Exception:
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
