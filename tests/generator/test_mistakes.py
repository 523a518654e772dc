"""Mistakes that an author makes: found before anything is computed, told with their place and what to write instead."""

import html
import re

import pytest

from measured.press.outcome import one_line
from measured.project import GENERATOR
from tests.generator.cases import ToyProject

MODULE, CONTENTS = "experiments/dice.py", "experiments/__init__.py"
DECORATED = "@dataclass(frozen=True)\nclass Dice(Job[Throws]):"
PLACEHOLDER = "return Throws(np.linspace(1, 2, 50) + 0.1 * self.seed + self.bias)"
ALT = ', alt="Two noisy lines."'

MISTAKES = {
    "no alt text": (
        ALT, "",
        r"line 50: TypeError: curves\(\) missing 1 .* 'alt'; add alt=\"...\": what the figure shows, to one who .* see it"
    ),
    "an empty alt text": (
        ALT, ', alt=" "', 'line 50: a figure needs an alt text; write alt="...": what it shows, to one who cannot see it'
    ),
    "a claim on an unknown metric": (
        'than="fair"', 'than="fare"', "line 55: claim 'loaded-is-larger': no metric 'fare'; did you mean 'fair'?"
    ),
    "a sentence with an unknown metric": (
        "{fair}", "{fare}", "line 55: claim 'loaded-is-larger': no metric 'fare'; did you mean 'fair'?"
    ),
    "a job that is no dataclass": (
        DECORATED, "class Dice(Job[Throws]):",
        "line 42: Dice is a job but no dataclass; write @dataclass(frozen=True) above its class"
    ),
    "a job that is not frozen": (
        DECORATED, DECORATED.replace("(frozen=True)", ""),
        r"line 43: Dice\(bias=0.0, seed=0\): unhashable type: 'Dice'; a job and what it holds are frozen, "
        r"@dataclass\(frozen=True\), with tuples for lists"
    ),
    "a job that is no Job": (
        "class Dice(Job[Throws]):", "class Dice:",
        "line 43: Dice computes but is no job; derive it from Job: class Dice(Job[...])"
    ),
    "a job with fields that its class does not declare": (
        "settings.seeds, Dice)", "settings.seeds, Other)",
        "line 43: the fields of Other (size) are none; write @dataclass(frozen=True) above its class"
    ),
    "a job that holds a lambda": (
        "settings.seeds, Dice)", "settings.seeds, lambda bias, seed: Dice(lambda: bias, seed))",
        "line 43: Dice.bias cannot hold a lambda; give a frozen dataclass with a method instead, whose fields and code the key "
        "of a result can digest"
    ),
    "jobs from a generator": (
        "    dice = ", "    gather(Dice(0.0, seed) for seed in settings.seeds)\n    dice = ",
        "line 43: gather was given a generator; give it jobs in lists, tuples and dicts: write [...] around what makes them"
    ),
    "a result that is annotated as what cannot be stored": (
        "    values: np.ndarray", "    values: list[float]",
        "line 43: Throws.values is a list, which cannot be stored; results hold NumPy arrays, numbers, strings and None: store "
        "np.array(...) of it"
    ),
    "a result that holds what cannot be stored": (
        PLACEHOLDER, "return Throws({})  # pyright: ignore",
        "line 43: Throws.values is a dict, which cannot be stored; results hold NumPy arrays, numbers, strings and None: put "
        "what is in it into fields of their own"
    ),
    "a result of nobody knows what type": (
        "def compute(self) -> Throws:", "def compute(self):",
        "line 43: Dice.compute does not say what it returns; annotate it with a frozen dataclass of arrays and numbers, def "
        "compute(self) -> DiceResult"
    ),
    "one seed in a comparison": (
        "seeds: Seeds = Seeds(5)", "seeds: Seeds = Seeds(1)",
        "line 55: claim 'loaded-is-larger': loaded has a single seed, and so no interval: no outcome could decide it; write "
        "Seeds(2) or more"
    ),
    "a library without a version": (
        "import numpy as np", "import homemade\nimport numpy as np",
        "line 8: the module 'homemade' belongs to no installed distribution, so that a change in it would go unnoticed; "
        "install it with pip, or put its source into the project"
    ),
    "claims without a comma": (
        "CLAIMS = (", "CLAIMS = (None)\nOTHERS = (",
        "line 53: CLAIMS is no tuple of Claims; write CLAIMS = (Claim(...),), with a comma after each"
    ),
    "words that are none": (
        "CLAIMS = (", 'WORDS = {"fair", "loaded"}\nCLAIMS = (',
        "line 53: WORDS is no dict of texts; write what a reader calls a part of a metric's name, as in "
        'WORDS = {"wide": "the wide network"}'
    ),
    "words for what no metric is called": (
        "CLAIMS = (", 'WORDS = {"fare": "fair dice"}\nCLAIMS = (',
        "line 53: WORDS has 'fare', which is in the name of no metric of a claim; did you mean 'fair'?"
    ),
    "words with a typed number": (
        "CLAIMS = (", 'WORDS = {"fair": "50 fair dice"}\nCLAIMS = (',
        "WORDS, for 'fair', has '50' typed; write {setting.name} instead, in a claim {name} for a metric and {margin}, in a "
        "caption {metric.name}; or `50` in backticks if it is code or a formula"
    ),
    "words with an unknown setting": (
        "CLAIMS = (", 'WORDS = {"fair": "{setting.sides} sides"}\nCLAIMS = (',
        "line 53: WORDS: no setting 'sides'; did you mean 'seeds'?; they can name {setting...}"
    ),
    "settings that are no dataclass": (
        "@dataclass(frozen=True)\nclass Settings", "class Settings",
        "line 37: TypeError: Settings() takes no arguments; write @dataclass(frozen=True) above its class"
    ),
    "a text that is no Python": ("def run(", "def run(:", "line 42: SyntaxError: invalid syntax"),
    "a mistake of any other kind": (
        "    dice = ", "    dice = 1 / 0\n    dice = ", "line 43: ZeroDivisionError: division by zero"
    ),
}  # fmt: skip
"""What is written instead of what, and what is said of it."""

