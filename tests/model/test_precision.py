"""A lower precision of the cells' matrix products: near float32, and everything else stays in float32."""

import keras
import numpy as np
import pytest
from keras import ops
from support.tiny import SIZES, tiny_batch, untrained_model

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.model.cells import CELLS
from sketch_rnn_keras.model.optimizer import make_optimizer

PRECISIONS = ["mixed_bfloat16", "mixed_float16"]
BATCH = 2
STROKES5 = tiny_batch((3, 5))
NOISE = np.random.default_rng(5).normal(size=(BATCH, SIZES["z_size"])).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module", params=[(kind, precision) for kind in CELLS for precision in PRECISIONS], ids=" ".join)
def pair(request):
    """A model of each cell in float32, and one of the same weights in a lower precision."""
    kind, precision = request.param
    plain = untrained_model(dec_model=kind, enc_model=kind)
    mixed = untrained_model(dec_model=kind, enc_model=kind, precision=precision)
    mixed.set_weights(plain.get_weights())
    return plain, mixed


def test_losses_are_near_and_in_float32(pair):
    expected, found = (model.loss_terms(STROKES5, noise=NOISE) for model in pair)
    for name, value in expected.items():
        assert keras.backend.standardize_dtype(found[name].dtype) == "float32"
        assert array(found[name]) == pytest.approx(array(value), rel=0.02, abs=0.02), name


def test_outputs_are_near_but_not_the_same(pair):
    plain, mixed = (array(model.decode(STROKES5[:, :-1], ops.convert_to_tensor(NOISE))) for model in pair)
    assert 0.0 < np.abs(plain - mixed).max() < 0.05


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_mixed_product_is_that_of_the_rounded_numbers(dtype):
    rng = np.random.default_rng(0)
    a, b = (ops.convert_to_tensor(rng.normal(size=(40, 40)).astype("float32")) for _ in range(2))
    product = backend().mixed_product(a, b, dtype)
    expected = array(ops.cast(ops.cast(a, dtype), "float32")) @ array(ops.cast(ops.cast(b, dtype), "float32"))
    rounding = 1e-6 if keras.backend.backend() == "jax" else {"bfloat16": 2**-8, "float16": 2**-10}[dtype]
    assert keras.backend.standardize_dtype(product.dtype) == "float32"
    np.testing.assert_allclose(array(product), expected, rtol=rounding, atol=rounding * np.abs(expected).max())


def test_weights_stay_in_float32(pair):
    assert {w.dtype for w in pair[1].weights} == {"float32"}


@pytest.fixture(scope="module")
def costs():
    """The costs of six steps of training, by precision."""
    found = {}
    for precision in ("float32", *PRECISIONS):
        model = untrained_model(precision=precision)
        update = backend().compiled_update(model, make_optimizer(model.hparams), objective(model))
        found[precision] = [float(update(STROKES5)["recon"]) for _ in range(6)]
    return found


def objective(model):
    def cost(strokes5):
        terms = model.loss_terms(strokes5, noise=NOISE)
        return terms["recon"] + terms["kl"], terms

    return cost


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_lower_precision_trains_as_float32_does(costs, precision):
    np.testing.assert_allclose(costs[precision], costs["float32"], rtol=0.02)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_cost_falls_in_a_lower_precision(costs, precision):
    assert costs[precision][-1] < costs[precision][0]
