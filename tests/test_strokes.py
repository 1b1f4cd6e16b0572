"""Facts about stroke formats: exact round trips, the edge cases, and augmentation against a plain reference."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import (
    bounds,
    drop_points,
    from_polylines,
    pad_stroke5,
    ragged_indices,
    scale_offsets,
    simplify,
    simplify_flat,
    to_polylines,
    to_stroke3,
    to_stroke5,
)

SKETCH = np.array([[1, 2, 0], [3, -1, 1], [0, 0, 0], [-4, 5, 0], [7, 7, 1]], np.int16)
EMPTY = np.zeros((0, 3), np.float32)
coordinates = st.integers(-255, 255)
whole_polylines = st.lists(hnp.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(2)), elements=coordinates))


def stroke3s(max_points: int = 12) -> st.SearchStrategy:
    offsets = st.floats(-1e3, 1e3, width=32)
    row = st.tuples(offsets, offsets, st.sampled_from([0, 1]))
    return st.lists(row, max_size=max_points).map(lambda rows: np.array(rows, np.float32).reshape(-1, 3))


def random_batch(rng: np.random.Generator, lengths: list[int], lift_prob: float) -> tuple[np.ndarray, np.ndarray]:
    flat = rng.normal(size=(sum(lengths), 3)).astype(np.float32)
    flat[:, 2] = rng.random(len(flat)) < lift_prob
    return flat, np.array(lengths)


def test_stroke5_rows():
    expected = [
        [0, 0, 1, 0, 0],
        [1, 2, 1, 0, 0],
        [3, -1, 0, 1, 0],
        [0, 0, 1, 0, 0],
        [-4, 5, 1, 0, 0],
        [7, 7, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ]
    stroke5 = to_stroke5(SKETCH, 7)
    assert stroke5.dtype == np.float32
    np.testing.assert_array_equal(stroke5, expected)


@given(stroke3s(), st.integers(0, 3))
def test_stroke5_round_trip_is_exact(stroke3, spare):
    np.testing.assert_array_equal(to_stroke3(to_stroke5(stroke3, len(stroke3) + spare)), stroke3)


@given(stroke3s())
def test_rows_without_start_token_round_trip_when_said_so(stroke3):
    rows = to_stroke5(stroke3, len(stroke3) + 1)[1:]
    np.testing.assert_array_equal(to_stroke3(rows, has_start_token=False), stroke3)


def test_sketch_that_ends_at_step_0():
    stroke5 = to_stroke5(EMPTY, 4)
    np.testing.assert_array_equal(stroke5[1:], [[0, 0, 0, 0, 1]] * 4)
    assert to_stroke3(stroke5).shape == (0, 3)
    assert to_stroke3(stroke5[1:]).shape == (0, 3)
    assert to_stroke3(np.zeros((0, 5))).shape == (0, 3)
    assert to_polylines(EMPTY) == []
    assert bounds(EMPTY) == (0, 0, 0, 0)


def test_sketch_of_one_point():
    stroke3 = np.array([[3, -4, 1]], np.float32)
    np.testing.assert_array_equal(to_stroke3(to_stroke5(stroke3, 1)), stroke3)
    (dot,) = to_polylines(stroke3)
    np.testing.assert_array_equal(dot, [[3, -4]])
    np.testing.assert_array_equal(from_polylines([dot]), stroke3)
    assert bounds(stroke3) == (3, -4, 3, -4)


def test_sketch_that_never_ends():
    stroke5 = to_stroke5(SKETCH, len(SKETCH))
    assert not stroke5[:, 4].any()
    np.testing.assert_array_equal(to_stroke3(stroke5), SKETCH)


def test_what_follows_the_end_is_ignored():
    stroke5 = to_stroke5(SKETCH, 8)
    stroke5[7] = [9, 9, 1, 0, 0]
    np.testing.assert_array_equal(to_stroke3(stroke5), SKETCH)


def test_too_long_for_stroke5():
    with pytest.raises(InputError, match=r"max_seq_len = 4.*received one of 5"):
        to_stroke5(SKETCH, 4)


@pytest.mark.parametrize("function", [lambda x: to_stroke5(x, 9), to_stroke3, to_polylines, bounds])
def test_wrong_columns(function):
    with pytest.raises(InputError, match=r"shape \[n, \d\], received shape \[5, 4\]"):
        function(np.zeros((5, 4)))


def test_polylines_are_absolute():
    first, second = to_polylines(SKETCH)
    np.testing.assert_array_equal(first, [[1, 2], [4, 1]])
    np.testing.assert_array_equal(second, [[4, 1], [0, 6], [7, 13]])
    assert first.dtype == second.dtype == np.float64
    assert bounds(SKETCH) == (0, 1, 7, 13)


@given(whole_polylines)
def test_polylines_round_trip_is_exact(polylines):
    again = to_polylines(from_polylines(polylines))
    assert len(again) == len(polylines)
    for points, expected in zip(again, polylines, strict=True):
        np.testing.assert_array_equal(points, expected)


def test_stroke3_round_trip_through_polylines_is_exact():
    stroke3 = from_polylines(to_polylines(SKETCH))
    assert stroke3.dtype == np.float32
    np.testing.assert_array_equal(stroke3, SKETCH)


def test_a_pen_left_down_is_lifted_by_polylines():
    down = np.array([[1, 1, 0], [2, 0, 0]])
    np.testing.assert_array_equal(from_polylines(to_polylines(down)), [[1, 1, 0], [2, 0, 1]])


def test_empty_polylines_are_skipped():
    none = np.zeros((0, 2))
    np.testing.assert_array_equal(from_polylines([none, [[1, 1]], [], [[2, 3]]]), [[1, 1, 1], [1, 2, 1]])
    assert from_polylines([none]).shape == from_polylines([]).shape == (0, 3)


def test_simplify_keeps_corners_ends_and_dots():
    wavy = np.array([[0, 0], [5, 0.4], [10, 0], [10, 10], [9.8, 5], [10, 0]])
    still = np.ones((4, 2))
    simple = simplify([wavy, [[3, 3]], np.zeros((0, 2)), still], 1.0)
    assert len(simple) == 3
    np.testing.assert_array_equal(simple[0], [[0, 0], [10, 0], [10, 10], [10, 0]])
    np.testing.assert_array_equal(simple[1], [[3, 3]])
    np.testing.assert_array_equal(simple[2], [[1, 1], [1, 1]])


@given(whole_polylines, st.floats(0, 50))
def test_simplified_points_are_a_subsequence_with_the_same_ends(polylines, epsilon):
    for points, simple in zip(polylines, simplify(polylines, epsilon), strict=True):
        remaining = iter(points.tolist())
        assert all(point in remaining for point in simple.tolist())
        np.testing.assert_array_equal(simple[[0, -1]], points[[0, -1]])


def test_simplifying_many_strokes_is_simplifying_each():
    rng = np.random.default_rng(0)
    polylines = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in rng.integers(1, 80, 200)]
    lengths = np.array([len(points) for points in polylines])
    points, kept = simplify_flat(np.concatenate(polylines), lengths, 1.0)
    lines = [shapely.LineString(points) if len(points) > 1 else shapely.Point(*points) for points in polylines]
    expected = [shapely.get_coordinates(line.simplify(1.0, preserve_topology=False)) for line in lines]
    assert kept.tolist() == [len(points) for points in expected] != lengths.tolist()
    np.testing.assert_array_equal(points, np.concatenate(expected))


def test_a_stroke_made_to_exhaust_the_stack_is_simplified_in_parts():
    """A zigzag that grows: each split leaves one point fewer. GEOS crashes on 100,000 points of it at once."""
    count = 200_000
    x = np.arange(count) * 255 / count
    zigzag = np.stack([x, (np.arange(count) % 2) * (3 + x)], axis=1)
    (simple,) = simplify([zigzag], 2.0)
    assert 2 < len(simple) < count
    np.testing.assert_array_equal(simple[[0, -1]], zigzag[[0, -1]])
    straight = np.stack([np.arange(9000.0), np.zeros(9000)], axis=1)
    assert simplify([straight], 2.0)[0][:, 0].tolist() == [0, 4096, 8192, 8999]


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
