"""Opening whatever holds a Sketch-RNN.

Enters: the path of a `.keras` file, a run directory, a Magenta checkpoint folder or a sketch-rnn-js JSON file. Leaves:
a `SketchRNN`. Every file is untrusted: hyperparameters are validated, sizes are checked against what the file holds
before anything is allocated, and no code or class named in a file is loaded.
"""

import json
import os
import zipfile
import zlib
from pathlib import Path

import h5py

from .errors import InputError
from .hparams import HParams
from .interop import magenta, sketch_js
from .model import SketchRNN, check_scale_factor, least_weights

MAX_WEIGHT_BYTES = 2**30  # of the weights in a .keras file, unpacked

# What json, zipfile, zlib, h5py and Keras raise for a damaged or foreign file; h5py says RuntimeError for some damage.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_model(path: str | os.PathLike, scale_factor: float | None = None) -> SketchRNN:
    """Open a trained model.

    Args:
        path: a `.keras` file, a run directory with its `model.keras`, the folder of a Magenta checkpoint (needs
            TensorFlow), or a sketch-rnn-js file (`.gen.json`, `.vae.json`).
        scale_factor: data units per model unit, in place of what the file says. Magenta checkpoints hold none, and
            without one drawings come out in the model's own units.

    Returns:
        The model; `provenance.notes` says what had to be inferred.

    Raises:
        InputError: there is no such file, or it holds no Sketch-RNN.
    """
    if scale_factor is not None:
        check_scale_factor(scale_factor)
    path = Path(path)
    file = path / "model.keras" if path.is_dir() else path
    if file.is_file() and file.suffix.lower() == ".json":
        return sketch_js.load(file, scale_factor)
    if not file.is_file() and magenta.is_checkpoint(path):
        return magenta.load_checkpoint(path, scale_factor)
    if not file.is_file():
        hint = "the run has not saved one yet" if (path / "config.json").is_file() else "check the path"
        raise InputError(
            f"{file}: expected a .keras file or a run directory that holds model.keras, a Magenta checkpoint folder, "
            f"or a .gen.json or .vae.json file; {hint}"
        )
    if file.suffix != ".keras":
        raise InputError(f"{file}: expected a file whose name ends in .keras, .gen.json or .vae.json, or a folder")
    return _load_keras(file, scale_factor)


def _load_keras(file: Path, scale_factor: float | None) -> SketchRNN:
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


def _read_config(archive: zipfile.ZipFile) -> dict:
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
    datasets = []
    with archive.open(member) as content, h5py.File(content, "r") as weights:
        weights.visititems(lambda _, item: datasets.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    if sum(datasets) > member.file_size:
        raise ValueError(f"its weights declare {sum(datasets)} bytes and take {member.file_size}")
    if 4 * least_weights(hparams) > sum(datasets):
        count, least = sum(datasets) // 4, least_weights(hparams)
        raise ValueError(f"its hyperparameters ask for at least {least} weights, the file holds {count}")
