"""The command line does what it says, and bad input gets one clear line."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import measured
from measured import cli
from measured.errors import BuildError
from measured.pages.outline import read_outline
from measured.pages.settings import shown
from tests.generator.cases import ToyProject

BUILD = "import sys; from pathlib import Path; from measured import cli; code = cli.main(Path.cwd(), ['--workers', '0']); "
"""A build of the folder in which the process is, whose exit code is then ``code``."""

# ---------------------------------------------------------------------------------------------------------------------
# Bad input: one line, exit code 2, nothing touched


@pytest.mark.parametrize(
    "options, message",
    [
        (["--only", "dicee"], r"--only 'dicee' is not a chapter or part; did you mean 'dice'\?"),
        (["--only", "zebra"], "expected one of dice, toys"),
        (["--only", "dice", "--only", "zebra"], "--only 'zebra' is not a chapter or part"),
        (["--preset", "standart"], r"--preset 'standart' does not exist; did you mean 'standard'\?"),
        (["--device", "tpu"], r"--device 'tpu' does not exist; did you mean 'cpu'\?"),
        (["--seeds", "9", "--accept"], "--accept and --strict are about the preset's own seeds"),
        (["--until-decided", "soon"], "'soon' is not a time; expected a number with a unit, like 90s, 45m or 2h"),
        (["--until-decided", "1h", "--seeds", "9"], "--until-decided decides itself how many seeds there are"),
        (["--until-decided", "--list"], "--list builds nothing, so --until-decided would have no effect"),
        (["--seeds", "1"], "'1' is not a number of seeds; expected 2, 3"),
        (["--seeds", "99999999"], "'99999999' is not a number of seeds; expected 2, 3, ... 10,000"),
        (["--workers", "many"], "'many' is not a number of processes; expected 0, 1, 2"),
        (["--cluster", "tcp://x:1", "--workers", "2"], "--cluster and --workers contradict each other"),
        (["--strict", "--preset", "quick"], "--strict and --accept need evidence"),
        (["--list", "--open"], "--list builds nothing, so --open would have no effect; leave it out"),
        (["--list", "--dry-run"], "not allowed with argument"),
        (["--prune", "--preset", "quick"], "--prune does something else, so --preset would have no effect; leave it out"),
        (["--diff", "elsewhere", "--workers", "3", "--force"], "--diff .* --force and --workers would have no effect"),
        (["--within", "1e-6"], "--within has no effect on a build; use it with --diff"),
        (["--within", "1e-6", "--port", "8000"], "--port has no effect on a build; use it with --serve"),
        (["--serve", "--port", "99999"], "'99999' is not a port; expected a number from 1 to 65535"),
        (["--diff", "elsewhere", "--within", "much"], "'much' is not a share of a number; expected one from 0 to below 1"),
        (["--unknown"], "unrecognized arguments: --unknown"),
        (["--pre", "quick"], "unrecognized arguments: --pre quick"),
        (["--deb"], "unrecognized arguments: --deb"),
        (["--out", "build.py"], "is not a folder; expected a folder to write the site to"),
        (["--out", "experiments"], "holds files that build.py did not write"),
        (["--out", "."], "contains the project; expected a folder for the site alone"),
        (["--out", ".."], "contains the project"),
        (["--out", "/proc/x"], r"--out /proc/x cannot be made \(.*\); expected a folder in one of your own"),
        (["--out", "/proc"], "is where another file system is mounted|holds files that build.py did not write"),
        (["--out", "build.py/x/site"], r"cannot be made \(Not a directory\)"),
    ],
)  # fmt: skip
def test_bad_options_get_one_line(options, message, toy: ToyProject, capsys, monkeypatch):
    """What was wrong, what was expected, what to type instead; before anything is measured or written."""
    monkeypatch.chdir(toy.folder)
    before = sorted(toy.folder.rglob("*"))
    assert cli.main(toy.folder, options) == 2
    captured = capsys.readouterr()
    assert re.search(message, captured.err) and captured.err.count("\n") == 1 and not captured.out
    assert sorted(toy.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "out, kept", [("site", "site/cache"), ("cache/site", "cache"), ("both", "both"), ("both", "a/../both")]
)
def test_site_and_cache_in_one_another_are_refused(bare: ToyProject, capsys, out, kept):
    """Publishing changes the whole folder of the site, and what was trained meanwhile would go with it."""
    assert cli.main(bare.folder, ["--out", str(bare.folder / out), "--cache", str(bare.folder / kept)]) == 2
    assert "one is inside the other; expected two separate folders" in capsys.readouterr().err
    assert not (bare.folder / out).exists() and not (bare.folder / kept).exists()


@pytest.mark.parametrize(
    "options, message",
    [
        (("--cache", "build.py/cache"), r"--cache build.py/cache cannot be written \(Not a directory\)"),
        (("--cache", "/proc/x"), "--cache /proc/x cannot be written"),
        (("--cluster", "tcp://127.0.0.1:9"), "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
        (("--device", "cuda"), "no CUDA device is available.*use --device cpu"),
    ],
)
def test_what_only_a_try_can_tell_gets_one_line(toy: ToyProject, options, message):
    """Before anything is computed, and nothing is published."""
    outcome = toy.build(*options)
    assert outcome.returncode == 2 and re.search(message, outcome.stderr) and outcome.stderr.count("\n") == 1, outcome.stderr
    assert not (toy.folder / "site").exists() and not (toy.folder / "cache" / "jobs").exists()


@pytest.mark.parametrize(
    "contents, message",
    [
        ("CHAPTERS = {", r"experiments/__init__.py, line 1: '\{' was never closed"),
        ("TOYS = ('dice',)\nCHAPTERS = {'Toys': TOYS}", "line 2: CHAPTERS is something else; expected a dict from each part"),
        ("CHAPTERS = {'Toys': ('dice')}", "line 1: CHAPTERS is something else"),
        ("CHAPTERS: dict[str, tuple[str, ...]]", "line 1: CHAPTERS is something else"),
        ("chapters = {}", "experiments/__init__.py defines no CHAPTERS"),
        (None, "experiments/__init__.py cannot be read"),
    ],
)
def test_bad_contents_get_one_line(tmp_path, contents, message):
    """A slip in the list of chapters is said with its line."""
    (tmp_path / "experiments").mkdir()
    if contents is not None:
        (tmp_path / "experiments" / "__init__.py").write_text(contents)
    with pytest.raises(BuildError, match=message):
        read_outline(tmp_path)


@pytest.mark.parametrize("text", ['{"standard": {', '{"standard": {"dice": "supported"}}', "[]"])
def test_bad_verdicts_get_one_line_before_anything_is_computed(bare: ToyProject, text):
    """Not after hours of it."""
    bare.write("verdicts.json", text)
    outcome = bare.build("--strict")
    assert outcome.returncode == 2 and outcome.stderr.count("\n") == 1 and "delete verdicts.json and type" in outcome.stderr
    assert not (bare.folder / "cache").exists() and not (bare.folder / "site").exists()


@pytest.mark.parametrize("option", ["--preset=quick", "--dry-run", "--list"])
def test_python_without_the_libraries_gets_one_line(toy: ToyProject, option):
    """The commonest slip of a beginner: another Python than the one into which the libraries were installed."""
    # Without site-packages, and with no trace of them in the path, nothing but the standard library is there.
    shutil.copytree(Path(measured.__file__).parent, toy.folder / "measured")
    code = "import sys; sys.path.insert(0, '.'); " + BUILD.replace("'--workers', '0'", repr(option)) + "sys.exit(code)"
    command = [sys.executable, "-I", "-S", "-c", code]
    outcome = subprocess.run(command, cwd=toy.folder, capture_output=True, text=True)
    if option == "--list":
        assert outcome.returncode == 0 and "never measured" in outcome.stdout
        return
    assert outcome.returncode == 2 and outcome.stderr.count("\n") == 1, outcome.stderr
    assert re.search(
        r"is not installed for .*; type python3 -m venv \.venv && \.venv/bin/python -m pip install", outcome.stderr
    )
    assert not (toy.folder / "site").exists()


def test_what_nobody_thought_of_gets_one_line(tmp_path, capsys, monkeypatch):
    """No traceback unless it is asked for."""
    monkeypatch.setattr("measured.project.read_outline", lambda root: 1 / 0)
    assert cli.main(tmp_path, ["--list"]) == 2
    assert re.fullmatch(r"build.py: ZeroDivisionError: .*--debug shows where.*\n", capsys.readouterr().err)


@pytest.mark.parametrize("value, text", [(None, "not set"), ([1, 2], "1, 2"), (list(range(8)), "0 to 7"), (0.5, "0.5")])
def test_settings_are_shown_for_readers(value, text):
    """A page never says None, and a long range is not written out."""
    assert shown(value) == text


def test_debug_shows_the_traceback(toy: ToyProject, capsys):
    """For whoever looks for the cause."""
    assert cli.main(toy.folder, ["--only", "zebra", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_help_and_version(toy: ToyProject, capsys):
    """Help is grouped and names every option; the version is the project's."""
    assert cli.main(toy.folder, ["--help"]) == 0
    text = capsys.readouterr().out
    for option in (
        "only",
        "preset",
        "list",
        "force",
        "workers",
        "cluster",
        "device",
        "strict",
        "accept",
        "dry-run",
        "prune",
        "out",
        "cache",
        "open",
        "debug",
        "version",
    ):
        assert f"--{option}" in text
    assert "what to build" in text and "where it runs" in text
    assert cli.main(toy.folder, ["--version"]) == 0 and re.fullmatch(r"measured \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


# ---------------------------------------------------------------------------------------------------------------------
# A small project from the first build to the last


def test_first_build_then_nothing_to_do(toy: ToyProject):
    """The second build imports neither torch nor matplotlib, reads no job, and changes no byte."""
    first = toy.build()
    assert first.returncode == 0, first.stderr
    assert re.fullmatch(
        r"dice: done in .*: 1 supported, 0 refuted, 0 inconclusive \(10 jobs, 0 from the cache\)\n"
        r"site/index.html: 1 chapter in .*, 0 of 10 jobs from the cache\n",
        first.stdout,
    )
    before = toy.site()
    for entry in (toy.folder / "cache" / "jobs").rglob("entry.json"):
        entry.write_text("unreadable")
    code = BUILD + "assert not {'torch', 'matplotlib', 'numpy', 'jinja2'} & sys.modules.keys(); sys.exit(code)"
    second = subprocess.run([sys.executable, "-c", code], cwd=toy.folder, capture_output=True, text=True, env=toy.environment)
    assert second.returncode == 0, second.stderr
    assert re.fullmatch(r"site/index.html: nothing to do, .* s\n", second.stdout)
    assert toy.site() == before


def test_two_builds_have_the_same_bytes(built_once: ToyProject, tmp_path):
    """Elsewhere, with workers or without, the site is the same but for durations and host."""
    sites = []
    for name, workers in (("a", "0"), ("b", "2")):
        (tmp_path / name).mkdir()
        project = ToyProject(tmp_path / name)
        project.learn_from(built_once)
        outcome = project.build(workers=workers)
        assert outcome.returncode == 0, outcome.stderr
        sites.append(project.site())
    assert sites[0] == sites[1]


def test_numbers_on_the_page_are_those_measured(built: ToyProject):
    """The page, the JSON and the CSV say what NumPy says."""
    import numpy as np

    expected = np.mean([np.random.default_rng(seed).normal(0.0, 1.0, 50).mean() for seed in range(5)])
    data = json.loads(built.read("site/data/dice.json"))
    assert data["metrics"]["fair"]["value"] == pytest.approx(expected)
    page = built.read("site/dice.html")
    assert f"{abs(expected):.2}"[:4] in page and "They differ." in page and "Do two dice differ?" in page
    throws = [line.split(",") for line in built.read("site/data/dice/throws.csv").splitlines()]
    assert throws[0] == ["panel", "series", "throw", "median", "10 %", "90 %"] and len(throws) == 101


def test_edit_to_prose_runs_nothing(toy: ToyProject):
    """A sentence reaches the page without a job, a rehearsal or torch."""
    toy.build()
    toy.edit("templates/chapters/dice.md.jinja2", "The fair dice gives", "An honest dice gives")
    code = BUILD + "assert not {'torch', 'matplotlib', 'numpy'} & sys.modules.keys(); sys.exit(code)"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=toy.folder, capture_output=True, text=True, env=toy.environment)
    assert outcome.returncode == 0, outcome.stderr
    assert "pages written" in outcome.stdout and "An honest dice gives" in toy.read("site/dice.html")


