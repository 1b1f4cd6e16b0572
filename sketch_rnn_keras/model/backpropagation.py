"""The backward pass of a recurrence: backpropagation through time.

Enters: what the recurrence was given, what its forward pass saved, and the gradient of the cost with respect to its
results. Leaves: the gradient with respect to what it was given.

Automatic differentiation of a loop adds `h^T d_pre` to every weight gradient at every step. Here the loop over the
steps yields gradients of pre-activations only (`cell.step_backward`), and one matrix product for each chunk of steps
turns these into weight gradients (`cell.gradients`). So there is a loop over blocks of sketches (see `recurrence.py`),
in it one over chunks, and in that one over steps, all from the last to the first.

A gradient has the structure of what it is the gradient of: that of `Arguments` is an `Arguments`, d_state is a state.
"""

from typing import NamedTuple

import keras
from keras import ops

from ..backends import Tensor
from .buffers import (
    add,
    at_least,
    at_most,
    integer,
    put_step,
    put_steps,
    rows_of,
    step_of,
    steps_from,
    transposed,
    window_of,
    with_rows,
    zeros_like,
    zeros_of,
)
from .cell import Cell, Gradients, StepGradients, Tensors, Window

CHUNK_STEPS = 25


class Arguments(NamedTuple):
    """What a recurrence is differentiated by: `x [T, B, D]`, context, initial state and the cell's weights."""

    x: Tensor
    context: Tensors
    state: Tensors
    weights: Tensors


class Block(NamedTuple):
    """Steps `start` until before `end` of the first `rows` sketches.

    chunk: how many steps give their part of the weight gradients in one product.
    unroll: how many steps a turn of a loop takes; with more than 1, `chunk` is all steps.
    """

    rows: int
    start: Tensor
    end: Tensor
    chunk: int = CHUNK_STEPS
    unroll: int = 1


class Saved(NamedTuple):
    """What the forward pass leaves: the state after every step and the residuals of every step, `[T, B, ...]`."""

    states: Tensors
    residuals: Tensors


class Upstream(NamedTuple):
    """Gradients of the cost with respect to the results of a recurrence.

    final: of the last state `[B, ...]`; with `ends`, of the state at each sketch's end.
    outputs: of h at every step `[T, B, H]`; None where that is no result.
    ends: the number of steps of each sketch `[B]`, longest first; None where all have T.
    """

    final: Tensors
    outputs: Tensor | None = None
    ends: Tensor | None = None


class _History(NamedTuple):
    """All that the backward pass reads; `transposed`: the weights as `cell.step_backward` wants them beside."""

    cell: Cell
    arguments: Arguments
    transposed: Tensors
    saved: Saved
    upstream: Upstream


def backward(cell: Cell, arguments: Arguments, saved: Saved, upstream: Upstream, blocks: list[Block]) -> Arguments:
    """The gradient of a recurrence with respect to its arguments.

    Args:
        cell: the cell that ran.
        arguments: what it ran on.
        saved: what its forward pass left.
        upstream: the gradient of its results.
        blocks: the blocks in which it ran, first to last.
    """
    history = _History(cell, arguments, transposed(arguments.weights), saved, upstream)
    rows = blocks[-1].rows
    gradient = Arguments(
        x=zeros_like(arguments.x),
        context=zeros_like(rows_of(arguments.context, rows)),
        state=upstream.final if upstream.ends is None else zeros_like(rows_of(arguments.state, rows)),
        weights=zeros_like(arguments.weights),
    )
    for block in reversed(blocks):
        gradient = _block_backward(history, block, gradient)
    if upstream.ends is not None:  # a sketch without steps ends in its initial state
        gradient = gradient._replace(state=_with_ended(gradient.state, 0, upstream.ends, upstream.final))
    return gradient


def _block_backward(history: _History, block: Block, gradient: Arguments) -> Arguments:
    """Go back through one block, chunk by chunk.

    Args:
        history: what is read.
        block: the block.
        gradient: the part of the gradient that later blocks gave; its `state` is that of the state after this block.

    Returns:
        The gradient with this block's part; its `state` is that of the state before this block.
    """
    rows = block.rows

    def unfinished(high: Tensor, gradient: Arguments) -> Tensor:
        return high > block.start

    def one_chunk(high: Tensor, gradient: Arguments) -> tuple[Tensor, Arguments]:
        first, d_state, more = _chunk_backward(history, block, high, gradient.state)
        d_x = window_of(gradient.x, first, ops.shape(more.x)[0], rows) + more.x  # windows may overlap
        gradient = Arguments(
            x=put_steps(gradient.x, first, d_x),
            context=add(gradient.context, more.context),
            state=d_state,
            weights=add(gradient.weights, more.weights),
        )
        return at_least(first, block.start), gradient

    # Sketches that ended before the later blocks have no part in the gradient yet.
    gradient = gradient._replace(context=with_rows(gradient.context, rows), state=with_rows(gradient.state, rows))
    if block.unroll > 1:  # there is one chunk
        return one_chunk(block.end, gradient)[1]
    _, gradient = ops.while_loop(unfinished, one_chunk, (integer(block.end), gradient))
    return gradient


