"""Facts about conversion as a whole: real drawings come through unchanged, and options are looked at first."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from support.conversion_files import ALL, SQUARE, columns_of, random_drawings, write_lines
from support.paths import shared

from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.npz import SPLITS, read_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.records import record_path, write_record


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real drawings: the lines they came in, the data file made of them and the report."""
    folder = shared("data", "quickdraw_ndjson")
    lines = [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]
    output = tmp_path_factory.mktemp("real") / "a.npz"
    return SimpleNamespace(folder=folder, lines=lines, output=output, report=convert(folder, output))


def test_the_real_drawings_are_counted(real):
    report = real.report
    assert (report.found, report.kept, report.dropped) == (300, 299, {"of more than 250 points": 1})
    assert report.splits == {"train": 269, "valid": 15, "test": 15}
    assert report.categories["flying saucer"] == 25


def test_the_report_says_what_loading_says(real):
    data = load_dataset(real.output)
    assert real.report.splits == {split: len(getattr(data, split)) for split in SPLITS}
    assert real.report.scale_factor == pytest.approx(data.scale_factor, rel=1e-12)
    assert real.report.lengths[-1] == data.max_seq_len


def test_the_real_drawings_come_through_unchanged(real):
    originals = [str(line["drawing"]) for line in real.lines]
    splits = read_splits(real.output).values()
    converted = [str(columns_of(stroke3)) for split in splits for stroke3 in split]
    assert set(converted) < set(originals)
    assert len(converted) == 299


def test_what_the_game_did_not_recognise_can_be_left_out(real, tmp_path):
    recognized = sum(line["recognized"] for line in real.lines)
    report = convert(real.folder, tmp_path / "a.npz", recognized_only=True, max_points=999, **ALL)
    assert report.kept == recognized < 300


def test_a_file_named_twice_is_read_once(tmp_path):
    source = write_lines(tmp_path / "a.ndjson", random_drawings(5))
    other = write_lines(tmp_path / "b.ndjson", random_drawings(5, seed=1))
    report = convert([source, other, tmp_path / "." / "a.ndjson"], tmp_path / "a.npz", **ALL)
    assert report.kept == 10
    assert report.notes["files named more than once, read once"] == 1
    convert([source, other], tmp_path / "b.npz", **ALL)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.fixture
def downloaded(tmp_path):
    """A source and the record of its download, in a folder of their own."""
    (tmp_path / "in").mkdir()
    source = write_lines(tmp_path / "in" / "a.ndjson", random_drawings(5))
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    write_record(source, {"url": "http://x/a", "size": source.stat().st_size, "sha256": sha256})
    return source


def test_the_record_of_a_download_is_none_of_the_drawings(downloaded, tmp_path):
    assert record_path(downloaded).suffix == ".json"
    assert convert(downloaded.parent, tmp_path / "a.npz", **ALL).kept == 5


def test_a_source_that_is_not_as_it_was_downloaded_is_refused(downloaded, tmp_path):
    write_lines(downloaded, random_drawings(4))
    with pytest.raises(InputError, match="expected the file that was downloaded from http://x/a"):
        convert(downloaded.parent, tmp_path / "a.npz")
    assert not (tmp_path / "a.npz").exists()


def test_progress_ends_when_all_has_been_read(tmp_path):
    heard = []
    convert(write_lines(tmp_path / "a.ndjson", random_drawings(5)), tmp_path / "a.npz", progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -1}, "epsilon: expected a number of at least 0, received -1"),
        ({"epsilon": float("nan")}, "epsilon: expected a number of at least 0, received nan"),
        ({"max_points": 0}, "max_points: expected a whole number >= 1, received 0"),
        ({"per_category": 0}, "per_category: expected a whole number >= 1, received 0"),
        ({"seed": -1}, "seed: expected a whole number >= 0, received -1"),
        ({"polylines": "rows"}, "polylines: expected points or columns, received 'rows'"),
        ({"layout": "csv"}, "layout: expected one of quickdraw, arrays, folder, received 'csv'"),
        ({"max_points": 3}, "no drawing is left to write: 1 of more than 3 points"),
    ],
)
def test_impossible_options_are_refused(tmp_path, options, message):
    source = write_lines(tmp_path / "a.ndjson", [SQUARE])
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.npz", **options)
    assert list(tmp_path.iterdir()) == [source]


def test_another_output_than_npz_is_refused(tmp_path):
    source = write_lines(tmp_path / "a.ndjson", [SQUARE])
    with pytest.raises(InputError, match="expected a file name ending in .npz, received '.csv'"):
        convert(source, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == [source]


def test_an_output_that_exists_is_kept(tmp_path):
    source = write_lines(tmp_path / "a.ndjson", [SQUARE])
    (tmp_path / "a.npz").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"a\.npz exists already; .* overwrite=True"):
        convert(source, tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == b"mine"
