"""What can be told of a network before anything is trained."""

from functools import lru_cache

from lab.network import Network


@lru_cache(maxsize=256)
def check(network: Network) -> None:
    """Raises ValueError for a network of an author's own that cannot be built, such as one with a parameter that
    ``initialize`` leaves unset. Those that say their ``layers`` are known without torch, and pass."""
    if not network.layers:
        network.build(0)
