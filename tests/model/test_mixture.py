"""The mixture is a density, survives every extreme, and is tempered and drawn from as the paper says."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops
from support.autodiff import cost_and_gradients

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.model import losses, mixture

PI = np.array([0.5, 0.3, 0.2])
MU = np.array([[-2.0, 1.0], [1.5, 0.5], [0.0, -1.0]])
SIGMA = np.array([[0.5, 0.8], [1.0, 0.3], [0.7, 0.7]])
RHO = np.array([0.6, -0.9, 0.0])
PEN = np.array([0.6, 0.3, 0.1])


def raw_of(log_pi, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw, pen_logits=(0.0, 0.0, 0.0)):
    """The decoder's outputs `[..., 6 M + 3]` that hold these parameters `[..., M]`."""
    fields = np.broadcast_arrays(log_pi, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw)
    pen = np.broadcast_to(pen_logits, (*fields[0].shape[:-1], 3))
    return np.concatenate([pen, *fields], axis=-1).astype("float32")


RAW = raw_of(np.log(PI), *MU.T, *np.log(SIGMA.T), np.arctanh(RHO), np.log(PEN))


def density(x, y):
    """sum_j pi_j N(x, y), equations 24 and 25 of arXiv 1308.0850, in float64."""
    z_x, z_y = (x[..., None] - MU[:, 0]) / SIGMA[:, 0], (y[..., None] - MU[:, 1]) / SIGMA[:, 1]
    one_less = 1.0 - RHO**2
    exponent = (z_x**2 + z_y**2 - 2.0 * RHO * z_x * z_y) / (2.0 * one_less)
    return (PI * np.exp(-exponent) / (2.0 * np.pi * SIGMA.prod(axis=1) * np.sqrt(one_less))).sum(axis=-1)


def log_density(raw, x, y):
    """`mixture.log_density` of float32 arrays, in NumPy."""
    m = mixture.from_raw(ops.convert_to_tensor(raw))
    x, y = (ops.convert_to_tensor(np.asarray(v, "float32")) for v in (x, y))
    return ops.convert_to_numpy(mixture.log_density(m, x, y))


def drawn(raw, noise, temperature=1.0, law="paper"):
    m = mixture.from_raw(ops.convert_to_tensor(np.repeat(raw[None], len(noise), axis=0)))
    return ops.convert_to_numpy(mixture.sample(mixture.temper(m, temperature, law), ops.convert_to_tensor(noise)))


def noise_of(count, seed):
    rng = np.random.default_rng(seed)
    uniform = rng.random((count, 2), "float32")
    return np.concatenate([uniform, rng.standard_normal((count, 2), "float32")], axis=1)


# ----------------------------------------------------------------------------------------------------- reading, density


def test_from_raw_reads_pen_then_six_fields_of_m():
    m = mixture.from_raw(ops.arange(3 + 6 * 2, dtype="float32"))
    found = [ops.convert_to_numpy(v).tolist() for v in (m.pen_logits, *m[1:6])]
    assert found == [[0, 1, 2], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14]]
    np.testing.assert_allclose(ops.convert_to_numpy(m.log_pi), np.log([1 / (1 + math.e), math.e / (1 + math.e)]), 1e-6)


def test_parameters_are_the_papers():
    named = mixture.parameters(RAW)
    expected = {"pi": PI, "mu_x": MU[:, 0], "mu_y": MU[:, 1], "sigma_x": SIGMA[:, 0], "sigma_y": SIGMA[:, 1]}
    expected |= {"rho": RHO, "pen_logits": np.log(PEN)}
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(named[name], values, rtol=1e-6, atol=1e-6)


def test_density_integrates_to_one():
    axis, step = np.linspace(-9.0, 9.0, 361, retstep=True)
    x, y = np.meshgrid(axis, axis)
    assert np.exp(log_density(RAW, x, y).astype("float64")).sum() * step**2 == pytest.approx(1.0, abs=1e-5)


