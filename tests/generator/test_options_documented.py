"""The help, the README and the other documents speak of the same options."""

import re
from pathlib import Path

import pytest

from measured import cli
from tests.generator.cases import ROOT

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("measured/new/**/*.md*")])


def offered() -> set[str]:
    """Every long option of the parser."""
    return {option for action in cli._parser(ROOT)._actions for option in action.option_strings if option.startswith("--")}


def test_table_of_the_readme_has_every_option_and_no_other():
    """Each is said once what it is for, and none is left of one that is gone."""
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert {option for line in rows for option in OPTION.findall(line)} == offered()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_of_documents_have_options_that_there_are(document: Path):
    """Whatever follows ``build.py`` on a line."""
    text = document.read_text(encoding="utf-8")
    typed = {option for command in re.findall(r"build\.py([^\n`|;&]*)", text) for option in OPTION.findall(command)}
    assert typed <= offered(), typed - offered()


def test_the_help_tells_every_option():
    """With what it is for."""
    parser = cli._parser(ROOT)
    assert all(action.help for action in parser._actions) and offered() <= set(OPTION.findall(parser.format_help()))
