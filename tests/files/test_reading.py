"""Facts about reading JSON without trusting it."""

import os

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files import reading
from sketch_rnn_keras.files.reading import read_json


@pytest.fixture
def write(tmp_path):
    """Writes the bytes of a document; returns its path."""

    def make(content: bytes):
        (tmp_path / "a.json").write_bytes(content)
        return tmp_path / "a.json"

    return make


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_document_is_read(write, mark):
    document = write(mark + '{"a": [1, 2.5, null, "é"]}'.encode())
    assert read_json(document, "a document") == {"a": [1, 2.5, None, "é"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.json, line 1, column 1: broken JSON"),
        (b'{\n  "a": 1,\n  b}', "a.json, line 3, column 3: broken JSON"),
        (b'{"a": "\xff"}', "a.json: expected JSON text in UTF-8, which the byte at 7 is not"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' appears more than once; keep one"),
        (b"[" * 100_000, "a.json: expected a document, received one nested too deeply"),
        (b"1" * 10_000, "a.json: Exceeds the limit"),
    ],
    ids=["empty", "broken", "not UTF-8", "a key twice", "deep", "a huge number"],
)
def test_what_is_no_document_is_refused(write, content, message):
    with pytest.raises(InputError, match=message):
        read_json(write(content), "a document")


def test_a_file_is_not_read_beyond_its_limit(write):
    with pytest.raises(InputError, match="a.json: expected a JSON file of at most 10 bytes; this one is larger"):
        read_json(write(b" " * 11), "a document", max_bytes=10)


def test_a_document_of_very_many_values_is_not_parsed(write, monkeypatch):
    monkeypatch.setattr(reading.json, "loads", None)
    with pytest.raises(InputError, match="a document, which has at most 3 commas; this one has 4"):
        read_json(write(b"[1,2,3,4,5]"), "a document", max_commas=3)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="none.json: expected a document, but No such file or directory"):
        read_json(tmp_path / "none.json", "a document")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(InputError, match="xx.json: expected a document, but File name too long"):
        read_json(tmp_path / ("x" * 300 + ".json"), "a document")


def test_a_key_that_is_twice_there_is_quoted_in_part(write):
    key = "x" * 5000
    with pytest.raises(InputError, match="appears more than once") as caught:
        read_json(write(f'{{"{key}": 1, "{key}": 2}}'.encode()), "a document")
    assert len(str(caught.value)) < 500


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a\.json: expected a document, received a pipe"):
        read_json(tmp_path / "a.json", "a document")


def test_the_pipe_of_a_shell_is_read():
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as file:
        file.write("[1]")
    with os.fdopen(reads):
        assert read_json(f"/dev/fd/{reads}", "a document") == [1]
