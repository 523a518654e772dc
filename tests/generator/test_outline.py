"""What a chapter's source says of itself is read without importing it."""

import pytest

from measured.errors import BuildError
from measured.pages.outline import Chapter, read_outline

SOURCE = '''"""Do digits differ?"""

DATA = Dataset("digits", 5)
figures = {
    "digits": chart(),
    "other": chart("digits"),
}
CLAIMS = (Claim("digits-differ", says="x"), Claim(says="y", id="again"))
'''


@pytest.mark.parametrize("name, line", [("digits", 5), ("other", 6), ("digits-differ", 8), ("again", 8), ("nowhere", 1)])
def test_line_is_where_the_thing_is_made(name, line):
    """Not where another string happens to be the same."""
    assert Chapter("digits", "Toys", "1.1", "", "", SOURCE).line_of(name) == line


@pytest.mark.parametrize("text", ["CHAPTERS = {", "CHAPTERS = make()", "CHAPTERS = ['dice']", "OTHER = 1"])
def test_unreadable_contents_get_one_line(tmp_path, text):
    """With what was expected, whatever is wrong with the list of chapters."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "__init__.py").write_text(text)
    with pytest.raises(BuildError, match="CHAPTERS|never closed"):
        read_outline(tmp_path)
