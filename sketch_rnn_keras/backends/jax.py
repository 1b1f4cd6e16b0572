"""JAX: compiled functions, gradients, dropout masks; `jax_devices.py` has several devices.

See `tensorflow.py` for the contract. JAX functions are pure, so the model's variables travel in and out (`stateless`).
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
from .devices import WHOLE, Share
from .jax_devices import JaxDevices, open_devices
from .memory import keep_freed_memory
from .stateless import with_weights


def _values(variables: Sequence[keras.Variable], place: jax.Device | None = None) -> list[Tensor]:
    """The values of variables on one device; several devices may have copies, some of them other processes'."""
    values = [v.value for v in variables]
    local = [v.addressable_data(0) if len(v.sharding.device_set) > 1 else v for v in values]
    return local if place is None else jax.device_put(local, place)


def compiled(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(*tensors)`, which reads the weights of `model`, as one XLA program for each set of shapes."""
    run = jax.jit(lambda values, *arguments: with_weights(model.variables, values, function, arguments))

    def call(*arguments: Tensor, place: jax.Device | None = None) -> Any:
        values = _values(model.variables, place)
        return run(values, *(arguments if place is None else jax.device_put(arguments, place)))

    return call


def _gradients(
    model: keras.Model, objective: Objective, share: Share, scale: Tensor, values: Sequence[Any], *arguments: Tensor
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The gradients of `scale` times the cost of a part of the batch, and its loss terms."""
    others = values[1]

    def cost(trainable: Sequence[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        of_part = objective if share is WHOLE else partial(objective, share=share)
        value, terms = with_weights(variables, [*trainable, *others], of_part, arguments)
        return scale * value, terms

    (_, terms), gradients = jax.value_and_grad(cost, has_aux=True)(values[0])
    return gradients, terms


def compiled_gradients(
    model: keras.Model, objective: Objective, devices: JaxDevices | None = None
) -> Callable[..., tuple[list[Tensor], dict[str, Tensor]]]:
    """`(*tensors) -> (gradients, terms)`, the gradients in the order of `model.trainable_variables`."""
    devices = devices or open_devices()

    @jax.jit
    def run(values: Sequence[Any], *arguments: Tensor) -> Any:
        return devices.mean(partial(_gradients, model, objective), (1.0, values), arguments)

    def gradients(*arguments: Tensor) -> Any:
        values = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
        return run(devices.copied(values), *devices.shared(arguments))

    return gradients


def compiled_update(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, objective: Objective, devices: JaxDevices | None = None
) -> Callable[..., Any]:
    """`(*tensors) -> terms`: one optimiser step on the cost, forward, backward and update in one program."""
    devices = devices or open_devices()
    optimizer.build(model.trainable_variables)

    @partial(jax.jit, donate_argnums=(0, 1))
    def run(trainable: Any, state: Any, others: Any, *arguments: Tensor) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, state, strict=True))):
            scale = optimizer.scale_loss(jnp.float32(1.0))
        same = scale, (trainable, others)
        gradients, terms = devices.mean(partial(_gradients, model, objective), same, arguments)
        trainable, state = optimizer.stateless_apply(state, gradients, trainable)
        return trainable, state, terms

    def update(*arguments: Tensor) -> dict[str, Tensor]:
        variables, states = model.trainable_variables, optimizer.variables
        values = ([v.value for v in group] for group in (variables, states, model.non_trainable_variables))
        trainable, state, terms = run(*devices.copied(values), *devices.shared(arguments))
        for variable, value in zip([*variables, *states], [*trainable, *state], strict=True):
            variable.assign(value)
        return terms

    return update


def mask_source(seed: Tensor, share: Share = WHOLE) -> Callable[[Sequence[int], float], Tensor]:
    """`(shape, keep_prob) -> mask`, as in `tensorflow.py`.

    A number of a mask is a function of the seed, of which mask it is and of its place in the mask of the whole batch:
    however many devices share a batch, each row has its own.
    """
    counter = itertools.count()

    def make_mask(shape: Sequence[int], keep_prob: float) -> Tensor:
        place = jnp.reshape(jax.lax.iota(jnp.uint32, math.prod(shape)), shape)
        if share.parts > 1:
            _, rows, width = shape
            step = jax.lax.broadcasted_iota(jnp.uint32, shape, 0)
            others = step * (share.parts - 1) + jnp.asarray(share.index).astype(jnp.uint32)  # parts that come before
            place = place + others * jnp.uint32(rows * width)
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


def sums_rows_last() -> bool:
    """Whether a sum over the batch is faster once, after a loop, than at every step of it."""
    return True


def has_accelerator() -> bool:
    """Whether what is compiled runs on something else than a CPU."""
    return jax.default_backend() != "cpu"


def prepare_training() -> None:
    """What the command line does before it trains: see `memory.py`."""
    keep_freed_memory()


def event_writer(folder: Path) -> None:
    """None: TensorBoard's event files are written under TensorFlow."""