def _chunk_backward(
    history: _History, block: Block, high: Tensor, d_state: Tensors
) -> tuple[Tensor, Tensors, Gradients]:
    """Go back through `block.chunk` steps, or as many as the block still has, step by step.

    Args:
        history: what is read.
        block: the block that the chunk is part of.
        high: the step after the chunk's last.
        d_state: gradient of the state before step `high`.

    Returns:
        `(first, d_state, gradients)`: the first step of the chunk's window, the gradient of the state before the
        chunk, and what the window gives. All windows have one size; a step of it that is not the chunk's gives 0.
    """
    cell, arguments, rows = history.cell, history.arguments, block.rows
    size = at_most(ops.shape(arguments.x)[0], block.chunk)
    first = at_least(high - size, 0)

    def one_step(t: Tensor, d_state: Tensors, deltas: Tensors, sums: Tensors) -> tuple[Tensors, Tensors, Tensors]:
        d_after = _with_upstream(history.upstream, t, d_state)
        found = _step_backward(history, rows, t, d_after)
        return found.before, put_step(deltas, t - first, found.deltas), add(sums, found.sums)

    deltas = cell.zero_deltas(zeros_of(cell.variable_dtype, size, rows))
    sums = cell.zero_sums(zeros_of(cell.variable_dtype, rows), arguments.weights)
    lowest = at_least(first, block.start)
    start = (d_state, deltas, sums)
    d_state, deltas, sums = steps_from(one_step, high - 1, lowest - 1, start, direction=-1, unroll=block.unroll)
    window = _window(history, rows, first, size)
    return first, d_state, cell.gradients(arguments.weights, window, deltas, sums)


def _step_backward(history: _History, rows: int, t: Tensor, d_after: Tensors) -> StepGradients:
    """Go back through step `t` of the first `rows` sketches, given the gradient of the state after it."""
    arguments = history.arguments
    x, context = step_of(arguments.x, t, rows), rows_of(arguments.context, rows)
    residuals = step_of(history.saved.residuals, t, rows)
    return history.cell.step_backward(arguments.weights, history.transposed, x, context, residuals, d_after)


def _with_upstream(upstream: Upstream, t: Tensor, d_state: Tensors) -> Tensors:
    """The gradient of the state after step `t`: what later steps gave, `d_state`, and what the results give."""
    if upstream.ends is not None:
        d_state = _with_ended(d_state, t + 1, upstream.ends, upstream.final)
    if upstream.outputs is not None:
        d_state = d_state._replace(h=d_state.h + step_of(upstream.outputs, t, ops.shape(d_state.h)[0]))
    return d_state


def _with_ended(d_state: Tensors, steps: Tensor, ends: Tensor, d_final: Tensors) -> Tensors:
    """`d_state`, and for the sketches that have `steps` steps the gradient of their final state added."""
    rows = ops.shape(d_state.h)[0]
    ended = (ends[:rows] == steps)[:, None]
    return keras.tree.map_structure(lambda d, final: d + ops.where(ended, final[:rows], 0.0), d_state, d_final)


def _window(history: _History, rows: int, first: Tensor, size: int) -> Window:
    """What the cell went through in the `size` steps from `first` on."""
    arguments, states = history.arguments, history.saved.states
    initial, previous = rows_of(arguments.state, rows), step_of(states, at_least(first - 1, 0), rows)
    after = window_of(states, first, size, rows)

    def one_step_earlier(initial: Tensor, previous: Tensor, after: Tensor) -> Tensor:
        return ops.concatenate([ops.where(first > 0, previous, initial)[None], after[:-1]], axis=0)

    return Window(
        x=window_of(arguments.x, first, size, rows),
        context=rows_of(arguments.context, rows),
        before=keras.tree.map_structure(one_step_earlier, initial, previous, after),
        after=after,
        residuals=window_of(history.saved.residuals, first, size, rows),
    )
