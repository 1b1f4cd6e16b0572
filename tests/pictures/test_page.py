"""Facts about pages: SVG and PNG show the same, small and the same to the byte."""

import re
import zlib

import numpy as np
import pytest
from matplotlib.image import imread
from support.pictures import (
    CELL,
    DOT,
    EMPTY,
    LINE,
    MARGIN,
    SIZES,
    SQUARE,
    TWO,
    drawn,
    elements,
    numbers,
    parse_path,
    root_of,
    scribble,
    texts,
)

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.writing import PICTURE_SUFFIXES
from sketch_rnn_keras.pictures.grid import draw_sketches, svg_string
from sketch_rnn_keras.pictures.page import RENDERERS, path_data

# ------------------------------------------------------------------------------------------------------------- SVG


def test_the_page_is_as_large_as_its_view_box():
    root = root_of(svg_string([SQUARE] * 3))
    size = [float(root.get(side)) for side in ("width", "height")]
    assert [float(number) for number in re.split("[ ,]", root.get("viewBox"))] == [0, 0, *size]


def test_the_page_is_white():
    background = elements(svg_string([SQUARE] * 3), "rect")[0]
    assert (background.get("fill"), background.get("width"), background.get("height")) == ("white", "100%", "100%")


def test_the_pen_is_round_and_as_wide_as_asked():
    [ink] = elements(svg_string([SQUARE], **SIZES), "g", "stroke")
    assert (ink.get("stroke-linecap"), ink.get("stroke-linejoin"), ink.get("fill")) == ("round", "round", "none")
    assert float(ink.get("stroke-width")) == LINE


def test_dots_are_lines_of_no_length():
    sketches = [DOT, np.vstack([SQUARE, [[15, 15, 1]]]), np.zeros((4, 3))]
    [dot], [square, eye], [still] = drawn(svg_string(sketches, columns=3, **SIZES))
    middle = [MARGIN + CELL / 2] * 2
    np.testing.assert_allclose(dot, [middle, middle])
    np.testing.assert_allclose(eye, [[MARGIN + 1.5 * CELL, MARGIN + CELL / 2]] * 2, atol=0.01)
    assert len(square) == 5
    assert np.ptp(still, axis=0).max() == 0


def test_moves_with_the_pen_up_are_dashed():
    svg = svg_string([TWO, EMPTY, SQUARE], colour="pen")
    [dashed] = elements(svg, "g", "stroke-dasharray")
    [[[start, end]]] = [parse_path(path.get("d")) for path in elements(dashed, "path")]
    square, line = drawn(svg_string([TWO, EMPTY, SQUARE]))[0]
    np.testing.assert_allclose([start, end], [square[-1], line[0]], atol=0.011)


def test_moves_with_the_pen_up_are_not_shown_unless_asked_for():
    assert not elements(svg_string([TWO]), "g", "stroke-dasharray")


def test_smooth_strokes_pass_through_their_points():
    [path] = elements(svg_string([SQUARE], smooth=True, **SIZES), "path")
    assert "l" not in path.get("d")
    steps = numbers(path.get("d"))
    corners = steps[0] + np.concatenate([[[0, 0]], np.cumsum(steps[3::3], axis=0)])
    np.testing.assert_allclose(corners, drawn(svg_string([SQUARE], **SIZES))[0][0], atol=0.03)


def test_a_smooth_stroke_of_two_points_is_a_straight_line():
    [path] = elements(svg_string([TWO[-2:]], smooth=True), "path")
    assert "l" in path.get("d")
    assert "c" not in path.get("d")


@pytest.mark.parametrize(
    ("points", "expected"),
    [([[0, 0], [0.5, -0.25]], "m0 0l.5-.25"), ([[1.004, 2], [1.006, 2]], "m1 2l.01 0"), ([[3, 4]], "m3 4l0 0")],
)
def test_paths_are_as_short_as_can_be(points, expected):
    assert path_data([np.array(points, float)]) == expected


def test_rounding_errors_do_not_add_up():
    steps = np.full((1000, 2), 0.004)
    [polyline] = parse_path(path_data([np.cumsum(steps, axis=0)]))
    assert np.abs(polyline - np.cumsum(steps, axis=0)).max() <= 0.0051


def test_labels_that_xml_cannot_hold_are_made_harmless():
    [text] = texts(svg_string([SQUARE], labels=["a\x00b\ud800\tc"]))
    assert text == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER} c"


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".SVG"])
def test_the_same_input_gives_the_same_bytes(tmp_path, suffix):
    sketches, labels = [scribble(1), DOT, EMPTY], ["one", "$two$", "three"]
    first, second = (
        draw_sketches(sketches, tmp_path / f"{name}{suffix}", labels=labels).read_bytes() for name in ("a", "b")
    )
    assert first == second
    assert len(first) > 500


