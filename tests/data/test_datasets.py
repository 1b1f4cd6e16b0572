"""Facts about data sets: names, cleaning, normalisation, and batches that depend on the seed and the step alone."""

import hashlib
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from support import paths

from sketch_rnn_keras.data import doodles
from sketch_rnn_keras.data.batches import random_batch, sequential_batches, training_batches
from sketch_rnn_keras.data.catalog import Doodles
from sketch_rnn_keras.data.datasets import Dataset, Split, load_dataset, load_split, resolve
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import to_stroke3

SHARED = paths.SHARED / "data"


def make_drawings(seed: int, lengths: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    drawings = [np.append(rng.integers(-90, 90, (n, 2)), rng.random((n, 1)) < 0.2, axis=1) for n in lengths]
    return [drawing.astype(np.int16) for drawing in drawings]


def write(path: Path, **splits: list[np.ndarray]) -> Path:
    """Writes a data file; splits not given hold two drawings of 3 and 5 points."""
    arrays = {}
    for split in ("train", "valid", "test"):
        drawings = splits.get(split, make_drawings(0, [3, 5]))
        arrays[split] = np.empty(len(drawings), object)
        arrays[split][:] = drawings
    np.savez_compressed(path, **arrays)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    lengths = np.random.default_rng(1).integers(1, 31, 50).tolist()
    return load_dataset(write(tmp_path_factory.mktemp("data") / "a.npz", train=make_drawings(1, lengths)))


def shifted(drawing: np.ndarray) -> np.ndarray:
    return drawing + np.int16([2000, -2000, 0])


# Loading


def test_normalisation(tmp_path):
    train, valid = make_drawings(2, [4, 7]), make_drawings(3, [5])
    train.append(shifted(train[0]))
    data = load_dataset(write(tmp_path / "a.npz", train=train, valid=valid))
    clamped = [np.clip(drawing[:, :2], -1000, 1000).astype(float) for drawing in train]
    assert data.scale_factor == pytest.approx(np.concatenate(clamped).std(), rel=1e-12)
    assert data.max_seq_len == 7
    for split, drawings in {"train": train, "valid": valid}.items():
        loaded = getattr(data, split)
        assert len(loaded) == len(drawings)
        np.testing.assert_array_equal(loaded.lengths, [len(drawing) for drawing in drawings])
        for ours, drawing in zip(loaded, drawings, strict=True):
            assert ours.dtype == np.float32
            np.testing.assert_array_equal(ours[:, 2], drawing[:, 2])
            expected = np.clip(drawing[:, :2], -1000, 1000) / data.scale_factor
            np.testing.assert_array_equal(ours[:, :2], expected.astype(np.float32))


def test_split_is_a_read_only_sequence(dataset):
    np.testing.assert_array_equal(dataset.train[-1], dataset.train[len(dataset.train) - 1])
    with pytest.raises(IndexError):
        dataset.train[len(dataset.train)]
    with pytest.raises(ValueError, match="read-only"):
        dataset.train[0][0] = 0


def test_files_are_joined_split_by_split(tmp_path):
    first = write(tmp_path / "a.npz", train=make_drawings(4, [2, 9]), valid=[])
    second = write(tmp_path / "b.npz", train=make_drawings(5, [3]), valid=make_drawings(6, [12]))
    data = load_dataset([first, str(second)])
    assert data.train.lengths.tolist() == [2, 9, 3]
    assert data.valid.lengths.tolist() == [12]
    assert data.max_seq_len == 12
    assert data.sources == [
        {"name": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in (first, second)
    ]


def test_empty_and_over_long_drawings_are_dropped_with_a_count(tmp_path):
    train = [*make_drawings(7, [4, 0, 6, 5]), np.zeros(0)]
    data = load_dataset(write(tmp_path / "a.npz", train=train, valid=make_drawings(8, [6]), test=[]), max_seq_len=5)
    assert data.train.lengths.tolist() == [4, 5]
    assert (len(data.valid), len(data.test), data.max_seq_len) == (0, 0, 5)
    assert [drop[1:] for drop in data.dropped] == [
        ("train", "empty", (1, 4)),
        ("train", "of more than 5 points", (2,)),
        ("valid", "of more than 5 points", (0,)),
    ]
    assert str(data.dropped[0]) == f"{tmp_path}/a.npz, split train: left out 2 empty (number 1, 4)"


def test_dropped_drawings_do_not_count_in_the_scale(tmp_path):
    kept, long = make_drawings(9, [5]), [shifted(drawing) for drawing in make_drawings(9, [50])]
    alone = load_dataset(write(tmp_path / "a.npz", train=kept))
    assert load_dataset(write(tmp_path / "b.npz", train=kept + long), 5).scale_factor == alone.scale_factor


def test_scale_factor_of_a_model(tmp_path):
    path = write(tmp_path / "a.npz")
    own, given = load_dataset(path), load_dataset(path, scale_factor=2)
    assert given.scale_factor == 2
    np.testing.assert_allclose(given.test[0][:, :2] * 2, own.test[0][:, :2] * own.scale_factor, rtol=1e-6)
    with pytest.raises(InputError, match="scale_factor: expected a positive number, received 0"):
        load_dataset(path, scale_factor=0)


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
    path = write(tmp_path / "a.npz", valid=[make_drawings(0, [3])[0], np.zeros((0, 3)), drawing])
    with pytest.raises(InputError, match=f"a.npz, split valid, {expected}"):
        load_dataset(path)


@pytest.mark.parametrize(
    ("train", "limit", "expected"),
    [
        ([], None, "split train: no drawing is left .the split is empty"),
        (make_drawings(0, [3, 4]), 2, "split train: no drawing is left .*left out 2 of more than 2 points"),
        ([np.full((3, 3), 1)], None, "all offsets equal 1, so there is nothing to scale by"),
        ([np.full((3, 3), [0.1, 0.1, 0])], None, "nothing to scale by"),
        ([], 0, "max_seq_len: expected at least 1 point, received 0"),
    ],
)
def test_unusable_training_split(tmp_path, train, limit, expected):
    with pytest.raises(InputError, match=expected):
        load_dataset(write(tmp_path / "a.npz", train=train), limit)


def test_no_files():
    with pytest.raises(InputError, match="at least one data set"):
        load_dataset([])


@pytest.mark.parametrize(
    ("name", "lengths", "max_seq_len", "scale_factor"),
    [("aaron_sheep", (7400, 300, 300), 250, 18.5198), ("short_kanji", (10000, 600, 500), 88, 99.712)],
)
def test_real_drawings(name, lengths, max_seq_len, scale_factor):
    path = SHARED / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"the real drawings are not beside the repository: no shared/data/{name}.npz")
    data = load_dataset(path)
    assert (len(data.train), len(data.valid), len(data.test)) == lengths
    assert data.max_seq_len == max_seq_len
    assert data.scale_factor == pytest.approx(scale_factor, rel=1e-5)
    assert data.dropped == []


# Names


def test_names_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("elsewhere").mkdir()
    for path in ("data/mine.npz", "data/cat.npz", "here.npz", "elsewhere/cat.npz"):
        write(Path(path))
    Path("cat").mkdir()
    assert resolve("mine") == resolve("mine.npz") == Path("data/mine.npz")
    assert resolve("cat") == resolve("cat.npz") == Path("data/cat.npz")
    assert resolve("cat", "elsewhere") == resolve("elsewhere/cat.npz") == Path("elsewhere/cat.npz")
    assert resolve("here.npz") == Path("here.npz")
    write(Path("cat.npz"))
    assert resolve("cat.npz") == Path("cat.npz")
    assert resolve("cat") == Path("data/cat.npz")


@pytest.mark.parametrize("name", ["shep", "shep.npz"])
def test_unknown_plain_name(tmp_path, name):
    for stem in ("sheep2", "zebra2"):
        write(tmp_path / f"{stem}.npz")
    with pytest.raises(InputError) as caught:
        resolve(name, tmp_path)
    message = str(caught.value)
    assert f"no data set {name!r}" in message
    assert "holds sheep2.npz, zebra2.npz; did you mean sheep2.npz?" in message
    assert "categories of a similar name: sheep" in message
    assert "doodles:cat" in message


def test_missing_file_says_which_are_there(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.npz files"):
        load_dataset(tmp_path / "a.npz")
    with pytest.raises(InputError, match="there is no folder"):
        load_dataset(tmp_path / "none" / "a.npz")
    for index in range(25):
        (tmp_path / f"file{index:02}.npz").touch()
    with pytest.raises(InputError, match=r"file00\.npz, .*file19\.npz and 5 more; did you mean file07\.npz"):
        load_dataset(tmp_path / "fil07.npz")


def test_built_in_drawings():
    assert resolve("doodles:cat") == Doodles("cat", 2000)
    assert resolve("doodles:flying saucer:12") == resolve("doodles:flying_saucer:12") == Doodles("flying_saucer", 12)
    data = load_dataset(["doodles:owl:5"])
    assert (len(data.train), len(data.valid), len(data.test)) == (5, 100, 100)
    expected = doodles.make_splits("owl", (5, 0, 0), 0)["train"]
    for ours, drawing in zip(data.train, expected, strict=True):
        np.testing.assert_allclose(ours[:, :2] * data.scale_factor, drawing[:, :2], atol=1e-4)
    assert load_dataset("doodles:owl:5").sources == data.sources
    assert load_dataset("doodles:owl:6").sources[0]["sha256"] != data.sources[0]["sha256"]


@pytest.mark.parametrize("name", ["doodles:dog", "doodles:", "doodles:cat:0", "doodles:cat:-1", "doodles:cat:2:3"])
def test_bad_built_in_drawings(name):
    with pytest.raises(InputError, match="doodles:SUBJECT:COUNT with a subject of cat, flying_saucer, owl"):
        resolve(name)


# Batches


def find(drawing: np.ndarray, split: Split) -> list[int]:
    return [index for index, other in enumerate(split) if np.array_equal(drawing, other)]


def test_random_batch_holds_distinct_drawings(dataset):
    batch = random_batch(dataset.train, 50, 31, np.random.default_rng(0))
    assert batch.strokes5.shape == (50, 32, 5)
    assert (batch.strokes5.dtype, batch.lengths.dtype) == (np.float32, np.int32)
    drawings = [to_stroke3(stroke5) for stroke5 in batch.strokes5]
    assert [len(drawing) for drawing in drawings] == batch.lengths.tolist()
    assert sorted(find(drawing, dataset.train)[0] for drawing in drawings) == list(range(50))


def test_random_scale_is_one_factor_for_x_and_one_for_y(dataset):
    plain = random_batch(dataset.train, 40, 30, np.random.default_rng(3))
    scaled = random_batch(dataset.train, 40, 30, np.random.default_rng(3), random_scale_factor=0.15)
    np.testing.assert_array_equal(scaled.lengths, plain.lengths)
    np.testing.assert_array_equal(scaled.strokes5[:, :, 2:], plain.strokes5[:, :, 2:])
    sizes = np.abs(plain.strokes5[:, :, :2]).sum(axis=1)
    factors = np.abs(scaled.strokes5[:, :, :2]).sum(axis=1) / sizes
    np.testing.assert_allclose(scaled.strokes5[:, :, :2], plain.strokes5[:, :, :2] * factors[:, None], rtol=1e-5)
    assert 0.85 <= factors.min() < 0.90
    assert 1.10 < factors.max() <= 1.15
    assert len(np.unique(factors)) == factors.size


def test_dropped_points_shorten_but_end_where_the_drawing_did(dataset):
    plain = random_batch(dataset.train, 40, 30, np.random.default_rng(4))
    fewer = random_batch(dataset.train, 40, 30, np.random.default_rng(4), augment_stroke_prob=0.5)
    assert (fewer.lengths <= plain.lengths).all()
    assert fewer.lengths.sum() < plain.lengths.sum()
    np.testing.assert_array_equal((fewer.strokes5[:, 1:, 4] == 0).sum(axis=1), fewer.lengths)
    ends = [batch.strokes5[:, :, :2].sum(axis=1) for batch in (plain, fewer)]
    np.testing.assert_allclose(*ends, atol=1e-4)


def batches_of(dataset: Dataset, start_step: int, num_steps: int, seed: int = 5) -> list[np.ndarray]:
    batches = training_batches(
        dataset.train,
        batch_size=8,
        max_seq_len=30,
        seed=seed,
        start_step=start_step,
        num_steps=num_steps,
        random_scale_factor=0.15,
        augment_stroke_prob=0.1,
    )
    return [batch.strokes5 for batch in batches]


def test_training_batch_depends_on_seed_and_step_alone(dataset):
    whole = batches_of(dataset, 0, 9)
    assert len(whole) == 9
    np.testing.assert_array_equal(batches_of(dataset, 4, 9), whole[4:])
    assert len(np.unique(whole, axis=0)) == 9
    assert not np.array_equal(batches_of(dataset, 0, 1, seed=6), whole[:1])
    assert batches_of(dataset, 9, 9) == []


def preparing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_the_thread_ends_with_the_iterator(dataset):
    kwargs = {"batch_size": 8, "max_seq_len": 30, "seed": 0, "num_steps": 10**9}
    batches = training_batches(dataset.train, **kwargs)
    next(batches)
    assert len(preparing_threads()) == 1
    batches.close()
    assert preparing_threads() == []
    batches = training_batches(dataset.train, **kwargs)
    next(batches)
    del batches
    assert preparing_threads() == []


def test_batches_are_prepared_ahead(dataset, monkeypatch):
    made = []

    def record(*args):
        made.append(args)
        return len(made)

    monkeypatch.setattr("sketch_rnn_keras.datasets.random_batch", record)
    batches = training_batches(dataset.train, batch_size=8, max_seq_len=30, seed=0, num_steps=100)
    assert next(batches) == 1
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(made) == 4
    assert next(batches) == 2
    batches.close()


def test_errors_of_the_thread_reach_the_loop(dataset, monkeypatch):
    def fail(*_args):
        raise InputError("from the thread")

    monkeypatch.setattr("sketch_rnn_keras.datasets.random_batch", fail)
    batches = training_batches(dataset.train, batch_size=8, max_seq_len=30, seed=0, num_steps=5)
    with pytest.raises(InputError, match="from the thread"):
        next(batches)
    assert preparing_threads() == []


@pytest.mark.parametrize("batch_size", [0, 51])
def test_batch_size_out_of_range_fails_at_once(dataset, batch_size):
    with pytest.raises(InputError, match=f"batch_size: expected between 1 and 50.* received {batch_size}"):
        training_batches(dataset.train, batch_size=batch_size, max_seq_len=30, seed=0, num_steps=5)


def test_max_seq_len_too_small(dataset):
    longest = dataset.max_seq_len
    with pytest.raises(InputError, match=f"max_seq_len: expected at least {longest}.* received {longest - 1}"):
        random_batch(dataset.train, 1, longest - 1, np.random.default_rng(0))


def test_sequential_batches_are_sorted_and_drop_the_remainder(dataset):
    batches = list(sequential_batches(dataset.train, 8, 30))
    assert [batch.strokes5.shape for batch in batches] == [(8, 31, 5)] * 6
    order = np.argsort(dataset.train.lengths, kind="stable")[:48]
    np.testing.assert_array_equal(np.concatenate([batch.lengths for batch in batches]), dataset.train.lengths[order])
    drawings = [to_stroke3(stroke5) for batch in batches for stroke5 in batch.strokes5]
    for drawing, index in zip(drawings, order, strict=True):
        np.testing.assert_array_equal(drawing, dataset.train[index])


def test_sequential_batches_of_a_small_split(dataset):
    (batch,) = sequential_batches(dataset.valid, 100, 30)
    assert batch.lengths.tolist() == [3, 5]
    empty = Split(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert list(sequential_batches(empty, 100, 30)) == []
    with pytest.raises(InputError, match="batch_size"):
        list(sequential_batches(dataset.valid, 0, 30))


def test_one_split_is_read_alone_in_data_units(tmp_path):
    data = load_dataset(["doodles:cat:20", "doodles:owl:20"])
    alone = load_split(["doodles:cat:20", "doodles:owl:20"], "test")
    np.testing.assert_array_equal(alone.lengths, data.test.lengths)
    np.testing.assert_allclose(alone.offsets[:, :2], data.test.offsets[:, :2] * data.scale_factor, rtol=1e-6)
    np.savez(tmp_path / "a.npz", test=np.array([[[5000, 2, 0], [3, 4, 1]]]))  # the other splits are not needed
    np.testing.assert_array_equal(load_split(tmp_path / "a.npz", "test")[0], [[1000, 2, 0], [3, 4, 1]])
    with pytest.raises(InputError, match="split: expected one of train, valid, test, received 'dev'"):
        load_split("doodles:cat", "dev")
