"""What leads a reader through a report: glossary, references, search, citations, references between figures and claims."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from measured import charts
from measured.errors import BuildError
from measured.evidence import Verdict
from measured.pages import chapter, check, citing, contents, environment, glossary, guides, references, sections
from measured.pages.chapter import Page
from measured.pages.linking import Linker
from measured.pages.outline import Chapter, Outline
from measured.pages.record import Record
from tests.generator.cases import ToyProject
from tests.generator.once import made_once
from tests.generator.site_check import problems_of
from tests.generator.test_explore import wait_until

WORDS = """What words mean.

## Gradient norm
Also: norm of the gradient

How *steep* it is.

## PCA

A plane to look at (Li et al. 2018).

## Seed
Also: seeds

Where chance begins.
"""
WORKS = """
@inproceedings{li, author = {Li, Hao and Xu, Zheng and Taylor, Gavin}, title = {Visualizing {L}andscapes}, year = 2018,
  booktitle = {NeurIPS}, eprint = {1712.09913}}
@article{vlaar, author = {Tiffany Vlaar and Frankle, Jonathan}, title = {Lines <b>}, year = {2022}, doi = {10.1/x}}
@misc{gran, author = {Granziol, Diego}, title = {Flat}, year = {2020}}
"""
LINKER = Linker(glossary.read(WORDS), references.read(WORKS))


def linked(html: str) -> list[str]:
    """Where the links lead that are put into a section."""
    return re.findall(r'href="([^"]+)"', str(LINKER.section(html).html))


@pytest.mark.parametrize(
    ("html", "addresses"),
    [
        ("<p>The norm of the\ngradient, and each seed.</p>", ["glossary.html#gradient-norm", "glossary.html#seed"]),
        ("<p>Seeds, a seed, and SEEDS.</p><p>More seeds.</p>", ["glossary.html#seed"]),
        ("<p>A reseeded pca, seed-wise.</p>", []),
        ("<ul><li><strong>PCA</strong></li></ul>", ["glossary.html#pca"]),
        ("<h2>Seed</h2><pre>seed</pre><p><code>seed</code> <a href='x'>seed</a> <math><mi>seed</mi></math></p>", []),
        ("<figure><p>seed</p></figure><table><tr><td><p>seed</p></table>", []),
        ('<section class="verdict"><p>seed</p></section><p class="note">seed</p>', []),
        ('<p><span class="badge">seed</span> <img alt="a > seed"></p>', []),
    ],
)
def test_terms_are_explained_where_they_come_first_in_running_text(html, addresses):
    """By any word for them, once per section; not in links, code, headings, cards, tables and formulas."""
    assert [address for address in linked(html) if address != "x"] == addresses


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("as Li and others (2018) say", "li", "Li and others (2018)"),
        ("Li et al. 2018, Vlaar", "li", "Li et al. 2018"),
        ("(Li\nand others 2018)", "li", "Li\nand others 2018"),
        ("Li et al. (2018, abstract)", "li", "Li et al."),
        ("of Vlaar &amp; Frankle 2022", "vlaar", "Vlaar &amp; Frankle 2022"),
        ("Vlaar and Frankle (2022)", "vlaar", "Vlaar and Frankle (2022)"),
        ("Granziol (2020)", "gran", "Granziol (2020)"),
        ("Ali et al. 2018, Li et al. 2019, Li 2018, Granziol 20201", "", ""),
    ],
)
def test_citations_lead_to_the_works(text, key, words):
    """However authors and year are put, in a card or a table too."""
    html = str(LINKER.citations(f"<td>{text}</td>").html)
    found = re.findall(r'<a class="cite" href="references.html#(\w+)"[^>]*>([^<]+)</a>', html)
    assert found == ([(key, words)] if key else [])
    assert re.sub(r"</?a\b[^>]*>", "", html) == f"<td>{text}</td>"  # nothing else was touched


def test_a_citation_of_no_known_work_is_told(tmp_path: Path):
    """In prose, with its line, and in what a claim says of its source; the nearest work is named."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "references.bib").write_text(WORKS)
    (tmp_path / "chapters" / "dice.md.jinja2").write_text(
        '## So\n\n{{ cite("Li and others (2018)") }} and\n{{ cite("Lee and others (2018)") }}, in May 2018.\n'
    )
    verdict = Verdict("C1", "Huygens et al. 1657", "It is.", "", "It is", "supported", (), published="as Granziol 2020 has it")
    prose, claim = check.citations(
        environment.make(tmp_path), DICE, replace(RECORD, verdicts=(verdict, replace(verdict, source="Knuth et al. 1973")))
    )
    assert prose.startswith("templates/chapters/dice.md.jinja2, line 4: 'Lee and others 2018'") and "Li et al. 2018" in prose
    assert claim.startswith("experiments/dice.py, claim 'C1': 'Knuth et al. 1973'")


