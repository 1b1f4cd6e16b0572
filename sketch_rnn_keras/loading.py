"""Opening whatever holds a Sketch-RNN, by one rule of recognition.

Enters: the path of a `.keras` file, a run directory, a Magenta checkpoint folder or a sketch-rnn-js JSON file. Leaves:
a `SketchRNN`. Every file is untrusted: hyperparameters are validated, sizes are checked against what the file holds
before anything is allocated, and no code or class named in a file is loaded. Recognition reads names and first bytes
and needs no backend.
"""

import enum
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from .errors import InputError
from .hparams import HParams
from .strokes import check_scale_factor

if TYPE_CHECKING:
    from .model.sketch_rnn import SketchRNN

MAX_WEIGHT_BYTES = 2**30  # of the weights in a .keras file, unpacked

# What json, zipfile, zlib, h5py and Keras raise for a damaged or foreign file; h5py says RuntimeError for some damage.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


class ModelFormat(enum.Enum):
    """What can hold a model."""

    KERAS = "a .keras file"
    RUN = "a run directory"
    MAGENTA = "a Magenta checkpoint folder"
    SKETCH_JS = "a .gen.json or .vae.json file of sketch-rnn-js"


def model_format(path: str | os.PathLike) -> ModelFormat | None:
    """What `path` holds a model as; None where nothing there looks like one. No model is opened."""
    path = Path(path)
    if path.is_dir():
        if (path / "model.keras").is_file():
            return ModelFormat.RUN
        is_checkpoint = (path / "model_config.json").is_file() or any(path.glob("*.index"))
        return ModelFormat.MAGENTA if is_checkpoint else None
    if not path.is_file():
        return None
    if path.suffix.lower() == ".json" and _begins_with_list(path):
        return ModelFormat.SKETCH_JS
    return ModelFormat.KERAS if path.suffix.lower() == ".keras" else None


def load_model(path: str | os.PathLike, scale_factor: float | None = None) -> "SketchRNN":
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
    match check_model_path(path):
        case ModelFormat.SKETCH_JS:
            from .interop import sketch_js

            return sketch_js.load(path, scale_factor)
        case ModelFormat.MAGENTA:
            from .interop import magenta

            return magenta.load_checkpoint(path, scale_factor)
        case ModelFormat.RUN:
            return _load_keras(path / "model.keras", scale_factor)
        case ModelFormat.KERAS:
            return _load_keras(path, scale_factor)


def check_model_path(path: str | os.PathLike) -> ModelFormat:
    """What `path` holds a model as, found without a backend.

    Raises:
        InputError: nothing there looks like a model; the message says what does.
    """
    found = model_format(path)
    if found is None:
        path = Path(path)
        hint = "check the path"
        if (path / "config.json").is_file():
            hint = "this run has not saved a model yet"
        elif path.exists():
            hint = "what is there is none of these"
        formats = ", ".join(each.value for each in ModelFormat)
        raise InputError(f"{path}: expected what holds a model ({formats}); {hint}")
    return found


def _begins_with_list(path: Path) -> bool:
    """Whether a JSON file begins as sketch-rnn-js models do; hyperparameters are an object."""
    try:
        with path.open("rb") as file:
            return file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _load_keras(file: Path, scale_factor: float | None) -> "SketchRNN":
    from .model.sketch_rnn import SketchRNN

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
    from .model.sketch_rnn import least_weights

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
