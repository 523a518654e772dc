"""Each page from values: no project is built, and nothing but the values says what is on it.

``python -m tests.generator.test_pages`` writes the snapshots anew.
"""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from measured import charts
from measured.errors import BuildError
from measured.evidence import Estimate, Finding, Missing, Outcome, Share, Verdict
from measured.pages import chapter, environment, front, ledger, made, material, source
from measured.pages.chapter import Page
from measured.pages.outline import OUR_OWN, PUBLISHED, Chapter, Outline, Source
from measured.pages.record import Record, Setting
from measured.pages.status import Status

SNAPSHOTS = Path(__file__).parent / "snapshots"

SOURCE = '''"""Do two dice differ?

Their *means* over a few throws.
"""

class Settings:
    seeds: tuple[int, ...] = (0, 1)
    """Throws of each dice."""

def throws(): ...
def means(): ...
CLAIMS = (Claim("C1a"), Claim("C1b"), Claim("open"))
'''
DICE = Chapter("dice", "Toys", "1.1", "Two dice", "Do two dice differ?", "Their *means* over a few throws.", SOURCE)
COINS = Chapter("coins", "Toys", "1.2", "Two coins", "Do two coins differ?", "", "")
OUTLINE = Outline(
    "Toy report",
    (DICE, COINS),
    (Source("course", "The course's claims", (("C1", "Dice differ"), ("C2", "Coins do too"))), PUBLISHED, OUR_OWN),
)
PROSE = """## Findings

The fair dice gives {{ metric.fair }}, the loaded one {{ metric.loaded }} in {{ setting.num_throws }} throws; {{ metric.lost }}.

{{ figure.throws }}

{% if claim.C1a.supported %}They differ.{% elif claim.C1a.refuted %}They do not.{% else %}Who knows.{% endif %}

{{ claim.C1a }}
"""


EFFECTS: dict[Outcome, tuple[float, float, float]] = {
    "supported": (0.03, 0.025, 0.035),
    "refuted": (-0.03, -0.035, -0.025),
    "inconclusive": (0.005, -0.02, 0.03),
    "not measured": (float("nan"), float("-inf"), float("inf")),
}


def _finding(outcome: Outcome) -> Finding:
    value, low, high = EFFECTS[outcome]
    method, why = "t interval of pairs", "any difference counts"
    return Finding("loaded - fair", value, low, high, "points", 0.9975, (5,), method, "> 0", why, outcome)


def _verdict(name: str, origin: str, outcome: Outcome, **more: Any) -> Verdict:
    plain = Verdict(name, origin, f"They <differ>: {outcome}.", "", f"Claim {name}", outcome, (_finding(outcome),))
    return replace(plain, **more)


def _made(**figures: charts.Figure) -> dict[str, charts.Figure]:
    """Each by the function of its name: of the chapter, or of a module that it imports."""
    modules = {"throws": "experiments.dice", "means": "experiments.shared"}
    return {
        name: replace(figure, made_by=name, made_in=modules[name], alt=figure.alt or figure.caption)
        for name, figure in figures.items()
    }


METRICS = {
    "fair": Estimate.over_seeds([0.1, 0.2, 0.3, 0.1, 0.2]),
    "loaded": Share.over_seeds([True, True, False]),
    "lost": Missing(),
}
DRAWINGS = {"throws": {"wide": '<svg viewBox="0 0 576.4 200"/>', "narrow": "<svg/>"}}
RECORD = Record(
    chapter="dice",
    preset="quick",
    device="cpu",
    metrics=METRICS,
    figures=_made(
        means=charts.table(("dice", "mean"), [("fair & square", METRICS["fair"]), ("loaded", 12_500)], caption="All means."),
        throws=charts.curves(
            {"throws": {"fair": charts.Series(range(2), [[1.0, 2.0]])}}, x="throw", y="value", caption="All throws.", alt="A "
            "line."
        ),
    ),
    verdicts=(
        _verdict("C1a", "course 1", "supported", quote="They differ.", comment="So they do."),
        _verdict("C1b", "course 1", "refuted"),
        _verdict("open", "Huygens 1657", "inconclusive", published="a third"),
    ),
    settings=(Setting("seeds", [0, 1]), Setting("num_throws", 50, is_derived=True)),
)  # fmt: skip
STATUS = Status("key", {}, "", ("a", "b"), 1, 3.7, 62.0, {"numpy": "2.0"}, "Linux, some processor")
PAGES = (Page(DICE, RECORD, DRAWINGS), Page(COINS, None, waiting=True))


