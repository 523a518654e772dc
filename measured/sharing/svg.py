"""Whether a drawing is nothing but a drawing: an SVG can run scripts and load what it likes where it is opened by itself."""

import re
from xml.parsers import expat

ELEMENTS = frozenset(
    "svg g defs use symbol path rect circle ellipse line polyline polygon clipPath mask pattern marker linearGradient "
    "radialGradient stop image text tspan title desc style a".split()
)
_SVG = "http://www.w3.org/2000/svg"
_INSIDE = re.compile(r"#[\w.:-]*")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[\sA-Za-z0-9+/=]*")
_PAGE = re.compile(r"https?://[^\s\"'<>]*")
_LOADS = re.compile(
    r"url\s*\(\s*['\"]?\s*(?!#)|(?:image-set|image|src|expression)\s*\(|//|@import|@font-face|\\", re.IGNORECASE
)


def fault_of(drawing: str) -> str:
    """What a drawing has that none of ours has; empty where there is nothing.

    Allowed are shapes, text and pixels; links within the drawing, and to pages of the web. Nothing else is asked for, run or
    loaded.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    faults: list[str] = []
    styles: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, element = name.rpartition(" ")
        inside.append(element)
        if space != _SVG or element not in ELEMENTS:
            faults.append(f"the element {element!r:.60}")
        for name, value in attributes.items():
            name = name.rpartition(" ")[2]
            if name == "href":
                allowed = {"image": (_PICTURE, _INSIDE), "a": (_PAGE, _INSIDE)}.get(element, (_INSIDE,))
                if not any(pattern.fullmatch(value) for pattern in allowed):
                    faults.append(f"an address {value!r:.60}")
            elif name.lower().startswith("on") or name in ("src", "base"):
                faults.append(f"the attribute {name!r:.60}")
            elif _LOADS.search(value):
                faults.append(f"{name!r:.60} that loads something")

    def end(_: str) -> None:
        inside.pop()

    def text(found: str) -> None:
        if inside and inside[-1] == "style":
            styles.append(found)

    def other(*_: object) -> None:
        faults.append("a declaration or an instruction")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ProcessingInstructionHandler = other
    try:
        parser.Parse(drawing, True)
    except (expat.ExpatError, ValueError) as error:
        return f"no XML ({error})"
    if _LOADS.search("".join(styles)):
        faults.append("a style that loads something")
    return faults[0] if faults else ""
