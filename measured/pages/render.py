"""Records to pages: Jinja2 around Markdown, everything escaped, nothing undefined. Imports its libraries when first used."""

import csv
import difflib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

from measured.charts import Figure
from measured.errors import BuildError
from measured.evidence import Metric, Outcome, Verdict, measurement, number, with_unit
from measured.pages import prose
from measured.pages.outline import Chapter
from measured.press.record import Record, Status, to_json
from measured.press.terminal import duration

RENDERING_DISTRIBUTIONS = ("jinja2", "markdown", "pygments", "latex2mathml")
FRAME = Path(__file__).parent / "frame"
STAMPS = {"quick": "Quick preset: not evidence. Toy sizes that prove that the code runs."}


@dataclass(frozen=True)
class Page:
    """A chapter as it stands when the site is written."""

    chapter: Chapter
    record: Record | None
    trouble: str = ""
    """The error that keeps the page at its last good state."""
    waiting: bool = False
    """Being measured right now, with nothing to show yet."""


@lru_cache(maxsize=1)
def _environment(templates: Path) -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, FRAME]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "duration": duration, "markdown": _markdown}
    environment.globals |= {"with_unit": with_unit, "math": _math, "reasons": _reasons, "measurement": _measurement_html}
    environment.globals |= dict.fromkeys(prose.MARKS, str)
    return environment


def _markdown(text: str) -> Any:
    import markdown
    from markupsafe import Markup

    return Markup(markdown.markdown(text, extensions=["tables", "attr_list", "sane_lists", "smarty"]))


def _math(latex: str) -> Any:
    """A formula as MathML, which browsers show without scripts or fonts from elsewhere."""
    from latex2mathml.converter import convert
    from markupsafe import Markup

    return Markup(convert(latex))


def _reasons(verdict: Verdict) -> list[tuple[str, str]]:
    """Margins and methods behind a verdict, each pair once."""
    return list(dict.fromkeys((finding.why, finding.method) for finding in verdict.findings))


# ---------------------------------------------------------------------------------------------------------------------
# What a chapter's template can name


class _Named(Mapping[str, Any]):
    """Things by name, as an attribute or in brackets; a name that is not there says what is near."""

    def __init__(self, kind: str, things: Mapping[str, Any]):
        self._kind, self._things = kind, things

    def __getitem__(self, name: str) -> Any:
        if name not in self._things:
            raise BuildError(unknown_name(self._kind, name, self._things))
        return self._things[name]

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __iter__(self):
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def unknown_name(kind: str, name: str, known: Any) -> str:
    """One line on a name that does not exist, with the nearest that do."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"
    return f"no {kind} {name!r}; {hint}"


NAMED = ("metric", "figure", "claim")
OUTCOMES: tuple[Outcome, ...] = ("supported", "refuted", "inconclusive")
CLAIM_PARTS = (*OUTCOMES, *(item.name for item in fields(Verdict)))
SETTINGS_NAME = "preset"


def check_template(templates: Path, chapter: Chapter, record: Record) -> None:
    """Find names that do not exist, in every branch of the chapter's template. Raises BuildError with the line."""
    import jinja2
    from jinja2 import meta, nodes

    environment = _environment(templates)
    known = {"metric": list(record.metrics), "figure": list(record.figures), "claim": [item.id for item in record.verdicts]}
    try:
        source, _, _ = environment.loader.get_source(environment, chapter.template)
        tree = environment.parse(source, chapter.template)
    except jinja2.TemplateNotFound:
        raise BuildError(f"templates/{chapter.template} is missing; a chapter needs a template for its prose") from None
    except jinja2.TemplateSyntaxError as error:
        raise BuildError(f"templates/{chapter.template}, line {error.lineno}: {error.message}") from error
    for line, digits in prose.typed_digits(tree):
        raise BuildError(
            f"templates/{chapter.template}, line {line}: {digits!r} is typed; numbers of a chapter come from its metrics "
            f"({{{{ metric.name }}}}), or are marked for what they are: {prose.HOW_TO_MARK}"
        )
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        kind, name = _named(node)
        if kind in NAMED and name is not None and name not in known[kind]:
            raise BuildError(f"templates/{chapter.template}, line {node.lineno}: {unknown_name(kind, name, known[kind])}")
        if isinstance(node, nodes.Getattr) and _named(node.node)[0] == "claim" and node.attr not in CLAIM_PARTS:
            unknown = unknown_name("part of a claim", node.attr, CLAIM_PARTS)
            raise BuildError(f"templates/{chapter.template}, line {node.lineno}: {unknown}")
    offered = {*NAMED, SETTINGS_NAME, *environment.globals}
    for name in sorted(meta.find_undeclared_variables(tree) - offered):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        raise BuildError(f"templates/{chapter.template}, line {line}: {unknown_name('variable', name, sorted(offered))}")


