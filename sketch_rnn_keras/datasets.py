"""From data files to clean, normalised splits, and from those to batches (paper, section 3.1 and thesis, section 2.2).

Enters: names of data sets (`.npz` files, Quick, Draw! categories, built-in doodles). Leaves: a `Dataset`, and batches
of stroke-5 drawings. A split keeps all its drawings end to end in one array, so that a batch is one gather and no
Python loop runs over drawings or points while training.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .errors import InputError
from .npz import SPLITS
from .sources import Doodles, digest_source, read_source, resolve
from .strokes import drop_points, pad_stroke5, ragged_indices, scale_offsets

__all__ = [
    *("Batch", "Dataset", "Dropped", "Split", "load_dataset", "load_split"),
    *("random_batch", "resolve", "sequential_batches", "training_batches"),
]

OFFSET_LIMIT = 1000  # data units; longer jumps are cut to it
_AHEAD = 3  # batches prepared before they are asked for
_BATCH_STREAM = 0  # tells the noise of batches from other noise drawn with the same seed and step


@dataclass(frozen=True, eq=False)
class Split:
    """The normalised drawings of one split, laid end to end.

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
    """Three splits, normalised by one factor.

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


class Batch(NamedTuple):
    """Drawings ready for the model: strokes5 float32 `[B, max_seq_len + 1, 5]`, lengths int32 `[B]`."""

    strokes5: np.ndarray
    lengths: np.ndarray


def load_dataset(
    paths: str | os.PathLike | Sequence[str | os.PathLike],
    max_seq_len: int | None = None,
    *,
    data_dir: str | os.PathLike = "data",
    scale_factor: float | None = None,
) -> Dataset:
    """Loads one or several data sets, joined split by split, clamped and normalised.

    Args:
        paths: one name or several, each as `sources.resolve` describes: an `.npz` file, a Quick, Draw! category
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
    if max_seq_len is not None and max_seq_len < 1:
        raise InputError(f"max_seq_len: expected at least 1 point, got {max_seq_len}")
    if scale_factor is not None and not 0 < scale_factor < np.inf:
        raise InputError(f"scale_factor: expected a positive number, got {scale_factor}")
    files = _read_all(paths, data_dir, SPLITS)
    parts, dropped = {split: [] for split in SPLITS}, []
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
    splits = {split: _make_split(flats[split], parts[split], factor) for split in SPLITS}
    longest = max(int(split.lengths.max()) for split in splits.values() if len(split))
    sources = [{"name": file.name, "sha256": digest_source(file.source, file.arrays)} for file in files]
    return Dataset(**splits, scale_factor=factor, max_seq_len=longest, sources=sources, dropped=dropped)


def load_split(
    paths: str | os.PathLike | Sequence[str | os.PathLike],
    split: str,
    *,
    data_dir: str | os.PathLike = "data",
) -> Split:
    """Loads one split of one or several data sets, in data units; the other splits are neither read nor made.

    Its drawings are clamped and in the order of `load_dataset`, where the arguments and the errors are described; but
    a split without drawings is no error.
    """
    if split not in SPLITS:
        raise InputError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
    files = _read_all(paths, data_dir, (split,))
    drawings = [drawing for file in files for drawing in _clean(file.arrays[split], file.name, split, None)[0]]
    return _make_split(_join(drawings), drawings, 1.0)


def random_batch(
    split: Split,
    batch_size: int,
    max_seq_len: int,
    rng: np.random.Generator,
    random_scale_factor: float = 0.0,
    augment_stroke_prob: float = 0.0,
) -> Batch:
    """Draws distinct drawings at random and augments them (thesis, section 2.2).

    Args:
        split: where to draw from.
        batch_size: B.
        max_seq_len: N_max, in points.
        rng: the source of all randomness.
        random_scale_factor: f; the x and the y of each drawing are scaled by two draws from U(1 - f, 1 + f).
        augment_stroke_prob: the probability with which `strokes.drop_points` drops a point.

    Raises:
        InputError: the split has fewer than `batch_size` drawings, or one of more than `max_seq_len` points.
    """
    _check_batch(split, batch_size, max_seq_len)
    flat, lengths = split.gather(rng.choice(len(split), batch_size, replace=False))
    if random_scale_factor > 0:
        factors = rng.uniform(1 - random_scale_factor, 1 + random_scale_factor, (batch_size, 2))
        flat = scale_offsets(flat, lengths, factors)
    if augment_stroke_prob > 0:
        flat, lengths = drop_points(flat, lengths, rng.random(len(flat)), augment_stroke_prob)
    return Batch(pad_stroke5(flat, lengths, max_seq_len), lengths.astype(np.int32))


