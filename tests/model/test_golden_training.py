"""Our gradients, optimiser steps and greedy drawings are the original's."""

import numpy as np
import pytest
from keras import ops
from support.golden_recipe import CASES, Golden

from sketch_rnn_keras.backends import backend
from sketch_rnn_keras.interop import magenta
from sketch_rnn_keras.model import schedules
from sketch_rnn_keras.model.optimizer import make_optimizer
from sketch_rnn_keras.sampling import sample_points

GREEDY_STEPS = 12


@pytest.fixture(params=CASES)
def golden(request):
    return Golden(request.param)


def cost(golden):
    def objective(kl_weight):
        terms = golden.model.loss_terms(golden.strokes5, golden.lengths, noise=golden.noise)
        return terms["recon"] + kl_weight * terms["kl"], terms

    return objective


def test_gradients(golden):
    weight = np.asarray(golden.model.hparams.kl_weight, "float32")
    gradients, _ = backend().compiled_gradients(golden.model, cost(golden))(weight)
    by_path = {
        v.path: ops.convert_to_numpy(g) for v, g in zip(golden.model.trainable_variables, gradients, strict=True)
    }
    assert len(by_path) == len(golden.case["variables"])
    for name, variable in magenta.variables(golden.model).items():
        gradient, norm = by_path[variable.path], golden.expected[f"gradnorm/{name}"]
        assert np.linalg.norm(gradient) == pytest.approx(norm, rel=1e-4, abs=1e-7), name
        if f"grad/{name}" in golden.expected:
            assert np.linalg.norm(gradient - golden.expected[f"grad/{name}"]) <= 1e-4 * norm + 1e-7, name


def test_three_optimiser_steps(golden):
    hparams = golden.model.hparams.replace(kl_weight=0.5)  # the default schedule
    optimizer = make_optimizer(hparams)

    def objective(kl_weight):
        value, terms = cost(golden)(kl_weight)
        return value, terms | {"cost": value}

    update, costs = backend().compiled_update(golden.model, optimizer, objective), []
    for step in range(3):
        optimizer.learning_rate = schedules.learning_rate(step, hparams)
        costs.append(float(update(np.asarray(schedules.kl_weight(step, hparams), "float32"))["cost"]))
    np.testing.assert_allclose(costs, golden.expected["train_costs"], rtol=2e-5, atol=2e-5)
    for name, weights in magenta.read_variables(golden.model).items():
        assert weights.sum() == pytest.approx(golden.expected[f"aftersum/{name}"], rel=1e-4, abs=2e-3), name
        if f"after/{name}" in golden.expected:
            np.testing.assert_allclose(weights, golden.expected[f"after/{name}"], atol=2e-4, err_msg=name)


def test_greedy_strokes(golden):
    noise = np.zeros((GREEDY_STEPS, 1, 4))
    points = sample_points(golden.model, golden.z_greedy, noise, temperature=0, stop_at_end=False)
    np.testing.assert_allclose(points[0], golden.expected["greedy"], atol=1e-4)
