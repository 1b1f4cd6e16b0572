"""A split as a `keras.utils.PyDataset`, for `SketchRNN.fit` and `evaluate`.

Enters: a split in data units, hyperparameters. Leaves: stroke-5 batches `[B, N_max + 1, 5]` in model units. This is the
one module in here that needs Keras; `Dataset.as_keras` imports it when it is asked for.
"""

import numpy as np

from ..backends import keras
from ..errors import InputError, whole_number
from ..hparams import HParams
from .batches import in_length_order, plain_batch, training_batch
from .datasets import Dataset, Split


class TrainingBatches(keras.utils.PyDataset):
    """The batches of the package's own loop, step by step: random and augmented.

    Args:
        dataset: supplies the training split, its scale factor and N_max.
        hparams: supplies the batch size, the augmentation and the seed.
        steps_per_epoch: batches in an epoch; as many as the split fills when None.
        start_step: the step of the first batch.
    """

    def __init__(self, dataset: Dataset, hparams: HParams, steps_per_epoch: int | None, start_step: int):
        super().__init__()
        if steps_per_epoch is None:
            steps_per_epoch = max(1, len(dataset.train) // hparams.batch_size)
        self._steps = whole_number("steps_per_epoch", steps_per_epoch, least=1)
        self._first = whole_number("start_step", start_step)
        self._dataset, self._hparams = dataset, hparams.replace(max_seq_len=dataset.max_seq_len)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        step = self._first + index
        batch = training_batch(self._dataset.train, self._hparams, step, scale_factor=self._dataset.scale_factor)
        return (batch.strokes5,)

    def on_epoch_end(self) -> None:
        """The next epoch goes on where this one ended."""
        self._first += self._steps


class EvaluationBatches(keras.utils.PyDataset):
    """The batches that losses are measured on: sorted by length, consecutive, unaugmented."""

    def __init__(self, split: Split, dataset: Dataset, hparams: HParams):
        super().__init__()
        if not len(split):
            raise InputError("as_keras: expected at least one drawing in the split, received none; choose another")
        self._split, self._dataset = split, dataset
        self._chosen = in_length_order(split, hparams.batch_size, dataset.max_seq_len)

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        data, chosen = self._dataset, self._chosen[index]
        return (plain_batch(self._split, chosen, data.max_seq_len, scale_factor=data.scale_factor).strokes5,)
