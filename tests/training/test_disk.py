"""A disk that is full, gone or not to be written, and two trainers in one place: a sentence, and a whole checkpoint."""

import errno
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT
from support.tiny_run import HPARAMS, Recorder, assert_same_run

from sketch_rnn_keras.errors import InputError, TrainingWarning
from sketch_rnn_keras.pictures.grid import draw_sketches
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import RunDirectory, last_step

SHORT = HPARAMS.replace(num_steps=30)
posix = pytest.mark.skipif(os.name != "posix", reason="locks, limits and modes are POSIX's")


@pytest.fixture
def whole(stand_in, data, tmp_path):
    """The training that nothing disturbs."""
    train(SHORT, data, tmp_path / "whole", verbose=0)
    return tmp_path / "whole"


def check_goes_on(run, whole, data):
    """The last checkpoint is that of step 10, and going on from it leads to the same."""
    assert last_step(run) == 10
    train(SHORT, data, run, resume=True, verbose=0)
    assert_same_run(run, whole)


@pytest.mark.filterwarnings(f"ignore::{TrainingWarning.__module__}.TrainingWarning")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_fails_ends_in_a_sentence(whole, data, tmp_path, monkeypatch, code):
    def fails(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        failing = Recorder(14, lambda: patch.setattr(os, "replace", fails))
        with pytest.raises(InputError) as caught:
            train(SHORT, data, tmp_path / "run", reporter=failing)
    assert f"cannot be written ({os.strerror(code)}); choose another file or folder" in str(caught.value)
    check_goes_on(tmp_path / "run", whole, data)


@posix
@pytest.mark.filterwarnings(f"ignore::{TrainingWarning.__module__}.TrainingWarning")
def test_a_limit_of_the_system_on_files_ends_in_a_sentence(whole, data, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = (whole / "checkpoints" / "last.npz").stat().st_size - 1
    limit = Recorder(14, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1])))
    try:
        with pytest.raises(InputError, match=r"last\.npz: cannot be written \(File too large\)"):
            train(SHORT, data, tmp_path / "run", reporter=limit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    check_goes_on(tmp_path / "run", whole, data)


@pytest.mark.filterwarnings(f"ignore::{TrainingWarning.__module__}.TrainingWarning")
def test_a_folder_that_goes_while_training_is_not_made_again(whole, data, tmp_path):
    gone = Recorder(14, lambda: (tmp_path / "run").rename(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match=r"run.*: (cannot be written|expected the run directory)"):
        train(SHORT, data, tmp_path / "run", reporter=gone)
    assert not (tmp_path / "run").exists()
    check_goes_on(tmp_path / "elsewhere", whole, data)


PLACES = ["a" * 300, "/".join(["a" * 200] * 30), "file/run"]


@pytest.mark.parametrize("place", PLACES, ids=["name", "path", "file"])
def test_a_place_that_cannot_be_is_named(stand_in, data, tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose another run directory"):
        train(SHORT, data, tmp_path / place)
    with pytest.raises(InputError, match="choose another file or folder"):
        draw_sketches([[[1, 1, 1]]], tmp_path / f"{place}.svg")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@posix
def test_a_folder_that_may_not_be_written_is_named(stand_in, data, tmp_path):
    tmp_path.chmod(0o555)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(InputError, match="Permission denied"):
            train(SHORT, data, tmp_path / "run")
    finally:
        tmp_path.chmod(0o755)


# --------------------------------------------------------------------------------------------------- two trainers

HOLD = """
import sys
from sketch_rnn_keras.training.run_directory import RunDirectory
with RunDirectory(sys.argv[1]).occupied(resume=True):
    print("here", flush=True)
    sys.stdin.read()
"""


@posix
def test_a_second_trainer_is_refused_and_the_lock_of_a_dead_one_is_taken_over(whole):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(whole)], env=environment, **pipes) as trainer:
        assert trainer.stdout.readline() == "here\n"
        with (
            pytest.raises(InputError, match=f"process {trainer.pid} on '{platform.node()}' trains here; wait"),
            RunDirectory(whole).occupied(resume=True),
        ):
            pytest.fail("two have it")
        trainer.kill()
    assert str(trainer.pid) in Path(whole / ".lock").read_text()
    with RunDirectory(whole).occupied(resume=True):
        assert str(os.getpid()) in Path(whole / ".lock").read_text()
    assert Path(whole / ".lock").read_text() == ""
