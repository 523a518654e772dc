"""The report as one PDF, printed by a Chromium that is there: title, contents with page numbers, outline, unfolded evidence."""

import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import measured
from measured.errors import BuildError
from measured.files import check_writable
from measured.project import Project

if TYPE_CHECKING:
    from pypdf import PdfReader, PdfWriter

    from measured.pages.paper import Entry

VARIABLE = "MEASURED_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
OLDEST = 131
"""The first Chromium that prints what a style sheet puts in the margins, such as page numbers."""
CREATOR = "measured"
SECONDS = 600


@dataclass(frozen=True)
class Printer:
    """A browser that prints, and where to."""

    chromium: str
    pdf: Path

    @classmethod
    def ready(cls, pdf: Path) -> "Printer":
        """Raises BuildError where there is no such browser, or where the file is not to be written."""
        _check(pdf)
        return cls(_chromium(), pdf)

    def print_site(self, project: Project, site: Path) -> int:
        """Write the PDF of a site; the number of its pages. Raises BuildError where the browser does not print."""
        from pypdf import PdfReader, PdfWriter

        from measured.pages import paper

        logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of what Chromium writes and what it mends

        parts = paper.sheets(site, project.outline)
        with tempfile.TemporaryDirectory(prefix="measured-") as folder:
            source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"

            def print_with(numbers: Mapping[str, int]) -> "PdfReader":
                source.write_bytes(paper.page(project.frame, project.outline, site, parts, numbers))
                self._run(source, printed, Path(folder))
                return PdfReader(printed)

            # Once to learn on which pages the places are, and once with these numbers in the contents.
            numbers = _numbers(print_with({}))
            reader = print_with(numbers)
            writer = PdfWriter(clone_from=reader)
            _outline(writer, [entry for sheet in parts for entry in sheet.entries], numbers)
            writer.metadata = {"/Title": project.outline.title, "/Creator": f"{CREATOR} {measured.__version__}"}
            self.pdf.parent.mkdir(parents=True, exist_ok=True)
            new = self.pdf.with_name(f".{self.pdf.name}.new")
            writer.write(new)
            os.replace(new, self.pdf)
            return len(reader.pages)

    def _run(self, source: Path, printed: Path, folder: Path) -> None:
        command = [
            self.chromium,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={printed}",
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),  # Chromium refuses root otherwise
            source.as_uri(),
        ]
        printed.unlink(missing_ok=True)
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"--pdf: {self.chromium} did not print ({error}); the site is written") from error
        if not printed.is_file():
            said = " ".join(done.stderr.split())[-300:] or f"it ended with {done.returncode}"
            raise BuildError(f"--pdf: {self.chromium} did not print ({said}); the site is written")


def _outline(writer: "PdfWriter", entries: Sequence["Entry"], numbers: Mapping[str, int]) -> None:
    """Parts, chapters and sections as what a reader of PDFs shows beside the pages."""
    part = page = None
    for entry in entries:
        number, title = numbers.get(entry.anchor, 1) - 1, unescape(entry.text)
        if entry.level == 1:
            if entry.begins_part:
                part = writer.add_outline_item(title=entry.part, page_number=number, bold=True)
            page = writer.add_outline_item(title=title, page_number=number, parent=part if entry.part else None)
        else:
            writer.add_outline_item(title=title, page_number=number, parent=page)


def _numbers(reader: "PdfReader") -> dict[str, int]:
    """The pages on which the places are that something links to, counted from 1."""
    found = {}
    for name, destination in reader.named_destinations.items():
        number = reader.get_destination_page_number(destination)
        if number is not None and number >= 0:
            found[str(name).removeprefix("/")] = number + 1
    return found


def _chromium() -> str:
    given = os.environ.get(VARIABLE)
    found = shutil.which(given) if given else next(filter(None, map(shutil.which, (*NAMES, *PLACES))), None)
    if not found:
        where = f"{VARIABLE}={given} is not a program" if given else f"none of {', '.join(NAMES)} was found"
        raise BuildError(
            f"--pdf needs Chromium or Chrome to print, and {where}; install it (Debian, Ubuntu: apt-get install chromium; "
            f"macOS: brew install --cask chromium) or name it in {VARIABLE}"
        )
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, errors="replace", timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"--pdf: {found} does not run ({error}); name another Chromium in {VARIABLE}") from error
    version = re.search(r"(\d+)\.\d+\.\d+", said)
    if not version or int(version[1]) < OLDEST:
        raise BuildError(
            f"--pdf: {found} says {said.strip() or 'nothing'!r}; expected Chromium {OLDEST} or newer, or another in {VARIABLE}"
        )
    return found


def _check(pdf: Path) -> None:
    if pdf.suffix.lower() != ".pdf" or pdf.is_dir():
        raise BuildError(f"--pdf {pdf} is not the name of a PDF; expected one like report.pdf")
    try:
        check_writable(pdf.absolute().parent)
    except OSError as error:
        raise BuildError(
            f"--pdf {pdf} cannot be written ({error.strerror}); expected a file in a folder of your own"
        ) from error
    if pdf.exists() and not _is_ours(pdf):
        raise BuildError(f"--pdf {pdf} is a file that build.py did not write; expected a new name")


def _is_ours(pdf: Path) -> bool:
    from pypdf import PdfReader

    try:
        metadata = PdfReader(pdf).metadata
    except Exception:  # whatever a reader of PDFs makes of another file
        return False
    return bool(metadata and (metadata.creator or "").startswith(f"{CREATOR} "))
