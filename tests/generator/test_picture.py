"""The drawing of a verdict says what its numbers say, whatever they are: read back from the coordinates of the SVG."""

import csv
import io
import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measured.evidence import (
    ANY,
    Claim,
    Estimate,
    Margin,
    Metric,
    Missing,
    Outcome,
    Share,
    Single,
    Test,
    Verdict,
    at_least,
    at_most,
    away_from,
    different,
    equal,
    every,
    factor,
    larger,
    no_exception,
    no_more_often,
    smaller,
    some,
)
from measured.evidence.judge import judge
from measured.pages import environment, ledger, picture, wording
from measured.pages.chapter import Page
from measured.pages.outline import OUR_OWN, Chapter, Outline
from measured.pages.record import Record, read, to_json

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 1e-3
"""Per cent of the width that coordinates are rounded by, and some."""

values = st.integers(-10_000, 10_000).map(lambda number: number / 10)
positive = st.integers(-30, 30).map(lambda tenths: float(f"{10 ** (tenths / 10):.3g}"))
sizes = positive


def _spread(middle: float, width: float, num: int, sign: int = 1) -> list[float]:
    return [middle + sign * width * (place - (num - 1) / 2) / num for place in range(num)]


@st.composite
def estimates(draw: Any) -> Metric:
    """Over few or many seeds, with much or no spread."""
    num, width = draw(st.integers(1, 12)), draw(st.sampled_from([0.0, 0.01, 0.3, 3.0]))
    middle = draw(values)
    average = draw(st.sampled_from(["mean", "median"]))
    found = Estimate.over_seeds(_spread(middle, width * abs(middle), num), draw(st.sampled_from(["", "nats"])), average)
    assert isinstance(found, Metric)
    return found


@st.composite
def ratios(draw: Any) -> Metric:
    """What is positive, by its geometric mean."""
    num, width = draw(st.integers(2, 12)), draw(st.sampled_from([0.0, 0.05, 1.0]))
    exponents = _spread(math.log(draw(positive)), width, num)
    found = Estimate.over_seeds([math.exp(exponent) for exponent in exponents], "", "geometric mean")
    assert isinstance(found, Metric)
    return found


@st.composite
def correlations(draw: Any) -> Metric:
    middle, width = draw(st.floats(-1, 1)), draw(st.sampled_from([0.0, 0.1, 1.0]))
    numbers = [min(max(value, -1.0), 1.0) for value in _spread(middle, width, draw(st.integers(2, 10)))]
    found = Estimate.over_seeds(numbers, bounds=(-1.0, 1.0))
    assert isinstance(found, Metric)
    return found


@st.composite
def shares(draw: Any) -> Metric:
    trials = draw(st.integers(1, 60))
    return Share.of_count(draw(st.integers(0, trials)), trials, "trials")


missing = st.just(Missing(why="too slow", remedy="a faster computer"))


def _margin(value: float, **more: Any) -> Margin:
    return Margin(value, "so much counts", **more)


