"""The style sheet and the scripts that all pages share, put together from the frame's parts."""

from measured.pages import source
from measured.pages.environment import Frame
from measured.pages.material import FRAME

STYLES = (
    "base",
    "navigation",
    "verdict",
    "figure",
    "explorables",
    "front",
    "documents",
    "predict",
    "building",
    "phone",
    "print",
)
"""Parts of ``style.css``, in the order in which they come: later rules win."""
SCRIPTS = (
    "menus", "contents", "scrolls", "tips", "search", "copies", "loading", "figure", "ledger", "predict", "building", "print",
)  # fmt: skip
"""Parts of ``site.js``. Each stands in a block of its own, so that their names do not meet."""


def files(frame: Frame) -> dict[str, bytes]:
    """``style.css``, with the report's own rules last where its templates have a file of that name; ``site.js``, which every
    page loads; ``source.css`` of sources; and what is loaded when a reader first explores a figure, below ``explore/``."""
    styles = [*(frame.text(f"styles/{name}.css") for name in STYLES), frame.own("style.css")]
    scripts = [f"{{\n{frame.text(f'scripts/{name}.js')}}}\n" for name in SCRIPTS]
    explorers = {path.stem for folder in (FRAME, frame.templates) for path in (folder / "explore").glob("*.js")}
    return {
        "style.css": _style("".join(styles)),
        "source.css": _style(source.highlighting()),  # of sources alone, as no other page is to load it
        "early.js": frame.text("scripts/early.js").encode(),
        "site.js": f'"use strict";\n{"".join(scripts)}'.encode(),
        **{f"explore/{name}.js": _explorer(frame.text(f"explore/{name}.js")) for name in sorted(explorers)},
    }


def _style(text: str) -> bytes:
    """A style sheet in which what is dark on a screen is light on paper."""
    return text.replace("@media (prefers-color-scheme: dark)", "@media screen and (prefers-color-scheme: dark)").encode()


def _explorer(text: str) -> bytes:
    """A script in a block of its own, as the parts of ``site.js`` are."""
    return f'"use strict";\n{{\n{text}}}\n'.encode()
