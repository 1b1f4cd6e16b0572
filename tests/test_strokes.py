"""Facts about stroke formats: exact round trips, the edge cases, and augmentation against a plain reference."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import (
    as_stroke3,
    bounds,
    check_scale_factor,
    from_polylines,
    simplify,
    simplify_flat,
    simplify_to,
    to_data_units,
    to_model_units,
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


# -------------------------------------------------------------------------------------------------------- stroke-5


def test_a_drawing_in_stroke_5_row_by_row():
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


def test_a_sketch_without_points_is_padding():
    np.testing.assert_array_equal(to_stroke5(EMPTY, 4)[1:], [[0, 0, 0, 0, 1]] * 4)


@pytest.mark.parametrize("stroke5", [to_stroke5(EMPTY, 4), to_stroke5(EMPTY, 4)[1:], np.zeros((0, 5)), []])
def test_padding_is_a_sketch_without_points(stroke5):
    assert to_stroke3(stroke5).shape == (0, 3)


def test_a_sketch_of_one_point_round_trips():
    stroke3 = np.array([[3, -4, 1]], np.float32)
    np.testing.assert_array_equal(to_stroke3(to_stroke5(stroke3, 1)), stroke3)


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


# ------------------------------------------------------------------------------------------------------- polylines


def test_polylines_are_absolute():
    first, second = to_polylines(SKETCH)
    np.testing.assert_array_equal(first, [[1, 2], [4, 1]])
    np.testing.assert_array_equal(second, [[4, 1], [0, 6], [7, 13]])
    assert first.dtype == second.dtype == np.float64


def test_one_point_is_a_polyline_and_back():
    stroke3 = np.array([[3, -4, 1]], np.float32)
    (dot,) = to_polylines(stroke3)
    np.testing.assert_array_equal(dot, [[3, -4]])
    np.testing.assert_array_equal(from_polylines([dot]), stroke3)


def test_no_points_are_no_polylines():
    assert to_polylines(EMPTY) == []


@pytest.mark.parametrize(
    ("stroke3", "expected"),
    [(SKETCH, (0, 1, 7, 13)), ([[3, -4, 1]], (3, -4, 3, -4)), (EMPTY, (0, 0, 0, 0))],
    ids=["sketch", "point", "empty"],
)
def test_bounds_are_those_of_the_points_reached(stroke3, expected):
    assert bounds(stroke3) == expected


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


# -------------------------------------------------------------------------------------------------- simplification


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[0, 0], [5, 0.4], [10, 0], [10, 10], [9.8, 5], [10, 0]], [[0, 0], [10, 0], [10, 10], [10, 0]]),
        ([[3, 3]], [[3, 3]]),
        ([[1, 1]] * 4, [[1, 1], [1, 1]]),
    ],
    ids=["corners", "dot", "still"],
)
def test_simplification_keeps_corners_ends_and_dots(points, expected):
    (simple,) = simplify([np.array(points)], 1.0)
    np.testing.assert_array_equal(simple, expected)


def test_simplification_skips_empty_polylines():
    assert simplify([np.zeros((0, 2))], 1.0) == []
    assert len(simplify([np.zeros((0, 2)), np.ones((2, 2))], 1.0)) == 1


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


@given(stroke3s(40), st.integers(1, 40))
def test_a_drawing_is_simplified_to_few_enough_points_or_refused(stroke3, most):
    strokes = to_polylines(stroke3)
    try:
        simpler, epsilon = simplify_to(stroke3, most)
    except InputError:
        assert sum(min(len(points), 2) for points in strokes) > most
        return
    assert len(simpler) <= most
    assert (epsilon == 0) == (len(stroke3) <= most)
    assert simpler[-1:, 2].tolist() == stroke3[-1:, 2].tolist()
    for kept, points in zip(to_polylines(simpler), strokes, strict=True):
        np.testing.assert_allclose(kept[[0, -1]], points[[0, -1]], atol=0.01)


def test_no_smaller_tolerance_would_have_done():
    stroke3 = np.random.default_rng(0).normal(0, 9, (400, 3)) * [1, 1, 0]
    simpler, epsilon = simplify_to(stroke3, 50)
    assert 25 < len(simpler) <= 50
    assert sum(map(len, simplify(to_polylines(stroke3), epsilon / 1.11))) > 50


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


# ------------------------------------------------------------------------------------------------- units, checks


def test_model_units_are_data_units_over_the_scale_factor():
    found = to_model_units(SKETCH, 4.0)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, SKETCH / [4, 4, 1])


@given(stroke3s(), st.floats(1e-3, 1e3))
def test_data_units_come_back(stroke3, scale_factor):
    again = to_data_units(to_model_units(stroke3, scale_factor), scale_factor)
    np.testing.assert_allclose(again, stroke3, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("change", [to_model_units, to_data_units])
def test_a_change_of_units_leaves_its_argument_alone(change):
    before = SKETCH.copy()
    change(SKETCH, 2.0)
    np.testing.assert_array_equal(SKETCH, before)


@pytest.mark.parametrize("value", [1e-29, 36.5, 7, np.float32(2), 1e29])
def test_a_scale_factor_is_a_positive_number(value):
    assert check_scale_factor(value) == float(value)


@pytest.mark.parametrize("value", [0, -1.0, 1e-30, 1e30, np.nan, np.inf, 10**400, True, "2", None])
def test_another_scale_factor_is_refused(value):
    with pytest.raises(InputError, match="^scale_factor: expected a positive number, received "):
        check_scale_factor(value)


@pytest.mark.parametrize("rows", [SKETCH, SKETCH.tolist(), EMPTY, []])
def test_rows_of_numbers_are_stroke_3(rows):
    found = as_stroke3(rows, "drawing")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.reshape(rows, (-1, 3)))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ("text", "expected stroke-3 rows (dx, dy, lift), received str"),
        ([[1, 2, 3], [4, 5]], "expected stroke-3 rows (dx, dy, lift), received list"),
        (np.ones((2, 4)), "expected stroke-3 rows (dx, dy, lift), received shape [2, 4]"),
        (np.ones(3), "expected stroke-3 rows (dx, dy, lift), received shape [3]"),
        ([[0, 0, 0], [0, np.nan, 1]], "expected finite numbers, received [0.0, nan, 1.0] in row 1"),
        ([[0, np.inf, 0]], "expected finite numbers, received [0.0, inf, 0.0] in row 0"),
    ],
    ids=["text", "ragged", "four columns", "one axis", "nan", "infinite"],
)
def test_what_is_no_stroke_3_is_refused_by_name(array, message):
    with pytest.raises(InputError) as caught:
        as_stroke3(array, "prefix")
    assert str(caught.value) == f"prefix: {message}"
