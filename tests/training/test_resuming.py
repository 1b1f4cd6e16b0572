"""A training that was interrupted anywhere and resumed is the training that was not."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from support.tiny_run import HPARAMS, KILLED_AT, NUM_STEPS, Recorder, arrays, assert_same_run, contents, one_dot

from sketch_rnn_keras.errors import InputError, TrainingWarning
from sketch_rnn_keras.training import checkpoint, history, loop
from sketch_rnn_keras.training.loop import train


def test_killed_and_resumed_is_the_whole_training(trained_run, data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "sample", one_dot)
    run = shutil.copytree(trained_run.killed, tmp_path / "run")
    assert history.read(run / "history.csv")[-1]["step"] == str(KILLED_AT)
    reporter = Recorder()
    train(HPARAMS, data, run, resume=True, reporter=reporter)
    assert reporter.steps == list(range(31, NUM_STEPS + 1))
    assert_same_run(run, trained_run.whole)


def test_a_finished_run_resumes_to_itself(trained_run, data, tmp_path):
    run = shutil.copytree(trained_run.whole, tmp_path / "run")
    before = contents(run)
    model = train(HPARAMS, data, run, resume=True)
    after = contents(run)
    assert {path: after[path] for path in before} == before
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(variable.numpy(), trained_run.returned[variable.path])


def test_a_run_that_cannot_go_on_is_left_as_it_was(trained_run, data, tmp_path):
    run = shutil.copytree(trained_run.killed, tmp_path / "run")
    for name in ("last.npz", "previous.npz"):
        (run / "checkpoints" / name).write_bytes(b"not a checkpoint")
    (run / ".lock").write_bytes(b"")  # that it leaves
    before = contents(run)
    with pytest.raises(InputError, match=r"last\.npz"):
        train(HPARAMS, data, run, resume=True)
    assert contents(run) == before


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "another array", "no array"])
def test_where_the_last_checkpoint_is_damaged_the_one_before_is_gone_on_from(stand_in, data, tmp_path, damage):
    whole, run = tmp_path / "whole", tmp_path / "run"
    train(HPARAMS.replace(num_steps=40), data, whole)
    stand_in.calls.clear()
    train(HPARAMS.replace(num_steps=30), data, run)
    last = run / "checkpoints" / "last.npz"
    content, values = last.read_bytes(), arrays(last)
    last.unlink()
    if damage == "another array":
        name = next(name for name in values if name.startswith("weights/"))
        np.savez(last, **(values | {name: values[name] + 1}))
    elif damage == "no array":
        with zipfile.ZipFile(last, "w") as archive:
            archive.writestr("progress.npy", "not an array")
    elif damage != "missing":
        last.write_bytes(content[: len(content) // 2 if damage == "cut" else 0])
    stand_in.calls.clear()
    with pytest.warns(TrainingWarning, match=r"last\.npz is damaged; going on from .*previous\.npz, of step 20"):
        train(HPARAMS.replace(num_steps=40), data, run, resume=True)
    assert len(stand_in.calls) == 20
    assert_same_run(run, whole)


def test_a_checkpoint_of_an_earlier_version_has_no_digests_and_goes_on(stand_in, data, tmp_path):
    run = tmp_path / "run"
    train(HPARAMS.replace(num_steps=10), data, run)
    values = arrays(run / "checkpoints" / "last.npz")
    assert values.pop("sha256")
    np.savez(run / "checkpoints" / "last.npz", **values)
    train(HPARAMS.replace(num_steps=20), data, run, resume=True)
    assert len(stand_in.calls) == 20


def test_a_run_stopped_before_its_first_checkpoint_begins_again(stand_in, data, tmp_path):
    def stop():
        raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(6, stop))
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run", resume=True)
    rows = history.read(tmp_path / "run" / "history.csv")
    assert [(int(row["step"]), row["split"]) for row in rows] == [*((s, "train") for s in range(1, 9)), (8, "valid")]


def test_a_run_goes_on_to_more_steps(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run")
    model = train(HPARAMS.replace(num_steps=12), data, tmp_path / "run", resume=True)
    assert len(stand_in.calls) == 12
    last = arrays(tmp_path / "run" / "checkpoints" / "last.npz")
    np.testing.assert_array_equal(last[f"weights/{model.output_head.bias.path}"], model.output_head.bias.numpy())


@pytest.mark.parametrize(
    "wrong", [{"step": 2**33}, {"step": -1}, {"skipped": 2**63}, {"best_step": 2**40}, {"rollbacks": 2000}]
)
def test_progress_that_no_training_makes_is_refused(wrong, tmp_path):
    with pytest.raises(InputError, match="expected how far a training has come"):
        checkpoint.parse_progress(json.dumps(wrong), tmp_path)