def test_edit_to_the_meaning_of_a_setting_runs_nothing(toy: ToyProject):
    """The sentence below a setting reaches the page as it stands in the source."""
    toy.build()
    toy.edit("experiments/dice.py", "Throws of each dice.", "One series of throws a seed.")
    outcome = toy.build()
    assert "nothing to run" in outcome.stdout and "One series of throws a seed." in toy.read("site/dice.html")


def test_edit_to_a_caption_takes_all_jobs_from_the_cache(toy: ToyProject):
    """The chapter runs again, and every job comes from the cache."""
    toy.build()
    toy.edit("experiments/dice.py", "All throws.", "All of the throws.")
    outcome = toy.build()
    assert "10 of 10 jobs from the cache" in outcome.stdout and "All of the throws." in toy.read("site/dice.html")


def test_edit_to_code_reruns_what_reaches_it(toy: ToyProject):
    """A job's code decides, a neighbour's does not; the reason is named by --list, --dry-run and --debug."""
    toy.build()
    toy.edit("experiments/dice.py", "normal(self.bias, 1.0, 50)", "normal(self.bias, 2.0, 50)")
    assert "not current: experiments.dice.* changed" in toy.build("--list").stdout
    forecast = toy.build("--dry-run", "--debug").stdout
    assert "dice: 10 Dice; about" in forecast and "experiments.dice.Dice changed" in forecast
    assert "0 of 10 jobs from the cache" in toy.build().stdout


