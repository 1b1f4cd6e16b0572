"""A model as three functions that run without this package: SavedModel or ONNX, by Keras' own exporter.

Enters: a `SketchRNN`. Leaves: a folder with `encoder`, `start` and `step`, and `sketch_rnn.json`, which says what a
caller must know beside them (units, sizes, the names of inputs and outputs). A caller draws as `sampling.py` does:

    state = start(z); point = (0, 0, 1, 0, 0)
    repeat: mixture, state = step(point, state, z); point = a draw from the mixture; until the pen says end

Source: section 3.2 of arXiv 1704.03477.
"""

import contextlib
import functools
import importlib.util
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from ..backends import Tensor
from ..errors import InputError, one_of
from ..files.writing import new_folder, unwritable, write_atomically
from ..strokes import START_TOKEN
from . import mixture
from .cell import Cell
from .recurrence import reverse

if TYPE_CHECKING:
    from .sketch_rnn import SketchRNN

FORMATS = {"tf_saved_model": "", "onnx": ".onnx"}  # Keras' names, and how the files end

NEEDED = {"tf_saved_model": ("tensorflow",), "onnx": ("tensorflow", "tf2onnx")}  # packages


class _Part(keras.layers.Layer):
    """A function of a `SketchRNN` as a layer, which a functional model can be made of.

    Args:
        name: of the function.
        function: `(inputs) -> {name: tensor}`.
        layers: the model's, whose weights it reads. The model as a whole is not among them: Keras would export
            all weights, and trace what the whole model computes, with each function.
    """

    def __init__(self, name: str, function: Callable[[Any], dict[str, Tensor]], layers: Sequence[keras.layers.Layer]):
        super().__init__(name=name)
        self.used = list(layers)
        self._function = function

    def call(self, inputs: Any) -> dict[str, Tensor]:
        return self._function(inputs)


def _encoder(model: "SketchRNN", strokes5: Tensor) -> dict[str, Tensor]:
    """`[B, N, 5]` without the start token, padded with end tokens -> mu and presigma, `[B, N_z]`."""
    x = ops.transpose(strokes5, (1, 0, 2))
    lengths = ops.sum(ops.cast(strokes5[..., 4] < 0.5, "int32"), axis=1)
    h = [_last_h(model.encoder_forward, x, lengths), _last_h(model.encoder_backward, reverse(x, lengths), lengths)]
    both = ops.concatenate(h, axis=-1)
    return {"mu": model.mu(both), "presigma": model.presigma(both)}


def _start(model: "SketchRNN", z: Tensor) -> dict[str, Tensor]:
    """z `[B, N_z]` -> the decoder's packed state before its first step, `[B, S]`."""
    return {"state": model.decoder.pack(model.decoder_start(z, ops.shape(z)[0]))}


