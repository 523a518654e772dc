"""Images: small grey pictures, such as the filters of a layer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from measured.charts.figure import Figure, Table
from measured.charts.style import COLD, NARROW, WARM

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Row(NamedTuple):
    """One pixel."""

    panel: str
    image: int
    row: int
    column: int
    value: float


@dataclass(frozen=True)
class Images(Figure):
    """Grids of pictures on one symmetric scale."""

    columns: int = 8
    """Pictures in a line of a grid."""

    shape: ClassVar[str] = "images"

    def draw(self, width: float) -> "Drawing":
        import numpy as np
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure as Drawing

        pixels: dict[str, list[Row]] = {}
        for row in self.table.rows:
            pixels.setdefault(row[0], []).append(Row(*row))
        everything = [pixel for group in pixels.values() for pixel in group]
        largest = max(abs(pixel.value) for pixel in everything) or 1.0
        side = max(pixel.column for pixel in everything) + 1
        down = {panel: math.ceil((max(pixel.image for pixel in group) + 1) / self.columns) for panel, group in pixels.items()}
        across = 1 if width <= NARROW or len(pixels) == 1 else 2
        lines = [list(pixels)[start : start + across] for start in range(0, len(pixels), across)]
        tile = (side + 1) * self.columns  # width of a panel in pixels of the pictures, gaps included
        inches = (width - 0.2 * (across - 1)) / across / tile
        heights = [max(down[panel] for panel in line) * (side + 1) * inches + 0.32 for line in lines]
        drawing = Drawing(figsize=(width, sum(heights)))
        colours = LinearSegmentedColormap.from_list("signed", [COLD, "#f4f5f7", WARM])
        top = sum(heights)
        for line, height in zip(lines, heights, strict=True):
            for place, panel in enumerate(line):
                rows = down[panel] * (side + 1)
                left = place * (width / across + 0.1) / width
                bottom = (top - 0.3 - rows * inches) / sum(heights)
                ax = drawing.add_axes((left, bottom, tile * inches / width, rows * inches / sum(heights)))
                ax.set_title(panel)
                ax.axis("off")
                ax.set(xlim=(0, tile), ylim=(rows, 0))
                mosaic = np.full((rows, tile), np.nan)
                for pixel in pixels[panel]:
                    row_of_images, place_in_row = divmod(pixel.image, self.columns)
                    mosaic[row_of_images * (side + 1) + pixel.row, place_in_row * (side + 1) + pixel.column] = pixel.value
                # "none" keeps the pixels as they are, and asks the browser not to smooth them.
                extent = (0, tile, rows, 0)
                ax.imshow(mosaic, cmap=colours, vmin=-largest, vmax=largest, interpolation="none", extent=extent, aspect="auto")
            top -= height
        return drawing


def images(
    panels: Mapping[str, Sequence[Sequence[Sequence[float]]]], *, alt: str, caption: str = "", columns: int = 8
) -> Images:
    """Small grey pictures, such as the filters of a layer, one grid a panel; all panels share one symmetric scale."""
    rows = [
        Row(panel, index, row, column, float(value))
        for panel, pictures in panels.items()
        for index, picture in enumerate(pictures)
        for row, line in enumerate(picture)
        for column, value in enumerate(line)
    ]
    if not rows:
        raise ValueError("images need at least one picture")
    return Images(Table(("panel", "image", "row", "column", "value"), tuple(rows)), caption, alt, columns)
