"""The cells' equations, weights and packed states; a recurrence is its steps, forward and backward."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from support.autodiff import cost_and_gradients

from sketch_rnn_keras.model import backpropagation, buffers, recurrence
from sketch_rnn_keras.model import cell as cell_module
from sketch_rnn_keras.model.cells import CELLS
from sketch_rnn_keras.model.initializers import GatewiseOrthogonal

STEPS, BATCH, UNITS, INPUT, CONTEXT = 5, 3, 5, 2, 3
LENGTHS = np.array([3, 0, 5], "int32")
HYPER_SIZES = {"hyper_units": 6, "embedding_size": 3}


def make_cell(kind, context_size=CONTEXT, **options):
    """A small cell of the given kind, of `INPUT` numbers."""
    sizes = HYPER_SIZES if kind == "hyper" else {}
    return CELLS[kind](UNITS, INPUT, context_size, **sizes, **options)


def with_random_weights(cell, seed=2):
    """`cell`, all of whose weights are random so that every path through it carries something."""
    rng = np.random.default_rng(seed)
    for weight in cell.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape) + (1.0 if "gamma" in weight.name else 0.0))
    return cell


@pytest.fixture(params=CELLS)
def cell(request):
    """A small cell of every kind with random weights."""
    return with_random_weights(make_cell(request.param, seed=1, name="cell"))


@pytest.fixture(autouse=True)
def several_chunks(monkeypatch):
    """So that the backward pass joins chunks of steps, the last of which overlaps its neighbour."""
    monkeypatch.setattr(backpropagation, "CHUNK_STEPS", 2)


@pytest.fixture
def no_orthogonal(monkeypatch):
    """Recurrent kernels of zeros, which take no time to draw; `GatewiseOrthogonal` is tested on its own."""
    monkeypatch.setattr(cell_module, "GatewiseOrthogonal", lambda seed: keras.initializers.Zeros())


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def random_masks(seed=3):
    return ((np.random.default_rng(seed).random((STEPS, BATCH, UNITS)) < 0.6) / 0.6).astype("float32")


def random_state(cell, seed=4):
    """A state of NumPy arrays, in the structure of the cell."""
    parts = [random(BATCH, size, seed=seed + k) for k, size in enumerate(cell.state_sizes)]
    return type(cell.state_sizes)(*parts)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def arrays(tree):
    return keras.tree.map_structure(array, tree)


def tensors(tree):
    return keras.tree.map_structure(ops.convert_to_tensor, tree)


def assert_close(found, expected, rtol=1e-5, atol=1e-6):
    """Every part of a state is as expected."""
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def step_by_step(cell, x, context, state, masks=None, lengths=None):
    """What `recurrence.run` and, with lengths, `run_to_ends` promise, as a Python loop over `cell.step`."""
    outputs, weights = [], cell.loop_weights()
    for t in range(STEPS):
        before = state
        state, _ = cell.step(weights, x[t], context, before, None if masks is None else masks[t])
        if lengths is not None:
            running = ops.convert_to_tensor((t < lengths)[:, None])
            state = type(state)(*(ops.where(running, new, old) for new, old in zip(state, before, strict=True)))
        outputs.append(state.h)
    return ops.stack(outputs), state


def recur(cell, x, context, state, masks=None, lengths=None):
    """`(outputs, final state)`; with lengths, which `run_to_ends` takes, there are no outputs."""
    if lengths is None:
        return recurrence.run(cell, x, context, state, masks)
    return None, recurrence.run_to_ends(cell, x, context, state, lengths, masks)


# ------------------------------------------------------------------------------------------------------- initialisers


@pytest.mark.parametrize("gates", [4, 1])
def test_each_gate_has_an_orthogonal_block(gates):
    kernel = array(GatewiseOrthogonal(gates, seed=3)((8, 8 * gates)))
    for block in np.split(kernel, gates, axis=1):
        np.testing.assert_allclose(block.T @ block, np.eye(8), atol=1e-6)


def test_the_blocks_of_the_gates_differ():
    blocks = np.split(array(GatewiseOrthogonal(seed=3)((8, 32))), 4, axis=1)
    for one, other in itertools.combinations(blocks, 2):
        assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("shape", [(6, 4 * 3), (3, 4 * 6)])
def test_a_block_that_is_not_square_has_orthonormal_short_sides(shape):
    for block in np.split(array(GatewiseOrthogonal()(shape)), 4, axis=1):
        gram = block.T @ block if block.shape[0] > block.shape[1] else block @ block.T
        np.testing.assert_allclose(gram, np.eye(3), atol=1e-6)


def test_the_draw_is_a_function_of_the_seed():
    first, again, other = (array(GatewiseOrthogonal(seed=s)((4, 16))) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_the_initialiser_survives_serialisation():
    config = keras.initializers.serialize(GatewiseOrthogonal(seed=5))
    again = keras.initializers.deserialize(config)
    assert isinstance(again, GatewiseOrthogonal)
    assert again.get_config() == {"gates": 4, "seed": 5}


# ------------------------------------------------------------------------------------------------------ first weights


@pytest.mark.parametrize("kind", CELLS)
def test_recurrent_kernels_start_orthogonal_in_each_gate(kind):
    kernel = array(make_cell(kind, seed=1).recurrent_kernel)
    for block in np.split(kernel, 4, axis=1):
        np.testing.assert_allclose(block.T @ block, np.eye(UNITS), atol=1e-5)


@pytest.mark.parametrize("kind", CELLS)
def test_input_kernels_start_glorot_uniform(kind):
    kernel = array(make_cell(kind, seed=1).input_kernel)
    limit = np.sqrt(6.0 / sum(kernel.shape))
    assert 0.7 * limit < np.abs(kernel).max() <= limit


@pytest.mark.parametrize("kind", ["layer_norm", "hyper"])
def test_layer_norms_start_as_the_identity(kind):
    norm = make_cell(kind).layer_norm_weights()
    for gain in (norm.gates_gamma, norm.memory_gamma):
        np.testing.assert_array_equal(array(gain), 1.0)
    for shift in (norm.gates_beta, norm.memory_beta):
        np.testing.assert_array_equal(array(shift), 0.0)


@pytest.mark.parametrize("kind", ["lstm", "hyper"])
def test_biases_start_at_zero(kind):
    np.testing.assert_array_equal(array(make_cell(kind).bias), np.zeros(4 * UNITS))


def test_a_layer_norm_lstm_has_no_bias():
    assert not any("bias" in weight.name for weight in make_cell("layer_norm").weights)


def test_the_hyper_cell_is_a_layer_norm_lstm_that_reads_input_context_and_h():
    hyper = make_cell("hyper").hyper
    assert isinstance(hyper, CELLS["layer_norm"])
    assert (hyper.units, hyper.input_size) == (HYPER_SIZES["hyper_units"], INPUT + CONTEXT + UNITS)


def test_hyper_weights_have_the_shapes_of_the_thesis(no_orthogonal):
    """Figure 16 of the thesis, a decoder-only model: 512 units, input 5, hyper cell 256, embedding 32."""
    shapes = [tuple(weight.shape) for weight in CELLS["hyper"](512, 5).weights]
    main = [(5, 2048), (512, 2048), (2048,), (2048,), (2048,), (512,), (512,)]
    hyper = [(517, 1024), (256, 1024), (1024,), (1024,), (256,), (256,)]
    small = 8 * [(256, 32), (32,), (32, 512)] + 4 * [(256, 32), (32, 512)]
    assert shapes == main + small + hyper


def test_scales_of_a_hyper_cell_start_at_a_tenth(no_orthogonal):
    """A = 0, a = 1, A' = 0.1 / 32: (u A + a) A' is 0.1, whatever u is."""
    cell = CELLS["hyper"](64, 5)
    for name in cell.scaled:
        np.testing.assert_array_equal(array(cell.zw_kernel[name]), 0.0)
        np.testing.assert_array_equal(array(cell.zw_bias[name]), 1.0)
        np.testing.assert_array_equal(array(cell.alpha[name]), np.float32(0.1 / 32))


def test_shifts_of_a_hyper_cell_start_at_zero(no_orthogonal):
    """B' = 0."""
    cell = CELLS["hyper"](64, 5)
    for name in cell.shifted:
        np.testing.assert_array_equal(array(cell.beta[name]), 0.0)


