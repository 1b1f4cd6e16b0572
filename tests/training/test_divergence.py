"""A cost or weight that is not finite, and the way back: other batches, half the learning rate, three times at most."""

import math

import numpy as np
import pytest
from support.tiny_run import HPARAMS, Recorder, arrays, assert_same_run, one_dot

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.errors import TrainingError, TrainingWarning
from sketch_rnn_keras.model.saving import save_keras
from sketch_rnn_keras.model.sketch_rnn import SketchRNN
from sketch_rnn_keras.streams import Stream
from sketch_rnn_keras.training import history, loop
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import last_step

SHORT = HPARAMS.replace(num_steps=30)
BAD = {"recon": float("nan")}


def rows_of(run, split):
    return [row for row in history.read(run / "history.csv") if row["split"] == split]


def test_it_goes_back_to_the_checkpoint_and_on_another_way(stand_in, data, tmp_path):
    stand_in.terms = {17: BAD}
    with pytest.warns(TrainingWarning, match="step 17 is not finite.*back to step 10, .*rollback 1 of at most 3"):
        train(SHORT, data, tmp_path / "run", on_divergence="rollback")
    assert len(stand_in.calls) == 17 + 20
    before, after = stand_in.calls[10:17], stand_in.calls[17:]
    given = [[np.asarray(call[k]).tobytes() for call in (*before, *after)] for k in (0, 2, 3)]  # batch, noise, seed
    assert all(len(set(values)) == 27 for values in given)
    assert [call[-1] for call in after[:7]] == pytest.approx([call[-1] / 2 for call in before])
    [row] = rows_of(tmp_path / "run", history.ROLLBACK)
    assert row["step"] == "10"
    assert float(row["learning_rate"]) == pytest.approx(after[0][-1])
    assert [row["step"] for row in rows_of(tmp_path / "run", "train")] == [str(step) for step in range(1, 31)]


def test_the_fourth_time_it_stops(stand_in, data, tmp_path):
    stand_in.terms = {17: BAD, 20: BAD, 30: BAD, 31: BAD}  # steps 17, 13, 20 and 11
    with (
        pytest.warns(TrainingWarning, match="rollback 3 of at most 3"),
        pytest.raises(TrainingError, match="after 3 rollbacks; the last checkpoint is kept"),
    ):
        train(SHORT, data, tmp_path / "run", on_divergence="rollback")
    assert last_step(tmp_path / "run") == 10


def test_unless_it_is_asked_for_a_training_stops(stand_in, data, tmp_path):
    stand_in.terms = {17: BAD}
    with pytest.raises(TrainingError, match="on_divergence='rollback'"):
        train(SHORT, data, tmp_path / "run")


# ------------------------------------------------------------------------------------------------ real trainings


@pytest.fixture
def bad_noise(monkeypatch):
    """Noise that is not finite at one index of its stream, in place of what makes a real training diverge."""
    whole = loop.latent_noise

    def noise(hparams, stream, index, batch_size):
        values = whole(hparams, stream, index, batch_size)
        return values * np.float32(np.nan) if (stream, index) == (Stream.TRAINING_LATENT, 12) else values

    monkeypatch.setattr(loop, "latent_noise", noise)
    monkeypatch.setattr(loop, "sample", one_dot)


@pytest.mark.tensorflow
def test_a_real_training_goes_back_and_resumed_is_the_same(bad_noise, data, tmp_path):
    def crash():
        raise OSError("power cut")

    with pytest.warns(TrainingWarning, match="rollback 1 of"):
        train(SHORT, data, tmp_path / "whole", on_divergence="rollback", verbose=0)
    after = Recorder(12, lambda: len(after.steps) > 12 and crash())  # the second time that step 12 is made
    with pytest.warns(TrainingWarning, match="rollback 1 of"), pytest.raises(OSError, match="power cut"):
        train(SHORT, data, tmp_path / "killed", on_divergence="rollback", reporter=after)
    assert last_step(tmp_path / "killed") == 10
    train(SHORT, data, tmp_path / "killed", on_divergence="rollback", resume=True, verbose=0)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")
    assert [row["step"] for row in rows_of(tmp_path / "whole", history.ROLLBACK)] == ["10"]
    for name, array in arrays(tmp_path / "whole" / "checkpoints" / "last.npz").items():
        assert array.dtype.kind != "f" or np.isfinite(array).all(), name


@pytest.mark.tensorflow
def test_outliers_in_the_data_do_not_make_it_diverge(monkeypatch, tmp_path):
    """One drawing of forty strays by 1000 units, the others are one drawing, and the widths have shrunk to exp(-50).

    A long training on such data comes to that. In such widths the square of a deviation has no float32.
    """
    monkeypatch.setattr(loop, "sample", one_dot)
    steady = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 1]], np.int16)
    stray = np.array([[1, 0, 0], [1000, -1000, 0], [-1000, 1000, 0], [0, 1, 1]], np.int16)
    np.savez(tmp_path / "a.npz", train=np.stack([steady] * 39 + [stray]), valid=steady[None], test=steady[None])
    data = load_dataset(tmp_path / "a.npz")
    narrow = SketchRNN(SHORT, data.scale_factor)
    bias, count = narrow.output_head.bias.numpy(), SHORT.num_mixture
    bias[3 + 3 * count : 3 + 5 * count] = -50  # log sigma_x and log sigma_y
    narrow.output_head.bias.assign(bias)
    save_keras(narrow, tmp_path / "narrow.keras")
    train(SHORT, data, tmp_path / "run", start=tmp_path / "narrow.keras", verbose=0)
    costs = [float(row["offset"]) for row in rows_of(tmp_path / "run", "train")]
    assert len(costs) == 30
    assert max(costs) == pytest.approx(-math.log(1e-6))  # a point costs no more than the density's floor
