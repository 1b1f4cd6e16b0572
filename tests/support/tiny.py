"""Models and batches so small that making one takes a moment, for every test that needs one but not its size."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.strokes import to_stroke5

if TYPE_CHECKING:
    from sketch_rnn_keras.model.sketch_rnn import SketchRNN

SIZES = {"enc_rnn_size": 6, "dec_rnn_size": 8, "z_size": 3, "num_mixture": 2, "batch_size": 4, "max_seq_len": 12}
END = 2  # of the output head's biases: the logit of the end


def tiny_hparams(**changes: Any) -> HParams:
    """Hyperparameters of a tiny model; `changes` take the place of single ones."""
    return HParams(**(SIZES | changes))


def untrained_model(scale_factor: float | None = 4.0, **changes: Any) -> "SketchRNN":
    """A tiny `SketchRNN` as a training begins with it."""
    from sketch_rnn_keras.model.sketch_rnn import SketchRNN  # here: tests of data need no Keras

    return SketchRNN(tiny_hparams(**changes), scale_factor=scale_factor)


def tiny_model(
    *, seed: int = 0, spread: float = 1.0, end: float = 0.0, scale_factor: float | None = 4.0, **changes: Any
) -> "SketchRNN":
    """A tiny `SketchRNN` whose weights are all drawn from ±`spread`: none is zero, as some initial ones are.

    `end` is added to the logit of the end: below 0 its sketches are longer, far below they never end.
    """
    model = untrained_model(scale_factor, **changes)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(-spread, spread, weight.shape) for weight in model.weights])
    bias = model.output_head.bias
    bias.assign(bias.numpy() + end * (np.arange(bias.shape[0]) == END))
    return model


def tiny_batch(lengths: Sequence[int] = (3, 5), steps: int = 5, seed: int = 0) -> np.ndarray:
    """Sketches of these lengths in model units, float32 stroke-5 `[B, steps + 1, 5]` with the start token."""
    rng = np.random.default_rng(seed)
    sketches = [np.append(rng.normal(size=(n, 2)), rng.random((n, 1)) < 0.3, axis=1) for n in lengths]
    return np.stack([to_stroke5(sketch, steps) for sketch in sketches])


def tiny_drawings(count: int, scale: float = 4.0, longest: int = 12, seed: int = 0) -> list[np.ndarray]:
    """float32 stroke-3 drawings of 1 to `longest` points whose offsets have the standard deviation `scale`."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, count)
    drawings = [np.append(scale * rng.normal(size=(n, 2)), rng.random((n, 1)) < 0.3, axis=1) for n in lengths]
    return [drawing.astype("float32") for drawing in drawings]
