"""Facts about maps of a latent space: the plane they lie in, the files they are written to."""

import csv

import numpy as np
import pytest
from support.pictures import SQUARE, elements, root_of, texts

from sketch_rnn_keras import InputError
from sketch_rnn_keras.files.records import record_path
from sketch_rnn_keras.pictures import atlas


def test_the_plane_is_where_codes_vary_most():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(50, 2)) * [5, 2]
    axes = np.linalg.qr(rng.normal(size=(7, 7)))[0][:2]
    places, share = atlas.project(plane @ axes + 3.0)
    centred = plane - plane.mean(axis=0)
    assert share == pytest.approx(1)
    np.testing.assert_allclose(  # distances stay
        np.linalg.norm(places[:, None] - places[None], axis=2),
        np.linalg.norm(centred[:, None] - centred[None], axis=2),
        atol=1e-9,
    )
    assert places[:, 0].var() > places[:, 1].var()
    assert (places.max(axis=0) >= -places.min(axis=0)).all()


def test_codes_of_one_dimension_have_a_plane_too():
    assert atlas.project(np.arange(4.0)[:, None])[0].shape == (4, 2)


def test_equal_codes_lie_in_one_place():
    places, share = atlas.project(np.ones((3, 5)))
    assert np.abs(places).max() == 0
    assert share == 0


# ------------------------------------------------------------------------------------------------------------- codes

CODES = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
PLACES = np.arange(6.0).reshape(3, 2)
NAMES = ["a", 'b, "c"', "漢"]


def test_an_npz_of_codes_needs_no_pickle(tmp_path):
    path = atlas.write_codes(tmp_path / "a.npz", CODES, NAMES, PLACES)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["codes"], CODES)
        np.testing.assert_array_equal(file["places"], PLACES)
        assert file["names"].tolist() == NAMES


def test_an_npz_of_codes_takes_the_place_of_a_download_and_of_its_record(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"downloaded")
    record_path(tmp_path / "a.npz").write_text("{}")
    atlas.write_codes(tmp_path / "a.npz", CODES, NAMES, PLACES)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_csv_of_codes_has_a_row_for_each_drawing(tmp_path):
    path = atlas.write_codes(tmp_path / "a.csv", CODES, NAMES, PLACES)
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "x", "y", "z0", "z1", "z2", "z3"]
    assert [row[0] for row in rows] == NAMES
    np.testing.assert_array_equal(np.array([row[1:3] for row in rows], float), PLACES)
    np.testing.assert_array_equal(np.array([row[3:] for row in rows], "float32"), CODES)


def test_codes_are_written_to_no_other_format(tmp_path):
    with pytest.raises(InputError, match=r"\.npz or \.csv"):
        atlas.write_codes(tmp_path / "a.txt", CODES, NAMES, PLACES)
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------------------------------------------- map


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A map of 300 squares in a plane that is wider than it is high, how many of them it shows and where."""
    path = tmp_path_factory.mktemp("map") / "a.svg"
    places = np.random.default_rng(1).normal(size=(300, 2)) * [3, 1]
    shown = atlas.draw_map([SQUARE] * 300, places, ["x"] * 300, path)
    corners = {
        tuple(float(v) for v in one.get("d")[1:].split("l")[0].replace("-", " -").split())
        for one in elements(path, "path")
    }
    return path, shown, corners


def test_a_map_shows_as_many_thumbnails_as_have_room(crowded):
    _, shown, corners = crowded
    assert 30 < shown == len(corners) < 300


def test_thumbnails_do_not_cover_each_other(crowded):
    *_, corners = crowded
    gaps = [max(abs(a - c), abs(b - d)) for a, b in corners for c, d in corners if (a, b) != (c, d)]
    assert min(gaps) > 43


def test_thumbnails_stay_on_the_page(crowded):
    path, _, corners = crowded
    width, height = (float(root_of(path).get(side)) for side in ("width", "height"))
    assert height < width
    assert max(x for x, _ in corners) + 40 < width
    assert max(y for _, y in corners) + 40 < height
    assert min(min(corner) for corner in corners) > 0


def test_several_kinds_have_colours_and_a_legend(tmp_path):
    atlas.draw_map([SQUARE] * 3, np.eye(3, 2), ["cat", "owl", "cat"], tmp_path / "a.svg")
    assert texts(tmp_path / "a.svg") == ["cat", "owl"]
    assert len({path.get("stroke") for path in elements(tmp_path / "a.svg", "path")}) == 2


def test_one_kind_needs_no_legend(tmp_path):
    atlas.draw_map([SQUARE] * 2, np.eye(2), ["cat", "cat"], tmp_path / "a.svg")
    assert texts(tmp_path / "a.svg") == []


def test_a_single_drawing_is_a_map(tmp_path):
    assert atlas.draw_map([SQUARE], np.zeros((1, 2)), ["x"], tmp_path / "a.png") == 1
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "style", "message"),
    [
        ("a.gif", {}, r"\.svg, \.png, \.pdf"),
        ("a.svg", {"colour": "order"}, "a map takes line_width, smooth and dark, received colour"),
    ],
)
def test_a_map_of_another_format_or_style_is_refused(tmp_path, name, style, message):
    with pytest.raises(InputError, match=message):
        atlas.draw_map([SQUARE], np.zeros((1, 2)), ["x"], tmp_path / name, **style)
    assert list(tmp_path.iterdir()) == []
