"""A model as the JSON document that `engine.js` reads: what it must know of the hyperparameters, and the weights.

Enters: a `SketchRNN`. Leaves: a dict of plain values. Tensors have the names under which the Python knows them
("decoder.recurrent_kernel", "output_head.bias"): the cells' are what `Cell.loop_weights` gives, so that both run the
same products.
"""

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backends import Tensor, ops
from ..errors import InputError
from ..model.cell import Cell, Tensors
from ..model.sketch_rnn import SketchRNN
from ..sampling import sample
from ..strokes import bounds

READ = (
    "conditional",
    "dec_model",
    "enc_model",
    "z_size",
    "num_mixture",
    "max_seq_len",
    "squash_start",
)  # by the engine
_PROJECTIONS = ("output_head", "mu", "presigma", "initial_state")
_DRAWN = 24  # sketches that the size of a drawing is estimated from
_EXAMPLES = 6
_NEARLY_NOTHING = 0.15  # of a drawing's longer side, or of its steps
_MOST_POINTS = 400  # of one of them


def document(model: SketchRNN, name: str, title: str, *, float32: bool = False) -> dict[str, Any]:
    """What a page needs to draw with a model.

    Args:
        model: conditional or decoder-only, with any of the cells.
        name: what it is called in the page.
        title: what it draws, in a line; may be empty.
        float32: keep the weights as they are; otherwise they are rounded to float16, half the size.

    Returns:
        "name", "title", "hparams" (those in `READ`), "scale_factor" (data units per model unit, 1 where unknown),
        "extent" (the median longer side of what the model draws, in data units), "first" (what its drawings' first row
        is, see `_first_row`), "examples" (drawings of its own, stroke-3 in data units), "dtype", "tensors" (name ->
        shape and offset in numbers) and "weights" (base64, little-endian).

    Raises:
        InputError: a weight is not finite, or does not fit float16.
    """
    dtype = "float32" if float32 else "float16"
    tensors, arrays, offset = {}, [], 0
    for tensor_name, tensor in _tensors(model):
        array = ops.convert_to_numpy(tensor).astype("float32")
        tensors[tensor_name] = {"shape": list(array.shape), "offset": offset}
        arrays.append(_stored(array, dtype, f"{name}: {tensor_name}"))
        offset += array.size
    hparams = model.hparams.model_dump(mode="json")
    drawings = _drawings(model)
    return {
        "name": name,
        "title": title,
        "hparams": {key: hparams[key] for key in READ},
        "scale_factor": model.scale_factor or 1.0,
        "extent": _extent(drawings),
        "first": _first_row(drawings),
        "examples": [np.round(drawing, 1).tolist() for drawing in drawings[:_EXAMPLES]],
        "dtype": dtype,
        "tensors": tensors,
        "weights": base64.b64encode(b"".join(arrays)).decode("ascii"),
    }


def _tensors(model: SketchRNN) -> Iterator[tuple[str, Tensor]]:
    """Every tensor that drawing and encoding read, under its name."""
    for cell in (model.decoder, model.encoder_forward, model.encoder_backward):
        if cell is not None:
            yield from _named(cell.name, cell.loop_weights())
            if _adds_bias_before_loop(cell):
                yield f"{cell.name}.bias", cell.bias.value
    for name in _PROJECTIONS:
        layer = getattr(model, name)
        if layer is not None:
            yield f"{name}.kernel", layer.kernel.value
            yield f"{name}.bias", layer.bias.value


def _adds_bias_before_loop(cell: Cell) -> bool:
    """Whether the cell has a bias that is part of its context, not of what a step reads."""
    return hasattr(cell, "bias") and "bias" not in cell.loop_weights()._fields


def _named(prefix: str, weights: Tensors) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a NamedTuple of tensors, possibly nested, with dotted names."""
    for field, value in zip(weights._fields, weights, strict=True):
        if hasattr(value, "_fields"):
            yield from _named(f"{prefix}.{field}", value)
        else:
            yield f"{prefix}.{field}", value


def _stored(array: np.ndarray, dtype: str, where: str) -> bytes:
    with np.errstate(over="ignore"):
        stored = array.astype(dtype).astype(f"<f{np.dtype(dtype).itemsize}")
    if not np.isfinite(array).all():
        raise InputError(f"{where}: expected finite weights, received some that are not; train the model anew")
    if not np.isfinite(stored).all():
        raise InputError(f"{where}: some weights are too large for float16; keep float32 (float32=True)")
    return stored.tobytes()


def _drawings(model: SketchRNN) -> list[np.ndarray]:
    """Sketches of the model's own that have something in them; none of a model that draws nothing."""
    most = min(model.hparams.max_seq_len, _MOST_POINTS)
    sketches = sample(model, _DRAWN, temperature=0.3, seed=0, max_points=most)
    return [sketch for sketch in sketches if len(sketch) > 1 and _longer_side(sketch) > 0]


def _first_row(drawings: list[np.ndarray]) -> str:
    """What the first row of a model's drawings is, in its data and so in what it draws.

    Returns:
        "corner": where the drawing's first point lies, seen from the top left corner of its bounds (Quick, Draw!'s
        simplified drawings); "point": that first point is the origin; "offset": it is the origin and has no row, so
        that the first row is the offset to the second point (Quick, Draw!'s .npz files).
    """
    if not drawings:
        return "point"
    steps = [np.hypot(drawing[:, 0], drawing[:, 1]) for drawing in drawings]
    if np.median([lengths[0] / (np.median(lengths) or 1.0) for lengths in steps]) < _NEARLY_NOTHING:
        return "point"
    corners = [np.abs(bounds(drawing)[:2]).max() / _longer_side(drawing) for drawing in drawings]
    return "corner" if np.median(corners) < _NEARLY_NOTHING else "offset"


def _longer_side(sketch: np.ndarray) -> float:
    x_min, y_min, x_max, y_max = bounds(sketch)
    return max(x_max - x_min, y_max - y_min)


def _extent(drawings: list[np.ndarray]) -> float:
    sides = [_longer_side(drawing) for drawing in drawings]
    median = float(np.median(sides)) if sides else 0.0
    return median if math.isfinite(median) and median > 0 else 1.0
