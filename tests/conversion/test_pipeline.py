"""Facts about conversion: the form that drawings are given, and which of them are chosen for which split."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import paths
from support.conversion_files import ALL, columns_of, random_drawings, train_of, write_lines

from sketch_rnn_keras.conversion import convert, prepare, splitting
from sketch_rnn_keras.conversion.items import Drawing
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.npz import SPLITS, read_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import to_polylines

SHARED = paths.SHARED / "data" / "quickdraw_ndjson"
points_in_canvas = hnp.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 255))


def as_drawing(polylines, **form) -> Drawing:
    return Drawing(np.concatenate(polylines).astype(float), [len(points) for points in polylines], "any", **form)


# ------------------------------------------------------------------------------------------- the form of a drawing


@given(st.lists(points_in_canvas, min_size=1, max_size=5))
def test_polylines_survive_as_they_are(polylines):
    (stroke3,) = prepare.prepare([as_drawing(polylines)], as_is=True)
    back = to_polylines(stroke3)
    assert len(back) == len(polylines)
    for ours, original in zip(back, polylines, strict=True):
        np.testing.assert_array_equal(ours, original)


@given(st.lists(points_in_canvas, min_size=1, max_size=5), st.integers(240, 255), st.integers(0, 30))
def test_simplified_drawings_stay_as_they_are(polylines, side, least):
    corners = np.array([[least, 0], [min(255, side + least), 0], [least, side]])
    polylines = [np.minimum(points, (255, side)) for points in polylines]
    drawing = as_drawing([corners, *(np.maximum(points, (least, 0)) for points in polylines)], may_be_simplified=True)
    (stroke3,) = prepare.prepare([drawing])
    assert stroke3.dtype == np.int16
    np.testing.assert_array_equal(np.concatenate(to_polylines(stroke3)), drawing.points)


@given(st.lists(st.tuples(points_in_canvas, st.floats(0.01, 1e4), st.booleans(), st.booleans()), min_size=1))
def test_other_drawings_are_aligned_and_scaled(parts):
    drawings = [
        as_drawing([points * scale + 1e3], may_be_simplified=maybe, resample=resample)
        for points, scale, maybe, resample in parts
    ]
    for drawing, stroke3 in zip(drawings, prepare.prepare(drawings), strict=True):
        if np.ptp(drawing.points, axis=0).max() == 0:
            assert stroke3 is None
            continue
        (points,) = to_polylines(stroke3)
        assert points.min() >= 0
        assert points.min(axis=0).max() <= 2  # at the top left, but that corners are cut when points are resampled
        assert 253 <= np.ptp(points, axis=0).max() <= 255
        assert len(points) <= (len(drawing.points) if not drawing.resample else 2000)


def test_many_drawings_are_prepared_as_each_alone():
    rng = np.random.default_rng(0)
    drawings = [
        as_drawing(
            [rng.normal(size=(n, 2)).cumsum(axis=0) * 40 for n in rng.integers(1, 90, 4)],
            may_be_simplified=bool(k % 2),
            resample=bool(k % 3),
        )
        for k in range(20)
    ]
    for drawing, stroke3 in zip(drawings, prepare.prepare(drawings), strict=True):
        np.testing.assert_array_equal(prepare.prepare([drawing])[0], stroke3)


def test_the_type_of_a_drawing_does_not_depend_on_those_beside_it():
    half, whole = as_drawing([np.array([[0, 0.5], [3, 4]])]), as_drawing([np.array([[0, 5], [3, 4]])])
    assert [one.dtype for one in prepare.prepare([half, whole], as_is=True)] == [np.float32, np.int16]


def test_raw_strokes_are_resampled_at_one_pixel():
    line = np.array([[0, 0], [100.0, 0], [100.0, 50.5]])
    batch = prepare._resample(prepare._join([as_drawing([line, line[:1] + 7, line[:2] * 0.0305])]))
    assert batch.lengths.tolist() == [152, 1, 5]
    first = batch.points[:152]
    np.testing.assert_allclose(np.hypot(*np.diff(first[:-1], axis=0).T), 1, atol=1e-9)
    np.testing.assert_allclose(first[[0, 100, -1]], line, atol=1e-9)
    np.testing.assert_allclose(batch.points[152:, 0], [7, 0, 1, 2, 3, 3.05])


def test_a_drawing_recorded_densely_gives_its_corners(tmp_path):
    """A raw square of side 700 with a point every 1.75 units: five corners are left, on the canvas."""
    steps = np.arange(401) / 400
    sides = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 700 + (33, -5)
    path = np.concatenate([a + steps[:, None] * (b - a) for a, b in itertools.pairwise(sides)])
    stroke = [*path.T.round(3).tolist(), list(range(len(path)))]
    convert(write_lines(tmp_path / "raw.ndjson", [[stroke]]), tmp_path / "a.npz", **ALL)
    corners = np.array([[0, 0], [255, 0], [255, 255], [0, 255], [0, 0]])
    (points,) = to_polylines(train_of(tmp_path / "a.npz")[0])
    assert len(points) == 5
    assert np.abs(points - corners).max() <= 1


def test_epsilon_is_applied_when_given(tmp_path):
    wavy = [[[0, 50, 100, 150, 200, 255], [0, 5, 0, 5, 0, 5]]]
    source = write_lines(tmp_path / "a.ndjson", [wavy])
    for epsilon, expected in ((None, 6), (2.0, 6), (6.0, 2)):
        convert(source, tmp_path / "a.npz", epsilon=epsilon, **ALL)
        assert len(train_of(tmp_path / "a.npz")[0]) == expected


# -------------------------------------------------------------------------------------------------- real drawings


def test_the_real_drawings(tmp_path):
    if not SHARED.exists():
        pytest.skip("the real drawings are not beside the repository: no shared/data/quickdraw_ndjson")
    report = convert(SHARED, tmp_path / "a.npz")
    data = load_dataset(tmp_path / "a.npz")
    assert (report.found, report.kept, report.dropped) == (300, 299, {"of more than 250 points": 1})
    assert report.splits == {split: len(getattr(data, split)) for split in SPLITS}
    assert report.splits == {"train": 269, "valid": 15, "test": 15}
    assert report.scale_factor == pytest.approx(data.scale_factor, rel=1e-12)
    assert report.lengths[-1] == data.max_seq_len
    assert report.categories["flying saucer"] == 25
    lines = [line for path in SHARED.iterdir() for line in path.read_text().splitlines()]
    originals = [str(json.loads(line)["drawing"]) for line in lines]
    converted = sorted(
        str(columns_of(stroke3)) for split in read_splits(tmp_path / "a.npz").values() for stroke3 in split
    )
    assert set(converted) < set(originals)
    assert len(converted) == 299
    recognized = sum(json.loads(line)["recognized"] for line in lines)
    options = {"recognized_only": True, "max_points": 999}
    assert convert(SHARED, tmp_path / "a.npz", **options, **ALL).kept == recognized < 300


# -------------------------------------------------------------------------------------------- choosing and splitting


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


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ((70000, 2500, 2500), "asked for 70000 2500 2500, 75000 drawings, but 40 are left; .* --splits 0.9 0.05 0.05"),
        ((0.5, 0.25, 0.2), "add up to 0.95"),
        ((0, 0.5, 0.5), "expected drawings to train with"),
        ((1, -1, 1), "expected three numbers"),
        ((1, float("nan"), 0), "expected three numbers"),
        ((0.5, 0.5), "expected three numbers"),
        ((10.5, 2, 2), "expected whole numbers"),
    ],
)
def test_impossible_splits(tmp_path, splits, message):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(40))
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.npz", splits=splits)
    assert list(tmp_path.iterdir()) == [source]


def test_per_category_draws_a_fair_sample(tmp_path):
    sources = [write_lines(tmp_path / f"{k}.ndjson", random_drawings(20, k), word=f"w{k}") for k in range(2)]
    report = convert(sources, tmp_path / "a.npz", per_category=5)
    assert report.categories == {"w0": 5, "w1": 5}
    assert (report.kept, report.not_chosen) == (10, 30)
    chosen = np.zeros(20)
    for seed in range(400):
        selection = splitting.Selection(5, seed)
        for k in range(20):
            selection.add(np.full((2, 3), k), "any", None)
        drawings, _ = selection.into_splits((1, 0, 0))
        chosen[[drawing[0, 0] for drawing in drawings["train"]]] += 1
    assert chosen.sum() == 2000
    assert np.abs(chosen - 100).max() < 45  # 5 standard deviations of a binomial count


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="use --per-category"):
        convert(write_lines(tmp_path / "a.ndjson", random_drawings(9)), tmp_path / "a.npz")
    assert convert(tmp_path / "a.ndjson", tmp_path / "a.npz", per_category=3).kept == 3


def test_a_file_named_twice_is_read_once(tmp_path):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(5))
    other = write_lines(tmp_path / "b.ndjson", random_drawings(5, seed=1))
    report = convert([source, other, tmp_path / "." / "a.ndjson"], tmp_path / "a.npz", **ALL)
    assert report.kept == 10
    assert report.notes["files named more than once, read once"] == 1
    convert([source, other], tmp_path / "b.npz", **ALL)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_source_is_compared_with_the_record_of_its_download(tmp_path):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(5))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    record = {"url": "http://x/a", "size": source.stat().st_size, "sha256": digest}
    (tmp_path / "a.ndjson.download.json").write_text(json.dumps(record))
    assert convert(tmp_path, tmp_path / "a.npz", **ALL).kept == 5  # the record is none of the drawings
    write_lines(source, random_drawings(4))
    with pytest.raises(InputError, match="expected the file that was downloaded from http://x/a"):
        convert(tmp_path, tmp_path / "b.npz")
    assert not (tmp_path / "b.npz").exists()


def test_a_seed_below_zero_is_refused(tmp_path):
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0, received -1"):
        convert(write_lines(tmp_path / "a.ndjson", random_drawings(5)), tmp_path / "a.npz", seed=-1)


def test_long_drawings_are_reported(tmp_path):
    zigzag = [[list(range(256)), [0, 200] * 128]]
    source = write_lines(tmp_path / "a.ndjson", [zigzag, *random_drawings(3)])
    report = convert(source, tmp_path / "a.npz")
    assert report.dropped == {"of more than 250 points": 1}
    assert "--max-points 256" in report.warnings()[0]
    assert "25% of the drawings were left out" in report.warnings()[1]
    report = convert(source, tmp_path / "a.npz", max_points=256, **ALL)
    assert "train with --set max_seq_len=256" in report.warnings()[0]
    assert report.lengths.tolist() == [7, 7, 7, 256]


# ---------------------------------------------------------------------------------------------------------- command


def test_the_command(command):
    write_lines(Path("cat.ndjson"), random_drawings(40), word="cat")
    status, out, err = command("convert", "cat.ndjson", "-o", "new/a.npz", "--splits", 30, 6, 4, "--format", "arrays")
    assert (status, err) == (0, "")
    assert out.startswith(
        "new/a.npz: 40 of 40 drawings: 30 train / 6 valid / 4 test\npoints: 7 to 7, median 7, 95 % 7\n"
    )
    np.load("new/a.npz", allow_pickle=False)["train_lengths"]
    status, out, err = command("convert", "cat.ndjson", "-o", "new/a.npz")
    assert (status, out) == (2, "")
    assert "--overwrite" in err
    before = Path("new/a.npz").read_bytes()
    for splits in (("0.5", "0.25", "0.25"), ("30", "6", "9")):
        status, _, err = command("convert", "cat.ndjson", "-o", "new/a.npz", "--overwrite", "--splits", *splits)
        assert status == (2 if "9" in splits else 0)
        assert (Path("new/a.npz").read_bytes() == before) == (status != 0)
        before = Path("new/a.npz").read_bytes()
    assert "asked for 30 6 9, 45 drawings, but 40 are left" in err
