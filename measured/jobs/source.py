"""Which definitions a piece of code reaches, read from source text without importing it.

A cached result is as good as the code that made it. This module follows the names that a definition uses,
through functions, classes, constants and imports of the project's own modules, and digests what it finds as
syntax trees without docstrings and comments. What cannot be followed (a module passed around as a value,
``import *``, ``globals()``) counts as using the whole module; ``eval``, ``importlib`` and ``__subclasses__``
as using every module of the package. Libraries are not followed: their versions are part of a key instead.
"""

import ast
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

WHOLE = "*"  # a module in full, where the definitions that matter cannot be told apart
ANALYSIS = 2  # to be raised when this module finds something else in the same text
LOOSE = "<statements>"  # what a module executes besides definitions and imports

Name = tuple[str, str]  # (module, definition), (module, WHOLE) or (module, LOOSE)


def digest(text: str) -> str:
    """SHA-256 of ``text`` in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class Project:
    """The modules below ``root``, each read once, on demand.

    ``memo`` is a file that remembers what was found in each module, by the digest of its text, so that a later process need not
    parse what has not changed.
    """

    def __init__(self, root: Path, memo: Path | None = None):
        self.root, self.memo = root, memo
        self._modules: dict[str, Module | None] = {}
        self._remembered: dict[str, dict] = _read_memo(memo) if memo else {}
        self._found: dict[str, dict] = {}

    def module(self, name: str) -> "Module | None":
        """What there is in the module of that dotted name; None where the project has none."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> "Module | None":
        base = self.root.joinpath(*name.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                key = digest(f"{ANALYSIS} {sys.version_info[:2]} {name} {path.name}\n{text}")
                known = self._remembered.get(key)
                module = Module(**known) if known else read_module(name, path.name == "__init__.py", ast.parse(text, str(path)))
                self._found[key] = known or asdict(module)
                return module
        return None

    def remember(self) -> None:
        """Write what was found to the memo, for the next process; silently not, where it cannot be written."""
        if self.memo and self._found.keys() - self._remembered.keys():
            try:
                write_atomically(self.memo, json.dumps(self._remembered | self._found).encode())
            except OSError:
                return

    def reached(self, roots: Iterable[Name]) -> dict[str, str]:
        """Digest of every definition that the roots use, directly or not, by its dotted name.

        Raises ValueError where a root is not in a module of the project.
        """
        todo, seen = list(roots), {}
        for module, _ in todo:
            if self.module(module) is None:
                raise ValueError(
                    f"module {module!r} is not a file below {self.root}: what is cached must be defined in the project"
                )
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            module = self.module(name[0])
            assert module is not None
            seen[name] = module.definitions[name[1]]["digest"]
            todo += self._uses(module, name[1])
        return {".".join(name): seen[name] for name in sorted(seen)}

    def _uses(self, module: "Module", definition: str) -> Iterator[Name]:
        uses = module.definitions[definition]
        if LOOSE in module.definitions:
            yield module.name, LOOSE
        if uses["own_module"]:
            yield module.name, WHOLE
        if uses["whole_package"]:
            yield from self._package(module.name.split(".")[0])
        for chain in uses["chains"]:
            yield from self._resolve(module, chain)

    def _resolve(self, module: "Module", chain: Sequence[str]) -> Iterator[Name]:
        """Definitions that the dotted ``chain`` of names stands for, read inside ``module``."""
        head, *rest = chain
        if head in module.definitions:
            yield module.name, head
        elif head in module.bound_loosely:
            yield module.name, LOOSE
        for target, attribute in module.imports.get(head, ()):
            yield from self._follow(target, (attribute, *rest) if attribute else tuple(rest))
        for target in module.stars:
            if (imported := self.module(target)) and imported.binds(head):
                yield target, WHOLE

    def _follow(self, target: str, chain: Sequence[str]) -> Iterator[Name]:
        module = self.module(target)
        if module is None:
            return
        if not chain:
            yield target, WHOLE
        elif module.binds(chain[0]):
            yield from self._resolve(module, chain)
        elif self.module(f"{target}.{chain[0]}"):
            yield from self._follow(f"{target}.{chain[0]}", chain[1:])
        else:
            yield target, WHOLE

    def _package(self, package: str) -> Iterator[Name]:
        for path in sorted((self.root / package).rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), WHOLE


@dataclass
class Module:
    """What one file defines, imports and executes; plain data, so that it can be remembered."""

    name: str
    definitions: dict[str, dict]
    """By name: ``digest``, ``chains`` of names that it uses, and whether it needs its ``own_module`` or the ``whole_package``."""
    imports: dict[str, list[Sequence[str]]]
    """By bound name: module, and the name in it, empty where the module itself is bound."""
    stars: list[str]
    bound_loosely: list[str]
    """Names that only a conditional or a loop at module level binds."""

    def binds(self, name: str) -> bool:
        return name in self.definitions or name in self.imports or name in self.bound_loosely


def read_module(name: str, is_package: bool, tree: ast.Module) -> Module:
    """What the parsed module ``name`` defines, imports and executes."""
    tree = _Undocumented().visit(tree)
    module = Module(name, {}, {}, [], [])
    for node in ast.walk(tree):  # an import inside a function binds as well
        if isinstance(node, ast.Import | ast.ImportFrom):
            _bind(module, node, is_package)
    statements: dict[str, list[ast.stmt]] = {WHOLE: tree.body}
    for statement in tree.body:
        names = _defined(statement)
        if not names and not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            names = [LOOSE]
            module.bound_loosely += sorted(_stored(ast.Module([statement], [])))
        for defined in names:
            statements.setdefault(defined, []).append(statement)
    for defined, nodes in statements.items():
        uses = _Uses()
        for node in nodes:
            uses.visit(node)
        module.definitions[defined] = {
            "digest": digest("\n".join(map(ast.dump, nodes))),
            "chains": sorted(uses.chains),
            "own_module": uses.own_module,
            "whole_package": uses.whole_package,
        }
    return module


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


def _read_memo(path: Path) -> dict[str, dict]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader meets the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(name, path)


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
    return [item.id for item in targets if isinstance(item, ast.Name)] if _all_names(targets) else []


def _all_names(targets: list[ast.expr]) -> bool:
    return all(isinstance(item, ast.Name) for item in targets)


class _Undocumented(ast.NodeTransformer):
    """Removes docstrings: strings that stand as statements and do nothing."""

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
    own_module: bool = False
    whole_package: bool = False
    scopes: list[set[str]] = field(default_factory=list)

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

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, node.args, *filter(None, [node.returns])):
            self.visit(outside)
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


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs between two sets of digests or versions, one readable line each."""
    lines = [f"{name} changed" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]]
    lines += [f"{name} is new" for name in sorted(after.keys() - before.keys())]
    lines += [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    return lines
