"""Which definitions a piece of code reaches, and which libraries those import, read from source text without importing it.

A cached result is as good as the code that made it. This module follows the names that a definition uses, through functions,
classes, constants and imports of the project's own modules, and digests what it finds as syntax trees
(``measured.jobs.definitions``). Libraries are not followed: their versions are part of a key instead. Nor is ``measured.jobs``
itself, for which ``keys.FORMAT`` speaks, nor what shows things to who types.
"""

import ast
import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from measured.files import digest, write_atomically
from measured.jobs import versions
from measured.jobs.definitions import LOOSE, WHOLE, Module, read_module

ANALYSIS = 7  # to be raised when the modules of this analysis find something else in the same text
GENERATOR = Path(__file__).parents[1]  # the package measured, which may be installed far from the project
UNSEEN = ("measured.jobs", "measured.interactive", "measured.notebook")
MODULES, DISTRIBUTIONS, REACHED = "modules", "distributions", "reached"  # what the memo holds

Name = tuple[str, str]  # (module, definition), (module, WHOLE) or (module, LOOSE)


@dataclass(frozen=True)
class Reached:
    """What a piece of code rests on."""

    definitions: dict[str, str]
    """Digest of every definition that it uses, directly or not, by its dotted name."""
    libraries: tuple[str, ...]
    """Top-level modules that these import from outside of the project and the standard library."""


@dataclass(frozen=True)
class Elsewhere:
    """What computed on another machine, which counts in place of what is installed on this one."""

    versions: Mapping[str, str]
    """By distribution, with Python's."""
    distributions: Mapping[str, list[str]]
    """Those that bring a library, by the name of its module."""
    modules: Mapping[str, Any]
    """What was found there in modules, as a memo holds it: another Python has other syntax trees for the same text."""

    @property
    def python(self) -> tuple[int, ...]:
        return tuple(int(number) for number in self.versions["Python"].split("."))

    def of_libraries(self, modules: Collection[str]) -> dict[str, str]:
        """Versions of the distributions that bring those of the modules that were there, with Python's."""
        names = [name for module in modules for name in self.distributions.get(module, ()) or [module]]
        return {name: self.versions[name] for name in ("Python", *names) if name in self.versions}