def test_four_hundred_drawings_stay_under_a_megabyte():
    svg = svg_string([np.round(scribble(seed, length=150, unit=9)) for seed in range(400)], labels=["a cat"] * 400)
    assert len(svg.encode()) < 1e6
    assert len(drawn(svg)) == 400


# ------------------------------------------------------------------------------------------------------------- PNG


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    """A square, nothing and a dot, each in 40 x 40 units within a margin of 4, at two pixels for each unit."""
    path = tmp_path_factory.mktemp("png") / "a.png"
    return imread(draw_sketches([SQUARE, EMPTY, DOT], path, columns=3, cell=40, line_width=4, margin=4))


@pytest.fixture(scope="module")
def dark(pixels):
    return pixels[..., :3].mean(axis=2) < 0.5


def test_a_png_is_of_two_pixels_for_each_unit_and_white(pixels):
    assert pixels.shape[:2] == (96, 256)
    assert pixels[0, 0, :3].tolist() == [1, 1, 1]


def test_a_square_in_a_png_covers_its_cell_and_is_white_inside(dark):
    rows, columns = np.nonzero(dark[:, : 2 * 44])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 79, 16, 79)  # 8 to 40 units
    assert not dark[26:70, 26:70].any()


def test_an_empty_cell_of_a_png_is_white(dark):
    assert not dark[:, 88:168].any()


def test_a_dot_in_a_png_is_a_disc_in_the_middle_of_its_cell(dark):
    rows, columns = np.nonzero(dark[:, 168:])
    assert 30 < len(rows) < 70  # of diameter 8 pixels
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == (pytest.approx(48, abs=0.5), pytest.approx(40, abs=0.5))


def test_a_png_has_its_labels(tmp_path):
    plain = imread(draw_sketches([EMPTY], tmp_path / "plain.png"))
    labelled = imread(draw_sketches([EMPTY], tmp_path / "labelled.png", labels=["a_b^$x"]))
    assert plain.min() == 1
    assert labelled[-90:, :, :3].min() < 0.7
    assert labelled[:-90, :, :3].min() == 1


def test_a_png_too_large_to_render_says_so(tmp_path):
    with pytest.raises(InputError, match="too large for PNG"):
        draw_sketches([SQUARE] * 300, tmp_path / "a.png", columns=300)


@pytest.mark.parametrize("options", [{"smooth": True}, {"colour": "order"}, {"colour": "pen"}, {"dark": True}])
def test_every_style_changes_the_png(tmp_path, options):
    plain, styled = (imread(draw_sketches([TWO], tmp_path / "a.png", **o)) for o in ({}, options))
    assert plain.shape == styled.shape
    assert np.abs(plain - styled).max() > 0.3


# ------------------------------------------------------------------------------------------------------------- PDF


def pdf_page(path):
    """The size of a PDF file's one page, and the commands that draw it."""
    content = path.read_bytes()
    [box] = re.findall(rb"/MediaBox \[ ([^\]]*) \]", content)
    streams = re.findall(rb"/FlateDecode[^>]*>>\nstream\r?\n(.*?)endstream", content, re.DOTALL)
    decoded = [zlib.decompress(stream) for stream in streams]
    return [float(number) for number in box.split()], next(one for one in decoded if b" re W n" in one).decode()


def test_a_pdf_has_a_point_for_each_unit_and_the_strokes_as_lines(tmp_path):
    size, commands = pdf_page(draw_sketches([SQUARE], tmp_path / "a.pdf", **SIZES))
    side = CELL + 2 * MARGIN
    assert size == [0, 0, side, side]
    assert f"{LINE:g} w" in commands
    points = np.array(re.findall(r"^([\d.]+) ([\d.]+) [ml]$", commands, re.MULTILINE), float)
    expected = drawn(svg_string([SQUARE], **SIZES))[0][0] * [1, -1] + [0, side]  # y grows upwards
    np.testing.assert_allclose(points[-len(SQUARE) :], expected, atol=0.02)


def test_letters_of_a_pdf_are_text_in_an_embedded_font(tmp_path):
    plain, labelled = (
        draw_sketches([SQUARE], tmp_path / f"{k}.pdf", labels=[k]).read_bytes() for k in (None, "a_b^$x")
    )
    assert b"/FontFile2" in labelled
    assert b"/FontFile2" not in plain


def test_a_pdf_names_neither_a_date_nor_a_version(tmp_path):
    content = draw_sketches([SQUARE], tmp_path / "a.pdf").read_bytes()
    assert b"CreationDate" not in content
    assert b"atplotlib" not in content


def test_a_pdf_too_large_for_viewers_says_so(tmp_path):
    with pytest.raises(InputError, match="16028 x 188 is too large for PDF"):
        draw_sketches([SQUARE] * 100, tmp_path / "a.pdf", columns=100)


def test_pictures_have_the_suffixes_that_commands_take():
    assert tuple(RENDERERS) == PICTURE_SUFFIXES
