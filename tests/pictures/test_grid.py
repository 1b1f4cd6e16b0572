"""Pictures: what the SVG holds is what was drawn, each drawing stays in its cell, and both formats are sound."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.pictures.grid import _text_width, draw_sketches, svg_string
from sketch_rnn_keras.strokes import to_polylines

SVG = "{http://www.w3.org/2000/svg}"
CELL, LINE, MARGIN = 100, 3.0, 8.0
SIZES = {"cell": CELL, "line_width": LINE, "margin": MARGIN}
SQUARE = np.array([[10, 10, 0], [30, 0, 0], [0, 30, 0], [-30, 0, 0], [0, -30, 1]], np.float32)
DOT = np.array([[5, 5, 1]], np.float32)
EMPTY = np.zeros((0, 3), np.float32)
BOLD = {"cell": 40, "line_width": 4, "margin": 4}


def scribble(seed, length=60, unit=1.0):
    rng = np.random.default_rng(seed)
    lift = rng.random((length, 1)) < 0.15
    return np.hstack([rng.normal(0, unit, (length, 2)), lift])


def parse_path(data):
    """Undo the relative commands: a list of polylines in page coordinates."""
    pen, polylines = np.zeros(2), []
    for move, line in re.findall(r"m([^ml]*)l([^ml]*)", data):
        numbers = re.findall(r"-?(?:\d+\.?\d*|\.\d+)", f"{move} {line}")
        steps = np.array(numbers, float).reshape(-1, 2)
        polylines.append(pen + np.cumsum(steps, axis=0))
        pen = polylines[-1][-1]
    return polylines


def drawn(svg):
    """The polylines of every path of an SVG text."""
    root = ElementTree.fromstring(svg.encode())
    return [parse_path(path.get("d")) for path in root.iter(f"{SVG}path")]


def lettered(svg):
    return list(ElementTree.fromstring(svg.encode()).iter(f"{SVG}text"))


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


def test_dots_are_lines_of_no_length_with_round_caps():
    svg = svg_string([DOT, np.vstack([SQUARE, [[15, 15, 1]]]), np.zeros((4, 3))], columns=3, **SIZES)
    [dot], [square, eye], [still] = drawn(svg)
    middle = [MARGIN + CELL / 2] * 2
    np.testing.assert_allclose(dot, [middle, middle])
    np.testing.assert_allclose(eye, [[MARGIN + 1.5 * CELL, MARGIN + CELL / 2]] * 2, atol=0.01)
    assert len(square) == 5
    assert np.ptp(still, axis=0).max() == 0
    [ink] = [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get("stroke")]
    assert (ink.get("stroke-linecap"), ink.get("stroke-linejoin"), ink.get("fill")) == ("round", "round", "none")
    assert float(ink.get("stroke-width")) == LINE


def test_an_empty_sketch_keeps_its_cell():
    svg = svg_string([SQUARE, EMPTY, [], SQUARE], columns=4, **SIZES)
    first, last = drawn(svg)
    np.testing.assert_allclose(last[0] - first[0], [[3 * CELL, 0]] * 5, atol=0.011)
    assert ElementTree.fromstring(svg).get("width") == str(round(4 * CELL + 2 * MARGIN))
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


def test_the_page_is_white_and_as_large_as_its_view_box():
    root = ElementTree.fromstring(svg_string([SQUARE] * 3))
    assert [float(x) for x in re.split("[ ,]", root.get("viewBox"))] == [
        0,
        0,
        float(root.get("width")),
        float(root.get("height")),
    ]
    background = next(root.iter(f"{SVG}rect"))
    assert (background.get("fill"), background.get("width"), background.get("height")) == ("white", "100%", "100%")


def test_labels_are_text_below_their_drawings():
    labels = ["cat", 'a <b> & "c"', None, "x" * 500, "漢字" * 40, "flying saucer"]
    svg = svg_string([SQUARE] * 6, labels=labels, columns=3, title="All\nof them", **SIZES)
    title, *texts = lettered(svg)
    assert title.text == "All of them"
    shown = [text.text for text in texts]
    assert shown[:2] == labels[:2]
    assert shown[4] == "flying saucer"
    assert all(
        text.endswith("…") and len(text) > 5 and label.startswith(text[:-1])
        for text, label in zip(shown[2:4], labels[3:5], strict=True)
    )
    placed = drawn(svg)
    for text, index in zip(texts, [0, 1, 3, 4, 5], strict=True):
        [square] = placed[index]
        size, x, y = (float(text.get(name)) for name in ("font-size", "x", "y"))
        assert x == pytest.approx((square[:, 0].min() + square[:, 0].max()) / 2, abs=0.02)
        assert _text_width(text.text, size) <= CELL
        assert y - size > square[:, 1].max() + LINE / 2 - 0.01  # below its drawing
        if index < 3:
            assert y + 0.3 * size < placed[index + 3][0][:, 1].min() - LINE / 2  # above the next
    assert float(title.get("y")) < min(polylines[0][:, 1].min() for polylines in placed)
    assert _text_width(title.text, float(title.get("font-size"))) <= 3 * CELL


def test_labels_that_xml_cannot_hold_are_made_harmless():
    [text] = lettered(svg_string([SQUARE], labels=["a\x00b\ud800\tc"]))
    assert text.text == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER} c"


@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
def test_the_same_input_gives_the_same_bytes(tmp_path, suffix):
    sketches, labels = [scribble(1), DOT, EMPTY], ["one", "$two$", "three"]
    first, second = (
        draw_sketches(sketches, tmp_path / f"{name}{suffix}", labels=labels).read_bytes() for name in ("a", "b")
    )
    assert first == second
    assert len(first) > 500


def test_the_svg_file_holds_the_svg_string(tmp_path):
    path = draw_sketches([SQUARE], tmp_path / "new" / "a.svg", labels=["é"])
    assert path.read_text("utf-8") == svg_string([SQUARE], labels=["é"])
    assert [file.name for file in path.parent.iterdir()] == ["a.svg"]


def test_one_array_is_one_drawing(tmp_path):
    assert svg_string(SQUARE) == svg_string([SQUARE])
    assert svg_string(np.stack([SQUARE, SQUARE])) == svg_string([SQUARE, SQUARE])


def test_four_hundred_drawings_stay_under_a_megabyte():
    svg = svg_string([np.round(scribble(seed, length=150, unit=9)) for seed in range(400)], labels=["a cat"] * 400)
    assert len(svg.encode()) < 1e6
    assert len(drawn(svg)) == 400


def test_a_png_shows_the_drawing_where_the_svg_has_it(tmp_path):
    pixels = imread(io.BytesIO(draw_sketches([SQUARE, EMPTY, DOT], tmp_path / "a.png", columns=3, **BOLD).read_bytes()))
    assert pixels.shape[:2] == (96, 256)  # two pixels for each of 48 x 128 units
    dark = pixels[..., :3].mean(axis=2) < 0.5
    # The square's outline covers 8..40 units of the first cell and leaves its inside white.
    rows, columns = np.nonzero(dark[:, : 2 * 44])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 79, 16, 79)
    assert not dark[26:70, 26:70].any()
    assert not dark[:, 88:168].any()  # the empty cell
    rows, columns = np.nonzero(dark[:, 168:])
    assert 30 < len(rows) < 70  # a disc of diameter 8 pixels
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == (pytest.approx(48, abs=0.5), pytest.approx(40, abs=0.5))
    assert pixels[0, 0, :3].tolist() == [1, 1, 1]


def test_a_png_has_its_labels(tmp_path):
    plain = imread(draw_sketches([EMPTY], tmp_path / "plain.png"))
    labelled = imread(draw_sketches([EMPTY], tmp_path / "labelled.png", labels=["a_b^$x"]))
    assert plain.min() == 1
    assert labelled[-90:, :, :3].min() < 0.7
    assert labelled[:-90, :, :3].min() == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("sketches", "message"),
    [
        ([], "at least one sketch"),
        ([SQUARE, np.zeros((4, 2))], r"sketch 1: expected a stroke-3 array \[n, 3\], received shape \[4, 2\]"),
        ([SQUARE, SQUARE, np.zeros(5)], r"sketch 2: .*received shape \[5\]"),
        (
            [np.array([[1, 2, 0], [np.nan, 0, 1]])],
            r"sketch 0: expected finite numbers, received \[nan, 0\.0, 1\.0\] in row 1",
        ),
        ([SQUARE, np.array([[np.inf, 0, 1]])], "sketch 1: expected finite numbers"),
        ([SQUARE, "cat"], "sketch 1: expected a stroke-3 array .*received str"),
        ([SQUARE, None], "sketch 1"),
        ([SQUARE, [[1, 2], [3]]], "sketch 1"),
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
        ({"columns": 0}, "columns: expected at least 1, received 0"),
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


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.svg.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"\.svg or \.png"):
        draw_sketches([SQUARE], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_png_too_large_to_render_says_so(tmp_path):
    with pytest.raises(InputError, match="too large for PNG"):
        draw_sketches([SQUARE] * 300, tmp_path / "a.png", columns=300)


TWO = np.vstack([SQUARE, [[60, 0, 0], [0, 40, 1]]])  # a square, then a line to its right


def groups(svg, name):
    return [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get(name) is not None]


def test_strokes_are_coloured_by_their_order():
    paths = list(ElementTree.fromstring(svg_string([TWO], colour="order")).iter(f"{SVG}path"))
    assert len({path.get("stroke") for path in paths} - {None}) == 2
    np.testing.assert_allclose(
        np.concatenate([parse_path(p.get("d"))[0] for p in paths]), np.concatenate(drawn(svg_string(TWO))[0]), atol=0.01
    )


def test_moves_with_the_pen_up_are_dashed():
    svg = svg_string([TWO, EMPTY, SQUARE], colour="pen")
    [dashed] = groups(svg, "stroke-dasharray")
    [[[start, end]]] = [parse_path(path.get("d")) for path in dashed.iter(f"{SVG}path")]
    square, line = drawn(svg_string([TWO, EMPTY, SQUARE]))[0]
    np.testing.assert_allclose([start, end], [square[-1], line[0]], atol=0.011)
    assert not groups(svg_string([TWO]), "stroke-dasharray")


def test_smooth_strokes_pass_through_their_points():
    [path] = ElementTree.fromstring(svg_string([SQUARE], smooth=True, **SIZES)).iter(f"{SVG}path")
    assert "l" not in path.get("d")
    numbers = re.findall(r"-?(?:\d+\.?\d*|\.\d+)", path.get("d"))
    steps = np.array(numbers, float).reshape(-1, 2)
    corners = steps[0] + np.concatenate([[[0, 0]], np.cumsum(steps[3::3], axis=0)])
    np.testing.assert_allclose(corners, drawn(svg_string([SQUARE], **SIZES))[0][0], atol=0.03)
    assert "l" in svg_string([TWO[-2:]], smooth=True)  # two points are a straight line


@pytest.mark.parametrize("options", [{"smooth": True}, {"colour": "order"}, {"colour": "pen"}, {"dark": True}])
def test_every_style_changes_the_png(tmp_path, options):
    plain, styled = (imread(draw_sketches([TWO], tmp_path / "a.png", **o)) for o in ({}, options))
    assert plain.shape == styled.shape
    assert np.abs(plain - styled).max() > 0.3


def test_dark_paper_has_light_ink():
    root = ElementTree.fromstring(svg_string([SQUARE], dark=True, labels=["x"]))
    brightness = lambda colour: sum(int(colour[k : k + 2], 16) for k in (1, 3, 5)) / 765  # noqa: E731
    ink, letters = (g.get(name) for g, name in zip(root.iter(f"{SVG}g"), ("stroke", "fill"), strict=True))
    assert brightness(next(root.iter(f"{SVG}rect")).get("fill")) < 0.2
    assert min(brightness(ink), brightness(letters)) > 0.5


def test_captions_name_rows_and_columns_without_touching_drawings():
    rows, columns = ["a short one", "the second row, whose caption is longer " * 3], ["0.1", "0.5", "1.0"]
    svg = svg_string([SQUARE] * 6, columns=3, row_captions=rows, column_captions=columns, **SIZES)
    placed = [np.concatenate(polylines) for polylines in drawn(svg)]
    texts = {text.text: text for text in lettered(svg)}
    for k, name in enumerate(columns):
        assert float(texts[name].get("x")) == pytest.approx(
            np.ptp(placed[k][:, 0]) / 2 + placed[k][:, 0].min(), abs=0.02
        )
        assert float(texts[name].get("y")) < placed[k][:, 1].min()
    for k, text in enumerate([texts[rows[0]], lettered(svg)[-1]]):
        width = _text_width(text.text, float(text.get("font-size")))
        assert text.get("text-anchor") == "end"
        assert width < float(text.get("x")) < placed[3 * k][:, 0].min()
        assert placed[3 * k][:, 1].min() < float(text.get("y")) < placed[3 * k][:, 1].max()


def test_another_colouring_is_refused():
    with pytest.raises(InputError, match="colour: expected one of ink, order, pen, received 'rainbow'"):
        svg_string([SQUARE], colour="rainbow")
