"""A chapter that knows nothing of the generator: numbers and drawings, and a page that says what is missing."""

import pytest

from measured.errors import BuildError
from measured.press.accepted import accepted, without_settings
from tests.generator.cases import ToyProject

PLAIN = '''"""How long is a random walk?

Steps of one, either way.
"""

import matplotlib.pyplot as plt
import numpy as np

TITLE = "walks"


def run():
    """Walk 100 steps."""
    walk = np.random.default_rng(0).choice((-1, 1), 100).cumsum()
    figure, axes = plt.subplots()
    axes.plot(walk, label="one {walk}")
    axes.set(title="A walk", xlabel="step", ylabel="place")
    axes.legend()
    return {"end": walk[-1], "furthest": {"left": float(walk.min()), "right": 7}}, {"walk_so_far": figure}
'''
PROSE = "It ends at {{ metric.end }}, at most {{ metric.furthest.right }} away.\n\n{{ figure.walk_so_far }}\n"


def test_plain_chapter_is_built(toy: ToyProject):
    """No settings, no claims, no figures of the generator's; its page says what each of them would add."""
    toy.write("experiments/dice.py", PLAIN)
    toy.write("templates/chapters/dice.md.jinja2", PROSE)
    outcome = toy.build()
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    page, drawing = toy.read("site/dice.html"), toy.read("site/figures/dice/walk_so_far.svg")
    assert "It ends at" in page and ", at most" in page and ">7<" in page
    assert "A walk." in page and 'alt="A drawing that nobody described. A walk: place against step: one {walk}."' in page
    assert '<h2 id="missing">What is missing here</h2>' in page
    for what in ("No intervals.", "No numbers behind drawings", "No verdicts.", "No settings."):
        assert f"<b>{what}" in page
    assert "<code>end</code>, <code>furthest.left</code>, <code>furthest.right</code>" in page
    assert "<svg" in drawing and "walk_so_far.csv" not in page and 'experiments.dice.html#def-run">Code' in page
    before = toy.site()
    assert toy.build("--force").returncode == 0 and toy.site() == before


def test_chapter_with_all_lacks_nothing(built):
    """Nothing is said where nothing is missing."""
    assert "What is missing here" not in built.read("site/dice.html")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (7.0, "experiments/dice.py: run() returned float; expected Result(metrics, figures), two dicts of things by name"),
        (({"end": "far"}, {}), "experiments/dice.py: 'end' has the type str; expected a Metric, or a number"),
        (({"end": True}, {}), "experiments/dice.py: 'end' has the type bool; expected a Metric, or a number"),
        (({}, {"walk": 3}), "experiments/dice.py: 'walk' has the type int; expected a Figure, or one of matplotlib's"),
    ],
)
def test_what_is_neither_is_refused(returned, message):
    """With its name and what is expected."""
    with pytest.raises(BuildError) as found:
        accepted(returned, "dice")
    assert str(found.value).startswith(message)


def test_result_that_no_chapter_made_is_named_as_such():
    """By whoever types it in a notebook."""
    with pytest.raises(BuildError, match="^this result: 'end' has the type str; expected a Metric, or a number"):
        accepted(({"end": "far"}, {}))


def test_run_that_wants_settings_which_are_not_there_is_refused():
    """With both ways out."""
    with pytest.raises(BuildError, match=r"run\(settings\) takes settings and the module has none; add .* or write run\(\)"):
        without_settings(lambda settings: settings)
