"""Facts about which drawings go into a data file, and into which split: chosen fairly, and by the seed."""

import numpy as np
import pytest
from support.conversion_files import columns_of, random_drawings, write_lines

from sketch_rnn_keras.conversion import convert, splitting
from sketch_rnn_keras.conversion.splitting import Reservoir
from sketch_rnn_keras.data.npz import SPLITS, read_splits
from sketch_rnn_keras.errors import InputError


def some(count: int, first: int = 0) -> list[np.ndarray]:
    """Drawings that are told apart by their numbers."""
    return [np.full((2, 3), k) for k in range(first, first + count)]


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
        reservoir = Reservoir(5, seed)
        for drawing in some(20):
            reservoir.add(drawing, "any", None)
        drawings, _ = reservoir.into_splits((1, 0, 0))
        chosen[[drawing[0, 0] for drawing in drawings["train"]]] += 1
    assert chosen.sum() == 2000
    assert np.abs(chosen - 100).max() < 45  # 5 standard deviations of a binomial count


def test_the_splits_are_dealt_fairly():
    tested = np.zeros(20)
    for seed in range(400):
        reservoir = Reservoir(None, seed)
        for drawing in some(20):
            reservoir.add(drawing, "any", None)
        drawings, _ = reservoir.into_splits((0.5, 0.25, 0.25))
        tested[[drawing[0, 0] for drawing in drawings["test"]]] += 1
    assert np.abs(tested - 100).max() < 45


def test_without_splits_each_drawing_stays_where_it_was():
    reservoir = Reservoir(None, 0)
    for split, drawings in {"train": some(3), "test": some(2, first=3)}.items():
        for drawing in drawings:
            reservoir.add(drawing, "any", split)
    dealt, categories = reservoir.into_splits(None)
    assert {split: [drawing[0, 0] for drawing in dealt[split]] for split in SPLITS} == {
        "train": [0, 1, 2],
        "valid": [],
        "test": [3, 4],
    }
    assert categories == {"any": 5}


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="lower per_category, or give fewer sources"):
        convert(write_lines(tmp_path / "a.ndjson", random_drawings(9)), tmp_path / "a.npz")
    assert convert(tmp_path / "a.ndjson", tmp_path / "a.npz", per_category=3).kept == 3
