"""New reports and new chapters: they build, pass and say what was wrong with a name."""

import subprocess
import sys

import pytest

import measured
from measured import cli, command
from measured.new.chapter import listed_in
from tests.generator.cases import ToyProject


@pytest.fixture(scope="module")
def report(tmp_path_factory, built_once: ToyProject) -> ToyProject:
    """What ``measured new`` writes, with one more chapter, built at the quick preset."""
    folder = tmp_path_factory.mktemp("new") / "my-report"
    assert command.main(["new", str(folder), "--title", 'Mine & "yours"']) == 0
    project = ToyProject.at(folder)
    project.learn_from(built_once)
    added = project.build("--new", "more_samples", "--part", "Second part", "--title", 'More "samples"', workers="")
    assert added.returncode == 0, added.stderr
    outcome = project.build("--preset", "quick")
    assert outcome.returncode == 0, outcome.stderr
    return project


def test_new_report_builds_with_its_titles(report: ToyProject):
    """The author's own, whatever characters are in it, and every claim with a verdict."""
    assert "Mine &amp; &#34;yours&#34;" in report.read("site/index.html")
    assert "More &#34;samples&#34;" in report.read("site/more_samples.html")
    for chapter in ("estimates", "more_samples"):
        assert f'id="claim-{chapter.replace("_", "-")}-median"' in report.read(f"site/{chapter}.html")


def test_new_report_has_no_warning(report: ToyProject):
    """Its prose keeps the law that it is to teach."""
    again = report.build("--preset", "quick", "--force")
    assert again.returncode == 0 and "warning" not in again.stdout


def test_tests_of_a_new_report_pass(report: ToyProject):
    """Those that were written with it, in its own folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    outcome = subprocess.run(command, cwd=report.folder, capture_output=True, text=True, env=report.environment, timeout=300)
    assert outcome.returncode == 0 and "4 passed" in outcome.stdout, outcome.stdout


def test_folder_that_is_not_empty_is_left_alone(tmp_path, capsys):
    """With the name of one that is free."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    assert command.main(["new", str(tmp_path / "mine")]) == 2
    assert capsys.readouterr().err == (
        f"measured: {tmp_path}/mine is there already, and not empty; expected a new folder, like {tmp_path}/mine-2\n"
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--new", "dice"), "--new 'dice' is taken: experiments/dice.py is there; expected another name, like dice_2"),
        (("--new", "A thing"), "--new 'A thing' cannot name a module; expected small letters, digits and _, like a_thing"),
        (("--new", "2nd"), "--new '2nd' cannot name a module; expected small letters, digits and _, like chapter_2nd"),
        (("--new", "class"), "--new 'class' cannot name a module; expected small letters, digits and _, like chapter_class"),
        (("--new", "cards", "--part", "Toy"), "--part 'Toy' does not exist; did you mean 'Toys'?"),
        (("--title", "Cards"), "--title has no effect on a build; use it with --new, or leave it out"),
    ],
)  # fmt: skip
def test_name_that_will_not_do_is_refused(toy: ToyProject, capsys, arguments, message):
    """With one that will, and nothing written."""
    before = sorted(toy.folder.rglob("*"))
    assert cli.main(toy.folder, arguments) == 2
    assert capsys.readouterr().err.startswith(f"build.py: {message}")
    assert sorted(toy.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ('CHAPTERS = {"A": ("a",)}\n', "A", 'CHAPTERS = {"A": ("a", "new",)}\n'),
        ('CHAPTERS = {"A": ("a", "b")}  # kept\n', "A", 'CHAPTERS = {"A": ("a", "b", "new")}  # kept\n'),
        ('CHAPTERS = {"A": ()}\n', "A", 'CHAPTERS = {"A": ("new",)}\n'),
        ('CHAPTERS = {"A": ["a"], "B": []}\n', "B", 'CHAPTERS = {"A": ["a"], "B": ("new",)}\n'),
        ('CHAPTERS = {\n    "Ä": ("a",),\n}\n', "B", 'CHAPTERS = {\n    "Ä": ("a",),\n    "B": ("new",),\n}\n'),
        ("CHAPTERS = {}\n", "A", 'CHAPTERS = {"A": ("new",)}\n'),
        ('X = 1\nCHAPTERS: dict = {"A": ("a",)}\n', "A", 'X = 1\nCHAPTERS: dict = {"A": ("a", "new",)}\n'),
    ],
)  # fmt: skip
def test_chapter_is_listed_and_the_rest_stays(before, part, after):
    """Comments, order and layout."""
    assert listed_in(before, part, "new") == after


def test_chapter_that_cannot_be_written_is_told(toy: ToyProject, capsys):
    """As what it is, and not listed."""
    toy.write("tests", "a file where a folder should be")
    assert cli.main(toy.folder, ["--new", "cards"]) == 2
    assert f"{toy.folder} cannot be written" in capsys.readouterr().err
    assert "cards" not in toy.read("experiments/__init__.py")


def test_command_says_its_version(capsys):
    """That of the package."""
    assert command.main(["--version"]) == 0 and capsys.readouterr().out == f"measured {measured.__version__}\n"
