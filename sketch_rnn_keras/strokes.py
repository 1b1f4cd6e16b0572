"""Stroke formats and the augmentations that work on them (paper, section 3.1).

Enter and leave: NumPy arrays, nothing else. Three formats for one drawing:

* stroke-3, `[n, 3]`: rows `(dx, dy, lift)`. Each row moves the pen by `(dx, dy)` from where it is (at first the origin)
  and `lift = 1` says that the pen leaves the paper after this point. It is the format of the data files.
* stroke-5, `[N_max + 1, 5]`: rows `(dx, dy, p1, p2, p3)` with the one-hot pen state *down, up, end*; a start token
  first, padding after the drawing. It is what the model reads.
* polylines: a list of `[k, 2]` absolute coordinates, one array per pen stroke. It is what is drawn.

y grows downwards, as in Quick, Draw! and SVG. The functions on batches take many drawings laid end to end (`flat`,
`[P, 3]`, with `lengths`, `[B]`), so that no Python loop runs over points or drawings.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import InputError, real_number

USUAL_MAX_SEQ_LEN = 250  # points: N_max of the original, unless it is set
START_TOKEN = (0, 0, 1, 0, 0)  # a point at the origin, pen down: S_0 of the paper
_FIRST_DROPPABLE = 3  # the fourth point of a pen stroke
_PART = 4096  # points that GEOS simplifies at once: it recurses, up to once per point, and takes quadratic time


def to_stroke5(stroke3: np.ndarray, max_seq_len: int) -> np.ndarray:
    """Turns one stroke-3 drawing into the model's format.

    Args:
        stroke3: `[n, 3]`, with `0 <= n <= max_seq_len`.
        max_seq_len: N_max, in points.

    Returns:
        float32 `[max_seq_len + 1, 5]`: the start token, the n points, then padding. With `n = max_seq_len` no padding
        row is left: the drawing never says that it ends.

    Raises:
        InputError: the drawing is longer than `max_seq_len`, or not of shape `[n, 3]`.
    """
    stroke3 = _as_rows(stroke3, 3, "stroke-3")
    return pad_stroke5(stroke3, np.array([len(stroke3)]), max_seq_len)[0]


def to_stroke3(stroke5: np.ndarray, has_start_token: bool | None = None) -> np.ndarray:
    """Turns one stroke-5 drawing back into stroke-3: the inverse of `to_stroke5`.

    Args:
        stroke5: `[N, 5]`, with or without the start token.
        has_start_token: whether the first row is the start token; None takes it for one if it equals (0, 0, 1, 0, 0).
            Say False for rows known to have none, whose first point may lie at the origin.

    Returns:
        float32 `[n, 3]`: the rows before the first with `p3 = 1`. None (n = 0) if the drawing ends at once, all if it
        never ends.

    Raises:
        InputError: the array is not of shape `[N, 5]`.
    """
    rows = _as_rows(stroke5, 5, "stroke-5")
    if has_start_token is None:
        has_start_token = len(rows) > 0 and np.array_equal(rows[0], START_TOKEN)
    rows = rows[int(has_start_token) :]
    ended = rows[:, 4] == 1
    length = int(ended.argmax()) if ended.any() else len(rows)
    return rows[:length, [0, 1, 3]].astype(np.float32)


def to_polylines(stroke3: np.ndarray) -> list[np.ndarray]:
    """Gives the pen strokes of a drawing as absolute coordinates.

    Args:
        stroke3: `[n, 3]`. A last point without `lift = 1` ends its stroke all the same.

    Returns:
        One float64 `[k, 2]` with `k >= 1` per pen stroke. The pen starts at (0, 0), above the paper.
    """
    rows = _as_rows(stroke3, 3, "stroke-3")
    strokes = np.split(_positions(rows), np.flatnonzero(rows[:, 2] == 1) + 1)
    return [points for points in strokes if len(points)]


def from_polylines(polylines: Sequence[np.ndarray]) -> np.ndarray:
    """Joins absolute pen strokes into a stroke-3 drawing: the inverse of `to_polylines`.

    The round trip is exact for whole-number coordinates below 2^24; others are rounded to float32 offsets.

    Args:
        polylines: arrays `[k, 2]`; empty ones are skipped.

    Returns:
        float32 `[n, 3]`; the last point of every polyline has lift 1.
    """
    polylines = [_as_rows(points, 2, "polyline") for points in polylines]
    lengths = np.array([len(points) for points in polylines if len(points)], np.int64)
    stroke3 = np.zeros((lengths.sum(), 3), np.float32)
    if len(stroke3):
        points = np.concatenate(polylines).astype(np.float64)
        stroke3[:, :2] = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
        stroke3[np.cumsum(lengths) - 1, 2] = 1
    return stroke3


def as_stroke3(array: Any, where: str) -> np.ndarray:
    """Checks that something is a stroke-3 drawing.

    Args:
        array: what should be one, in any unit.
        where: what messages begin with.

    Returns:
        float64 `[n, 3]`; n is 0 for anything without numbers.

    Raises:
        InputError: another shape, no numbers, or numbers that are not finite.
    """
    try:
        rows = np.asarray(array, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{where}: expected stroke-3 rows (dx, dy, lift), received {type(array).__name__}") from None
    if rows.size == 0:
        return np.zeros((0, 3))
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise InputError(f"{where}: expected stroke-3 rows (dx, dy, lift), received shape {list(rows.shape)}")
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        raise InputError(f"{where}: expected finite numbers, received {rows[row].tolist()} in row {row}")
    return rows


def bounds(stroke3: np.ndarray) -> tuple[float, float, float, float]:
    """Returns `(x_min, y_min, x_max, y_max)` of the points reached, in data units; four zeros if there are none."""
    rows = _as_rows(stroke3, 3, "stroke-3")
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    points = _positions(rows)
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def simplify(polylines: Sequence[np.ndarray], epsilon: float) -> list[np.ndarray]:
    """Removes points that lie within `epsilon` of the line through their neighbours (Ramer-Douglas-Peucker).

    Args:
        polylines: arrays `[k, 2]`; empty ones are skipped.
        epsilon: tolerance, in the units of the points; Quick, Draw! uses 2 on a 256 x 256 canvas.

    Returns:
        float64 `[m, 2]` arrays with `m <= k`. End points and single points are kept.
    """
    polylines = [_as_rows(points, 2, "polyline").astype(np.float64) for points in polylines if len(points)]
    if not polylines:
        return []
    points, lengths = simplify_flat(np.concatenate(polylines), np.array([len(points) for points in polylines]), epsilon)
    return np.split(points, np.cumsum(lengths)[:-1])


def simplify_to(stroke3: np.ndarray, max_points: int) -> tuple[np.ndarray, float]:
    """Simplifies a drawing until it has few enough points: `simplify` with the least tolerance that does, or nearly so.

    Args:
        stroke3: `[n, 3]`, in any unit.
        max_points: how many points may be left.

    Returns:
        float32 `[m, 3]` with `m <= max_points`, and the tolerance in the drawing's units: at most a tenth above the
        least, or a thousandth of the drawing's longer side. A drawing of few enough points comes back as it is, with 0.

    Raises:
        InputError: no tolerance leaves so few points, since each pen stroke keeps its ends.
    """
    rows = as_stroke3(stroke3, "drawing")
    if len(rows) <= max_points:
        return rows.astype(np.float32), 0.0
    x_min, y_min, x_max, y_max = bounds(rows)
    side, polylines = max(x_max - x_min, y_max - y_min), to_polylines(rows)
    for epsilon in np.geomspace(0.001, 2, 81) * side:  # each a tenth above the one before, the last above any distance
        simpler = simplify(polylines, epsilon)
        if sum(map(len, simpler)) <= max_points:
            result = from_polylines(simpler)
            result[-1, 2] = rows[-1, 2]  # a drawing may break off in the middle of a stroke
            return result, float(epsilon)
    raise InputError(
        f"expected at most {max_points} points once simplified, received {len(polylines)} pen strokes, each of which "
        "keeps its ends; leave some out"
    )


def simplify_flat(points: np.ndarray, lengths: np.ndarray, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Does what `simplify` does to many pen strokes at once, which is several times as fast.

    A stroke of more than 4096 points is simplified in parts of that length, whose ends are kept.

    Args:
        points: float64 `[P, 2]`, the strokes end to end.
        lengths: int `[S]`, the number of points of each, at least 1.
        epsilon: as for `simplify`.

    Returns:
        The points kept, `[P', 2]`, and how many there are of each stroke, int64 `[S]`.
    """
    import shapely  # here: only simplification needs it

    firsts = np.cumsum(lengths) - lengths
    place = np.arange(len(points)) - np.repeat(firsts, lengths)  # of a point in its stroke
    left = np.repeat(lengths, lengths) - 1 - place  # points that follow it
    kept = (place == 0) | (left == 0) | (place % _PART == 0)
    joins = kept & (place > 0) & (left > 0)  # the last of one part and the first of the next
    copies = np.where(joins, 2, 1)
    copies[np.repeat(lengths <= 2, lengths)] = 0  # these strokes have nothing between their ends
    rows = np.repeat(np.arange(len(points)), copies)
    if len(rows):
        begins = (place[rows] == 0) | np.concatenate([[False], rows[1:] == rows[:-1]])
        numbered = np.column_stack([points, np.arange(len(points))])  # z says which points are left
        lines = shapely.linestrings(numbered[rows], indices=np.cumsum(begins) - 1)
        simple = shapely.get_coordinates(shapely.simplify(lines, epsilon, preserve_topology=False), include_z=True)
        kept[simple[:, 2].astype(np.int64)] = True
    return points[kept], np.add.reduceat(kept, firsts, dtype=np.int64)


