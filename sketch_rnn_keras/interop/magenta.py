"""The original's variables and checkpoints (TensorFlow 1, Magenta) -> our weights, and back.

Enters: arrays under the original's names, such as `vector_rnn/RNN/LSTMCell/W_xh:0`, or the folder of a checkpoint
(`checkpoint`, `vector-N.index`, `vector-N.data-*`, `model_config.json`). Leaves: a model that holds them. Every shape
is the same on both sides, so the translation is a table of names. Of TensorFlow only its checkpoint reader is used.
"""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, reason, shown
from ..files.reading import read_json
from ..hparams import HParams
from ..model.cell import LayerNormCell
from ..model.cells import CELLS
from ..model.hyper import HyperLSTMCell
from ..model.lstm import LayerNormLSTMCell, LSTMCell
from ..model.provenance import Provenance
from ..model.sketch_rnn import SketchRNN, least_weights
from .checkpoint_index import check_index

if TYPE_CHECKING:
    import keras

_SCOPES = {LSTMCell: "LSTMCell", LayerNormLSTMCell: "LayerNormLSTMCell", HyperLSTMCell: "HyperLSTMCell"}


def variables(model: SketchRNN) -> "dict[str, keras.Variable]":
    """The original's name of every weight of `model`: `{"vector_rnn/...:0": keras.Variable}`."""
    table = _cell_table(model.decoder, "RNN")
    table |= {"RNN/output_w": model.output_head.kernel, "RNN/output_b": model.output_head.bias}
    if model.hparams.conditional:
        table |= _cell_table(model.encoder_forward, "ENC_RNN/fw") | _cell_table(model.encoder_backward, "ENC_RNN/bw")
        linear = {"ENC_RNN_mu": model.mu, "ENC_RNN_sigma": model.presigma, "linear": model.initial_state}
        for scope, layer in linear.items():
            table |= {f"{scope}/super_linear_w": layer.kernel, f"{scope}/super_linear_b": layer.bias}
    return {f"vector_rnn/{name}:0": variable for name, variable in table.items()}


def _cell_table(cell: "keras.layers.Layer", scope: str) -> "dict[str, keras.Variable]":
    scope = f"{scope}/{_SCOPES[type(cell)]}"
    table = {f"{scope}/W_xh": cell.input_kernel, f"{scope}/W_hh": cell.recurrent_kernel}
    if isinstance(cell, (LSTMCell, HyperLSTMCell)):
        table[f"{scope}/bias"] = cell.bias
    if isinstance(cell, LayerNormCell):
        table |= {
            f"{scope}/ln_all/ln_gamma": cell.gates_gamma,
            f"{scope}/ln_all/ln_beta": cell.gates_beta,
            f"{scope}/ln_c/ln_gamma": cell.memory_gamma,
            f"{scope}/ln_c/ln_beta": cell.memory_beta,
        }
    if isinstance(cell, HyperLSTMCell):
        table |= _cell_table(cell.hyper, scope) | _hyper_table(cell, scope)
    return table


def _hyper_table(cell: HyperLSTMCell, scope: str) -> "dict[str, keras.Variable]":
    table = {}
    for name in cell.scaled:
        table[f"{scope}/hyper_{name}/zw/super_linear_w"] = cell.zw_kernel[name]
        table[f"{scope}/hyper_{name}/zw/super_linear_b"] = cell.zw_bias[name]
        table[f"{scope}/hyper_{name}/alpha/super_linear_w"] = cell.alpha[name]
    for name in cell.shifted:
        table[f"{scope}/hyper_{name}/zb/super_linear_w"] = cell.zb_kernel[name]
        table[f"{scope}/hyper_{name}/beta/super_linear_w"] = cell.beta[name]
    return table


def assign_variables(model: SketchRNN, arrays: Mapping[str, np.ndarray]) -> None:
    """Give every weight of `model` its value from the original's variables; nothing is assigned unless all fit.

    Args:
        model: a `SketchRNN` of the same hyperparameters.
        arrays: the original's names, with or without the final ":0", each exactly once.

    Raises:
        InputError: a name is missing, unknown or given twice, or a shape differs.
    """
    table, given = variables(model), {}
    for name, array in arrays.items():
        full = name if name.endswith(":0") else f"{name}:0"
        if full in given:
            raise InputError(f"Magenta variables: {full!r} is given twice, with and without ':0'; pass it once")
        given[full] = np.asarray(array)
    missing, unknown = sorted(table.keys() - given.keys()), sorted(given.keys() - table.keys())
    if missing or unknown:
        raise InputError(
            f"Magenta variables: expected the {len(table)} variables of a model with {_describe(model)}; "
            f"missing: {', '.join(missing[:4]) or 'none'}; unknown: {', '.join(unknown[:4]) or 'none'}. "
            "Check enc_model, dec_model and conditional in the configuration"
        )
    for name, variable in table.items():
        if tuple(variable.shape) != given[name].shape:
            raise InputError(
                f"Magenta variable {name!r}: expected shape {tuple(variable.shape)}, received {given[name].shape}; "
                "check the sizes in the configuration"
            )
    for name, variable in table.items():
        variable.assign(given[name])