@pytest.mark.parametrize("path, is_a_record", [("cache/chapters/standard/dice.status.json", True), ("cache/jobs", False)])
def test_what_another_version_kept_is_made_again(built: ToyProject, path, is_a_record):
    """A record or an entry of another format is recomputed, never misread; the site comes out the same."""
    before = built.site()
    files = [built.folder / path] if is_a_record else list((built.folder / path).rglob("entry.json"))
    for file in files:
        text, num_changed = re.subn(r'"format": [1-9]\d*', '"format": 0', file.read_text())
        assert num_changed == 1
        file.write_text(text)
    outcome = built.build("--force") if not is_a_record else built.build()
    assert outcome.returncode == 0, outcome.stdout
    expected = "10 of 20 jobs" if is_a_record else "0 of 20 jobs"
    assert expected.split(" of ")[0] in outcome.stdout and built.site() == before


def test_seed_added_computes_only_it(toy: ToyProject):
    """What there is, is kept."""
    toy.build()
    toy.edit("experiments/dice.py", "Seeds(5)", "Seeds(6)")
    assert "10 of 12 jobs from the cache" in toy.build().stdout


def test_seeds_adds_seeds_without_redoing_any(toy: ToyProject):
    """From five to seven: two new ones per dice; the page counts them and says how; without the option, all is there again."""
    toy.build()
    before = toy.build("--seeds", "7", "--debug")
    assert before.returncode == 0 and "10 of 14 jobs from the cache" in before.stdout, before.stderr
    page = toy.read("site/dice.html")
    assert "n = 7" in page and "--seeds 7 --force" in page and "0 to 6" in page
    assert "nothing to do" in toy.build("--seeds", "7").stdout
    assert "measured with 7 seeds, asked for the preset&#x27;s seeds".replace("&#x27;", "'") in toy.build("--list").stdout
    pruned = toy.build("--prune").stdout
    assert "0 of 14 entries deleted" in pruned, pruned
    assert "10 of 10 jobs from the cache" in toy.build().stdout