def test_embeddings_of_the_shifts_start_normal_and_apart(no_orthogonal):
    """B ~ N(0, 0.01), drawn anew for each gate."""
    cell = CELLS["hyper"](64, 5, seed=1)
    draws = [array(cell.zb_kernel[name]) for name in cell.shifted]
    for draw in draws:
        assert draw.std() == pytest.approx(0.01, rel=0.05)
    for one, other in itertools.combinations(draws, 2):
        assert np.abs(one - other).max() > 0.01


def test_weights_are_a_function_of_the_seed():
    first, again, other = (make_cell("hyper", seed=s).get_weights() for s in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    differing = sum(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert differing == 4 + 4  # the kernels of both cells, and the four zb; the rest starts from constants


# ------------------------------------------------------------------------------------------------------ states, context


def test_packing_comes_back(cell):
    state = random_state(cell)
    packed = cell.pack(tensors(state))
    assert packed.shape == (BATCH, sum(cell.state_sizes))
    again = arrays(cell.unpack(packed))
    assert type(again) is type(state)
    for part, other in zip(state, again, strict=True):
        np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize(
    ("kind", "order"), [("lstm", ["c", "h"]), ("layer_norm", ["h", "c"]), ("hyper", ["h", "hyper_h", "c", "hyper_c"])]
)
def test_packed_order_is_the_originals(kind, order):
    cell = make_cell(kind)
    state = random_state(cell)
    packed = array(cell.pack(tensors(state)))
    np.testing.assert_array_equal(packed, np.concatenate([getattr(state, name) for name in order], axis=1))


def test_zero_state(cell):
    state = arrays(cell.zero_state(BATCH))
    for part, size in zip(state, cell.state_sizes, strict=True):
        np.testing.assert_array_equal(part, np.zeros((BATCH, size)))


def test_a_context_is_an_input_that_stays(cell):
    """Projected once per sketch, it adds what it would add beside the input of every step."""
    x, context = random(STEPS, BATCH, INPUT), random(BATCH, CONTEXT, seed=1)
    both = np.concatenate([x, np.broadcast_to(context, (STEPS, *context.shape))], axis=-1)
    state = tensors(random_state(cell))
    outputs, _ = step_by_step(cell, tensors(x), cell.context(BATCH, tensors(context)), state)
    expected, _ = step_by_step(cell, tensors(both), cell.context(BATCH), state)
    np.testing.assert_allclose(array(outputs), array(expected), rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------------------------------------- equations, dropout


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def layer_norm(x, gamma, beta):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3) * gamma + beta


def lstm_by_hand(pre, c, mask, squash=np.tanh):
    """c = c sigmoid(f + 1) + sigmoid(i) mask tanh(j), h = squash(c) sigmoid(o)."""
    i, j, f, o = np.split(pre, 4, axis=-1)
    c = c * sigmoid(f + 1.0) + sigmoid(i) * mask * np.tanh(j)
    return c, squash(c) * sigmoid(o)


def layer_norm_lstm_by_hand(pre, c, mask, gates_gamma, gates_beta, memory_gamma, memory_beta):
    """The same with layer norm within each gate, and over c before its tanh."""
    parts = (np.split(vector, 4, axis=-1) for vector in (pre, gates_gamma, gates_beta))
    gates = [layer_norm(*part) for part in zip(*parts, strict=True)]
    return lstm_by_hand(
        np.concatenate(gates, axis=-1), c, mask, lambda c: np.tanh(layer_norm(c, memory_gamma, memory_beta))
    )


def identity_norm(units):
    """Gains and shifts of layer norms at the start."""
    return np.ones(4 * units), np.zeros(4 * units), np.ones(units), np.zeros(units)


def one_step(cell, mask, seed=7):
    """`(x, state, next state)` of one step of `cell` without context, in float64 NumPy."""
    x, state = random(BATCH, INPUT, seed=seed), random_state(cell)
    mask = None if mask is None else ops.convert_to_tensor(mask)
    after, _ = cell.step(cell.loop_weights(), ops.convert_to_tensor(x), cell.context(BATCH), tensors(state), mask)
    return keras.tree.map_structure(lambda v: np.asarray(v, "float64"), (x, state, arrays(after)))


def kernels_of(cell):
    """`(W_xh, W_hh)` in float64."""
    return array(cell.input_kernel).astype("float64"), array(cell.recurrent_kernel).astype("float64")


def test_lstm_is_the_hand_formula_with_dropout_on_the_candidate_alone():
    cell, mask, bias = make_cell("lstm", context_size=0), random_masks()[0], random(4 * UNITS, seed=9)
    cell.bias.assign(bias)
    x, state, after = one_step(cell, mask)
    w_xh, w_hh = kernels_of(cell)
    assert_close(after, lstm_by_hand(x @ w_xh + state.h @ w_hh + bias, state.c, mask))


def test_layer_norm_lstm_is_the_hand_formula_with_dropout_on_the_candidate_alone():
    cell, mask = make_cell("layer_norm", context_size=0), random_masks()[0]
    norm = [random(*weight.shape, seed=k) for k, weight in enumerate(cell.layer_norm_weights())]
    variables = (cell.gates_gamma, cell.gates_beta, cell.memory_gamma, cell.memory_beta)
    for variable, value in zip(variables, norm, strict=True):
        variable.assign(value)
    x, state, after = one_step(cell, mask)
    w_xh, w_hh = kernels_of(cell)
    expected = layer_norm_lstm_by_hand(x @ w_xh + state.h @ w_hh, state.c, mask, *norm)
    assert_close(after, expected, rtol=1e-4, atol=1e-5)


def test_hyper_lstm_starts_as_a_layer_norm_lstm_of_a_tenth_of_the_pre_activations():
    """The initial weights scale both contributions by 0.1 and shift nothing."""
    cell, mask = make_cell("hyper", context_size=0), random_masks()[0]
    x, state, after = one_step(cell, mask)
    w_xh, w_hh = kernels_of(cell)
    pre = 0.1 * (x @ w_xh) + 0.1 * (state.h @ w_hh)
    expected = layer_norm_lstm_by_hand(pre, state.c, mask, *identity_norm(UNITS))
    assert_close((after.c, after.h), expected, rtol=1e-4, atol=1e-5)


def test_the_hyper_cell_of_a_step_is_a_layer_norm_lstm_fed_x_and_h_without_dropout():
    cell, mask = make_cell("hyper", context_size=0), random_masks()[0]
    x, state, after = one_step(cell, mask)
    w_xh, w_hh = kernels_of(cell.hyper)
    pre = np.concatenate([x, state.h], axis=1) @ w_xh + state.hyper_h @ w_hh
    expected = layer_norm_lstm_by_hand(pre, state.hyper_c, 1.0, *identity_norm(cell.hyper_units))
    assert_close((after.hyper_c, after.hyper_h), expected, rtol=1e-4, atol=1e-5)


def test_a_hyper_lstm_scales_and_shifts_each_gate_by_its_own_small_weights():
    """pre = ((u A + a) A') x W_xh + ((u A + a) A') h W_hh + (u B) B' + bias, each gate with weights of its own."""
    cell, mask = with_random_weights(make_cell("hyper", context_size=0)), random_masks()[0]
    x, state, after = one_step(cell, mask)
    u = after.hyper_h

    def scale(name):
        return (u @ array(cell.zw_kernel[name]) + array(cell.zw_bias[name])) @ array(cell.alpha[name])

    def shift(name):
        return u @ array(cell.zb_kernel[name]) @ array(cell.beta[name])

    w_xh, w_hh = kernels_of(cell)
    scale_x = np.concatenate([scale(name) for name in ("ix", "jx", "fx", "ox")], axis=1)
    scale_h = np.concatenate([scale(name) for name in ("ih", "jh", "fh", "oh")], axis=1)
    shifts = np.concatenate([shift(name) for name in ("ih", "jh", "fh", "oh")], axis=1)
    pre = scale_x * (x @ w_xh) + scale_h * (state.h @ w_hh) + shifts + array(cell.bias)
    expected = layer_norm_lstm_by_hand(pre, state.c, mask, *arrays(cell.layer_norm_weights()))
    assert_close((after.c, after.h), expected, rtol=1e-4, atol=1e-5)


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
def test_the_gradients_of_a_recurrence_are_those_of_its_steps(cell, masks, lengths):
    """The hand-written backward pass against automatic differentiation of a Python loop: inputs, state, every weight.

    The cost weighs the outputs of all steps (without lengths) and all parts of the final state, so that no gradient can
    hide.
    """
    x, context = keras.Variable(random(STEPS, BATCH, INPUT)), keras.Variable(random(BATCH, CONTEXT, seed=1))
    state = keras.tree.map_structure(keras.Variable, random_state(cell))
    on_outputs, on_final = random(STEPS, BATCH, UNITS, seed=10), random_state(cell, seed=11)
    masks = None if masks is None else ops.convert_to_tensor(masks)

    def cost(run):
        initial = keras.tree.map_structure(lambda variable: variable.value, state)
        outputs, final = run(cell, x.value, cell.context(BATCH, context.value), initial, masks, lengths)
        total = sum(ops.sum(f * w) for f, w in zip(final, on_final, strict=True))
        return total if lengths is not None else total + ops.sum(outputs * on_outputs)

    variables = [x, context, *state, *cell.trainable_variables]
    value, found = cost_and_gradients(lambda: cost(recur), variables)
    reference, expected = cost_and_gradients(lambda: cost(step_by_step), variables)
    assert value == pytest.approx(reference, rel=1e-5)
    for variable, gradient, true in zip(variables, found, expected, strict=True):
        assert np.abs(true).max() > 0, variable.path
        np.testing.assert_allclose(gradient, true, rtol=1e-4, atol=1e-4 * np.abs(true).max(), err_msg=variable.path)


def test_outputs_and_final_state_are_those_of_the_steps(cell):
    x, context = tensors(random(STEPS, BATCH, INPUT)), cell.context(BATCH, tensors(random(BATCH, CONTEXT, seed=1)))
    state, masks = tensors(random_state(cell)), tensors(random_masks())
    outputs, final = arrays(recurrence.run(cell, x, context, state, masks))
    expected_outputs, expected_final = arrays(step_by_step(cell, x, context, state, masks))
    np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-5, atol=1e-6)
    assert_close(final, expected_final)


def test_states_at_the_ends_are_those_of_the_steps(cell):
    x, context = tensors(random(STEPS, BATCH, INPUT)), cell.context(BATCH, tensors(random(BATCH, CONTEXT, seed=1)))
    state, masks = tensors(random_state(cell)), tensors(random_masks())
    final = arrays(recurrence.run_to_ends(cell, x, context, state, LENGTHS, masks))
    _, expected = arrays(step_by_step(cell, x, context, state, masks, LENGTHS))
    assert_close(final, expected)


@pytest.fixture
def float64(monkeypatch):
    """Numbers of twice the digits; under JAX they are switched on, and Keras is kept from rounding them."""
    if keras.backend.backend() == "tensorflow":
        yield
        return
    import jax
    from keras.src.backend.common import dtypes

    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("kind", CELLS)
def test_gradients_in_float64_are_those_of_the_steps(kind, lengths):
    cell = with_random_weights(make_cell(kind, seed=1, name="cell", dtype="float64"))
    x, context, masks = (
        ops.cast(v, "float64") for v in (random(STEPS, BATCH, INPUT), random(BATCH, CONTEXT), random_masks())
    )
    state = keras.tree.map_structure(lambda part: ops.cast(part, "float64"), random_state(cell))

    def cost(run):
        outputs, final = run(cell, x, cell.context(BATCH, context), state, masks, lengths)
        return sum(ops.sum(f * f) for f in final) + (0.0 if lengths is not None else ops.sum(outputs**3))

    _, found = cost_and_gradients(lambda: cost(recur), cell.trainable_variables)
    _, expected = cost_and_gradients(lambda: cost(step_by_step), cell.trainable_variables)
    for variable, gradient, true in zip(cell.trainable_variables, found, expected, strict=True):
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient, true, rtol=1e-10, atol=1e-12, err_msg=variable.path)


