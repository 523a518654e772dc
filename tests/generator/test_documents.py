"""Documents as pages: what every report has for its readers, and what a project lists for its authors."""

import json
import re
from pathlib import Path

import pytest

from measured.pages import documents
from measured.pages.documents import Document
from tests.generator.cases import ROOT, ToyProject
from tests.generator.once import made_once
from tests.generator.site_check import problems_of

OVERVIEW = """# For authors

- [First steps](first.md#two-of-them)
- [Second](second.md), and [how it is read](reading.md)
- [Dice](../experiments/dice.py)
"""
FIRST = """# First *steps*

## One `step`

See `experiments/dice.py`, [the second](second.md#end), [its example](more/example.py), [a folder](../experiments/),
[elsewhere](https://example.org/).

## Two of them

| a | b |
|---|---|
| 1 | 2 |

```sh
## no heading
[no link](nowhere.md)
a_line_that_is_much_longer_than_any_telephone_is_wide_and_so_has_to_scroll_within_itself
```
"""
SECOND = "# Second\n\n![A picture](drawn.png)\n\n## End\n\n[verdicts](verdicts.md), [lost](lost.md), [unlisted](unlisted.md).\n"


@pytest.fixture(scope="module")
def with_documents(built_once: ToyProject, tmp_path_factory) -> ToyProject:
    """A report with an overview and two documents, built."""

    def make(folder: Path) -> None:
        toy = ToyProject(folder, copied_from=built_once)
        (folder / "docs" / "more").mkdir(parents=True)
        for path, text in {"README": OVERVIEW, "first": FIRST, "second": SECOND, "unlisted": "# Not for the site\n"}.items():
            toy.write(f"docs/{path}.md", text)
        toy.write("docs/more/example.py", '"""An example."""\n')
        toy.write("said.txt", toy.build().stdout)

    return ToyProject.at(made_once(tmp_path_factory, "documents", make))


def inputs(toy: ToyProject) -> dict[str, str]:
    """What each bundle of the site was made from."""
    return {name: bundle["inputs"] for name, bundle in json.loads(toy.read("site/measured-site.json"))["bundles"].items()}


def test_every_report_says_how_to_read_it(built_once: ToyProject):
    """Front page, ledger and cards lead to what a verdict promises; no report has documents for authors unasked."""
    for page in ("index", "claims", "dice"):
        assert 'href="docs/verdicts.html"' in built_once.read(f"site/{page}.html"), page
    assert 'href="verdicts.html"' in built_once.read("site/docs/reading.html")
    assert not (built_once.folder / "site" / "docs" / "index.html").exists()


def test_documents_of_a_project_are_pages(with_documents: ToyProject):
    """Those that the overview lists, from menu, front page and search; each link leads somewhere."""
    assert problems_of(with_documents.folder / "site") == []
    assert 'href="docs/index.html"' in with_documents.read("site/index.html")
    first = with_documents.read("site/docs/first.html")
    assert 'href="second.html#end"' in first and 'href="../source/docs.more.example.html"' in first
    assert '<a href="../source/experiments.dice.html"><code>experiments/dice.py</code></a>' in first
    assert "a folder" in first and ">a folder</a>" not in first
    assert 'href="first.html#two-of-them"' in with_documents.read("site/docs/index.html")
    assert "A picture" in with_documents.read("site/docs/second.html")
    assert not (with_documents.folder / "site" / "docs" / "unlisted.html").exists()


def test_search_finds_documents_by_their_headings(with_documents: ToyProject):
    """Under the anchors that the pages have."""
    index = with_documents.read("site/search-index.js")
    for address in ("docs/first.html#one-step", "docs/reading.html", "docs/verdicts.html#margins"):
        assert f'"{address}"]' in index, address
    assert "no-heading" not in index


def test_a_link_to_nowhere_is_said(with_documents: ToyProject):
    """With its line, and what to write instead; the page names the file without a link."""
    output = with_documents.read("said.txt")
    assert "warning: docs/second.md, line 7: lost.md is no file here" in output
    assert "warning: docs/second.md, line 7: unlisted.md is no page of the site; link to it from docs/README.md" in output
    assert output.count("warning:") == 2 and "lost.md" not in with_documents.read("site/docs/second.html")


