"""What tells things apart in charts: a colour, a marker and a dash, which mean the same thing in all charts of a report.

A report declares which looks belong to which names (``LOOKS`` in ``experiments/__init__.py``); a chart gives what is left to
the names that nobody declared, in the order in which they come.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from measured.charts.figure import Figure


class Shades(NamedTuple):
    """One colour on light and on dark paper, and as text on light paper, where thin strokes need to be darker."""

    light: str
    dark: str
    text: str


PALETTE = {
    "blue": Shades("#3b82d8", "#8cc2fa", "#2468bb"),
    "orange": Shades("#e8520f", "#f5853f", "#b83f08"),
    "green": Shades("#2f7a5c", "#84cfa4", "#286b50"),
    "purple": Shades("#64189a", "#ad78e8", "#5a148c"),
    "olive": Shades("#96914a", "#f3ea6c", "#6b6729"),
    "rose": Shades("#c0628c", "#cc6a97", "#a43f6e"),
    "slate": Shades("#3a3f47", "#e6e9ee", "#343840"),
}
"""Colours that stay apart for those who see no difference of red and green, found by search in CAM02-UCS."""
MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "wedge": "v", "cross": "P", "pentagon": "p", "star": "*",
    "hexagon": "h", "left": "<", "right": ">",
}  # fmt: skip
DASHES = {"solid": (), "dashed": (4.0, 1.6), "dotted": (1.2, 1.4)}
"""Lengths of strokes and gaps, in widths of the line."""


@dataclass(frozen=True)
class Look:
    """How one of several things is told from the others: names of a colour, a marker and a dash."""

    colour: str
    marker: str
    dash: str = "solid"

    def __post_init__(self):
        for what, name, known in (
            ("colour", self.colour, PALETTE),
            ("marker", self.marker, MARKERS),
            ("dash", self.dash, DASHES),
        ):
            if name not in known:
                raise ValueError(f"there is no {what} {name!r}; expected one of {', '.join(known)}")

    @classmethod
    def parse(cls, words: str) -> "Look":
        """The look that ``"blue circle"`` or ``"blue circle dashed"`` names. Raises ValueError."""
        parts = words.split()
        if not 2 <= len(parts) <= 3:
            raise ValueError(
                f"{words!r} is no look; expected a colour, a marker and perhaps a dash, as in 'blue circle dashed'"
            )
        return cls(*parts)

    @property
    def light(self) -> str:
        """The colour on light paper."""
        return PALETTE[self.colour].light

    @property
    def dark(self) -> str:
        """The colour on dark paper."""
        return PALETTE[self.colour].dark

    @property
    def text(self) -> str:
        """The colour of words on light paper."""
        return PALETTE[self.colour].text

    @property
    def symbol(self) -> str:
        """Matplotlib's name of the marker."""
        return MARKERS[self.marker]

    @property
    def dashes(self) -> tuple[Any, ...]:
        """The dash as matplotlib wants it."""
        return (0, DASHES[self.dash] or None)


@dataclass(frozen=True)
class Looks:
    """Looks by the names of things, in a whole report.

    A name stands for all that begins with it: "test images" for "test images, true labels" too, unless that has a look of its
    own.
    """

    by_name: Mapping[str, Look] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Mapping[str, str]) -> "Looks":
        """From ``{"test images": "orange square"}``. Raises ValueError where a text is no look."""
        return cls({name: Look.parse(text) for name, text in words.items()})

    def of(self, name: str) -> Look | None:
        """The look that is declared for ``name``, or for the longest beginning of it that ends with a word."""
        ends = (" ", ", ", ": ")  # so that "batch 1,024" is no "batch 1"
        fitting = [known for known in self.by_name if name == known or name.startswith(tuple(known + end for end in ends))]
        return self.by_name[max(fitting, key=len)] if fitting else None

    def on(self, figure: "Figure") -> "Figure":
        """The figure with the looks that are declared for what it shows; what is not declared gets none that means something
        else."""
        if not self.by_name:
            return figure
        declared = {name: look for name in figure.names() if (look := self.of(name))}
        looks = told_apart(figure.names(), declared, self.by_name.values())
        return replace(figure, declared_looks=looks) if looks != figure.declared_looks else figure


NONE_DECLARED = Looks()


def told_apart(names: Iterable[str], declared: Mapping[str, Look], reserved: Iterable[Look] = ()) -> dict[str, Look]:
    """A look for each name, no two alike: the declared one, or what is left, in the order of the names; what is ``reserved``
    comes last.

    Where two names have one declared look, the first of them by the alphabet keeps it, whatever the order in which they come.
    """
    names = list(dict.fromkeys(names))
    taken: dict[Look, str] = {}
    for name in sorted(names):
        if name in declared:
            taken.setdefault(declared[name], name)
    found = {name: look for look, name in taken.items()}
    left = _left(set(taken), set(reserved))
    return {name: found.get(name) or next(left) for name in names}


def _left(taken: set[Look], reserved: set[Look]) -> Iterator[Look]:
    """All looks but those that are taken; first those of colours that nothing has, and last those with a meaning elsewhere."""
    used = {look.colour for look in taken}
    colours, markers = list(PALETTE), list(MARKERS)
    diagonally = [
        Look(colour, markers[(turn + place) % len(markers)], dash)
        for dash in DASHES
        for turn in range(len(markers))
        for place, colour in enumerate(colours)
    ]
    meant = {(look.colour, look.marker) for look in reserved}
    seen: set[str] = set()
    first = []
    for look in diagonally:  # one of each colour that nothing has
        if look.colour not in used | seen and (look.colour, look.marker) not in meant:
            first.append(look)
            seen.add(look.colour)
    every = [*first, *(look for look in diagonally if (look.colour, look.marker) not in meant), *diagonally]
    yield from (look for look in dict.fromkeys(every) if look not in taken)
