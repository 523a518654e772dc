"""The one error that build.py prints as a line, without a traceback, and what it proposes."""

from collections.abc import Iterable


class BuildError(Exception):
    """What was wrong, what was expected, and what to type instead."""


class ClaimError(BuildError):
    """What is wrong with one claim of a chapter."""

    def __init__(self, claim: str, fault: object):
        super().__init__(f"claim {claim!r}: {fault}")
        self.claim = claim


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "expected one of") -> str:
    """The name that was probably meant, or all that there are."""
    from difflib import get_close_matches

    near = get_close_matches(name, names := list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else f"{otherwise} {', '.join(names) or 'none'}"
