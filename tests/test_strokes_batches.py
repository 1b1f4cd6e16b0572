"""Many drawings at once: padded, stretched and thinned as each alone would be, against plain references."""

import numpy as np
import pytest

from sketch_rnn_keras.strokes import (
    drop_points,
    from_polylines,
    pad_stroke5,
    ragged_indices,
    scale_offsets,
    to_polylines,
    to_stroke5,
)

EMPTY = np.zeros((0, 3), np.float32)


def random_batch(rng: np.random.Generator, lengths: list[int], lift_prob: float) -> tuple[np.ndarray, np.ndarray]:
    flat = rng.normal(size=(sum(lengths), 3)).astype(np.float32)
    flat[:, 2] = rng.random(len(flat)) < lift_prob
    return flat, np.array(lengths)


def test_ragged_indices():
    np.testing.assert_array_equal(ragged_indices(np.array([7, 0, 3, 2]), np.array([2, 3, 0, 1])), [7, 8, 0, 1, 2, 2])
    assert ragged_indices(np.zeros(0, int), np.zeros(0, int)).shape == (0,)


def test_batch_padding_is_stroke5_of_each():
    rng = np.random.default_rng(1)
    flat, lengths = random_batch(rng, [3, 0, 9, 1], 0.3)
    expected = [to_stroke5(sketch, 9) for sketch in np.split(flat, np.cumsum(lengths)[:-1])]
    np.testing.assert_array_equal(pad_stroke5(flat, lengths, 9), expected)


def test_scaling_leaves_lifts_and_input_alone():
    flat, lengths = random_batch(np.random.default_rng(2), [2, 3], 0.5)
    before = flat.copy()
    scaled = scale_offsets(flat, lengths, np.array([[2, 0.5], [-1, 4]]))
    np.testing.assert_array_equal(flat, before)
    np.testing.assert_array_equal(scaled[:2], flat[:2] * np.float32([2, 0.5, 1]))
    np.testing.assert_array_equal(scaled[2:], flat[2:] * np.float32([-1, 4, 1]))


def drop_points_one_by_one(sketch, uniforms, prob):
    """The rule in the words of the contract, for one drawing."""
    kept = []
    place = 0  # within the pen stroke
    for (dx, dy, lift), uniform in zip(sketch.astype(np.float64), uniforms, strict=True):
        if place >= 3 and lift == 0 and uniform < prob:
            kept[-1][0] += dx
            kept[-1][1] += dy
        else:
            kept.append([dx, dy, lift])
        place = 0 if lift == 1 else place + 1
    return np.array(kept, np.float32).reshape(-1, 3)


@pytest.mark.parametrize("prob", [0.0, 0.1, 0.6, 1.0])
@pytest.mark.parametrize("lift_prob", [0.0, 0.1, 1.0])
def test_drop_points_equals_the_reference(prob, lift_prob):
    rng = np.random.default_rng([3, int(10 * prob), int(10 * lift_prob)])
    flat, lengths = random_batch(rng, [0, 1, 2, 40, 0, 3, 4, 5, 60, 0], lift_prob)
    uniforms = rng.random(len(flat))
    ends = np.cumsum(lengths)[:-1]
    expected = [
        drop_points_one_by_one(sketch, noise, prob)
        for sketch, noise in zip(np.split(flat, ends), np.split(uniforms, ends), strict=True)
    ]
    shorter, new_lengths = drop_points(flat, lengths, uniforms, prob)
    assert shorter.dtype == np.float32
    np.testing.assert_array_equal(new_lengths, [len(sketch) for sketch in expected])
    np.testing.assert_array_equal(shorter, np.concatenate(expected))


def test_drop_points_keeps_three_and_the_lifted_one_of_each_stroke():
    flat = np.ones((14, 3), np.float32)
    flat[:, 2] = 0
    flat[[6, 13], 2] = 1
    shorter, lengths = drop_points(flat, np.array([14]), np.zeros(14), 1.0)
    np.testing.assert_array_equal(lengths, [8])
    np.testing.assert_array_equal(shorter[:, 0], [1, 1, 4, 1] * 2)
    np.testing.assert_array_equal(shorter[:, 2], [0, 0, 0, 1] * 2)


def test_drop_points_leaves_strokes_where_they_were():
    rng = np.random.default_rng(4)
    flat = from_polylines([rng.integers(0, 256, (n, 2)) for n in (9, 1, 30)])
    shorter, _ = drop_points(flat, np.array([len(flat)]), rng.random(len(flat)), 0.5)
    assert len(shorter) < len(flat)
    for points, original in zip(to_polylines(shorter), to_polylines(flat), strict=True):
        np.testing.assert_array_equal(points[[0, -1]], original[[0, -1]])
        assert set(map(tuple, points)) <= set(map(tuple, original))


def test_drop_rate():
    flat = np.zeros((20_003, 3), np.float32)
    uniforms = np.random.default_rng(5).random(len(flat))
    _, (length,) = drop_points(flat, np.array([len(flat)]), uniforms, 0.1)
    assert abs((len(flat) - length) / 20_000 - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 20_000)


def test_batch_functions_accept_nothing():
    none = np.zeros(0, int)
    shorter, lengths = drop_points(EMPTY, none, np.zeros(0), 0.5)
    assert shorter.shape == (0, 3)
    assert lengths.shape == (0,)
    assert pad_stroke5(EMPTY, none, 3).shape == (0, 4, 5)
