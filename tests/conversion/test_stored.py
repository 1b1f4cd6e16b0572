"""Facts about data sets in folders as sources: what comes out is what a file of the same drawings gives."""

import json
import shutil

import numpy as np
import pytest
from support.conversion_files import SQUARE, write_lines
from support.data_files import assert_same, make_drawings, write_data

from sketch_rnn_keras.conversion import convert, inputs, stored
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.folders import HEADER
from sketch_rnn_keras.data.npz import read_splits
from sketch_rnn_keras.errors import InputError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A file, some of its offsets beyond 1000, and the folder made of it."""
    folder = tmp_path_factory.mktemp("made")
    train = [*make_drawings(0, range(3, 90)), np.int16([[3000, 4, 0], [-5, -2000, 1]])]
    file = write_data(folder / "owl.npz", train=train, valid=make_drawings(1, [5, 9] * 9), test=make_drawings(2, [4]))
    convert(file, folder / "owls", as_is=True)
    return file, folder / "owls"


@pytest.fixture
def damaged(made, tmp_path):
    """A copy of the folder, to be damaged."""
    return shutil.copytree(made[1], tmp_path / "owls")


def change(folder, name: str, number: int, value) -> None:
    """Writes another number into one of the files."""
    file = folder / f"{name}.npy"
    array = np.load(file)
    array[number] = value
    file.write_bytes(file.read_bytes()[:HEADER] + array.tobytes())


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("options", [{"as_is": True}, {}, {"as_is": True, "splits": (50, 9, 9), "seed": 3}], ids=str)
def test_a_folder_gives_the_bytes_that_its_file_gives(made, tmp_path, options):
    for source, name in zip(made, ("file", "folder"), strict=True):
        for suffix in (".npz", ""):
            convert(source, tmp_path / (name + suffix), **options)
    assert (tmp_path / "folder.npz").read_bytes() == (tmp_path / "file.npz").read_bytes()
    assert contents(tmp_path / "folder") == contents(tmp_path / "file")


def test_what_a_folder_holds_comes_back_as_it_was(made, tmp_path):
    convert(made[1], tmp_path / "back.npz", as_is=True)
    for split, drawings in read_splits(made[0]).items():
        back = read_splits(tmp_path / "back.npz")[split]
        assert_same([one[:, :2] for one in back], [one[:, :2] for one in drawings])  # the last point may be lifted now
    convert(made[1], tmp_path / "again", as_is=True)
    assert contents(tmp_path / "again") == contents(made[1])


def test_numbers_that_are_not_whole_come_back(tmp_path):
    train = [drawing * np.float32([0.1, 0.3, 1]) for drawing in make_drawings(0, [4, 30, 9])]
    convert(write_data(tmp_path / "a.npz", train=train), tmp_path / "a", as_is=True)
    for source, name in (("a.npz", "file"), ("a", "folder")):
        convert(tmp_path / source, tmp_path / f"{name}.npz", as_is=True)
    assert (tmp_path / "folder.npz").read_bytes() == (tmp_path / "file.npz").read_bytes()


@pytest.mark.parametrize("processes", [1, 2])
def test_the_pieces_in_which_it_is_read_are_without_effect(made, tmp_path, monkeypatch, processes):
    convert(made[1], tmp_path / "whole", as_is=True)
    monkeypatch.setattr(inputs, "PIECE", 2000)
    assert len(list(stored.cut(made[1] / "manifest.json", 2000))) > 5
    convert(made[1], tmp_path / "pieces", as_is=True, processes=processes)
    assert contents(tmp_path / "pieces") == contents(tmp_path / "whole")


def test_an_interrupted_conversion_of_a_folder_goes_on(made, tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "PIECE", 2000)
    convert(made[1], tmp_path / "whole", as_is=True)
    begins, read = [], stored.read

    def interrupted(manifest, reading):
        begins.append(reading.piece.begin)
        if len(begins) == 4:
            raise KeyboardInterrupt
        return read(manifest, reading)

    monkeypatch.setitem(inputs.READERS, "manifest.json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(made[1], tmp_path / "out", as_is=True, processes=1)
    convert(made[1], tmp_path / "out", as_is=True, processes=1)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert begins[0] == 0
    assert begins[4] == begins[3] > 0


def test_categories_are_kept_and_other_sources_may_stand_beside(made, tmp_path):
    lines = write_lines(tmp_path / "b.ndjson", [SQUARE] * 3, word="box")
    report = convert([lines, made[1]], tmp_path / "all", as_is=True, splits=(1, 0, 0))
    assert report.categories == {"box": 3, "owl": 107}
    again = convert(tmp_path / "all", tmp_path / "again", as_is=True)
    assert again.categories == report.categories
    data = load_dataset(tmp_path / "again")
    assert {name: int((data.train.categories == k).sum()) for k, name in enumerate(data.categories)} == again.categories


def test_a_folder_that_is_replaced_by_what_is_made_of_it(damaged):
    convert(damaged, damaged, as_is=True, per_category=20, overwrite=True)
    assert load_dataset(damaged).categories == ("owl",)
    assert sum(len(split) for split in (load_dataset(damaged).train, load_dataset(damaged).valid)) == 19
    assert [path.name for path in damaged.parent.iterdir()] == [damaged.name]


def test_a_drawing_that_is_none_is_told_of(damaged, tmp_path):
    change(damaged, "strokes", (0, 2), 7)
    report = convert(damaged, tmp_path / "a", as_is=True)
    assert report.kept == 106
    assert "owls, split train, drawing 0: expected a lift of 0 or 1, received 7" in str(report)
    with pytest.raises(InputError, match="owls, split train, drawing 0: expected a lift of 0 or 1"):
        convert(damaged, tmp_path / "b", as_is=True, strict=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("train_starts", -1, "the data set is damaged"),
        ("train_lengths", 0, "the data set is damaged"),
        ("train_lengths", 2**31 - 1, "expected drawings of at most 4134 points in all, received 2147487775"),
        ("valid_categories", 1, "expected numbers below 1"),
    ],
)
def test_a_damaged_data_set_is_refused_and_nothing_is_left(damaged, tmp_path, name, value, message):
    change(damaged, name, 3, value)
    with pytest.raises(InputError, match=message):
        convert(damaged, tmp_path / "out" / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["owls"]


def test_a_manifest_of_something_else_is_refused(tmp_path):
    (tmp_path / "page").mkdir()
    write_lines(tmp_path / "page" / "a.ndjson", [SQUARE])
    (tmp_path / "page" / "manifest.json").write_text(json.dumps({"name": "of a web page"}))
    with pytest.raises(InputError, match=r"manifest\.json: expected the manifest of a data set"):
        convert(tmp_path / "page", tmp_path / "a")
