"""What a bundle is: a zip of a site and of what its chapters were made from, with a manifest that names and checks it all."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from measured.jobs.source import Elsewhere
from measured.pages.status import Origin

FORMAT = 1
"""To be raised when a bundle holds something else, or the same under other names."""
MANIFEST = "measured-bundle.json"
JOBS = "jobs.jsonl"
"""A line per result: its key, the parts that the key digests, the checksum of the value, the seconds it took."""
SOURCES = "source.json"
"""What was found in the modules, for another Python."""
SITE = "site/"
NAMES = {
    MANIFEST: re.compile(re.escape(MANIFEST)),
    JOBS: re.compile(re.escape(JOBS)),
    SOURCES: re.compile(re.escape(SOURCES)),
    "jobs": re.compile(r"jobs/(?P<key>[0-9a-f]{64})\.safetensors"),
    "chapters": re.compile(r"chapters/(?P<chapter>[^\W\d]\w{0,99})\.(?P<kind>record|status)\.json"),
    "drawings": re.compile(r"drawings/(?P<key>[0-9a-f]{64})\.json"),
    "site": re.compile(r"site/(?:\w[^/\\:\x00-\x1f]{0,199}/){0,8}\w[^/\\:\x00-\x1f]{0,199}"),
}
"""All that a bundle can hold, by kind."""

DIGEST = re.compile(r"[0-9a-f]{64}")


def kind_of(name: str) -> str | None:
    """The kind of file that a bundle has under this name; None where it can have none."""
    return next((kind for kind, pattern in NAMES.items() if pattern.fullmatch(name)), None)


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself."""

    title: str
    preset: str
    device: str
    seeds: int | None
    """What --seeds asked for."""
    host: str
    """Where it was computed: system, processor, cores."""
    versions: Mapping[str, str]
    """Of what computed, by distribution."""
    distributions: Mapping[str, list[str]]
    chapters: tuple[str, ...]
    num_left_out: int
    """Arrays that no chapter reads."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Checksum of every file but this one."""

    def to_json(self) -> bytes:
        """The manifest as it stands in the bundle."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True).encode()

    def origin(self, bundle: str) -> Origin:
        """What is said of numbers from a bundle of that name."""
        return Origin(bundle, self.host, dict(self.versions))


def read(raw: Any) -> Manifest:
    """The manifest of what its JSON says. Raises ValueError where that is something else, with what."""
    if not isinstance(raw, dict) or not isinstance(raw.get("format"), int):
        raise ValueError("it says no format")
    if raw["format"] != FORMAT:
        raise ValueError(f"it has format {raw['format']}, this version of measured reads {FORMAT}")
    given = {name: value for name, value in raw.items() if name != "format"}
    if given.keys() != {item.name for item in fields(Manifest)}:
        raise ValueError("its fields are others than those of a manifest")
    told = Manifest(**given)
    expected = {
        "title": _is_text(told.title),
        "preset": told.preset in ("quick", "standard", "full"),
        "device": told.device in ("cpu", "cuda"),
        "seeds": told.seeds is None or (type(told.seeds) is int and 2 <= told.seeds <= 10_000),
        "host": _is_text(told.host),
        "versions": _is_versions(told.versions) and bool(re.fullmatch(r"\d+\.\d+", told.versions.get("Python", ""))),
        "distributions": isinstance(told.distributions, dict)
        and all(_is_text(name) and _is_list(names, _is_text) for name, names in told.distributions.items()),
        "chapters": _is_list(told.chapters, lambda name: _is_text(name) and name.isidentifier()),
        "num_left_out": type(told.num_left_out) is int and told.num_left_out >= 0,
        "files": isinstance(told.files, dict)
        and all(kind_of(name) and isinstance(value, str) and DIGEST.fullmatch(value) for name, value in told.files.items()),
    }
    for name, is_right in expected.items():
        if not is_right:
            raise ValueError(f"its {name!r} is not what a manifest has there")
    return Manifest(**{**given, "chapters": tuple(told.chapters)})


def _is_text(value: Any) -> bool:
    """A short line that a terminal can print."""
    return isinstance(value, str) and len(value) <= 300 and value.isprintable()


def _is_list(value: Any, of: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(of, value))


def _is_versions(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(name) and _is_text(version) for name, version in value.items())


def texts_in(value: Any) -> Iterator[str]:
    """Every text in plain data, keys included."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, list):
            todo += item


@dataclass(frozen=True)
class Shared:
    """A bundle that was checked and unpacked."""

    name: str
    """What the file is called."""
    folder: Path
    """A cache folder of its own."""
    digest: str
    manifest: Manifest

    @property
    def origin(self) -> Origin:
        """What is said of the numbers in it."""
        return self.manifest.origin(self.name)

    @property
    def elsewhere(self) -> Elsewhere:
        """The versions that count for what is in it. Raises OSError or ValueError where the folder was damaged since."""
        modules = json.loads((self.folder / SOURCES).read_text(encoding="utf-8"))
        return Elsewhere(self.manifest.versions, self.manifest.distributions, modules)
