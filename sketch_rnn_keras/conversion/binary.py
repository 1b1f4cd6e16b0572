"""Quick, Draw! binary: records of bytes end to end. Enters: a file. Leaves: drawings, one at a time.

A record, little-endian: key id (8 bytes), country code (2), recognised (1), time (4), number of strokes (2); then for
each stroke its number of points n (2), n bytes of x and n bytes of y.
"""

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import InputError
from .items import UNRECOGNISED, Drawing, Reading, Rejected, make_drawing

MAX_POINTS = 100_000  # in a drawing; a record could declare 4 billion
_HEAD = struct.Struct("<Q2sBIH")
_COUNT = struct.Struct("<H")
_FOREIGN = "this is no Quick, Draw! binary file, or a damaged one"


def read(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads the drawings of a binary file.

    Raises:
        InputError: the file is empty, ends within a record, or holds something else: after a broken record nothing
            shows where the next begins, so none can be left out.
    """
    with path.open("rb") as file:
        for number in itertools.count():
            start = file.tell()
            where = f"{path}, record {number} at byte {start}"
            head = file.read(_HEAD.size)
            if not head and number:
                return
            _, _, recognized, _, strokes = _HEAD.unpack(_whole(head, _HEAD.size, where))
            if recognized > 1:
                raise InputError(f"{where}: expected 0 or 1 for recognised, received {recognized}; {_FOREIGN}")
            xy, lengths = _read_strokes(file, strokes, where)
            reading.bytes_read += file.tell() - start
            if reading.recognized_only and not recognized:
                yield Rejected(UNRECOGNISED)
            else:
                yield make_drawing(xy.astype(np.float64), lengths, path.stem, may_be_simplified=True)


def _read_strokes(file: BinaryIO, strokes: int, where: str) -> tuple[np.ndarray, list[int]]:
    parts, lengths, total = [np.zeros((2, 0), np.uint8)], [], 0
    for _ in range(strokes):
        (count,) = _COUNT.unpack(_whole(file.read(_COUNT.size), _COUNT.size, where))
        total += count
        if total > MAX_POINTS:
            raise InputError(
                f"{where}: expected at most {MAX_POINTS} points in a drawing, received {total} or more; {_FOREIGN}"
            )
        if count:
            raw = _whole(file.read(2 * count), 2 * count, where)
            parts.append(np.frombuffer(raw, np.uint8).reshape(2, count))
            lengths.append(count)
    return np.concatenate(parts, axis=1).T, lengths


def _whole(raw: bytes, size: int, where: str) -> bytes:
    if len(raw) != size:
        raise InputError(
            f"{where}: expected {size} more bytes, received {len(raw)}: the file ends within the record; get it again"
        )
    return raw
