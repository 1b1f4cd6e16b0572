"""Our numbers are the original's: every golden case, forward values, under any backend."""

import numpy as np
import pytest
from keras import ops
from support.golden_recipe import CASES, Golden

from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model import mixture


@pytest.fixture(scope="module", params=CASES)
def golden(request):
    return Golden(request.param)


def close(actual, expected, tolerance=2e-5):
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=tolerance, atol=tolerance)


def latent(golden):
    if not golden.case["conditional"]:
        return None
    mu, presigma = golden.model.encode(golden.strokes5[:, 1:], golden.lengths)
    return golden.model.reparameterise(mu, presigma, golden.noise)


def test_encoder_and_latent(golden):
    if not golden.case["conditional"]:
        assert golden.model.encoder_forward is None
        return
    mu, presigma = golden.model.encode(golden.strokes5[:, 1:], golden.lengths)
    close(mu, golden.expected["mu"])
    close(presigma, golden.expected["presigma"])
    close(golden.model.reparameterise(mu, presigma, golden.noise), golden.expected["z"])


def test_initial_state(golden):
    start = golden.model.decoder_start(latent(golden), len(golden.lengths))
    close(golden.model.decoder.pack(start), golden.expected["initial_state"])


def test_mixture_parameters(golden):
    raw = golden.model.decode(golden.strokes5[:, :-1], latent(golden))
    for name, values in mixture.parameters(raw).items():
        close(values, golden.expected[name])


def test_losses(golden):
    terms = golden.model.loss_terms(golden.strokes5, golden.lengths, noise=golden.noise)
    expected = golden.expected
    close(terms["recon"], expected["recon_train"])
    close(terms["recon_masked"], expected["recon_eval"])
    close(terms["kl"], expected["kl"])
    close(terms["recon"] + golden.model.hparams.kl_weight * terms["kl"], expected["cost"])


def test_lengths_are_counted_from_the_end_tokens(golden):
    given = golden.model.loss_terms(golden.strokes5, golden.lengths, noise=golden.noise)
    counted = golden.model.loss_terms(golden.strokes5, noise=golden.noise)
    assert float(given["recon"]) == float(counted["recon"])


def test_final_state(golden):
    model, x = golden.model, np.moveaxis(golden.strokes5[:, :-1], 1, 0)
    z = latent(golden)
    state, weights = model.decoder_start(z, len(golden.lengths)), model.decoder.loop_weights()
    context = model.decoder.context(len(golden.lengths), z)
    for now in x:
        state, _ = model.decoder.step(weights, ops.convert_to_tensor(now), context, state)
    close(model.decoder.pack(state), golden.expected["final_state"])


def test_variables_translate_both_ways(golden):
    back = magenta.read_variables(golden.model)
    assert {name: list(array.shape) for name, array in back.items()} == golden.case["variables"]
    for name, array in golden.weights().items():
        np.testing.assert_array_equal(back[name], array.astype("float32"))