def read_variables(model: SketchRNN) -> dict[str, np.ndarray]:
    """The inverse of `assign_variables`: the weights of `model` as arrays under the original's names."""
    return {name: variable.numpy() for name, variable in variables(model).items()}


def _describe(model: SketchRNN) -> str:
    hparams = model.hparams
    encoder = f"enc_model {hparams.enc_model}" if hparams.conditional else "no encoder"
    return f"{encoder} and dec_model {hparams.dec_model}"


# ------------------------------------------------------------------------------------------------------- checkpoints

_DAMAGE = (ValueError, LookupError, RuntimeError, TypeError, MemoryError, OSError)  # what damage raises beside OpError
_OURS = ("precision", "squash_start", "seed", "log_every", "description")  # hyperparameters the original lacks
_MAX_CHECKPOINT_FILE = 2**16
_NAMED = re.compile(r'^\s*model_checkpoint_path\s*:\s*"([^"]*)"', re.MULTILINE)
_CELL_NAMES = {_SCOPES[cell]: name for name, cell in CELLS.items() if cell in _SCOPES}


def load_checkpoint(folder: str | os.PathLike, scale_factor: float | None = None) -> SketchRNN:
    """Open a checkpoint of the original.

    The step is the one that the file `checkpoint` names, or the last one where there is no such file. Cells and sizes
    are those of the variables; a `model_config.json` that contradicts them is refused, and what it leaves out takes the
    original's default. Optimiser slots, schedules and step counts are left aside.

    Args:
        folder: what the original calls `log_root`.
        scale_factor: data units per model unit, which the checkpoint does not hold: the standard deviation of the
            training data's offsets.

    Returns:
        The model; `provenance.notes` says what was inferred.

    Raises:
        InputError: the folder holds no checkpoint, it is damaged or contradicts its configuration, or TensorFlow is
            not installed.
    """
    folder = Path(folder)
    prefix, notes = _find_step(folder)
    arrays = _read_arrays(prefix)
    hparams, more = _read_hparams(folder / "model_config.json", _structure(arrays, prefix))
    numbers = sum(array.size for array in arrays.values())
    if least_weights(hparams) > 4 * numbers:  # otherwise `assign_variables` says what is missing
        raise InputError(f"{prefix}: expected at least {least_weights(hparams)} weights, received {numbers}")
    origin = f"Magenta checkpoint {folder.resolve().name}/{prefix.name}"
    model = SketchRNN(hparams, scale_factor, Provenance(origin=origin, version=None, notes=(*notes, *more)))
    try:
        assign_variables(model, arrays)
    except InputError as error:
        raise InputError(f"{prefix}: {error}") from None
    return model


def _find_step(folder: Path) -> tuple[Path, list[str]]:
    """The checkpoint's path without suffix, and notes on how it was chosen."""
    steps = {path.name.removesuffix(".index") for path in folder.glob("*.index") if path.is_file()}
    if not steps:
        raise InputError(
            f"{folder}: expected a Magenta checkpoint (checkpoint, vector-N.index, vector-N.data-00000-of-00001, "
            "model_config.json), received no .index file; name the folder that holds them"
        )
    last = max(steps, key=lambda name: (int((re.findall(r"-(\d{1,18})$", name) or ["-1"])[0]), name))
    if not (folder / "checkpoint").is_file():
        return folder / last, [f"no file checkpoint: took {last}, the last step"]
    try:
        with (folder / "checkpoint").open("rb") as file:
            text = file.read(_MAX_CHECKPOINT_FILE).decode("utf-8", "replace")
    except OSError as error:
        return folder / last, [f"the file checkpoint cannot be read ({error.strerror}): took {last}, the last step"]
    named = _NAMED.search(text)
    # The path is that of the machine that trained the model: only its last part counts, so nothing outside is opened.
    name = re.split(r"[\\/]", named[1])[-1] if named else None
    if name in steps:
        return folder / name, []
    absent = f"names {name[:60]!r}, which is not here" if name else "names no step"
    return folder / last, [f"the file checkpoint {absent}: took {last}, the last step"]


