"""Make the pictures of the README from a finished site: ``python docs/screenshots.py site [chapter]``.

Front page, a chapter and the ledger, light and dark, as small WebP files beside this script; prints the lines of the README
that show them. Needs Chromium and the test extra.
"""

import io
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.generator.browser_check import SCHEMES, chromium  # noqa: E402

HERE = Path(__file__).parent
MOST_BYTES = 100_000
SIZE = {"width": 1280, "height": 900}


def smallest(png: bytes) -> bytes:
    """The picture as WebP, in the best quality that is small enough. Raises ValueError where none is."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (85, 75, 65, 50, 35):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=6)
        if len(file.getvalue()) <= MOST_BYTES:
            return file.getvalue()
    raise ValueError(f"no quality gives less than {MOST_BYTES:,} bytes")


def main(site: Path, chapter: str) -> None:
    """Take and keep the pictures."""
    pages = {
        "front": ("index", "h1", "start", "The front page: what the report asks, and a figure"),
        "chapter": (
            chapter,
            "section.verdict.refuted",
            "center",
            "A claim in its chapter: the verdict, and its drawing",
        ),
        "ledger": ("claims", "#all", "start", "The ledger: all claims on one axis, against where each is true"),
    }
    with chromium() as browser:
        for role, (name, place, where, words) in pages.items():
            for scheme in SCHEMES:
                tab = browser.new_page(viewport=SIZE, color_scheme=scheme)
                tab.goto((site.absolute() / f"{name}.html").as_uri())
                for _ in range(2):  # what is drawn on the way moves the place
                    tab.evaluate("([place, block]) => document.querySelector(place).scrollIntoView({ block })", [place, where])
                    tab.wait_for_timeout(1000)
                if role == "front":
                    tab.evaluate("scrollTo(0, 0)")
                (HERE / f"{role}-{scheme}.webp").write_bytes(smallest(tab.screenshot()))
                tab.close()
            print(
                f'<picture><source media="(prefers-color-scheme: dark)" srcset="docs/{role}-dark.webp">'
                f'<img src="docs/{role}-light.webp" alt="{words}" width="640"></picture>'
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "model_size")
