"""A new chapter: ``python build.py --new NAME --part PART --title "..."``."""

import ast
import json
import keyword
import re
from pathlib import Path

from measured.errors import BuildError, did_you_mean
from measured.new import files
from measured.pages.outline import Outline, assignment_of

CONTENTS = "experiments/__init__.py"


def add(root: Path, outline: Outline, name: str, part: str = "", title: str = "") -> list[str]:
    """Write module, prose and test of a chapter and list it in ``CHAPTERS``, at the end of a part, which may be new; the paths
    of what was written. Raises BuildError for a name that is taken or unusable."""
    _check(root, name)
    parts = list(dict.fromkeys(chapter.part for chapter in outline.chapters))
    part = part or (parts[-1] if parts else "First part")
    if part not in parts and (fault := did_you_mean(part, parts)).startswith("did you mean"):
        raise BuildError(f"--part {part!r} does not exist; {fault} A part of a name that is like no other is made anew")
    listed = listed_in((root / CONTENTS).read_text(encoding="utf-8"), part, name)
    return files.write(root, {**files.of_chapter(name, title or files.title_of(name)), CONTENTS: listed})


def _check(root: Path, name: str) -> None:
    usable = re.sub(r"\W+", "_", name).strip("_").lower()
    usable = f"chapter_{usable}" if not usable or not usable[0].isalpha() or keyword.iskeyword(usable) else usable
    if name != usable or not name.isascii():
        usable = usable if usable.isascii() else "new_chapter"
        raise BuildError(f"--new {name!r} cannot name a module; expected small letters, digits and _, like {usable}")
    for path in (f"experiments/{name}.py", f"templates/chapters/{name}.md.jinja2", f"tests/test_{name}.py"):
        if (root / path).exists():
            free = files.unused(root / f"experiments/{name}.py", "_").stem
            raise BuildError(f"--new {name!r} is taken: {path} is there; expected another name, like {free}")


def listed_in(source: str, part: str, name: str) -> str:
    """The source of the contents with a chapter more; what else stands there stays as it is. Raises BuildError where
    ``CHAPTERS`` is not a dict that is written out."""
    assigned = assignment_of("CHAPTERS", ast.parse(source).body)
    if not assigned or not isinstance(chapters := assigned.value, ast.Dict):
        raise BuildError(f"{CONTENTS} defines no CHAPTERS that is written out; list the chapter there yourself")
    quoted = json.dumps(name)
    for key, names in zip(chapters.keys, chapters.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == part and isinstance(names, ast.Tuple | ast.List):
            if names.elts:
                return _inserted(source, names.elts[-1], f", {quoted}")
            segment = ast.get_source_segment(source, names) or ""
            start = _offset(source, names.lineno, names.col_offset)
            return f"{source[:start]}({quoted},){source[start + len(segment) :]}"
    entry = f"{json.dumps(part, ensure_ascii=False)}: ({quoted},)"
    if chapters.values:
        return _inserted(source, chapters.values[-1], f",\n    {entry}")
    start = _offset(source, chapters.lineno, chapters.col_offset)
    return f"{source[: start + 1]}{entry}{source[start + 1 :]}"


def _inserted(source: str, after: ast.expr, text: str) -> str:
    assert after.end_lineno is not None and after.end_col_offset is not None
    end = _offset(source, after.end_lineno, after.end_col_offset)
    return source[:end] + text + source[end:]


def _offset(source: str, line: int, column: int) -> int:
    """Characters before a place in a source, of which the parser counts the columns in bytes."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())
