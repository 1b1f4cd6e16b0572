"""Loops as they are made for an accelerator: what they compute, and that nothing of them is decided while they run."""

import re

import keras
import numpy as np
import pytest
from keras import ops
from support.tiny import tiny_batch, tiny_model

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.model import recurrence

LENGTHS = (3, 12, 7, 1)
STROKES5 = tiny_batch(LENGTHS, steps=12)
NOISE = np.random.default_rng(2).standard_normal((len(LENGTHS), 3)).astype("float32")
CELLS = [{"dec_model": "lstm"}, {"dec_model": "layer_norm", "conditional": False}]


def objective(model):
    def cost(strokes5, lengths, noise, seed):
        masks = model.dropout_masks(len(LENGTHS), 12, backend().mask_source(seed))
        terms = model.loss_terms(strokes5, lengths, noise, masks)
        return terms["recon"] + 0.5 * terms["kl_raw"], terms

    return cost


def numbers(cells):
    model = tiny_model(**cells)
    gradients, terms = backend().compiled_gradients(model, objective(model))(
        STROKES5, np.int32(LENGTHS), NOISE, np.int32(3)
    )
    return [ops.convert_to_numpy(tensor) for tensor in (*gradients, *terms.values())]


@pytest.mark.parametrize("cells", CELLS)
def test_they_compute_what_the_others_do(monkeypatch, cells):
    expected = numbers(cells)
    monkeypatch.setattr(recurrence, "has_fixed_loops", lambda: True)
    for ours, theirs in zip(numbers(cells), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6 * max(1.0, np.abs(theirs).max()))


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX shows its programs")
def test_the_turns_of_every_loop_are_known_when_it_is_compiled(monkeypatch):
    import jax

    monkeypatch.setattr(recurrence, "has_fixed_loops", lambda: True)
    model = tiny_model()
    variables = model.trainable_variables

    def cost(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return objective(model)(STROKES5, np.int32(LENGTHS), NOISE, np.int32(3))[0]

    program = jax.jit(jax.grad(cost)).lower([v.value for v in variables]).compile().as_text()
    loops = re.findall(r" while\(.*", program)
    assert len(loops) >= 6  # three cells, forward and backward
    assert all("known_trip_count" in loop for loop in loops)
    assert " sort(" not in program


def test_on_a_cpu_they_are_not_fixed():
    assert recurrence.has_fixed_loops() is backend().has_accelerator() is False