def unsupported_conclusions(templates: Path, chapter: Chapter) -> list[str]:
    """One line for each word of conclusion in the chapter's prose that follows no claim's verdict."""
    environment = _environment(templates)
    source, _, _ = environment.loader.get_source(environment, chapter.template)
    return [
        f"templates/{chapter.template}, line {line}: {word!r} draws a conclusion outside of a claim; let it follow a verdict, or mark it: {prose.HOW_TO_MARK}"
        for line, word in prose.conclusions(environment.parse(source))
    ]


def _named(node: Any) -> tuple[str, str | None]:
    """``("claim", "S1")`` for ``claim.S1`` and ``claim["S1"]``; None for a name that only rendering tells."""
    from jinja2 import nodes

    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return "", None
    if isinstance(node, nodes.Getattr):
        return node.node.name, node.attr
    return node.node.name, node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


def check_branches(templates: Path, chapter: Chapter, record: Record) -> None:
    """Render the prose for every way in which its claims may come out. Raises BuildError where one fails or has no text.

    A claim on whose outcome the template branches needs a text of its own for each outcome: one that neither another outcome
    gives, nor is what is left over without theirs. Where conditions nest, it is enough that the three differ for one outcome of
    the other claims.
    """
    from jinja2 import TemplateError, nodes

    environment = _environment(templates)
    source, _, _ = environment.loader.get_source(environment, chapter.template)
    lines: dict[str, int] = {}
    for node in environment.parse(source).find_all(nodes.Getattr):
        kind, name = _named(node.node)
        if kind == "claim" and name is not None and node.attr in (*OUTCOMES, "outcome"):
            lines[name] = min(node.lineno, lines.get(name, node.lineno))

    @cache
    def words(*outcomes: Outcome) -> list[str]:
        came_out = dict(zip(lines, outcomes, strict=True))
        verdicts = [replace(item, outcome=came_out.get(item.id, item.outcome)) for item in record.verdicts]
        try:
            # A claim's card shows its verdict; left out, only the prose can differ.
            text = _fill(environment, chapter, record, verdicts, dict.fromkeys(record.figures, ""), lambda verdict: "")
        except (TemplateError, BuildError) as error:
            where = ", ".join(f"{name!r} {outcome}" for name, outcome in came_out.items())
            raise BuildError(f"templates/{chapter.template}, with {where}: {error}") from error
        return text.split()

    for name in lines:
        faults = {}
        for others in OUTCOMES:
            texts: dict[Outcome, list[str]] = {
                outcome: words(*(outcome if item == name else others for item in lines)) for outcome in OUTCOMES
            }
            faults[_fault(texts)] = len({tuple(text) for text in texts.values()})
        if "" not in faults:
            raise BuildError(
                f"templates/{chapter.template}, line {lines[name]}: claim {name!r} {max(faults, key=lambda fault: faults[fault])}; "
                "give each of supported, refuted and inconclusive a text"
            )


