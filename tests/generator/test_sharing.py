"""A report in one file: whoever gets it can go on without computing, and whoever sends a wicked one achieves nothing."""

import json
import os
import re
import shutil
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from measured import cli
from measured.errors import BuildError
from measured.jobs import versions
from measured.jobs.cache import Cache, LeftOut, LeftOutError, decode, encode, without
from measured.jobs.definitions import WHOLE
from measured.jobs.job import Job
from measured.jobs.keys import key, key_of
from measured.jobs.partial import Watching
from measured.jobs.pool import InProcess, gather, using
from measured.jobs.source import Elsewhere, Sources
from measured.options import Options
from measured.press import plan, share
from measured.press.build import say_where_from
from measured.press.pack import pack
from measured.press.stores import Stores
from measured.project import Project
from measured.serve.builder import arguments_of
from measured.sharing import unpack
from measured.sharing.manifest import JOBS, MANIFEST
from measured.sharing.svg import fault_of
from tests.generator.cases import CHAPTER, MAY_DIFFER, ToyProject
from tests.generator.once import made_once

THROWS = "    values: np.ndarray\n"
SPREADS = """@dataclass(frozen=True)
class Spread:
    width: float


@dataclass(frozen=True)
class Spreads(Job[Spread]):
    of: Dice

    def compute(self, throws: Throws) -> Spread:
        return Spread(float(np.ptp(throws.all_of_them)))


@dataclass(frozen=True)
class Settings:
"""
NESTED = (
    CHAPTER.replace(THROWS, f"{THROWS}    all_of_them: np.ndarray\n")
    .replace("50))", "50), np.random.default_rng(self.seed).normal(size=1000))")
    .replace("+ self.bias)", "+ self.bias, np.ones(1000))")
    .replace("@dataclass(frozen=True)\nclass Settings:\n", SPREADS)
    .replace("    return Result({", "    gather([Spreads(Dice(3.0, seed)) for seed in settings.seeds])\n    return Result({")
)
"""A chapter of which one array is read by a job alone."""


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory, built_once: ToyProject) -> ToyProject:
    """A report that was built and written into a bundle, ``report.zip``."""

    def make(folder: Path) -> None:
        project = ToyProject(folder)
        project.learn_from(built_once)
        project.write("experiments/dice.py", NESTED)
        outcome = project.build("--bundle", "report.zip")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        told = r"report.zip: .* MB, 1 chapters, 15 results, without 10 arrays that no run\(\) reads"
        assert re.search(told, outcome.stdout)

    return ToyProject.at(made_once(tmp_path_factory, "sender", make))


@pytest.fixture(scope="module")
def bundle(sender: ToyProject) -> Path:
    return sender.folder / "report.zip"


@pytest.fixture
def clone(sender: ToyProject, tmp_path: Path) -> ToyProject:
    """The sender's sources, without site and results."""
    folder = tmp_path / "clone"
    shutil.copytree(sender.folder, folder, ignore=shutil.ignore_patterns("site", "cache", "report.zip", "__pycache__"))
    project = ToyProject.at(folder)
    project.learn_from(sender)
    return project


def rebuilt(clone: ToyProject, bundle: Path) -> int:
    """Build in this process, which is quick where no chapter must be imported."""
    return cli.main(clone.folder, ["--from", str(bundle)])


# ---------------------------------------------------------------------------------------------------------------------
# Sending and receiving


def test_clean_clone_has_the_same_site_and_computes_nothing(sender: ToyProject, clone: ToyProject, bundle: Path, capsys):
    """Byte for byte, but for the page that says how it was made, which names the bundle, versions and processor."""
    assert rebuilt(clone, bundle) == 0
    assert clone.site() == sender.site() and not (clone.folder / "cache" / "jobs").exists()
    said = capsys.readouterr().out
    assert re.match(r"numbers from report.zip, computed with .*numpy \d.*Python \d.* on .* cores\n", said)
    assert re.search(r"report.zip, computed with .* on .* cores", clone.read("site/made.html"))
    assert rebuilt(clone, bundle) == 0 and "nothing to do" in capsys.readouterr().out


