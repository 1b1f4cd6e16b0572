"""The element-wise half of the LSTM cells, forward and backward, as pure functions.

Enters: gate pre-activations `[B, 4 H]` in the order i, j, f, o (input, candidate, forget, output), the memory
`c [B, H]` and the candidate's dropout mask (or None). Leaves: the next `(c, h)` and, for the backward pass, gradients
with respect to the pre-activations. The derivatives are written out because a recurrence whose backward pass knows
them can form every weight gradient after the loop (see `recurrence.py`).

Sources: LSTM, section 3.2 of arXiv 1704.03477; dropout on the candidate, arXiv 1603.05118; layer normalisation,
arXiv 1607.06450 and supplement A.2 of arXiv 1609.09106.
"""

from typing import NamedTuple

from keras import ops

FORGET_BIAS = 1.0
LAYER_NORM_EPSILON = 1e-3


class LayerNormWeights(NamedTuple):
    """Gain and shift of the four gates `[4 H]` and of the memory `[H]`."""

    gates_gamma: object
    gates_beta: object
    memory_gamma: object
    memory_beta: object


def activate(pre):
    """Gate activations `[B, 4 H]`: sigmoid(i), tanh(j), sigmoid(f + 1), sigmoid(o)."""
    i, j, f, o = ops.split(pre, 4, axis=-1)
    return ops.concatenate([ops.sigmoid(i), ops.tanh(j), ops.sigmoid(f + FORGET_BIAS), ops.sigmoid(o)], axis=-1)


def update_memory(gates, c, mask):
    """c' = c * f + i * dropout(j)."""
    i, j, f, _ = ops.split(gates, 4, axis=-1)
    return c * f + i * (j if mask is None else j * mask)


def update_memory_backward(gates, c, mask, d_c, d_o):
    """Gradients of `update_memory` and of the output gate with respect to `(pre [B, 4 H], c [B, H])`."""
    i, j, f, o = ops.split(gates, 4, axis=-1)
    d_j = d_c * i if mask is None else d_c * i * mask
    d_i = d_c * (j if mask is None else j * mask)
    d_pre = [d_i * i * (1.0 - i), d_j * (1.0 - j * j), d_c * c * f * (1.0 - f), d_o * o * (1.0 - o)]
    return ops.concatenate(d_pre, axis=-1), d_c * f


def output_gate(gates):
    """o, the last quarter of `gates [B, 4 H]`."""
    return gates[..., 3 * (gates.shape[-1] // 4) :]


def lstm(pre, c, mask):
    """One LSTM update: `(c', h', gates)`."""
    gates = activate(pre)
    c = update_memory(gates, c, mask)
    return c, ops.tanh(c) * output_gate(gates), gates


def lstm_backward(gates, c_before, c, mask, d_c, d_h):
    """Gradients of `lstm` with respect to `(pre, c_before)`, given those of `(c', h')`."""
    tanh_c = ops.tanh(c)
    d_c = d_c + d_h * output_gate(gates) * (1.0 - tanh_c * tanh_c)
    return update_memory_backward(gates, c_before, mask, d_c, d_h * tanh_c)


def normalise(x):
    """`(x - mean) / sqrt(variance + 1e-3)` over the last axis, and the reciprocal deviation `[..., 1]`."""
    centred = x - ops.mean(x, axis=-1, keepdims=True)
    reciprocal = ops.rsqrt(ops.mean(centred * centred, axis=-1, keepdims=True) + LAYER_NORM_EPSILON)
    return centred * reciprocal, reciprocal


def normalise_backward(d_normal, normal, reciprocal):
    """Gradient of `normalise` with respect to `x`."""
    along = ops.mean(d_normal * normal, axis=-1, keepdims=True)
    return reciprocal * (d_normal - ops.mean(d_normal, axis=-1, keepdims=True) - normal * along)


def _by_gate(x):
    return ops.reshape(x, (x.shape[0], 4, x.shape[-1] // 4))


def layer_norm_lstm(pre, c, mask, weights: LayerNormWeights):
    """One layer-normalised LSTM update: `(c', h', residuals)`; the mean is taken within each gate."""
    normal, reciprocal = normalise(_by_gate(pre))
    normal = ops.reshape(normal, pre.shape)
    gates = activate(normal * weights.gates_gamma + weights.gates_beta)
    c = update_memory(gates, c, mask)
    h = ops.tanh(normalise(c)[0] * weights.memory_gamma + weights.memory_beta) * output_gate(gates)
    return c, h, (gates, normal, reciprocal)


def layer_norm_lstm_backward(residuals, c_before, c, mask, weights: LayerNormWeights, d_c, d_h):
    """Gradients of `layer_norm_lstm` with respect to `(pre, c_before, weights)`, given those of `(c', h')`."""
    gates, normal, reciprocal = residuals
    normal_c, reciprocal_c = normalise(c)
    squashed = ops.tanh(normal_c * weights.memory_gamma + weights.memory_beta)
    d_shifted = d_h * output_gate(gates) * (1.0 - squashed * squashed)
    d_c = d_c + normalise_backward(d_shifted * weights.memory_gamma, normal_c, reciprocal_c)
    d_scaled, d_c_before = update_memory_backward(gates, c_before, mask, d_c, d_h * squashed)
    d_pre = normalise_backward(_by_gate(d_scaled * weights.gates_gamma), _by_gate(normal), reciprocal)
    d_weights = LayerNormWeights(
        ops.sum(d_scaled * normal, axis=0),
        ops.sum(d_scaled, axis=0),
        ops.sum(d_shifted * normal_c, axis=0),
        ops.sum(d_shifted, axis=0),
    )
    return ops.reshape(d_pre, d_scaled.shape), d_c_before, d_weights
