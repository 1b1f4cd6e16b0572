"""A map of a latent space: the plane it lies in, the files it is written to."""

import csv
from xml.etree import ElementTree

import numpy as np
import pytest

from sketch_rnn_keras import InputError
from sketch_rnn_keras.pictures import atlas

SVG = "{http://www.w3.org/2000/svg}"
SQUARE = np.array([[10, 10, 0], [30, 0, 0], [0, 30, 0], [-30, 0, 0], [0, -30, 1]], np.float32)


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


def test_one_dimension_and_equal_codes_have_a_plane_too():
    assert atlas.project(np.arange(4.0)[:, None])[0].shape == (4, 2)
    places, share = atlas.project(np.ones((3, 5)))
    assert np.abs(places).max() == 0
    assert share == 0


def test_codes_are_written_for_other_programs(tmp_path):
    codes, places = np.random.default_rng(0).normal(size=(3, 4)).astype("float32"), np.arange(6.0).reshape(3, 2)
    names = ["a", 'b, "c"', "漢"]
    with np.load(atlas.write_codes(tmp_path / "a.npz", codes, names, places), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["codes"], codes)
        np.testing.assert_array_equal(file["places"], places)
        assert file["names"].tolist() == names
    path = atlas.write_codes(tmp_path / "a.csv", codes, names, places)
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "x", "y", "z0", "z1", "z2", "z3"]
    assert [row[0] for row in rows] == names
    np.testing.assert_array_equal(np.array([row[3:] for row in rows], "float32"), codes)
    with pytest.raises(InputError, match=r"\.npz or \.csv"):
        atlas.write_codes(tmp_path / "a.txt", codes, names, places)


def test_thumbnails_do_not_cover_each_other_and_stay_on_the_page(tmp_path):
    places = np.random.default_rng(1).normal(size=(300, 2)) * [3, 1]
    shown = atlas.draw_map([SQUARE] * 300, places, ["x"] * 300, tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    corners = {
        tuple(float(v) for v in path.get("d")[1:].split("l")[0].replace("-", " -").split())
        for path in root.iter(f"{SVG}path")
    }
    assert 30 < shown == len(corners) < 300
    assert np.ptp([y for _, y in corners]) < float(root.get("height")) < float(root.get("width"))
    gaps = [max(abs(a - c), abs(b - d)) for a, b in corners for c, d in corners if (a, b) != (c, d)]
    assert min(gaps) > 43
    assert max(x for x, _ in corners) + 40 < float(root.get("width"))


def test_several_kinds_have_colours_and_a_legend(tmp_path):
    atlas.draw_map([SQUARE] * 3, np.eye(3, 2), ["cat", "owl", "cat"], tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert [text.text for text in root.iter(f"{SVG}text")] == ["cat", "owl"]
    assert len({path.get("stroke") for path in root.iter(f"{SVG}path")}) == 2


def test_a_single_drawing_is_a_map(tmp_path):
    assert atlas.draw_map([SQUARE], np.zeros((1, 2)), ["x"], tmp_path / "a.png") == 1
    with pytest.raises(InputError, match=r"\.svg or \.png"):
        atlas.draw_map([SQUARE], np.zeros((1, 2)), ["x"], tmp_path / "a.gif")
