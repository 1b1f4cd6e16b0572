"""Distances of drawings as paths, in cases whose answer is known; how drawings end."""

import numpy as np
import pytest

from sketch_rnn_keras.data.doodles import make_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.quality import paths
from sketch_rnn_keras.strokes import from_polylines, to_polylines


@pytest.fixture(scope="module")
def cats():
    return make_splits("cat", (12, 0, 0))["train"]


def line(start, end, count=64):
    return np.linspace(start, end, count)[None]


def test_points_lie_at_equal_distances_along_the_ink_and_not_between_strokes():
    gap = from_polylines([np.array([[0, 0], [10, 0]]), np.array([[90, 0], [100, 0]])])
    [points] = paths.along_the_ink([gap], 20)
    wanted = np.linspace(0, 0.2, 20)
    np.testing.assert_allclose(points[:, 0], [*(wanted[:10] - 0.5), *(wanted[10:] + 0.3)], atol=1e-9)
    assert (points[:, 1] == 0).all()


def test_how_many_points_a_stroke_has_makes_no_difference(cats):
    dense = []
    for cat in cats:
        strokes = [
            np.stack([np.interp(np.arange(0, len(s) - 0.75, 0.25), np.arange(len(s)), a) for a in s.T], axis=1)
            for s in to_polylines(cat)
        ]
        dense.append(from_polylines(strokes))
    np.testing.assert_allclose(paths.along_the_ink(dense), paths.along_the_ink(cats), atol=1e-6)


def test_a_dot_is_at_the_origin():
    assert (paths.along_the_ink([np.array([[4, 4, 1]])]) == 0).all()


def test_a_drawing_without_points_is_refused():
    with pytest.raises(InputError, match="drawing 1: expected at least one point"):
        paths.along_the_ink([np.array([[4, 4, 1]]), np.zeros((0, 3))])


@pytest.mark.parametrize("distances", [paths.chamfer_distances, paths.frechet_distances])
def test_parallel_lines_are_as_far_as_they_lie_apart_and_equal_ones_at_0(distances):
    first = np.concatenate([line((0, 0), (1, 0)), line((0, 0), (1, 0))])
    second = np.concatenate([line((0, 0.3), (1, 0.3)), line((0, 0), (1, 0))])
    np.testing.assert_allclose(distances(first, second), [0.3, 0], atol=1e-12)


def test_the_way_a_line_is_drawn_counts_for_frechet_alone():
    there, back = line((0, 0), (1, 0)), line((1, 0), (0, 0))
    assert paths.chamfer_distances(there, back)[0] == pytest.approx(0, abs=1e-12)
    assert paths.frechet_distances(there, back)[0] == pytest.approx(1)


def test_the_two_distances_of_a_line_and_its_half():
    """Of the longer line's points half have the other's end nearest, 1/4 away in the mean; the leash is a half."""
    whole, half = line((0, 0), (1, 0), 401), line((0, 0), (0.5, 0), 401)
    assert paths.chamfer_distances(whole, half)[0] == pytest.approx(1 / 16, rel=0.02)
    assert paths.frechet_distances(whole, half)[0] == pytest.approx(0.5)


def test_a_detour_costs_its_height_however_short_it_is():
    straight = line((0, 0), (1, 0), 101)
    detour = straight.copy()
    detour[0, 50, 1] = 0.7
    assert paths.frechet_distances(straight, detour)[0] == pytest.approx(0.7)
    assert paths.chamfer_distances(straight, detour)[0] < 0.01


def recursive(distances, i, j):
    """Eiter and Mannila's recursion, as it is printed."""
    ways = [recursive(distances, *place) for place in ((i - 1, j), (i - 1, j - 1), (i, j - 1)) if min(place) >= 0]
    return max(min(ways), distances[i, j]) if ways else distances[i, j]


def test_the_frechet_distance_is_the_recursion_s():
    rng = np.random.default_rng(0)
    first, second = rng.random((20, 6, 2)), rng.random((20, 5, 2))
    expected = [
        recursive(np.hypot(*np.moveaxis(a[:, None] - b, -1, 0)), 5, 4) for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(paths.frechet_distances(first, second), expected)


def test_pairs_in_parts_are_as_pairs_at_once(cats, monkeypatch):
    points = paths.along_the_ink(cats)
    whole = [distances(points, points[::-1]) for distances in (paths.chamfer_distances, paths.frechet_distances)]
    monkeypatch.setattr(paths, "_PAIRS_AT_ONCE", 5)
    parts = [distances(points, points[::-1]) for distances in (paths.chamfer_distances, paths.frechet_distances)]
    np.testing.assert_array_equal(whole, parts)


def test_sketches_that_were_cut_did_not_end():
    assert paths.share_ended(np.array([250, 249, 3, 0]), 250) == 0.75


def test_the_distance_of_lengths_is_how_far_they_were_shifted():
    lengths = np.random.default_rng(0).integers(20, 80, 500)
    assert paths.length_distance(lengths, lengths) == 0
    assert paths.length_distance(lengths, lengths + 7) == pytest.approx(7)
    assert paths.length_distance(np.repeat(lengths, 3), lengths + 7) == pytest.approx(7)
    assert paths.length_distance(np.array([10]), np.array([10, 30])) == pytest.approx(10)
