"""Quick, Draw! ndjson, raw or simplified: one drawing per line. Enters: a file. Leaves: drawings, one at a time.

And the other way: drawings, of which there may be more than memory holds, into a file.
"""

import itertools
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydantic_core import from_json

from ..data.quickdraw import MAX_LINE
from ..errors import InputError
from ..files.records import forget
from ..files.writing import replacing, unwritable
from ..strokes import to_polylines
from .columns import join_columns, kind_of
from .items import UNREADABLE, UNRECOGNISED, Drawing, Piece, Reading, Rejected, make_drawing

MAX_WORD = 80  # characters of a category
_BOM = b"\xef\xbb\xbf"
_OTHER_CONTENT = {
    b"\x1f\x8b": "is compressed; unpack it first (gunzip)",
    b"\xff\xfe": "is encoded as UTF-16; save it as UTF-8",
    b"\xfe\xff": "is encoded as UTF-16; save it as UTF-8",
    b"[": "is one JSON array; write one drawing per line, or a folder of polyline JSON files",
}


def read(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads the drawings of an ndjson file, or of a piece of it; an unreadable line is a `Rejected` that names it.

    Raises:
        InputError: the file is empty or no ndjson at all.
    """
    piece = reading.piece
    with path.open("rb") as file:
        file.seek(piece.begin or _check_start(path, file.read(64)))
        for number in itertools.count(piece.line):
            line = file.readline(MAX_LINE + 1) if file.tell() < piece.end else b""
            if not line:
                return
            reading.bytes_read += len(line)
            try:
                if len(line) > MAX_LINE:
                    _skip_rest(file, reading)
                    raise InputError(f"expected at most {MAX_LINE} bytes, received more")
                if not line.isspace():
                    yield _parse(line, path.stem, reading.recognized_only)
            except InputError as error:
                yield Rejected(UNREADABLE, f"{path}, line {number}: {error}")


def _check_start(path: Path, start: bytes) -> int:
    """Refuses what is no ndjson; returns where its first line begins."""
    if not start:
        raise InputError(f"{path}: expected one drawing per line, received an empty file")
    for magic, what in _OTHER_CONTENT.items():
        if start.removeprefix(_BOM).lstrip().startswith(magic):
            raise InputError(f"{path}: {what}")
    return len(_BOM) if start.startswith(_BOM) else 0


def cut(path: Path, size: int) -> Iterator[Piece]:
    """Cuts a file into pieces of at least `size` bytes that begin with a line."""
    with path.open("rb") as file:
        begin, line = 0, 1
        while block := file.read(size):
            lines = block.count(b"\n")
            while not block.endswith(b"\n") and (block := file.readline(MAX_LINE)):
                lines += block.endswith(b"\n")
            yield Piece(path, begin, file.tell(), line)
            begin, line = file.tell(), line + lines


def _skip_rest(file: BinaryIO, reading: Reading) -> None:
    while part := file.readline(MAX_LINE):
        reading.bytes_read += len(part)
        if part.endswith(b"\n"):
            return


def _parse(line: bytes, category: str, recognized_only: bool) -> Drawing | Rejected:
    try:
        document = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise InputError(f"not JSON ({str(error).replace(' at line 1 column', ', column')})") from None
    if type(document) is not dict or "drawing" not in document:
        received = "an object without" if type(document) is dict else kind_of(document)
        raise InputError(f'expected an object with a "drawing", received {received}')
    recognized = document.get("recognized", True)
    if type(recognized) is not bool:
        raise InputError(f'expected "recognized" to be true or false, received {kind_of(recognized)}')
    if recognized_only and not recognized:
        return Rejected(UNRECOGNISED)
    points, lengths, timed = join_columns(document["drawing"])
    word = document.get("word")
    if type(word) is str and word:
        category = "".join(letter if letter.isprintable() else "?" for letter in word[:MAX_WORD])
    return make_drawing(points, lengths, category, may_be_simplified=not timed, resample=True)


def write(path: str | os.PathLike, drawings: Iterable[np.ndarray], word: str) -> Path:
    """Write drawings as Quick, Draw! writes its simplified ones, in one step: only all of them get the name.

    Args:
        path: file to write; replaced if it exists.
        drawings: stroke-3 arrays `[n, 3]`, taken one at a time.
        word: what they show.

    Returns:
        The path.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with replacing(path) as draft:
            with draft.open("w", encoding="utf-8") as file:
                for stroke3 in drawings:
                    strokes = [[_numbers(axis) for axis in points.T] for points in to_polylines(stroke3)]
                    file.write(json.dumps({"word": word, "drawing": strokes}, separators=(",", ":")) + "\n")
            forget(Path(path))
    except OSError as error:
        raise unwritable(path, error) from None
    return Path(path)


def _numbers(coordinates: np.ndarray) -> list[float]:
    """As many digits as a float32 offset has."""
    return [float(f"{number:.7g}") for number in coordinates]
