"""LSTM, LayerNormLSTM and HyperLSTM: the weights and one step of mathematics each.

Enters: an input `[..., D]` (and a context, the same at every step), a state and a dropout mask. Leaves: the next state.
A state is a tuple `(c, h)` of `[B, H]` tensors, for HyperLSTM `(c, h, c_hyper, h_hyper)`; `pack` and `unpack` give the
single tensor of the original, whose order differs from cell to cell.

What is the same at every step (`context`: the bias and what z contributes) is computed once, apart from what must run
step by step (`step`). `step_backward` and `gradients` are the derivative of a recurrence: the first runs backwards in
time and yields pre-activation gradients only, the second turns those of all steps into weight gradients at once. A cell
is found by its name in `CELLS`.

Sources: section 3.2 and supplementary material of arXiv 1704.03477; HyperLSTM: arXiv 1609.09106, appendix A.2.
"""

import keras
from keras import ops

from . import gates
from .initializers import GatewiseOrthogonal

HYPER_UNITS = 256
HYPER_EMBEDDING = 32
NARROW = 8  # see `_fused_product`


def _repeat(vector, count):
    """`vector [n]` as each of the rows of `[count, n]`.

    The gradient sums the rows by a product: XLA would merge a sum with that over the steps, into a second pass over all
    steps of all rows.
    """

    @ops.custom_gradient
    def repeat(vector):
        def backward(upstream, **_):
            return ops.matmul(ops.ones((1, count), dtype=upstream.dtype), upstream)[0]

        return ops.broadcast_to(vector[None], (count, vector.shape[0])), backward

    return repeat(vector)


def _values(table, names):
    return [table[name].value for name in names]


