"""Imports point one way: a fresh process proves it."""

import ast
import subprocess
import sys

import pytest

from tests.generator.cases import ROOT

LAB = [f"lab.{path.stem}" for path in sorted((ROOT / "lab").glob("*.py")) if path.stem != "__init__"]
REPORT = [f"report.{path.stem}" for path in sorted((ROOT / "report").glob("*.py")) if path.stem != "__init__"]


FORBIDDEN = {
    "lab": {"report", "experiments", "build", "matplotlib", "jinja2"},
    "report": {"lab", "experiments", "build", "torch", "torchvision", "distributed", "dask"},
}


def imported_in(source: str) -> set[str]:
    """Packages that a source imports anywhere: at the top, in a function, under a condition, or by name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_function_imports_the_other_side(package):
    """Nor does an import that waits in a function point the wrong way."""
    for path in sorted((ROOT / package).rglob("*.py")):
        assert not imported_in(path.read_text(encoding="utf-8")) & FORBIDDEN[package], path


def test_no_import_escapes():
    """The check sees lazy, conditional and dynamic imports."""
    source = "def f():\n    if x:\n        import torch.nn as nn\n    from lab.data import load\n    importlib.import_module('build')\n"
    assert imported_in(source) == {"torch", "lab", "build"}


def loaded_after(*modules: str) -> set[str]:
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    )


def test_lab_has_never_heard_of_the_report():
    """No instrument imports a page, a figure or a chapter."""
    found = loaded_after(*LAB)
    assert not [name for name in found if name.split(".")[0] in ("report", "experiments", "build", "matplotlib", "jinja2")]


def test_report_never_imports_torch_or_lab():
    """The document knows numbers, not how they were computed."""
    found = loaded_after(*REPORT)
    assert not [name for name in found if name.split(".")[0] in ("lab", "experiments", "build", "torch")]


@pytest.mark.parametrize(
    "heavy", ["torch", "matplotlib", "numpy", "scipy", "jinja2", "markdown", "rich", "distributed", "pygments"]
)
def test_build_imports_nothing_heavy_at_first(heavy):
    """A build with nothing to do takes about as long as starting Python."""
    assert heavy not in loaded_after("build")


def test_experiments_init_imports_nothing():
    """The list of chapters is data."""
    assert not loaded_after("experiments") & {"torch", "numpy", "lab.compute", "report.result"}
