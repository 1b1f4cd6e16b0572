"""From data files to clean splits and their scale factor (paper, section 3.1 and thesis, section 2.2).

Enters: names of data sets (`.npz` files, Quick, Draw! categories, built-in doodles). Leaves: a `Dataset` of drawings in
data units. A split keeps all its drawings end to end in one array, so that a batch (see `batches`) is one gather and
no Python loop runs over drawings or points while training.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError, one_of, whole_number
from ..hparams import HParams
from ..strokes import check_scale_factor, ragged_indices
from .catalog import Doodles, digest_named, read_named, resolve
from .npz import SPLITS

if TYPE_CHECKING:
    from .keras_batches import EvaluationBatches, TrainingBatches

OFFSET_LIMIT = 1000  # data units; longer jumps are cut to it


@dataclass(frozen=True, eq=False)
class Split:
    """The drawings of one split in data units, clamped, laid end to end.

    Attributes:
        offsets: float32 `[P, 3]`, stroke-3 rows; read-only.
        starts: int64 `[n]`, the first row of each drawing.
        lengths: int64 `[n]`, its number of points, at least 1.
    """

    offsets: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        """Returns drawing `index` as float32 stroke-3 `[n, 3]`, a read-only view."""
        start = self.starts[index]
        return self.offsets[start : start + self.lengths[index]]

    def gather(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns copies of the drawings `indices` end to end, float32 `[P', 3]`, and their lengths, int64 `[B]`."""
        lengths = self.lengths[indices]
        return self.offsets.take(ragged_indices(self.starts[indices], lengths), axis=0), lengths


