"""Files of drawings for the tests of conversion, and how to read what comes out."""

import json
from pathlib import Path

import numpy as np

from sketch_rnn_keras.data.npz import read_splits
from sketch_rnn_keras.strokes import to_polylines

SQUARE = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]], [[9, 9], [50, 60]]]  # in columns, a square and a line
ALL = {"splits": (1, 0, 0), "overwrite": True}  # options: every drawing to the training split


def random_drawings(count: int, seed: int = 0) -> list[list]:
    """Drawings in columns, as Quick, Draw! has them, all different."""
    rng = np.random.default_rng(seed)
    return [[rng.integers(0, 256, (2, 5)).tolist(), [[0, 255], [k % 256, k // 256]]] for k in range(count)]


def write_lines(path: Path, drawings: list, **fields) -> Path:
    path.write_text("".join(json.dumps(fields | {"drawing": drawing}) + "\n" for drawing in drawings))
    return path


def columns_of(stroke3: np.ndarray) -> list:
    return [points.T.astype(int).tolist() for points in to_polylines(stroke3)]


def train_of(path: Path) -> list[np.ndarray]:
    return read_splits(path)["train"]