SECOND = """    Claim("fair-is-small", source="ours", says="{fair}", holds=at_most("fair", Margin(1.0, "x"))),
)
"""


def with_bias(toy: ToyProject, bias: float) -> None:
    """Dice that differ by so much, and a second claim that any number of seeds decides."""
    toy.edit("experiments/dice.py", "(0.0, 3.0)", f"(0.0, {bias})")
    toy.edit("experiments/dice.py", "dice[3.0]", f"dice[{bias}]")
    toy.edit("experiments/dice.py", "    ),\n)\n", f"    ),\n{SECOND}")
    toy.edit("experiments/dice.py", "Claim, Quantity", "Claim, Margin, Quantity")
    toy.edit("experiments/dice.py", "Sweep, larger", "Sweep, at_most, larger")
    toy.edit("experiments/dice.py", "Seeds(5)", "Seeds(3)")


def told(toy: ToyProject) -> dict[str, tuple[str, int, str]]:
    """Verdict, look and n of each claim in the ledger's data."""
    entries = json.loads(toy.read("site/data/claims.json"))
    return {item["id"]: (item["verdict"], item["look"], item["tests"][0]["n"]) for item in entries}


def test_until_decided_looks_again_while_a_finding_is_open(toy: ToyProject):
    """At twice and four times the seeds, where nothing is computed twice; what was decided before stays as it was."""
    with_bias(toy, 0.3)
    assert "0 of 6 jobs" in toy.build().stdout
    assert told(toy) == {"loaded-is-larger": ("inconclusive", 1, "3"), "fair-is-small": ("supported", 1, "3")}
    outcome = toy.build("--until-decided")
    assert outcome.returncode == 0, outcome.stderr
    assert "look 2 of 3, 2 times the preset's seeds, where findings are open: dice\n" in outcome.stdout
    assert "look 3 of 3, 4 times" in outcome.stdout and "(24 jobs, 12 from the cache)" in outcome.stdout
    assert "no finding is open" in outcome.stdout
    assert told(toy) == {"loaded-is-larger": ("supported", 3, "12"), "fair-is-small": ("supported", 1, "3")}
    page = toy.read("site/dice.html")
    assert "Intervals of 99.6 %" in page and "Intervals of 99 %" in page and "planned looks at fewer seeds included" in page
    before = toy.site()
    assert "24 of 24 jobs from the cache" in toy.build("--until-decided").stdout and toy.site() == before
    assert "6 of 6 jobs from the cache" in toy.build().stdout and told(toy)["loaded-is-larger"][0] == "inconclusive"


def test_until_decided_stops_when_the_time_is_up(toy: ToyProject):
    """No look is begun, and what is still open is said with what it would take."""
    with_bias(toy, 0.0)
    toy.edit("experiments/dice.py", "(0.0, 0.0)", "(0.0, 0.001)")
    toy.edit("experiments/dice.py", "dice[0.0])}", "dice[0.001])}")
    stopped = toy.build("--until-decided", "0.001s").stdout
    assert re.search("^open, and .*: dice loaded-is-larger: loaded − fair: half-width", stopped, re.M)
    assert "look 2" not in stopped


def test_seeds_beyond_the_plan_mark_their_verdicts(toy: ToyProject):
    """Above the page, in the ledger, and in its data; as many as the preset has are no more."""
    toy.build("--seeds", "7")
    assert all("7 seeds, more than were planned" in toy.read(f"site/{page}.html") for page in ("dice", "claims", "index"))
    assert not json.loads(toy.read("site/data/claims.json"))[0]["is_planned"]
    toy.build("--seeds", "3")
    assert "more than were planned" not in toy.read("site/dice.html")


def test_only_touches_no_other_chapter(built: ToyProject):
    """The other page stays as it is, though its code changed; front page and ledger are brought up to date."""
    before = built.read("site/coins.html"), built.read("site/index.html")
    for name in ("dice", "coins"):
        built.edit(f"experiments/{name}.py", "The loaded dice gives", "A loaded dice gives")
    outcome = built.build("--only", "dice")
    assert outcome.returncode == 0 and "coins" not in outcome.stdout
    assert built.read("site/coins.html") == before[0]
    assert "A loaded dice gives" in built.read("site/index.html") and "The loaded dice gives" in built.read("site/index.html")
    assert built.build("--only", "toys").returncode == 0 and "A loaded dice gives" in built.read("site/coins.html")