def test_an_edited_document_is_made_anew_alone(with_documents: ToyProject, tmp_path):
    """No other page of a document is; and a build with nothing to do has nothing to do."""
    toy = ToyProject(tmp_path / "toy", copied_from=with_documents)
    before = inputs(toy)
    toy.edit("docs/first.md", "Two of them", "Three of them")
    assert toy.build().returncode == 0
    changed = {name for name, digest in inputs(toy).items() if before[name] != digest}
    assert changed == {"document docs/first.md", "guides"}
    assert "nothing to do" in toy.build().stdout


def test_a_document_is_not_taken_from_elsewhere(tmp_path):
    """What a link leads out of the project to is no page."""
    (tmp_path / "secret.md").write_text("# Secret")
    (tmp_path / "report" / "docs").mkdir(parents=True)
    (tmp_path / "report" / "docs" / "README.md").write_text("# For authors\n\n[x](../../secret.md) [y](linked.md)\n")
    (tmp_path / "report" / "docs" / "linked.md").symlink_to(tmp_path / "secret.md")
    assert [item.path for item in documents.read(tmp_path / "report").for_authors] == [documents.OVERVIEW]


@pytest.mark.parametrize("item", documents.read(ROOT).all, ids=lambda item: item.path)
def test_anchors_are_those_of_the_pages(item: Document):
    """The search, which reads headings without rendering, names the same places as the page."""
    from measured.pages.environment import document_html

    found = re.findall(r'<h[2-6] id="([^"]+)"', str(document_html(item.text)))
    assert [anchor for anchor, _ in item.sections()] == found


def test_a_module_that_cannot_be_imported_has_a_page_that_says_so(built_once: ToyProject, tmp_path):
    """With the reason; it is made again once what it lacks is there, and the others are as ever. Chapters have no such page."""
    pytest.importorskip("pdoc")
    toy = ToyProject(tmp_path / "toy", copied_from=built_once)
    for folder in ("docs", "tools"):
        (toy.folder / folder).mkdir()
    toy.write("docs/README.md", "# For authors\n\n[a](../tools/a.py) [b](../tools/b.py) [dice](../experiments/dice.py)\n")
    toy.write("tools/__init__.py", "")
    toy.write(
        "tools/a.py",
        '"""Works."""\n\nPLACE = __file__\n\n\ndef twice(x: float) -> float:\n    """Two times `x`."""\n    return 2 * x\n',
    )
    toy.write("tools/b.py", '"""Does not."""\n\nimport a_library_that_is_missing\n')
    assert toy.build().returncode == 0
    assert problems_of(toy.folder / "site") == []
    assert 'id="twice"' in toy.read("site/reference/tools.a.html")
    assert "../source/tools.a.html#L-6" in toy.read("site/reference/tools.a.html")
    assert "PLACE" in toy.read("site/reference/tools.a.html") and str(tmp_path) not in toy.read("site/reference/tools.a.html")
    assert "No module named" in toy.read("site/reference/tools.b.html")
    assert not (toy.folder / "site" / "reference" / "experiments.dice.html").exists()
    assert 'href="../source/experiments.dice.html"' in toy.read("site/docs/index.html")
    toy.write("a_library_that_is_missing.py", "")
    assert toy.build().returncode == 0
    assert "No module named" not in toy.read("site/reference/tools.b.html")


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_code_scrolls_within_itself_and_can_be_copied(with_documents: ToyProject, browser):
    """On a phone, by keyboard too; whoever points at a block is offered its text."""
    tab = browser.new_page(viewport={"width": 360, "height": 700})
    tab.goto((with_documents.folder / "site" / "docs" / "first.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.get_attribute("#code-1", "tabindex") == "0"
    tab.hover("#code-1")
    assert tab.get_by_role("button", name="Copy").is_visible() and "no heading" in tab.text_content("#code-1")
    tab.close()
