"""Facts about `sketch-rnn convert`: what it writes, says and keeps."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from support.conversion_files import random_drawings, write_lines
from support.tiny import tiny_model

from sketch_rnn_keras.training import loop


@pytest.fixture
def convert(command):
    """Runs `sketch-rnn convert` on 40 drawings of cats, into new/a.npz."""
    write_lines(Path("cat.ndjson"), random_drawings(40), word="cat")
    return lambda *options: command("convert", "cat.ndjson", "-o", "new/a.npz", *options)


def test_it_reports_what_it_wrote(convert):
    status, out, _ = convert("--splits", 30, 6, 4)
    assert status == 0
    head = "new/a.npz: 40 of 40 drawings: 30 train / 6 valid / 4 test\npoints: 7 to 7, median 7, 95 % 7\n"
    assert out.startswith(head)


@pytest.mark.parametrize(("count", "batch_size"), [(40, 36), (90, 50)])
def test_it_says_how_to_train_on_it_and_that_can_be_typed(command, monkeypatch, count, batch_size):
    calls = []
    monkeypatch.setattr(loop, "train", lambda *arguments, **_: calls.append(arguments) or tiny_model())
    write_lines(Path("cats.ndjson"), random_drawings(count))
    _, _, err = command("convert", "cats.ndjson", "-o", "my cats.npz")
    line = next(line for line in err.splitlines() if line.startswith("next   "))
    assert line.startswith("next   sketch-rnn train --config small --data 'my cats.npz' --run-dir 'runs/my cats'")
    assert command(*shlex.split(line)[2:])[0] == 0
    ((hparams, dataset, run_dir),) = calls
    assert hparams.data_set == ["my cats.npz"]
    assert run_dir == Path("runs/my cats")
    assert hparams.batch_size == batch_size <= len(dataset.train)


def test_training_on_drawings_names_the_conversion_and_that_can_be_typed(command, refused):
    Path("my drawings").mkdir()
    write_lines(Path("my drawings/a.ndjson"), random_drawings(40))
    message = refused("train", "--config", "small", "--data", "my drawings/", "--run-dir", "run")
    assert "my drawings: expected an .npz file, received a folder; convert it first: sketch-rnn convert " in message
    typed = shlex.split(message[message.index("sketch-rnn convert") :])
    assert command(*typed[1:])[0] == 0
    assert Path("my drawings.npz").exists()
    assert not Path("run").exists()


def test_it_writes_either_layout(convert):
    convert("--splits", 30, 6, 4, "--format", "arrays")
    with np.load("new/a.npz", allow_pickle=False) as file:
        assert [len(file[f"{split}_lengths"]) for split in ("train", "valid", "test")] == [30, 6, 4]


def test_it_keeps_a_file_that_exists_unless_it_may_overwrite(convert):
    convert()
    before = Path("new/a.npz").read_bytes()
    status, out, err = convert("--splits", 0.5, 0.25, 0.25)
    assert (status, out) == (2, "")
    assert "--overwrite" in err
    assert Path("new/a.npz").read_bytes() == before
    assert convert("--splits", 0.5, 0.25, 0.25, "--overwrite")[0] == 0
    assert Path("new/a.npz").read_bytes() != before


def test_it_keeps_the_old_file_where_the_new_one_cannot_be_made(convert):
    convert()
    before = Path("new/a.npz").read_bytes()
    status, _, err = convert("--overwrite", "--splits", 30, 6, 9)
    assert status == 2
    assert "asked for 30 6 9, 45 drawings, but 40 are left" in err
    assert "--splits 0.9 0.05 0.05" in err
    assert Path("new/a.npz").read_bytes() == before
