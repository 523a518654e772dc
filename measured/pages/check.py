"""Whether a chapter's prose fits its numbers, found before anything is measured."""

from typing import Any

from measured.errors import BuildError
from measured.evidence.names import unknown
from measured.pages import branches, following, names, prose
from measured.pages.environment import CHAPTER, Frame
from measured.pages.outline import Chapter, Outline
from measured.pages.record import Record


def check(frame: Frame, outline: Outline, chapter: Chapter, record: Record) -> None:
    """Raises BuildError, with the line, where the prose of a chapter would not fit a record with these names, however its
    claims come out."""
    for verdict in record.verdicts:
        if (source := outline.source_of(verdict.source)).conclusions:
            source.conclusion_of(verdict.id)
    tree = _parsed(frame, chapter)
    _check_digits(chapter, tree)
    _check_names(frame, outline, chapter, record, tree)
    branches.check(frame, chapter, record, tree)
    following.fill(frame, chapter, record, dict.fromkeys(record.figures, names.NOT_SHOWN), lambda verdict: "")


def conclusions(frame: Frame, chapter: Chapter) -> list[str]:
    """One line for each word of conclusion in the chapter's prose that follows no claim's verdict."""
    return [
        f"templates/{chapter.template}, line {line}: {word!r} draws a conclusion outside of a claim; let it follow a verdict, "
        f"or mark it: {prose.HOW_TO_MARK}"
        for line, word in prose.conclusions(_parsed(frame, chapter))
    ]


def citations(frame: Frame, chapter: Chapter, record: Record) -> list[str]:
    """One line for each citation, in the chapter's prose or its claims, of a work that the report's references do not have."""
    works = frame.linker.references
    if not works:
        return []
    path = frame.templates / chapter.template
    prose_text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = [
        f"templates/{chapter.template}, line {1 + prose_text.count(chr(10), 0, place)}: {fault}"
        for place, fault in works.unknown_in(prose_text)
    ]
    for verdict in record.verdicts:
        texts = "; ".join((verdict.source, verdict.published, verdict.comment, verdict.headline))
        found += [f"experiments/{chapter.name}.py, claim {verdict.id!r}: {fault}" for _, fault in works.unknown_in(texts)]
    return found


def _parsed(frame: Frame, chapter: Chapter) -> Any:
    import jinja2

    try:
        source, _, _ = frame.jinja.loader.get_source(frame.jinja, chapter.template)
        return frame.jinja.parse(source, chapter.template)
    except jinja2.TemplateNotFound:
        raise BuildError(f"templates/{chapter.template} is missing; a chapter needs a template for its prose") from None
    except jinja2.TemplateSyntaxError as error:
        raise BuildError(f"templates/{chapter.template}, line {error.lineno}: {error.message}") from error


def _check_digits(chapter: Chapter, tree: Any) -> None:
    for line, digits in prose.typed_digits(tree):
        raise BuildError(
            f"templates/{chapter.template}, line {line}: {digits!r} is typed; numbers of a chapter come from its metrics "
            f"({{{{ metric.name }}}}), or are marked for what they are: {prose.HOW_TO_MARK}"
        )


def _check_names(frame: Frame, outline: Outline, chapter: Chapter, record: Record, tree: Any) -> None:
    """In every branch, whether or not it would be taken."""
    from jinja2 import meta, nodes

    known = {
        "metric": record.metrics,
        "setting": [item.name for item in record.settings],
        "figure": record.figures,
        "claim": [item.id for item in record.verdicts],
        CHAPTER: [item.name for item in outline.chapters],
    }
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        kind, name = names.named(node)
        if kind in known and name is not None and (fault := names.fault(kind, name, known[kind])):
            raise BuildError(f"templates/{chapter.template}, line {node.lineno}: {fault}")
    offered = {*known, names.PRESET, *frame.jinja.globals}
    for name in sorted(meta.find_undeclared_variables(tree) - offered):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        raise BuildError(f"templates/{chapter.template}, line {line}: {unknown('variable', name, sorted(offered))}")
