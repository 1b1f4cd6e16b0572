"""The schedules: their ends, their shape, and that any number-like step passes through."""

import numpy as np
import pytest

from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model.schedules import cost, kl_weight, learning_rate

STEPS = np.array([0.0, 1.0, 100.0, 20_000.0, 1e6])


def test_they_begin_and_end_where_the_hyperparameters_say():
    hparams = HParams(learning_rate=0.002, min_learning_rate=0.0003, kl_weight=0.7, kl_weight_start=0.05)
    assert learning_rate(0, hparams) == pytest.approx(0.002, rel=1e-12)
    assert learning_rate(10**7, hparams) == pytest.approx(0.0003, rel=1e-12)
    assert kl_weight(0, hparams) == pytest.approx(0.05, rel=1e-12)
    assert kl_weight(10**7, hparams) == pytest.approx(0.7, rel=1e-12)


def test_values_worked_by_hand():
    hparams = HParams(
        learning_rate=1.0, min_learning_rate=0.2, decay_rate=0.5, kl_weight=1.0, kl_weight_start=0.0, kl_decay_rate=0.5
    )
    assert learning_rate(2, hparams) == pytest.approx(0.8 / 4 + 0.2)
    assert kl_weight(2, hparams) == pytest.approx(0.75)


def test_the_original_at_its_defaults():
    hparams = HParams()
    assert learning_rate(1000, hparams) == pytest.approx(0.00099 * 0.9999**1000 + 0.00001)
    assert kl_weight(1000, hparams) == pytest.approx(0.5 - 0.49 * 0.99995**1000)


def test_they_never_turn_back():
    hparams = HParams()
    assert (np.diff(learning_rate(STEPS, hparams)) < 0).all()
    assert (np.diff(kl_weight(STEPS, hparams)) > 0).all()


@pytest.mark.parametrize("schedule", [learning_rate, kl_weight])
def test_arrays_pass_through(schedule):
    together = schedule(STEPS, HParams())
    assert together.shape == STEPS.shape
    np.testing.assert_allclose(together, [schedule(step, HParams()) for step in STEPS.tolist()], rtol=1e-12)


@pytest.mark.parametrize("schedule", [learning_rate, kl_weight])
def test_without_decay_they_stay_where_they_start(schedule):
    hparams = HParams(decay_rate=1.0, kl_decay_rate=1.0)
    assert schedule(12345, hparams) == pytest.approx(schedule(0, hparams), rel=1e-12)


def test_the_cost_weighs_the_kl_loss_alone():
    assert cost(1.5, 2.0, 0.25) == 1.5 + 0.25 * 2.0
    np.testing.assert_array_equal(cost(np.array([1.0, 2.0]), np.array([4.0, 0.0]), 0.5), [3.0, 2.0])
