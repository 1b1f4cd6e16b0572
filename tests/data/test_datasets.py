"""Facts about data sets: splits in data units, one scale factor, what is left out and what is refused."""

import hashlib

import numpy as np
import pytest
from support.data_files import assert_same, make_drawings, write_data
from support.paths import shared

from sketch_rnn_keras.data.batches import sequential_batches
from sketch_rnn_keras.data.datasets import load_dataset, load_split
from sketch_rnn_keras.errors import InputError


def shifted(drawing: np.ndarray) -> np.ndarray:
    """The drawing with offsets far beyond the limit of 1000."""
    return drawing + np.int16([2000, -2000, 0])


def clamped(drawing: np.ndarray) -> np.ndarray:
    return np.column_stack([drawing[:, :2].clip(-1000, 1000), drawing[:, 2]])


# ---------------------------------------------------------------------------------------------------------- units


def test_splits_are_in_data_units_with_offsets_clamped_to_1000(tmp_path):
    train, valid = make_drawings(2, [4, 7]), make_drawings(3, [5])
    train.append(shifted(train[0]))
    data = load_dataset(write_data(tmp_path / "a.npz", train=train, valid=valid))
    for split, drawings in {"train": train, "valid": valid}.items():
        loaded = getattr(data, split)
        np.testing.assert_array_equal(loaded.lengths, [len(drawing) for drawing in drawings])
        assert_same(list(loaded), [clamped(drawing).astype(np.float32) for drawing in drawings])
    assert data.max_seq_len == 7


def test_a_drawing_of_a_split_is_that_of_the_file_and_a_batch_is_it_over_the_scale_factor(tmp_path):
    raw = make_drawings(4, [6])[0]
    data = load_dataset(write_data(tmp_path / "a.npz", test=[raw]))
    np.testing.assert_array_equal(data.test[0], raw)
    (batch,) = sequential_batches(data.test, 1, 6, scale_factor=data.scale_factor)
    np.testing.assert_array_equal(batch.strokes5[0, 1:, :2], (raw[:, :2] / data.scale_factor).astype(np.float32))
    np.testing.assert_array_equal(batch.strokes5[0, 1:, 3], raw[:, 2])


def test_the_scale_factor_is_the_deviation_of_all_clamped_training_offsets(tmp_path):
    train = make_drawings(2, [4, 7])
    train.append(shifted(train[0]))
    data = load_dataset(write_data(tmp_path / "a.npz", train=train, valid=make_drawings(3, [5])))
    offsets = np.concatenate([clamped(drawing)[:, :2].astype(float) for drawing in train])
    assert data.scale_factor == pytest.approx(offsets.std(), rel=1e-12)


def test_a_scale_factor_that_is_given_leaves_the_drawings_as_they_are(tmp_path):
    path = write_data(tmp_path / "a.npz")
    own, given = load_dataset(path), load_dataset(path, scale_factor=2)
    assert given.scale_factor == 2 != own.scale_factor
    assert_same(list(given.test), list(own.test))


def test_a_scale_factor_that_is_not_positive_is_refused(tmp_path):
    with pytest.raises(InputError, match="scale_factor: expected a positive number, received 0"):
        load_dataset(write_data(tmp_path / "a.npz"), scale_factor=0)


# --------------------------------------------------------------------------------------------------------- splits


def test_a_split_is_a_sequence(dataset):
    np.testing.assert_array_equal(dataset.train[-1], dataset.train[len(dataset.train) - 1])
    with pytest.raises(IndexError):
        dataset.train[len(dataset.train)]


def test_a_split_is_read_only(dataset):
    with pytest.raises(ValueError, match="read-only"):
        dataset.train[0][0] = 0


def test_files_are_joined_split_by_split(tmp_path):
    first = write_data(tmp_path / "a.npz", train=make_drawings(4, [2, 9]), valid=[])
    second = write_data(tmp_path / "b.npz", train=make_drawings(5, [3]), valid=make_drawings(6, [12]))
    data = load_dataset([first, str(second)])
    assert data.train.lengths.tolist() == [2, 9, 3]
    assert data.valid.lengths.tolist() == [12]
    assert data.max_seq_len == 12


