"""The report on paper: one PDF through a Chromium that is there, and pages that any browser prints well."""

import re
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from tests.generator.cases import ToyProject

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.browser
def test_pdf_holds_the_whole_report(built: ToyProject, browser):
    """Text of all chapters, unfolded evidence, right page numbers in the contents, an outline; its own file is replaced."""
    outcome = built.build("--pdf")
    pdf = PdfReader(built.folder / "report.pdf")
    texts = [" ".join(page.extract_text().split()) for page in pdf.pages]
    assert outcome.returncode == 0 and f"report.pdf: {len(texts)} pages" in outcome.stdout
    for expected in ("The fair dice gives", "loaded-is-larger", "true if", "Ledger of claims", "How this was made"):
        assert any(expected in text for text in texts), expected
    listed = re.findall(r"(\d+\.\d+ \w+) (\d+) ", texts[1])
    assert [title for title, _ in listed] == ["1.1 Dice", "1.2 Coins"]
    for title, number in listed:
        page = int(number) - 1
        assert texts[page].startswith(f"Measured {title} {number} ") and "Do two dice differ?" in texts[page]
    outline = {item.title: pdf.get_destination_page_number(item) for item in flat(pdf.outline)}
    assert (
        outline["1.2 Coins"] == int(listed[1][1]) - 1 and {"Toys", "Findings", "Settings", "Ledger of claims"} <= outline.keys()
    )
    assert not re.search(r"/tmp|file:", " ".join(str(page.get("/Annots")) for page in pdf.pages) + " ".join(texts))
    assert built.build("--pdf").returncode == 0


def flat(outline: list) -> list:
    """The items of an outline at any depth."""
    return [found for item in outline for found in (flat(item) if isinstance(item, list) else [item])]


def test_missing_chromium_is_one_line(toy: ToyProject, monkeypatch, tmp_path: Path):
    """It says how to install one, before anything is measured."""
    monkeypatch.setenv("MEASURED_CHROMIUM", "no-such-browser")
    outcome = toy.build("--pdf")
    assert outcome.returncode == 2 and outcome.stderr.count("\n") == 1 and not (toy.folder / "site").exists()
    assert (
        "apt-get install chromium" in outcome.stderr and "MEASURED_CHROMIUM=no-such-browser is not a program" in outcome.stderr
    )
    old = tmp_path / "chromium"
    old.write_text("#!/bin/sh\necho Chromium 99.0.1.2\n")
    old.chmod(0o755)
    monkeypatch.setenv("MEASURED_CHROMIUM", str(old))
    outcome = toy.build("--pdf")
    assert outcome.returncode == 2 and "says 'Chromium 99.0.1.2'; expected Chromium 131 or newer" in outcome.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--list", "--pdf"), "--pdf would have no effect"),
        (("--pdf", "report.txt"), "is not the name of a PDF; expected one like report.pdf"),
        (("--pdf", "theirs.pdf"), "is a file that build.py did not write"),
        (("--pdf", "build.py/report.pdf"), "cannot be written"),
    ],
)
def test_what_cannot_be_printed_is_refused_at_once(toy: ToyProject, options, expected):
    """Before anything is measured, and nothing is overwritten that build.py did not write."""
    theirs = toy.folder / "theirs.pdf"
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(theirs)
    before = theirs.read_bytes()
    outcome = toy.build(*options)
    assert outcome.returncode == 2 and expected in outcome.stderr and outcome.stderr.count("\n") == 1, outcome.stderr
    assert theirs.read_bytes() == before and not (toy.folder / "site").exists()


@pytest.mark.browser
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_page_prints_light_and_unfolded_from_a_dark_screen(built_once: ToyProject, browser, tmp_path: Path, paper):
    """No menus; evidence that is folded on the screen; nothing is cut off at the side."""
    tab = browser.new_page(color_scheme="dark")
    tab.goto((built_once.folder / "site" / "dice.html").as_uri())
    assert not tab.is_visible("text=Method:")
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not tab.is_visible("header.site nav")
    tab.pdf(path=str(tmp_path / "dice.pdf"), format=paper)
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "dice.pdf").pages)
    assert "Method:" in text and "Skip to the text" not in text


def test_chromium_is_looked_for_by_its_usual_names(monkeypatch, tmp_path: Path):
    """Among them Chrome's."""
    from measured.press import paper

    monkeypatch.delenv(paper.VARIABLE, raising=False)
    chrome = tmp_path / "google-chrome"
    chrome.write_text("#!/bin/sh\necho Google Chrome 140.0.1.2\n")
    chrome.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    monkeypatch.setattr(paper, "PLACES", ())
    assert paper.Printer.ready(tmp_path / "report.pdf").chromium == str(chrome)
