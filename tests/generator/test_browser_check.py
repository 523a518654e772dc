"""What must hold in a real browser holds for a small report, and the check can fail."""

from pathlib import Path

import pytest

from tests.generator.browser_check import problems_of, telling
from tests.generator.cases import ToyProject

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


def test_pages_have_no_problem(built_once: ToyProject, browser, tmp_path: Path):
    """On every page of the report, and on those sources that show every kind of element."""
    assert problems_of(built_once.folder / "site", browser) == []


BAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>1</script></head>
<body><main><h1>Bad</h1><p style="color: #ccc">Hardly readable.</p><div style="width: 2000px">wide</div>
<img src="https://example.invalid/x.png" alt="elsewhere"><img src="late.svg" alt="late"><p>pushed down</p><center>old</center>
</main></body></html>"""


def test_check_finds_each_kind_of_problem(browser, tmp_path: Path):
    """Contrast, policy, width, loads from elsewhere, shifts of the layout, invalid HTML, heavy pages."""
    (tmp_path / "index.html").write_text(BAD)
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">{}</svg>'
    (tmp_path / "late.svg").write_text(drawing.format("<!--" + "x" * 400_000 + "-->"))
    found = "\n".join(problems_of(tmp_path, browser))
    for expected in (
        "color-contrast",
        "Content Security Policy",
        "pixels wide",
        "from elsewhere",
        "first view loads",
        "center",
    ):
        assert expected in found, (expected, found)
    assert "light" in found and "dark" in found and "without scripts" in found


def test_few_pages_show_every_kind_of_element(tmp_path: Path):
    """None is chosen that adds nothing."""
    for name, text in {"a": "<p><b>", "b": '<p><b><i class="x">', "c": "<u>", "d": "<p>"}.items():
        (tmp_path / name).write_text(text)
    assert [path.name for path in telling(sorted(tmp_path.iterdir()))] == ["c", "b"]