def test_prose_is_rebuilt_without_importing_a_chapter(clone: ToyProject, bundle: Path, monkeypatch):
    """So that none of what the chapters compute with need be installed."""
    monkeypatch.setattr("measured.press.measure.measure", lambda *_: pytest.fail("measures"))
    clone.edit("templates/chapters/dice.md.jinja2", "The fair dice gives", "What the fair dice gives is")
    assert rebuilt(clone, bundle) == 0
    assert "What the fair dice gives is" in clone.read("site/dice.html")


def test_chart_and_claim_are_edited_without_computing(clone: ToyProject, bundle: Path):
    """A label, a sentence and a margin; nothing is kept among what was computed here."""
    clone.edit("experiments/dice.py", 'y="value"', 'y="points"')
    clone.edit("experiments/dice.py", "The loaded dice gives", "One dice gives")
    clone.edit(
        "experiments/dice.py",
        'larger("loaded", than="fair")',
        'larger("loaded", than="fair", by=factor(1.5, "half as much again"))',
    )
    clone.edit("experiments/dice.py", "Sweep, larger", "Sweep, factor, larger")
    outcome = clone.build("--from", str(bundle))
    assert outcome.returncode == 0 and "15 of 15 jobs from the cache" in outcome.stdout, outcome.stdout + outcome.stderr
    assert "One dice gives" in clone.read("site/dice.html") and '"points"' in clone.read("site/data/dice/throws.js")
    assert not (clone.folder / "cache" / "chapters").exists()
    listed = clone.build("--list", "--from", str(bundle)).stdout
    assert "standard: current\n     numbers from report.zip, computed with" in listed


def test_list_says_whose_numbers_there_are(clone: ToyProject, bundle: Path, capsys):
    """With the bundle; and without it, where they are not used."""
    rebuilt(clone, bundle)
    capsys.readouterr()
    assert cli.main(clone.folder, ["--list", "--from", str(bundle)]) == 0
    assert re.search(r"standard: current\n +numbers from report.zip, computed with .*Python.* cores", capsys.readouterr().out)
    assert cli.main(clone.folder, ["--list"]) == 0
    found = capsys.readouterr().out
    assert re.search(r"never measured at this preset\n +--from takes numbers from report.zip, computed with .* cores", found)


def test_job_and_array_that_are_missing_are_named_and_never_computed(clone: ToyProject, bundle: Path):
    """With the line that asks and what to type; the page stays as it was."""
    rebuilt(clone, bundle)
    before = clone.read("site/dice.html")
    source = clone.read("experiments/dice.py")
    line = next(number for number, text in enumerate(source.splitlines(), start=1) if "    dice = Sweep(" in text)
    clone.edit("experiments/dice.py", "(0.0, 3.0)", "(0.0, 3.0, 9.0)")
    outcome = clone.build("--from", str(bundle))
    told = f"dice: not computed: experiments/dice.py, line {line}: report.zip does not hold Dice(bias=9.0, seed=0); without "
    assert f"{told}--from it is computed: python build.py --only dice" in outcome.stdout and outcome.returncode == 0
    clone.write("experiments/dice.py", source.replace("throw.values.mean()", "throw.all_of_them.mean()"))
    outcome = clone.build("--from", str(bundle))
    assert re.search(
        r"dice: not computed: experiments/dice.py, line \d+: report.zip holds what run\(\) read when it was made, which was "
        r"not Throws.all_of_them of Dice\(bias=0.0, seed=0\); without --from",
        outcome.stdout,
    ), outcome.stdout
    assert clone.read("site/dice.html") == before and not (clone.folder / "cache" / "jobs").exists()


