"""Facts about contact sheets: they show the drawings that they number, chosen by the seed."""

import pytest
from support.data_files import load, make_drawing
from support.paths import shared
from support.pictures import elements, numbers, texts

from sketch_rnn_keras.data.datasets import Dataset, load_dataset
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.pictures.contact_sheet import contact_sheet


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """30 drawings of 3, 4, ... points to train with, and no others."""
    return load(tmp_path_factory.mktemp("data") / "a.npz", [make_drawing(k, length=3 + k) for k in range(30)])


def chosen(dataset: Dataset, path, **options) -> list[int]:
    contact_sheet(dataset, path, **options)
    return [int(text) for text in texts(path)]


def test_a_sheet_shows_the_drawings_it_numbers(dataset, tmp_path):
    numbered = chosen(dataset, tmp_path / "a.svg", count=12, seed=3)
    points = [len(numbers(path.get("d"))) for path in elements(tmp_path / "a.svg", "path")]
    assert points == [3 + number for number in numbered]


def test_a_title_says_how_many_of_how_many(dataset, tmp_path):
    assert contact_sheet(dataset, tmp_path / "a.svg", count=12, title="mine") == 12
    assert texts(tmp_path / "a.svg")[0] == "mine, train: 12 of 30"


def test_the_seed_decides_the_choice(dataset, tmp_path):
    first, again, other = (chosen(dataset, tmp_path / "a.svg", count=12, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len({*first}) == 12


def test_a_larger_sheet_begins_with_the_smaller_one(dataset, tmp_path):
    few, more, all_of_them = (chosen(dataset, tmp_path / "a.svg", count=count) for count in (12, 20, 99))
    assert more[:12] == few
    assert all_of_them[:20] == more
    assert sorted(all_of_them) == list(range(30))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("test", "split test: expected drawings to show, there are none"),
        ("tset", "split: expected one of train, valid, test, received 'tset'"),
    ],
)
def test_a_sheet_of_no_drawings_is_refused(dataset, tmp_path, split, message):
    with pytest.raises(InputError, match=message):
        contact_sheet(dataset, tmp_path / "a.svg", split=split)
    assert list(tmp_path.iterdir()) == []


def test_four_hundred_real_drawings_stay_under_a_megabyte(tmp_path):
    data = load_dataset(shared("data", "aaron_sheep.npz"))
    assert contact_sheet(data, tmp_path / "a.svg", count=400) == 400
    assert (tmp_path / "a.svg").stat().st_size < 1e6
