"""Versions of what computes: Python, and the distributions that a piece of code imports."""

import sys
from collections.abc import Iterable, MutableMapping
from importlib.metadata import packages_distributions
from importlib.util import find_spec

from measured.installed import ABSENT, version_of

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The language, without its bug-fix releases: these do not change what is computed, and would retrain everything."""


class UnversionedError(ValueError):
    """A module from outside of the project has no version."""

    def __init__(self, module: str):
        super().__init__(
            f"the module {module!r} belongs to no installed distribution, so that a change in it would go unnoticed; "
            "install it with pip, or put its source into the project"
        )
        self.module = module


def of_libraries(modules: Iterable[str], known: MutableMapping[str, list[str]]) -> dict[str, str]:
    """Version of each distribution that provides one of these top-level modules, by its name, with Python's.

    ``known`` remembers which distributions provide a module, as looking through all that is installed takes half a
    second. A module that is not there is "not installed": code may import it on another machine alone. Raises ValueError for
    one that is there and belongs to no distribution, since a change in it would go unnoticed.
    """
    found, modules = {"Python": PYTHON}, sorted(modules)
    if new := [module for module in modules if not known.get(module) or ABSENT in map(version_of, known[module])]:
        installed = packages_distributions()
        known.update({module: sorted(set(installed.get(module, ()))) for module in new})
    for module in modules:
        names = known[module]
        if not names and find_spec(module) is not None:
            raise UnversionedError(module)
        found |= {name: version_of(name) for name in names or [module]}
    return found
