"""A cell over time: lengths, dropout noise and the fast backward pass.

Enters: projected inputs `[T, B, ...]`, an initial state, the candidate's dropout masks `[T, B, H]` drawn beforehand,
and each sketch's length. Leaves: h at every step `[T, B, H]` and the state after each sketch's own last step.

Automatic differentiation of a loop adds `h^T d_pre` to every weight gradient at every step. Here the forward loop saves
activations, the backward loop yields pre-activation gradients only, and each weight gradient is then one matrix product
over all steps (`cell.gradients`).
"""

import keras
from keras import ops


def run(cell, inputs, state, masks=None, lengths=None):
    """Run `cell` over all steps.

    Args:
        cell: one of `cells.CELLS`.
        inputs: what `cell.project` returned for all steps: a tuple of `[T, B, ...]`.
        state: the initial state, a tuple of `[B, ...]`.
        masks: `[T, B, H]`, 0 or 1/keep, for the candidate; None for no dropout.
        lengths: `[B]` integers; past its length a sketch's state stands still. None: every step counts.

    Returns:
        `(outputs [T, B, H], final_state)`; past a sketch's length the output repeats its last one.
    """
    counts = (len(inputs), len(state), len(cell.loop_weights()))
    optional = _present(masks, None if lengths is None else _alive(inputs[0], lengths))
    arguments = (*inputs, *state, *cell.loop_weights(), *optional)

    @ops.custom_gradient
    def loop(*arguments):
        inputs, state, weights, extras = _split(arguments, counts)
        sequences = (*inputs, *extras)
        pick = _picker(len(inputs), masks is not None, lengths is not None)
        states, residuals = _forward(cell, weights, state, sequences, pick)
        results = (states[1], *(s[-1] for s in states))

        def backward(*upstream, **_):
            d_outputs, *d_final = keras.tree.flatten(upstream)
            before = tuple(ops.concatenate([s0[None], s[:-1]], axis=0) for s0, s in zip(state, states, strict=True))
            trace = (sequences, before, states, residuals)
            d_state, deltas, sums = _backward(cell, weights, trace, pick, d_outputs, tuple(d_final))
            d_inputs, d_weights = cell.gradients(weights, inputs, before, states, residuals, deltas, sums)
            return (*d_inputs, *d_state, *d_weights, *(ops.zeros_like(e) for e in extras))

        return results, backward

    outputs, *final = loop(*arguments)
    return outputs, tuple(final)


def _forward(cell, weights, state, sequences, pick):
    """States after every step and what the backward pass needs, each `[T, B, ...]`."""

    def body(carry, now):
        before, _ = carry
        inputs, mask, alive = pick(now)
        after, residuals = cell.step(weights, inputs, before, mask)
        carry = (_where(alive, after, before), residuals)
        return carry, carry  # Keras' scan under TensorFlow stacks what has the structure of the carry

    first = tuple(s[0] for s in sequences)
    inputs, mask, _ = pick(first)
    residuals = _zeros_like(cell.step(weights, inputs, state, mask)[1])
    _, stacked = ops.scan(body, (state, residuals), sequences, length=sequences[0].shape[0])
    return stacked


def _backward(cell, weights, trace, pick, d_outputs, d_final):
    """`(d_initial_state, deltas [T, ...], sums)`: the recurrence of the derivative, last step first."""

    def step(d_state, sums, now, d_output):
        sequences, before, after, residuals = now
        inputs, mask, alive = pick(sequences)
        d_state = (d_state[0], d_state[1] + d_output, *d_state[2:])
        d_after = d_state if alive is None else tuple(d * alive for d in d_state)
        d_before, deltas, more = cell.step_backward(weights, inputs, before, after, residuals, mask, d_after)
        if alive is not None:  # a state that stood still hands its gradient on
            d_before = tuple(new + (1.0 - alive) * old for new, old in zip(d_before, d_state, strict=True))
        return d_before, deltas, tuple(s + m for s, m in zip(sums, more, strict=True))

    def body(carry, now):
        carry = step(carry[0], carry[2], now[:4], now[4])
        return carry, carry

    last = keras.tree.map_structure(lambda s: s[-1], (*trace, d_outputs))
    _, deltas, sums = cell.step_backward(weights, *_first_step(last, pick), d_final)
    carry = (d_final, _zeros_like(deltas), _zeros_like(sums))
    length = d_outputs.shape[0]
    (d_state, _, sums), (_, deltas, _) = ops.scan(body, carry, (*trace, d_outputs), length=length, reverse=True)
    return d_state, deltas, sums


def _first_step(now, pick):
    sequences, before, after, residuals, _ = now
    inputs, mask, _ = pick(sequences)
    return inputs, before, after, residuals, mask


def _alive(like, lengths):
    """`[T, B, 1]`: 1 while a sketch lasts, 0 afterwards."""
    steps = ops.arange(like.shape[0], dtype="int32")[:, None]
    return ops.cast(steps < ops.cast(lengths, "int32")[None, :], like.dtype)[:, :, None]


def _where(alive, new, old):
    return new if alive is None else tuple(ops.where(alive > 0, n, o) for n, o in zip(new, old, strict=True))


def _zeros_like(tree):
    return keras.tree.map_structure(ops.zeros_like, tree)


def _present(*values):
    return tuple(v for v in values if v is not None)


def _split(arguments, counts):
    parts, start = [], 0
    for count in counts:
        parts.append(tuple(arguments[start : start + count]))
        start += count
    return (*parts, tuple(arguments[start:]))


def _picker(inputs, has_masks, has_alive):
    """How to read one step's slices: `slices -> (inputs, mask or None, alive or None)`."""

    def pick(slices):
        extras = list(slices[inputs:])
        mask = extras.pop(0) if has_masks else None
        return tuple(slices[:inputs]), mask, extras.pop(0) if has_alive else None

    return pick
