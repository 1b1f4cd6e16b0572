"""Facts about grids: what a picture holds is what was drawn, and each drawing and text stays in its place."""

import numpy as np
import pytest
from support.pictures import (
    CELL,
    EMPTY,
    LINE,
    MARGIN,
    SIZES,
    SQUARE,
    TWO,
    drawn,
    elements,
    parse_path,
    root_of,
    scribble,
    texts,
)

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.pictures.grid import _text_width, draw_sketches, svg_string
from sketch_rnn_keras.strokes import to_polylines

# ---------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize("unit", [1e-300, 1e-3, 1.0, 255.0, 1e30])
def test_the_paths_hold_the_strokes_scaled_uniformly(unit):
    sketch = scribble(0, length=400, unit=unit)
    [polylines] = drawn(svg_string([sketch], **SIZES))
    originals = to_polylines(sketch)
    assert [len(p) for p in polylines] == [len(p) + (len(p) == 1) for p in originals]
    everything = np.concatenate(originals)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = (CELL - 2 * MARGIN - LINE) / ((high - low).max() / unit)
    for polyline, original in zip(polylines, originals, strict=True):
        expected = MARGIN + CELL / 2 + (original / unit - (low + high) / 2 / unit) * scale
        assert np.abs(polyline - expected).max() <= 0.0051  # rounded to hundredths; errors do not add up


def test_every_drawing_fills_its_own_cell_and_stays_inside():
    sketches = [scribble(seed, unit=10.0**seed) for seed in range(7)]
    placed = drawn(svg_string(sketches, columns=3, **SIZES))
    assert len(placed) == 7
    for index, polylines in enumerate(placed):
        row, column = divmod(index, 3)
        corner = MARGIN + CELL * np.array([column, row])
        points = np.concatenate(polylines) - corner
        assert points.min() >= MARGIN + LINE / 2 - 0.01
        assert points.max() <= CELL - MARGIN - LINE / 2 + 0.01
        assert np.ptp(points, axis=0).max() == pytest.approx(CELL - 2 * MARGIN - LINE, abs=0.02)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        np.testing.assert_allclose(middle, CELL / 2, atol=0.01)


def test_a_flat_stroke_is_centred():
    [[line]] = drawn(svg_string([np.array([[7, 0, 0], [50, 0, 1]])], **SIZES))
    ends = [[2 * MARGIN + LINE / 2, MARGIN + CELL / 2], [CELL - LINE / 2, MARGIN + CELL / 2]]
    np.testing.assert_allclose(line, ends, atol=0.01)


def test_an_empty_sketch_keeps_its_cell():
    svg = svg_string([SQUARE, EMPTY, [], SQUARE], columns=4, **SIZES)
    first, last = drawn(svg)
    np.testing.assert_allclose(last[0] - first[0], [[3 * CELL, 0]] * 5, atol=0.011)
    assert root_of(svg).get("width") == str(round(4 * CELL + 2 * MARGIN))


def test_a_picture_of_an_empty_sketch_is_empty():
    assert drawn(svg_string([EMPTY])) == []


