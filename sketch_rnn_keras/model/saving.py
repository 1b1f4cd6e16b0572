"""`.keras` files and checkpoints of this package, read without trust; `.keras` files written.

Enters: a path. Leaves: a `SketchRNN`, or the file. Hyperparameters are validated, sizes are checked against what the
file holds before anything is allocated, and no code or class named in the file is loaded.
"""

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from ..errors import InputError, reason, shown
from ..files.arrays import read_arrays
from ..files.reading import read_json
from ..files.writing import replacing
from ..hparams import HParams
from ..strokes import check_scale_factor
from .hdf5 import check_groups
from .provenance import Provenance
from .sketch_rnn import SketchRNN, least_weights

MAX_WEIGHT_BYTES = 2**30  # of the weights in a .keras file
MAX_PACKED = 2**25  # of them if they are deflated, unpacked: they are unpacked anew for each place that is read
MAX_CONFIG = 2**20  # bytes of its configuration
MAX_NAMES = 10_000  # of groups and arrays in it; a model has some 100
WEIGHTS = "model.weights.h5"  # the member of a .keras file that holds them
CHECKPOINT_WEIGHTS = "weights/"  # what training/run_directory.py begins the names of weights with

# What json, zipfile, zlib, h5py and Keras raise for a damaged or foreign file; h5py says RuntimeError for some damage.
_PYTHONS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, EOFError)
_DAMAGE = (*_PYTHONS, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)


def save_keras(model: SketchRNN, file: Path) -> None:
    """Write a `.keras` file, in one step, without the date that Keras puts in it: the same model is the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(file) as draft:
        model.save(draft)
        with zipfile.ZipFile(draft) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        metadata = json.loads(contents["metadata.json"])
        contents["metadata.json"] = json.dumps(metadata | {"date_saved": ""}).encode()
        with zipfile.ZipFile(draft, "w") as archive:
            for name, content in contents.items():
                archive.writestr(zipfile.ZipInfo(name), content)  # which is of 1980


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
        raise InputError(f"{file}: expected a Sketch-RNN saved by sketch_rnn_keras: {reason(error)}") from None
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
    config = read_json(run_dir / "config.json", "the configuration of a run")
    file = run_dir / "checkpoints" / "last.npz"
    arrays = read_arrays(file)
    try:
        hparams = HParams.from_dict(config, where="its config.json")
        if least_weights(hparams) > (count := sum(array.size for array in arrays.values())):
            raise ValueError(f"its run asks for at least {least_weights(hparams)} weights, the file holds {count}")
        step = int(json.loads(str(arrays["progress"]))["step"])
        note = f"no validation has chosen a best model yet; this is the last checkpoint, of step {step}"
        provenance = replace(Provenance.from_config(config), notes=(note,))
        factor = check_scale_factor(config["scale_factor"]) if scale_factor is None else scale_factor
        model = SketchRNN(hparams, factor, provenance)
        for variable in model.trainable_variables:
            variable.assign(_weight(arrays, variable.path, tuple(variable.shape)))
    except _DAMAGE as error:
        raise InputError(f"{file}: expected a checkpoint of this run: {reason(error)}") from None
    return model


def _weight(arrays: Mapping[str, np.ndarray], path: str, shape: tuple[int, ...]) -> np.ndarray:
    array = arrays[CHECKPOINT_WEIGHTS + path]
    if array.shape != shape or array.dtype.kind != "f":
        raise ValueError(f"{path}: expected numbers of shape {shape}, received {array.dtype} of shape {array.shape}")
    return array


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

    def open(self, member: zipfile.ZipInfo) -> IO[bytes]:
        return (self._path / member.filename).open("rb")


def _read_config(archive: zipfile.ZipFile | _Folder) -> dict[str, Any]:
    member = archive.getinfo("config.json")
    if member.file_size > MAX_CONFIG:
        raise ValueError("its config.json is larger than 1 MiB")
    _check_packing(member, MAX_CONFIG)
    with archive.open(member) as content:  # `archive.read` unpacks all, whatever is declared
        document = json.loads(content.read(member.file_size))
    name = document.get("registered_name") if isinstance(document, dict) else None
    if name != "sketch_rnn_keras>SketchRNN":
        raise ValueError(f"it holds a model of the class {shown(name)}")
    config = document["config"]
    if not isinstance(config, dict) or not {"hparams", "scale_factor"} <= config.keys():
        raise ValueError("its config.json lacks hparams or scale_factor")
    return config


def _check_packing(member: zipfile.ZipInfo, most: int) -> None:
    """Raise unless a member is stored as it is, or deflated and of at most so many bytes: zipfile bounds no others."""
    if member.compress_type == zipfile.ZIP_STORED or (
        member.compress_type == zipfile.ZIP_DEFLATED and member.file_size <= most
    ):
        return
    raise ValueError(f"its {member.filename} is packed; save the model again")


def _check_sizes(archive: zipfile.ZipFile | _Folder, hparams: HParams) -> None:
    """Raise unless the archive holds as many weights as the hyperparameters ask for, and as many as it declares."""
    member = archive.getinfo(WEIGHTS)
    if member.file_size > MAX_WEIGHT_BYTES:
        raise ValueError(f"its weights take {member.file_size} bytes, more than {MAX_WEIGHT_BYTES}")
    _check_packing(member, MAX_PACKED)
    with archive.open(member) as content:
        file = io.BytesIO(content.read(member.file_size))  # to go to and fro in a member is slow
    check_groups(file, member.file_size)
    file.seek(0)
    _check_arrays(file, member.file_size, hparams)


def _check_arrays(file: IO[bytes], size: int, hparams: HParams) -> None:
    with h5py.File(file, "r") as weights:
        arrays = _arrays(weights)
        declared = sum(array.nbytes for array in arrays)
        count = sum(math.prod(array.shape) for array in arrays)
    if declared > size:
        raise ValueError(f"its weights declare {declared} bytes and take {size}")
    if least_weights(hparams) > count:
        raise ValueError(
            f"its hyperparameters ask for at least {least_weights(hparams)} weights, the file holds {count}"
        )


def _arrays(weights: h5py.File) -> list[h5py.Dataset]:
    """Its arrays; raises where there are links, or what lies in other files."""
    arrays: list[h5py.Dataset] = []
    groups, names = [weights["/"]], 0
    while groups:
        group = groups.pop()
        for name in group:
            names += 1
            if names > MAX_NAMES:  # or groups that hold themselves
                raise ValueError(f"its weights have more than {MAX_NAMES} names")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError("its weights hold links")
            item = group[name]
            (groups if isinstance(item, h5py.Group) else arrays).append(item)
    if any(array.external or array.is_virtual for array in arrays):
        raise ValueError("its weights lie in other files")
    if not all(isinstance(array.shape, tuple) and array.dtype.kind in "biuf" for array in arrays):
        raise ValueError("its weights are not all arrays of numbers")
    return arrays
