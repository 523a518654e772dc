"""The front page: what the report asks, how its claims came out, and its contents."""

from collections.abc import Sequence

from measured.pages import assets, ledger
from measured.pages.chapter import Page, drawing_path
from measured.pages.environment import Frame, prose_html
from measured.pages.outline import Outline


def files(frame: Frame, outline: Outline, pages: Sequence[Page]) -> dict[str, bytes]:
    """The front page, and what all pages share."""
    abstract = frame.page("abstract.md.jinja2", outline=outline, pages=pages).decode()
    return {
        "index.html": frame.page(
            "index.html.jinja2",
            outline=outline,
            current="index",
            pages=pages,
            abstract=prose_html(abstract),
            groups=ledger.groups(outline, pages),
            stamps=ledger.stamps(pages),
            thumbnail=_thumbnail,
            root="",
        ),
    } | assets.files(frame)


def _thumbnail(page: Page) -> str | None:
    """The chapter's first drawn figure."""
    drawn = [name for name, figure in page.record.figures.items() if figure.shape != "table"] if page.record else []
    return drawing_path(page.chapter.name, drawn[0], "wide") if drawn else None
