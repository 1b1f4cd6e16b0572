"""Facts about which drawings go into a data file, and into which split: chosen fairly, and by the seed."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conversion_files import columns_of, random_drawings, write_lines
from support.npz_archives import memory_below

from sketch_rnn_keras.conversion import convert, pipeline, splitting
from sketch_rnn_keras.conversion.splitting import choose
from sketch_rnn_keras.data.npz import read_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.streams import Stream, generator


def of_one_category(count: int, limit: int | None, splits: tuple, seed: int) -> dict[str, np.ndarray]:
    return choose(np.zeros(count, int), np.zeros(count, int), limit, splits, seed)


@pytest.mark.parametrize("layout", ["quickdraw", "arrays"])
def test_the_seed_decides_every_byte(tmp_path, layout):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(40), word="cat")
    contents = []
    for seed in (1, 1, 2):
        convert(source, tmp_path / "a.npz", seed=seed, per_category=30, layout=layout, overwrite=True)
        contents.append((tmp_path / "a.npz").read_bytes())
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize(
    ("splits", "counts"),
    [(None, (36, 2, 2)), ((0.5, 0.25, 0.25), (20, 10, 10)), ((30, 4, 3), (30, 4, 3)), ((0.98, 0.01, 0.01), (38, 1, 1))],
)
def test_splits_share_no_drawing(tmp_path, splits, counts):
    drawings = random_drawings(40)
    report = convert(write_lines(tmp_path / "a.ndjson", drawings), tmp_path / "a.npz", splits=splits)
    assert tuple(report.splits.values()) == counts
    assert report.not_chosen == 40 - sum(counts)
    written = [str(columns_of(stroke3)) for split in read_splits(tmp_path / "a.npz").values() for stroke3 in split]
    assert len(set(written)) == len(written) == sum(counts)
    assert set(written) <= set(map(str, drawings))


def test_small_fractions_give_one_drawing_and_none_gives_none():
    assert splitting.count_splits((0.98, 0.01, 0.01), 40) == [38, 1, 1]
    assert splitting.count_splits((0.5, 0.5, 0), 5) == [3, 2, 0]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (
            (70000, 2500, 2500),
            "asked for 70000 2500 2500, 75000 drawings, but 40 are left; .* splits=.0.9, 0.05, 0.05.",
        ),
        ((0.5, 0.25, 0.2), "add up to 0.95"),
        ((0, 0.5, 0.5), "expected drawings to train with"),
        ((1, -1, 1), "expected three numbers"),
        ((1, float("nan"), 0), "expected three numbers"),
        ((0.5, 0.5), "expected three numbers"),
        ((10.5, 2, 2), "expected whole numbers"),
    ],
)
def test_impossible_splits_are_refused(tmp_path, splits, message):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(40))
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.npz", splits=splits)
    assert list(tmp_path.iterdir()) == [source]


def test_per_category_keeps_as_many_of_each(tmp_path):
    sources = [write_lines(tmp_path / f"{k}.ndjson", random_drawings(20, k), word=f"w{k}") for k in range(2)]
    report = convert(sources, tmp_path / "a.npz", per_category=5)
    assert report.categories == {"w0": 5, "w1": 5}
    assert (report.kept, report.not_chosen) == (10, 30)


def test_per_category_draws_a_fair_sample():
    chosen = np.zeros(20)
    for seed in range(400):
        chosen[of_one_category(20, 5, (1, 0, 0), seed)["train"]] += 1
    assert chosen.sum() == 2000
    assert np.abs(chosen - 100).max() < 45  # 5 standard deviations of a binomial count


def test_the_splits_are_dealt_fairly():
    tested = np.zeros(20)
    for seed in range(400):
        tested[of_one_category(20, None, (0.5, 0.25, 0.25), seed)["test"]] += 1
    assert np.abs(tested - 100).max() < 45


def test_without_splits_each_drawing_stays_where_it_was():
    own = np.array([0, 2, 0, 2, 0])
    dealt = choose(np.zeros(5, int), own, None, None, 0)
    assert {split: numbers.tolist() for split, numbers in dealt.items()} == {
        "train": [0, 2, 4],
        "valid": [],
        "test": [1, 3],
    }


def reservoir(categories: list[int], limit: int, seed: int) -> list[int]:
    """Reservoir sampling as one would write it first, group by group."""
    rng = generator(seed, Stream.CONVERSION_CHOICE)
    groups: dict[int, list[int]] = {}
    seen: Counter[int] = Counter()
    for number, category in enumerate(categories):
        group = groups.setdefault(category, [])
        seen[category] += 1
        if len(group) < limit:
            group.append(number)
        elif (place := int(rng.integers(seen[category]))) < limit:
            group[place] = number
    return [number for group in groups.values() for number in group]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 99))
def test_the_sample_is_that_of_a_loop_over_the_drawings(categories, limit, seed):
    own = np.zeros(len(categories), int)
    assert choose(np.array(categories), own, limit, None, seed)["train"].tolist() == reservoir(categories, limit, seed)


def test_the_sample_takes_memory_for_the_drawings_whatever_the_groups():
    """One large category among many small ones: a place for the limit in each would be 320 MB."""
    categories = np.append(np.arange(2000), np.full(20_500, 2000))
    with memory_below(5_000_000):
        chosen = choose(categories, np.zeros(len(categories), int), 20_000, None, 0)["train"]
    assert np.bincount(categories[chosen]).tolist() == [1] * 2000 + [20_000]
    assert chosen.tolist() == reservoir(categories.tolist(), 20_000, 0)


@pytest.mark.parametrize(("name", "most"), [("MAX_BYTES", 200), ("MAX_DRAWINGS", 4)])
def test_what_a_file_holds_is_bounded_before_it_is_in_memory(tmp_path, monkeypatch, name, most):
    monkeypatch.setattr(pipeline, name, most)
    source = write_lines(tmp_path / "a.ndjson", random_drawings(9))
    for splits in ((7, 1, 1), (1, 7, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "_as_arrays", None)
            with pytest.raises(InputError, match="write a folder, lower per_category, or give fewer sources") as caught:
                convert(source, tmp_path / "a.npz", splits=splits)
        assert f"split {'train' if splits[0] > 1 else 'valid'}: expected at most {most} " in str(caught.value)
    assert convert(source, tmp_path / "a.npz", per_category=3).kept == 3
    assert convert(source, tmp_path / "a").kept == 9
