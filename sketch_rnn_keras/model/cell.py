"""What the cells share: the contract of a cell, its two kernels, its packed state, and products of matrices.

A cell is the weights of a recurrence and one step of its mathematics. What is the same at every step (the bias and what
z contributes) is computed once (`context`), apart from what must run step by step (`step`), which `recurrence.py` and
`sampling.py` do. `step_backward` and `gradients` are the derivative of the recurrence: the first runs backwards in time
and yields gradients of pre-activations only, the second turns those of a chunk of steps into weight gradients at once.
`backpropagation.py` runs these two.

Enters: an input `[B, D]`, a context, a state and a dropout mask. Leaves: the next state.

Source: section 3.2 and supplementary material of arXiv 1704.03477.
"""

import functools
from typing import Any, ClassVar, NamedTuple, TypeAlias

import keras
from keras import ops

from ..backends import Tensor, backend
from . import gates
from .initializers import GatewiseOrthogonal

Tensors: TypeAlias = Any  # a tensor, or a NamedTuple of tensors, possibly nested: each cell has its own
NARROW = 8  # columns; see `Cell._fused_product`


class State(NamedTuple):
    """The memory c and the output h, `[B, H]` each; a cell that has more to remember adds to these two."""

    c: Tensor
    h: Tensor


class StepGradients(NamedTuple):
    """The derivative of one step.

    before: gradient of the state before the step.
    deltas: gradients of the step's pre-activations `[B, ...]`, which are kept for every step.
    sums: gradients of the context and of vectors of weights, which are added up over the steps.
    """

    before: Tensors
    deltas: Tensors
    sums: Tensors


class Window(NamedTuple):
    """What a cell went through in some consecutive steps: S of them, B sketches.

    x: inputs `[S, B, D]`.
    context: what `Cell.context` gave, the same at every step.
    before, after: the states before and after each step, `[S, B, ...]`.
    residuals: what `Cell.step` gave, `[S, B, ...]`.
    """

    x: Tensor
    context: Tensors
    before: Tensors
    after: Tensors
    residuals: Tensors


class Gradients(NamedTuple):
    """Gradients of a window's inputs `[S, B, D]`, of the context and of the weights."""

    x: Tensor
    context: Tensors
    weights: Tensors


