"""Figures as plain JSON data and back, by the fields of their classes: a new shape is a new class and nothing here.

A number that is not finite is the string "inf", "-inf" or "nan"; in a table, a text of that spelling is marked, and so is a
metric.
"""

import math
from functools import cache
from typing import Any

from measured.charts.figure import Figure, Table
from measured.charts.own import Own
from measured.evidence import Metric

NOT_FINITE = ("inf", "-inf", "nan")


def to_plain(figure: Figure) -> dict[str, Any]:
    """The figure as dictionaries, lists, text and numbers; a drawing of the author's own is left out."""
    return converter().unstructure(figure)


def from_plain(plain: dict[str, Any]) -> Figure:
    """The figure that ``to_plain`` wrote. Raises ValueError where ``plain`` is something else, or of another version."""
    try:
        return converter().structure(plain, Figure)
    except Exception as error:  # whatever a class makes of fields that are not its own
        raise ValueError(f"no figure that this version knows: {type(error).__name__}: {error}") from error


def what_is_drawn(figure: Figure) -> dict[str, Any]:
    """Everything that decides how a figure looks, besides its name; words around it do not."""
    around = ("caption", "alt", "note", "made_by", "made_in")
    return {name: value for name, value in to_plain(figure).items() if name not in around}


@cache
def converter() -> Any:
    """What turns figures, and dataclasses that hold them, into plain data and back."""
    import cattrs
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = cattrs.Converter(unstruct_collection_overrides={tuple: list}, forbid_extra_keys=True, detailed_validation=False)
    # float() as well, so that what was given as a whole number or by NumPy reads back as it was written.
    converter.register_unstructure_hook(float, lambda value: float(value) if math.isfinite(value) else str(float(value)))

    def plain_cell(cell: Any) -> Any:
        if isinstance(cell, Metric):
            return {"metric": converter.unstructure(cell, Metric)}
        if isinstance(cell, str):
            return {"text": cell} if cell in NOT_FINITE else cell
        return converter.unstructure(cell, float) if isinstance(cell, float) else cell

    def cell(plain: Any) -> Any:
        if isinstance(plain, dict):
            return converter.structure(plain["metric"], Metric) if "metric" in plain else plain["text"]
        return float(plain) if plain in NOT_FINITE else plain

    converter.register_unstructure_hook(
        Table,
        lambda table: {"columns": list(table.columns), "rows": [[plain_cell(item) for item in row] for row in table.rows]},
    )
    converter.register_structure_hook(
        Table, lambda plain, _: Table(tuple(plain["columns"]), tuple(tuple(map(cell, row)) for row in plain["rows"]))
    )

    def metric(plain: dict[str, Any], _: Any) -> Metric:
        values = dict(plain)
        kind = Metric.kinds[values.pop("kind")]
        return of_kind(kind)[1](values, kind)

    @cache
    def of_kind(kind: type[Metric]) -> tuple[Any, Any]:
        structure = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
        return make_dict_unstructure_fn(kind, converter), structure

    def is_metric(kind: Any) -> bool:
        return isinstance(kind, type) and issubclass(kind, Metric)

    converter.register_unstructure_hook_func(
        is_metric, lambda metric: {"kind": metric.kind, **of_kind(type(metric))[0](metric)}
    )
    converter.register_structure_hook_func(is_metric, metric)

    @cache
    def of_shape(kind: type[Figure]) -> tuple[Any, Any]:
        options: Any = {"drawing": override(omit=True)} if kind is Own else {}
        structure = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **options)
        return make_dict_unstructure_fn(kind, converter, **options), structure

    def figure(plain: dict[str, Any], _: Any) -> Figure:
        values = dict(plain)
        kind = Figure.shapes[values.pop("shape")]
        return of_shape(kind)[1](values, kind)

    def is_figure(kind: Any) -> bool:
        return isinstance(kind, type) and issubclass(kind, Figure)

    converter.register_unstructure_hook_func(
        is_figure, lambda figure: {"shape": figure.shape, **of_shape(type(figure))[0](figure)}
    )
    converter.register_structure_hook_func(is_figure, figure)
    return converter