def test_sources_are_the_files_in_their_order_with_their_sha256(tmp_path):
    files = [write_data(tmp_path / "b.npz"), write_data(tmp_path / "a.npz", train=make_drawings(4, [2]))]
    assert load_dataset(files).sources == [
        {"name": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in files
    ]


def test_no_files_are_refused():
    with pytest.raises(InputError, match="at least one data set"):
        load_dataset([])


def test_one_split_is_read_alone_as_all_three_are(tmp_path):
    files = [write_data(tmp_path / "a.npz"), write_data(tmp_path / "b.npz", test=make_drawings(1, [4, 0, 9]))]
    assert_same(list(load_split(files, "test")), list(load_dataset(files).test))


def test_one_split_needs_no_others_and_is_clamped(tmp_path):
    np.savez(tmp_path / "a.npz", test=np.array([[[5000, 2, 0], [3, 4, 1]]]))
    np.testing.assert_array_equal(load_split(tmp_path / "a.npz", "test")[0], [[1000, 2, 0], [3, 4, 1]])


def test_a_split_of_another_name_is_refused():
    with pytest.raises(InputError, match="split: expected one of train, valid, test, received 'dev'"):
        load_split("doodles:cat", "dev")


# -------------------------------------------------------------------------------------------------------- dropping


def test_empty_and_over_long_drawings_are_dropped(tmp_path):
    train = [*make_drawings(7, [4, 0, 6, 5]), np.zeros(0)]
    path = write_data(tmp_path / "a.npz", train=train, valid=make_drawings(8, [6]), test=[])
    data = load_dataset(path, max_seq_len=5)
    assert data.train.lengths.tolist() == [4, 5]
    assert (len(data.valid), len(data.test), data.max_seq_len) == (0, 0, 5)


def test_what_is_dropped_is_told_by_split_and_reason(tmp_path):
    train = [*make_drawings(7, [4, 0, 6, 5]), np.zeros(0)]
    path = write_data(tmp_path / "a.npz", train=train, valid=make_drawings(8, [6]), test=[])
    data = load_dataset(path, max_seq_len=5)
    assert [drop[1:] for drop in data.dropped] == [
        ("train", "empty", (1, 4)),
        ("train", "of more than 5 points", (2,)),
        ("valid", "of more than 5 points", (0,)),
    ]
    assert str(data.dropped[0]) == f"{tmp_path}/a.npz, split train: left out 2 empty (number 1, 4)"


def test_dropped_drawings_do_not_count_in_the_scale(tmp_path):
    kept, long = make_drawings(9, [5]), [shifted(drawing) for drawing in make_drawings(9, [50])]
    alone = load_dataset(write_data(tmp_path / "a.npz", train=kept))
    assert load_dataset(write_data(tmp_path / "b.npz", train=kept + long), 5).scale_factor == alone.scale_factor


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        (np.zeros((5, 4)), r"drawing 2: expected rows \(dx, dy, lift\), shape \[n, 3\], received shape \[5, 4\]"),
        (np.zeros(6), r"drawing 2: .* received shape \[6\]"),
        (np.array([[1, 2, 0], [np.nan, 0, 1]]), "drawing 2, point 1: expected finite numbers"),
        (np.array([[1, np.inf, 0]]), "drawing 2, point 0: expected finite numbers"),
        (np.array([[1, 2, 0], [0, 0, 0], [1, 2, 2]]), "drawing 2, point 2: expected a lift of 0 or 1"),
        (np.array([[1, 2, 0.5]]), "drawing 2, point 0: expected a lift of 0 or 1"),
    ],
)
def test_bad_drawings_are_named(tmp_path, drawing, expected):
    path = write_data(tmp_path / "a.npz", valid=[make_drawings(0, [3])[0], np.zeros((0, 3)), drawing])
    with pytest.raises(InputError, match=f"a.npz, split valid, {expected}"):
        load_dataset(path)


@pytest.mark.parametrize(
    ("train", "limit", "expected"),
    [
        ([], None, "split train: no drawing is left .the split is empty"),
        (make_drawings(0, [3, 4]), 2, "split train: no drawing is left .*left out 2 of more than 2 points"),
        ([np.full((3, 3), 1)], None, "all offsets equal 1, so there is nothing to scale by"),
        ([np.full((3, 3), [0.1, 0.1, 0])], None, "nothing to scale by"),
    ],
)
def test_an_unusable_training_split_is_refused(tmp_path, train, limit, expected):
    with pytest.raises(InputError, match=expected):
        load_dataset(write_data(tmp_path / "a.npz", train=train), limit)


@pytest.mark.parametrize("limit", [0, -5, 2.5, True, "250"])
def test_a_limit_that_is_no_number_of_points_is_refused(tmp_path, limit):
    with pytest.raises(InputError, match=f"max_seq_len: expected a whole number >= 1, received {limit!r}"):
        load_dataset(write_data(tmp_path / "a.npz"), limit)


# ------------------------------------------------------------------------------------------------------ real drawings


@pytest.mark.parametrize(
    ("name", "lengths", "max_seq_len", "scale_factor"),
    [("aaron_sheep", (7400, 300, 300), 250, 18.5198), ("short_kanji", (10000, 600, 500), 88, 99.712)],
)
def test_real_drawings(name, lengths, max_seq_len, scale_factor):
    data = load_dataset(shared("data", f"{name}.npz"))
    assert (len(data.train), len(data.valid), len(data.test)) == lengths
    assert data.max_seq_len == max_seq_len
    assert data.scale_factor == pytest.approx(scale_factor, rel=1e-5)
    assert data.dropped == []
