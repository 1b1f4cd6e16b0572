"""The cells' equations, weights and packed states; a recurrence is its steps, forward and backward."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from support.autodiff import cost_and_gradients

from sketch_rnn_keras.model import cells, recurrence
from sketch_rnn_keras.model.initializers import GatewiseOrthogonal

STEPS, BATCH, UNITS, INPUT, CONTEXT = 5, 3, 5, 2, 3
LENGTHS = np.array([3, 0, 5], "int32")


@pytest.fixture
def small_hyper(monkeypatch):
    monkeypatch.setattr(cells, "HYPER_UNITS", 6)
    monkeypatch.setattr(cells, "HYPER_EMBEDDING", 3)


@pytest.fixture(params=cells.CELLS)
def cell(request, small_hyper):
    """A small cell of every kind, whose weights are all random so that every path through it carries something."""
    cell = cells.CELLS[request.param](UNITS, INPUT, CONTEXT, seed=1, name="cell")
    rng = np.random.default_rng(2)
    for weight in cell.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape) + (1.0 if "gamma" in weight.name else 0.0))
    return cell


@pytest.fixture(autouse=True)
def several_chunks(monkeypatch):
    """So that the backward pass joins chunks of steps, the last of which overlaps its neighbour."""
    monkeypatch.setattr(recurrence, "CHUNK", 2)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def random_state(cell, seed=4):
    return tuple(random(BATCH, size, seed=seed + k) for k, size in enumerate(cell.state_sizes))


def random_masks(seed=3):
    return ((np.random.default_rng(seed).random((STEPS, BATCH, UNITS)) < 0.6) / 0.6).astype("float32")


def arrays(tree):
    return keras.tree.map_structure(ops.convert_to_numpy, tree)


def context_of(cell, context):
    return cell.context(BATCH, ops.convert_to_tensor(context))


def step_by_step(cell, x, context, state, masks=None, lengths=None):
    """What `recurrence.run` and, with lengths, `run_to_ends` promise, as a Python loop over `cell.step`."""
    outputs, weights = [], cell.loop_weights()
    for t in range(STEPS):
        after, _ = cell.step(weights, x[t], context, state, None if masks is None else masks[t])
        if lengths is not None:
            alive = ops.cast((t < lengths)[:, None], x.dtype)
            after = tuple(alive * new + (1.0 - alive) * old for new, old in zip(after, state, strict=True))
        state = after
        outputs.append(state[1])
    return ops.stack(outputs), state


def recur(cell, x, context, state, masks=None, lengths=None):
    """`(outputs, final state)`; with lengths, which `run_to_ends` takes, there are no outputs."""
    if lengths is None:
        return recurrence.run(cell, x, context, state, masks)
    return None, recurrence.run_to_ends(cell, x, context, state, lengths, masks)


# ------------------------------------------------------------------------------------------------------- initialisers


@pytest.mark.parametrize("gates", [4, 1])
def test_each_gate_has_an_orthogonal_block(gates):
    kernel = ops.convert_to_numpy(GatewiseOrthogonal(gates, seed=3)((8, 8 * gates)))
    blocks = np.split(kernel, gates, axis=1)
    for block in blocks:
        np.testing.assert_allclose(block.T @ block, np.eye(8), atol=1e-6)
    assert all(np.abs(a - b).max() > 0.1 for a, b in itertools.pairwise(blocks))


@pytest.mark.parametrize("shape", [(6, 4 * 3), (3, 4 * 6)])
def test_a_block_that_is_not_square_has_orthonormal_short_sides(shape):
    for block in np.split(ops.convert_to_numpy(GatewiseOrthogonal()(shape)), 4, axis=1):
        gram = block.T @ block if block.shape[0] > block.shape[1] else block @ block.T
        np.testing.assert_allclose(gram, np.eye(3), atol=1e-6)


def test_the_draw_is_a_function_of_the_seed():
    first, again, other = (ops.convert_to_numpy(GatewiseOrthogonal(seed=s)((4, 16))) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_the_initialiser_survives_serialisation():
    config = keras.initializers.serialize(GatewiseOrthogonal(seed=5))
    again = keras.initializers.deserialize(config)
    assert isinstance(again, GatewiseOrthogonal)
    assert again.get_config() == {"gates": 4, "seed": 5}


# ------------------------------------------------------------------------------------------------ weights, packed state


def test_hyper_weights_have_the_shapes_of_the_thesis(monkeypatch):
    """Figure 16 of the thesis, a decoder-only model: 512 units, input 5, hyper cell 256, embedding 32."""
    monkeypatch.setattr(cells, "GatewiseOrthogonal", lambda seed: keras.initializers.Zeros())  # quick, same shape
    cell = cells.HyperLSTMCell(512, 5)
    figure = {(5, 2048), (512, 2048), (2048,), (517, 1024), (256, 1024), (1024,), (256,), (256, 32), (32,), (32, 512)}
    assert {tuple(w.shape) for w in cell.weights} == figure | {(512,)}
    assert [(k, sum(tuple(w.shape) == k for w in cell.weights)) for k in [(256, 32), (32,), (32, 512)]] == [
        ((256, 32), 12),
        ((32,), 8),
        ((32, 512), 12),
    ]


def test_hyper_weights_start_as_the_original_does(monkeypatch):
    monkeypatch.setattr(cells, "GatewiseOrthogonal", lambda seed: keras.initializers.Zeros())  # tested on its own
    cell = cells.HyperLSTMCell(64, 5, seed=1)
    for name in cell.scaled:
        np.testing.assert_array_equal(ops.convert_to_numpy(cell.zw_kernel[name]), 0.0)
        np.testing.assert_array_equal(ops.convert_to_numpy(cell.zw_bias[name]), 1.0)
        np.testing.assert_array_equal(ops.convert_to_numpy(cell.alpha[name]), np.float32(0.1 / 32))
    for name in cell.shifted:
        assert ops.convert_to_numpy(cell.zb_kernel[name]).std() == pytest.approx(0.01, rel=0.05)
        np.testing.assert_array_equal(ops.convert_to_numpy(cell.beta[name]), 0.0)
    draws = [ops.convert_to_numpy(cell.zb_kernel[name]) for name in cell.shifted]
    assert all(np.abs(a - b).max() > 0.01 for a, b in itertools.pairwise(draws))


@pytest.mark.parametrize("kind", cells.CELLS)
def test_vectors_and_kernels_start_as_the_original_does(kind, small_hyper):
    cell = cells.CELLS[kind](UNITS, INPUT, CONTEXT, seed=1)
    for one in [cell, cell.hyper] if kind == "hyper" else [cell]:
        units = one.units
        for block in np.split(ops.convert_to_numpy(one.recurrent_kernel), 4, axis=1):
            np.testing.assert_allclose(block.T @ block, np.eye(units), atol=1e-5)
        kernel = ops.convert_to_numpy(one.input_kernel)
        limit = np.sqrt(6.0 / sum(kernel.shape))
        assert 0.7 * limit < np.abs(kernel).max() <= limit
        if hasattr(one, "bias"):
            np.testing.assert_array_equal(ops.convert_to_numpy(one.bias), 0.0)
        if kind != "lstm":
            for value, vectors in (
                (1.0, (one.gates_gamma, one.memory_gamma)),
                (0.0, (one.gates_beta, one.memory_beta)),
            ):
                for vector in vectors:
                    np.testing.assert_array_equal(ops.convert_to_numpy(vector), value)
    assert hasattr(cell, "bias") == (kind != "layer_norm")


def test_weights_are_a_function_of_the_seed(small_hyper):
    first, again, other = (cells.HyperLSTMCell(UNITS, INPUT, seed=s).get_weights() for s in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    differing = sum(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert differing == 4 + 4  # the kernels of both cells, and the four zb; the rest starts from constants


def test_packing_comes_back(cell):
    state = random_state(cell)
    packed = cell.pack(tuple(ops.convert_to_tensor(s) for s in state))
    assert packed.shape == (BATCH, sum(cell.state_sizes))
    for part, again in zip(state, arrays(cell.unpack(packed)), strict=True):
        np.testing.assert_array_equal(part, again)


@pytest.mark.parametrize(("kind", "order"), [("lstm", "ch"), ("layer_norm", "hc"), ("hyper", "hHcC")])
def test_packed_order_is_the_originals(kind, order, small_hyper):
    """c and h, and in capitals those of the hyper cell."""
    cell = cells.CELLS[kind](UNITS, INPUT)
    parts = dict(zip("chCH", random_state(cell), strict=False))
    packed = cell.pack(tuple(ops.convert_to_tensor(s) for s in parts.values()))
    np.testing.assert_array_equal(ops.convert_to_numpy(packed), np.concatenate([parts[p] for p in order], axis=1))


def test_zero_state(cell):
    state = arrays(cell.zero_state(BATCH))
    assert [s.shape for s in state] == [(BATCH, size) for size in cell.state_sizes]
    assert not any(s.any() for s in state)


def test_a_context_is_an_input_that_stays(cell):
    """Projected once per sketch, it adds what it would add beside the input of every step."""
    x, context = random(STEPS, BATCH, INPUT), random(BATCH, CONTEXT, seed=1)
    both = np.concatenate([x, np.broadcast_to(context, (STEPS, *context.shape))], axis=-1)
    state = tuple(map(ops.convert_to_tensor, random_state(cell)))
    outputs = arrays(step_by_step(cell, ops.convert_to_tensor(x), context_of(cell, context), state)[0])
    expected = arrays(step_by_step(cell, ops.convert_to_tensor(both), cell.context(BATCH), state)[0])
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------------------------------------- equations, dropout


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def layer_norm(x, gamma, beta):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3) * gamma + beta


def lstm_by_hand(pre, c, mask, norm=None):
    """c = c sigmoid(f + 1) + sigmoid(i) mask tanh(j), h = tanh(c) sigmoid(o); `norm`: gain and shift of gates, c."""
    i, j, f, o = np.split(pre, 4, axis=-1)
    if norm is not None:
        parts = zip((i, j, f, o), np.split(norm[0], 4), np.split(norm[1], 4), strict=True)
        i, j, f, o = (layer_norm(*part) for part in parts)
    c = c * sigmoid(f + 1.0) + sigmoid(i) * mask * np.tanh(j)
    return c, np.tanh(c if norm is None else layer_norm(c, *norm[2:])) * sigmoid(o)


def one_step(cell, mask, seed=7):
    """`(x, state, next state)` of one step of `cell` without context, in float64 NumPy."""
    x, state = random(BATCH, INPUT, seed=seed), random_state(cell)
    tensors = tuple(ops.convert_to_tensor(s) for s in state)
    mask = None if mask is None else ops.convert_to_tensor(mask)
    after, _ = cell.step(cell.loop_weights(), ops.convert_to_tensor(x), cell.context(BATCH), tensors, mask)
    return keras.tree.map_structure(lambda v: np.asarray(v, "float64"), (x, state, arrays(after)))


def weights_of(cell):
    return {w.name: ops.convert_to_numpy(w).astype("float64") for w in cell.weights}


def test_lstm_is_the_hand_formula_with_dropout_on_the_candidate_alone(small_hyper):
    cell, mask = cells.LSTMCell(UNITS, INPUT), random_masks()[0]
    cell.bias.assign(random(4 * UNITS, seed=9))
    x, (c, h), after = one_step(cell, mask)
    w = weights_of(cell)
    expected = lstm_by_hand(x @ w["W_xh"] + h @ w["W_hh"] + w["bias"], c, mask)
    for found, value in zip(after, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


def test_layer_norm_lstm_is_the_hand_formula_with_dropout_on_the_candidate_alone():
    cell, mask = cells.LayerNormLSTMCell(UNITS, INPUT), random_masks()[0]
    norm = [random(*w.shape, seed=k) for k, w in enumerate(cell.layer_norm_weights())]
    for name, value in zip(("gates_gamma", "gates_beta", "memory_gamma", "memory_beta"), norm, strict=True):
        getattr(cell, name).assign(value)
    x, (c, h), after = one_step(cell, mask)
    w = weights_of(cell)
    expected = lstm_by_hand(x @ w["W_xh"] + h @ w["W_hh"], c, mask, norm)
    for found, value in zip(after, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5)


def test_hyper_lstm_starts_as_a_layer_norm_lstm_of_a_tenth_of_the_pre_activations():
    """The initial weights scale both contributions by 0.1 and shift nothing; dropout leaves the hyper cell alone."""
    cell, mask = cells.HyperLSTMCell(UNITS, INPUT), random_masks()[0]
    x, (c, h, hyper_c, hyper_h), after = one_step(cell, mask)
    unit = (np.ones(4 * UNITS), np.zeros(4 * UNITS), np.ones(UNITS), np.zeros(UNITS))
    kernels = [ops.convert_to_numpy(v).astype("float64") for v in (cell.input_kernel, cell.recurrent_kernel)]
    main = lstm_by_hand(0.1 * (x @ kernels[0]) + 0.1 * (h @ kernels[1]), c, mask, unit)
    n, w = cell.hyper.units, weights_of(cell.hyper)
    unit = (np.ones(4 * n), np.zeros(4 * n), np.ones(n), np.zeros(n))
    pre = np.concatenate([x, h], axis=1) @ w["W_xh"] + hyper_h @ w["W_hh"]
    for found, value in zip(after, (*main, *lstm_by_hand(pre, hyper_c, 1.0, unit)), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5)


def test_a_mask_of_ones_is_no_dropout(cell):
    _, _, masked = one_step(cell, np.ones((BATCH, UNITS), "float32"))
    _, _, plain = one_step(cell, None)
    for a, b in zip(masked, plain, strict=True):
        np.testing.assert_array_equal(a, b)


# --------------------------------------------------------------------------------------------------------- recurrence


@pytest.mark.parametrize(
    ("masks", "lengths"),
    [
        pytest.param(None, None, id="plain"),
        pytest.param(random_masks(), LENGTHS, id="dropout-lengths"),
        pytest.param(random_masks(), None, id="dropout", marks=pytest.mark.tensorflow),
        pytest.param(None, LENGTHS, id="lengths", marks=pytest.mark.tensorflow),
    ],
)
def test_a_recurrence_and_its_gradients_are_those_of_its_steps(cell, masks, lengths):
    """The hand-written backward pass against automatic differentiation of a Python loop: inputs, state, every weight.

    The cost weighs the outputs of all steps (without lengths) and all parts of the final state, so that no gradient can
    hide.
    """
    x, context = keras.Variable(random(STEPS, BATCH, INPUT)), keras.Variable(random(BATCH, CONTEXT, seed=1))
    state = [keras.Variable(s) for s in random_state(cell)]
    on_outputs = random(STEPS, BATCH, UNITS, seed=10)
    on_final = [random(BATCH, size, seed=11 + k) for k, size in enumerate(cell.state_sizes)]
    masks = None if masks is None else ops.convert_to_tensor(masks)

    def cost(run):
        same = cell.context(BATCH, context.value)
        outputs, final = run(cell, x.value, same, tuple(s.value for s in state), masks, lengths)
        total = sum(ops.sum(f * w) for f, w in zip(final, on_final, strict=True))
        return total if lengths is not None else total + ops.sum(outputs * on_outputs)

    variables = [x, context, *state, *cell.trainable_variables]
    value, found = cost_and_gradients(lambda: cost(recur), variables)
    reference, expected = cost_and_gradients(lambda: cost(step_by_step), variables)
    assert value == pytest.approx(reference, rel=1e-5)
    for variable, gradient, true in zip(variables, found, expected, strict=True):
        assert np.abs(true).max() > 0, variable.path
        np.testing.assert_allclose(gradient, true, rtol=1e-4, atol=1e-4 * np.abs(true).max(), err_msg=variable.path)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
def test_outputs_and_final_state_are_those_of_the_steps(cell, lengths):
    x, context = ops.convert_to_tensor(random(STEPS, BATCH, INPUT)), random(BATCH, CONTEXT, seed=1)
    state, masks = tuple(map(ops.convert_to_tensor, random_state(cell))), ops.convert_to_tensor(random_masks())
    context = context_of(cell, context)
    outputs, final = arrays(recur(cell, x, context, state, masks, lengths))
    expected_outputs, expected_final = arrays(step_by_step(cell, x, context, state, masks, lengths))
    if lengths is None:
        np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-5, atol=1e-6)
    for found, expected in zip(final, expected_final, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow  # JAX has float64 only where it is switched on for the whole process
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("kind", cells.CELLS)
def test_gradients_in_float64_are_those_of_the_steps(kind, lengths, small_hyper):
    cell = cells.CELLS[kind](UNITS, INPUT, CONTEXT, seed=1, name="cell", dtype="float64")
    rng = np.random.default_rng(2)
    for weight in cell.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape) + (1.0 if "gamma" in weight.name else 0.0))
    x, context, masks = (
        ops.cast(v, "float64") for v in (random(STEPS, BATCH, INPUT), random(BATCH, CONTEXT), random_masks())
    )
    state = tuple(ops.cast(s, "float64") for s in random_state(cell))

    def cost(run):
        outputs, final = run(cell, x, cell.context(BATCH, context), state, masks, lengths)
        return sum(ops.sum(f * f) for f in final) + (0.0 if lengths is not None else ops.sum(outputs**3))

    _, found = cost_and_gradients(lambda: cost(recur), cell.trainable_variables)
    _, expected = cost_and_gradients(lambda: cost(step_by_step), cell.trainable_variables)
    for variable, gradient, true in zip(cell.trainable_variables, found, expected, strict=True):
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient, true, rtol=1e-10, atol=1e-12, err_msg=variable.path)


def test_a_sketch_without_steps_keeps_its_state_and_gradient(cell):
    x, context = ops.convert_to_tensor(random(STEPS, BATCH, INPUT)), context_of(cell, random(BATCH, CONTEXT, seed=1))
    state = [keras.Variable(s) for s in random_state(cell)]

    def first_parts():
        final = recurrence.run_to_ends(cell, x, context, tuple(s.value for s in state), LENGTHS)
        return sum(ops.sum(f[1]) for f in final)  # LENGTHS[1] is 0

    value, gradients = cost_and_gradients(first_parts, state)
    assert value == pytest.approx(sum(ops.convert_to_numpy(s)[1].sum() for s in state), rel=1e-5)
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, np.arange(BATCH)[:, None] == 1 + np.zeros_like(gradient))


def test_padding_has_no_influence_not_even_through_nan(cell):
    """Neither on the states at the ends nor on the gradient of any weight."""
    x = random(STEPS, BATCH, INPUT)
    other = np.where((np.arange(STEPS)[:, None] < LENGTHS)[:, :, None], x, np.float32(np.nan))
    state = tuple(map(ops.convert_to_tensor, random_state(cell)))

    def cost(points):
        context = context_of(cell, random(BATCH, CONTEXT, seed=1))
        final = recurrence.run_to_ends(cell, ops.convert_to_tensor(points), context, state, LENGTHS)
        return sum(ops.sum(f) for f in final)

    results = [
        cost_and_gradients(lambda points=points: cost(points), cell.trainable_variables) for points in (x, other)
    ]
    for a, b in zip(*map(keras.tree.flatten, results), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_every_batch_size_is_cut_into_blocks(batch_size):
    """The rows and steps of the blocks cover each sketch's own steps, and no step runs twice."""
    lengths = np.sort(np.random.default_rng(batch_size).integers(1, 9, batch_size))[::-1].astype("int32")
    blocks = recurrence._blocks(9, batch_size, ops.convert_to_tensor(lengths.copy()))
    rows_at = [max([b.rows for b in blocks if int(b.start) <= t < int(b.end)], default=0) for t in range(9)]
    assert sum(int(b.end) - int(b.start) for b in blocks) == lengths.max()
    for t, rows in enumerate(rows_at):
        assert rows >= (lengths > t).sum()
