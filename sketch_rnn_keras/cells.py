"""LSTM, LayerNormLSTM and HyperLSTM: the weights and one step of mathematics each.

Enters: an input `[..., D]` (and a context, the same at every step), a state and a dropout mask. Leaves: the next state.
A state is a tuple `(c, h)` of `[B, H]` tensors, for HyperLSTM `(c, h, c_hyper, h_hyper)`; `pack` and `unpack` give the
single tensor of the original, whose order differs from cell to cell.

What depends on the inputs alone (`project`) is kept apart from what must run step by step (`step`), so that a
recurrence projects all steps in one matrix product. `step_backward` and `gradients` are the derivative of that
recurrence: the first runs backwards in time and yields pre-activation gradients only, the second turns those of all
steps into weight gradients at once. A cell is found by its name in `CELLS`.

Sources: section 3.2 and supplementary material of arXiv 1704.03477; HyperLSTM: arXiv 1609.09106, appendix A.2.
"""

import keras
from keras import ops

from . import gates
from .initializers import GatewiseOrthogonal

HYPER_UNITS = 256
HYPER_EMBEDDING = 32


def _outer(a, b):
    """Sum over steps and batch of the outer products of `a [T, B, m]` and `b [T, B, n]`: `[m, n]`."""
    return ops.matmul(ops.transpose(ops.reshape(a, (-1, a.shape[-1]))), ops.reshape(b, (-1, b.shape[-1])))


def _values(table, names):
    return [table[name].value for name in names]


