"""`.keras` files of this package, read without trust.

Enters: a path. Leaves: a `SketchRNN`. Hyperparameters are validated, sizes are checked against what the file holds
before anything is allocated, and no code or class named in the file is loaded.
"""

import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py

from ..errors import InputError
from ..hparams import HParams
from .sketch_rnn import SketchRNN, least_weights

MAX_WEIGHT_BYTES = 2**30  # of the weights in a .keras file, unpacked

# What json, zipfile, zlib, h5py and Keras raise for a damaged or foreign file; h5py says RuntimeError for some damage.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_keras(file: Path, scale_factor: float | None = None) -> SketchRNN:
    """Open a `.keras` file that this package saved.

    Args:
        file: the file.
        scale_factor: data units per model unit, in place of what the file says.

    Raises:
        InputError: the file is damaged or holds something else.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            config = _read_config(archive)
            _check_sizes(archive, HParams.from_dict(config, where="its configuration"))
        model = SketchRNN.from_config(config if scale_factor is None else config | {"scale_factor": scale_factor})
        model.load_weights(file)
    except _DAMAGE as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = "; ".join(lines if isinstance(error, InputError) else lines[:1])
        raise InputError(f"{file}: expected a Sketch-RNN saved by sketch_rnn_keras: {reason}") from None
    return model


def _read_config(archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo("config.json").file_size > 2**20:
        raise ValueError("its config.json is larger than 1 MiB")
    document = json.loads(archive.read("config.json"))
    name = document.get("registered_name") if isinstance(document, dict) else None
    if name != "sketch_rnn_keras>SketchRNN":
        raise ValueError(f"it holds a model of the class {name!r}")
    config = document["config"]
    if not isinstance(config, dict) or not {"hparams", "scale_factor"} <= config.keys():
        raise ValueError("its config.json lacks hparams or scale_factor")
    return config


def _check_sizes(archive: zipfile.ZipFile, hparams: HParams) -> None:
    """Raise unless the archive holds as many weights as the hyperparameters ask for, and as many as it declares."""
    member = archive.getinfo("model.weights.h5")
    if member.file_size > MAX_WEIGHT_BYTES:
        raise ValueError(f"its weights take {member.file_size} bytes, more than {MAX_WEIGHT_BYTES}")
    arrays: list[h5py.Dataset] = []
    with archive.open(member) as content, h5py.File(content, "r") as weights:
        weights.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
        declared = sum(array.nbytes for array in arrays)
        count = sum(math.prod(array.shape) for array in arrays)
    if declared > member.file_size:
        raise ValueError(f"its weights declare {declared} bytes and take {member.file_size}")
    if least_weights(hparams) > count:
        raise ValueError(
            f"its hyperparameters ask for at least {least_weights(hparams)} weights, the file holds {count}"
        )
