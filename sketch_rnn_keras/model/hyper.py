"""HyperLSTM: a LayerNormLSTM whose pre-activations are rescaled and shifted at every step by a smaller one.

A LayerNormLSTM of H' units, the hyper cell, is fed `[x; h]` and yields u. With A, a, A', B, B' of its own for each gate

    pre = scale_x * (x W_xh) + scale_h * (h W_hh) + shift + bias
    scale_x = (u A + a) A'    scale_h likewise    shift = (u B) B'

and the rest is a LayerNormLSTM. A and B lead down to embeddings of E numbers, A' and B' up to H.

Enters: an input `[B, D]`, a `HyperContext`, a `HyperState` and a dropout mask. Leaves: the next `HyperState`. See
`cell.py` for what each method promises.

Sources: arXiv 1609.09106, section 3.2 and appendix A.2; supplementary material of arXiv 1704.03477.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import keras
from keras import ops

from ..backends import Tensor
from . import gates
from .cell import Gradients, LayerNormCell, StepGradients, Window
from .lstm import LayerNormLSTMCell, LayerNormLSTMWeights


class HyperState(NamedTuple):
    """The memory and output of the cell `[B, H]`, and those of the hyper cell `[B, H']`; hyper_h is u."""

    c: Tensor
    h: Tensor
    hyper_c: Tensor
    hyper_h: Tensor


class HyperContext(NamedTuple):
    """What z contributes to the pre-activations of the cell `[B, 4 H]` and of the hyper cell `[B, 4 H']`."""

    main: Tensor
    hyper: Tensor


class Modulation(NamedTuple):
    """What the hyper cell does to the pre-activations `[B, 4 H]`, and whatever there is one of for each of the three.

    scale_x: the factor of what x (with the context) contributes.
    scale_h: the factor of what h contributes.
    shift: what is added.
    """

    scale_x: Tensor
    scale_h: Tensor
    shift: Tensor


class HyperLSTMWeights(NamedTuple):
    """What a step reads.

    main: the cell's kernels `[D + C, 4 H]` and `[H, 4 H]`, and its layer norms.
    bias: `[4 H]`. It is no part of the context, on which a scale falls.
    hyper: the same of the hyper cell; its input kernel `[D + C, 4 H']` reads the input alone, and its recurrent kernel
        `[H + H', 4 H']` reads `[h; u]`, so that a step needs one product for both.
    down: A and B of all gates side by side `[H', 12 E]`, in the order of `Modulation` and of the gates.
    offset: a likewise, `[12 E]`; 0 for the shifts.
    up: A' and B', a stack `[4, E, H]` of one matrix for each gate.
    """

    main: LayerNormLSTMWeights
    bias: Tensor
    hyper: LayerNormLSTMWeights
    down: Tensor
    offset: Tensor
    up: Modulation


class HyperResiduals(NamedTuple):
    """What the backward pass wants to know of a step.

    main, hyper: of the updates of the cell and of the hyper cell.
    embeddings: `u A + a` and `u B`, `[B, 12 E]`.
    recurrent: `h W_hh`, `[B, 4 H]`.
    """

    main: gates.LayerNormResiduals
    hyper: gates.LayerNormResiduals
    embeddings: Tensor
    recurrent: Tensor


class HyperDeltas(NamedTuple):
    """Gradients of a step's pre-activations and embeddings; `gradients` forms those of what is scaled from them.

    pre: of the cell's `[B, 4 H]`.
    hyper_pre: of the hyper cell's `[B, 4 H']`.
    embeddings: `[B, 12 E]`.
    """

    pre: Tensor
    hyper_pre: Tensor
    embeddings: Tensor


class HyperSums(NamedTuple):
    """Gradients of the context and of the layer norms' vectors, which are added up over the steps."""

    context: HyperContext
    norm: gates.LayerNormWeights
    hyper_norm: gates.LayerNormWeights


class HyperLSTMCell(LayerNormCell):
    """HyperLSTM with layer norm; dropout falls on the candidate of the cell, not of the hyper cell.

    Packed state: `[h, hyper_h, c, hyper_c]`. The small weights keep the shapes of the original, one matrix for each
    contribution; `loop_weights` joins them.

    Args:
        units, input_size, context_size, seed, **kwargs: see `Cell`.
        hyper_units: H', the units of the hyper cell.
        embedding_size: E.

    Attributes:
        hyper: the hyper cell.
        scaled: the names of what is scaled, such as "ix" for what x contributes to the gate i.
        shifted: the names of what is shifted.
        zw_kernel, zw_bias, alpha: by the names in `scaled`: A, a and A'.
        zb_kernel, beta: by the names in `shifted`: B and B'.
    """

    packed_order = ("h", "hyper_h", "c", "hyper_c")
    scaled_x = tuple(f"{gate}x" for gate in gates.GATES)
    scaled_h = tuple(f"{gate}h" for gate in gates.GATES)
    scaled = scaled_x + scaled_h
    shifted = scaled_h

    def __init__(
        self,
        units: int,
        input_size: int,
        context_size: int = 0,
        seed: int = 0,
        hyper_units: int = 256,
        embedding_size: int = 32,
        **kwargs: Any,
    ) -> None:
        self.hyper_units, self.embedding_size = hyper_units, embedding_size  # before the weights are made
        super().__init__(units, input_size, context_size, seed, **kwargs)

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """See `Cell.build`."""
        super().build(input_shape)
        self.bias = self._add_vector("bias", 4 * self.units, 0.0)
        self._add_layer_norm()
        self.hyper = LayerNormLSTMCell(
            self.hyper_units,
            self.input_size + self.context_size + self.units,
            seed=self.seed + 1,
            name="hyper",
            dtype=self.dtype_policy,
        )
        down, up = (self.hyper_units, self.embedding_size), (self.embedding_size, self.units)
        constant = keras.initializers.Constant
        self.zw_kernel, self.zw_bias, self.alpha, self.zb_kernel, self.beta = {}, {}, {}, {}, {}
        for name in self.scaled:
            self.zw_kernel[name] = self.add_weight(name=f"zw_{name}", shape=down, initializer=constant(0.0))
            self.zw_bias[name] = self._add_vector(f"zw_bias_{name}", self.embedding_size, 1.0)
            start = constant(0.1 / self.embedding_size)  # so that every scale begins at 0.1
            self.alpha[name] = self.add_weight(name=f"alpha_{name}", shape=up, initializer=start)
        for k, name in enumerate(self.shifted):
            normal = keras.initializers.RandomNormal(stddev=0.01, seed=self.seed + 2 + k)
            self.zb_kernel[name] = self.add_weight(name=f"zb_{name}", shape=down, initializer=normal)
            self.beta[name] = self.add_weight(name=f"beta_{name}", shape=up, initializer=constant(0.0))

    @property
    def state_sizes(self) -> HyperState:
        """See `Cell.state_sizes`."""
        return HyperState(c=self.units, h=self.units, hyper_c=self.hyper_units, hyper_h=self.hyper_units)

    def _hyper_input_kernels(self) -> tuple[Tensor, Tensor]:
        """The rows of the hyper cell's input kernel that read the input and the context, and those that read h."""
        width, kernel = self.input_size + self.context_size, self.hyper.input_kernel.value
        return kernel[:width], kernel[width:]

    def context(self, batch_size: int, z: Tensor | None = None) -> HyperContext:
        """See `Cell.context`; the scale of what x contributes must not fall on the bias, so that is left to `step`."""
        hyper_kernel, _ = self._hyper_input_kernels()
        return HyperContext(
            main=self._constant_part(batch_size, z, self.input_kernel.value),
            hyper=self._constant_part(batch_size, z, hyper_kernel),
        )

    def loop_weights(self) -> HyperLSTMWeights:
        """See `Cell.loop_weights`."""
        hyper_input, hyper_from_h = self._hyper_input_kernels()
        hyper_recurrent = ops.concatenate([hyper_from_h, self.hyper.recurrent_kernel.value], axis=0)
        offsets = _values(self.zw_bias, self.scaled)
        no_offset = ops.zeros((len(self.shifted) * self.embedding_size,), dtype=self.variable_dtype)
        down = _values(self.zw_kernel, self.scaled) + _values(self.zb_kernel, self.shifted)
        return HyperLSTMWeights(
            main=LayerNormLSTMWeights(self.input_kernel.value, self.recurrent_kernel.value, self.layer_norm_weights()),
            bias=self.bias.value,
            hyper=LayerNormLSTMWeights(hyper_input, hyper_recurrent, self.hyper.layer_norm_weights()),
            down=ops.concatenate(down, axis=1),
            offset=ops.concatenate([*offsets, no_offset], axis=0),
            up=Modulation(
                scale_x=ops.stack(_values(self.alpha, self.scaled_x)),
                scale_h=ops.stack(_values(self.alpha, self.scaled_h)),
                shift=ops.stack(_values(self.beta, self.shifted)),
            ),
        )

    def step(
        self,
        weights: HyperLSTMWeights,
        x: Tensor,
        context: HyperContext,
        state: HyperState,
        mask: Tensor | None = None,
    ) -> tuple[HyperState, HyperResiduals]:
        """See `Cell.step`."""
        both = ops.concatenate([state.h, state.hyper_h], axis=-1)
        hyper_pre = (
            self._product(x, weights.hyper.input_kernel)
            + context.hyper
            + self._matmul(both, weights.hyper.recurrent_kernel)
        )
        hyper_c, hyper_h, hyper_residuals = gates.layer_norm_lstm(hyper_pre, state.hyper_c, None, weights.hyper.norm)
        embeddings = self._matmul(hyper_h, weights.down) + weights.offset
        scale_x, scale_h, shift = self._modulation(embeddings, weights.up)
        recurrent = self._matmul(state.h, weights.main.recurrent_kernel)
        pre = scale_x * self._from_x(weights, x, context) + scale_h * recurrent + shift + weights.bias
        c, h, residuals = gates.layer_norm_lstm(pre, state.c, mask, weights.main.norm)
        return HyperState(c, h, hyper_c, hyper_h), HyperResiduals(residuals, hyper_residuals, embeddings, recurrent)

    def step_backward(
        self,
        weights: HyperLSTMWeights,
        transposed: HyperLSTMWeights,
        x: Tensor,
        context: HyperContext,
        residuals: HyperResiduals,
        d_after: HyperState,
    ) -> StepGradients:
        """See `Cell.step_backward`."""
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(residuals.main, weights.main.norm, d_after.c, d_after.h)
        scale_x, scale_h, _ = self._modulation(residuals.embeddings, weights.up)
        d_modulation = _modulation_gradients(d_pre, self._from_x(weights, x, context), residuals.recurrent)
        d_embeddings = self._embedding_gradients(d_modulation, transposed.up)
        d_hyper_h = d_after.hyper_h + self._matmul(d_embeddings, transposed.down)
        d_hyper_pre, d_hyper_c, d_hyper_norm = gates.layer_norm_lstm_backward(
            residuals.hyper, weights.hyper.norm, d_after.hyper_c, d_hyper_h
        )
        d_from_x, d_recurrent = d_pre * scale_x, d_pre * scale_h
        d_both = self._matmul(d_hyper_pre, transposed.hyper.recurrent_kernel)
        d_h = self._matmul(d_recurrent, transposed.main.recurrent_kernel) + d_both[..., : self.units]
        return StepGradients(
            before=HyperState(d_c, d_h, d_hyper_c, d_both[..., self.units :]),
            deltas=HyperDeltas(d_pre, d_hyper_pre, d_embeddings),
            sums=HyperSums(
                HyperContext(main=d_from_x, hyper=d_hyper_pre), *map(self._norm_sums, (d_norm, d_hyper_norm))
            ),
        )

    def zero_residuals(self, zeros: gates.Zeros) -> HyperResiduals:
        """See `Cell.zero_residuals`."""
        return HyperResiduals(
            main=gates.zero_layer_norm_residuals(self.units, zeros),
            hyper=gates.zero_layer_norm_residuals(self.hyper_units, zeros),
            embeddings=zeros(12 * self.embedding_size),
            recurrent=zeros(4 * self.units),
        )

    def zero_deltas(self, zeros: gates.Zeros) -> HyperDeltas:
        """See `Cell.zero_deltas`."""
        return HyperDeltas(zeros(4 * self.units), zeros(4 * self.hyper_units), zeros(12 * self.embedding_size))

    def zero_sums(self, zeros: gates.Zeros, weights: HyperLSTMWeights) -> HyperSums:
        """See `Cell.zero_sums`."""
        context = HyperContext(main=zeros(4 * self.units), hyper=zeros(4 * self.hyper_units))
        norms = (self._zero_norm_sums(norm, zeros) for norm in (weights.main.norm, weights.hyper.norm))
        return HyperSums(context, *norms)

    def gradients(self, weights: HyperLSTMWeights, window: Window, deltas: HyperDeltas, sums: HyperSums) -> Gradients:
        """See `Cell.gradients`."""
        x, before, residuals = window.x, window.before, window.residuals
        from_x = self._from_x(weights, x, window.context)
        d_modulation = _modulation_gradients(deltas.pre, from_x, residuals.recurrent)
        scale_x, scale_h, _ = self._modulation(residuals.embeddings, weights.up)
        d_from_x, d_recurrent = deltas.pre * scale_x, deltas.pre * scale_h
        d_x, d_input_kernel = self._product_gradients(x, weights.main.input_kernel, d_from_x, self._outer(x, d_from_x))
        width = x.shape[-1]
        d_hyper_kernels = self._outer(ops.concatenate([x, before.h, before.hyper_h], axis=-1), deltas.hyper_pre)
        d_x_hyper, d_hyper_input_kernel = self._product_gradients(
            x, weights.hyper.input_kernel, deltas.hyper_pre, d_hyper_kernels[:width]
        )
        d_norm, d_hyper_norm = map(gates.of_all_sketches, (sums.norm, sums.hyper_norm))
        d_weights = HyperLSTMWeights(
            main=LayerNormLSTMWeights(d_input_kernel, self._outer(before.h, d_recurrent), d_norm),
            bias=ops.sum(deltas.pre, axis=(0, 1)),
            hyper=LayerNormLSTMWeights(d_hyper_input_kernel, d_hyper_kernels[width:], d_hyper_norm),
            down=self._outer(window.after.hyper_h, deltas.embeddings),
            offset=ops.sum(deltas.embeddings, axis=(0, 1)),
            up=keras.tree.map_structure(self._up_gradient, _by_modulation(residuals.embeddings), d_modulation),
        )
        return Gradients(d_x + d_x_hyper, sums.context, d_weights)

    def _from_x(self, weights: HyperLSTMWeights, x: Tensor, context: HyperContext) -> Tensor:
        """What x and the context contribute to the pre-activations, before it is scaled: `[..., 4 H]`."""
        return self._product(x, weights.main.input_kernel) + context.main

    def _modulation(self, embeddings: Tensor, up: Modulation) -> Modulation:
        """Embeddings `[B, 12 E]` -> scales and shift, `[B, 4 H]` each."""
        return keras.tree.map_structure(self._expanded, _by_modulation(embeddings), up)

    def _expanded(self, embeddings: Tensor, up: Tensor) -> Tensor:
        """`[B, 4 E]` times `[4, E, H]`, gate by gate: `[B, 4 H]`."""
        parts = [self._matmul(part, up[k]) for k, part in enumerate(gates.split_gates(embeddings))]
        return ops.concatenate(parts, axis=-1)

    def _embedding_gradients(self, d_modulation: Modulation, transposed: Modulation) -> Tensor:
        """Gradient of `_modulation` with respect to the embeddings `[B, 12 E]`."""
        parts = []
        for d_one, up in zip(d_modulation, transposed, strict=True):
            parts += [self._matmul(part, up[k]) for k, part in enumerate(gates.split_gates(d_one))]
        return ops.concatenate(parts, axis=-1)

    def _up_gradient(self, embeddings: Tensor, d_expanded: Tensor) -> Tensor:
        """Gradient of `_expanded` with respect to `up [4, E, H]`, over many steps."""
        pairs = zip(gates.split_gates(embeddings), gates.split_gates(d_expanded), strict=True)
        return ops.stack([self._outer(part, d_part) for part, d_part in pairs])


def _by_modulation(embeddings: Tensor) -> Modulation:
    """`[..., 12 E]` -> `[..., 4 E]` for each scale and for the shift."""
    return Modulation(*ops.split(embeddings, len(Modulation._fields), axis=-1))


def _modulation_gradients(d_pre: Tensor, from_x: Tensor, recurrent: Tensor) -> Modulation:
    """Gradients of `scale_x * from_x + scale_h * recurrent + shift` with respect to scales and shift."""
    return Modulation(scale_x=d_pre * from_x, scale_h=d_pre * recurrent, shift=d_pre)


def _values(table: Mapping[str, keras.Variable], names: Iterable[str]) -> list[Tensor]:
    return [table[name].value for name in names]
