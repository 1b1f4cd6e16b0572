"""The drawings of one split, in memory or on disk behind one interface.

Enters: stroke-3 rows laid end to end, and where each drawing begins. Leaves: drawings and batches of them in data
units. A batch is one gather (see `batches`): no Python loop runs over drawings or points while training.
"""

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from ..errors import InputError
from ..files.reading import unreadable
from ..strokes import ragged_indices
from .scaling import in_data_units

_BLOCK = 2**20  # rows that are read at once where all are
_ADVICE = hasattr(os, "posix_fadvise")


class StoredRows(Protocol):
    """Stroke-3 rows `[P, 3]` that are read from elsewhere."""

    def __len__(self) -> int: ...

    def gather(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray: ...


Rows = np.ndarray | StoredRows


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
        return self.gather(np.array([index]))[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def gather(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns copies of the drawings `indices` end to end, float32 `[P', 3]`, and their lengths, int64 `[B]`."""
        rows, lengths = self.gather_stored(indices)
        return in_data_units(rows), lengths

    def gather_stored(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the drawings `indices` as they are stored, unclamped, end to end `[P', 3]`, and their lengths."""
        starts, lengths = self._places(self.starts[indices], self.lengths[indices])
        return gather(self.offsets, starts, lengths), lengths

    def in_blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Gives all drawings, some at a time, in the order they are stored in: numbers, and what `gather` returns."""
        order = np.argsort(self.starts, kind="stable")
        ends = np.cumsum(np.asarray(self.lengths)[order], dtype=np.int64)
        cuts = np.flatnonzero(np.diff(ends // _BLOCK)) + 1  # at most one for each drawing, whatever the lengths say
        for chosen in np.split(order, cuts):
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


class FileRows:
    """The rows of a `.npy` file, read from disk as they are asked for; processes share what the system keeps of it.

    They are read, not mapped: for drawings at random places that takes a third of the time, what was read does not
    count as memory of this process, and a file that somebody cuts is an error that can be told.

    Args:
        path: the file.
        dtype: of its numbers.
        count: its rows.
        offset: bytes before the first number.
    """

    def __init__(self, path: Path, dtype: np.dtype, count: int, offset: int):
        self._path, self._dtype, self._count, self._offset = path, dtype, count, offset
        self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._handle)
        self._lock = threading.Lock()
        self._read = getattr(os, "pread", self._seek_and_read)
        if _ADVICE:
            os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_RANDOM)  # else megabytes are read around each drawing

    def __len__(self) -> int:
        return self._count

    def gather(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The rows of drawings that begin at `starts`, end to end.

        Raises:
            InputError: the file has been cut, or cannot be read.
        """
        if not len(starts):
            return np.zeros((0, 3), self._dtype)
        ends = starts + lengths
        breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1  # drawings that lie side by side are read in one go
        first, last = starts[np.append(0, breaks)], ends[np.append(breaks - 1, -1)]
        size = 3 * self._dtype.itemsize
        places = list(zip((first * size + self._offset).tolist(), ((last - first) * size).tolist(), strict=True))
        try:
            if _ADVICE:
                for place, count in places:  # the disk works on all of them at once
                    os.posix_fadvise(self._handle, place, count, os.POSIX_FADV_WILLNEED)
            pieces = [self._read(self._handle, count, place) for place, count in places]
        except OSError as error:
            raise unreadable(self._path, error) from error
        for piece, (place, count) in zip(pieces, places, strict=True):
            if len(piece) != count:
                received = f"received {len(piece)}; it has been cut"
                raise InputError(f"{self._path}: expected {count} bytes at {place}, {received}")
        return np.frombuffer(b"".join(pieces), self._dtype).reshape(-1, 3)

    def _seek_and_read(self, handle: int, count: int, place: int) -> bytes:
        """`os.pread` where there is none."""
        with self._lock:
            os.lseek(handle, place, os.SEEK_SET)
            return os.read(handle, count)


class JoinedRows:
    """Rows of several places, as if they lay end to end."""

    def __init__(self, parts: Sequence[Rows]):
        self._parts = list(parts)
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def gather(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The rows of drawings that begin at `starts`, end to end, float32."""
        result = np.empty((int(lengths.sum()), 3), np.float32)
        places = np.searchsorted(self._ends, starts, side="right")
        for place, part in enumerate(self._parts):
            mine = places == place
            if mine.any():
                first = self._ends[place] - len(part)
                result[np.repeat(mine, lengths)] = gather(part, starts[mine] - first, lengths[mine])
        return result


def gather(rows: Rows, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The rows of drawings that begin at `starts`, end to end, as they are stored."""
    if isinstance(rows, np.ndarray):
        return rows.take(ragged_indices(starts, lengths), axis=0)
    return rows.gather(starts, lengths)


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
        rows = np.concatenate([part.offsets for part in parts if isinstance(part.offsets, np.ndarray)])
        rows.setflags(write=False)
    else:
        rows = JoinedRows([part.offsets for part in parts])
    starts = np.concatenate([part.starts + first for part, first in zip(parts, firsts, strict=False)])
    known = [part.categories for part in parts if part.categories is not None]
    categories = np.concatenate(known) if len(known) == len(parts) else None
    lengths = np.concatenate([part.lengths for part in parts])
    return Split(rows, starts, lengths, categories, max(part.longest for part in parts))
