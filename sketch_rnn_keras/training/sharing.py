"""A training of several processes: what each of them has of its own, and what it has from the first.

Enters: `Devices`, and what one process has read. Leaves: the same state in every process. Each takes the same steps;
the first alone has the run directory, the others one that goes with them.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import Devices
from ..errors import InputError
from . import checkpoint
from .checkpoint import Progress
from .run_directory import RunDirectory

if TYPE_CHECKING:
    import keras

    from ..model.sketch_rnn import SketchRNN

_ROOM = 1024  # bytes for a Progress as JSON


@contextlib.contextmanager
def own_directory(path: str | os.PathLike, devices: Devices) -> Iterator[RunDirectory]:
    """The run directory in the first process; in another one a folder that is removed at the end."""
    if devices.process == 0:
        yield RunDirectory(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield RunDirectory(Path(folder) / "run")


def check_alike(config: dict[str, Any], devices: Devices) -> None:
    """Raises InputError, in every process: some were given other hyperparameters or other data than the first."""
    if devices.processes == 1:
        return
    text = json.dumps([config["hparams"], config["data"], config["scale_factor"]], sort_keys=True)
    digests = np.zeros((devices.processes, 32), np.uint8)
    digests[devices.process] = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    digests = devices.total(digests)
    if others := np.flatnonzero((digests != digests[0]).any(axis=1)).tolist():
        raise InputError(
            f"devices: expected the same hyperparameters and data in {devices.processes} processes, but those of "
            f"{', '.join(map(str, others))} are others than those of 0; give each the same command and files"
        )


def from_first(
    model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", progress: Progress, devices: Devices
) -> Progress:
    """Give every process the weights, the optimiser's variables and the progress of the first."""
    if devices.processes == 1:
        return progress
    share = devices.process == 0
    for variable in [*model.trainable_variables, *optimizer.variables]:
        value = variable.numpy()
        variable.assign(devices.total(value if share else np.zeros_like(value)))
    text = json.dumps(asdict(progress)).encode().ljust(_ROOM) if share else bytes(_ROOM)
    return checkpoint.parse_progress(devices.total(np.frombuffer(text, np.uint8)).tobytes(), Path("process 0"))


def interruption(event: threading.Event, devices: Devices, every: int) -> Callable[[int], bool]:
    """`step -> whether training is to end`; several processes ask each other, every so many steps."""

    def is_set(step: int) -> bool:
        if devices.processes == 1:
            return event.is_set()
        return step % every == 0 and bool(devices.total(np.array(event.is_set(), np.int32)))

    return is_set
