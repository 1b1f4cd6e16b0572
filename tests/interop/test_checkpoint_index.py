"""The index of a TensorFlow checkpoint: what is intact passes, what would end the process in TensorFlow does not."""

import errno
import os
from pathlib import Path
from random import Random

import pytest
from support.magenta import copied
from torture.binaries import spoil_index, write_table

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop.checkpoint_index import check_index, read_table
from sketch_rnn_keras.loading import load_model

pytestmark = pytest.mark.tensorflow
OUTPUT = b"vector_rnn/RNN/output_b"


@pytest.fixture
def prefix(tmp_path):
    return copied(tmp_path) / "vector-0"


def rewrite(prefix, change):
    index = prefix.with_name("vector-0.index")
    entries = dict(read_table(index.read_bytes()))
    change(entries)
    index.write_bytes(write_table(sorted(entries.items())))


def test_an_intact_index_passes_and_is_written_again_as_it_was(prefix):
    entries = read_table(prefix.with_name("vector-0.index").read_bytes())
    assert OUTPUT in dict(entries)
    check_index(prefix)
    rewrite(prefix, lambda _: None)
    assert read_table(prefix.with_name("vector-0.index").read_bytes()) == entries
    assert load_model(prefix.parent).count_params()


# A type (1), a shape (2) of dimensions (2) with a size (1), a shard (3), an offset (4) and a size (5).
NEGATIVE = b"\xff" * 9 + b"\x01"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (b"\x08\x01\x12\x0d\x12\x0b\x08" + NEGATIVE, "too large, or negative"),  # ends the process
        (b"\x08\x01\x12\x02\x18\x01", "something else than variables"),  # a shape of unknown rank: ends it, too
        (b"\x08\x01\x12\x24" + b"\x12\x02\x08\x02" * 9, "impossible shape"),
        (b"\x08\x01\x12\x1c" + b"\x12\x05\x08\xff\xff\xff\x07" * 4, "impossible shape"),
        (b"\x08\x01\x18\x05", "impossible shape or place"),
        (b"\x08\x01\x20" + NEGATIVE, "too large, or negative"),
        (b"\x08\x01\x28\xff\xff\x7f", "lies beyond the end"),
        (b"\x08\x01\x3a\x00", "something else than variables"),  # a slice
        (b"\x08\x01\x08\x01", "something else than variables"),
        (b"\x12\x7f", "cut off"),
        (b"\x08", "cut off"),
        (b"\x08" + b"\xff" * 11, "too long"),
    ],
)
def test_a_variable_that_cannot_be_is_refused(entry, message, prefix):
    rewrite(prefix, lambda entries: entries.update({OUTPUT: entry}))
    with pytest.raises(InputError, match=f"vector-0: expected an intact TensorFlow checkpoint: .*{message}"):
        load_model(prefix.parent)


@pytest.mark.parametrize("header", [b"", b"\x08\x00", b"\x08\xff\xff\x7f", b"\x08\x01\x10\x01", None])
def test_a_header_that_cannot_be_is_refused(header, prefix):
    rewrite(prefix, lambda entries: entries.pop(b"") if header is None else entries.update({b"": header}))
    with pytest.raises(InputError, match="expected an intact TensorFlow checkpoint"):
        load_model(prefix.parent)


def test_whatever_is_done_to_an_index_is_a_value_error(prefix):
    index = prefix.with_name("vector-0.index")
    intact = index.read_bytes()
    for seed in range(300):
        index.write_bytes(spoil_index(intact, Random(seed)))
        try:
            check_index(prefix)
        except ValueError as error:
            assert len(str(error)) < 200  # noqa: PT017


def test_a_file_of_names_that_is_a_pipe_is_not_waited_for(prefix):
    (prefix.parent / "checkpoint").unlink()
    os.mkfifo(prefix.parent / "checkpoint")
    assert "no file checkpoint" in " ".join(load_model(prefix.parent).provenance.notes)


@pytest.mark.parametrize("is_there", [True, False])
def test_data_that_are_no_file_are_not_waited_for(prefix, is_there):
    data = prefix.with_name("vector-0.data-00000-of-00001")
    data.unlink()
    if is_there:
        os.mkfifo(data)
    with pytest.raises(InputError, match="its data, vector-0.data-00000-of-00001, is missing, or no file"):
        load_model(prefix.parent)


def test_a_name_that_is_far_too_long_is_refused(prefix):
    rewrite(prefix, lambda entries: entries.update({OUTPUT + b"b" * 1000: b""}))
    with pytest.raises(InputError, match="a name in its index has more than 1000 bytes"):
        load_model(prefix.parent)


def test_more_entries_than_any_model_has_are_refused(prefix):
    rewrite(prefix, lambda entries: entries.update({b"%06d" % k: b"" for k in range(100_001)}))
    with pytest.raises(InputError, match="its index has more than 100000 entries"):
        load_model(prefix.parent)


def test_a_file_of_names_that_cannot_be_read_is_told(prefix, monkeypatch):
    (prefix.parent / "checkpoint").write_text("")
    intact = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "checkpoint":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return intact(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    notes = " ".join(load_model(prefix.parent).provenance.notes)
    assert "the file checkpoint cannot be read (Permission denied)" in notes
