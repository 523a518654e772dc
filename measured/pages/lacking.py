"""What a page does not have, because its chapter returned plain numbers and drawings."""

from measured.charts.own import Own
from measured.evidence import Plain
from measured.pages.record import Record


def lacking(record: Record) -> list[tuple[str, str]]:
    """What is not there and what would bring it; nothing of a chapter that has metrics and figures of its own."""
    numbers = [name for name, metric in record.metrics.items() if isinstance(metric, Plain)]
    drawings = [name for name, figure in record.figures.items() if isinstance(figure, Own) and figure.is_bare]
    if not numbers and not drawings:
        return []
    said = {}
    if numbers:
        said["No intervals."] = (
            f"Measured once, without unit or seeds, so that chance may have made them: {_listed(numbers)}. A `Quantity` over "
            "`Seeds` has an interval."
        )
    if drawings:
        said["No numbers behind drawings, and no words for them."] = (
            "There is no table to download or to explore, no caption, and no description for those who cannot see them: "
            f"{_listed(drawings)}. `charts.own` takes all three; the shapes of `measured.charts` also draw for phones."
        )
    if not record.verdicts:
        said["No verdicts."] = "Nothing was put to a test. A `Claim` in `CLAIMS` is."
    if not record.settings:
        said["No settings."] = "All presets are the same run. `Settings` and `PRESETS` make it short or thorough."
    return list(said.items())


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