def test_only_builds_one_chapter_of_an_empty_site(built_once: ToyProject, tmp_path):
    """On a fresh clone the others get a page that says that they are not measured yet."""
    (tmp_path / "toys").mkdir()
    toys = ToyProject(tmp_path / "toys", ("dice", "coins"))
    toys.learn_from(built_once)
    for _ in range(2):
        outcome = toys.build("--only", "dice", "--preset", "quick")
        assert outcome.returncode == 0, outcome.stderr
        assert "They differ." in toys.read("site/dice.html") and "not been measured yet" in toys.read("site/coins.html")
        assert toys.read("site/index.html").count("<em>not measured yet</em>") == 1


def test_only_remembers_which_other_chapter_failed(built: ToyProject):
    """A chapter that is left out goes on being called failed, on its page and on the front page, until it is built well."""
    built.edit("experiments/coins.py", "    dice =", "    raise LookupError('lost')\n    dice =")
    assert built.build().returncode == 1 and "failed in the last build" in built.read("site/index.html")
    built.edit("experiments/dice.py", "All throws.", "All of the throws.")
    assert built.build("--only", "dice").returncode == 0
    assert "failed in the last build" in built.read("site/index.html") and "LookupError: lost" in built.read("site/coins.html")
    built.edit("experiments/coins.py", "    raise LookupError('lost')\n", "")
    assert built.build("--only", "coins").returncode == 0 and "failed in the last build" not in built.read("site/index.html")


def test_front_page_knows_of_prose_that_does_not_fit(built: ToyProject):
    """Also where the chapter was not run, and its template alone was found wanting while pages were written."""
    built.edit("templates/chapters/coins.md.jinja2", "metric.fair", "metric.fare")
    assert built.build().returncode == 1 and "failed in the last build" in built.read("site/index.html")


METRIC = '{"fair": MEAN.over(dice[0.0]), "loaded": MEAN.over(dice[3.0])}'


def test_page_stays_while_its_chapter_is_measured_again(built: ToyProject):
    """Code and prose may change together: until the new numbers are there, the last page stays, and nothing has failed."""
    before = built.read("site/dice.html")
    built.edit("experiments/dice.py", METRIC, METRIC.replace("}", ', "third": MEAN.over(dice[3.0])}'))
    built.edit("templates/chapters/dice.md.jinja2", "Findings", "Findings of {{ metric.third }}")
    built.edit(
        "experiments/dice.py",
        "    dice = Sweep",
        "    import pathlib, time\n    time.sleep(1)  # so that the build publishes meanwhile\n"
        "    pathlib.Path('dice.seen').write_text(pathlib.Path('site/dice.html').read_text())\n    dice = Sweep",
    )
    outcome = built.build()
    assert outcome.returncode == 0 and "failed" not in outcome.stdout, outcome.stdout
    assert "Findings of" in built.read("site/dice.html") and "failed" not in built.read("site/dice.html")
    assert built.read("dice.seen") == before


def test_force_computes_everything_again(toy: ToyProject):
    """Whatever the cache holds."""
    toy.build()
    assert "0 of 10 jobs from the cache" in toy.build("--force").stdout


def test_strict_follows_the_accepted_verdicts(toy: ToyProject):
    """--accept writes them; --strict exits with 1 where one differs."""
    toy.build("--accept")
    accepted = json.loads(toy.read("verdicts.json"))
    assert accepted == {"standard": {"dice": {"loaded-is-larger": "supported"}}}
    assert toy.build("--strict").returncode == 0
    toy.edit("experiments/dice.py", 'larger("loaded", than="fair")', 'larger("fair", than="loaded")')
    outcome = toy.build("--strict")
    assert outcome.returncode == 1 and "dice loaded-is-larger: refuted, accepted was supported" in outcome.stdout
    assert "They do not." in toy.read("site/dice.html")


def test_diff_names_what_moved(toy: ToyProject):
    """A flipped verdict, a metric beyond its interval and a figure with other numbers; nothing between a site and its copy."""
    toy.build()
    shutil.copytree(toy.folder / "site", toy.folder / "before")
    same = toy.build("--diff", "before")
    assert (
        same.returncode == 0
        and same.stdout.endswith("have the same verdicts, metrics and figures\n")
        and same.stdout.count("\n") == 1
    )
    toy.edit("experiments/dice.py", "(0.0, 3.0)", "(0.0, -3.0)")
    toy.edit("experiments/dice.py", "dice[3.0]", "dice[-3.0]")
    toy.build()
    found = toy.build("--diff", "before")
    assert found.returncode == 1 and "metric fair" not in found.stdout
    for line in (
        "dice: verdict loaded-is-larger: supported -> refuted",
        "dice: metric loaded: ",
        "dice: figure throws: other numbers",
    ):
        assert line in found.stdout
    missing = toy.build("--diff", "nowhere")
    assert (
        missing.returncode == 2
        and "holds no report with measured chapters" in missing.stderr
        and missing.stderr.count("\n") == 1
    )


