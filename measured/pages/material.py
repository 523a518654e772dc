"""What all pages are made from besides their own contents: the files that frame them, and libraries. Imports none of these."""

from pathlib import Path

from measured.installed import version_of

FRAME = Path(__file__).parent / "frame"
DISTRIBUTIONS = ("bibtexparser", "jinja2", "latex2mathml", "markdown", "plotly", "pygments", "PyYAML")
"""What pages are made with; imported when the first page is made, except for plotly, which readers load."""


def versions() -> dict[str, str]:
    """Versions of the libraries that make pages, as part of what a page is made from."""
    return {name: version_of(name) for name in DISTRIBUTIONS}


def texts(templates: Path) -> dict[str, str]:
    """Every file that frames the pages, by its name: what all pages are made from, besides the prose of the chapters."""
    found = {}
    for prefix, folder in (("frame/", FRAME), ("", templates)):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("chapters/"):
                found[prefix + name] = path.read_text(encoding="utf-8")
    return found