OTHER = "\n\nclass Other(Dice):\n    size: int\n\n\n@dataclass(frozen=True)\nclass Settings"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told_with_its_place_before_anything_is_computed(toy: ToyProject, tmp_path, monkeypatch, mistake):
    """By a dry run, by a build, and on the page, in the same words, in one line."""
    old, new, said = MISTAKES[mistake]
    if "Other" in new:
        toy.write(MODULE, toy.read(MODULE).replace("\n\n\n@dataclass(frozen=True)\nclass Settings", OTHER))
        said = said.replace("line 43", "line 46")
    if "homemade" in new:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "homemade.py").touch()
        monkeypatch.setattr(
            ToyProject, "environment", property(lambda self, before=toy.environment: _with(before, tmp_path / "elsewhere"))
        )
    toy.edit(MODULE, old, new)
    said = f"{MODULE}, {said}" if said.startswith("line") else f"{MODULE}: {said}"
    said = said if "\\" in said else re.escape(said)
    foretold = toy.build("--dry-run")
    (line,) = [line for line in foretold.stdout.splitlines() if "would fail" in line]
    assert foretold.returncode == 1 and re.fullmatch(f"dice: would fail: {said}", line), line
    outcome = toy.build()
    assert outcome.returncode == 1 and not (toy.folder / "cache" / "jobs").exists()
    assert re.search(f"^dice: failed: {said}$", outcome.stdout, flags=re.MULTILINE), outcome.stdout
    assert re.search(said, html.unescape(toy.read("site/dice.html")))


