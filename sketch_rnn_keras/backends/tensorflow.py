"""TensorFlow: compiled functions, gradients, dropout masks, event files.

`jax.py` offers the same functions. An `objective` is `function(*tensors) -> (cost, terms)` that reads the weights of
`model`; a compiled function always sees their current values.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from . import Objective, Tensor


def compiled(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(*tensors)`, which reads the weights of `model`, as one XLA program for each set of shapes."""
    # A function of its own: TensorFlow would count other models' tracings of a shared one, and warn.
    return tf.function(lambda *tensors: function(*tensors), jit_compile=True, autograph=False)


def _as_it_is(cost: Tensor) -> Tensor:
    return cost


def _gradients(
    model: keras.Model, objective: Objective, arguments: Sequence[Tensor], scale: Callable[[Tensor], Tensor] = _as_it_is
) -> tuple[list[Tensor], dict[str, Tensor]]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([v.value for v in model.trainable_variables])
        cost, terms = objective(*arguments)
        cost = scale(cost)
    return tape.gradient(cost, [v.value for v in model.trainable_variables]), terms


def compiled_gradients(model: keras.Model, objective: Objective) -> Callable[..., Any]:
    """`(*tensors) -> (gradients, terms)`, the gradients in the order of `model.trainable_variables`."""
    return compiled(model, lambda *arguments: _gradients(model, objective, arguments))


def compiled_update(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, objective: Objective
) -> Callable[..., Any]:
    """`(*tensors) -> terms`: one optimiser step on the cost, forward, backward and update in one program."""
    optimizer.build(model.trainable_variables)

    def update(*arguments: Tensor) -> dict[str, Tensor]:
        gradients, terms = _gradients(model, objective, arguments, optimizer.scale_loss)
        optimizer.apply(gradients, model.trainable_variables)
        return terms

    return compiled(model, update)


def mask_source(seed: Tensor) -> Callable[[Sequence[int], float], Tensor]:
    """`(shape, keep_prob) -> mask`: 0 with probability 1 - keep_prob, otherwise 1 / keep_prob.

    Each call is another draw from the stream of `seed`, a scalar integer. The sizes of a mask may be tensors.
    """
    counter = itertools.count()

    def make_mask(shape: Sequence[int], keep_prob: float) -> Tensor:
        bits = _random_bits(tf.stack(shape), tf.stack([tf.cast(seed, tf.int32), next(counter)]))
        bits = tf.ensure_shape(bits, [size if isinstance(size, int) else None for size in shape])
        return tf.where(bits < tf.constant(min(round(keep_prob * 2**32), 2**32 - 1), tf.uint32), 1.0 / keep_prob, 0.0)

    return make_mask


@tf.function(
    jit_compile=True, autograph=False, input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([2], tf.int32)]
)
def _random_bits(shape: Tensor, seed: Tensor) -> Tensor:
    """Of TensorFlow's algorithms, threefry is the fastest in XLA on a CPU (philox takes twice as long), and is in XLA
    alone: hence a function of its own, which is compiled wherever it is called from."""
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="threefry")


def mixed_product(a: Tensor, b: Tensor, dtype: str) -> Tensor:
    """`a b` in float32, both rounded to `dtype` before; under TensorFlow the product is, too."""
    return tf.cast(tf.matmul(tf.cast(a, dtype), tf.cast(b, dtype)), tf.float32)


def prepare_training() -> None:
    """What the command line does before it trains, for the whole process: nothing."""


def event_writer(folder: Path) -> "_EventWriter":
    """Writes scalars for TensorBoard into `folder`."""
    return _EventWriter(folder)


class _EventWriter:
    """Scalars for TensorBoard in `folder`, under `split/term`; an OSError where they cannot be written."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._writer: Any = None  # made when there is something to write

    def write(self, step: int, split: str, values: dict[str, float]) -> None:
        with _system_errors():
            if self._writer is None:
                self._writer = tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default(step=step):
                for name, value in values.items():
                    tf.summary.scalar(f"{split}/{name}", value)
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            with _system_errors():
                self._writer.close()


@contextlib.contextmanager
def _system_errors() -> Iterator[None]:
    """TensorFlow's errors as Python's, in a line; theirs begin with the name of an operation in two braces."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message.splitlines()[0].rpartition("}} ")[2]) from None