@st.composite
def put_to_test(draw: Any, name: str) -> tuple[Test, dict[str, Metric]]:
    """A test of any kind with the metrics that it is about, named after ``name``."""
    a, b = f"{name}.first.x", f"{name}.second.x"
    kind = draw(
        st.sampled_from(["difference", "ratio", "bound", "factor", "majority", "correlation", "odds", "universal", "missing"])
    )
    margin = _margin(draw(sizes))
    if kind == "difference":
        compare = draw(
            st.sampled_from(
                [
                    larger(a, than=b, by=draw(st.sampled_from([ANY, margin]))),
                    smaller(a, than=b, by=draw(st.sampled_from([ANY, margin]))),
                    equal(a, to=b, within=margin),
                    different(a, to=b, by=margin),
                ]
            )
        )
        return compare, {a: draw(estimates()), b: draw(st.one_of(estimates(), values.map(lambda value: Single(value=value))))}
    if kind == "ratio":
        times = factor(1 + draw(sizes), "so much counts")
        compare = draw(
            st.sampled_from([larger(a, than=b, by=times), smaller(a, than=b, by=times), equal(a, to=b, within=times)])
        )
        return compare, {a: draw(ratios()), b: draw(ratios())}
    if kind == "bound":
        origin = draw(st.one_of(st.none(), st.just(0.0), values))
        bound = _margin(draw(values), origin=origin)
        return draw(st.sampled_from([at_least(a, bound), at_most(a, bound), away_from(a, 1.0, margin)])), {a: draw(estimates())}
    if kind == "factor":
        times = factor(draw(sizes), "so much counts")
        more = factor(1 + draw(sizes), "so much counts")
        return draw(st.sampled_from([at_least(a, times), at_most(a, times), away_from(a, 1.0, more)])), {a: draw(ratios())}
    if kind == "majority":
        bound = _margin(draw(st.sampled_from([0.0, 0.5, 0.98, 1.0])), origin=draw(st.sampled_from([None, 0.0, 1.0])))
        return draw(st.sampled_from([at_least(a, bound), at_most(a, bound)])), {a: draw(shares())}
    if kind == "correlation":
        trend = _margin(draw(st.sampled_from([0.2, 0.5, 0.8])), furthest=1.0)
        return draw(st.sampled_from([at_least(a, trend), at_most(a, -trend), away_from(a, 0.0, trend)])), {
            a: draw(correlations())
        }
    if kind == "odds":
        return no_more_often(a, than=b, why="at random"), {a: draw(shares()), b: draw(shares())}
    if kind == "universal":
        return no_exception(a, unless=_margin(0.05)), {a: draw(shares())}
    return larger(a, than=b), {a: draw(estimates()), b: draw(missing)}


@st.composite
def verdicts(draw: Any) -> Verdict:
    """A claim of one test or several, judged."""
    judged = [draw(put_to_test(f"t{place}")) for place in range(draw(st.integers(1, 4)))]
    metrics = {name: metric for _, own in judged for name, metric in own.items()}
    parts = [test for test, _ in judged]
    holds = parts[0]
    if len(parts) > 1:
        join, inner = draw(st.sampled_from([(every, some), (some, every)]))
        holds = join(*parts[:-2], inner(*parts[-2:])) if len(parts) > 2 and draw(st.booleans()) else join(*parts)
    published = draw(st.one_of(st.none(), sizes))
    return judge([Claim("c", "ours", "It is so.", holds, published_effect=published)], metrics, look=draw(st.integers(1, 3)))[0]


def _entries(record: Record) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What the site's data says of the claims of a record, as JSON and as CSV."""
    outline = Outline("Report", (CHAPTER,), (OUR_OWN,))
    files = ledger.files(FRAME, outline, [Page(CHAPTER, record)])
    table = csv.DictReader(io.StringIO(files["data/claims.csv"].decode()))
    return json.loads(files["data/claims.json"]), list(table)


CHAPTER = Chapter("dice", "Toys", "1.1", "Two dice", "Do two dice differ?", "", "")
FRAME = environment.make(Path("none"))


def _share(text: str | None) -> float:
    assert text is not None and text.endswith("%")
    return float(text.removesuffix("%"))


def _lines(row: Any, name: str) -> list[float]:
    return [_share(line.get("x1")) for line in row.iter(f"{SVG}line") if line.get("class") == name]


def _drawn(verdict: Verdict) -> dict[int, Any]:
    """The rows of a drawing by the numbers of their tests."""
    svg = ElementTree.fromstring(str(picture.picture(verdict)).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))
    rows = [item for item in svg.iter(f"{SVG}g") if item.get("data-test")]
    return {int(row.get("data-test", "0")): row for row in rows}


def _bands(row: Any) -> list[tuple[float, float]]:
    starts = [
        (_share(rect.get("x")), _share(rect.get("width"))) for rect in row.iter(f"{SVG}rect") if rect.get("class") == "band"
    ]
    return [(start, start + width) for start, width in starts]


def _bar(row: Any) -> tuple[float, float] | None:
    bars = [(_share(line.get("x1")), _share(line.get("x2"))) for line in row.iter(f"{SVG}line") if line.get("class") == "bar"]
    return bars[0] if bars else None