def test_what_is_installed_here_does_not_matter(clone: ToyProject, bundle: Path, monkeypatch):
    """The versions of the bundle count for what came from it, and those that are installed for everything else."""
    project = Project(clone.folder)
    stores, options = share.opened(
        project, Options(clone.folder / "site", clone.folder / "cache", preset="", bundle_from=bundle)
    )
    monkeypatch.setattr(versions, "version_of", lambda name: "0.1")
    monkeypatch.setattr(versions, "PYTHON", "3.99")
    (planned,) = plan.plan(project.outline.chapters, options, stores)
    assert not planned.reasons
    here = Stores.at(stores.folder, clone.folder)
    (planned,) = plan.plan(project.outline.chapters, options, here)
    assert any("numpy" in reason for reason in planned.reasons) and any("Python" in reason for reason in planned.reasons)


def test_equal_reports_are_equal_bundles_and_can_be_passed_on(clone: ToyProject, bundle: Path):
    """From a bundle, without its results being computed: it still says where they were, and has the same results."""
    outcome = clone.build("--from", str(bundle), "--bundle", "again.zip")
    assert outcome.returncode == 0, outcome.stderr
    before, after = files_of(bundle), files_of(clone.folder / "again.zip")
    assert before.keys() == after.keys()
    differing = {name for name in before if before[name] != after[name]}
    assert differing == {MANIFEST, *(f"site/{name}" for name in MAY_DIFFER)}, differing
    told = [json.loads(files[MANIFEST]) for files in (before, after)]
    assert {**told[0], "files": {}} == {**told[1], "files": {}}
    assert json.loads(before["site/measured-site.json"])["stamps"] == {}, "times of this machine"
    with zipfile.ZipFile(bundle) as archive:
        assert archive.namelist()[1:] == sorted(archive.namelist()[1:])
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_report_that_is_not_built_is_not_shared(clone: ToyProject):
    """Nothing is written."""
    options = Options(clone.folder / "site", clone.folder / "cache")
    with pytest.raises(BuildError, match="--bundle: no chapter is current"):
        pack(Project(clone.folder), options, Stores.at(options.cache, clone.folder), clone.folder / "report.zip")
    assert not list(clone.folder.glob("*.zip"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--from", "{bundle}", "--force"], "--from computes nothing .* --force contradicts that"),
        (["--from", "{bundle}", "--preset", "full"], "--preset full contradicts --from .*holds the standard preset"),
        (["--from", "nowhere.zip"], "--from nowhere.zip cannot be read .*expected a file that --bundle wrote"),
        (["--bundle", "site/report.zip"], "--bundle site/report.zip is inside .*site"),
        (["--bundle", "nowhere/report.zip"], "--bundle nowhere/report.zip cannot be written"),
        (["--prune", "--from", "{bundle}"], "--prune does something else, so --from would have no effect"),
    ],
)
def test_what_makes_no_sense_is_one_line(clone: ToyProject, bundle: Path, capsys, monkeypatch, arguments, message):
    """Before anything is built."""
    monkeypatch.chdir(clone.folder)
    assert cli.main(clone.folder, [part.format(bundle=bundle) for part in arguments]) == 2
    assert re.match(f"build.py: {message}", capsys.readouterr().err)


def test_build_that_computes_says_that_a_bundle_would_spare_it(clone: ToyProject, bundle: Path, capsys):
    """Nobody trains for half an hour because of an option that was forgotten, without having read so."""
    rebuilt(clone, bundle)
    capsys.readouterr()
    options, project = Options(clone.folder / "site", clone.folder / "cache"), Project(clone.folder)
    say_where_from(Stores.at(options.cache, clone.folder), project.outline.chapters, options)
    told = "report.zip has numbers for 1 of the chapters that are measured now; --from takes them\n"
    assert capsys.readouterr().out == told


def test_folder_that_was_damaged_is_said(clone: ToyProject, bundle: Path, capsys):
    """With what to do about it."""
    rebuilt(clone, bundle)
    (clone.folder / "cache" / "bundle" / "source.json").write_text("{")
    assert rebuilt(clone, bundle) == 2
    assert re.search(r"bundle was damaged since report.zip was unpacked; delete that folder", capsys.readouterr().err)


