"""The check of what must hold in a real browser finds what is wrong, and nothing where all is well; CI puts the site to it."""

from pathlib import Path

import pytest

from tests.generator.browser_check import chromium, looks_at, problems_found_together, problems_of, telling

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


BAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>1</script></head>
<body><main><h1>Bad</h1><p style="color: #ccc">Hardly readable.</p><div style="width: 2000px">wide</div>
<img src="https://example.invalid/x.png" alt="elsewhere"><img src="late.svg" alt="late" loading="lazy">
<p>pushed down</p><center>old</center>
</main></body></html>"""


BARE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bare</title></head>
<body><main><h1>Bare</h1>{}</main></body></html>"""


def test_nothing_is_said_of_a_page_that_is_well(browser, tmp_path: Path):
    """Plain, readable, on its own."""
    (tmp_path / "index.html").write_text(BARE.format("<p>Black.</p>"))
    assert problems_of(tmp_path, browser) == []


def test_check_finds_each_kind_of_problem(tmp_path: Path):
    """Contrast, policy, width, loads from elsewhere, shifts of the layout, invalid HTML, heavy pages."""
    (tmp_path / "index.html").write_text(BAD)
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">{}</svg>'
    (tmp_path / "late.svg").write_text(drawing.format("<!--" + "x" * 400_000 + "-->"))
    found = "\n".join(problems_found_together(tmp_path))
    for expected in (
        "color-contrast",
        "Content Security Policy",
        "pixels wide",
        "from elsewhere",
        "first view loads",
        "layout shifts",
        "center",
    ):
        assert expected in found, (expected, found)
    assert "light" in found and "dark" in found and "without scripts" in found


def test_missing_browser_fails(monkeypatch):
    """So that no check of the pages is left out unnoticed."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="Chromium is not installed"), chromium():
        pass


def test_source_of_many_words_is_checked_by_some_of_each_kind(browser, tmp_path: Path):
    """Whatever its looks, one too pale is found on any page of sources, and only there."""
    (tmp_path / "source").mkdir()
    words = "".join(f'<span class="n">{word}</span> ' for word in range(500))
    page = BARE.format(f'<div class="source"><pre>{words}<span class="pale" style="color: #ccc">pale</span></pre></div>')
    for name in ("one", "two"):
        (tmp_path / "source" / f"{name}.html").write_text(page)
    (tmp_path / "index.html").write_text(BARE.format("<p>Black.</p>"))
    found = [line for line in looks_at(tmp_path)[0](browser) if "color-contrast" in line]
    assert {line.split(" at ")[0] for line in found} == {"source/one.html", "source/two.html"}


def test_few_pages_show_every_kind_of_element(tmp_path: Path):
    """None is chosen that adds nothing."""
    for name, text in {"a": "<p><b>", "b": '<p><b><i class="x">', "c": "<u>", "d": "<p>"}.items():
        (tmp_path / name).write_text(text)
    assert [path.name for path in telling(sorted(tmp_path.iterdir()))] == ["c", "b"]
