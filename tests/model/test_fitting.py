"""SketchRNN as users of Keras use a model: compile, fit with callbacks, evaluate, predict, save, clone."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from support.tiny import tiny_batch, tiny_hparams, tiny_model, untrained_model
from support.tiny_run import load_data

from sketch_rnn_keras import InputError
from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.model import schedules
from sketch_rnn_keras.model.losses import TERMS
from sketch_rnn_keras.model.optimizer import LearningRate, make_optimizer
from sketch_rnn_keras.training.loop import objective

STEPS = 12
ANNEALED = {"kl_decay_rate": 0.9, "kl_weight_start": 0.0, "decay_rate": 0.9}
UNEVEN = 7  # drawings, of a batch size of 4


def drawings(count: int = UNEVEN) -> np.ndarray:
    """`[count, STEPS + 1, 5]` in model units."""
    return tiny_batch([3 + k % 9 for k in range(count)], STEPS)


def compiled_model(**changes):
    model = untrained_model(**(ANNEALED | changes))
    model.compile()
    return model


@pytest.fixture(scope="module")
def fitted():
    """A model after two epochs of two steps each, with its history."""
    model = compiled_model()
    history = model.fit(drawings(), batch_size=4, epochs=2, validation_data=(drawings(5),), verbose=0)
    return model, history.history


# --------------------------------------------------------------------------------------------- one step of both loops


def steps_of_the_loop(model, batches, noises, masks):
    """The package's own loop on given batches, noise and masks; the loss terms of each step."""
    optimizer = make_optimizer(model.hparams)
    model.dropout_masks = lambda *_: masks
    update = backend().compiled_update(model, optimizer, objective(model))
    for step, (batch, noise) in enumerate(zip(batches, noises, strict=True)):
        optimizer.learning_rate = schedules.learning_rate(step, model.hparams)
        lengths = np.sum(batch[:, 1:, 4] == 0, axis=1).astype("int32")
        kl_weight = np.float32(schedules.kl_weight(step, model.hparams))
        yield update(batch, lengths, noise, np.int32(0), kl_weight)


def steps_of_fit(model, batches, noises, masks):
    """`train_on_batch` on the same."""
    model.dropout_masks = lambda *_: masks
    given = keras.Variable(noises[0], trainable=False)
    draw = model.reparameterise
    model.reparameterise = lambda mu, presigma, noise=None: draw(mu, presigma, given.value)
    for batch in batches:
        yield model.train_on_batch(batch, return_dict=True)


@pytest.mark.parametrize("cells", [("lstm", "lstm"), ("layer_norm", "hyper")], ids="-".join)
def test_a_step_of_fit_is_a_step_of_the_loop(cells):
    options = {**ANNEALED, "enc_model": cells[0], "dec_model": cells[1], "kl_tolerance": 0.0, "grad_clip": 0.01}
    ours, keras_own = tiny_model(**options), tiny_model(**options)
    keras_own.compile()
    rng = np.random.default_rng(0)
    batches = [drawings(4)] * 3
    noises = [rng.standard_normal((4, ours.hparams.z_size)).astype("float32")] * 3
    masks = {
        place: (rng.random(mask.shape) < 0.5).astype("float32") * 2
        for place, mask in ours.dropout_masks(4, STEPS).items()
    }
    of_the_loop = steps_of_the_loop(ours, batches, noises, masks)
    for step, received in enumerate(steps_of_fit(keras_own, batches, noises, masks), start=1):
        expected = next(of_the_loop)
        for name in TERMS:
            np.testing.assert_allclose(received[name], float(expected[name]), rtol=2e-6, err_msg=f"{name}, step {step}")
    for mine, its in zip(ours.trainable_variables, keras_own.trainable_variables, strict=True):
        np.testing.assert_allclose(its.numpy(), mine.numpy(), rtol=0, atol=3e-6, err_msg=mine.path)


