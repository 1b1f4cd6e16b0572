"""Checks of the drawings that a file holds. Enter: arrays as they were read. Leave: drawings, and what was left out."""

import numpy as np

from ..errors import InputError
from .splits import Dropped


def clean(
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
    flat = lay_end_to_end([array for array in arrays if array.size])
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


def lay_end_to_end(drawings: list[np.ndarray]) -> np.ndarray:
    """The rows of all drawings, float64 `[P, 3]`."""
    return np.concatenate([np.zeros((0, 3)), *drawings], dtype=np.float64)