def test_forecast_counts_a_shared_job_once(built_once: ToyProject, tmp_path):
    """Two chapters that ask for the same jobs take as long as one."""
    toy = ToyProject(tmp_path, ("dice", "coins"))
    toy.learn_from(built_once)
    toy.edit("experiments/coins.py", "PRESETS =", "from experiments.dice import Dice\n\nPRESETS =")
    lines = toy.build("--dry-run").stdout.splitlines()
    assert ["about 10 s of one worker" in line for line in lines[:2]] == [True, True] and lines[2] == "about 10 s with 1 worker"


def test_accepting_what_cannot_be_read_any_more_changes_nothing(toy: ToyProject):
    """A kept result that is damaged between publishing and accepting: one line, and the accepted verdicts stay."""
    toy.build("--accept")
    accepted = toy.read("verdicts.json")
    unreadable = "from measured.press.records import Records; Records.load = lambda *_: None; "
    code = unreadable + BUILD.replace("'--workers', '0'", "'--accept'") + "sys.exit(code)"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=toy.folder, capture_output=True, text=True, env=toy.environment)
    assert outcome.returncode == 2 and "the kept result of dice cannot be read any more" in outcome.stderr
    assert toy.read("verdicts.json") == accepted


def test_prune_deletes_what_nothing_reaches(toy: ToyProject):
    """Old entries go; what any preset of the present sources reaches stays."""
    toy.build()
    toy.build("--preset", "quick", "--out", "elsewhere")
    toy.edit("experiments/dice.py", "normal(self.bias, 1.0, 50)", "normal(self.bias, 2.0, 50)")
    toy.build()
    assert "10 of 20 entries deleted" in toy.build("--prune").stdout
    assert "0 of 10 entries deleted" in toy.build("--prune").stdout
    assert "nothing to do" in toy.build().stdout


@pytest.mark.parametrize(
    "path, old, new, message",
    [
        ("templates/chapters/dice.md.jinja2", "metric.fair", "metric.fare",
         r"dice.md.jinja2, line 3: no metric 'fare'; did you mean 'fair'\?"),
        ("templates/chapters/dice.md.jinja2", "Who knows.", "{{ claim['nobody'] }}",
         "line 7: no claim 'nobody'; there are loaded-is-larger"),
        ("templates/chapters/dice.md.jinja2", "Who knows.", "{{ metrics }}",
         r"line 7: no variable 'metrics'; did you mean 'metric'\?"),
        ("templates/chapters/dice.md.jinja2", "{% else %}", "{% els %}", "line 7: Encountered unknown tag 'els'"),
        ("experiments/dice.py", "def run(", "def walk(", r"experiments/dice.py has no run; expected run\(settings\) -> Result"),
        ("experiments/dice.py", "    dice =", "    raise LookupError('lost')\n    dice =", "LookupError: lost"),
        ("experiments/dice.py", 'throw: throw.values.mean()', 'throw: throw.mean',
         "experiments/dice.py, line 39: AttributeError: 'Throws' object"),
        ("experiments/dice.py", "{loaded},", "{laoded},", "claim 'loaded-is-larger': no metric 'laoded'"),
        ("experiments/dice.py", "import numpy as np", "import numpy as np\nimport nowhere", "No module named 'nowhere'"),
        ("experiments/dice.py", "    def compute(self) -> Throws:",
         "    def compute(self) -> Throws:\n        raise OSError('gone')",
         r"experiments/dice.py, line 26: Dice\(bias=\d.0, seed=\d\) failed: OSError"),
    ],
)  # fmt: skip
def test_failing_chapter_keeps_its_page_under_a_banner(built: ToyProject, path, old, new, message):
    """The build goes on, exits with 1, and goes on saying so until it is mended; mending brings the same page back."""
    toy = built
    good = toy.site()
    toy.edit(path, old, new)
    for _ in range(2):
        outcome = toy.build()
        assert outcome.returncode == 1 and "failed: dice" in outcome.stdout and "Traceback" not in outcome.stderr
        page = toy.read("site/dice.html")
        assert "This chapter failed in the last build" in page and "They differ." in page
        assert re.search(message, page.replace("&#39;", "'").replace("&gt;", ">").replace("&#34;", '"'))
        assert toy.site()["coins.html"] == good["coins.html"]
    toy.edit(path, new, old)
    assert toy.build().returncode == 0
    assert toy.site() == good


def test_failing_from_the_start_says_so(toy: ToyProject):
    """With no last page to keep, the page holds the error, and the front page says that it failed."""
    toy.edit("experiments/dice.py", "    dice =", "    raise LookupError('lost')\n    dice =")
    outcome = toy.build()
    assert outcome.returncode == 1 and re.search(r"index.html: 0 of 1 chapter in .*; failed: dice\n", outcome.stdout)
    assert "LookupError: lost" in toy.read("site/dice.html") and "failed in the last build" in toy.read("site/index.html")


