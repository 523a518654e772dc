"""A generator of executable reports: every number computed by the code beside it, every conclusion a claim put to the test."""

__version__ = "0.2.0.dev0"
