"""Losses over a split: the means of its batches, the same at every call, under the noise of every version."""

import numpy as np
import pytest
from support.tiny import tiny_model
from support.tiny_run import HPARAMS, without_validation

from sketch_rnn_keras.data.batches import sequential_batches
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.streams import Stream
from sketch_rnn_keras.training.evaluation import evaluate, latent_noise
from sketch_rnn_keras.training.run_directory import RunDirectory

TERMS = {"offset", "pen", "recon", "recon_masked", "pen_masked", "kl", "kl_raw"}


@pytest.fixture(scope="module")
def model(data):
    return tiny_model(spread=0.3, max_seq_len=data.max_seq_len, scale_factor=data.scale_factor, seed=5)


@pytest.fixture(scope="module")
def losses(model, data):
    return evaluate(model, data.valid, 16, data.max_seq_len)


def test_every_term_is_there(losses):
    assert set(losses) == TERMS


def test_evaluation_repeats_itself(model, data, losses):
    assert evaluate(model, data.valid, 16, data.max_seq_len) == losses


def test_the_terms_add_up(losses):
    assert losses["recon"] == pytest.approx(losses["offset"] + losses["pen"], abs=1e-5)
    assert losses["recon_masked"] == pytest.approx(losses["offset"] + losses["pen_masked"], abs=1e-5)


def test_kl_has_its_floor_batch_by_batch(losses, model):
    assert losses["kl"] >= max(losses["kl_raw"], model.hparams.kl_tolerance) - 1e-6


def test_losses_are_the_means_of_the_batches_under_the_noise_of_every_version(model, data, losses):
    """The noise of batch k is that of `default_rng([seed, k, 3])`: the losses of a model stay what they were."""
    by_hand = []
    batches = sequential_batches(data.valid, 16, data.max_seq_len, scale_factor=data.scale_factor)
    for k, batch in enumerate(batches):
        noise = np.random.default_rng([model.hparams.seed, k, 3]).standard_normal((16, 3), dtype="float32")
        by_hand.append(model.loss_terms(batch.strokes5, batch.lengths, noise=noise))
    for name, value in losses.items():
        assert value == pytest.approx(np.mean([float(terms[name]) for terms in by_hand]), rel=1e-4), name


def test_the_models_scale_factor_makes_the_drawings_model_units(model, data, losses, monkeypatch):
    monkeypatch.setattr(model, "scale_factor", 2 * data.scale_factor)
    assert evaluate(model, data.valid, 16, data.max_seq_len)["offset"] != pytest.approx(losses["offset"], abs=1e-3)


def test_a_validation_while_training_is_this_evaluation(trained_run, data):
    """Of the model that was saved as the best."""
    best = RunDirectory(trained_run.whole).progress().best_step
    (recorded,) = [values for step, split, values in trained_run.records if (step, split) == (best, "valid")]
    ours = evaluate(load_model(trained_run.whole), data.valid, HPARAMS.batch_size, data.max_seq_len)
    for name, value in ours.items():
        assert recorded[name] == pytest.approx(value, rel=1e-6), name


def test_evaluation_of_nothing_is_refused(model, data):
    with pytest.raises(InputError, match="evaluate: expected at least one sketch"):
        evaluate(model, without_validation(data).valid, 4, data.max_seq_len)


@pytest.mark.parametrize("stream", [Stream.TRAINING_LATENT, Stream.VALIDATION_LATENT])
def test_latent_noise_is_a_function_of_seed_stream_and_index(stream):
    one, same, other = (latent_noise(HPARAMS, stream, k, 4) for k in (7, 7, 8))
    assert (one.shape, one.dtype) == ((4, 3), np.float32)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0
