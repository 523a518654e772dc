"""Where a chapter's source makes each claim, found without running it.

A name may be written out, put together (``f"sweep_{name}"``) or taken from a loop. Where the loop runs over something written
out, its names are known; elsewhere what is not known stands for anything, and the place that leaves the least open is the one.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ANYTHING = ".*"


@dataclass(frozen=True)
class _Place:
    """A line that makes what has a name of this pattern."""

    pattern: str
    line: int
    num_known: int
    """Characters of the name that the source tells."""


@dataclass(frozen=True)
class Places:
    """The lines of a source that make claims."""

    claims: tuple[_Place, ...]

    @classmethod
    def of(cls, tree: ast.Module) -> "Places":
        """Those of a parsed source."""
        reader = _Reader(tree)
        reader.read(tree, {})
        return cls(tuple(reader.claims))

    def of_claim(self, name: str) -> int:
        """The line that makes the claim of that id; 1 where none does."""
        found = [place for place in self.claims if re.fullmatch(place.pattern, name)]
        return min(found, key=lambda place: (-place.num_known, place.line)).line if found else 1


Values = Mapping[str, Sequence[Any] | None]
"""What a name may stand for; None where only running the source would tell."""


class _Reader:
    """Walks a source with what its names may stand for."""

    def __init__(self, tree: ast.Module):
        self.claims: list[_Place] = []
        self._constants = {
            target.id: value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and (value := _literal(node.value)) is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        self._claim_makers = _makers(tree, "Claim")

    def read(self, node: ast.AST, values: Values) -> None:
        """Note what ``node`` makes, and what stands in it."""
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            parameters = node.args
            values = {
                **values,
                **{item.arg: None for item in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)},
            }
        elif isinstance(node, ast.For):
            values = {**values, **self._bound(node.target, node.iter, values)}
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            for loop in node.generators:
                values = {**values, **self._bound(loop.target, loop.iter, values)}
        if _called(node) in self._claim_makers:
            given = [*node.args[:1], *(item.value for item in node.keywords if item.arg == "id")]  # pyright: ignore
            for name in given:
                self.claims += self._places(name, name.lineno, values)
        for child in ast.iter_child_nodes(node):
            self.read(child, values)

    def _places(self, name: ast.expr, line: int, values: Values) -> Iterator[_Place]:
        """A line for each form that the name may take."""
        pieces = name.values if isinstance(name, ast.JoinedStr) else [name]
        forms: list[tuple[str, int]] = [("", 0)]
        for piece in pieces:
            if isinstance(piece, ast.FormattedValue):
                piece = piece.value
            known = [piece.value] if isinstance(piece, ast.Constant) else None
            if isinstance(piece, ast.Name):
                known = (
                    values[piece.id]
                    if piece.id in values
                    else [self._constants[piece.id]]
                    if piece.id in self._constants
                    else None
                )
            texts = [(_ANYTHING, 0)] if known is None else [(re.escape(str(item)), len(str(item))) for item in known]
            forms = [(pattern + text, num_known + more) for pattern, num_known in forms for text, more in texts]
        return (_Place(pattern, line, num_known) for pattern, num_known in forms)

    def _bound(self, target: ast.expr, over: ast.expr, values: Values) -> dict[str, Sequence[Any] | None]:
        """What a loop's names stand for."""
        items = _literal(over)
        if isinstance(over, ast.Name) and over.id not in values:
            items = self._constants.get(over.id)
        view = over.func.attr if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) else ""
        if view in ("keys", "values", "items") and isinstance(over.func.value, ast.Name):  # pyright: ignore
            constant = self._constants.get(over.func.value.id)  # pyright: ignore
            items = list(getattr(constant, view)()) if isinstance(constant, dict) else None
        return _unpacked(target, list(items) if isinstance(items, tuple | list | dict | set | str) else None)


def _unpacked(target: ast.expr, items: list[Any] | None) -> dict[str, Sequence[Any] | None]:
    """Names of a loop's target with what each stands for."""
    if isinstance(target, ast.Name):
        return {target.id: items}
    found: dict[str, Sequence[Any] | None] = {}
    for place, part in enumerate(target.elts if isinstance(target, ast.Tuple | ast.List) else ()):
        regular = items is not None and all(isinstance(item, tuple | list) and len(item) > place for item in items)
        found |= _unpacked(part, [item[place] for item in items] if items is not None and regular else None)
    return found


def _makers(tree: ast.Module, known: str) -> set[str]:
    """``known`` and the functions that return what it makes, directly or through one another."""
    returned = [
        (function.name, _called(item.value))
        for function in _statements(tree)
        if isinstance(function, ast.FunctionDef)
        for item in _statements(function, into_functions=False)
        if isinstance(item, ast.Return) and item.value
    ]
    found = {known}
    while more := {name for name, called in returned if called in found} - found:
        found |= more
    return found


def _statements(node: ast.AST, into_functions: bool = True) -> Iterator[ast.AST]:
    """The statements in a node, those that hold others before what they hold; without those of functions and classes in it, if
    so asked."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            if into_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _statements(child, into_functions)


def _called(node: ast.AST) -> str:
    """The name of a called function, whatever it is an attribute of."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except (ValueError, TypeError):
        return None
