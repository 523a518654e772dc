"""One build, from the chapters that were asked for to the published site and the closing line."""

import math
import time
import traceback
import webbrowser
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measured.errors import BuildError
from measured.evidence import LOOKS, NOT_MEASURED, OUTCOMES, Verdict
from measured.evidence.number import duration
from measured.options import Options
from measured.pages.outline import Chapter
from measured.press import maintain, plan, share, terminal
from measured.press.folder import Site
from measured.press.notice import WORTH_WAITING, Notice
from measured.press.outcome import Failed, NotComputed, one_line
from measured.press.paper import Printer
from measured.press.publish import Published, publish
from measured.press.stores import Stores
from measured.project import Project

if TYPE_CHECKING:
    from measured.press.keep import Kept


def build(project: Project, options: Options, started: float) -> int:
    """Measure what is not current, publish the site, compare the verdicts; 1 where a chapter failed or a verdict differs.

    ``started`` is when the process began, for the closing line.
    """
    site = Site(options.out)
    site.check()
    printer = Printer.ready(options.pdf) if options.pdf else None
    if options.bundle:
        from measured.press.pack import check as check_bundle

        check_bundle(options.bundle)
    stores, options = share.opened(project, options)
    chapters = plan.choose(project.outline.chapters, options.only)
    accepted = maintain.read_accepted(project.accepted) if options.strict or options.accept else {}
    stale = [item.chapter for item in plan.plan(chapters, options, stores) if item.is_stale]
    say_where_from(stores, stale, options)
    names, not_computed = {item.name for item in chapters}, set[str]()
    outcomes: "dict[str, Kept | Failed]" = {}
    publish_now = partial(publish, project, stores, site, options.preset, names, outcomes)
    with Notice(site) as notice:
        if stale:
            stores.check()
            with terminal.display([item.name for item in stale]) as display:
                notice.follow(stale, display)
                early = _Early(publish_now, notice, options, display)

                def waiting() -> set[str]:
                    return {item.name for item in stale} - outcomes.keys() - not_computed

                begun = partial(early.begin, waiting)
                with closing(_outcomes(project, options, stores, stale, display, not_computed, begun=begun)) as finished:
                    for outcome in finished:
                        outcomes[outcome.chapter.name] = outcome
                        if waiting():
                            early.publish(waiting(), outcome)
            names -= not_computed  # these stay as they are
        stores.sources.remember()
        open_lines = _go_on(project, options, stores, chapters, outcomes, publish_now, notice, started)
        notice.stop()
        published = _publish(publish_now, options)
    for warning in published.warnings:
        print(f"warning: {warning}")
    for name in sorted(published.trouble.keys() - {key for key, item in outcomes.items() if isinstance(item, Failed)}):
        print(f"{name}: failed: {published.trouble[name]}")
    for line in (*open_lines, *_without_number(outcomes.values())):
        print(line)
    differing = _compare(project, options, stores, accepted, names - published.trouble.keys())
    num_measured = len({item.name for item in stale} - not_computed | outcomes.keys())
    print(_closing_line(options.out, started, num_measured, outcomes.values(), published))
    if printer:
        print(f"{_from_here(printer.pdf)}: {printer.print_site(project, options.out)} pages")
    if options.bundle:
        from measured.press.pack import pack

        packed = pack(project, options, stores, options.bundle)
        print(packed)
        for name, why in packed.without.items():
            print(f"not in {options.bundle.name}: {name}: {why}")
    if options.open:
        webbrowser.open((options.out / "index.html").absolute().as_uri())
    return 1 if published.trouble or differing else 0


def say_where_from(stores: Stores, stale: Sequence[Chapter], options: Options) -> None:
    """Numbers of a bundle are said to be its own, and what a bundle would spare is not computed in silence."""
    if stores.shared:
        print(f"numbers from {stores.shared.origin}")
    elif (aside := share.left_aside(options.cache)) and (names := {item.name for item in stale} & set(aside.manifest.chapters)):
        print(f"{aside.name} has numbers for {len(names)} of the chapters that are measured now; --from takes them")


def _go_on(
    project: Project,
    options: Options,
    stores: Stores,
    chapters: Sequence[Chapter],
    outcomes: "dict[str, Kept | Failed]",
    publish_now: Callable[..., Published],
    notice: Notice,
    started: float,
) -> list[str]:
    """With ``--until-decided``, make the planned looks that open findings need; what is said of them at the end."""
    if options.until_decided is None:
        return []
    from measured.press import until_decided
    from measured.press.crew import TimeUp

    deadline, is_time_up = started + options.until_decided, False
    kept = {item: stores.records.load(item.name, options.preset) for item in chapters}
    records = {item: record for item, record in kept.items() if record and not isinstance(outcomes.get(item.name), Failed)}
    for look in range(2, len(LOOKS) + 1):
        chosen = until_decided.to_go_on(records, look)
        is_time_up = time.perf_counter() >= deadline
        if is_time_up or not chosen:
            break
        before = {item.name: records[item].verdicts for item in chosen}
        with terminal.display([item.name for item in chosen]) as display:
            display.say(until_decided.announcement(chosen, look))
            notice.follow(chosen, display)
            early = _Early(publish_now, notice, options, display)
            with closing(
                _outcomes(project, replace(options, look=look), stores, chosen, display, set(), before, deadline)
            ) as finished:
                try:
                    for outcome in finished:
                        outcomes[outcome.chapter.name] = outcome
                        if isinstance(outcome, Failed):
                            del records[outcome.chapter]
                        else:
                            records[outcome.chapter] = outcome.record
                        early.publish((), outcome)
                except TimeUp:
                    is_time_up = True
                    break
    return until_decided.report(records, is_time_up)


