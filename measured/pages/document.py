"""The page of a document: prose and code, with links that lead to other documents and to the sources of the site."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape

from measured.pages.documents import FOLDER, Document, Documents, leads_out
from measured.pages.environment import Frame, document_html
from measured.pages.outline import Outline


@dataclass(frozen=True)
class Targets:
    """Where the links of documents lead in the site."""

    documents: Documents
    sources: Mapping[str, str]
    """Addresses of the pages of sources, by path."""
    reference: Mapping[str, str] = field(default_factory=dict)
    """Addresses of what is made from docstrings, by the path of the module."""

    def of(self, document: Document, address: str) -> str | None:
        """The address from a document's page; None for a file that is no page of the site."""
        if address.startswith("#") or leads_out(address):
            return address
        path, _, place = address.partition("#")
        path = document.resolved(path)
        if found := self.documents.at(path):
            return f"../{found.address}".replace(f"../{FOLDER}/", "") + (f"#{place}" if place else "")
        target = self.reference.get(path) if document is self.documents.overview else None
        target = target or self.sources.get(path)
        return f"../{target}" if target else None


def files(frame: Frame, outline: Outline, targets: Targets, document: Document) -> dict[str, bytes]:
    """The page of a document."""
    from markupsafe import Markup

    documents = targets.documents
    html = _led(str(document_html(document.text)), document, targets)
    head, end, body = html.partition("</h1>")
    order = documents.for_authors[1:]
    place = order.index(document) if document in order else -1
    return {
        document.address: frame.page(
            "document.html.jinja2",
            outline=outline,
            current=document.address.removesuffix(".html"),
            document=document,
            documents=documents,
            head=Markup(head + end),
            body=Markup(body if end else html),
            sections=[(anchor, text) for anchor, text in document.sections() if f'<h2 id="{anchor}"' in html],
            turns=(order[place - 1] if place > 0 else None, order[place + 1] if -1 < place < len(order) - 1 else None),
            root="../",
        )
    }


def _led(html: str, document: Document, targets: Targets) -> str:
    """The links of a document as the site has them; a file that is no page of it is named without a link, and so are pictures.
    What is in code and names a source leads there."""

    def link(found: re.Match[str]) -> str:
        address = targets.of(document, unescape(found[1]))
        return f'<a href="{escape(address)}">{found[2]}</a>' if address else found[2]

    def name(found: re.Match[str]) -> str:
        target = targets.sources.get(unescape(found[1]))
        return f'<a href="../{escape(target)}">{found[0]}</a>' if target else found[0]

    html = re.sub(r"<img\b[^>]*>", lambda found: "".join(re.findall(r'\balt="([^"]*)"', found[0])), html)
    pieces = re.split(r'(<pre.*?</pre>|<a href="[^"]*"[^>]*>.*?</a>)', html, flags=re.DOTALL)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            pieces[place] = re.sub(r"<code>([^<]*)</code>", name, piece)
        elif piece.startswith("<a"):
            pieces[place] = re.sub(r'<a href="([^"]*)"[^>]*>(.*?)</a>', link, piece, flags=re.DOTALL)
    return _with_copies("".join(pieces))


def _with_copies(html: str) -> str:
    """Each block of code with a button that copies it; each table in what scrolls by itself."""
    blocks = iter(range(1, html.count("<pre") + 1))

    def block(found: re.Match[str]) -> str:
        name = f"code-{next(blocks)}"
        return (
            f'<div class="listing"><button type="button" data-copies="{name}" hidden>Copy</button>{found[1]}<pre id="{name}">'
        )

    html = re.sub(r'(<div class="source">)<pre>(?:<span></span>)?', block, html)
    html = re.sub(r"(</code></pre></div>)", r"\1</div>", html)
    return re.sub(r"(<table>.*?</table>)", r'<div class="scroll">\1</div>', html, flags=re.DOTALL)
