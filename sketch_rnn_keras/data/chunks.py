"""Some drawings on their way to a data set: what processes that read give to the one that writes.

Enter: stroke-3 drawings, their categories and their splits. Leaves: a `Chunk`, whose drawings lie end to end.
"""

from typing import Any, NamedTuple

import numpy as np

from .scaling import clamp

DRAWING = np.dtype([("length", "<i4"), ("category", "<i4"), ("split", "<i1"), ("total", "<i8"), ("squares", "<i8")])
NO_SPLIT = -1


def fit_int16(offsets: np.ndarray) -> np.ndarray:
    """Of each row of numbers `[P, 2]`, whether int16 holds both as they are: bool `[P]`."""
    holds = (offsets == np.rint(offsets)) & (offsets >= -(2**15)) & (offsets < 2**15)
    return holds.all(axis=1)


def narrowed(stroke3: np.ndarray) -> np.ndarray:
    """A drawing `[n, 3]` as int16, if that can hold it, or else as float32."""
    return stroke3.astype(np.int16 if fit_int16(stroke3[:, :2]).all() else np.float32, copy=False)


class Chunk(NamedTuple):
    """Some drawings, and what is to be remembered beside them.

    Attributes:
        rows: int16 or float32 `[P, 3]`, the drawings end to end.
        drawings: a `DRAWING` for each; its category is a place in `categories`.
        categories: the names of what these drawings show.
        notes: anything that is JSON.
    """

    rows: np.ndarray
    drawings: np.ndarray
    categories: list[str]
    notes: dict[str, Any]


def make_chunk(
    drawings: list[np.ndarray], categories: list[str], splits: list[int], notes: dict[str, Any] | None = None
) -> Chunk:
    """A `Chunk` of stroke-3 drawings `[n, 3]`, int16 or float32, each with its category and its split or `NO_SPLIT`."""
    rows = np.concatenate([np.zeros((0, 3), np.int16), *drawings])
    places = {name: place for place, name in enumerate(dict.fromkeys(categories))}
    numbers = np.array([places[name] for name in categories], np.int32)
    lengths = np.array([len(drawing) for drawing in drawings], np.int32)
    return chunk_of(rows, lengths, numbers, np.array(splits, np.int8), list(places), notes or {})


def chunk_of(
    rows: np.ndarray,
    lengths: np.ndarray,
    numbers: np.ndarray,
    splits: np.ndarray,
    categories: list[str],
    notes: dict[str, Any],
) -> Chunk:
    """A `Chunk` of drawings that lie end to end already; `numbers` are places in `categories`."""
    made = np.zeros(len(lengths), DRAWING)
    made["length"], made["category"], made["split"] = lengths, numbers, splits
    if rows.dtype == np.int16 and len(lengths):
        offsets = clamp(rows).astype(np.int64)
        firsts = np.cumsum(made["length"], dtype=np.int64) - made["length"]
        made["total"] = np.add.reduceat(offsets.sum(axis=1), firsts)
        made["squares"] = np.add.reduceat((offsets * offsets).sum(axis=1), firsts)
    return Chunk(rows, made, categories, notes)
