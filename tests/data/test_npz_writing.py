"""Facts about writing `.npz` files: both layouts are read back, also by the original code; bad lengths are refused."""

import re
import zipfile

import numpy as np
import pytest

from sketch_rnn_keras.data import npz
from sketch_rnn_keras.errors import InputError

DRAWINGS = [np.arange(12, dtype=np.int16).reshape(4, 3)]
EMPTY, NONE = np.zeros((0, 3)), np.zeros(0, int)
FLAT = {"train": np.arange(18).reshape(6, 3), "train_lengths": np.array([2, 0, 4], np.uint8)}
FLAT |= {f"{split}{end}": array for split in ("valid", "test") for end, array in (("", EMPTY), ("_lengths", NONE))}


def assert_same(arrays: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for array, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, other, strict=True)


@pytest.mark.parametrize("layout", npz.LAYOUTS)
@pytest.mark.parametrize("lengths", [[4, 1, 7], [3, 3], [5], []])
def test_what_is_written_is_read(tmp_path, layout, lengths):
    drawings = [np.arange(3 * n, dtype=np.int16).reshape(n, 3) - 7 for n in lengths]
    splits = {"train": drawings, "valid": drawings[:1], "test": []}
    path = npz.write_splits(tmp_path / "new" / "a.npz", splits, layout)
    for split, expected in splits.items():
        assert_same(npz.read_splits(path)[split], expected)
    before = path.read_bytes()
    assert npz.write_splits(path, splits, layout, overwrite=True).read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_quickdraw_files_are_read_as_the_original_code_does(tmp_path):
    drawings = [np.ones((n, 3), np.int16) for n in (2, 5, 2)]
    path = npz.write_splits(tmp_path / "a.npz", dict.fromkeys(npz.SPLITS, drawings))
    for options in ({"encoding": "latin1"}, {}):
        loaded = np.load(path, allow_pickle=True, **options)
        assert loaded["train"].shape == (3,)
        assert loaded["train"].dtype == object
        assert_same(list(loaded["valid"]), drawings)
    with zipfile.ZipFile(path) as archive:
        content = archive.read("train.npy")
    assert b"numpy.core.multiarray" in content  # NumPy 1.x has no numpy._core
    assert b"numpy._core" not in content
    assert content[content.index(b"\n") + 1 :].startswith(b"\x80\x03")  # the protocol of any Python 3


def test_arrays_need_no_pickle(tmp_path):
    path = npz.write_splits(tmp_path / "a.npz", {"train": DRAWINGS[:1] * 2, "valid": [], "test": []}, "arrays")
    loaded = np.load(path, allow_pickle=False)
    assert_same(np.split(loaded["train"], np.cumsum(loaded["train_lengths"])[:-1]), DRAWINGS[:1] * 2)
    assert len(loaded["test"]) == len(loaded["test_lengths"]) == 0


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
def test_broken_lengths(tmp_path, monkeypatch, members, expected):
    monkeypatch.setattr(npz, "MAX_DRAWINGS", 1000)
    np.savez_compressed(tmp_path / "a.npz", **FLAT | members)
    with pytest.raises(InputError, match=f"a.npz, split .*{re.escape(expected)}"):
        npz.read_splits(tmp_path / "a.npz")


def test_a_numeric_array_of_too_many_drawings(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_DRAWINGS", 1000)
    np.savez_compressed(tmp_path / "a.npz", **dict.fromkeys(npz.SPLITS, np.zeros((2000, 1, 3), np.int8)))
    with pytest.raises(InputError, match="split train: expected at most 1000 drawings, received 2000"):
        npz.read_splits(tmp_path / "a.npz")


def test_writing_refuses(tmp_path, monkeypatch):
    splits = dict.fromkeys(npz.SPLITS, DRAWINGS[:1])
    path = npz.write_splits(tmp_path / "a.npz", splits)
    (tmp_path / "file").touch()
    (tmp_path / "c.npz").mkdir()
    monkeypatch.setattr(npz, "MAX_BYTES", 23)  # the drawing has 24
    for arguments, message in (
        ((path, splits), "exists already; .* --overwrite"),
        ((tmp_path / "a.npy", splits), "ending in .npz"),
        ((tmp_path / "b.npz", splits, "csv"), "layout: expected one of quickdraw, arrays"),
        ((tmp_path / "b.npz", splits), "expected at most 23 bytes, received 24"),
        ((tmp_path / "file" / "b.npz", {key: [] for key in npz.SPLITS}), "cannot be written"),
        ((tmp_path / "c.npz", splits), r"c\.npz: expected the name of a file, this is a folder"),
        ((tmp_path / "b.npz", {"train": DRAWINGS}), "expected the splits train, valid, test, received train"),
    ):
        with pytest.raises(InputError, match=message):
            npz.write_splits(*arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "c.npz", "file"}


@pytest.mark.parametrize(
    ("drawing", "received"),
    [
        (np.ones((2, 2)), "ndarray of shape [2, 2] of float64"),
        (np.ones((0, 3)), "ndarray of shape [0, 3] of float64"),
        (np.array([["a"] * 3]), "ndarray of shape [1, 3] of <U1"),
        (np.ones((1, 3), np.longdouble), f"ndarray of shape [1, 3] of {np.dtype(np.longdouble)}"),
        (np.ones((1, 3)).view(np.matrix), "matrix of shape [1, 3] of float64"),
        ([[1, 2, 0]], "list of shape [1, 3]"),
    ],
)
def test_drawings_that_cannot_be_read_back_are_not_written(tmp_path, drawing, received):
    with pytest.raises(InputError, match=rf"test, drawing 1: expected .* \[n, 3\], received {re.escape(received)}"):
        npz.write_splits(tmp_path / "a.npz", {"train": [], "valid": [], "test": [DRAWINGS[0], drawing]})
    assert list(tmp_path.iterdir()) == []
