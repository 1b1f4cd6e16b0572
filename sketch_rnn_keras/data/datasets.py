"""From data files to clean splits and their scale factor (paper, section 3.1 and thesis, section 2.2).

Enters: names of data sets (`.npz` files, folders, Quick, Draw! categories, built-in doodles). Leaves: a `Dataset` of
drawings in data units. Files are read into memory, folders stay on disk (`folders`); both give the same numbers.
"""

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError, one_of, whole_number
from ..hparams import HParams
from ..strokes import check_scale_factor
from .catalog import Doodles, category_of, digest_named, expand, read_named, resolve
from .cleaning import clean, lay_end_to_end
from .folders import MAX_CATEGORIES, Folder, is_folder, open_folder
from .npz import SPLITS
from .scaling import Moments, are_whole, clamp, deviation_of, in_data_units
from .splits import Dropped, Split, join

if TYPE_CHECKING:
    from .keras_batches import EvaluationBatches, TrainingBatches

__all__ = ["Dataset", "Dropped", "Split", "load_dataset", "load_split"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits in data units, and the factor that makes them model units.

    Attributes:
        train, valid, test: the drawings; valid and test may have none.
        scale_factor: data units per model unit: the standard deviation of all dx and dy of the training split.
        max_seq_len: N_max, the points of the longest drawing of all splits.
        sources: `{"name": ..., "sha256": ...}` of each file, in the order given; of a folder the SHA-256 of its
            manifest, which holds those of its files.
        dropped: what was left out, for each file, split and reason; `str()` of one is a sentence.
        categories: what the drawings show; `Split.categories` are places in it.
    """

    train: Split
    valid: Split
    test: Split
    scale_factor: float
    max_seq_len: int
    sources: list[dict[str, str]]
    dropped: list[Dropped]
    categories: tuple[str, ...] = ()

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
        paths: one name or several, each as `catalog.resolve` describes: an `.npz` file, a folder made by `convert`, a
            Quick, Draw! category (`cat`), many of them (`quickdraw:animals`, `quickdraw:all`), built-in drawings
            (`doodles:cat`), or a list of such names in a file (`@names.txt`).
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
    sources = _read_all(paths, data_dir, SPLITS, max_seq_len)
    names = ", ".join(source.name for source in sources)
    dropped = [drop for source in sources for part in source.parts.values() for drop in part.dropped]
    train = [source.parts["train"] for source in sources if len(source.parts["train"].split)]
    if not train:
        notes = "; ".join(map(str, dropped)) or "the split is empty"
        raise InputError(f"{names}, split train: no drawing is left ({notes})")
    factor = _scale_factor(train, names) if scale_factor is None else float(scale_factor)
    splits = {split: _joined(sources, split) for split in SPLITS}
    return Dataset(
        **splits,
        scale_factor=factor,
        max_seq_len=max(split.longest for split in splits.values()),
        sources=[{"name": source.name, "sha256": source.sha256} for source in sources],
        dropped=dropped,
        categories=_categories(sources),
    )


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
    return _joined(_read_all(paths, data_dir, (split,), None), split)


class _Part(NamedTuple):
    """One split of one source.

    Attributes:
        split: its drawings, but for those that were left out.
        dropped: those.
        moments: of its offsets; None where they are no whole numbers.
        exact: where they are none, what they were before they became float32, float64 `[P, 2]`; None: those of `split`.
        deviation: their standard deviation, where somebody has noted it.
    """

    split: Split
    dropped: list[Dropped]
    moments: Moments | None
    exact: np.ndarray | None = None
    deviation: float | None = None

    def blocks(self) -> Iterator[np.ndarray]:
        """The offsets, some at a time."""
        return self.split.offset_blocks() if self.exact is None else iter([self.exact])


class _Source(NamedTuple):
    """A data set as it was named, with the names of its categories."""

    name: str
    parts: dict[str, _Part]
    sha256: str
    categories: tuple[str, ...]


def _read_all(
    paths: str | os.PathLike | Sequence[str | os.PathLike],
    data_dir: str | os.PathLike,
    splits: Sequence[str],
    max_seq_len: int | None,
) -> list[_Source]:
    named = [os.fspath(name) for name in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if not named:
        raise InputError("expected at least one data set, received an empty list; name an .npz file or a category")
    names = [one for name in named for one in expand(name)]
    sources = [resolve(name, data_dir) for name in names]
    return [_read(name, source, splits, max_seq_len) for name, source in zip(names, sources, strict=True)]


def _read(name: str, source: Path | Doodles, splits: Sequence[str], max_seq_len: int | None) -> _Source:
    if isinstance(source, Path) and is_folder(source):
        folder = open_folder(source)
        parts = {split: _stored(folder, name, split, max_seq_len) for split in splits}
        return _Source(name, parts, folder.sha256, tuple(folder.manifest.categories))
    arrays = read_named(source, splits)
    parts = {split: _in_memory(arrays[split], name, split, max_seq_len) for split in splits}
    return _Source(name, parts, digest_named(source, arrays), (category_of(source),))


def _stored(folder: Folder, source: str, split: str, max_seq_len: int | None) -> _Part:
    """A split that stays on disk."""
    drawings, most = folder.split(split), folder.longest(split)
    if max_seq_len is None or most <= max_seq_len:
        noted = folder.manifest.scale_factor if split == "train" else None
        return _Part(drawings, [], folder.moments(split, most), deviation=noted)
    lengths, categories = drawings.lengths, drawings.categories
    assert categories is not None
    keeps = lengths <= max_seq_len
    kept = np.flatnonzero(keeps)
    dropped = Dropped(source, split, f"of more than {max_seq_len} points", np.flatnonzero(~keeps))
    left = Split(drawings.offsets, drawings.starts[kept], lengths[kept], categories[kept])
    return _Part(left, [dropped], folder.moments(split, max_seq_len))


def _in_memory(arrays: list[np.ndarray], source: str, split: str, max_seq_len: int | None) -> _Part:
    """A split of a file: its drawings one after the other, as float32."""
    drawings, dropped = clean(arrays, source, split, max_seq_len)
    flat = lay_end_to_end(drawings)
    lengths = np.array([len(drawing) for drawing in drawings], np.int64)
    starts, categories = np.cumsum(lengths) - lengths, np.zeros(len(lengths), np.uint16)
    flat[:, :2] = offsets = clamp(flat)
    whole = are_whole(offsets)
    return _Part(
        Split(in_data_units(flat), starts, lengths, categories),
        dropped,
        Moments.of(offsets) if whole else None,
        None if whole else offsets,
    )


def _joined(sources: Sequence[_Source], split: str) -> Split:
    """A split of all sources; categories of one name get one number."""
    names = {name: number for number, name in enumerate(_categories(sources))}
    dtype = np.uint16 if len(names) <= MAX_CATEGORIES else np.int64  # as many as one folder has, or more
    parts = []
    for source in sources:
        one = source.parts[split].split
        numbers = np.array([names[name] for name in source.categories], dtype)
        if one.categories is not None and not np.array_equal(numbers, np.arange(len(numbers))):
            one = replace(one, categories=numbers[one.categories])
        parts.append(one)
    return join(parts)


def _categories(sources: Sequence[_Source]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for source in sources for name in source.categories))


def _scale_factor(train: Sequence[_Part], where: str) -> float:
    """The standard deviation of all offsets of the training split."""
    moments = [part.moments for part in train]
    known = [one for one in moments if one is not None]
    if len(known) == len(moments):
        factor = functools.reduce(Moments.plus, known).deviation()
    elif len(train) == 1 and train[0].deviation is not None:
        factor = train[0].deviation
    else:
        factor = deviation_of(lambda: (block for part in train for block in part.blocks()))
    if not factor:
        value = train[0].split[0][0, 0]
        raise InputError(f"{where}, split train: all offsets equal {value:g}, so there is nothing to scale by")
    return factor