class Sources:
    """The modules below ``root``, each read once, on demand, with those of the generator.

    ``memo`` is a file that remembers what was found in each module, with the digest of its text, which distribution brings
    which library, and what was reached while all modules were as they are, so that a later process need neither parse or follow
    what has not changed nor look through all that is installed. What was computed ``elsewhere`` is told by the versions there.
    """

    def __init__(self, root: Path, memo: Path | None = None, elsewhere: Elsewhere | None = None):
        self.root, self.memo, self.elsewhere = root, memo, elsewhere
        self._modules: dict[str, Module | None] = {}
        self._written: dict[str, dict] = _read_memo(memo) if memo else {}
        self._analysed = dict(self._written.get(MODULES, {}))
        self._distributions: dict[str, list[str]] = dict(self._written.get(DISTRIBUTIONS, {}))
        self._used: dict[Name, list[tuple[Name, bool]]] = {}
        self._asked: set[str] = set()
        """The modules that were looked for."""
        self._keys: dict[str, str] = {}
        """What tells that a module is the same text; empty where there is none."""
        self._still: dict[str, str] = {}
        """The same of the modules on which what was reached in earlier processes rests, where they are as they were."""
        self._packages: dict[str, list[str]] = {}
        """The modules of packages that were reached whole."""

    def module(self, name: str) -> Module | None:
        """What there is in the module of that dotted name; None where the project has none."""
        self._asked.add(name)
        return self._look_for(name)

    def _look_for(self, name: str) -> Module | None:
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _base(self, name: str) -> Path:
        first, *rest = name.split(".")
        return GENERATOR.joinpath(*rest) if first == GENERATOR.name else self.root.joinpath(first, *rest)

    def _read(self, name: str) -> Module | None:
        base = self._base(name)
        self._keys[name] = ""
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                if self.elsewhere and (known := self.elsewhere.modules.get(name)):
                    if known["key"] == _key_of(name, path, text, self.elsewhere.python):
                        return Module(**known["found"])
                key = self._keys[name] = _key_of(name, path, text, sys.version_info[:2])
                if (known := self._analysed.get(name)) and known["key"] == key:
                    return Module(**known["found"])
                module = read_module(name, path.name == "__init__.py", ast.parse(text, str(path)))
                self._analysed[name] = {"key": key, "found": asdict(module)}
                return module
        if next(base.glob("*.py"), None):  # a folder of modules without __init__.py
            self._keys[name] = "a folder"
            return read_module(name, True, ast.parse(""))
        return None

    def found(self) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """What was found in the modules that have been asked for, and which distributions bring which library: what another
        machine must know to tell what was computed here."""
        before = self.elsewhere
        everywhere = {**self._analysed, **(before.modules if before else {})}
        modules = {name: everywhere[name] for name in sorted(self._asked) if self._modules.get(name) and name in everywhere}
        return modules, {**self._distributions, **(before.distributions if before else {})}

    def remember(self) -> None:
        """Write what was found to the memo, for the next process; silently not, where it cannot be written."""
        if not self._asked:
            return
        memory = {MODULES: self._analysed, DISTRIBUTIONS: self._distributions, REACHED: self._answers()}
        if self.memo and memory != self._written:
            with suppress(OSError):
                write_atomically(self.memo, json.dumps(memory).encode())

    def versions(self, libraries: Iterable[str]) -> dict[str, str]:
        """Versions of Python and of the distributions that bring these libraries, as ``measured.jobs.versions`` finds them.

        Raises ValueError for one without a version, with the place where the project imports it.
        """
        there: dict[str, str] = {}
        if self.elsewhere:
            libraries = list(libraries)
            there = self.elsewhere.of_libraries(libraries)
            libraries = [name for name in libraries if name not in self.elsewhere.distributions]
        try:
            return versions.of_libraries(libraries, self._distributions) | there
        except versions.UnversionedError as error:
            where = self._place_of_import(error.module)
            raise ValueError(f"{where}: {error}" if where else str(error)) from None

    def _place_of_import(self, library: str) -> str:
        """The first line of what was read from the project that imports a library, in words; empty where none does."""
        imports = re.compile(rf"^\s*(?:import|from)\s+{re.escape(library)}\b")
        for name in sorted(name for name, module in self._modules.items() if module and name.split(".")[0] != GENERATOR.name):
            base = self._base(name)
            path = next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
            for line, text in enumerate(path.read_text(encoding="utf-8").splitlines() if path else (), start=1):
                if imports.match(text):
                    return f"{path.relative_to(self.root).as_posix()}, line {line}"  # pyright: ignore
        return ""

    def reached(self, roots: Iterable[Name]) -> Reached:
        """What the roots use, directly or not. Raises ValueError where a root is not in a module of the project."""
        roots = list(roots)
        if self.memo is None or self.elsewhere:
            return self._followed(roots)
        told = " ".join(":".join(name) for name in roots)
        if told not in self._known:
            self._known[told] = self._followed(roots)
        self._asked |= {name.rpartition(".")[0] for name in self._known[told].definitions}
        return self._known[told]

    @cached_property
    def _known(self) -> dict[str, Reached]:
        """What was reached from roots, now or, where every module that was looked for then is the same now, in earlier
        processes."""
        before = self._written.get(REACHED)
        if self.elsewhere or not before or before.get("by") != _follower():
            return {}
        try:
            for name in before["keys"]:
                self._look_for(name)
        except (OSError, SyntaxError, ValueError):  # to be told by who asks for that module
            return {}
        packages = {package: self._modules_of(package) for package in before["packages"]}
        if packages != before["packages"] or any(self._keys[name] != key for name, key in before["keys"].items()):
            return {}
        self._still, self._packages = before["keys"], packages
        digests = list(before["digests"].items())
        return {
            roots: Reached(dict(digests[place] for place in found["definitions"]), tuple(found["libraries"]))
            for roots, found in before["found"].items()
        }

    def _answers(self) -> dict[str, Any]:
        """What was reached, each digest once, as the memo has it."""
        digests = dict(
            sorted({name: item for found in self._known.values() for name, item in found.definitions.items()}.items())
        )
        places = {name: place for place, name in enumerate(digests)}
        return {
            "by": _follower(),
            "keys": self._still | {name: self._keys[name] for name in self._asked if name in self._keys},
            "packages": self._packages,
            "digests": digests,
            "found": {
                roots: {"definitions": [places[name] for name in found.definitions], "libraries": list(found.libraries)}
                for roots, found in self._known.items()
            },
        }

    def _followed(self, roots: list[Name]) -> Reached:
        todo, seen, computing, libraries = [(name, True) for name in roots], {}, set(), set()
        for (module, _), _ in todo:
            if self.module(module) is None:
                raise ValueError(
                    f"module {module!r} is not a file below {self.root}: what is cached must be defined in the project"
                )
        while todo:
            name, computes = todo.pop()
            if name in computing or (name in seen and not computes):
                continue
            module = self.module(name[0])
            if module is None:
                libraries |= {name[0].split(".")[0]} if computes else set()
                continue
            seen[name] = module.definitions[name[1]]["digest"]
            computing |= {name} if computes else set()
            if name not in self._used:  # chapters share most of what they reach
                self._used[name] = list(self._uses(module, name[1]))
            todo += [(used, computes and in_code) for used, in_code in self._used[name]]
        return Reached(
            {".".join(name): seen[name] for name in sorted(seen)}, tuple(sorted(libraries - sys.stdlib_module_names))
        )

    def docstrings(self, definitions: Iterable[str], package: str) -> dict[str, str]:
        """Digests of the docstrings of functions in those ``definitions``, dotted, that modules of ``package`` have."""
        found = {}
        for whole in definitions:
            name, _, definition = whole.rpartition(".")
            module = self.module(name) if name.split(".")[0] == package else None
            for function, docstring in (module.docstrings if module else {}).items():
                if definition in (function, WHOLE):
                    found[f"{name}.{function}"] = docstring
        return found

    def _uses(self, module: Module, definition: str) -> Iterator[tuple[Name, bool]]:
        """What a definition names, and whether in code: an annotation computes nothing, and its library retrains nothing."""
        uses = module.definitions[definition]
        if LOOSE in module.definitions:
            yield (module.name, LOOSE), True
        if uses["own_module"]:
            yield (module.name, WHOLE), True
        if uses["whole_package"]:
            yield from (((name, WHOLE), True) for name in self._package(module.name.split(".")[0]))
        for chain in uses["chains"]:
            yield from ((name, chain[0] in uses["computing"]) for name in self._resolve(module, chain))
        if definition == WHOLE:  # an import may be there for what it does
            targets = {target for found in module.imports.values() for target, _ in found}
            yield from (((target, WHOLE), True) for target in targets if not self.module(target))

    def _resolve(self, module: Module, chain: Sequence[str]) -> Iterator[Name]:
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
        if f"{target}.".startswith(tuple(f"{name}." for name in UNSEEN)):
            return
        module = self.module(target)
        if module is None or not chain:
            yield target, WHOLE
        elif module.binds(chain[0]):
            yield from self._resolve(module, chain)
        elif self.module(f"{target}.{chain[0]}"):
            yield from self._follow(f"{target}.{chain[0]}", chain[1:])
        else:
            yield target, WHOLE

    def _package(self, package: str) -> list[str]:
        """Its modules."""
        if package not in self._packages:
            self._packages[package] = self._modules_of(package)
        return self._packages[package]

    def _modules_of(self, package: str) -> list[str]:
        base = self._base(package)
        paths = [(package, *path.relative_to(base).with_suffix("").parts) for path in sorted(base.rglob("*.py"))]
        return [".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in paths]


def _follower() -> str:
    """What tells that names are followed in the same way."""
    return digest(Path(__file__).read_text(encoding="utf-8"))


def _key_of(name: str, path: Path, text: str, python: tuple[int, ...]) -> str:
    return digest(f"{ANALYSIS} {python} {name} {path.name}\n{text}")


def _read_memo(path: Path) -> dict[str, dict]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs between two sets of digests or versions, one readable line each."""
    lines = [f"{name} changed" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]]
    lines += [f"{name} is new" for name in sorted(after.keys() - before.keys())]
    lines += [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    return lines
