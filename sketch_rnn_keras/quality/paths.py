"""Measures of drawings as paths: how far a drawing is from its reconstruction, and how drawings end.

Enters: stroke-3 drawings in any unit. Leaves: a distance for each pair, in lengths of a drawing's longer side; of the
lengths of many drawings, a share and a distance. Sources: discrete Frechet distance: T. Eiter and H. Mannila,
"Computing discrete Frechet distance", TU Wien CD-TR 94/64 (1994); Chamfer distance: arXiv 1612.00603, without squares.
"""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError, whole_number
from ..strokes import as_stroke3
from .raster import fitted

POINTS = 64  # along the ink of a drawing
_PAIRS_AT_ONCE = 1024


def along_the_ink(drawings: Sequence[np.ndarray], count: int = POINTS) -> np.ndarray:
    """Points at equal distances along the ink of each drawing, in the order in which it was drawn.

    Args:
        drawings: stroke-3 arrays `[n, 3]`, in any unit, each with a point at least.
        count: of points.

    Returns:
        float64 `[len(drawings), count, 2]`: every drawing about the origin, its longer side of length 1.
    """
    count, points = whole_number("count", count, least=2), np.zeros((len(drawings), count, 2))
    for k, drawing in enumerate(drawings):
        rows = as_stroke3(drawing, f"drawing {k}")
        if not len(rows):
            raise InputError(f"drawing {k}: expected at least one point, received none; leave the drawing out")
        places = fitted(rows)
        steps = np.hypot(*np.diff(places, axis=0, prepend=places[:1]).T)
        steps[1:][rows[:-1, 2] == 1] = 0  # above the paper
        travelled = np.cumsum(steps)
        wanted = np.linspace(0, travelled[-1], count)
        points[k] = np.stack([np.interp(wanted, travelled, axis) for axis in places.T], axis=1)
    return points


def chamfer_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The mean distance of a drawing's points to the nearest of the other's, of both directions the mean.

    What was drawn first, and in which direction, makes no difference.

    Args:
        first, second: `[pairs, n, 2]` and `[pairs, m, 2]`.

    Returns:
        `[pairs]`.
    """
    result = np.zeros(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        distances = _pairwise(first[rows], second[rows])
        result[rows] = (distances.min(axis=2).mean(axis=1) + distances.min(axis=1).mean(axis=1)) / 2
    return result


def frechet_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The discrete Frechet distance: how long a leash two must have who each walk along a path, and never back.

    The order of strokes and their direction count: the same picture, drawn the other way round, is far.

    For the arguments and what is returned see `chamfer_distances`.
    """
    result = np.zeros(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        distances = _pairwise(first[rows], second[rows])
        reached = np.maximum.accumulate(distances[:, 0], axis=1)  # [pairs, m], for the first point of the first path
        for i in range(1, distances.shape[1]):
            before = reached
            reached = np.empty_like(before)
            reached[:, 0] = np.maximum(before[:, 0], distances[:, i, 0])
            shortest = np.minimum(before[:, 1:], before[:, :-1])
            for j in range(1, distances.shape[2]):
                step = np.minimum(shortest[:, j - 1], reached[:, j - 1])
                reached[:, j] = np.maximum(step, distances[:, i, j])
        result[rows] = reached[:, -1]
    return result


def share_ended(lengths: np.ndarray, max_points: int) -> float:
    """The share of sketches that ended by themselves: those of `max_points` were cut."""
    return float((np.asarray(lengths) < max_points).mean())


def length_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The 1-Wasserstein distance of two sets of lengths, in points: the area between their distribution functions."""
    first, second = np.sort(first), np.sort(second)
    values = np.unique(np.concatenate([first, second]))
    shares = [np.searchsorted(each, values[:-1], side="right") / len(each) for each in (first, second)]
    return float((np.abs(shares[0] - shares[1]) * np.diff(values)).sum())


def _pairwise(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """`[pairs, n, m]`."""
    return np.hypot(*np.moveaxis(first[:, :, None] - second[:, None], -1, 0))