def test_nothing_is_trained_before_the_template_is_checked(toy: ToyProject):
    """A misspelt name in a branch that would never be taken stops the chapter with an empty cache."""
    toy.edit("templates/chapters/dice.md.jinja2", "Who knows.", "{{ figure.throw }}")
    assert toy.build().returncode == 1
    assert not (toy.folder / "cache" / "jobs").exists()


CONDITION = (
    '{% if claim["loaded-is-larger"].supported %}They differ.{% elif claim["loaded-is-larger"].refuted %}They do not.'
    "{% else %}Who knows.{% endif %}"
)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("%}Who knows.", "%}", "line 7: claim 'loaded-is-larger' has no text where it is inconclusive"),
        ("{% else %}Who knows.", "", "line 7: claim 'loaded-is-larger' has no text where it is inconclusive"),
        ("%}They differ.", "%}", "has no text where it is supported"),
        ("Who knows.", "They do not.", "has the same text where it is refuted and where it is inconclusive"),
        ("larger\"].refuted", "larger\"].refutd", r"line 7: no part of a claim 'refutd'; did you mean 'refuted'\?"),
        ("Who knows.", "{{ preset.valeu }}", "with 'loaded-is-larger' inconclusive: .*'valeu'"),
        (CONDITION, CONDITION + '{% if claim["loaded-is-larger"].outcome == "suported" %}Sure.{% endif %}', None),
        (CONDITION, 'The verdict is {{ claim["loaded-is-larger"].outcome }}.', None),
        (CONDITION, '{{ claim["loaded-is-larger"] }}', None),
    ],
)  # fmt: skip
def test_each_verdict_has_its_text_before_anything_is_trained(toy: ToyProject, old, new, message):
    """A branch that is missing, or would fail, stops the chapter with an empty cache, whichever way the claim will come out."""
    toy.edit("templates/chapters/dice.md.jinja2", old, new)
    outcome = toy.build("--dry-run")
    if message is None:
        assert outcome.returncode == 0, outcome.stdout
        return
    assert outcome.returncode == 1 and re.search(message, outcome.stdout), outcome.stdout
    if "refutd" in new:
        assert toy.build().returncode == 1 and not (toy.folder / "cache" / "jobs").exists()


@pytest.mark.parametrize(
    "typed, shown",
    [
        ("Its mean is 3.01 there.", "3.01"),
        ('Its mean is {{ "3.01" }} there.', "3.01"),
        ("It is 3 if a < 5 holds > 7.", "3"),
        (
            "{% if claim['loaded-is-larger'].supported %}By 12 %.{% elif claim['loaded-is-larger'].refuted %}No."
            "{% else %}Hm.{% endif %}",
            "12",
        ),
    ],
)  # fmt: skip
def test_typed_digits_are_refused_before_anything_is_computed(toy: ToyProject, typed, shown):
    """In any branch, with the line and what to write instead; marked numbers, code and addresses are left alone."""
    toy.edit("templates/chapters/dice.md.jinja2", "{{ figure.throws }}", f"{{{{ figure.throws }}}}\n\n{typed}")
    outcome = toy.build()
    assert outcome.returncode == 1 and not (toy.folder / "cache" / "jobs").exists()
    assert f"dice.md.jinja2, line 7: '{shown}' is typed" in outcome.stdout and "{{ metric.name }}" in outcome.stdout
    toy.edit(
        "templates/chapters/dice.md.jinja2",
        typed,
        'Throws {{ given("50") }}, like {{ cite("Huygens (1657)") }}; `seed 7`, [more](https://example.org/2).',
    )
    assert toy.build().returncode == 0 and "like Huygens (1657)" in toy.read("site/dice.html")


def test_slip_in_prose_of_a_current_chapter_is_said(toy: ToyProject):
    """Where nothing is measured again, the line says what is wrong as well, and says so until it is mended."""
    toy.build()
    toy.edit("templates/chapters/dice.md.jinja2", "## Findings", "## Findings in 2 parts")
    for _ in range(2):
        outcome = toy.build()
        assert (
            outcome.returncode == 1
            and "dice: failed: templates/chapters/dice.md.jinja2, line 1: '2' is typed" in outcome.stdout
        )
    toy.edit("templates/chapters/dice.md.jinja2", "## Findings in 2 parts", "## Findings")
    assert toy.build().returncode == 0


def test_conclusions_outside_of_claims_are_named(toy: ToyProject):
    """A warning with its line; the build goes on. What follows a verdict, and what is somebody else's, may conclude."""
    toy.edit("templates/chapters/dice.md.jinja2", "They differ.", "The loaded one is better.")
    toy.edit(
        "templates/chapters/dice.md.jinja2", "## Findings", "## Findings\n\nThis proves it. {{ cite('\"This proves it.\"') }}"
    )
    outcome = toy.build()
    warnings = [line for line in outcome.stdout.splitlines() if "warning" in line]
    assert outcome.returncode == 0 and len(warnings) == 1
    assert "dice.md.jinja2, line 3: 'proves' draws a conclusion outside of a claim" in warnings[0]
    assert "warning" not in toy.build().stdout
    toy.edit("templates/chapters/dice.md.jinja2", "This proves it.", "This clearly shows.")
    edited = toy.build().stdout
    assert "nothing to run" in edited and "line 3: 'clearly' draws a conclusion" in edited


