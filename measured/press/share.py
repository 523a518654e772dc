"""Where a command's numbers come from: what was computed here, or a bundle."""

from dataclasses import replace
from pathlib import Path

from measured.errors import BuildError
from measured.options import Options
from measured.press.stores import Stores
from measured.project import Project
from measured.sharing.manifest import Shared

FOLDER = "bundle"
"""Where a bundle is unpacked in the cache folder: apart from what was computed here, so that neither passes for the other."""


def opened(project: Project, options: Options) -> tuple[Stores, Options]:
    """The stores that a command works on, and the options that go with them: with ``--from``, the bundle's own.

    Raises BuildError for a bundle that is none, and for options that contradict it.
    """
    if options.bundle_from is None:
        return Stores.at(options.cache, project.root), options
    from measured.sharing.unpack import unpacked

    shared = unpacked(options.bundle_from, options.cache / FOLDER)
    manifest = shared.manifest
    if options.preset not in ("", manifest.preset):
        raise BuildError(
            f"--preset {options.preset} contradicts --from {options.bundle_from}, which holds the {manifest.preset} preset; "
            "leave --preset out"
        )
    options = replace(options, preset=manifest.preset, device=manifest.device, seeds=manifest.seeds, compute_nothing=True)
    if (options.strict or options.accept) and manifest.preset == "quick":
        raise BuildError(f"--strict and --accept need evidence; {shared.name} holds the quick preset, which has none")
    try:
        return Stores.of_bundle(shared, project.root), options
    except (OSError, ValueError) as error:
        told = f"{shared.folder} was damaged since {shared.name} was unpacked; delete that folder, and type it again"
        raise BuildError(told) from error


def left_aside(folder: Path) -> Shared | None:
    """The bundle that was last unpacked in the cache ``folder``, which a command without ``--from`` does not use."""
    if not (folder / FOLDER).is_dir():
        return None
    from measured.sharing.unpack import at

    return at(folder / FOLDER)
