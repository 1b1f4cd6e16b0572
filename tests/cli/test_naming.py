"""Drawings by name."""

import numpy as np
import pytest

from sketch_rnn_keras import InputError, load_dataset
from sketch_rnn_keras.cli.naming import Selector
from sketch_rnn_keras.data.npz import write_splits

OFFSETS = np.array([[3, 4, 0], [5, 1, 1]], "int16")
CATS, OWLS = "doodles:cat:20", "doodles:owl:20"


@pytest.fixture
def selector():
    return Selector([CATS], seed=3)


def units(dataset):
    return np.array([dataset.scale_factor, dataset.scale_factor, 1], "float32")


def test_an_index_is_a_drawing_of_the_split_in_data_units(selector):
    cats = load_dataset(CATS)
    np.testing.assert_allclose(selector.find_one("4").stroke3, cats.test[4] * units(cats), rtol=1e-6)
    np.testing.assert_allclose(
        Selector([CATS], split="train").find_one("4").stroke3, cats.train[4] * units(cats), rtol=1e-6
    )


def test_a_data_set_can_be_named_with_it(selector):
    owls = load_dataset(OWLS)
    found = selector.find_one(f"{OWLS}#7")
    np.testing.assert_allclose(found.stroke3, owls.test[7] * units(owls), rtol=1e-6)
    assert "owl" in found.label


def test_a_file_of_any_name_names_its_drawings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_splits(tmp_path / "{cat}.npz", {"train": [OFFSETS], "valid": [], "test": [OFFSETS]})
    assert Selector([]).find_one("{cat}.npz#0").label == "{cat} 0"


def test_ranges_and_lists_come_in_order(selector):
    assert [one.label for one in selector.find_all(["2-4", "0"])] == ["2", "3", "4", "0"]
    assert len(selector.first(CATS, 5)) == 5
    assert len(selector.first(CATS, 10**6)) == 100
    assert [one.label for one in selector.find(f"{CATS}#3,8,20-21")] == [f"{CATS} {k}" for k in (3, 8, 20, 21)]
    assert len({one.label for one in selector.find("random,random,random,random")}) > 1
    with pytest.raises(InputError, match="expected one drawing, received 3"):
        selector.find_one("2-4")


def test_random_depends_on_the_seed_and_the_place_alone():
    one, again, other = ([Selector([CATS], seed=s).find_all(["random"] * 4)][0] for s in (3, 3, 4))
    assert [a.label for a in one] == [a.label for a in again]
    assert [a.label for a in one] != [a.label for a in other]
    assert len({a.label for a in one}) > 1


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
def test_names_without_a_drawing_are_refused(selector, name, message):
    with pytest.raises(InputError, match=message):
        selector.find(name)


def test_an_index_needs_a_data_set():
    with pytest.raises(InputError, match="add --data"):
        Selector([]).find("1")
    with pytest.raises(InputError, match="train, valid, test"):
        Selector([CATS], split="dev")


def test_drawings_longer_than_the_model_knows_keep_their_places_and_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short, long = OFFSETS, np.concatenate([OFFSETS] * 3)
    write_splits(tmp_path / "a.npz", {"train": [], "valid": [long], "test": [long, short, long, short * [2, 2, 1]]})
    selector = Selector(["a.npz"], max_seq_len=4)
    np.testing.assert_array_equal(selector.find_one("3").stroke3, OFFSETS * [2, 2, 1])
    assert [one.label for one in selector.first("a.npz", 9)] == ["a 1", "a 3"]
    assert {one.label for one in selector.find_all(["random"] * 20)} == {"1", "3"}
    with pytest.raises(InputError, match="'1-2': expected at most 4 points, the model's N_max, received 6 in number 2"):
        selector.find("1-2")
    with pytest.raises(InputError, match="every drawing of the valid split has more than 4 points"):
        Selector(["a.npz"], max_seq_len=4, split="valid").find("random")


def test_an_svg_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.svg").write_text("<svg")
    with pytest.raises(InputError, match=r"drawing .*a\.svg: not XML"):
        Selector([]).find(str(tmp_path / "a.svg"))
