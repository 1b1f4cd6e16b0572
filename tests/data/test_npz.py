"""Facts about reading untrusted `.npz` files: every way of writing drawings is read, nothing else is."""

import zipfile

import numpy as np
import pytest
from support.data_files import as_objects, assert_same
from support.npz_archives import DRAWINGS, memory_below, npy, refusal, write_archive

from sketch_rnn_keras.data import npz


def test_what_numpy_saves(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, train=as_objects(DRAWINGS), valid=np.zeros((2, 5, 3), np.int8), test=np.array([]))
    splits = npz.read_splits(path)
    assert_same(splits["train"], DRAWINGS)
    assert_same(splits["valid"], [np.zeros((5, 3), np.int8)] * 2)
    assert splits["test"] == []


def test_drawings_of_one_length_joined_by_numpy(tmp_path):
    path = tmp_path / "a.npz"
    joined = np.array([DRAWINGS[0], DRAWINGS[0] + 1], dtype=object)
    assert joined.shape == (2, 4, 3)
    np.savez(path, train=joined, valid=joined, test=joined)
    np.testing.assert_array_equal(npz.read_splits(path)["valid"], [DRAWINGS[0], DRAWINGS[0] + 1])


def test_a_missing_split_is_named(tmp_path):
    message = refusal(write_archive(tmp_path / "a.npz", valid=None))
    assert "split valid: missing" in message
    assert "holds train, test" in message


def test_what_is_no_zip_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"<html>not found</html>")
    assert "expected an intact .npz archive" in refusal(tmp_path / "a.npz")


def test_a_truncated_zip_is_refused(tmp_path):
    path = write_archive(tmp_path / "a.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "expected an intact .npz archive" in refusal(path)


def test_flipped_bytes_are_found(tmp_path):
    path = write_archive(tmp_path / "a.npz")
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)
    assert "expected an intact .npz archive" in refusal(path)


def test_declared_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 10_000)
    assert "at most 10000 bytes unpacked, the archive declares 20000" in refusal(
        write_archive(tmp_path / "a.npz", test=bytes(20_000))
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_numpy_does_not_write_is_not_unpacked(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("train.npy", bytes(10**6))
    assert "expected it stored or deflated" in refusal(tmp_path / "a.npz")


def test_no_more_is_unpacked_than_the_archive_declares(tmp_path):
    path = write_archive(tmp_path / "a.npz", train=bytes(50_000_000))
    content = path.read_bytes()
    path.write_bytes(content.replace((50_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with memory_below(5_000_000):
        assert "a.npz" in refusal(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npy(b"", (10**15, 4, 3), "<f8"), "but 0 bytes follow"),
        (npy(b"", (10**15, 0, 3), "<f8"), "expected drawings of shape [n, 3]"),
        (npy(bytes(24), (3,), "<f8"), "expected drawings of shape [n, 3]"),
        (npy(bytes(24), (1, 2, 3), "<U1"), "expected numbers"),
        (npy(b"", (-1, -1, 3), "<f8"), "the header declares"),
        (b"", "header cannot be read"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': open('x", "header cannot be read"),
        (b"\x93NUMPY\x01\x00\x05\x00((((\n", "header cannot be read"),
        (b"\x93NUMPY\x07\x00", "expected .npy format 1.0 or 2.0, received (7, 0)"),
        (b"not a .npy file", "header cannot be read"),
    ],
)
def test_a_broken_member_is_refused(tmp_path, content, expected):
    message = refusal(write_archive(tmp_path / "a.npz", valid=content))
    assert "split valid" in message
    assert expected in message


# ------------------------------------------------------------------------------------------- drawings end to end

EMPTY, NONE = np.zeros((0, 3)), np.zeros(0, int)
FLAT = {"train": np.arange(18).reshape(6, 3), "train_lengths": np.array([2, 0, 4], np.uint8)}
FLAT |= {f"{split}{end}": array for split in ("valid", "test") for end, array in (("", EMPTY), ("_lengths", NONE))}


def test_lengths_of_other_types_and_of_zero(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **FLAT)
    splits = npz.read_splits(tmp_path / "a.npz")
    assert_same(splits["train"], [FLAT["train"][:2], FLAT["train"][2:2], FLAT["train"][2:]])
    assert splits["valid"] == splits["test"] == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"train_lengths": np.array([2, 5])}, "the lengths add up to 7, but there are 6 points"),
        ({"train_lengths": np.array([7, -1])}, "the lengths add up to 6"),
        ({"train_lengths": np.array([2**63, 2**63, 6], np.uint64)}, "add up to 18446744073709551622"),
        ({"train_lengths": np.array([2.0, 4.0])}, "expected points of shape [P, 3] and whole numbers as lengths"),
        (
            {"train_lengths": np.array([[2, 4]])},
            "lengths of shape [n], received shapes [6, 3] and [1, 2]",
        ),
        ({"train_lengths": np.array(["a"])}, "expected numbers, received elements of type <U1"),
        ({"train_lengths": np.array([None])}, "expected numbers, received elements of type object"),
        ({"train": np.arange(6)}, "received shapes [6] and [3]"),
        ({"train_lengths": np.zeros(2000, np.int8)}, "expected at most 1000 drawings, received 2000"),
        ({"valid": np.zeros((2000, 1, 3), np.int8)}, "received shapes [2000, 1, 3] and [0]"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(tmp_path, monkeypatch, members, expected):
    monkeypatch.setattr(npz, "MAX_DRAWINGS", 1000)
    np.savez_compressed(tmp_path / "a.npz", **FLAT | members)
    message = refusal(tmp_path / "a.npz")
    assert "a.npz, split " in message
    assert expected in message


def test_a_numeric_array_of_too_many_drawings(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_DRAWINGS", 1000)
    np.savez_compressed(tmp_path / "a.npz", **dict.fromkeys(npz.SPLITS, np.zeros((2000, 1, 3), np.int8)))
    assert "split train: expected at most 1000 drawings, received 2000" in refusal(tmp_path / "a.npz")


def test_of_very_many_members_the_first_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(3000):
            archive.writestr(f"\x1b[2J{'x' * 900}{number}.npy", b"")
    message = refusal(tmp_path / "a.npz")
    assert "and 2995 more" in message
    assert len(message) < 500 + len(str(tmp_path))
    assert message.isprintable()
