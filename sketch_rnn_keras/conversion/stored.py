"""Data sets in folders as sources. Enters: the `manifest.json` of one, or a piece of it. Leaves: drawings.

They come as a `.npz` file has them, split by split, each with its split and with what it shows. A piece of a data set
is counted in drawings, those of all splits one after the other.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..data.folders import STROKES, Folder, open_folder, read_manifest
from ..data.npz import SPLITS
from ..errors import InputError
from .documents import from_strokes
from .items import Drawing, Piece, Reading, Rejected


def read(manifest: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads the drawings of a data set, or of a piece of it, as they are stored.

    Raises:
        InputError: the data set is damaged; see `folders.open_folder`.
    """
    folder, piece = _open(manifest), reading.piece
    before = 0  # drawings of the splits that come earlier
    for split in SPLITS:
        drawings = folder.split(split)
        numbers = np.arange(max(piece.begin - before, 0), int(min(piece.end - before, len(drawings))))
        before += len(drawings)
        if not len(numbers) or drawings.categories is None:
            continue
        rows, lengths = drawings.gather_stored(numbers)
        reading.bytes_read += rows.nbytes
        shown = [folder.manifest.categories[place] for place in drawings.categories[numbers].tolist()]
        arrays = np.split(rows, np.cumsum(lengths)[:-1])
        for number, category, array in zip(numbers.tolist(), shown, arrays, strict=True):
            yield from_strokes(array, category, split, f"{folder.path}, split {split}, drawing {number}")


def cut(manifest: Path, size: int) -> Iterator[Piece]:
    """Cuts a data set into pieces of about so many bytes.

    Raises:
        InputError: as `read`.
    """
    folder = _open(manifest)
    ends = np.cumsum(_lengths(folder)) * (3 * np.dtype(folder.manifest.dtype).itemsize)
    cuts = (np.flatnonzero(np.diff(ends // size)) + 1).tolist()
    return (Piece(manifest, begin, end) for begin, end in zip([0, *cuts], [*cuts, len(ends)], strict=True))


def bytes_of(manifest: Path) -> int:
    """Of all its drawings.

    Raises:
        InputError: the file is no manifest of a data set.
    """
    return read_manifest(manifest.parent).files[STROKES].bytes


def _open(manifest: Path) -> Folder:
    """The data set, whose drawings are not more than its rows: the indices of a hostile one can say so."""
    folder = open_folder(manifest.parent)
    total = int(_lengths(folder).sum())
    if total > folder.manifest.points:
        raise InputError(
            f"{folder.path}: expected drawings of at most {folder.manifest.points} points in all, received {total}; "
            "the data set is damaged: make or get it again"
        )
    return folder


def _lengths(folder: Folder) -> np.ndarray:
    """Points of each drawing, those of all splits one after the other."""
    return np.concatenate([folder.split(split).lengths for split in SPLITS], dtype=np.int64)