@pytest.fixture
def templates(tmp_path) -> Path:
    """A report's own templates: one chapter's prose, and nothing else."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "dice.md.jinja2").write_text(PROSE)
    return tmp_path


@pytest.fixture
def frame(templates) -> environment.Frame:
    return environment.make(templates)


def all_pages(frame: environment.Frame) -> dict[str, bytes]:
    """Every page of the small report but those of its sources."""
    files: dict[str, bytes] = {}
    for page in PAGES:
        files |= chapter.files(frame, OUTLINE, page)
    files |= front.files(frame, OUTLINE, PAGES) | ledger.files(frame, OUTLINE, PAGES)
    return files | made.files(frame, OUTLINE, PAGES, {"dice": STATUS}, ["experiments/dice.py"])


HTML = ("dice.html", "coins.html", "index.html", "claims.html", "made.html")


@pytest.mark.parametrize("name", HTML)
def test_page_is_as_it_was(frame, name):
    """To the byte; what changes a page on purpose writes the snapshots anew."""
    found, expected = all_pages(frame)[name].decode(), (SNAPSHOTS / name).read_text(encoding="utf-8")
    assert found == expected, (
        f"{name} has changed; where that is meant: python -m tests.generator.test_pages, and look at git diff"
    )


def test_rendering_changes_nothing(frame, capsys):
    """Twice the same bytes, the same record, and nothing printed."""
    before = replace(RECORD)
    assert all_pages(frame) == all_pages(frame) and before == RECORD
    assert capsys.readouterr() == ("", "")


def test_files_have_their_addresses(frame):
    """Those that links from elsewhere lead to."""
    assert {name for name in all_pages(frame) if not name.startswith("explore/")} == {
        *HTML, "style.css", "source.css", "site.js", "early.js", "data/dice.json",
        "data/dice/metrics.csv", "data/dice/means.csv",
        "data/dice/throws.csv", "data/dice/contents.json", "data/dice/throws.js", "figures/dice/throws.js",
        "figures/dice/throws.svg", "figures/dice/throws-narrow.svg", "data/claims.json", "data/claims.csv", "data/build.json",
    }  # fmt: skip


def test_page_of_a_chapter_follows_its_verdicts(frame):
    """The other branch, and the other badge."""
    refuted = replace(RECORD, verdicts=(replace(RECORD.verdicts[0], outcome="refuted"), *RECORD.verdicts[1:]))
    page = chapter.files(frame, OUTLINE, Page(DICE, refuted))["dice.html"].decode()
    assert "They do not." in page and "Who knows." not in page


def test_figures_are_numbered_as_the_prose_shows_them(frame):
    """Those that it does not show come after it, so that none is lost; each leads to the function that makes it."""
    page = chapter.files(frame, OUTLINE, PAGES[0])["dice.html"].decode()
    assert page.index("<b>Figure 1.1.1. All throws.</b>") < page.index("<b>Table 1.1.2. All means.</b>")
    assert page.count('source/experiments.dice.html#def-throws">Code') == 1
    assert page.count('source/experiments.shared.html#def-means">Code') == 1
    assert page.count('dice.html#L-12">The test') == 3
    assert 'width="576" height="200"' in page


def test_a_formula_stays_in_its_sentence():
    """At the start of a line as well; one that is a paragraph of its own is a block."""
    html = environment.prose_html(
        'An image with label\n<math display="inline"><mi>y</mi></math>, and\n\n'
        '<math display="inline"><mi>z</mi></math>\n\nthe *logits*.'
    )
    assert html == (
        '<p>An image with label\n<math display="inline"><mi>y</mi></math>, and</p>\n'
        '<math display="block"><mi>z</mi></math>\n<p>the <em>logits</em>.</p>'
    )


def test_prose_that_does_not_fit_is_said(templates):
    """With its file."""
    (templates / "chapters" / "dice.md.jinja2").write_text("{{ preset.valeu }}")
    with pytest.raises(BuildError, match="templates/chapters/dice.md.jinja2: .*'valeu'"):
        chapter.files(environment.make(templates), OUTLINE, PAGES[0])


def test_banner_stands_over_the_last_good_page(frame):
    """Once, however often the chapter fails; all else stays to the byte."""
    published = chapter.files(frame, OUTLINE, PAGES[0])
    once = chapter.under_banner(frame, OUTLINE, DICE, published, "LookupError: <lost>")
    again = chapter.under_banner(frame, OUTLINE, DICE, once, "OSError: gone")
    page = again["dice.html"].decode()
    assert "OSError: gone" in page and "lost" not in page and "last good state" in page and "They differ." in page
    assert "LookupError: &lt;lost&gt;" in once["dice.html"].decode()
    assert {name: text for name, text in again.items() if name != "dice.html"} == {
        name: text for name, text in published.items() if name != "dice.html"
    }
    alone = chapter.under_banner(frame, OUTLINE, DICE, None, "OSError: gone")
    assert list(alone) == ["dice.html"] and b"OSError: gone" in alone["dice.html"] and b"good state" not in alone["dice.html"]


def test_groups_follow_the_outline(frame):
    """By the first word of a source, with each conclusion's parts; what is not measured yet has none."""
    course, paper = ledger.groups(OUTLINE, PAGES)
    assert (course.source.name, paper.source.name) == ("course", "paper")
    assert [(name, [verdict.id for _, verdict in parts]) for name, _, parts in course.conclusions] == [
        ("C1", ["C1a", "C1b"]),
        ("C2", []),
    ]
    assert [verdict.id for _, verdict in paper.claims] == ["open"] and paper.conclusions == ()


