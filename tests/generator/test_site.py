"""The site as a reader meets it: whole, offline, on a phone, in the dark, without scripts."""

from pathlib import Path

import pytest

from measured.evidence import Outcome, Verdict
from measured.pages import environment, front, ledger
from measured.pages.chapter import Page
from measured.pages.outline import OUR_OWN, PUBLISHED, Chapter, Outline, Source
from measured.pages.record import Record
from measured.press import keep
from tests.generator.cases import MAY_DIFFER, ToyProject
from tests.generator.site_check import problems_of


def test_links_pictures_and_ids_are_in_order(built_once: ToyProject):
    """No broken link, nothing loaded from elsewhere, nothing undefined."""
    assert problems_of(built_once.folder / "site") == []


def test_page_on_the_making_names_the_processor_and_all_that_may_differ(built_once: ToyProject):
    """Equal bytes are promised on one type of processor, so that it is said which; the files exempted are those it names."""
    page = built_once.read("site/made.html")
    for path in set(MAY_DIFFER) - {"made.html"}:
        assert f'href="{path}"' in page
    assert keep.processor() in page.replace("&#39;", "'") and keep.processor() != "unknown processor"


def test_checker_finds_problems(tmp_path: Path):
    """The check can fail: each kind of damage is reported."""
    (tmp_path / "index.html").write_text(
        '<p id="a"><p id="a"><a href="no.html">x</a><img src="https://example.org/x.png"><div>{{ x }}'
    )
    found = "\n".join(problems_of(tmp_path))
    for expected in (
        "no.html is missing",
        "leads elsewhere",
        "'a' is given twice",
        "no alt text",
        "<div> is left open",
        "says '{{'",
    ):
        assert expected in found


PAGES = ("index", "dice", "claims", "made", "source/experiments.dice")


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_load_nothing_from_elsewhere(built_once: ToyProject, browser, width, scheme):
    """From a file, without scripts: no page is wider than the screen, and every picture shows."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=False)
    tab = context.new_page()
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    for name in PAGES:
        tab.goto((built_once.folder / "site" / f"{name}.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        tab.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        tab.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert requests and all(url.startswith("file://") for url in requests)
    context.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_dark_is_dark(built_once: ToyProject, browser):
    """The reader's preference changes paper and ink, and text stays readable: contrast of at least 7 to 1."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    papers = {}
    for scheme in ("light", "dark"):
        tab = browser.new_page(color_scheme=scheme)
        tab.goto((built_once.folder / "site" / "dice.html").as_uri())
        paper, ink = (tab.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
        light, dark = sorted((luminance(paper), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 7
        papers[scheme] = luminance(paper)
        tab.close()
    assert papers["dark"] < 0.1 < 0.9 < papers["light"]


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_ledger_filters_and_sorts(browser, tmp_path):
    """By source, verdict and words; sorted by number, not by letter; without scripts all rows are there and no empty
    controls."""
    chapter = Chapter("dice", "Toys", "1.1", "dice", "Do two dice differ?", "", "")
    outcomes: dict[str, Outcome] = {"S10": "refuted", "S2a": "supported", "odd": "inconclusive"}
    verdicts = tuple(
        Verdict(
            name,
            "seed 1.1" if name.startswith("S") else "ours",
            f"It is {name}.",
            "",
            f"Claim {name}",
            outcome,
            (),
            comment="So.",
        )
        for name, outcome in outcomes.items()
    )
    record = Record("dice", "standard", "cpu", {}, {}, verdicts, ())
    course = Source("seed", "The course's claims", tuple((f"S{number}", f"It says {number}") for number in range(1, 17)))
    frame, outline = environment.make(tmp_path / "none"), Outline("Measured", (chapter,), (course, PUBLISHED, OUR_OWN))
    pages = [Page(chapter, record)]
    for name, content in (front.files(frame, outline, pages) | ledger.files(frame, outline, pages)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)

    def shown(tab) -> list[str]:
        return tab.eval_on_selector_all("#ledger tbody tr:not([hidden]) a.id", "links => links.map(link => link.textContent)")

    tab = browser.new_page()
    tab.goto((tmp_path / "claims.html").as_uri())
    assert shown(tab) == ["S10", "S2a", "odd"] and tab.is_visible("#filters")
    tab.select_option("[name=order]", "id")
    assert shown(tab) == ["odd", "S2a", "S10"]
    tab.select_option("[name=group]", "The course's claims")
    assert shown(tab) == ["S2a", "S10"] and tab.text_content("#shown") == "2 of 3"
    tab.select_option("[name=outcome]", "refuted")
    assert shown(tab) == ["S10"]
    tab.set_viewport_size({"width": 360, "height": 800})
    assert not tab.is_visible("text=It is odd.") and tab.is_visible("text=It is S10.")
    tab.fill("[name=words]", "nothing like it")
    assert shown(tab) == [] and tab.text_content("#shown") == "0 of 3"
    assert tab.text_content("#S2 dd").split() == ["✓", "supported", "S2a", "So."] and "not measured yet" in tab.text_content(
        "#S1"
    )
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto((tmp_path / "claims.html").as_uri())
    assert not plain.is_visible("#filters") and plain.is_visible("text=It is odd.")
    context.close()
