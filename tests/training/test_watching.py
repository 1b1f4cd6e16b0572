"""Keras callbacks in the package's own loop, and who hears of a training."""

import keras
import pytest
from support.tiny_run import HPARAMS, NUM_STEPS, SAVE_EVERY, load_data

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.training import history
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import last_step


class Recorder(keras.callbacks.Callback):
    """Keeps the order of its calls, and the logs that came with them."""

    def __init__(self):
        super().__init__()
        self.calls, self.logs = [], {}

    def on_train_begin(self, logs=None):
        self.calls.append("train begins")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} begins")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(f"batch {batch}")
        self.logs["batch", len(self.calls)] = logs

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} ends")
        self.logs[epoch] = logs

    def on_train_end(self, logs=None):
        self.calls.append("train ends")


@pytest.fixture
def data():
    return load_data()


def test_callbacks_are_called_as_fit_calls_them(stand_in, data, tmp_path):
    recorder = Recorder()
    train(HPARAMS.replace(num_steps=SAVE_EVERY + 2), data, tmp_path / "run", callbacks=[recorder], verbose=0)
    assert recorder.calls == [
        "train begins",
        "epoch 0 begins",
        *(f"batch {k}" for k in range(SAVE_EVERY)),
        "epoch 0 ends",
        "epoch 1 begins",
        "batch 0",
        "batch 1",
        "epoch 1 ends",
        "train ends",
    ]


def test_logs_are_the_rows_of_the_history_by_the_names_of_fit(stand_in, data, tmp_path):
    stand_in.terms[SAVE_EVERY] = {"recon": 3.0}
    stand_in.validations[SAVE_EVERY] = {"recon": 2.0, "kl_raw": 0.5}
    recorder = Recorder()
    train(HPARAMS.replace(num_steps=SAVE_EVERY), data, tmp_path / "run", callbacks=[recorder], verbose=0)
    logs = recorder.logs[0]
    assert (logs["loss"], logs["recon"]) == (3.0, 3.0)
    assert (logs["val_loss"], logs["val_recon"], logs["val_kl_raw"]) == (2.0, 2.0, 0.5)
    (row,) = [row for row in history.read(tmp_path / "run" / "history.csv") if row["split"] == "valid"]
    assert float(row["cost"]) == logs["val_loss"]


def test_early_stopping_ends_the_training_with_its_state_saved(stand_in, data, tmp_path):
    stand_in.validations = {k * SAVE_EVERY: {"recon": float(k)} for k in range(1, 9)}
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    model = train(HPARAMS, data, tmp_path / "run", callbacks=[stop], verbose=0)
    assert last_step(tmp_path / "run") == 3 * SAVE_EVERY
    assert model.output_head.bias.numpy()[0] == pytest.approx(SAVE_EVERY, abs=1)  # the stand-in adds 1 at every step
    train(HPARAMS, data, tmp_path / "run", resume=True, verbose=0)
    assert last_step(tmp_path / "run") == NUM_STEPS


def test_model_checkpoint_writes_what_keras_opens_and_goes_on_with(data, tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}_{val_loss:.0f}.keras")
    board = keras.callbacks.TensorBoard(tmp_path / "events")
    hparams = HPARAMS.replace(num_steps=4, save_every=2)
    train(hparams, data, tmp_path / "run", callbacks=[checkpoint, board], verbose=0)
    files = sorted(tmp_path.glob("*.keras"))
    assert [file.name[:2] for file in files] == ["1_", "2_"]
    assert int(keras.saving.load_model(files[1]).optimizer.iterations) == 4
    assert list((tmp_path / "events").rglob("events*"))


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([keras.callbacks.ReduceLROnPlateau()], "received a ReduceLROnPlateau; hyperparameters decide"),
        ([print], "expected Keras callbacks, received a builtin_function_or_method"),
    ],
)
def test_callbacks_that_cannot_work_are_refused_before_anything_is_written(data, tmp_path, callbacks, message):
    with pytest.raises(InputError, match=message):
        train(HPARAMS, data, tmp_path / "run", callbacks=callbacks)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("verbose", "lines"), [("auto", 1), (1, 1), (2, 1), (0, 0)])
def test_progress_is_shown_unless_it_is_not_wanted(stand_in, data, tmp_path, capsys, verbose, lines):
    train(HPARAMS.replace(num_steps=SAVE_EVERY), data, tmp_path / "run", verbose=verbose)
    _, err = capsys.readouterr()
    assert err.count(f"step {SAVE_EVERY}  valid  cost") == lines
    assert len(err.splitlines()) == lines


def test_verbose_is_one_of_four(data, tmp_path):
    with pytest.raises(InputError, match="verbose: expected 'auto', 0, 1 or 2, received 'loud'"):
        train(HPARAMS, data, tmp_path / "run", verbose="loud")
