"""What a chapter's prose can name: its metrics, figures and claims, and the preset."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from measured.errors import BuildError, did_you_mean
from measured.evidence import OUTCOMES, Metric, Verdict
from measured.pages.environment import Frame, metric_html
from measured.pages.outline import Chapter
from measured.pages.record import Record

PRESET = "preset"
CLAIM_PARTS = (*OUTCOMES, *(item.name for item in fields(Verdict)))


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line on a name that does not exist, with the nearest that does."""
    return f"no {kind} {name!r}; {did_you_mean(name, known, otherwise='there are')}"


def named(node: Any) -> tuple[str, str | None]:
    """``("claim", "fair")`` for ``claim.fair`` and ``claim["fair"]`` in a parsed template; None for a name that only rendering tells."""
    from jinja2 import nodes

    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return "", None
    if isinstance(node, nodes.Getattr):
        return node.node.name, node.attr
    return node.node.name, node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


def fill(frame: Frame, chapter: Chapter, record: Record, figures: Mapping[str, Any], card: Callable[[Verdict], Any]) -> str:
    """The chapter's prose with its numbers, figures and claims, as Markdown. Raises BuildError where it does not fit."""
    from jinja2 import TemplateError

    claims = {verdict.id: ClaimView(verdict, card) for verdict in record.verdicts}
    try:
        return frame.jinja.get_template(chapter.template).render(values(record, figures) | {"claim": Named("claim", claims)})
    except (TemplateError, BuildError) as error:
        raise BuildError(f"templates/{chapter.template}: {error}") from error


def values(record: Record, figures: Mapping[str, Any]) -> dict[str, Any]:
    """What prose can name besides its claims."""
    metrics = {name: _MetricView(metric) for name, metric in record.metrics.items()}
    return {"metric": Named("metric", metrics), "figure": Named("figure", figures), PRESET: record.preset}


class Named(Mapping[str, Any]):
    """Things by name, as an attribute or in brackets; a name that is not there says what is near."""

    def __init__(self, kind: str, things: Mapping[str, Any]):
        self._kind, self._things = kind, things

    def __getitem__(self, name: str) -> Any:
        if name not in self._things:
            raise BuildError(unknown(self._kind, name, self._things))
        return self._things[name]

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __iter__(self):
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


class _MetricView:
    """A metric in prose: prints itself with its interval, and gives its parts by name."""

    def __init__(self, metric: Metric):
        self._metric = metric

    def __html__(self) -> Any:
        return metric_html(self._metric)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._metric, name)


class ClaimView:
    """A claim in prose: prints as a card; ``.supported``, ``.refuted`` and ``.inconclusive`` say how it came out."""

    def __init__(self, verdict: Verdict, card: Callable[[Verdict], Any]):
        self._verdict, self._card = verdict, card

    def __html__(self) -> Any:
        return self._card(self._verdict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._verdict, name)