def to_model_units(stroke3: np.ndarray, scale_factor: float) -> np.ndarray:
    """Divides the offsets by the scale factor.

    Only the two doors between the units call this: `data/batches.py` and the methods of the model.

    Args:
        stroke3: `[n, 3]` in data units.
        scale_factor: data units per model unit.

    Returns:
        float32 `[n, 3]` in model units; the lifts stay as they are.
    """
    rows = np.array(stroke3, np.float32)
    rows[:, :2] = np.asarray(stroke3, np.float64)[:, :2] / scale_factor
    return rows


def to_data_units(stroke3: np.ndarray, scale_factor: float) -> np.ndarray:
    """The inverse of `to_model_units`: float32 `[n, 3]` in data units."""
    rows = np.array(stroke3, np.float32)
    rows[:, :2] *= np.float32(scale_factor)
    return rows


def check_scale_factor(scale_factor: Any) -> float:
    """`scale_factor`, data units per model unit, as a float.

    Raises:
        InputError: it is no positive number, or so small or large that drawings would not stay finite in float32.
    """
    return real_number("scale_factor", scale_factor, 1e-30, 1e30, "a positive number")


def ragged_indices(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Lists the rows of drawings that lie in one flat array, in the order given.

    Args:
        starts: int `[B]`, the first row of each drawing.
        lengths: int `[B]`, its number of rows.

    Returns:
        int64 `[sum(lengths)]`: `starts[0], starts[0] + 1, ..., starts[1], ...`.
    """
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def scale_offsets(flat: np.ndarray, lengths: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Stretches each drawing of a batch in x and in y.

    Args:
        flat: float32 `[P, 3]`, the B drawings end to end.
        lengths: int `[B]`.
        factors: `[B, 2]`, for x and y.

    Returns:
        float32 `[P, 3]`, a copy.
    """
    scaled = flat.copy()
    scaled[:, :2] *= np.repeat(factors.astype(np.float32), lengths, axis=0)
    return scaled


def drop_points(
    flat: np.ndarray, lengths: np.ndarray, uniforms: np.ndarray, prob: float
) -> tuple[np.ndarray, np.ndarray]:
    """Leaves out points at random: the original's `augment_strokes`, for a whole batch.

    A point can go if it is the fourth or a later one of its pen stroke and does not lift the pen. Its offset is added
    to the last point kept before it, so all later points stay where they were on the paper.

    Args:
        flat: float32 `[P, 3]`, the B drawings end to end.
        lengths: int `[B]`.
        uniforms: `[P]`, noise from U(0, 1), one number per point.
        prob: the probability that such a point is dropped.

    Returns:
        The shorter `flat`, float32 `[P', 3]`, and the new lengths, int64 `[B]`.
    """
    if not len(flat):
        return flat.copy(), np.asarray(lengths, np.int64)
    rows = np.arange(len(flat))
    lifted = flat[:, 2] == 1
    ends = np.cumsum(lengths)
    begins_stroke = np.concatenate([[True], lifted[:-1]])
    begins_stroke[(ends - lengths)[lengths > 0]] = True
    place = rows - np.maximum.accumulate(np.where(begins_stroke, rows, 0))
    kept = ~((place >= _FIRST_DROPPABLE) & ~lifted & (uniforms < prob))

    kept_so_far = np.cumsum(kept)
    shorter = flat.compress(kept, axis=0)
    for axis in (0, 1):  # sums each kept offset with the dropped ones that follow it, in float64
        shorter[:, axis] = np.bincount(kept_so_far - 1, weights=flat[:, axis])
    return shorter, np.diff(np.concatenate([[0], kept_so_far])[ends], prepend=0)


def pad_stroke5(flat: np.ndarray, lengths: np.ndarray, max_seq_len: int) -> np.ndarray:
    """Turns a batch of stroke-3 drawings into the model's format.

    Args:
        flat: `[P, 3]`, the B drawings end to end.
        lengths: int `[B]`, each at most `max_seq_len`.
        max_seq_len: N_max, in points.

    Returns:
        float32 `[B, max_seq_len + 1, 5]`, each drawing as `to_stroke5` describes.

    Raises:
        InputError: a drawing is longer than `max_seq_len`.
    """
    if len(lengths) and lengths.max() > max_seq_len:
        raise InputError(
            f"expected drawings of at most max_seq_len = {max_seq_len} points, received one of {lengths.max()} "
            f"(number {int(lengths.argmax())}); raise max_seq_len or leave the drawing out"
        )
    strokes5 = np.zeros((len(lengths), max_seq_len + 1, 5), np.float32)
    strokes5[:, 1:, 4] = 1  # padding, where no point follows
    strokes5[:, 0] = START_TOKEN
    points = np.zeros((len(flat), 5), np.float32)
    points[:, :2] = flat[:, :2]
    points[:, 3] = flat[:, 2]
    points[:, 2] = 1 - points[:, 3]
    firsts = np.arange(len(lengths)) * (max_seq_len + 1) + 1
    strokes5.reshape(-1, 5)[ragged_indices(firsts, lengths)] = points
    return strokes5


def _as_rows(array: np.ndarray, width: int, what: str) -> np.ndarray:
    rows = np.asarray(array)
    if rows.shape == (0,):  # what np.asarray makes of []
        rows = rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError(f"expected a {what} array of shape [n, {width}], received shape {list(rows.shape)}")
    return rows


def _positions(stroke3: np.ndarray) -> np.ndarray:
    return np.cumsum(stroke3[:, :2], axis=0, dtype=np.float64)
