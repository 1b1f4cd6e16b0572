"""Several devices under TensorFlow: gradients compiled for each, their mean by a `tf.distribute` strategy.

Enters: how many devices, and what `TF_CONFIG` says of other processes. Leaves: `TensorFlowDevices`, of whose `mean` the
step of `compiled_update` is made. XLA does not compile an all-reduce, so it lies between two programs: the gradients of
each device's part, and the update of the weights, of which each process has one copy.
"""

import contextlib
import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..errors import InputError, reason
from . import Tensor
from .devices import WHOLE, Devices, Share

_UNKNOWN = -1.0  # whether the floor is exceeded by the mean over all rows


def as_program(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as one XLA program for each set of shapes.

    As a `partial`, which has no code: by its code TensorFlow would count the tracings of one function in a process of
    several models together, and warn.
    """
    return tf.function(functools.partial(function), jit_compile=True, autograph=False)


class TensorFlowDevices(Devices):
    """Devices of TensorFlow.

    Args:
        strategy: which shares what is computed; None for the usual device alone.
        processes, process: see `Devices`.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None, processes: int = 1, process: int = 0):
        local = strategy.extended.worker_devices if strategy else (None,)
        count = strategy.num_replicas_in_sync if strategy else 1
        super().__init__(count, local if len(local) > 1 else (None,), processes, process)
        self._strategy = strategy
        vector = [tf.TensorSpec([None], tf.float64)]
        self._sum = tf.function(self._total, input_signature=vector, autograph=False)

    def mean(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`(same, arguments) -> the mean over the devices of function(share, same, arguments)`.

        Where some parts exceed a floor and others do not, it takes a second turn, in which they are told whether the
        mean over all rows does.

        Args:
            function: gives tensors that are means over rows. It is compiled; of its arguments, `same` is what every
                device has, and those of `arguments` with axes are shared row by row.
        """
        strategy = self._strategy
        if strategy is None:
            return as_program(lambda same, arguments: function(WHOLE, same, arguments))

        @as_program
        def of_part(index: Tensor, known: Tensor, same: Any, arguments: Sequence[Tensor]) -> Any:
            floor = _Floor(known)
            return function(Share(index, self.count, floor), same, arguments), floor.found()

        @tf.function(autograph=False)
        def of_all(known: Tensor, same: Any, arguments: Sequence[Tensor]) -> Any:
            def of_device() -> Any:
                context = tf.distribute.get_replica_context()
                index = tf.cast(context.replica_id_in_sync_group, tf.int32)
                part = of_part(index, known, same, [self._rows(argument, index) for argument in arguments])
                return context.all_reduce(tf.distribute.ReduceOp.MEAN, part)

            results = strategy.run(of_device)
            return tf.nest.map_structure(lambda one: strategy.experimental_local_results(one)[0], results)

        def of_batch(same: Any, arguments: Sequence[Tensor]) -> Any:
            arguments = [tf.convert_to_tensor(argument) for argument in arguments]
            result, (exceeding, excess) = of_all(tf.constant(_UNKNOWN), same, arguments)
            if 0.0 < float(exceeding) < 1.0:
                result, _ = of_all(tf.cast(excess > 0.0, tf.float32), same, arguments)
            return result

        return of_batch

    def _rows(self, argument: Tensor, index: Tensor) -> Tensor:
        """The rows of a device."""
        if not argument.shape.rank:
            return argument
        rows = argument.shape[0] // self.count
        return tf.ensure_shape(argument[index * rows : (index + 1) * rows], [rows, *argument.shape[1:]])

    def total(self, array: np.ndarray) -> np.ndarray:
        """See `Devices.total`."""
        if self.processes == 1:
            return array
        numbers = array.astype(np.float64).ravel()  # which holds every number of 32 bits
        return self._sum(numbers).numpy().reshape(array.shape).astype(array.dtype)

    def _total(self, numbers: Tensor) -> Tensor:
        def of_device() -> Tensor:
            context = tf.distribute.get_replica_context()
            is_first = context.replica_id_in_sync_group % len(self.places) == 0
            own = tf.where(is_first, numbers, tf.zeros_like(numbers))
            return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

        assert self._strategy
        return self._strategy.experimental_local_results(self._strategy.run(of_device))[0]

    def leave(self, model: Any) -> None:
        """See `Devices.leave`; they are nowhere else."""

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """See `Devices.together`."""
        try:
            with self.witness():
                yield
        except tf.errors.OpError as error:
            if lost := self.lost(error):
                raise lost from None
            raise


class _Floor:
    """A `Share.floored` that decides by its own part's mean, unless it is known how all rows decide."""

    def __init__(self, known: Tensor):
        self._known, self._found = known, (tf.constant(0.0), tf.constant(0.0))

    def __call__(self, mean: Tensor, floor: float) -> Tensor:
        own = tf.cast(mean > floor, tf.float32)
        exceeds = tf.where(self._known == _UNKNOWN, own, self._known)
        self._found = own, tf.cast(mean - floor, tf.float32)
        return tf.where(exceeds > 0.0, mean, tf.cast(floor, mean.dtype))

    def found(self) -> tuple[Tensor, Tensor]:
        """1 where the part's mean exceeds the floor, and by how much."""
        return self._found


def open_devices(choice: int | str = 1) -> TensorFlowDevices:
    """See `backends.open_devices`."""
    if choice == "all" and "TF_CONFIG" in os.environ:
        return _meet()
    names = [device.name for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
    count = len(names) if choice == "all" else int(choice)
    if count > len(names):
        raise InputError(f"devices: expected at most {len(names)}, as many as there are, received {count}")
    return TensorFlowDevices(_mirrored(*names[:count]) if count > 1 else None)


@functools.cache
def _mirrored(*names: str) -> tf.distribute.Strategy:
    """Once for the same devices: two would give different sums the same key."""
    return tf.distribute.MirroredStrategy(names)


@functools.cache
def _meet() -> TensorFlowDevices:
    """Join the processes that `TF_CONFIG` tells of."""
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        cluster, task = config["cluster"], config["task"]
        hosts = [(job, k) for job in ("chief", "worker") for k in range(len(cluster.get(job, ())))]
        process = hosts.index((task["type"], int(task["index"])))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "TF_CONFIG: expected JSON with cluster (chief, worker) and the task of this process, received what lacks "
            f"{error}; see docs/scale.md"
        ) from None
    try:
        return TensorFlowDevices(tf.distribute.MultiWorkerMirroredStrategy(), len(hosts), process)
    except (RuntimeError, ValueError, tf.errors.OpError) as error:
        raise InputError(
            f"devices: the processes that train together do not meet: {reason(error)}; see docs/scale.md"
        ) from None
