"""What a report's sources say of themselves, read without importing them: contents, questions, settings, where a figure is
made."""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from measured.errors import BuildError, ClaimError
from measured.looks import Looks
from measured.pages.places import Places


@dataclass(frozen=True)
class Chapter:
    """One chapter of the report, as its module declares it."""

    name: str
    part: str
    number: str
    """Part and place in it: "1.2"."""
    title: str
    """In a few words, for lists: the module's ``TITLE``, or its name where it has none."""
    question: str
    introduction: str
    source: str

    @property
    def number_of_part(self) -> str:
        """The part's place in the report: "1"."""
        return self.number.split(".")[0]

    @property
    def template(self) -> str:
        """Path of the chapter's prose below ``templates``."""
        return f"chapters/{self.name}.md.jinja2"

    @cached_property
    def _tree(self) -> ast.Module:
        return _parsed(self.source)

    @cached_property
    def _places(self) -> Places:
        return Places.of(self._tree)

    def docstring_of(self, name: str) -> str:
        """The docstring of the chapter's function of that name; empty where there is none."""
        functions = [node for node in self._tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
        return (ast.get_docstring(functions[0]) or "") if functions else ""

    def spoken(self, arguments: Collection[str]) -> list[tuple[int, str]]:
        """Line and words of each text that is given for one of these arguments, without what code puts into it."""
        texts = [
            part
            for call in ast.walk(self._tree)
            if isinstance(call, ast.Call)
            for given in call.keywords
            if given.arg in arguments
            for part in ast.walk(given.value)
        ]
        return [(node.lineno, node.value) for node in texts if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    def line_of_claim(self, name: str) -> int:
        """The line that makes the claim of that id; 1 where none does."""
        return self._places.of_claim(name)

    def place_of(self, name: str) -> str:
        """The file and the line where the module gives a name its value."""
        found = assignment_of(name, self._tree.body)
        return f"experiments/{self.name}.py" + (f", line {found.lineno}" if found else "")

    def meaning_of(self, setting: str) -> str:
        """The sentence below a field of ``Settings``, or of the class of the field that it nests in; empty where there is
        none."""
        kind = "Settings"
        for name in setting.split("."):
            annotated, meaning = self._fields.get(kind, {}).get(name, ("", ""))
            kind = annotated
        return meaning

    @property
    def sentences_of_settings(self) -> dict[str, str]:
        """The sentence below each field, by class and field."""
        return {
            f"{kind}.{name}": sentence
            for kind, members in self._fields.items()
            for name, (_, sentence) in members.items()
            if sentence
        }

    @cached_property
    def _fields(self) -> Mapping[str, Mapping[str, tuple[str, str]]]:
        """Annotation and sentence of each field, by class."""
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for node in self._tree.body:
            if isinstance(node, ast.ClassDef):
                for field, below in zip(node.body, [*node.body[1:], None], strict=True):
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                        sentence = " ".join(below.value.value.split()) if below and _is_text(below) else ""  # pyright: ignore
                        found.setdefault(node.name, {})[field.target.id] = ast.unparse(field.annotation), sentence
        return found


@dataclass(frozen=True)
class Source:
    """Where claims come from, as the ledger groups them."""

    name: str
    """The first word of the claims' ``source``."""
    heading: str
    conclusions: tuple[tuple[str, str], ...] = ()
    """Id and words of each conclusion that the source draws, where the ledger goes through them one by one."""

    def conclusion_of(self, claim: str) -> str:
        """The conclusion that a claim judges: its id is the conclusion's, or that and a letter for a part. Raises
        BuildError."""
        for conclusion, _ in self.conclusions:
            if re.fullmatch(rf"{re.escape(conclusion)}[a-z]?", claim):
                return conclusion
        first, last = self.conclusions[0][0], self.conclusions[-1][0]
        raise ClaimError(
            claim,
            f"its source {self.name!r} draws no such conclusion; expected {first} to {last}, with a small letter for a part, "
            f"as in {first}a",
        )


PUBLISHED = Source("paper", "Published claims")
OUR_OWN = Source("ours", "Our claims")


@dataclass(frozen=True)
class Outline:
    """A report before anything is measured."""

    title: str
    chapters: tuple[Chapter, ...]
    """In reading order."""
    sources: tuple[Source, ...] = (PUBLISHED, OUR_OWN)
    """In the order of the ledger."""
    preload: tuple[str, ...] = ()
    """Modules that a worker imports before its first job."""
    looks: Looks = field(default_factory=Looks)
    """What charts tell apart by which colour and marker."""

    def source_of(self, text: str) -> Source:
        """Where a claim with this ``source`` is listed: under its first word, or with what is published."""
        by_name = {source.name: source for source in self.sources}
        return by_name.get(text.partition(" ")[0].lower()) or by_name.get(PUBLISHED.name, PUBLISHED)


def read_outline(root: Path) -> Outline:
    """The report whose chapters are below ``root``. Raises BuildError where ``CHAPTERS`` and the modules do not agree."""
    folder = root / "experiments"
    contents = _Literals(folder / "__init__.py")
    parts = contents.read("CHAPTERS", "a dict from each part to the names of its chapters", _are_parts)
    _check_once(contents, parts)
    chapters = []
    for number_of_part, (part, names) in enumerate(parts.items(), start=1):
        for place, name in enumerate(names, start=1):
            path = folder / f"{name}.py"
            if not path.is_file():
                raise BuildError(f"experiments/__init__.py lists {name!r}, but there is no experiments/{name}.py")
            source = path.read_text(encoding="utf-8")
            question, _, introduction = (_docstring(source) or name).partition("\n")
            number, title = f"{number_of_part}.{place}", _title(source) or name.replace("_", " ").capitalize()
            chapters.append(Chapter(name, part, number, title, question, introduction.strip(), source))
    return Outline(
        contents.read("TITLE", "a text", lambda found: isinstance(found, str), "Measured"),
        tuple(chapters),
        _sources(folder, contents),
        tuple(contents.read("WORKERS_IMPORT", "a tuple of names of modules", _are_names, ())),
        _looks(contents),
    )


def _check_once(contents: "_Literals", parts: Mapping[str, Collection[str]]) -> None:
    """A chapter has one page, and a part one place. Raises BuildError, with the line, where ``CHAPTERS`` says otherwise."""
    named: dict[str, str] = {}
    for part, line in contents.keys_of("CHAPTERS"):
        if part in named:
            raise BuildError(
                f"experiments/__init__.py, line {line}: CHAPTERS has the part {part!r} twice; write its chapters in one tuple"
            )
        named[part] = part
    taken: dict[str, tuple[str, str]] = {}
    for part, names in parts.items():
        for name in names:
            # A file system may not tell dice.html from Dice.html.
            if other := taken.get(name.casefold()):
                where = f"experiments/__init__.py, line {contents.line_of('CHAPTERS', name)}"
                places = f"in {part!r}" if other[1] == part else f"in {other[1]!r} and in {part!r}"
                both = f"{name!r} twice" if other[0] == name else f"{other[0]!r} and {name!r}, whose pages would have one name"
                raise BuildError(f"{where}: CHAPTERS lists {both}, {places}; keep one, and name the module of the other anew")
            taken[name.casefold()] = name, part


def _looks(contents: "_Literals") -> Looks:
    expected = 'a dict from what charts show to a look, such as "blue circle" or "orange square dashed"'
    try:
        return Looks.parse(contents.read("LOOKS", expected, _are_texts, {}))
    except ValueError as error:
        raise BuildError(f"experiments/__init__.py: LOOKS: {error}") from error


def _sources(folder: Path, contents: "_Literals") -> tuple[Source, ...]:
    expected = 'a dict from the first word of a source to its heading, or to a pair ("heading", "module.CONCLUSIONS")'
    found = []
    for name, entry in contents.read("SOURCES", expected, _are_sources, {}).items():
        heading, listed = (entry, "") if isinstance(entry, str) else entry
        conclusions: dict[str, str] = {}
        if listed:
            module, _, constant = listed.rpartition(".")
            conclusions = _Literals(folder / f"{module}.py").read(constant, "a dict from ids to sentences", _are_conclusions)
        found.append(Source(name.lower(), heading, tuple(conclusions.items())))
    # What a report does not name has a heading all the same.
    return (*found, *(source for source in (PUBLISHED, OUR_OWN) if source.name not in {item.name for item in found}))


class _Literals:
    """Constants of a module, read as they are written."""

    def __init__(self, path: Path):
        self._path = path
        try:
            self._body = ast.parse(path.read_text(encoding="utf-8")).body
        except SyntaxError as error:
            raise BuildError(f"experiments/{path.name}, line {error.lineno}: {error.msg}") from error
        except (OSError, ValueError) as error:
            self._body, self._trouble = [], error

    def read(self, name: str, expected: str, is_right: Callable[[Any], bool], default: Any = None) -> Any:
        """The value of the constant ``name``. Raises BuildError where it is something else, or missing without a
        ``default``."""
        where, expected = f"experiments/{self._path.name}", f"expected {expected}, written out"
        if node := assignment_of(name, self._body):
            try:
                value = ast.literal_eval(node.value)  # pyright: ignore (an assignment has a value; without one this raises)
            except (ValueError, TypeError, AttributeError):
                value = None
            if not is_right(value):
                raise BuildError(f"{where}, line {node.lineno}: {name} is something else; {expected}")
            return value
        if not self._body and default is None and hasattr(self, "_trouble"):
            raise BuildError(f"{where} cannot be read ({self._trouble}); {expected} as {name}") from self._trouble
        if default is None:
            raise BuildError(f"{where} defines no {name}; {expected}")
        return default

    def keys_of(self, name: str) -> list[tuple[Any, int]]:
        """The keys of a dict that is written out as the constant ``name``, with their lines, each as often as it is written."""
        node = assignment_of(name, self._body)
        keys = node.value.keys if node and isinstance(node.value, ast.Dict) else []
        return [(item.value, item.lineno) for item in keys if isinstance(item, ast.Constant)]

    def line_of(self, name: str, text: str) -> int:
        """The last line of the constant ``name`` in which ``text`` is written."""
        found = [
            node.lineno
            for node in ast.walk(assignment_of(name, self._body) or ast.Constant(None))
            if isinstance(node, ast.Constant) and node.value == text
        ]
        return max(found, default=1)


def assignment_of(name: str, body: Iterable[ast.stmt]) -> ast.Assign | ast.AnnAssign | None:
    """The first statement that gives a module's constant its value; None where there is none."""
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(item, ast.Name) and item.id == name for item in targets):
            return node  # pyright: ignore[reportReturnType]
    return None


def _title(source: str) -> str:
    """What a module says as ``TITLE``, in one line, for which the rest of it is not parsed; empty where it says nothing."""
    found = re.search(r"^TITLE = (.+)$", source, flags=re.MULTILINE)
    try:
        title = ast.literal_eval(found[1]) if found else ""
    except (SyntaxError, ValueError):
        return ""
    return title if isinstance(title, str) else ""


def _docstring(source: str) -> str | None:
    """The text at the top of a module, for which the rest of it is not parsed."""
    top = re.split(r"^(?:from|import|class|def|@)\b", source, maxsplit=1, flags=re.MULTILINE)[0]
    try:
        return ast.get_docstring(ast.parse(top))
    except SyntaxError:  # a line of the text itself began like that
        return ast.get_docstring(_parsed(source))


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])  # importing the chapter will say what is wrong, where a reader sees it


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _are_names(found: Any) -> bool:
    return isinstance(found, tuple | list) and all(isinstance(name, str) for name in found)


def _are_texts(found: Any) -> bool:
    return isinstance(found, dict) and _are_names([*found, *found.values()])


def _are_parts(found: Any) -> bool:
    return isinstance(found, dict) and all(map(_are_names, found.values()))


def _are_conclusions(found: Any) -> bool:
    return bool(found) and isinstance(found, dict) and _are_names([*found, *found.values()])


def _are_sources(found: Any) -> bool:
    def is_entry(entry: Any) -> bool:
        return isinstance(entry, str) or (_are_names(entry) and len(entry) == 2 and "." in entry[1])

    return isinstance(found, dict) and _are_names(list(found)) and all(map(is_entry, found.values()))
