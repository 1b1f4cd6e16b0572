"""Facts about writing `.npz` files: both layouts are read back, one of them by the original code too."""

import re
import zipfile

import numpy as np
import pytest
from support.data_files import assert_same

from sketch_rnn_keras.data import npz
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files import records

DRAWINGS = [np.arange(12, dtype=np.int16).reshape(4, 3)]
ONE_EACH = dict.fromkeys(npz.SPLITS, DRAWINGS)


@pytest.mark.parametrize("layout", npz.LAYOUTS)
@pytest.mark.parametrize("lengths", [[4, 1, 7], [3, 3], [5], []])
def test_what_is_written_is_read(tmp_path, layout, lengths):
    drawings = [np.arange(3 * n, dtype=np.int16).reshape(n, 3) - 7 for n in lengths]
    splits = {"train": drawings, "valid": drawings[:1], "test": []}
    path = npz.write_splits(tmp_path / "new" / "a.npz", splits, layout)
    for split, expected in splits.items():
        assert_same(npz.read_splits(path)[split], expected)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("layout", npz.LAYOUTS)
def test_the_same_drawings_give_the_same_bytes(tmp_path, layout):
    splits = {"train": DRAWINGS, "valid": [], "test": DRAWINGS}
    before = npz.write_splits(tmp_path / "a.npz", splits, layout).read_bytes()
    assert npz.write_splits(tmp_path / "a.npz", splits, layout, overwrite=True).read_bytes() == before


def test_the_record_of_a_download_goes_with_the_file_that_came(tmp_path):
    path = npz.write_splits(tmp_path / "a.npz", ONE_EACH)
    records.record_path(path).write_text('{"sha256": "of something else"}')
    npz.write_splits(path, ONE_EACH, overwrite=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_stays_where_the_file_is_not_replaced(tmp_path, monkeypatch):
    path = npz.write_splits(tmp_path / "a.npz", ONE_EACH)
    record = records.record_path(path)
    record.write_text('{"sha256": "of this"}')
    monkeypatch.setattr(npz, "MAX_BYTES", 100)  # of a member with its header: found out while writing
    with pytest.raises(InputError, match="expected at most 100 bytes"):
        npz.write_splits(path, ONE_EACH, overwrite=True)
    assert set(tmp_path.iterdir()) == {path, record}


@pytest.mark.parametrize("options", [{"encoding": "latin1"}, {}])
def test_quickdraw_files_are_read_as_the_original_code_does(tmp_path, options):
    drawings = [np.ones((n, 3), np.int16) for n in (2, 5, 2)]
    path = npz.write_splits(tmp_path / "a.npz", dict.fromkeys(npz.SPLITS, drawings))
    loaded = np.load(path, allow_pickle=True, **options)
    assert loaded["train"].shape == (3,)
    assert loaded["train"].dtype == object
    assert_same(list(loaded["valid"]), drawings)


def test_quickdraw_files_name_what_every_numpy_has(tmp_path):
    path = npz.write_splits(tmp_path / "a.npz", ONE_EACH)
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


@pytest.mark.parametrize(
    ("name", "splits", "layout", "message"),
    [
        ("a.npz", ONE_EACH, "quickdraw", r"a\.npz exists already; .* overwrite=True"),
        ("a.npy", ONE_EACH, "quickdraw", "expected a file name ending in .npz, received '.npy'"),
        ("b.npz", ONE_EACH, "csv", "layout: expected quickdraw or arrays, received 'csv'"),
        ("b.npz", ONE_EACH, "quickdraw", "expected at most 23 bytes, received 24"),
        ("file/b.npz", dict.fromkeys(npz.SPLITS, ()), "quickdraw", "cannot be written"),
        ("c.npz", ONE_EACH, "quickdraw", r"c\.npz: expected the name of a file, this is a folder"),
        ("b.npz", {"train": DRAWINGS}, "quickdraw", "expected the splits train, valid, test, received train"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, monkeypatch, name, splits, layout, message):
    before = npz.write_splits(tmp_path / "a.npz", ONE_EACH).read_bytes()
    (tmp_path / "file").touch()
    (tmp_path / "c.npz").mkdir()
    monkeypatch.setattr(npz, "MAX_BYTES", 23)  # the drawing has 24
    with pytest.raises(InputError, match=message):
        npz.write_splits(tmp_path / name, splits, layout)
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "c.npz", "file"}
    assert (tmp_path / "a.npz").read_bytes() == before


def test_a_name_that_is_too_long_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match=r"b\.npz: cannot be written \(File name too long\)"):
        npz.write_splits(tmp_path / ("b" * 300 + ".npz"), ONE_EACH)
    assert list(tmp_path.iterdir()) == []


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
