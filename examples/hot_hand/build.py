"""Build the report: ``python build.py --help``."""

from pathlib import Path

from measured.cli import run

if __name__ == "__main__":
    run(Path(__file__).resolve().parent)
