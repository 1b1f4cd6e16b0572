"""A cell over time: dropout noise, lengths and the fast backward pass.

Enters: inputs `[T, B, D]`, what is the same at every step (`cell.context`), an initial state and the candidate's
dropout masks `[T, B, H]`, drawn beforehand. Leaves: h at every step, or the state at each sketch's end.

Automatic differentiation of a loop adds `h^T d_pre` to every weight gradient at every step. Here the forward loop saves
slopes (see `gates.py`), the backward loop yields pre-activation gradients only, and each weight gradient is then one
matrix product over all steps (`cell.gradients`). Both loops write into buffers `[T, B, ...]` that XLA updates in place.

Sketches end at different steps. Sorted by length, they run in blocks: all of them until the shorter half has ended,
then the longer half alone. More blocks save little and take longer to compile.
"""

from typing import NamedTuple

import keras
from keras import ops

BLOCKS = 2


class _Block(NamedTuple):
    """The first `rows` sketches from step `start` until before `end`."""

    rows: int
    start: object
    end: object


def run(cell, x, context, state, masks=None):
    """Run `cell` over all steps.

    Args:
        cell: one of `cells.CELLS`.
        x: `[T, B, D]`.
        context: what `cell.context` returned.
        state: the initial state, a tuple of `[B, ...]`.
        masks: `[T, B, H]`, 0 or 1/keep, for the candidate; None for no dropout.

    Returns:
        `(outputs [T, B, H], final_state)`.
    """
    outputs, *final = _differentiable(cell, x, context, state, masks)
    return outputs, tuple(final)


def run_to_ends(cell, x, context, state, lengths, masks=None):
    """Run `cell` over each sketch's own steps.

    Args:
        lengths: `[B]` integers. What `x` holds past a sketch's length has no influence.
        cell, x, context, state, masks: see `run`.

    Returns:
        The state after each sketch's last step; the initial one where a sketch has no steps.
    """
    steps = ops.arange(x.shape[0], dtype="int32")[:, None]
    x = ops.where((steps < ops.cast(lengths, "int32")[None, :])[:, :, None], x, 0.0)
    return tuple(_differentiable(cell, x, context, state, masks, lengths))


def _differentiable(cell, x, context, state, masks=None, lengths=None):
    """`(outputs, *final_state)`, or with `lengths` the states at the ends alone."""
    weights = cell.loop_weights()
    lengths = None if lengths is None else ops.cast(lengths, x.dtype)  # custom gradients want floats
    extras = [e for e in (masks, lengths) if e is not None]
    counts = (1, len(context), len(state), len(weights), len(extras))

    @ops.custom_gradient
    def loop(*arguments):
        (x,), context, state, weights, extras = _split(arguments, counts)
        masks_, ends, order = (extras[0] if masks is not None else None), None, None
        if lengths is not None:  # longest first
            order = ops.argsort(-extras[-1])
            ends = ops.take(ops.cast(extras[-1], "int32"), order)
        x, masks_ = _take(order, (x, masks_), axis=1)
        context, state = _take(order, context), _take(order, state)
        blocks = _blocks(x.shape[0], x.shape[1], ends)
        states, residuals = _forward(cell, weights, x, context, state, masks_, blocks)
        back = None if order is None else ops.argsort(order)
        if lengths is None:
            results = (states[1], *(s[-1] for s in states))
        else:
            results = _take(back, _at_ends(state, states, ends))

        def backward(*upstream, **_):
            upstream = tuple(keras.tree.flatten(upstream))
            d_outputs, d_final = (upstream[0], upstream[1:]) if lengths is None else (None, _take(order, upstream))
            trace = (x, context, residuals)
            d_state, deltas, sums = _backward(cell, weights, trace, blocks, ends, d_outputs, d_final)
            before = tuple(ops.concatenate([s0[None], s[:-1]], axis=0) for s0, s in zip(state, states, strict=True))
            d_x, d_context, d_weights = cell.gradients(weights, x, context, before, states, residuals, deltas, sums)
            d_batch = (*_take(back, (d_x,), axis=1), *_take(back, (*d_context, *d_state)))
            return (*d_batch, *d_weights, *(ops.zeros_like(e) for e in extras))

        return results, backward

    return loop(x, *context, *state, *weights, *extras)


def _forward(cell, weights, x, context, state, masks, blocks):
    """The state after every step and the residuals that the backward pass needs, each `[T, B, ...]`."""
    states, residuals = (
        _buffers(parts, x.shape[0]) for parts in cell.step(weights, x[0], context, state, _at(masks, 0))
    )
    for rows, start, end in blocks:
        now, same = _rows(state, rows), _rows(context, rows)

        def body(t, state, states, residuals, rows=rows, same=same):
            state, saved = cell.step(weights, _at(x, t, rows), same, state, _at(masks, t, rows))
            states = tuple(_put(buffer, t, s) for buffer, s in zip(states, state, strict=True))
            return t + 1, state, states, tuple(_put(b, t, r) for b, r in zip(residuals, saved, strict=True))

        going = lambda t, *_, end=end: t < end  # noqa: E731
        _, state, states, residuals = ops.while_loop(going, body, (_int(start), now, states, residuals))
    return states, residuals


