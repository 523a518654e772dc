"""What a chapter's prose can name: its metrics, settings, figures and claims, and the preset."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from measured.evidence import Metric, Names, Verdict
from measured.evidence.names import resolve, unknown
from measured.pages import settings
from measured.pages.environment import CHAPTER, Frame, metric_html
from measured.pages.outline import Chapter
from measured.pages.record import Record

PRESET = "preset"
PARTS = {
    "metric": ("value", "short", "interval", "explanation", "n", "low", "high", "unit", "summary", "is_measured"),
    "setting": ("first", "last", "num", "percent", "value"),
    "figure": ("ref",),
    CHAPTER: ("number", "title", "question", "part"),
    "claim": ("ref", "supported", "refuted", "inconclusive", "not_measured", *(item.name for item in fields(Verdict))),
}
"""What prose can ask of each kind of thing, after its name."""


def named(node: Any) -> tuple[str, str | None]:
    """``("claim", "fair")`` for ``claim.fair`` and ``claim["fair"]`` in a parsed template, ``("metric", "gap.first")`` for
    ``metric.gap.first``; None for a name that only rendering tells."""
    from jinja2 import nodes

    steps: list[str | None] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        else:
            steps.append(str(node.arg.value) if isinstance(node.arg, nodes.Const) else None)
        node = node.node
    if not isinstance(node, nodes.Name) or not steps:
        return "", None
    told = [step for step in reversed(steps) if step is not None]
    return node.name, ".".join(told) if len(told) == len(steps) else None


def is_card(node: Any) -> bool:
    """Whether a part of a template is a claim as a whole, and not something about it."""
    from jinja2 import nodes

    return isinstance(node, nodes.Getattr | nodes.Getitem) and isinstance(node.node, nodes.Name) and node.node.name == "claim"


def figures_shown(frame: Frame, chapter: Chapter) -> list[str]:
    """Names of the figures that a chapter's prose shows, in its order; of all branches."""
    import jinja2

    try:
        tree = frame.jinja.parse(frame.jinja.loader.get_source(frame.jinja, chapter.template)[0])
    except jinja2.TemplateError:
        return []
    from jinja2 import nodes

    found = [named(node) for output in tree.find_all(nodes.Output) for node in output.nodes]
    return [name for kind, name in found if kind == "figure" and name and "." not in name]  # no part of one, such as .ref


def fault(kind: str, name: str, known: Collection[str]) -> str:
    """What is wrong with a name in prose; empty where it is known, a group of such, or a part of one."""
    things = dict.fromkeys(known)
    if name in things or any(other.startswith(f"{name}.") for other in things):
        return ""
    whole = resolve(name, things)
    if whole is None:
        return unknown(kind, name, known)
    part = name.removeprefix(f"{whole}.")
    return "" if set(part.split(".")) <= set(PARTS[kind]) else unknown(f"part of a {kind}", part, PARTS[kind])


def values(record: Record, figures: Mapping[str, Any]) -> dict[str, Any]:
    """What prose can name besides its claims."""
    metrics = {name: _MetricView(metric) for name, metric in record.metrics.items()}
    return {
        "metric": Names("metric", metrics),
        "setting": settings.names(record.settings),
        "figure": Names("figure", figures),
        PRESET: record.preset,
    }


class _MetricView:
    """A metric in prose: prints itself with its interval, and gives its parts by name."""

    def __init__(self, metric: Metric):
        self._metric = metric

    def __html__(self) -> Any:
        return metric_html(self._metric)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._metric, name)


@dataclass(frozen=True)
class FigureView:
    """A figure in prose: prints as a block; ``.ref`` is a link to it, such as "Figure 2.1.3"."""

    shape: str
    name: str
    block: Callable[[], Any]

    def __html__(self) -> Any:
        return self.block()

    @property
    def ref(self) -> Any:
        """A link with the figure's number, which stands in its place until all are numbered."""
        from markupsafe import Markup

        return Markup('<a class="ref" href="#figure-{0}">{1} @@{0}@@</a>').format(self.name, called(self.shape))


def called(shape: str) -> str:
    """What a figure of a shape is called, before its number."""
    return "Table" if shape == "table" else "Figure"


NOT_SHOWN = FigureView("", "", lambda: "")
"""What stands for a figure where prose is only checked."""


def link_to_claim(verdict: Verdict) -> Any:
    """A claim's id that leads to its card."""
    from markupsafe import Markup

    return Markup('<a class="ref id" href="#claim-{0}">{0}</a>').format(verdict.id)


class ClaimView:
    """A claim in prose: prints as a card; ``.ref`` is a link to it; ``.supported``, ``.refuted``, ``.inconclusive`` and
    ``.not_measured`` say how it came out. ``ask`` is told of each part of it that is asked for."""

    def __init__(self, verdict: Verdict, card: Callable[[Verdict], Any], ask: Callable[[str, str], None]):
        self._verdict, self._card, self._ask = verdict, card, ask

    def __html__(self) -> Any:
        return self._card(self._verdict)

    @property
    def ref(self) -> Any:
        """A link with the claim's id."""
        return link_to_claim(self._verdict)

    def __getattr__(self, name: str) -> Any:
        self._ask(self._verdict.id, name)
        return getattr(self._verdict, name)
