"""Drawings by name: an index, a range, a list, at random, of a data set of its own, of an SVG file."""

import numpy as np
import pytest

from sketch_rnn_keras import InputError, load_dataset
from sketch_rnn_keras.cli.naming import DrawingFinder
from sketch_rnn_keras.data.npz import write_splits
from sketch_rnn_keras.strokes import bounds

OFFSETS = np.array([[3, 4, 0], [5, 1, 1]], "int16")
CATS, OWLS = "doodles:cat:20", "doodles:owl:20"


@pytest.fixture
def finder():
    return DrawingFinder([CATS], seed=3)


@pytest.mark.parametrize("split", ["test", "train"])
def test_an_index_is_a_drawing_of_the_split_in_data_units(split):
    found = DrawingFinder([CATS], split=split).find_one("4")
    np.testing.assert_array_equal(found.stroke3, getattr(load_dataset(CATS), split)[4])


def test_a_drawing_is_that_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_splits(tmp_path / "a.npz", {"train": [OFFSETS], "valid": [], "test": [OFFSETS, OFFSETS * [2, 2, 1]]})
    np.testing.assert_array_equal(DrawingFinder(["a.npz"]).find_one("1").stroke3, OFFSETS * [2, 2, 1])


def test_a_data_set_can_be_named_with_it(finder):
    found = finder.find_one(f"{OWLS}#7")
    np.testing.assert_array_equal(found.stroke3, load_dataset(OWLS).test[7])
    assert "owl" in found.label


def test_a_file_of_any_name_names_its_drawings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_splits(tmp_path / "{cat}.npz", {"train": [OFFSETS], "valid": [], "test": [OFFSETS]})
    assert DrawingFinder([]).find_one("{cat}.npz#0").label == "{cat} 0"


def labels(found):
    return [one.label for one in found]


def test_ranges_and_names_come_in_order(finder):
    assert labels(finder.find_all(["2-4", "0"])) == [f"drawing {k}" for k in (2, 3, 4, 0)]


def test_a_list_comes_in_order_with_the_name_of_its_data_set(finder):
    assert labels(finder.find(f"{CATS}#3,8,20-21")) == [f"{CATS} {k}" for k in (3, 8, 20, 21)]


def test_the_first_are_as_many_as_there_are(finder):
    assert labels(finder.first(CATS, 5)) == [f"{CATS} {k}" for k in range(5)]
    assert len(finder.first(CATS, 10**6)) == 100


def test_one_drawing_is_one(finder):
    with pytest.raises(InputError, match="expected one drawing, received 3"):
        finder.find_one("2-4")


def test_random_depends_on_the_seed_and_the_place_alone():
    one, again, other = (labels(DrawingFinder([CATS], seed=s).find_all(["random"] * 4)) for s in (3, 3, 4))
    assert one == again != other


def test_every_random_is_another(finder):
    assert len(set(labels(finder.find("random,random,random,random")))) > 1
    assert len(set(labels(finder.find_all(["random"] * 4)))) > 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("100", "places from 0 to 99"),
        ("5-2", "begins with the smaller place, 2-5"),
        ("3,", "expected an index such as 17"),
        ("9" * 5000, "expected an index such as 17"),
        ("3,200", "places from 0 to 99"),
        ("-1", "expected an index such as 17"),
        ("cat", "expected an index such as 17"),
        ("doodles:cat#x", "expected an index such as 17"),
        ("doodles:dog#1", "doodles:SUBJECT"),
        ("missing.svg", "no such file"),
    ],
)
def test_names_without_a_drawing_are_refused(finder, name, message):
    with pytest.raises(InputError, match=message):
        finder.find(name)


def test_an_index_needs_a_data_set():
    with pytest.raises(InputError, match="add --data"):
        DrawingFinder([]).find("1")


def test_another_split_is_refused():
    with pytest.raises(InputError, match="--split: expected one of train, valid, test, received 'dev'"):
        DrawingFinder([CATS], split="dev")


def test_a_split_without_drawings_is_refused(tmp_path):
    write_splits(tmp_path / "a.npz", {"train": [OFFSETS], "valid": [], "test": [OFFSETS]})
    with pytest.raises(InputError, match="the valid split of .* is empty"):
        DrawingFinder([str(tmp_path / "a.npz")], split="valid").find("0")


