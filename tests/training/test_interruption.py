"""Ctrl-C, SIGTERM, SIGKILL: the step under way is finished and saved, or the last checkpoint is there."""

import signal
import subprocess
import sys
import time

import pytest
from support.tiny_run import HPARAMS, KILLED_AT, LONGEST, NUM_STEPS, Recorder, assert_same_run

from sketch_rnn_keras.training import history
from sketch_rnn_keras.training.interruption import first_interrupt
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import last_step

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_sets_the_event(number):
    with first_interrupt() as interrupted:
        assert not interrupted.is_set()
        signal.raise_signal(number)
        assert interrupted.is_set()


@pytest.mark.parametrize("number", SIGNALS)
def test_afterwards_the_handlers_are_those_of_before(number):
    before = signal.getsignal(number)
    with first_interrupt():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_training_that_is_interrupted_finishes_its_step_and_saves(stand_in, data, tmp_path, number):
    with pytest.raises(KeyboardInterrupt) as caught:
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(4, lambda: signal.raise_signal(number)))
    assert caught.value.args == (5,)
    assert last_step(tmp_path / "run") == 5


def test_a_checkpoint_that_was_not_validated_is_not_the_best(stand_in, data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(4, lambda: signal.raise_signal(signal.SIGINT)))
    assert not (tmp_path / "run" / "checkpoints" / "best.npz").exists()


def test_a_second_ctrl_c_stops_at_once(stand_in, data, tmp_path):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(14, twice))
    assert caught.value.args == ()
    assert last_step(tmp_path / "run") == 10


# ------------------------------------------------------------------------------------------------ whole processes


def start(run_dir, *options) -> subprocess.Popen:
    """`sketch-rnn train` of what `trained_run` was trained with."""
    command = [sys.executable, "-m", "sketch_rnn_keras.cli", "train", "--run-dir", str(run_dir), *options]
    if "--resume" not in options:
        config = run_dir.parent / "config.json"
        HPARAMS.replace(max_seq_len=LONGEST).save(config)
        command += ["--config", str(config)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for_step(process, run_dir, step):
    while process.poll() is None:
        path = run_dir / "history.csv"
        rows = history.read(path) if path.exists() else []
        if rows and int(rows[-1]["step"]) >= step:
            return
        time.sleep(0.002)
    pytest.fail(f"ended with {process.returncode}: {process.stderr.read()}")


@pytest.mark.tensorflow
def test_a_process_killed_and_resumed_trains_as_one_that_was_not(trained_run, tmp_path):
    run = tmp_path / "killed"
    killed = start(run)
    wait_for_step(killed, run, KILLED_AT)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert KILLED_AT <= int(history.read(run / "history.csv")[-1]["step"]) < NUM_STEPS
    resumed = start(run, "--resume")
    assert resumed.wait() == 0, resumed.stderr.read()
    assert_same_run(run, trained_run.whole)


@pytest.mark.tensorflow
def test_a_process_that_is_interrupted_saves_and_says_how_to_go_on(tmp_path):
    process = start(tmp_path / "run")
    wait_for_step(process, tmp_path / "run", 5)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in message
    step = last_step(tmp_path / "run")
    assert 5 <= step < NUM_STEPS
    assert f"saved at step {step}" in message
    assert f"sketch-rnn train --resume --run-dir {tmp_path / 'run'}" in message
