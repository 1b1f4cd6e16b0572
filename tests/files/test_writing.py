"""Facts about writing in one step: there is the old content or the new, and nothing beside it."""

import os
import stat

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.writing import check_suffix, replacing, unwritable, write_atomically


def test_what_is_written_is_there_alone(tmp_path):
    path = write_atomically(tmp_path / "new" / "folder" / "a.txt", b"content")
    assert path.read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


def test_the_old_content_stays_until_the_block_ends(tmp_path):
    path = write_atomically(tmp_path / "a.txt", b"old")
    with replacing(path) as draft:
        draft.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_the_old_content_stays_where_the_block_fails(tmp_path):
    path = write_atomically(tmp_path / "a.txt", b"old")

    def fail():
        with replacing(path) as draft:
            draft.write_bytes(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_has_the_suffix_of_its_target_and_lies_beside_it(tmp_path):
    with replacing(tmp_path / "a.keras") as draft:
        assert (draft.parent, draft.suffix) == (tmp_path, ".keras")
        assert draft.name.startswith(".")


def test_the_file_is_on_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    order = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: order.append("on disk") or sync(handle))
    monkeypatch.setattr(os, "replace", lambda *paths: order.append("in place") or replace(*paths))
    write_atomically(tmp_path / "a.txt", b"content")
    assert order == ["on disk", "in place", "on disk"]  # the file, its name, the folder that holds the name


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_may_read_what_is_written(tmp_path):
    assert stat.S_IMODE(write_atomically(tmp_path / "a.txt", b"").stat().st_mode) == 0o644


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/a\.txt: cannot be written \(.*\); choose another file or folder"):
        write_atomically(tmp_path / "file" / "a.txt", b"content")


def test_an_error_without_words_of_the_system_is_told_in_its_own():
    assert "a.txt: cannot be written (no space)" in str(unwritable("a.txt", OSError("no space")))


@pytest.mark.parametrize(("name", "suffix"), [("a.svg", ".svg"), ("a.PNG", ".png"), ("a.b.svg", ".svg")])
def test_suffixes_are_looked_at_in_small_letters(name, suffix):
    assert check_suffix(name, ".svg", ".png") == suffix


@pytest.mark.parametrize(("name", "received"), [("a.pdf", ".pdf"), ("a", ""), ("a.svg.gz", ".gz")])
def test_another_suffix_is_refused(name, received):
    with pytest.raises(
        InputError, match=rf"{name}: expected a file name ending in \.svg or \.png, received '{received}'"
    ):
        check_suffix(name, ".svg", ".png")