def test_density_is_the_closed_form():
    x, y = np.random.default_rng(0).normal(scale=2.0, size=(2, 500)).astype("float32").astype("float64")
    np.testing.assert_allclose(log_density(RAW, x, y), np.log(density(x, y)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_density_is_exact_beside_a_correlation_of_one(sign):
    """At rho = 1 - 1e-7 the textbook formula in float32 divides by 0; the truth comes from float64."""
    r = np.float32(sign * math.atanh(1.0 - 1e-7))
    x, gap = np.meshgrid(np.float32([0.0, 0.5, -2.0, 3.0]), np.float32([0.0, 2.0**-12, -(2.0**-10), 0.5]))
    y = sign * x + gap
    rho = math.tanh(float(r))
    one_less = 1.0 / math.cosh(float(r)) ** 2
    x64, y64 = x.astype("float64"), y.astype("float64")
    quadratic = (y64 - rho * x64) ** 2 / one_less + x64**2  # completing the square
    expected = -quadratic / 2 - math.log(2 * math.pi) - math.log(one_less) / 2
    np.testing.assert_allclose(log_density(raw_of(*np.zeros((5, 1)), [r]), x, y), expected, rtol=1e-4)


# ----------------------------------------------------------------------------------------------------------- extremes

NEAR_ONE = math.atanh(1.0 - 1e-7)
EXTREMES = np.array(
    list(
        itertools.product(
            [0.0, -1.0, 1e4, -1e4, 1e6],  # dx
            [0.0, 1e4, -1e6],  # dy
            [0.0, 30.0, -30.0],  # log sigma_x
            [0.0, 30.0, -30.0],  # log sigma_y
            [0.0, NEAR_ONE, -NEAR_ONE, 1e4, -1e4],  # atanh rho
        )
    ),
    "float32",
)


def extreme_raw(components):
    """Raw outputs for every row of EXTREMES: its own component alone, or beside that of another row."""
    rows = [np.roll(EXTREMES, 101 * k, axis=0) for k in range(components)]
    log_sigma_x, log_sigma_y, rho_raw = (np.stack([r[:, k] for r in rows], axis=1) for k in (2, 3, 4))
    logits = np.linspace(-50.0, 50.0, components)
    return raw_of(logits, np.zeros(components), np.zeros(components), log_sigma_x, log_sigma_y, rho_raw)


def mean_log_density(m, target):
    return ops.mean(mixture.log_density(m, target[:, 0], target[:, 1]))


@pytest.mark.parametrize(
    ("cost", "components"), [(losses.offset_loss, 1), (losses.offset_loss, 3), (mean_log_density, 3)]
)
def test_every_extreme_has_a_finite_loss_and_gradient(cost, components):
    raw = keras.Variable(extreme_raw(components))
    pen = np.tile(np.eye(3, dtype="float32")[0], (len(EXTREMES), 1))
    target = keras.Variable(np.concatenate([EXTREMES[:, :2], pen], axis=1))
    value, gradients = cost_and_gradients(lambda: cost(mixture.from_raw(raw.value), target.value), [raw, target])
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in gradients)
    assert np.abs(gradients[0]).max() > 0


@pytest.mark.parametrize("offset", [1e4, 1e6])
def test_each_extreme_has_a_finite_density_of_its_own(offset):
    raw = extreme_raw(1)
    values = log_density(raw, np.full(len(raw), offset), np.full(len(raw), -offset))
    assert np.isfinite(values).all()


# -------------------------------------------------------------------------------------------------- temperature, draws


@pytest.mark.parametrize(("law", "power"), [("paper", 1), ("magenta", 2)])
@pytest.mark.parametrize("tau", [0.25, 0.7, 1.0])
def test_draws_have_the_tempered_covariance(law, power, tau):
    count = 20_000
    rows = drawn(raw_of([0.0], [3.0], [-1.0], [math.log(2.0)], [math.log(0.5)], [math.atanh(0.8)]), noise_of(count, 1),
                 tau, law)  # fmt: skip
    spread = np.array([[4.0, 0.8], [0.8, 0.25]]) * tau**power
    error = 5.0 * np.sqrt((spread**2 + np.outer(np.diag(spread), np.diag(spread))) / count)
    assert (np.abs(np.cov(rows[:, :2].T) - spread) < error).all()
    assert (np.abs(rows[:, :2].mean(axis=0) - [3.0, -1.0]) < 5.0 * np.sqrt(np.diag(spread) / count)).all()


@pytest.mark.parametrize("law", mixture.TEMPERATURE_LAWS)
def test_temper_divides_the_logits_and_leaves_means_and_correlation(law):
    before = mixture.from_raw(ops.convert_to_tensor(RAW))
    after = mixture.temper(before, 0.5, law)
    sharpened = PI**2 / (PI**2).sum()
    np.testing.assert_allclose(np.exp(ops.convert_to_numpy(after.log_pi)), sharpened, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(after.pen_logits), 2.0 * np.log(PEN), rtol=1e-5)
    for name in ("mu_x", "mu_y", "rho_raw"):
        assert getattr(after, name) is getattr(before, name)


def test_temperature_one_changes_nothing():
    before = mixture.from_raw(ops.convert_to_tensor(RAW))
    for old, new in zip(before, mixture.temper(before, 1.0), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(new), ops.convert_to_numpy(old), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("tau", [1.0, 0.5])
def test_draws_come_as_often_as_pi_and_the_pen_say(tau):
    count = 20_000
    points = np.array([0.0, 100.0, 200.0])  # components that no draw can confuse
    rows = drawn(raw_of(np.log(PI), points, -points, [0.0], [0.0], [0.0], np.log(PEN)), noise_of(count, 2), tau)
    components = np.rint(rows[:, 0] / 100.0).astype(int)
    np.testing.assert_array_equal(components, np.rint(-rows[:, 1] / 100.0).astype(int))
    for found, p in ((np.bincount(components, minlength=3) / count, PI), (rows[:, 2:].mean(axis=0), PEN)):
        p = p ** (1 / tau) / (p ** (1 / tau)).sum()
        assert (np.abs(found - p) < 5.0 * np.sqrt(p * (1 - p) / count)).all()
    np.testing.assert_array_equal(np.sort(rows[:, 2:], axis=1), np.tile([0.0, 0.0, 1.0], (count, 1)))


def test_what_has_no_probability_is_never_drawn():
    raw = raw_of([-1e4, 0.0, -1e4], [-9.0, 5.0, 9.0], [0.0], [-30.0], [-30.0], [0.0], (-1e4, 0.0, -1e4))
    last = np.nextafter(np.float32(1.0), np.float32(0.0))
    rows = drawn(raw, np.array([[0.0, 0.0, 0.0, 0.0], [last, last, 0.0, 0.0]], "float32"))
    np.testing.assert_array_equal(rows, [[5.0, 0.0, 0.0, 1.0, 0.0]] * 2)


def test_greedy_is_the_limit_of_temperature_zero():
    raw = np.stack([RAW, raw_of(np.log(PI[::-1]), *MU.T, *np.log(SIGMA.T), np.arctanh(RHO), np.log(PEN[::-1]))])
    m = mixture.from_raw(ops.convert_to_tensor(raw))
    greedy = ops.convert_to_numpy(mixture.greedy(m))
    np.testing.assert_allclose(greedy, [[*MU[0], 1, 0, 0], [*MU[2], 0, 0, 1]], rtol=1e-6)
    for tau in (1e-6, 1e-12):
        cold = mixture.sample(mixture.temper(m, tau, "paper"), ops.convert_to_tensor(noise_of(2, 3)))
        np.testing.assert_allclose(ops.convert_to_numpy(cold), greedy, atol=1e-2)


@pytest.mark.parametrize("temperature", [-0.1, -1, math.nan, math.inf, -math.inf, "0.5", None, [0.5]])
def test_an_impossible_temperature_is_refused(temperature):
    with pytest.raises(InputError, match="temperature: expected a finite number >= 0"):
        mixture.check_temperature(temperature)


def test_an_unknown_temperature_law_is_refused():
    with pytest.raises(InputError, match="temperature_law: expected paper or magenta, received .warm."):
        mixture.check_temperature(0.5, "warm")


@pytest.mark.parametrize("law", mixture.TEMPERATURE_LAWS)
@pytest.mark.parametrize("temperature", [0, 0.0, 1, 0.4, 7.5])
def test_a_possible_temperature_is_accepted(temperature, law):
    assert mixture.check_temperature(temperature, law) is None


@pytest.mark.parametrize("temperature", [10**400, float("inf"), float("nan"), -0.1, True, "warm"])
def test_a_temperature_is_a_finite_number(temperature):
    with pytest.raises(InputError, match="temperature: expected a finite number >= 0"):
        mixture.check_temperature(temperature)
