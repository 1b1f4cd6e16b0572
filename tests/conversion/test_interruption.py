"""Facts about conversions that are interrupted or shared out: the result is the same, and nothing half-made is seen."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.conversion_files import random_drawings, write_lines

from sketch_rnn_keras.conversion import convert, inputs, ndjson
from sketch_rnn_keras.conversion.items import Piece, Reading, Rejected
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.npz import SPLITS
from sketch_rnn_keras.errors import InputError


@pytest.fixture
def sources(tmp_path, monkeypatch) -> list[Path]:
    """Two files of three categories that are read in many pieces, some lines of which cannot be read."""
    monkeypatch.setattr(inputs, "PIECE", 1000)
    first = write_lines(tmp_path / "a.ndjson", random_drawings(90), word="cat")
    second = write_lines(tmp_path / "b.ndjson", random_drawings(50, seed=1))
    with second.open("a") as file:
        file.write('{"drawing": 3}\n\n{"word": "owl", "drawing": [[[0, 255], [0, 9]]]}')
    return [first, second]


def content(path: Path) -> dict[str, bytes]:
    """The files of a data set by name."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.mark.parametrize("output", ["out", "out.npz"])
@pytest.mark.parametrize("options", [{}, {"per_category": 20, "seed": 3}])
def test_what_is_interrupted_goes_on_and_gives_the_same(sources, tmp_path, output, options):
    whole = convert(sources, tmp_path / f"whole-{output}", **options)
    heard: list[float] = []

    def interrupt(share: float) -> None:
        heard.append(share)
        if len(heard) in (4, 9):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            convert(sources, tmp_path / output, **options, progress=interrupt)
        assert not (tmp_path / output).exists()
    report = convert(sources, tmp_path / output, **options, progress=interrupt)
    assert heard == sorted(heard)
    assert content(tmp_path / output) == content(tmp_path / f"whole-{output}")
    assert str(report) == str(whole).replace(f"whole-{output}", output)
    assert not list(tmp_path.glob(".*.part"))


def test_a_source_that_has_changed_since_begins_anew(sources, tmp_path):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(sources, tmp_path / "out", progress=interrupt)
    write_lines(sources[0], random_drawings(10, seed=9), word="cat")
    assert convert(sources, tmp_path / "out").categories == {"cat": 10, "b": 50, "owl": 1}


def test_several_processes_give_what_one_gives(sources, tmp_path):
    reports = [convert(sources, tmp_path / f"{count}", processes=count) for count in (1, 2)]
    assert content(tmp_path / "1") == content(tmp_path / "2")
    texts = [str(report).replace(str(report.output), "") for report in reports]
    assert texts[0] == texts[1]
    assert "b.ndjson, line 51: expected a list of strokes" in texts[0]


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """Numbers of the first lines that are read from here on."""
    numbers, read = [], ndjson.read

    def noted(path, reading):
        numbers.append(reading.piece.line)
        return read(path, reading)

    monkeypatch.setitem(inputs.READERS, ".ndjson", noted)
    monkeypatch.setattr(ndjson, "read", noted)
    return numbers


def test_a_disk_that_is_full_when_the_file_is_written_costs_no_reading(sources, tmp_path, monkeypatch, asked):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("sketch_rnn_keras.data.npz._write_archive", full)
        with pytest.raises(InputError, match=r"out\.npz: cannot be written \(No space left on device\)"):
            convert(sources, tmp_path / "out.npz", layout="quickdraw", processes=1)
    assert len(asked) > 5
    asked.clear()
    convert(sources, tmp_path / "out.npz", layout="quickdraw", processes=1)
    assert asked == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_source_that_cannot_be_opened_costs_only_what_is_behind_it(sources, tmp_path, asked, processes):
    def take_away(_: float) -> None:
        if sources[0].exists():
            sources[0].rename(tmp_path / "away")

    with pytest.raises(InputError, match=r"a\.ndjson: cannot be read \(No such file or directory\)"):
        convert(sources, tmp_path / "out", processes=processes, progress=take_away)
    (tmp_path / "away").rename(sources[0])
    asked.clear()
    assert convert(sources, tmp_path / "out", processes=1).kept == 141
    assert asked[0] > 1