@pytest.mark.parametrize(
    ("read", "text", "told"),
    [
        (glossary.read, "## A\n\nx\n\n## B\nAlso: a\n\ny", "line 5: 'a' is a word for 'A' and for 'B'"),
        (glossary.read, "## A\nAlso: b\n", "line 1: the term 'A' has no text"),
        (references.read, "\n@misc{a, title = {T}, year = 2000}", "line 2: 'a' has no author"),
        (references.read, "@misc{a, title = {T}", "references.bib, line 1"),
        (lambda text: citing.read(text, "T"), "- a\n- b", "CITATION.cff cannot be read"),
    ],
)
def test_files_that_are_not_in_order_are_refused(read, text, told):
    """In one line that says where."""
    with pytest.raises(BuildError, match=re.escape(told)):
        read(text)


CFF = """
title: "Dice, thrown"
version: 1.2
date-released: 2021-03-04
authors:
  - {family-names: Huygens, given-names: Christiaan}
  - {name: "The Dice Club"}
"""


def test_a_page_is_cited_by_what_the_report_says_of_itself():
    """Authors, year, title, version and page; without the file, the title alone."""
    told = citing.read(CFF, "Toys")
    assert told.sentence("Do they differ?", "dice.html") == (
        "Christiaan Huygens, The Dice Club (2021). “Do they differ?” In: Dice, thrown, version 1.2, dice.html."
    )
    assert told.sentence("", "index.html") == "Christiaan Huygens, The Dice Club (2021). Dice, thrown, version 1.2."
    (entry,) = __import__("bibtexparser").parse_string(told.bibtex("Do they differ?", "dice.html")).entries
    fields = {field.key: field.value for field in entry.fields}
    assert entry.key == "huygens2021dice" and fields["author"].strip() == "Huygens, Christiaan and {The Dice Club}"
    assert fields["title"] == "Do they differ?" and fields["booktitle"] == "Dice, thrown" and fields["year"] == "2021"
    assert citing.read("", "Toys").sentence("", "index.html") == "Toys."


DICE = Chapter("dice", "Toys", "1.1", "Two dice", "Do two dice differ?", "", "")
COINS = Chapter("coins", "Toys", "1.2", "Two <coins>", "Do coins?", "", "")
OUTLINE = Outline("Toys", (DICE, COINS))


def _figure(name: str) -> charts.Figure:
    return replace(charts.table(("a",), [(1,)], caption=f"All {name}. And more."), made_by=name, made_in="experiments.dice")


def _claim(name: str, source: str = "ours") -> Verdict:
    return Verdict(name, source, "It is.", "", f"Claim {name}", "refuted", ())


