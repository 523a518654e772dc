"""What a report's sources say of themselves is read without importing them."""

import pytest

from measured.errors import BuildError
from measured.looks import Look, Looks
from measured.pages.outline import OUR_OWN, PUBLISHED, Chapter, Outline, Source, read_outline

CONCLUSIONS = (("S1", "One thing"), ("S12", "And another"))


@pytest.fixture
def report(tmp_path):
    """Writes a report whose contents are the given text, and reads it."""

    def read(contents: str, **modules: str) -> Outline:
        (tmp_path / "experiments").mkdir()
        for name, text in {"__init__": contents, **modules}.items():
            (tmp_path / "experiments" / f"{name}.py").write_text(text)
        return read_outline(tmp_path)

    return read


def test_contents_are_all_there_is_to_say(report):
    """A report that says nothing else has a title, and headings for what is published and for what is its own."""
    outline = report("CHAPTERS = {'Toys': ('dice',)}", dice='"""Do dice differ?\n\nTwo of them.\n"""')
    assert outline == Outline(
        "Measured",
        (Chapter("dice", "Toys", "1.1", "Dice", "Do dice differ?", "Two of them.", '"""Do dice differ?\n\nTwo of them.\n"""'),),
        (PUBLISHED, OUR_OWN),
        (),
    )


def test_sources_and_their_conclusions_are_read_in_order(report):
    """From the module that they name, which is not imported; what is not named comes last."""
    outline = report(
        """
TITLE = "Toys"
CHAPTERS = {}
SOURCES = {"ours": "What we say", "Course": ("The course's claims", "course.SAID")}
WORKERS_IMPORT = ("numpy",)
""",
        course='raise SystemExit\nSAID = {"S1": "One thing", "S12": "And " "another"}',
    )
    assert outline.title == "Toys" and outline.preload == ("numpy",)
    assert outline.sources == (
        Source("ours", "What we say"),
        Source("course", "The course's claims", CONCLUSIONS),
        PUBLISHED,
    )
    assert [outline.source_of(text).name for text in ("course 1.1", "Keskar et al. 2017", "ours", "")] == [
        "course", "paper", "ours", "paper",
    ]  # fmt: skip


def test_looks_are_read_as_they_are_written(report):
    """In words."""
    outline = report('CHAPTERS = {}\nLOOKS = {"seen": "blue circle", "unseen": "orange square dashed"}\n')
    assert outline.looks == Looks({"seen": Look("blue", "circle"), "unseen": Look("orange", "square", "dashed")})


@pytest.mark.parametrize(
    ("looks", "says"),
    [
        ("[]", "LOOKS is something else; expected a dict"),
        ("{'a': 'pink circle'}", "LOOKS: there is no colour 'pink'; expected one of"),
    ],
)
def test_looks_that_there_are_not_are_refused(report, looks, says):
    """In a line that names what there is."""
    with pytest.raises(BuildError, match=says):
        report(f"CHAPTERS = {{}}\nLOOKS = {looks}\n")


@pytest.mark.parametrize("claim, conclusion", [("S1", "S1"), ("S1a", "S1"), ("S1z", "S1"), ("S12", "S12"), ("S12i", "S12")])
def test_a_part_is_its_conclusion_and_a_letter(claim, conclusion):
    """Any small letter; and S1 is not the beginning of S12."""
    assert Source("seed", "", CONCLUSIONS).conclusion_of(claim) == conclusion


@pytest.mark.parametrize("claim", ["S2", "S1ab", "S1A", "S123", "dice"])
def test_a_claim_of_no_conclusion_is_named(claim):
    """Rather than left out of the list."""
    with pytest.raises(BuildError, match=f"claim '{claim}': its source 'seed' draws no .* S1 to S12, .* as in S1a"):
        Source("seed", "", CONCLUSIONS).conclusion_of(claim)


@pytest.mark.parametrize("text", ["CHAPTERS = {", "CHAPTERS = make()", "CHAPTERS = ['dice']", "OTHER = 1"])
def test_unreadable_contents_get_one_line(report, text):
    """With what was expected, whatever is wrong with the list of chapters."""
    with pytest.raises(BuildError, match="CHAPTERS|never closed"):
        report(text)


@pytest.mark.parametrize(
    "text, message",
    [
        ("TITLE = 3", r"experiments/__init__.py, line 2: TITLE is something else; expected a text, written out"),
        ("WORKERS_IMPORT = [1]", "line 2: WORKERS_IMPORT is something else; expected a tuple of names of modules"),
        ("SOURCES = {'ours': ('Ours',)}", 'line 2: SOURCES is something else; expected a dict from the first word'),
        ("SOURCES = {'ours': ('Ours', 'nowhere.SAID')}", "experiments/nowhere.py cannot be read"),
        ("SOURCES = {'ours': ('Ours', 'dice.SAID')}",
         "experiments/dice.py defines no SAID; expected a dict from ids to sentences"),
        ("SOURCES = {'ours': ('Ours', 'dice.DONE')}", "experiments/dice.py, line 1: DONE is something else"),
    ],
)  # fmt: skip
def test_other_slips_get_one_line(report, text, message):
    """With the file and the line."""
    with pytest.raises(BuildError, match=message):
        report(f"CHAPTERS = {{}}\n{text}", dice="DONE = {'S1': 1}")


def test_source_that_does_not_parse_is_listed(report):
    """Importing it will say what is wrong, where a reader sees it."""
    (chapter,) = report("CHAPTERS = {'Toys': ('dice',)}", dice="def (").chapters
    assert (chapter.question, chapter.meaning_of("seeds"), chapter.line_of_claim("C1")) == ("dice", "", 1)
