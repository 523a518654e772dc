"""Check a finished site as files: ``python -m tests.generator.site_check site``.

Prints each problem and exits with 1 where there is one.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

OUT = ("http", "https")
"""What a link may lead out of the site by; nothing is loaded by it."""
POLICY = "Content-Security-Policy"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Page(HTMLParser):
    """Collects links, ids and what does not close."""

    def __init__(self):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.problems: list[str] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.problems += [f"<{tag}> runs a script by {name}" for name in values if name.startswith("on")]
        if tag == "meta" and values.get("http-equiv") == POLICY:
            self.policy = values.get("content") or ""
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.problems.append("a script stands in the page")
        if tag not in VOID:
            self.open.append(tag)
        if name := values.get("id"):
            self.ids.append(name)
        if tag == "a" and (address := values.get("href")):
            self.links.append(address)
        self.loads += [address for key in ("src", "srcset", "data") if (address := values.get(key))]
        if tag == "link" and (address := values.get("href")):
            self.loads.append(address)
        if tag == "img" and "alt" not in values:
            self.problems.append(f"image {values.get('src')} has no alt text")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> on line {self.getpos()[0]} closes nothing")


def problems_of(site: Path) -> list[str]:
    """Broken links, loads from elsewhere, what could run a script, ids given twice, tags left open, pages that say "undefined"
    or "None"."""
    found: list[str] = []
    pages: dict[Path, _Page] = {}
    for path in sorted(site.rglob("*.html")):
        page = pages[path.resolve()] = _Page()
        text = path.read_text(encoding="utf-8")
        page.feed(text)
        found += [f"{path.name}: {problem}" for problem in page.problems]
        if "default-src 'none'" not in page.policy or "unsafe-eval" in page.policy:
            found.append(f"{path.name}: has no {POLICY} that allows only the site's own files")
        found += [f"{path.name}: <{tag}> is left open" for tag in page.open if tag not in ("p", "li")]
        found += [
            f"{path.name}: id {name!r} is given twice" for name in {item for item in page.ids if page.ids.count(item) > 1}
        ]
        if path.parent.name in ("docs", "reference"):
            text = re.sub(r"<(pre|code)\b.*?</\1>", "", text, flags=re.DOTALL)  # which may show what a template looks like
        if path.parent.name not in ("source", "reference"):
            found += [f"{path.name}: says {word!r}" for word in (">None<", "nan ", "{{", "{%", "Undefined") if word in text]
    for path, page in pages.items():
        for address, is_link in (*((item, True) for item in page.links), *((item, False) for item in page.loads)):
            parts = urlsplit("".join(address.split()))  # as browsers read it
            if is_link and parts.scheme in OUT and parts.netloc:
                continue
            if not is_link and address.startswith("data:image/"):
                continue
            if parts.scheme or parts.netloc:
                found.append(f"{path.name}: {address} leads elsewhere")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{path.name}: {address} is missing")
            elif parts.fragment and target in pages and parts.fragment not in pages[target].ids:
                found.append(f"{path.name}: {address} has no such place")
    if not pages:
        found.append(f"{site} holds no page")
    return found


if __name__ == "__main__":
    problems = problems_of(Path(sys.argv[1]))
    print(*problems or [f"{sys.argv[1]}: every link, picture and id is in order"], sep="\n")
    sys.exit(bool(problems))