def test_a_claim_of_no_conclusion_is_not_dropped():
    """The ledger says which it is."""
    stray = replace(RECORD, verdicts=(replace(RECORD.verdicts[0], id="C3"),))
    with pytest.raises(BuildError, match="claim 'C3': its source 'course' draws no such conclusion"):
        ledger.groups(OUTLINE, [Page(DICE, stray)])


def test_claims_are_data_as_well(frame):
    """A test a row, a claim an entry; an unbounded interval ends at null."""
    verdict = RECORD.verdicts[0]
    unbounded = replace(verdict, findings=(replace(verdict.findings[0], high=float("inf")),) * 2)
    files = ledger.files(frame, OUTLINE, [Page(DICE, replace(RECORD, verdicts=(unbounded,)))])
    (entry,) = json.loads(files["data/claims.json"])
    assert (entry["id"], entry["verdict"], entry["preset"]) == ("C1a", "supported", "quick")
    assert [test["high"] for test in entry["tests"]] == [None, None] and entry["tests"][0]["low"] == 0.025
    assert files["data/claims.csv"].decode().count("\ndice,quick,,True,C1a,course 1,finding,supported") == 2


def test_checks_and_what_was_not_measured_are_told_apart(frame):
    """On the front page, in the ledger and in its data: a check is not counted, and what has no number is not open."""
    kinds = (
        _verdict("fair", "Huygens 1657", "supported", kind="check"),
        _verdict("far", "Huygens 1657", "not measured"),
        _verdict("near", "Huygens 1657", "inconclusive", varies="the throws", shared="the dice", look=2),
    )
    page = Page(DICE, replace(RECORD, verdicts=kinds))
    front_page = front.files(frame, OUTLINE, [page])["index.html"].decode()
    assert [f"<b>{count}</b> {outcome}" in front_page for count, outcome in ((0, "supported"), (1, "inconclusive"))] == [
        True
    ] * 2
    assert "<b>1</b> not measured" in front_page and "Not counted, as theorems and tests of instruments" in front_page
    files = ledger.files(frame, OUTLINE, [page])
    told = [(item["id"], item["kind"], item["verdict"], item["look"]) for item in json.loads(files["data/claims.json"])]
    assert told == [
        ("fair", "check", "supported", 1),
        ("far", "finding", "not measured", 1),
        ("near", "finding", "inconclusive", 2),
    ]
    table = files["data/claims.csv"].decode()
    assert "fair,Huygens 1657,check,supported" in table and "far,Huygens 1657,finding,not measured" in table
    text = files["claims.html"].decode()
    assert 'data-outcome="not measured" data-kind="finding"' in text and "no number, n = 5" in text
    card = frame.macro("verdict", "card")(kinds[2], "the test", "the numbers")
    assert "What varies from seed to seed: the throws. What all runs share: the dice." in card


def test_code_in_a_sentence_is_code():
    """What stands in backticks, and nothing else; what is typed there stays text."""
    assert environment.inline_html("of `16/36` <b> and `x`") == "of <code>16/36</code> &lt;b&gt; and <code>x</code>"
    assert environment.inline_html("a ` alone") == "a ` alone"


