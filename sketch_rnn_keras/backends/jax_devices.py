"""Several devices under JAX: one mesh with one axis, the rows of a batch shared along it, the weights on every device.

Enters: how many devices, and what the environment says of other processes. Leaves: `Devices`, around whose `mean` the
one jitted step of `compiled_update` is. Processes meet by `jax.distributed`; what is sent between devices, XLA sends.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..errors import InputError, reason
from . import Tensor
from .devices import WHOLE, Devices, Share

_AXIS = "batch"
_HEARTBEAT = 30  # seconds without a sign of life after which a process counts as dead
# What tells JAX of other processes: its own variable, Keras', and those of launchers that JAX knows.
_ADDRESSES = ("JAX_COORDINATOR_ADDRESS", "KERAS_DISTRIBUTION_JOB_ADDRESSES")
_COUNTS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")


class JaxDevices(Devices):
    """Devices of JAX: of one process, any; of several, all."""

    def __init__(self, devices: Sequence[jax.Device]):
        process = jax.process_index()
        own = tuple(one for one in devices if one.process_index == process)
        super().__init__(len(devices), own if len(devices) > 1 else (None,), jax.process_count(), process)
        mesh = Mesh(np.array(devices), (_AXIS,))
        self._mesh, self._every = mesh, NamedSharding(mesh, PartitionSpec())
        self._split = NamedSharding(mesh, PartitionSpec(_AXIS))

    def mean(self, function: Callable[..., Any], same: Sequence[Any], arguments: Sequence[Tensor]) -> Any:
        """The mean over the devices of `function(share, *same, *arguments)`, in a program.

        Args:
            function: gives tensors that are means over rows.
            same: what every device has.
            arguments: those with axes are shared row by row.
        """
        if self.count == 1:
            return function(WHOLE, *same, *arguments)

        def one(*parts: Any) -> Any:
            share = Share(jax.lax.axis_index(_AXIS), self.count, _floored)
            return jax.lax.pmean(function(share, *parts), _AXIS)

        everywhere, rows = PartitionSpec(), PartitionSpec(_AXIS)
        specs = *(everywhere for _ in same), *(rows if argument.ndim else everywhere for argument in arguments)
        shared = jax.shard_map(one, mesh=self._mesh, in_specs=specs, out_specs=everywhere, check_vma=False)
        return shared(*same, *arguments)

    def copied(self, values: Any) -> Any:
        """Lists of tensors, with a copy of each on every device."""
        return [[self._place(value, self._every) for value in group] for group in values]

    def shared(self, arguments: Sequence[Tensor]) -> list[Tensor]:
        """Whole batches, with the rows of each device where it is, and copies of numbers."""
        return [self._place(value, self._split if np.ndim(value) else self._every) for value in arguments]

    def _place(self, value: Tensor, sharding: NamedSharding) -> Tensor:
        if self.count == 1 or getattr(value, "sharding", None) == sharding:
            return value
        if isinstance(value, jax.Array) and not value.is_fully_addressable:
            value = value.addressable_data(0)
        array = np.asarray(value)
        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

    def total(self, array: np.ndarray) -> np.ndarray:
        """See `Devices.total`."""
        if self.processes == 1:
            return array
        from jax.experimental import multihost_utils  # here: it is loaded for several processes alone

        return np.asarray(multihost_utils.process_allgather(array)).sum(axis=0, dtype=array.dtype)

    def leave(self, model: Any) -> None:
        """See `Devices.leave`."""
        for variable in model.variables if self.count > 1 else ():
            variable.assign(variable.value.addressable_data(0))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """See `Devices.together`. JAX may end this process before: `witness` then says so."""
        try:
            with self.witness():
                yield
        except InputError:
            raise
        except (jax.errors.JaxRuntimeError, ValueError) as error:  # the latter where a program does not even begin
            if lost := self.lost(error):
                raise lost from None
            raise


def _floored(mean: Tensor, floor: float) -> Tensor:
    return jax.numpy.maximum(mean + jax.lax.stop_gradient(jax.lax.pmean(mean, _AXIS) - mean), floor)


def open_devices(choice: int | str = 1) -> JaxDevices:
    """See `backends.open_devices`."""
    if choice == "all":
        _meet()
    devices = jax.devices()
    count = len(devices) if choice == "all" else int(choice)
    if count > len(devices):
        kind = devices[0].platform
        raise InputError(f"devices: expected at most {len(devices)}, as many as there are ({kind}), received {count}")
    if jax.process_count() > 1 and count != len(devices):
        raise InputError(f"devices: expected 'all' where {jax.process_count()} processes train, received {count}")
    return JaxDevices(devices[:count])


def _meet() -> None:
    """Join the processes that the environment tells of."""
    environment = os.environ
    told = any(environment.get(name, "1") != "1" for name in _COUNTS) or any(name in environment for name in _ADDRESSES)
    if jax.distributed.is_initialized() or not (told or "," in environment.get("TPU_WORKER_HOSTNAMES", "")):
        return
    named: dict[str, Any] = {}
    if addresses := environment.get("KERAS_DISTRIBUTION_JOB_ADDRESSES"):
        named["coordinator_address"] = addresses.split(",")[0]
    try:
        for option, name in (("num_processes", "NUM_PROCESSES"), ("process_id", "PROCESS_ID")):
            value = environment.get(f"KERAS_DISTRIBUTION_{name}", environment.get(f"JAX_{name}"))
            if value is not None:
                named[option] = int(value)
        jax.distributed.initialize(**named, heartbeat_timeout_seconds=_HEARTBEAT)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"devices: the processes that train together do not meet: {reason(error)}; see docs/scale.md"
        ) from None
