"""The assembled model: what may and may not influence it, its compiled functions, its units, its losses."""

import keras
import numpy as np
import pytest
from keras import ops
from support.tiny import SIZES, tiny_batch, tiny_model, untrained_model

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model import cell
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

BATCH, STEPS = 2, 5
LENGTHS = np.array([3, 5], "int32")
STROKES5 = tiny_batch(LENGTHS, STEPS)


def codes(seed=1):
    return np.random.default_rng(seed).normal(size=(BATCH, SIZES["z_size"])).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def untrained():
    return untrained_model()


@pytest.fixture(scope="module")
def untrained_decoder():
    return untrained_model(conditional=False)


# ------------------------------------------------------------------------------------------------- construction, seeds


@pytest.fixture
def default_model(monkeypatch):
    monkeypatch.setattr(cell, "GatewiseOrthogonal", lambda seed: keras.initializers.Zeros())  # quick, same shape
    return SketchRNN(HParams())


def test_the_default_model_has_the_parameters_of_the_thesis(default_model):
    assert default_model.count_params() == 2_186_107


def test_every_parameter_of_the_default_model_is_trainable(default_model):
    assert sum(int(np.prod(w.shape)) for w in default_model.trainable_variables) == 2_186_107


def kernels_of_seeds(*seeds):
    """The 2D weights of models of these seeds: all that is drawn at random, but for the output's bias."""
    models = [untrained_model(seed=seed) for seed in seeds]
    return [[array(w) for w in model.weights if len(w.shape) == 2] for model in models]


def test_initial_weights_are_a_function_of_the_seed():
    for one, same in zip(*kernels_of_seeds(3, 3), strict=True):
        np.testing.assert_array_equal(one, same)


def test_every_kernel_differs_with_the_seed():
    one, other = kernels_of_seeds(3, 4)
    assert len(one) == 10
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_two_encoders_start_apart(untrained):
    forward, backward = (array(e.recurrent_kernel) for e in (untrained.encoder_forward, untrained.encoder_backward))
    assert np.abs(forward - backward).max() > 0.1


def test_hyperparameters_must_be_hyperparameters():
    with pytest.raises(InputError, match="expected an HParams, received dict"):
        SketchRNN({"z_size": 3})


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "2", True])
def test_a_scale_factor_must_be_a_positive_number(value):
    with pytest.raises(InputError, match="^scale_factor: expected a positive number"):
        untrained_model(scale_factor=value)


# ------------------------------------------------------------------------------------------------- encoder and decoder


def test_a_code_has_mu_and_presigma(untrained):
    assert [v.shape for v in untrained.encode(STROKES5[:, 1:], LENGTHS)] == [(BATCH, SIZES["z_size"])] * 2


@pytest.mark.parametrize("extra_steps", [0, 2])
def test_what_follows_a_sketch_has_no_influence_on_its_code(untrained, extra_steps):
    strokes = STROKES5[:, 1:]
    other = strokes.copy()
    other[0, LENGTHS[0] :] = 99.0
    other = np.concatenate([other, np.full((BATCH, extra_steps, 5), -7.0, "float32")], axis=1)
    for a, b in zip(untrained.encode(other, LENGTHS), untrained.encode(strokes, LENGTHS), strict=True):
        np.testing.assert_allclose(array(a), array(b), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("step", [0, LENGTHS[0] - 1])
def test_every_point_has_influence_on_the_code_of_its_sketch_alone(untrained, step):
    strokes = STROKES5[:, 1:].copy()
    expected = array(untrained.encode(strokes, LENGTHS)[0])
    strokes[0, step, 0] += 1.0
    found = array(untrained.encode(strokes, LENGTHS)[0])
    assert np.abs(found[0] - expected[0]).max() > 1e-6
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-6, atol=1e-9)


def test_z_is_mu_plus_sigma_times_noise(untrained):
    mu, presigma, noise = codes(1), codes(2), codes(3)
    z = untrained.reparameterise(ops.convert_to_tensor(mu), ops.convert_to_tensor(presigma), noise)
    np.testing.assert_allclose(array(z), mu + np.exp(presigma / 2) * noise, rtol=1e-6)


