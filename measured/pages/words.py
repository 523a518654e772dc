"""What a chapter's module says in its own words: held to the law of its prose.

A number in a sentence is a metric, a setting or a margin, in braces; a caption and an alt text say what is shown, and what came
out is for a claim to say.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from measured.charts import Figure
from measured.errors import BuildError
from measured.evidence import Claim, Runs, Words
from measured.pages import prose
from measured.pages.outline import Chapter

_IN_BRACES = re.compile(r"\{[^{}]*\}")


def check(
    chapter: Chapter, claims: Sequence[Claim], runs: Runs | None, figures: Mapping[str, Figure], words: Words | None = None
) -> None:
    """Raises BuildError for the first number that is typed, or conclusion that is drawn, outside of where it belongs."""
    for fault in faults(chapter, claims, runs, figures, words):
        raise BuildError(fault)


def faults(
    chapter: Chapter, claims: Sequence[Claim], runs: Runs | None, figures: Mapping[str, Figure], words: Words | None = None
) -> Iterator[str]:
    """One line for each."""
    where = f"experiments/{chapter.name}.py"
    shown = list(_of_figures(chapter, figures))
    named = [(f"WORDS, for {name!r},", text) for name, text in (words or {}).items()]
    for what, text in (*_sentences(chapter, claims, runs), *named, *shown):
        for found in prose.digits_in(_IN_BRACES.sub(" ", text)):
            yield (
                f"{where}: {what} has {found!r} typed; write {{setting.name}} instead, in a claim {{name}} for a metric and "
                f"{{margin}}, in a caption {{metric.name}}; or `{found}` in backticks if it is code or a formula"
            )
    for what, text in shown:
        for found in prose.conclusions_in(text):
            yield f"{where}: {what} draws a conclusion ({found!r}); say what is shown, and let a claim say what came out"


def _of_figures(chapter: Chapter, figures: Mapping[str, Figure]) -> Iterator[tuple[str, str]]:
    """Captions and alt texts as the source has them, in whatever module: what code fills in is not typed."""
    for module in dict.fromkeys(figure.made_in for figure in figures.values()):
        is_own = module in ("", f"experiments.{chapter.name}")
        speaker, place = (chapter, "") if is_own else (replace(chapter, source=_source_of(module)), f" of {module}")
        for name in dict.fromkeys(figure.made_by for figure in figures.values() if figure.made_in == module):
            if name != "run":  # which draws figures that have no caption of their own
                yield f"the caption of {name}(){place}", speaker.docstring_of(name)
        for line, text in speaker.spoken(("alt", "caption")):
            yield f"line {line}{place}", text


def _source_of(module: str) -> str:
    """The text of a module that is imported."""
    file = sys.modules[module].__file__
    return Path(file).read_text(encoding="utf-8") if file else ""


def _sentences(chapter: Chapter, claims: Sequence[Claim], runs: Runs | None) -> Iterator[tuple[str, str]]:
    yield "its docstring", chapter.introduction
    if runs:
        yield "RUNS", f"{runs.varies}; {runs.shared}"
    for claim in claims:
        yield f"the sentence of claim {claim.id!r}", claim.says
        yield f"the headline of claim {claim.id!r}", claim.headline
        if comments := claim.comments:
            yield f"a comment of claim {claim.id!r}", f"{comments.supported} {comments.refuted} {comments.inconclusive}"
        if claim.runs:
            yield f"runs of claim {claim.id!r}", f"{claim.runs.varies}; {claim.runs.shared}"
    for name, sentence in chapter.sentences_of_settings.items():
        yield f"the sentence of setting {name!r}", sentence
