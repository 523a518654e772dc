"""What one file defines, imports and executes, in its syntax tree; without docstrings, comments and what a job foretells.

What cannot be followed (a module passed around as a value, ``import *``, ``globals()``) counts as using the whole module;
``eval``, ``importlib`` and ``__subclasses__`` as using every module of the package. An annotation computes nothing: what one
names is followed for its text, but its libraries are not part of a key, and one in quotes is not followed at all. Whoever makes
or calls what it names does so in code, which is.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from measured.files import digest

WHOLE = "*"  # a module in full, where the definitions that matter cannot be told apart
LOOSE = "<statements>"  # what a module executes besides definitions and imports


@dataclass
class Module:
    """What one file defines, imports and executes; plain data, so that it can be remembered."""

    name: str
    definitions: dict[str, dict]
    """By name: ``digest``, ``chains`` of names that it uses, the first names of those that are ``computing``, which in an
    annotation they are not, and whether it needs its ``own_module`` or the ``whole_package``."""
    imports: dict[str, list[Sequence[str]]]
    """By bound name: module, and the name in it, empty where the module itself is bound."""
    stars: list[str]
    bound_loosely: list[str]
    """Names that only a conditional or a loop at module level binds."""
    docstrings: dict[str, str] = field(default_factory=dict)
    """Digest of the docstrings of functions by the definition that they stand in: no result depends on them, but a caption
    may."""

    def binds(self, name: str) -> bool:
        return name in self.definitions or name in self.imports or name in self.bound_loosely


def read_module(name: str, is_package: bool, tree: ast.Module) -> Module:
    """What the parsed module ``name`` defines, imports and executes."""
    module = Module(name, {}, {}, [], [])
    module.docstrings = _docstrings(tree)
    tree = _WhatComputes().visit(tree)
    for node in ast.walk(tree):  # an import inside a function binds as well
        if isinstance(node, ast.Import | ast.ImportFrom):
            _bind(module, node, is_package)
    parts: dict[str, list[tuple[str, _Uses]]] = {WHOLE: []}
    for statement in tree.body:
        names = _defined(statement)
        if not names and not _only_imports(statement):
            names = [LOOSE]
            module.bound_loosely += sorted(_stored(ast.Module([statement], [])))
        uses = _Uses()
        uses.visit(statement)
        part = ast.dump(statement), uses
        for defined in (WHOLE, *names):
            parts.setdefault(defined, []).append(part)
    for defined, found in parts.items():
        module.definitions[defined] = {
            "digest": digest("\n".join(dumped for dumped, _ in found)),
            "chains": sorted({chain for _, uses in found for chain in uses.chains}),
            "computing": sorted({name for _, uses in found for name in uses.computing}),
            "own_module": any(uses.own_module for _, uses in found),
            "whole_package": any(uses.whole_package for _, uses in found),
        }
    return module


def _docstrings(tree: ast.Module) -> dict[str, str]:
    """Those of functions at module level, of functions in them and of methods, and of what a condition or a loop defines."""
    found: dict[str, list[str]] = {}
    for statement in tree.body:
        functions = (node for node in ast.walk(statement) if isinstance(node, ast.FunctionDef))
        if texts := [text for function in functions if (text := ast.get_docstring(function))]:
            for name in _defined(statement) or [LOOSE]:
                found.setdefault(name, []).extend(texts)
    return {name: digest("\n".join(texts)) for name, texts in found.items()}


def _bind(module: Module, node: ast.Import | ast.ImportFrom, is_package: bool) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            # ``import lab.data`` binds ``lab``, and the chain of attributes leads on from there.
            bound, target = (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
            module.imports.setdefault(bound, []).append((target, ""))
        return
    source = node.module or ""
    if node.level:
        package = module.name.split(".") if is_package else module.name.split(".")[:-1]
        base = package[: len(package) - node.level + 1]
        source = ".".join([*base, *([node.module] if node.module else [])])
    for alias in node.names:
        if alias.name == "*":
            module.stars.append(source)
        else:
            module.imports.setdefault(alias.asname or alias.name, []).append((source, alias.name))


def _defined(statement: ast.stmt) -> list[str]:
    """Names that a statement at module level defines and does nothing besides."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = [item for target in statement.targets for item in getattr(target, "elts", [target])]
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return []
    names = [item.id for item in targets if isinstance(item, ast.Name)]
    return names if len(names) == len(targets) else []


