"""Losses of a model over a split, without dropout and without augmentation.

Enters: a model and a split of a data set. Leaves: every loss term, averaged over sequential batches as the original
averages its validation losses.
"""

import numpy as np

from ..datasets import sequential_batches
from ..errors import InputError
from . import backend


def stream_seed(*key: int) -> np.ndarray:
    """A seed `[2]` for the model's `seed_generator`, a function of the integers in `key` such as (seed, step)."""
    word = int(np.random.SeedSequence(key).generate_state(1)[0]) >> 1  # fits the signed 32 bits of some backends
    return np.array([word, 0], dtype="int64")


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
        run = model.compiled_functions["evaluate"] = backend().compiled(model, lambda *batch: _terms(model, *batch))
    batches = sequential_batches(split, batch_size, max_seq_len)
    results = [run(b.strokes5, b.lengths, stream_seed(model.hparams.seed, k)) for k, b in enumerate(batches)]
    return {name: float(np.mean([float(terms[name]) for terms in results])) for name in results[0]}


def _terms(model, strokes5, lengths, seed):
    model.seed_generator.state.assign(seed)
    return model.loss_terms(strokes5, lengths)
