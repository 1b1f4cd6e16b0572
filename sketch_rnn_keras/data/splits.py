"""The drawings of one split, in memory or on disk behind one interface.

Enters: stroke-3 rows laid end to end, and where each drawing begins. Leaves: drawings and batches of them in data
units. A batch is one gather (see `batches`): no Python loop runs over drawings or points while training.
"""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from ..errors import InputError
from ..strokes import ragged_indices
from .scaling import in_data_units

_BLOCK = 2**20  # rows that are read at once where all are
_KEPT = 2**28  # bytes of a file that may stay mapped before they are given back
_AROUND = 2**16  # bytes that the system maps around one that is read


class Rows(Protocol):
    """Stroke-3 rows `[P, 3]`: an array, or what reads one from elsewhere."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> np.ndarray: ...

    def take(self, indices: np.ndarray, axis: int) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Split:
    """The drawings of one split in data units.

    Attributes:
        offsets: `[P, 3]`, stroke-3 rows as they are stored: float32 in memory, or int16 on disk.
        starts: int64 `[n]`, the first row of each drawing.
        lengths: int `[n]`, its number of points, at least 1.
        categories: int `[n]`, the place of what it shows among `Dataset.categories`; None where that is not known.
        longest: the most points of a drawing; it is looked for where it is not given.
    """

    offsets: Rows
    starts: np.ndarray
    lengths: np.ndarray
    categories: np.ndarray | None = None
    longest: int = -1

    def __post_init__(self) -> None:
        if self.longest < 0:
            object.__setattr__(self, "longest", int(self.lengths.max(initial=0)))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        """Returns drawing `index` as float32 stroke-3 `[n, 3]`, read-only."""
        start, length = self._places(self.starts[index], self.lengths[index])
        return in_data_units(self.offsets[start : start + length])

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def gather(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns copies of the drawings `indices` end to end, float32 `[P', 3]`, and their lengths, int64 `[B]`."""
        starts, lengths = self._places(self.starts[indices], self.lengths[indices])
        return in_data_units(self.offsets.take(ragged_indices(starts, lengths), axis=0)), lengths

    def in_blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Gives all drawings, some at a time, in the order they are stored in: numbers, and what `gather` returns."""
        order = np.argsort(self.starts, kind="stable")
        ends = np.cumsum(np.asarray(self.lengths)[order], dtype=np.int64)
        cuts = np.searchsorted(ends, np.arange(_BLOCK, ends[-1] if len(ends) else 0, _BLOCK))
        for chosen in np.split(order, np.unique(cuts)):
            if len(chosen):
                yield chosen, *self.gather(chosen)

    def offset_blocks(self) -> Iterator[np.ndarray]:
        """Gives all offsets, float64 `[k, 2]`, some at a time."""
        return (rows[:, :2].astype(np.float64) for _, rows, _ in self.in_blocks())

    def _places(self, starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both as int64, once they are known to lie in the rows: a file can say anything."""
        starts, lengths = np.asarray(starts, np.int64), np.asarray(lengths, np.int64)
        ends = starts + lengths
        if not ((starts >= 0) & (lengths >= 1) & (lengths <= self.longest) & (ends <= len(self.offsets))).all():
            raise InputError(
                f"expected drawings of 1 to {self.longest} points within {len(self.offsets)} rows, received places "
                "outside them; the data set is damaged: make or get it again"
            )
        return starts, lengths


class MappedRows:
    """The rows of a `.npy` file, read from disk as they are asked for; processes share what has been read.

    What was read stays in the system's cache. That it stays mapped, and so counts as memory of this process, is ended
    now and then.

    Args:
        path: the file; it must stay as it is while it is open.
        dtype: of its numbers.
        shape: of its array.
        offset: bytes before the first number.
    """

    def __init__(self, path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int):
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.array = np.frombuffer(self._map, dtype, int(np.prod(shape)), offset).reshape(shape)
        self._touched = 0

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self._read(self.array[rows].copy(), 1)

    def take(self, indices: np.ndarray, axis: int = 0) -> np.ndarray:
        """The rows `indices`, as `numpy.take`."""
        return self._read(self.array.take(indices, axis=axis), 1 + int(np.count_nonzero(np.diff(indices) != 1)))

    def _read(self, rows: np.ndarray, places: int) -> np.ndarray:
        self._touched += rows.nbytes + places * _AROUND
        if self._touched > _KEPT and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
        return rows


class JoinedRows:
    """Rows of several places, as if they lay end to end."""

    def __init__(self, parts: Sequence[Rows]):
        self._parts = list(parts)
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.take(np.arange(rows.start, rows.stop))

    def take(self, indices: np.ndarray, axis: int = 0) -> np.ndarray:
        """The rows `indices`, float32."""
        result = np.empty((len(indices), 3), np.float32)
        places = np.searchsorted(self._ends, indices, side="right")
        for place, part in enumerate(self._parts):
            mine = places == place
            if mine.any():
                result[mine] = part.take(indices[mine] - (self._ends[place] - len(part)), axis=axis)
        return result


class Dropped(NamedTuple):
    """Drawings of one split that were left out."""

    source: str
    split: str
    reason: str
    indices: Sequence[int] | np.ndarray

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.indices[:5])) + (", ..." if len(self.indices) > 5 else "")
        return f"{self.source}, split {self.split}: left out {len(self.indices)} {self.reason} (number {shown})"


def join(parts: Sequence[Split]) -> Split:
    """The drawings of several splits, one after the other; numbers of categories are kept as they are."""
    if len(parts) == 1:
        return parts[0]
    firsts = np.cumsum([0, *(len(part.offsets) for part in parts)])
    rows: Rows
    if all(isinstance(part.offsets, np.ndarray) for part in parts):
        rows = np.concatenate([np.asarray(part.offsets) for part in parts])
        rows.setflags(write=False)
    else:
        rows = JoinedRows([part.offsets for part in parts])
    starts = np.concatenate([part.starts + first for part, first in zip(parts, firsts, strict=False)])
    known = [part.categories for part in parts if part.categories is not None]
    categories = np.concatenate(known) if len(known) == len(parts) else None
    lengths = np.concatenate([part.lengths for part in parts])
    return Split(rows, starts, lengths, categories, max(part.longest for part in parts))