RECORD = Record(
    "dice", "standard", "cpu", {}, {name: _figure(name) for name in ("first", "second", "third")},
    (_claim("C1", "Li et al. 2018"), _claim("C2"), _claim("C3")), (),
)  # fmt: skip
PROSE = """## In one minute

{{ figure.first }}

See {{ claim.C2.ref }}.

## Idea

Of seeds and PCA: {{ chapter.coins }} is {{ chapter.coins.number }}.

{{ figure.second }}

{{ claim.C1 }}

{{ claim.C2 }}

## Rest

Li et al. (2018), with seeds. {{ figure.third }}
"""


@pytest.fixture
def report(tmp_path: Path) -> tuple[environment.Frame, dict[str, str]]:
    """The pages of a report with one chapter, and its guides."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "dice.md.jinja2").write_text(PROSE)
    (tmp_path / "glossary.md").write_text(WORDS)
    (tmp_path / "references.bib").write_text(WORKS)
    frame = environment.make(tmp_path, OUTLINE, CFF)
    pages = [Page(DICE, RECORD), Page(COINS, None)]
    made = [chapter.files(frame, OUTLINE, page) for page in pages]
    told = {page.chapter.name: contents.of(files, page.chapter.name) for page, files in zip(pages, made, strict=True)}
    files = made[0] | made[1] | guides.files(frame, OUTLINE, pages, told)
    return frame, {name: content.decode() for name, content in files.items()}


def _piece(pattern: str, html: str) -> str:
    found = re.search(pattern, html, re.S)
    assert found, pattern
    return found[0]


def _links(html: str) -> list[str]:
    return re.findall(r'href="#([^"]+)"', html)


def test_figures_and_claims_of_a_section_refer_to_each_other(report):
    """A caption names the claims of its section, a card its figures; a section that shows no card, those it refers to."""
    page = report[1]["dice.html"]
    captions = dict(re.findall(r'<figure id="figure-(\w+)".*?<figcaption>(.*?)</figcaption>', page, re.S))
    assert [link for link in _links(captions["second"]) if "claim" in link] == ["claim-C1", "claim-C2"]
    assert [link for link in _links(captions["first"]) if "claim" in link] == ["claim-C2"]
    assert not [link for link in _links(captions["third"]) if "claim" in link]
    feet = dict(re.findall(r'<section class="verdict[^>]*id="claim-(\w+)".*?(<p class="foot">.*?</p>|</section>)', page, re.S))
    assert _links(feet["C1"]) == _links(feet["C2"]) == ["figure-second"] and "Table 1.1.2" in feet["C1"]
    assert _links(feet["C3"]) == []  # it is shown at the end, in no section
    assert "@@" not in page


def test_what_refers_to_each_other_stands_under_one_heading():
    """A section of several parts does not make each of its claims refer to all of its figures."""
    parts = (f'<h3>{name}</h3><figure id="figure-{name}"></figure><section id="claim-{name}"></section>' for name in "AB")
    (section,) = sections.of(f'<h2 id="seen">Seen</h2><p>both</p>{"".join(parts)}')
    assert section.shown == section.cards == ["A", "B"]
    assert [(passage.shown, passage.claims) for passage in section.passages] == [([], []), (["A"], ["A"]), (["B"], ["B"])]


def test_prose_names_other_chapters(report):
    """As a link with number and title; a name that is not there is refused before anything is measured."""
    frame, files = report
    assert '<a class="ref" href="coins.html">chapter 1.2, Two &lt;coins&gt;</a> is 1.2' in files["dice.html"]
    (frame.templates / "chapters" / "dice.md.jinja2").write_text("{{ chapter.coin }}")
    with pytest.raises(BuildError, match=r"line 1: no chapter 'coin'; did you mean 'coins'"):
        check.check(environment.make(frame.templates, OUTLINE), OUTLINE, DICE, RECORD)


def test_chapters_follow_each_other(report):
    """Each page leads to the one before and the one after, and to its own sections and claims."""
    files = report[1]
    assert 'rel="next"' in files["dice.html"] and 'rel="prev"' not in files["dice.html"]
    assert '<a class="before" href="dice.html" rel="prev">' in files["coins.html"] and 'rel="next"' not in files["coins.html"]
    beside = _piece(r'<div class="wide">.*?</div>', files["dice.html"])
    assert _links(beside) == ["in-one-minute", "idea", "claim-C1", "claim-C2", "rest", "other-claims", "settings"]


def test_glossary_and_references_lead_back(report):
    """To the first section of each chapter that uses a term, to all that cite a work, and to the claims that test it."""
    files = report[1]
    seed = _piece(r'<div id="seed">.*?</div>', files["glossary.html"])
    assert re.findall(r'href="([^"]+)"', seed) == ["dice.html#idea"]
    li = _piece(r'<li id="li">.*?</li>', files["references.html"])
    assert re.findall(r'href="([^"]+)"', li) == [
        "https://arxiv.org/abs/1712.09913", "dice.html#claim-C1", "dice.html#idea", "dice.html#rest",
    ]  # fmt: skip
    assert "Visualizing Landscapes" in li and "Lines &lt;b&gt;" in files["references.html"]
    assert 'href="references.html#li"' in _piece(r'<div id="pca">.*?</div>', files["glossary.html"])


def test_search_goes_through_all_that_has_a_name(report):
    """Chapters, sections, claims, figures, terms and works, each with its address."""
    text = report[1]["search-index.js"]
    found = json.loads(text.removeprefix("globalThis.SEARCH_INDEX = ").removesuffix(";\n"))
    assert {kind: title for kind, title, _, _ in reversed(found)} == {
        "chapter": "1.1 Two dice", "section": "In one minute", "claim": "C1: Claim C1", "figure": "Table 1.1.1: All first",
        "page": "Ledger of claims", "term": "Gradient norm", "work": "Granziol 2020: Flat",
    }  # fmt: skip
    assert {address for kind, _, _, address in found if kind == "claim"} == {
        f"dice.html#claim-C{number}" for number in (1, 2, 3)
    }


def test_a_report_without_glossary_and_references_has_no_such_pages(built_once: ToyProject):
    """And no link to them; pages can be cited by the title of the report all the same."""
    page = built_once.read("site/dice.html")
    assert "glossary.html" not in page and "references.html" not in page and "Cite this page" in page
    assert not (built_once.folder / "site" / "glossary.html").exists()
    assert (built_once.folder / "site" / "search-index.js").is_file()


HOSTILE = """<script>window.hacked = 1</script>"><img src=x onerror="window.hacked = 1">[x](javascript:window.hacked=1)"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, built_once: ToyProject) -> ToyProject:
    """A report whose captions, alt texts, claims, names of metrics, docstrings and prose hold HTML and scripts."""

    def make(folder: Path) -> None:
        project = ToyProject(folder)
        project.learn_from(built_once)
        source, text = "experiments/dice.py", HOSTILE.replace('"', '\\"').replace("=1", "='one'").replace("= 1", "= 'one'")
        project.edit(source, '"""All throws."""', f'"""All throws. {HOSTILE.replace("1", "one")}"""')
        project.edit(source, "Their means over a few throws.", f"Their means. {HOSTILE.replace('1', 'one')}")
        project.edit(source, 'alt="Two noisy lines."', f'alt="Two lines. {text}"')
        project.edit(source, 'says="The loaded', f'headline="Head {text}", says="{text} The loaded')
        project.edit(source, 'source="ours"', f'source="{text}"')
        project.edit(source, '"mean", "mean"', f'"mean", "mean {text}"')
        project.edit(source, 'f"bias {bias}"', f'f"bias {{bias}} {text}"')
        project.edit(
            "templates/chapters/dice.md.jinja2",
            "## Findings\n",
            '## Findings\n\n[x](javascript:hacked) [y](JaVa&#115;cript:hacked) <a href=" java\tscript:hacked">z</a> '
            "[w](data:text/html,hacked) [v](vbscript:hacked)\n\n"
            '{{ claim["loaded-is-larger"].headline }} {{ claim["loaded-is-larger"].says }} {{ metric.fair.explanation }}\n\n'
            '{{ claim["loaded-is-larger"] }}\n',
        )
        outcome = project.build()
        assert outcome.returncode == 0, outcome.stderr

    return ToyProject.at(made_once(tmp_path_factory, "hostile", make))


