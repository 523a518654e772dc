"""Results where somebody types: ``gather`` with progress, and metrics, figures and verdicts as the pages show them."""

from measured.notebook.found import verdicts
from measured.notebook.show import html

__all__ = ["html", "verdicts"]
