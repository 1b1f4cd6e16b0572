"""Models so small that building one takes a moment, for every test that needs a model but not its size."""

from typing import Any

import numpy as np

from sketch_rnn_keras.hparams import HParams

SIZES = {"enc_rnn_size": 6, "dec_rnn_size": 8, "z_size": 3, "num_mixture": 2, "batch_size": 4, "max_seq_len": 12}


def tiny_hparams(**changes: Any) -> HParams:
    """Hyperparameters of a tiny model; `changes` take the place of single ones."""
    return HParams(**(SIZES | changes))


def tiny_model(*, seed: int = 0, spread: float = 1.0, scale_factor: float | None = 4.0, **changes: Any):
    """A tiny `SketchRNN` whose weights are all drawn from ±`spread`: none is zero, as some initial ones are."""
    from sketch_rnn_keras.model.sketch_rnn import SketchRNN  # here: tests of data need no Keras

    model = SketchRNN(tiny_hparams(**changes), scale_factor=scale_factor)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(-spread, spread, weight.shape) for weight in model.weights])
    return model