def test_the_loss_is_the_objective_with_the_weight_of_the_step():
    model = compiled_model()
    for step in range(4):
        logs = model.train_on_batch(drawings(4), return_dict=True)
        weight = schedules.kl_weight(step, model.hparams)
        assert logs["loss"] == pytest.approx(logs["recon"] + weight * logs["kl"], rel=1e-5)
        assert logs["kl_weight"] == pytest.approx(schedules.kl_weight(step + 1, model.hparams), rel=1e-5)


def test_the_default_optimizer_is_the_papers(fitted):
    model, _ = fitted
    assert model.optimizer.clipvalue == model.hparams.grad_clip
    assert model.optimizer.epsilon == 1e-8
    assert float(model.optimizer.learning_rate) == pytest.approx(schedules.learning_rate(4, model.hparams), rel=1e-6)


def test_the_schedule_keeps_its_digits_in_float32():
    hparams = tiny_hparams(decay_rate=0.9999, learning_rate=0.001, min_learning_rate=1e-9)
    rate = LearningRate(hparams.learning_rate, hparams.min_learning_rate, hparams.decay_rate)
    assert float(rate(50_000)) == pytest.approx(schedules.learning_rate(50_000, hparams), rel=2e-6)
    assert rate.get_config() == {"learning_rate": 0.001, "min_learning_rate": 1e-9, "decay_rate": 0.9999}


def test_a_step_is_traced_with_the_optimisers_variables_made():
    model = compiled_model()
    assert not model.optimizer.built
    model.make_train_function()
    assert model.optimizer.built  # where a step makes them, TensorFlow traces it twice


def test_a_loss_of_ones_own_is_refused():
    with pytest.raises(InputError, match="compile: loss: expected none"):
        untrained_model().compile(loss="mse")


# ----------------------------------------------------------------------------------------- fit, evaluate and predict


def test_fit_reports_every_term_and_takes_uneven_batches(fitted):
    model, history = fitted
    assert {*TERMS, "loss", "kl_weight"} <= history.keys()
    assert {f"val_{name}" for name in (*TERMS, "loss")} <= history.keys()
    assert int(model.optimizer.iterations) == 4
    np.testing.assert_allclose(history["kl_weight"], [schedules.kl_weight(k, model.hparams) for k in (2, 4)], rtol=1e-6)


