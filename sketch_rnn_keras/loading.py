"""Opening whatever holds a Sketch-RNN, by one rule of recognition.

Enters: a name or a path: a preset, a `.keras` file, a run directory, a Magenta checkpoint folder, a sketch-rnn-js JSON
file, or the name of a published model. Leaves: a `SketchRNN`. Recognition reads names and first bytes and needs no
backend; what opens a file trusts nothing in it.
"""

import enum
import os
from pathlib import Path
from typing import TYPE_CHECKING

from .data.folders import is_folder
from .errors import InputError, nearest
from .files.presets import presets
from .strokes import check_scale_factor

if TYPE_CHECKING:
    from .model.sketch_rnn import SketchRNN

MODEL_SUFFIXES = (".keras", ".gen.json", ".vae.json")


class ModelFormat(enum.Enum):
    """What can hold a model."""

    KERAS = "a .keras file, or the folder that Keras unpacks it to"
    RUN = "a run directory"
    MAGENTA = "a Magenta checkpoint folder"
    SKETCH_JS = "a .gen.json or .vae.json file of sketch-rnn-js"


def load_model(
    path: str | os.PathLike, scale_factor: float | None = None, *, models_dir: str | os.PathLike = "models"
) -> "SketchRNN":
    """Open a trained model.

    Args:
        path: what `find_model` finds: a preset such as "doodles", a `.keras` file, a run directory (its `model.keras`
            or, before the first validation, its last checkpoint), the folder of a Magenta checkpoint (needs
            TensorFlow), a sketch-rnn-js file (`.gen.json`, `.vae.json`), the name of a model in `models_dir` or of a
            published one, or `hf://user/name`.
        scale_factor: data units per model unit, in place of what the file says. Magenta checkpoints hold none, and
            without one drawings come out in the model's own units.
        models_dir: where the files of plain names lie and downloads land.

    Returns:
        The model; `provenance.notes` says what had to be inferred.

    Raises:
        InputError: there is no such model, or what is there holds no Sketch-RNN.
    """
    if scale_factor is not None:
        check_scale_factor(scale_factor)
    found = find_model(path, models_dir)
    match check_model_path(found):
        case ModelFormat.SKETCH_JS:
            from .interop import sketch_js

            return sketch_js.load(found, scale_factor)
        case ModelFormat.MAGENTA:
            from .interop import magenta

            return magenta.load_checkpoint(found, scale_factor)
        case ModelFormat.RUN:
            from .model.saving import load_run

            return load_run(found, scale_factor)
        case ModelFormat.KERAS:
            from .model.saving import load_keras

            return load_keras(found, scale_factor)


def find_model(name: str | os.PathLike, models_dir: str | os.PathLike = "models") -> Path:
    """What a model's name stands for, in this order: a path, a preset, a file in `models_dir`, a published model.

    Args:
        name: a path, a plain name such as "doodles" or "bird", or `hf://user/name` for the Hugging Face Hub.
        models_dir: where the files of plain names lie; a published model that is not there is downloaded into it.

    Returns:
        A path; where nothing has this name, the path that was given.

    Raises:
        InputError: a model could not be downloaded.
    """
    if os.fspath(name).startswith("hf://"):
        from .interop import hub

        return hub.download(os.fspath(name))
    path, plain = Path(name), os.fspath(name)
    if path.exists() or path.name != plain or plain.endswith(MODEL_SUFFIXES):
        return path
    if plain in presets():
        return presets()[plain].file
    for suffix in MODEL_SUFFIXES:
        if (stored := Path(models_dir) / (plain + suffix)).is_file():
            return stored
    from .interop import published

    if plain not in published.MODELS:
        return path
    try:
        return published.download_models([plain], models_dir)[0]
    except InputError as error:
        raise InputError(f"{error}; {next(iter(presets()))} is a model that ships with the package") from None


def model_format(path: str | os.PathLike) -> ModelFormat | None:
    """What `path` holds a model as; None where nothing there looks like one. No model is opened."""
    path = Path(path)
    if path.is_dir():
        if (path / "config.json").is_file() and (path / "model.weights.h5").is_file():
            return ModelFormat.KERAS
        has_checkpoint = (path / "config.json").is_file() and (path / "checkpoints" / "last.npz").is_file()
        if has_checkpoint or (path / "model.keras").is_file():
            return ModelFormat.RUN
        is_checkpoint = (path / "model_config.json").is_file() or any(path.glob("*.index"))
        return ModelFormat.MAGENTA if is_checkpoint else None
    if not path.is_file():
        return None
    if path.suffix.lower() == ".json" and _begins_with_list(path):
        return ModelFormat.SKETCH_JS
    return ModelFormat.KERAS if path.suffix.lower() == ".keras" else None


def is_meant_as_model(path: str | os.PathLike) -> bool:
    """Whether a path names a model, even where none can be opened: what holds one, a folder, or a `.keras` name.

    A folder that is a data set names none.
    """
    path = Path(path)
    may_hold_one = path.is_dir() and path.name != "" and not is_folder(path)
    return may_hold_one or path.suffix.lower() == ".keras" or model_format(path) is not None


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
        elif near := nearest(os.fspath(path), presets()):
            hint = f"did you mean {near[0]}?"
        formats = ", ".join(each.value for each in ModelFormat)
        raise InputError(f"{path}: expected what holds a model ({formats}) or one of {', '.join(presets())}; {hint}")
    return found


def _begins_with_list(path: Path) -> bool:
    """Whether a JSON file begins as sketch-rnn-js models do; hyperparameters are an object."""
    try:
        with path.open("rb") as file:
            return file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