def _outcomes(
    project: Project,
    options: Options,
    stores: Stores,
    stale: Sequence[Chapter],
    display: terminal.Display,
    not_computed: set[str],
    before: "Mapping[str, tuple[Verdict, ...]] | None" = None,
    deadline: float = math.inf,
    begun: Callable[[], None] = lambda: None,
) -> "Generator[Kept | Failed]":
    """The chapters as they are finished, kept or failed, and said so; verdicts of an earlier look stand where they decided.

    Names of chapters that need what this build does not compute are added to ``not_computed``.
    """
    from measured.charts.draughtsman import Draughtsman
    from measured.press.keep import keep
    from measured.press.measure import measure

    with Draughtsman() as draughtsman, closing(measure(project, options, stores, stale, display, deadline, begun)) as measured:
        for item in measured:
            if isinstance(item, NotComputed):
                display.settle(item.chapter.name, f"not computed: {item.message}")
                not_computed.add(item.chapter.name)
                continue
            outcome: "Kept | Failed" = (
                item
                if isinstance(item, Failed)
                else keep(
                    item,
                    options.preset,
                    options.seeds,
                    stores,
                    draughtsman,
                    (before or {}).get(item.chapter.name, ()),
                    project.outline.looks,
                )
            )
            if isinstance(outcome, Failed):
                display.settle(outcome.chapter.name, f"failed: {outcome.message}")
                if options.debug:
                    traceback.print_exception(outcome.error)
            else:
                display.settle(outcome.chapter.name, f"done in {duration(outcome.status.wall_seconds)}: {_counts(outcome)}")
            yield outcome


def _without_number(outcomes: "Collection[Kept | Failed]") -> list[str]:
    """Why claims are not measured that the preset does measure."""
    lines = []
    for kept in outcomes:
        for verdict in kept.record.verdicts if not isinstance(kept, Failed) else ():
            whys = dict.fromkeys(item.method for item in verdict.findings if item.outcome == verdict.outcome == "not measured")
            lines += [f"{kept.chapter.name}: {verdict.id} is not measured: {why}" for why in whys if why != NOT_MEASURED]
    return lines


def _counts(kept: "Kept") -> str:
    counts = Counter(item.outcome for item in kept.record.verdicts)
    return ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name] or name != "not measured")


@dataclass(frozen=True)
class _Early:
    """Publishes while chapters are measured; what goes wrong here goes wrong again at the end, and is said then."""

    publish_now: Callable[..., Published]
    notice: Notice
    options: Options
    display: terminal.Display

    def begin(self, waiting: Callable[[], Collection[str]]) -> None:
        """Let the pages say that a build is running, where it takes long enough for anybody to read that."""
        if self.display.time_left() > WORTH_WAITING:
            self._published(waiting())

    def publish(self, waiting: Collection[str], outcome: "Kept | Failed") -> None:
        """Publish a chapter that is finished, while others are ``waiting``."""
        name, published = outcome.chapter.name, self._published(waiting)
        if published and name not in published.trouble:
            self.display.readable(name, self.options.out / f"{name}.html")

    def _published(self, waiting: Collection[str]) -> Published | None:
        try:
            with self.notice.lock:
                return self.publish_now(waiting, news=self.notice.news())
        except Exception:
            if self.options.debug:
                traceback.print_exc()
            return None


def _publish(publish_now: Callable[..., Published], options: Options) -> Published:
    try:
        return publish_now()
    except ModuleNotFoundError:
        raise
    except OSError as error:
        raise BuildError(f"--out {options.out} cannot be written ({error}); the last site is as it was") from error
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(f"templates: {one_line(error)}; the last site is as it was, and what was measured is kept") from error


def _compare(
    project: Project, options: Options, stores: Stores, accepted: maintain.Accepted, names: Collection[str]
) -> list[str]:
    """With ``--accept``, write the verdicts of these chapters; with ``--strict``, say and return where others were accepted."""
    if not (options.accept or options.strict):
        return []
    records = {}
    for name in sorted(names):
        if (record := stores.records.load(name, options.preset)) is None:
            raise BuildError(
                f"the kept result of {name} cannot be read any more, so that its verdicts are not known; build again"
            )
        records[name] = record
    lines = maintain.differing(accepted, options.preset, records)
    if options.accept:
        known = [chapter.name for chapter in project.outline.chapters]
        maintain.accept(project.accepted, accepted, options.preset, records, known)
        print(f"{project.accepted.name}: {len(lines)} verdict{'s' if len(lines) != 1 else ''} changed")
        return []
    for line in lines:
        print(f"verdict differs: {line}")
    return lines


def _closing_line(
    out: Path, started: float, num_stale: int, outcomes: "Collection[Kept | Failed]", published: Published
) -> str:
    """Where the report is, how long it took, what came from the cache."""
    where, elapsed = out / "index.html", duration(time.perf_counter() - started)
    statuses = [item.status for item in outcomes if not isinstance(item, Failed)]
    num_jobs = sum(len(status.jobs) for status in statuses)
    if num_stale:
        num_cached = sum(status.num_cached for status in statuses)
        of_all = "" if len(statuses) == num_stale else f"{len(statuses)} of "
        chapters = f"{of_all}{num_stale} chapter{'s' if num_stale > 1 else ''}"
        jobs = f", {num_cached} of {num_jobs} jobs from the cache" if num_jobs else ""
        what = f"{chapters} in {elapsed}{jobs}"
    else:
        what = f"pages written in {elapsed}, nothing to run" if published.changed else f"nothing to do, {elapsed}"
    failed = f"; failed: {', '.join(sorted(published.trouble))}" if published.trouble else ""
    return f"{_from_here(where)}: {what}{failed}"


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
