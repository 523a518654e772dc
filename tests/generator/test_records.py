"""Finished chapters on disk, and what differs between two published sites."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from measured import charts
from measured.errors import BuildError
from measured.evidence import Claim, Estimate, Margin, Missing, Share, Single, at_least, judge, larger
from measured.pages.record import Record, Setting, read, to_json
from measured.pages.status import FORMAT, Status
from measured.press import compare
from measured.press.records import Records

LOW = Estimate.over_seeds([1.0, 1.1, 0.9])
METRICS = {
    "fair": LOW,
    "share": Share.over_seeds([True, False]),
    "count": Single.once(3),
    "none": Missing(unit="%"),
    "one": Single.once(2),
}
CLAIMS = (
    Claim("wide", source="ours", says="{fair}", holds=larger("fair", than="one")),
    Claim("open", source="ours", says="{none}", holds=at_least("none", Margin(0.5, "half"))),
)
LINES = {"panel": {"line": charts.Series((1, 2), [(1.0, 2.5), (2.0, 3.0)])}}
RECORD = Record(
    "dice",
    "quick",
    "cpu",
    METRICS,
    {
        "table": charts.table(("a", "b"), [("x", LOW), ("y", 2)], caption="Words.", alt="More words."),
        "lines": charts.curves(LINES, x="x", y=charts.Axis("y", log=True), caption="Words.", alt="More words."),
    },
    judge.judge(CLAIMS, METRICS),
    (Setting("seeds", [0, 1]),),
)


def test_record_round_trip():
    """What is published reads back the same, unbounded intervals and what is not measured included, and is standard JSON."""
    text = to_json(RECORD)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    back = read(text)
    assert back and to_json(back) == text
    assert repr(back.metrics) == repr(RECORD.metrics)  # where nothing was measured stands NaN, which equals nothing
    assert (back.figures, back.settings) == (RECORD.figures, RECORD.settings)
    assert [item.outcome for item in back.verdicts] == ["inconclusive", "not measured"]
    assert back.verdicts[0].findings[0].high == math.inf and math.isnan(back.verdicts[1].findings[0].value)


@pytest.mark.parametrize(
    "edit",
    [
        lambda raw: raw.update(format=FORMAT - 1),
        lambda raw: raw.pop("format"),
        lambda raw: raw.update(note="new"),
        lambda raw: raw.pop("settings"),
        lambda raw: raw["metrics"]["fair"].update(spread=1),
        lambda raw: raw["figures"]["lines"].update(shape="spiral"),
    ],
    ids=["older", "first", "field too many", "field too few", "metric of another form", "unknown shape"],
)
def test_record_of_another_form_is_not_read(edit):
    """It counts as missing, and is never misread."""
    raw = json.loads(to_json(RECORD))
    edit(raw)
    assert read(json.dumps(raw)) is None


@pytest.mark.parametrize("kind", ["record", "status"])
def test_damaged_record_counts_as_missing(tmp_path, kind):
    """A finished chapter is not trusted either."""
    records = Records(tmp_path)
    records.store(RECORD, Status("k", {}, ""))
    assert records.load("dice", "quick")
    path = tmp_path / "chapters" / "quick" / f"dice.{kind}.json"
    path.write_text(path.read_text()[:-9])
    assert records.load("dice", "quick") is None


def test_status_of_another_format_counts_as_missing(tmp_path):
    """So that its chapter is measured again, from the cache."""
    records = Records(tmp_path)
    records.store(RECORD, Status("k", {}, ""))
    path = tmp_path / "chapters" / "quick" / "dice.status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": FORMAT - 1}))
    assert records.status("dice", "quick") is None and records.statuses() == []


# ---------------------------------------------------------------------------------------------------------------------
# What differs between two sites


def site(folder: Path, record: Record, **also: str) -> Path:
    """A folder with what ``--diff`` reads of a site."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "dice.json").write_text(to_json(record))
    for name, text in also.items():
        (folder / "data" / f"{name}.json").write_text(text)
    return folder


def test_equal_sites_say_the_same(tmp_path):
    """Whatever else stands among the data."""
    old, new = site(tmp_path / "a", RECORD), site(tmp_path / "b", RECORD, claims="[]", build="{}")
    assert compare.differences(old, new) == compare.differences(old, new, within=0.0) == []


def moved(by: float) -> Record:
    """The record with the first metric, and the table that shows it, a little larger."""
    metric = Estimate.over_seeds([value * (1 + by) for value in LOW.values])
    figures = {
        **RECORD.figures,
        "table": charts.table(("a", "b"), [("x", metric), ("y", 2)], caption="Words.", alt="More words."),
    }
    return replace(RECORD, metrics={**METRICS, "fair": metric}, figures=figures)


