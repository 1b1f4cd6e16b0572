"""A cell over time: dropout noise, lengths and the fast backward pass.

Enters: inputs `[T, B, D]`, what is the same at every step (`cell.context`), an initial state and the candidate's
dropout masks `[T, B, H]`, drawn beforehand. Leaves: h at every step, or the state at each sketch's end.

Automatic differentiation of a loop adds `h^T d_pre` to every weight gradient at every step. Here the forward loop saves
slopes (see `gates.py`), the backward loop yields pre-activation gradients only, and one matrix product for each chunk
of steps turns these into weight gradients (`cell.gradients`). XLA updates the loops' buffers in place.

Sketches end at different steps. Sorted by length, they run in blocks: all of them until the shorter half has ended,
then the longer half alone. More blocks save little and take longer to compile.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

BLOCKS = 2
CHUNK = 25  # steps


class _Block(NamedTuple):
    """The first `rows` sketches from step `start` until before `end`."""

    rows: int
    start: Any
    end: Any


class _Trace(NamedTuple):
    """What the backward pass goes over, each `[T, B, ...]` but for the context and the initial state."""

    x: Any
    context: tuple
    state: tuple
    states: tuple
    residuals: tuple

    def window(self, first, size, rows):
        """`x, context`, the states before and after each step, the residuals: `size` steps of `rows` sketches."""
        after, residuals = (tuple(_window(p, first, size, rows) for p in ps) for ps in (self.states, self.residuals))
        before = []
        for initial, states, shifted in zip(self.state, self.states, after, strict=True):
            earlier = ops.where(first > 0, _at(states, ops.maximum(first - 1, 0), rows), initial[:rows])
            before.append(ops.concatenate([earlier[None], shifted[:-1]], axis=0))
        return _window(self.x, first, size, rows), _rows(self.context, rows), tuple(before), after, residuals


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
            trace = _Trace(x, context, state, states, residuals)
            d_x, d_context, d_state, d_weights = _backward(cell, weights, trace, blocks, ends, d_outputs, d_final)
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
            states = tuple(_put(buffer, t, s[None]) for buffer, s in zip(states, state, strict=True))
            return t + 1, state, states, tuple(_put(b, t, r[None]) for b, r in zip(residuals, saved, strict=True))

        going = lambda t, *_, end=end: t < end  # noqa: E731
        _, state, states, residuals = ops.while_loop(going, body, (_int(start), now, states, residuals))
    return states, residuals


def _backward(cell, weights, trace, blocks, ends, d_outputs, d_final):
    """`(d_x, d_context, d_initial_state, d_weights)`: the recurrence of the derivative, last step first."""
    x, context = trace.x, trace.context
    steps, batch_size = x.shape[:2]
    size = min(CHUNK, steps)
    transposed = tuple(map(_transposed, weights))

    def ending(t, d_state, rows):
        """Adds the gradient of the states of those sketches whose last step is t."""
        if ends is None:
            return d_state
        last = (ends[:rows] == t + 1)[:, None]
        return _add(d_state, (ops.where(last, f[:rows], 0.0) for f in d_final))

    def step(t, d_after, rows):
        saved = tuple(_at(r, t, rows) for r in trace.residuals)
        return cell.step_backward(weights, transposed, _at(x, t, rows), _rows(context, rows), saved, d_after)

    def chunk(low, high, d_state, rows):
        """Steps `high - 1` to `low`, `size` at most: where these begin, the gradients before them and of the rest."""
        first = ops.maximum(high - size, 0)

        def body(t, d_state, deltas, sums):
            d_state = ending(t, d_state, rows)
            if d_outputs is not None:
                d_state = (d_state[0], d_state[1] + _at(d_outputs, t, rows), *d_state[2:])
            d_state, now, more = step(t, d_state, rows)
            deltas = tuple(_put(buffer, t - first, d[None]) for buffer, d in zip(deltas, now, strict=True))
            return t - 1, d_state, deltas, _add(sums, more)

        _, deltas, sums = step(0, d_state, rows)  # for their shapes alone
        values = (high - 1, d_state, _buffers(deltas, size), tuple(map(ops.zeros_like, sums)))
        going = lambda t, *_: t >= ops.maximum(first, low)  # noqa: E731
        _, d_state, deltas, sums = ops.while_loop(going, body, values)
        window = trace.window(first, size, rows)
        return first, d_state, cell.gradients(weights, *window, deltas, sums)

    d_state = d_final if ends is None else _rows(d_final, 0)
    d_x, d_context, d_weights = ops.zeros_like(x), _rows(context, 0), tuple(map(ops.zeros_like, weights))
    for rows, start, end in reversed(blocks):
        d_state, d_context = _padded(d_state, rows), _padded(d_context, rows)

        def body(high, d_state, d_x, d_context, d_weights, start=start, rows=rows):
            first, d_state, (more_x, more_context, more) = chunk(start, high, d_state, rows)
            d_x = _put(d_x, first, _window(d_x, first, size, rows) + more_x)  # chunks may overlap
            return ops.maximum(first, start), d_state, d_x, _add(d_context, more_context), _add(d_weights, more)

        going = lambda high, *_, start=start: high > start  # noqa: E731
        values = (_int(end), d_state, d_x, d_context, d_weights)
        _, d_state, d_x, d_context, d_weights = ops.while_loop(going, body, values)
    return d_x, d_context, ending(-1, d_state, batch_size), d_weights


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


def _window(buffer, t, size, rows):
    """Steps `t` to `t + size` of `buffer [T, B, ...]`, its first `rows` sketches."""
    shape = (size, rows, *buffer.shape[2:])
    return ops.slice(buffer, (t, *(0 for _ in shape[1:])), shape)


def _at(buffer, t, rows=None):
    """Step `t` of `buffer [T, B, ...]`, its first `rows` sketches; None for None."""
    return None if buffer is None else _window(buffer, t, 1, rows or buffer.shape[1])[0]


def _put(buffer, t, value):
    """`buffer` with its steps from `t` on, its first rows, replaced by `value [S, rows, ...]`."""
    return ops.slice_update(buffer, (t, *(0 for _ in value.shape[1:])), value)


def _buffers(values, steps):
    return tuple(ops.zeros((steps, *v.shape), dtype=v.dtype) for v in values)


def _transposed(weight):
    """`weight` with its last two axes exchanged; a vector as it is."""
    axes = list(range(len(weight.shape)))
    return ops.transpose(weight, (*axes[:-2], axes[-1], axes[-2])) if len(axes) > 1 else weight


def _add(parts, more):
    return tuple(p + m for p, m in zip(parts, more, strict=True))


def _padded(parts, rows):
    """Each of `parts [B, ...]` with rows of zeros below, up to `rows`."""
    return tuple(ops.pad(p, [(0, rows - p.shape[0]), (0, 0)]) for p in parts)


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