def test_noise_that_is_not_given_is_drawn_anew_from_a_stream_that_the_seed_decides():
    mu, presigma = ops.convert_to_tensor(codes(1)), ops.convert_to_tensor(codes(2))
    one, same = untrained_model(seed=5), untrained_model(seed=5)
    first, second = (array(one.reparameterise(mu, presigma)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(array(same.reparameterise(mu, presigma)), first)


@pytest.mark.parametrize("squash_start", [False, True])
def test_z_decides_where_the_decoder_starts(squash_start):
    model, z = tiny_model(squash_start=squash_start), codes()
    kernel, bias = array(model.initial_state.kernel), array(model.initial_state.bias)
    start = array(model.decoder.pack(model.decoder_start(ops.convert_to_tensor(z), BATCH)))
    np.testing.assert_allclose(
        start, np.tanh((np.tanh(z) if squash_start else z) @ kernel + bias), rtol=1e-5, atol=1e-6
    )


def test_a_decoder_alone_starts_from_zeros(untrained_decoder):
    assert not any(array(part).any() for part in untrained_decoder.decoder_start(None, BATCH))


def test_a_decoder_alone_has_no_encoder(untrained_decoder):
    assert untrained_decoder.encoder_forward is None
    with pytest.raises(InputError, match="encode: this model is decoder-only"):
        untrained_decoder.encode(STROKES5[:, 1:], LENGTHS)


def test_a_decoder_alone_takes_no_latent_vector(untrained_decoder):
    assert untrained_decoder.decode(STROKES5[:, :-1]).shape == (BATCH, STEPS, 6 * 2 + 3)
    with pytest.raises(InputError, match="a decoder-only model was given a latent vector"):
        untrained_decoder.decode(STROKES5[:, :-1], ops.convert_to_tensor(codes()))


def test_a_conditional_decoder_needs_a_latent_vector(untrained):
    with pytest.raises(InputError, match="a conditional model was given no latent vector"):
        untrained.decode(STROKES5[:, :-1])


def test_the_decoder_sees_no_later_point(untrained_decoder):
    strokes = STROKES5[:, :-1].copy()
    before = array(untrained_decoder.decode(strokes))
    strokes[:, 3, :2] += 1.0
    after = array(untrained_decoder.decode(strokes))
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert np.abs(after[:, 3] - before[:, 3]).max() > 1e-4


# ------------------------------------------------------------------------------------------- compiled functions, units


def outputs_times(model, strokes5, z, *, factor):
    return factor * model.decode(strokes5, z)


def other_outputs(model, strokes5, z, *, factor):
    return factor * model.decode(strokes5, z) + 1.0


def test_a_compiled_function_is_built_once_for_each_function_and_its_options(untrained):
    one = untrained.compiled_function(outputs_times, factor=2.0)
    assert untrained.compiled_function(outputs_times, factor=2.0) is one
    assert untrained.compiled_function(outputs_times, factor=3.0) is not one
    assert untrained.compiled_function(other_outputs, factor=2.0) is not one


def test_each_model_has_compiled_functions_of_its_own(untrained):
    other = untrained_model()
    one, another = (model.compiled_function(SketchRNN.encode) for model in (untrained, other))
    assert one is not another


def test_the_order_of_options_does_not_matter(untrained):
    def of(model, *, a, b):
        return a + b

    assert untrained.compiled_function(of, a=1, b=2) is untrained.compiled_function(of, b=2, a=1)


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_a_compiled_function_is_the_function(untrained, factor):
    strokes, z = STROKES5[:, :-1], codes()
    found = array(untrained.compiled_function(outputs_times, factor=factor)(strokes, z))
    expected = factor * array(untrained.decode(strokes, ops.convert_to_tensor(z)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_compiled_function_sees_the_current_weights():
    model = untrained_model()
    run = model.compiled_function(outputs_times, factor=1.0)
    before = array(run(STROKES5[:, :-1], codes()))
    model.output_head.bias.assign(array(model.output_head.bias) + 0.5)
    np.testing.assert_allclose(array(run(STROKES5[:, :-1], codes())), before + 0.5, atol=1e-6)


ROWS = np.array([[8, -2, 0], [0, 10, 1]], "float32")


def test_data_units_over_the_scale_factor_are_model_units(untrained):
    np.testing.assert_array_equal(untrained.to_model_units(ROWS), [[2, -0.5, 0], [0, 2.5, 1]])


def test_the_way_back_to_data_units_is_the_inverse(untrained):
    np.testing.assert_array_equal(untrained.to_data_units(untrained.to_model_units(ROWS)), ROWS)


def test_without_a_scale_factor_the_units_are_one():
    model = untrained_model(scale_factor=None, conditional=False)
    np.testing.assert_array_equal(model.to_model_units(ROWS), ROWS)
    np.testing.assert_array_equal(model.to_data_units(ROWS), ROWS)


# -------------------------------------------------------------------------------------------------------------- losses


@pytest.fixture(scope="module")
def terms(untrained):
    return {name: float(value) for name, value in untrained.loss_terms(STROKES5, LENGTHS, noise=codes(5)).items()}


def test_the_reconstruction_loss_is_its_two_terms(terms):
    assert terms["recon"] == pytest.approx(terms["offset"] + terms["pen"], rel=1e-6)
    assert terms["recon_masked"] == pytest.approx(terms["offset"] + terms["pen_masked"], rel=1e-6)


def test_the_masked_pen_loss_leaves_the_padding_out(terms):
    assert terms["pen_masked"] < terms["pen"]


def test_kl_has_its_floor(terms):
    assert 0.0 < terms["kl_raw"] < 0.2  # an untrained encoder is close to the prior
    assert terms["kl"] == pytest.approx(0.2)


def test_lengths_that_are_not_given_are_counted_from_the_end_tokens(untrained, terms):
    counted = untrained.loss_terms(STROKES5, noise=codes(5))
    assert {name: float(value) for name, value in counted.items()} == terms


def test_a_decoder_alone_has_no_kl(untrained_decoder):
    alone = untrained_decoder.loss_terms(STROKES5)
    assert float(alone["kl"]) == float(alone["kl_raw"]) == 0.0
