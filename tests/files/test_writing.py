"""Facts about writing in one step: there is the old content or the new, and nothing beside it."""

import os
import stat

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.writing import check_suffix, new_folder, replacing, unwritable, write_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="modes and locks are POSIX's")


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


@posix
def test_drafts_of_the_dead_are_swept_and_those_of_the_living_left(tmp_path):
    (tmp_path / ".a.draft-12345678.txt").write_text("of a killed process")
    (tmp_path / ".b.draft-12345678").mkdir()
    (tmp_path / ".b.draft-12345678" / "part").touch()
    (tmp_path / ".a.draft.txt").write_text("somebody else's")
    with replacing(tmp_path / "a.txt") as draft, new_folder(tmp_path / "b") as folder:
        write_atomically(tmp_path / "c.txt", b"")
        assert set(tmp_path.iterdir()) == {draft, folder, tmp_path / ".a.draft.txt", tmp_path / "c.txt"}


def test_a_folder_appears_whole(tmp_path):
    with new_folder(tmp_path / "a" / "b") as draft:
        (draft / "c").mkdir()
        (draft / "c" / "d.txt").write_text("content")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b" / "c" / "d.txt").read_text() == "content"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def make_folder(path):
    with new_folder(path) as draft:
        (draft / "ours").touch()


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    make_folder(tmp_path / "a")
    assert list(tmp_path.rglob("*")) == [tmp_path / "a", tmp_path / "a" / "ours"]


def test_a_folder_with_files_in_it_is_left(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").touch()
    with pytest.raises(OSError, match="not empty"):
        make_folder(tmp_path / "a")
    assert list(tmp_path.rglob("*")) == [tmp_path / "a", tmp_path / "a" / "mine"]


def test_the_working_directory_is_left(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    for name in (".", tmp_path / "a"):
        with pytest.raises(OSError, match="it is the working directory"):
            make_folder(name)
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


@posix
def test_a_link_to_an_empty_folder_stays_one(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    make_folder(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["ours"]


def test_of_a_folder_whose_block_fails_nothing_is_left(tmp_path):
    def fail():
        with new_folder(tmp_path / "a") as draft:
            (draft / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


@posix
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
