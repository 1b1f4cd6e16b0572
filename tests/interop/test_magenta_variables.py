"""The original's variables by name: each weight exactly once, there and back, and nothing assigned unless all fit."""

import numpy as np
import pytest
from support.tiny import tiny_model

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model.cells import CELLS


@pytest.fixture(scope="module", params=CELLS)
def model(request):
    """A model of each cell, whose values the tests change."""
    return tiny_model(enc_model=request.param, dec_model=request.param)


def test_variables_cover_every_weight_once(model):
    table = magenta.variables(model)
    assert len({id(v) for v in table.values()}) == len(table) == len(model.trainable_variables)


def test_variables_that_are_assigned_are_read_back(model):
    """With ":0" at the end of their names or without."""
    rng = np.random.default_rng(0)
    given = {name: rng.normal(size=v.shape).astype("float32") for name, v in magenta.variables(model).items()}
    magenta.assign_variables(model, {name.removesuffix(":0"): value for name, value in given.items()})
    for name, value in magenta.read_variables(model).items():
        np.testing.assert_array_equal(value, given[name])


NAME = "vector_rnn/RNN/output_b:0"


def without(arrays):
    return {name: value for name, value in arrays.items() if name != NAME}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, f"missing: {NAME}; unknown: none"),
        (lambda a: a | {"global_step:0": np.zeros(())}, "missing: none; unknown: global_step:0"),
        (
            lambda a: without(a) | {"vector_rnn/RNN/output_v": a[NAME]},
            f"missing: {NAME}; unknown: vector_rnn/RNN/outpu",
        ),
        (lambda a: a | {NAME: np.zeros((1, 15))}, rf"{NAME}': expected shape \(15,\), received \(1, 15\)"),
        (lambda a: a | {NAME.removesuffix(":0"): a[NAME]}, f"{NAME}' is given twice"),
    ],
    ids=["missing", "unknown", "misspelt", "shape", "twice"],
)
def test_variables_that_do_not_fit_are_refused_and_none_is_assigned(change, message, decoder_only):
    before = decoder_only.get_weights()
    arrays = {name: value + 1.0 for name, value in magenta.read_variables(decoder_only).items()}
    with pytest.raises(InputError, match=message):
        magenta.assign_variables(decoder_only, change(arrays))
    for a, b in zip(decoder_only.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
