"""The front page: what may surprise, chosen by rule, and the figure that leads it."""

from dataclasses import replace
from typing import Any

import pytest

from measured.evidence import Finding, Region, Verdict
from measured.pages import environment, front, names, surprises
from measured.pages.chapter import Page
from measured.pages.outline import Chapter, Outline
from measured.pages.record import Record
from tests.generator.test_pages import RECORD

CHAPTERS = {
    name: Chapter(name, part, "1.1", name.capitalize(), f"{name}?", "", "")
    for name, part in {"dice": "Toys", "coins": "Toys", "cards": "Games", "chess": "Games"}.items()
}
OUTLINE = Outline("Toys and games", tuple(CHAPTERS.values()))


def refuted(name: str, by: float, **more: Any) -> Verdict:
    """A claim of a difference above 1, of which one of 1 - ``by`` was found."""
    value = 1.0 - by
    found = Finding("a - b", value, value - 0.1, value, "", 0.98, (5,), "t", "> 1", "why", "refuted", true_in=Region(low=1.0))
    verdict = Verdict(name, "Huygens 1657", f"{name} says.", "", f"Claim {name}", "refuted", (found,))
    return replace(verdict, **more)


def pages(**verdicts: list[Verdict]) -> list[Page]:
    def record(name: str, found: list[Verdict]) -> Record:
        return replace(RECORD, chapter=name, verdicts=tuple(found), figures={})

    return [Page(CHAPTERS[name], record(name, found)) for name, found in verdicts.items()]


def chosen(**verdicts: list[Verdict]) -> list[str]:
    return [verdict.id for _, verdict in surprises.of(OUTLINE, pages(**verdicts))]


def test_each_part_comes_before_a_second_of_any():
    """The widest of each part, then the widest of what is left, in the order of the report."""
    found = chosen(
        dice=[refuted("a", 5.0), refuted("b", 9.0)],
        coins=[refuted("c", 8.0)],
        cards=[refuted("d", 0.5)],
        chess=[refuted("e", 2)],
    )
    assert found == ["b", "c", "e"]


def test_a_chapter_has_one_at_most():
    """However wide its second."""
    assert chosen(dice=[refuted("a", 5.0), refuted("b", 9.0)]) == ["b"]


@pytest.mark.parametrize(
    "change", [{"source": "ours"}, {"kind": "check"}, {"outcome": "supported"}, {"outcome": "inconclusive"}]
)
def test_what_cannot_surprise_is_left_out(change):
    """What nobody else claimed, what could not come out otherwise, and what was not refuted."""
    assert chosen(dice=[refuted("a", 5.0, **change), refuted("b", 1.0)]) == ["b"]


def test_figure_that_leads_is_the_first_that_the_prose_shows(tmp_path):
    """Not the first of the record, nor a table, nor one that is only referred to."""
    (tmp_path / "chapters").mkdir()
    prose = "As {{ figure.other.ref }} says.\n\n{{ figure.means }}\n\n{{ figure.throws }}\n\n{{ figure.other }}"
    (tmp_path / "chapters" / "dice.md.jinja2").write_text(prose)
    frame, figures = environment.make(tmp_path), RECORD.figures
    record = replace(RECORD, figures={"other": replace(figures["throws"]), **figures}, verdicts=(refuted("a", 5.0),))
    assert names.figures_shown(frame, CHAPTERS["dice"]) == ["means", "throws", "other"]
    page = front.files(frame, OUTLINE, [Page(CHAPTERS["dice"], record)])["index.html"].decode()
    assert 'href="dice.html#figure-throws"' in page and "figures/dice/other" not in page


def test_nothing_surprises_where_nothing_is_measured(tmp_path):
    """A new report has a front page all the same."""
    page = front.files(environment.make(tmp_path), OUTLINE, [Page(CHAPTERS["dice"], None)])["index.html"].decode()
    assert "surprise" not in page and "Nothing has been measured yet" in page