class _Cell(keras.layers.Layer):
    """What the three cells share: sizes, the input projection and the packed state."""

    packed_order = (0, 1)

    def __init__(self, units: int, input_size: int, context_size: int = 0, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self.units, self.input_size, self.context_size, self.seed = units, input_size, context_size, seed
        self.state_sizes = (units, units)
        self.build()

    def build(self, input_shape=None):
        rows = self.input_size + self.context_size
        glorot = keras.initializers.GlorotUniform(seed=self.seed)
        self.input_kernel = self.add_weight(name="W_xh", shape=(rows, 4 * self.units), initializer=glorot)
        orthogonal = GatewiseOrthogonal(seed=self.seed)
        shape = (self.units, 4 * self.units)
        self.recurrent_kernel = self.add_weight(name="W_hh", shape=shape, initializer=orthogonal)
        self._build_rest()
        self.built = True

    def _vector(self, name, size, value):
        return self.add_weight(name=name, shape=(size,), initializer=keras.initializers.Constant(value))

    def _input_kernels(self):
        """The kernels of `project`, each `[D + context, ...]`."""
        return (self.input_kernel.value,)

    def project(self, x, context_projection=None):
        """What `x [..., D]` contributes to the pre-activations, bias included: a tuple of `[..., 4 units]`."""
        projected = [ops.matmul(x, kernel[: x.shape[-1]]) for kernel in self._input_kernels()]
        if context_projection is not None:
            projected = [p + c for p, c in zip(projected, context_projection, strict=True)]
        return self._add_bias(projected)

    def project_context(self, context):
        """What `context [B, C]`, the same at every step, contributes: computed once per sketch."""
        return tuple(ops.matmul(context, kernel[self.input_size :]) for kernel in self._input_kernels())

    def _add_bias(self, projected):
        return tuple(projected)

    def zero_state(self, batch_size: int):
        """The state before the first step."""
        return tuple(ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_sizes)

    def pack(self, state):
        """`(c, h, ...)` -> the original's packed state `[B, sum(state_sizes)]`."""
        return ops.concatenate([state[k] for k in self.packed_order], axis=-1)

    def unpack(self, packed):
        """The original's packed state `[B, sum(state_sizes)]` -> `(c, h, ...)`."""
        state, start = [None] * len(self.state_sizes), 0
        for k in self.packed_order:
            state[k] = packed[..., start : start + self.state_sizes[k]]
            start += self.state_sizes[k]
        return tuple(state)


class LSTMCell(_Cell):
    """LSTM with dropout on the candidate only. Packed state: `[c, h]`."""

    def _build_rest(self):
        self.bias = self._vector("bias", 4 * self.units, 0.0)

    def _add_bias(self, projected):
        return (projected[0] + self.bias,)

    def loop_weights(self):
        return (self.recurrent_kernel.value,)

    def step(self, weights, inputs, state, mask=None):
        """`(next state, residuals)` from the projected `inputs` and `state`; `weights` are `loop_weights()`."""
        c, h = state
        c, h, activations = gates.lstm(inputs[0] + ops.matmul(h, weights[0]), c, mask)
        return (c, h), (activations,)

    def step_backward(self, weights, inputs, before, after, residuals, mask, d_after):
        """`(d_before, deltas, sums)`: deltas are kept for every step, sums are added up over the steps."""
        d_pre, d_c = gates.lstm_backward(residuals[0], before[0], after[0], mask, *d_after)
        return (d_c, ops.matmul(d_pre, ops.transpose(weights[0]))), (d_pre,), ()

    def gradients(self, weights, inputs, before, after, residuals, deltas, sums):
        """`(d_inputs, d_weights)` from the stacked results of all steps, each `[T, B, ...]`."""
        return deltas, (_outer(before[1], deltas[0]),)


class LayerNormLSTMCell(_Cell):
    """LSTM without bias, layer norm over each gate's pre-activation and over c. Packed state: `[h, c]`."""

    packed_order = (1, 0)

    def _build_rest(self):
        self._build_layer_norm()

    def _build_layer_norm(self):
        self.gates_gamma = self._vector("gates_gamma", 4 * self.units, 1.0)
        self.gates_beta = self._vector("gates_beta", 4 * self.units, 0.0)
        self.memory_gamma = self._vector("memory_gamma", self.units, 1.0)
        self.memory_beta = self._vector("memory_beta", self.units, 0.0)

    def layer_norm_weights(self):
        names = gates.LayerNormWeights._fields
        return gates.LayerNormWeights(*(getattr(self, name).value for name in names))

    def loop_weights(self):
        return (self.recurrent_kernel.value, *self.layer_norm_weights())

    def step(self, weights, inputs, state, mask=None):
        """See `LSTMCell.step`."""
        c, h = state
        pre = inputs[0] + ops.matmul(h, weights[0])
        c, h, residuals = gates.layer_norm_lstm(pre, c, mask, gates.LayerNormWeights(*weights[1:]))
        return (c, h), residuals

    def step_backward(self, weights, inputs, before, after, residuals, mask, d_after):
        """See `LSTMCell.step_backward`."""
        norm = gates.LayerNormWeights(*weights[1:])
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(residuals, before[0], after[0], mask, norm, *d_after)
        return (d_c, ops.matmul(d_pre, ops.transpose(weights[0]))), (d_pre,), tuple(d_norm)

    def gradients(self, weights, inputs, before, after, residuals, deltas, sums):
        """See `LSTMCell.gradients`."""
        return deltas, (_outer(before[1], deltas[0]), *sums)


class HyperLSTMCell(LayerNormLSTMCell):
    """LayerNormLSTM whose pre-activations are rescaled at every step by a smaller LSTM. Packed: `[h, h', c, c']`.

    A LayerNormLSTM of 256 units, fed `[x; h]`, yields u. Each of the four gates' contributions from x and from h is
    multiplied by `(u A + a) A'`, those from h get `+ (u B) B'`. The small weights keep the shapes of the original, one
    pair for each contribution; `loop_weights` stacks them so that a step needs one product for all.
    """

    packed_order = (1, 3, 0, 2)
    scaled = tuple(f"{gate}{source}" for source in "xh" for gate in "ijfo")  # ix, jx, fx, ox, ih, jh, fh, oh
    shifted = tuple(f"{gate}h" for gate in "ijfo")

    def _build_rest(self):
        self.bias = self._vector("bias", 4 * self.units, 0.0)
        self._build_layer_norm()
        self.hyper = LayerNormLSTMCell(
            HYPER_UNITS, self.input_size + self.context_size + self.units, seed=self.seed + 1, name="hyper"
        )
        self.state_sizes = (self.units, self.units, HYPER_UNITS, HYPER_UNITS)
        down, up = (HYPER_UNITS, HYPER_EMBEDDING), (HYPER_EMBEDDING, self.units)
        constant = keras.initializers.Constant
        self.zw_kernel, self.zw_bias, self.alpha, self.zb_kernel, self.beta = {}, {}, {}, {}, {}
        for name in self.scaled:
            self.zw_kernel[name] = self.add_weight(name=f"zw_{name}", shape=down, initializer=constant(0.0))
            self.zw_bias[name] = self._vector(f"zw_bias_{name}", HYPER_EMBEDDING, 1.0)
            start = constant(0.1 / HYPER_EMBEDDING)  # so that every scale begins at 0.1
            self.alpha[name] = self.add_weight(name=f"alpha_{name}", shape=up, initializer=start)
        for k, name in enumerate(self.shifted):
            normal = keras.initializers.RandomNormal(stddev=0.01, seed=self.seed + 2 + k)
            self.zb_kernel[name] = self.add_weight(name=f"zb_{name}", shape=down, initializer=normal)
            self.beta[name] = self.add_weight(name=f"beta_{name}", shape=up, initializer=constant(0.0))

    def _input_kernels(self):
        from_input = self.hyper.input_kernel.value[: self.input_size + self.context_size]
        return self.input_kernel.value, from_input

    def loop_weights(self):
        down = _values(self.zw_kernel, self.scaled) + _values(self.zb_kernel, self.shifted)
        up = _values(self.alpha, self.scaled) + _values(self.beta, self.shifted)
        offset = _values(self.zw_bias, self.scaled)
        offset += [ops.zeros_like(offset[0])] * len(self.shifted)
        from_state = self.hyper.input_kernel.value[self.input_size + self.context_size :]
        return (
            self.recurrent_kernel.value,
            *self.layer_norm_weights(),
            self.bias.value,
            ops.concatenate([from_state, self.hyper.recurrent_kernel.value], axis=0),
            *self.hyper.layer_norm_weights(),
            ops.concatenate(down, axis=1),
            ops.concatenate(offset, axis=0),
            ops.stack(up),
        )

    @staticmethod
    def _named(weights):
        """`loop_weights()` by part: W_hh, layer norm, bias, hyper kernel, hyper layer norm, down, offset, up."""
        norm, hyper_norm = gates.LayerNormWeights(*weights[1:5]), gates.LayerNormWeights(*weights[7:11])
        return weights[0], norm, weights[5], weights[6], hyper_norm, *weights[11:]

    @staticmethod
    def _embeddings(flat):
        """`[..., B, 12 * 32]` -> `[..., 12, B, 32]`, one matrix for each contribution."""
        parts = ops.split(flat, flat.shape[-1] // HYPER_EMBEDDING, axis=-1)
        return ops.stack(parts, axis=-3)

    def step(self, weights, inputs, state, mask=None):
        """See `LSTMCell.step`."""
        kernel, norm, bias, hyper_kernel, hyper_norm, down, offset, up = self._named(weights)
        c, h, hyper_c, hyper_h = state
        hyper_pre = inputs[1] + ops.matmul(ops.concatenate([h, hyper_h], axis=-1), hyper_kernel)
        hyper_c, hyper_h, hyper_residuals = gates.layer_norm_lstm(hyper_pre, hyper_c, None, hyper_norm)
        embeddings = ops.matmul(hyper_h, down) + offset
        scale_x, scale_h, shift = self._modulation(embeddings, up)
        recurrent = ops.matmul(h, kernel)
        pre = scale_x * inputs[0] + scale_h * recurrent + shift + bias
        c, h, residuals = gates.layer_norm_lstm(pre, c, mask, norm)
        return (c, h, hyper_c, hyper_h), (*residuals, *hyper_residuals, embeddings, recurrent)

    def _modulation(self, embeddings, up):
        """Scales of the contributions from x and from h, and shifts, each `[B, 4 H]`."""
        modulation = ops.matmul(self._embeddings(embeddings), up)  # [12, B, H]
        return tuple(ops.concatenate([modulation[4 * k + g] for g in range(4)], axis=-1) for k in range(3))

    def step_backward(self, weights, inputs, before, after, residuals, mask, d_after):
        """See `LSTMCell.step_backward`."""
        kernel, norm, _, hyper_kernel, hyper_norm, down, _, up = self._named(weights)
        embeddings, recurrent = residuals[6:]
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(
            residuals[:3], before[0], after[0], mask, norm, *d_after[:2]
        )
        scale_x, scale_h, _ = self._modulation(embeddings, up)
        d_modulation = ops.stack(
            [part for d in (d_pre * inputs[0], d_pre * recurrent, d_pre) for part in ops.split(d, 4, axis=-1)]
        )
        d_embeddings = ops.matmul(d_modulation, ops.transpose(up, (0, 2, 1)))  # [12, B, 32]
        d_embeddings = ops.concatenate([d_embeddings[k] for k in range(12)], axis=-1)
        d_hyper_h = d_after[3] + ops.matmul(d_embeddings, ops.transpose(down))
        d_hyper_pre, d_hyper_c, d_hyper_norm = gates.layer_norm_lstm_backward(
            residuals[3:6], before[2], after[2], None, hyper_norm, d_after[2], d_hyper_h
        )
        d_recurrent = d_pre * scale_h
        d_both = ops.matmul(d_hyper_pre, ops.transpose(hyper_kernel))
        d_h = ops.matmul(d_recurrent, ops.transpose(kernel)) + d_both[..., : self.units]
        deltas = (d_pre * scale_x, d_hyper_pre, d_pre, d_recurrent, d_embeddings)
        return (d_c, d_h, d_hyper_c, d_both[..., self.units :]), deltas, (*d_norm, *d_hyper_norm)

    def gradients(self, weights, inputs, before, after, residuals, deltas, sums):
        """See `LSTMCell.gradients`."""
        d_x, d_hyper_pre, d_pre, d_recurrent, d_embeddings = deltas
        embeddings, recurrent = residuals[6:]
        parts = [p for d in (d_pre * inputs[0], d_pre * recurrent, d_pre) for p in ops.split(d, 4, axis=-1)]
        codes = ops.split(embeddings, 12, axis=-1)
        d_weights = (
            _outer(before[1], d_recurrent),
            *sums[:4],
            ops.sum(d_pre, axis=(0, 1)),
            _outer(ops.concatenate([before[1], before[3]], axis=-1), d_hyper_pre),
            *sums[4:],
            _outer(after[3], d_embeddings),
            ops.sum(d_embeddings, axis=(0, 1)),
            ops.stack([_outer(code, part) for code, part in zip(codes, parts, strict=True)]),
        )
        return (d_x, d_hyper_pre), d_weights


CELLS = {"lstm": LSTMCell, "layer_norm": LayerNormLSTMCell, "hyper": HyperLSTMCell}
