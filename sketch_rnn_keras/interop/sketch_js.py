"""The JSON models of sketch-rnn-js and @magenta/sketch, `.gen.json` (decoder only) and `.vae.json`: read and written.

A file is `[info, shapes, weights]`. `info` holds mode, version, max_seq_len (N_max), name and scale_factor; `weights`
is a list of base64 strings of little-endian int16 q, each the value 10 q / 32767; `shapes` says how each is laid out.
Enters or leaves: a `SketchRNN` with LSTM cells, which is all that the clients can run. They have 20 mixture components:
a model of fewer leaves with copies of its own, a model of more cannot.

Modes are 2 or "gen" for a decoder alone, 0, 1 or "vae" for the whole model. In a VAE of a version before 6, tanh(z)
sets the decoder's initial state, while z itself is its input as ever: `hparams.squash_start`. That is the rule of the
client's stepwise functions, which its demos use; its function `decode` forgets it. No version means a new one.
"""

import base64
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, shown
from ..files.records import write_anew
from ..hparams import HParams
from ..model.provenance import Provenance
from ..model.sketch_rnn import SketchRNN
from ..strokes import check_scale_factor
from . import magenta
from .js_format import base64_length, is_shape, read_document

LIMIT = 10.0  # weights beyond it are clamped
LEVELS = 32767  # of the int16 on either side of 0
MIXTURES = 20  # the clients' constant
VERSION = 6  # the first of z as it is
MODES = {2: "gen", "gen": "gen", 0: "vae", 1: "vae", "vae": "vae"}

_DECODER = ("RNN/output_w", "RNN/output_b", *(f"RNN/LSTMCell/{part}" for part in ("W_xh", "W_hh", "bias")))
_ENCODER = (
    *(f"ENC_RNN/{way}/LSTMCell/{part}" for way in ("fw", "bw") for part in ("W_xh", "W_hh", "bias")),
    *(f"{scope}/super_linear_{part}" for scope in ("ENC_RNN_mu", "ENC_RNN_sigma", "linear") for part in "wb"),
)
ORDER = {"gen": _DECODER, "vae": _ENCODER + _DECODER}  # the original's variables, as they follow each other in a file


class Rounding(NamedTuple):
    """What writing a model changed: absolute differences of its weights, and how many were beyond ±10."""

    weights: int
    largest_error: float
    mean_error: float
    clamped: int

    def __str__(self) -> str:
        return (
            f"{self.weights:,} weights rounded to 16 bits: largest error {self.largest_error:.2g}, mean "
            f"{self.mean_error:.2g}; {self.clamped:,} clamped to ±{LIMIT:g}"
        )


# ------------------------------------------------------------------------------------------------------------ reading


def load(path: str | os.PathLike, scale_factor: float | None = None) -> SketchRNN:
    """Open a `.gen.json` or `.vae.json` file.

    Args:
        path: the file, at most 128 MiB.
        scale_factor: data units (pixels, to the clients) per model unit, in place of what the file says.

    Returns:
        The model: sizes from the file's shapes, N_max and the name of the data from its `info`.

    Raises:
        InputError: the file is no such model.
    """
    path = Path(path)
    info, shapes, blobs = read_document(path)
    kind, is_old = _kind(info, path)
    for part, values in (("shapes", shapes), ("weights", blobs)):
        if len(values) != len(ORDER[kind]):
            raise InputError(f"{path}: expected {len(ORDER[kind])} {part} of a {kind} model, received {len(values)}")
    sizes, layout = _check_shapes(kind, shapes, path)
    arrays = {
        f"vector_rnn/{name}": _decode(blob, layout[name], f"{path}, weights [{k}] ({name})")
        for k, (name, blob) in enumerate(zip(ORDER[kind], blobs, strict=True))
    }
    name = info.get("name", path.name.split(".")[0])
    if not isinstance(name, str) or len(name) > 1000:
        raise InputError(f"{path}, info: name: expected a text of at most 1000 characters, received {shown(name)}")
    given = {"data_set": name, "max_seq_len": info.get("max_seq_len"), "num_mixture": MIXTURES, **sizes}
    given |= {"conditional": kind == "vae", "squash_start": kind == "vae" and is_old}
    hparams = HParams.from_dict(given, f"{path}, info")
    origin = f"sketch-rnn-js model {path.name}, version {str(info.get('version', 'not given'))[:20]}"
    try:
        scale_factor = info.get("scale_factor") if scale_factor is None else scale_factor
        model = SketchRNN(hparams, scale_factor, Provenance(origin=origin, version=None))
    except InputError as error:
        raise InputError(f"{path}, info: {error}") from None
    magenta.assign_variables(model, arrays)
    return model


