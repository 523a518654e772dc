"""Imports point one way: the text of every module says so, and a fresh process proves it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import measured
from tests.generator.cases import ROOT

PACKAGE = Path(measured.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
]
BASE = {"measured.errors", "measured.files", "measured.installed", "measured.interactive", "measured.looks"}
MAY_IMPORT = {
    "measured.new": BASE | {"measured.pages"},
    "measured.serve": BASE | {"measured.cli", "measured.options", "measured.press", "measured.project"},
    "measured.evidence": BASE,
    "measured.jobs": BASE,
    "measured.charts": BASE | {"measured.evidence"},
    "measured.pages": BASE | {"measured.charts", "measured.evidence"},
    "measured.sharing": BASE | {"measured.pages", "measured.charts", "measured.evidence", "measured.jobs"},
    "measured.press": BASE
    | {"measured.pages", "measured.charts", "measured.evidence", "measured.jobs", "measured.sharing"}
    | {"measured.options", "measured.project"},
    "measured.notebook": BASE
    | {"measured.press", "measured.pages", "measured.charts", "measured.evidence", "measured.jobs", "measured.project"},
}
"""What each part may know of the others, besides itself."""
THE_REPORTS_OWN = {"torch", "torchvision", "sklearn", "lab", "experiments", "tests", "build"}


def imported_in(source: str) -> set[str]:
    """Modules that a source imports anywhere: at the top, in a function, under a condition, or by name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            # ``from measured.pages import check`` imports a module where there is one of that name.
            found |= {
                name if name in MODULES else node.module or ""
                for alias in node.names
                for name in [f"{node.module}.{alias.name}"]
            }
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def test_no_import_escapes():
    """The check sees lazy, conditional and dynamic imports."""
    source = (
        "def f():\n    if x:\n        import torch.nn as nn\n    from measured.pages import check\n"
        "    importlib.import_module('build')\n"
    )
    assert imported_in(source) == {"torch.nn", "measured.pages.check", "build"}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_parts_know_only_what_is_below_them(part):
    """Nor does an import that waits in a function point the wrong way."""
    allowed = (part, *MAY_IMPORT[part])
    for path in sorted(PACKAGE.joinpath(*part.split(".")[1:]).rglob("*.py")):
        for name in imported_in(path.read_text(encoding="utf-8")):
            if name.startswith("measured."):
                assert any(f"{name}.".startswith(f"{known}.") for known in allowed), f"{path.name} imports {name}"


def test_generator_imports_nothing_of_a_report():
    """Neither what this repository's report computes with, nor its code."""
    for path in sorted(PACKAGE.rglob("*.py")):
        found = {name.split(".")[0] for name in imported_in(path.read_text(encoding="utf-8"))}
        assert not found & THE_REPORTS_OWN, path


def loaded_after(*modules: str, then: str = "") -> set[str]:
    """Modules that a fresh process holds after importing some, and then running code that prints nothing."""
    code = f"import {', '.join(modules)}, sys\n{then}\nprint(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_whole_generator_loads_without_a_report():
    """In a fresh process, all of it: no torch, nothing of this report, and no library that waits until it is needed."""
    found = {name.split(".")[0] for name in loaded_after(*MODULES)}
    assert not found & (THE_REPORTS_OWN | {"matplotlib", "distributed", "jinja2", "markdown"})


@pytest.mark.parametrize(
    "heavy", ["matplotlib", "numpy", "scipy", "jinja2", "markdown", "rich", "distributed", "pygments", "cattrs"]
)
def test_build_imports_nothing_heavy_at_first(heavy):
    """A build with nothing to do takes about as long as starting Python."""
    assert heavy not in loaded_after("measured.cli", "measured.actions", "measured.press.build")


def test_modules_are_short():
    """No module of the generator is longer than 350 lines, and the user's command than 40."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 350, max(lengths, key=lambda path: lengths[path])
    assert len((ROOT / "build.py").read_text(encoding="utf-8").splitlines()) <= 40