def _read_arrays(prefix: Path) -> dict[str, np.ndarray]:
    """The weights of a checkpoint by name; nothing else of it is read."""
    try:
        import tensorflow as tf
    except ImportError:
        raise InputError(
            f"{prefix}: reading a Magenta checkpoint needs TensorFlow, which is not installed; pip install tensorflow, "
            "or open it and save it as .keras on a machine that has it"
        ) from None
    try:
        check_index(prefix)
        reader = tf.train.load_checkpoint(str(prefix))
        types = reader.get_variable_to_dtype_map()
        shapes = {name: shape for name, shape in reader.get_variable_to_shape_map().items() if _is_weight(name, shape)}
        files = [path for path in prefix.parent.iterdir() if path.name.startswith(f"{prefix.name}.data-")]
        held = sum(path.stat().st_size for path in files)
        if 4 * sum(math.prod(shape) for shape in shapes.values()) > held:
            raise InputError(f"{prefix}: its variables take more than the {held} bytes of its data; copy it again")
        if strange := [name for name in shapes if types[name] != tf.float32]:
            raise InputError(f"{prefix}: {strange[0]}: expected float32, received {types[strange[0]].name}")
        arrays = {name: reader.get_tensor(name) for name in shapes}
    except InputError:
        raise
    except (tf.errors.OpError, *_DAMAGE) as error:
        raise InputError(f"{prefix}: expected an intact TensorFlow checkpoint: {reason(error)}") from None
    if broken := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
        raise InputError(f"{prefix}: {broken[0]} holds numbers that are not finite; take an earlier step")
    return arrays


def _is_weight(name: str, shape: list[int]) -> bool:
    """Whether a variable is not a scalar (step, learning rate, ...), an optimiser's slot or of another graph."""
    return bool(shape) and re.match(r"vector_rnn/(?!vector_rnn/)", name) is not None and "/Adam" not in name


def _structure(arrays: Mapping[str, np.ndarray], prefix: Path) -> dict:
    """The hyperparameters that the variables' names and shapes decide."""
    found: dict[str, Any] = {"conditional": any(name.startswith("vector_rnn/ENC_RNN") for name in arrays)}
    scopes = {"dec": "RNN", "enc": "ENC_RNN/fw"} if found["conditional"] else {"dec": "RNN"}
    for side, scope in scopes.items():
        kinds = [kind for kind in _CELL_NAMES if f"vector_rnn/{scope}/{kind}/W_hh" in arrays]
        if len(kinds) != 1:
            raise InputError(
                f"{prefix}: expected the variables of one cell, vector_rnn/{scope}/CELL/W_hh with CELL one of "
                f"{', '.join(_CELL_NAMES)}, received {len(kinds)}; this is no Sketch-RNN"
            )
        found[f"{side}_model"] = _CELL_NAMES[kinds[0]]
        found[f"{side}_rnn_size"] = len(arrays[f"vector_rnn/{scope}/{kinds[0]}/W_hh"])
    widths = {"num_mixture": "RNN/output_b"}
    if found["conditional"]:
        widths["z_size"] = "ENC_RNN_mu/super_linear_b"
    for key, name in widths.items():
        if f"vector_rnn/{name}" not in arrays:
            raise InputError(f"{prefix}: expected a variable vector_rnn/{name}, received none; this is no Sketch-RNN")
        found[key] = len(arrays[f"vector_rnn/{name}"])
    found["num_mixture"] = max(1, (found["num_mixture"] - 3) // 6)  # its exact width is checked with the other shapes
    return found


def _read_hparams(path: Path, found: dict) -> tuple[HParams, list[str]]:
    """The configuration, completed by what the variables say, and notes on what it lacked."""
    values = read_json(path, "Magenta's model_config.json") if path.is_file() else {}
    if isinstance(values, list) and all(isinstance(name, str) for name in values):
        values = {}  # Magenta: under Python 3 it wrote the names alone
    if not isinstance(values, dict):
        raise InputError(
            f"{path}: expected an object of hyperparameters, or a list of their names, received {shown(values)}"
        )
    given = {key: value for key, value in values.items() if key in HParams.model_fields and value is not None}
    hparams = HParams.from_dict(found | given, where=str(path))
    for key, value in found.items():
        if getattr(hparams, key) != value:
            raise InputError(f"{path}: {key} is {getattr(hparams, key)}, but the variables say {value}; correct it")
    inferred = [f"{key} {value}" for key, value in found.items() if key not in given]
    unknown = [key for key in values if key not in HParams.model_fields]
    original = [key for key in HParams.model_fields if key not in _OURS]
    missing = [key for key in original if key not in given and key not in found]
    if "data_set" in missing:  # not the default: what a model was trained on is not to be made up
        hparams = hparams.replace(data_set="unknown")
        missing.remove("data_set")
    notes = [] if path.is_file() else [f"there is no {path.name}"]
    if inferred:
        notes.append(f"inferred from the variables: {', '.join(inferred)}")
    if hparams.data_set == ["unknown"]:
        notes.append("the training data is not known")
    if missing:
        notes.append(f"the original's defaults are taken for {', '.join(missing)}")
    if unknown:
        notes.append(f"unknown hyperparameters are left aside: {', '.join(unknown)[:200]}")
    return hparams, notes
