"""Facts about polyline JSON and data files as sources: their drawings and splits come through."""

import json

import numpy as np
import pytest
from support.conversion_files import ALL, SQUARE, columns_of, random_drawings, train_of
from support.data_files import as_objects, assert_same

from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.data.npz import SPLITS, read_splits, write_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import from_polylines, to_stroke5

# --------------------------------------------------------------------------------------------------- polyline JSON


@pytest.mark.parametrize("layout", ["columns", "points"])
def test_polyline_json(tmp_path, layout):
    folder = tmp_path / "house"
    folder.mkdir()
    strokes = [[[0, 255, 255.0], [0, 0, 1e2]], [[7, 9], [3, 200]], [[5], [6]], [[], []]]
    if layout == "points":
        strokes = [np.transpose(stroke).tolist() for stroke in strokes]
    (folder / "1.json").write_text(json.dumps(strokes), encoding="utf-8-sig")
    report = convert(folder, tmp_path / "a.npz", epsilon=0, **ALL)
    assert report.categories == {"house": 1}
    (stroke3,) = train_of(tmp_path / "a.npz")
    assert columns_of(stroke3) == [[[0, 255, 255], [0, 0, 100]], [[7, 9], [3, 200]], [[5], [6]]]


@pytest.fixture
def either(tmp_path):
    """A drawing whose strokes can be read both ways."""
    (tmp_path / "a.json").write_text("[[[0, 10], [0, 40]], [[3, 4], [5, 6]]]")
    return tmp_path / "a.json"


def test_polylines_that_could_be_both_are_refused_with_a_cure(either, tmp_path):
    message = r"a.json: each stroke has two points, .* polylines='columns' or polylines='points'"
    with pytest.raises(InputError, match=message):
        convert(either, tmp_path / "a.npz", strict=True)


@pytest.mark.parametrize(("layout", "expected"), [("columns", [[0, 64], [0, 255]]), ("points", [[0, 0], [42, 255]])])
def test_polylines_that_could_be_both_are_read_as_told(either, tmp_path, layout, expected):
    convert(either, tmp_path / "a.npz", polylines=layout, **ALL)
    assert columns_of(train_of(tmp_path / "a.npz")[0])[0] == expected


# ----------------------------------------------------------------------------------------------------- data files


@pytest.fixture
def strokes():
    """Seven drawings as stroke-3."""
    return [from_polylines([np.transpose(part) for part in drawing]) for drawing in random_drawings(7)]


@pytest.fixture
def data_file(strokes, tmp_path):
    """A data file of them in three splits, the last as stroke-5."""
    splits = {"train": strokes[:4], "valid": strokes[4:6], "test": [to_stroke5(strokes[6], 9)]}
    np.savez(tmp_path / "a.npz", **{split: as_objects(arrays) for split, arrays in splits.items()})
    return tmp_path / "a.npz"


def test_drawings_of_a_data_file_stay_in_their_splits(data_file, strokes, tmp_path):
    report = convert(data_file, tmp_path / "b.npz", as_is=True, layout="arrays")
    assert report.splits == {"train": 4, "valid": 2, "test": 1}
    back = read_splits(tmp_path / "b.npz")
    for ours, original in zip([drawing for split in SPLITS for drawing in back[split]], strokes, strict=True):
        np.testing.assert_array_equal(ours, original)


def test_drawings_of_a_data_file_are_dealt_anew_where_splits_are_given(data_file, tmp_path):
    assert convert(data_file, tmp_path / "b.npz", **ALL).splits == {"train": 7, "valid": 0, "test": 0}


def test_float_offsets_stay_as_they_are(tmp_path):
    drawing = np.array([[0.25, -1.5, 0], [0.125, 3, 1]], np.float32)
    write_splits(tmp_path / "a.npz", {split: [drawing] for split in SPLITS})
    convert(tmp_path / "a.npz", tmp_path / "b.npz", as_is=True)
    assert_same(train_of(tmp_path / "b.npz"), [drawing])


def test_a_broken_data_file_loses_its_broken_drawings_alone(tmp_path):
    good = from_polylines([np.transpose(stroke) for stroke in SQUARE])
    bad = [good[:, :2], good * np.nan, good + 5, np.zeros((3, 3, 3))]
    np.savez(tmp_path / "a.npz", train=as_objects([good, *bad]), valid=[], test=[])
    report = convert(tmp_path / "a.npz", tmp_path / "b.npz")
    assert (report.kept, report.dropped) == (1, {"unreadable": 4})
    message = "a.npz, split train, drawing 1: expected stroke-3 [n, 3] or stroke-5 [n, 5], received shape [7, 2]"
    assert message in str(report)
