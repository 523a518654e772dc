"""A build that has loaded what pages take, and waits for a line on its standard input: ``python -m measured.serve.waiting``."""

import sys
from pathlib import Path

from measured import cli


def main() -> int:
    """Load, wait, build."""
    import jinja2  # noqa: F401
    import markdown  # noqa: F401
    import pygments.formatters  # noqa: F401

    import measured.press.build
    import measured.press.making  # noqa: F401

    root = Path(sys.argv[1])
    if not sys.stdin.readline():
        return 0  # whoever was to ask is gone
    sys.path.insert(0, str(root))
    return cli.main(root, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
