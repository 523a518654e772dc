"""The one error that build.py prints as a line, without a traceback."""


class BuildError(Exception):
    """What was wrong, what was expected, and what to type instead."""