def _may_be(bands: list[tuple[float, float]], bar: tuple[float, float] | None) -> set[Outcome]:
    """How a test can have come out that is drawn like this; more than one way only where an end lies on an edge."""
    if bar is None:
        return {"not measured"}
    (low, high), ways = bar, set[Outcome]()
    if any(start - NEAR <= low and high <= end + NEAR for start, end in bands):
        ways.add("supported")
    if all(high <= start + NEAR or low >= end - NEAR for start, end in bands):
        ways.add("refuted")
    in_the_open = any(low < end - NEAR and high > start + NEAR for start, end in bands)
    is_within = any(start + NEAR < low and high < end - NEAR for start, end in bands)
    if in_the_open and not is_within or ways == {"supported", "refuted"} or not in_the_open and bands and _touches(bands, bar):
        ways.add("inconclusive")
    return ways


def _touches(bands: list[tuple[float, float]], bar: tuple[float, float]) -> bool:
    return any(abs(end - edge) <= NEAR for band in bands for edge in band for end in bar)


@settings(max_examples=100, deadline=None)
@given(verdict=verdicts())
def test_picture_and_outcome_agree(verdict: Verdict):
    """Bar inside the band: supported; outside: refuted; across an edge: inconclusive. In colour, sign and words, too."""
    rows = _drawn(verdict)
    assert sorted(rows) == list(range(1, len(verdict.findings) + 1))
    for place, finding in enumerate(verdict.findings, 1):
        row = rows[place]
        assert finding.outcome in _may_be(_bands(row), _bar(row))
        assert finding.outcome.replace(" ", "-") in row.get("class", "").split()
        told = [text.text for text in row.iter(f"{SVG}text") if text.get("class") == "value"]
        assert told[0].endswith(wording.SIGNS[finding.outcome] if finding.outcome != "not measured" else "not measured")


@settings(max_examples=60, deadline=None)
@given(verdict=verdicts())
def test_picture_shows_the_numbers_of_the_data(verdict: Verdict):
    """Ends of the interval, estimate, edges, half and double the margin and the published effect stand where the site's JSON
    and CSV say, after the record was written and read; two of them fix the axis, and all others must fit."""
    record = read(to_json(Record("dice", "standard", "cpu", {}, {}, (verdict,), ())))
    assert record is not None and picture.picture(record.verdicts[0]) == picture.picture(verdict)
    (entry,), table = _entries(record)
    rows = _drawn(record.verdicts[0])
    for place, (test, line) in enumerate(zip(entry["tests"], table, strict=True), 1):
        for name in ("true_low", "true_high", "half_low", "double_high", "published", "low", "value"):
            assert (line[f"test_{name}"] == "") == (test[name] is None)
            assert test[name] is None or float(line[f"test_{name}"]) == test[name]
        points = list(_points(test, rows[place]))
        seen = [(effect, at) for effect, at, kind in points if kind == "end"]
        if len(seen) < 2:
            continue
        (first, start), (last, end) = min(seen), max(seen)
        if end - start < 1:
            continue
        for effect, at, kind in points:
            expected = start + (end - start) * (effect - first) / (last - first)
            if math.isnan(at):  # a dot that is out of view
                assert not 0.1 < expected < 99.9
                continue
            assert math.isclose(min(max(expected, 0), 100), at, abs_tol=0.1), (effect, expected, at)
            assert kind != "arrow" or not 0.1 < expected < 99.9


