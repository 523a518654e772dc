"""What authors import, from its docstrings: pages that pdoc makes of the modules that ``docs/README.md`` links to.

Where pdoc is not installed there are none, and links lead to the sources. pdoc imports what it describes, so that it runs in a
process of its own, and only where a source beside one of these modules changed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from measured.files import canonical, digest, write_atomically
from measured.installed import ABSENT, version_of
from measured.pages.documents import Documents, module_of
from measured.project import GENERATOR, Project

FOLDER = "reference"
_IMPORTED = re.compile(r"^ *(?:from|import) (\w+)", re.MULTILINE)


def modules(documents: Documents, sources: Mapping[str, str]) -> dict[str, str]:
    """The page of each module that the overview links to, by the path of its source; none without pdoc, nor of a chapter."""
    if not (overview := documents.overview) or version_of("pdoc") == ABSENT:
        return {}
    paths = dict.fromkeys(overview.resolved(address) for _, address in overview.links())
    own = (path for path in paths if path in sources and "/" in path and not path.startswith("experiments/"))
    return {path: f"{FOLDER}/{module_of(path)}.html" for path in own}


def inputs(pages: Mapping[str, str], sources: Mapping[str, str]) -> list[Any]:
    """What the pages are made from, besides the frame: all that stands beside the modules, as docstrings are inherited, and
    which libraries are missing, without which a module has a page that says so."""
    beside = {path.rpartition("/")[0] for path in pages}
    texts = {path: text for path, text in sources.items() if path.rpartition("/")[0] in beside}
    imported = {name for text in texts.values() for name in _IMPORTED.findall(text)} - sys.stdlib_module_names
    missing = sorted(name for name in imported if find_spec(name) is None)
    return [version_of("pdoc"), list(pages), digest(canonical(texts)), missing]


def files(project: Project, pages: Mapping[str, str]) -> dict[str, bytes]:
    """The pages, from what is kept in the workshop or else said by pdoc in another process."""
    from measured.pages import reference

    inside = digest(canonical(inputs(pages, project.source_files)))
    kept = project.workshop / f"reference-{inside}.json" if project.workshop else None
    text = kept.read_text(encoding="utf-8") if kept and kept.is_file() else _said(project.root, pages)
    if kept:
        with suppress(OSError):
            write_atomically(kept, text.encode())
    found = {path: reference.Described(**told) for path, told in json.loads(text).items()}
    return reference.files(project.frame, project.outline, pages, found)


def _said(root: Path, pages: Mapping[str, str]) -> str:
    """What pdoc says of the modules, as JSON."""
    paths = [str(root), str(GENERATOR.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "said.json"  # as what a module prints when it is imported is not to get in between
        command = [sys.executable, "-W", "ignore", "-m", __name__, str(root), str(out), *pages]
        subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
        # A default may be a path; where the project stands is nobody's business, and another's site has the same bytes.
        return out.read_text(encoding="utf-8").replace(f"{root}/", "")


def main(root: Path, out: Path, paths: Sequence[str]) -> None:
    """Write what pdoc says of the modules at these paths."""
    from measured.pages import reference

    found = reference.described(paths, list(Project(root).source_files))
    out.write_text(json.dumps({path: asdict(item) for path, item in found.items()}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