def test_an_error_in_another_process_is_the_same_sentence(sources, tmp_path):
    with pytest.raises(InputError, match=r"b\.ndjson, line 51: expected a list of strokes"):
        convert(sources, tmp_path / "out", processes=2, strict=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ndjson", "b.ndjson"]


@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_pieces_of_a_file_are_its_lines_with_their_numbers(sources, size):
    whole = list(ndjson.read(sources[1], Reading()))
    pieces = list(ndjson.cut(sources[1], size))
    assert [piece.begin for piece in pieces] == [0, *(piece.end for piece in pieces[:-1])]
    reading, cut = Reading(), []
    for piece in pieces:
        reading.piece = piece
        cut += list(ndjson.read(piece.path, reading))
    assert len(cut) == len(whole) == 52
    assert reading.bytes_read == sources[1].stat().st_size
    for ours, theirs in zip(cut, whole, strict=True):
        if isinstance(theirs, Rejected):
            assert ours == theirs
        else:
            np.testing.assert_array_equal(ours.points, theirs.points)


def test_small_files_are_read_together(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "MANY", 3)
    files = [write_lines(tmp_path / f"{k}.ndjson", random_drawings(1)) for k in range(7)]
    assert list(inputs.cut_in_pieces(files)) == [[Piece(path) for path in files[k : k + 3]] for k in (0, 3, 6)]


SCRIPT = """
import sys, time
from sketch_rnn_keras.conversion import convert, inputs
inputs.PIECE = 2000
convert(sys.argv[1], sys.argv[2], progress=lambda share: (print(share, flush=True), time.sleep(0.05)))
"""


def test_a_killed_conversion_leaves_no_data_set_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "PIECE", 2000)
    source = write_lines(tmp_path / "a.ndjson", random_drawings(200))
    convert(source, tmp_path / "whole")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, source, tmp_path / "out"], stdout=subprocess.PIPE, env=os.environ
    )
    for _ in range(3):
        assert process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(InputError):
        load_dataset(tmp_path / "out")
    journal = tmp_path / ".out.part" / "work" / "journal.jsonl"
    done = journal.read_bytes().count(b"\n")
    assert done >= 3
    heard: list[float] = []
    convert(source, tmp_path / "out", progress=heard.append)
    assert len(heard) == len(list(inputs.cut_in_pieces([source]))) - done
    assert content(tmp_path / "out") == content(tmp_path / "whole")


# ------------------------------------------------------------------------------------------------- the folder's name


def test_a_folder_is_replaced_only_where_it_is_a_data_set_and_that_is_asked_for(sources, tmp_path):
    convert(sources, tmp_path / "out", splits=(20, 2, 2))
    with pytest.raises(
        InputError, match="out exists already; choose another output, or replace it with overwrite=True"
    ):
        convert(sources, tmp_path / "out")
    convert(sources, tmp_path / "out", overwrite=True)
    assert len(load_dataset(tmp_path / "out").train) > 100
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    for output in (tmp_path / "mine", sources[0]):
        with pytest.raises(InputError, match="expected the name of a new folder, there is something else"):
            convert(sources[1], output, overwrite=True, layout="folder")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_folder_that_holds_anything_else_is_never_replaced(sources, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_text('{"name": "of a web page"}')
    convert(sources, tmp_path / "out")
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    (tmp_path / "out" / "pictures").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"app: expected a data set or a new folder; choose another output"):
            convert(sources, tmp_path / "app", overwrite=overwrite)
        with pytest.raises(InputError, match=r"holds more than a data set: pictures, thesis\.txt; choose another"):
            convert(sources, tmp_path / "out", overwrite=overwrite)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert (tmp_path / "out" / "pictures").is_dir()


@pytest.mark.parametrize("output", [".", "..", "deeper/.."])
def test_the_folder_where_one_is_is_not_replaced(sources, tmp_path, monkeypatch, output):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "empty")
    if output == ".":
        monkeypatch.chdir("deeper")
    with pytest.raises(InputError, match="expected the name of a new folder, received the one where you are"):
        convert(sources, output, overwrite=True)
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["deeper"]


def test_an_empty_folder_becomes_a_data_set_however_it_is_named(sources, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    convert(sources, "../empty/.")
    convert(sources, "../here/../other")
    assert content(tmp_path / "empty") == content(tmp_path / "other")


def test_a_folder_of_the_name_of_a_file_of_a_data_set_is_never_replaced(sources, tmp_path):
    convert(sources, tmp_path / "out")
    (tmp_path / "out" / "strokes.npy").unlink()
    (tmp_path / "out" / "strokes.npy").mkdir()
    (tmp_path / "out" / "strokes.npy" / "a").write_text("mine")
    with pytest.raises(InputError, match=r"holds more than a data set: strokes\.npy"):
        convert(sources, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "strokes.npy" / "a").read_text() == "mine"


def test_a_data_set_is_not_searched(sources, tmp_path):
    convert(sources, tmp_path / "out")
    assert convert(tmp_path, tmp_path / "b").kept == 141


def test_file_and_folder_hold_the_same_drawings_in_the_same_order(sources, tmp_path):
    for options in ({"seed": 5}, {"per_category": 7}, {"splits": (10, 3, 2)}):
        file, folder = tmp_path / "a.npz", tmp_path / "a"
        for output in (file, folder):
            convert(sources, output, **options, overwrite=True)
        theirs, ours = load_dataset(file), load_dataset(folder)
        assert ours.scale_factor == theirs.scale_factor
        for split in SPLITS:
            pairs = zip(getattr(ours, split), getattr(theirs, split), strict=True)
            assert all(np.array_equal(*pair) for pair in pairs)
        names = np.array(ours.categories)[ours.train.categories]
        assert set(names) <= {"cat", "b", "owl"}


def test_each_drawing_keeps_what_it_shows(tmp_path):
    paths = [write_lines(tmp_path / f"{k}.ndjson", random_drawings(20, k), word=f"w{k}") for k in range(3)]
    convert(paths, tmp_path / "all")
    data = load_dataset(tmp_path / "all")
    for k, path in enumerate(paths):
        convert(path, tmp_path / f"{k}.npz", splits=(1, 0, 0))
        own = {drawing.tobytes() for drawing in load_dataset(tmp_path / f"{k}.npz").train}
        for split in (data.train, data.valid, data.test):
            for number in range(len(split)):
                assert (split.categories[number] == data.categories.index(f"w{k}")) == (split[number].tobytes() in own)