def test_a_sketch_without_steps_keeps_its_state(cell):
    x, context = tensors(random(STEPS, BATCH, INPUT)), cell.context(BATCH, tensors(random(BATCH, CONTEXT, seed=1)))
    state = random_state(cell)
    final = arrays(recurrence.run_to_ends(cell, x, context, tensors(state), LENGTHS))
    (without,) = np.flatnonzero(LENGTHS == 0)
    for part, initial in zip(final, state, strict=True):
        np.testing.assert_array_equal(part[without], initial[without])


def test_the_gradient_of_a_sketch_without_steps_is_that_of_its_initial_state(cell):
    x, context = tensors(random(STEPS, BATCH, INPUT)), cell.context(BATCH, tensors(random(BATCH, CONTEXT, seed=1)))
    state = keras.tree.map_structure(keras.Variable, random_state(cell))
    (without,) = np.flatnonzero(LENGTHS == 0)

    def cost():
        initial = keras.tree.map_structure(lambda variable: variable.value, state)
        final = recurrence.run_to_ends(cell, x, context, initial, LENGTHS)
        return sum(ops.sum(part[without]) for part in final)

    _, gradients = cost_and_gradients(cost, list(state))
    for gradient in gradients:
        expected = np.zeros_like(gradient)
        expected[without] = 1.0
        np.testing.assert_array_equal(gradient, expected)


