"""Build the report: choose chapters, run them, judge their claims, render, publish. ``python build.py --help``."""

import argparse
import importlib
import json
import os
import platform
import queue
import sys
import threading
import time
import traceback
import webbrowser
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from measured.errors import BuildError, did_you_mean
from measured.evidence import duration
from measured.jobs.cache import Cache, canonical, explain, key_of, leftovers
from measured.jobs.source import WHOLE, Project, changes, digest
from measured.pages import chapter as chapter_page
from measured.pages import check, environment, front, ledger, made, source
from measured.pages.outline import Chapter, read_outline
from measured.pages.record import Record, Setting, Status, read
from measured.press import publish, terminal
from measured.press.record import Records

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
VERDICTS = ROOT / "verdicts.json"
PRESETS = ("quick", "standard", "full")
MOST_SEEDS = 10_000
# Their versions decide whether a chapter's finished result, drawings included, is current.
MEASURING_DISTRIBUTIONS = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")
JUDGING_MODULES = (
    "measured.evidence.metric",
    "measured.evidence.intervals",
    "measured.evidence.judge",
    "measured.charts.figures",
    "measured.pages.record",
)


# ---------------------------------------------------------------------------------------------------------------------
# Command line


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line, and nothing else."""

    def error(self, message: str):
        raise BuildError(f"{message}; see python build.py --help")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python build.py",
        description="Run the experiments of the report and publish it. What is current is not run again.",
        epilog="Examples: 'python build.py --open'; 'python build.py --only mnist_cnn --preset quick'; 'python build.py --list'.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    what = parser.add_argument_group("what to build")
    what.add_argument("--only", nargs="+", metavar="NAME", help="these chapters or parts; the other pages stay as they are")
    what.add_argument(
        "--preset",
        default="standard",
        metavar="|".join(PRESETS),
        help="how thoroughly (default: standard; quick only proves that the code runs)",
    )
    what.add_argument(
        "--seeds",
        type=_number_of_seeds,
        metavar="N",
        help="N seeds wherever the preset has fewer, in this build; the ones that there are stay",
    )
    what.add_argument("--force", action="store_true", help="compute everything again, whatever the cache holds")

    instead = parser.add_argument_group("instead of building").add_mutually_exclusive_group()
    instead.add_argument(
        "--list", action="store_true", help="the chapters, what each asks, and whether its result is current or why not"
    )
    instead.add_argument("--dry-run", action="store_true", help="what would run, why, and about how long")
    instead.add_argument("--prune", action="store_true", help="delete cache entries that no chapter reaches at any preset")
    instead.add_argument(
        "--diff", type=Path, metavar="OTHER_SITE",
        help="what changed from another build to this one: verdicts, metrics beyond their interval, figures; exit with 1 where anything did",
    )  # fmt: skip
    instead.add_argument("--version", action="store_true", help="print the version")
    instead.add_argument("-h", "--help", action="store_true", help="print this text")

    where = parser.add_argument_group("where it runs")
    where.add_argument("--workers", type=_count, metavar="N", help="worker processes (default: one a core; 0: in this process)")
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="a running Dask scheduler, like tcp://127.0.0.1:8786, instead of local workers"
    )
    where.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda", help="where tensors live (default: auto, CUDA where there is one)"
    )

    verdicts = parser.add_argument_group("accepted verdicts").add_mutually_exclusive_group()
    verdicts.add_argument("--strict", action="store_true", help="exit with 1 where a verdict differs from verdicts.json")
    verdicts.add_argument("--accept", action="store_true", help="write the verdicts of this build to verdicts.json")

    files = parser.add_argument_group("files and output")
    files.add_argument("--out", type=Path, default=ROOT / "site", metavar="FOLDER", help="where the site goes (default: site)")
    files.add_argument(
        "--cache", type=Path, default=ROOT / "cache", metavar="FOLDER", help="where results are kept (default: cache)"
    )
    files.add_argument("--open", action="store_true", help="open the report in a browser at the end")
    files.add_argument("--debug", action="store_true", help="show tracebacks, and for each job why it is computed")

    options = parser.parse_args(arguments)
    if options.help:
        parser.print_help()
    _check(options)
    return options


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; expected 0, 1, 2, ...")
    return int(text)


def _number_of_seeds(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_SEEDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seeds; expected 2, 3, ... {MOST_SEEDS:,}: one seed has no interval"
        )
    return int(text)


def _check(options: argparse.Namespace) -> None:
    """Refuse values that do not exist and options that contradict each other."""
    for name, allowed in (("preset", PRESETS), ("device", ("auto", "cpu", "cuda"))):
        value = getattr(options, name)
        if value not in allowed:
            raise BuildError(f"--{name} {value!r} does not exist; {did_you_mean(value, allowed)}")
    if options.cluster and options.workers is not None:
        raise BuildError("--cluster and --workers contradict each other; the cluster decides how many workers it has")
    if (options.strict or options.accept) and options.preset == "quick":
        raise BuildError("--strict and --accept need evidence; the quick preset has none, so use --preset standard or full")
    if options.seeds and (options.strict or options.accept):
        raise BuildError(
            "--accept and --strict are about the preset's own seeds, so --seeds contradicts them; leave --seeds out"
        )
    # Publishing changes whole folders; an entry that is cached meanwhile inside the old one would be lost.
    out, cache = options.out.resolve(), options.cache.resolve()
    if ROOT.is_relative_to(out):
        raise BuildError(f"--out {options.out} contains the project; expected a folder for the site alone, as in --out site")
    if out.is_relative_to(cache) or cache.is_relative_to(out):
        raise BuildError(
            f"--out {options.out} and --cache {options.cache} lie one inside the other; expected two separate folders"
        )
    idle = next((name for name in ("list", "dry_run", "prune", "diff") if getattr(options, name)), None)
    if idle:
        for name in ("open", "strict", "accept", "cluster"):
            if getattr(options, name):
                raise BuildError(f"--{idle.replace('_', '-')} builds nothing, so --{name} contradicts it; leave one out")


def choose(outline: Sequence[Chapter], names: Sequence[str] | None) -> list[Chapter]:
    """The chapters that ``--only`` names: by module, by number, or by part. Raises BuildError for an unknown one."""
    if not names:
        return list(outline)
    chosen: set[str] = set()
    for name in names:
        found = {
            item.name for item in outline if name.lower() in (item.name, item.number, item.part.lower(), item.number_of_part)
        }
        if not found:
            known = [*(item.name for item in outline), *dict.fromkeys(item.part.lower() for item in outline)]
            raise BuildError(f"--only {name!r} is no chapter or part; {did_you_mean(name, known)}")
        chosen |= found
    return [item for item in outline if item.name in chosen]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    started = time.perf_counter()
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    try:
        options = parse(arguments)
        if options.help:
            return 0
        if options.version:
            print(f"measured {_project_version()}")
            return 0
        return _Build(options, started).run()
    except BuildError as error:
        if debug:
            traceback.print_exc()
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if debug:
            traceback.print_exc()
        print(f"build.py: {error.name} is not installed for {sys.executable}; {_how_to_install()}", file=sys.stderr)
        return 2
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(f"build.py: {_one_line(error)}; --debug shows where this came from", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("build.py: stopped; what was finished is kept, and the next build goes on from there", file=sys.stderr)
        return 130


def _how_to_install() -> str:
    of_the_project = ROOT / ".venv" / "bin" / "python"
    if of_the_project.exists() and not Path(sys.prefix).samefile(ROOT / ".venv"):
        return "type .venv/bin/python build.py"
    return "type python3 -m venv .venv && .venv/bin/python -m pip install -q '.[report]' && .venv/bin/python build.py"


def _project_version() -> str:
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


# ---------------------------------------------------------------------------------------------------------------------
# The build


@dataclass
class _Measured:
    """A chapter's ``run()`` as it came back from its thread."""

    chapter: Chapter
    result: Any = None
    error: BaseException | None = None
    seconds: float = 0.0