def test_versions_are_given_by_chapter_where_they_differ(frame):
    """A chapter measured long ago may rest on older libraries, and not every chapter on each."""
    first, second = OUTLINE.chapters[:2]
    statuses = {
        first.name: replace(STATUS, versions={"scipy": "1.9", "numpy": "2.0"}),
        second.name: replace(STATUS, versions={"scipy": "1.10", "numpy": "2.0", "torch": "2.9"}),
    }
    page = made.files(frame, OUTLINE, [], statuses, [])["made.html"].decode()
    assert f"<td>1.9 (chapter {first.number}); 1.10 (chapter {second.number})</td>" in page
    assert "<td>2.0</td>" in page and f"<td>2.9 (chapter {second.number})</td>" in page


def test_seeds_are_given_wherever_they_nest(frame):
    """Those within a setting that is shown as a whole as well; what is computed from a setting and no list of seeds is not."""
    settings = (Setting("study", "Study(seeds=0 to 1)"), Setting("study.seeds", [0, 1], is_derived=True), *RECORD.settings)
    pages = (Page(DICE, replace(RECORD, settings=settings)), PAGES[1])
    page = made.files(frame, OUTLINE, pages, {"dice": STATUS}, [])["made.html"].decode()
    assert "<td>study.seeds: 0, 1<br>seeds: 0, 1<br></td>" in page


def test_source_has_anchors(frame):
    """For each line and each function, at the address to which the chapter's links lead, with a way back."""
    files = source.files(frame, OUTLINE, {"experiments/dice.py": "a = 1\ndef b(): ...\n", "build.py": "def ("})
    assert list(files) == ["source/experiments.dice.html", "source/build.html"]
    page = files["source/experiments.dice.html"].decode()
    assert '<span id="def-b"></span><a id="L-2"' in page and 'href="../index.html"' in page and 'href="../style.css"' in page


def test_a_report_may_replace_any_file_of_the_frame(templates):
    """Whole, or a block of it by extending the one that it replaces; each other file stays the frame's."""
    plain = all_pages(environment.make(templates))
    (templates / "style.css").write_text("body { color: teal; }")
    (templates / "scripts").mkdir()
    (templates / "scripts" / "ledger.js").write_text("// mine\n")
    (templates / "abstract.md.jinja2").write_text("What *dice* do.")
    (templates / "index.html.jinja2").write_text(
        '{% extends "frame/index.html.jinja2" %}{% block title %}Mine: {{ super() }}{% endblock %}'
    )
    files = all_pages(environment.make(templates))
    assert b"<title>Mine: Toy report</title>" in files["index.html"] and b"What <em>dice</em> do." in files["index.html"]
    assert files["style.css"] == plain["style.css"] + b"body { color: teal; }" and b"// mine\n" in files["site.js"]
    assert {name for name in files if files[name] != plain[name]} == {"index.html", "style.css", "site.js"}


def test_what_frames_the_pages_is_known_before_any_is_made(templates):
    """Each file of the frame, and each of the report's own, so that a change to one is seen."""
    (templates / "style.css").write_text("mine")
    texts = material.texts(templates)
    assert texts["style.css"] == "mine"
    assert texts["frame/styles/base.css"] == (material.FRAME / "styles" / "base.css").read_text()
    assert "frame/base.html.jinja2" in texts and not [name for name in texts if "dice" in name]


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        (Path(folder) / "chapters").mkdir()
        (Path(folder) / "chapters" / "dice.md.jinja2").write_text(PROSE)
        written = all_pages(environment.make(Path(folder)))
    SNAPSHOTS.mkdir(exist_ok=True)
    for name in HTML:
        (SNAPSHOTS / name).write_bytes(written[name])


@pytest.mark.parametrize(("rows", "folds"), [(8, False), (9, True)])
def test_a_long_table_folds(frame, rows, folds):
    """Beyond eight rows; each row is there once in either case, and the title stays in sight."""
    table = replace(
        charts.table(("n", "square"), [(at, 1000 + at) for at in range(rows)], caption="Squares. All."), made_in="m"
    )
    show = frame.macro("figure", "figure")
    page = str(
        show(PAGES[0].chapter, PAGES[0].record, "squares", "1", table, [[str(c) for c in r] for r in table.table.rows], {}, {})
    )
    title, shown = page.split("</figcaption>")
    assert "<b>Table 1. Squares.</b> All." in title
    assert ('<details class="rows"' in shown, f"All {rows} rows" in shown) == (folds, folds)
    assert all(shown.count(f"<td>{1000 + at}</td>") == 1 for at in range(rows))
