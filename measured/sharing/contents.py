"""Whether a file of a bundle is what its name says, kind by kind. Each function raises ValueError with what is wrong."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any

from measured.charts.own import Own
from measured.jobs.cache import LEFT_OUT, metadata_of
from measured.jobs.definitions import Module
from measured.jobs.keys import FORMAT as FORMAT_OF_KEYS
from measured.jobs.keys import key_of
from measured.pages.status import FORMAT, Status
from measured.sharing.manifest import DIGEST, Manifest, texts_in
from measured.sharing.svg import fault_of


@dataclass(frozen=True)
class Line:
    """What a bundle says of a result."""

    parts: Mapping[str, Any]
    sha256: str
    seconds: float


def parsed(content: bytes) -> Any:
    """JSON. Raises ValueError for anything else."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def jobs(content: bytes) -> dict[str, Line]:
    """The results by key, which the parts must have."""
    found: dict[str, Line] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            raw = parsed(line)
            key, parts, checksum, seconds = raw["key"], raw["parts"], raw["sha256"], raw["seconds"]
            if not isinstance(parts, dict) or key_of(parts) != key:
                raise ValueError("its key is not that of its parts")
            if parts["format"] != FORMAT_OF_KEYS:
                raise ValueError(f"it has format {parts['format']!r:.20}; this version of measured has {FORMAT_OF_KEYS}")
            if not DIGEST.fullmatch(checksum) or not _is_number(seconds) or key in found:
                raise ValueError("its checksum, its seconds or its place is none")
            if not all(text.isprintable() for text in texts_in(parts["code"])):
                raise ValueError("a name in it cannot be printed")
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"jobs.jsonl, line {number}: it is no result ({type(error).__name__})") from None
        except ValueError as error:
            raise ValueError(f"jobs.jsonl, line {number}: {error}") from error
        found[key] = Line(parts, checksum, float(seconds))
    return found


def value(blob: bytes, checksum: str) -> bytes:
    """An encoded result, as ``measured.jobs.cache`` writes it."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if sha256(blob).hexdigest() != checksum:
        raise ValueError("it does not have the checksum that its result has")
    try:
        arrays = load(blob)
        told = metadata_of(blob)
        scalars, left_out = parsed(told["scalars"].encode()), parsed(told.get(LEFT_OUT, "[]").encode())
    except (SafetensorError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no result ({type(error).__name__})") from error
    are_plain = isinstance(scalars, dict) and all(
        item is None or isinstance(item, bool | int | float | str) for item in scalars.values()
    )
    are_names = isinstance(left_out, list) and all(isinstance(name, str) and name.isidentifier() for name in left_out)
    if not are_plain or not are_names:
        raise ValueError("it holds something else than arrays, numbers and texts")
    names = [*arrays, *scalars, *left_out]
    if len(set(names)) != len(names) or not all(name.isidentifier() for name in names):
        raise ValueError("its fields have names that are none")
    return blob


def status(content: bytes, chapter: str, manifest: Manifest, checksum: str) -> bytes:
    """What stands beside the record that has this checksum."""
    raw = parsed(content)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError("it is of another version of measured")
    if raw.keys() != {item.name for item in fields(Status)} - {"origin"}:
        raise ValueError("its fields are others than those of a status")
    parts = raw["parts"]
    expected = {
        "chapter": parts.get("chapter") == chapter and parts.get("preset") == manifest.preset,
        "parts": all(_is_texts(parts.get(name)) for name in ("code", "captions", "versions"))
        and isinstance(parts.get("device"), str)
        and all(parts.get(name) is None or type(parts.get(name)) is int for name in ("seeds", "look", "shift"))
        and {"seeds", "look", "shift"} <= parts.keys(),
        "checksum": raw["sha256"] == checksum,
        "key": isinstance(raw["key"], str),
        "jobs": isinstance(raw["jobs"], list) and all(isinstance(key, str) and DIGEST.fullmatch(key) for key in raw["jobs"]),
        "numbers": type(raw["num_cached"]) is int and _is_number(raw["worker_seconds"]) and _is_number(raw["wall_seconds"]),
        "versions": _is_texts(raw["versions"]),
        "host": isinstance(raw["host"], str),
        "texts": all(text.isprintable() and len(text) <= 1000 for text in texts_in(raw)),
    } if isinstance(parts, dict) else {"parts": False}  # fmt: skip
    for name, is_right in expected.items():
        if not is_right:
            raise ValueError(f"its {name} is not what a status has there")
    return content


def record(content: bytes, chapter: str, manifest: Manifest) -> None:
    """A chapter's finished result, whose names become names of files and whose own drawings are shown."""
    from measured.pages.record import read

    found = read(content.decode("utf-8"))
    if found is None or (found.chapter, found.preset) != (chapter, manifest.preset):
        raise ValueError(f"it is no record of {chapter} at the {manifest.preset} preset that this version of measured reads")
    for name, figure in found.figures.items():
        if not re.fullmatch(r"\w{1,100}", name):
            raise ValueError(f"a figure is called {name!r:.60}, which is no name")
        if isinstance(figure, Own) and figure.svg and (fault := fault_of(figure.svg)):
            raise ValueError(f"the drawing {name} has {fault}, which none of ours has")


def drawing(content: bytes) -> bytes:
    """A kept drawing."""
    raw = parsed(content)
    layouts = raw.get("drawing") if isinstance(raw, dict) else None
    if not isinstance(layouts, dict) or not layouts.keys() <= {"wide", "narrow"}:
        raise ValueError("it is no drawing")
    for drawn in layouts.values():
        if not isinstance(drawn, str):
            raise ValueError("it is no drawing")
        if fault := fault_of(drawn):
            raise ValueError(f"it has {fault}, which no drawing of ours has")
    return content


def sources(content: bytes) -> bytes:
    """What was found in modules."""
    raw = parsed(content)
    names = {item.name for item in fields(Module)}
    if not isinstance(raw, dict) or not all(
        isinstance(item, dict)
        and item.keys() == {"key", "found"}
        and isinstance(item["found"], dict)
        and item["found"].keys() == names
        for item in raw.values()
    ):
        raise ValueError("it is not what is found in modules")
    for item in raw.values():
        _check_module(Module(**item["found"]))
    return content


def _check_module(module: Module) -> None:
    definitions = module.definitions
    is_right = (
        isinstance(module.name, str)
        and isinstance(definitions, dict)
        and all(
            isinstance(item, dict)
            and isinstance(item.get("digest"), str)
            and _is_lists_of_texts(item.get("chains"))
            and _is_list_of_texts(item.get("computing"))
            and {"own_module", "whole_package"} <= item.keys()
            for item in definitions.values()
        )
        and isinstance(module.imports, dict)
        and all(_is_lists_of_texts(item) for item in module.imports.values())
        and _is_list_of_texts(module.stars)
        and _is_list_of_texts(module.bound_loosely)
        and _is_texts(module.docstrings)
        and all(text.isprintable() for text in texts_in(asdict(module)))
    )
    if not is_right:
        raise ValueError(f"what it says of the module {module.name!r:.60} is not what is found in one")


def _is_number(value: Any) -> bool:
    """A number of seconds."""
    return type(value) in (int, float) and 0 <= value <= sys.float_info.max


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_lists_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(_is_list_of_texts(item) for item in value)
