"""Losses of a model over a split, without dropout and without augmentation.

Enters: a model and a split of a data set in data units. Leaves: every loss term, averaged over sequential batches as
the original averages its validation losses.
"""

from typing import Any

import numpy as np

from ..backends import Devices, open_devices
from ..data.batches import in_length_order, plain_batch
from ..data.datasets import Split
from ..errors import InputError
from ..hparams import HParams
from ..model.losses import TERMS
from ..model.sketch_rnn import SketchRNN
from ..streams import Stream, generator


def latent_noise(hparams: HParams, stream: Stream, index: int, batch_size: int) -> np.ndarray:
    """Standard normals for the latent vectors of one batch.

    Args:
        hparams: supplies the seed and N_z.
        stream: what the batch is for.
        index: its place in the stream.
        batch_size: B.

    Returns:
        float32 `[B, N_z]`.
    """
    return generator(hparams.seed, stream, index).standard_normal((batch_size, hparams.z_size), dtype="float32")


def evaluate(
    model: SketchRNN, split: Split, batch_size: int, max_seq_len: int, devices: Devices | int | str = 1
) -> dict[str, float]:
    """Average loss terms of `model` over `split`.

    Args:
        model: a `SketchRNN`; its scale factor makes the drawings model units.
        split: a split of a data set.
        batch_size: sketches per batch; the remainder is dropped.
        max_seq_len: N_max, the length that sketches are padded to. The means run over it, so losses of different
            N_max cannot be compared.
        devices: which share the batches among them, as `train` has them; the losses are those of one device.

    Returns:
        The terms of `SketchRNN.loss_terms` as floats. The latent noise is the same at every call.

    Raises:
        InputError: the split is empty.
    """
    if not len(split):
        raise InputError("evaluate: expected at least one sketch in the split, received none; choose another split")
    group = open_devices(devices)
    run = model.compiled_function(SketchRNN.loss_terms)
    chosen = in_length_order(split, batch_size, max_seq_len)

    def losses(k: int, place: Any) -> list[float]:
        batch = plain_batch(split, chosen[k], max_seq_len, scale_factor=model.scale_factor or 1.0)
        noise = latent_noise(model.hparams, Stream.VALIDATION_LATENT, k, len(batch.lengths))
        terms = run(batch.strokes5, batch.lengths, noise, place=place)
        return [float(terms[name]) for name in TERMS]

    own = range(group.process, len(chosen), group.processes)
    results = np.zeros((len(chosen), len(TERMS)), np.float32)
    for k, row in zip(own, group.each(losses, own), strict=True):
        results[k] = row
    means = group.total(results).mean(axis=0, dtype=np.float64)
    return dict(zip(TERMS, means.tolist(), strict=True))