def _kind(info: dict, path: Path) -> tuple[str, bool]:
    """Whether it is a "gen" or a "vae", and of a version before 6."""
    mode, version = info.get("mode"), info.get("version", VERSION)
    if isinstance(mode, bool) or not isinstance(mode, int | float | str) or mode not in MODES:
        raise InputError(f"{path}, info: mode: expected one of {', '.join(map(repr, MODES))}, received {shown(mode)}")
    if isinstance(version, bool) or not isinstance(version, int | float):
        raise InputError(f"{path}, info: version: expected a number, received {shown(version)}")
    return MODES[mode], version < VERSION


def _check_shapes(kind: str, shapes: list, path: Path) -> tuple[dict[str, int], dict[str, list[int]]]:
    """The hyperparameters that the shapes decide, and the shape of each array by name."""
    for k, shape in enumerate(shapes):
        if not is_shape(shape):
            raise InputError(
                f"{path}, shapes [{k}]: expected one or two positive whole numbers, received {shown(shape)}"
            )
    found = dict(zip(ORDER[kind], shapes, strict=True))
    sizes = {"dec_rnn_size": found["RNN/LSTMCell/W_hh"][0]}
    if kind == "vae":
        sizes |= {"enc_rnn_size": found["ENC_RNN/fw/LSTMCell/W_hh"][0], "z_size": found["linear/super_linear_w"][0]}
    layout = _layout(**sizes)
    for k, name in enumerate(ORDER[kind]):
        if found[name] != layout[name]:
            raise InputError(
                f"{path}, shapes [{k}] ({name}): expected {layout[name]} beside the other shapes and {MIXTURES} "
                f"mixture components, received {found[name]}"
            )
    return sizes, layout


def _layout(dec_rnn_size: int, enc_rnn_size: int = 0, z_size: int = 0) -> dict[str, list[int]]:
    """The shape of each array by name."""
    outputs = 3 + 6 * MIXTURES
    layout: dict[str, list[int]] = {}
    cells = {"RNN": (5 + z_size, dec_rnn_size), "ENC_RNN/fw": (5, enc_rnn_size), "ENC_RNN/bw": (5, enc_rnn_size)}
    for scope, (inputs, units) in cells.items():
        parts = {"W_xh": [inputs, 4 * units], "W_hh": [units, 4 * units], "bias": [4 * units]}
        layout |= {f"{scope}/LSTMCell/{part}": shape for part, shape in parts.items()}
    linear = {"RNN/output_": (dec_rnn_size, outputs), "linear/super_linear_": (z_size, 2 * dec_rnn_size)}
    linear |= {f"ENC_RNN_{part}/super_linear_": (2 * enc_rnn_size, z_size) for part in ("mu", "sigma")}
    for name, (inputs, width) in linear.items():
        layout |= {f"{name}w": [inputs, width], f"{name}b": [width]}
    return layout


def _decode(text: Any, shape: list[int], where: str) -> np.ndarray:
    count = math.prod(shape)
    if not isinstance(text, str) or len(text) != base64_length(count):
        received = f"{len(text)} characters" if isinstance(text, str) else type(text).__name__
        raise InputError(
            f"{where}: expected base64 text of {2 * count} bytes for the shape {shape}, received {received}"
        )
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputError(f"{where}: expected base64 text: {error}") from None
    if len(raw) != 2 * count:
        raise InputError(f"{where}: expected {2 * count} bytes for the shape {shape}, received {len(raw)}")
    return (LIMIT * np.frombuffer(raw, "<i2").reshape(shape).astype("float64") / LEVELS).astype("float32")


# ------------------------------------------------------------------------------------------------------------ writing