def test_preview_follows_edits_of_a_bundle(clone: ToyProject, bundle: Path, monkeypatch):
    """Each of its builds takes the numbers from there, wherever it runs."""
    monkeypatch.chdir(bundle.parent)
    arguments = arguments_of(cli.parse(["--serve", "--from", bundle.name, "--only", "dice"], clone.folder))
    monkeypatch.chdir(clone.folder)
    each = cli.parse(arguments, clone.folder)
    assert (each.action, each.bundle_from, each.only, each.preset) == ("build", bundle, ("dice",), "")


# ---------------------------------------------------------------------------------------------------------------------
# What is left out


@dataclass(frozen=True)
class Weights:
    weights: np.ndarray
    loss: np.ndarray

    def norm(self) -> float:
        return float(np.linalg.norm(self.weights))


@dataclass(frozen=True)
class Trains(Job[Weights]):
    seed: int

    def compute(self) -> Weights:
        return Weights(np.ones(3), np.zeros(2))


USES: list[Callable[[Any], Any]] = [
    lambda found: found + 1, lambda found: np.ones(3) @ found, lambda found: np.float64(1) * found, np.mean, np.asarray, len,
    lambda found: np.array([found]), lambda found: np.stack([found]), lambda found: found[0], list, float, bool, str, hash,
    lambda found: found.shape, lambda found: found == 1, lambda found: np.add(1, found), lambda found: hasattr(found, "x"),
]  # fmt: skip


@pytest.mark.parametrize("use", USES, ids=range(len(USES)))
def test_array_that_was_left_out_says_so_whatever_is_done_with_it(use):
    """With its field and its job; the rest of the result is as it was."""
    found = decode(without(encode(Weights(np.ones(3), np.zeros(2))), ["weights"]), Weights, Trains(0))
    assert isinstance(found.weights, LeftOut) and found.loss.tolist() == [0, 0]
    with pytest.raises(LeftOutError, match=r"Weights.weights of Trains\(seed=0\)"):
        use(found.weights)


def test_nothing_left_out_changes_no_byte():
    """And twice is as once."""
    blob = encode(Weights(np.ones(3), np.zeros(2)))
    assert without(blob, ["no such"]) == blob
    less = without(blob, ["weights"])
    assert without(less, ["weights"]) == less and decode(without(less, ["loss"]), Weights).loss is not None


def test_what_is_read_of_a_result_is_seen(cache: Cache):
    """Also by its own methods; of results that other jobs get, nothing is."""
    with using(InProcess(cache)):
        gather([Trains(0), Trains(1)])
    pool = Watching(cache, "cpu")
    with using(pool):
        first, second = gather([Trains(0), Trains(1)])
    assert first.norm() > 1 and second.loss.size == 2 and type(first).__name__ == "Weights" and isinstance(first, Weights)
    read = [pool.read[key(Trains(seed), "cpu")] & {"weights", "loss"} for seed in (0, 1)]
    assert read == [{"weights"}, {"loss"}]


