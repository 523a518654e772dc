"""The page of a chapter, with its drawings and its numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from measured.charts import Figure
from measured.evidence import Metric, Verdict, number
from measured.pages import contents, data, following, names, sections
from measured.pages.contents import Contents, Part
from measured.pages.environment import Frame, metric_html, prose_html
from measured.pages.lacking import lacking
from measured.pages.outline import Chapter, Outline
from measured.pages.record import Record

STAMPS = {"quick": "Quick preset: not evidence. Toy sizes that prove that the code runs."}
UNPLANNED = (
    "Measured with {seeds} seeds, more than were planned: whoever adds seeds until a verdict suits is wrong more often than "
    "these pages promise."
)


@dataclass(frozen=True)
class Page:
    """A chapter as it stands when the site is written."""

    chapter: Chapter
    record: Record | None
    drawings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """SVG by figure and layout; those of other pages need not be there."""
    text: str = ""
    """The record as JSON, where it was kept as such."""
    trouble: str = ""
    """The error that keeps the page at its last good state."""
    waiting: bool = False
    """Being measured right now, with nothing to show yet."""


def files(frame: Frame, outline: Outline, page: Page) -> dict[str, bytes]:
    """The page of a chapter, its drawings, and its numbers as CSV and JSON. Raises BuildError where the prose does not fit."""
    chapter, record = page.chapter, page.record
    told, leftover, unsaid, made = [], [], [], {}
    if record:
        figures, cards = _FigureBlocks(frame, chapter, record, page.drawings), _Cards(frame, chapter)
        found = sections.of(prose(frame, chapter, record, figures, cards))
        unused, unshown = figures.unused(), [cards(item) for item in record.verdicts if item.id not in cards.shown]
        across = _Across(found, figures, record)
        linked = [frame.linker.section(across.fill(section.html)) for section in found]
        told = [replace(section, html=item.html) for section, item in zip(found, linked, strict=True)]
        leftover = [frame.linker.citations(across.fill(block)).html for block in unused]
        unsaid = [frame.linker.citations(across.fill(block)).html for block in unshown]
        inside = Contents(
            tuple(
                Part(item.anchor, item.heading, tuple(item.shown), tuple(item.cards), tuple(links.terms), tuple(links.works))
                for item, links in zip(found, linked, strict=True)
            ),
            {name: figures.called(name) for name in figures},
        )
        made = data.of_chapter(record, page.text) | _drawings(page) | {contents.path(chapter.name): inside.to_json().encode()}
    made[f"{chapter.name}.html"] = frame.page(
        "chapter.html.jinja2",
        outline=outline,
        current=chapter.name,
        page=page,
        record=record,
        sections=told,
        verdicts={verdict.id: verdict for verdict in record.verdicts} if record else {},
        minute=sections.IN_ONE_MINUTE,
        leftover=leftover,
        unsaid=unsaid,
        stamps=stamps_of(record) if record else [],
        lacking=lacking(record) if record else [],
        turns=_turns(outline, chapter),
        root="",
    )
    return made


def _turns(outline: Outline, chapter: Chapter) -> tuple[Chapter | None, Chapter | None]:
    """The chapters before and after this one."""
    around = [None, *outline.chapters, None]
    place = next((place for place, item in enumerate(around) if item and item.name == chapter.name), 0)
    return (around[place - 1], around[place + 1]) if place else (None, None)


def _drawings(page: Page) -> dict[str, bytes]:
    """The drawings of a chapter as files."""
    made = {
        drawing_path(page.chapter.name, name, layout): svg.encode()
        for name, layouts in page.drawings.items()
        for layout, svg in layouts.items()
    }
    # A script may not read the pixels of an SVG that is a file, but may draw one that it was handed.
    return made | {
        drawing_path(page.chapter.name, name, "wide").removesuffix("svg") + "js": data.as_script(
            "drawing", f"{page.chapter.name}/{name}", layouts["wide"]
        )
        for name, layouts in page.drawings.items()
        if "wide" in layouts
    }


def stamps_of(record: Record) -> list[str]:
    """What must be said of how a record was measured, before anything else."""
    stamps = [STAMPS[record.preset]] if record.preset in STAMPS else []
    return stamps if record.is_planned else [*stamps, UNPLANNED.format(seeds=record.seeds)]


def under_banner(
    frame: Frame, outline: Outline, chapter: Chapter, published: Mapping[str, bytes] | None, trouble: str
) -> dict[str, bytes]:
    """The last published files of a chapter with an error over its page; an empty page where there are none."""
    if not published:
        return files(frame, outline, Page(chapter, None, trouble=trouble))
    name, banner = f"{chapter.name}.html", frame.macro("banner", "banner")(trouble, True)
    page = re.sub(
        r"<!--trouble-->.*?<!--/trouble-->",
        lambda _: f"<!--trouble-->{banner}<!--/trouble-->",
        published[name].decode(),
        flags=re.S,
    )
    return {**published, name: page.encode()}


def prose(
    frame: Frame,
    chapter: Chapter,
    record: Record,
    figures: "_FigureBlocks | None" = None,
    cards: "_Cards | None" = None,
) -> Any:
    """The chapter's own template with its numbers filled in, as HTML. Raises BuildError where it does not fit."""
    figures = figures or _FigureBlocks(frame, chapter, record, {})
    return figures.numbered(prose_html(following.fill(frame, chapter, record, figures, cards or _Cards(frame, chapter))))