@pytest.mark.parametrize(
    "by, within, expected",
    [
        (1e-9, 1e-6, []),
        (1e-3, 1e-6,
         ["dice: figure table: other numbers",
          "dice: metric fair: 1.00 [0.75 to 1.25; n = 3] -> 1.00 [0.75 to 1.25; n = 3] (up to 1.0e-03 of a number)"]),
        (1e-9, 0.0, ["dice: figure table: other numbers", "dice: metric fair"]),
        (1e-3, None, ["dice: figure table: other numbers"]),
        (1.0, None, ["dice: figure table: other numbers", "dice: metric fair: 1.00 [0.75 to 1.25; n = 3] -> 2.00"]),
    ],
)  # fmt: skip
def test_what_moved_is_named(tmp_path, by, within, expected):
    """Beyond the other's interval, or by more than a share of itself where that is asked for."""
    found = sorted(compare.differences(site(tmp_path / "a", RECORD), site(tmp_path / "b", moved(by)), within))
    assert len(found) == len(expected) and all(line.startswith(start) for line, start in zip(found, expected, strict=True)), (
        found
    )


def test_renamed_metric_is_followed(tmp_path):
    """A name that is gone and a new one with all the same numbers are one metric; its other number is told under both names."""
    renamed = replace(RECORD, metrics={"just" if name == "fair" else name: item for name, item in METRICS.items()})
    old, new = site(tmp_path / "a", RECORD), site(tmp_path / "b", renamed)
    assert compare.differences(old, new) == []
    fewer = replace(RECORD, metrics={name: item for name, item in METRICS.items() if name != "count"})
    assert compare.differences(old, site(tmp_path / "c", fewer)) == ["dice: metric count: gone"]


def test_sites_of_the_first_format_can_be_compared(tmp_path):
    """It wrapped metrics once more and had tables among the words of figures."""
    raw = json.loads(to_json(RECORD))
    del raw["format"]
    raw["metrics"] = {name: {"metric": item} for name, item in raw["metrics"].items()}
    raw["figures"] = {
        name: {"shape": item["shape"], "caption": item["caption"], "alt": item["alt"], "options": {}, **item["table"]}
        for name, item in raw["figures"].items()
    }
    (tmp_path / "a" / "data").mkdir(parents=True)
    (tmp_path / "a" / "data" / "dice.json").write_text(json.dumps(raw))
    assert compare.differences(tmp_path / "a", site(tmp_path / "b", RECORD), within=0.0) == []


def test_folder_without_a_report_is_refused(tmp_path):
    """The message says what was expected."""
    with pytest.raises(BuildError, match="holds no report with measured chapters; expected a folder that build.py wrote"):
        compare.differences(tmp_path, site(tmp_path / "b", RECORD))


def test_chapter_that_was_divided_is_compared_as_a_whole(tmp_path):
    """What moved to a new chapter with its claims is neither gone nor new; what came out otherwise there is said."""
    rest = replace(RECORD, metrics={"one": METRICS["one"]}, figures={}, verdicts=())
    moved_on = replace(RECORD, chapter="coins", metrics={"coin.mean": LOW, "half": METRICS["share"], "none": METRICS["none"]})
    old = site(tmp_path / "a", RECORD)
    new = site(tmp_path / "b", rest, coins=to_json(moved_on))
    assert compare.differences(old, new, within=0.0) == [
        f"coins: only in {new}", "dice: metric coins: none: new", "dice: metric count: gone", "dice: metric none: gone",
    ]  # fmt: skip


@pytest.mark.parametrize("series, by, said", [("renamed", 0.0, []), ("line", 0.1, ["dice: figure lines: other numbers"])])
def test_another_name_of_a_line_is_no_other_number(tmp_path, series, by, said):
    """With ``within``, words do not count, in a figure's table no more than around it."""
    lines = {"panel": {series: charts.Series((1, 2), [(1.0 + by, 2.5), (2.0, 3.0)])}}
    figures = {**RECORD.figures, "lines": replace(charts.curves(lines, x="x", y="y", alt="More words."), caption="Words.")}
    old, new = site(tmp_path / "a", RECORD), site(tmp_path / "b", replace(RECORD, figures=figures))
    assert compare.differences(old, new, within=1e-6) == said
    assert compare.differences(old, new) == (said or ["dice: figure lines: other words"])