class _Cell(keras.layers.Layer):
    """What the three cells share: sizes, the context, products, the gradients of a recurrence and the packed state."""

    packed_order = (0, 1)

    def __init__(self, units: int, input_size: int, context_size: int = 0, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
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
        """The kernels that read the input and the context, each `[D + context, ...]`."""
        return (self.input_kernel.value,)

    def _biases(self):
        """What is added to the product of each of `_input_kernels`."""
        return (ops.zeros((4 * self.units,), dtype=self.variable_dtype),)

    def context(self, batch_size: int, z=None):
        """What is the same at every step: the bias and the contribution of `z [B, C]`, a tuple of `[B, ...]`."""
        parts = []
        for kernel, bias in zip(self._input_kernels(), self._biases(), strict=True):
            part = _repeat(bias, batch_size)
            parts.append(part if z is None else part + self._matmul(z, kernel[self.input_size :]))
        return tuple(parts)

    def gradients(self, weights, x, context, before, after, residuals, deltas, sums):
        """The gradients of a whole recurrence.

        Args:
            x: `[T, B, D]`.
            before, after: the states before and after every step, `[T, B, ...]`.
            residuals, deltas: `[T, B, ...]`.
            sums: what `step_backward` gave, added up.
            weights, context: what `step` was given.

        Returns:
            `(d_x, d_context, d_weights)`.
        """
        d_kernels = self._outer(ops.concatenate([x, before[1]], axis=-1), deltas[0])  # one pass over the deltas
        d_x, d_kernel = self._input_gradients(x, weights[0], deltas[0], d_kernels[: x.shape[-1]])
        return d_x, (ops.sum(deltas[0], axis=0),), (d_kernel, d_kernels[x.shape[-1] :], *sums)

    def _matmul(self, a, b):
        """`a b`; under a mixed policy the product alone is computed in the lower precision."""
        if self.compute_dtype == self.variable_dtype:
            return ops.matmul(a, b)
        product = ops.matmul(ops.cast(a, self.compute_dtype), ops.cast(b, self.compute_dtype))
        return ops.cast(product, self.variable_dtype)

    def _product(self, x, kernel):
        """`x [..., D]` times the first D rows of `kernel`."""
        return self._matmul(x, kernel[: x.shape[-1]])

    def _fused_product(self, x, kernel):
        """The same, for a few numbers as part of the element-wise work around it instead of a matrix product."""
        if x.shape[-1] > NARROW:
            return self._product(x, kernel)
        return sum(x[..., k : k + 1] * kernel[k] for k in range(x.shape[-1]))

    def _outer(self, a, b):
        """Sum over steps and batch of the outer products of `a [T, B, m]` and `b [T, B, n]`: `[m, n]`."""
        return self._matmul(ops.transpose(ops.reshape(a, (-1, a.shape[-1]))), ops.reshape(b, (-1, b.shape[-1])))

    def _input_gradients(self, x, kernel, d_product, d_kernel):
        """Gradients of `_product` over all steps with respect to `x [T, B, D]` and to the whole `kernel`."""
        d_x = self._matmul(d_product, ops.transpose(kernel[: x.shape[-1]]))
        return d_x, ops.pad(d_kernel, [(0, kernel.shape[0] - x.shape[-1]), (0, 0)])

    def zero_state(self, batch_size: int):
        """The state before the first step."""
        return tuple(ops.zeros((batch_size, size), dtype=self.variable_dtype) for size in self.state_sizes)

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

    def _biases(self):
        return (self.bias.value,)

    def loop_weights(self):
        """What `step` needs."""
        return self.input_kernel.value, self.recurrent_kernel.value

    def step(self, weights, x, context, state, mask=None):
        """One step.

        Args:
            weights: `loop_weights()`.
            x: `[B, D]`; D is `input_size`, or the context is part of it too and was left out of `context`.
            context: `context(...)`.
            state, mask: the state before the step and the candidate's dropout mask `[B, H]` or None.

        Returns:
            `(next state, residuals)`; the residuals `[B, ...]` are what `step_backward` wants to know.
        """
        c, h = state
        pre = self._fused_product(x, weights[0]) + self._matmul(h, weights[1]) + context[0]
        c, h, slopes = gates.lstm(pre, c, mask)
        return (c, h), tuple(slopes)

    def step_backward(self, weights, transposed, x, context, residuals, d_after):
        """The derivative of `step`.

        Args:
            transposed: `weights`, the matrices among them transposed.
            residuals: what `step` returned.
            d_after: gradient of the state after the step.
            weights, x, context: what `step` was given.

        Returns:
            `(d_before, deltas, sums)`: deltas `[B, ...]` are kept for every step, sums are added up over the steps.
        """
        d_pre, d_c = gates.lstm_backward(gates.Slopes(*residuals), *d_after)
        return (d_c, self._matmul(d_pre, transposed[1])), (d_pre,), ()


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
        """See `LSTMCell.loop_weights`."""
        return (self.input_kernel.value, self.recurrent_kernel.value, *self.layer_norm_weights())

    def step(self, weights, x, context, state, mask=None):
        """See `LSTMCell.step`."""
        c, h = state
        pre = self._product(x, weights[0]) + self._matmul(h, weights[1]) + context[0]
        c, h, residuals = gates.layer_norm_lstm(pre, c, mask, gates.LayerNormWeights(*weights[2:]))
        return (c, h), residuals

    def step_backward(self, weights, transposed, x, context, residuals, d_after):
        """See `LSTMCell.step_backward`."""
        norm = gates.LayerNormWeights(*weights[2:])
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(residuals, norm, *d_after)
        return (d_c, self._matmul(d_pre, transposed[1])), (d_pre,), tuple(d_norm)


class HyperLSTMCell(LayerNormLSTMCell):
    """LayerNormLSTM whose pre-activations are rescaled at every step by a smaller LSTM. Packed: `[h, h', c, c']`.

    A LayerNormLSTM of 256 units, fed `[x; h]`, yields u. Each of the four gates' contributions from x and from h is
    multiplied by `(u A + a) A'`, those from h get `+ (u B) B'`. The small weights keep the shapes of the original, one
    pair for each contribution; `loop_weights` joins the A and B, so that a step needs one product for all of these.
    """

    packed_order = (1, 3, 0, 2)
    scaled = tuple(f"{gate}{source}" for source in "xh" for gate in "ijfo")  # ix, jx, fx, ox, ih, jh, fh, oh
    shifted = tuple(f"{gate}h" for gate in "ijfo")

    def _build_rest(self):
        self.bias = self._vector("bias", 4 * self.units, 0.0)
        self._build_layer_norm()
        self.hyper = LayerNormLSTMCell(
            HYPER_UNITS,
            self.input_size + self.context_size + self.units,
            seed=self.seed + 1,
            name="hyper",
            dtype=self.dtype_policy,
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
        return self.input_kernel.value, self.hyper.input_kernel.value[: self.input_size + self.context_size]

    def _biases(self):
        zeros = [ops.zeros((4 * size,), dtype=self.variable_dtype) for size in (self.units, HYPER_UNITS)]
        return tuple(zeros)  # the scale of what x contributes must not fall on the bias: `step` adds it

    def loop_weights(self):
        down = _values(self.zw_kernel, self.scaled) + _values(self.zb_kernel, self.shifted)
        up = _values(self.alpha, self.scaled) + _values(self.beta, self.shifted)
        offset = _values(self.zw_bias, self.scaled)
        offset += [ops.zeros_like(offset[0])] * len(self.shifted)
        from_state = self.hyper.input_kernel.value[self.input_size + self.context_size :]
        return (
            *self._input_kernels(),
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
        """`loop_weights()` by part, without the input kernels."""
        norm, hyper_norm = gates.LayerNormWeights(*weights[3:7]), gates.LayerNormWeights(*weights[9:13])
        return weights[2], norm, weights[7], weights[8], hyper_norm, *weights[13:]

    def step(self, weights, x, context, state, mask=None):
        """See `LSTMCell.step`."""
        kernel, norm, bias, hyper_kernel, hyper_norm, down, offset, up = self._named(weights)
        c, h, hyper_c, hyper_h = state
        hyper_pre = (
            self._product(x, weights[1])
            + context[1]
            + self._matmul(ops.concatenate([h, hyper_h], axis=-1), hyper_kernel)
        )
        hyper_c, hyper_h, hyper_residuals = gates.layer_norm_lstm(hyper_pre, hyper_c, None, hyper_norm)
        embeddings = self._matmul(hyper_h, down) + offset
        scale_x, scale_h, shift = self._modulation(embeddings, up)
        recurrent = self._matmul(h, kernel)
        pre = scale_x * (self._product(x, weights[0]) + context[0]) + scale_h * recurrent + shift + bias
        c, h, residuals = gates.layer_norm_lstm(pre, c, mask, norm)
        return (c, h, hyper_c, hyper_h), (*residuals, *hyper_residuals, embeddings, recurrent)

    def _modulation(self, embeddings, up):
        """Scales of the contributions from x and from h, and shifts, each `[B, 4 H]`."""
        codes = ops.split(embeddings, len(self.scaled) + len(self.shifted), axis=-1)
        parts = [self._matmul(code, up[k]) for k, code in enumerate(codes)]
        return tuple(ops.concatenate(parts[k : k + 4], axis=-1) for k in (0, 4, 8))

    def step_backward(self, weights, transposed, x, context, residuals, d_after):
        """See `LSTMCell.step_backward`."""
        _, norm, _, _, hyper_norm, _, _, up = self._named(weights)
        kernel_t, _, _, hyper_kernel_t, _, down_t, _, up_t = self._named(transposed)
        main, hyper, (embeddings, recurrent) = residuals[:10], residuals[10:20], residuals[20:]
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(main, norm, *d_after[:2])
        scale_x, scale_h, _ = self._modulation(embeddings, up)
        from_x = self._product(x, weights[0]) + context[0]
        parts = [part for d in (d_pre * from_x, d_pre * recurrent, d_pre) for part in ops.split(d, 4, axis=-1)]
        d_embeddings = ops.concatenate([self._matmul(part, up_t[k]) for k, part in enumerate(parts)], axis=-1)
        d_hyper_h = d_after[3] + self._matmul(d_embeddings, down_t)
        d_hyper_pre, d_hyper_c, d_hyper_norm = gates.layer_norm_lstm_backward(hyper, hyper_norm, d_after[2], d_hyper_h)
        d_scaled, d_recurrent = d_pre * scale_x, d_pre * scale_h
        d_both = self._matmul(d_hyper_pre, hyper_kernel_t)
        d_h = self._matmul(d_recurrent, kernel_t) + d_both[..., : self.units]
        deltas = (d_scaled, d_hyper_pre, d_pre, d_recurrent, d_embeddings)
        d_before = (d_c, d_h, d_hyper_c, d_both[..., self.units :])
        return d_before, deltas, (*d_norm, *d_hyper_norm)

    def gradients(self, weights, x, context, before, after, residuals, deltas, sums):
        """See `_Cell.gradients`."""
        d_scaled, d_hyper_pre, d_pre, d_recurrent, d_embeddings = deltas
        embeddings, recurrent = residuals[20:]
        h, hyper_h = before[1], before[3]
        from_x = self._product(x, weights[0]) + context[0]
        parts = [p for d in (d_pre * from_x, d_pre * recurrent, d_pre) for p in ops.split(d, 4, axis=-1)]
        codes = ops.split(embeddings, 12, axis=-1)
        d_hyper_kernels = self._outer(ops.concatenate([x, h, hyper_h], axis=-1), d_hyper_pre)
        d_x, d_kernel = self._input_gradients(x, weights[0], d_scaled, self._outer(x, d_scaled))
        d_x_hyper, d_hyper_kernel = self._input_gradients(x, weights[1], d_hyper_pre, d_hyper_kernels[: x.shape[-1]])
        d_weights = (
            d_kernel,
            d_hyper_kernel,
            self._outer(h, d_recurrent),
            *sums[:4],
            ops.sum(d_pre, axis=(0, 1)),
            d_hyper_kernels[x.shape[-1] :],
            *sums[4:],
            self._outer(after[3], d_embeddings),
            ops.sum(d_embeddings, axis=(0, 1)),
            ops.stack([self._outer(code, part) for code, part in zip(codes, parts, strict=True)]),
        )
        d_context = (ops.sum(d_scaled, axis=0), ops.sum(d_hyper_pre, axis=0))
        return d_x + d_x_hyper, d_context, d_weights


CELLS = {"lstm": LSTMCell, "layer_norm": LayerNormLSTMCell, "hyper": HyperLSTMCell}