def _step(model: "SketchRNN", inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The point before, the packed state and z -> the mixture of the next point, and the state after.

    That has a name of its own, since ONNX names inputs and outputs in one list.
    """
    point, cell = inputs["point"], model.decoder
    context = cell.context(ops.shape(point)[0], inputs.get("z"))
    state, _ = cell.step(cell.loop_weights(), point, context, cell.unpack(inputs["state"]))
    return {**mixture.from_raw(model.output_head(state.h))._asdict(), "next_state": cell.pack(state)}


def _last_h(cell: Cell, x: Tensor, lengths: Tensor) -> Tensor:
    """h `[B, H]` after each sketch's own steps, by a loop that ONNX knows: that of `recurrence` writes into buffers."""
    steps, batch_size, _ = ops.shape(x)
    weights, context = cell.loop_weights(), cell.context(batch_size)

    def advance(t: Tensor, state: Any) -> tuple[Tensor, Any]:
        after, _ = cell.step(weights, ops.take(x, t, axis=0), context, state)
        goes_on = (t < lengths)[:, None]
        return t + 1, keras.tree.map_structure(lambda new, old: ops.where(goes_on, new, old), after, state)

    start = (ops.convert_to_tensor(0, dtype="int32"), cell.zero_state(batch_size))
    return ops.while_loop(lambda t, _: t < steps, advance, start)[1].h


def parts(model: "SketchRNN") -> dict[str, keras.Model]:
    """The functions as functional models, for batches of any size and sketches of any length.

    Args:
        model: a `SketchRNN`; each part shares the weights that it reads.

    Returns:
        "encoder" and "start" of a conditional model, and "step".
    """
    inputs = {
        "point": keras.Input((5,), name="point"),
        "state": keras.Input((sum(model.decoder.state_sizes),), name="state"),
    }

    def part(name: str, function: Callable, inputs: Any, *layers: keras.layers.Layer) -> dict[str, keras.Model]:
        return {name: keras.Model(inputs, _Part(name, functools.partial(function, model), layers)(inputs))}

    made: dict[str, keras.Model] = {}
    if model.hparams.conditional:
        strokes5, z = keras.Input((None, 5), name="strokes5"), keras.Input((model.hparams.z_size,), name="z")
        inputs["z"] = z
        encoders = (model.encoder_forward, model.encoder_backward)
        made |= part("encoder", _encoder, strokes5, *encoders, model.mu, model.presigma)
        made |= part("start", _start, z, model.initial_state)
    return made | part("step", _step, inputs, model.decoder, model.output_head)


def export(model: "SketchRNN", folder: str | os.PathLike, format: str = "tf_saved_model") -> list[Path]:
    """Write the functions of a model, and what a caller must know beside them, into a new folder, in one step.

    Args:
        model: a `SketchRNN`.
        folder: where to; it must not exist, or be empty.
        format: "tf_saved_model", or "onnx", which needs the extra `export`.

    Returns:
        The files and folders that were written.

    Raises:
        InputError: as `new_export` does.
    """
    with new_export(folder, format) as draft:
        written = write_parts(model, draft, format)
    return [Path(folder) / path.name for path in written]


@contextlib.contextmanager
def new_export(folder: str | os.PathLike, format: str) -> Iterator[Path]:
    """Gives a draft of a folder, which gets its name when the block succeeds; the arguments are those of `export`.

    Raises:
        InputError: the format is none, the folder holds something or cannot be written, or a package is missing.
    """
    one_of("format", format, FORMATS)
    folder = Path(folder)
    for package in NEEDED[format]:
        if importlib.util.find_spec(package) is None:
            raise InputError(f"format {format}: {package} is not installed; pip install 'sketch-rnn-keras[export]'")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: expected a new or empty folder, received one with files in it; choose another")
    try:
        with new_folder(folder) as draft:
            yield draft
    except OSError as error:
        raise unwritable(folder, error) from None


def write_parts(model: "SketchRNN", folder: Path, format: str) -> list[Path]:
    """Write the functions of a model, and what a caller must know beside them; the files and folders."""
    made, ending, written = parts(model), FORMATS[format], []
    for name, part in made.items():
        path = folder / f"{name}{ending}"
        signature = keras.tree.map_structure(_specification, part._inputs_struct)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # NumPy's remark on a line of Keras' own
            part.export(str(path), format=format, verbose=False, input_signature=[signature])
        written.append(path)
    card = folder / "sketch_rnn.json"
    write_atomically(card, (json.dumps(_description(model, made), indent=2) + "\n").encode())
    return [*written, card]


def _specification(tensor: keras.KerasTensor) -> keras.InputSpec:
    return keras.InputSpec(dtype=tensor.dtype, shape=tensor.shape, name=tensor.name)


def _description(model: "SketchRNN", made: dict[str, keras.Model]) -> dict[str, Any]:
    """What `sketch_rnn.json` says; B sketches and N points are free in number."""

    def shapes(tensors: Any) -> dict[str, str]:
        named = tensors if isinstance(tensors, dict) else {tensors.name: tensors}
        return {name: f"[{', '.join(map(str, ('B', *_sizes(tensor))))}]" for name, tensor in named.items()}

    return {
        "functions": {
            name: {"inputs": shapes(part._inputs_struct), "outputs": shapes(part._outputs_struct)}
            for name, part in made.items()
        },
        "start_token": START_TOKEN,
        "scale_factor": model.scale_factor,
        "hparams": model.hparams.model_dump(mode="json"),
    }


def _sizes(tensor: keras.KerasTensor) -> list[int | str]:
    """Its sizes beside the batch's."""
    return ["N" if size is None else size for size in tensor.shape[1:]]
