"""Rasters of drawings: where the ink is, how much of it, and what makes no difference."""

import matplotlib
import numpy as np
import pytest

from sketch_rnn_keras.data.doodles import make_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.quality.raster import QUICK_DRAW, Style, fitted, rasterise
from sketch_rnn_keras.strokes import from_polylines

SQUARE = from_polylines([np.array([[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]])])
THIN = Style(size=64, line_width=8, padding=0)


@pytest.fixture(scope="module")
def cats():
    return make_splits("cat", (20, 0, 0))["train"]


def test_the_ink_of_a_line_is_its_length_times_its_width_and_a_round_end_at_either_side():
    line = np.array([[0, 0, 0], [255, 0, 1]])
    units = (256 + 8) / 64  # of the canvas in a pixel
    ink = rasterise([line], THIN)[0].sum() / 255 * units**2
    assert ink == pytest.approx(255 * 8 + np.pi * 4**2, rel=0.01)


def test_a_line_is_where_it_should_be():
    line = np.array([[0, 0, 0], [0, 50, 1]])
    image = rasterise([line], Style(size=66, line_width=8, padding=0))[0] / 255  # 4 units in a pixel
    assert image[:, :32].max() < 0.01
    assert image[:, 34:].max() < 0.01
    assert image[3:63, 32:34] == pytest.approx(1, abs=0.01)


def test_y_grows_downwards_and_x_to_the_right():
    corner = from_polylines([np.array([[0, 0], [0, 100], [30, 100]])])  # like an L
    image = rasterise([corner])[0] > 128
    assert image[20:].sum() > 1.3 * image[:8].sum()
    left, right = image[:, :14].sum(), image[:, 14:].sum()
    assert left > right
    assert rasterise([corner * (1, -1, 1)])[0] == pytest.approx(image[::-1] * 255, abs=130)


def test_place_size_and_the_way_it_was_drawn_make_no_difference(cats):
    first = rasterise(cats)
    moved = [cat.astype(float) for cat in cats]
    for cat in moved:
        cat[0, :2] += (1e4, -77)
    np.testing.assert_array_equal(rasterise(moved), first)
    np.testing.assert_allclose(rasterise([cat * (0.013, 0.013, 1) for cat in cats]).astype(int), first, atol=1)
    back = [from_polylines([np.cumsum(SQUARE[:, :2], axis=0)[::-1]])]
    assert np.abs(rasterise(back).astype(int) - rasterise([SQUARE])).mean() < 1


def test_proportions_are_kept_and_the_drawing_lies_in_the_middle():
    flat = SQUARE * (1, 0.5, 1)
    image = rasterise([flat], THIN)[0]
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert (columns[0], columns[-1]) == (0, 63)
    assert (rows[0], rows[-1]) == (15, 48)
    for mirrored in (image[::-1], image[:, ::-1]):  # but for the corner where it begins and ends
        assert np.abs(image.astype(int) - mirrored).mean() < 1


def test_a_quick_draw_bitmap_leaves_its_padding_free_and_reaches_it():
    image = rasterise([SQUARE])[0]
    border = 16 * 28 / (256 + 48)  # pixels
    free = int(border)
    assert not image[:free].any()
    assert not image[:, :free].any()
    assert image[free + 1].any()
    assert image.shape == (QUICK_DRAW.size, QUICK_DRAW.size)


def test_a_dot_is_drawn_in_the_middle_and_lifted_pens_draw_nothing_between():
    dot = rasterise([np.array([[5, 5, 1]])], THIN)[0]
    units = (256 + 8) / 64
    assert dot.sum() / 255 * units**2 == pytest.approx(np.pi * 4**2, rel=0.1)  # Agg rounds with few corners
    assert dot[31:33, 31:33].min() > 150
    two = rasterise([np.array([[0, 0, 1], [100, 0, 1]])], THIN)[0]
    assert int(two.sum()) == pytest.approx(2 * int(dot.sum()), rel=0.02)
    assert not two[:, 10:54].any()


def test_a_drawing_without_points_is_an_empty_square_and_no_drawings_are_no_squares():
    assert not rasterise([np.zeros((0, 3))]).any()
    assert rasterise([]).shape == (0, 28, 28)


def test_a_drawing_is_drawn_alike_in_whatever_company_and_style_of_figures(cats):
    together = rasterise(cats)
    with matplotlib.rc_context({"path.simplify": True, "path.simplify_threshold": 1, "agg.path.chunksize": 101}):
        for k in (0, 7, 19):
            np.testing.assert_array_equal(rasterise([cats[k]])[0], together[k])


def test_a_last_point_that_lifts_no_pen_ends_its_stroke(cats):
    unlifted = cats[0].copy()
    unlifted[-1, 2] = 0
    np.testing.assert_array_equal(rasterise([unlifted]), rasterise([cats[0]]))


def test_fitted_points_have_a_longer_side_of_1_about_the_origin(cats):
    for cat in cats:
        points = fitted(cat)
        np.testing.assert_allclose(points.min(axis=0), -points.max(axis=0))
        assert np.ptp(points, axis=0).max() == pytest.approx(1)
    np.testing.assert_array_equal(fitted(np.array([[3, 4, 1]])), [[0, 0]])


@pytest.mark.parametrize(
    ("drawing", "style", "message"),
    [
        (np.array([[0, np.nan, 0]]), QUICK_DRAW, "drawing 0: expected finite numbers"),
        (np.zeros((3, 2)), QUICK_DRAW, "drawing 0: expected stroke-3 rows"),
        (SQUARE, Style(size=0), "size: expected a whole number from 1 to 1024, received 0"),
        (SQUARE, Style(line_width=0), "line_width: expected a number above 0 and below 256, received 0"),
        (SQUARE, Style(padding=-1), "padding: expected a number from 0 to 256, received -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(drawing, style, message):
    with pytest.raises(InputError, match=message):
        rasterise([drawing], style)