def _fault(texts: Mapping[Outcome, list[str]]) -> str:
    """Which outcome has no text of its own; empty where each has one."""
    for first, second in combinations(texts, 2):
        if texts[first] == texts[second]:
            return f"has the same text where it is {first} and where it is {second}"
    for outcome, text in texts.items():
        if all(_is_part(text, other) for other in texts.values()):
            return f"has no text where it is {outcome}"
    return ""


def _is_part(words: Sequence[str], text: Sequence[str]) -> bool:
    """Whether striking words from ``text`` leaves ``words``."""
    rest = iter(text)
    return all(word in rest for word in words)


def _metric_html(metric: Metric) -> Any:
    from markupsafe import Markup

    text = metric.why
    if metric.is_measured:
        text = _measurement_html(metric.value, metric.low, metric.high, metric.unit, metric.digits)
    return Markup('<span class="metric" title="{}">{}</span>').format(metric.explanation, text)


def _measurement_html(value: float, low: float | None, high: float | None, unit: str, digits: int = 3) -> Any:
    from markupsafe import Markup

    number_text, interval, suffix = measurement(value, low, high, unit, digits)
    bounds = Markup(' <small class="interval">[{}]</small>').format(interval) if interval else ""
    return Markup("{}{}{}").format(number_text, bounds, suffix)


class _MetricView:
    """A metric in a template: prints itself with its interval, and gives its parts by name."""

    def __init__(self, metric: Metric):
        self._metric = metric

    def __html__(self) -> Any:
        return _metric_html(self._metric)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._metric, name)


# ---------------------------------------------------------------------------------------------------------------------
# Pages


def chapter_files(templates: Path, page: Page, chapters: Sequence[Chapter]) -> dict[str, bytes]:
    """The page of a chapter, its drawings, and its numbers as CSV and JSON."""
    environment = _environment(templates)
    name, record = page.chapter.name, page.record
    files: dict[str, bytes] = {}
    body, leftover = "", []
    if record:
        figures = _FigureBlocks(environment, page.chapter, record)
        body = render_prose(templates, page.chapter, record, figures)
        leftover = figures.unused()
        files[f"data/{name}.json"] = to_json(_without_drawings(record)).encode()
        files[f"data/{name}/metrics.csv"] = _csv(
            ("metric", "value", "low", "high", "n", "summary", "unit", "values"),
            [
                (key, item.value, item.low, item.high, item.n, item.summary, item.unit, " ".join(map(repr, item.values)))
                for key, item in record.metrics.items()
            ],
        )
        for key, figure in record.figures.items():
            files[f"data/{name}/{key}.csv"] = _csv(figure.table.columns, figure.table.rows)
            for layout, svg in record.drawings.get(key, {}).items():
                files[_drawing_path(name, key, layout)] = svg.encode()
    files[f"{name}.html"] = (
        environment.get_template("chapter.html.jinja2")
        .render(
            chapters=chapters,
            current=name,
            page=page,
            record=record,
            body=body,
            leftover=leftover,
            line_of=page.chapter.line_of,
            meanings=page.chapter.meanings(),
            stamp=STAMPS.get(record.preset, "") if record else "",
            root="",
        )
        .encode()
    )
    return files


def under_banner(
    templates: Path, files: Mapping[str, bytes] | None, chapter: Chapter, trouble: str, chapters: Sequence[Chapter]
) -> dict[str, bytes]:
    """The last published files of a chapter with an error over its page; an empty page where there are none."""
    if not files:
        return chapter_files(templates, Page(chapter, None, trouble), chapters)
    banner = _environment(templates).get_template("macros.html.jinja2").module.banner(trouble, True)
    name = f"{chapter.name}.html"
    page = re.sub(
        r"<!--trouble-->.*?<!--/trouble-->",
        lambda _: f"<!--trouble-->{banner}<!--/trouble-->",
        files[name].decode(),
        flags=re.S,
    )
    return {**files, name: page.encode()}


