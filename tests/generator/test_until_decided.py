"""Which chapters a planned look goes on with, and what is said of findings that stay open."""

import pytest

from measured.evidence import LOOKS, Claim, Estimate, Kind, Missing, Verdict, judge, larger
from measured.pages.outline import Chapter
from measured.pages.record import Record
from measured.press.until_decided import report, to_go_on

DICE = Chapter("dice", "Toys", "1.1", "Dice", "", "", "")
LOW, NEAR = (Estimate.over_seeds(values) for values in ([1.0, 1.2, 0.9, 1.1, 1.0], [1.4, 0.9, 1.5, 0.8, 1.3]))
EQUAL, HIGH = (Estimate.over_seeds(values) for values in ([1.2, 0.9, 1.1, 1.0, 1.0], [3.0, 3.2, 2.9, 3.1, 3.0]))


def verdict(left: Estimate | Missing, kind: Kind = "finding") -> Verdict:
    """That it is larger than LOW."""
    claim = Claim("c", source="ours", says="x", holds=larger("left", than="low"), kind=kind)
    return judge.judge((claim,), {"left": left, "low": LOW})[0]


def record(*verdicts: Verdict, look: int = 1) -> Record:
    """A chapter with these verdicts at a look."""
    return Record("dice", "quick", "cpu", {}, {}, verdicts, (), look=look)


@pytest.mark.parametrize(
    "found, goes_on",
    [
        (verdict(NEAR), True),
        (verdict(EQUAL), False),
        (verdict(HIGH), False),
        (verdict(NEAR, kind="check"), False),
        (verdict(Missing()), False),
    ],
    ids=["open", "hopeless", "decided", "check", "not measured"],
)
def test_a_look_is_made_for_open_findings_that_it_may_decide(found, goes_on):
    """At the look after the one before; no check is worth more seeds, and nothing that they cannot decide."""
    assert to_go_on({DICE: record(found)}, 2) == ([DICE] if goes_on else [])
    assert to_go_on({DICE: record(found)}, 3) == []


@pytest.mark.parametrize(
    "found, look, stopped, start",
    [
        (verdict(NEAR), 2, True, "open, and the time is up: dice c: left − low: half-width"),
        (verdict(NEAR), len(LOOKS), False, "open, and all planned looks are spent: dice c: "),
        (verdict(NEAR), len(LOOKS), True, "open, and all planned looks are spent: dice c: "),
        (verdict(EQUAL), 1, True, "open, and more seeds would not help: dice c: "),
        (verdict(HIGH), 1, False, "no finding is open"),
        (verdict(Missing()), 1, False, "no finding is open"),
    ],
)
def test_what_stays_open_says_why(found, look, stopped, start):
    """The time, the plan, or that it is too near the margin; what was not measured is not open."""
    (line,) = report({DICE: record(found, look=look)}, stopped)
    assert line.startswith(start)
