"""Gives drawings the form of Quick, Draw!'s own, many at once. Enter: `Drawing`s. Leave: stroke-3 arrays.

Quick, Draw! simplifies its raw drawings in four steps: align to the top left, so that the least x and y are 0; scale
uniformly, so that the greatest is 255; resample each stroke at a spacing of one pixel; simplify it by
Ramer-Douglas-Peucker with a tolerance of two pixels. A drawing that it has simplified already is left as it is: the
steps move its points again, because they were rounded in between.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..data.chunks import fit_int16
from ..strokes import ragged_indices, simplify_flat
from .items import Drawing

CANVAS = 255  # the larger side of a drawing
EPSILON = 2.0  # tolerance of the simplification, in pixels
SIMPLIFIED_SIDES = (240, 255)  # simplified drawings can be smaller than the canvas: their end points were resampled
MAX_RESAMPLED = 100_000  # points of a drawing; where a pixel gives more, the spacing is wider


class _Batch(NamedTuple):
    """Drawings end to end: points `[P, 2]`, points per stroke `[S]`, strokes per drawing `[B]`."""

    points: np.ndarray
    lengths: np.ndarray
    strokes: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Points per drawing, `[B]`."""
        return np.add.reduceat(self.lengths, _firsts(self.strokes))


def prepare(drawings: Sequence[Drawing], epsilon: float | None = None, as_is: bool = False) -> list[np.ndarray | None]:
    """Turns drawings into stroke-3.

    Args:
        drawings: at least one.
        epsilon: tolerance of the simplification, for all; None for 2 pixels, except for what is simplified already.
        as_is: whether to keep points and coordinates as they are.

    Returns:
        For each drawing `[n, 3]`, views of shared memory: int16, or float32 where `as_is` asks for numbers that int16
        cannot hold. None for a drawing whose points all coincide: it cannot be scaled.
    """
    batch = _join(drawings)
    low, side = _bounds(batch)
    if as_is:
        return list(_to_stroke3(batch, round_points=False))
    whole = np.logical_and.reduceat((batch.points == np.rint(batch.points)).all(axis=1), _firsts(batch.sizes))
    simplified = whole & (side >= SIMPLIFIED_SIDES[0]) & (side <= SIMPLIFIED_SIDES[1]) & (np.abs(low) <= CANVAS).all(1)
    simplified &= [drawing.may_be_simplified for drawing in drawings]
    resampled = ~simplified & [drawing.resample for drawing in drawings]
    result: list[np.ndarray | None] = [None] * len(drawings)
    for group in (simplified, resampled, ~simplified & ~resampled):
        chosen = np.flatnonzero(group & (side > 0)).tolist()
        if not chosen:
            continue
        part = _join([drawings[index] for index in chosen])
        if group is not simplified:
            part = _align(part)
        if group is resampled:
            part = _resample(part)
        if group is not simplified or epsilon is not None:
            part = _simplify(part, EPSILON if epsilon is None else epsilon)
        for index, stroke3 in zip(chosen, _to_stroke3(part), strict=True):
            result[index] = stroke3
    return result


def _join(drawings: Iterable[Drawing]) -> _Batch:
    drawings = list(drawings)
    return _Batch(
        np.concatenate([drawing.points for drawing in drawings]),
        np.array([length for drawing in drawings for length in drawing.lengths], np.int64),
        np.array([len(drawing.lengths) for drawing in drawings], np.int64),
    )


def _firsts(lengths: np.ndarray) -> np.ndarray:
    return np.cumsum(lengths) - lengths


def _bounds(batch: _Batch) -> tuple[np.ndarray, np.ndarray]:
    """The least x and y of each drawing, `[B, 2]`, and its larger side, `[B]`."""
    firsts = _firsts(batch.sizes)
    low, high = np.minimum.reduceat(batch.points, firsts), np.maximum.reduceat(batch.points, firsts)
    return low, (high - low).max(axis=1)


def _align(batch: _Batch) -> _Batch:
    """Moves each drawing to the top left and scales it to the canvas."""
    low, side = _bounds(batch)
    moved = batch.points - np.repeat(low, batch.sizes, axis=0)
    return batch._replace(points=moved / np.repeat(side, batch.sizes)[:, None] * CANVAS)


def _resample(batch: _Batch) -> _Batch:
    """Puts points at a spacing of one pixel on each stroke, and one at its end."""
    firsts = _firsts(batch.lengths)
    steps = np.hypot(*np.diff(batch.points, axis=0, prepend=batch.points[:1]).T)
    steps[firsts] = 0
    line = np.add.reduceat(steps, firsts)  # the length of each stroke
    spacing = np.maximum(1, np.add.reduceat(line, _firsts(batch.strokes)) / MAX_RESAMPLED)
    spacing = np.repeat(spacing, batch.strokes)
    counts = np.ceil(line / spacing).astype(np.int64) + 1
    begins = _firsts(line + 1)  # strokes laid end to end on one axis, with gaps
    known = np.cumsum(steps) + np.repeat(np.arange(len(line)), batch.lengths)
    places = ragged_indices(np.zeros_like(counts), counts) * np.repeat(spacing, counts)
    wanted = np.minimum(places, np.repeat(line, counts)) + np.repeat(begins, counts)
    points = np.column_stack([np.interp(wanted, known, axis) for axis in batch.points.T])
    return batch._replace(points=points, lengths=counts)


def _simplify(batch: _Batch, epsilon: float) -> _Batch:
    points, lengths = simplify_flat(batch.points, batch.lengths, epsilon)
    return batch._replace(points=points, lengths=lengths)


def _to_stroke3(batch: _Batch, round_points: bool = True) -> list[np.ndarray]:
    points = np.rint(batch.points) if round_points else batch.points
    firsts = _firsts(batch.sizes)
    offsets = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
    offsets[firsts] = points[firsts]
    fits = fit_int16(offsets)
    stroke3 = np.zeros((len(points), 3), np.int16 if fits.all() else np.float32)
    stroke3[:, :2] = offsets
    stroke3[np.cumsum(batch.lengths) - 1, 2] = 1
    whole = np.logical_and.reduceat(fits, firsts)  # of each drawing, whatever the others beside it are
    return [
        drawing.astype(np.int16 if fit else np.float32, copy=False)
        for drawing, fit in zip(np.split(stroke3, firsts[1:]), whole, strict=True)
    ]