def test_killed_build_goes_on_where_it_was(toy: ToyProject):
    """Killed without warning in the middle, the next build takes what was finished from the cache."""
    toy.edit(
        "experiments/dice.py",
        "        return Throws(np.random",
        "        import time\n        time.sleep(0.7)\n        return Throws(np.random",
    )
    process = subprocess.Popen(toy.command(), cwd=toy.folder, env=toy.environment)
    deadline = time.monotonic() + 60
    while len(list(toy.folder.glob("cache/jobs/*/*/entry.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    outcome = toy.build()
    found = re.search(r"(\d+) of 10 jobs from the cache", outcome.stdout)
    assert outcome.returncode == 0 and found and 3 <= int(found[1]) < 10


def test_pages_come_in_reading_order(toy: ToyProject):
    """The first chapter is done first, though the other's jobs are thought to take longer; in one, the longest go first."""
    toy.edit("experiments/__init__.py", "('dice',)", "('dice', 'coins')")
    slow = "        import time\n        time.sleep(0.1)\n        return Throws(np.random"
    toy.edit("experiments/dice.py", "        return Throws(np.random", slow)
    changes = {"    bias: float\n": "    bias: float\n    flops = 1e12\n", "normal(self.bias": "normal(1 + self.bias"}
    for path, new in (("experiments/{}.py", changes), ("templates/chapters/{}.md.jinja2", {})):
        text = toy.read(path.format("dice"))
        for before, after in {**new, "loaded-is": "heads-are"}.items():
            text = text.replace(before, after)
        toy.write(path.format("coins"), text)
    said = toy.build(workers="1").stdout
    assert re.findall(r"^(\w+): done", said, flags=re.M) == ["dice", "coins"], said


@pytest.mark.parametrize("workers", ["0", "2"])
def test_interrupted_build_says_one_line_and_leaves_nobody(toy: ToyProject, workers):
    """Ctrl-C as a terminal sends it, to the whole process group: no traceback, no process left, and the next build goes on."""
    toy.edit(
        "experiments/dice.py",
        "        return Throws(np.random",
        "        import time\n        time.sleep(0.5)\n        return Throws(np.random",
    )
    # Whoever runs the tests in the background ignores Ctrl-C, and what it starts would as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        toy.command(workers=workers),
        cwd=toy.folder,
        env=toy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(toy.folder.glob("cache/jobs/*/*/entry.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said == "build.py: stopped; what was finished is kept, and the next build goes on from there\n"
    with pytest.raises(ProcessLookupError):
        for _ in range(100):  # a killed process is there until whoever adopts it takes notice
            os.killpg(process.pid, 0)
            time.sleep(0.1)
    assert " 0 of 10 jobs" not in toy.build().stdout


def test_full_disk_is_one_line(toy: ToyProject):
    """It names the folder, what is kept and what to do; not each job with all that it holds."""
    full = "import errno, pathlib\ndef write(self, content):\n    raise OSError(errno.ENOSPC, 'No space left on device')\n"
    toy.edit("experiments/dice.py", "import numpy as np\n", f"import numpy as np\n\n{full}\npathlib.Path.write_bytes = write\n")
    outcome = toy.build()
    assert outcome.returncode == 2 and outcome.stderr.count("\n") == 1, outcome.stderr
    assert re.search(
        r"--cache .*cache cannot be written any more \(No space left.*what was finished is kept there. Make room",
        outcome.stderr,
    )
    assert "Dice(" not in outcome.stderr and not (toy.folder / "site").exists()


def test_terminal_shows_one_live_view(toy: ToyProject):
    """On a terminal: a bar a chapter, jobs done of total, time left, and the closing line."""
    master, slave = pty.openpty()
    environment = {**toy.environment, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(toy.command(), cwd=toy.folder, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    output = b""
    while process.poll() is None or select.select([master], [], [], 0.2)[0]:
        try:
            output += os.read(master, 65536)
        except OSError:
            break
    process.wait()
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.decode())
    assert "10/10 jobs" in text and "left" in text and "site/index.html: 1 chapter in" in text


def test_edited_heading_and_figure_are_where_readers_look_for_them(built: ToyProject):
    """The search, the glossary and the front page follow the prose of a chapter, not its numbers alone."""
    built.edit("templates/chapters/dice.md.jinja2", "## Findings", "## What the dice say")
    assert built.build().returncode == 0
    assert "What the dice say" in built.read("site/search-index.js")


def test_edited_sentence_makes_its_page_alone(built: ToyProject):
    """What says the same stays: front page, ledger and search are not made again."""
    before = built.site()
    built.edit("templates/chapters/dice.md.jinja2", "The fair dice gives", "A fair dice gives")
    assert built.build().returncode == 0
    changed = {name for name, content in built.site().items() if before.get(name) != content}
    assert changed == {"dice.html", "building.js"}
