"""Facts about what is said of a data set: figures counted another way, warnings provoked."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.data_files import load, make_drawing
from support.paths import shared

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.npz import SPLITS
from sketch_rnn_keras.data.summary import describe, find_duplicates, histogram

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


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=12), st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_duplicates_are_those_that_a_double_loop_finds(tmp_path_factory, train, valid, test):
    names = dict(zip(SPLITS, (train, valid, test), strict=True))
    path = tmp_path_factory.getbasetemp() / "duplicates.npz"
    found = find_duplicates(
        load(path, *([make_drawing(seed, 3 + seed % 2) for seed in seeds] for seeds in names.values()))
    )
    for name, seeds in names.items():
        assert found.within[name] == sum(seed in seeds[:k] for k, seed in enumerate(seeds))
    assert found.between.keys() == {("train", "valid"), ("train", "test"), ("valid", "test")}
    for (first, second), count in found.between.items():
        assert count == sum(seed in names[first] for seed in names[second])


def test_nearly_equal_drawings_are_not_duplicates(tmp_path):
    other = make_drawing(1)
    other[3, 0] += 1
    shorter, lifted = make_drawing(1)[:-1], make_drawing(1, lifts=[2])
    dataset = load(tmp_path / "a.npz", [make_drawing(1), other, shorter, lifted])
    assert find_duplicates(dataset).within["train"] == 0


def test_minus_zero_is_zero(tmp_path):
    zero, minus_zero = make_drawing(2), make_drawing(2)
    zero[0, 0], minus_zero[0, 0] = 0.0, -0.0
    assert find_duplicates(load(tmp_path / "a.npz", [zero, minus_zero])).within["train"] == 1


# -------------------------------------------------------------------------------------------------------- description


def test_the_description_has_the_figures_of_each_split(tmp_path):
    train = [make_drawing(k, length=10 + k, lifts=[2, 5]) for k in range(9)]
    dataset = load(tmp_path / "a.npz", train, [make_drawing(50, length=7, lifts=[6])])
    lines = describe(dataset, "mine").splitlines()
    assert lines[:2] == ["mine", f"scale factor {dataset.scale_factor:.4f}, N_max 18"]
    assert lines[4].split() == ["train", "9", "10", "14", "17", "18", "3", "3"]
    assert lines[5].split() == ["valid", "1", "7", "7", "7", "7", "1", "1"]
    assert lines[6].split() == ["test", "0"]
    assert lines[-1] == "duplicates: none within a split"
    assert max(map(len, lines)) <= 80


@pytest.fixture
def remarks(tmp_path) -> str:
    """What is said last of a data set that has everything to be warned of."""
    long = [make_drawing(k, length=251) for k in (1, 2)]
    three, four, five = (make_drawing(k) for k in (3, 4, 5))
    train = [three, three, four, np.zeros((0, 3), np.float32), *long]
    text = describe(load(tmp_path / "data.npz", train, [four, five], [three, four, five]), "mine")
    return text.split("duplicates: ")[1]


def test_repeated_drawings_are_counted(remarks):
    assert remarks.startswith("1 in train within a split\n")


def test_drawings_of_one_split_in_another_are_warned_of(remarks):
    assert "warning: train also holds 1 of valid's 2 drawings:\n         results on valid will be too good" in remarks
    assert "warning: train also holds 2 of test's 3 drawings" in remarks
    assert "warning: valid also holds 2 of test's 3 drawings" in remarks


def test_long_drawings_are_warned_of_with_a_cure(remarks):
    assert "warning: 2 of the drawings have more than 250 points" in remarks
    assert "train with max_seq_len=250 to leave them out" in remarks


def test_what_was_left_out_is_warned_of(remarks, tmp_path):
    assert f"warning: {tmp_path}/data.npz, split train: left out 1 empty (number 3)" in remarks


@pytest.mark.parametrize(
    ("name", "figures", "leak", "warning"),
    [
        ("aaron_sheep", "18.5198, N_max 250", 0, "duplicates: none within a split"),
        ("short_kanji", "N_max 88", 7, "train also holds 7 of valid's 600"),
    ],
)
def test_real_drawings(name, figures, leak, warning):
    dataset = load_dataset(shared("data", f"{name}.npz"))
    text = describe(dataset, name)
    assert figures in text.splitlines()[1]
    assert find_duplicates(dataset).between["train", "valid"] == leak
    assert warning in text
    assert max(map(len, text.splitlines())) <= 80
