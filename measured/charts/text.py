"""How much room words take, found without drawing them, and words in lines of a width."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

LINE_SPACING, DESCENT = 1.2, 0.24
"""Of DejaVu Sans, in font sizes: from line to line, and what of a line is below the line of writing."""


@cache
def extent(text: str, font: "FontProperties") -> tuple[float, float, float]:
    """Points of width, of height, and of that below the line of writing; as matplotlib sets lines of text in an SVG."""
    from matplotlib.cbook import is_math_text
    from matplotlib.textpath import TextToPath

    measure, size, lines = TextToPath().get_text_width_height_descent, font.get_size_in_points(), text.split("\n")
    widths, heights, depths = zip(*(measure(line, font, is_math_text(line)) for line in lines), strict=True)
    spacing = LINE_SPACING if len(lines) > 1 else 1.0
    height = sum(max(size * spacing, tall) for tall in heights)
    return max(widths), height, max(DESCENT * size, depths[-1])


def in_lines(text: str, font: "FontProperties", room: float) -> str:
    """The text with as many breaks between words as it takes to stay within ``room`` points, where words allow it."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and extent(longer, font)[0] > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