def test_text_that_is_html_arrives_as_text(hostile: ToyProject):
    """Nothing in it is a tag, and no link has an address that does something."""
    assert problems_of(hostile.folder / "site") == []
    for path in (hostile.folder / "site").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert "<script>" not in page and "<img src=x" not in page, path
        assert not re.search(r"""(?:href|src)\s*=\s*["']?\s*(?:j\s*a\s*v\s*a|vbscript|data:text)""", page, re.I), path


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_nothing_in_a_text_is_run(hostile: ToyProject, browser):
    """On any page; a link that would have run a script leads nowhere, and the search shows text as text."""
    tab = browser.new_page()
    for name in ("index", "dice", "claims", "made", "source/experiments.dice"):
        tab.goto((hostile.folder / "site" / f"{name}.html").as_uri())
        assert tab.evaluate("window.hacked") is None, name
    tab.goto((hostile.folder / "site" / "dice.html").as_uri())
    assert tab.text_content("figcaption").count("<script>") == 1
    assert tab.evaluate("[...document.links].filter(link => !/^(file|https?):/.test(link.href)).length") == 0
    tab.keyboard.press("/")
    tab.keyboard.type("script")
    tab.wait_for_selector("#results [role=option] b")
    assert tab.evaluate("window.hacked") is None and "<script>" in tab.text_content("#results")
    tab.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_the_policy_forbids_what_is_not_the_sites_own(built: ToyProject, browser):
    """A script in a page, an attribute that runs one, and a load from elsewhere do nothing, even where one got in."""
    built.edit(
        "site/dice.html",
        "</main>",
        '<script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2" alt="">'
        '<img src="https://example.org/x.png" alt=""></main>',
    )
    tab, refused, sent = browser.new_page(), [], []
    tab.on("console", lambda message: refused.append(message.text))
    tab.on("request", lambda request: sent.append(request.url))
    tab.goto((built.folder / "site" / "dice.html").as_uri())
    wait_until(lambda: sum("Content Security Policy" in text for text in refused) >= 3, tab)
    assert tab.evaluate("window.hacked") is None
    assert not [address for address in sent if address.startswith("http") and "example.org" not in address]
    tab.close()


