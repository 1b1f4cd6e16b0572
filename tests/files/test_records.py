"""Facts about the records of downloads: later damage is found, and nothing in a record is trusted."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest
from support.downloads import OTHER, WHOLE, get
from support.server import Answer

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files import records
from sketch_rnn_keras.files.fetching import download_all
from sketch_rnn_keras.files.records import RECORD_SUFFIX, forget, read_record, record_path, verify, write_record
from sketch_rnn_keras.files.writing import write_atomically

URL = "https://somewhere/file"


@pytest.fixture
def file(tmp_path) -> Path:
    """A file and the record that a download leaves."""
    path = tmp_path / "file"
    path.write_bytes(WHOLE)
    sha256 = hashlib.sha256(WHOLE).hexdigest()
    write_record(path, {"url": URL, "size": len(WHOLE), "sha256": sha256})
    return path


def test_a_file_as_it_came_is_verified(file):
    assert verify(file) is True
    assert read_record(file)["url"] == URL


def test_a_record_lies_beside_its_file(file):
    assert {path.name for path in file.parent.iterdir()} == {"file", f"file{RECORD_SUFFIX}"}
    assert record_path(file) == file.with_name("file.download.json")


def test_without_a_record_nothing_is_known(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    assert verify(tmp_path / "mine") is False
    assert read_record(tmp_path / "mine") == {}


def test_the_record_of_an_unfinished_download_says_nothing_of_the_file(file):
    write_record(file, {"url": URL, "validator": '"v1"'})
    assert verify(file) is False


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (WHOLE[:-1], f"{len(WHOLE) - 1} bytes instead of {len(WHOLE)}"),
        (WHOLE + b"x", f"{len(WHOLE) + 1} bytes instead of {len(WHOLE)}"),
        (b"x" + WHOLE[1:], "another SHA-256"),
    ],
    ids=["shorter", "longer", "changed"],
)
def test_damage_is_found_and_a_cure_named(file, damage, found):
    file.write_bytes(damage)
    cure = r"if the change is yours, delete .*file\.download\.json, otherwise delete .*file and download it again"
    with pytest.raises(InputError, match=f"downloaded from {URL}, but it now has {found}; {cure}"):
        verify(file)


def test_what_was_damaged_is_not_replaced(download, server):
    file = download(Answer(WHOLE))
    get(file)
    file.path.write_bytes(OTHER)
    with pytest.raises(InputError, match="it now has"):
        get(file)
    assert file.path.read_bytes() == OTHER
    assert len(server.requests) == 1


def test_a_file_without_a_record_is_the_users(download, server, capfd):
    file = download(Answer(WHOLE))
    file.path.parent.mkdir()
    file.path.write_bytes(b"mine")
    download_all([file])
    assert "unchecked" in capfd.readouterr().err
    assert (file.path.read_bytes(), server.requests) == (b"mine", [])


def test_a_record_is_forgotten_with_what_it_spoke_of(file):
    forget(file)
    assert not record_path(file).exists()
    assert verify(file) is False
    forget(file)  # once more is no error


def test_writing_a_file_is_no_reason_to_forget(file):
    """Whoever writes a file on purpose forgets it himself: see `npz.write_splits`."""
    write_atomically(file, b"mine")
    with pytest.raises(InputError, match="it now has 4 bytes"):
        verify(file)


@pytest.mark.parametrize("content", ["", "[", "[" * 60_000, '"text"', '{"sha256": 5}', "\xff", '{"sha256": "ab"}'])
def test_a_broken_record_is_named_and_the_file_left_alone(file, content):
    record_path(file).write_text(content, encoding="latin1")
    with pytest.raises(InputError, match=r"file\.download\.json.* delete"):
        verify(file)
    assert file.read_bytes() == WHOLE


def test_a_file_that_cannot_be_read_is_named(file, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(records, "digest", refuse)
    with pytest.raises(InputError, match=r"file: .*cannot be read \(Permission denied\)"):
        verify(file)


@pytest.mark.parametrize("validator", ["", "two\r\nX-Other: lines", "é", '"v1"' * 9])
def test_a_record_cannot_send_headers_of_its_own(download, server, validator):
    file = download(Answer(WHOLE))
    file.path.parent.mkdir()
    file.part.write_bytes(OTHER[:1000])
    record_path(file.path).write_text(json.dumps({"url": file.url, "validator": validator}))
    assert get(file) == WHOLE
    assert "X-Other" not in server.requests[0][1]


@pytest.mark.parametrize("field", ["url", "size"])
def test_a_record_that_says_much_is_quoted_in_part(field, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(WHOLE)
    write_record(path, {"url": URL, "size": 1, "sha256": "0", field: "\x1b[2J" * 5000})
    with pytest.raises(InputError, match="it now has") as caught:
        verify(path)
    assert len(str(caught.value).replace(str(path), "")) < 500
    assert str(caught.value).isprintable()


def test_a_record_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(records.record_path(tmp_path / "a"))
    (tmp_path / "a").write_bytes(WHOLE)
    with pytest.raises(InputError, match="expected the JSON record of a download"):
        verify(tmp_path / "a")