def render_prose(templates: Path, chapter: Chapter, record: Record, figures: "_FigureBlocks | None" = None) -> Any:
    """The chapter's own template, checked and with its numbers filled in, as HTML. Raises BuildError with the template's name."""
    import jinja2

    check_template(templates, chapter, record)
    check_branches(templates, chapter, record)
    environment = _environment(templates)
    figures = figures or _FigureBlocks(environment, chapter, record)
    card = environment.get_template("macros.html.jinja2").module.claim
    try:
        return _markdown(_fill(environment, chapter, record, record.verdicts, figures, card))
    except (jinja2.TemplateError, BuildError) as error:
        raise BuildError(f"templates/{chapter.template}: {error}") from error


def _fill(
    environment: Any, chapter: Chapter, record: Record, verdicts: Sequence[Verdict], figures: Mapping[str, Any], card: Any
) -> str:
    """The chapter's own template with its numbers, figures and verdicts filled in, as Markdown."""
    return environment.get_template(chapter.template).render(
        metric=_Named("metric", {key: _MetricView(item) for key, item in record.metrics.items()}),
        figure=_Named("figure", figures),
        claim=_Named("claim", {item.id: _ClaimView(item, card) for item in verdicts}),
        preset=record.preset,
    )


class _ClaimView:
    """A claim in a template: prints as a card; ``.supported``, ``.refuted`` and ``.inconclusive`` say how it came out."""

    def __init__(self, verdict: Verdict, macro: Any):
        self._verdict, self._macro = verdict, macro

    def __html__(self) -> Any:
        return self._macro(self._verdict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._verdict, name)


class _FigureBlocks(Mapping[str, Any]):
    """The figures of a record as blocks of HTML, numbered in the order in which the prose shows them."""

    def __init__(self, environment: Any, chapter: Chapter, record: Record):
        self._macro = environment.get_template("macros.html.jinja2").module.figure
        self._chapter, self._record = chapter, record
        self._shown: list[str] = []

    def __getitem__(self, key: str) -> Any:
        if key not in self._shown:
            self._shown.append(key)
        figure = self._record.figures[key]
        drawings = {layout: _drawing_path(self._chapter.name, key, layout) for layout in self._record.drawings.get(key, {})}
        size = _size(self._record.drawings[key]["wide"]) if drawings else None
        return self._macro(
            chapter=self._chapter,
            name=key,
            number=f"{self._chapter.number}.{self._shown.index(key) + 1}",
            figure=figure,
            cells=_cells(figure),
            drawings=drawings,
            size=size,
            line=self._chapter.line_of(key),
        )

    def __iter__(self):
        return iter(self._record.figures)

    def __len__(self) -> int:
        return len(self._record.figures)

    def unused(self) -> list[Any]:
        """Blocks of the figures that the prose did not show, so that none is lost."""
        return [self[key] for key in self if key not in self._shown]


def _drawing_path(chapter: str, figure: str, layout: str) -> str:
    return f"figures/{chapter}/{figure}{'' if layout == 'wide' else '-' + layout}.svg"


def _size(svg: str) -> tuple[int, int]:
    """Width and height of an SVG in points, rounded: enough for a browser to keep the place free."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    return (round(float(found[1])), round(float(found[2]))) if found else (0, 0)


def _cells(figure: Figure) -> list[list[Any]]:
    """A table's cells, ready to print."""
    if figure.shape != "table":
        return []

    def show(cell: Any) -> Any:
        if isinstance(cell, Metric):
            return _metric_html(cell)
        return number(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else cell

    return [[show(cell) for cell in row] for row in figure.table.rows]


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell.value if isinstance(cell, Metric) else cell for cell in row])
    return file.getvalue().encode()


def _without_drawings(record: Record) -> Record:
    return replace(record, drawings={})