@pytest.fixture
def site(report, tmp_path: Path) -> Path:
    """The report above as files."""
    from measured.pages import assets

    frame, files = report
    for name, content in (files | {k: v.decode() for k, v in assets.files(frame).items()}).items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text(content)
    return tmp_path / "site"


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_search_by_keyboard(site: Path, browser):
    """From "/" to the place: words by their beginning, titles first, arrows, Enter; Escape closes; told to screen readers."""
    tab = browser.new_page()
    tab.goto((site / "dice.html").as_uri())
    assert tab.evaluate("typeof SEARCH_INDEX") == "undefined"
    tab.keyboard.press("/")
    tab.keyboard.type("see")
    tab.wait_for_selector("#results [role=option]")
    assert tab.text_content("#results [aria-selected=true] b") == "Seed" and tab.text_content("#num-found") == "1 found"
    tab.fill("#search", "claim")
    tab.wait_for_function("document.querySelectorAll('#results [role=option]').length > 2")
    first = tab.text_content("#results [aria-selected=true] b")
    tab.keyboard.press("ArrowDown")
    chosen = tab.query_selector("#results [aria-selected=true]")
    assert (
        chosen.get_attribute("id") == tab.get_attribute("#search", "aria-activedescendant") and chosen.text_content() != first
    )
    tab.fill("#search", "nothing like it")
    tab.wait_for_selector("#results .none")
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#results") and tab.get_attribute("#search", "aria-expanded") == "false"
    tab.fill("#search", "c3")
    tab.wait_for_selector("#results [role=option] b")
    tab.keyboard.press("Enter")
    assert tab.url.endswith("dice.html#claim-C3")
    tab.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_a_term_shows_what_it_means(site: Path, browser):
    """To a pointer and to the keyboard, which Escape ends; described to screen readers only then."""
    tab = browser.new_page()
    tab.goto((site / "dice.html").as_uri())
    term = tab.query_selector("a.term")
    assert term.get_attribute("aria-describedby") is None
    term.hover()
    tab.wait_for_selector("[role=tooltip]")
    assert "Where chance begins." in tab.text_content("[role=tooltip]")
    tab.keyboard.press("Escape")
    assert not tab.query_selector("[role=tooltip]")
    term.focus()
    assert term.get_attribute("aria-describedby") == tab.get_attribute("[role=tooltip]", "id")
    tab.close()
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700})
    tab = context.new_page()
    tab.goto((site / "dice.html").as_uri())
    tab.tap("a.term")
    tab.wait_for_selector("[role=tooltip] a")
    assert tab.url.endswith("dice.html")
    tab.tap("[role=tooltip] a")
    tab.wait_for_url("**/glossary.html#seed")
    context.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scripts", [True, False])
