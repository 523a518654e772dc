"""Chapters to results: from the cache where all is there, else each in a thread of its own, all sharing the workers."""

import contextlib
import math
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from measured.charts.drawings import what_draws
from measured.errors import BuildError, ClaimError
from measured.evidence import Result, flat, judge
from measured.jobs.cache import CacheError, LeftOutError
from measured.jobs.job import Job
from measured.jobs.keys import explain, parts_of, use_sources
from measured.jobs.pool import Listener, MissingError, OnlyCached, using
from measured.jobs.remote import source_digest
from measured.jobs.run import ONE_THREAD, one_thread, resolve_device
from measured.jobs.turns import places
from measured.options import Options
from measured.pages import check, words
from measured.pages.outline import Chapter
from measured.press import plan
from measured.press.crew import Crew, TimeUp, code_of
from measured.press.keep import record_of
from measured.press.outcome import Failed, Measured, NotComputed
from measured.press.places import place_of
from measured.press.rehearse import Rehearsed, Script, load, rehearse
from measured.press.stores import Stores
from measured.press.terminal import Display
from measured.project import Project


class _Ear(Listener):
    """Notes what becomes of a chapter's jobs and tells the display."""

    def __init__(self, chapter: str, display: Display):
        self._chapter, self._display = chapter, display
        self.jobs: dict[str, float] = {}
        self.cached: set[str] = set()

    def asked(self, job: Job, key: str, seconds: float) -> None:
        self._display.asked(self._chapter, key, seconds)

    def finished(self, job: Job, key: str, cached: bool, seconds: float) -> None:
        self.jobs[key] = seconds
        if cached:
            self.cached.add(key)
        self._display.finished(self._chapter, key, cached, seconds)


def measure(
    project: Project,
    options: Options,
    stores: Stores,
    chapters: Sequence[Chapter],
    display: Display,
    deadline: float = math.inf,
    begun: Callable[[], None] = lambda: None,
) -> Generator[Measured | Failed | NotComputed]:
    """Measure the chapters; each comes as it is finished, or as soon as it is known to fail.

    A chapter's prose is held against its numbers before anything is computed. ``begun`` is called when workers are at it and
    the display knows what is to be done. Raises TimeUp at the ``deadline``.
    """
    parts = _read_sources(project, options, stores, chapters)
    # No window for a drawing, whatever made it and on which thread.
    with _environment({**ONE_THREAD, "MPLBACKEND": "agg"}), contextlib.ExitStack() as stack:
        crew = Crew(project, options, stores)
        stack.push(crew)
        # Starting workers and importing libraries take seconds each, so they share them. A chapter that was measured
        # before may find all its jobs in the cache; then no worker is needed.
        if (
            not options.cluster
            and not options.compute_nothing
            and (options.force or any(stores.records.status(item.name, options.preset) is None for item in chapters))
        ):
            crew.start()
        scripts, failed = load_all(project, options, chapters)
        yield from failed
        settled, known = {}, []
        for script in scripts:
            found = parts[script.chapter.name]
            if isinstance(found, Exception):
                yield Failed.at(script.chapter, found, project.root)
            else:
                settled[script.chapter.name] = found
                known.append(script)
        device = device_of(options, project)
        stack.enter_context(one_thread())
        settled = {name: {**found, "device": device} for name, found in settled.items()}

        remaining: dict[str, tuple[Script, str]] = {}
        for script in known:
            outcome = None if options.force else _recall(script, project, stores, device, settled, display)
            if isinstance(outcome, Measured | Failed | NotComputed):
                yield outcome
            else:
                remaining[script.chapter.name] = script, _lacking(outcome, script, project, stores)
        rehearsed = []
        for script, lacking in remaining.values():
            outcome = rehearse_checked(script, project, stores, device)
            if isinstance(outcome, Failed):
                yield outcome
                continue
            if options.compute_nothing:
                missing = outcome.to_compute(force=False)
                yield NotComputed(script.chapter, len(missing), sum(outcome.seconds[key] for key in missing), lacking)
                continue
            rehearsed.append(outcome)
            if options.debug:
                for line in why_missing(outcome, stores, device):
                    display.say(f"{script.chapter.name}: {line}")
        if rehearsed:
            yield from _in_threads(rehearsed, crew, device, settled, display, options.force, deadline, begun)


def _read_sources(
    project: Project, options: Options, stores: Stores, chapters: Sequence[Chapter]
) -> dict[str, dict[str, Any] | Exception]:
    """What each chapter's result depends on, or why that cannot be told.

    Everything that keys and pages say of the source is read here, before chapters are imported: an edit made while the build
    runs must not pass for what was measured, sent to workers, drawn or printed.
    """
    parts = {chapter.name: parts_or_error(chapter, options, stores) for chapter in chapters}
    use_sources(stores.sources)
    source_digest(code_of(project))
    what_draws()
    _ = project.source_files  # reads them
    return parts


def parts_or_error(chapter: Chapter, options: Options, stores: Stores) -> dict[str, Any] | Exception:
    """What a chapter's result depends on, or why that cannot be told."""
    try:
        return plan.parts_of(chapter, options, stores, "cpu")
    except (SyntaxError, ValueError) as error:
        return error


def load_all(project: Project, options: Options, chapters: Sequence[Chapter]) -> tuple[list[Script], list[Failed]]:
    """Import the chapters; those whose source is at fault come as failed.

    Raises ModuleNotFoundError where there are several and all of them lack a library: then nothing is wrong with a chapter.
    """
    scripts, failed, lacking = [], [], []
    for chapter in chapters:
        try:
            scripts.append(load(project.root, chapter, options.preset, options.seeds, options.look, options.shift))
        except Exception as error:
            failed.append(Failed.at(chapter, error, project.root))
            if isinstance(error, ModuleNotFoundError) and not project.has_module(error.name or ""):
                lacking.append(error)
    if len(lacking) == len(chapters) > 1:
        raise lacking[0]
    return scripts, failed