def _backward(cell, weights, trace, blocks, ends, d_outputs, d_final):
    """`(d_initial_state, deltas [T, B, ...], sums)`: the recurrence of the derivative, last step first."""
    x, context, residuals = trace
    steps, batch_size = x.shape[:2]
    transposed = tuple(map(_transposed, weights))

    def step(t, d_after, rows):
        saved = tuple(_at(r, t, rows) for r in residuals)
        return cell.step_backward(weights, transposed, _at(x, t, rows), _rows(context, rows), saved, d_after)

    def ending(t, d_state, rows):
        """Adds the gradient of the states of those sketches whose last step is t."""
        if ends is None:
            return d_state
        last = (ends[:rows] == t + 1)[:, None]
        return _add(d_state, (ops.where(last, f[:rows], 0.0) for f in d_final))

    _, deltas, sums = step(0, d_final, batch_size)  # for their shapes alone
    deltas, sums = _buffers(deltas, steps), tuple(map(ops.zeros_like, sums))
    d_state = d_final if ends is None else _rows(d_final, 0)
    for rows, start, end in reversed(blocks):
        d_state = tuple(ops.pad(d, [(0, rows - d.shape[0]), (0, 0)]) for d in d_state)

        def body(t, d_state, deltas, sums, rows=rows):
            d_state = ending(t, d_state, rows)
            if d_outputs is not None:
                d_state = (d_state[0], d_state[1] + _at(d_outputs, t, rows), *d_state[2:])
            d_state, now, more = step(t, d_state, rows)
            deltas = tuple(_put(buffer, t, d) for buffer, d in zip(deltas, now, strict=True))
            return t - 1, d_state, deltas, _add(sums, more)

        going = lambda t, *_, start=start: t >= start  # noqa: E731
        _, d_state, deltas, sums = ops.while_loop(going, body, (_int(end) - 1, d_state, deltas, sums))
    return ending(-1, d_state, batch_size), deltas, sums


def _blocks(steps, batch_size, ends):
    """All steps at once, or with `ends [B]`, longest first, the blocks of this module's docstring."""
    if ends is None:
        return [_Block(batch_size, 0, steps)]
    rows = sorted({-(-batch_size * k // BLOCKS) for k in range(1, BLOCKS + 1)}, reverse=True)
    until = [*(ends[r] for r in rows[1:]), ends[0]]
    return [_Block(*block) for block in zip(rows, [0, *until[:-1]], until, strict=True)]


def _at_ends(state, states, ends):
    """The state after `ends [B]` steps; the initial one after none."""
    last = [ops.take_along_axis(s, ops.maximum(ends - 1, 0)[None, :, None], axis=0)[0] for s in states]
    return tuple(ops.where((ends > 0)[:, None], s, s0) for s0, s in zip(state, last, strict=True))


def _take(order, parts, axis=0):
    """Each of `parts` with its sketches in `order`; as they are without one."""
    return tuple(p if p is None or order is None else ops.take(p, order, axis=axis) for p in parts)


def _at(buffer, t, rows=None):
    """Step `t` of `buffer [T, B, ...]`, its first `rows` sketches; None for None."""
    if buffer is None:
        return None
    shape = (1, rows or buffer.shape[1], *buffer.shape[2:])
    return ops.slice(buffer, (t, *(0 for _ in shape[1:])), shape)[0]


def _put(buffer, t, value):
    """`buffer` with its step `t`, its first rows, replaced by `value`."""
    return ops.slice_update(buffer, (t, *(0 for _ in value.shape)), value[None])


def _buffers(values, steps):
    return tuple(ops.zeros((steps, *v.shape), dtype=v.dtype) for v in values)


def _transposed(weight):
    """`weight` with its last two axes exchanged; a vector as it is."""
    axes = list(range(len(weight.shape)))
    return ops.transpose(weight, (*axes[:-2], axes[-1], axes[-2])) if len(axes) > 1 else weight


def _add(parts, more):
    return tuple(p + m for p, m in zip(parts, more, strict=True))


def _rows(parts, rows):
    return tuple(part[:rows] for part in parts)


def _int(t):
    return ops.cast(t, "int32")


def _split(arguments, counts):
    parts, start = [], 0
    for count in counts:
        parts.append(tuple(arguments[start : start + count]))
        start += count
    return parts