def _only_imports(statement: ast.stmt) -> bool:
    """Whether a statement binds imported names and computes nothing, as ``if TYPE_CHECKING`` does for annotations alone."""
    if isinstance(statement, ast.If) and ast.unparse(statement.test).split(".")[-1] == "TYPE_CHECKING":
        return not statement.orelse and all(map(_only_imports, statement.body))
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)


FORETELLING = ("placeholder", "axes", "check", "flops", "seconds")
"""Methods of a job that say what a result will look like, what it will cost and whether it would fail, and never what it is."""


class _WhatComputes(ast.NodeTransformer):
    """Removes what no result depends on: docstrings, which are strings that stand as statements, and what a job foretells."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if any(ast.unparse(base).partition("[")[0].endswith("Job") for base in node.bases):
            foretelling = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name in FORETELLING]
            rest = [item for item in node.body if item not in foretelling]
            asked = {part.attr for item in rest for part in ast.walk(item) if isinstance(part, ast.Attribute)}
            node.body = [item for item in node.body if item in rest or getattr(item, "name", "") in asked]
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.body:
            node.body = [ast.Pass()]
        return node


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _stored(node: ast.AST) -> set[str]:
    """Names that a block binds in its own scope; nested functions and classes bind only their name."""
    names: set[str] = set()
    declared_global: set[str] = set()
    todo = list(ast.iter_child_nodes(node))
    while todo:
        child = todo.pop()
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(child.name)
            continue
        if isinstance(child, _COMPREHENSIONS):
            # Its variables are its own; only what := assigns belongs to the block around it.
            names |= {item.target.id for item in ast.walk(child) if isinstance(item, ast.NamedExpr)}
            continue
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store | ast.Del):
            names.add(child.id)
        elif isinstance(child, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and child.name:
            names.add(child.name)
        elif isinstance(child, ast.Global):
            declared_global.update(child.names)
        if not isinstance(child, ast.Lambda):
            todo += ast.iter_child_nodes(child)
    return names - declared_global


@dataclass
class _Uses(ast.NodeVisitor):
    """Global names that a definition reads, as dotted chains, and what makes it impossible to tell."""

    chains: set[tuple[str, ...]] = field(default_factory=set)
    computing: set[str] = field(default_factory=set)
    own_module: bool = False
    whole_package: bool = False
    scopes: list[set[str]] = field(default_factory=list)
    annotating: bool = False

    def visit_Name(self, node: ast.Name) -> None:
        self._use((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.whole_package |= node.attr in ("import_module", "__subclasses__")
        chain, value = [node.attr], node.value
        while isinstance(value, ast.Attribute):
            chain.append(value.attr)
            value = value.value
        if isinstance(value, ast.Name):
            self._use((value.id, *reversed(chain)))
        else:
            self.visit(value)

    def _use(self, chain: tuple[str, ...]) -> None:
        name = chain[0]
        if any(name in scope for scope in self.scopes):
            return
        self.own_module |= name in ("globals", "vars", "locals")
        self.whole_package |= name in ("eval", "exec", "__import__", "import_module")
        self.chains.add(chain)
        if not self.annotating:
            self.computing.add(name)

    def _annotation(self, node: ast.expr | None) -> None:
        before, self.annotating = self.annotating, True
        if node is not None:
            self.visit(node)
        self.annotating = before

    def visit_arg(self, node: ast.arg) -> None:
        self._annotation(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        for part in filter(None, (node.target, node.value)):
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, node.args):
            self.visit(outside)
        self._annotation(node.returns)
        self._inside(_arguments(node.args) | _stored(node), node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (the name is ast's)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._inside(_arguments(node.args), [node.body])

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        first, *others = node.generators
        self.visit(first.iter)  # evaluated in the scope around it
        results = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.comprehension)]
        inside = [part for item in node.generators for part in (item.target, *item.ifs)]
        self._inside(_stored(node), [*results, *inside, *(item.iter for item in others)])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def _inside(self, names: set[str], body: list) -> None:
        self.scopes.append(names)
        for node in body:
            self.visit(node)
        self.scopes.pop()


def _arguments(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in every if argument}
