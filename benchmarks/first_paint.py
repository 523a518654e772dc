"""First paint and bytes of the first view of every page of a site, beside a bare page.

    python benchmarks/first_paint.py build/site [--rounds 5] [--sources]

Pages are opened from files in headless Chromium, each in a tab of its own, in an order that changes from round to round within
one run; medians are compared. The plain way: a page of one sentence, opened in the same rounds. Bytes are those of all files
that a page loads before anybody scrolls. Exit code 1 where a page misses a limit. Pages of sources are left out unless asked
for, except the largest.
"""

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.generator.browser_check import MOST_BYTES, chromium, num_bytes

MOST_SECONDS = 0.3
"""Of the first paint, on two cores that are otherwise idle."""
BARE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Bare</title><p>One sentence.</p></html>'
_FIRST_PAINT = """() => new Promise((done) =>
  new PerformanceObserver((list) => done(list.getEntries()[0].startTime / 1000)).observe({ type: "paint", buffered: true }))"""


def opened(browser: Browser, page: Path) -> tuple[float, int]:
    """Seconds until something is painted, and bytes loaded."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    loaded: set[str] = set()
    tab.on("request", lambda request: loaded.add(request.url))
    tab.goto(page.as_uri())
    seconds = tab.evaluate(_FIRST_PAINT)
    context.close()
    return seconds, sum(map(num_bytes, loaded))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sources", action="store_true", help="all pages of sources, not only the largest")
    options = parser.parse_args()
    site = options.site.absolute()
    sources = sorted((site / "source").glob("*.html"), key=lambda path: path.stat().st_size)
    pages = [*sorted(site.glob("*.html")), *(sources if options.sources else sources[-1:])]
    seconds: dict[Path, list[float]] = {}
    sizes: dict[Path, int] = {}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        bare = Path(folder) / "bare.html"
        bare.write_text(BARE, encoding="utf-8")
        opened(browser, bare)  # what a browser does once
        order = [bare, *pages]
        for _ in range(options.rounds):
            random.shuffle(order)
            for page in order:
                took, sizes[page] = opened(browser, page)
                seconds.setdefault(page, []).append(took)
    plain = statistics.median(seconds[bare])
    print(f"{'bare page':45} {plain:6.3f} s")
    missed = 0
    for page in pages:
        took = statistics.median(seconds[page])
        over = took > MOST_SECONDS or sizes[page] > MOST_BYTES
        missed += over
        name = page.relative_to(site).as_posix()
        print(f"{name:45} {took:6.3f} s, {took / plain:5.1f} x bare, {sizes[page] / 1000:5.0f} kB{'  MISSED' if over else ''}")
    print(f"limits: {MOST_SECONDS} s, {MOST_BYTES / 1000:.0f} kB; {missed} of {len(pages)} pages miss one")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
