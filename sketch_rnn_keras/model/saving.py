"""`.keras` files and checkpoints of this package, read without trust.

Enters: a path. Leaves: a `SketchRNN`. Hyperparameters are validated, sizes are checked against what the file holds
before anything is allocated, and no code or class named in the file is loaded.
"""

import json
import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from ..errors import InputError
from ..files.reading import read_json
from ..hparams import HParams
from ..strokes import check_scale_factor
from .provenance import Provenance
from .sketch_rnn import SketchRNN, least_weights

MAX_WEIGHT_BYTES = 2**30  # of the weights in a .keras file, unpacked
WEIGHTS = "model.weights.h5"  # the member of a .keras file that holds them
CHECKPOINT_WEIGHTS = "weights/"  # what training/run_directory.py begins the names of weights with

# What json, zipfile, zlib, h5py and Keras raise for a damaged or foreign file; h5py says RuntimeError for some damage.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_keras(file: Path, scale_factor: float | None = None) -> SketchRNN:
    """Open a `.keras` file that this package saved, or the folder that Keras writes with `zipped=False`.

    Args:
        file: the file or the folder.
        scale_factor: data units per model unit, in place of what the file says.

    Raises:
        InputError: the file is damaged or holds something else.
    """
    try:
        with _Folder(file) if file.is_dir() else zipfile.ZipFile(file) as archive:
            config = _read_config(archive)
            _check_sizes(archive, HParams.from_dict(config, where="its configuration"))
        model = SketchRNN.from_config(config if scale_factor is None else config | {"scale_factor": scale_factor})
        model.load_weights(file / WEIGHTS if file.is_dir() else file)
    except _DAMAGE as error:
        raise InputError(f"{file}: expected a Sketch-RNN saved by sketch_rnn_keras: {_reason(error)}") from None
    return model


def load_run(run_dir: Path, scale_factor: float | None = None) -> SketchRNN:
    """Open what a training has saved: its best model or, before its first validation, its last checkpoint.

    Args:
        run_dir: the run directory.
        scale_factor: data units per model unit, in place of what the run says.

    Returns:
        The model; `provenance.notes` says when it is a checkpoint's.

    Raises:
        InputError: a file is damaged or holds something else.
    """
    if (run_dir / "model.keras").is_file():
        return load_keras(run_dir / "model.keras", scale_factor)
    config, file = (
        read_json(run_dir / "config.json", "the configuration of a run"),
        run_dir / "checkpoints" / "last.npz",
    )
    try:
        hparams = HParams.from_dict(config, where="its config.json")
        _check_checkpoint(file, hparams)
        with np.load(file, allow_pickle=False) as arrays:
            step = int(json.loads(str(arrays["progress"]))["step"])
            note = f"no validation has chosen a best model yet; this is the last checkpoint, of step {step}"
            provenance = replace(Provenance.from_config(config), notes=(note,))
            factor = check_scale_factor(config["scale_factor"]) if scale_factor is None else scale_factor
            model = SketchRNN(hparams, factor, provenance)
            for variable in model.trainable_variables:
                variable.assign(_weight(arrays, variable.path, tuple(variable.shape)))
    except (*_DAMAGE, MemoryError) as error:
        raise InputError(f"{file}: expected a checkpoint of this run: {_reason(error)}") from None
    return model


def _check_checkpoint(file: Path, hparams: HParams) -> None:
    """Raise unless the archive can hold the weights that the hyperparameters ask for, and all that it declares."""
    size = file.stat().st_size
    with zipfile.ZipFile(file) as archive:
        if any(member.file_size > size for member in archive.infolist()):
            raise ValueError(f"its arrays declare more than the {size} bytes of the file")
    if 4 * least_weights(hparams) > size:
        raise ValueError(f"its run asks for at least {least_weights(hparams)} weights, the file has {size} bytes")


def _weight(arrays: Any, path: str, shape: tuple[int, ...]) -> np.ndarray:
    array = arrays[CHECKPOINT_WEIGHTS + path]
    if array.shape != shape or array.dtype.kind != "f":
        raise ValueError(f"{path}: expected numbers of shape {shape}, received {array.dtype} of shape {array.shape}")
    return array


def _reason(error: Exception) -> str:
    """What was wrong, in a line; of other libraries' long messages the first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return "; ".join(lines if isinstance(error, InputError) else lines[:1])


class _Folder:
    """A folder, read as `zipfile.ZipFile` reads an archive."""

    def __init__(self, path: Path):
        self._path = path

    def __enter__(self) -> "_Folder":
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        member = zipfile.ZipInfo(name)
        member.file_size = (self._path / name).stat().st_size
        return member

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def open(self, member: zipfile.ZipInfo) -> IO[bytes]:
        return (self._path / member.filename).open("rb")


def _read_config(archive: zipfile.ZipFile | _Folder) -> dict[str, Any]:
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


def _check_sizes(archive: zipfile.ZipFile | _Folder, hparams: HParams) -> None:
    """Raise unless the archive holds as many weights as the hyperparameters ask for, and as many as it declares."""
    member = archive.getinfo(WEIGHTS)
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
