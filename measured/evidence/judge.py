"""Claims to verdicts, by one rule: where the interval of the effect lies against the region in which the claim is true.

Each decided verdict is wrong with a chance of at most ``ERROR_RATE``, all planned looks together: ``levels`` says how it is
divided, and ``Region.confidence`` which interval keeps it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from measured.errors import BuildError, ClaimError
from measured.evidence import levels
from measured.evidence.claim import Claim, Finding, Runs, Structure, Verdict
from measured.evidence.effects import Effect, Nothing, effect_of, names_of
from measured.evidence.forecast import Forecast, forecast
from measured.evidence.labels import Words, labels
from measured.evidence.levels import Level, parts_of
from measured.evidence.metric import Estimate, Metric, Missing, Share
from measured.evidence.names import Names, unknown
from measured.evidence.number import as_given, unit_of_difference
from measured.evidence.region import Outcome, Region
from measured.evidence.standing import combined
from measured.evidence.tests import Bound, Every, Odds, Part, Some, Test


def judge(
    claims: Sequence[Claim],
    metrics: Mapping[str, Metric],
    settings: Names | None = None,
    runs: Runs | None = None,
    look: int = 1,
    words: Words | None = None,
) -> tuple[Verdict, ...]:
    """The verdict of every claim of a chapter at a planned look; names of metrics and settings have dots where they nest.

    ``runs`` says what varies with the seed where a claim does not; ``words`` are those of a reader for parts of the metrics'
    names. Raises BuildError where a claim names what is not there.
    """
    settings = settings or Names("setting", {})
    return tuple(_verdict(claim, metrics, settings, claim.runs or runs, look, words or {}) for claim in claims)


def _verdict(
    claim: Claim, metrics: Mapping[str, Metric], settings: Names, runs: Runs | None, look: int, words: Words
) -> Verdict:
    parts = parts_of(claim.holds)
    if missing := sorted({name for part in parts for name in names_of(part)} - metrics.keys()):
        raise ClaimError(claim.id, unknown("metric", missing[0], metrics))
    try:
        effects = {part: effect_of(part, metrics) for part in parts}
    except BuildError as error:
        raise ClaimError(claim.id, error) from None
    judged = levels.of_parts(claim.holds, Level.of_look(look), lambda part: isinstance(effects[part], Effect))
    findings = tuple(
        replace(_finding(part, effects[part], level, metrics), label=label)
        for (part, level), label in zip(judged, labels(claim.holds, words), strict=True)
    )
    findings = (replace(findings[0], published=claim.published_effect), *findings[1:])
    named = _Spoken(Names("metric", metrics), settings, _margins(claim.holds, metrics))

    def filled(text: str) -> str:
        try:
            return text.format_map(named)
        except (BuildError, AttributeError, IndexError, TypeError, ValueError) as error:
            raise ClaimError(claim.id, error) from None

    def otherwise(way: str) -> Outcome | None:
        """The verdict in another way, where any of the tests has one."""
        varied: list[Outcome | None] = [getattr(item, way) for item in findings]
        if not any(varied):
            return None
        outcomes: list[Outcome] = [new or item.outcome for new, item in zip(varied, findings, strict=True)]
        return _decide(claim.holds, iter(outcomes))

    says, comments = filled(claim.says), claim.comments
    texts = {name: filled(getattr(comments, name)) for name in ("supported", "refuted", "inconclusive")} if comments else {}
    measured: list[Outcome] = [item.outcome for item in findings]
    outcome = _decide(claim.holds, iter(measured))
    if comments and outcome == "not measured":
        first = next(item for item in findings if item.outcome == "not measured")
        texts[outcome] = f"{first.method[:1].upper()}{first.method[1:]}. What would measure it: {first.to_decide}."
    return Verdict(
        id=claim.id,
        source=claim.source,
        kind=claim.kind,
        says=says,
        quote=claim.quote,
        headline=claim.headline or claim.quote or says,
        outcome=outcome,
        findings=findings,
        plain=otherwise("plain"),
        under_half=otherwise("under_half"),
        under_double=otherwise("under_double"),
        comment=texts.get(outcome, ""),
        published=claim.published,
        varies=filled(runs.varies) if runs else "",
        shared=filled(runs.shared) if runs else "",
        look=look,
        structure=_structure(claim.holds),
    )


def check_seeds(claims: Sequence[Claim], metrics: Mapping[str, Metric]) -> None:
    """Raises ClaimError for the first claim on a metric of a single seed, which has no interval, whatever comes out."""
    for claim in claims:
        for name in dict.fromkeys(name for part in parts_of(claim.holds) for name in names_of(part)):
            metric = metrics[name]
            if isinstance(metric, Estimate) and metric.n == 1 and metric.of == "seeds":
                fault = f"{name} has a single seed, and so no interval: no outcome could decide it; write Seeds(2) or more"
                raise ClaimError(claim.id, fault)


def _structure(test: Test) -> Structure:
    if isinstance(test, Every | Some):
        return Structure("every" if isinstance(test, Every) else "some", tuple(map(_structure, test.parts)))
    return Structure()


class _Spoken:
    """What a claim's texts have in braces: metrics by their names, ``setting``, and the margins of its test."""

    def __init__(self, metrics: Names, settings: Names, margins: list[str]):
        self._metrics, self._settings, self._margins = metrics, settings, margins

    def __getitem__(self, name: str) -> Any:
        if name == "setting":
            return self._settings
        if name == "margins":
            return self._margins
        if name != "margin":
            return self._metrics[name]
        if len(self._margins) != 1:
            told = ", ".join(self._margins) or "none"
            raise BuildError(f"{{margin}} stands for one margin, but the test has {told}; write {{margins[0]}} and so on")
        return self._margins[0]


