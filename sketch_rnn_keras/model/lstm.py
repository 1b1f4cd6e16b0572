"""LSTM and LayerNormLSTM.

Enters: an input `[B, D]`, a context `[B, 4 H]`, a `State` and a dropout mask. Leaves: the next `State`. Both form
`pre = x W_xh + h W_hh + context` and leave the rest to `gates.py`. See `cell.py` for what each method promises.

Sources: section 3.2 and supplementary material of arXiv 1704.03477; layer norm: supplement A.2 of arXiv 1609.09106.
"""

from typing import NamedTuple

from ..backends import Tensor
from . import gates
from .cell import Cell, Gradients, LayerNormCell, State, StepGradients, Window


class LSTMWeights(NamedTuple):
    """What a step of `LSTMCell` reads: `[D + C, 4 H]` and `[H, 4 H]`. The bias is part of the context."""

    input_kernel: Tensor
    recurrent_kernel: Tensor


class LayerNormLSTMWeights(NamedTuple):
    """What a step of `LayerNormLSTMCell` reads: `[D + C, 4 H]`, `[H, 4 H]`, and the layer norms' vectors."""

    input_kernel: Tensor
    recurrent_kernel: Tensor
    norm: gates.LayerNormWeights


class LayerNormSums(NamedTuple):
    """Gradients of the context `[B, 4 H]` and of the layer norms' vectors (`LayerNormCell._norm_sums`), added up over
    the steps."""

    context: Tensor
    norm: gates.LayerNormWeights


class LSTMCell(Cell):
    """LSTM with dropout on the candidate only. Packed state: `[c, h]`."""

    packed_order = ("c", "h")

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """See `Cell.build`."""
        super().build(input_shape)
        self.bias = self._add_vector("bias", 4 * self.units, 0.0)

    def loop_weights(self) -> LSTMWeights:
        """See `Cell.loop_weights`."""
        return LSTMWeights(self.input_kernel.value, self.recurrent_kernel.value)

    def context(self, batch_size: int, z: Tensor | None = None) -> Tensor:
        """See `Cell.context`."""
        return self._constant_part(batch_size, z, self.input_kernel.value, self.bias.value)

    def step(
        self, weights: LSTMWeights, x: Tensor, context: Tensor, state: State, mask: Tensor | None = None
    ) -> tuple[State, gates.Slopes]:
        """See `Cell.step`."""
        pre = self._fused_product(x, weights.input_kernel) + self._matmul(state.h, weights.recurrent_kernel) + context
        c, h, slopes = gates.lstm(pre, state.c, mask)
        return State(c, h), slopes

    def step_backward(
        self,
        weights: LSTMWeights,
        transposed: LSTMWeights,
        x: Tensor,
        context: Tensor,
        residuals: gates.Slopes,
        d_after: State,
    ) -> StepGradients:
        """See `Cell.step_backward`."""
        d_pre, d_c = gates.lstm_backward(residuals, d_after.c, d_after.h)
        d_h = self._matmul(d_pre, transposed.recurrent_kernel)
        return StepGradients(before=State(d_c, d_h), deltas=d_pre, sums=d_pre)

    def zero_residuals(self, zeros: gates.Zeros) -> gates.Slopes:
        """See `Cell.zero_residuals`."""
        return gates.zero_slopes(self.units, zeros)

    def zero_deltas(self, zeros: gates.Zeros) -> Tensor:
        """See `Cell.zero_deltas`."""
        return zeros(4 * self.units)

    def zero_sums(self, zeros: gates.Zeros, weights: LSTMWeights) -> Tensor:
        """See `Cell.zero_sums`."""
        return zeros(4 * self.units)

    def gradients(self, weights: LSTMWeights, window: Window, deltas: Tensor, sums: Tensor) -> Gradients:
        """See `Cell.gradients`."""
        d_x, d_input_kernel, d_recurrent_kernel = self._kernel_gradients(weights.input_kernel, window, deltas)
        return Gradients(d_x, sums, LSTMWeights(d_input_kernel, d_recurrent_kernel))


class LayerNormLSTMCell(LayerNormCell):
    """LSTM without bias, layer norm over each gate's pre-activation and over c. Packed state: `[h, c]`."""

    packed_order = ("h", "c")

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """See `Cell.build`."""
        super().build(input_shape)
        self._add_layer_norm()

    def loop_weights(self) -> LayerNormLSTMWeights:
        """See `Cell.loop_weights`."""
        return LayerNormLSTMWeights(self.input_kernel.value, self.recurrent_kernel.value, self.layer_norm_weights())

    def context(self, batch_size: int, z: Tensor | None = None) -> Tensor:
        """See `Cell.context`; there is no bias."""
        return self._constant_part(batch_size, z, self.input_kernel.value)

    def step(
        self, weights: LayerNormLSTMWeights, x: Tensor, context: Tensor, state: State, mask: Tensor | None = None
    ) -> tuple[State, gates.LayerNormResiduals]:
        """See `Cell.step`."""
        pre = self._product(x, weights.input_kernel) + self._matmul(state.h, weights.recurrent_kernel) + context
        c, h, residuals = gates.layer_norm_lstm(pre, state.c, mask, weights.norm)
        return State(c, h), residuals

    def step_backward(
        self,
        weights: LayerNormLSTMWeights,
        transposed: LayerNormLSTMWeights,
        x: Tensor,
        context: Tensor,
        residuals: gates.LayerNormResiduals,
        d_after: State,
    ) -> StepGradients:
        """See `Cell.step_backward`."""
        d_pre, d_c, d_norm = gates.layer_norm_lstm_backward(residuals, weights.norm, d_after.c, d_after.h)
        d_h = self._matmul(d_pre, transposed.recurrent_kernel)
        return StepGradients(before=State(d_c, d_h), deltas=d_pre, sums=LayerNormSums(d_pre, self._norm_sums(d_norm)))

    def zero_residuals(self, zeros: gates.Zeros) -> gates.LayerNormResiduals:
        """See `Cell.zero_residuals`."""
        return gates.zero_layer_norm_residuals(self.units, zeros)

    def zero_deltas(self, zeros: gates.Zeros) -> Tensor:
        """See `Cell.zero_deltas`."""
        return zeros(4 * self.units)

    def zero_sums(self, zeros: gates.Zeros, weights: LayerNormLSTMWeights) -> LayerNormSums:
        """See `Cell.zero_sums`."""
        return LayerNormSums(zeros(4 * self.units), self._zero_norm_sums(weights.norm, zeros))

    def gradients(
        self, weights: LayerNormLSTMWeights, window: Window, deltas: Tensor, sums: LayerNormSums
    ) -> Gradients:
        """See `Cell.gradients`."""
        d_x, d_input_kernel, d_recurrent_kernel = self._kernel_gradients(weights.input_kernel, window, deltas)
        d_weights = LayerNormLSTMWeights(d_input_kernel, d_recurrent_kernel, gates.of_all_sketches(sums.norm))
        return Gradients(d_x, sums.context, d_weights)
