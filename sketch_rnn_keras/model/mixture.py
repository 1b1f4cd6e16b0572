"""The decoder's head: a mixture of bivariate normals for the offset and a categorical pen state.

Enters: raw outputs y in R^(6 M + 3): three pen logits, then pi, mu_x, mu_y, log sigma_x, log sigma_y and atanh rho,
each M wide. Leaves: log-densities, tempered mixtures, drawn points. Everything stays in log space and nothing divides
by 1 - rho^2, so offsets of 1e4, log sigma of +-30 and rho next to +-1 give finite values and gradients.

Sources: equations 3 to 8 of arXiv 1704.03477; A. Graves, arXiv 1308.0850, equations 24 and 25.
"""

import math
import numbers
import sys
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from ..backends import Tensor
from ..errors import InputError, one_of, shown

TEMPERATURE_LAWS = ("paper", "magenta")
_LARGEST_LOG_SIGMA = 60.0  # exp(60) squared still fits float32 beside the next two bounds
_LARGEST_DEVIATION = 1e9  # standard deviations; the density there is 0 in any precision
_LARGEST_RHO_RAW = 20.0  # atanh rho; tanh is 1 in float32 from 9 on


class Mixture(NamedTuple):
    """Parameters of `p(dx, dy)` and of the pen; every field `[..., M]`, `pen_logits [..., 3]`.

    `rho_raw` is atanh of the correlation; `log_pi` is normalised, `pen_logits` are not.
    """

    log_pi: Tensor
    mu_x: Tensor
    mu_y: Tensor
    log_sigma_x: Tensor
    log_sigma_y: Tensor
    rho_raw: Tensor
    pen_logits: Tensor


def from_raw(raw: Tensor) -> Mixture:
    """Read the decoder's outputs (equations 5 and 6).

    Args:
        raw: `[..., 6 M + 3]`.

    Returns:
        A mixture of M components, fields `[..., M]`.
    """
    components = (raw.shape[-1] - 3) // 6
    parts = ops.split(raw, [3 + k * components for k in range(6)], axis=-1)
    pen_logits, log_pi, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw = parts
    return Mixture(ops.log_softmax(log_pi, axis=-1), mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw, pen_logits)


def _deviation(x: Tensor, mu: Tensor, log_sigma: Tensor) -> Tensor:
    """Distance from the mean in standard deviations, bounded so that its square cannot overflow."""
    bounded = ops.clip(log_sigma, -_LARGEST_LOG_SIGMA, _LARGEST_LOG_SIGMA)
    return ops.clip((x - mu) * ops.exp(-bounded), -_LARGEST_DEVIATION, _LARGEST_DEVIATION)


def component_log_density(mixture: Mixture, dx: Tensor, dy: Tensor) -> Tensor:
    """log N(dx, dy) of every component (arXiv 1308.0850, equation 24).

    With r = atanh rho, 1 / (1 - rho) = (1 + exp(2 r)) / 2 and 1 - rho^2 = 1 / cosh^2 r, which turns the quadratic form
    into a sum of two squares that never cancel:
    ((z_x - z_y)^2 (1 + exp(2 r)) + (z_x + z_y)^2 (1 + exp(-2 r))) / 8.

    Args:
        mixture: fields `[..., M]`.
        dx, dy: offsets `[...]`.

    Returns:
        `[..., M]`.
    """
    z_x = _deviation(dx[..., None], mixture.mu_x, mixture.log_sigma_x)
    z_y = _deviation(dy[..., None], mixture.mu_y, mixture.log_sigma_y)
    r = ops.clip(mixture.rho_raw, -_LARGEST_RHO_RAW, _LARGEST_RHO_RAW)
    across, along = ops.square(z_x - z_y), ops.square(z_x + z_y)
    exponent = (across * (1.0 + ops.exp(2.0 * r)) + along * (1.0 + ops.exp(-2.0 * r))) / 8.0
    log_cosh = ops.softplus(2.0 * r) - r - math.log(2.0)  # -log(1 - rho^2) / 2
    return log_cosh - exponent - math.log(2.0 * math.pi) - mixture.log_sigma_x - mixture.log_sigma_y


def log_density(mixture: Mixture, dx: Tensor, dy: Tensor) -> Tensor:
    """log p(dx, dy) under the whole mixture (equation 3).

    Args:
        mixture, dx, dy: see `component_log_density`.

    Returns:
        `[...]`, one for each offset.
    """
    return ops.logsumexp(mixture.log_pi + component_log_density(mixture, dx, dy), axis=-1)


def check_temperature(temperature: float, temperature_law: str = "paper") -> None:
    """Raise `InputError` unless `temperature` is a finite number >= 0 and `temperature_law` is known."""
    is_number = isinstance(temperature, numbers.Real) and not isinstance(temperature, bool)
    if not is_number or not 0 <= temperature <= sys.float_info.max:
        raise InputError(f"temperature: expected a finite number >= 0 (0 is greedy), received {shown(temperature)}")
    one_of("temperature_law", temperature_law, TEMPERATURE_LAWS)


