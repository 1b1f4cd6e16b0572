"""Losses of a model over a split, without dropout and without augmentation.

Enters: a model and a split of a data set. Leaves: every loss term, averaged over sequential batches as the original
averages its validation losses.
"""

import numpy as np

from ..datasets import sequential_batches
from ..errors import InputError
from . import backend

_STREAM = 3  # the stream of evaluation, beside the three of training (see `loop.py`)


def latent_noise(model, batch_size: int, *key: int) -> np.ndarray:
    """Standard normals `[B, N_z]` for the latent vectors, a function of the integers in `key` such as (seed, step)."""
    return np.random.default_rng(key).standard_normal((batch_size, model.hparams.z_size), dtype="float32")


def evaluate(model, split, batch_size: int, max_seq_len: int) -> dict[str, float]:
    """Average loss terms of `model` over `split`.

    Args:
        model: a `SketchRNN`.
        split: a split of a data set in the model's units.
        batch_size: sketches per batch; the remainder is dropped.
        max_seq_len: N_max, the length that sketches are padded to. The means run over it, so losses of different
            N_max cannot be compared.

    Returns:
        The terms of `SketchRNN.loss_terms` as floats. The latent noise is the same at every call.

    Raises:
        InputError: the split is empty.
    """
    if not len(split):
        raise InputError("evaluate: expected at least one sketch in the split, found none; choose another split")
    run = model.compiled_functions.get("evaluate")
    if run is None:
        run = model.compiled_functions["evaluate"] = backend().compiled(model, model.loss_terms)
    batches = sequential_batches(split, batch_size, max_seq_len)
    results = [
        run(batch.strokes5, batch.lengths, latent_noise(model, len(batch.lengths), model.hparams.seed, k, _STREAM))
        for k, batch in enumerate(batches)
    ]
    return {name: float(np.mean([float(terms[name]) for terms in results])) for name in results[0]}
