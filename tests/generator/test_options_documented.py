"""The help, the README and the other documents speak of the same commands and options."""

import re
import shlex
from pathlib import Path

import pytest

import measured
from measured import cli, command
from tests.generator.cases import ROOT

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
TYPED = re.compile(r"(?<![\w./-])(?:(?:\.venv/bin/)?python3? )?(build\.py|measured)((?: +[^\s`|;&#][^\s`|;&#]*)*)")
"""A command with what follows it on its line."""
CALLED = ("measured new", "build.py --new")
"""What commands are called in a sentence."""
PACKAGE = Path(measured.__file__).parent
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("examples/*/README.md"),
        *PACKAGE.glob("new/skeleton/*.md*"),
        *PACKAGE.glob("pages/readers/*.md"),
    ]
)


def offered() -> set[str]:
    """Every long option of the parser."""
    return {option for action in cli._parser(ROOT)._actions for option in action.option_strings if option.startswith("--")}


def commands(text: str) -> list[tuple[str, list[str]]]:
    """What a document tells its readers to type: whole lines of its code, and what stands in backticks."""
    fenced = [
        line for block in re.findall(r"^```(?:sh|bash|yaml)\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()
    ]
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    found = []
    for code in [*fenced, *(item for item in quoted if item not in CALLED)]:
        for line in re.split(r"&&|;|- run:", code):
            if typed := TYPED.fullmatch(line.strip()):
                found.append((typed[1], shlex.split(typed[2])))
    return found


def test_table_of_the_readme_has_every_option_and_no_other():
    """Each is said once what it is for, and none is left of one that is gone."""
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert {option for line in rows for option in OPTION.findall(line)} == offered()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_commands_of_documents_are_commands(document: Path):
    """The real parsers take each as it is written."""
    for program, arguments in commands(document.read_text(encoding="utf-8")):
        if program == "measured":
            command._parser().parse_args(arguments)
        else:
            cli.parse(arguments, ROOT)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_options_of_documents_are_options(document: Path):
    """Whatever follows ``build.py`` on a line, in the middle of a sentence, too."""
    text = document.read_text(encoding="utf-8")
    typed = {option for line in re.findall(r"build\.py([^\n`|;&]*)", text) for option in OPTION.findall(line)}
    assert typed <= offered(), typed - offered()


def test_commands_are_found():
    """The check can fail: a command of a document that no parser takes."""
    text = "Type `python build.py --only` or\n\n```sh\ncd x && measured new\nmeasured new a --title 'b c'\n```\n"
    assert sorted(commands(text)) == [
        ("build.py", ["--only"]),
        ("measured", ["new"]),
        ("measured", ["new", "a", "--title", "b c"]),
    ]
    with pytest.raises(cli.BuildError):
        cli.parse(["--only"], ROOT)
    total = sum(len(commands(path.read_text(encoding="utf-8"))) for path in DOCUMENTS)
    assert total > 40, total


def test_programs_of_documents_are_there():
    """Scripts and modules that ``python`` is to run."""
    for document in DOCUMENTS[:2]:
        for module, script in re.findall(r"python (?:-m (tests\.[\w.]+)|([\w/]+\.py))", document.read_text(encoding="utf-8")):
            path = ROOT / (script or f"{module.replace('.', '/')}.py")
            assert path.is_file() or script.startswith("benchmarks/"), path


def test_the_help_tells_every_option():
    """With what it is for."""
    parser = cli._parser(ROOT)
    assert all(action.help for action in parser._actions) and offered() <= set(OPTION.findall(parser.format_help()))