def save(
    model: SketchRNN, path: str | os.PathLike, name: str | None = None, scale_factor: float | None = None
) -> Rounding:
    """Write a model for sketch-rnn-js, @magenta/sketch and what is built on them; a file that exists is replaced.

    Args:
        model: with LSTM cells and at most 20 mixture components. Fewer are written as 20 of the same density.
        path: `NAME.gen.json` for a decoder alone, `NAME.vae.json` for a conditional model (@magenta/sketch itself runs
            decoders only; sketch-rnn-js runs both).
        name: what the clients call the model; by default that of the file.
        scale_factor: data units per model unit; by default the model's own.

    Returns:
        How far the weights were changed by rounding them.

    Raises:
        InputError: the format cannot hold the model, no scale factor is known, or the file cannot be written.
    """
    path, kind = Path(path), "vae" if model.hparams.conditional else "gen"
    _check_exportable(model, path, kind)
    scale_factor = model.scale_factor if scale_factor is None else scale_factor
    if scale_factor is None:
        raise InputError(f"{path}: expected a scale_factor, which the clients need, and the model has none; give one")
    info = {
        "mode": 2 if kind == "gen" else 0,
        "version": VERSION - 1 if kind == "vae" and model.hparams.squash_start else VERSION,
        "max_seq_len": model.hparams.max_seq_len,
        "name": path.name.split(".")[0] if name is None else name,
        "scale_factor": check_scale_factor(scale_factor),
    }
    variables = magenta.read_variables(model)
    kernel, bias = (f"vector_rnn/RNN/output_{part}:0" for part in "wb")
    variables[kernel], variables[bias] = _widen(variables[kernel], variables[bias])
    arrays = [variables[f"vector_rnn/{name}:0"] for name in ORDER[kind]]
    levels = [_quantise(array) for array in arrays]
    shapes, blobs = [list(array.shape) for array in arrays], [base64.b64encode(q.tobytes()).decode() for q in levels]
    content = json.dumps([info, shapes, blobs], separators=(",", ":")).encode()
    write_anew(path, content)
    return _rounding(arrays, levels)


def _check_exportable(model: SketchRNN, path: Path, kind: str) -> None:
    hparams = model.hparams
    for key in ("dec_model", "enc_model") if kind == "vae" else ("dec_model",):
        if getattr(hparams, key) != "lstm":
            raise InputError(
                f"{path}: the format holds models with {key} = 'lstm' only, this one has {getattr(hparams, key)!r}; "
                "save it as .keras"
            )
    if hparams.num_mixture > MIXTURES:
        raise InputError(
            f"{path}: the clients have {MIXTURES} mixture components, this model has {hparams.num_mixture}; save it as "
            ".keras"
        )
    for other in {"gen", "vae"} - {kind}:
        if path.name.lower().endswith(f".{other}.json"):
            what = "conditional" if kind == "vae" else "decoder-only"
            raise InputError(f"{path}: this model is {what}: give it a name that ends in .{kind}.json")
    for name, array in magenta.read_variables(model).items():
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} holds numbers that are not finite")


def _widen(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The output head with 20 mixture components in place of M, of the same density at every temperature.

    Each component is repeated equally often. Where M does not divide 20, the places left over get copies of the
    component with the largest bias, less likely than it by the largest difference of two biases that the format holds:
    exp(-20) is 2e-9.

    Args:
        kernel: `[H, 6 M + 3]`.
        bias: `[6 M + 3]`.

    Returns:
        The two, 123 wide.
    """
    components = (len(bias) - 3) // 6
    repeats, left_over = divmod(MIXTURES, components)
    largest = bias[3 : 3 + components].argmax()
    chosen = np.concatenate([np.repeat(np.arange(components), repeats), np.full(left_over, largest)])
    columns = np.concatenate([np.arange(3), *(3 + part * components + chosen for part in range(6))])
    kernel, bias = kernel[:, columns], bias[columns]
    if left_over:
        weights = bias[3 : 3 + MIXTURES]  # a view: the logarithms of the components' weights, up to a common number
        weights += LIMIT - weights.max()
        weights[-left_over:] = -LIMIT
    return kernel, bias


def _quantise(array: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(array.astype("float64"), -LIMIT, LIMIT) * LEVELS / LIMIT).astype("<i2")


def _rounding(arrays: Sequence[np.ndarray], levels: Sequence[np.ndarray]) -> Rounding:
    errors = np.concatenate([np.abs(a - LIMIT * q / LEVELS).ravel() for a, q in zip(arrays, levels, strict=True)])
    clamped = sum(int(np.count_nonzero(np.abs(array) > LIMIT)) for array in arrays)
    return Rounding(len(errors), float(errors.max()), float(errors.mean()), clamped)
