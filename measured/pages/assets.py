"""The style sheet and the script that all pages share, put together from the frame's parts."""

from measured.pages import source
from measured.pages.environment import Frame

STYLES = ("base", "navigation", "verdict", "figure", "front", "building", "phone", "print")
"""Parts of ``style.css``, in the order in which they come: later rules win."""
SCRIPTS = ("ledger", "building", "print")
"""Parts of ``site.js``. Each stands in a block of its own, so that their names do not meet."""


def files(frame: Frame) -> dict[str, bytes]:
    """``style.css``, with the report's own rules last where its templates have a file of that name, and ``site.js``.

    What is dark on a screen is light on paper.
    """
    styles = [*(frame.text(f"styles/{name}.css") for name in STYLES), source.highlighting(), frame.own("style.css")]
    scripts = [f"{{\n{frame.text(f'scripts/{name}.js')}}}\n" for name in SCRIPTS]
    style = "".join(styles).replace("@media (prefers-color-scheme: dark)", "@media screen and (prefers-color-scheme: dark)")
    return {"style.css": style.encode(), "site.js": f'"use strict";\n{"".join(scripts)}'.encode()}
