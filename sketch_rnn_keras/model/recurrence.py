"""A cell over time: dropout noise, lengths, and a backward pass of its own (`backpropagation.py`).

Enters: inputs `[T, B, D]`, what is the same at every step (`cell.context`), an initial state and the candidate's
dropout masks `[T, B, H]`, drawn beforehand. Leaves: h at every step, or the state at each sketch's end.

The forward loop saves the state after every step and what the backward pass wants to know of it (see `gates.py`). XLA
updates the buffers of both loops in place.

Sketches end at different steps. Sorted by length, they run in two blocks: all of them until the shorter half has ended,
then the longer half alone. More blocks save little and take longer to compile.

That is for a CPU. On an accelerator a loop whose end is a number in its memory waits for the host to read it at every
step, so there all sketches run all steps, in one block of which everything is known when it is compiled: several steps
in a turn of a loop, one product for all weight gradients after it (`has_fixed_loops`).
"""

from typing import Any

import keras
from keras import ops

from ..backends import Tensor, backend
from .backpropagation import Arguments, Block, Saved, Upstream, backward
from .buffers import integer, put_step, rows_of, step_of, steps_from, take, zeros_like, zeros_of
from .cell import Cell, Tensors

UNROLL = 5  # steps in a turn of a loop that is fixed


def has_fixed_loops() -> bool:
    """Whether loops are made for an accelerator; decided where a function is compiled."""
    return backend().has_accelerator()


def run(cell: Cell, x: Tensor, context: Tensors, state: Tensors, masks: Tensor | None = None) -> tuple[Tensor, Tensors]:
    """Run `cell` over all steps.

    Args:
        cell: one of `cells.CELLS`.
        x: `[T, B, D]`.
        context: what `cell.context` returned.
        state: the initial state, such as `cell.zero_state` returns.
        masks: `[T, B, H]`, 0 or 1/keep, for the candidate; None for no dropout.

    Returns:
        `(outputs [T, B, H], final_state)`.
    """

    @ops.custom_gradient
    def loop(arguments: Arguments, constants: dict[str, Tensor]) -> tuple[tuple[Tensor, Tensors], Any]:
        steps, batch_size = ops.shape(arguments.x)[:2]
        blocks = [_whole(batch_size, steps)]
        saved = _forward(cell, arguments, constants.get("masks"), blocks)
        results = saved.states.h, keras.tree.map_structure(lambda states: states[-1], saved.states)

        def gradient(*upstream: Tensor, **_: Any) -> tuple[Arguments, dict[str, Tensor]]:
            d_outputs, d_final = _packed_as(results, upstream)
            d_arguments = backward(cell, arguments, saved, Upstream(d_final, outputs=d_outputs), blocks)
            return d_arguments, zeros_like(constants)

        return results, gradient

    return loop(Arguments(x, context, state, cell.loop_weights()), _present(masks=masks))


def run_to_ends(
    cell: Cell, x: Tensor, context: Tensors, state: Tensors, lengths: Tensor, masks: Tensor | None = None
) -> Tensors:
    """Run `cell` over each sketch's own steps.

    Args:
        cell, x, context, state, masks: see `run`.
        lengths: `[B]` integers. What `x` holds past a sketch's length has no influence.

    Returns:
        The state after each sketch's last step; the initial one where a sketch has no steps.
    """

    @ops.custom_gradient
    def loop(given: Arguments, constants: dict[str, Tensor]) -> tuple[Tensors, Any]:
        is_fixed = has_fixed_loops()
        longest_first = None if is_fixed else ops.argsort(-constants["lengths"])
        as_given = None if is_fixed else ops.argsort(longest_first)
        ends = take(integer(constants["lengths"]), longest_first)
        steps, batch_size = ops.shape(given.x)[:2]
        blocks = [_whole(batch_size, steps)] if is_fixed else _halves(ends)
        arguments = _reordered(given, longest_first)
        masks = constants.get("masks")
        masks = masks if masks is None or is_fixed else ops.take(masks, longest_first, axis=1)
        saved = _forward(cell, arguments, masks, blocks)
        results = take(_states_at(ends, arguments.state, saved.states), as_given)

        def gradient(*upstream: Tensor, **_: Any) -> tuple[Arguments, dict[str, Tensor]]:
            d_final = take(_packed_as(results, upstream), longest_first)
            d_arguments = backward(cell, arguments, saved, Upstream(d_final, ends=ends), blocks)
            return _reordered(d_arguments, as_given), zeros_like(constants)

        return results, gradient

    steps = ops.arange(ops.shape(x)[0], dtype="int32")[:, None]
    x = ops.where((steps < integer(lengths)[None, :])[:, :, None], x, 0.0)
    constants = _present(masks=masks, lengths=ops.cast(lengths, x.dtype))  # custom gradients want floats
    return loop(Arguments(x, context, state, cell.loop_weights()), constants)


def reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """`x [T, B, D]` with each sketch's own steps in reverse; the padding stays where it is."""
    steps = ops.arange(ops.shape(x)[0], dtype="int32")[:, None]
    lengths = ops.cast(lengths, "int32")[None, :]
    source = ops.where(steps < lengths, lengths - 1 - steps, steps)
    return ops.take_along_axis(x, source[:, :, None], axis=0)


def _forward(cell: Cell, arguments: Arguments, masks: Tensor | None, blocks: list[Block]) -> Saved:
    """Run all blocks, one after the other."""
    steps, batch_size = ops.shape(arguments.x)[:2]
    zeros = zeros_of(cell.variable_dtype, steps, batch_size)
    saved = Saved(keras.tree.map_structure(zeros, cell.state_sizes), cell.zero_residuals(zeros))
    state = arguments.state
    for block in blocks:
        state, saved = _block_forward(cell, arguments, masks, block, rows_of(state, block.rows), saved)
    return saved


def _block_forward(
    cell: Cell, arguments: Arguments, masks: Tensor | None, block: Block, state: Tensors, saved: Saved
) -> tuple[Tensors, Saved]:
    """The state after the block, from that before it, and `saved` with the block's steps written into it."""
    rows, context = block.rows, rows_of(arguments.context, block.rows)

    def one_step(t: Tensor, state: Tensors, saved: Saved) -> tuple[Tensors, Saved]:
        x, mask = step_of(arguments.x, t, rows), _mask_of(masks, t, rows)
        state, residuals = cell.step(arguments.weights, x, context, state, mask)
        return state, Saved(put_step(saved.states, t, state), put_step(saved.residuals, t, residuals))

    return steps_from(one_step, block.start, block.end, (state, saved), unroll=block.unroll)


def _whole(batch_size: Tensor, steps: Tensor) -> Block:
    """One block of all steps of all sketches."""
    is_fixed = has_fixed_loops() and isinstance(steps, int)
    return Block(batch_size, 0, steps, steps, UNROLL) if is_fixed else Block(batch_size, 0, steps)


def _halves(ends: Tensor) -> list[Block]:
    """The blocks of sketches with `ends [B]` steps, longest first: all of them, then the longer half."""
    batch_size = ops.shape(ends)[0]
    until = ends[batch_size // 2]
    return [Block(batch_size, 0, until), Block((batch_size + 1) // 2, until, ends[0])]


def _states_at(ends: Tensor, state: Tensors, states: Tensors) -> Tensors:
    """The state after `ends [B]` steps; the initial one after none."""
    batch_size = ops.shape(ends)[0]
    last, has_any = ops.maximum(ends - 1, 0) * batch_size + ops.arange(batch_size, dtype="int32"), (ends > 0)[:, None]

    def at_ends(initial: Tensor, after: Tensor) -> Tensor:
        rows = ops.reshape(after, (-1, after.shape[-1]))  # of all steps
        return ops.where(has_any, ops.take(rows, last, axis=0), initial)

    return keras.tree.map_structure(at_ends, state, states)


def _reordered(arguments: Arguments, order: Tensor | None) -> Arguments:
    """`arguments`, or their gradient, with the sketches in `order`; as they are where that is None."""
    if order is None:
        return arguments
    x = ops.take(arguments.x, order, axis=1)
    return arguments._replace(x=x, context=take(arguments.context, order), state=take(arguments.state, order))


def _mask_of(masks: Tensor | None, t: Tensor, rows: int) -> Tensor | None:
    return None if masks is None else step_of(masks, t, rows)


def _present(**tensors: Tensor | None) -> dict[str, Tensor]:
    """The tensors that there are, by name: a custom gradient takes no None."""
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _packed_as(example: Tensors, tensors: tuple[Tensor, ...]) -> Tensors:
    """`tensors` in the structure of `example`: TensorFlow passes them flat, JAX in a tuple of that structure."""
    return keras.tree.pack_sequence_as(example, keras.tree.flatten(tensors))