def front_files(templates: Path, pages: Sequence[Page]) -> dict[str, bytes]:
    """Front page, ledger of claims with its JSON and CSV, and the style sheet."""
    environment = _environment(templates)
    chapters = [page.chapter for page in pages]
    claims = [(page.chapter, verdict) for page in pages if page.record for verdict in page.record.verdicts]
    groups = [(title, [item for item in claims if _group(item[1].source) == key]) for key, title in GROUPS.items()]
    shared = {
        "chapters": chapters,
        "pages": pages,
        "claims": claims,
        "groups": [(title, items) for title, items in groups if items],
        "sixteen": _of_the_seed(claims),
        "stamped": sorted({page.record.preset for page in pages if page.record} & STAMPS.keys()),
        "stamps": STAMPS,
        "root": "",
        "thumbnail": _thumbnail,
    }
    abstract = _markdown(environment.get_template("abstract.md.jinja2").render(**shared))
    entries = [_entry(page.record, item) for page in pages if page.record for item in page.record.verdicts]
    return {
        "index.html": environment.get_template("index.html.jinja2")
        .render(current="index", abstract=abstract, **shared)
        .encode(),
        "claims.html": environment.get_template("claims.html.jinja2").render(current="claims", **shared).encode(),
        "data/claims.json": json.dumps(entries, ensure_ascii=False, indent=1).encode(),
        "data/claims.csv": _csv(
            (*RUN_COLUMNS, *CLAIM_COLUMNS, *(f"test_{name}" for name in FINDING_COLUMNS)),
            [
                (
                    *(entry[name] for name in RUN_COLUMNS),
                    *(entry[name] for name in CLAIM_COLUMNS),
                    *(test[name] for name in FINDING_COLUMNS),
                )
                for entry in entries
                for test in entry["tests"]
            ],
        ),
        "ledger.js": (FRAME / "ledger.js").read_bytes(),
        "style.css": ((FRAME / "style.css").read_text(encoding="utf-8") + _highlighting()).encode(),
    }


RUN_COLUMNS = ("chapter", "preset", "seeds")
CLAIM_COLUMNS = ("id", "source", "verdict", "under_half", "under_double", "headline", "says", "quote", "published", "comment")
FINDING_COLUMNS = (
    "effect", "value", "low", "high", "unit", "confidence", "n", "region", "outcome", "under_half", "under_double", "why", "method", "to_decide",
)  # fmt: skip


def _entry(record: Record, verdict: Verdict) -> dict[str, Any]:
    """A claim as the ledger's data has it; an unbounded interval ends at null."""
    tests = [
        {
            name: None if isinstance(value := getattr(finding, name), float) and not math.isfinite(value) else value
            for name in FINDING_COLUMNS
        }
        for finding in verdict.findings
    ]
    told = {name: getattr(verdict, "outcome" if name == "verdict" else name) for name in CLAIM_COLUMNS}
    return {"chapter": record.chapter, "preset": record.preset, "seeds": record.seeds, **told, "tests": tests}


SEED_CLAIMS = (
    "Of three networks of equal size the deepest fits best",
    "Parameters do not help without layers",
    "All three convolutional networks do very well on MNIST",
    "Different architectures perform differently",
    "Two principal components show the path of the weights",
    "The gradient norm falls over training as a whole",
    "It gets to zero at times",
    "A zero-gradient point is found by changing the objective to the gradient norm",
    "Where the norm is zero there is a local minimum or maximum",
    "The minimal ratio goes with the loss",
    "The network fits random labels on the training set and not on the test set",
    "Small networks gain from parameters, large ones hardly",
    "The gap grows with parameters",
    "Interpolating between two solutions is best at some proportion in between",
    "Batch size and learning rate change performance and sensitivity; large batches generalise worse",
    "Large batches end in sharp minima near the start, small ones in flat minima",
)
"""The conclusions of the seed report in its order: S1 to S16. Where one says two things, its parts are S1a, S1b, ..."""


