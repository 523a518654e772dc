"""What the source of a chapter says of itself, read without importing it: question, settings, where a figure is made."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measured.errors import BuildError


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
        """The first line that makes the figure ``name`` (a key) or the claim of that id; 1 where none does."""
        lines = [
            item.lineno
            for node in ast.walk(ast.parse(self.source))
            for item in _names_given(node)
            if isinstance(item, ast.Constant) and item.value == name
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


def _names_given(node: ast.AST) -> Sequence[ast.expr | None]:
    """Where a figure or a claim gets its name: ``{name: ...}``, ``figures[name] = ...``, ``Claim(name, ...)``, ``Claim(id=name)``."""
    if isinstance(node, ast.Dict):
        return node.keys
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return [node.slice]
    if (
        isinstance(node, ast.Call)
        and (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")) == "Claim"
    ):
        return [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "id")]
    return []


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
    expected = "expected a dict from each part to the names of its chapters, written out"
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise BuildError(f"experiments/{path.name}, line {error.lineno}: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise BuildError(f"experiments/{path.name} cannot be read ({error}); {expected} as CHAPTERS") from error
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if not any(isinstance(item, ast.Name) and item.id == "CHAPTERS" for item in targets):
            continue
        try:
            parts = ast.literal_eval(node.value)  # pyright: ignore (an assignment has a value; without one this raises)
        except (ValueError, TypeError, AttributeError):
            parts = None
        if not isinstance(parts, dict) or not all(map(_are_names, parts.values())):
            raise BuildError(f"experiments/{path.name}, line {node.lineno}: CHAPTERS is something else; {expected}")
        return parts
    raise BuildError(f"experiments/{path.name} defines no CHAPTERS; {expected}")


def _are_names(names: object) -> bool:
    return isinstance(names, tuple | list) and all(isinstance(name, str) for name in names)