def _with(environment: dict[str, str], folder) -> dict[str, str]:
    return {**environment, "PYTHONPATH": f"{environment['PYTHONPATH']}:{folder}"}


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"A": ("dice",), "B": ("coins",\n"dice")}',
         "line 2: CHAPTERS lists 'dice' twice, in 'A' and in 'B'; keep one, and name the module of the other anew"),
        ('{"A": ("dice", "dice")}', "line 1: CHAPTERS lists 'dice' twice, in 'A'; keep one"),
        ('{"A": ("dice", "Dice")}',
         "line 1: CHAPTERS lists 'dice' and 'Dice', whose pages would have one name, in 'A'; keep one"),
        ('{"A": ("dice",),\n"A": ("coins",)}', "line 2: CHAPTERS has the part 'A' twice; write its chapters in one tuple"),
    ],
)  # fmt: skip
def test_two_chapters_of_one_name_are_refused(toy: ToyProject, text, message):
    """Whatever is asked for, with the line."""
    toy.write(CONTENTS, f"CHAPTERS = {text}\n")
    toy.write("experiments/coins.py", toy.read(MODULE))
    toy.write("experiments/Dice.py", toy.read(MODULE)) if "Dice" in text else None
    outcome = toy.build("--dry-run")
    assert outcome.returncode == 2 and f"build.py: {CONTENTS}, {message}" in outcome.stderr


COMPUTED = "return Throws(np.random.default_rng(self.seed).normal(self.bias, 1.0, 50))"


@pytest.mark.parametrize(
    "computed, average, why",
    [
        ("np.full(50, np.nan if self.seed == 3 else self.bias + self.seed)", "mean",
         "no mean: NaN in 1 of 5 seeds, the fourth"),
        ("np.full(50, self.bias + self.seed)", "geometric mean",
         "no geometric mean: 0 in 1 of 5 seeds, the first, not positive"),
    ],
)  # fmt: skip
def test_what_a_seed_makes_impossible_is_not_measured(toy: ToyProject, computed, average, why):
    """One run without a number, found after all were computed, fails no chapter: the page says why, and the claim is not
    measured."""
    toy.edit(MODULE, COMPUTED, f"return Throws({computed})")
    toy.edit(MODULE, '"mean", "mean"', f'"mean", "mean", average="{average}"')
    outcome = toy.build()
    assert outcome.returncode == 0 and "1 not measured" in outcome.stdout, outcome.stdout
    assert f"dice: loaded-is-larger is not measured: {why}" in outcome.stdout
    assert why in html.unescape(toy.read("site/dice.html"))


def test_error_of_an_author_keeps_its_kind(tmp_path):
    """Also in a folder that is called like the generator; that of the generator says all by itself."""
    for path, said in ((tmp_path / "measured" / "dice.py", "ValueError: no"), (GENERATOR / "dice.py", "no")):
        with pytest.raises(ValueError) as found:
            exec(compile("raise ValueError('no')", str(path), "exec"))
        assert one_line(found.value) == said


@pytest.mark.parametrize("workers", ["0", "1"])
def test_job_that_fails_names_the_line_of_its_code(toy: ToyProject, workers):
    """Also where a worker computed it."""
    toy.edit(MODULE, COMPUTED, "return np.zeros(3).reshape(2, 2)")
    outcome = toy.build(workers=workers)
    said = r"dice: failed: experiments/dice.py, line 26: Dice\(bias=\d.0, seed=\d\) failed: ValueError\('cannot reshape array"
    assert outcome.returncode == 1 and re.search(said, outcome.stdout), outcome.stdout


def test_job_that_returns_something_else_says_so(toy: ToyProject):
    """What a rehearsal cannot know is refused as soon as one job is there."""
    toy.edit(MODULE, COMPUTED, "return {}")
    outcome = toy.build()
    said = r"Dice.compute returned a dict; expected a Throws, as its annotation says"
    assert outcome.returncode == 1 and "dice: failed: experiments/dice.py, line 43: Dice(" in outcome.stdout
    assert said in outcome.stdout
