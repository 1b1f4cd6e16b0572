"""The element-wise half of the LSTM cells, forward and backward, as pure functions.

Enters: gate pre-activations `[B, 4 H]` in the order i, j, f, o (input, candidate, forget, output), the memory
`c [B, H]` and the candidate's dropout mask (or None). Leaves: the next `(c, h)` and, for the backward pass, gradients
with respect to the pre-activations. The derivatives are written out because a recurrence whose backward pass knows
them can form the weight gradients of many steps at once, after each chunk of them (see `backpropagation.py`); the
forward pass, which has every activation at hand, leaves them as `Slopes`.

Sources: LSTM, section 3.2 of arXiv 1704.03477; dropout on the candidate, arXiv 1603.05118; layer normalisation,
arXiv 1607.06450 and supplement A.2 of arXiv 1609.09106.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from keras import ops

from ..backends import Tensor

Zeros: TypeAlias = Callable[..., Tensor]  # `zeros(n)` is `[..., n]` for every sketch, or for every step and sketch

GATES = "ijfo"
FORGET_BIAS = 1.0
LAYER_NORM_EPSILON = 1e-3


class LayerNormWeights(NamedTuple):
    """Gain and shift of the four gates `[4 H]` and of the memory `[H]`."""

    gates_gamma: Tensor
    gates_beta: Tensor
    memory_gamma: Tensor
    memory_beta: Tensor


class Slopes(NamedTuple):
    """The derivatives of one update, `[B, H]` each: all that its backward pass multiplies with.

    i, j, f: of the memory with respect to these pre-activations; o: of h with respect to its pre-activation.
    squashed: of h with respect to what the last tanh squashes.
    memory: of the memory with respect to the one before: the forget gate.
    """

    i: Tensor
    j: Tensor
    f: Tensor
    o: Tensor
    squashed: Tensor
    memory: Tensor


class Normalised(NamedTuple):
    """Numbers of mean 0 and variance 1, and the reciprocal of the deviation that they were divided by."""

    normal: Tensor
    reciprocal: Tensor


class LayerNormResiduals(NamedTuple):
    """What the backward pass of `layer_norm_lstm` wants to know.

    slopes: of the update that follows the layer norms.
    gates: the normalised pre-activations `[B, 4 H]` and a reciprocal for each gate `[B, 4, 1]`.
    memory: the normalised memory `[B, H]` and its reciprocal `[B, 1]`.
    """

    slopes: Slopes
    gates: Normalised
    memory: Normalised


def zero_slopes(units: int, zeros: Zeros) -> Slopes:
    """The `Slopes` of a cell of H = `units`, all of them 0."""
    return Slopes(*(zeros(units) for _ in Slopes._fields))


def zero_layer_norm_residuals(units: int, zeros: Zeros) -> LayerNormResiduals:
    """The `LayerNormResiduals` of a cell of H = `units`, all of them 0."""
    return LayerNormResiduals(
        slopes=zero_slopes(units, zeros),
        gates=Normalised(zeros(len(GATES) * units), zeros(len(GATES), 1)),
        memory=Normalised(zeros(units), zeros(1)),
    )


class _Activations(NamedTuple):
    """The gates after their sigmoid or tanh, `[B, H]` each; kept_i is i with the candidate's dropout."""

    i: Tensor
    j: Tensor
    f: Tensor
    o: Tensor
    kept_i: Tensor


def split_gates(x: Tensor) -> list[Tensor]:
    """`x [..., 4 H]` -> the four `[..., H]` of i, j, f and o."""
    return ops.split(x, len(GATES), axis=-1)


def _activations(pre: Tensor, mask: Tensor | None) -> _Activations:
    i, j, f, o = split_gates(pre)
    i, j, f, o = ops.sigmoid(i), ops.tanh(j), ops.sigmoid(f + FORGET_BIAS), ops.sigmoid(o)
    return _Activations(i, j, f, o, kept_i=i if mask is None else i * mask)


def _next_memory(gates: _Activations, c: Tensor) -> Tensor:
    """c' = c f + i dropout(j)."""
    return c * gates.f + gates.kept_i * gates.j


def _slopes(gates: _Activations, c: Tensor, squashed: Tensor, h: Tensor) -> Slopes:
    """The derivatives of c' (see `_next_memory`) and of h = o squashed, squashed being the tanh of something."""
    return Slopes(
        i=gates.kept_i * gates.j * (1.0 - gates.i),
        j=gates.kept_i * (1.0 - gates.j * gates.j),
        f=c * gates.f * (1.0 - gates.f),
        o=h * (1.0 - gates.o),
        squashed=gates.o * (1.0 - squashed * squashed),
        memory=gates.f,
    )


