"""Prose is checked in every way in which its claims may come out, before anything is measured."""

import pytest

from measured.errors import BuildError
from measured.evidence import Single, Verdict
from measured.pages import branches, check, environment
from measured.pages.outline import Chapter, Outline, Source
from measured.pages.record import Record

CHAPTER = Chapter("toy", "Toys", "1.1", "toy", "Why?", "", "")
CLAIMS = tuple("abcdefgh")
RECORD = Record(
    "toy", "quick", "cpu", {"mean": Single.once(3.0)}, {},
    tuple(Verdict(name, "ours", "", "", "", "supported", ()) for name in CLAIMS), ()
)  # fmt: skip


@pytest.fixture
def prose(tmp_path):
    """Writes a chapter's prose, and gives the frame that finds it."""
    (tmp_path / "chapters").mkdir()

    def write(text: str, **others: str) -> environment.Frame:
        for name, content in {"toy": text, **others}.items():
            (tmp_path / "chapters" / f"{name}.md.jinja2").write_text(text if name == "toy" else content)
        return environment.make(tmp_path)

    return write


def followed(frame: environment.Frame) -> list[branches.Followed]:
    tree = frame.jinja.parse(frame.jinja.loader.get_source(frame.jinja, CHAPTER.template)[0])
    return [piece for piece in branches.followed(frame, CHAPTER, RECORD, tree) if piece.claims]


def three(name: str) -> str:
    return f"{{% if claim.{name}.supported %}}yes{{% elif claim.{name}.refuted %}}no{{% else %}}open{{% endif %}}"


def joined(names: str) -> str:
    return " and ".join(f"claim.{name}.supported" for name in names)


@pytest.mark.parametrize(
    "text, num_ways",
    [
        ("{{ claim.a }} {{ metric.mean }}", []),  # a card is no branch
        (three("a"), [4]),
        (three("a") + three("b"), [4, 4]),  # apart, they are not multiplied
        (f"{{% if claim.a.supported %}}{three('b')}{{% else %}}{three('c')}{{% endif %}}", [4 + 3 * 4]),
        (f"{{% if preset == 'quick' %}}{three('a')}{three('b')}{{% endif %}}", [4, 4]),  # nor by a condition on something else
        ("{{ 'x' if claim.a.supported else 'y' }} and {{ claim.b.outcome }}", [4, 4]),
        ("{% if claim.a.supported and claim.b.refuted and claim.c.inconclusive %}x{% endif %}",
         [3 + 3 + 4]),  # as far as it asks
        ("{% set sure = claim.a.supported and claim.b.supported %}so {{ 'x' if sure else 'y' }}", [4 + 3, 4 + 3]),
        ("{% set n = metric.mean.value %}{% if claim.a.supported %}{{ n }}{% endif %}", [4]),
        ("{% if claim.a.supported %}{% set x = 1 %}text{% else %}{% set x = 2 %}{% endif %}{{ x }}", [4, 4]),
        ("{% set seen = namespace(any=false) %}{% for n in 'ab' %}{% if claim[n].supported %}{% set seen.any = true %}"
         "{% endif %}{% endfor %}{{ seen.any }}", [16, 16]),
        ("{% macro so(name) %}{{ 'x' if claim[name].supported else 'y' }}{% endmacro %}{{ so('a') }}{{ so('b') }}", [4, 4]),
        ("{% set so %}{{ claim.a.outcome }}{% endset %}{{ so }}", [4, 4]),
        ("{% for item in claim.values() if loop is undefined or true %}{% if loop.index < 3 %}{{ item.outcome }}{% endif %}"
         "{% endfor %}", [16]),
        ("{% include 'chapters/other.md.jinja2' %}", [4]),
        ("{% import 'chapters/macros.md.jinja2' as own %}{{ own.word(claim.a) }}", [4]),
    ],
)  # fmt: skip
def test_every_combination_of_what_is_asked_together_is_tried(prose, text, num_ways):
    """However the prose comes by an outcome: in a condition, an expression, a variable, a loop, a macro or another file."""
    frame = prose(text, other=three("a"), macros="{% macro word(item) %}{{ item.outcome }}{% endmacro %}")
    assert [len(piece.texts) for piece in followed(frame)] == num_ways


def test_texts_are_those_of_the_whole(prose):
    """What the pieces say of an outcome is what the template says there."""
    (piece,) = followed(
        prose("{% set x = 'is' %}{% if claim.a.refuted %}It {{ x }} not.{% else %}{{ metric.mean }}{% endif %}")
    )
    assert piece.words({"a": "refuted", "b": "supported"}) == ["It", "is", "not."]
    assert "3" in piece.words({"a": "inconclusive"})[-1]