def _of_the_seed(claims: Sequence[tuple[Chapter, Verdict]]) -> list[tuple[str, str, list[tuple[Chapter, Verdict]]]]:
    """Number, words and judged parts of each conclusion of the seed report, those not measured yet without parts."""
    parts = {f"S{number}": [] for number in range(1, len(SEED_CLAIMS) + 1)}
    for chapter, verdict in claims:
        if verdict.source.startswith("seed") and verdict.id.rstrip("abcdefgh") in parts:
            parts[verdict.id.rstrip("abcdefgh")].append((chapter, verdict))
    return [(number, words, found) for (number, found), words in zip(parts.items(), SEED_CLAIMS, strict=True)]


GROUPS = {"seed": "The seed report's claims", "paper": "Published claims", "ours": "Our claims"}


def _group(source: str) -> str:
    first = source.split()[0].lower()
    return first if first in GROUPS else "paper"


def _thumbnail(page: Page) -> str | None:
    """The chapter's first drawn figure."""
    drawn = [key for key, figure in page.record.figures.items() if figure.shape != "table"] if page.record else []
    return _drawing_path(page.chapter.name, drawn[0], "wide") if drawn else None


def made_files(
    templates: Path, pages: Sequence[Page], statuses: Mapping[str, Status], source_paths: Sequence[str]
) -> dict[str, bytes]:
    """The one page, and the one file, that say what may differ between two builds: durations, host and versions."""
    environment = _environment(templates)
    chapters = [page.chapter for page in pages]
    names = {name for status in statuses.values() for name in status.versions}
    versions = {name: _one_or_each({chapter: status.versions.get(name, "none") for chapter, status in statuses.items()})
                for name in names}  # fmt: skip
    html = environment.get_template("made.html.jinja2").render(
        chapters=chapters, current="made", pages=pages, statuses=statuses, versions=versions, source_paths=source_paths, root=""
    )
    facts = {
        name: {"worker_seconds": status.worker_seconds, "wall_seconds": status.wall_seconds, "jobs": len(status.jobs),
               "from_cache": status.num_cached, "host": status.host, "versions": status.versions}
        for name, status in statuses.items()
    }  # fmt: skip
    return {"made.html": html.encode(), "data/build.json": json.dumps(facts, indent=1, sort_keys=True).encode()}


def _one_or_each(versions: Mapping[str, str]) -> str:
    """The version that all chapters share, or which chapters have which."""
    chapters: dict[str, list[str]] = {}
    for chapter, item in versions.items():
        chapters.setdefault(item, []).append(chapter.replace("_", " "))
    if len(chapters) == 1:
        return next(iter(chapters))
    return "; ".join(f"{item} ({', '.join(names)})" for item, names in chapters.items())


def source_files(templates: Path, chapters: Sequence[Chapter], sources: Mapping[str, str]) -> dict[str, bytes]:
    """One page of highlighted source a file, with an anchor a line."""
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    environment = _environment(templates)
    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="source")
    return {
        source_page(path): environment.get_template("source.html.jinja2").render(
            chapters=chapters, current="", path=path, code=Markup(highlight(text, PythonLexer(), formatter)), root="../"
        ).encode()
        for path, text in sources.items()
    }  # fmt: skip


def source_page(path: str) -> str:
    """Where the source of ``path`` is shown: ``source/lab.training.html``."""
    return f"source/{path.removesuffix('.py').replace('/', '.')}.html"


def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        return HtmlFormatter(style=style, cssclass="source").get_style_defs(".source")

    return f"\n{rules('friendly')}\n@media (prefers-color-scheme: dark) {{\n{rules('monokai')}\n}}\n.source {{ background: none; }}\n"


def rendering_versions() -> dict[str, str]:
    """Versions of the libraries that make pages, as part of what a page is made from."""
    return {name: version(name) for name in RENDERING_DISTRIBUTIONS}
