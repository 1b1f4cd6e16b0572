"""TensorFlow: compiled functions, gradients, dropout masks, event files; `tensorflow_devices.py` has several devices.

`jax.py` offers the same functions. An `objective` is `function(*tensors) -> (cost, terms)` that reads the weights of
`model`; a compiled function always sees their current values.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from . import Objective, Tensor
from .devices import WHOLE, Share
from .stateless import with_weights
from .tensorflow_devices import TensorFlowDevices, as_program, open_devices


def compiled(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(*tensors)`, which reads the weights of `model`, as one XLA program for each set of shapes.

    `place`, one of `Devices.places`, is where it runs.
    """
    here = as_program(function)
    there = as_program(lambda values, *tensors: with_weights(model.variables, values, function, tensors))

    def call(*tensors: Tensor, place: str | None = None) -> Any:
        if place is None:
            return here(*tensors)
        with tf.device(place):
            return there([tf.identity(v.value) for v in model.variables], *map(tf.identity, tensors))

    return call


def _gradients(
    model: keras.Model, objective: Objective, share: Share, values: Sequence[Any], arguments: Sequence[Tensor]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The gradients of `scale` times the cost of a part of the batch, and its loss terms; see `_values`."""
    scale, trainable, others = values
    of_part = objective if share is WHOLE else partial(objective, share=share)
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(trainable)
        cost, terms = with_weights(variables, [*trainable, *others], of_part, arguments)
        cost = scale * cost
    return tape.gradient(cost, trainable), terms


def _values(model: keras.Model, scale: float | Tensor) -> tuple[float | Tensor, list[Tensor], list[Tensor]]:
    groups = model.trainable_variables, model.non_trainable_variables
    trainable, others = ([tf.convert_to_tensor(v.value) for v in group] for group in groups)
    return scale, trainable, others


def compiled_gradients(
    model: keras.Model, objective: Objective, devices: TensorFlowDevices | None = None
) -> Callable[..., Any]:
    """`(*tensors) -> (gradients, terms)`, the gradients in the order of `model.trainable_variables`."""
    gradients = (devices or open_devices()).mean(partial(_gradients, model, objective))
    return lambda *arguments: gradients(_values(model, 1.0), arguments)


def compiled_update(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    objective: Objective,
    devices: TensorFlowDevices | None = None,
) -> Callable[..., Any]:
    """`(*tensors) -> terms`: one optimiser step on the cost, forward, backward and update in one program.

    Where several devices share it, the update is a program of its own, after the mean of their gradients.
    """
    optimizer.build(model.trainable_variables)
    gradients, variables = partial(_gradients, model, objective), model.trainable_variables

    def update_alone(*arguments: Tensor) -> dict[str, Tensor]:
        own, terms = gradients(WHOLE, _values(model, optimizer.scale_loss(1.0)), arguments)
        optimizer.apply(own, variables)
        return terms

    if devices is None or devices.count == 1:
        return compiled(model, update_alone)
    mean = devices.mean(gradients)
    scale = tf.function(lambda: tf.convert_to_tensor(optimizer.scale_loss(1.0)), autograph=False)
    apply = as_program(lambda own: optimizer.apply(own, variables))

    def update_together(*arguments: Tensor) -> dict[str, Tensor]:
        own, terms = mean(_values(model, scale()), arguments)
        apply(own)
        return terms

    return update_together


def mask_source(seed: Tensor, share: Share = WHOLE) -> Callable[[Sequence[int], float], Tensor]:
    """`(shape, keep_prob) -> mask`: 0 with probability 1 - keep_prob, otherwise 1 / keep_prob.

    Each call is another draw from the stream of `seed`, a scalar integer; where several devices share a batch, each
    has draws of its own. The sizes of a mask may be tensors.
    """
    counter = itertools.count()

    def make_mask(shape: Sequence[int], keep_prob: float) -> Tensor:
        bits = _random_bits(
            tf.stack(shape), tf.stack([tf.cast(seed, tf.int32), next(counter) * share.parts + share.index])
        )
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


def sums_rows_last() -> bool:
    """Whether a sum over the batch is faster once, after a loop, than at every step of it (docs/performance.md)."""
    return False


def has_accelerator() -> bool:
    """Whether what is compiled runs on something else than a CPU."""
    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))


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