@pytest.mark.parametrize(
    "text, fault",
    [
        ("{% if claim.a.supported and claim.b.refuted and claim.c.inconclusive %}{{ preset.valeu }}{% endif %}", "with 'a' "
        "supported, 'b' refuted, 'c' inconclusive: .*'valeu'"),
        ("{% if claim.a.supported %}{% if claim.b.refuted %}{{ 1 + none.x }}{% endif %}{% endif %}", "with 'a' supported, 'b' "
        "refuted: .*'x'"),
        ("{% set ok = claim.a.supported %}{% set bad = claim.b.refuted %}{{ preset.odd.even if ok and bad else 'x' }}", "with "
        "'a' supported, 'b' refuted: .*'odd'"),
        ("{{ preset.valeu }}", "toy.md.jinja2: .*'valeu'"),
        ("{% for n in 'ab' %}{{ metric[n + 'x'] if claim.a.supported }}{% endfor %}", "with 'a' supported: no metric 'ax'; "
        "there are mean"),
        (f"{{% if {joined('abcdefg')} %}}x{{% endif %}}", "line 1: one text follows more than 6 claims, 'a', 'b', 'c', 'd', "
        "'e', 'f', 'g'.*fewer of them in each"),
        ("\n{% for name in claim %}{{ claim[name].outcome }}{% endfor %}", "one text follows more than 6 claims"),
    ],
)  # fmt: skip
def test_a_branch_that_would_fail_is_found(prose, text, fault):
    """With the outcomes that lead there; where there are too many to try, that is said."""
    with pytest.raises(BuildError, match=fault):
        check.check(prose(text), Outline("", (CHAPTER,)), CHAPTER, RECORD)


@pytest.mark.parametrize(
    "text, fault",
    [
        (three("a") + three("b"), ""),
        # The second claim matters under one outcome of the first alone.
        ("{% if claim.a.supported %}" + three("b") + "{% elif claim.a.refuted %}A{% else %}B{% endif %}", ""),
        ("{% if claim.a.supported and claim.b.supported %}both{% elif claim.a.supported %}"
         "first {% if claim.b.refuted %}alone{% else %}at least{% endif %}"
         "{% elif claim.a.refuted %}none{% else %}open{% endif %}", ""),
        (three("a") + three("b") + "{% if claim.a.supported and claim.b.refuted %}" + three("c") + "{% endif %}", ""),
        ("{% if claim.a.supported and claim.b.supported %}both{% else %}not both{% endif %}", "line 1: claim 'a' has the same "
        "text where it is refuted and"),
        (three("a") + "\n{% if claim.b.refuted %}not b{% endif %}", "line 2: claim 'b' has the same text where it is supported "
        "and where it is inconclusive"),
        (three("a") + "{% if claim.a.supported %}{{ preset.odd.even }}{% endif %}", "with 'a' supported: .*'odd'"),
        ("{% if claim.a.supported %}yes{% elif claim.a.refuted %}no{% endif %}", "claim 'a' has no text where it is "
        "inconclusive"),
        # Two conditions together give what neither gives alone.
        ("{{ 'yes' if claim.a.supported }} {{ 'no' if claim.a.refuted }} {{ 'open' if claim.a.inconclusive }}", ""),
        ("{% set sure = claim.a.supported %}\n{{ 'yes' if sure else 'no' }}",
         "line 1: claim 'a' has the same text where it is refuted"),
        ("{% for name in 'ab' %}{{ 'yes' if claim[name].supported else 'no' }}{% endfor %}",
         "line 1: claim 'a' has the same text"),
        ("{{ claim.a }}{{ claim.b }}", ""),
    ],
)  # fmt: skip
def test_each_claim_needs_a_text_for_each_outcome(prose, text, fault):
    """Of each claim that they follow, for one combination of the others' outcomes at least."""
    if not fault:
        check_branches(prose(text))
        return
    with pytest.raises(BuildError, match=fault):
        check_branches(prose(text))


def check_branches(frame: environment.Frame) -> None:
    tree = frame.jinja.parse(frame.jinja.loader.get_source(frame.jinja, CHAPTER.template)[0])
    branches.check(frame, CHAPTER, RECORD, tree)


def test_a_claim_of_no_conclusion_is_said_beforehand(prose):
    """The ledger would have no place for it."""
    outline = Outline("", (CHAPTER,), (Source("ours", "Ours", (("S1", "One"),)),))
    with pytest.raises(BuildError, match="claim 'a': its source 'ours' draws no such conclusion"):
        check.check(prose("Nothing."), outline, CHAPTER, RECORD)


def test_missing_prose_is_said(tmp_path):
    """With the file that is expected."""
    with pytest.raises(BuildError, match="templates/chapters/toy.md.jinja2 is missing; a chapter needs a template"):
        check.check(environment.make(tmp_path), Outline("", ()), CHAPTER, RECORD)


def test_words_of_conclusion_are_named(prose):
    """With their lines, where they follow no verdict."""
    text = "This\nproves it. {{ cite('It proves.') }}{% if claim.a.supported %}It is better.{% endif %}\n`clearly`"
    (line,) = check.conclusions(prose(text), CHAPTER)
    assert line.startswith("templates/chapters/toy.md.jinja2, line 2: 'proves' draws a conclusion outside of a claim")
