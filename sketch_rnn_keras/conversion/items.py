"""What the readers give to the pipeline: a drawing, or why there is none.

A reader is `read(path, reading)`: it gives a `Drawing` or a `Rejected` for each drawing of the file, made by
`make_drawing`, adds what it read to `reading.bytes_read`, and raises `InputError` where the file as a whole is no such.
"""

import dataclasses
import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError

LARGEST = 1e9  # coordinates beyond it are refused: no drawing has them, and their differences lose what is drawn

UNREADABLE = "unreadable"
UNRECOGNISED = "not recognised by the game"
EMPTY = "empty"
ONE_POINT = "with all points in one place"


class Drawing(NamedTuple):
    """One drawing as it was found.

    Attributes:
        points: float64 `[P, 2]`, finite absolute coordinates, y downwards; its pen strokes end to end.
        lengths: the number of points of each pen stroke, at least 1.
        category: what it shows.
        may_be_simplified: whether it comes from a format in which Quick, Draw! gives drawings simplified already.
        resample: whether its points lie as a device recorded them, at distances that mean nothing.
        split: the split it was in, if it was in one.
    """

    points: np.ndarray
    lengths: list[int]
    category: str
    may_be_simplified: bool = False
    resample: bool = False
    split: str | None = None


class Rejected(NamedTuple):
    """A drawing that was left out: why and, if it could not be read, what was wrong and where."""

    reason: str
    detail: str = ""


class Piece(NamedTuple):
    """What is read in one go: a file, or some lines of it.

    Attributes:
        path: the file.
        begin, end: of these bytes, at the beginnings of lines.
        line: the number of the first one.
    """

    path: Path
    begin: int = 0
    end: float = math.inf
    line: int = 1


@dataclasses.dataclass
class Reading:
    """What the readers are told, and what they tell besides drawings.

    Attributes:
        recognized_only: whether to leave out what the game did not recognise.
        polylines: how the strokes of polyline JSON lie, "points" or "columns", where a file does not show it.
        piece: which part of the file to read, where it is not all of it.
        bytes_read: of all files so far.
        notes: things seen and how often, such as text left out of SVG files.
    """

    recognized_only: bool = False
    polylines: str | None = None
    piece: Piece = dataclasses.field(default_factory=lambda: Piece(Path()))
    bytes_read: int = 0
    notes: Counter[str] = dataclasses.field(default_factory=Counter)


def make_drawing(points: np.ndarray, lengths: list[int], category: str, **form: Any) -> Drawing | Rejected:
    """Makes a `Drawing` of checked numbers; one without points is rejected.

    Raises:
        InputError: a coordinate is not finite, or absurdly large.
    """
    if not len(points):
        return Rejected(EMPTY)
    usable = np.abs(points) <= LARGEST
    if not usable.all():
        value = points[~usable][0]
        raise InputError(f"expected finite coordinates of at most {LARGEST:g}, received {value:g}")
    return Drawing(points, lengths, category, **form)