def device_of(options: Options, project: Project) -> str:
    """Where tensors live, once the chapters are imported. Raises BuildError where --device is not there."""
    if options.bundle_from:
        return options.device  # nothing is computed here
    try:
        return resolve_device(options.device, project.outline.preload)
    except ValueError as error:
        raise BuildError(f"--device {options.device}: {error}") from error


def _recall(
    script: Script, project: Project, stores: Stores, device: str, parts: Mapping[str, Any], display: Display
) -> Measured | Failed | NotComputed | MissingError | None:
    """The chapter from the cache alone; what is missing first, where a job is, and None where only a rehearsal can tell."""
    name, started = script.chapter.name, time.perf_counter()
    ear = _Ear(name, display)
    try:
        with using(OnlyCached(stores.cache, device), ear):
            result = script.perform()
        _check_prose(script, result, project)
        judge.check_seeds(script.claims, flat(result.metrics))
    except MissingError as error:
        return error
    except LeftOutError as error:
        return NotComputed(script.chapter, 0, 0.0, _lacking(error, script, project, stores))
    except ClaimError:
        return None  # a rehearsal tells whether numbers or the author's words are to blame
    except Exception as error:
        return Failed.at(script.chapter, error, project.root)
    return Measured(script, result, parts[name], ear.jobs, frozenset(ear.cached), time.perf_counter() - started)


def _lacking(error: Exception | None, script: Script, project: Project, stores: Stores) -> str:
    """What a bundle does not hold of what a chapter asks for, and where it does; empty where there is no bundle."""
    if error is None or stores.shared is None:
        return ""
    place = place_of(error, script.chapter, project.root)
    what = "holds what run() read when it was made, which was not" if isinstance(error, LeftOutError) else "does not hold"
    return f"{place}: {stores.shared.name} {what} {error}"


def rehearse_checked(script: Script, project: Project, stores: Stores, device: str) -> Rehearsed | Failed:
    """Run the chapter on placeholders and hold its prose against the numbers that came out."""
    try:
        rehearsed = rehearse(script, stores.cache, device)
        _check_prose(script, rehearsed.result, project)
        judge.check_seeds(script.claims, flat(rehearsed.result.metrics))
    except Exception as error:
        return Failed.at(script.chapter, error, project.root)
    return rehearsed


def _check_prose(script: Script, result: Result, project: Project) -> None:
    words.check(script.chapter, script.claims, script.runs, result.figures, script.words)
    record = record_of(script, result)
    check.check(project.frame, project.outline, script.chapter, record)


def why_missing(rehearsed: Rehearsed, stores: Stores, device: str) -> list[str]:
    """What the cache lacks of a chapter, by kind of job and reason."""

    def reason(job: Job) -> str:
        parts = parts_of(job, device)
        before = stores.cache.previous(parts)
        return plan.few(explain(before[0] if before else None, parts))

    reasons = Counter((type(job).__name__, reason(job)) for job in rehearsed.missing.values())
    return [f"{count} {kind} to compute, because: {why}" for (kind, why), count in sorted(reasons.items())]


def _in_threads(
    rehearsed: Sequence[Rehearsed],
    crew: Crew,
    device: str,
    parts: Mapping[str, Any],
    display: Display,
    force: bool,
    deadline: float,
    begun: Callable[[], None],
) -> Iterator[Measured | Failed]:
    """Run the chapters in threads; all must be one-threaded inside, which some libraries keep by thread."""
    missing = [item.to_compute(force) for item in rehearsed]
    jobs = [job for chapter in missing for job in chapter.values()]
    versions = {name: found for job in jobs for name, found in parts_of(job, device)["versions"].items()}
    pool = crew.hired(versions) if jobs else crew.alone()
    pool.device = device
    seconds = {key: found for item in rehearsed for key, found in item.seconds.items()}
    pool.turns = display.turns = places(missing, seconds, pool.num_workers, device)
    display.num_workers = pool.num_workers
    for item, asked in zip(rehearsed, missing, strict=True):
        for name in asked:
            display.asked(item.script.chapter.name, name, seconds[name])
    finished: queue.Queue[Measured | Failed] = queue.Queue()

    def run(script: Script) -> None:
        ear, started = _Ear(script.chapter.name, display), time.perf_counter()
        try:
            with one_thread(), using(pool, ear):
                result = script.perform()
            seconds = time.perf_counter() - started
            finished.put(Measured(script, result, parts[script.chapter.name], ear.jobs, frozenset(ear.cached), seconds))
        except BaseException as error:
            finished.put(Failed.at(script.chapter, error, crew.root))

    for item in rehearsed:
        name = item.script.chapter.name
        threading.Thread(target=run, args=(item.script,), name=name, daemon=True).start()
    begun()
    for remaining in reversed(range(len(rehearsed))):
        outcome = _next(finished, deadline)
        if isinstance(outcome, Failed) and isinstance(outcome.error, CacheError):
            raise BuildError(str(outcome.error)) from outcome.error
        if not remaining:
            crew.dismiss()  # takes seconds, in which the last chapter is drawn
        yield outcome


def _next(finished: "queue.Queue[Measured | Failed]", deadline: float) -> Measured | Failed:
    try:
        return finished.get(timeout=None if math.isinf(deadline) else max(deadline - time.perf_counter(), 0.0))
    except queue.Empty:
        raise TimeUp from None


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
