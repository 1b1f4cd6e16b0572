"""Facts about what is said of a data set: figures counted another way, warnings provoked, the sheet read back."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import paths

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.summary import describe, find_duplicates, histogram
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.pictures.contact_sheet import contact_sheet

SVG = "{http://www.w3.org/2000/svg}"
SHARED = paths.SHARED / "data"


def drawing(seed, length=5, lifts=()):
    rows = np.random.default_rng(seed).integers(-50, 50, (length, 3))
    rows[:, 2] = 0
    rows[list(lifts), 2] = 1
    return rows.astype(np.float32)


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Writes a data set of the given drawings and loads it."""
    monkeypatch.chdir(tmp_path)

    def write(train, valid=(), test=()):
        arrays = {}
        for name, drawings in (("train", train), ("valid", valid), ("test", test)):
            arrays[name] = np.empty(len(drawings), object)
            arrays[name][:] = drawings
        np.savez("data.npz", **arrays)
        return load_dataset("data.npz")

    return write


def texts(path):
    return [text.text for text in ElementTree.parse(path).iter(f"{SVG}text")]


# --------------------------------------------------------------------------------------------------------- histogram


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_each_length_is_counted_where_it_belongs(lengths):
    lines = histogram(np.array(lengths))
    assert 1 <= len(lines) <= 15
    total, longest = 0, 0
    for line in lines:
        low, high, count, bar = re.fullmatch(r" *(\d+)(?:-(\d+))? +([\d,]+) ?(#*)", line).groups()
        inside = sum(int(low) <= length <= int(high or low) for length in lengths)
        assert inside == int(count.replace(",", ""))
        assert bool(inside) == bool(bar)
        total += inside
        longest = max(longest, len(bar))
    assert total == len(lengths)
    assert longest == 50


def test_bars_are_as_long_as_their_counts():
    assert histogram(np.array([3] * 100 + [4] * 50 + [6])) == [
        f"3       100 {'#' * 50}",
        f"4        50 {'#' * 25}",
        "5         0",
        "6         1 #",
    ]


# -------------------------------------------------------------------------------------------------------- duplicates


@given(st.lists(st.integers(0, 6), min_size=2, max_size=12), st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_duplicates_are_those_that_a_double_loop_finds(tmp_path_factory, train, valid, test):
    names = dict(zip(("train", "valid", "test"), (train, valid, test), strict=True))
    arrays = {}
    for name, seeds in names.items():
        arrays[name] = np.empty(len(seeds), object)
        arrays[name][:] = [drawing(seed, length=3 + seed % 2) for seed in seeds]
    path = tmp_path_factory.getbasetemp() / "duplicates.npz"
    np.savez(path, **arrays)
    found = find_duplicates(load_dataset(path))
    for name, seeds in names.items():
        assert found.within[name] == sum(seed in seeds[:k] for k, seed in enumerate(seeds))
    assert found.between.keys() == {("train", "valid"), ("train", "test"), ("valid", "test")}
    for (first, second), count in found.between.items():
        assert count == sum(seed in names[first] for seed in names[second])


def test_nearly_equal_drawings_are_not_duplicates(make):
    one, other = drawing(1), drawing(1)
    other[3, 0] += 1
    shorter, lifted = drawing(1)[:-1], drawing(1, lifts=[2])
    assert find_duplicates(make([one, other, shorter, lifted])).within["train"] == 0
    zero, minus_zero = drawing(2), drawing(2)
    zero[0, 0], minus_zero[0, 0] = 0.0, -0.0
    assert find_duplicates(make([zero, minus_zero])).within["train"] == 1


# -------------------------------------------------------------------------------------------------------- description


def test_description(make):
    train = [drawing(k, length=10 + k, lifts=[2, 5]) for k in range(9)]
    valid = [drawing(50, length=7, lifts=[6])]
    dataset = make(train, valid)
    lines = describe(dataset, "mine").splitlines()
    assert lines[:2] == ["mine", f"scale factor {dataset.scale_factor:.4f}, N_max 18"]
    assert lines[4].split() == ["train", "9", "10", "14", "17", "18", "3", "3"]
    assert lines[5].split() == ["valid", "1", "7", "7", "7", "7", "1", "1"]
    assert lines[6].split() == ["test", "0"]
    assert lines[-1] == "duplicates: none within a split"
    assert max(map(len, lines)) <= 80


def test_warnings(make):
    long = [drawing(k, length=251) for k in (1, 2)]
    empty = np.zeros((0, 3), np.float32)
    train = [drawing(3), drawing(3), drawing(4), empty, *long]
    text = describe(make(train, [drawing(4), drawing(5)], [drawing(3), drawing(4), drawing(5)]), "mine")
    _, remarks = text.split("duplicates: ")
    assert "1 in train within a split" in remarks
    assert "warning: train also holds 1 of valid's 2 drawings:\n         results on valid will be too good" in remarks
    assert "warning: train also holds 2 of test's 3 drawings" in remarks
    assert "warning: valid also holds 2 of test's 3 drawings" in remarks
    assert "warning: 2 of the drawings have more than 250 points" in remarks
    assert "warning: data.npz, split train: left out 1 empty (number 3)" in remarks


@pytest.mark.parametrize(
    ("name", "figures", "leak"), [("aaron_sheep", "18.5198, N_max 250", 0), ("short_kanji", "N_max 88", 7)]
)
def test_real_drawings(name, figures, leak):
    path = SHARED / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"the real drawings are not beside the repository: no shared/data/{name}.npz")
    dataset = load_dataset(path)
    text = describe(dataset, name)
    assert figures in text.splitlines()[1]
    assert find_duplicates(dataset).between["train", "valid"] == leak
    assert ("train also holds 7 of valid's 600" in text) == bool(leak)
    assert max(map(len, text.splitlines())) <= 80