def test_another_python_reads_what_the_first_one_found(tmp_path: Path):
    """Syntax trees differ between versions, so what was found in a text counts while the text is the same."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.py").write_text("def f():\n    return 1\n")
    there = Sources(tmp_path)
    there.reached([("lib.one", "f")])
    modules, _ = there.found()
    for definition in modules["lib.one"]["found"]["definitions"].values():
        definition["digest"] = "of another tree"
    here = Sources(tmp_path, elsewhere=Elsewhere({"Python": versions.PYTHON}, {}, modules))
    assert here.reached([("lib.one", WHOLE)]).definitions == {f"lib.one.{WHOLE}": "of another tree"}
    (tmp_path / "lib" / "one.py").write_text("def f():\n    return 2\n")
    edited = Sources(tmp_path, elsewhere=here.elsewhere)
    assert "of another tree" not in edited.reached([("lib.one", WHOLE)]).definitions.values()


# ---------------------------------------------------------------------------------------------------------------------
# Wicked bundles


def files_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, files: dict[str, bytes], honest: bool = True) -> Path:
    """A zip of these files, with a manifest that fits them where it is ``honest``."""
    if honest:
        manifest = json.loads(files[MANIFEST])
        manifest["files"] = {name: sha256(text).hexdigest() for name, text in files.items() if name != MANIFEST}
        files = {**files, MANIFEST: json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def edited(files: dict[str, bytes], name: str, change: Callable[[Any], Any]) -> dict[str, bytes]:
    """The files with one changed as JSON."""
    raw = json.loads(files[name])
    changed = change(raw)
    return {**files, name: json.dumps(raw if changed is None else changed).encode()}


def with_record(files: dict[str, bytes], change: Callable[[Any], Any]) -> dict[str, bytes]:
    """The files with another record, whose status has its checksum."""
    files = edited(files, "chapters/dice.record.json", change)
    checksum = sha256(files["chapters/dice.record.json"]).hexdigest()
    return edited(files, "chapters/dice.status.json", lambda raw: raw.update(sha256=checksum))


def first(files: dict[str, bytes], kind: str) -> str:
    return next(name for name in files if name.startswith(f"{kind}/"))


def with_value(files: dict[str, bytes], blob: bytes) -> dict[str, bytes]:
    """The files with another value of one result, which its line in the list of jobs admits."""
    name = first(files, "jobs")
    lines = [json.loads(line) for line in files[JOBS].splitlines()]
    for line in lines:
        if line["key"] in name:
            line["sha256"] = sha256(blob).hexdigest()
    return {**files, name: blob, JOBS: b"\n".join(json.dumps(line).encode() for line in lines)}


def with_line(files: dict[str, bytes], change: Callable[[Any], Any], rekey: bool = False) -> dict[str, bytes]:
    first_line, *others = files[JOBS].splitlines()
    raw = json.loads(first_line)
    old = raw["key"]
    change(raw)
    if rekey:
        raw["key"] = key_of(raw["parts"])
        files = {**files, f"jobs/{raw['key']}.safetensors": files[f"jobs/{old}.safetensors"]}
        del files[f"jobs/{old}.safetensors"]
    return {**files, JOBS: b"\n".join([json.dumps(raw).encode(), *others])}


def drop(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {key: value for key, value in files.items() if key != name}


def figure(raw: Any) -> Any:
    return raw["figures"]["throws"]


SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
OWN = {
    "shape": "own", "table": {"columns": [], "rows": []}, "caption": "c", "alt": "a", "note": "", "made_by": "", "made_in": "",
    "declared_looks": {}, "svg": SVG.format("<script>alert(1)</script>"), "is_bare": False,
}  # fmt: skip
DEEP = b"[" * 200_000
CONTROL = "\x1b[2Jgone"

HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], dict[str, bytes]], str]] = {
    "a path that climbs": (lambda files: {**files, "../../evil.txt": b""}, "holds '../../evil.txt', which no bundle has"),
    "a path that climbs inside": (lambda files: {**files, "site/../../evil.txt": b""}, "evil.txt', which no bundle has"),
    "an absolute path": (lambda files: {**files, "/tmp/evil.txt": b""}, "holds '/tmp/evil.txt', which no bundle has"),
    "a drive": (lambda files: {**files, "C:/evil.txt": b""}, "holds 'C:/evil.txt', which no bundle has"),
    "backslashes": (lambda files: {**files, "jobs\\..\\..\\evil": b""}, "evil', which no bundle has"),
    "a module of the project": (lambda files: {**files, "experiments/dice.py": b""}, "dice.py', which no bundle has"),
    "a pickle": (lambda files: {**files, f"jobs/{'0' * 64}.pickle": b""}, "pickle', which no bundle has"),
    "a name in other capitals": (lambda files: {**files, "site/INDEX.html": b""}, "'site/index.html' more than once"),
    "a folder": (lambda files: {**files, "jobs/": b""}, "holds 'jobs/', which no bundle has"),
    "no manifest": (lambda files: drop(files, MANIFEST), "it has no measured-bundle.json"),
    "a manifest that nests": (lambda files: {**files, MANIFEST: DEEP}, "cannot be read: it nests too deeply"),
    "a manifest of another format": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(format=2)), "it has format 2, this version of"
    ),
    "a manifest with another field": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(run="rm")), "its fields are others"
    ),
    "a manifest that speaks to the terminal": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(host=CONTROL)), "its 'host' is not what"
    ),
    "a manifest of chapters that are not there": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(chapters=["dice", "coins"])),
        "'chapters/coins.record.json'",
    ),
    "a chapter that climbs": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(chapters=["../dice"])), "its 'chapters' is not what"
    ),
    "a preset that climbs": (
        lambda files: edited(files, MANIFEST, lambda raw: raw.update(preset="../..")), "its 'preset' is not what"
    ),
    "no list of jobs": (lambda files: drop(files, JOBS), "lacks 'jobs.jsonl'"),
    "a result that no list names": (
        lambda files: {**files, f"jobs/{'0' * 64}.safetensors": b""}, "is in jobs.jsonl or in the bundle, but not in both"
    ),
    "a result under the key of another": (
        lambda files: with_line(files, lambda raw: raw["parts"].update(job={"": "x"})), "line 1: its key is not that of"
    ),
    "a result of another format": (
        lambda files: with_line(files, lambda raw: raw["parts"].update(format=0), rekey=True), "line 1: it has format 0"
    ),
    "a result of no parts": (lambda files: with_line(files, lambda raw: raw.update(parts=[])), "line 1: its key is not that"),
    "seconds without end": (lambda files: with_line(files, lambda raw: raw.update(seconds=10**400)), "line 1: its checksum, "),
    "jobs that nest": (lambda files: {**files, JOBS: DEEP}, "jobs.jsonl, line 1: it nests too deeply"),
    "a value that is none": (lambda files: with_value(files, b"\x80\x04garbage"), "safetensors: it is no result"),
    "a value with a field that is none": (
        lambda files: with_value(
            files, without(encode(Weights(np.ones(9), np.ones(2))), ["weights"]).replace(b"weights", b"__a.b__")
        ),
        "safetensors: it holds something else than arrays, numbers and texts",
    ),
    "a value that another result has": (
        lambda files: {**files, first(files, "jobs"): encode(Weights(np.ones(9), np.ones(2)))}, "does not have the checksum"
    ),
    "a record of another chapter": (
        lambda files: with_record(files, lambda raw: raw.update(chapter="coins")),
        "it is no record of dice at the standard preset",
    ),
    "a record that is none": (lambda files: with_record(files, lambda raw: {"format": 6}), "it is no record of dice"),
    "a record without its checksum": (
        lambda files: edited(files, "chapters/dice.record.json", lambda raw: raw.update(seeds=7)), "its checksum is not what"
    ),
    "a figure whose name climbs": (
        lambda files: with_record(files, lambda raw: raw["figures"].update({"../../evil": figure(raw)})),
        "a figure is called '../../evil', which is no name",
    ),
    "a drawing of one's own with a script": (
        lambda files: with_record(files, lambda raw: raw["figures"].update(own=OWN)), "the drawing own has the element 'script'"
    ),
    "a drawing with a script": (
        lambda files: edited(files, first(files, "drawings"), lambda raw: raw["drawing"].update(wide=OWN["svg"])),
        "it has the element 'script', which no drawing of ours has",
    ),
    "a status that speaks to the terminal": (
        lambda files: edited(files, "chapters/dice.status.json", lambda raw: raw["parts"]["code"].update({CONTROL: "1"})),
        "its texts is not what",
    ),
    "a status without parts": (
        lambda files: edited(files, "chapters/dice.status.json", lambda raw: raw.update(parts=3)), "its parts is not what"
    ),
    "a status that says where it is from": (
        lambda files: edited(files, "chapters/dice.status.json", lambda raw: raw.update(origin={})), "its fields are others"
    ),
    "modules that are none": (lambda files: {**files, "source.json": b'{"x": {"key": 1, "found": {}}}'}, "is not what is"),
}  # fmt: skip


def refused(path: Path, folder: Path) -> str:
    """What is said of a bundle that is refused, with nothing written."""
    with pytest.raises(BuildError) as caught:
        unpack.unpacked(path, folder)
    assert not folder.exists() and not list(folder.parent.glob(".*")) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"--from {path}: ") and "nothing was taken from it" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("change, message", HOSTILE.values(), ids=HOSTILE)
def test_wicked_bundle_is_refused_and_nothing_is_written(bundle: Path, tmp_path: Path, change, message):
    """In one line that names the file inside and what is wrong with it."""
    files = change(files_of(bundle))
    path = written(tmp_path / "evil.zip", files, honest=MANIFEST in files and files[MANIFEST] != DEEP)
    assert message in refused(path, tmp_path / "cache" / "bundle")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "evil.zip"]


def test_manifest_that_lies_is_refused(bundle: Path, tmp_path: Path):
    """About what is there, and about what is in it: a file of the site as well, though it is not unpacked."""
    files, folder = files_of(bundle), tmp_path / "cache" / "bundle"
    extra = written(tmp_path / "extra.zip", {**files, "site/new.html": b""}, honest=False)
    assert "it holds 'site/new.html', of which its manifest knows nothing" in refused(extra, folder)
    less = written(tmp_path / "less.zip", drop(files, "site/index.html"), honest=False)
    assert "it lacks 'site/index.html'" in refused(less, folder)
    other = written(tmp_path / "other.zip", {**files, "site/index.html": b"other"}, honest=False)
    assert "'site/index.html' does not have the checksum" in refused(other, folder)


def with_info(bundle: Path, path: Path, change: Callable[[zipfile.ZipInfo], None]) -> Path:
    """A copy in which one file of the site has another description."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files_of(bundle).items():
            info = zipfile.ZipInfo(name)
            if name == "site/index.html":
                change(info)
            archive.writestr(info, content)
    return path


