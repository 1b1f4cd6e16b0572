"""Data files of a few drawings, and how arrays are compared."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sketch_rnn_keras.data.datasets import Dataset, load_dataset
from sketch_rnn_keras.data.npz import SPLITS


def make_drawings(seed: int, lengths: Iterable[int]) -> list[np.ndarray]:
    """int16 stroke-3 drawings of these lengths, all offsets within ±90."""
    rng = np.random.default_rng(seed)
    drawings = [np.append(rng.integers(-90, 90, (n, 2)), rng.random((n, 1)) < 0.2, axis=1) for n in lengths]
    return [drawing.astype(np.int16) for drawing in drawings]


def make_drawing(seed: int, length: int = 5, lifts: Sequence[int] = ()) -> np.ndarray:
    """A float32 stroke-3 drawing whose pen is lifted after the points `lifts` alone."""
    rows = np.random.default_rng(seed).integers(-50, 50, (length, 3))
    rows[:, 2] = 0
    rows[list(lifts), 2] = 1
    return rows.astype(np.float32)


def as_objects(items: Sequence) -> np.ndarray:
    """An object array with one element for each item, as Quick, Draw!'s files hold drawings."""
    array = np.empty(len(items), object)
    array[:] = list(items)
    return array


def write_data(path: Path, **splits: Sequence[np.ndarray]) -> Path:
    """Writes a data file; splits not given hold two drawings of 3 and 5 points."""
    default = make_drawings(0, [3, 5])
    np.savez_compressed(path, **{split: as_objects(splits.get(split, default)) for split in SPLITS})
    return path


def load(path: Path, train: Sequence[np.ndarray], valid: Sequence = (), test: Sequence = ()) -> Dataset:
    """Writes a data file of these drawings and loads it."""
    return load_dataset(write_data(path, train=train, valid=valid, test=test))


def assert_same(arrays: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    """Fails unless the arrays are the expected ones in number, shape, type and content."""
    assert len(arrays) == len(expected)
    for array, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, other, strict=True)