def training_batches(
    split: Split,
    *,
    batch_size: int,
    max_seq_len: int,
    seed: int,
    num_steps: int,
    start_step: int = 0,
    random_scale_factor: float = 0.0,
    augment_stroke_prob: float = 0.0,
) -> Iterator[Batch]:
    """Gives the batches of steps `start_step` to `num_steps - 1`, prepared ahead in a thread.

    The batch of a step depends on `(seed, step)` alone, so a resumed run sees what an uninterrupted one sees. The
    thread ends with the iterator: when it is exhausted, closed or discarded. For the other arguments and the errors
    see `random_batch`.
    """
    _check_batch(split, batch_size, max_seq_len)

    def make(step: int) -> Batch:
        rng = np.random.default_rng([seed, step, _BATCH_STREAM])
        return random_batch(split, batch_size, max_seq_len, rng, random_scale_factor, augment_stroke_prob)

    return _prepare_ahead(make, range(start_step, num_steps))


def sequential_batches(split: Split, batch_size: int, max_seq_len: int) -> Iterator[Batch]:
    """Gives the drawings of a split sorted by length, in consecutive batches, unaugmented, for evaluation.

    Drawings of one length keep their order. The remainder of the last batch is dropped, as the original does; but a
    split of fewer than `batch_size` drawings gives one batch of them all, and an empty split gives none.

    Raises:
        InputError: a drawing has more than `max_seq_len` points, or `batch_size` is not positive.
    """
    batch_size = min(batch_size, len(split)) or batch_size
    if len(split):
        _check_batch(split, batch_size, max_seq_len)
    order = np.argsort(split.lengths, kind="stable")
    for first in range(0, len(split) - batch_size + 1, batch_size):
        flat, lengths = split.gather(order[first : first + batch_size])
        yield Batch(pad_stroke5(flat, lengths, max_seq_len), lengths.astype(np.int32))


def _prepare_ahead(make: Callable[[int], Batch], steps: Iterable[int]) -> Iterator[Batch]:
    pending: deque[Future] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as executor:
        try:
            for step in steps:
                pending.append(executor.submit(make, step))
                if len(pending) > _AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _check_batch(split: Split, batch_size: int, max_seq_len: int) -> None:
    if not 1 <= batch_size <= len(split):
        raise InputError(
            f"batch_size: expected between 1 and {len(split)}, the number of drawings in the split, got {batch_size}; "
            "lower batch_size or add drawings"
        )
    longest = split.lengths.max()
    if longest > max_seq_len:
        raise InputError(
            f"max_seq_len: expected at least {longest}, the points of the longest drawing, got {max_seq_len}; "
            "load the data with that limit or raise it"
        )


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
        raise InputError("expected at least one data set, got an empty list; name an .npz file or a category")
    sources = [resolve(name, data_dir) for name in names]
    return [_File(name, source, read_source(source, splits)) for name, source in zip(names, sources, strict=True)]


def _clean(
    arrays: list[np.ndarray], source: str, split: str, max_seq_len: int | None
) -> tuple[list[np.ndarray], list[Dropped]]:
    """Checks the drawings of one split and leaves out the empty and the over-long ones."""
    for index, array in enumerate(arrays):
        if array.size and (array.ndim != 2 or array.shape[1] != 3):
            raise InputError(
                f"{source}, split {split}, drawing {index}: expected rows (dx, dy, lift), shape [n, 3], "
                f"got shape {list(array.shape)}; convert the drawing to stroke-3"
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
            f"{source}, split {split}, drawing {index}, point {point}: expected {expected}, got (dx, dy, lift) = "
            f"{tuple(flat[row].tolist())}; correct or remove the drawing"
        )


def _join(drawings: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros((0, 3)), *drawings], dtype=np.float64)


def _scale_factor(train: np.ndarray, source: str) -> float:
    offsets = _clamp(train)
    if np.ptp(offsets) == 0:
        raise InputError(f"{source}, split train: all offsets equal {offsets[0, 0]:g}, so there is nothing to scale by")
    return float(offsets.std())


def _clamp(flat: np.ndarray) -> np.ndarray:
    return np.clip(flat[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT)


def _make_split(flat: np.ndarray, drawings: list[np.ndarray], factor: float) -> Split:
    offsets = np.empty(flat.shape, np.float32)
    offsets[:, :2] = _clamp(flat) / factor
    offsets[:, 2] = flat[:, 2]
    offsets.setflags(write=False)
    lengths = np.array([len(drawing) for drawing in drawings], np.int64)
    return Split(offsets, np.cumsum(lengths) - lengths, lengths)
