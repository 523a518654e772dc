"""What authors import, from its docstrings: pages that pdoc makes of the modules that ``docs/README.md`` links to.

Where pdoc is not installed there are none, and links lead to the sources. pdoc imports what it describes, so that it runs in a
process of its own, and only where a source beside one of these modules changed.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measured.files import canonical, digest
from measured.installed import ABSENT, version_of
from measured.pages.documents import Documents
from measured.project import GENERATOR

FOLDER = "reference"


def modules(documents: Documents, sources: Mapping[str, str]) -> dict[str, str]:
    """The page of each module that the overview links to, by the path of its source; none without pdoc."""
    if not (overview := documents.overview) or version_of("pdoc") == ABSENT:
        return {}
    paths = dict.fromkeys(overview.resolved(address) for _, address in overview.links())
    return {path: f"{FOLDER}/{name_of(path)}.html" for path in paths if path in sources and "/" in path}


def name_of(path: str) -> str:
    """The dotted name of the module at a path."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def inputs(pages: Mapping[str, str], sources: Mapping[str, str]) -> list[Any]:
    """What the pages are made from, besides the frame: all that stands beside the modules, as docstrings are inherited."""
    beside = {path.rpartition("/")[0] for path in pages}
    texts = {path: text for path, text in sources.items() if path.rpartition("/")[0] in beside}
    return [version_of("pdoc"), list(pages), digest(canonical(texts))]


def files(root: Path, pages: Mapping[str, str]) -> dict[str, bytes]:
    """The pages, made by importing the modules of the project in ``root`` in another process."""
    paths = [str(root), str(GENERATOR.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", "-m", __name__, str(root), folder, json.dumps(pages)]
        subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
        return {address: (Path(folder) / Path(address).name).read_bytes() for address in pages.values()}


def main(root: Path, folder: Path, pages: Mapping[str, str]) -> None:
    """Write the pages into a folder."""
    from measured.pages import reference
    from measured.project import Project

    project = Project(root)
    names = {name_of(path): path for path in pages}
    for name, content in reference.pages(project.frame, project.outline, names, list(project.source_files)).items():
        (folder / f"{name}.html").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
