"""What a chapter's module says in its own words obeys the law of its prose."""

import importlib
from dataclasses import replace

import pytest

from measured.charts import table
from measured.evidence import Claim, Comments, Margin, Runs, at_least
from measured.pages import words
from measured.pages.outline import Chapter

SOURCE = '''"""How fair are {what}?"""
class Settings:
    num_rolls: int = 100
    """Rolls of each die{setting}."""

def rolls():
    """Shares of the sides, with the {{setting.num_rolls}} rolls of each{caption}."""
    return curves(alt=f"A line per die{alt}, over {{settings.num_rolls}} rolls")
'''


def faults(*, runs: Runs | None = None, says: str = "{a} is {margin}.", comment: str = "x", **typed: str) -> list[str]:
    """What is found in a chapter with these words in their places."""
    filled = dict.fromkeys(("what", "setting", "caption", "alt"), "") | {"what": "dice"} | typed
    source = SOURCE.format(**filled)
    chapter = Chapter("dice", "Part", "1.1", "Dice", "", source.split('"""')[1], source)
    claim = Claim("fair", "ours", says, at_least("a", Margin(0.1, "x")), comments=Comments(comment, "x", "x"))
    figure = replace(table(("a",), [(1,)]), made_by="rolls", caption="as filled in: 100 rolls")
    return list(words.faults(chapter, [claim], runs, {"rolls": figure}))


def test_filled_in_numbers_are_no_typed_ones():
    """A setting, a metric, a margin, what code puts into an alt text, code in backticks, zero and one, a year."""
    assert faults() == faults(caption=", `1e-3` of Huygens 1957 x", setting=" from 0 to 1 (Bernoulli et al. 1913)") == []


def test_figures_of_other_modules_are_read_where_they_are_made(tmp_path, monkeypatch):
    """A chapter shows what a module that it shares says."""
    (tmp_path / "shared_figures.py").write_text('def share():\n    """A share of 12 dice."""\n    return f(alt="6 sides")\n')
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("shared_figures")
    chapter = Chapter("dice", "Part", "1.1", "Dice", "", "How?", '"""How?"""')
    figure = replace(table(("a",), [(1,)]), made_by="share", made_in="shared_figures", caption="A share of 12 dice.")
    first, second = words.faults(chapter, [], None, {"share": figure})
    assert "the caption of share() of shared_figures has '12' typed" in first
    assert "line 3 of shared_figures has '6' typed" in second


@pytest.mark.parametrize(
    "place, start",
    [
        ({"what": "100 dice"}, "its docstring has '100' typed"),
        ({"setting": " 2.5 times"}, "the sentence of setting 'Settings.num_rolls' has '2.5' typed"),
        ({"caption": ", 12 of them"}, "the caption of rolls() has '12' typed"),
        ({"alt": " of 6 sides"}, "line 8 has '6' typed"),
        ({"says": "It is 93 %."}, "the sentence of claim 'fair' has '93' typed"),
        ({"comment": "By 76 %."}, "a comment of claim 'fair' has '76' typed"),
        ({"runs": Runs("30 rolls", "the die")}, "RUNS has '30' typed"),
        ({"caption": ", which proves it"}, "the caption of rolls() draws a conclusion ('proves')"),
        ({"alt": ", the better one"}, "line 8 draws a conclusion ('better')"),
    ],
)
def test_typed_number_or_conclusion_is_found(place, start):
    """In each place where a module speaks, with what to write instead."""
    (found,) = faults(**place)
    assert found.startswith(f"experiments/dice.py: {start}") and ("; write " in found or "; say " in found)