# ------------------------------------------------------------------------------ drawings longer than the model knows


@pytest.fixture
def long_and_short(tmp_path, monkeypatch):
    """A file whose test split has drawings of 6, 2, 6 and 2 points, and whose valid split has one of 6."""
    monkeypatch.chdir(tmp_path)
    short, long = OFFSETS, np.concatenate([OFFSETS] * 3)
    write_splits(tmp_path / "a.npz", {"train": [], "valid": [long], "test": [long, short, long, short * [2, 2, 1]]})
    return "a.npz"


def test_they_keep_their_places(long_and_short):
    found = DrawingFinder([long_and_short], max_seq_len=4).find_one("3")
    np.testing.assert_array_equal(found.stroke3, OFFSETS * [2, 2, 1])


def test_neither_the_first_nor_a_random_one_is_among_them(long_and_short):
    finder = DrawingFinder([long_and_short], max_seq_len=4)
    assert labels(finder.first(long_and_short, 9)) == ["a 1", "a 3"]
    assert set(labels(finder.find_all(["random"] * 20))) == {"drawing 1", "drawing 3"}


def test_one_of_too_many_strokes_is_refused(long_and_short):
    message = "'1-2': expected at most 4 points once simplified, received 3 pen strokes, .*the model's N_max is 4"
    with pytest.raises(InputError, match=message):
        DrawingFinder([long_and_short], max_seq_len=4).find("1-2")


@pytest.fixture
def spiral(tmp_path, monkeypatch):
    """An SVG file of one long stroke, with the name that is typed."""
    monkeypatch.chdir(tmp_path)
    angles = np.linspace(0, 40, 800)
    points = " ".join(f"{3 * a * np.cos(a):.2f},{3 * a * np.sin(a):.2f}" for a in angles)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><polyline points="{points}" stroke="black" fill="none"/></svg>'
    (tmp_path / "spiral.svg").write_text(svg)
    return "spiral.svg"


def test_one_that_is_named_is_simplified_and_that_is_said(spiral, capsys):
    whole = DrawingFinder([]).find_one(spiral).stroke3
    assert capsys.readouterr().err == ""
    simpler = DrawingFinder([], max_seq_len=30).find_one(spiral)
    assert 15 < len(simpler.stroke3) <= 30 < len(whole)
    assert bounds(simpler.stroke3) == pytest.approx(bounds(whole), abs=15)
    said = f"note   spiral.svg: simplified from {len(whole)} points to {len(simpler.stroke3)}, epsilon "
    assert capsys.readouterr().err.startswith(said)


def test_one_that_leaves_no_room_for_an_ending_is_simplified_to_half(spiral, capsys):
    finder = DrawingFinder([], max_seq_len=40)
    assert len(finder.find_unfinished(spiral, None).stroke3) <= 20
    assert "spiral.svg: simplified from" in capsys.readouterr().err
    np.testing.assert_array_equal(
        finder.find_unfinished(spiral, 39).stroke3, DrawingFinder([]).find_one(spiral).stroke3[:39]
    )
    assert capsys.readouterr().err == ""


def test_a_split_of_them_alone_has_no_random_drawing(long_and_short):
    with pytest.raises(InputError, match="every drawing of the valid split has more than 4 points"):
        DrawingFinder([long_and_short], max_seq_len=4, split="valid").find("random")


# ------------------------------------------------------------------------------------------------------------ SVG


@pytest.mark.parametrize("size", [255.0, 51.0])
def test_an_svg_file_is_a_drawing_of_the_size_that_is_asked_for(tmp_path, size):
    document = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0 H 10 V 20" stroke="black" fill="none"/></svg>'
    (tmp_path / "corner.svg").write_text(document)
    found = DrawingFinder([], svg_size=size).find_one(str(tmp_path / "corner.svg"))
    assert found.label == "corner"
    assert bounds(found.stroke3) == pytest.approx((0, 0, size / 2, size), abs=size / 100)


def test_an_svg_without_strokes_is_refused(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(InputError, match=r"drawing .*a\.svg: "):
        DrawingFinder([]).find(str(tmp_path / "a.svg"))


def test_an_svg_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.svg").write_text("<svg")
    with pytest.raises(InputError, match=r"drawing .*a\.svg: not XML"):
        DrawingFinder([]).find(str(tmp_path / "a.svg"))