def _points(test: dict[str, Any], row: Any):
    """What the data says, on the scale of the axis, with its place in the drawing, and whether that is an end by which the axis
    is known, an arrow where the interval leaves the view, or a mark."""

    def scaled(effect: float) -> float:
        if not test["on_logarithms"]:
            return effect
        return math.log(effect) if effect > 0 else -math.inf

    named = {
        "edge": [test["true_low"], test["true_high"]],
        "half": [test["half_low"], test["half_high"]],
        "double": [test["double_low"], test["double_high"]],
    }
    for name, effects in named.items():
        expected = [scaled(effect) for effect in effects if effect is not None]
        drawn = _lines(row, name)
        assert len(drawn) == len(expected)
        yield from ((effect, at, "end") for effect, at in zip(sorted(expected), sorted(drawn), strict=True))
    bar = _bar(row)
    assert (bar is None) == (test["outcome"] == "not measured")
    if bar is not None:
        arrows = [_share(svg.get("x")) for svg in row.iter(f"{SVG}svg") if svg.find(f"{SVG}path[@class='arrow']") is not None]
        caps = _lines(row, "cap")
        assert len(arrows) + len(caps) == 2
        for effect, at in zip((test["low"], test["high"]), bar, strict=True):
            if effect is None or math.isinf(scaled(effect)):
                assert at in arrows and at in (0, 100)
            else:
                yield scaled(effect), at, "arrow" if at in arrows else "end"
        dots = [_share(dot.get("cx")) for dot in row.iter(f"{SVG}circle")]
        if test["value"] is not None and math.isfinite(scaled(test["value"])):
            yield scaled(test["value"]), dots[0] if dots else math.nan, "mark"
    diamonds = [_share(svg.get("x")) for svg in row.iter(f"{SVG}svg") if svg.find(f"{SVG}path[@class='diamond']") is not None]
    assert len(diamonds) == (test["published"] is not None)
    yield from ((scaled(test["published"]), at, "mark") for at in diamonds)


@settings(max_examples=100, deadline=None)
@given(verdict=verdicts())
def test_mark_shows_a_test_that_decides(verdict: Verdict):
    """Right of the middle it is supported, left of it refuted, across it inconclusive; and the verdict is that of its mark."""
    svg = ElementTree.fromstring(str(picture.mark(verdict)))
    found = [
        _share(value) for line in svg.iter("line") if line.get("class") == "bar" for value in (line.get("x1"), line.get("x2"))
    ]
    if not found:
        assert verdict.outcome == "not measured"
        return
    low, high = found
    if verdict.outcome == "supported":
        assert low >= 50 - NEAR
    elif verdict.outcome == "refuted":
        assert high <= 50 + NEAR
    else:
        assert low <= 50 + NEAR and high >= 50 - NEAR


@pytest.mark.parametrize(
    "outcome, holds, metrics, words",
    [
        ("supported", larger("a", than="b", by=factor(1.25, "x")), (2.0, 1.0), "true if at least 1.25 times: supported."),
        ("refuted", at_most("a", Margin(0.5, "x", origin=None)), (2.0,), "true if at most 0.5: refuted."),
        ("inconclusive", equal("a", to="b", within=Margin(0.02, "x")), (1.0, 1.0), "between −0.02 and 0.02: inconclusive."),
    ],
)
def test_picture_has_words_for_those_who_cannot_see_it(outcome, holds, metrics, words):
    """What was measured, its interval, where the claim is true, and how it came out."""
    over_seeds = {
        name: Estimate.over_seeds([middle * (1 + 0.01 * place) for place in range(8)])
        for name, middle in zip("ab", metrics, strict=False)
    }
    verdict = judge([Claim("c", "ours", "So.", holds)], over_seeds)[0]
    label = ElementTree.fromstring(str(picture.picture(verdict))).get("aria-label", "")
    assert verdict.outcome == outcome and label.startswith("Measured ") and ", interval " in label and label.endswith(words)


def test_mark_has_words_for_what_it_shows():
    """For the test that decides; what else the claim rests on stands beside it."""
    over_seeds = {
        name: Estimate.over_seeds([middle + 0.01 * place for place in range(8)]) for name, middle in (("a", 2), ("b", 1))
    }
    parts = [at_most(name, Margin(1.5, "x", origin=None)) for name in "ab"]
    one, both = judge([Claim("c", "ours", "So.", holds) for holds in (parts[1], every(*parts))], over_seeds)
    said = [ElementTree.fromstring(str(picture.mark(verdict))).get("aria-label", "") for verdict in (one, both)]
    assert said[0].startswith("Measured 1.04, interval ") and said[0].endswith("true if at most 1.5: supported.")
    assert said[1].startswith("a: Measured 2.04, interval ") and said[1].endswith("refuted. The claim, of 2 tests, is refuted.")