def _margins(test: Test, metrics: Mapping[str, Metric]) -> list[str]:
    """The margins of a test as a sentence has them, each once, in the order of its parts."""
    found = {}
    for part in parts_of(test):
        unit = ""
        if not isinstance(part, Odds) and not part.ratio:
            unit = metrics[part.metric].unit if isinstance(part, Bound) else unit_of_difference(metrics[part.left].unit)
        amount = as_given(part.margin, unit)
        # One point, and 0.1 points.
        found[part.says.format(f"{amount} {unit.removesuffix('s') if amount == '1' else unit}".strip())] = None
    return [margin for margin in found if margin]


def _decide(test: Test, outcomes: Iterator[Outcome]) -> Outcome:
    """The outcome of a test from those of its parts, which come in their order."""
    if not isinstance(test, Every | Some):
        return next(outcomes)
    return combined("every" if isinstance(test, Every) else "some", [_decide(part, outcomes) for part in test.parts])


def _finding(part: Part, effect: Effect | Nothing, level: Level, metrics: Mapping[str, Metric]) -> Finding:
    if isinstance(effect, Nothing):
        return Finding(
            effect=effect.name,
            value=math.nan,
            low=-math.inf,
            high=math.inf,
            unit="",
            confidence=1 - 2 * level.supported,
            n=(0,),
            method=effect.why,
            region=_describe(part.region, _unit_of_missing(part, metrics), part),
            why=part.why,
            outcome="not measured",
            to_decide=effect.remedy,
            true_in=part.region,
            on_logarithms=isinstance(part, Odds) or part.ratio,
        )
    region = _region(part, metrics)

    def under(factor: float) -> Outcome | None:
        scaled = region.scaled(factor, effect.on_logarithms)
        return _decided(scaled, effect, level)[0] if scaled else None

    outcome, low, high, confidence = _decided(region, effect, level)
    needed = Forecast()
    if outcome == "inconclusive":
        needed = forecast(part, effect, region, low, high, confidence, metrics)
    return Finding(
        effect=effect.name,
        value=effect.value,
        low=low,
        high=high,
        unit=effect.unit,
        confidence=confidence,
        n=effect.n,
        of=effect.of,
        method=effect.method,
        region=_describe(region, effect.unit, part),
        why=part.why,
        outcome=outcome,
        to_decide=needed.text,
        more_helps=needed.more_helps,
        plain=region.outcome(*effect.interval(levels.PLAIN)),
        under_half=under(0.5),
        under_double=under(2.0),
        true_in=region,
        on_logarithms=effect.on_logarithms,
    )


def _unit_of_missing(part: Part, metrics: Mapping[str, Metric]) -> str:
    found = metrics[names_of(part)[0]]
    return found.unit if isinstance(found, Missing) and isinstance(part, Bound) else ""


def _region(part: Part, metrics: Mapping[str, Metric]) -> Region:
    """Where a test's effect must lie; nowhere but at zero, once an exception from a universal rule was seen."""
    if isinstance(part, Bound) and part.universal:
        share = metrics[part.metric]
        if isinstance(share, Share) and share.successes:
            return Region(high=0.0)
    return part.region


def _decided(region: Region, effect: Effect, level: Level) -> tuple[Outcome, float, float, float]:
    """An outcome with the interval that decides it and its confidence: the narrower of two, where they differ and it is
    enough."""
    needed: dict[Outcome, float] = {
        "supported": region.confidence("supported", level.supported),
        "refuted": region.confidence("refuted", level.refuted),
    }
    confidence, low, high = 0.0, -math.inf, math.inf
    for confidence in sorted(set(needed.values())):
        low, high = effect.interval(confidence)
        outcome = region.outcome(low, high)
        if needed.get(outcome, math.inf) <= confidence:
            return outcome, low, high, confidence
    return "inconclusive", low, high, confidence


def _describe(region: Region, unit: str, part: Part) -> str:
    most, least = ("less than", "more than") if region.strict else ("at most", "at least")
    low, high = (as_given(bound, unit) for bound in (region.low, region.high))
    if isinstance(part, Bound) and part.universal:
        text = f"none; {most} {as_given(part.margin, unit)} {unit}".strip()
        return f"{text} where none was seen"
    if math.isinf(region.low):
        text = f"{most} {high}"
    elif math.isinf(region.high):
        text = f"{least} {low}"
    else:
        text = f"from {low} to {high}"
    return f"{'not ' if region.outside else ''}{text} {unit}".strip()
