"""JAX: compiled functions, gradients, dropout masks. See `tensorflow.py` for the contract.

JAX functions are pure, so the model's variables travel in and out; a `StatelessScope` puts them in their places.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras

from . import Objective, Tensor
from .memory import keep_freed_memory


def _values(variables: Sequence[keras.Variable]) -> list[Tensor]:
    return [v.value for v in variables]


def _with_weights(
    variables: Sequence[keras.Variable],
    values: Sequence[Tensor],
    function: Callable[..., Any],
    arguments: Sequence[Tensor],
) -> Any:
    with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
        return function(*arguments)


def compiled(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(*tensors)`, which reads the weights of `model`, as one XLA program for each set of shapes."""
    run = jax.jit(lambda values, *arguments: _with_weights(model.variables, values, function, arguments))
    return lambda *arguments: run(_values(model.variables), *arguments)


def _as_it_is(cost: Tensor) -> Tensor:
    return cost


def _gradients(
    model: keras.Model,
    objective: Objective,
    trainable: Sequence[Tensor],
    others: Sequence[Tensor],
    arguments: Sequence[Tensor],
    scale: Callable[[Tensor], Tensor] = _as_it_is,
) -> tuple[list[Tensor], dict[str, Tensor]]:
    def cost(trainable: Sequence[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        value, terms = _with_weights(variables, [*trainable, *others], objective, arguments)
        return scale(value), terms

    (_, terms), gradients = jax.value_and_grad(cost, has_aux=True)(trainable)
    return gradients, terms


def compiled_gradients(model: keras.Model, objective: Objective) -> Callable[..., Any]:
    """`(*tensors) -> (gradients, terms)`, the gradients in the order of `model.trainable_variables`."""
    run = jax.jit(lambda t, o, *arguments: _gradients(model, objective, t, o, arguments))
    return lambda *arguments: run(
        _values(model.trainable_variables), _values(model.non_trainable_variables), *arguments
    )


def compiled_update(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, objective: Objective
) -> Callable[..., Any]:
    """`(*tensors) -> terms`: one optimiser step on the cost, forward, backward and update in one program."""
    optimizer.build(model.trainable_variables)

    @partial(jax.jit, donate_argnums=(0, 1))
    def run(trainable: Any, state: Any, others: Any, *arguments: Tensor) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, state, strict=True))):
            gradients, terms = _gradients(model, objective, trainable, others, arguments, optimizer.scale_loss)
        trainable, state = optimizer.stateless_apply(state, gradients, trainable)
        return trainable, state, terms

    def update(*arguments: Tensor) -> dict[str, Tensor]:
        variables, states = model.trainable_variables, optimizer.variables
        others = _values(model.non_trainable_variables)
        trainable, state, terms = run(_values(variables), _values(states), others, *arguments)
        for variable, value in zip([*variables, *states], [*trainable, *state], strict=True):
            variable.assign(value)
        return terms

    return update


def mask_source(seed: Tensor) -> Callable[[Sequence[int], float], Tensor]:
    """`(shape, keep_prob) -> mask`, as in `tensorflow.py`.

    A number of a mask is a function of the seed, of which mask it is and of its place, however many devices share it.
    """
    counter = itertools.count()

    def make_mask(shape: Sequence[int], keep_prob: float) -> Tensor:
        place = jnp.reshape(jax.lax.iota(jnp.uint32, math.prod(shape)), shape)
        bits, _ = threefry((jnp.asarray(seed).astype(jnp.uint32), jnp.uint32(next(counter))), (jnp.uint32(0), place))
        return jnp.where(bits < jnp.uint32(min(round(keep_prob * 2**32), 2**32 - 1)), jnp.float32(1.0 / keep_prob), 0.0)

    return make_mask


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: tuple[Tensor, Tensor], counter: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Threefry-2x32 with 20 rounds: a key and a counter of two uint32 each -> two random uint32, elementwise.

    Written out, XLA makes one vectorised loop of it, in a fifth of the time of `jax.random.bits` on a CPU.

    Source: J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", section 3.3.
    """
    keys = (*key, key[0] ^ key[1] ^ jnp.uint32(0x1BD11BDA))
    left, right = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            left = left + right
            right = left ^ ((right << rotation) | (right >> (32 - rotation)))
        left = left + keys[(group + 1) % 3]
        right = right + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return left, right


def mixed_product(a: Tensor, b: Tensor, dtype: str) -> Tensor:
    """`a b` in float32, both rounded to `dtype` before; the sums are float32, which is faster and nearer."""
    return jnp.matmul(a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


def prepare_training() -> None:
    """What the command line does before it trains: see `memory.py`."""
    keep_freed_memory()


def event_writer(folder: Path) -> None:
    """None: TensorBoard's event files are written under TensorFlow."""