def test_links_and_strange_packing_are_refused(bundle: Path, tmp_path: Path):
    """A symbolic link, another way to compress, a password, and a name that is there twice."""
    folder = tmp_path / "cache" / "bundle"

    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    def packed(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_BZIP2

    assert "'site/index.html' is no file but a link" in refused(with_info(bundle, tmp_path / "link.zip", link), folder)
    assert "packed as no bundle is" in refused(with_info(bundle, tmp_path / "packed.zip", packed), folder)
    path = tmp_path / "twice.zip"
    shutil.copy(bundle, path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("site/index.html", b"")
    assert "'site/index.html' more than once" in refused(path, folder)


def test_bombs_are_refused_before_they_are_unpacked(bundle: Path, tmp_path: Path, monkeypatch):
    """By what they say of their sizes; one that lies about it, when it is read; and files that share their bytes."""
    folder = tmp_path / "cache" / "bundle"
    monkeypatch.setattr(unpack, "ANY_TIMES", 2**20)
    files = {MANIFEST: files_of(bundle)[MANIFEST], "site/big.bin": bytes(2**22)}
    with monkeypatch.context() as patched:
        patched.setattr(unpack, "_manifest", lambda *_: pytest.fail("reads"))
        bomb = written(tmp_path / "bomb.zip", files)
        assert "when unpacked; at most" in refused(bomb, folder)
        patched.setattr(unpack, "MOST_BYTES_OF_ONE", 2**21)
        assert "'site/big.bin' would be 4,194,304 bytes; at most 2,097,152 are unpacked" in refused(bomb, folder)
        patched.setattr(unpack, "MOST_FILES", 1)
        assert "it holds 2 files, and at most 1 are unpacked" in refused(bomb, folder)
    monkeypatch.undo()
    written(bomb, {"site/big.bin": bytes(2**12), **files_of(bundle)})
    raw = bytearray(bomb.read_bytes())
    place = raw.index(b"PK\x01\x02")
    raw[place + 24 : place + 28] = struct.pack("<L", 10)  # the size when unpacked
    (tmp_path / "lying.zip").write_bytes(raw)
    assert "it is no zip file, or a damaged one" in refused(tmp_path / "lying.zip", folder)
    raw[place + 20 : place + 24] = struct.pack("<L", 10**6)  # the size as it is packed
    (tmp_path / "overlapping.zip").write_bytes(raw)
    assert "its files overlap" in refused(tmp_path / "overlapping.zip", folder)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06 no zip", b"<!doctype html>"])
def test_file_that_is_no_zip_is_refused(tmp_path: Path, content):
    """Such as a page that said that the download failed."""
    (tmp_path / "report.zip").write_bytes(content)
    assert "it is no zip file, or a damaged one" in refused(tmp_path / "report.zip", tmp_path / "cache" / "bundle")


def test_damaged_bundle_leaves_an_earlier_one_as_it_is(bundle: Path, tmp_path: Path):
    """What was unpacked stays in use until another one is whole."""
    folder = tmp_path / "cache" / "bundle"
    before = unpack.unpacked(bundle, folder)
    (tmp_path / "half.zip").write_bytes(bundle.read_bytes()[: bundle.stat().st_size // 2])
    with pytest.raises(BuildError, match="no zip file, or a damaged one"):
        unpack.unpacked(tmp_path / "half.zip", folder)
    assert unpack.at(folder) == before
    again = written(tmp_path / "other.zip", files_of(bundle))
    assert unpack.unpacked(again, folder).name == "other.zip" and os.listdir(folder.parent) == ["bundle"]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> [here](javascript:alert(1)) {{ 7 * 7 }}"


def test_html_in_a_record_is_text_on_every_page(clone: ToyProject, bundle: Path, tmp_path: Path):
    """Wherever a record has words, none becomes a tag, an address that runs something, or a template."""

    def change(raw: Any) -> None:
        figure(raw).update(caption=EVIL, alt=EVIL, note=EVIL, made_by=EVIL, made_in=EVIL)
        for metric in raw["metrics"].values():
            metric.update({name: EVIL for name in ("unit", "what") if name in metric})
        for verdict in raw["verdicts"]:
            verdict.update({name: EVIL for name, value in verdict.items() if isinstance(value, str) and name in WORDS})
        for setting in raw["settings"]:
            setting["value"] = EVIL

    path = written(tmp_path / "evil.zip", with_record(files_of(bundle), change))
    assert rebuilt(clone, path) == 0
    pages = {page: page.read_text(encoding="utf-8") for page in (clone.folder / "site").glob("*.html")}
    assert any("&lt;script&gt;alert(1)" in text for text in pages.values())
    for page, text in pages.items():
        assert "<script>alert" not in text and "<img src=x" not in text, page
        assert not re.search(r"""(?:href|src)\s*=\s*["']?\s*javascript:""", text, re.IGNORECASE), page


WORDS = ("says", "text", "headline", "quote", "comment", "source", "published", "note")

DRAWINGS = {
    "onload": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "entity": '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
    "foreignObject": SVG.format("<foreignObject/>"),
    "link": SVG.format('<a href="javascript:alert(1)"/>'),
    "image": SVG.format('<image href="http://elsewhere/pixel.png"/>'),
    "style": SVG.format("<style>a{b:u<![CDATA[rl(http://elsewhere)]]></style>"),
    "import": SVG.format("<style>@import 'x';</style>"),
    "set of images": SVG.format("<rect style=\"mask-image:image-set('https://example.org/x' 1x)\"/>"),
    "source": SVG.format("<rect style=\"fill:src('https://example.org/x')\"/>"),
    "attribute": SVG.format('<g style="fill: url(http://elsewhere)"/>'),
    "animation": SVG.format('<set attributeName="href" to="javascript:alert(1)"/>'),
    "html": "<html/>",
    "none": "<svg",
}


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_svg_that_does_more_than_show_is_found(drawing):
    """A drawing may be opened by itself, where no page's policy holds."""
    assert fault_of(drawing)


def test_drawings_of_our_own_pass(sender: ToyProject):
    """All that matplotlib writes for a chart."""
    drawings = list((sender.folder / "site").rglob("*.svg"))
    assert drawings and not any(fault_of(path.read_text(encoding="utf-8")) for path in drawings)
