"""Files of one kind each: polyline JSON, one drawing in a file, and `.npz` data files. Leaves: drawings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic_core import from_json

from ..data.npz import read_splits
from ..errors import InputError, shown
from ..strokes import to_stroke3
from .columns import join_polylines
from .items import UNREADABLE, Drawing, Reading, Rejected, make_drawing

MAX_JSON = 2**22  # bytes


def read_json(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads one drawing: a list of pen strokes, see `columns.join_polylines`.

    Raises:
        InputError: the file is too large, no JSON, or holds anything else.
    """
    with path.open("rb") as file:
        content = file.read(MAX_JSON + 1)
    if len(content) > MAX_JSON:
        raise InputError(f"expected at most {MAX_JSON} bytes for one drawing, received more")
    reading.bytes_read += len(content)
    try:
        document = from_json(content.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as error:
        raise InputError(f"not JSON in UTF-8 ({error})") from None
    points, lengths = join_polylines(document, reading.polylines)
    yield make_drawing(points, lengths, path.absolute().parent.name)


def read_npz(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads the drawings of all splits, stroke-3 or stroke-5, and says which split each was in.

    Raises:
        InputError: the file is no archive of arrays; see `npz.read_splits`.
    """
    splits = read_splits(path)
    reading.bytes_read += path.stat().st_size
    for split, arrays in splits.items():
        for index, array in enumerate(arrays):
            yield from_strokes(array, path.stem, split, f"{path}, split {split}, drawing {index}")


def from_strokes(array: np.ndarray, category: str, split: str, where: str) -> Drawing | Rejected:
    """A drawing of a data set, stroke-3 or stroke-5; one that cannot be read is a `Rejected` that says where it is."""
    try:
        drawing = _from_strokes(array, category)
    except InputError as error:
        return Rejected(UNREADABLE, f"{where}: {error}")
    return drawing._replace(split=split) if isinstance(drawing, Drawing) else drawing


def _from_strokes(array: np.ndarray, category: str) -> Drawing | Rejected:
    if array.ndim == 2 and array.shape[1] == 5:
        array = to_stroke3(array)
    if array.size == 0:
        array = np.zeros((0, 3))
    if array.ndim != 2 or array.shape[1] != 3:
        raise InputError(f"expected stroke-3 [n, 3] or stroke-5 [n, 5], received shape {list(array.shape)}")
    lifted = array[:, 2] == 1
    valid = lifted | (array[:, 2] == 0)
    if not valid.all():
        raise InputError(f"expected a lift of 0 or 1, received {shown(array[valid.argmin(), 2].item())}")
    if not len(array):
        return make_drawing(np.zeros((0, 2)), [], category)
    with np.errstate(over="ignore", invalid="ignore"):
        points = np.cumsum(array[:, :2], axis=0, dtype=np.float64)
    ends = np.flatnonzero(lifted | (np.arange(len(array)) == len(array) - 1))
    return make_drawing(points, np.diff(ends, prepend=-1).tolist(), category, may_be_simplified=True)
