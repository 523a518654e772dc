"""The files that a new chapter and a new report begin with."""

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from string import Template

from measured.errors import BuildError

_FILES = Path(__file__).parent / "skeleton"


def of_chapter(name: str, title: str) -> dict[str, str]:
    """Module, prose and test of a chapter, by their paths in the report."""
    words = {"name": name, "title": _quoted(title), "claim": f"{name.replace('_', '-')}-median"}
    return {
        f"experiments/{name}.py": _filled("chapter.py", words),
        f"templates/chapters/{name}.md.jinja2": _filled("chapter.md.jinja2", words),
        f"tests/test_{name}.py": _filled("test_chapter.py", words),
    }


def of_report(title: str) -> dict[str, str]:
    """All files of a report with one chapter."""
    words = {"title": _quoted(title)}
    return {
        "build.py": _filled("build.py", words),
        "pyproject.toml": _filled("pytest.toml", words),
        "README.md": _filled("README.md", {"title": title}),
        ".gitignore": _filled("gitignore", words),
        "experiments/__init__.py": _filled("contents.py", words),
        "templates/abstract.md.jinja2": _filled("abstract.md.jinja2", words),
        **of_chapter("estimates", "Mean and median"),
    }


def write(root: Path, texts: Mapping[str, str]) -> list[str]:
    """Write texts by their paths below ``root``; the paths. Raises BuildError where that cannot be done."""
    try:
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{root} cannot be written ({error}); expected a folder that you may write to") from error
    return list(texts)


def unused(path: Path, separator: str) -> Path:
    """A path beside one that is taken, told apart by a number."""
    numbered = (path.with_stem(f"{path.stem}{separator}{number}") for number in count(2))
    return next(other for other in numbered if not other.exists())


def title_of(name: str) -> str:
    """What a folder or a module is called, in words."""
    words = re.sub(r"[-_]+", " ", name)
    return words[:1].upper() + words[1:]


def _filled(name: str, words: dict[str, str]) -> str:
    return Template((_FILES / f"{name}.txt").read_text(encoding="utf-8")).substitute(words)


def _quoted(text: str) -> str:
    """As it stands between double quotes in Python."""
    return re.sub(r'(["\\])', r"\\\1", text)
