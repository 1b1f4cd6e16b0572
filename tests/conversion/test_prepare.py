"""Facts about the form that drawings are given: which stay as they are, and how the others are brought to it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.conversion_files import ALL, train_of, write_lines

from sketch_rnn_keras.conversion import convert, prepare
from sketch_rnn_keras.conversion.items import Drawing
from sketch_rnn_keras.strokes import to_polylines

points_in_canvas = hnp.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 255))


def as_drawing(polylines, **form) -> Drawing:
    return Drawing(np.concatenate(polylines).astype(float), [len(points) for points in polylines], "any", **form)


@settings(deadline=None)
@given(st.lists(points_in_canvas, min_size=1, max_size=5))
def test_polylines_survive_as_they_are(polylines):
    (stroke3,) = prepare.prepare([as_drawing(polylines)], as_is=True)
    back = to_polylines(stroke3)
    assert len(back) == len(polylines)
    for ours, original in zip(back, polylines, strict=True):
        np.testing.assert_array_equal(ours, original)


@given(st.lists(points_in_canvas, min_size=1, max_size=5), st.integers(240, 255), st.integers(0, 30))
def test_simplified_drawings_stay_as_they_are(polylines, side, least):
    corners = np.array([[least, 0], [min(255, side + least), 0], [least, side]])
    polylines = [np.minimum(points, (255, side)) for points in polylines]
    drawing = as_drawing([corners, *(np.maximum(points, (least, 0)) for points in polylines)], may_be_simplified=True)
    (stroke3,) = prepare.prepare([drawing])
    assert stroke3.dtype == np.int16
    np.testing.assert_array_equal(np.concatenate(to_polylines(stroke3)), drawing.points)


@given(st.lists(st.tuples(points_in_canvas, st.floats(0.01, 1e4), st.booleans(), st.booleans()), min_size=1))
def test_other_drawings_are_aligned_and_scaled(parts):
    drawings = [
        as_drawing([points * scale + 1e3], may_be_simplified=maybe, resample=resample)
        for points, scale, maybe, resample in parts
    ]
    for drawing, stroke3 in zip(drawings, prepare.prepare(drawings), strict=True):
        if np.ptp(drawing.points, axis=0).max() == 0:
            assert stroke3 is None
            continue
        (points,) = to_polylines(stroke3)
        assert points.min() >= 0
        assert points.min(axis=0).max() <= 2  # at the top left, but that corners are cut when points are resampled
        assert 253 <= np.ptp(points, axis=0).max() <= 255
        assert len(points) <= (len(drawing.points) if not drawing.resample else 2000)


def test_many_drawings_are_prepared_as_each_alone():
    rng = np.random.default_rng(0)
    drawings = [
        as_drawing(
            [rng.normal(size=(n, 2)).cumsum(axis=0) * 40 for n in rng.integers(1, 90, 4)],
            may_be_simplified=bool(k % 2),
            resample=bool(k % 3),
        )
        for k in range(20)
    ]
    for drawing, stroke3 in zip(drawings, prepare.prepare(drawings), strict=True):
        np.testing.assert_array_equal(prepare.prepare([drawing])[0], stroke3)


def test_the_type_of_a_drawing_does_not_depend_on_those_beside_it():
    half, whole = as_drawing([np.array([[0, 0.5], [3, 4]])]), as_drawing([np.array([[0, 5], [3, 4]])])
    assert [one.dtype for one in prepare.prepare([half, whole], as_is=True)] == [np.float32, np.int16]


def test_raw_strokes_are_resampled_at_one_pixel():
    line = np.array([[0, 0], [100.0, 0], [100.0, 50.5]])
    batch = prepare._resample(prepare._join([as_drawing([line, line[:1] + 7, line[:2] * 0.0305])]))
    assert batch.lengths.tolist() == [152, 1, 5]
    first = batch.points[:152]
    np.testing.assert_allclose(np.hypot(*np.diff(first[:-1], axis=0).T), 1, atol=1e-9)
    np.testing.assert_allclose(first[[0, 100, -1]], line, atol=1e-9)
    np.testing.assert_allclose(batch.points[152:, 0], [7, 0, 1, 2, 3, 3.05])


def test_a_drawing_recorded_densely_gives_its_corners(tmp_path):
    """A raw square of side 700 with a point every 1.75 units: five corners are left, on the canvas."""
    steps = np.arange(401) / 400
    sides = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 700 + (33, -5)
    path = np.concatenate([a + steps[:, None] * (b - a) for a, b in itertools.pairwise(sides)])
    stroke = [*path.T.round(3).tolist(), list(range(len(path)))]
    convert(write_lines(tmp_path / "raw.ndjson", [[stroke]]), tmp_path / "a.npz", **ALL)
    corners = np.array([[0, 0], [255, 0], [255, 255], [0, 255], [0, 0]])
    (points,) = to_polylines(train_of(tmp_path / "a.npz")[0])
    assert len(points) == 5
    assert np.abs(points - corners).max() <= 1


@pytest.mark.parametrize(("epsilon", "points"), [(None, 6), (2.0, 6), (6.0, 2)])
def test_drawings_are_simplified_as_much_as_epsilon_says(tmp_path, epsilon, points):
    wavy = [[[0, 50, 100, 150, 200, 255], [0, 5, 0, 5, 0, 5]]]
    convert(write_lines(tmp_path / "a.ndjson", [wavy]), tmp_path / "a.npz", epsilon=epsilon, **ALL)
    assert len(train_of(tmp_path / "a.npz")[0]) == points