class _Cards:
    """The claims of a chapter as blocks of HTML: a card where the prose shows one first, a link to it elsewhere."""

    def __init__(self, frame: Frame, chapter: Chapter):
        self._macro, self._chapter = frame.macro("verdict", "card"), chapter
        self.shown: set[str] = set()

    def __call__(self, verdict: Verdict) -> Any:
        if verdict.id in self.shown:
            return names.link_to_claim(verdict)
        self.shown.add(verdict.id)
        name = self._chapter.name
        test = f"source/experiments.{name}.html#L-{self._chapter.line_of_claim(verdict.id)}"
        return self._macro(verdict, test, f"data/{name}/metrics.csv")


_REFERENCE = re.compile(r"@@(\w+)@@")
_ACROSS = re.compile(r"@@(claims|figures) of ([\w.-]+)@@")
"""What a figure's caption and a card's foot have in place of what stands in the same section."""


class _Across:
    """References between the figures and the claims that stand under one heading."""

    def __init__(self, found: Sequence[sections.Section], figures: "_FigureBlocks", record: Record):
        passages = [passage for section in found for passage in section.passages]
        self._claims = {name: passage.claims for passage in passages for name in passage.shown}
        self._figures = {name: passage.figures for passage in passages for name in passage.cards}
        self._blocks, self._verdicts = figures, {verdict.id: verdict for verdict in record.verdicts}

    def fill(self, html: Any) -> Any:
        """A piece of the page with these references in their places."""
        from markupsafe import Markup

        def reference(found: re.Match[str]) -> str:
            return self._to_claims(found[2]) if found[1] == "claims" else self._to_figures(found[2])

        return Markup(_ACROSS.sub(reference, html))

    def _to_claims(self, figure: str) -> str:
        ids = [name for name in self._claims.get(figure, ()) if name in self._verdicts]
        if not ids:
            return ""
        links = ", ".join(str(names.link_to_claim(self._verdicts[name])) for name in ids)
        return f'<span class="bears">{"Claim" if len(ids) == 1 else "Claims"}: {links}.</span>'

    def _to_figures(self, claim: str) -> str:
        from markupsafe import Markup

        links = [
            Markup('<a class="ref" href="#figure-{}">{}</a>').format(name, self._blocks.called(name))
            for name in self._figures.get(claim, ())
            if name in self._blocks
        ]
        return f'<p class="foot">See {", ".join(links)}.</p>' if links else ""


class _FigureBlocks(Mapping[str, Any]):
    """The figures of a record as blocks of HTML, numbered in the order in which the prose shows them."""

    def __init__(self, frame: Frame, chapter: Chapter, record: Record, drawings: Mapping[str, Mapping[str, str]]):
        self._macro = frame.macro("figure", "figure")
        self._chapter, self._record, self._drawings = chapter, record, drawings
        self._shown: list[str] = []

    def __getitem__(self, name: str) -> names.FigureView:
        return names.FigureView(self._record.figures[name].shape, name, lambda: self.block(name))

    def block(self, name: str) -> Any:
        """The figure with all that belongs to it."""
        if name not in self._shown:
            self._shown.append(name)
        figure, drawn = self._record.figures[name], self._drawings.get(name, {})
        return self._macro(
            chapter=self._chapter,
            record=self._record,
            name=name,
            number=self._number(name),
            figure=figure,
            cells=cells_of(figure),
            drawings={layout: drawing_path(self._chapter.name, name, layout) for layout in drawn},
            sizes={layout: size(svg) for layout, svg in drawn.items()},
        )

    def __iter__(self):
        return iter(self._record.figures)

    def __len__(self) -> int:
        return len(self._record.figures)

    def unused(self) -> list[Any]:
        """Blocks of the figures that the prose did not show, so that none is lost."""
        return [self.block(name) for name in self if name not in self._shown]

    def numbered(self, html: Any) -> Any:
        """Prose in which references have the numbers of their figures, which are known when all are shown."""
        from markupsafe import Markup

        return Markup(_REFERENCE.sub(lambda match: self._number(match[1]), html))

    def called(self, name: str) -> str:
        """What a figure is called: "Figure 2.1.3"."""
        return f"{names.called(self._record.figures[name].shape)} {self._number(name)}"

    def _number(self, name: str) -> str:
        later = [other for other in self if other not in self._shown]
        return f"{self._chapter.number}.{(self._shown + later).index(name) + 1}"


def drawings_in(files: Mapping[str, bytes], chapter: str, record: Record) -> dict[str, dict[str, str]]:
    """The drawings among a chapter's files, by figure and layout."""
    return {
        name: {
            layout: files[path].decode() for layout in figure.layouts if (path := drawing_path(chapter, name, layout)) in files
        }
        for name, figure in record.figures.items()
    }


def drawing_path(chapter: str, figure: str, layout: str) -> str:
    """Where a drawing stands in the site."""
    return f"figures/{chapter}/{figure}{'' if layout == 'wide' else '-' + layout}.svg"


def size(svg: str) -> tuple[int, int]:
    """Width and height of an SVG in points, rounded: enough for a browser to keep the place free."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    return (round(float(found[1])), round(float(found[2]))) if found else (0, 0)


def cells_of(figure: Figure) -> list[list[Any]]:
    """A table's cells, ready to print."""
    if figure.shape != "table":
        return []

    def show(cell: Any) -> Any:
        if isinstance(cell, Metric):
            return metric_html(cell)
        return number(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else cell

    return [[show(cell) for cell in row] for row in figure.table.rows]
