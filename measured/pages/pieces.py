"""A template cut into the pieces that may follow a claim, each of which can be rendered by itself."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from measured.pages import names
from measured.pages.environment import Frame


def of(frame: Frame, tree: Any) -> Iterator[tuple[int, Callable[[dict[str, Any]], str]]]:
    """Line and rendering of each piece of a parsed template.

    A piece is an expression or a statement that may follow a claim, with what was set before it. A condition on something else
    than a claim stands around each piece of its branches.
    """
    from jinja2 import Template, nodes

    for line, body in _cut(tree.body, _may_follow(tree)):
        piece = nodes.Template(body, lineno=1).set_environment(frame.jinja)
        code = frame.jinja.compile(piece, filename="prose")
        yield line, Template.from_code(frame.jinja, code, frame.jinja.globals).render


def between(frame: Frame, tree: Any, opening: Callable[[], str], closing: Callable[[], str]) -> Callable[[dict[str, Any]], str]:
    """Rendering of a parsed template in which each piece that may follow a claim stands between what two functions give, which
    are called before and after it is rendered. The tree is changed."""
    from jinja2 import Template, nodes

    def call(name: str) -> Any:
        return nodes.Call(nodes.Name(name, "load"), [], [], None, None)

    tree.body = _enclosed(tree.body, _may_follow(tree), lambda: call("_opening"), lambda: call("_closing"))
    code = frame.jinja.compile(tree.set_environment(frame.jinja), filename="prose")
    template = Template.from_code(frame.jinja, code, frame.jinja.globals)
    return lambda values: template.render({**values, "_opening": opening, "_closing": closing})


def _enclosed(
    body: Sequence[Any], may_follow: Callable[[Any], bool], opening: Callable[[], Any], closing: Callable[[], Any]
) -> list[Any]:
    from jinja2 import nodes

    enclosed: list[Any] = []
    for node in body:
        if isinstance(node, nodes.Output):
            for item in node.nodes:
                follows = may_follow(item) and not names.is_card(item)
                enclosed.append(nodes.Output([opening(), item, closing()] if follows else [item], lineno=node.lineno))
        elif isinstance(node, nodes.If) and not any(may_follow(branch.test) for branch in (node, *node.elif_)):
            for branch in (node, *node.elif_):
                branch.body = _enclosed(branch.body, may_follow, opening, closing)
            node.else_ = _enclosed(node.else_, may_follow, opening, closing)
            enclosed.append(node)
        elif may_follow(node) and isinstance(node, nodes.If | nodes.For | nodes.Include | nodes.With | nodes.CallBlock):
            enclosed += [nodes.Output([opening()]), node, nodes.Output([closing()])]
        else:
            enclosed.append(node)
    return enclosed


def _cut(body: Sequence[Any], may_follow: Callable[[Any], bool]) -> Iterator[tuple[int, list[Any]]]:
    from jinja2 import nodes

    before: list[Any] = []
    for node in body:
        if isinstance(node, nodes.Output):
            for item in node.nodes:
                if may_follow(item) and not names.is_card(item):
                    yield item.lineno, [*before, nodes.Output([item], lineno=item.lineno)]
        elif isinstance(node, nodes.If) and not any(may_follow(branch.test) for branch in (node, *node.elif_)):
            for place, branch in enumerate((node.body, *(other.body for other in node.elif_), node.else_)):
                for line, inner in _cut(branch, may_follow):
                    yield line, [*before, _with_only(node, place, inner)]
        elif may_follow(node) and not isinstance(node, nodes.Macro):
            yield node.lineno, [*before, node]
        if _given(node):
            before.append(_silent(node))


def _with_only(node: Any, place: int, inner: list[Any]) -> Any:
    """A condition with one of its branches, counted from ``if`` to ``else``, and nothing in the others."""
    from jinja2 import nodes

    others = [
        nodes.If(other.test, inner if place == at else [], [], [], lineno=other.lineno)
        for at, other in enumerate(node.elif_, start=1)
    ]
    last = len(others) + 1
    return nodes.If(
        node.test, inner if place == 0 else [], others, inner if place == last else [], lineno=node.lineno
    )  # fmt: skip


def _may_follow(tree: Any) -> Callable[[Any], bool]:
    """Whether a part of the template may read otherwise where a claim comes out otherwise; yes where only rendering tells."""
    from jinja2 import nodes

    telling = {"claim"}

    def may_follow(node: Any) -> bool:
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
            return True
        return (isinstance(node, nodes.Name) and node.name in telling) or any(map(may_follow, node.iter_child_nodes()))

    # What is set from a claim, or where one decides, tells of it as well.
    statements = [node for node in tree.find_all(nodes.Stmt) if _given(node)]
    while more := {name for node in statements if may_follow(node) for name in _given(node)} - telling:
        telling |= more
    return may_follow


def _given(node: Any) -> set[str]:
    """The names that are set in a statement."""
    from jinja2 import nodes

    found: set[str] = set()
    for item in (node, *node.find_all(nodes.Node)):
        if isinstance(item, nodes.NSRef | nodes.Macro) or (isinstance(item, nodes.Name) and item.ctx == "store"):
            found.add(item.name)
        elif isinstance(item, nodes.Import):
            found.add(item.target)
        elif isinstance(item, nodes.FromImport):
            found |= {name if isinstance(name, str) else name[1] for name in item.names}
    return found


def _silent(node: Any) -> Any:
    """A statement without the text around what it sets."""
    from jinja2 import nodes

    if isinstance(node, nodes.Assign | nodes.AssignBlock | nodes.Macro | nodes.Import | nodes.FromImport):
        return node
    silent = copy.copy(node)
    for name in ("body", "elif_", "else_"):
        if name in node.fields:
            setattr(silent, name, [_silent(item) for item in getattr(node, name) if not isinstance(item, nodes.Output)])
    return silent
