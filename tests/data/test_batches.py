"""Facts about batches: drawings in model units, augmented as the thesis says, fixed by the seed and the step alone."""

import threading
import time

import numpy as np
import pytest
from support.tiny import tiny_hparams

from sketch_rnn_keras.data import batches
from sketch_rnn_keras.data.batches import Batch, random_batch, sequential_batches, training_batches
from sketch_rnn_keras.data.datasets import Dataset, Split
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import to_stroke3


def draw(dataset: Dataset, size: int, seed: int, **options) -> Batch:
    rng = np.random.default_rng(seed)
    return random_batch(dataset.train, size, 30, rng, scale_factor=dataset.scale_factor, **options)


def train(dataset: Dataset, start_step: int = 0, **changes):
    hparams = tiny_hparams(**{"batch_size": 8, "max_seq_len": 30} | changes)
    return training_batches(dataset.train, hparams, scale_factor=dataset.scale_factor, start_step=start_step)


def in_model_units(drawing: np.ndarray, dataset: Dataset) -> np.ndarray:
    return (drawing / [dataset.scale_factor, dataset.scale_factor, 1]).astype(np.float32)


# --------------------------------------------------------------------------------------------------- random batches


def test_a_batch_has_a_start_token_and_room_for_the_longest_drawing(dataset):
    batch = draw(dataset, 50, seed=0)
    assert batch.strokes5.shape == (50, 31, 5)
    assert (batch.strokes5.dtype, batch.lengths.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(batch.strokes5[:, 0], [[0, 0, 1, 0, 0]] * 50)


def test_a_batch_holds_distinct_drawings_in_model_units(dataset):
    batch = draw(dataset, 50, seed=0)
    drawings = [to_stroke3(stroke5, has_start_token=True) for stroke5 in batch.strokes5]
    assert [len(drawing) for drawing in drawings] == batch.lengths.tolist()
    known = [in_model_units(drawing, dataset) for drawing in dataset.train]
    found = [next(k for k, other in enumerate(known) if np.array_equal(drawing, other)) for drawing in drawings]
    assert sorted(found) == list(range(50))


def test_random_scale_is_one_factor_for_x_and_one_for_y(dataset):
    plain, scaled = draw(dataset, 40, seed=3), draw(dataset, 40, seed=3, random_scale_factor=0.15)
    np.testing.assert_array_equal(scaled.lengths, plain.lengths)
    np.testing.assert_array_equal(scaled.strokes5[:, :, 2:], plain.strokes5[:, :, 2:])
    sizes = np.abs(plain.strokes5[:, :, :2]).sum(axis=1)
    factors = np.abs(scaled.strokes5[:, :, :2]).sum(axis=1) / sizes
    np.testing.assert_allclose(scaled.strokes5[:, :, :2], plain.strokes5[:, :, :2] * factors[:, None], rtol=1e-5)
    assert 0.85 <= factors.min() < 0.90
    assert 1.10 < factors.max() <= 1.15
    assert len(np.unique(factors)) == factors.size


def test_dropped_points_shorten_but_end_where_the_drawing_did(dataset):
    plain, fewer = draw(dataset, 40, seed=4), draw(dataset, 40, seed=4, augment_stroke_prob=0.5)
    assert (fewer.lengths <= plain.lengths).all()
    assert fewer.lengths.sum() < plain.lengths.sum()
    np.testing.assert_array_equal((fewer.strokes5[:, 1:, 4] == 0).sum(axis=1), fewer.lengths)
    ends = [batch.strokes5[:, :, :2].sum(axis=1) for batch in (plain, fewer)]
    np.testing.assert_allclose(*ends, atol=1e-4)


@pytest.mark.parametrize("size", [0, 51])
def test_a_batch_of_none_or_of_more_drawings_than_there_are_is_refused(dataset, size):
    with pytest.raises(InputError, match=f"batch_size: expected between 1 and 50.* received {size}"):
        draw(dataset, size, seed=0)


def test_a_drawing_longer_than_max_seq_len_is_refused(dataset):
    longest = dataset.max_seq_len
    with pytest.raises(InputError, match=f"max_seq_len: expected at least {longest}.* received {longest - 1}"):
        random_batch(dataset.train, 1, longest - 1, np.random.default_rng(0), scale_factor=1)


# -------------------------------------------------------------------------------------------------- training batches


def strokes_of(dataset: Dataset, start_step: int, num_steps: int, seed: int = 5) -> list[np.ndarray]:
    augmented = {"random_scale_factor": 0.15, "augment_stroke_prob": 0.1}
    return [batch.strokes5 for batch in train(dataset, start_step, num_steps=num_steps, seed=seed, **augmented)]


def test_a_resumed_run_sees_the_batches_of_an_uninterrupted_one(dataset):
    whole = strokes_of(dataset, 0, 9)
    assert len(whole) == 9
    np.testing.assert_array_equal(strokes_of(dataset, 4, 9), whole[4:])
    assert strokes_of(dataset, 9, 9) == []


def test_every_step_and_every_seed_has_a_batch_of_its_own(dataset):
    every = strokes_of(dataset, 0, 9) + strokes_of(dataset, 0, 9, seed=6)
    assert len(np.unique(every, axis=0)) == 18


def test_the_hyperparameters_say_how_batches_are_augmented(dataset):
    plain = next(train(dataset, random_scale_factor=0, augment_stroke_prob=0))
    scaled = next(train(dataset, random_scale_factor=0.15, augment_stroke_prob=0))
    fewer = next(train(dataset, random_scale_factor=0, augment_stroke_prob=0.9))
    known = [in_model_units(drawing, dataset).tobytes() for drawing in dataset.train]
    assert all(to_stroke3(stroke5, has_start_token=True).tobytes() in known for stroke5 in plain.strokes5)
    assert not np.array_equal(scaled.strokes5, plain.strokes5)
    assert fewer.lengths.sum() < plain.lengths.sum()


def preparing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


@pytest.mark.parametrize("end", ["closed", "discarded"])
def test_the_thread_ends_with_the_iterator(dataset, end):
    prepared = train(dataset, num_steps=10**9)
    next(prepared)
    assert len(preparing_threads()) == 1
    if end == "closed":
        prepared.close()
    else:
        del prepared
    assert preparing_threads() == []


def test_three_batches_are_prepared_ahead(dataset, monkeypatch):
    made = []

    def record(*_arguments, **_options):
        made.append(None)
        return len(made)

    monkeypatch.setattr(batches, "random_batch", record)
    prepared = train(dataset, num_steps=100)
    assert next(prepared) == 1
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(made) == 4
    assert next(prepared) == 2
    prepared.close()


def test_errors_of_the_thread_reach_the_loop(dataset, monkeypatch):
    def fail(*_arguments, **_options):
        raise InputError("from the thread")

    monkeypatch.setattr(batches, "random_batch", fail)
    with pytest.raises(InputError, match="from the thread"):
        next(train(dataset, num_steps=5))
    assert preparing_threads() == []


def test_a_batch_of_more_drawings_than_there_are_fails_before_the_first(dataset):
    with pytest.raises(InputError, match="batch_size: expected between 1 and 50.* received 51"):
        train(dataset, batch_size=51)


# ------------------------------------------------------------------------------------------------ sequential batches


def test_sequential_batches_are_sorted_in_model_units_and_drop_the_remainder(dataset):
    found = list(sequential_batches(dataset.train, 8, 30, scale_factor=dataset.scale_factor))
    assert [batch.strokes5.shape for batch in found] == [(8, 31, 5)] * 6
    order = np.argsort(dataset.train.lengths, kind="stable")[:48]
    np.testing.assert_array_equal(np.concatenate([batch.lengths for batch in found]), dataset.train.lengths[order])
    drawings = [to_stroke3(stroke5, has_start_token=True) for batch in found for stroke5 in batch.strokes5]
    for drawing, index in zip(drawings, order, strict=True):
        np.testing.assert_array_equal(drawing, in_model_units(dataset.train[index], dataset))


def test_a_split_of_fewer_drawings_than_a_batch_is_one_batch(dataset):
    (batch,) = sequential_batches(dataset.valid, 100, 30, scale_factor=1)
    assert batch.lengths.tolist() == [3, 5]


def test_an_empty_split_has_no_batches():
    empty = Split(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert list(sequential_batches(empty, 100, 30, scale_factor=1)) == []


def test_sequential_batches_of_nothing_are_refused(dataset):
    with pytest.raises(InputError, match="batch_size: expected between 1 and 2"):
        list(sequential_batches(dataset.valid, 0, 30, scale_factor=1))
