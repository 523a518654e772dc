"""The site as a reader meets it: whole, offline, on a phone, in the dark, without scripts."""

from itertools import combinations
from pathlib import Path

import pytest

from measured.evidence import Claim, Comments, Estimate, Margin, at_most, factor, larger, smaller
from measured.evidence.judge import judge
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


PAGES = ("index", "dice", "claims", "made", "source/experiments.dice", "docs/reading")


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


@pytest.fixture(scope="module")
def ledger_of_three(tmp_path_factory) -> Path:
    """A site with a ledger of three claims: one clearly true, one clearly not, and one that is open."""
    folder = tmp_path_factory.mktemp("ledger")
    chapter = Chapter("dice", "Toys", "1.1", "dice", "Do two dice differ?", "", "")
    by_two = larger("a", than="b", by=factor(2, "so much counts"))
    claims = {
        "S10": by_two,
        "S2a": smaller("a", than="b", by=factor(2, "so much counts")),
        "odd": at_most("a", Margin(1.3, "x")),
    }
    comments = Comments("So it is.", "It is not.", "Who knows.")
    verdicts = judge(
        [
            Claim(
                name,
                "seed 1.1" if name[0] == "S" else "ours",
                f"It is {name}.",
                holds,
                headline=f"Claim {name}",
                comments=comments,
            )
            for name, holds in claims.items()
        ],
        {
            "a": Estimate.over_seeds([1 + 0.1 * place for place in range(9)], average="geometric mean"),
            "b": Estimate.over_seeds([9 + 0.1 * place for place in range(9)], average="geometric mean"),
        },
    )
    assert [item.outcome for item in verdicts] == ["refuted", "supported", "inconclusive"]
    record = Record("dice", "standard", "cpu", {}, {}, verdicts, ())
    course = Source("seed", "The course's claims", tuple((f"S{number}", f"It says {number}") for number in range(1, 17)))
    frame, outline = environment.make(folder / "none"), Outline("Measured", (chapter,), (course, PUBLISHED, OUR_OWN))
    pages = [Page(chapter, record)]
    for name, content in (front.files(frame, outline, pages) | ledger.files(frame, outline, pages)).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    card, strip = frame.macro("verdict", "card"), frame.macro("verdict", "strip")
    cards = "".join([*(card(item, "test", "numbers") for item in verdicts), strip([(chapter, verdicts[0])])])
    page = (folder / "claims.html").read_text()
    (folder / "cards.html").write_text(f"{page[: page.index('<article')]}<article>{cards}</article></main></body></html>")
    return folder


def _shown(tab) -> list[str]:
    return tab.eval_on_selector_all("#ledger > li:not([hidden]) a.id", "links => links.map(link => link.textContent)")


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_ledger_filters_and_sorts(browser, ledger_of_three):
    """By source, verdict and words; sorted by number, not by letter, and by how far from the edge; a link keeps the choice."""
    tab = browser.new_page()
    tab.goto((ledger_of_three / "claims.html").as_uri())
    assert _shown(tab) == ["S10", "S2a", "odd"] and tab.is_visible("#filters")
    tab.select_option("[name=order]", "id")
    assert _shown(tab) == ["odd", "S2a", "S10"]
    tab.select_option("[name=order]", "distance")
    assert _shown(tab) == ["S2a", "odd", "S10"]
    tab.select_option("[name=group]", "The course's claims")
    assert _shown(tab) == ["S2a", "S10"] and tab.text_content("#shown") == "2 of 3"
    kept = tab.url
    tab.select_option("[name=outcome]", "refuted")
    assert _shown(tab) == ["S10"]
    tab.fill("[name=words]", "nothing like it")
    assert _shown(tab) == [] and tab.text_content("#shown") == "0 of 3"
    assert tab.text_content("#S2 .parts").split() == ["✓", "S2a", "supported"] and "not measured yet" in tab.text_content("#S1")
    other = browser.new_page()
    other.goto(kept)
    assert _shown(other) == ["S2a", "S10"] and other.input_value("[name=order]") == "distance"


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_ledger_works_without_scripts(browser, ledger_of_three):
    """All rows are there with their drawings and no empty controls, on a phone, and their evidence unfolds."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    tab = context.new_page()
    tab.goto((ledger_of_three / "claims.html").as_uri())
    assert not tab.is_visible("#filters") and _shown(tab) == ["S10", "S2a", "odd"]
    assert tab.locator("#ledger svg.mark").count() == 3 and tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert not tab.is_visible("text=Who knows.")
    tab.locator("#ledger summary").last.press("Enter")
    assert tab.is_visible("text=Who knows.")
    context.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("width", [300, 360, 1440])
def test_drawings_can_be_read(browser, ledger_of_three, width):
    """No word of a drawing is smaller than 11 pixels on any screen, none leaves it, and none lies on another."""
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto((ledger_of_three / "cards.html").as_uri())
    words = tab.eval_on_selector_all(
        "svg.picture",
        """drawings => drawings.flatMap((svg, drawing) => {
          const around = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("text")].map(text => {
            const box = text.getBoundingClientRect(), scale = text.getScreenCTM().a;
            return {drawing, text: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * scale,
                    left: box.left, right: box.right, top: box.top + 3, bottom: box.bottom - 3,
                    inside: box.left >= around.left - 12 && box.right <= around.right + 12};
          });
        })""",
    )
    assert len(words) > 12
    for word in words:
        assert word["size"] >= 11 and word["inside"], word
    for word, other in combinations(words, 2):
        is_apart = (
            word["drawing"] != other["drawing"]
            or word["right"] <= other["left"]
            or other["right"] <= word["left"]
            or word["bottom"] <= other["top"]
            or other["bottom"] <= word["top"]
        )
        assert is_apart, (word["text"], other["text"])


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_strip_names_its_claims(browser, ledger_of_three):
    """Each mark leads to its card, and says which claim it is when one points at it or comes to it by keyboard."""
    tab = browser.new_page(viewport={"width": 360, "height": 900})
    tab.goto((ledger_of_three / "cards.html").as_uri())
    link = tab.get_by_role("link", name="S10: Claim S10: refuted")
    assert link.get_attribute("href") == "dice.html#claim-S10" and not tab.is_visible(".strip .tip")
    link.focus()
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    assert tab.is_visible(".strip .tip") and tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.mouse.move(0, 0)
    link.blur()
    link.hover()
    assert tab.is_visible(".strip .tip")