# ------------------------------------------------------------------------------------------------------ contact sheet


def test_a_sheet_shows_the_drawings_it_numbers(make):
    dataset = make([drawing(k, length=3 + k) for k in range(30)])
    assert contact_sheet(dataset, "a.svg", count=12, seed=3, title="mine") == 12
    title, *numbers = texts("a.svg")
    assert title == "mine, train: 12 of 30"
    assert len({*numbers}) == 12
    paths = [path.get("d") for path in ElementTree.parse("a.svg").iter(f"{SVG}path")]
    points = [len(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", path)) // 2 for path in paths]
    assert points == [3 + int(number) for number in numbers]


def test_the_choice_depends_on_the_seed_and_grows_with_the_count(make):
    dataset = make([drawing(k) for k in range(30)])
    chosen = {}
    for name, options in {"a": {}, "b": {}, "c": {"seed": 1}, "d": {"count": 20}, "e": {"count": 99}}.items():
        contact_sheet(dataset, f"{name}.svg", **{"count": 12, **options})
        chosen[name] = texts(f"{name}.svg")
    assert chosen["a"] == chosen["b"] == chosen["d"][:12]
    assert chosen["a"] != chosen["c"]
    assert sorted(map(int, chosen["e"])) == list(range(30))


def test_sheets_that_cannot_be(make):
    dataset = make([drawing(1), drawing(2)])
    with pytest.raises(InputError, match="split test: expected drawings to show, there are none"):
        contact_sheet(dataset, "a.svg", split="test")
    with pytest.raises(InputError, match="expected one of train, valid, test, received 'tset'"):
        contact_sheet(dataset, "a.svg", split="tset")
    assert not Path("a.svg").exists()


def test_four_hundred_real_drawings_stay_under_a_megabyte(tmp_path):
    path = SHARED / "aaron_sheep.npz"
    if not path.exists():
        pytest.skip("the real drawings are not beside the repository: no shared/data/aaron_sheep.npz")
    contact_sheet(load_dataset(path), tmp_path / "a.svg", count=400)
    assert (tmp_path / "a.svg").stat().st_size < 1e6


# ------------------------------------------------------------------------------------------------------------ command


def test_the_command_writes_a_sheet(command):
    arguments = ("info", "doodles:cat:30", "--contact-sheet", "new/a.svg", "--count", 6, "--columns", 3)
    status, out, err = command(*arguments, "--split", "valid", "--seed", 5)
    assert status == 0
    assert "scale factor" in out
    assert "6 drawings" in err
    assert texts("new/a.svg")[0] == "doodles:cat:30, valid: 6 of 100"
    before = Path("new/a.svg").read_bytes()
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert "--overwrite" in err
    assert Path("new/a.svg").read_bytes() == before
    assert command(*arguments, "--overwrite")[0] == 0
    assert Path("new/a.svg").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["doodles:cat:30", "--count", 5], "--count is for the picture"),
        (["doodles:cat:30", "--overwrite"], "--overwrite is for the picture"),
        (["doodles:cat:30", "--contact-sheet", "a.gif"], r"ending in .svg or .png"),
        (["doodles:cat:30", "--contact-sheet", "a.svg", "--split", "tset"], "received 'tset'"),
        (["run.keras", "--contact-sheet", "a.svg"], "run.keras is a model or a config"),
        (["config.json", "--contact-sheet", "a.svg"], "config.json is a model or a config"),
    ],
)
def test_options_that_make_no_sense_are_refused(command, arguments, message):
    status, out, err = command("info", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert list(Path().iterdir()) == []
