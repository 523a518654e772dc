"""Modules as pages, made by pdoc from their docstrings, in the frame of the site."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measured.pages import source
from measured.pages.documents import module_of
from measured.pages.environment import Frame
from measured.pages.material import FRAME
from measured.pages.outline import Outline


@dataclass(frozen=True)
class Described:
    """What pdoc says of a module."""

    html: str
    failed: str = ""
    """Why it could not be imported."""


def files(frame: Frame, outline: Outline, pages: Mapping[str, str], found: Mapping[str, Described]) -> dict[str, bytes]:
    """The pages of modules, whose addresses are given by the paths of their sources; what was ``found`` is so, too."""
    from markupsafe import Markup

    return {
        address: frame.page(
            "reference.html.jinja2",
            outline=outline,
            current=address.removesuffix(".html"),
            name=module_of(path),
            html=Markup(found[path].html),
            members=re.findall(r'<h2 id="([^"]+)"', found[path].html),
            failed=found[path].failed,
            source=source.address(path),
            root="../",
        )
        for path, address in pages.items()
    }


def described(paths: Collection[str], sources: Collection[str]) -> dict[str, Described]:
    """What pdoc says of the modules at these paths, which it imports; each name leads to its place in the ``sources``."""
    import pdoc
    import pdoc.doc
    import pdoc.render

    modules, failed = dict[str, Any](), dict[str, str]()
    for name in map(module_of, paths):
        try:
            modules[name] = pdoc.doc.Module.from_name(name)
        except Exception as error:  # whatever an author's module does on import
            failed[name] = " ".join(f"{error.__cause__ or error.__context__ or error}".split())
    pdoc.render.configure(docformat="markdown", show_source=False, search=False, template_directory=FRAME / "reference")
    pdoc.render.env.globals["source_of"] = _sources(sources)
    htmls = {name: _beside(pdoc.render.html_module(module, modules), modules) for name, module in modules.items()}
    places = {name: set(re.findall(r'id="([^"]+)"', html)) for name, html in htmls.items()}
    return {
        path: Described(_without_lost(htmls.get(name, ""), name, places), failed.get(name, ""))
        for path, name in ((path, module_of(path)) for path in paths)
    }


def _sources(sources: Collection[str]) -> Callable[[Any], str]:
    """Where the source of a thing stands in the site; empty where it has none there."""

    def source_of(thing: Any) -> str:
        file, lines = thing.source_file, thing.source_lines
        if not file or not lines:
            return ""
        path = next((path for path in sources if Path(file).as_posix().endswith(f"/{path}")), "")
        return f"../{source.address(path)}#L-{lines[0]}" if path else ""

    return source_of


def _beside(html: str, modules: Collection[str]) -> str:
    """Links between modules as the site has them: one folder for all, with dots in names of files."""
    by_path = {f"{name.replace('.', '/')}.html": f"{name}.html" for name in modules}

    def link(found: re.Match[str]) -> str:
        path = re.sub(r"^(\.\./)+", "", found[1])
        whole = next((name for nested, name in by_path.items() if nested == path or nested.endswith(f"/{path}")), "")
        return f'href="{whole}' if whole else found[0]

    return re.sub(r'href="((?:\.\./|\w+/)*\w+\.html)', link, html)


def _without_lost(html: str, module: str, places: Mapping[str, Collection[str]]) -> str:
    """Names that lead to what no page shows, such as a private class, as names."""

    def link(found: re.Match[str]) -> str:
        there = places.get(found[1].removesuffix(".html") or module, ())
        return found[0] if not found[2] or found[2] in there else found[3]

    return re.sub(r'<a href="([\w.]*)#([\w.]*)">(.*?)</a>', link, html)
