"""Facts about data sets on disk: they give what a file gives, byte for byte; what is not whole is refused."""

import errno
import json
import os
import shutil

import numpy as np
import pytest
from support.data_files import assert_same, make_drawings, write_data
from support.npz_archives import memory_below
from support.paths import shared
from support.tiny import tiny_hparams

from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.data.batches import sequential_batches, training_batch
from sketch_rnn_keras.data.datasets import load_dataset, load_split
from sketch_rnn_keras.data.folders import HEADER, header, verify_folder
from sketch_rnn_keras.data.npz import SPLITS
from sketch_rnn_keras.data.splits import Split
from sketch_rnn_keras.data.summary import describe
from sketch_rnn_keras.errors import Hindered, InputError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The same drawings as a file and as a folder, some of them with offsets beyond 1000."""
    folder = tmp_path_factory.mktemp("made")
    train = [*make_drawings(0, [*range(3, 50), 25, 70]), np.int16([[3000, 4, 0], [-5, -2000, 1]])]
    (folder / "raw").mkdir()
    raw = write_data(folder / "raw" / "a.npz", train=train, valid=make_drawings(1, [5, 9] * 9))
    for output in ("a.npz", "a"):
        convert(raw, folder / output, as_is=True)
    return folder / "a.npz", folder / "a"


@pytest.fixture
def damaged(made, tmp_path):
    """A copy of the folder, and its manifest, to be damaged."""
    shutil.copytree(made[1], tmp_path / "a")
    return tmp_path / "a", json.loads((made[1] / "manifest.json").read_bytes())


# ---------------------------------------------------------------------------------------------------- as a file does


@pytest.mark.parametrize("limit", [None, 30])
def test_a_folder_gives_the_numbers_of_a_file(made, limit):
    file, folder = (load_dataset(path, limit) for path in made)
    assert folder.scale_factor == file.scale_factor
    assert folder.max_seq_len == file.max_seq_len
    assert folder.categories == file.categories == ("a",)
    for split in SPLITS:
        ours, theirs = getattr(folder, split), getattr(file, split)
        assert_same(list(ours), list(theirs))
        np.testing.assert_array_equal(ours.lengths, theirs.lengths)
        np.testing.assert_array_equal(ours.categories, theirs.categories)
    assert [(drop.reason, list(drop.indices)) for drop in folder.dropped] == [
        (drop.reason, list(drop.indices)) for drop in file.dropped
    ]
    assert describe(folder, "a") == describe(file, "a").replace(str(made[0]), str(made[1]))


def test_batches_from_a_folder_are_those_from_a_file_byte_for_byte(made):
    file, folder = map(load_dataset, made)
    hparams = tiny_hparams(batch_size=8, max_seq_len=file.max_seq_len, augment_stroke_prob=0.3, random_scale_factor=0.2)
    for step in range(20):
        ours, theirs = (
            training_batch(one.train, hparams, step, scale_factor=one.scale_factor) for one in (folder, file)
        )
        assert ours.strokes5.tobytes() == theirs.strokes5.tobytes()
        assert_same(ours, theirs)
    pairs = [list(sequential_batches(one.valid, 4, 70, scale_factor=one.scale_factor)) for one in (folder, file)]
    assert len(pairs[0]) == 4
    for ours, theirs in zip(*pairs, strict=True):
        assert_same(ours, theirs)


def test_numbers_that_are_not_whole_are_kept_as_float32(tmp_path):
    train = [drawing * np.float32([0.1, 0.3, 1]) for drawing in make_drawings(0, [4, 30, 9])]
    file = write_data(tmp_path / "a.npz", train=train, valid=make_drawings(3, [4]), test=[])
    convert(file, tmp_path / "b.npz", as_is=True)
    convert(file, tmp_path / "a", as_is=True)
    theirs, ours = load_dataset(tmp_path / "b.npz"), load_dataset(tmp_path / "a")
    assert ours.scale_factor == theirs.scale_factor
    assert_same(list(ours.train), list(theirs.train))
    assert np.load(tmp_path / "a" / "strokes.npy").dtype == np.float32
    assert load_dataset(tmp_path / "a", 9).scale_factor == load_dataset(tmp_path / "b.npz", 9).scale_factor


def test_no_row_of_float32_is_read_to_open_a_folder(tmp_path, monkeypatch):
    train = [drawing * np.float32([0.1, 0.3, 1]) for drawing in make_drawings(0, [4, 30, 9])]
    file = write_data(tmp_path / "a.npz", train=train)
    convert(file, tmp_path / "a", as_is=True)
    expected = load_dataset(file).scale_factor
    with monkeypatch.context() as patch:
        patch.setattr("sketch_rnn_keras.data.splits.FileRows.gather", None)
        for limit in (None, 30):
            assert load_dataset(tmp_path / "a", limit).scale_factor == expected
    for others in ([tmp_path / "a", file], [file, tmp_path / "a"]):
        assert load_dataset(others).scale_factor == load_dataset([file, file]).scale_factor


def test_one_split_is_read_as_all_three_are(made):
    assert_same(list(load_split(made[1], "valid")), list(load_dataset(made[1]).valid))


def test_folders_and_files_are_joined_and_keep_their_categories(made, tmp_path):
    other = write_data(tmp_path / "b.npz", train=make_drawings(7, [4, 90]), valid=make_drawings(8, [3]))
    files, mixed = load_dataset([other, made[0], other]), load_dataset([other, made[1], other])
    assert mixed.scale_factor == files.scale_factor
    assert mixed.categories == files.categories == ("b", "a")
    for split in SPLITS:
        assert_same(list(getattr(mixed, split)), list(getattr(files, split)))
        np.testing.assert_array_equal(getattr(mixed, split).categories, getattr(files, split).categories)
    chosen = np.array([0, 53, 3, 40, 1])
    assert_same(mixed.train.gather(chosen), files.train.gather(chosen))
    assert mixed.train.categories[chosen].tolist() == [0, 0, 1, 1, 0]


def test_a_drawing_of_a_folder_is_read_only_and_ends_where_it_does(made):
    train = load_dataset(made[1]).train
    with pytest.raises(ValueError, match="read-only"):
        train[0][0] = 0
    with pytest.raises(IndexError):
        train[len(train)]
    np.testing.assert_array_equal(train[-1], train[len(train) - 1])


def test_a_batch_is_the_same_where_the_system_takes_no_advice_and_has_no_pread(made, monkeypatch):
    chosen = np.array([5, 4, 5, 30, 31, 32, 0])
    expected = load_dataset(made[0]).train.gather(chosen)
    monkeypatch.setattr("sketch_rnn_keras.data.splits._ADVICE", False)
    monkeypatch.delattr("os.pread")
    assert_same(load_dataset(made[1]).train.gather(chosen), expected)


def test_a_file_that_is_cut_while_it_is_read_ends_in_a_sentence(damaged):
    path, _ = damaged
    train = load_dataset(path).train
    os.truncate(path / "strokes.npy", 300)
    with pytest.raises(InputError, match=r"strokes\.npy: expected \d+ bytes at \d+, received 0; it has been cut"):
        train.gather(np.array([40]))


def test_numpy_reads_a_folder_in_two_lines(made):
    strokes = np.load(made[1] / "strokes.npy", mmap_mode="r")
    starts, lengths = (np.load(made[1] / f"valid_{what}.npy", mmap_mode="r") for what in ("starts", "lengths"))
    drawing = strokes[starts[3] : starts[3] + lengths[3]]
    np.testing.assert_array_equal(drawing, load_dataset(made[0]).valid[3])


@pytest.mark.parametrize("shape", [(0,), (10**12, 3), (7,)])
def test_the_header_has_one_size_and_is_numpy_s(tmp_path, shape):
    content = header(np.dtype("<i2"), shape)
    assert len(content) == HEADER
    (tmp_path / "a.npy").write_bytes(content)
    with (tmp_path / "a.npy").open("rb") as file:
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype("<i2"))


# --------------------------------------------------------------------------------------------------------- refusals


def write(path, manifest) -> None:
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "format: Input should be 'sketch-rnn data set'"),
        ({"version": 2}, "version: Input should be 1"),
        ({"dtype": "object"}, "dtype: Input should be 'int16' or 'float32'"),
        ({"dtype": "float32"}, "strokes.npy: expected an array of .* float32, .* received an array of .* int16"),
        ({"points": 2**50}, "points: Input should be less than or equal to"),
        ({"points": -1}, "points: Input should be greater than or equal to 0"),
        ({"points": 5}, r"strokes.npy: expected an array of shape \[5, 3\]"),
        ({"scale_factor": float("nan")}, "scale_factor"),
        ({"scale_factor": 0}, "scale_factor"),
        ({"scale_factor": 1000.5}, "scale_factor: Input should be less than or equal to 1000"),
        ({"categories": ["a\x1b[2J"]}, "categories: expected names of printable characters"),
        ({"categories": ["a" * 999]}, "categories.0: String should have at most 80"),
        ({"files": {"../../etc/passwd": {"bytes": 3, "sha256": "0" * 64}}}, "files: expected those of the format"),
        ({"files": {}}, "files: expected those of the format"),
        ({"splits": {}}, "splits: expected train, valid, test"),
        ({"extra": 1}, "extra: Extra inputs are not permitted"),
    ],
)
def test_a_hostile_manifest_is_refused_in_a_sentence(damaged, change, message):
    path, manifest = damaged
    write(path, manifest | change)
    with pytest.raises(InputError, match=message) as caught:
        load_dataset(path)
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 1, 0, 0], "expected lengths from the shortest on"),
        ([3, 0, 0, 0], "expected lengths from the shortest on"),
        ([3, 2, 0, 0], "expected lengths that account for each drawing"),
        ([3, 1, 10**9, 10**9], "expected sums that offsets can have"),
        ([3, 1, 100, 1], "expected sums that offsets can have"),
        ([3, 1, 1], "at least 4"),
        ([3, 1, 1, "1"], "valid integer"),
    ],
)
def test_lengths_that_cannot_be_are_refused(damaged, row, message):
    path, manifest = damaged
    manifest["splits"]["train"]["lengths"][1] = row
    write(path, manifest)
    with pytest.raises(InputError, match=message):
        load_dataset(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 10**5, b"\xff\xfe", b'{"a": 1, "a": 2}', b"9" * 10**5])
def test_what_is_no_manifest_is_refused(damaged, content):
    path, _ = damaged
    (path / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match=r"manifest\.json"):
        load_dataset(path)


def test_a_file_that_is_missing_cut_or_longer_is_refused(damaged):
    path, _ = damaged
    strokes = path / "strokes.npy"
    os.truncate(strokes, strokes.stat().st_size - 1)
    with pytest.raises(InputError, match=r"strokes\.npy: expected \d+ bytes, as manifest.json says, received \d+"):
        load_dataset(path)
    strokes.unlink()
    with pytest.raises(InputError, match=r"expected the file strokes\.npy, which is missing"):
        load_dataset(path)
    os.mkfifo(strokes)
    with pytest.raises(InputError, match=r"expected the file strokes\.npy, which is missing"):
        load_dataset(path)


def test_a_header_that_lies_is_refused(damaged):
    path, _ = damaged
    for content in (b"\x93NUMPY\x01\x00\x80\x00" + b"(" * 128, header(np.dtype("<i8"), (10**9,)), b"PK" * 64):
        old = (path / "train_starts.npy").read_bytes()
        (path / "train_starts.npy").write_bytes(content[:HEADER] + old[HEADER:])
        with pytest.raises(InputError, match=r"train_starts\.npy: expected an array of shape"):
            load_dataset(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("starts", -1), ("starts", 2**62), ("lengths", 0), ("lengths", -5), ("lengths", 2**31 - 1)],
)
def test_a_place_outside_the_rows_is_refused_when_it_is_read(damaged, name, value):
    path, _ = damaged
    file = path / f"train_{name}.npy"
    places = np.load(file)
    places[2] = value
    file.write_bytes(file.read_bytes()[:HEADER] + places.tobytes())
    train = load_dataset(path).train
    for read in (lambda: train[2], lambda: train.gather(np.array([1, 2]))):
        with pytest.raises(InputError, match="the data set is damaged"):
            read()


def test_lengths_that_lie_cost_no_memory():
    """A cut at each block of the rows that the lengths claim would be 16 MB of cuts."""
    split = Split(np.zeros((9, 3), np.int16), np.zeros(1000, np.int64), np.full(1000, 2**31 - 1))
    with memory_below(2_000_000), pytest.raises(InputError, match="the data set is damaged"):
        list(split.in_blocks())


def test_a_category_that_is_none_is_refused(damaged, made):
    path, _ = damaged
    file = path / "valid_categories.npy"
    numbers = np.load(file)
    numbers[3] = 1  # there is one category
    file.write_bytes(file.read_bytes()[:HEADER] + numbers.tobytes())
    for load in (
        lambda: load_dataset(path),
        lambda: load_dataset([path, made[0]]),
        lambda: load_dataset([made[0], path]),
        lambda: load_split(path, "valid"),
    ):
        with pytest.raises(
            InputError, match=r"valid_categories\.npy: expected numbers below 1, .* received 1; make or"
        ):
            load()
    assert len(load_split(path, "train")) == 50


def test_more_categories_are_joined_than_one_data_set_has(damaged, made):
    path, manifest = damaged
    write(path, manifest | {"categories": [f"category {k}" for k in range(2**16)]})
    joined = load_dataset([path, made[0]])
    assert len(joined.categories) == 2**16 + 1
    assert joined.train.categories.tolist() == [0] * 50 + [2**16] * 50


@pytest.mark.parametrize("name", ["mmap.mmap", "os.open"])
def test_a_data_set_that_the_system_does_not_open_is_told_of(made, monkeypatch, name):
    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(name, refuse)
    with pytest.raises(Hindered, match=r"a: cannot be read \(Too many open files\)"):
        load_dataset(made[1])


def test_the_files_can_be_verified(damaged):
    path, manifest = damaged
    assert list(verify_folder(path)) == list(manifest["files"])
    content = bytearray((path / "strokes.npy").read_bytes())
    content[-1] ^= 1
    (path / "strokes.npy").write_bytes(content)
    load_dataset(path)  # sizes alone are looked at
    with pytest.raises(InputError, match=r"strokes\.npy: expected the SHA-256 in manifest.json, received another"):
        list(verify_folder(path))


def test_the_sha256_of_a_folder_is_that_of_its_manifest_and_tells_its_content(made, tmp_path):
    convert(made[0], tmp_path / "same", as_is=True)
    convert(made[0], tmp_path / "other", as_is=True, seed=1, splits=(40, 20, 6))
    same, ours, other = (
        load_dataset(path).sources[0]["sha256"] for path in (tmp_path / "same", made[1], tmp_path / "other")
    )
    assert same == ours != other


def test_real_drawings(tmp_path):
    source = shared("data", "aaron_sheep.npz")
    convert(source, tmp_path / "sheep", as_is=True)
    file, folder = load_dataset(source), load_dataset(tmp_path / "sheep")
    assert folder.scale_factor == file.scale_factor
    for split in SPLITS:
        assert_same(list(getattr(folder, split)), list(getattr(file, split)))