def test_evaluate_changes_neither_weights_nor_the_annealing(fitted):
    model, _ = fitted
    before = [weight.copy() for weight in model.get_weights()]
    result = model.evaluate(drawings(5), batch_size=4, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(result["recon"] + result["kl_weight"] * result["kl"], rel=1e-5)
    assert result["kl_weight"] == pytest.approx(schedules.kl_weight(4, model.hparams), rel=1e-6)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_predict_gives_raw_outputs_of_an_uneven_batch(fitted):
    model, _ = fitted
    assert model.predict(drawings(), batch_size=4, verbose=0).shape == (UNEVEN, STEPS, 6 * 2 + 3)


def test_dropout_falls_in_training_alone():
    model = untrained_model(recurrent_dropout_prob=0.5)
    noise = np.zeros((4, 3), "float32")
    outputs = [np.asarray(model(drawings(4), noise=noise, training=t)) for t in (False, False, True)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.abs(outputs[2] - outputs[0]).max() > 1e-4


def test_a_decoder_alone_fits_too():
    model = compiled_model(conditional=False)
    history = model.fit(drawings(4), batch_size=4, epochs=1, verbose=0).history
    assert history["kl"] == [0.0]
    assert history["loss"] == pytest.approx(history["recon"])


@pytest.mark.tensorflow
def test_fit_takes_a_tf_data_pipeline_of_unknown_sizes():
    import tensorflow as tf

    def batches():
        yield drawings(4)
        yield drawings(3)[:, :10]

    spec = tf.TensorSpec([None, None, 5], "float32")
    model = compiled_model()
    pipeline = tf.data.Dataset.from_generator(batches, output_signature=spec).repeat()
    history = model.fit(pipeline, steps_per_epoch=2, epochs=1, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert int(model.optimizer.iterations) == 2


def test_callbacks_see_the_terms(tmp_path):
    model = compiled_model()
    stop = keras.callbacks.EarlyStopping(monitor="val_recon", mode="min", patience=0, min_delta=1e9)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}_{val_kl_raw:.1f}.keras")
    board = keras.callbacks.TensorBoard(tmp_path / "events")
    data = drawings(8)
    history = model.fit(
        data, batch_size=4, epochs=9, validation_data=(data,), callbacks=[stop, checkpoint, board], verbose=0
    )
    assert len(history.epoch) == 2  # the second is no improvement by 1e9
    assert sorted(path.name for path in tmp_path.glob("*.keras")) == ["1_0.0.keras", "2_0.0.keras"]
    assert list((tmp_path / "events").rglob("events*"))


# ---------------------------------------------------------------------------------------------------- a data set


def test_a_data_set_gives_the_batches_of_the_loop():
    from sketch_rnn_keras.data.batches import training_batches

    data, hparams = load_data(), tiny_hparams(batch_size=5, num_steps=4)
    expected = training_batches(
        data.train, hparams.replace(max_seq_len=data.max_seq_len), scale_factor=data.scale_factor
    )
    batches = data.as_keras(hparams, steps_per_epoch=2)
    received = [batches[0], batches[1]]
    batches.on_epoch_end()
    received += [batches[0], batches[1]]
    for one, (strokes5,) in zip(expected, received, strict=True):
        np.testing.assert_array_equal(strokes5, one.strokes5)
    np.testing.assert_array_equal(data.as_keras(hparams, start_step=2)[0][0], received[2][0])


def test_fit_on_a_data_set():
    data = load_data()
    hparams = tiny_hparams(batch_size=20, max_seq_len=data.max_seq_len)
    model = compiled_model(batch_size=20, max_seq_len=data.max_seq_len, learning_rate=0.01, decay_rate=1.0)
    valid = data.as_keras(hparams, "valid")
    history = model.fit(data.as_keras(hparams, steps_per_epoch=5), epochs=4, validation_data=valid, verbose=0).history
    assert history["val_recon"][-1] < history["val_recon"][0] - 0.1
    assert int(model.optimizer.iterations) == 20
    assert model.predict(valid, verbose=0).shape[1] == data.max_seq_len


def test_a_split_that_is_none_is_refused():
    with pytest.raises(InputError, match="split: expected one of train, valid, test, received 'dev'"):
        load_data().as_keras(tiny_hparams(), "dev")


# ------------------------------------------------------------------------------------- saving, cloning, composing


def test_a_saved_model_goes_on_in_a_fresh_process(fitted, tmp_path):
    model, _ = fitted
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "drawings.npy", drawings(4))
    program = f"""
import keras, sketch_rnn_keras, numpy
model = keras.saving.load_model({str(tmp_path / "model.keras")!r})
before = int(model.optimizer.iterations)
logs = model.train_on_batch(numpy.load({str(tmp_path / "drawings.npy")!r}), return_dict=True)
print(before, int(model.optimizer.iterations), logs["kl_weight"])
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    expected = [4, 5, schedules.kl_weight(5, model.hparams)]
    assert [float(word) for word in result.stdout.split()] == pytest.approx(expected, rel=1e-5), result.stderr


def test_a_clone_has_the_same_shape_and_weights_of_its_own(fitted):
    model, _ = fitted
    clone = keras.models.clone_model(model)
    assert clone.hparams == model.hparams
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    clone.set_weights(model.get_weights())
    noise = np.zeros((4, 3), "float32")
    np.testing.assert_array_equal(clone(drawings(4), noise=noise), model(drawings(4), noise=noise))


@pytest.mark.parametrize("steps", [STEPS + 1, None], ids=["known steps", "unknown steps"])
def test_it_is_a_layer_of_a_functional_model(fitted, steps):
    inputs = keras.Input((steps, 5))
    model = keras.Model(inputs, fitted[0](inputs))
    assert model.output.shape == (None, steps and STEPS, 15)
    assert model.predict(drawings(), batch_size=4, verbose=0).shape == (UNEVEN, STEPS, 15)


def test_the_summary_knows_every_shape(fitted):
    lines = []
    fitted[0].summary(print_fn=lines.append)
    assert "?" not in "\n".join(lines)
    assert "(None, 8)" in "\n".join(lines)
