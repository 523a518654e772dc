"""What a command line can ask for, carried out."""

from collections import Counter
from collections.abc import Sequence

import measured
from measured.evidence.number import duration
from measured.options import Options
from measured.pages.outline import Chapter
from measured.press import plan, share
from measured.press.outcome import Failed
from measured.press.stores import Stores
from measured.project import Project


def carry_out(project: Project, options: Options, started: float) -> int:
    """Do what the options ask for; the exit code. ``started`` is when the process began."""
    if options.action == "version":
        print(f"measured {measured.__version__}")
        return 0
    if options.action == "diff":
        return _diff(options)
    if options.action == "new":
        from measured.new.chapter import add

        written = add(project.root, project.outline, options.name, options.part, options.title)
        print(*written, f"build it: python build.py --only {options.name}", sep="\n")
        return 0
    if options.action == "serve":
        from measured.serve.server import serve

        return serve(project, options)
    if options.action == "build":
        from measured.press.build import build

        return build(project, options, started)
    if options.action == "prune":
        from measured.press.maintain import prune

        print(prune(project, Stores.at(options.cache, project.root)))
        return 0
    stores, options = share.opened(project, options)
    chapters = plan.choose(project.outline.chapters, options.only)
    return _list(chapters, options, stores) if options.action == "list" else _forecast(project, chapters, options, stores)


def _diff(options: Options) -> int:
    """Print what differs between another site and this one; 1 where anything does."""
    from measured.press import compare

    assert options.other_site is not None  # --diff takes a folder
    lines = compare.differences(options.other_site, options.out, options.within)
    alike = "verdicts, metrics and figures" if options.within is None else "verdicts and numbers"
    print("\n".join(lines) or f"{options.other_site} and {options.out} have the same {alike}")
    return 1 if lines else 0


def _list(chapters: Sequence[Chapter], options: Options, stores: Stores) -> int:
    """Print the chapters, what each asks, and whether its result is current."""
    aside = None if stores.shared else share.left_aside(options.cache)
    for item in plan.plan(chapters, options, stores):
        chapter, state = item.chapter, f"not current: {plan.few(item.reasons)}" if item.is_stale else "current"
        print(f"{chapter.number}  {chapter.name}  ({chapter.part})\n     {chapter.question}\n     {options.preset}: {state}")
        status = stores.records.status(chapter.name, options.preset)
        if status and status.origin:
            print(f"     numbers from {status.origin}")
        elif status is None and aside and chapter.name in aside.manifest.chapters:
            print(f"     --from takes numbers from {aside.origin}")
    return 0


def _forecast(project: Project, chapters: Sequence[Chapter], options: Options, stores: Stores) -> int:
    """Print what would run, why, and about how long; 1 where a chapter would fail."""
    planned = plan.plan(chapters, options, stores)
    for item in planned:
        if not item.is_stale:
            print(f"{item.chapter.name}: current, nothing to run")
    stale = {item.chapter.name: item for item in planned if item.is_stale}
    if not stale:
        return 0
    from measured.press.crew import num_cores
    from measured.press.measure import device_of, load_all, parts_or_error, rehearse_checked, why_missing

    found = {item.chapter: parts_or_error(item.chapter, options, stores) for item in stale.values()}
    unclear = {chapter: error for chapter, error in found.items() if isinstance(error, Exception)}
    scripts, failed = load_all(project, options, [item.chapter for item in stale.values() if item.chapter not in unclear])
    failed += [Failed.at(chapter, error, project.root) for chapter, error in unclear.items()]
    device, of_all = device_of(options, project), {}
    for script in scripts:
        outcome = rehearse_checked(script, project, stores, device)
        if isinstance(outcome, Failed):
            failed.append(outcome)
            continue
        missing = outcome.to_compute(options.force)
        seconds = {key: outcome.seconds[key] for key in missing}
        of_all |= seconds  # chapters share jobs, and each is computed once
        kinds = Counter(type(job).__name__ for job in missing.values())
        listing = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "no job, only drawing"
        name = script.chapter.name
        print(f"{name}: {listing}; about {duration(sum(seconds.values()))} of one worker. Why: {plan.few(stale[name].reasons)}")
        if options.debug:
            print(*(f"  {line}" for line in why_missing(outcome, stores, device)), sep="\n")
    for item in failed:
        print(f"{item.chapter.name}: would fail: {item.message}")
    num_workers = options.workers or (1 if options.workers == 0 else num_cores())
    print(f"about {duration(sum(of_all.values()) / num_workers)} with {num_workers} worker{'s' if num_workers > 1 else ''}")
    return 1 if failed else 0
