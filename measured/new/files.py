"""The files that a new chapter and a new report begin with."""

import re
from pathlib import Path
from string import Template

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


def _filled(name: str, words: dict[str, str]) -> str:
    return Template((_FILES / f"{name}.txt").read_text(encoding="utf-8")).substitute(words)


def _quoted(text: str) -> str:
    """As it stands between double quotes in Python."""
    return re.sub(r'(["\\])', r"\\\1", text)