def _update_backward(slopes: Slopes, d_c: Tensor, d_h: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of an update with respect to `(pre, c)`, given those of `(c', h)`, the one through h added to d_c."""
    d_pre = ops.concatenate([d_c * slopes.i, d_c * slopes.j, d_c * slopes.f, d_h * slopes.o], axis=-1)
    return d_pre, d_c * slopes.memory


def lstm(pre: Tensor, c: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Slopes]:
    """One LSTM update.

    Args:
        pre: `[B, 4 H]`.
        c: `[B, H]`.
        mask: `[B, H]`, or None for no dropout.

    Returns:
        `(c', h, slopes)` with c' = c sigmoid(f + 1) + sigmoid(i) dropout(tanh(j)) and h = tanh(c') sigmoid(o).
    """
    gates = _activations(pre, mask)
    c_after = _next_memory(gates, c)
    squashed = ops.tanh(c_after)
    h = squashed * gates.o
    return c_after, h, _slopes(gates, c, squashed, h)


def lstm_backward(slopes: Slopes, d_c: Tensor, d_h: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of `lstm` with respect to `(pre, c)`, given those of `(c', h)`."""
    return _update_backward(slopes, d_c + d_h * slopes.squashed, d_h)


def _mean(x: Tensor) -> Tensor:
    """The mean over the last axis, kept; as a product with ones, since XLA on CPU takes long sums in several passes."""
    size = x.shape[-1]
    ones = ops.full((size, 1), 1.0 / size, dtype=x.dtype)
    return ops.reshape(ops.matmul(ops.reshape(x, (-1, size)), ones), (*ops.shape(x)[:-1], 1))


def normalise(x: Tensor) -> Normalised:
    """`(x - mean) / sqrt(variance + 1e-3)` over the last axis, and the reciprocal deviation `[..., 1]`."""
    centred = x - _mean(x)
    reciprocal = ops.rsqrt(_mean(centred * centred) + LAYER_NORM_EPSILON)
    return Normalised(centred * reciprocal, reciprocal)


def normalise_backward(d_normal: Tensor, normal: Tensor, reciprocal: Tensor) -> Tensor:
    """Gradient of `normalise` with respect to `x`."""
    along = _mean(d_normal * normal)
    return reciprocal * (d_normal - _mean(d_normal) - normal * along)


def _by_gate(x: Tensor) -> Tensor:
    """`x [B, 4 H]` -> `[B, 4, H]`."""
    return ops.reshape(x, (ops.shape(x)[0], len(GATES), x.shape[-1] // len(GATES)))


def layer_norm_lstm(
    pre: Tensor, c: Tensor, mask: Tensor | None, weights: LayerNormWeights
) -> tuple[Tensor, Tensor, LayerNormResiduals]:
    """One layer-normalised LSTM update: as `lstm`, with layer norm within each gate and over c' before its tanh.

    Args:
        pre, c, mask: see `lstm`.
        weights: gains and shifts.

    Returns:
        `(c', h, residuals)`.
    """
    normal, reciprocal = normalise(_by_gate(pre))
    normal = ops.reshape(normal, ops.shape(pre))
    gates = _activations(normal * weights.gates_gamma + weights.gates_beta, mask)
    c_after = _next_memory(gates, c)
    memory = normalise(c_after)
    squashed = ops.tanh(memory.normal * weights.memory_gamma + weights.memory_beta)
    h = squashed * gates.o
    slopes = _slopes(gates, c, squashed, h)
    return c_after, h, LayerNormResiduals(slopes, Normalised(normal, reciprocal), memory)


def layer_norm_lstm_backward(
    residuals: LayerNormResiduals, weights: LayerNormWeights, d_c: Tensor, d_h: Tensor
) -> tuple[Tensor, Tensor, LayerNormWeights]:
    """Gradients of `layer_norm_lstm` with respect to `(pre, c, weights)`, given those of `(c', h)`.

    Those of the weights are of each sketch: `[B, 4 H]` and `[B, H]`; see `of_all_sketches`.
    """
    slopes, gates, memory = residuals.slopes, residuals.gates, residuals.memory
    d_shifted = d_h * slopes.squashed
    d_c = d_c + normalise_backward(d_shifted * weights.memory_gamma, memory.normal, memory.reciprocal)
    d_scaled, d_c_before = _update_backward(slopes, d_c, d_h)
    d_pre = normalise_backward(_by_gate(d_scaled * weights.gates_gamma), _by_gate(gates.normal), gates.reciprocal)
    d_weights = LayerNormWeights(
        gates_gamma=d_scaled * gates.normal,
        gates_beta=d_scaled,
        memory_gamma=d_shifted * memory.normal,
        memory_beta=d_shifted,
    )
    return ops.reshape(d_pre, ops.shape(d_scaled)), d_c_before, d_weights


def of_all_sketches(weights: LayerNormWeights) -> LayerNormWeights:
    """Gradients of each sketch `[B, n]`, added up to `[n]`; what is added up already is left as it is."""
    return LayerNormWeights(*(ops.sum(one, axis=0) if len(one.shape) > 1 else one for one in weights))