def test_padding_has_no_influence_not_even_through_nan(cell):
    """Neither on the states at the ends nor on the gradient of any weight."""
    x = random(STEPS, BATCH, INPUT)
    inside = (np.arange(STEPS)[:, None] < LENGTHS)[:, :, None]
    other = np.where(inside, x, np.float32(np.nan))
    context, state = random(BATCH, CONTEXT, seed=1), tensors(random_state(cell))

    def cost(points):
        same = cell.context(BATCH, tensors(context))
        final = recurrence.run_to_ends(cell, tensors(points), same, state, LENGTHS)
        return sum(ops.sum(part) for part in final)

    cost_of_x, gradients_of_x = cost_and_gradients(lambda: cost(x), cell.trainable_variables)
    cost_of_other, gradients_of_other = cost_and_gradients(lambda: cost(other), cell.trainable_variables)
    assert np.isfinite(cost_of_x)
    assert cost_of_x == cost_of_other
    for a, b in zip(gradients_of_x, gradients_of_other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_leaves_what_the_cell_says_it_does(cell):
    weights, context, state = cell.loop_weights(), cell.context(BATCH), tensors(random_state(cell))
    x, zeros = ops.convert_to_tensor(random(BATCH, INPUT)), buffers.zeros_of("float32", BATCH)
    after, residuals = cell.step(weights, x, context, state)
    gradients = cell.step_backward(weights, buffers.transposed(weights), x, context, residuals, after)
    said = cell.zero_residuals(zeros), cell.zero_deltas(zeros), cell.zero_sums(zeros, weights)
    for expected, left in zip(said, (residuals, gradients.deltas, gradients.sums), strict=True):
        keras.tree.assert_same_structure(expected, left)
        for zero, tensor in zip(keras.tree.flatten(expected), keras.tree.flatten(left), strict=True):
            assert (zero.shape, zero.dtype) == (tensor.shape, tensor.dtype)


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_blocks_run_each_step_once_with_all_sketches_that_have_it(batch_size):
    lengths = np.sort(np.random.default_rng(batch_size).integers(1, 9, batch_size))[::-1].astype("int32")
    blocks = recurrence._halves(ops.convert_to_tensor(lengths.copy()))
    rows_of_steps = []
    for block in blocks:
        rows_of_steps += [block.rows] * (int(block.end) - int(block.start))
    assert len(rows_of_steps) == lengths.max()
    for t, rows in enumerate(rows_of_steps):
        assert rows >= (lengths > t).sum()
