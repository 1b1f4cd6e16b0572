"""One interface to the backends: the module in use, what its functions promise, and a name for what is none."""

import importlib.util
import logging
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops
from support.tiny import tiny_batch, tiny_model

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.backends.startup import BACKENDS
from sketch_rnn_keras.errors import InputError

STROKES5 = tiny_batch()
INTERFACE = (
    "compiled",
    "compiled_gradients",
    "compiled_update",
    "mask_source",
    "mixed_product",
    "sums_rows_last",
    "has_accelerator",
    "open_devices",
    "prepare_training",
    "event_writer",
)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def objective(model):
    def cost(strokes5, weight):
        terms = model.loss_terms(strokes5)
        return weight * terms["recon"], terms

    return cost


def test_the_module_is_that_of_the_backend_in_use():
    assert backend().__name__ == f"sketch_rnn_keras.backends.{keras.backend.backend()}"


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(InputError, match="KERAS_BACKEND: expected tensorflow or jax, received 'torch'"):
        backend()


@pytest.mark.parametrize("name", INTERFACE)
def test_the_interface_is_complete(name):
    assert callable(getattr(backend(), name))


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_has_a_module(name):
    assert importlib.util.find_spec(f"sketch_rnn_keras.backends.{name}")


def test_a_compiled_function_reads_the_current_weights():
    model = tiny_model(conditional=False)
    run = backend().compiled(model, lambda strokes5: model.decode(strokes5))
    before = array(run(STROKES5[:, :-1]))
    model.output_head.bias.assign(array(model.output_head.bias) + 1.0)
    np.testing.assert_allclose(array(run(STROKES5[:, :-1])), before + 1.0, atol=1e-5)


@pytest.mark.tensorflow
def test_many_models_in_a_process_are_no_reason_to_warn(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
    for _ in range(12):
        model = keras.Sequential([keras.layers.Dense(1)])
        assert float(backend().compiled(model, lambda x: x + 1.0)(1.0)) == 2.0
    assert "retracing" not in caplog.text


@pytest.fixture(scope="module")
def model():
    """A decoder, whose weights a test may change."""
    return tiny_model(conditional=False)


@pytest.fixture(scope="module")
def gradients_of(model):
    """The compiled gradients of `weight` times the reconstruction loss."""
    run = backend().compiled_gradients(model, objective(model))
    return lambda weight: run(STROKES5, np.float32(weight))


def recon(model):
    return float(model.loss_terms(STROKES5)["recon"])


def test_gradients_come_in_the_order_of_the_variables_with_the_terms(model, gradients_of):
    gradients, terms = gradients_of(1.0)
    assert [g.shape for g in gradients] == [v.shape for v in model.trainable_variables]
    assert float(terms["recon"]) == pytest.approx(recon(model), rel=1e-5)


def test_gradients_are_those_of_the_cost(gradients_of):
    for one, two in zip(gradients_of(1.0)[0], gradients_of(2.0)[0], strict=True):
        assert np.abs(array(one)).max() > 0
        np.testing.assert_allclose(2.0 * array(one), array(two), rtol=1e-4, atol=1e-6)


def test_an_update_goes_down_the_gradient_and_gives_the_terms_of_before(model, gradients_of):
    rate, (gradients, _), expected = 0.125, gradients_of(1.0), recon(model)
    before = [array(v) for v in model.trainable_variables]
    optimizer = keras.optimizers.SGD(rate)
    terms = backend().compiled_update(model, optimizer, objective(model))(STROKES5, np.float32(1.0))
    assert float(terms["recon"]) == pytest.approx(expected, rel=1e-5)
    for variable, value, gradient in zip(model.trainable_variables, before, gradients, strict=True):
        np.testing.assert_allclose(array(variable), value - rate * array(gradient), rtol=1e-4, atol=1e-6)
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("keep_prob", [0.9, 0.25])
def test_the_mask_source_keeps_scales_and_draws_anew_by_its_seed(decoder_only, keep_prob):
    def two_masks(seed):
        draw = backend().mask_source(seed)
        return [draw((40, 50, 60), keep_prob) for _ in range(2)]

    draw_two = backend().compiled(decoder_only, two_masks)
    masks, same, other = (list(map(array, draw_two(np.int32(seed)))) for seed in (3, 3, 4))
    for mask, again in zip(masks, same, strict=True):
        np.testing.assert_array_equal(np.unique(mask), np.float32([0.0, 1.0 / keep_prob]))
        assert abs(mask.mean() - 1.0) < 5.0 * np.sqrt((1.0 / keep_prob - 1.0) / mask.size)
        np.testing.assert_array_equal(mask, again)
    assert np.any(masks[0] != masks[1])
    assert np.any(masks[0] != other[0])


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1, 2**32 - 1), (2**32 - 1, 2**32 - 1), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_the_known_answers_of_random123(key, counter, expected):
    from sketch_rnn_keras.backends import jax

    words = [tuple(map(np.uint32, pair)) for pair in (key, counter)]
    with np.errstate(over="ignore"):
        assert tuple(map(int, jax.threefry(*words))) == expected


def test_freed_memory_is_kept_where_the_c_library_can():
    """In a process of its own: it holds for all of one."""
    code = "import platform\nfrom sketch_rnn_keras.backends.memory import keep_freed_memory as k\n"
    code += "assert k() == (platform.libc_ver()[0] == 'glibc')"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.tensorflow
def test_tensorflow_writes_events_into_the_folder(tmp_path):
    writer = backend().event_writer(tmp_path)
    writer.write(3, "train", {"recon": 1.5})
    writer.close()
    (path,) = tmp_path.glob("events.out.tfevents.*")
    assert b"train/recon" in path.read_bytes()


def test_jax_writes_none(tmp_path):
    from sketch_rnn_keras.backends import jax

    assert jax.event_writer(tmp_path) is None
    assert not list(tmp_path.iterdir())