class Dropped(NamedTuple):
    """Drawings of one split that were left out."""

    source: str
    split: str
    reason: str
    indices: tuple[int, ...]

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.indices[:5])) + (", ..." if len(self.indices) > 5 else "")
        return f"{self.source}, split {self.split}: left out {len(self.indices)} {self.reason} (number {shown})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits in data units, and the factor that makes them model units.

    Attributes:
        train, valid, test: the drawings; valid and test may have none.
        scale_factor: data units per model unit: the standard deviation of all dx and dy of the training split.
        max_seq_len: N_max, the points of the longest drawing of all splits.
        sources: `{"name": ..., "sha256": ...}` of each file, in the order given.
        dropped: what was left out, for each file, split and reason; `str()` of one is a sentence.
    """

    train: Split
    valid: Split
    test: Split
    scale_factor: float
    max_seq_len: int
    sources: list[dict[str, str]]
    dropped: list[Dropped]

    def as_keras(
        self, hparams: HParams, split: str = "train", *, steps_per_epoch: int | None = None, start_step: int = 0
    ) -> "TrainingBatches | EvaluationBatches":
        """A split as a `keras.utils.PyDataset`, for `SketchRNN.fit` and `evaluate`.

        It gives stroke-5 batches `[B, N_max + 1, 5]` in model units.

        Args:
            hparams: supplies the batch size, and for training the augmentation and the seed.
            split: "train" gives the random, augmented batches of the package's own loop, in its order; "valid" and
                "test" give the drawings sorted by length and unaugmented, the remainder dropped.
            steps_per_epoch: batches in an epoch of training; as many as the split fills when None.
            start_step: the step of the first batch, for a training that goes on.

        Raises:
            InputError: the split has fewer drawings than it takes, or is none of the three.
        """
        from . import keras_batches  # here: it is the one module of this folder that loads Keras

        if one_of("split", split, SPLITS) == "train":
            return keras_batches.TrainingBatches(self, hparams, steps_per_epoch, start_step)
        return keras_batches.EvaluationBatches(getattr(self, split), self, hparams)


def load_dataset(
    paths: str | os.PathLike | Sequence[str | os.PathLike],
    max_seq_len: int | None = None,
    *,
    data_dir: str | os.PathLike = "data",
    scale_factor: float | None = None,
) -> Dataset:
    """Loads one or several data sets, joined split by split and clamped.

    Args:
        paths: one name or several, each as `catalog.resolve` describes: an `.npz` file, a Quick, Draw! category
            (`cat`), or built-in drawings (`doodles:cat`).
        max_seq_len: drawings with more points are left out; None keeps all.
        data_dir: where the files of plain names lie and downloads land.
        scale_factor: data units per model unit, for data that a trained model is to see; None computes it.

    Returns:
        The data set.

    Raises:
        InputError: a file is missing, broken or hostile, a drawing is not a stroke-3 array of finite numbers, or no
            training drawing is left.
    """
    if max_seq_len is not None:
        whole_number("max_seq_len", max_seq_len, least=1)
    if scale_factor is not None:
        check_scale_factor(scale_factor)
    files = _read_all(paths, data_dir, SPLITS)
    parts: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    dropped = []
    for file in files:
        for split in SPLITS:
            drawings, left_out = _clean(file.arrays[split], file.name, split, max_seq_len)
            parts[split].extend(drawings)
            dropped.extend(left_out)
    names = ", ".join(file.name for file in files)
    if not parts["train"]:
        notes = "; ".join(map(str, dropped)) or "the split is empty"
        raise InputError(f"{names}, split train: no drawing is left ({notes})")

    flats = {split: _join(drawings) for split, drawings in parts.items()}
    factor = _scale_factor(flats["train"], names) if scale_factor is None else float(scale_factor)
    splits = {split: _make_split(flats[split], parts[split]) for split in SPLITS}
    longest = max(int(split.lengths.max()) for split in splits.values() if len(split))
    sources = [{"name": file.name, "sha256": digest_named(file.source, file.arrays)} for file in files]
    return Dataset(**splits, scale_factor=factor, max_seq_len=longest, sources=sources, dropped=dropped)


def load_split(
    paths: str | os.PathLike | Sequence[str | os.PathLike],
    split: str,
    *,
    data_dir: str | os.PathLike = "data",
) -> Split:
    """Loads one split of one or several data sets; the other splits are neither read nor made.

    Its drawings are clamped and in the order of `load_dataset`, where the arguments and the errors are described; but
    a split without drawings is no error.
    """
    one_of("split", split, SPLITS)
    files = _read_all(paths, data_dir, (split,))
    drawings = [drawing for file in files for drawing in _clean(file.arrays[split], file.name, split, None)[0]]
    return _make_split(_join(drawings), drawings)


class _File(NamedTuple):
    """A data set as it was named, what the name stands for, and its arrays by split, unchecked."""

    name: str
    source: Path | Doodles
    arrays: dict[str, list[np.ndarray]]


def _read_all(
    paths: str | os.PathLike | Sequence[str | os.PathLike], data_dir: str | os.PathLike, splits: Sequence[str]
) -> list[_File]:
    names = [os.fspath(name) for name in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if not names:
        raise InputError("expected at least one data set, received an empty list; name an .npz file or a category")
    sources = [resolve(name, data_dir) for name in names]
    return [_File(name, source, read_named(source, splits)) for name, source in zip(names, sources, strict=True)]


def _clean(
    arrays: list[np.ndarray], source: str, split: str, max_seq_len: int | None
) -> tuple[list[np.ndarray], list[Dropped]]:
    """Checks the drawings of one split and leaves out the empty and the over-long ones."""
    for index, array in enumerate(arrays):
        if array.size and (array.ndim != 2 or array.shape[1] != 3):
            raise InputError(
                f"{source}, split {split}, drawing {index}: expected rows (dx, dy, lift), shape [n, 3], "
                f"received shape {list(array.shape)}; convert the drawing to stroke-3"
            )
    lengths = np.array([array.size // 3 for array in arrays], np.int64)
    _check_values(arrays, lengths, source, split)
    limit = np.inf if max_seq_len is None else max_seq_len
    reasons = {"empty": lengths == 0, f"of more than {max_seq_len} points": lengths > limit}
    dropped = [
        Dropped(source, split, reason, tuple(np.flatnonzero(left_out).tolist()))
        for reason, left_out in reasons.items()
        if left_out.any()
    ]
    kept = np.flatnonzero((lengths > 0) & (lengths <= limit))
    return [arrays[index] for index in kept], dropped


def _check_values(arrays: list[np.ndarray], lengths: np.ndarray, source: str, split: str) -> None:
    flat = _join([array for array in arrays if array.size])
    checks = {
        "finite numbers": np.isfinite(flat).all(axis=1),
        "a lift of 0 or 1": (flat[:, 2] == 0) | (flat[:, 2] == 1),
    }
    for expected, holds in checks.items():
        if holds.all():
            continue
        row = int(np.argmin(holds))
        ends = np.cumsum(lengths)
        index = int(np.searchsorted(ends, row, side="right"))
        point = row - int(ends[index] - lengths[index])
        raise InputError(
            f"{source}, split {split}, drawing {index}, point {point}: expected {expected}, received (dx, dy, lift) = "
            f"{tuple(flat[row].tolist())}; correct or remove the drawing"
        )


def _join(drawings: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros((0, 3)), *drawings], dtype=np.float64)


def _scale_factor(train: np.ndarray, where: str) -> float:
    if np.ptp(clamp(train)) == 0:
        raise InputError(f"{where}, split train: all offsets equal {train[0, 0]:g}, so there is nothing to scale by")
    return scale_factor_of(train)


def scale_factor_of(train: np.ndarray) -> float:
    """Data units per model unit: the standard deviation of all clamped dx and dy of the training split `[P, 3]`."""
    return float(clamp(train).std(dtype=np.float64))


def clamp(flat: np.ndarray) -> np.ndarray:
    """The offsets `[P, 2]` of stroke-3 rows, cut to ±1000 data units."""
    return np.clip(flat[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT)


def _make_split(flat: np.ndarray, drawings: list[np.ndarray]) -> Split:
    offsets = flat.astype(np.float32)
    offsets[:, :2] = clamp(flat)
    offsets.setflags(write=False)
    lengths = np.array([len(drawing) for drawing in drawings], np.int64)
    return Split(offsets, np.cumsum(lengths) - lengths, lengths)
