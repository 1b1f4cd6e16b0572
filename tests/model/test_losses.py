"""The loss terms are the paper's sums, with the original's 1e-6 and its treatment of padding."""

import math

import numpy as np
import pytest
from keras import ops

from sketch_rnn_keras.model import losses, mixture

BATCH, STEPS, M = 2, 5, 3
LENGTHS = (3, 5)


def raw_outputs(seed=0):
    return np.random.default_rng(seed).normal(size=(BATCH, STEPS, 6 * M + 3)).astype("float32")


def targets(seed=1):
    """Sketches of LENGTHS points, then padding."""
    target = np.zeros((BATCH, STEPS, 5), "float32")
    rng = np.random.default_rng(seed)
    for sketch, n in zip(target, LENGTHS, strict=True):
        sketch[:n, :2] = rng.normal(size=(n, 2))
        sketch[np.arange(n), rng.integers(2, 4, size=n)] = 1
        sketch[n:, 4] = 1
    return target


def offset_loss(raw, target):
    return float(losses.offset_loss(mixture.from_raw(ops.convert_to_tensor(raw)), ops.convert_to_tensor(target)))


def pen_losses(raw, target):
    pair = losses.pen_losses(mixture.from_raw(ops.convert_to_tensor(raw)), ops.convert_to_tensor(target))
    return tuple(float(v) for v in pair)


def kl_loss(mu, presigma):
    return float(losses.kl_loss(*(ops.convert_to_tensor(np.asarray(v, "float32")) for v in (mu, presigma))))


def density(raw, target):
    """sum_j pi_j N(dx, dy), `[B, N]`, in float64 as textbooks write it."""
    logits, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw = np.split(raw[..., 3:].astype("float64"), 6, axis=-1)
    pi = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    sigma_x, sigma_y, rho = np.exp(log_sigma_x), np.exp(log_sigma_y), np.tanh(rho_raw)
    z_x, z_y = (target[..., 0:1] - mu_x) / sigma_x, (target[..., 1:2] - mu_y) / sigma_y
    exponent = (z_x**2 + z_y**2 - 2 * rho * z_x * z_y) / (2 * (1 - rho**2))
    return (pi * np.exp(-exponent) / (2 * np.pi * sigma_x * sigma_y * np.sqrt(1 - rho**2))).sum(axis=-1)


def cross_entropy(raw, target):
    logits = raw[..., :3].astype("float64")
    log_q = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -(target[..., 2:] * log_q).sum(axis=-1)


# -------------------------------------------------------------------------------------------------------------- offset


@pytest.mark.parametrize("shift", [0.0, 3.0, 6.0])
def test_offset_loss_is_the_plain_formula(shift):
    """The shift takes the density from far above 1e-6 to far below it."""
    raw, target = raw_outputs(), targets()
    target[..., :2] += shift
    drawn = 1.0 - target[..., 4]
    expected = -(drawn * np.log(density(raw, target) + 1e-6)).sum() / (BATCH * STEPS)
    assert offset_loss(raw, target) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("offset", [1e3, -1e4, 1e6])
def test_a_hopeless_offset_costs_the_logarithm_of_the_epsilon(offset):
    target = targets()
    target[..., :2] = offset
    expected = -math.log(1e-6) * sum(LENGTHS) / (BATCH * STEPS)
    assert offset_loss(raw_outputs(), target) == pytest.approx(expected, rel=1e-6)


def test_padding_adds_nothing_to_the_offset_loss():
    raw, target = raw_outputs(), targets()
    before = offset_loss(raw, target)
    raw[0, LENGTHS[0] :] = 7.0
    target[0, LENGTHS[0] :, :2] = 100.0
    assert offset_loss(raw, target) == before


def test_a_batch_of_padding_has_no_offset_loss():
    target = np.tile(np.float32([0, 0, 0, 0, 1]), (BATCH, STEPS, 1))
    assert offset_loss(raw_outputs(), target) == 0.0


# ----------------------------------------------------------------------------------------------------------------- pen


def test_pen_losses_are_the_plain_formulas():
    raw, target = raw_outputs(), targets()
    entropy = cross_entropy(raw, target)
    expected = entropy.sum() / (BATCH * STEPS), ((1.0 - target[..., 4]) * entropy).sum() / (BATCH * STEPS)
    assert pen_losses(raw, target) == pytest.approx(expected, rel=1e-6)


def test_padding_counts_in_the_pen_loss_but_not_in_the_masked_one():
    raw, target = raw_outputs(), targets()
    pen, masked = pen_losses(raw, target)
    before = cross_entropy(raw, target).sum()
    raw[0, LENGTHS[0] :, 2] -= 5.0  # the end of the sketch comes as a surprise
    surprised, still_masked = pen_losses(raw, target)
    added = (cross_entropy(raw, target).sum() - before) / (BATCH * STEPS)
    assert added > 0.5
    assert surprised - pen == pytest.approx(added, rel=1e-5)
    assert still_masked == masked


def test_pen_losses_survive_extreme_logits():
    raw, target = raw_outputs(), targets()
    raw[..., :3] = (1e4, -1e4, -1e4)
    assert pen_losses(raw, target) == pytest.approx(
        (2e4 * target[..., 3:].sum() / 10, 2e4 * target[..., 3].sum() / 10), rel=1e-6
    )


# ------------------------------------------------------------------------------------------------------------------ KL


def test_kl_is_zero_for_the_prior():
    assert kl_loss(np.zeros((3, 4)), np.zeros((3, 4))) == 0.0


def test_kl_is_the_closed_form_and_positive():
    rng = np.random.default_rng(0)
    mu, presigma = rng.normal(size=(2, 3, 4))
    sigma = np.exp(presigma / 2)
    expected = np.mean(0.5 * (sigma**2 + mu**2 - 1.0) - np.log(sigma))  # KL(N(mu, sigma) || N(0, 1))
    assert kl_loss(mu, presigma) == pytest.approx(expected, rel=1e-5)
    assert expected > 0


def test_kl_is_the_expected_log_ratio_of_the_densities():
    """The definition, by quadrature: E_q[log q - log p] for q = N(0.7, exp(-0.4 / 2))."""
    mu, presigma = 0.7, -0.4
    x, step = np.linspace(-10, 10, 4001, retstep=True)
    log_q = -((x - mu) ** 2) / (2 * math.exp(presigma)) - presigma / 2
    log_p = -(x**2) / 2
    q = np.exp(log_q) / math.sqrt(2 * math.pi)
    assert kl_loss([[mu]], [[presigma]]) == pytest.approx((q * (log_q - log_p)).sum() * step, rel=1e-5)
