"""Parts and sums of what the loops of a recurrence read and write.

Enters and leaves: a tensor, or a NamedTuple of tensors, possibly nested, whose tensors are treated alike. A buffer
`[T, B, ...]` holds T steps of B sketches, a part `[B, ...]` one step. `rows` is a number of sketches, the first ones.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ..backends import Tensor
from .cell import Tensors
from .gates import Zeros


def zeros_of(dtype: str, *sizes: Tensor) -> Zeros:
    """`(*more) -> zeros [*sizes, *more]`; the same tensor for the same sizes."""
    return functools.cache(lambda *more: ops.zeros((*sizes, *more), dtype=dtype))


def window_of(buffers: Tensors, first: Tensor, size: int, rows: int) -> Tensors:
    """Steps `first` to `first + size` of `[T, B, ...]`: `[size, rows, ...]`."""

    def window(buffer: Tensor) -> Tensor:
        others = tuple(buffer.shape[2:])
        return ops.slice(buffer, _corner(first, 1 + len(others)), (size, rows, *others))

    return keras.tree.map_structure(window, buffers)


def step_of(buffers: Tensors, t: Tensor, rows: int) -> Tensors:
    """Step `t` of `[T, B, ...]`: `[rows, ...]`."""
    return keras.tree.map_structure(lambda window: ops.squeeze(window, 0), window_of(buffers, t, 1, rows))


def put_steps(buffer: Tensor, first: Tensor, values: Tensor) -> Tensor:
    """`buffer [T, B, ...]`, its steps from `first` on and its first rows replaced by `values [S, rows, ...]`."""
    return ops.slice_update(buffer, _corner(first, len(values.shape) - 1), values)


def put_step(buffers: Tensors, t: Tensor, values: Tensors) -> Tensors:
    """`buffers [T, B, ...]`, the first rows of step `t` replaced by `values [rows, ...]`."""

    def put(buffer: Tensor, value: Tensor) -> Tensor:
        return put_steps(buffer, t, ops.expand_dims(value, 0))

    return keras.tree.map_structure(put, buffers, values)


def _corner(first: Tensor, others: int) -> tuple[Tensor, ...]:
    """`(first, 0, 0, ...)`, all of one type, as JAX wants the corner of a slice."""
    return (integer(first), *(np.int32(0) for _ in range(others)))


def rows_of(parts: Tensors, rows: int) -> Tensors:
    """The first `rows` sketches of `[B, ...]`."""
    return keras.tree.map_structure(lambda part: part[:rows], parts)


def with_rows(parts: Tensors, rows: int) -> Tensors:
    """`[B, n]` with zeros for further sketches: `[rows, n]`."""

    def wider(part: Tensor) -> Tensor:
        lacking = rows - ops.shape(part)[0]
        return part if isinstance(lacking, int) and not lacking else ops.pad(part, [(0, lacking), (0, 0)])

    return keras.tree.map_structure(wider, parts)


def take(parts: Tensors, order: Tensor | None) -> Tensors:
    """`[B, ...]` with its sketches in `order`; as they are where that is None."""
    return parts if order is None else keras.tree.map_structure(lambda part: ops.take(part, order, axis=0), parts)


def zeros_like(tensors: Tensors) -> Tensors:
    """A zero for every number."""
    return keras.tree.map_structure(ops.zeros_like, tensors)


def add(tensors: Tensors, more: Tensors) -> Tensors:
    """The sums of corresponding tensors."""
    return keras.tree.map_structure(ops.add, tensors, more)


def transposed(weights: Tensors) -> Tensors:
    """Matrices, and stacks of them, with their last two axes exchanged; vectors as they are."""

    def exchanged(weight: Tensor) -> Tensor:
        if len(weight.shape) < 2:
            return weight
        *others, rows, columns = range(len(weight.shape))
        return ops.transpose(weight, (*others, columns, rows))

    return keras.tree.map_structure(exchanged, weights)


def integer(t: Tensor) -> Tensor:
    """`t` as a loop counts steps."""
    return ops.cast(t, "int32")


def steps_from(
    one_step: Callable[..., tuple], start: Tensor, end: Tensor, carry: tuple, *, direction: int = 1, unroll: int = 1
) -> tuple:
    """`carry = one_step(t, *carry)` for every step t from `start` until before `end`, in one loop.

    Args:
        one_step: the step.
        start: the first step.
        end: the step after the last one; with direction -1 that is a lower one.
        carry: what goes from step to step.
        direction: 1, or -1 to go back.
        unroll: steps in one turn of the loop. With more than 1 both bounds are Python integers: the loop's turns are
            known when it is compiled.

    Returns:
        What the last step gives.
    """
    if unroll == 1:

        def unfinished(t: Tensor, *carry: Any) -> Tensor:
            return t < end if direction > 0 else t > end

        def turn(t: Tensor, *carry: Any) -> tuple:
            return t + direction, *one_step(t, *carry)

        return ops.while_loop(unfinished, turn, (integer(start), *carry))[1:]

    turns, rest = divmod((end - start) * direction, unroll)

    def turns_left(k: Tensor, *carry: Any) -> Tensor:
        return k < turns

    def several(k: Tensor, *carry: Any) -> tuple:
        for j in range(unroll):
            carry = one_step(start + direction * (k * unroll + j), *carry)
        return k + 1, *carry

    carry = ops.while_loop(turns_left, several, (integer(0), *carry))[1:]
    for j in range(rest):
        carry = one_step(integer(end - direction * (rest - j)), *carry)
    return carry


def at_most(size: Tensor, limit: int) -> Tensor:
    """The lesser of both; a Python integer where `size` is known while a function is traced."""
    return min(size, limit) if isinstance(size, int) else ops.minimum(size, limit)


def at_least(size: Tensor, limit: int) -> Tensor:
    """The greater of both, as `at_most`."""
    return max(size, limit) if isinstance(size, int) and isinstance(limit, int) else ops.maximum(size, limit)