def test_the_header_is_one_line_and_its_menu_opens(site: Path, browser, width, scripts):
    """With and without scripts; Escape closes it, and without scripts there is no field that does nothing."""
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto((site / "dice.html").as_uri())
    assert tab.query_selector("header.site").bounding_box()["height"] < 64
    assert tab.is_visible("#search") == scripts
    link = "header.site .chapters a[href='coins.html']"
    assert not tab.is_visible(link)
    tab.focus("header.site .chapters summary")
    tab.keyboard.press("Enter")
    assert tab.is_visible(link)
    if width == 360:
        assert tab.is_visible("header.site .chapters a[href='claims.html']")
    if scripts:
        tab.keyboard.press("Escape")
        assert not tab.is_visible(link)
    context.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_contents_follow_the_reader(site: Path, browser):
    """Beside the page the section that is read is marked; on a phone they are folded."""
    # Waiting for an expression evaluates it in the page, which the policy forbids.
    tab = browser.new_page(viewport={"width": 1440, "height": 300}, bypass_csp=True)
    tab.goto((site / "dice.html").as_uri())
    marked = "[...document.querySelectorAll('.wide [aria-current]')].map(link => link.hash).join()"
    for anchor, expected in (("idea", "#idea"), ("claim-C2", "#idea,#claim-C2"), ("rest", "#rest")):
        tab.evaluate(f"document.getElementById('{anchor}').scrollIntoView()")
        tab.wait_for_function(f"{marked} === '{expected}'")
    tab.set_viewport_size({"width": 360, "height": 700})
    assert not tab.is_visible(".contents-of-page .wide") and not tab.is_visible(".folded a[href='#idea']")
    tab.click(".folded summary")
    tab.click(".folded a[href='#idea']")
    assert tab.url.endswith("#idea") and not tab.is_visible(".folded a[href='#idea']")
    tab.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_contents_keep_the_verdicts_that_the_reader_bets_on(site: Path, browser):
    """They show once all bets of the chapter are placed."""
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    tab.goto((site / "dice.html").as_uri())
    signs = tab.locator(".contents-of-page .wide .sign:visible")
    assert signs.count()
    tab.locator("header.site summary", has_text="More").press("Enter")
    tab.get_by_role("switch", name="Predict first").press("Enter")
    assert not signs.count()
    while (bets := tab.get_by_role("button", name="supported", exact=True)).count():
        bets.first.click()
    assert signs.count()
    tab.close()