class _Build:
    def __init__(self, options: argparse.Namespace, started: float):
        self.options, self.started = options, started
        self.report = read_outline(ROOT)
        self.outline = self.report.chapters
        self.chosen = choose(self.outline, options.only)
        self.site = publish.Site(options.out)
        self.records, self.cache = Records(options.cache), Cache(options.cache)
        self.source = Project(ROOT, memo=options.cache / "source.json")
        self.trouble: dict[str, str] = {}
        self.waiting: set[str] = set()
        self.warned: set[str] = set()
        self.told: set[str] = set()
        self.modules: dict[str, ModuleType] = {}
        self.parts: dict[str, dict[str, Any] | None] = {}
        self.num_jobs = self.num_cached = self.num_missing = 0

    def run(self) -> int:
        """Do what the options ask for; the exit code."""
        if self.options.list:
            return self.list_chapters()
        if self.options.prune:
            return self.prune()
        if self.options.dry_run:
            return self.dry_run()
        if self.options.diff:
            return self.diff()
        self.site.check()
        accepted = _accepted_verdicts() if self.options.strict or self.options.accept else {}
        stale = [chapter for chapter in self.chosen if self.options.force or self.why_stale(chapter)]
        if stale:
            self.measure(stale)
            self.source.remember()
        published = self._write_site_at_the_end()
        differing = self.compare_verdicts(accepted)
        self.say_goodbye(stale, published)
        if self.options.open:
            webbrowser.open((self.options.out / "index.html").absolute().as_uri())
        return 1 if self.trouble or differing else 0

    # What is current -------------------------------------------------------------------------------------------------

    def parts_of(self, chapter: Chapter, device: str) -> dict[str, Any]:
        """Everything that determines a chapter's finished result, told without importing it."""
        roots = [(f"experiments.{chapter.name}", WHOLE), *((module, WHOLE) for module in JUDGING_MODULES)]
        return {
            "chapter": chapter.name,
            "preset": self.options.preset,
            "device": device,
            "code": self.source.reached(roots),
            "versions": _versions(MEASURING_DISTRIBUTIONS),
            "seeds": self.options.seeds,
        }

    def _parts_or_none(self, chapter: Chapter, device: str) -> dict[str, Any] | None:
        try:
            return self.parts_of(chapter, device)
        except SyntaxError:
            return None  # importing the chapter will say so, under a banner

    def why_stale(self, chapter: Chapter) -> list[str]:
        """Why the kept result is not current, a line a reason; nothing where it is."""
        status = self.records.status(chapter.name, self.options.preset)
        if status is None:
            return ["never measured at this preset"]
        device = status.parts["device"] if self.options.device == "auto" else self.options.device
        try:
            parts = self.parts_of(chapter, device)
        except SyntaxError as error:
            return [f"{error.filename or 'its source'} does not parse: {error.msg}, line {error.lineno}"]
        before = status.parts
        reasons = changes(before["code"], parts["code"])
        reasons += [
            f"{name} {before['versions'].get(name)} -> {now}"
            for name, now in parts["versions"].items()
            if before["versions"].get(name) != now
        ]
        if before.get("seeds") != self.options.seeds:
            had, asked = (
                f"{number} seeds" if number else "the preset's seeds" for number in (before.get("seeds"), self.options.seeds)
            )
            reasons.append(f"measured with {had}, asked for {asked}")
        if before["device"] != device:
            reasons.append(f"measured on {before['device']}, asked for {device}")
        if not reasons and self.records.text(chapter.name, self.options.preset) is None:
            reasons.append("its kept result is damaged")
        return reasons

    def list_chapters(self) -> int:
        """Print the chapters, what each asks, and whether its result is current."""
        for chapter in self.chosen:
            reasons = self.why_stale(chapter)
            state = f"not current: {_few(reasons)}" if reasons else "current"
            print(
                f"{chapter.number}  {chapter.name}  ({chapter.part})\n     {chapter.question}\n     {self.options.preset}: {state}"
            )
        return 0

    # Rehearsal: run() with made-up results, before anything is trained ------------------------------------------------

    def load(self, chapter: Chapter) -> ModuleType:
        """The chapter's module with what a chapter must have. Raises BuildError where something is missing."""
        if chapter.name not in self.modules:
            module = importlib.import_module(f"experiments.{chapter.name}")
            for name, meaning in (
                ("Settings", "a frozen dataclass"),
                ("PRESETS", "Settings by preset: quick, standard, full"),
                ("run", "run(settings) -> Result(metrics, figures)"),
                ("CLAIMS", "a tuple of Claims"),
            ):
                if not hasattr(module, name):
                    raise BuildError(f"experiments/{chapter.name}.py has no {name}; expected {meaning}")
            self.modules[chapter.name] = module
        return self.modules[chapter.name]

    def settings_of(self, chapter: Chapter, preset: str, num_seeds: int | None) -> Any:
        """The chapter's settings at a preset, with at least ``num_seeds`` seeds where that is asked for."""
        presets = self.load(chapter).PRESETS
        if preset not in presets:
            raise BuildError(f"experiments/{chapter.name}.py has no preset {preset!r}; expected quick, standard and full")
        return with_seeds(presets[preset], num_seeds) if num_seeds else presets[preset]

    def rehearse(self, chapter: Chapter, preset: str, device: str, num_seeds: int | None) -> Any:
        """Run the chapter on placeholders: which jobs it asks for, and whether its claims and template name what is there."""
        from measured.evidence import judge
        from measured.jobs import compute

        module = self.load(chapter)
        rehearsal = compute.Rehearsal(self.cache, device)
        with compute.using(rehearsal):
            metrics, figures = _checked_result(chapter, module.run(self.settings_of(chapter, preset, num_seeds)))
        verdicts = judge.judge(module.CLAIMS, metrics)
        made_up = Record(chapter.name, preset, device, metrics, figures, {}, verdicts, ())
        check.check(self.frame, self.report, chapter, made_up)
        return rehearsal

    def dry_run(self) -> int:
        """Print what would run, why, and about how long."""
        total, num_workers = 0.0, self._num_workers() or 1
        for chapter in self.chosen:
            reasons = ["--force"] if self.options.force else self.why_stale(chapter)
            if not reasons:
                print(f"{chapter.name}: current, nothing to run")
                continue
            from measured.jobs import compute

            device = _resolve_device(self.options.device)
            try:
                rehearsal = self.rehearse(chapter, self.options.preset, device, self.options.seeds)
            except Exception as error:
                self.trouble[chapter.name] = _one_line(error)
                print(f"{chapter.name}: would fail: {_one_line(error)}")
                continue
            missing = rehearsal.asked if self.options.force else rehearsal.missing()
            seconds = sum(rehearsal.expected_seconds(job) for job in missing.values())
            total += seconds
            kinds = Counter(type(job).__name__ for job in missing.values())
            listing = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "no job, only drawing"
            print(f"{chapter.name}: {listing}; about {duration(seconds)} of one worker. Why: {_few(reasons)}")
            if self.options.debug:
                for job in missing.values():
                    print(f"  {compute.name_of(job)}: {_few(_why_missing(self.cache, job, device))}")
        print(f"about {duration(total / num_workers)} with {num_workers} worker{'s' if num_workers > 1 else ''}")
        return 1 if self.trouble else 0

    # Measuring -------------------------------------------------------------------------------------------------------

    def measure(self, stale: list[Chapter]) -> None:
        """Run the chapters, each in a thread, all sharing the workers; keep and publish each as it finishes."""
        # Read the source before it is imported: an edit made while the build runs must not pass for what was measured.
        for chapter in stale:
            self._parts_or_none(chapter, "cpu")
        from measured.jobs import compute, remote

        compute.use_source(self.source)
        remote.source_digest(ROOT)
        # Starting workers and importing torch take seconds each, so they share them.
        with ThreadPoolExecutor(1) as starter:
            # A chapter that was measured before may find all its jobs in the cache; then no worker is needed.
            surely = self.options.force or any(self.records.status(item.name, self.options.preset) is None for item in stale)
            starting = starter.submit(self._start_pool) if surely else None
            display = terminal.display(self._num_workers())
            try:
                device = _resolve_device(self.options.device)
                self._prepare_cache()
                self.parts = {chapter.name: self._parts_or_none(chapter, device) for chapter in stale}
                display.start([chapter.name for chapter in stale])
                ready = [chapter for chapter in stale if self._prepare(chapter, device, display)]
                pool = starting.result() if starting else self._start_pool(only_cached=not self.num_missing)
            except BaseException:
                display.stop()
                if starting and not starting.cancel() and starting.exception() is None:
                    starting.result().close()
                raise
        pool.device = device
        finished: queue.Queue[_Measured] = queue.Queue()
        closing = threading.Thread(target=pool.close, name="close workers")
        try:
            self.waiting = {chapter.name for chapter in ready}
            for chapter in ready:
                listener = _Listener(chapter.name, display)
                thread = threading.Thread(
                    target=self._run, args=(chapter, pool, listener, finished), name=chapter.name, daemon=True
                )
                thread.start()
            self._write_site_early()
            for remaining in reversed(range(len(ready))):
                measured = _wait(finished)
                if not remaining:
                    closing.start()  # takes seconds, in which the last chapter is drawn
                self._finish(measured, device, display)
                self._write_site_early()
        finally:
            display.stop()
            if closing.ident is None:
                closing.start()
            closing.join()
        for chapter in stale:
            progress = display.progress(chapter.name)
            self.num_jobs += len(progress.done)
            self.num_cached += len(progress.cached)

    def _prepare_cache(self) -> None:
        try:
            self.cache.prepare()
        except OSError as error:
            message = f"--cache {self.options.cache} cannot be written ({error.strerror}); expected a folder of your own"
            raise BuildError(message) from error

    def _start_pool(self, only_cached: bool = False) -> Any:
        from measured.jobs import compute

        options = self.options
        if options.cluster and not only_cached:
            try:
                return compute.Workers(self.cache, force=options.force, address=options.cluster)
            except ValueError as error:
                raise BuildError(f"--cluster {options.cluster}: {error}") from error
        if (num_workers := self._num_workers()) and not only_cached:
            return compute.Workers(self.cache, force=options.force, num_workers=num_workers)
        return compute.InProcess(self.cache, force=options.force)

    def _num_workers(self) -> int:
        return self.options.workers if self.options.workers is not None else os.cpu_count() or 1

    def _prepare(self, chapter: Chapter, device: str, display: terminal.Display) -> bool:
        """Check the chapter before anything is trained; False where it fails already."""
        try:
            rehearsal = self.rehearse(chapter, self.options.preset, device, self.options.seeds)
        except Exception as error:
            self._fail(chapter, error, display)
            return False
        self.num_missing += len(rehearsal.missing())
        if self.options.debug:
            reasons = Counter(
                (type(job).__name__, _few(_why_missing(self.cache, job, device))) for job in rehearsal.missing().values()
            )
            for (kind, reason), count in sorted(reasons.items()):
                display.say(f"{chapter.name}: {count} {kind} to compute, because: {reason}")
        return True

    def _run(self, chapter: Chapter, pool: Any, listener: Any, finished: "queue.Queue[_Measured]") -> None:
        from measured.jobs import compute

        measured, started = _Measured(chapter), time.perf_counter()
        try:
            module = self.load(chapter)
            with compute.using(pool, listener):
                measured.result = _checked_result(chapter, module.run(self._settings(chapter)))
        except BaseException as error:
            measured.error = error
        measured.seconds = time.perf_counter() - started
        finished.put(measured)

    def _finish(self, measured: _Measured, device: str, display: terminal.Display) -> None:
        """Judge, draw and keep a chapter; on the main thread, as matplotlib wants it."""
        chapter = measured.chapter
        self.waiting.discard(chapter.name)
        try:
            if measured.error:
                raise measured.error
            from measured import charts
            from measured.evidence import judge

            module, (metrics, drawn) = self.load(chapter), measured.result
            settings = self._settings(chapter)
            record = Record(
                chapter.name,
                self.options.preset,
                device,
                metrics,
                drawn,
                {name: charts.draw(name, figure) for name, figure in drawn.items()},
                judge.judge(module.CLAIMS, metrics),
                tuple(Setting(item.name, _shown(getattr(settings, item.name))) for item in fields(settings)),
                seeds=self.options.seeds,
            )
            chapter_page.prose(self.frame, chapter, record)
            progress, parts = display.progress(chapter.name), self.parts[chapter.name]
            assert parts is not None  # a source that does not parse is not imported
            self.records.store(
                record,
                Status(
                    key=key_of(parts),
                    parts=parts,
                    sha256="",
                    jobs=tuple(sorted(progress.done)),
                    num_cached=len(progress.cached),
                    worker_seconds=sum(progress.done.values()),
                    wall_seconds=measured.seconds,
                    versions=_versions((*MEASURING_DISTRIBUTIONS, *environment.DISTRIBUTIONS))
                    | {"Python": platform.python_version()},
                    host=f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores",
                ),
            )
        except Exception as error:
            self._fail(chapter, error, display)
        else:
            counts = [
                f"{sum(item.outcome == name for item in record.verdicts)} {name}"
                for name in ("supported", "refuted", "inconclusive")
            ]
            display.settle(chapter.name, f"done in {duration(measured.seconds)}: {', '.join(counts)}")

    def _settings(self, chapter: Chapter) -> Any:
        return self.settings_of(chapter, self.options.preset, self.options.seeds)

    def _fail(self, chapter: Chapter, error: BaseException, display: terminal.Display) -> None:
        self.trouble[chapter.name] = _one_line(error)
        self.told.add(chapter.name)
        display.settle(chapter.name, f"failed: {_one_line(error)}")
        if self.options.debug:
            traceback.print_exception(error)

    def _write_site_early(self) -> None:
        """Publish what is finished while others run; what still goes wrong at the end is said then."""
        if self.waiting:
            try:
                self.write_site()
            except Exception:
                if self.options.debug:
                    traceback.print_exc()

    # Publishing ------------------------------------------------------------------------------------------------------

    def _write_site_at_the_end(self) -> bool:
        try:
            return self.write_site()
        except ModuleNotFoundError:
            raise
        except OSError as error:
            raise BuildError(f"--out {self.options.out} cannot be written ({error}); the last site is as it was") from error
        except Exception as error:
            message = f"templates: {_one_line(error)}; the last site is as it was, and what was measured is kept"
            raise BuildError(message) from error

    def write_site(self) -> bool:
        """Write the site as things stand; False where it was already so."""
        # A chapter that others are still measured beside may yet come out well: what is met here is kept only at the end.
        trouble = dict(self.trouble) if self.waiting else self.trouble
        sources = {
            path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
            for path in [
                ROOT / "build.py",
                *sorted(ROOT.glob("experiments/*.py")),
                *sorted(ROOT.glob("lab/*.py")),
                *sorted(ROOT.glob("measured/**/*.py")),
            ]
        }
        prose = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("chapters/*.jinja2"))}
        making = {path: text for path, text in sources.items() if path.startswith("measured/")}
        contents = [[item.name, item.number, item.part, item.question] for item in self.outline]
        contents += [self.report.title, repr(self.report.sources)]
        common = digest(canonical([environment.texts(TEMPLATES), making, contents, environment.versions()]))

        kept = {item.name: self._kept_files(item) for item in self.outline}
        statuses = {item.name: status for item in self.outline if (status := self._status(item, kept[item.name]))}

        @cache
        def page(number: int) -> chapter_page.Page:
            chapter = self.outline[number]
            files = kept[chapter.name]
            if files is None:
                waiting = chapter.name in self.waiting
                record = None if waiting else self.records.load(chapter.name, self.options.preset)
                return chapter_page.Page(chapter, record, trouble.get(chapter.name, ""), waiting)
            data = files.get(f"data/{chapter.name}.json")  # a page that says "not measured yet" has none
            before = self.site.bundles[f"chapter {chapter.name}"].get("trouble", "")
            return chapter_page.Page(chapter, read(data.decode()) if data else None, before)

        def pages() -> list[chapter_page.Page]:
            found = [page(number) for number in range(len(self.outline))]
            # Making a chapter's files may have met trouble that its page did not know yet.
            return [replace(item, trouble=trouble.get(item.chapter.name, item.trouble)) for item in found]

        bundles = []
        for number, chapter in enumerate(self.outline):
            name, files = f"chapter {chapter.name}", kept[chapter.name]
            if files:
                before = self.site.bundles[name]
                bundles.append(publish.Bundle(name, before["inputs"], lambda files=files: files, before.get("trouble", "")))
                continue
            status = statuses.get(chapter.name)
            inputs = [common, chapter.source, prose.get(f"{chapter.name}.md.jinja2", ""), status.sha256 if status else ""]
            inputs += [trouble.get(chapter.name, ""), chapter.name in self.waiting]
            bundles.append(self._chapter_bundle(chapter, inputs, trouble, lambda number=number: page(number)))
        front = [common, *(bundle.inputs for bundle in bundles)]
        bundles.append(publish.Bundle("front", digest(canonical(front)), lambda: self._front(pages())))
        facts = [common, list(sources), {name: repr(status) for name, status in statuses.items()}]
        bundles.append(
            publish.Bundle(
                "made", digest(canonical(facts)), lambda: made.files(self.frame, self.report, pages(), statuses, list(sources))
            )
        )
        for path, text in sources.items():
            make = lambda path=path, text=text: source.files(self.frame, self.report, {path: text})  # noqa: E731
            bundles.append(publish.Bundle(f"source {path}", digest(canonical([common, path, text])), make))
        return self.site.publish(bundles)

    @cached_property
    def frame(self) -> environment.Frame:
        """The report's templates."""
        return environment.make(TEMPLATES)

    def _front(self, pages: Sequence[chapter_page.Page]) -> dict[str, bytes]:
        return front.files(self.frame, self.report, pages) | ledger.files(self.frame, self.report, pages)

    def _chapter_bundle(
        self, chapter: Chapter, inputs: list[Any], trouble: dict[str, str], page: Callable[[], chapter_page.Page]
    ) -> publish.Bundle:
        """The files of a chapter; made at once where they are needed, since prose that does not fit its numbers is ``trouble``."""
        name = f"chapter {chapter.name}"
        key, line = digest(canonical(inputs)), trouble.get(chapter.name, "")
        if self.site.bundles.get(name, {}).get("inputs") == key and self.site.files_of(name):
            return publish.Bundle(name, key, dict, line)
        try:
            shown = page()
            if shown.record:
                check.check(self.frame, self.report, chapter, shown.record)
            files = chapter_page.files(self.frame, self.report, shown)
            for warning in check.conclusions(self.frame, chapter) if shown.record else ():
                if warning not in self.warned:
                    self.warned.add(warning)
                    print(f"warning: {warning}")
        except Exception as error:
            line = trouble.setdefault(chapter.name, _one_line(error))
            files = chapter_page.under_banner(self.frame, self.report, chapter, self.site.files_of(name), line)
            key = digest(canonical([*inputs, line]))
        return publish.Bundle(name, key, lambda: files, line)

    def _kept_files(self, chapter: Chapter) -> dict[str, bytes] | None:
        """The published files of a chapter that ``--only`` left out, or that is not measured yet: they stay as they are."""
        if chapter not in self.chosen:
            return self.site.files_of(f"chapter {chapter.name}")
        files = self.site.files_of(f"chapter {chapter.name}") if chapter.name in self.waiting else None
        return files if files and f"data/{chapter.name}.json" in files else None

    def _status(self, chapter: Chapter, kept: dict[str, bytes] | None) -> Status | None:
        preset = self.options.preset
        if kept and (data := kept.get(f"data/{chapter.name}.json")):
            preset = json.loads(data).get("preset", preset)
        return self.records.status(chapter.name, preset)

    # Verdicts, pruning, goodbye ---------------------------------------------------------------------------------------

    def compare_verdicts(self, accepted: dict[str, dict[str, dict[str, str]]]) -> list[str]:
        """With ``--accept``, write the verdicts; with ``--strict``, print and return the differences from the accepted ones."""
        if not (self.options.accept or self.options.strict):
            return []
        of_preset = accepted.setdefault(self.options.preset, {})
        differing = []
        for chapter in self.chosen:
            record = self.records.load(chapter.name, self.options.preset)
            found = {verdict.id: verdict.outcome for verdict in record.verdicts} if record else {}
            known = of_preset.get(chapter.name, {})
            for name in sorted(found.keys() | known.keys()):
                if found.get(name) != known.get(name):
                    differing.append(
                        f"{chapter.name} {name}: {found.get(name, 'no such claim')}, accepted was {known.get(name, 'nothing')}"
                    )
            if not self.trouble.get(chapter.name):
                of_preset[chapter.name] = found
        if self.options.accept:
            VERDICTS.write_text(json.dumps(accepted, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            print(f"{VERDICTS.name}: {len(differing)} verdict{'s' if len(differing) != 1 else ''} changed")
            return []
        for line in differing:
            print(f"verdict differs: {line}")
        return differing

    def diff(self) -> int:
        """Print what differs between another site and this one; 1 where anything does."""
        from measured.press import compare

        lines = compare.differences(self.options.diff, self.options.out)
        print("\n".join(lines) or f"{self.options.diff} and {self.options.out} say the same")
        return 1 if lines else 0

    def prune(self) -> int:
        """Delete what no chapter reaches at any preset with the present sources."""
        statuses = self.records.statuses()
        devices = {"cpu", *(status.parts["device"] for _, _, status in statuses)}
        # What --seeds added to a kept result is reached by it.
        added = {(name, preset): status.parts.get("seeds") for name, preset, status in statuses}
        reached: set[str] = set()
        for chapter in self.outline:
            for preset in PRESETS:
                for device in sorted(devices):
                    try:
                        for num_seeds in {None, added.get((chapter.name, preset))}:
                            reached |= self.rehearse(chapter, preset, device, num_seeds).asked.keys()
                    except Exception as error:
                        raise BuildError(
                            f"cannot tell what {chapter.name} reaches ({_one_line(error)}); mend it before pruning"
                        ) from error
        removed = [key for key in self.cache.keys() if key not in reached]
        freed = self.cache.remove(removed)
        for name, preset, _ in statuses:
            if name not in {chapter.name for chapter in self.outline}:
                self.records.remove(name, preset)
        for path in leftovers(self.options.cache):
            _remove(path)
        print(
            f"{self.options.cache}: {len(removed)} of {len(removed) + len(reached & set(self.cache.keys()))} entries deleted, {freed / 1e6:.1f} MB freed"
        )
        return 0

    def say_goodbye(self, stale: list[Chapter], published: bool) -> None:
        """One line: where the report is, how long it took, what came from the cache."""
        where, elapsed = self.options.out / "index.html", duration(time.perf_counter() - self.started)
        if self.num_jobs:
            what = f"{len(stale)} chapter{'s' if len(stale) > 1 else ''} in {elapsed}, {self.num_cached} of {self.num_jobs} jobs from the cache"
        else:
            what = f"pages written in {elapsed}, nothing to run" if published else f"nothing to do, {elapsed}"
        failed = f"; failed: {', '.join(sorted(self.trouble))}" if self.trouble else ""
        for name in sorted(self.trouble.keys() - self.told):
            print(f"{name}: failed: {self.trouble[name]}")
        try:
            where = where.relative_to(Path.cwd())
        except ValueError:
            pass
        print(f"{where}: {what}{failed}")


def _accepted_verdicts() -> dict[str, dict[str, dict[str, str]]]:
    """Outcomes by preset, chapter and claim. Raises BuildError where the file holds something else."""
    if not VERDICTS.exists():
        return {}
    hint = f"mend it, or delete {VERDICTS.name} and type python build.py --accept"
    try:
        accepted = json.loads(VERDICTS.read_text(encoding="utf-8"))
        chapters = [chapter for of_preset in accepted.values() for chapter in of_preset.values()]
        if all(isinstance(chapter, dict) for chapter in chapters):
            return accepted
    except ValueError as error:
        raise BuildError(f"{VERDICTS.name} cannot be read ({error}); {hint}") from error
    except AttributeError:
        pass
    raise BuildError(f"{VERDICTS.name} is not of the form {{preset: {{chapter: {{claim: verdict}}}}}}; {hint}")


class _Listener:
    """Tells the display what becomes of a chapter's jobs; a ``lab.compute.Listener`` without importing it."""

    def __init__(self, chapter: str, display: terminal.Display):
        self.chapter, self.display = chapter, display

    def asked(self, job: Any, key: str, seconds: float) -> None:
        self.display.asked(self.chapter, key, seconds)

    def finished(self, job: Any, key: str, cached: bool, seconds: float) -> None:
        self.display.finished(self.chapter, key, cached, seconds)


def _wait(finished: "queue.Queue[_Measured]") -> _Measured:
    while True:  # in short waits, so that Ctrl-C is heard
        try:
            return finished.get(timeout=0.2)
        except queue.Empty:
            continue


def _checked_result(chapter: Chapter, result: Any) -> Any:
    from measured.charts import Figure
    from measured.evidence import Metric, Result

    if not isinstance(result, Result):
        raise BuildError(
            f"experiments/{chapter.name}.py: run() returned {type(result).__name__}; expected Result(metrics, figures)"
        )
    for kind, things in ((Metric, result.metrics), (Figure, result.figures)):
        for name, thing in things.items():
            if not isinstance(thing, kind):
                raise BuildError(
                    f"experiments/{chapter.name}.py: {name!r} is a {type(thing).__name__}; expected a {kind.__name__}"
                )
    return result


def _resolve_device(choice: str) -> str:
    from measured.jobs import compute

    try:
        return compute.resolve_device(choice)
    except ValueError as error:
        raise BuildError(f"--device {choice}: {error}") from error


def _why_missing(store: Cache, job: Any, device: str) -> list[str]:
    from measured.jobs import compute

    parts = compute.parts_of(job, device)
    before = store.previous(parts)
    return explain(before[0] if before else None, parts)


def with_seeds(settings: Any, num_seeds: int) -> Any:
    """The settings with at least ``num_seeds`` in every field of reported seeds: those that there are, and the next numbers.

    Such a field is named ``seeds``, or begins or ends so. Seeds that choose (``search_seeds``) stay: another choice would redo everything.
    """
    longer = {}
    for item in fields(settings):
        words = item.name.split("_")
        if "seeds" in (words[0], words[-1]) and "search" not in words:
            have = getattr(settings, item.name)
            next_one = max(have) + 1
            longer[item.name] = (*have, *range(next_one, next_one + num_seeds - len(have)))
    return replace(settings, **longer)


def _shown(value: Any) -> str:
    """A setting as a reader wants it: a network by its name, a tuple item by item, what is not set in words."""
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        if (
            len(value) > 6
            and all(isinstance(item, int) for item in value)
            and list(value) == list(range(value[0], value[-1] + 1))
        ):
            return f"{value[0]} to {value[-1]}"
        return ", ".join(map(_shown, value))
    return str(value)


def _versions(names: Sequence[str]) -> dict[str, str]:
    return {name: version(name) for name in names}


def _processor() -> str:
    """The type of processor, on which alone bytes are promised to be equal."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return name or platform.processor() or "unknown processor"


def _few(reasons: list[str], most: int = 3) -> str:
    more = f"; and {len(reasons) - most} more" if len(reasons) > most else ""
    return "; ".join(reasons[:most]) + more


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, BuildError) else f"{type(error).__name__}: {text}"


def _remove(path: Path) -> None:
    import shutil

    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