@pytest.mark.parametrize(
    ("count", "columns", "expected"), [(1, None, 1), (4, None, 2), (10, None, 4), (6, 2, 2), (2, 9, 2)]
)
def test_the_grid_is_as_square_as_can_be_or_as_wide_as_asked(count, columns, expected):
    placed = drawn(svg_string([SQUARE] * count, columns=columns))
    lefts = {round(polylines[0][:, 0].min()) for polylines in placed}
    tops = {round(polylines[0][:, 1].min()) for polylines in placed}
    assert len(placed) == count
    assert (len(lefts), len(tops)) == (expected, -(-count // expected))


# ----------------------------------------------------------------------------------------------------------- texts


LABELS = ["cat", 'a <b> & "c"', None, "x" * 500, "漢字" * 40, "flying saucer"]


@pytest.fixture(scope="module")
def labelled():
    """Six squares in three columns, of which the third has no label, under a title."""
    return svg_string([SQUARE] * 6, labels=LABELS, columns=3, title="All\nof them", **SIZES)


def test_labels_are_shown_as_they_are(labelled):
    assert [texts(labelled)[k] for k in (1, 2, 5)] == [LABELS[k] for k in (0, 1, 5)]


@pytest.mark.parametrize("index", [3, 4])
def test_a_label_too_long_is_cut_to_its_cell(labelled, index):
    shown = texts(labelled)[index]  # the title makes up for the label that there is none of
    assert shown.endswith("…")
    assert len(shown) > 5
    assert LABELS[index].startswith(shown[:-1])


def test_labels_lie_below_their_drawings_and_above_the_next_ones(labelled):
    placed = [polyline for [polyline] in drawn(labelled)]
    for text, index in zip(elements(labelled, "text")[1:], [0, 1, 3, 4, 5], strict=True):
        square = placed[index]
        size, x, y = (float(text.get(name)) for name in ("font-size", "x", "y"))
        assert x == pytest.approx((square[:, 0].min() + square[:, 0].max()) / 2, abs=0.02)
        assert _text_width(text.text, size) <= CELL
        assert y - size > square[:, 1].max() + LINE / 2 - 0.01
        if index < 3:
            assert y + 0.3 * size < placed[index + 3][:, 1].min() - LINE / 2


def test_a_title_is_one_line_above_all(labelled):
    title = elements(labelled, "text")[0]
    assert title.text == "All of them"
    assert float(title.get("y")) < min(polyline[:, 1].min() for [polyline] in drawn(labelled))
    assert _text_width(title.text, float(title.get("font-size"))) <= 3 * CELL


ROWS, COLUMNS = ["a short one", "the second row, whose caption is longer " * 3], ["0.1", "0.5", "1.0"]


@pytest.fixture(scope="module")
def captioned():
    return svg_string([SQUARE] * 6, columns=3, row_captions=ROWS, column_captions=COLUMNS, **SIZES)


def test_captions_of_columns_stand_in_the_middle_above_them(captioned):
    texts_of = {text.text: text for text in elements(captioned, "text")}
    for name, [square] in zip(COLUMNS, drawn(captioned)[:3], strict=True):
        middle = (square[:, 0].min() + square[:, 0].max()) / 2
        assert float(texts_of[name].get("x")) == pytest.approx(middle, abs=0.02)
        assert float(texts_of[name].get("y")) < square[:, 1].min()


def test_captions_of_rows_end_beside_them_without_touching(captioned):
    squares = [square for [square] in drawn(captioned)[::3]]
    for square, text in zip(squares, elements(captioned, "text", "text-anchor"), strict=True):
        assert text.get("text-anchor") == "end"
        assert _text_width(text.text, float(text.get("font-size"))) < float(text.get("x")) < square[:, 0].min()
        assert square[:, 1].min() < float(text.get("y")) < square[:, 1].max()


# ---------------------------------------------------------------------------------------------------------- styles


def test_strokes_are_coloured_by_their_order():
    paths = elements(svg_string([TWO], colour="order"), "path")
    assert len({path.get("stroke") for path in paths} - {None}) == 2
    np.testing.assert_allclose(
        np.concatenate([parse_path(p.get("d"))[0] for p in paths]), np.concatenate(drawn(svg_string(TWO))[0]), atol=0.01
    )


def brightness(colour: str) -> float:
    """Of a colour such as #0d1117: 0 for black, 1 for white."""
    return sum(int(colour[k : k + 2], 16) for k in (1, 3, 5)) / 765


def test_dark_paper_has_light_ink_and_letters():
    svg = svg_string([SQUARE], dark=True, labels=["x"])
    ink, letters = elements(svg, "g")
    assert brightness(elements(svg, "rect")[0].get("fill")) < 0.2
    assert brightness(ink.get("stroke")) > 0.5
    assert brightness(letters.get("fill")) > 0.5


def test_another_colouring_is_refused():
    with pytest.raises(InputError, match="colour: expected one of ink, order, pen, received 'rainbow'"):
        svg_string([SQUARE], colour="rainbow")


# ----------------------------------------------------------------------------------------------------------- calls


def test_the_svg_file_holds_the_svg_string(tmp_path):
    path = draw_sketches([SQUARE], tmp_path / "new" / "a.svg", labels=["é"])
    assert path.read_text("utf-8") == svg_string([SQUARE], labels=["é"])
    assert [file.name for file in path.parent.iterdir()] == ["a.svg"]


def test_one_array_is_one_drawing():
    assert svg_string(SQUARE) == svg_string([SQUARE])
    assert svg_string(np.stack([SQUARE, SQUARE])) == svg_string([SQUARE, SQUARE])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("sketches", "message"),
    [
        ([], "at least one sketch"),
        ([SQUARE, np.zeros((4, 2))], r"sketch 1: expected stroke-3 rows \(dx, dy, lift\), received shape \[4, 2\]"),
        ([SQUARE, SQUARE, np.zeros(5)], r"sketch 2: .*received shape \[5\]"),
        (
            [np.array([[1, 2, 0], [np.nan, 0, 1]])],
            r"sketch 0: expected finite numbers, received \[nan, 0\.0, 1\.0\] in row 1",
        ),
        ([SQUARE, np.array([[np.inf, 0, 1]])], "sketch 1: expected finite numbers"),
        ([SQUARE, "cat"], "sketch 1: expected stroke-3 rows .*received str"),
        ([SQUARE, None], "sketch 1: expected stroke-3 rows"),
        ([SQUARE, [[1, 2], [3]]], "sketch 1: expected stroke-3 rows"),
        ([SQUARE, np.full((3, 3), 1e308)], "sketch 1: its offsets add up to more"),
    ],
)
def test_bad_sketches_are_named(tmp_path, sketches, message):
    path = tmp_path / "kept.svg"
    path.write_text("old")
    with pytest.raises(InputError, match=message):
        draw_sketches(sketches, path)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": 0}, "columns: expected a whole number >= 1, received 0"),
        ({"labels": ["a", "b"]}, "labels: expected a list of 1, one per sketch, received 2"),
        ({"labels": "a"}, "labels: expected a list of 1, .*received one text"),
        ({"cell": 0}, "cell: expected a finite number above 0"),
        ({"cell": float("nan")}, "cell: expected a finite number"),
        ({"line_width": 0}, "line_width"),
        ({"margin": -1}, "margin"),
        ({"cell": 30, "margin": 14}, "cell: expected more than two margins"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(InputError, match=message):
        svg_string([SQUARE], **options)


@pytest.mark.parametrize("name", ["a.eps", "a", "a.svg.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"\.svg, \.png, \.pdf"):
        draw_sketches([SQUARE], tmp_path / name)
    assert list(tmp_path.iterdir()) == []
