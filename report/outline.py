"""What the source of a chapter says of itself, read without importing it: question, settings, where a figure is made."""

import ast
from dataclasses import dataclass
from pathlib import Path

from report.errors import BuildError


@dataclass(frozen=True)
class Chapter:
    """One chapter of the report, as its module declares it."""

    name: str
    part: str
    number: str
    """Part and place in it: "1.2"."""
    question: str
    introduction: str
    source: str

    @property
    def number_of_part(self) -> str:
        """The part's place in the report: "1"."""
        return self.number.split(".")[0]

    @property
    def title(self) -> str:
        """The module's name as words."""
        return self.name.replace("_", " ")

    @property
    def template(self) -> str:
        """Path of the chapter's prose below ``templates``."""
        return f"chapters/{self.name}.md.jinja2"

    def line_of(self, name: str) -> int:
        """The first line of the module that mentions ``name`` as a string of its own; 1 where none does."""
        lines = [
            node.lineno for node in ast.walk(ast.parse(self.source)) if isinstance(node, ast.Constant) and node.value == name
        ]
        return min(lines, default=1)

    def meanings(self) -> dict[str, str]:
        """The sentence below each field of ``Settings``."""
        found: dict[str, str] = {}
        for node in ast.parse(self.source).body:
            if isinstance(node, ast.ClassDef) and node.name == "Settings":
                for field, sentence in zip(node.body, node.body[1:], strict=False):
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(sentence):
                        found[field.target.id] = " ".join(sentence.value.value.split())  # pyright: ignore
        return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def read_outline(root: Path) -> list[Chapter]:
    """All chapters in reading order. Raises BuildError where ``CHAPTERS`` and the modules do not agree."""
    declared = _parts(root / "experiments" / "__init__.py")
    chapters = []
    for number_of_part, (part, names) in enumerate(declared.items(), start=1):
        for place, name in enumerate(names, start=1):
            path = root / "experiments" / f"{name}.py"
            if not path.is_file():
                raise BuildError(f"experiments/__init__.py lists {name!r}, but there is no experiments/{name}.py")
            source = path.read_text(encoding="utf-8")
            try:
                documentation = ast.get_docstring(ast.parse(source)) or name
            except SyntaxError:
                documentation = name  # importing the chapter will say what is wrong, where a reader sees it
            question, _, introduction = documentation.partition("\n")
            chapters.append(Chapter(name, part, f"{number_of_part}.{place}", question, introduction.strip(), source))
    return chapters


def _parts(path: Path) -> dict[str, tuple[str, ...]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(item, ast.Name) and item.id == "CHAPTERS" for item in node.targets):
            return ast.literal_eval(node.value)
    raise BuildError(f"{path} defines no CHAPTERS; expected a dict from each part to its chapters")