def temper(mixture: Mixture, temperature: Tensor, temperature_law: str = "paper") -> Mixture:
    """Sharpen (temperature < 1) the mixture: equation 8.

    Args:
        mixture: fields `[..., M]`, as `from_raw` returns them.
        temperature: tau > 0, a float or scalar tensor.
        temperature_law: "paper" multiplies the variances by tau; "magenta" multiplies the standard deviations by tau,
            which is what the original's Python does (its sampler squares the root it was given).

    Returns:
        The tempered mixture, fields of the same shapes; means and correlations are those of `mixture`.
    """
    power = 1.0 if temperature_law == "magenta" else 0.5  # of tau, in the standard deviations
    spread = power * ops.log(ops.cast(temperature, mixture.mu_x.dtype))
    return mixture._replace(
        log_pi=ops.log_softmax(mixture.log_pi / temperature, axis=-1),
        log_sigma_x=mixture.log_sigma_x + spread,
        log_sigma_y=mixture.log_sigma_y + spread,
        pen_logits=mixture.pen_logits / temperature,
    )


def _choose(log_p: Tensor, uniform: Tensor) -> Tensor:
    """Index drawn by inverting the cumulative distribution at `uniform [B]` in [0, 1)."""
    # Keras warns of a softmax over one value, which a mixture of one component would be.
    cumulative = ops.cumsum(ops.exp(ops.log_softmax(log_p, axis=-1)), axis=-1)
    below = ops.cast(cumulative <= uniform[:, None] * cumulative[:, -1:], "int32")
    return ops.minimum(ops.sum(below, axis=-1), log_p.shape[-1] - 1)


def _points(mixture: Mixture, component: Tensor, pen: Tensor, normal_x: Tensor, normal_y: Tensor) -> Tensor:
    """Stroke-5 rows `[B, 5]` of the chosen component and pen state, with the offset's standard normals `[B]`."""
    chosen = ops.one_hot(component, mixture.mu_x.shape[-1], dtype=mixture.mu_x.dtype)

    def pick(values: Tensor) -> Tensor:
        return ops.sum(chosen * values, axis=-1)

    rho = ops.tanh(pick(mixture.rho_raw))
    across = ops.sqrt(ops.maximum(1.0 - rho * rho, 0.0))
    dx = pick(mixture.mu_x) + ops.exp(pick(mixture.log_sigma_x)) * normal_x
    dy = pick(mixture.mu_y) + ops.exp(pick(mixture.log_sigma_y)) * (rho * normal_x + across * normal_y)
    pen = ops.one_hot(pen, 3, dtype=mixture.mu_x.dtype)
    return ops.concatenate([dx[:, None], dy[:, None], pen], axis=-1)


def sample(mixture: Mixture, noise: Tensor) -> Tensor:
    """Draw one stroke-5 row for each sketch.

    Args:
        mixture: fields `[B, M]`, already tempered.
        noise: `[B, 4]`: uniforms in [0, 1) for the component and the pen, standard normals for the two directions.

    Returns:
        `[B, 5]`: dx, dy and the pen state as one-hot p1, p2, p3.
    """
    component = _choose(mixture.log_pi, noise[:, 0])
    pen = _choose(mixture.pen_logits, noise[:, 1])
    return _points(mixture, component, pen, noise[:, 2], noise[:, 3])


def greedy(mixture: Mixture) -> Tensor:
    """The limit of temperature 0: the mean of the most probable component and the most probable pen state.

    Args:
        mixture: fields `[B, M]`.

    Returns:
        Stroke-5 rows `[B, 5]`.
    """
    component, pen = ops.argmax(mixture.log_pi, axis=-1), ops.argmax(mixture.pen_logits, axis=-1)
    still = ops.zeros_like(mixture.mu_x[:, 0])
    return _points(mixture, component, pen, still, still)


def parameters(raw: Tensor) -> dict[str, np.ndarray]:
    """The decoder's outputs as the paper names them.

    Args:
        raw: `[..., 6 M + 3]`.

    Returns:
        NumPy arrays `[..., M]`: "pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"; and "pen_logits" `[..., 3]`.
    """
    m = from_raw(ops.convert_to_tensor(raw))
    named = {
        "pi": ops.exp(m.log_pi),
        "mu_x": m.mu_x,
        "mu_y": m.mu_y,
        "sigma_x": ops.exp(m.log_sigma_x),
        "sigma_y": ops.exp(m.log_sigma_y),
        "rho": ops.tanh(m.rho_raw),
        "pen_logits": m.pen_logits,
    }
    return keras.tree.map_structure(ops.convert_to_numpy, named)