class Cell(keras.layers.Layer):
    """The base of every cell.

    Args:
        units: H.
        input_size: D, the width of an input.
        context_size: C, the width of what is the same at every step (the decoder's z); 0 where there is none.
        seed: integer; the initial weights are a function of it and of the sizes.
        **kwargs: what every Keras layer takes, such as `name` and `dtype`.

    Attributes:
        packed_order: the parts of the state in the order of the original's packed state.
    """

    packed_order: ClassVar[tuple[str, ...]]

    def __init__(self, units: int, input_size: int, context_size: int = 0, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.input_size, self.context_size, self.seed = units, input_size, context_size, seed
        self.build((None, input_size + context_size))

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Make the weights: here the kernels that read the input with the context, and h."""
        width = input_shape[-1]
        glorot = keras.initializers.GlorotUniform(seed=self.seed)
        self.input_kernel = self.add_weight(name="W_xh", shape=(width, 4 * self.units), initializer=glorot)
        orthogonal = GatewiseOrthogonal(seed=self.seed)
        shape = (self.units, 4 * self.units)
        self.recurrent_kernel = self.add_weight(name="W_hh", shape=shape, initializer=orthogonal)

    def _add_vector(self, name: str, size: int, value: float) -> keras.Variable:
        return self.add_weight(name=name, shape=(size,), initializer=keras.initializers.Constant(value))

    def compute_output_shape(self, input_shape: tuple[int | None, int]) -> tuple[int | None, int]:
        """That of h; for Keras' summary."""
        return (input_shape[0], self.units)

    # ------------------------------------------------------------------------------------------- the cell's own

    def loop_weights(self) -> Tensors:
        """The tensors that `step` reads."""
        raise NotImplementedError

    def context(self, batch_size: int, z: Tensor | None = None) -> Tensors:
        """What is the same at every step: the bias and the contribution of `z`.

        Args:
            batch_size: B.
            z: `[B, C]`; None where it is part of every input, or where there is none.

        Returns:
            `[B, 4 H]`, or a NamedTuple of such.
        """
        raise NotImplementedError

    def step(
        self, weights: Tensors, x: Tensor, context: Tensors, state: Tensors, mask: Tensor | None = None
    ) -> tuple[Tensors, Tensors]:
        """One step.

        Args:
            weights: `loop_weights()`.
            x: `[B, D]`, or `[B, D + C]` where the context was left out of `context`.
            context: `context(...)`.
            state: the state before the step.
            mask: the candidate's dropout mask `[B, H]`, 0 or 1/keep; None for no dropout.

        Returns:
            `(next state, residuals)`; the residuals `[B, ...]` are what `step_backward` wants to know.
        """
        raise NotImplementedError

    def step_backward(
        self, weights: Tensors, transposed: Tensors, x: Tensor, context: Tensors, residuals: Tensors, d_after: Tensors
    ) -> StepGradients:
        """The derivative of `step`.

        Args:
            weights, x, context: what `step` was given.
            transposed: `weights` with the last two axes of each matrix exchanged.
            residuals: what `step` returned.
            d_after: gradient of the state after the step.
        """
        raise NotImplementedError

    def zero_residuals(self, zeros: gates.Zeros) -> Tensors:
        """What `step` leaves beside the state, all of it 0: room for what the steps of a loop leave.

        Args:
            zeros: makes one tensor `[..., B, ...]`.
        """
        raise NotImplementedError

    def zero_deltas(self, zeros: gates.Zeros) -> Tensors:
        """The same of the deltas that `step_backward` leaves."""
        raise NotImplementedError

    def zero_sums(self, zeros: gates.Zeros, weights: Tensors) -> Tensors:
        """The same of its sums.

        Args:
            zeros: makes one tensor `[B, ...]`.
            weights: `loop_weights()`; what is added up for a vector has its shape.
        """
        raise NotImplementedError

    def gradients(self, weights: Tensors, window: Window, deltas: Tensors, sums: Tensors) -> Gradients:
        """The gradients of all steps of a window.

        Args:
            weights: what `step` was given.
            window: what the steps went through.
            deltas: what `step_backward` gave at every step, `[S, B, ...]`; 0 for a step that is not to count.
            sums: what `step_backward` gave, added up.
        """
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------------- states

    @property
    def state_sizes(self) -> Tensors:
        """The width of each part of the state, in the structure of a state."""
        return State(c=self.units, h=self.units)

    def zero_state(self, batch_size: int) -> Tensors:
        """The state before the first step."""
        return keras.tree.map_structure(
            lambda size: ops.zeros((batch_size, size), dtype=self.variable_dtype), self.state_sizes
        )

    def pack(self, state: Tensors) -> Tensor:
        """The state -> the original's packed state `[B, sum(state_sizes)]`."""
        return ops.concatenate([getattr(state, name) for name in self.packed_order], axis=-1)

    def unpack(self, packed: Tensor) -> Tensors:
        """The original's packed state `[B, sum(state_sizes)]` -> the state."""
        sizes, parts, start = self.state_sizes, {}, 0
        for name in self.packed_order:
            end = start + getattr(sizes, name)
            parts[name] = packed[..., start:end]
            start = end
        return type(sizes)(**parts)

    # ------------------------------------------------------------------------------------------------ products

    def _constant_part(self, batch_size: int, z: Tensor | None, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        """`bias + z W` as `[B, n]`, W being the rows of `kernel [D + C, n]` that read the context; 0 for None."""
        if bias is None:
            bias = ops.zeros((kernel.shape[-1],), dtype=self.variable_dtype)
        rows = _repeat(bias, batch_size)
        return rows if z is None else rows + self._matmul(z, kernel[self.input_size :])

    def _matmul(self, a: Tensor, b: Tensor) -> Tensor:
        """`a b`; under a mixed policy the product alone is computed in the lower precision."""
        if self.compute_dtype == self.variable_dtype:
            return ops.matmul(a, b)
        return backend().mixed_product(a, b, self.compute_dtype)

    def _product(self, x: Tensor, kernel: Tensor) -> Tensor:
        """`x [..., D]` times the first D rows of `kernel`."""
        return self._matmul(x, kernel[: x.shape[-1]])

    def _fused_product(self, x: Tensor, kernel: Tensor) -> Tensor:
        """The same; a narrow x is multiplied as part of the element-wise work around it, not by a matrix product."""
        if x.shape[-1] > NARROW:
            return self._product(x, kernel)
        width = x.shape[-1]
        products = map(ops.multiply, ops.split(x, width, axis=-1), ops.split(kernel[:width], width))
        return functools.reduce(ops.add, products)

    def _product_gradients(self, x: Tensor, kernel: Tensor, d_product: Tensor, d_rows: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of `_product` over many steps.

        Args:
            x: `[S, B, D]`.
            kernel: `[D or more, n]`.
            d_product: gradient of the products `[S, B, n]`.
            d_rows: gradient of the rows that were used, `[D, n]`.

        Returns:
            The gradients of `x` and of the whole `kernel`.
        """
        d_x = self._matmul(d_product, ops.transpose(kernel[: x.shape[-1]]))
        return d_x, ops.pad(d_rows, [(0, kernel.shape[0] - x.shape[-1]), (0, 0)])

    def _outer(self, a: Tensor, b: Tensor) -> Tensor:
        """Sum over steps and batch of the outer products of `a [S, B, m]` and `b [S, B, n]`: `[m, n]`."""
        return self._matmul(ops.transpose(ops.reshape(a, (-1, a.shape[-1]))), ops.reshape(b, (-1, b.shape[-1])))

    def _kernel_gradients(self, kernel: Tensor, window: Window, d_pre: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of `pre = x W_xh + h W_hh` over a window with respect to `(x, W_xh, W_hh)`, W_xh being `kernel`."""
        width = window.x.shape[-1]
        both = self._outer(ops.concatenate([window.x, window.before.h], axis=-1), d_pre)  # one pass over d_pre
        d_x, d_input_kernel = self._product_gradients(window.x, kernel, d_pre, both[:width])
        return d_x, d_input_kernel, both[width:]


class LayerNormCell(Cell):
    """The base of the cells with layer norm over each gate's pre-activation and over the memory."""

    def _add_layer_norm(self) -> None:
        self.gates_gamma = self._add_vector("gates_gamma", 4 * self.units, 1.0)
        self.gates_beta = self._add_vector("gates_beta", 4 * self.units, 0.0)
        self.memory_gamma = self._add_vector("memory_gamma", self.units, 1.0)
        self.memory_beta = self._add_vector("memory_beta", self.units, 0.0)

    def layer_norm_weights(self) -> gates.LayerNormWeights:
        """The gains and shifts, as `gates.layer_norm_lstm` wants them."""
        return gates.LayerNormWeights(
            gates_gamma=self.gates_gamma.value,
            gates_beta=self.gates_beta.value,
            memory_gamma=self.memory_gamma.value,
            memory_beta=self.memory_beta.value,
        )

    @staticmethod
    def _norm_sums(d_weights: gates.LayerNormWeights) -> gates.LayerNormWeights:
        """Gradients of each sketch `[B, n]` as they are added up over the steps: of each, or of all `[n]`, whichever
        the backend does faster. `gates.of_all_sketches` makes the end of both the same."""
        return d_weights if backend().sums_rows_last() else gates.of_all_sketches(d_weights)

    @staticmethod
    def _zero_norm_sums(weights: gates.LayerNormWeights, zeros: gates.Zeros) -> gates.LayerNormWeights:
        """What `_norm_sums` are added to."""
        zero = (lambda one: zeros(*one.shape)) if backend().sums_rows_last() else ops.zeros_like
        return gates.LayerNormWeights(*map(zero, weights))


def _repeat(vector: Tensor, count: int) -> Tensor:
    """`vector [n]` as each of the rows of `[count, n]`.

    The gradient sums the rows by a product: XLA would merge a sum with that over the steps, into a second pass over all
    steps of all rows.
    """

    @ops.custom_gradient
    def repeat(vector: Tensor) -> tuple[Tensor, Any]:
        def backward(upstream: Tensor, **_: Any) -> Tensor:
            return ops.matmul(ops.ones((1, count), dtype=upstream.dtype), upstream)[0]

        return ops.broadcast_to(vector[None], (count, vector.shape[0])), backward

    return repeat(vector)
