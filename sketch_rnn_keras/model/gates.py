"""The element-wise half of the LSTM cells, forward and backward, as pure functions.

Enters: gate pre-activations `[B, 4 H]` in the order i, j, f, o (input, candidate, forget, output), the memory
`c [B, H]` and the candidate's dropout mask (or None). Leaves: the next `(c, h)` and, for the backward pass, gradients
with respect to the pre-activations. The derivatives are written out because a recurrence whose backward pass knows
them can form every weight gradient after the loop (see `recurrence.py`); the forward pass, which has every activation
at hand, leaves them as `Slopes`.

Sources: LSTM, section 3.2 of arXiv 1704.03477; dropout on the candidate, arXiv 1603.05118; layer normalisation,
arXiv 1607.06450 and supplement A.2 of arXiv 1609.09106.
"""

from typing import Any, NamedTuple

from keras import ops

FORGET_BIAS = 1.0
LAYER_NORM_EPSILON = 1e-3


class LayerNormWeights(NamedTuple):
    """Gain and shift of the four gates `[4 H]` and of the memory `[H]`."""

    gates_gamma: Any
    gates_beta: Any
    memory_gamma: Any
    memory_beta: Any


class Slopes(NamedTuple):
    """The derivatives of one update, `[B, H]` each: all that its backward pass multiplies with.

    i, j, f: of the memory with respect to these pre-activations; o: of h with respect to its pre-activation.
    squashed: of h with respect to what the last tanh squashes.
    memory: of the memory with respect to the one before: the forget gate.
    """

    i: Any
    j: Any
    f: Any
    o: Any
    squashed: Any
    memory: Any


def update(pre, c, mask, squash):
    """One update: `(c', h, slopes)` with c' = c f + i dropout(j) and h = o squash(c'); squash ends in a tanh."""
    i, j, f, o = ops.split(pre, 4, axis=-1)
    i, j, f, o = ops.sigmoid(i), ops.tanh(j), ops.sigmoid(f + FORGET_BIAS), ops.sigmoid(o)
    kept_i = i if mask is None else i * mask
    c_after = c * f + kept_i * j
    squashed = squash(c_after)
    h = squashed * o
    slopes = Slopes(
        i=kept_i * j * (1.0 - i),
        j=kept_i * (1.0 - j * j),
        f=c * f * (1.0 - f),
        o=h * (1.0 - o),
        squashed=o * (1.0 - squashed * squashed),
        memory=f,
    )
    return c_after, h, slopes


def update_backward(slopes: Slopes, d_c, d_h):
    """Gradients of `update` with respect to `(pre, c)`, given those of `(c', h)`, the one through h added to d_c."""
    d_pre = [d_c * slopes.i, d_c * slopes.j, d_c * slopes.f, d_h * slopes.o]
    return ops.concatenate(d_pre, axis=-1), d_c * slopes.memory


def lstm(pre, c, mask):
    """One LSTM update: `(c', h, residuals)`."""
    return update(pre, c, mask, ops.tanh)


def lstm_backward(slopes: Slopes, d_c, d_h):
    """Gradients of `lstm` with respect to `(pre, c)`, given those of `(c', h)`."""
    return update_backward(slopes, d_c + d_h * slopes.squashed, d_h)


def _mean(x):
    """The mean over the last axis, kept; as a product with ones, since XLA on CPU takes long sums in several passes."""
    size = x.shape[-1]
    ones = ops.full((size, 1), 1.0 / size, dtype=x.dtype)
    return ops.reshape(ops.matmul(ops.reshape(x, (-1, size)), ones), (*x.shape[:-1], 1))


def normalise(x):
    """`(x - mean) / sqrt(variance + 1e-3)` over the last axis, and the reciprocal deviation `[..., 1]`."""
    centred = x - _mean(x)
    reciprocal = ops.rsqrt(_mean(centred * centred) + LAYER_NORM_EPSILON)
    return centred * reciprocal, reciprocal


def normalise_backward(d_normal, normal, reciprocal):
    """Gradient of `normalise` with respect to `x`."""
    along = _mean(d_normal * normal)
    return reciprocal * (d_normal - _mean(d_normal) - normal * along)


def _by_gate(x):
    return ops.reshape(x, (x.shape[0], 4, x.shape[-1] // 4))


def layer_norm_lstm(pre, c, mask, weights: LayerNormWeights):
    """One layer-normalised LSTM update: `(c', h, residuals)`; the mean is taken within each gate."""
    normal, reciprocal = normalise(_by_gate(pre))
    normal, of_memory = ops.reshape(normal, pre.shape), []

    def squash(c):
        of_memory.extend(normalise(c))
        return ops.tanh(of_memory[0] * weights.memory_gamma + weights.memory_beta)

    c, h, slopes = update(normal * weights.gates_gamma + weights.gates_beta, c, mask, squash)
    return c, h, (*slopes, normal, reciprocal, *of_memory)


def layer_norm_lstm_backward(residuals, weights: LayerNormWeights, d_c, d_h):
    """Gradients of `layer_norm_lstm` with respect to `(pre, c, weights)`, given those of `(c', h)`."""
    slopes, (normal, reciprocal, normal_c, reciprocal_c) = Slopes(*residuals[:6]), residuals[6:]
    d_shifted = d_h * slopes.squashed
    d_c = d_c + normalise_backward(d_shifted * weights.memory_gamma, normal_c, reciprocal_c)
    d_scaled, d_c_before = update_backward(slopes, d_c, d_h)
    d_pre = normalise_backward(_by_gate(d_scaled * weights.gates_gamma), _by_gate(normal), reciprocal)
    d_weights = LayerNormWeights(
        ops.sum(d_scaled * normal, axis=0),
        ops.sum(d_scaled, axis=0),
        ops.sum(d_shifted * normal_c, axis=0),
        ops.sum(d_shifted, axis=0),
    )
    return ops.reshape(d_pre, d_scaled.shape), d_c_before, d_weights
