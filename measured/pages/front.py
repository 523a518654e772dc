"""The front page: what the report asks, what of its findings may surprise, how its claims came out, and its contents."""

from collections.abc import Sequence
from dataclasses import dataclass

from measured.charts import Figure
from measured.pages import assets, ledger, names, surprises
from measured.pages.chapter import Page, drawing_path, size
from measured.pages.environment import Frame, prose_html
from measured.pages.outline import Outline


@dataclass(frozen=True)
class Shown:
    """A drawn figure of a chapter, as the front page shows it."""

    page: Page
    name: str
    figure: Figure

    @property
    def title(self) -> str:
        """What it shows, in a sentence."""
        return self.figure.title

    @property
    def wide(self) -> str:
        """Where its drawing for a desk stands."""
        return drawing_path(self.page.chapter.name, self.name, "wide")

    @property
    def narrow(self) -> str:
        """The same for a phone."""
        return drawing_path(self.page.chapter.name, self.name, "narrow")

    def size(self, layout: str) -> tuple[int, int] | None:
        """Width and height, so that its place is free before it is there."""
        drawn = self.page.drawings.get(self.name, {}).get(layout)
        return size(drawn) if drawn else None


def files(frame: Frame, outline: Outline, pages: Sequence[Page]) -> dict[str, bytes]:
    """The front page, and what all pages share."""
    abstract = frame.page("abstract.md.jinja2", outline=outline, pages=pages).decode()
    surprising = surprises.of(outline, pages)
    widest = [chapter for chapter, _ in sorted(surprising, key=lambda found: -surprises.clearance(found[1]))]
    told = {page.chapter: page for page in pages}

    def first_figure(page: Page) -> Shown | None:
        return _first_figure(frame, page)

    return {
        "index.html": frame.page(
            "index.html.jinja2",
            outline=outline,
            current="index",
            pages=pages,
            abstract=prose_html(abstract),
            groups=ledger.groups(outline, pages),
            stamps=ledger.stamps(pages),
            surprises=surprising,
            hero=next((shown for chapter in widest if (shown := first_figure(told[chapter]))), None),
            first_figure=first_figure,
            root="",
        ),
    } | assets.files(frame)


def _first_figure(frame: Frame, page: Page) -> Shown | None:
    """The first drawn figure that a chapter's prose shows: the one under its answer."""
    if page.record is None:
        return None
    drawn = {name: figure for name, figure in page.record.figures.items() if figure.layouts}
    order = [name for name in names.figures_shown(frame, page.chapter) if name in drawn] or list(drawn)
    return Shown(page, order[0], drawn[order[0]]) if order else None
