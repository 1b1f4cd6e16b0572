"""`history.csv`: numbers exactly, rows to the step, and a last row that a crash cut off."""

import contextlib
import os
from types import SimpleNamespace

import pytest
from support.npz_archives import memory_below

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.training import history

VALUES = dict.fromkeys(history.COLUMNS[2:], 1 / 3)


def write_history(path, steps):
    log = history.History(path)
    for step in steps:
        log.append(step, "train", VALUES)
    return path


def test_the_columns_are_named_in_the_first_line(tmp_path):
    first = write_history(tmp_path / "history.csv", [1]).read_text().splitlines()[0]
    assert tuple(first.split(",")) == history.COLUMNS


def test_numbers_come_back_exactly(tmp_path):
    path = write_history(tmp_path / "history.csv", [1])
    assert [float(history.read(path)[0][column]) for column in history.COLUMNS[2:]] == [1 / 3] * len(VALUES)


def test_rows_after_the_step_are_removed(tmp_path):
    path = write_history(tmp_path / "history.csv", [1, 10, 20, 30])
    expected = write_history(tmp_path / "expected.csv", [1, 10, 20]).read_bytes()
    history.History(path, step=20)
    assert path.read_bytes() == expected


@pytest.mark.parametrize("cut", [1, 3, 30])
def test_a_last_row_that_was_cut_off_is_left_out(tmp_path, cut):
    path = write_history(tmp_path / "history.csv", [1, 10])
    path.write_bytes(path.read_bytes()[:-cut])
    assert [row["step"] for row in history.read(path)] == ["1"]


@pytest.mark.parametrize("cut", [1, 3, 30])
def test_a_history_goes_on_after_a_row_that_was_cut_off(tmp_path, cut):
    path = write_history(tmp_path / "history.csv", [1, 10])
    path.write_bytes(path.read_bytes()[:-cut])
    history.History(path, step=10).append(10, "train", VALUES)
    assert path.read_bytes() == write_history(tmp_path / "expected.csv", [1, 10]).read_bytes()


def test_a_row_that_is_being_written_is_left_out_whole():
    """A file that grows may yield the first part of a row, which ends it for now, and then the rest as a line."""
    lines = [",".join(history.COLUMNS) + "\n", "1,train" + ",0.5" * 10 + "\n", "2,train,0.", "375" + ",0.5" * 11 + "\n"]
    pieces = iter(lines)
    file = SimpleNamespace(readline=lambda _: next(pieces, ""))
    growing = SimpleNamespace(is_file=lambda: True, open=lambda **_: contextlib.nullcontext(file))
    assert [row["step"] for row in history.read(growing)] == ["1"]


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "history.csv")
    with pytest.raises(InputError, match="expected the history of a training run: it is no file"):
        history.read(tmp_path / "history.csv")


def test_a_line_that_is_far_too_long_is_refused(tmp_path):
    path = write_history(tmp_path / "history.csv", [1])
    path.write_text(path.read_text() + "x" * 20_000 + "\n")
    with pytest.raises(InputError, match="a line of more than 10000 characters"):
        history.read(path)


def test_a_line_without_end_is_not_read_to_its_end(tmp_path):
    path = write_history(tmp_path / "history.csv", [1])
    with path.open("a") as file:
        file.write("x" * 2**23)
    with memory_below(2**20), pytest.raises(InputError, match="a line of more than 10000 characters"):
        history.read(path)
