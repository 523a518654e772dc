"""Build the report: ``python build.py --help``."""

import sys

from measured.press.build import main

if __name__ == "__main__":
    sys.exit(main())
