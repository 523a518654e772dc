"""A reader meets the old site or the new one, and nothing that build.py did not write is lost."""

import os
import threading

import pytest

from measured.errors import BuildError
from measured.press import folder
from measured.press.folder import MANIFEST, Bundle, Site


def bundle(name: str, inputs: str, **files: str) -> Bundle:
    return Bundle(name, inputs, lambda: {f"{path}.html": text.encode() for path, text in files.items()})


def never(name: str, inputs: str) -> Bundle:
    return Bundle(name, inputs, lambda: pytest.fail("made again"))


def test_publishing_writes_and_forgets(tmp_path):
    """New files appear; files of bundles that are gone disappear."""
    site = tmp_path / "site"
    assert Site(site).publish([bundle("a", "1", a="A"), bundle("b", "1", b="B")])
    assert Site(site).publish([bundle("a", "2", a="A2")])
    assert sorted(path.name for path in site.iterdir()) == ["a.html", MANIFEST] and (site / "a.html").read_text() == "A2"


def test_unchanged_bundles_are_not_made_again(tmp_path):
    """Nor is anything written where all are unchanged."""
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    inode = site.stat().st_ino
    assert not Site(site).publish([never("a", "1")])
    assert site.stat().st_ino == inode
    assert Site(site).publish([never("a", "1"), bundle("b", "1", b="B")])


def test_changed_file_is_mended(tmp_path):
    """A page edited by hand is not taken over."""
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    (site / "a.html").write_text("edited")
    assert Site(site).publish([bundle("a", "1", a="A")])
    assert (site / "a.html").read_text() == "A"


@pytest.mark.parametrize("exchange", [True, False], ids=["one step", "two renames"])
def test_foreign_files_survive(tmp_path, monkeypatch, exchange):
    """A CNAME put into the site by hand is carried over; so is an empty folder."""
    if not exchange:
        monkeypatch.setattr(folder.sys, "platform", "elsewhere")
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    (site / "CNAME").write_text("example.org")
    (site / "deep").mkdir()
    (site / "deep" / "note.txt").write_text("mine")
    (site / "empty" / "inside").mkdir(parents=True)
    (site / "elsewhere").symlink_to(tmp_path)
    Site(site).publish([bundle("a", "2", a="A2")])
    assert (site / "empty" / "inside").is_dir() and (site / "elsewhere").readlink() == tmp_path
    assert (site / "CNAME").read_text() == "example.org" and (site / "deep" / "note.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_folder_of_others_that_cannot_be_listed_is_not_lost(tmp_path, monkeypatch):
    """The site stays as it is, with all that is in it."""
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    (site / "theirs").mkdir()
    (site / "theirs" / "notes.txt").write_text("kept")
    scandir = os.scandir

    def failing(path):
        if str(path).endswith("theirs"):
            raise OSError(5, "Input/output error", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing)
        with pytest.raises(OSError, match="Input/output error"):
            Site(site).publish([bundle("a", "2", a="A2")])
    assert (site / "a.html").read_text() == "A" and (site / "theirs" / "notes.txt").read_text() == "kept"


def test_death_while_writing_leaves_the_old_site(tmp_path, monkeypatch):
    """A build that dies before the exchange leaves the last site whole, and the next one cleans up."""
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    monkeypatch.setattr(folder, "_exchange", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Site(site).publish([bundle("a", "2", a="A2")])
    assert (site / "a.html").read_text() == "A"
    monkeypatch.undo()
    Site(site).publish([bundle("a", "2", a="A2")])
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_death_between_two_renames_is_mended(tmp_path):
    """Where the system cannot exchange, the old site waits aside and comes back."""
    site = tmp_path / "site"
    Site(site).publish([bundle("a", "1", a="A")])
    (site / "CNAME").write_text("mine")
    os.rename(site, folder._aside(site))
    Site(site).publish([bundle("a", "1", a="A")])
    assert (site / "a.html").read_text() == "A" and (site / "CNAME").read_text() == "mine"


def test_reader_never_meets_half_a_site(tmp_path):
    """While a hundred sites are published, a reader always finds both pages of one and the same."""
    site = tmp_path / "site"
    Site(site).publish([bundle("both", "0", a="0", b="0")])
    done, torn = threading.Event(), []

    def content(folder: int, name: str) -> bytes:
        file = os.open(f"{name}.html", os.O_RDONLY, dir_fd=folder)
        try:
            return os.read(file, 100)
        finally:
            os.close(file)

    def read() -> None:
        while not done.is_set():
            folder = os.open(site, os.O_RDONLY)
            try:
                a, b = content(folder, "a"), content(folder, "b")
                if a != b:
                    torn.append((a, b))
            except FileNotFoundError:
                pass  # the folder that was opened is an old site, on its way out
            finally:
                os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(100):
        Site(site).publish([bundle("both", str(k + 1), a=str(k + 1), b=str(k + 1))])
        assert (site / "a.html").exists()
    done.set()
    reader.join()
    assert not torn


@pytest.mark.parametrize("kind", ["a file", "a foreign folder", "below a file"])
def test_out_that_is_not_ours_is_refused(tmp_path, kind):
    """Nothing is touched, and the message says what was expected."""
    site = tmp_path / "site"
    if kind == "a file":
        site.write_text("mine")
    elif kind == "a foreign folder":
        site.mkdir()
        (site / "thesis.tex").write_text("mine")
    else:
        (tmp_path / "file").write_text("mine")
        site = tmp_path / "file" / "site"
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(BuildError, match="is not a folder|did not write|cannot be made .Not a directory"):
        Site(site).check()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
